//! Says whether the compiler is the one that `ui/rustc` was blessed with.

use std::process::Command;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(blessed_rustc)");
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output();
    if version.is_ok_and(|version| version.stdout.starts_with(b"rustc 1.95.")) {
        println!("cargo::rustc-cfg=blessed_rustc");
    }
}
