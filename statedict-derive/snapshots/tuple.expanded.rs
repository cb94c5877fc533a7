const _: () = {
    use ::statedict::__private as __of;
    #[allow(unused_imports)]
    use __of::Opaque as _;
    #[automatically_derived]
    #[allow(deprecated)]
    impl __of::StateDict for Block {
        fn visit<'__a>(
            &'__a self,
            __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>,
        ) {
            __visitor
                .module(
                    __of::table::<Self>(),
                    &mut [
                        __of::leaf::<CpuTensor>().of(&self.1),
                        __of::leaf::<CpuTensor>().of(&self.2),
                        __of::child::<Linear>().of(&self.0),
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
                        __of::leaf::<CpuTensor>().of_mut(&mut self.1),
                        __of::leaf::<CpuTensor>().of_mut(&mut self.2),
                        __of::child::<Linear>().of_mut(&mut self.0),
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
                        info: __of::ModuleInfo::new("Block").of_type::<Self>(),
                        fields: &[
                            __of::leaf::<CpuTensor>().parameter("1"),
                            __of::leaf::<CpuTensor>().buffer("scale", true),
                            __of::Field::child("0", __of::Probe::<Linear>::DESCRIBE),
                        ],
                    },
                )
            }
        }
    }
};
