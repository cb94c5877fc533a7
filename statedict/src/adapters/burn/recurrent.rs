//! burn's recurrent layers as one layer of PyTorch's.
//!
//! burn has a pair of linear layers for each gate; PyTorch stacks the gates of all inputs into
//! `weight_ih_l0` and `bias_ih_l0`, those of all hidden states into `weight_hh_l0` and `bias_hh_l0`.

use burn::nn::{BiGru, BiLstm, BiRnn, GateController, Gru, Linear, Lstm, Rnn};

use super::linear::{weight, weight_mut};
use super::stacked::Stacked;
use crate::leaf::{Tensor, TensorMut};
use crate::visit::{
    ByMut, ByRef, Content, Description, Field, FieldTable, ModuleInfo, StateDict, Visitor,
};

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

/// One of the two linear layers of a gate.
struct Side {
    linear: fn(&GateController) -> &Linear,
    linear_mut: fn(&mut GateController) -> &mut Linear,
}

/// They are applied to the input and to the hidden state.
const SIDES: [Side; 2] = [
    Side { linear: |gate| &gate.input_transform, linear_mut: |gate| &mut gate.input_transform },
    Side { linear: |gate| &gate.hidden_transform, linear_mut: |gate| &mut gate.hidden_transform },
];

/// The tensors of one direction: the weights of both sides, then their biases.
const FORWARD: [Field<'_>; 4] = [
    Field::parameter("weight_ih_l0"),
    Field::parameter("weight_hh_l0"),
    Field::parameter("bias_ih_l0").optional(),
    Field::parameter("bias_hh_l0").optional(),
];
const REVERSE: [Field<'_>; 4] = [
    Field::parameter("weight_ih_l0_reverse"),
    Field::parameter("weight_hh_l0_reverse"),
    Field::parameter("bias_ih_l0_reverse").optional(),
    Field::parameter("bias_hh_l0_reverse").optional(),
];

/// Lists a layer's four tensors.
fn visit_gates(layer: &impl Gated, visitor: &mut dyn Visitor<ByRef<'_>>, fields: &[Field<'_>; 4]) {
    let (weights, biases) = fields.split_at(2);
    // The stacks exist only while they are visited.
    visitor.temporary(&mut |visitor| {
        for (field, Side { linear, .. }) in weights.iter().zip(SIDES) {
            let weights = layer.gates().into_iter().map(|gate| weight(&linear(gate).weight));
            visitor.field(field, Content::tensor(&Stacked(weights.collect())));
        }
        for (field, Side { linear, .. }) in biases.iter().zip(SIDES) {
            let biases = layer.gates().into_iter().filter_map(|gate| linear(gate).bias.as_ref());
            let biases: Vec<&dyn Tensor> = biases.map(|bias| bias as &dyn Tensor).collect();
            if !biases.is_empty() {
                visitor.field(field, Content::tensor(&Stacked(biases)));
            }
        }
    });
}

/// The same for writing.
fn visit_gates_mut(
    layer: &mut impl Gated,
    visitor: &mut dyn Visitor<ByMut<'_>>,
    fields: &[Field<'_>; 4],
) {
    let (weights, biases) = fields.split_at(2);
    visitor.temporary(&mut |visitor| {
        for (field, Side { linear_mut: linear, .. }) in weights.iter().zip(SIDES) {
            let gates = layer.gates_mut().into_iter();
            let weights = gates.map(|gate| weight_mut(&mut linear(gate).weight));
            visitor.field(field, Content::tensor_mut(&mut Stacked(weights.collect())));
        }
        for (field, Side { linear_mut: linear, .. }) in biases.iter().zip(SIDES) {
            let gates = layer.gates_mut().into_iter();
            let biases = gates.filter_map(|gate| linear(gate).bias.as_mut());
            let biases: Vec<&mut dyn TensorMut> =
                biases.map(|bias| bias as &mut dyn TensorMut).collect();
            if !biases.is_empty() {
                visitor.field(field, Content::tensor_mut(&mut Stacked(biases)));
            }
        }
    });
}

/// Both directions, one after the other.
const BOTH: [Field<'_>; 8] = {
    let ([a, b, c, d], [e, f, g, h]) = (FORWARD, REVERSE);
    [a, b, c, d, e, f, g, h]
};

macro_rules! recurrent {
    ($($(#[$doc:meta])* $layer:ident, $both:ident, $info:ident, $torch:literal;)*) => {$(
        const $info: ModuleInfo =
            ModuleInfo::new($torch).with_rust_type(concat!("burn::nn::", stringify!($layer)));

        #[doc = concat!("As `torch.nn.", $torch, "` of one layer.")]
        ///
        $(#[$doc])*
        impl StateDict for $layer {
            fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
                visitor.begin(&$info);
                visit_gates(self, visitor, &FORWARD);
            }

            fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
                visitor.begin(&$info);
                visit_gates_mut(self, visitor, &FORWARD);
            }

            fn describe() -> Description {
                Description::Module(&FieldTable { info: $info, fields: &FORWARD })
            }
        }

        #[doc = concat!("As `torch.nn.", $torch, "` of one layer with `bidirectional=True`.")]
        ///
        $(#[$doc])*
        impl StateDict for $both {
            fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
                visitor.begin(&$info);
                visit_gates(&self.forward, visitor, &FORWARD);
                visit_gates(&self.reverse, visitor, &REVERSE);
            }

            fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
                visitor.begin(&$info);
                visit_gates_mut(&mut self.forward, visitor, &FORWARD);
                visit_gates_mut(&mut self.reverse, visitor, &REVERSE);
            }

            fn describe() -> Description {
                Description::Module(&FieldTable { info: $info, fields: &BOTH })
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
