//! Writes down the calls that a model makes of its visitor, one line each.

use std::fmt::Write;

use statedict::{
    ByteSink, Change, DType, ModuleInfo, Shape, StateDict, StorageId, Tensor, TensorError,
    TensorMut, TensorView, Unavailable, Visitor, VisitorMut,
};

/// A leaf for models in tests; the number tells one from another.
#[derive(Clone)]
pub(crate) struct T(pub(crate) usize);

impl Tensor for T {
    fn dtype(&self) -> DType {
        DType::F32
    }

    fn shape(&self) -> Shape {
        Shape::from([self.0])
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        sink(&vec![0; 4 * self.0])
    }
}

impl TensorMut for T {
    fn copy_(&mut self, _: &TensorView<'_>) -> Result<(), TensorError> {
        Ok(())
    }
}

/// What the model reports, after checking that it reports the same for reading and for writing.
pub(crate) fn record(model: &mut dyn StateDict) -> String {
    let mut read = Recorder::default();
    model.visit(&mut read);
    let mut written = Recorder::default();
    model.visit_mut(&mut written);
    assert_eq!(read.text, written.text, "`visit` and `visit_mut` make different calls");
    read.text
}

#[derive(Default)]
struct Recorder {
    prefix: String,
    text: String,
}

impl Recorder {
    fn line(&mut self, what: &str, name: &str, rest: &str) {
        writeln!(self.text, "{what} {}{name}{rest}", self.prefix).unwrap();
    }

    fn enter(&mut self, name: &str, visit: impl FnOnce(&mut Self)) {
        self.line("child", name, "");
        let outer = self.prefix.len();
        write!(self.prefix, "{name}.").unwrap();
        visit(self);
        self.prefix.truncate(outer);
    }

    fn describe(&mut self, info: ModuleInfo) {
        let mut rest = format!("{} v{}", info.name(), info.version());
        for change in info.changes() {
            match change {
                Change::Added { since, name } => write!(rest, ", {name} since {since}").unwrap(),
                other => write!(rest, ", {other:?}").unwrap(),
            }
        }
        self.line("module", "", &format!("= {rest}"));
    }
}

fn persistence(persistent: bool) -> &'static str {
    if persistent { "" } else { " (not persistent)" }
}

impl<'a> Visitor<'a> for Recorder {
    fn module(&mut self, info: ModuleInfo) {
        self.describe(info);
    }

    fn parameter(&mut self, name: &str, tensor: &'a dyn Tensor) {
        self.line("param", name, &format!(" {}", tensor.shape()));
    }

    fn buffer(&mut self, name: &str, tensor: &'a dyn Tensor, persistent: bool) {
        self.line("buffer", name, &format!(" {}{}", tensor.shape(), persistence(persistent)));
    }

    fn child(&mut self, name: &str, module: &'a dyn StateDict) {
        self.enter(name, |recorder| module.visit(recorder));
    }

    fn flatten(&mut self, module: &'a dyn StateDict) {
        self.line("flatten", "", "");
        module.visit(self);
    }

    fn alias(&mut self, name: &str, target: &str) {
        self.line("alias", name, &format!(" = {target}"));
    }

    fn tied(&mut self, name: &str, target: Option<&str>) {
        self.line("tied", name, &target.map(|target| format!(" to {target}")).unwrap_or_default());
    }

    fn shared(&mut self, _: StorageId, visit: &mut dyn FnMut(&mut dyn Visitor<'a>)) {
        self.line("shared", "", "");
        visit(self);
    }

    fn locked(&mut self, visit: &mut dyn FnMut(&mut dyn for<'g> Visitor<'g>)) {
        visit(self);
    }

    fn unavailable(&mut self, reason: Unavailable) {
        self.line("unavailable", "", &format!("{reason:?}"));
    }
}

impl<'a> VisitorMut<'a> for Recorder {
    fn module(&mut self, info: ModuleInfo) {
        self.describe(info);
    }

    fn parameter(&mut self, name: &str, tensor: &'a mut dyn TensorMut) {
        self.line("param", name, &format!(" {}", tensor.shape()));
    }

    fn buffer(&mut self, name: &str, tensor: &'a mut dyn TensorMut, persistent: bool) {
        self.line("buffer", name, &format!(" {}{}", tensor.shape(), persistence(persistent)));
    }

    fn child(&mut self, name: &str, module: &'a mut dyn StateDict) {
        self.enter(name, |recorder| module.visit_mut(recorder));
    }

    fn flatten(&mut self, module: &'a mut dyn StateDict) {
        self.line("flatten", "", "");
        module.visit_mut(self);
    }

    fn alias(&mut self, name: &str, target: &str) {
        self.line("alias", name, &format!(" = {target}"));
    }

    fn tied(&mut self, name: &str, target: Option<&str>) {
        self.line("tied", name, &target.map(|target| format!(" to {target}")).unwrap_or_default());
    }

    fn shared(&mut self, _: StorageId, visit: &mut dyn FnMut(&mut dyn VisitorMut<'a>)) {
        self.line("shared", "", "");
        visit(self);
    }

    fn locked(&mut self, visit: &mut dyn FnMut(&mut dyn for<'g> VisitorMut<'g>)) {
        visit(self);
    }

    fn unavailable(&mut self, reason: Unavailable) {
        self.line("unavailable", "", &format!("{reason:?}"));
    }
}
