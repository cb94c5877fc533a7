//! What the program prints, word for word: transcripts in `tests/transcripts`.
//!
//! To accept what it prints now: `TRYCMD=overwrite cargo test -p statedict-cli transcripts::`, and then
//! to read the difference as a user would.

#[test]
fn transcripts() {
    trycmd::TestCases::new()
        // What is set where the tests run changes nothing.
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .case("tests/transcripts/*.trycmd");
}
