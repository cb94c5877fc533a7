//! One module or tensor under several names: found through handles and storages, kept on save,
//! loaded once; and modules behind locks, which are written only after everything was checked.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, RwLock};

use statedict::leaf::{ByteSink, StorageId, Tensor, TensorError, TensorMut};
use statedict::load::{AliasPolicy, LoadProblem};
use statedict::prelude::*;
use statedict::tensor::Shape;
use statedict::visit::{ModelError, Unavailable};
use statedict::{Alias, DType, LoadOptions};

#[derive(StateDict)]
struct Linear {
    #[param]
    weight: [f32; 2],
}

fn linear(value: f32) -> Linear {
    Linear { weight: [value; 2] }
}

fn keys<'m>(map: &'m StateMap<'_>) -> Vec<&'m str> {
    map.keys().collect()
}

fn same(map: &StateMap<'_>, one: &str, other: &str) -> bool {
    map.get(one).unwrap().same_as(map.get(other).unwrap())
}

fn values(map: &StateMap<'_>, key: &str) -> Vec<f32> {
    map.get(key).unwrap().to_vec().unwrap()
}

fn map_of(entries: &[(&str, f32)]) -> StateMap<'static> {
    let tensor = |value: f32| TensorView::from_vec(vec![value; 2], [2]).unwrap();
    entries.iter().map(|&(key, value)| (key.to_owned(), tensor(value))).collect()
}

/// Two handles of one module, without any attribute.
macro_rules! handles {
    ($name:ident, $handle:ty, $new:expr, $read:expr) => {
        #[test]
        fn $name() {
            #[derive(StateDict)]
            struct Net {
                first: $handle,
                own: Linear,
                second: $handle,
            }

            let new: fn(Linear) -> $handle = $new;
            let read: fn(&$handle) -> [f32; 2] = $read;
            let shared = new(linear(1.0));
            let mut net = Net { first: shared.clone(), own: linear(2.0), second: shared.clone() };

            let map = net.state_dict().unwrap().into_owned().unwrap();
            assert_eq!(keys(&map), ["first.weight", "own.weight", "second.weight"]);
            assert!(same(&map, "first.weight", "second.weight"));
            assert_eq!(values(&map, "second.weight"), [1.0, 1.0]);
            assert_eq!(map.metadata().unwrap().len(), 4);
            assert_eq!(net.num_parameters(), 4);
            let parameters: Vec<String> =
                net.named_parameters().into_iter().map(|(key, _)| key).collect();
            assert_eq!(parameters, ["first.weight", "own.weight"]);

            // One of the names is enough; what both say must agree, unless a policy is chosen.
            let report =
                net.load_state_dict(&map_of(&[("own.weight", 3.0), ("second.weight", 4.0)]));
            assert_eq!(
                report.unwrap().satisfied_by_alias,
                [("first.weight".to_owned(), "second.weight".to_owned())]
            );
            assert_eq!((read(&shared), net.own.weight), ([4.0; 2], [3.0; 2]));

            let differ =
                map_of(&[("first.weight", 5.0), ("own.weight", 5.0), ("second.weight", 6.0)]);
            let error = net.load_state_dict(&differ).unwrap_err();
            assert!(matches!(&error.problems[..], [LoadProblem::Alias { .. }]), "{error}");
            assert_eq!((read(&shared), net.own.weight), ([4.0; 2], [3.0; 2]));
            let last = LoadOptions::new().alias(AliasPolicy::LastWins);
            net.load_state_dict_with(&differ, &last).unwrap();
            assert_eq!(read(&shared), [6.0; 2]);
        }
    };
}

handles!(
    two_handles_of_a_cell,
    Rc<RefCell<Linear>>,
    |module| Rc::new(RefCell::new(module)),
    |handle| handle.borrow().weight
);
handles!(
    two_handles_of_a_mutex,
    Arc<Mutex<Linear>>,
    |module| Arc::new(Mutex::new(module)),
    |handle| handle.lock().unwrap().weight
);
handles!(
    two_handles_of_a_read_write_lock,
    Arc<RwLock<Linear>>,
    |module| Arc::new(RwLock::new(module)),
    |handle| handle.read().unwrap().weight
);

#[derive(StateDict)]
struct Locked {
    before: Linear,
    cell: Rc<RefCell<Linear>>,
    mutex: Arc<Mutex<Linear>>,
}

fn locked() -> Locked {
    Locked {
        before: linear(1.0),
        cell: Rc::new(RefCell::new(linear(1.0))),
        mutex: Arc::new(Mutex::new(linear(1.0))),
    }
}

#[test]
fn what_is_held_elsewhere_is_an_error_and_nothing_is_written() {
    let mut net = locked();
    let (cell, mutex) = (Rc::clone(&net.cell), Arc::clone(&net.mutex));
    let map = map_of(&[("before.weight", 9.0), ("cell.weight", 9.0), ("mutex.weight", 9.0)]);

    let (borrow, guard) = (cell.borrow_mut(), mutex.lock().unwrap());
    let error = net.load_state_dict(&map).unwrap_err();
    let reasons: Vec<_> = error
        .problems
        .iter()
        .map(|problem| match problem {
            LoadProblem::Model(ModelError::Unavailable { module, reason }) => {
                (module.as_str(), *reason)
            }
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(reasons, [("cell", Unavailable::Borrowed), ("mutex", Unavailable::Locked)]);
    assert!(error.nothing_was_written());
    assert!(net.state_dict().unwrap_err().to_string().contains("`cell` cannot be reached"));
    drop((borrow, guard));
    assert_eq!(net.before.weight, [1.0; 2]);

    // Reading is possible beside readers; writing is not, and is found before anything is written.
    let borrow = cell.borrow();
    assert_eq!(keys(&net.state_dict().unwrap()).len(), 3);
    let error = net.load_state_dict(&map).unwrap_err();
    assert!(error.nothing_was_written(), "{error}");
    assert_eq!((net.before.weight, mutex.lock().unwrap().weight), ([1.0; 2], [1.0; 2]));
    drop(borrow);

    net.load_state_dict(&map).unwrap();
    assert_eq!((net.before.weight, cell.borrow().weight), ([9.0; 2], [9.0; 2]));
    assert_eq!(mutex.lock().unwrap().weight, [9.0; 2]);
}

#[test]
fn a_poisoned_lock_is_an_error() {
    let mut net = locked();
    let mutex = Arc::clone(&net.mutex);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _guard = mutex.lock().unwrap();
        panic!("while it is held");
    }));
    assert!(panicked.is_err());
    assert!(net.state_dict().unwrap_err().to_string().contains("poisoned"));
    assert!(net.load_state_dict(&map_of(&[])).unwrap_err().to_string().contains("poisoned"));
    let own = &mut Mutex::new(linear(1.0));
    assert_eq!(own.state_dict().unwrap().len(), 1);
}

#[test]
fn a_module_that_does_not_fit_leaves_what_is_locked_alone() {
    let mut net = locked();
    let map = map_of(&[("before.weight", 9.0), ("cell.weight", 9.0)]);
    let error = net.load_state_dict(&map).unwrap_err();
    assert_eq!(error.missing_keys().collect::<Vec<_>>(), ["mutex.weight"]);
    assert_eq!((net.before.weight, net.cell.borrow().weight), ([1.0; 2], [1.0; 2]));
}

#[test]
fn a_handle_without_a_lock_can_be_written_only_where_it_is_the_only_one() {
    #[derive(StateDict)]
    struct Net {
        fc: Arc<Linear>,
    }

    let mut net = Net { fc: Arc::new(linear(1.0)) };
    let map = map_of(&[("fc.weight", 2.0)]);
    net.load_state_dict(&map).unwrap();
    assert_eq!(net.fc.weight, [2.0; 2]);

    let other = Arc::clone(&net.fc);
    assert_eq!(values(&net.state_dict().unwrap(), "fc.weight"), [2.0; 2]);
    let error = net.load_state_dict(&map).unwrap_err();
    assert!(error.to_string().contains("put a `RefCell`, `Mutex` or `RwLock` inside"), "{error}");
    assert_eq!(other.weight, [2.0; 2]);
}

#[derive(StateDict)]
struct Node {
    #[param]
    weight: [f32; 2],
    next: Option<Rc<RefCell<Node>>>,
}

#[test]
fn a_cycle_is_an_error() {
    let node = Rc::new(RefCell::new(Node { weight: [1.0; 2], next: None }));
    node.borrow_mut().next = Some(Rc::clone(&node));
    let mut handle = Rc::clone(&node);
    let error = handle.state_dict().unwrap_err();
    assert_eq!(error.to_string(), "module `next` contains itself");
    assert!(handle.load_state_dict(&map_of(&[("weight", 2.0)])).is_err());
    assert!(handle.train().is_ok());
    assert_eq!(handle.named_parameters().len(), 1);
    node.borrow_mut().next = None;
}

#[test]
fn sharing_within_what_is_shared_has_all_its_names() {
    let inner = Rc::new(RefCell::new(Node { weight: [1.0; 2], next: None }));
    let outer = Rc::new(RefCell::new(Node { weight: [2.0; 2], next: Some(Rc::clone(&inner)) }));
    let mut models = vec![Rc::clone(&outer), inner, outer];
    let map = models.state_dict().unwrap().into_owned().unwrap();
    let expected = ["0.weight", "0.next.weight", "1.weight", "2.weight", "2.next.weight"];
    assert_eq!(keys(&map), expected);
    assert!(same(&map, "0.next.weight", "2.next.weight"));
    assert!(!same(&map, "0.weight", "1.weight"));
    assert_eq!(models.load_state_dict(&map).unwrap().loaded.len(), 2);
}

/// A tensor of a library whose handles share their elements.
#[derive(Clone)]
struct Handle(Rc<RefCell<[f32; 2]>>);

impl Handle {
    fn new(value: f32) -> Self {
        Handle(Rc::new(RefCell::new([value; 2])))
    }
}

impl Tensor for Handle {
    fn dtype(&self) -> Result<DType, TensorError> {
        Ok(DType::F32)
    }

    fn shape(&self) -> Shape {
        Shape::from([2])
    }

    fn storage_id(&self) -> Option<StorageId> {
        Some(StorageId::from_address(Rc::as_ptr(&self.0)))
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        self.0.borrow().iter().try_for_each(|value| sink(&value.to_le_bytes()))
    }
}

impl TensorMut for Handle {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        self.0.borrow_mut().copy_(source)
    }
}

#[test]
fn tensors_of_one_storage_are_tied_without_an_attribute() {
    #[derive(StateDict)]
    struct Net {
        #[param]
        wte: Handle,
        #[param]
        head: Handle,
    }

    let shared = Handle::new(1.0);
    let mut net = Net { wte: shared.clone(), head: shared.clone() };
    let map = net.state_dict().unwrap();
    assert!(same(&map, "wte", "head"));
    drop(map);
    let error = net.load_state_dict(&map_of(&[("wte", 2.0), ("head", 3.0)])).unwrap_err();
    assert!(matches!(&error.problems[..], [LoadProblem::Alias { .. }]), "{error}");
    assert_eq!(*shared.0.borrow(), [1.0; 2]);
    net.load_state_dict(&map_of(&[("head", 3.0)])).unwrap();
    assert_eq!(*shared.0.borrow(), [3.0; 2]);
}

#[test]
fn views_of_one_storage_with_other_shapes_are_tensors_of_their_own() {
    struct Row(Handle);

    impl Tensor for Row {
        fn dtype(&self) -> Result<DType, TensorError> {
            Ok(DType::F32)
        }

        fn shape(&self) -> Shape {
            Shape::from([1, 2])
        }

        fn storage_id(&self) -> Option<StorageId> {
            self.0.storage_id()
        }

        fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
            self.0.with_bytes(sink)
        }
    }

    impl TensorMut for Row {
        fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
            self.0.0.borrow_mut().copy_from_slice(&source.to_vec::<f32>().unwrap());
            Ok(())
        }
    }

    #[derive(StateDict)]
    struct Net {
        #[param]
        flat: Handle,
        #[param]
        row: Row,
    }

    let flat = Handle::new(1.0);
    let net = Net { row: Row(flat.clone()), flat };
    let map = net.state_dict().unwrap();
    assert_eq!(map.get("row").unwrap().shape(), &[1, 2]);
    assert_eq!(map.get("flat").unwrap().shape(), &[2]);
}

#[test]
fn a_declared_handle_must_share() {
    #[derive(StateDict)]
    struct Net {
        fc: Rc<RefCell<Linear>>,
        other: Rc<RefCell<Linear>>,
        #[alias]
        any: Rc<RefCell<Linear>>,
        #[alias(fc)]
        f3: Rc<RefCell<Linear>>,
        #[param]
        weight: Handle,
        #[param]
        #[alias(weight)]
        tied: Handle,
    }

    let cell = |value| Rc::new(RefCell::new(linear(value)));
    let (fc, other, weight) = (cell(1.0), cell(2.0), Handle::new(3.0));
    let net = |any: &Rc<_>, f3: &Rc<_>, tied: &Handle| Net {
        fc: Rc::clone(&fc),
        other: Rc::clone(&other),
        any: Rc::clone(any),
        f3: Rc::clone(f3),
        weight: weight.clone(),
        tied: tied.clone(),
    };
    let mut good = net(&other, &fc, &weight);
    let map = good.state_dict().unwrap().into_owned().unwrap();
    assert!(same(&map, "tied", "weight"));
    good.load_state_dict(&map).unwrap();

    let problems = |mut net: Net| {
        let saving = net.state_dict().unwrap_err().to_string();
        let loading = net.load_state_dict(&map).unwrap_err();
        assert_eq!(loading.problems.len(), saving.lines().count(), "{loading}");
        saving
    };
    let own = problems(net(&cell(4.0), &fc, &weight));
    assert!(own.contains("`any.weight` is declared to be an earlier tensor"), "{own}");
    let wrong = problems(net(&fc, &other, &Handle::new(5.0)));
    assert!(wrong.contains("`f3.weight` is declared to be `fc.weight`"), "{wrong}");
    assert!(wrong.contains("`tied` is declared to be `weight`"), "{wrong}");
}

#[test]
fn a_marker_stands_where_it_is_declared() {
    #[derive(StateDict)]
    struct Net {
        #[alias(scale)]
        same: Alias<[f32; 2]>,
        fc: Linear,
        #[alias(fc)]
        f3: Alias<Linear>,
        #[param]
        scale: [f32; 2],
        head: Linear,
        #[alias("fc.weight")]
        deep: Alias<[f32; 2]>,
    }

    let net = Net {
        same: Alias::new(),
        fc: linear(1.0),
        f3: Alias::new(),
        scale: [2.0; 2],
        head: linear(3.0),
        deep: Alias::new(),
    };
    let map = net.state_dict().unwrap();
    let expected = ["same", "scale", "fc.weight", "f3.weight", "head.weight", "deep"];
    assert_eq!(keys(&map), expected);
    assert!(same(&map, "f3.weight", "deep"));
    let _ = (net.same, net.f3, net.deep);
}

#[test]
fn the_mode_is_set_through_locks_and_handles() {
    #[derive(StateDict)]
    struct Dropout {
        #[training]
        training: bool,
    }

    #[derive(StateDict)]
    struct Net {
        cell: Rc<RefCell<Dropout>>,
        mutex: Arc<Mutex<Dropout>>,
        boxed: Box<dyn StateDict>,
        #[training]
        training: bool,
    }

    let off = || Dropout { training: false };
    let mut net = Net {
        cell: Rc::new(RefCell::new(off())),
        mutex: Arc::new(Mutex::new(off())),
        boxed: Box::new(Linear { weight: [0.0; 2] }),
        training: false,
    };
    let (cell, mutex) = (Rc::clone(&net.cell), Arc::clone(&net.mutex));
    net.train().unwrap();
    assert!(net.training && cell.borrow().training && mutex.lock().unwrap().training);
    let guard = mutex.lock().unwrap();
    let problems = net.eval().unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(!net.training && !cell.borrow().training && guard.training);
    let _ = &net.boxed;
}
