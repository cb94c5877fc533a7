#[automatically_derived]
#[allow(deprecated)]
impl ::statedict::StateDict for Relu {
    fn visit<'__a>(
        &'__a self,
        __visitor: &mut dyn ::statedict::Visitor<::statedict::ByRef<'__a>>,
    ) {
        use ::statedict::__private as __of;
        __visitor.module(__of::table::<Self>(), &mut []);
    }
    fn visit_mut<'__a>(
        &'__a mut self,
        __visitor: &mut dyn ::statedict::Visitor<::statedict::ByMut<'__a>>,
    ) {
        use ::statedict::__private as __of;
        __visitor.module(__of::table::<Self>(), &mut []);
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
                    info: __of::ModuleInfo::new("Relu").of_type::<Self>(),
                    fields: &[],
                },
            )
        }
    }
}
