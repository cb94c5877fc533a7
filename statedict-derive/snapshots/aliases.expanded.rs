#[automatically_derived]
#[allow(deprecated)]
impl ::statedict::StateDict for Gpt {
    fn visit<'__a>(
        &'__a self,
        __visitor: &mut dyn ::statedict::__private::Visitor<'__a>,
    ) {
        ::statedict::__private::alias_of::<Alias<Embedding>, Embedding>();
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("Gpt")
                    .with_rust_type(::core::any::type_name::<Self>()),
            );
        ::statedict::__private::child::<Embedding>()
            .child(__visitor, "wte", &self.embedding);
        __visitor.alias("again", "wte");
        ::statedict::__private::child::<Rc<RefCell<Block>>>()
            .child(__visitor, "block", &self.block);
        ::statedict::__private::child::<Rc<RefCell<Block>>>()
            .child(__visitor, "tied", &self.tied);
        __visitor.tied("tied", ::core::option::Option::Some("block"));
        ::statedict::__private::child::<Rc<RefCell<Block>>>()
            .child(__visitor, "any", &self.any);
        __visitor.tied("any", ::core::option::Option::None);
        ::statedict::__private::child::<Rest>().flatten(__visitor, &self.rest);
        __visitor.alias("lm_head.weight", "wte.weight");
    }
    fn visit_mut<'__a>(
        &'__a mut self,
        __visitor: &mut dyn ::statedict::__private::VisitorMut<'__a>,
    ) {
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("Gpt")
                    .with_rust_type(::core::any::type_name::<Self>()),
            );
        ::statedict::__private::child::<Embedding>()
            .child_mut(__visitor, "wte", &mut self.embedding);
        __visitor.alias("again", "wte");
        ::statedict::__private::child::<Rc<RefCell<Block>>>()
            .child_mut(__visitor, "block", &mut self.block);
        ::statedict::__private::child::<Rc<RefCell<Block>>>()
            .child_mut(__visitor, "tied", &mut self.tied);
        __visitor.tied("tied", ::core::option::Option::Some("block"));
        ::statedict::__private::child::<Rc<RefCell<Block>>>()
            .child_mut(__visitor, "any", &mut self.any);
        __visitor.tied("any", ::core::option::Option::None);
        ::statedict::__private::child::<Rest>().flatten_mut(__visitor, &mut self.rest);
        __visitor.alias("lm_head.weight", "wte.weight");
    }
    fn describe(__visitor: &mut ::statedict::__private::SchemaBuilder)
    where
        Self: ::core::marker::Sized,
    {
        #[allow(unused_imports)]
        use ::statedict::__private::Opaque as _;
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("Gpt")
                    .with_rust_type(::core::any::type_name::<Self>()),
            );
        ::statedict::__private::probe::<Embedding>().describe().child(__visitor, "wte");
        __visitor.alias("again", "wte");
        ::statedict::__private::probe::<Block>().describe().child(__visitor, "block");
        ::statedict::__private::probe::<Block>().describe().child(__visitor, "tied");
        ::statedict::__private::probe::<Block>().describe().child(__visitor, "any");
        ::statedict::__private::probe::<Rest>().describe().flatten(__visitor);
        __visitor.alias("lm_head.weight", "wte.weight");
    }
}
