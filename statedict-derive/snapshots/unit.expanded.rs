const _: () = {
    use ::statedict::__private as __of;
    use __of::StateDict as __Module;
    #[automatically_derived]
    impl __of::StateDict for Relu {
        fn visit_fields<'__a>(
            &'__a self,
            __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>,
        ) {
            __visitor.module(__of::table(<Self as __Module>::describe), &mut []);
        }
        fn visit_fields_mut<'__a>(
            &'__a mut self,
            __visitor: &mut dyn __of::Visitor<__of::ByMut<'__a>>,
        ) {
            __visitor.module(__of::table(<Self as __Module>::describe), &mut []);
        }
        fn describe() -> __of::Description {
            const {
                __of::Description::Module(
                    &__of::FieldTable {
                        info: __of::class::<Self>("Relu"),
                        fields: &__of::fields([], []),
                    },
                )
            }
        }
    }
};
