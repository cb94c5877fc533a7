#[automatically_derived]
#[allow(deprecated)]
impl ::statedict::StateDict for Tokenizer {
    fn visit<'__a>(
        &'__a self,
        __visitor: &mut dyn ::statedict::__private::Visitor<'__a>,
    ) {
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("Tokenizer")
                    .with_rust_type(::core::any::type_name::<Self>()),
            );
        ::statedict::__private::leaf::<CpuTensor>()
            .parameter(__visitor, "embedding", &self.embedding);
        ::statedict::__private::leaf::<CpuTensor>()
            .buffer(__visitor, "counts", &self.counts, true);
        ::statedict::__private::extra_state::<Self>().report(__visitor, self);
        ::statedict::__private::child::<Encoder>()
            .child(__visitor, "encoder", &self.encoder);
    }
    fn visit_mut<'__a>(
        &'__a mut self,
        __visitor: &mut dyn ::statedict::__private::VisitorMut<'__a>,
    ) {
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("Tokenizer")
                    .with_rust_type(::core::any::type_name::<Self>()),
            );
        ::statedict::__private::extra_state::<Self>().report_mut(__visitor, self);
        ::statedict::__private::leaf::<CpuTensor>()
            .parameter_mut(__visitor, "embedding", &mut self.embedding);
        ::statedict::__private::leaf::<CpuTensor>()
            .buffer_mut(__visitor, "counts", &mut self.counts, true);
        ::statedict::__private::child::<Encoder>()
            .child_mut(__visitor, "encoder", &mut self.encoder);
    }
    fn describe(__visitor: &mut ::statedict::__private::SchemaBuilder)
    where
        Self: ::core::marker::Sized,
    {
        #[allow(unused_imports)]
        use ::statedict::__private::Opaque as _;
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("Tokenizer")
                    .with_rust_type(::core::any::type_name::<Self>()),
            );
        ::statedict::__private::leaf::<CpuTensor>()
            .describe_parameter(__visitor, "embedding");
        ::statedict::__private::leaf::<CpuTensor>()
            .describe_buffer(__visitor, "counts", true);
        __visitor.extra_state();
        ::statedict::__private::probe::<Encoder>()
            .describe()
            .child(__visitor, "encoder");
    }
}
