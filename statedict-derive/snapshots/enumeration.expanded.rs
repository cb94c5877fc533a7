#[automatically_derived]
#[allow(deprecated)]
impl ::statedict::StateDict for Norm {
    fn visit<'__a>(
        &'__a self,
        __visitor: &mut dyn ::statedict::__private::Visitor<'__a>,
    ) {
        match self {
            Self::None { .. } => {
                __visitor
                    .module(
                        ::statedict::__private::ModuleInfo::new("Norm")
                            .with_rust_type(::core::any::type_name::<Self>()),
                    );
            }
            Self::Layer { 0: __field_0, .. } => {
                ::statedict::__private::child::<LayerNorm>()
                    .content(__visitor, __field_0);
            }
            Self::Group { 0: __field_0, .. } => {
                __visitor
                    .module(
                        ::statedict::__private::ModuleInfo::new("Norm")
                            .with_rust_type(::core::any::type_name::<Self>()),
                    );
                ::statedict::__private::child::<GroupNorm>()
                    .child(__visitor, "group", __field_0);
            }
            Self::Scale { scale: __field_scale, .. } => {
                __visitor
                    .module(
                        ::statedict::__private::ModuleInfo::new("Norm")
                            .with_rust_type(::core::any::type_name::<Self>()),
                    );
                ::statedict::__private::leaf::<CpuTensor>()
                    .parameter(__visitor, "scale", __field_scale);
            }
        }
    }
    fn visit_mut<'__a>(
        &'__a mut self,
        __visitor: &mut dyn ::statedict::__private::VisitorMut<'__a>,
    ) {
        match self {
            Self::None { .. } => {
                __visitor
                    .module(
                        ::statedict::__private::ModuleInfo::new("Norm")
                            .with_rust_type(::core::any::type_name::<Self>()),
                    );
            }
            Self::Layer { 0: __field_0, .. } => {
                ::statedict::__private::child::<LayerNorm>()
                    .content_mut(__visitor, __field_0);
            }
            Self::Group { 0: __field_0, .. } => {
                __visitor
                    .module(
                        ::statedict::__private::ModuleInfo::new("Norm")
                            .with_rust_type(::core::any::type_name::<Self>()),
                    );
                ::statedict::__private::child::<GroupNorm>()
                    .child_mut(__visitor, "group", __field_0);
            }
            Self::Scale { scale: __field_scale, training: __field_training, .. } => {
                __visitor
                    .module(
                        ::statedict::__private::ModuleInfo::new("Norm")
                            .with_rust_type(::core::any::type_name::<Self>()),
                    );
                __visitor.training(__field_training);
                ::statedict::__private::leaf::<CpuTensor>()
                    .parameter_mut(__visitor, "scale", __field_scale);
            }
        }
    }
    fn describe(__visitor: &mut ::statedict::__private::SchemaBuilder)
    where
        Self: ::core::marker::Sized,
    {
        #[allow(unused_imports)]
        use ::statedict::__private::Opaque as _;
        __visitor
            .alternatives(
                ::core::any::type_name::<Self>(),
                &[
                    |__visitor| {
                        __visitor
                            .module(
                                ::statedict::__private::ModuleInfo::new("Norm")
                                    .with_rust_type(::core::any::type_name::<Self>()),
                            );
                    },
                    |__visitor| {
                        ::statedict::__private::probe::<LayerNorm>()
                            .describe()
                            .content(__visitor);
                    },
                    |__visitor| {
                        __visitor
                            .module(
                                ::statedict::__private::ModuleInfo::new("Norm")
                                    .with_rust_type(::core::any::type_name::<Self>()),
                            );
                        ::statedict::__private::probe::<GroupNorm>()
                            .describe()
                            .child(__visitor, "group");
                    },
                    |__visitor| {
                        __visitor
                            .module(
                                ::statedict::__private::ModuleInfo::new("Norm")
                                    .with_rust_type(::core::any::type_name::<Self>()),
                            );
                        ::statedict::__private::leaf::<CpuTensor>()
                            .describe_parameter(__visitor, "scale");
                    },
                ],
            );
    }
}
