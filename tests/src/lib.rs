//! Tests that need files or several crates; each is a target of its own in `tests/`.
