#!/usr/bin/env python3
"""Takes out each counter of work and memory, one at a time, and tells which families of the amplification search fail.

In a copy of the tree, so that nothing in the library is there for it: each place that counts gets a number, and the
environment tells which of them count nothing. The copy is compiled once and the search runs once for each counter:
`tests/scripts/without_counters.py [FOLDER [NUMBER...]]`, by default in a temporary folder, and of all of them. Two numbers
with a comma between are taken out together. A counter whose search passes is printed as `SURVIVED`, and the script fails,
unless SPARE says why."""

import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
PLACES = ["statedict/src/codec/pickle", "statedict/src/codec/read", "statedict/src/value", "statedict/src/contents"]
# What counts, and the types that are inferred where it is called.
CALL = re.compile(r"(?:self\.(work|work_on|work_on_value|copy_bytes)|memory\s*\.(take|push|reserve))\(")
MANIFEST = """[package]
name = "search"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
flate2 = "1.1"
statedict = { path = "../statedict", default-features = false }

[[test]]
name = "memory"
path = "tests/memory/main.rs"

[profile.release]
debug-assertions = true
debug = false
"""
OFF = """
/// Whether the counter of that number counts nothing.
pub(crate) fn is_off(site: u32) -> bool {
    static OFF: std::sync::LazyLock<Vec<u32>> = std::sync::LazyLock::new(|| {
        let sites = std::env::var("WITHOUT_COUNTER").unwrap_or_default();
        sites.split(',').filter_map(|site| site.parse().ok()).collect()
    });
    OFF.contains(&site)
}
"""
MACHINE = """
#[allow(dead_code)]
impl<R: StorageResolver> Machine<'_, R> {
    pub(super) fn work_at<const N: u32>(&mut self, count: usize) -> Result<(), Fault> {
        if crate::value::is_off(N) { Ok(()) } else { self.work(count) }
    }
    pub(super) fn work_on_at<const N: u32>(&mut self, texts: &[Text]) -> Result<(), Fault> {
        if crate::value::is_off(N) { Ok(()) } else { self.work_on(texts) }
    }
    pub(super) fn work_on_value_at<const N: u32>(&mut self, value: Raw) -> Result<(), Fault> {
        if crate::value::is_off(N) { Ok(()) } else { self.work_on_value(value) }
    }
    pub(super) fn copy_bytes_at<const N: u32>(&mut self, bytes: &[u8]) -> Result<Text, Fault> {
        if crate::value::is_off(N) { Ok(self.graph.add_bytes(bytes)?) } else { self.copy_bytes(bytes) }
    }
}
"""
MEMORY = """
#[allow(dead_code)]
impl Memory {
    pub(crate) fn take_at<const N: u32>(&mut self, bytes: usize) -> Result<(), Full> {
        if crate::value::is_off(N) { Ok(()) } else { self.take(bytes) }
    }
    pub(crate) fn reserve_at<const N: u32, T>(&mut self, table: &mut Vec<T>, more: usize) -> Result<(), Full> {
        if crate::value::is_off(N) { table.reserve(more); Ok(()) } else { self.reserve(table, more) }
    }
    pub(crate) fn push_at<const N: u32, T>(&mut self, table: &mut Vec<T>, element: T) -> Result<(), Full> {
        if crate::value::is_off(N) { table.push(element); Ok(()) } else { self.push(table, element) }
    }
}
"""

# Counters that the search cannot tell apart from there being none, and why that is so.
SPARE: dict[str, str] = {}


def copy(to: Path) -> None:
    wanted = ["statedict", "statedict-derive", "fuzz/src", "tests/tests/memory", "Cargo.toml", "Cargo.lock"]
    listed = subprocess.run(["git", "ls-files", "-z", *wanted], cwd=TREE, capture_output=True, check=True)
    for name in listed.stdout.decode().split("\0")[:-1]:
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TREE / name, to / name)
    manifest = (TREE / "Cargo.toml").read_text()
    members = re.compile(r"^members = .*$", re.M)
    (to / "Cargo.toml").write_text(members.sub('members = ["statedict", "statedict-derive"]', manifest))
    # The search as a package of its own, without what the other tests need.
    (to / "tests/Cargo.toml").write_text(MANIFEST)
    shutil.copy2(to / "Cargo.lock", to / "tests/Cargo.lock")
    (to / "tests/src").mkdir(exist_ok=True)
    (to / "tests/src/lib.rs").write_text("")
    main = to / "tests/tests/memory/main.rs"
    main.write_text('mod amplification;\nmod counting;\n#[allow(dead_code)]\n#[path = "../../../fuzz/src/lib.rs"]\nmod fuzz;\n')


def number(to: Path) -> list[str]:
    """Gives each place that counts its number; returns what is there."""
    sites = []
    for place in PLACES:
        for path in sorted((to / place).rglob("*.rs")):
            name = path.relative_to(to / "statedict/src")
            text = path.read_text()
            if path.name in ("work.rs", "memory.rs"):
                continue
            code, tests, rest = text.partition("#[cfg(test)]\nmod tests")

            def numbered(found: re.Match[str]) -> str:
                line = code.count("\n", 0, found.start()) + 1
                call = code[code.rfind("\n", 0, found.start()) + 1:].split("\n", 1)[0].strip()
                sites.append(f"{name}:{line} {call}")
                method = found[1] or found[2]
                types = f"{len(sites)}" + (", _" if method in ("push", "reserve") else "")
                return found[0][:-len(method) - 1] + f"{method}_at::<{types}>("

            path.write_text(CALL.sub(numbered, code) + tests + rest)
    with (to / "statedict/src/codec/pickle/work.rs").open("a") as work:
        work.write(MACHINE)
    memory = to / "statedict/src/value/memory.rs"
    code, tests, rest = memory.read_text().partition("#[cfg(test)]\nmod tests")
    memory.write_text(code + MEMORY + tests + rest)
    with (to / "statedict/src/value/mod.rs").open("a") as module:
        module.write(OFF)
    return sites


def families(output: str) -> str:
    """The statements that the search tells of: their names without the operand, and how many of each."""
    names = re.findall(r"^([\w ]+?)(?: [\d.]+(?: within)?| of it)?, \w+(?:: [a-z, ]+|, (?:true|false): .*)?$", output, re.M)
    counts = collections.Counter(names)
    return ", ".join(f"{name} ({count})" for name, count in counts.most_common(4)) + (
        f" and {len(counts) - 4} more" if len(counts) > 4 else "")


def main() -> int:
    to = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="without-counters-"))
    copy(to)
    sites = number(to)
    command = ["cargo", "test", "--release", "--manifest-path", str(to / "tests/Cargo.toml"), "--test", "memory"]
    environment = os.environ | {"CARGO_TARGET_DIR": str(to / "target")}
    environment.pop("STATEDICT_BLESS", None)
    subprocess.run([*command, "--no-run"], env=environment, check=True)
    survived = 0
    wanted = sys.argv[2:] or [str(site + 1) for site in range(len(sites))]
    for site in ["0", *wanted]:
        about = " and ".join(sites[int(part) - 1] for part in site.split(",")) if site != "0" else "none"
        run = subprocess.run(command, env=environment | {"WITHOUT_COUNTER": site}, capture_output=True, text=True)
        output = run.stdout + run.stderr
        if site == "0":
            if run.returncode:
                print(output)
                return 1
            continue
        spare = next((why for part, why in SPARE.items() if part in about), None)
        if run.returncode:
            how = "panicked" if "panicked at" in output and "grow faster" not in output else "grows"
            said = families(output) or output[-300:].replace("\n", " ")
            how = "refused no more" if "refused no more" in output else how
            print(f"{site} | {about} | {how}: {said}", flush=True)
        else:
            survived += spare is None
            print(f"{site} | {about} | {'spare: ' + spare if spare else 'SURVIVED'}", flush=True)
    print(f"{len(wanted)} of {len(sites)} counters, {survived} not noticed")
    return int(survived > 0)


if __name__ == "__main__":
    sys.exit(main())
