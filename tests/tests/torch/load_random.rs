//! Random module trees and random edits of their state dicts: our torch mode and torch agree.

use statedict::tensor::Element;
use statedict_tests::tree::{Case, Data, Leaf, Outcome, Spec, check_all};

/// How many cases; torch takes about a millisecond for each.
const CASES: usize = 2000;
const BATCH: usize = 200;

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn torch_and_ours_agree_on_random_trees_and_edits() {
    let mut seen = Seen::default();
    for batch in 0..CASES / BATCH {
        let seeds = (batch * BATCH..(batch + 1) * BATCH).map(|seed| u64::try_from(seed).unwrap());
        let cases: Vec<Case> = seeds.map(|seed| Random(seed).case()).collect();
        for (case, outcome) in cases.iter().zip(check_all(&cases)) {
            seen.note(case, &outcome);
        }
    }
    // What the generator no longer makes is no longer tested.
    assert!(seen.loaded > 100 && seen.missing > 100 && seen.unexpected > 100, "{seen:?}");
    assert!(seen.mismatched > 100 && seen.aliases > 100 && seen.deepest == 20, "{seen:?}");
    assert!(seen.none_children > 100 && seen.both_lists > 100 && seen.assigned > 100, "{seen:?}");
}

#[derive(Debug, Default)]
struct Seen {
    loaded: usize,
    missing: usize,
    unexpected: usize,
    mismatched: usize,
    aliases: usize,
    none_children: usize,
    both_lists: usize,
    assigned: usize,
    deepest: usize,
}

impl Seen {
    fn note(&mut self, case: &Case, outcome: &Outcome) {
        let error = outcome.error.as_deref().unwrap_or_default();
        let has = |text: &str| usize::from(error.contains(text));
        self.loaded += usize::from(outcome.error.is_none());
        self.missing += has("Missing key(s)");
        self.unexpected += has("Unexpected key(s)");
        self.mismatched += has("size mismatch for");
        self.aliases += usize::from(!case.aliases.is_empty());
        self.assigned += usize::from(case.assign);
        self.none_children += usize::from(has_none(&case.model));
        self.both_lists +=
            usize::from(!outcome.missing.is_empty() && !outcome.unexpected.is_empty());
        self.deepest = self.deepest.max(depth(&case.model));
    }
}

fn depth(spec: &Spec) -> usize {
    let children = spec.children.iter().filter_map(|(_, child)| child.as_ref());
    children.map(|child| 1 + depth(child)).max().unwrap_or(0)
}

fn has_none(spec: &Spec) -> bool {
    spec.children.iter().any(|(_, child)| child.as_ref().is_none_or(has_none))
}

/// Numbers that the seed decides (SplitMix64).
struct Random(u64);

const NAMES: &[&str] =
    &["a", "b", "fc", "0", "1", "weight", "bias", "x_y", "_extra_state", "größe", "it's", "\"q\""];

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap();
        usize::try_from(self.next() % end).unwrap()
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'v, T>(&mut self, values: &'v [T]) -> &'v T {
        &values[self.below(values.len())]
    }

    fn case(&mut self) -> Case {
        // One in twenty is a chain as deep as promised, the others are bushes.
        let levels = if self.chance(5) { 20 } else { self.below(5) };
        let model = self.module(levels, levels == 20);
        let mut case = Case::new(model);
        self.tie(&mut case);
        case = case.with_own_state();
        for (_, data) in &mut case.state {
            // Other values than the model's: what is copied must show.
            *data = self.data(&data.shape.clone(), Some(&data.dtype.clone()));
        }
        for _ in 0..self.below(6) {
            self.edit(&mut case);
        }
        self.edit_metadata(&mut case);
        case.strict = self.chance(60);
        // torch takes ties apart where it assigns.
        case.assign = case.aliases.is_empty() && self.chance(25);
        case
    }

    fn module(&mut self, levels: usize, chain: bool) -> Spec {
        let mut spec = Spec::new(if self.chance(50) { "Net" } else { "Schicht" });
        let mut names: Vec<&str> = NAMES.to_vec();
        let mut name = |random: &mut Self| {
            let index = random.below(names.len());
            names.swap_remove(index).to_owned()
        };
        spec.norm = self.chance(15);
        for _ in 0..self.below(3) {
            let tensor = (!self.chance(10)).then(|| self.leaf());
            spec.parameters.push(Leaf { name: name(self), tensor, persistent: true });
        }
        for _ in 0..self.below(3) {
            let tensor = (!self.chance(10)).then(|| self.leaf());
            spec.buffers.push(Leaf { name: name(self), tensor, persistent: self.chance(80) });
        }
        if spec.norm {
            let name = "num_batches_tracked".to_owned();
            let tensor = Some(Data::of(&[5i64], &[]));
            spec.buffers.push(Leaf { name, tensor, persistent: true });
        }
        let children = match (levels, chain) {
            (0, _) => 0,
            (_, true) => 1,
            (_, false) => self.below(4),
        };
        for _ in 0..children {
            let child = (chain || !self.chance(15)).then(|| self.module(levels - 1, chain));
            spec.children.push((name(self), child));
        }
        spec
    }

    fn leaf(&mut self) -> Data {
        let shape = self.shape();
        self.data(&shape, None)
    }

    fn shape(&mut self) -> Vec<usize> {
        self.pick(&[vec![], vec![1], vec![2], vec![2, 1], vec![1, 2], vec![0], vec![3]]).clone()
    }

    fn data(&mut self, shape: &[usize], dtype: Option<&str>) -> Data {
        const DTYPES: &[&str] =
            &["float32", "float32", "float64", "float16", "int64", "int32", "uint8", "bool"];
        let dtype = dtype.unwrap_or_else(|| *self.pick(DTYPES)).to_owned();
        let count = shape.iter().product::<usize>();
        // In the range of all types: what is beyond is another test's.
        let numbers: Vec<i16> =
            (0..count).map(|_| i16::try_from(self.below(120)).unwrap()).collect();
        fn make<T: Element>(numbers: &[i16], shape: &[usize], from: impl Fn(i16) -> T) -> Data {
            Data::of(&numbers.iter().map(|&x| from(x)).collect::<Vec<_>>(), shape)
        }
        match &*dtype {
            "float32" => make(&numbers, shape, |x| f32::from(x) / 4.0),
            "float64" => make(&numbers, shape, |x| f64::from(x) / 10.0),
            "float16" => make(&numbers, shape, |x| half::f16::from_f32(f32::from(x) / 8.0)),
            "int64" => make(&numbers, shape, i64::from),
            "int32" => make(&numbers, shape, i32::from),
            "uint8" => make(&numbers, shape, |x| u8::try_from(x).unwrap()),
            _ => make(&numbers, shape, |x| x % 2 == 0),
        }
    }

    /// Gives modules, parameters and buffers second names, so that no tie meets another.
    fn tie(&mut self, case: &mut Case) {
        let mut places = Vec::new();
        collect(&case.model, "", &mut places);
        let mut parents: Vec<String> = vec![];
        let mut targets: Vec<String> = vec![];
        for number in 0..2 {
            if !self.chance(25) {
                continue;
            }
            let target = self.pick(&places).clone();
            let parent = self.pick(&places).clone();
            let within =
                |path: &str, above: &str| path == above || path.starts_with(&format!("{above}."));
            // Neither in a cycle, nor below what has several names, nor several names of what grows.
            if target.0.is_empty() || !parent.1 || within(&parent.0, &target.0) {
                continue;
            }
            if targets.iter().any(|other| {
                within(&parent.0, other) || within(&target.0, other) || within(other, &target.0)
            }) || parents.iter().any(|other| within(other, &target.0))
            {
                continue;
            }
            let name = format!("tied{number}");
            let name = if parent.0.is_empty() { name } else { format!("{}.{name}", parent.0) };
            parents.push(parent.0);
            targets.push(target.0.clone());
            case.aliases.push((name, target.0));
        }
    }

    fn edit(&mut self, case: &mut Case) {
        let state = &mut case.state;
        if state.is_empty() || self.chance(30) {
            let key = self.new_key(&case.model);
            let data = self.leaf();
            let at = self.below(state.len() + 1);
            if state.iter().all(|(other, _)| *other != key) {
                state.insert(at, (key, data));
            }
            return;
        }
        let at = self.below(state.len());
        match self.below(6) {
            0 | 1 => drop(state.remove(at)),
            2 => state[at].1 = self.leaf(),
            3 => {
                let shape = if state[at].1.shape.is_empty() { vec![1] } else { self.shape() };
                state[at].1 = self.data(&shape, None);
            }
            4 => {
                let other = self.below(state.len());
                state.swap(at, other);
            }
            _ => {
                let key = format!(
                    "{}{}",
                    state[at].0,
                    self.pick(&[".", "x", ".weight", "._extra_state"])
                );
                if state.iter().all(|(other, _)| *other != key) {
                    state[at].0 = key;
                }
            }
        }
    }

    /// A key that begins at a module, a child that is `None`, a leaf, or nowhere.
    fn new_key(&mut self, model: &Spec) -> String {
        let mut starts = vec![String::new(), ".".to_owned(), "nobody".to_owned()];
        starts_of(model, "", &mut starts);
        let start = self.pick(&starts).clone();
        let end = *self.pick(&[
            "",
            ".",
            "a",
            ".a",
            ".weight",
            "..",
            ".a.b",
            "._extra_state",
            "_extra_state",
            ".fc.0",
        ]);
        format!("{start}{end}")
    }

    fn edit_metadata(&mut self, case: &mut Case) {
        if self.chance(15) {
            case.metadata = None;
        }
        if let Some(metadata) = &mut case.metadata {
            metadata.retain(|_| !self.chance(10));
            for (_, version) in metadata.iter_mut() {
                if self.chance(20) {
                    *version = *self.pick(&[None, Some(1), Some(2), Some(3)]);
                }
            }
        }
    }
}

/// The paths of modules (true) and of persistent leaves.
fn collect(spec: &Spec, path: &str, places: &mut Vec<(String, bool)>) {
    places.push((path.to_owned(), true));
    let join =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for leaf in spec.parameters.iter().chain(&spec.buffers) {
        if leaf.tensor.is_some() && leaf.persistent {
            places.push((join(&leaf.name), false));
        }
    }
    for (name, child) in &spec.children {
        if let Some(child) = child {
            collect(child, &join(name), places);
        }
    }
}

/// Every path that a key may begin with.
fn starts_of(spec: &Spec, path: &str, starts: &mut Vec<String>) {
    let join =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    starts.extend(spec.parameters.iter().chain(&spec.buffers).map(|leaf| join(&leaf.name)));
    for (name, child) in &spec.children {
        starts.push(join(name));
        if let Some(child) = child {
            starts_of(child, &join(name), starts);
        }
    }
}
