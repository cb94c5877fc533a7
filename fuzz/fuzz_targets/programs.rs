#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let file = statedict_fuzz::programs::of_bytes(bytes);
    statedict_fuzz::read(&file);
    statedict_fuzz::scan(&file);
});
