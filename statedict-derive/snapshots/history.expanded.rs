#[automatically_derived]
#[allow(deprecated)]
impl ::statedict::StateDict for Attention {
    fn visit<'__a>(
        &'__a self,
        __visitor: &mut dyn ::statedict::__private::Visitor<'__a>,
    ) {
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("Attention")
                    .with_rust_type(::core::any::type_name::<Self>())
                    .with_version(3u64)
                    .with_changes(const {
                        &[
                            ::statedict::__private::Change::Renamed {
                                since: 2u64,
                                from: "w",
                                to: "kernel",
                            },
                            ::statedict::__private::Change::Renamed {
                                since: 3u64,
                                from: "kernel",
                                to: "weight",
                            },
                            ::statedict::__private::Change::Removed {
                                since: 2u64,
                                name: "scratch",
                            },
                            ::statedict::__private::Change::Migrate {
                                to: 3u64,
                                with: Self::to_v3,
                            },
                        ]
                    })
                    .with_pre_load(Self::pre_load)
                    .with_post_save(Self::post_save),
            );
        ::statedict::__private::pre_save::<Self>(&*__visitor, self, Self::pre_save);
        ::statedict::__private::leaf::<CpuTensor>()
            .parameter(__visitor, "weight", &self.weight);
    }
    fn visit_mut<'__a>(
        &'__a mut self,
        __visitor: &mut dyn ::statedict::__private::VisitorMut<'__a>,
    ) {
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("Attention")
                    .with_rust_type(::core::any::type_name::<Self>())
                    .with_version(3u64)
                    .with_changes(const {
                        &[
                            ::statedict::__private::Change::Renamed {
                                since: 2u64,
                                from: "w",
                                to: "kernel",
                            },
                            ::statedict::__private::Change::Renamed {
                                since: 3u64,
                                from: "kernel",
                                to: "weight",
                            },
                            ::statedict::__private::Change::Removed {
                                since: 2u64,
                                name: "scratch",
                            },
                            ::statedict::__private::Change::Migrate {
                                to: 3u64,
                                with: Self::to_v3,
                            },
                        ]
                    })
                    .with_pre_load(Self::pre_load)
                    .with_post_save(Self::post_save),
            );
        ::statedict::__private::post_load::<Self>(&*__visitor, self, Self::post_load);
        ::statedict::__private::leaf::<CpuTensor>()
            .parameter_mut(__visitor, "weight", &mut self.weight);
    }
    fn describe(__visitor: &mut ::statedict::__private::SchemaBuilder)
    where
        Self: ::core::marker::Sized,
    {
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("Attention")
                    .with_rust_type(::core::any::type_name::<Self>())
                    .with_version(3u64)
                    .with_changes(const {
                        &[
                            ::statedict::__private::Change::Renamed {
                                since: 2u64,
                                from: "w",
                                to: "kernel",
                            },
                            ::statedict::__private::Change::Renamed {
                                since: 3u64,
                                from: "kernel",
                                to: "weight",
                            },
                            ::statedict::__private::Change::Removed {
                                since: 2u64,
                                name: "scratch",
                            },
                            ::statedict::__private::Change::Migrate {
                                to: 3u64,
                                with: Self::to_v3,
                            },
                        ]
                    })
                    .with_pre_load(Self::pre_load)
                    .with_post_save(Self::post_save),
            );
        ::statedict::__private::leaf::<CpuTensor>()
            .describe_parameter(__visitor, "weight");
    }
}
