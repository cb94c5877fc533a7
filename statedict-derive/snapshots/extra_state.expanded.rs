const _: () = {
    use ::statedict::__private as __of;
    use __of::Other as _;
    #[automatically_derived]
    impl __of::StateDict for Tokenizer {
        fn visit_fields<'__a>(
            &'__a self,
            __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>,
        ) {
            __of::extra_state::<Self>().of(__visitor, self);
            __visitor
                .module(
                    __of::table(<Self as __of::StateDict>::describe),
                    &mut [
                        <CpuTensor as __of::LeafField>::content_of(&self.embedding),
                        <CpuTensor as __of::LeafField>::content_of(&self.counts),
                        <Encoder as __of::StateDict>::content_of(&self.encoder),
                    ],
                );
        }
        fn visit_fields_mut<'__a>(
            &'__a mut self,
            __visitor: &mut dyn __of::Visitor<__of::ByMut<'__a>>,
        ) {
            __of::extra_state::<Self>().of_mut(__visitor, self);
            __visitor
                .module(
                    __of::table(<Self as __of::StateDict>::describe),
                    &mut [
                        <CpuTensor as __of::LeafField>::content_of_mut(
                            &mut self.embedding,
                        ),
                        <CpuTensor as __of::LeafField>::content_of_mut(&mut self.counts),
                        <Encoder as __of::StateDict>::content_of_mut(&mut self.encoder),
                    ],
                );
        }
        fn describe() -> __of::Description {
            const {
                __of::Description::Module(
                    &__of::FieldTable {
                        info: __of::ModuleInfo::new("Tokenizer").of_type::<Self>(),
                        fields: &__of::fields(
                            ["embedding", "counts", "", "encoder"],
                            [
                                <CpuTensor as __of::LeafField>::PARAMETER,
                                <CpuTensor as __of::LeafField>::BUFFER,
                                __of::Field::extra_state(),
                                __of::child(<Encoder as __of::StateDict>::describe),
                            ],
                        ),
                    },
                )
            }
        }
    }
};
