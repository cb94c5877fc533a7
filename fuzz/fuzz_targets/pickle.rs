#![no_main]

// Every input is a pickle: what is not would only be refused.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut pickle = b"\x80\x02".to_vec();
    pickle.extend(bytes);
    statedict_fuzz::read(&pickle);
    statedict_fuzz::scan(&pickle);
});
