//! The optimizers of `torch.optim`.

use std::fmt;

macro_rules! algorithms {
    ($($(#[doc = $doc:literal])* $name:ident = $class:literal),+ $(,)?) => {
        /// An optimizer of `torch.optim`, for the options that a new group of it has.
        ///
        /// A state dict does not say which optimizer wrote it, and any other optimizer's is read as well.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Algorithm {
            $(
                #[doc = concat!("`torch.optim.", $class, "`.", $($doc),*)]
                $name,
            )+
        }

        impl Algorithm {
            /// All of them, by name.
            pub const ALL: &'static [Algorithm] = &[$(Algorithm::$name),+];

            /// Returns the name of its class in `torch.optim`.
            pub fn class_name(self) -> &'static str {
                match self {
                    $(Algorithm::$name => $class,)+
                }
            }
        }
    };
}

algorithms! {
    Adadelta = "Adadelta",
    Adafactor = "Adafactor",
    /// PyTorch makes its state (`step`, `sum`) when it is constructed.
    Adagrad = "Adagrad",
    Adam = "Adam",
    AdamW = "AdamW",
    Adamax = "Adamax",
    Asgd = "ASGD",
    /// It keeps all its state with the first parameter.
    Lbfgs = "LBFGS",
    Muon = "Muon",
    NAdam = "NAdam",
    RAdam = "RAdam",
    RmsProp = "RMSprop",
    Rprop = "Rprop",
    Sgd = "SGD",
    SparseAdam = "SparseAdam",
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class_name())
    }
}
