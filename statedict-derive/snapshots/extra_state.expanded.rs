const _: () = {
    use ::statedict::__private as __of;
    use __of::{StateDict as __Module, LeafField as __Leaf};
    #[automatically_derived]
    impl __of::StateDict for Tokenizer {
        fn visit_fields<'__a>(
            &'__a self,
            __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>,
        ) {
            __of::extra_state::<Self>().of(__visitor, self);
            __visitor
                .module(
                    __of::table(<Self as __Module>::describe),
                    &mut [
                        <CpuTensor as __Leaf>::content_of(&self.embedding),
                        <CpuTensor as __Leaf>::content_of(&self.counts),
                        <Encoder as __Module>::content_of(&self.encoder),
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
                    __of::table(<Self as __Module>::describe),
                    &mut [
                        <CpuTensor as __Leaf>::content_of_mut(&mut self.embedding),
                        <CpuTensor as __Leaf>::content_of_mut(&mut self.counts),
                        <Encoder as __Module>::content_of_mut(&mut self.encoder),
                    ],
                );
        }
        fn describe() -> __of::Description {
            const {
                __of::Description::Module(
                    &__of::FieldTable {
                        info: __of::class::<Self>("Tokenizer"),
                        fields: &__of::fields(
                            ["embedding", "counts", "", "encoder"],
                            [
                                <CpuTensor as __Leaf>::PARAMETER,
                                <CpuTensor as __Leaf>::BUFFER,
                                __of::Field::extra_state(),
                                __of::child(<Encoder as __Module>::describe),
                            ],
                        ),
                    },
                )
            }
        }
    }
};
