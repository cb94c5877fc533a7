#!/usr/bin/env python3
"""What the derive costs to compile, beside serde's: 100 structs of 10 fields.

Makes a crate for each of: no derive, `Debug + Clone`, serde's `Serialize + Deserialize`, ours; builds its
dependencies, then times `cargo check` and `cargo build` of the crate alone, in turn, best of five. The
time without a derive is subtracted. Counts the lines that each derive writes, as rustc prints them.

    benches/compile_time/run.py [folder for the crates]
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STRUCTS, FIELDS, ROUNDS = 100, 10, 5
COMMANDS = ("check", "build")

SERDE = 'serde = { version = "1", features = ["derive"] }'
OURS = f'statedict = {{ path = "{ROOT / "statedict"}" }}'
VARIANTS = {
    "none": ("", ""),
    "std": ("", "#[derive(Debug, Clone)]"),
    "serde": (SERDE, "#[derive(serde::Serialize, serde::Deserialize)]"),
    "statedict": (OURS, "#[derive(statedict::StateDict)]"),
}


def source(variant, derive):
    """Every third field is a child, the others are parameters and buffers."""
    lines = ["#![allow(dead_code)]"]
    for number in range(STRUCTS):
        lines += [derive, f"pub struct S{number} {{"]
        for field in range(FIELDS):
            child = number > 0 and field % 3 == 2
            if variant == "statedict" and not child:
                lines.append("    #[param]" if field % 2 else "    #[buffer]")
            kind = f"S{number - 1}" if child and field == 2 else "Vec<f32>"
            if child and field != 2:
                kind = f"Option<Box<S{number - 1}>>"
            lines.append(f"    pub f{field}: {kind},")
        lines.append("}")
    return "\n".join(lines) + "\n"


def cargo(folder, *arguments):
    environment = {**os.environ, "CARGO_INCREMENTAL": "0", "CARGO_TARGET_DIR": str(folder / "target")}
    command = ["cargo", *arguments, "--quiet", "--manifest-path", folder / "Cargo.toml"]
    subprocess.run(command, check=True, env=environment)


def seconds(folder, command):
    """A build of the crate alone."""
    os.utime(folder / "src/lib.rs")
    start = time.monotonic()
    cargo(folder, command)
    return time.monotonic() - start


def expanded_lines(folder):
    """The lines of the crate once its macros are expanded."""
    environment = {**os.environ, "RUSTC_BOOTSTRAP": "1", "CARGO_TARGET_DIR": str(folder / "target")}
    command = ["cargo", "rustc", "--quiet", "--manifest-path", folder / "Cargo.toml", "--profile", "check"]
    command += ["--", "-Zunpretty=expanded"]
    output = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE)
    return output.stdout.count(b"\n")


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    times, lines = {}, {}
    for variant, (dependency, derive) in VARIANTS.items():
        crate = folder / variant
        (crate / "src").mkdir(parents=True, exist_ok=True)
        manifest = f'[package]\nname = "cost-{variant}"\nversion = "0.0.0"\nedition = "2024"\n'
        manifest += f"[workspace]\n[dependencies]\n{dependency}\n"
        (crate / "Cargo.toml").write_text(manifest)
        (crate / "src/lib.rs").write_text(source(variant, derive))
        for command in COMMANDS:
            cargo(crate, command)
        lines[variant] = expanded_lines(crate)
    for _ in range(ROUNDS):
        for variant in VARIANTS:
            for command in COMMANDS:
                times.setdefault((variant, command), []).append(seconds(folder / variant, command))

    def more(variant, command):
        return min(times[variant, command]) - min(times["none", command])

    print(f"{STRUCTS} structs of {FIELDS} fields, for each struct more than without a derive")
    for variant in VARIANTS:
        if variant != "none":
            check, build = (1000 * more(variant, command) / STRUCTS for command in COMMANDS)
            written = (lines[variant] - lines["none"]) / STRUCTS
            print(f"{variant:10} check {check:5.2f} ms  build {build:5.2f} ms  {written:4.0f} lines")
    for command in COMMANDS:
        print(f"{command}: statedict/serde {more('statedict', command) / more('serde', command):.2f}")


if __name__ == "__main__":
    main()
