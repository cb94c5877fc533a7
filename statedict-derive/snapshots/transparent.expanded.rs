#[automatically_derived]
#[allow(deprecated)]
impl renamed::StateDict for Named {
    fn visit<'__a>(
        &'__a self,
        __visitor: &mut dyn renamed::Visitor<renamed::ByRef<'__a>>,
    ) {
        use renamed::__private as __of;
        __of::child::<Module>().visit(__visitor, &self.module);
    }
    fn visit_mut<'__a>(
        &'__a mut self,
        __visitor: &mut dyn renamed::Visitor<renamed::ByMut<'__a>>,
    ) {
        use renamed::__private as __of;
        __of::child::<Module>().visit_mut(__visitor, &mut self.module);
    }
    fn describe() -> renamed::Description
    where
        Self: ::core::marker::Sized,
    {
        #[allow(unused_imports)]
        use renamed::__private::{self as __of, Opaque as _};
        __of::plain::<String>();
        const { __of::Probe::<Module>::SAME }
    }
}
