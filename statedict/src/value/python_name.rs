//! The names that Python 3 has for what pickles of protocol 0 to 2 call by their Python 2 names.

/// The ends of the names of Python 2's module `exceptions`.
const EXCEPTIONS: &[&str] = &["Error", "Exception", "Exit", "Interrupt", "Iteration", "Warning"];

/// Returns the module and name in Python 3, where CPython maps them when it reads the pickle.
pub(crate) fn modern<'n>(module: &'n str, name: &'n str) -> (&'n str, &'n str) {
    match (module, name) {
        ("__builtin__", "xrange") => ("builtins", "range"),
        ("__builtin__", "long") => ("builtins", "int"),
        ("__builtin__", "unicode") => ("builtins", "str"),
        ("__builtin__", name) => ("builtins", name),
        ("copy_reg", name) => ("copyreg", name),
        ("UserDict", "IterableUserDict" | "UserDict") => ("collections", "UserDict"),
        ("UserList", "UserList") => ("collections", "UserList"),
        ("UserString", "UserString") => ("collections", "UserString"),
        ("exceptions", name) if EXCEPTIONS.iter().any(|end| name.ends_with(end)) => {
            ("builtins", name)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_python_2_are_mapped_as_cpython_maps_them() {
        assert_eq!(modern("__builtin__", "long"), ("builtins", "int"));
        assert_eq!(modern("__builtin__", "list"), ("builtins", "list"));
        assert_eq!(modern("copy_reg", "_reconstructor"), ("copyreg", "_reconstructor"));
        assert_eq!(modern("exceptions", "ValueError"), ("builtins", "ValueError"));
        assert_eq!(modern("exceptions", "set"), ("exceptions", "set"));
        assert_eq!(modern("UserDict", "IterableUserDict"), ("collections", "UserDict"));
        assert_eq!(modern("mine", "long"), ("mine", "long"));
    }
}
