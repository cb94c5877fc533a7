#[automatically_derived]
#[allow(deprecated)]
impl ::statedict::StateDict for Attention {
    fn visit<'__a>(
        &'__a self,
        __visitor: &mut dyn ::statedict::Visitor<::statedict::ByRef<'__a>>,
    ) {
        use ::statedict::__private as __of;
        __of::pre_save::<Self>(__visitor, self, Self::pre_save);
        __visitor
            .module(
                __of::table::<Self>(),
                &mut [__of::leaf::<CpuTensor>().of(&self.weight)],
            );
    }
    fn visit_mut<'__a>(
        &'__a mut self,
        __visitor: &mut dyn ::statedict::Visitor<::statedict::ByMut<'__a>>,
    ) {
        use ::statedict::__private as __of;
        __of::post_load::<Self>(__visitor, self, Self::post_load);
        __visitor
            .module(
                __of::table::<Self>(),
                &mut [__of::leaf::<CpuTensor>().of_mut(&mut self.weight)],
            );
    }
    fn describe() -> ::statedict::Description
    where
        Self: ::core::marker::Sized,
    {
        #[allow(unused_imports)]
        use ::statedict::__private::{self as __of, Opaque as _};
        const {
            __of::Description::Module(
                &__of::FieldTable {
                    info: __of::ModuleInfo::new("Attention")
                        .of_type::<Self>()
                        .with_version(3u64)
                        .with_changes(
                            &[
                                __of::Change::Renamed {
                                    since: 2u64,
                                    from: "w",
                                    to: "kernel",
                                },
                                __of::Change::Renamed {
                                    since: 3u64,
                                    from: "kernel",
                                    to: "weight",
                                },
                                __of::Change::Removed {
                                    since: 2u64,
                                    name: "scratch",
                                },
                                __of::Change::Migrate {
                                    to: 3u64,
                                    with: Self::to_v3,
                                },
                            ],
                        )
                        .with_pre_load(Self::pre_load)
                        .with_post_save(Self::post_save),
                    fields: &[__of::leaf::<CpuTensor>().parameter("weight")],
                },
            )
        }
    }
}
