#!/usr/bin/env python3
"""What the derive costs to compile, beside serde's: 100 structs of 10 fields.

Makes a crate for each of: no derive, `Debug + Clone`, serde's `Serialize + Deserialize`, ours; builds its
dependencies, then measures `cargo check`, `cargo build` and, after one field was renamed, an incremental build of
the crate alone, in turn. The time is the processor's in user mode, the best of some rounds; that without a derive is
subtracted. Counts the lines that each derive writes, as rustc prints them.

Then checks that cost grows as the source does: types in types, fields, structs.

    benches/compile_time/run.py [folder for the crates] [rounds]
"""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STRUCTS, FIELDS = 100, 10
COMMANDS = ("check", "build", "incremental")

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


def nested(depth):
    """A type in a type, as many times; and a list of lists."""
    chain = "Chain<L, " * depth + "L" + ">" * depth
    lists = "Vec<" * depth + "L" + ">" * depth
    return f"""
#[derive(StateDict)] pub struct L {{ #[param] pub w: f32 }}
#[derive(StateDict)] pub struct Chain<A, B> {{ pub a: A, pub b: B }}
#[derive(StateDict)] pub struct Net {{ pub chain: {chain}, pub lists: {lists} }}
"""


def fields(count):
    lines = "".join(f"#[param] pub f{field}: Vec<f32>,\n" for field in range(count))
    return f"#[derive(StateDict)] pub struct Net {{\n{lines}}}\n"


def structs(count):
    return "".join(f"#[derive(StateDict)] pub struct S{number} {{ #[param] pub w: f32 }}\n" for number in range(count))


# Each of one size and of twice that.
GROWTH = {"types in types": (nested, 60), "fields": (fields, 500), "structs": (structs, 500)}


def cargo(folder, *arguments, incremental=False):
    environment = {**os.environ, "CARGO_INCREMENTAL": str(int(incremental))}
    # Of its own: the dependencies are other ones then.
    environment["CARGO_TARGET_DIR"] = str(folder / ("target-incremental" if incremental else "target"))
    command = ["cargo", *arguments, "--quiet", "--manifest-path", folder / "Cargo.toml"]
    subprocess.run(command, check=True, env=environment)


def seconds(folder, command):
    """The processor's time for a build of the crate alone."""
    file = folder / "src/lib.rs"
    incremental = command == "incremental"
    if incremental:
        text = file.read_text()
        cargo(folder, "build", incremental=True)
        file.write_text(text.replace("pub f1:", "pub renamed:", 1))
    os.utime(file)
    start = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    cargo(folder, "build" if incremental else command, incremental=incremental)
    end = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    if incremental:
        file.write_text(text)
    return end - start


def crate(folder, dependency, text):
    (folder / "src").mkdir(parents=True, exist_ok=True)
    manifest = f'[package]\nname = "cost-{folder.name}"\nversion = "0.0.0"\nedition = "2024"\n'
    (folder / "Cargo.toml").write_text(manifest + f"[workspace]\n[dependencies]\n{dependency}\n")
    (folder / "src/lib.rs").write_text(text)


def expanded_lines(folder):
    """The lines of the crate once its macros are expanded, without the attributes that a user wrote."""
    environment = {**os.environ, "RUSTC_BOOTSTRAP": "1", "CARGO_TARGET_DIR": str(folder / "target")}
    command = ["cargo", "rustc", "--quiet", "--manifest-path", folder / "Cargo.toml", "--profile", "check"]
    command += ["--", "-Zunpretty=expanded"]
    output = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE)
    return sum(line.strip() not in (b"#[param]", b"#[buffer]") for line in output.stdout.splitlines())


def growth(folder, rounds):
    """How many times the time is of twice the source."""
    for name, (make, size) in GROWTH.items():
        best = []
        for count in (size, 2 * size):
            head = '#![allow(dead_code)]\n#![recursion_limit = "512"]\nuse statedict::StateDict;\n'
            crate(folder, OURS, head + make(count))
            cargo(folder, "check")
            best.append(min(seconds(folder, "check") for _ in range(rounds)))
        print(f"{2 * size} {name}: check {best[1]:.2f} s, {best[1] / best[0]:.1f} times that of {size}")


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    times, lines = {}, {}
    for variant, (dependency, derive) in VARIANTS.items():
        crate(folder / variant, dependency, source(variant, derive))
        for command in ("check", "build"):
            cargo(folder / variant, command)
        cargo(folder / variant, "build", incremental=True)
        lines[variant] = expanded_lines(folder / variant)
    for _ in range(rounds):
        for variant in VARIANTS:
            for command in COMMANDS:
                times.setdefault((variant, command), []).append(seconds(folder / variant, command))

    def more(variant, command):
        return min(times[variant, command]) - min(times["none", command])

    print(f"{STRUCTS} structs of {FIELDS} fields, for each struct more than without a derive")
    for variant in VARIANTS:
        if variant != "none":
            spent = "  ".join(f"{command} {1000 * more(variant, command) / STRUCTS:5.2f} ms" for command in COMMANDS)
            print(f"{variant:10} {spent}  {(lines[variant] - lines['none']) / STRUCTS:4.0f} lines")
    for command in COMMANDS:
        print(f"{command}: statedict/serde {more('statedict', command) / more('serde', command):.2f}")
    growth(folder / "growth", rounds)


if __name__ == "__main__":
    main()
