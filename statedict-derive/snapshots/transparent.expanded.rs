const _: () = {
    use renamed::__private as __of;
    use __of::StateDict as __Module;
    #[automatically_derived]
    impl __of::StateDict for Named {
        fn visit_fields<'__a>(
            &'__a self,
            __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>,
        ) {
            <Module as __Module>::visit_fields(&self.module, __visitor);
        }
        fn visit_fields_mut<'__a>(
            &'__a mut self,
            __visitor: &mut dyn __of::Visitor<__of::ByMut<'__a>>,
        ) {
            <Module as __Module>::visit_fields_mut(&mut self.module, __visitor);
        }
        fn describe() -> __of::Description {
            __of::plain::<String>();
            const { __of::same_as::<Module>(<Module as __Module>::describe) }
        }
    }
};
