//! burn's recurrent layers as one layer of PyTorch's.
//!
//! burn has a pair of linear layers for each gate; PyTorch stacks the gates of all inputs into
//! `weight_ih_l0` and `bias_ih_l0`, those of all hidden states into `weight_hh_l0` and `bias_hh_l0`.

use burn::nn::{BiGru, BiLstm, BiRnn, GateController, Gru, Linear, Lstm, Rnn};

use super::linear::{weight, weight_mut};
use super::stacked::Stacked;
use crate::schema::SchemaBuilder;
use crate::traits::{StateDict, Tensor, TensorMut};
use crate::visit::{ModuleInfo, Visitor, VisitorMut};

/// A recurrent layer by its gates, in the order in which PyTorch stacks them.
trait Gated {
    fn gates(&self) -> Vec<&GateController>;
    fn gates_mut(&mut self) -> Vec<&mut GateController>;
}

impl Gated for Rnn {
    fn gates(&self) -> Vec<&GateController> {
        vec![&self.gate]
    }

    fn gates_mut(&mut self) -> Vec<&mut GateController> {
        vec![&mut self.gate]
    }
}

impl Gated for Gru {
    fn gates(&self) -> Vec<&GateController> {
        vec![&self.reset_gate, &self.update_gate, &self.new_gate]
    }

    fn gates_mut(&mut self) -> Vec<&mut GateController> {
        vec![&mut self.reset_gate, &mut self.update_gate, &mut self.new_gate]
    }
}

impl Gated for Lstm {
    fn gates(&self) -> Vec<&GateController> {
        let forget = self.forget_gate.iter();
        [&self.input_gate]
            .into_iter()
            .chain(forget)
            .chain([&self.cell_gate, &self.output_gate])
            .collect()
    }

    fn gates_mut(&mut self) -> Vec<&mut GateController> {
        let forget = self.forget_gate.iter_mut();
        [&mut self.input_gate]
            .into_iter()
            .chain(forget)
            .chain([&mut self.cell_gate, &mut self.output_gate])
            .collect()
    }
}

/// The two linear layers of a gate, by what they are applied to.
const SIDES: [(&str, fn(&GateController) -> &Linear, fn(&mut GateController) -> &mut Linear); 2] = [
    ("ih", |gate| &gate.input_transform, |gate| &mut gate.input_transform),
    ("hh", |gate| &gate.hidden_transform, |gate| &mut gate.hidden_transform),
];

/// Reports a layer's four tensors; `direction` is empty or `_reverse`.
fn visit_gates(layer: &impl Gated, visitor: &mut dyn Visitor<'_>, direction: &str) {
    // The stacks exist only while they are visited.
    visitor.locked(&mut |visitor| {
        for (side, linear, _) in SIDES {
            let weights = layer.gates().into_iter().map(|gate| weight(&linear(gate).weight));
            visitor.parameter(&format!("weight_{side}_l0{direction}"), &Stacked(weights.collect()));
        }
        for (side, linear, _) in SIDES {
            let biases = layer.gates().into_iter().filter_map(|gate| linear(gate).bias.as_ref());
            let biases: Vec<&dyn Tensor> = biases.map(|bias| bias as &dyn Tensor).collect();
            if !biases.is_empty() {
                visitor.parameter(&format!("bias_{side}_l0{direction}"), &Stacked(biases));
            }
        }
    });
}

/// The same for writing.
fn visit_gates_mut(layer: &mut impl Gated, visitor: &mut dyn VisitorMut<'_>, direction: &str) {
    visitor.locked(&mut |visitor| {
        for (side, _, linear) in SIDES {
            let gates = layer.gates_mut().into_iter();
            let weights = gates.map(|gate| weight_mut(&mut linear(gate).weight));
            let name = format!("weight_{side}_l0{direction}");
            visitor.parameter(&name, &mut Stacked(weights.collect()));
        }
        for (side, _, linear) in SIDES {
            let gates = layer.gates_mut().into_iter();
            let biases = gates.filter_map(|gate| linear(gate).bias.as_mut());
            let biases: Vec<&mut dyn TensorMut> =
                biases.map(|bias| bias as &mut dyn TensorMut).collect();
            if !biases.is_empty() {
                visitor.parameter(&format!("bias_{side}_l0{direction}"), &mut Stacked(biases));
            }
        }
    });
}

fn describe_gates(schema: &mut SchemaBuilder, direction: &str) {
    for (side, ..) in SIDES {
        schema.parameter(&format!("weight_{side}_l0{direction}"), false);
    }
    for (side, ..) in SIDES {
        schema.parameter(&format!("bias_{side}_l0{direction}"), true);
    }
}

macro_rules! recurrent {
    ($($(#[$doc:meta])* $layer:ident, $both:ident, $info:ident, $torch:literal;)*) => {$(
        const $info: ModuleInfo =
            ModuleInfo::new($torch).with_rust_type(concat!("burn::nn::", stringify!($layer)));

        #[doc = concat!("As `torch.nn.", $torch, "` of one layer.")]
        ///
        $(#[$doc])*
        impl StateDict for $layer {
            fn visit<'a>(&'a self, visitor: &mut dyn Visitor<'a>) {
                visitor.module($info);
                visit_gates(self, visitor, "");
            }

            fn visit_mut<'a>(&'a mut self, visitor: &mut dyn VisitorMut<'a>) {
                visitor.module($info);
                visit_gates_mut(self, visitor, "");
            }

            fn describe(schema: &mut SchemaBuilder) {
                schema.module($info);
                describe_gates(schema, "");
            }
        }

        #[doc = concat!("As `torch.nn.", $torch, "` of one layer with `bidirectional=True`.")]
        ///
        $(#[$doc])*
        impl StateDict for $both {
            fn visit<'a>(&'a self, visitor: &mut dyn Visitor<'a>) {
                visitor.module($info);
                visit_gates(&self.forward, visitor, "");
                visit_gates(&self.reverse, visitor, "_reverse");
            }

            fn visit_mut<'a>(&'a mut self, visitor: &mut dyn VisitorMut<'a>) {
                visitor.module($info);
                visit_gates_mut(&mut self.forward, visitor, "");
                visit_gates_mut(&mut self.reverse, visitor, "_reverse");
            }

            fn describe(schema: &mut SchemaBuilder) {
                schema.module($info);
                describe_gates(schema, "");
                describe_gates(schema, "_reverse");
            }
        }
    )*};
}

recurrent! {
    Rnn, BiRnn, RNN, "RNN";
    /// PyTorch's GRU computes what burn's does with `reset_after`, which is its default.
    Gru, BiGru, GRU, "GRU";
    /// A layer with `input_forget` has a gate less than PyTorch's, and other shapes.
    Lstm, BiLstm, LSTM, "LSTM";
}
