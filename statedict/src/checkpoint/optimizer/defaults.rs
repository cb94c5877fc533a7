//! The options that each optimizer of PyTorch has by default.

use super::algorithm::Algorithm;
use super::value::StateValue;
use crate::value::{Graph, Kind, ValueId};

/// The value of an option.
#[derive(Debug, Clone, Copy)]
pub(super) enum DefaultValue {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Tuple(&'static [DefaultValue]),
}

use DefaultValue::{Bool, Float, Int, None as Nothing, Tuple};

const BETAS: DefaultValue = Tuple(&[Float(0.9), Float(0.999)]);
const OFF: DefaultValue = Bool(false);

impl DefaultValue {
    pub(super) fn add_to(self, graph: &mut Graph<'_>) -> ValueId {
        match self {
            Nothing => graph.add(()),
            Bool(value) => graph.add(value),
            Int(value) => graph.add(value),
            Float(value) => graph.add(value),
            Tuple(items) => {
                let items: Vec<ValueId> = items.iter().map(|item| item.add_to(graph)).collect();
                graph.tuple(items)
            }
        }
    }

    /// Returns `true` if this is a tuple, and the value one with the same content.
    pub(super) fn is_tuple_like(self, value: StateValue<'_, '_>) -> bool {
        let Tuple(items) = self else { return false };
        let found = match value.kind() {
            Kind::Tuple(_) => value.items(),
            _ => None,
        };
        found.is_some_and(|found| {
            found.len() == items.len()
                && found.zip(items).all(|(found, item)| item.is_leaf_like(found))
        })
    }

    fn is_leaf_like(self, value: StateValue<'_, '_>) -> bool {
        match (self, value.kind()) {
            (Nothing, Kind::None) => true,
            (Bool(a), Kind::Bool(b)) => a == b,
            (Int(a), Kind::Int(b)) => b.as_i64() == Some(a),
            (Float(a), Kind::Float(b)) => a.to_bits() == b.to_bits(),
            _ => false,
        }
    }
}

macro_rules! defaults {
    ($($algorithm:ident { $($option:ident: $value:expr),+ })+) => {
        impl Algorithm {
            /// The options of a new group, as PyTorch 2.15 has them, in its order.
            pub(super) fn defaults(self) -> &'static [(&'static str, DefaultValue)] {
                match self {
                    $(Algorithm::$algorithm => &[$((stringify!($option), $value)),+],)+
                }
            }
        }
    };
}

defaults! {
    Adadelta {
        lr: Float(1.0), rho: Float(0.9), eps: Float(1e-06), weight_decay: Int(0), maximize: OFF,
        capturable: OFF, foreach: Nothing, differentiable: OFF
    }
    Adafactor {
        lr: Float(0.01), beta2_decay: Float(-0.8), eps: Tuple(&[Nothing, Float(0.001)]),
        d: Float(1.0), weight_decay: Float(0.0), foreach: Nothing, maximize: OFF
    }
    Adagrad {
        lr: Float(0.01), lr_decay: Int(0), eps: Float(1e-10), weight_decay: Int(0),
        initial_accumulator_value: Int(0), foreach: Nothing, maximize: OFF, differentiable: OFF,
        fused: Nothing
    }
    Adam {
        lr: Float(0.001), betas: BETAS, eps: Float(1e-08), weight_decay: Int(0), amsgrad: OFF,
        maximize: OFF, foreach: Nothing, capturable: OFF, differentiable: OFF, fused: Nothing,
        decoupled_weight_decay: OFF
    }
    AdamW {
        lr: Float(0.001), betas: BETAS, eps: Float(1e-08), weight_decay: Float(0.01),
        amsgrad: OFF, maximize: OFF, foreach: Nothing, capturable: OFF, differentiable: OFF,
        fused: Nothing, decoupled_weight_decay: Bool(true)
    }
    Adamax {
        lr: Float(0.002), betas: BETAS, eps: Float(1e-08), weight_decay: Int(0), foreach: Nothing,
        maximize: OFF, differentiable: OFF, capturable: OFF
    }
    Asgd {
        lr: Float(0.01), lambd: Float(0.0001), alpha: Float(0.75), t0: Float(1000000.0),
        weight_decay: Int(0), foreach: Nothing, maximize: OFF, differentiable: OFF,
        capturable: OFF
    }
    Lbfgs {
        lr: Int(1), max_iter: Int(20), max_eval: Int(25), tolerance_grad: Float(1e-07),
        tolerance_change: Float(1e-09), history_size: Int(100), line_search_fn: Nothing,
        maximize: OFF
    }
    Muon {
        lr: Float(0.001), weight_decay: Float(0.1), momentum: Float(0.95), nesterov: Bool(true),
        ns_coefficients: Tuple(&[Float(3.4445), Float(-4.775), Float(2.0315)]), eps: Float(1e-07),
        ns_steps: Int(5), adjust_lr_fn: Nothing
    }
    NAdam {
        lr: Float(0.002), betas: BETAS, eps: Float(1e-08), weight_decay: Int(0),
        momentum_decay: Float(0.004), decoupled_weight_decay: OFF, maximize: OFF,
        foreach: Nothing, capturable: OFF, differentiable: OFF
    }
    RAdam {
        lr: Float(0.001), betas: BETAS, eps: Float(1e-08), weight_decay: Int(0), maximize: OFF,
        foreach: Nothing, capturable: OFF, decoupled_weight_decay: OFF, differentiable: OFF
    }
    RmsProp {
        lr: Float(0.01), momentum: Int(0), alpha: Float(0.99), eps: Float(1e-08), centered: OFF,
        weight_decay: Int(0), capturable: OFF, foreach: Nothing, maximize: OFF,
        differentiable: OFF
    }
    Rprop {
        lr: Float(0.01), etas: Tuple(&[Float(0.5), Float(1.2)]),
        step_sizes: Tuple(&[Float(1e-06), Int(50)]), foreach: Nothing, maximize: OFF,
        differentiable: OFF, capturable: OFF
    }
    Sgd {
        lr: Float(0.001), momentum: Int(0), dampening: Int(0), weight_decay: Int(0),
        nesterov: OFF, maximize: OFF, foreach: Nothing, differentiable: OFF, fused: Nothing
    }
    SparseAdam {
        lr: Float(0.001), betas: BETAS, eps: Float(1e-08), maximize: OFF
    }
}
