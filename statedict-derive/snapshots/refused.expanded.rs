::core::compile_error! {
    "a field is either a parameter or a buffer, not both\n\nhelp: remove `param` or `buffer`; in PyTorch, optimizers update parameters and leave buffers alone"
}
#[automatically_derived]
impl<T> ::statedict::StateDict for Wrong<T> {
    fn visit_fields<'__a>(
        &'__a self,
        _: &mut dyn ::statedict::visit::Visitor<::statedict::visit::ByRef<'__a>>,
    ) {}
    fn visit_fields_mut<'__a>(
        &'__a mut self,
        _: &mut dyn ::statedict::visit::Visitor<::statedict::visit::ByMut<'__a>>,
    ) {}
}
