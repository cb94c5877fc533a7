//! A test that another test runs as a process: to kill it, or for an environment of its own.

use std::any::type_name;
use std::process::Command;

/// Returns the command that runs this test of the same program alone, even if it is ignored otherwise.
///
/// # Panics
/// Where the system does not tell which program this is.
pub fn test_as_process<F: Fn()>(_test: F) -> Command {
    let path = type_name::<F>();
    let (_, name) = path.split_once("::").unwrap_or_else(|| panic!("{path} is in no crate"));
    let mut command = Command::new(std::env::current_exe().expect("the program has a path"));
    command.args(["--exact", name, "--include-ignored", "--nocapture"]);
    command
}
