//! What naming a class or function in a pickle means for who would load it.

use std::fmt;

use crate::codec::pickle::globals::meaning;
use crate::value::modern;

/// The meaning of a class or function that a pickle names, for someone who would load it with Python.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// On the list of what checkpoints may name: reading gives it a meaning without running anything.
    Known,
    /// Not on the list: reading refuses it or keeps it inert; Python would import it.
    Unknown,
    /// The name is put together while the pickle is loaded, so that nobody reads it before.
    Hidden,
    /// It runs commands or code, or opens files and connections: no checkpoint has a use for it.
    Dangerous,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Known => "known",
            Verdict::Unknown => "unknown",
            Verdict::Hidden => "hidden",
            Verdict::Dangerous => "dangerous",
        })
    }
}

/// Modules of which nothing belongs into a checkpoint.
const MODULES: &[&str] = &[
    "_aix_support",
    "_io",
    "_osx_support",
    "_pickle",
    "_posixsubprocess",
    "_pyrepl",
    "_thread",
    "aiohttp",
    "asyncio",
    "bdb",
    "cProfile",
    "cffi",
    "cloudpickle",
    "code",
    "codeop",
    "commands",
    "ctypes",
    "dill",
    "ensurepip",
    "ftplib",
    "http",
    "httplib",
    "httpx",
    "idlelib",
    "imaplib",
    "imp",
    "importlib",
    "io",
    "joblib",
    "linecache",
    "marshal",
    "multiprocessing",
    "nt",
    "os",
    "pdb",
    "pickle",
    "pip",
    "pkgutil",
    "poplib",
    "popen2",
    "posix",
    "profile",
    "pty",
    "pydoc",
    "requests",
    "runpy",
    "shelve",
    "shutil",
    "signal",
    "site",
    "smtplib",
    "socket",
    "socketserver",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "test",
    "threading",
    "timeit",
    "trace",
    "urllib",
    "urllib2",
    "urllib3",
    "venv",
    "webbrowser",
    "xmlrpc",
    "zipimport",
];

/// Functions that run what they are given, or fetch what does.
const FUNCTIONS: &[(&str, &str)] = &[
    ("builtins", "__import__"),
    ("builtins", "breakpoint"),
    ("builtins", "compile"),
    ("builtins", "delattr"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "execfile"),
    ("builtins", "getattr"),
    ("builtins", "globals"),
    ("builtins", "input"),
    ("builtins", "locals"),
    ("builtins", "open"),
    ("builtins", "setattr"),
    ("builtins", "vars"),
    ("functools", "partial"),
    ("functools", "reduce"),
    ("operator", "attrgetter"),
    ("operator", "itemgetter"),
    ("operator", "methodcaller"),
    ("torch", "load"),
    ("types", "CodeType"),
    ("types", "FunctionType"),
];

/// The beginnings of modules that load and run code.
const BEGINNINGS: &[&str] = &[
    "numpy.testing",
    "torch.hub",
    "torch.package",
    "torch.utils.cpp_extension",
    "torch._inductor",
];

/// Returns `true` if a module is one of those that TorchScript writes: its own, and that of the code beside the pickle.
pub(super) fn is_of_program(module: &[u8]) -> bool {
    let rest = module.strip_prefix(b"__torch__");
    rest.is_some_and(|rest| matches!(rest, [] | [b'.', ..])) || module == b"torch.jit._pickle"
}

/// Returns the meaning of naming it.
pub(super) fn verdict(module: &str, name: &str) -> Verdict {
    if meaning(module, name).is_some() || is_of_program(module.as_bytes()) {
        return Verdict::Known;
    }
    let (module, name) = modern(module, name);
    let top = module.split('.').next().unwrap_or(module);
    // From protocol 4 on, a name may be a path of attributes.
    let is_dangerous = MODULES.contains(&top)
        || name.split('.').any(|part| FUNCTIONS.contains(&(module, part)))
        || BEGINNINGS.iter().any(|&beginning| {
            let rest = module.strip_prefix(beginning);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
    if is_dangerous { Verdict::Dangerous } else { Verdict::Unknown }
}

/// Modules whose functions run commands, code or libraries: where a pickle names one, it is an attack.
const RUNNERS: &[&str] = &[
    "_posixsubprocess",
    "cffi",
    "code",
    "codeop",
    "commands",
    "ctypes",
    "imp",
    "importlib",
    "nt",
    "os",
    "pdb",
    "pip",
    "popen2",
    "posix",
    "pty",
    "runpy",
    "subprocess",
    "webbrowser",
];
const RUNNING: &[&str] =
    &["__import__", "breakpoint", "compile", "eval", "exec", "execfile", "input", "open"];

/// Returns `true` if calling it runs commands or code. What is merely of no use in a checkpoint, such as the
/// `getattr` with which Python pickles members of enumerations, is inert like any other.
pub(super) fn runs_code(module: &str, name: &str) -> bool {
    let (module, name) = modern(module, name);
    RUNNERS.contains(&module.split('.').next().unwrap_or(module))
        || (module == "builtins" && name.split('.').any(|part| RUNNING.contains(&part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_code_is_dangerous() {
        for module in RUNNERS {
            assert_eq!(verdict(module, "f"), Verdict::Dangerous);
            assert!(runs_code(module, "f"));
        }
        for name in RUNNING {
            assert_eq!(verdict("__builtin__", name), Verdict::Dangerous);
            assert!(runs_code("__builtin__", name));
        }
        assert!(runs_code("os.path", "join") && !runs_code("pathlib", "PosixPath"));
        assert!(!runs_code("builtins", "getattr") && !runs_code("functools", "partial"));
    }

    #[test]
    fn names_are_judged_as_python_would_find_them() {
        assert_eq!(verdict("collections", "OrderedDict"), Verdict::Known);
        assert_eq!(verdict("__builtin__", "set"), Verdict::Known);
        assert_eq!(verdict("argparse", "Namespace"), Verdict::Unknown);
        assert_eq!(verdict("posix", "system"), Verdict::Dangerous);
        assert_eq!(verdict("os.path", "join"), Verdict::Dangerous);
        assert_eq!(verdict("__builtin__", "eval"), Verdict::Dangerous);
        assert_eq!(verdict("builtins", "eval.__call__"), Verdict::Dangerous);
        assert_eq!(verdict("torch.hub", "load"), Verdict::Dangerous);
        assert_eq!(verdict("torch.hubs", "load"), Verdict::Unknown);
    }
}
