const _: () = {
    use ::statedict::__private as __of;
    #[allow(unused_imports)]
    use __of::Opaque as _;
    #[automatically_derived]
    #[allow(deprecated)]
    impl __of::StateDict for Tokenizer {
        fn visit<'__a>(
            &'__a self,
            __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>,
        ) {
            __of::extra_state::<Self>().of(__visitor, self);
            __visitor
                .module(
                    __of::table::<Self>(),
                    &mut [
                        __of::leaf::<CpuTensor>().of(&self.embedding),
                        __of::leaf::<CpuTensor>().of(&self.counts),
                        __of::child::<Encoder>().of(&self.encoder),
                    ],
                );
        }
        fn visit_mut<'__a>(
            &'__a mut self,
            __visitor: &mut dyn __of::Visitor<__of::ByMut<'__a>>,
        ) {
            __of::extra_state::<Self>().of_mut(__visitor, self);
            __visitor
                .module(
                    __of::table::<Self>(),
                    &mut [
                        __of::leaf::<CpuTensor>().of_mut(&mut self.embedding),
                        __of::leaf::<CpuTensor>().of_mut(&mut self.counts),
                        __of::child::<Encoder>().of_mut(&mut self.encoder),
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
                        info: __of::ModuleInfo::new("Tokenizer").of_type::<Self>(),
                        fields: &[
                            __of::leaf::<CpuTensor>().parameter("embedding"),
                            __of::leaf::<CpuTensor>().buffer("counts", true),
                            __of::Field::extra_state(),
                            __of::Field::child(
                                "encoder",
                                __of::Probe::<Encoder>::DESCRIBE,
                            ),
                        ],
                    },
                )
            }
        }
    }
};
