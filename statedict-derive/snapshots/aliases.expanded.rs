const _: () = {
    use ::statedict::__private as __of;
    #[allow(unused_imports)]
    use __of::Opaque as _;
    #[automatically_derived]
    #[allow(deprecated)]
    impl __of::StateDict for Gpt {
        fn visit<'__a>(
            &'__a self,
            __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>,
        ) {
            __visitor
                .module(
                    __of::table::<Self>(),
                    &mut [
                        __of::child::<Embedding>().of(&self.embedding),
                        __of::child::<Rc<RefCell<Block>>>().of(&self.block),
                        __of::child::<Rc<RefCell<Block>>>().of(&self.tied),
                        __of::child::<Rc<RefCell<Block>>>().of(&self.any),
                        __of::child::<Rest>().of(&self.rest),
                    ],
                );
        }
        fn visit_mut<'__a>(
            &'__a mut self,
            __visitor: &mut dyn __of::Visitor<__of::ByMut<'__a>>,
        ) {
            __visitor
                .module(
                    __of::table::<Self>(),
                    &mut [
                        __of::child::<Embedding>().of_mut(&mut self.embedding),
                        __of::child::<Rc<RefCell<Block>>>().of_mut(&mut self.block),
                        __of::child::<Rc<RefCell<Block>>>().of_mut(&mut self.tied),
                        __of::child::<Rc<RefCell<Block>>>().of_mut(&mut self.any),
                        __of::child::<Rest>().of_mut(&mut self.rest),
                    ],
                );
        }
        fn describe() -> __of::Description
        where
            Self: ::core::marker::Sized,
        {
            __of::alias_of::<Alias<Embedding>, Embedding>();
            const {
                __of::Description::Module(
                    &__of::FieldTable {
                        info: __of::ModuleInfo::new("Gpt").of_type::<Self>(),
                        fields: &[
                            __of::Field::child(
                                "wte",
                                __of::Probe::<Embedding>::DESCRIBE,
                            ),
                            __of::Field::alias("again", "wte"),
                            __of::Field::child("block", __of::Probe::<Block>::DESCRIBE),
                            __of::Field::child("tied", __of::Probe::<Block>::DESCRIBE)
                                .tied_to("block"),
                            __of::Field::child("any", __of::Probe::<Block>::DESCRIBE)
                                .tied(),
                            __of::Field::flattened(__of::Probe::<Rest>::DESCRIBE),
                            __of::Field::alias("lm_head.weight", "wte.weight"),
                        ],
                    },
                )
            }
        }
    }
};
