const _: () = {
    use ::statedict::__private as __of;
    use __of::{StateDict as __Module, LeafField as __Leaf};
    #[automatically_derived]
    impl __of::StateDict for Attention {
        fn visit_fields<'__a>(
            &'__a self,
            __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>,
        ) {
            __of::pre_save::<Self>(Self::pre_save).of(__visitor, self);
            __visitor
                .module(
                    __of::table(<Self as __Module>::describe),
                    &mut [<CpuTensor as __Leaf>::content_of(&self.weight)],
                );
        }
        fn visit_fields_mut<'__a>(
            &'__a mut self,
            __visitor: &mut dyn __of::Visitor<__of::ByMut<'__a>>,
        ) {
            __of::post_load::<Self>(Self::post_load).of_mut(__visitor, self);
            __visitor
                .module(
                    __of::table(<Self as __Module>::describe),
                    &mut [<CpuTensor as __Leaf>::content_of_mut(&mut self.weight)],
                );
        }
        fn describe() -> __of::Description {
            const {
                __of::Description::Module(
                    &__of::FieldTable {
                        info: __of::class::<Self>("Attention")
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
                        fields: &__of::fields(
                            ["weight"],
                            [<CpuTensor as __Leaf>::PARAMETER],
                        ),
                    },
                )
            }
        }
    }
};
