const _: () = {
    use ::statedict::__private as __of;
    use __of::{StateDict as __Module, LeafField as __Leaf};
    #[automatically_derived]
    impl __of::StateDict for Norm {
        fn visit_fields<'__a>(
            &'__a self,
            __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>,
        ) {
            match self {
                Self::None { .. } => {
                    __visitor
                        .module(
                            __of::variant(<Self as __Module>::describe, 0usize),
                            &mut [],
                        );
                }
                Self::Layer { 0: __field_0, .. } => {
                    <LayerNorm as __Module>::visit_fields(__field_0, __visitor);
                }
                Self::Group { 0: __field_0, .. } => {
                    __visitor
                        .module(
                            __of::variant(<Self as __Module>::describe, 2usize),
                            &mut [<GroupNorm as __Module>::content_of(__field_0)],
                        );
                }
                Self::Scale { scale: __field_scale, training: __field_training, .. } => {
                    __visitor
                        .module(
                            __of::variant(<Self as __Module>::describe, 3usize),
                            &mut [
                                __of::flag(__field_training),
                                <CpuTensor as __Leaf>::content_of(__field_scale),
                            ],
                        );
                }
            }
        }
        fn visit_fields_mut<'__a>(
            &'__a mut self,
            __visitor: &mut dyn __of::Visitor<__of::ByMut<'__a>>,
        ) {
            match self {
                Self::None { .. } => {
                    __visitor
                        .module(
                            __of::variant(<Self as __Module>::describe, 0usize),
                            &mut [],
                        );
                }
                Self::Layer { 0: __field_0, .. } => {
                    <LayerNorm as __Module>::visit_fields_mut(__field_0, __visitor);
                }
                Self::Group { 0: __field_0, .. } => {
                    __visitor
                        .module(
                            __of::variant(<Self as __Module>::describe, 2usize),
                            &mut [<GroupNorm as __Module>::content_of_mut(__field_0)],
                        );
                }
                Self::Scale { scale: __field_scale, training: __field_training, .. } => {
                    __visitor
                        .module(
                            __of::variant(<Self as __Module>::describe, 3usize),
                            &mut [
                                __of::flag_mut(__field_training),
                                <CpuTensor as __Leaf>::content_of_mut(__field_scale),
                            ],
                        );
                }
            }
        }
        fn describe() -> __of::Description {
            __of::Description::OneOf {
                rust_type: ::core::any::type_name::<Self>,
                variants: const {
                    &[
                        __of::Description::Module(
                            &__of::FieldTable {
                                info: __of::class::<Self>("Norm"),
                                fields: &__of::fields([], []),
                            },
                        ),
                        __of::same_as::<LayerNorm>(<LayerNorm as __Module>::describe),
                        __of::Description::Module(
                            &__of::FieldTable {
                                info: __of::class::<Self>("Norm"),
                                fields: &__of::fields(
                                    ["group"],
                                    [__of::child(<GroupNorm as __Module>::describe)],
                                ),
                            },
                        ),
                        __of::Description::Module(
                            &__of::FieldTable {
                                info: __of::class::<Self>("Norm"),
                                fields: &__of::fields(
                                    ["", "scale"],
                                    [__of::Field::training(), <CpuTensor as __Leaf>::PARAMETER],
                                ),
                            },
                        ),
                    ]
                },
            }
        }
    }
};
