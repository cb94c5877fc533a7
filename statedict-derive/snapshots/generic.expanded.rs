#[automatically_derived]
#[allow(deprecated)]
impl<'a, W, M, C, const N: usize> ::statedict::StateDict for Tree<'a, W, M, C, N>
where
    W: ::statedict::__private::Leaf,
    [M; N]: ::statedict::StateDict,
{
    fn visit<'__a>(
        &'__a self,
        __visitor: &mut dyn ::statedict::Visitor<::statedict::ByRef<'__a>>,
    ) {
        use ::statedict::__private as __of;
        __visitor
            .module(
                __of::table::<Self>(),
                &mut [
                    __of::leaf::<W>().of(&self.weight),
                    __of::child::<[M; N]>().of(&self.blocks),
                    __of::child::<Option<Box<Self>>>().of(&self.left),
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
                    __of::leaf::<W>().of_mut(&mut self.weight),
                    __of::child::<[M; N]>().of_mut(&mut self.blocks),
                    __of::child::<Option<Box<Self>>>().of_mut(&mut self.left),
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
                    info: __of::ModuleInfo::new("Tree").of_type::<Self>(),
                    fields: &[
                        __of::leaf::<W>().parameter("weight"),
                        __of::Field::child("blocks", __of::Probe::<[M; N]>::DESCRIBE),
                        __of::Field::child("left", __of::Probe::<Option<Self>>::DESCRIBE),
                    ],
                },
            )
        }
    }
}
