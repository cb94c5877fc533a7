const _: () = {
    use ::statedict::__private as __of;
    #[allow(unused_imports)]
    use __of::Opaque as _;
    #[automatically_derived]
    #[allow(deprecated)]
    impl<'a, W, M, C, const N: usize> __of::StateDict for Tree<'a, W, M, C, N>
    where
        W: __of::Leaf,
        [M; N]: __of::StateDict,
    {
        fn visit<'__a>(
            &'__a self,
            __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>,
        ) {
            __visitor
                .module(
                    __of::table::<Self>(),
                    &mut [
                        __of::leaf::<W>().of(&self.weight),
                        __of::child::<[M; N]>().of(&self.blocks),
                        __of::child::<Option<Box<Self>>>().of(&self.left),
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
                        __of::leaf::<W>().of_mut(&mut self.weight),
                        __of::child::<[M; N]>().of_mut(&mut self.blocks),
                        __of::child::<Option<Box<Self>>>().of_mut(&mut self.left),
                    ],
                );
        }
        fn describe() -> __of::Description
        where
            Self: ::core::marker::Sized,
        {
            const {
                __of::Description::Module(
                    &__of::FieldTable {
                        info: __of::ModuleInfo::new("Tree").of_type::<Self>(),
                        fields: &[
                            __of::leaf::<W>().parameter("weight"),
                            __of::Field::child(
                                "blocks",
                                __of::Probe::<[M; N]>::DESCRIBE,
                            ),
                            __of::Field::child(
                                "left",
                                __of::Probe::<Option<Self>>::DESCRIBE,
                            ),
                        ],
                    },
                )
            }
        }
    }
};
