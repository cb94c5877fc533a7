//! No file uses one that uses it, directly or by way of others.

use std::collections::BTreeSet;
use std::path::Path;

use crate::imports::Crate;

/// The crates whose files are held to it.
const CRATES: &[&str] = &["statedict", "statedict-cli", "statedict-derive"];

#[test]
fn no_file_uses_itself_by_way_of_others() {
    let mut problems = Vec::new();
    for name in CRATES {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src");
        let all = Crate::read(&source);
        let arrows = all.arrows();
        let total: usize = arrows.iter().map(BTreeSet::len).sum();
        // What is not seen cannot be in a circle.
        assert!(total > all.files.len(), "{name}: saw {total} uses of {} files", all.files.len());
        for circle in circles(&arrows) {
            let names: Vec<_> = circle.iter().map(|&at| all.files[at].name.as_str()).collect();
            problems.push(format!("{name}: {}", names.join(", ")));
        }
    }
    assert!(problems.is_empty(), "{} circles:\n{}", problems.len(), problems.join("\n"));
}

/// The sets of more than one file each of which leads to all others.
fn circles(arrows: &[BTreeSet<usize>]) -> Vec<Vec<usize>> {
    let reached: Vec<BTreeSet<usize>> = (0..arrows.len()).map(|from| reach(arrows, from)).collect();
    let mut circles = Vec::new();
    let mut known = BTreeSet::new();
    for at in 0..arrows.len() {
        if known.contains(&at) || !reached[at].contains(&at) {
            continue;
        }
        let circle: Vec<usize> =
            reached[at].iter().copied().filter(|&other| reached[other].contains(&at)).collect();
        known.extend(circle.iter().copied());
        circles.push(circle);
    }
    circles
}

fn reach(arrows: &[BTreeSet<usize>], from: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut todo = vec![from];
    while let Some(at) = todo.pop() {
        todo.extend(arrows[at].iter().copied().filter(|&next| reached.insert(next)));
    }
    reached
}

#[test]
fn circles_are_found_through_modules_that_hand_names_on() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let all = Crate::of(vec![
        file(
            "a/mod.rs",
            "mod one; mod two; pub use one::One; pub(crate) use two::{Two as Second};",
        ),
        file("a/one.rs", "use crate::b::B; fn f(_: super::Second) {}"),
        file("a/two.rs", "#[cfg(test)] mod tests { use crate::lone::Lone; }"),
        file("b.rs", "use crate::a::{self, One}; pub struct B;"),
        file(
            "lone.rs",
            "pub(in crate::b) use crate::a::Second; const TEXT: &str = \"crate::b::B\";",
        ),
    ]);
    let named: Vec<Vec<&str>> = circles(&all.arrows())
        .into_iter()
        .map(|circle| circle.into_iter().map(|at| all.files[at].name.as_str()).collect())
        .collect();
    assert_eq!(named, [["a/one.rs", "b.rs"]]);
}
