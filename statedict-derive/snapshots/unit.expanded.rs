#[automatically_derived]
#[allow(deprecated)]
impl ::statedict::StateDict for Relu {
    fn visit<'__a>(
        &'__a self,
        __visitor: &mut dyn ::statedict::__private::Visitor<'__a>,
    ) {
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("Relu")
                    .with_rust_type(::core::any::type_name::<Self>()),
            );
    }
    fn visit_mut<'__a>(
        &'__a mut self,
        __visitor: &mut dyn ::statedict::__private::VisitorMut<'__a>,
    ) {
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("Relu")
                    .with_rust_type(::core::any::type_name::<Self>()),
            );
    }
    fn describe(__visitor: &mut ::statedict::__private::SchemaBuilder)
    where
        Self: ::core::marker::Sized,
    {
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("Relu")
                    .with_rust_type(::core::any::type_name::<Self>()),
            );
    }
}
