const _: () = {
    use ::statedict::__private as __of;
    #[allow(unused_imports)]
    use __of::Opaque as _;
    #[automatically_derived]
    #[allow(deprecated)]
    impl __of::StateDict for Norm {
        fn visit<'__a>(
            &'__a self,
            __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>,
        ) {
            match self {
                Self::None { .. } => {
                    __visitor.module(__of::variant::<Self>(0usize), &mut []);
                }
                Self::Layer { 0: __field_0, .. } => {
                    __of::child::<LayerNorm>().visit(__visitor, __field_0);
                }
                Self::Group { 0: __field_0, .. } => {
                    __visitor
                        .module(
                            __of::variant::<Self>(2usize),
                            &mut [__of::child::<GroupNorm>().of(__field_0)],
                        );
                }
                Self::Scale { scale: __field_scale, training: __field_training, .. } => {
                    __visitor
                        .module(
                            __of::variant::<Self>(3usize),
                            &mut [
                                __of::flag(__field_training),
                                __of::leaf::<CpuTensor>().of(__field_scale),
                            ],
                        );
                }
            }
        }
        fn visit_mut<'__a>(
            &'__a mut self,
            __visitor: &mut dyn __of::Visitor<__of::ByMut<'__a>>,
        ) {
            match self {
                Self::None { .. } => {
                    __visitor.module(__of::variant::<Self>(0usize), &mut []);
                }
                Self::Layer { 0: __field_0, .. } => {
                    __of::child::<LayerNorm>().visit_mut(__visitor, __field_0);
                }
                Self::Group { 0: __field_0, .. } => {
                    __visitor
                        .module(
                            __of::variant::<Self>(2usize),
                            &mut [__of::child::<GroupNorm>().of_mut(__field_0)],
                        );
                }
                Self::Scale { scale: __field_scale, training: __field_training, .. } => {
                    __visitor
                        .module(
                            __of::variant::<Self>(3usize),
                            &mut [
                                __of::flag_mut(__field_training),
                                __of::leaf::<CpuTensor>().of_mut(__field_scale),
                            ],
                        );
                }
            }
        }
        fn describe() -> __of::Description
        where
            Self: ::core::marker::Sized,
        {
            __of::Description::OneOf {
                rust_type: ::core::any::type_name::<Self>,
                variants: const {
                    &[
                        __of::Description::Module(
                            &__of::FieldTable {
                                info: __of::ModuleInfo::new("Norm").of_type::<Self>(),
                                fields: &[],
                            },
                        ),
                        __of::Probe::<LayerNorm>::SAME,
                        __of::Description::Module(
                            &__of::FieldTable {
                                info: __of::ModuleInfo::new("Norm").of_type::<Self>(),
                                fields: &[
                                    __of::Field::child(
                                        "group",
                                        __of::Probe::<GroupNorm>::DESCRIBE,
                                    ),
                                ],
                            },
                        ),
                        __of::Description::Module(
                            &__of::FieldTable {
                                info: __of::ModuleInfo::new("Norm").of_type::<Self>(),
                                fields: &[
                                    __of::Field::training(),
                                    __of::leaf::<CpuTensor>().parameter("scale"),
                                ],
                            },
                        ),
                    ]
                },
            }
        }
    }
};
