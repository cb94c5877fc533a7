//! Extra state against torch's: the same bytes, there and back, and the same words where keys differ.

use std::cell::RefCell;
use std::fs;
use std::rc::Rc;

use serde_json::{Value as Json, json};
use statedict::prelude::*;
use statedict::value::{Graph, Kind, NewValue, SharedValue, Value};
use statedict::{ExtraState, ExtraStateError, LoadOptions};
use statedict_tests::{Torch, temp_dir};

/// `Extra` of `extra_state.py`: what it makes, and what it was given.
#[derive(StateDict)]
#[state_dict(extra_state)]
struct Extra {
    #[param]
    weight: [f32; 2],
    #[buffer]
    mean: [f32; 1],
    child: Option<Rc<RefCell<Extra>>>,
    #[skip]
    make: fn() -> Graph<'static>,
    #[skip]
    taken: Option<String>,
}

impl ExtraState for Extra {
    fn get_extra_state(&self) -> Graph<'_> {
        (self.make)()
    }

    fn set_extra_state(&mut self, value: Value<'_>) -> Result<(), ExtraStateError> {
        self.taken = Some(match value.kind() {
            Kind::Tensor(_) => format!("{:?}", value.as_tensor().unwrap().to_vec::<f32>()?),
            _ => format!("{value:?}"),
        });
        Ok(())
    }
}

#[derive(StateDict)]
#[state_dict(extra_state)]
struct Net {
    #[param]
    weight: [f32; 2],
    #[buffer]
    mean: [f32; 1],
    child: Rc<RefCell<Extra>>,
    tied: Rc<RefCell<Extra>>,
    last: Extra,
    #[skip]
    scale: Option<f64>,
}

impl ExtraState for Net {
    fn get_extra_state(&self) -> Graph<'_> {
        let mut graph = Graph::new();
        let root = graph.root().value_id();
        graph.set(root, "scale", 0.5).unwrap();
        let history = [graph.add(1), graph.add(-2), graph.key("text")];
        let history = graph.list(history);
        graph.put(root, "history", history).unwrap();
        let flags = [graph.add(true), graph.add(())];
        let flags = graph.tuple(flags);
        graph.put(root, "flags", flags).unwrap();
        graph
    }

    fn set_extra_state(&mut self, value: Value<'_>) -> Result<(), ExtraStateError> {
        self.scale = value.get("scale").and_then(Value::as_f64);
        Ok(())
    }
}

fn extra(make: fn() -> Graph<'static>, child: Option<Rc<RefCell<Extra>>>) -> Extra {
    Extra { weight: [1.0; 2], mean: [1.0], child, make, taken: None }
}

fn net() -> Net {
    let range = || Graph::of(TensorView::from_vec(vec![0.0f32, 1.0, 2.0], [3]).unwrap());
    let tied = Rc::new(RefCell::new(extra(range, None)));
    let child = extra(|| Graph::of(()), Some(Rc::clone(&tied)));
    let last = || {
        let mut graph = Graph::new();
        let root = graph.root().value_id();
        graph.set(root, "scale", 0.25).unwrap();
        graph.set(root, "amax", TensorView::from_vec(vec![0.0f32; 4], [4]).unwrap()).unwrap();
        graph.set(root, "bytes", NewValue::Bytes([0, 0xff].as_slice().into())).unwrap();
        graph
    };
    Net {
        weight: [1.0; 2],
        mean: [1.0],
        child: Rc::new(RefCell::new(child)),
        tied,
        last: extra(last, None),
        scale: None,
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn it_is_written_as_torch_writes_it_and_read_by_both() {
    let torch = Torch::start();
    let folder = temp_dir();
    let path = |name: &str| {
        fs::create_dir(folder.path().join(name)).unwrap();
        folder.path().join(name).join("net.pt")
    };
    let (theirs, ours, again) = (path("theirs"), path("ours"), path("again"));
    torch.call("extra_state.save", json!({"path": theirs}));
    net().save(&ours).unwrap();
    let theirs_bytes = fs::read(&theirs).unwrap();
    assert!(theirs_bytes == fs::read(&ours).unwrap(), "not the bytes that torch.save writes");
    statedict::save_map(&StateMap::load(&theirs).unwrap(), &again, &Default::default()).unwrap();
    assert!(theirs_bytes == fs::read(&again).unwrap(), "read and written again it differs");

    let given: Json = torch.call("extra_state.load", json!({"path": ours}));
    assert_eq!(given["child"], "None");
    assert_eq!(given["child.child"], "tensor([0., 1., 2.])");
    assert_eq!(given[""], "{'scale': 0.5, 'history': [1, -2, 'text'], 'flags': (True, None)}");

    let mut fresh = net();
    fresh.load(&theirs).unwrap();
    assert_eq!(fresh.scale, Some(0.5));
    assert_eq!(fresh.child.borrow().taken.as_deref(), Some("None"));
    assert_eq!(fresh.tied.borrow().taken.as_deref(), Some("[0.0, 1.0, 2.0]"));
    assert_eq!(fresh.last.taken.as_deref(), Some("dict of 3"));
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn missing_and_unexpected_ones_are_reported_in_torchs_order_and_words() {
    let torch = Torch::start();
    let folder = temp_dir();
    let path = folder.path().join("net.pt");
    net().save(&path).unwrap();
    let cases: [(&[&str], &[&str]); 4] = [
        (&["_extra_state", "mean"], &[]),
        (&["child.child._extra_state", "child.weight", "last._extra_state"], &["zz._extra_state"]),
        (&["last.mean"], &["last.child._extra_state", "child.x._extra_state", "tied.child.y"]),
        (&[], &["other", "weight._extra_state", "child.child.child._extra_state"]),
    ];
    for (remove, add) in cases {
        let mut map = StateMap::load(&path).unwrap();
        for key in remove {
            assert!(map.remove_value(key).is_some() || map.remove(key).is_some(), "{key}");
        }
        for key in add {
            map.insert_value(*key, SharedValue::of(Graph::of(1).root()).unwrap());
        }
        for strict in [true, false] {
            let args = json!({"path": path, "remove": remove, "add": add, "strict": strict});
            let theirs: String = torch.get("extra_state.failure", args);
            let options = LoadOptions::torch().strict(strict);
            let ours = match net().load_state_dict_with(&map, &options) {
                Ok(report) => report.incompatible_keys().to_string(),
                Err(error) => error.torch_message(),
            };
            assert_eq!(ours, theirs, "without {remove:?}, with {add:?}");
        }
    }
}
