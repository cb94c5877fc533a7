//! The numbers to reach, and what was reached.

use crate::rounds::{Results, Sample};
use crate::workloads::Files;

/// A number that a value must not pass.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Bound {
    fn is_met(self, value: f64) -> bool {
        match self {
            Bound::AtLeast(bound) => value >= bound,
            Bound::AtMost(bound) => value <= bound,
        }
    }
}

/// What a value counts.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Times,
    Milliseconds,
    MiB,
    Bytes,
    Count,
}

/// One comparison: a value, and what it should be.
pub(crate) struct Row {
    /// The number of the goal.
    pub(crate) goal: u8,
    pub(crate) work: &'static str,
    pub(crate) compared: &'static str,
    pub(crate) unit: Unit,
    /// Nothing where it was not measured.
    pub(crate) value: Option<f64>,
    pub(crate) floor: Bound,
    pub(crate) ambition: Bound,
}

impl Row {
    /// Which of the two was reached.
    pub(crate) fn verdict(&self) -> &'static str {
        match self.value {
            None => "not measured",
            Some(value) if self.ambition.is_met(value) && self.floor.is_met(value) => "ambition",
            Some(value) if self.floor.is_met(value) => "floor",
            Some(_) => "MISSED",
        }
    }
}

/// Which calls of a process count.
#[derive(Clone, Copy)]
enum Calls {
    /// The first.
    First,
    /// The median of the later ones.
    Steady,
}

pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2)?;
    let lower = values.get(values.len().saturating_sub(1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

fn seconds(sample: &Sample, calls: Calls) -> Option<f64> {
    let (first, later) = sample.seconds.split_first()?;
    match calls {
        Calls::Steady if !later.is_empty() => median(later.to_vec()),
        _ => Some(*first),
    }
}

type What<'w> = (&'w str, &'w str, &'w str);

/// The rows of one table.
struct Rows<'r> {
    results: &'r Results,
    rows: Vec<Row>,
}

impl Rows<'_> {
    /// How many times longer one takes than another: the median of the rounds that measured both.
    fn ratio(&self, slow: What<'_>, fast: What<'_>, calls: Calls) -> Option<f64> {
        let of = |(who, what, of): What<'_>| self.results.get(who, what, of);
        let ratios = of(slow).iter().filter_map(|slow| {
            let fast = of(fast).iter().find(|fast| fast.round == slow.round)?;
            Some(seconds(slow, calls)? / seconds(fast, calls)?)
        });
        median(ratios.collect())
    }

    fn time(&self, (who, what, of): What<'_>) -> Option<f64> {
        let samples = self.results.get(who, what, of).iter();
        median(samples.filter_map(|sample| seconds(sample, Calls::First)).collect())
    }

    fn count(&self, (who, what, of): What<'_>, count: impl Fn(&Sample) -> u64) -> Option<f64> {
        median(self.results.get(who, what, of).iter().map(|sample| as_f64(count(sample))).collect())
    }

    fn add(
        &mut self,
        (goal, work, compared): (u8, &'static str, &'static str),
        unit: Unit,
        value: Option<f64>,
        (floor, ambition): (Bound, Bound),
    ) {
        self.rows.push(Row { goal, work, compared, unit, value, floor, ambition });
    }

    /// A row that says how many times faster we are.
    fn faster(
        &mut self,
        about: (u8, &'static str, &'static str),
        other: What<'_>,
        ours: What<'_>,
        calls: Calls,
        (floor, ambition): (f64, f64),
    ) {
        let value = self.ratio(other, ours, calls);
        let bounds = (Bound::AtLeast(floor), Bound::AtLeast(ambition));
        self.add(about, Unit::Times, value, bounds);
    }

    /// A row that says how many times longer we take than what cannot be beaten.
    fn slower(
        &mut self,
        about: (u8, &'static str, &'static str),
        ours: What<'_>,
        limit: What<'_>,
        (floor, ambition): (f64, f64),
    ) {
        let value = self.ratio(ours, limit, Calls::First);
        let bounds = (Bound::AtMost(floor), Bound::AtMost(ambition));
        self.add(about, Unit::Times, value, bounds);
    }
}

/// Sizes and counts here are far below 2^52.
#[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

const MIB: f64 = 1_048_576.0;

pub(crate) fn rows(results: &Results, files: &Files) -> Vec<Row> {
    let mut rows = Rows { results, rows: Vec::new() };
    one_gib(&mut rows);
    saving(&mut rows);
    many(&mut rows, files);
    keys(&mut rows, files);
    costs(&mut rows, files);
    others(&mut rows);
    rows.rows.sort_by_key(|row| row.goal);
    rows.rows
}

fn one_gib(rows: &mut Rows<'_>) {
    use Calls::{First, Steady};
    let gib = "gib.pt";
    let open = ("ours", "open", gib);
    let work = "open and list 1 GiB";
    let others: [(&str, What<'_>, Calls, f64, f64); 6] = [
        ("pytorch-reader / ours, first", ("pytorch-reader", "open", gib), First, 5.0, 5.0),
        ("pytorch-reader / ours, steady", ("pytorch-reader", "open", gib), Steady, 5.0, 20.0),
        ("safetensors / ours, first", ("safetensors", "open", "gib.safetensors"), First, 1.0, 1.0),
        (
            "safetensors / ours, steady",
            ("safetensors", "open", "gib.safetensors"),
            Steady,
            1.0,
            1.0,
        ),
        ("torch (mmap) / ours, first", ("torch", "load, mapped", gib), First, 1.0, 1.0),
        ("torch (mmap) / ours, steady", ("torch", "load, mapped", gib), Steady, 1.0, 300.0),
    ];
    for (compared, other, calls, floor, ambition) in others {
        rows.faster((1, work, compared), other, open, calls, (floor, ambition));
    }

    let load = ("ours", "load", gib);
    let memcpy = ("limit", "memcpy", gib);
    let work = "full load, every CRC checked, 1 GiB f32";
    rows.faster((2, work, "torch.load / ours"), ("torch", "load", gib), load, First, (3.0, 6.0));
    let other = ("pytorch-reader", "load", gib);
    rows.faster((2, work, "pytorch-reader / ours"), other, load, First, (3.0, 6.0));
    let other = ("pytorch-reader", "load on 2 threads", gib);
    rows.faster((2, work, "pytorch-reader, 2 threads / ours"), other, load, First, (1.0, 1.0));
    rows.slower((2, work, "ours / memcpy"), load, memcpy, (2.5, 1.3));
    let (work, load) = ("the same, bf16", ("ours", "load", "bf16.pt"));
    let other = ("torch", "load", "bf16.pt");
    rows.faster((2, work, "torch.load / ours"), other, load, First, (3.0, 6.0));
    let other = ("pytorch-reader", "load", "bf16.pt");
    rows.faster((2, work, "pytorch-reader / ours"), other, load, First, (3.0, 6.0));
    rows.slower((2, work, "ours / memcpy"), load, ("limit", "memcpy", "bf16.pt"), (2.5, 1.3));

    let work = "file into an existing model, CRC on, 1 GiB";
    let into = ("ours", "load into a model", gib);
    let other = ("torch", "load into a model", gib);
    rows.faster((3, work, "torch / ours"), other, into, First, (4.0, 4.0));
    let other = ("torch", "load into a model, mapped", gib);
    rows.faster((3, work, "torch (mmap) / ours"), other, into, First, (1.0, 1.0));
    rows.slower((3, work, "ours / memcpy"), into, memcpy, (f64::INFINITY, 1.1));

    let other = ("torch", "assign, mapped", gib);
    let map = ("ours", "map", gib);
    let work = "mapped, nothing copied";
    rows.faster((4, work, "torch (mmap, assign) / ours, first"), other, map, First, (30.0, 80.0));
    rows.faster(
        (4, work, "torch (mmap, assign) / ours, steady"),
        other,
        map,
        Steady,
        (30.0, 300.0),
    );
    let (work, compared) = ("mapped, every CRC checked", "ours / torch (mmap, assign, no CRC)");
    let verify = ("ours", "map and verify", gib);
    rows.slower((4, work, compared), verify, other, (1.5, 1.5));
    let limit = ("limit", "CRC of a map on 2 threads", gib);
    rows.slower((4, work, "ours / CRC of a map"), verify, limit, (f64::INFINITY, 1.1));
}

fn saving(rows: &mut Rows<'_>) {
    let gib = "gib.pt";
    let save = ("ours", "save", gib);
    let work = "save 1 GiB with CRC";
    let other = ("torch", "save", gib);
    rows.faster((5, work, "torch.save / ours"), other, save, Calls::First, (1.8, 1.8));
    let other = ("safetensors", "save", "gib.safetensors");
    rows.faster((5, work, "safetensors (no CRC) / ours"), other, save, Calls::First, (0.0, 1.0));
    rows.slower((5, work, "ours / write"), save, ("limit", "write", gib), (f64::INFINITY, 1.0));
    let work = "save 1 GiB durably";
    let other = ("torch", "save durably", gib);
    let durable = ("ours", "save durably", gib);
    rows.faster((6, work, "torch.save + fsync / ours"), other, durable, Calls::First, (1.5, 2.4));
    let limit = ("limit", "write and fsync", gib);
    rows.slower((6, work, "ours / write + fsync"), durable, limit, (f64::INFINITY, 1.0));
}

fn many(rows: &mut Rows<'_>, _: &Files) {
    let (many, twin) = ("many.pt", "many.safetensors");
    let calls = Calls::First;
    let (load, save) = (("ours", "load", many), ("ours", "save", many));
    let work = "100,000 tensors, load";
    rows.faster((7, work, "torch / ours"), ("torch", "load", many), load, calls, (40.0, 150.0));
    let other = ("safetensors", "load", twin);
    rows.faster((7, work, "safetensors / ours"), other, load, calls, (1.0, 1.0));
    let work = "100,000 tensors, save";
    rows.faster((7, work, "torch / ours"), ("torch", "save", many), save, calls, (40.0, 100.0));
    let other = ("safetensors", "save", twin);
    rows.faster((7, work, "safetensors / ours"), other, save, calls, (1.0, 1.0));
    let million = "million.pt";
    let (load, save) = (("ours", "load", million), ("ours", "save", million));
    let work = "1,000,000 tensors, load";
    rows.faster((8, work, "torch / ours"), ("torch", "load", million), load, calls, (60.0, 200.0));
    let work = "1,000,000 tensors, save";
    rows.faster((8, work, "torch / ours"), ("torch", "save", million), save, calls, (60.0, 120.0));
}

fn keys(rows: &mut Rows<'_>, files: &Files) {
    let count = files.million.to_string();
    for (what, compared, floor, ambition) in [
        ("check keys in order", "ours", 40.0, 16.0),
        ("check shuffled keys", "ours, shuffled", 350.0, 150.0),
    ] {
        let value = rows.time(("ours", what, &count)).map(|seconds| seconds * 1e3);
        let bounds = (Bound::AtMost(floor), Bound::AtMost(ambition));
        rows.add(
            (9, "strict check of 1,000,000 keys", compared),
            Unit::Milliseconds,
            value,
            bounds,
        );
    }
    let (work, compared) = ("strict check of 1,000,000 keys", "HashMap<String> / ours");
    let (map, ours) =
        (("ours", "HashMap<String>", &*count), ("ours", "check keys in order", &*count));
    rows.faster((9, work, compared), map, ours, Calls::First, (1.0, 1.0));

    let [some, five_times] = files.flat.map(|count| count.to_string());
    let flat = "load a flat model";
    let work = "flat model, five times the children";
    let value = rows.ratio(("ours", flat, &five_times), ("ours", flat, &some), Calls::Steady);
    let bounds = (Bound::AtMost(6.0), Bound::AtMost(6.0));
    rows.add((10, work, "ours / ours"), Unit::Times, value, bounds);
    // torch would take ten minutes; it takes the square of the number of children.
    let count = files.flat_of_torch.to_string();
    let ratio = rows.ratio(("torch", flat, &count), ("ours", flat, &count), Calls::First);
    let growth = as_f64(files.flat[1] as u64) / as_f64(files.flat_of_torch as u64);
    let work = "flat model of 50,000 children";
    let bounds = (Bound::AtLeast(1000.0), Bound::AtLeast(1000.0));
    let value = ratio.map(|ratio| ratio * growth);
    rows.add((10, work, "torch / ours, from a tenth"), Unit::Times, value, bounds);
    let (deep, work) = ("load a deep model", "model of 1,000 levels");
    let (torch, ours) = (("torch", deep, "1000"), ("ours", deep, "1000"));
    rows.faster((10, work, "torch / ours"), torch, ours, Calls::First, (1.0, 1000.0));
}

/// Memory, page faults and calls of the system.
fn costs(rows: &mut Rows<'_>, files: &Files) {
    let gib = "gib.pt";
    let payload = as_f64(files.gib_payload) / MIB;
    let mib = |value: Option<f64>| value.map(|bytes| bytes / MIB);
    let peak = |rows: &Rows<'_>, what| mib(rows.count(("ours", what, gib), |it| it.peak));
    let own = |rows: &Rows<'_>, what| mib(rows.count(("ours", what, gib), |it| it.anonymous));
    let at_most = |bound| (Bound::AtMost(bound), Bound::AtMost(bound));
    let load = peak(rows, "load").map(|peak| peak - payload);
    let bound = payload / 100.0 + 4.0;
    let above = "peak above the payload";
    rows.add((11, "full load", above), Unit::MiB, load, at_most(bound));
    let map = own(rows, "map");
    rows.add((11, "mapped", "memory of its own"), Unit::MiB, map, at_most(2.0));
    let into = own(rows, "load into a model");
    rows.add((11, "into a model", "memory of its own"), Unit::MiB, into, at_most(8.0));
    let save = peak(rows, "save");
    rows.add((11, "save", "peak above what was there"), Unit::MiB, save, at_most(8.0));
    let million = rows.count(("ours", "open", "million.pt"), |sample| sample.peak);
    let million = million.map(|peak| peak / as_f64(files.million as u64));
    let bounds = (Bound::AtMost(f64::INFINITY), Bound::AtMost(250.0));
    rows.add((11, "open 1,000,000 tensors", "peak a tensor"), Unit::Bytes, million, bounds);

    let faults = rows.count(("ours", "load", gib), |sample| sample.faults);
    let bounds = (Bound::AtMost(5000.0), Bound::AtMost(1500.0));
    rows.add((12, "full load, 1 GiB", "page faults"), Unit::Count, faults, bounds);
    let calls = rows.results.calls_of_open.map(|calls| as_f64(calls as u64));
    rows.add((12, "open", "calls on the file"), Unit::Count, calls, at_most(12.0));
}

fn others(rows: &mut Rows<'_>) {
    for (goal, work, file, floor, ambition) in [
        (13, "ResNet-50, load", "resnet.pt", 4.0, 7.0),
        (14, "the format of before 1.6, 0.55 GiB, load", "legacy.pt", 2.5, 5.0),
    ] {
        let ours = ("ours", "load", file);
        let bounds = (floor, ambition);
        let torch = ("torch", "load", file);
        rows.faster((goal, work, "torch / ours"), torch, ours, Calls::First, bounds);
        let reader = ("pytorch-reader", "load", file);
        rows.faster((goal, work, "pytorch-reader / ours"), reader, ours, Calls::First, (1.0, 1.0));
    }
    let small = "load into a small model";
    let (torch, ours) = (("torch", small, "small.pt"), ("ours", small, "small.pt"));
    let work = "small file, open and load";
    rows.faster((15, work, "torch / ours, first"), torch, ours, Calls::First, (5.0, 20.0));
    rows.faster((15, work, "torch / ours, steady"), torch, ours, Calls::Steady, (5.0, 20.0));
}
