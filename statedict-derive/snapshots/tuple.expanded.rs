const _: () = {
    use ::statedict::__private as __of;
    use __of::Other as _;
    #[automatically_derived]
    impl __of::StateDict for Block {
        fn visit_fields<'__a>(
            &'__a self,
            __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>,
        ) {
            __visitor
                .module(
                    __of::table(<Self as __of::StateDict>::describe),
                    &mut [
                        <CpuTensor as __of::LeafField>::content_of(&self.1),
                        <CpuTensor as __of::LeafField>::content_of(&self.2),
                        <Linear as __of::StateDict>::content_of(&self.0),
                    ],
                );
        }
        fn visit_fields_mut<'__a>(
            &'__a mut self,
            __visitor: &mut dyn __of::Visitor<__of::ByMut<'__a>>,
        ) {
            __visitor
                .module(
                    __of::table(<Self as __of::StateDict>::describe),
                    &mut [
                        <CpuTensor as __of::LeafField>::content_of_mut(&mut self.1),
                        <CpuTensor as __of::LeafField>::content_of_mut(&mut self.2),
                        <Linear as __of::StateDict>::content_of_mut(&mut self.0),
                    ],
                );
        }
        fn describe() -> __of::Description {
            const {
                __of::Description::Module(
                    &__of::FieldTable {
                        info: __of::ModuleInfo::new("Block").of_type::<Self>(),
                        fields: &__of::fields(
                            ["1", "scale", "0"],
                            [
                                <CpuTensor as __of::LeafField>::PARAMETER,
                                <CpuTensor as __of::LeafField>::BUFFER,
                                __of::child(<Linear as __of::StateDict>::describe),
                            ],
                        ),
                    },
                )
            }
        }
    }
};
