const _: () = {
    use ::statedict::__private as __of;
    use __of::{StateDict as __Module, LeafField as __Leaf, Other as _};
    #[automatically_derived]
    impl<'a, W, M, C, const N: usize> __of::StateDict for Tree<'a, W, M, C, N>
    where
        W: __of::LeafField,
        [M; N]: __of::StateDict,
    {
        fn visit_fields<'__a>(
            &'__a self,
            __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>,
        ) {
            __visitor
                .module(
                    __of::table(<Self as __Module>::describe),
                    &mut [
                        <W as __Leaf>::content_of(&self.weight),
                        <[M; N] as __Module>::content_of(&self.blocks),
                        <Option<Box<Self>> as __Module>::content_of(&self.left),
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
                        <W as __Leaf>::content_of_mut(&mut self.weight),
                        <[M; N] as __Module>::content_of_mut(&mut self.blocks),
                        <Option<Box<Self>> as __Module>::content_of_mut(&mut self.left),
                    ],
                );
        }
        fn describe() -> __of::Description {
            const {
                __of::Description::Module(
                    &__of::FieldTable {
                        info: __of::class::<Self>("Tree"),
                        fields: &__of::fields(
                            ["weight", "blocks", "left"],
                            [
                                <W as __Leaf>::PARAMETER,
                                __of::child(<[M; N] as __Module>::describe),
                                __of::owner(
                                    __of::Owned::<Option<Self>, Box<Self>>::CONTENT,
                                    <Option<Box<Self>> as __Module>::describe,
                                ),
                            ],
                        ),
                    },
                )
            }
        }
    }
};
