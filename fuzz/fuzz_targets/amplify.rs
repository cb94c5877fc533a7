#![no_main]

use std::sync::LazyLock;

use statedict_fuzz::amplify::{self, Statement};

static STATEMENTS: LazyLock<Vec<Statement>> = LazyLock::new(amplify::statements);

// A few bytes stand for a file of up to 1 MiB.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let file = amplify::of_bytes(bytes, &STATEMENTS);
    statedict_fuzz::read(&file);
    statedict_fuzz::scan(&file);
});
