#[automatically_derived]
#[allow(deprecated)]
impl<'a, W, M, C, const N: usize> ::statedict::StateDict for Tree<'a, W, M, C, N>
where
    W: ::statedict::__private::Leaf,
    [M; N]: ::statedict::StateDict,
{
    fn visit<'__a>(
        &'__a self,
        __visitor: &mut dyn ::statedict::__private::Visitor<'__a>,
    ) {
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("Tree")
                    .with_rust_type(::core::any::type_name::<Self>()),
            );
        ::statedict::__private::leaf::<W>().parameter(__visitor, "weight", &self.weight);
        ::statedict::__private::child::<[M; N]>()
            .child(__visitor, "blocks", &self.blocks);
        ::statedict::__private::child::<Option<Box<Self>>>()
            .child(__visitor, "left", &self.left);
    }
    fn visit_mut<'__a>(
        &'__a mut self,
        __visitor: &mut dyn ::statedict::__private::VisitorMut<'__a>,
    ) {
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("Tree")
                    .with_rust_type(::core::any::type_name::<Self>()),
            );
        ::statedict::__private::leaf::<W>()
            .parameter_mut(__visitor, "weight", &mut self.weight);
        ::statedict::__private::child::<[M; N]>()
            .child_mut(__visitor, "blocks", &mut self.blocks);
        ::statedict::__private::child::<Option<Box<Self>>>()
            .child_mut(__visitor, "left", &mut self.left);
    }
    fn describe(__visitor: &mut ::statedict::__private::SchemaBuilder)
    where
        Self: ::core::marker::Sized,
    {
        #[allow(unused_imports)]
        use ::statedict::__private::Opaque as _;
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("Tree")
                    .with_rust_type(::core::any::type_name::<Self>()),
            );
        ::statedict::__private::leaf::<W>().describe_parameter(__visitor, "weight");
        ::statedict::__private::probe::<[M; N]>().describe().child(__visitor, "blocks");
        ::statedict::__private::probe::<Option<Self>>()
            .describe()
            .child(__visitor, "left");
    }
}
