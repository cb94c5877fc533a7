//! What is measured.

use std::path::PathBuf;
use std::process::Command;

use crate::Outcome;
use crate::options::Options;
use crate::workloads::Files;

/// One thing to measure.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Measurement {
    /// `ours`, `limit`, `torch`, or a crate.
    pub(crate) who: &'static str,
    pub(crate) what: &'static str,
    /// What of: the name of a file, or a number.
    pub(crate) of: String,
    pub(crate) calls: usize,
    /// How many GiB of memory to use and give back before.
    pub(crate) primed: usize,
    /// The file to read once before, or the number.
    pub(crate) path: PathBuf,
}

/// Who can be measured here.
struct Plan<'o> {
    options: &'o Options,
    files: &'o Files,
    torch: bool,
    all: Vec<Measurement>,
}

impl Plan<'_> {
    fn add(&mut self, who: &'static str, what: &'static str, of: &str, calls: usize) {
        let absent = match who {
            "ours" | "limit" => false,
            "torch" => !self.torch,
            _ => !cfg!(feature = "peers"),
        };
        let known = self.all.iter().any(|it| it.who == who && it.what == what && it.of == of);
        if absent || known {
            return;
        }
        let large = of.starts_with("gib") || of.starts_with("bf16") || of.starts_with("legacy");
        let primed = match (large && !self.options.quick, what.contains("save")) {
            (false, _) => 1,
            (true, false) => 2,
            (true, true) => 3,
        };
        let numeric = of.bytes().all(|byte| byte.is_ascii_digit());
        let path = if numeric { PathBuf::from(of) } else { self.files.path(of) };
        self.all.push(Measurement { who, what, of: of.to_owned(), calls, primed, path });
    }
}

/// Everything that the chosen groups ask for.
pub(crate) fn measurements(options: &Options, files: &Files) -> Outcome<Vec<Measurement>> {
    let torch = has_torch();
    let mut plan = Plan { options, files, torch, all: Vec::new() };
    if !torch {
        println!("torch is not measured: STATEDICT_PYTHON names no Python with torch.");
    }
    if !cfg!(feature = "peers") {
        println!("Other crates are not measured: that needs `--features peers`.");
    }
    if options.has("gib") {
        for (who, what, calls) in [
            ("ours", "open", 21),
            ("pytorch-reader", "open", 21),
            ("torch", "load, mapped", 5),
            ("ours", "load", 3),
            ("pytorch-reader", "load", 1),
            ("pytorch-reader", "load on 2 threads", 1),
            ("candle", "load", 1),
            ("torch", "load", 1),
            ("ours", "load into a model", 3),
            ("torch", "load into a model", 1),
            ("torch", "load into a model, mapped", 1),
            ("ours", "map", 21),
            ("ours", "map and verify", 3),
            ("torch", "assign, mapped", 5),
            ("limit", "memcpy to fresh memory", 2),
            ("limit", "memcpy to fresh memory on 2 threads", 2),
            ("limit", "memcpy to fresh huge pages", 2),
            ("limit", "memcpy", 3),
            ("limit", "memcpy on 2 threads", 3),
            ("limit", "read", 2),
            ("limit", "CRC", 2),
            ("limit", "CRC on 2 threads", 2),
            ("limit", "CRC of a map on 2 threads", 2),
            ("limit", "CRC of nothing", 2),
        ] {
            plan.add(who, what, "gib.pt", calls);
        }
        for (who, what, calls) in [
            ("safetensors", "open", 21),
            ("safetensors", "load", 1),
            ("candle", "load safetensors", 1),
        ] {
            plan.add(who, what, "gib.safetensors", calls);
        }
    }
    if options.has("save") {
        for (who, what) in [
            ("ours", "save"),
            ("ours", "save durably"),
            ("torch", "save"),
            ("torch", "save durably"),
            ("limit", "write"),
            ("limit", "write and fsync"),
        ] {
            plan.add(who, what, "gib.pt", 1);
        }
        plan.add("safetensors", "save", "gib.safetensors", 1);
    }
    if options.has("bf16") {
        for who in ["ours", "pytorch-reader", "torch"] {
            plan.add(who, "load", "bf16.pt", 1);
        }
        plan.add("limit", "memcpy", "bf16.pt", 3);
    }
    if options.has("many") {
        for (who, what) in
            [("ours", "load"), ("ours", "save"), ("torch", "load"), ("torch", "save")]
        {
            plan.add(who, what, "many.pt", if who == "ours" { 3 } else { 1 });
        }
        plan.add("safetensors", "load", "many.safetensors", 3);
        plan.add("safetensors", "save", "many.safetensors", 3);
    }
    if options.has("million") {
        for (who, what) in [
            ("ours", "open"),
            ("ours", "load"),
            ("ours", "save"),
            ("torch", "load"),
            ("torch", "save"),
        ] {
            plan.add(who, what, "million.pt", if who == "ours" { 2 } else { 1 });
        }
    }
    if options.has("resnet") {
        for who in ["ours", "pytorch-reader", "candle", "torch"] {
            plan.add(who, "load", "resnet.pt", 3);
        }
    }
    if options.has("legacy") {
        for who in ["ours", "pytorch-reader", "torch"] {
            plan.add(who, "load", "legacy.pt", 1);
        }
    }
    if options.has("keys") {
        let count = files.million.to_string();
        for what in
            ["check keys in order", "check shuffled keys", "check a model", "HashMap<String>"]
        {
            plan.add("ours", what, &count, 3);
        }
    }
    if options.has("modules") {
        for count in files.flat {
            plan.add("ours", "load a flat model", &count.to_string(), 5);
        }
        plan.add("torch", "load a flat model", &files.flat_of_torch.to_string(), 1);
        plan.add("ours", "load a flat model", &files.flat_of_torch.to_string(), 5);
        if !options.quick {
            for count in ["1000", "100000"] {
                plan.add("ours", "load a flat model", count, 5);
            }
            plan.add("torch", "load a flat model", "1000", 1);
        }
        for what in ["200", "1000"] {
            plan.add("ours", "load a deep model", what, 5);
            plan.add("torch", "load a deep model", what, 1);
        }
    }
    if options.has("small") {
        for who in ["ours", "torch"] {
            plan.add(who, "load into a small model", "small.pt", 51);
        }
    }
    Ok(plan.all)
}

/// Whether the Python that is named can import torch.
fn has_torch() -> bool {
    let Some(python) = std::env::var_os("STATEDICT_PYTHON") else { return false };
    let status = Command::new(python).args(["-c", "import torch"]).status();
    status.is_ok_and(|status| status.success())
}
