#[automatically_derived]
#[allow(deprecated)]
impl ::statedict::StateDict for Block {
    fn visit<'__a>(
        &'__a self,
        __visitor: &mut dyn ::statedict::__private::Visitor<'__a>,
    ) {
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("Block")
                    .with_rust_type(::core::any::type_name::<Self>()),
            );
        ::statedict::__private::leaf::<CpuTensor>().parameter(__visitor, "1", &self.1);
        ::statedict::__private::leaf::<CpuTensor>()
            .buffer(__visitor, "scale", &self.2, true);
        ::statedict::__private::child::<Linear>().child(__visitor, "0", &self.0);
    }
    fn visit_mut<'__a>(
        &'__a mut self,
        __visitor: &mut dyn ::statedict::__private::VisitorMut<'__a>,
    ) {
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("Block")
                    .with_rust_type(::core::any::type_name::<Self>()),
            );
        ::statedict::__private::leaf::<CpuTensor>()
            .parameter_mut(__visitor, "1", &mut self.1);
        ::statedict::__private::leaf::<CpuTensor>()
            .buffer_mut(__visitor, "scale", &mut self.2, true);
        ::statedict::__private::child::<Linear>().child_mut(__visitor, "0", &mut self.0);
    }
    fn describe(__visitor: &mut ::statedict::__private::SchemaBuilder)
    where
        Self: ::core::marker::Sized,
    {
        #[allow(unused_imports)]
        use ::statedict::__private::Opaque as _;
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("Block")
                    .with_rust_type(::core::any::type_name::<Self>()),
            );
        ::statedict::__private::leaf::<CpuTensor>().describe_parameter(__visitor, "1");
        ::statedict::__private::leaf::<CpuTensor>()
            .describe_buffer(__visitor, "scale", true);
        ::statedict::__private::probe::<Linear>().describe().child(__visitor, "0");
    }
}
