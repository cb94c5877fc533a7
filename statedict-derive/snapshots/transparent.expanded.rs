#[automatically_derived]
#[allow(deprecated)]
impl renamed::StateDict for Named {
    fn visit<'__a>(&'__a self, __visitor: &mut dyn renamed::__private::Visitor<'__a>) {
        renamed::__private::plain::<String>();
        renamed::__private::child::<Module>().content(__visitor, &self.module);
    }
    fn visit_mut<'__a>(
        &'__a mut self,
        __visitor: &mut dyn renamed::__private::VisitorMut<'__a>,
    ) {
        renamed::__private::child::<Module>().content_mut(__visitor, &mut self.module);
    }
    fn describe(__visitor: &mut renamed::__private::SchemaBuilder)
    where
        Self: ::core::marker::Sized,
    {
        #[allow(unused_imports)]
        use renamed::__private::Opaque as _;
        renamed::__private::probe::<Module>().describe().content(__visitor);
    }
}
