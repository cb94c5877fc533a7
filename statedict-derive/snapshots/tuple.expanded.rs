#[automatically_derived]
#[allow(deprecated)]
impl ::statedict::StateDict for Block {
    fn visit<'__a>(
        &'__a self,
        __visitor: &mut dyn ::statedict::Visitor<::statedict::ByRef<'__a>>,
    ) {
        use ::statedict::__private as __of;
        __visitor
            .module(
                __of::table::<Self>(),
                &mut [
                    __of::leaf::<CpuTensor>().of(&self.1),
                    __of::leaf::<CpuTensor>().of(&self.2),
                    __of::child::<Linear>().of(&self.0),
                ],
            );
    }
    fn visit_mut<'__a>(
        &'__a mut self,
        __visitor: &mut dyn ::statedict::Visitor<::statedict::ByMut<'__a>>,
    ) {
        use ::statedict::__private as __of;
        __visitor
            .module(
                __of::table::<Self>(),
                &mut [
                    __of::leaf::<CpuTensor>().of_mut(&mut self.1),
                    __of::leaf::<CpuTensor>().of_mut(&mut self.2),
                    __of::child::<Linear>().of_mut(&mut self.0),
                ],
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
                    info: __of::ModuleInfo::new("Block").of_type::<Self>(),
                    fields: &[
                        __of::leaf::<CpuTensor>().parameter("1"),
                        __of::leaf::<CpuTensor>().buffer("scale", true),
                        __of::Field::child("0", __of::Probe::<Linear>::DESCRIBE),
                    ],
                },
            )
        }
    }
}
