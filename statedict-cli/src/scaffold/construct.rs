//! How the structs are made, as Rust.

use std::fmt::Write as _;

use super::print::{LINE, Program};
use super::shape::Sort;
use super::structure::What;

impl Program<'_> {
    pub(super) fn constructor(&self, number: usize, text: &mut String) {
        let found = &self.structure.structs[number];
        let constructor = &self.shapes.constructors[number];
        let name = &self.names.structs[number];
        let mut parameters: Vec<String> = constructor
            .parameters
            .iter()
            .map(|parameter| {
                let what = match &parameter.what {
                    Sort::Size => "usize".to_owned(),
                    Sort::Flag => "bool".to_owned(),
                    Sort::DType(leaf) if leaf.rust == "Tensor" => "candle_core::DType".to_owned(),
                    Sort::DType(_) => "DType".to_owned(),
                    Sort::Value(found) => self.expressions().rust_type(found),
                };
                format!("{}: {what}", parameter.name)
            })
            .collect();
        let values: Vec<String> =
            (0..found.fields.len()).map(|index| self.field_value(number, index)).collect();
        if self.target.has_device() {
            let used = values.iter().any(|value| value.contains("device"));
            parameters.push(format!("{}: &Device", if used { "device" } else { "_device" }));
        }
        let result = if self.target.is_fallible() { "Result<Self>" } else { "Self" };
        let _ = writeln!(text, "impl {name} {{\n    /// Zeros, in the file's shapes.");
        if parameters.len() > 7 {
            text.push_str("    #[allow(clippy::too_many_arguments)]\n");
        }
        let signature = format!("    pub fn new({}) -> {result} {{", parameters.join(", "));
        if signature.chars().count() <= LINE {
            let _ = writeln!(text, "{signature}");
        } else {
            text.push_str("    pub fn new(\n");
            for parameter in &parameters {
                let _ = writeln!(text, "        {parameter},");
            }
            let _ = writeln!(text, "    ) -> {result} {{");
        }
        let (before, after) = if self.target.is_fallible() { ("Ok(", ")") } else { ("", "") };
        if found.is_unit() {
            let _ = writeln!(text, "        {before}{name}{after}");
            text.push_str("    }\n}\n");
            return;
        }
        let _ = writeln!(text, "        {before}{name} {{");
        for (ident, value) in self.names.fields[number].iter().zip(&values) {
            let _ = match value == ident {
                true => writeln!(text, "            {ident},"),
                false => writeln!(text, "            {ident}: {value},"),
            };
        }
        if found.extra_state {
            let ident = self.extra_ident(number);
            let _ = writeln!(text, "            {ident}: None,");
        }
        let _ = writeln!(text, "        }}{after}");
        text.push_str("    }\n}\n");
        if parameters.is_empty() && !self.target.is_fallible() {
            let _ = writeln!(
                text,
                "\nimpl Default for {name} {{\n    fn default() -> Self {{\n        \
                 {name}::new()\n    }}\n}}"
            );
        }
    }

    /// The expression for a field.
    fn field_value(&self, number: usize, index: usize) -> String {
        let field = &self.structure.structs[number].fields[index];
        let cells = &self.shapes.constructors[number].cells[index];
        match &field.what {
            What::Leaf { leaf, .. } => self.expressions().leaf(leaf, field.optional, cells),
            What::Child(found) => self.expressions().child(found, field.optional, cells),
            What::Same(_) | What::Path(..) => "Alias::new()".to_owned(),
        }
    }

    /// What a struct with extra state needs: it keeps the value as it is in the file.
    pub(super) fn extra_state(&self, number: usize, text: &mut String) {
        let (name, ident) = (&self.names.structs[number], self.extra_ident(number));
        let _ = write!(
            text,
            "impl ExtraState for {name} {{\n    fn get_extra_state(&self) -> Graph<'_> {{\n        \
             self.{ident}.as_ref().map_or_else(|| Graph::of(()), SharedValue::to_graph)\n    }}\n\n    \
             fn set_extra_state(&mut self, value: Value<'_>) -> \
             std::result::Result<(), ExtraStateError> {{\n        \
             self.{ident} = Some(SharedValue::of(value)?);\n        Ok(())\n    }}\n}}\n"
        );
    }
}
