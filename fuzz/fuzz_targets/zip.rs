#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    statedict_fuzz::read(bytes);
    statedict_fuzz::scan(bytes);
});
