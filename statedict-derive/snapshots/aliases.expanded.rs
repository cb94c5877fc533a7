const _: () = {
    use ::statedict::__private as __of;
    use __of::{StateDict as __Module, Other as _};
    #[automatically_derived]
    impl __of::StateDict for Gpt {
        fn visit_fields<'__a>(
            &'__a self,
            __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>,
        ) {
            let _ = &self.again;
            __visitor
                .module(
                    __of::table(<Self as __Module>::describe),
                    &mut [
                        <Embedding as __Module>::content_of(&self.embedding),
                        <Rc<RefCell<Block>> as __Module>::content_of(&self.block),
                        <Rc<RefCell<Block>> as __Module>::content_of(&self.tied),
                        <Rc<RefCell<Block>> as __Module>::content_of(&self.any),
                        <Rest as __Module>::content_of(&self.rest),
                    ],
                );
        }
        fn visit_fields_mut<'__a>(
            &'__a mut self,
            __visitor: &mut dyn __of::Visitor<__of::ByMut<'__a>>,
        ) {
            __visitor
                .module(
                    __of::table(<Self as __Module>::describe),
                    &mut [
                        <Embedding as __Module>::content_of_mut(&mut self.embedding),
                        <Rc<
                            RefCell<Block>,
                        > as __Module>::content_of_mut(&mut self.block),
                        <Rc<RefCell<Block>> as __Module>::content_of_mut(&mut self.tied),
                        <Rc<RefCell<Block>> as __Module>::content_of_mut(&mut self.any),
                        <Rest as __Module>::content_of_mut(&mut self.rest),
                    ],
                );
        }
        fn describe() -> __of::Description {
            __of::alias_of::<Alias<Embedding>, Embedding>();
            const {
                __of::Description::Module(
                    &__of::FieldTable {
                        info: __of::class::<Self>("Gpt"),
                        fields: &__of::fields(
                            [
                                "wte",
                                "again",
                                "block",
                                "tied",
                                "any",
                                "",
                                "lm_head.weight",
                            ],
                            [
                                __of::child(<Embedding as __Module>::describe),
                                __of::alias_to("wte"),
                                __of::owner(
                                    __of::Owned::<
                                        Block,
                                        (Rc<RefCell<Block>>, RefCell<Block>),
                                    >::CONTENT,
                                    <Rc<RefCell<Block>> as __Module>::describe,
                                ),
                                __of::owner(
                                        __of::Owned::<
                                            Block,
                                            (Rc<RefCell<Block>>, RefCell<Block>),
                                        >::CONTENT,
                                        <Rc<RefCell<Block>> as __Module>::describe,
                                    )
                                    .tied_to("block"),
                                __of::owner(
                                        __of::Owned::<
                                            Block,
                                            (Rc<RefCell<Block>>, RefCell<Block>),
                                        >::CONTENT,
                                        <Rc<RefCell<Block>> as __Module>::describe,
                                    )
                                    .tied(),
                                __of::Field::flattened(<Rest as __Module>::describe),
                                __of::alias_to("wte.weight"),
                            ],
                        ),
                    },
                )
            }
        }
    }
};
