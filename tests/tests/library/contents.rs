//! Everything that a file holds is told of once, and each path that is told of leads there again.

use statedict::codec::{Document, ReadOptions, Source};
use statedict::contents::{Contents, Digests, Found, ValuePath, resolve};
use statedict::value::Graph;
use statedict::{Checkpoint, StateMap, TensorView};

/// A pickle of a value, as its opcodes.
type Pickled = Vec<u8>;

fn text(text: &str) -> Pickled {
    let len = u32::try_from(text.len()).unwrap().to_le_bytes();
    [&b"X"[..], &len, text.as_bytes()].concat()
}

fn int(number: i32) -> Pickled {
    [&b"J"[..], &number.to_le_bytes()].concat()
}

fn float(number: f64) -> Pickled {
    [&b"G"[..], &number.to_be_bytes()].concat()
}

fn bytes(content: &[u8]) -> Pickled {
    [&b"C"[..], &[u8::try_from(content.len()).unwrap()], content].concat()
}

fn between(start: &[u8], items: &[Pickled], end: &[u8]) -> Pickled {
    [start, &items.concat(), end].concat()
}

fn list(items: &[Pickled]) -> Pickled {
    between(b"](", items, b"e")
}

fn tuple(items: &[Pickled]) -> Pickled {
    between(b"(", items, b"t")
}

fn set(items: &[Pickled]) -> Pickled {
    between(b"\x8f(", items, b"\x90")
}

fn frozenset(items: &[Pickled]) -> Pickled {
    between(b"(", items, b"\x91")
}

fn dict(entries: &[(Pickled, Pickled)]) -> Pickled {
    let entries: Vec<Pickled> =
        entries.iter().flat_map(|(key, value)| [key.clone(), value.clone()]).collect();
    between(b"}(", &entries, b"u")
}

fn open(value: &[u8]) -> Document {
    let pickle = [b"\x80\x04", value, b"."].concat();
    Document::read_with(Source::bytes(pickle), &ReadOptions::default().opaque(true)).unwrap()
}

/// Keys that look alike, and keys that no text stands for.
fn keys() -> Vec<Pickled> {
    let long: Vec<Pickled> = (0..40).map(int).collect();
    let mut keys: Vec<Pickled> =
        ["1", "", "a", "a.b", "b", "None", "[1]", "@x", "{0}", "x y", "\"", "a\nb", "é", "b\"a\""]
            .map(text)
            .to_vec();
    keys.extend([int(1), int(-1), float(1.5), float(1e300), b"N".to_vec(), b"\x88".to_vec()]);
    keys.extend([
        bytes(b"a"),
        bytes(b"\xff\"\\"),
        tuple(&[]),
        tuple(&[int(1)]),
        tuple(&[int(1), text("a, b")]),
    ]);
    keys.extend([
        tuple(&[tuple(&[float(0.5)]), b"N".to_vec()]),
        tuple(&long),
        frozenset(&[int(1)]),
    ]);
    keys.push([&b"\x8a\x09"[..], &[0, 0, 0, 0, 0, 0, 0, 0, 1]].concat());
    keys
}

/// What a path leads to by its text is what it was told of.
#[track_caller]
fn paths_lead_back(document: &Document) -> usize {
    let root = document.root();
    let mut contents = Contents::of(root);
    let mut count = 0;
    while let Some(found) = contents.advance().unwrap() {
        let Found::Value(value) = found else { continue };
        let path = contents.path();
        let spelled = path.to_string();
        assert_eq!(spelled.parse::<ValuePath>().as_ref(), Ok(&path), "{spelled}");
        if !path.is_root() {
            assert_eq!(resolve(root, &spelled).as_ref(), Ok(&path), "{spelled}");
        }
        assert!(path.find(root).unwrap().same_as(value), "{spelled}");
        let (steps, found) = path.steps(root).unwrap();
        assert!(found.same_as(value) && steps.len() == path.segments().len(), "{spelled}");
        count += 1;
    }
    count
}

#[test]
fn every_path_that_is_shown_leads_back() {
    let inner = dict(
        &keys()
            .into_iter()
            .enumerate()
            .map(|(at, key)| (key, int(i32::try_from(at).unwrap())))
            .collect::<Vec<_>>(),
    );
    let values = keys().into_iter().map(|key| (key, inner.clone())).collect::<Vec<_>>();
    let count = paths_lead_back(&open(&dict(&values)));
    let keys = keys().len();
    // Two of the keys are told of by themselves: the long tuple with 40 numbers, the set with one.
    assert_eq!(count, 1 + keys + keys * keys + (1 + keys) * (2 + 41));
    let mixed = list(&[set(&[int(1), tuple(&[int(2)])]), tuple(&[dict(&[])]), list(&[list(&[])])]);
    assert_eq!(paths_lead_back(&open(&mixed)), 9);
}

#[test]
fn dots_are_understood_where_they_mean_one_thing() {
    let value = |number| dict(&[(text("weight"), int(number))]);
    let document = open(&dict(&[
        (
            text("model"),
            dict(&[
                (text("fc.weight"), int(1)),
                (text("a"), dict(&[(text("b.c"), int(2))])),
                (text("a.b"), dict(&[(text("c"), int(3))])),
            ]),
        ),
        (text("steps"), list(&[value(4), value(5)])),
        (text("a.b"), int(6)),
        (text("a"), dict(&[(text("b"), int(7)), (int(3), int(8))])),
    ]));
    let root = document.root();
    for (typed, number) in [
        ("model.fc.weight", 1),
        ("steps.1.weight", 5),
        ("steps[0].weight", 4),
        ("steps[-1][\"weight\"]", 5),
        ("model[\"a\"].b.c", 2),
        ("[\"a.b\"]", 6),
        ("a[\"b\"]", 7),
        ("a.3", 8),
        ("a[3]", 8),
    ] {
        let path = resolve(root, typed).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(path.find(root).and_then(|value| value.as_i64()), Some(number), "{typed}");
    }
    for (typed, words) in [
        (
            "model.a.b.c",
            "`model.a.b.c` may mean `model[\"a\"][\"b.c\"]` or `model[\"a.b\"][\"c\"]`",
        ),
        ("a.b", "`a.b` may mean `[\"a.b\"]` or `a[\"b\"]`"),
        (
            "weight",
            "there is no `weight`; there is `model[\"fc.weight\"]`, `steps[0][\"weight\"]`, `steps[1][\"weight\"]`",
        ),
        ("modle", "there is no `modle`; there is `model`"),
        ("nothing[7]", "there is no `nothing[7]`"),
    ] {
        let error = resolve(root, typed).unwrap_err();
        assert_eq!(error.to_string(), words);
        for reading in &error.readings {
            assert_eq!(resolve(root, &reading.to_string()).as_ref(), Ok(reading));
        }
    }
}

/// Forty lists, each twice the one before, and the same of sets: 2^40 paths in some hundred bytes.
#[test]
fn what_is_shared_is_told_of_once() {
    let mut lists = b"]q\x00K\x01a".to_vec();
    for level in 0..40u8 {
        lists.extend([b']', b'q', level + 1, b'h', level, b'a', b'h', level, b'a']);
    }
    let document = open(&lists);
    let mut contents = Contents::of(document.root());
    let (mut values, mut same, mut count) = (0, 0, 0);
    while let Some(found) = contents.advance().unwrap() {
        count += 1;
        match found {
            Found::Value(_) => values += 1,
            Found::Same(value) => {
                same += 1;
                let first = contents.first_path(value).unwrap();
                assert!(first.find(document.root()).unwrap().same_as(value));
            }
            Found::Cycle(_) | Found::Long(_) => panic!(),
        }
    }
    assert_eq!((values, same, count), (42, 40, 82));
    let mut everywhere = Contents::of(document.root()).under_each_path().budget(1 << 16);
    let error = loop {
        if let Err(error) = everywhere.advance() {
            break error.to_string();
        }
    };
    assert_eq!(
        error,
        "going through the values needs more than 65536 bytes of paths and texts; if you trust the file, raise it with `Contents::budget`"
    );
    let cycle = open(b"]q\x00h\x00a");
    let mut contents = Contents::of(cycle.root());
    contents.advance().unwrap();
    assert!(matches!(contents.advance(), Ok(Some(Found::Cycle(_)))));
    assert!(matches!(contents.advance(), Ok(None)));
}

#[test]
fn digests_tell_content_apart_and_sets_have_no_order() {
    let digest = |value: &[u8]| {
        // One state for all, so that digests can be compared.
        thread_local!(static FIRST: Digests = Digests::default());
        FIRST.with(|first| first.alike().of(open(value).root()))
    };
    let one = |items: &[Pickled]| digest(&set(items));
    assert_eq!(
        one(&[int(1), text("a"), tuple(&[int(2)])]),
        one(&[tuple(&[int(2)]), int(1), text("a")])
    );
    assert_ne!(one(&[int(1)]), one(&[int(2)]));
    assert_ne!(digest(&list(&[int(1), int(2)])), digest(&list(&[int(2), int(1)])));
    assert_ne!(digest(&list(&[int(1)])), digest(&tuple(&[int(1)])));
    assert_ne!(digest(&int(1)), digest(&float(1.0)));
    assert_ne!(digest(&dict(&[(text("a"), int(1))])), digest(&dict(&[(text("b"), int(1))])));
}

#[test]
fn a_checkpoint_takes_paths_as_people_type_them() {
    let mut map = StateMap::new();
    map.insert("fc.weight", TensorView::from_vec(vec![0.5f32], [1]).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gan.pt");
    let mut checkpoint = Checkpoint::new();
    checkpoint.set_graph("gen", &dict_of(&map)).unwrap();
    checkpoint.save(&path).unwrap();
    for checkpoint in [checkpoint, Checkpoint::open(&path).unwrap()] {
        assert_eq!(checkpoint.state_dict("gen.a").unwrap().len(), 1);
        assert_eq!(checkpoint.state_dict("gen[\"a\"]").unwrap().len(), 1);
        assert_eq!(checkpoint.state_dict(("gen", "a")).unwrap().len(), 1);
        assert!(checkpoint.contains("gen.a") && !checkpoint.contains("gen.b"));
        let error = checkpoint.state_dict("gen.b").unwrap_err().to_string();
        assert!(error.starts_with("there is no `[\"gen.b\"]` in the checkpoint"), "{error}");
    }
    let file = Checkpoint::open(&path).unwrap();
    assert_eq!(file.tensor("gen.a.fc.weight").unwrap().shape(), &[1]);
    let document = file.document().unwrap();
    assert_eq!(document.state_map_at(&["gen.a"]).unwrap().len(), 1);
    // What is listed can be asked for as it is.
    let hint = file.find_state_dict().unwrap_err().to_string();
    let named = hint.split("there are `").nth(1).and_then(|rest| rest.split('`').next()).unwrap();
    assert_eq!(file.state_dict(named).unwrap().len(), 1);
}

fn dict_of(map: &StateMap<'static>) -> Graph<'static> {
    let mut graph = Graph::new();
    let (root, inner) = (graph.root().value_id(), graph.state_map(map));
    graph.put(root, "a", inner).unwrap();
    graph
}
