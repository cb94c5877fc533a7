//! `statedict scaffold` for candle and burn prints what `tests/tests/adapters/scaffolded` holds, which the adapters' tests
//! compile and load.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The modules, and what they were printed from.
const FILES: [(&str, &str); 8] = [
    ("conv_batch_norm", "conv_batch_norm.pt"),
    ("gpt", "architectures/gpt.pt"),
    ("lstm", "architectures/lstm.pt"),
    ("norms", "architectures/norms.pt"),
    ("quickstart", "quickstart.v1.pt"),
    ("resnet50", "architectures/resnet50.pt"),
    ("transformer", "architectures/transformer.pt"),
    ("unet", "architectures/unet.pt"),
];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name)
}

/// Compares what is printed with what is compiled here; with STATEDICT_BLESS set, writes it.
#[track_caller]
fn compare(library: &str) {
    for (name, file) in FILES {
        let output = Command::new(env!("CARGO_BIN_EXE_statedict"))
            .args(["scaffold", "--for", library])
            .arg(fixture(file))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../tests/tests/adapters/scaffolded/{library}/{name}.rs"));
        if std::env::var_os("STATEDICT_BLESS").is_some() {
            std::fs::write(&path, &output.stdout).unwrap();
        }
        let committed = std::fs::read(&path).unwrap();
        assert!(committed == output.stdout, "{}: STATEDICT_BLESS=1 accepts it", path.display());
    }
}

#[test]
fn what_is_compiled_in_the_adapters_tests_is_what_is_printed() {
    compare("candle");
    compare("burn");
}
