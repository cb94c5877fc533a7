const _: () = {
    use ::statedict::__private as __of;
    use __of::{StateDict as __Module, LeafField as __Leaf};
    #[automatically_derived]
    impl __of::StateDict for BatchNorm {
        fn visit_fields<'__a>(
            &'__a self,
            __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>,
        ) {
            __visitor
                .module(
                    __of::table(<Self as __Module>::describe),
                    &mut [
                        __of::flag(&self.training),
                        <CpuTensor as __Leaf>::content_of(&self.weight),
                        <CpuTensor as __Leaf>::content_of(&self.running_mean),
                        <i64 as __Leaf>::content_of(&self.num_batches_tracked),
                        <CpuTensor as __Leaf>::content_of(&self.scratch),
                        <Relu as __Module>::content_of(&self.act),
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
                        __of::flag_mut(&mut self.training),
                        <CpuTensor as __Leaf>::content_of_mut(&mut self.weight),
                        <CpuTensor as __Leaf>::content_of_mut(&mut self.running_mean),
                        <i64 as __Leaf>::content_of_mut(&mut self.num_batches_tracked),
                        <CpuTensor as __Leaf>::content_of_mut(&mut self.scratch),
                        <Relu as __Module>::content_of_mut(&mut self.act),
                    ],
                );
        }
        fn describe() -> __of::Description {
            __of::plain::<f64>();
            const {
                __of::Description::Module(
                    &__of::FieldTable {
                        info: __of::class::<Self>("BatchNorm")
                            .with_version(2u64)
                            .with_changes(
                                &[
                                    __of::Change::Added {
                                        since: 2u64,
                                        name: "num_batches_tracked",
                                    },
                                ],
                            ),
                        fields: &__of::fields(
                            [
                                "",
                                "weight",
                                "running_mean",
                                "num_batches_tracked",
                                "scratch",
                                "act",
                            ],
                            [
                                __of::Field::training(),
                                <CpuTensor as __Leaf>::PARAMETER,
                                <CpuTensor as __Leaf>::BUFFER,
                                <i64 as __Leaf>::BUFFER,
                                <CpuTensor as __Leaf>::NOT_PERSISTENT,
                                __of::child(<Relu as __Module>::describe),
                            ],
                        ),
                    },
                )
            }
        }
    }
};
