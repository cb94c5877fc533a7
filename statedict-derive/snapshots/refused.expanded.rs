::core::compile_error! {
    "a field is either a parameter or a buffer, not both\n\nhelp: remove `param` or `buffer`; in PyTorch, optimizers update parameters and leave buffers alone"
}
#[automatically_derived]
impl<T> ::statedict::__private::StateDict for Wrong<T> {
    fn visit_fields<'__a>(
        &'__a self,
        _: &mut dyn ::statedict::__private::Visitor<::statedict::__private::ByRef<'__a>>,
    ) {}
    fn visit_fields_mut<'__a>(
        &'__a mut self,
        _: &mut dyn ::statedict::__private::Visitor<::statedict::__private::ByMut<'__a>>,
    ) {}
}
