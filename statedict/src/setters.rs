//! The methods by which options are set, one after another.

/// Writes methods that set one option each and return all of them: `name(argument: Type) => field = value;`.
macro_rules! setters {
    ($($(#[$meta:meta])* $name:ident($value:ident: $type:ty) => $field:ident = $set:expr;)*) => {$(
        $(#[$meta])*
        #[must_use]
        pub fn $name(mut self, $value: $type) -> Self {
            self.$field = $set;
            self
        }
    )*};
}

pub(crate) use setters;
