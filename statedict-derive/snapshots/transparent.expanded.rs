const _: () = {
    use renamed::__private as __of;
    #[allow(unused_imports)]
    use __of::Opaque as _;
    #[automatically_derived]
    #[allow(deprecated)]
    impl __of::StateDict for Named {
        fn visit<'__a>(
            &'__a self,
            __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>,
        ) {
            __of::child::<Module>().visit(__visitor, &self.module);
        }
        fn visit_mut<'__a>(
            &'__a mut self,
            __visitor: &mut dyn __of::Visitor<__of::ByMut<'__a>>,
        ) {
            __of::child::<Module>().visit_mut(__visitor, &mut self.module);
        }
        fn describe() -> __of::Description
        where
            Self: ::core::marker::Sized,
        {
            __of::plain::<String>();
            const { __of::Probe::<Module>::SAME }
        }
    }
};
