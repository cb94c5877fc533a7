const _: () = {
    use ::statedict::__private as __of;
    #[allow(unused_imports)]
    use __of::Opaque as _;
    #[automatically_derived]
    #[allow(deprecated)]
    impl __of::StateDict for BatchNorm {
        fn visit<'__a>(
            &'__a self,
            __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>,
        ) {
            __visitor
                .module(
                    __of::table::<Self>(),
                    &mut [
                        __of::flag(&self.training),
                        __of::leaf::<CpuTensor>().of(&self.weight),
                        __of::leaf::<CpuTensor>().of(&self.running_mean),
                        __of::leaf::<i64>().of(&self.num_batches_tracked),
                        __of::leaf::<CpuTensor>().of(&self.scratch),
                        __of::child::<Relu>().of(&self.act),
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
                        __of::flag_mut(&mut self.training),
                        __of::leaf::<CpuTensor>().of_mut(&mut self.weight),
                        __of::leaf::<CpuTensor>().of_mut(&mut self.running_mean),
                        __of::leaf::<i64>().of_mut(&mut self.num_batches_tracked),
                        __of::leaf::<CpuTensor>().of_mut(&mut self.scratch),
                        __of::child::<Relu>().of_mut(&mut self.act),
                    ],
                );
        }
        fn describe() -> __of::Description
        where
            Self: ::core::marker::Sized,
        {
            __of::plain::<f64>();
            const {
                __of::Description::Module(
                    &__of::FieldTable {
                        info: __of::ModuleInfo::new("BatchNorm")
                            .of_type::<Self>()
                            .with_version(2u64)
                            .with_changes(
                                &[
                                    __of::Change::Added {
                                        since: 2u64,
                                        name: "num_batches_tracked",
                                    },
                                ],
                            ),
                        fields: &[
                            __of::Field::training(),
                            __of::leaf::<CpuTensor>().parameter("weight"),
                            __of::leaf::<CpuTensor>().buffer("running_mean", true),
                            __of::leaf::<i64>().buffer("num_batches_tracked", true),
                            __of::leaf::<CpuTensor>().buffer("scratch", false),
                            __of::Field::child("act", __of::Probe::<Relu>::DESCRIBE),
                        ],
                    },
                )
            }
        }
    }
};
