//! Writes down the calls that a model makes of its visitor, one line each.

use std::fmt::Write;

use statedict::leaf::{ByteSink, Tensor, TensorError, TensorMut};
use statedict::tensor::Shape;
use statedict::visit::{
    Access, ByMut, ByRef, Change, Content, FieldKind, ModuleInfo, Part, Visitor,
};
use statedict::{DType, StateDict, TensorView};

/// A leaf for models in tests; the number tells one from another.
#[derive(Clone)]
pub(crate) struct T(pub(crate) usize);

impl Tensor for T {
    fn dtype(&self) -> Result<DType, TensorError> {
        Ok(DType::F32)
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
    model.visit_fields(&mut read);
    let mut written = Recorder::default();
    model.visit_fields_mut(&mut written);
    assert_eq!(
        read.text, written.text,
        "`visit_fields` and `visit_fields_mut` make different calls"
    );
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

    fn record<A: Access>(
        &mut self,
        part: Part<'_, A>,
        unlock: impl FnOnce(&mut Self, A::Locked<'_>),
    ) where
        Self: Visitor<A>,
    {
        match part {
            Part::Module(info) => self.describe(info),
            Part::Field(field, content) => {
                let name = field.name();
                match (field.kind(), content) {
                    (FieldKind::Parameter, Content::Tensor(tensor)) => {
                        self.line("param", name, &format!(" {}", A::tensor(&tensor).shape()));
                    }
                    (FieldKind::Buffer { persistent }, Content::Tensor(tensor)) => {
                        let persistence = if persistent { "" } else { " (not persistent)" };
                        let rest = format!(" {}{persistence}", A::tensor(&tensor).shape());
                        self.line("buffer", name, &rest);
                    }
                    (FieldKind::Child(_), Content::Module(module)) => {
                        self.enter(name, |recorder| A::visit(module, recorder));
                    }
                    (FieldKind::Flattened(_), Content::Module(module)) => {
                        self.line("flatten", "", "");
                        A::visit(module, self);
                    }
                    (FieldKind::Alias(target), _) => {
                        self.line("alias", name, &format!(" = {target}"));
                    }
                    _ => {}
                }
                if let Some(target) = field.shares_with() {
                    let rest = target.map(|target| format!(" to {target}")).unwrap_or_default();
                    self.line("tied", name, &rest);
                }
            }
            Part::Shared(_, visit) => {
                self.line("shared", "", "");
                visit(self);
            }
            Part::Locked(visit) => unlock(self, visit),
            Part::Unavailable(reason) => self.line("unavailable", "", &format!("{reason:?}")),
            Part::Hook(_) | Part::ExtraState(_) => {}
            _ => unreachable!("a part of another kind"),
        }
    }

    fn describe(&mut self, info: &ModuleInfo) {
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

impl<'a> Visitor<ByRef<'a>> for Recorder {
    fn take(&mut self, part: Part<'_, ByRef<'a>>) {
        self.record(part, |recorder, visit| visit(recorder));
    }
}

impl<'a> Visitor<ByMut<'a>> for Recorder {
    fn take(&mut self, part: Part<'_, ByMut<'a>>) {
        self.record(part, |recorder, visit| visit(recorder));
    }
}
