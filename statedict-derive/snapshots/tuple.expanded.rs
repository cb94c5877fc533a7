const _: () = {
    use ::statedict::__private as __of;
    use __of::{StateDict as __Module, LeafField as __Leaf};
    #[automatically_derived]
    impl __of::StateDict for Block {
        fn visit_fields<'__a>(
            &'__a self,
            __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>,
        ) {
            __visitor
                .module(
                    __of::table(<Self as __Module>::describe),
                    &mut [
                        <CpuTensor as __Leaf>::content_of(&self.1),
                        <CpuTensor as __Leaf>::content_of(&self.2),
                        <Linear as __Module>::content_of(&self.0),
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
                        <CpuTensor as __Leaf>::content_of_mut(&mut self.1),
                        <CpuTensor as __Leaf>::content_of_mut(&mut self.2),
                        <Linear as __Module>::content_of_mut(&mut self.0),
                    ],
                );
        }
        fn describe() -> __of::Description {
            const {
                __of::Description::Module(
                    &__of::FieldTable {
                        info: __of::class::<Self>("Block"),
                        fields: &__of::fields(
                            ["1", "scale", "0"],
                            [
                                <CpuTensor as __Leaf>::PARAMETER,
                                <CpuTensor as __Leaf>::BUFFER,
                                __of::child(<Linear as __Module>::describe),
                            ],
                        ),
                    },
                )
            }
        }
    }
};
