//! The optimizers of `torch.optim`.

use std::fmt;

/// An optimizer of `torch.optim`, for the options that a new group of it has.
///
/// A state dict does not say which optimizer wrote it, and any other optimizer's is read as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// `torch.optim.Adadelta`.
    Adadelta,
    /// `torch.optim.Adafactor`.
    Adafactor,
    /// `torch.optim.Adagrad`. PyTorch makes its state (`step`, `sum`) when it is constructed.
    Adagrad,
    /// `torch.optim.Adam`.
    Adam,
    /// `torch.optim.AdamW`.
    AdamW,
    /// `torch.optim.Adamax`.
    Adamax,
    /// `torch.optim.ASGD`.
    Asgd,
    /// `torch.optim.LBFGS`, which keeps all its state with the first parameter.
    Lbfgs,
    /// `torch.optim.Muon`.
    Muon,
    /// `torch.optim.NAdam`.
    NAdam,
    /// `torch.optim.RAdam`.
    RAdam,
    /// `torch.optim.RMSprop`.
    RmsProp,
    /// `torch.optim.Rprop`.
    Rprop,
    /// `torch.optim.SGD`.
    Sgd,
    /// `torch.optim.SparseAdam`.
    SparseAdam,
}

impl Algorithm {
    /// All of them, by name.
    pub const ALL: &'static [Algorithm] = &[
        Algorithm::Adadelta,
        Algorithm::Adafactor,
        Algorithm::Adagrad,
        Algorithm::Adam,
        Algorithm::AdamW,
        Algorithm::Adamax,
        Algorithm::Asgd,
        Algorithm::Lbfgs,
        Algorithm::Muon,
        Algorithm::NAdam,
        Algorithm::RAdam,
        Algorithm::RmsProp,
        Algorithm::Rprop,
        Algorithm::Sgd,
        Algorithm::SparseAdam,
    ];

    /// The name of its class in `torch.optim`.
    pub fn class_name(self) -> &'static str {
        match self {
            Algorithm::Adadelta => "Adadelta",
            Algorithm::Adafactor => "Adafactor",
            Algorithm::Adagrad => "Adagrad",
            Algorithm::Adam => "Adam",
            Algorithm::AdamW => "AdamW",
            Algorithm::Adamax => "Adamax",
            Algorithm::Asgd => "ASGD",
            Algorithm::Lbfgs => "LBFGS",
            Algorithm::Muon => "Muon",
            Algorithm::NAdam => "NAdam",
            Algorithm::RAdam => "RAdam",
            Algorithm::RmsProp => "RMSprop",
            Algorithm::Rprop => "Rprop",
            Algorithm::Sgd => "SGD",
            Algorithm::SparseAdam => "SparseAdam",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class_name())
    }
}
