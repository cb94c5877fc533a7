//! Compile-fail cases, one kind of mistake to a file, and some that must compile.
//!
//! The texts that the derive writes are the same on every toolchain. Those that rustc writes
//! (`ui/rustc`) change with its release: they are blessed with, and compared on, 1.95 alone.
//! To bless: `TRYBUILD=overwrite cargo test -p statedict-ui-tests`.

#[test]
fn written_by_the_derive() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    for kind in [
        "syntax",
        "place",
        "value",
        "key",
        "alias",
        "version",
        "history",
        "role",
        "shape",
        "transparent",
        "enum",
    ] {
        cases.compile_fail(format!("ui/{kind}/*.rs"));
    }
}

#[test]
#[cfg_attr(not(blessed_rustc), ignore = "the texts are those of rustc 1.95")]
fn written_by_rustc() {
    trybuild::TestCases::new().compile_fail("ui/rustc/*.rs");
}
