//! The optimizers of `torch.optim`.

use std::fmt;

macro_rules! algorithms {
    ($($(#[doc = $doc:literal])* $name:ident = $class:literal [$($key:literal),+]),+ $(,)?) => {
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

            /// The names of what it keeps of a parameter, whatever its options are.
            pub(super) fn state_keys(self) -> &'static [&'static str] {
                match self {
                    $(Algorithm::$name => &[$($key),+],)+
                }
            }
        }
    };
}

algorithms! {
    Adadelta = "Adadelta" ["step", "square_avg", "acc_delta"],
    Adafactor = "Adafactor" ["step", "row_var", "col_var", "variance"],
    /// PyTorch makes its state (`step`, `sum`) when it is constructed.
    Adagrad = "Adagrad" ["step", "sum"],
    Adam = "Adam" ["step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"],
    AdamW = "AdamW" ["step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"],
    Adamax = "Adamax" ["step", "exp_avg", "exp_inf"],
    Asgd = "ASGD" ["step", "eta", "mu", "ax"],
    /// It keeps all its state with the first parameter.
    Lbfgs = "LBFGS" ["func_evals", "n_iter", "d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad", "prev_loss", "al"],
    Muon = "Muon" ["momentum_buffer"],
    NAdam = "NAdam" ["step", "mu_product", "exp_avg", "exp_avg_sq"],
    RAdam = "RAdam" ["step", "exp_avg", "exp_avg_sq"],
    RmsProp = "RMSprop" ["step", "square_avg", "momentum_buffer", "grad_avg"],
    Rprop = "Rprop" ["step", "prev", "step_size"],
    Sgd = "SGD" ["momentum_buffer"],
    SparseAdam = "SparseAdam" ["step", "exp_avg", "exp_avg_sq"],
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class_name())
    }
}
