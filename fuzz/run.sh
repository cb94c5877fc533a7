#!/bin/sh
# Fuzzes each target for some seconds (600 where none are given) with the address sanitizer, which needs nightly Rust
# and cargo-fuzz. Without nightly it says so and does nothing: `cargo test -p statedict-tests --test memory corpus`
# runs the targets over their corpora with the stable compiler.
set -eu
seconds=${1:-600}
cd "$(dirname "$0")"
if ! cargo +nightly --version >/dev/null 2>&1 || ! cargo fuzz --version >/dev/null 2>&1; then
    echo "fuzz/run.sh: needs nightly Rust and cargo-fuzz: rustup toolchain install nightly; cargo install cargo-fuzz" >&2
    exit 1
fi
for target in zip stream tar pickle amplify programs; do
    # 32 MiB and 16 times the largest input, the fuzzer's own memory, and what the sanitizer adds to each allocation.
    cargo +nightly fuzz run "$target" -- -max_total_time="$seconds" -max_len=1048576 -timeout=10 -rss_limit_mb=1024
done
