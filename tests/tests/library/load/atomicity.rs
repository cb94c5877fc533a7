//! What a load that fails leaves behind, and what `assign` makes of a model.

use statedict::leaf::{ByteSink, Tensor, TensorError, TensorMut, Writable};
use statedict::load::{Atomicity, LoadProblem};
use statedict::prelude::*;
use statedict::tensor::Shape;
use statedict::{DType, DTypePolicy, LoadOptions, MapLocation};

/// A tensor of a library that has its memory elsewhere, and refuses what begins with 13.
#[derive(Debug, Clone, PartialEq)]
struct Remote {
    elements: Vec<f32>,
    location: String,
}

impl Remote {
    fn new(elements: &[f32]) -> Self {
        Remote { elements: elements.to_vec(), location: "cpu".to_owned() }
    }
}

impl Tensor for Remote {
    fn dtype(&self) -> Result<DType, TensorError> {
        Ok(DType::F32)
    }

    fn shape(&self) -> Shape {
        Shape::from([self.elements.len()])
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        self.elements.iter().try_for_each(|element| sink(&element.to_le_bytes()))
    }
}

impl TensorMut for Remote {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        let elements =
            source.to_vec::<f32>().map_err(|error| TensorError::Library(error.into()))?;
        // Half of it is overwritten before it fails.
        self.elements[0] = elements[0];
        if elements[0] == 13.0 {
            return Err(TensorError::Library("out of memory on the device".into()));
        }
        self.elements = elements;
        Ok(())
    }

    fn assign(&mut self, source: TensorView<'static>) -> Result<(), TensorError> {
        self.location = source.location().to_owned();
        self.copy_(&source)
    }
}

#[derive(StateDict, Debug, Clone, PartialEq)]
struct Net {
    #[param]
    host: Vec<f32>,
    #[param]
    first: Remote,
    #[buffer]
    flag: bool,
    #[param]
    second: Remote,
    #[param]
    wide: CpuTensor,
}

fn net() -> Net {
    Net {
        host: vec![1.0, 2.0],
        first: Remote::new(&[3.0, 4.0]),
        flag: false,
        second: Remote::new(&[5.0, 6.0]),
        wide: CpuTensor::zeros(DType::F64, [2]),
    }
}

fn state(second: f32) -> StateMap<'static> {
    let view = |elements: [f32; 2]| TensorView::from_vec(elements.to_vec(), [2]).unwrap();
    let mut map = StateMap::new();
    map.insert("host", view([10.0, 20.0]));
    map.insert("first", view([30.0, 40.0]));
    map.insert("second", view([second, 60.0]));
    map.insert("wide", view([70.0, 80.0]));
    map.insert("flag", TensorView::from_vec(vec![true], []).unwrap());
    map
}

#[test]
fn a_load_gives_back_what_a_library_had_taken() {
    for (assign, atomicity) in [
        (false, Atomicity::Validated),
        (true, Atomicity::Validated),
        (false, Atomicity::Staged),
        (true, Atomicity::Staged),
    ] {
        let options = LoadOptions::new().atomicity(atomicity).assign(assign);
        let mut model = net();
        let error = model.load_state_dict_with(&state(13.0), &options).unwrap_err();
        assert_eq!(model.host, net().host);
        assert_eq!(
            (&model.first.elements, &model.second.elements),
            (&net().first.elements, &net().second.elements)
        );
        assert_eq!((model.flag, &model.wide), (false, &net().wide));
        assert!(error.nothing_was_written());
        // What cannot fail is written after what can.
        assert!(
            matches!(&error.problems[..], [LoadProblem::RolledBack { key, undone: 1, .. }]
                if key == "second"),
            "{error}"
        );
        let expected = "; nothing was written\n  write       second: out of memory on the device \
                        (1 other was written before, and undone)";
        assert!(error.to_string().ends_with(expected), "{error}");

        model.load_state_dict_with(&state(50.0), &options).unwrap();
        assert_eq!(model.host, [10.0, 20.0]);
        assert_eq!(model.second.elements, [50.0, 60.0]);
    }
}

/// The second tensor refuses to be given back what it held: it begins with 13.
#[test]
fn what_cannot_be_undone_is_told() {
    let mut model = net();
    model.first = Remote::new(&[13.0, 4.0]);
    let error = model.load_state_dict(&state(13.0)).unwrap_err();
    assert!(!error.nothing_was_written() && error.written == 1);
    assert_eq!(model.first.elements, [13.0, 40.0]);
    assert_eq!((&model.second, &model.host), (&net().second, &net().host));
    let expected = "; the model is partly written\n  write       second: out of memory on the device \
                    (1 other was written)";
    assert!(error.to_string().ends_with(expected), "{error}");
}

/// Half of the failing tensor was overwritten, and it is given back although the library refuses it.
#[test]
fn what_refuses_its_own_elements_may_hold_them_all_the_same() {
    let mut model = net();
    model.second = Remote::new(&[13.0, 6.0]);
    let error = model.load_state_dict(&state(13.0)).unwrap_err();
    assert!(error.nothing_was_written(), "{error}");
    assert_eq!((model.first.elements, model.second.elements), (vec![3.0, 4.0], vec![13.0, 6.0]));
}

/// All that a library knows is told before anything is written, also by a check.
#[test]
fn a_tensor_that_cannot_be_written_is_refused_at_once() {
    struct ReadOnly(Remote);
    impl Tensor for ReadOnly {
        fn dtype(&self) -> Result<DType, TensorError> {
            Ok(DType::F32)
        }

        fn shape(&self) -> Shape {
            self.0.shape()
        }

        fn writable(&self) -> Result<Writable, TensorError> {
            Err(TensorError::Library("it is read only".into()))
        }

        fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
            self.0.with_bytes(sink)
        }
    }
    impl TensorMut for ReadOnly {
        fn copy_(&mut self, _: &TensorView<'_>) -> Result<(), TensorError> {
            panic!("it is not written to")
        }
    }
    #[derive(StateDict)]
    struct Frozen {
        #[param]
        free: Remote,
        #[param]
        fixed: ReadOnly,
        locked: std::rc::Rc<std::cell::RefCell<Fixed>>,
    }
    #[derive(StateDict)]
    struct Fixed {
        #[param]
        fixed: ReadOnly,
    }
    let fixed = || ReadOnly(Remote::new(&[1.0]));
    let locked = std::rc::Rc::new(std::cell::RefCell::new(Fixed { fixed: fixed() }));
    let mut model = Frozen { free: Remote::new(&[1.0]), fixed: fixed(), locked };
    let one = TensorView::from_vec(vec![2.0f32], [1]).unwrap();
    let map: StateMap<'_> = ["free", "fixed", "locked.fixed"]
        .map(|key| (key.to_owned(), one.clone()))
        .into_iter()
        .collect();
    let checked = model.check_state_dict_with(&map, &LoadOptions::new()).unwrap_err();
    let error = model.load_state_dict(&map).unwrap_err();
    assert_eq!(checked.to_string(), error.to_string());
    let expected =
        "\n  write       fixed: it is read only\n  write       locked.fixed: it is read only";
    assert!(error.nothing_was_written() && error.to_string().ends_with(expected), "{error}");
    assert_eq!(model.free.elements, [1.0]);
}

#[test]
fn without_atomicity_what_fits_is_written() {
    let mut map = state(13.0);
    map.insert("host", TensorView::from_vec(vec![1.0f32], [1]).unwrap());
    map.remove("wide");
    let mut model = net();
    let options = LoadOptions::new().atomicity(Atomicity::None);
    let mut wrong_shape = net();
    let error = wrong_shape.load_state_dict_with(&map, &LoadOptions::new()).unwrap_err();
    assert!(error.nothing_was_written() && wrong_shape == net());

    let error = model.load_state_dict_with(&map, &LoadOptions::torch()).unwrap_err();
    assert_eq!(model.first.elements, [30.0, 40.0]);
    assert!(model.flag);
    assert_eq!(error.written, 2);
    let labels: Vec<_> =
        error.problems.iter().map(|problem| problem.to_string()[..8].to_owned()).collect();
    assert_eq!(labels, ["missing ", "shape   ", "write   "]);
    assert!(
        error.torch_message().contains("\n\tsize mismatch for host"),
        "{}",
        error.torch_message()
    );
    let mut model = net();
    let error = model.load_state_dict_with(&map, &options).unwrap_err();
    assert_eq!((error.problems.len(), error.written), (3, 2), "{error}");
    assert_eq!((&*model.first.elements, &*model.host), (&[30.0, 40.0][..], &[1.0, 2.0][..]));
}

#[test]
fn assign_adopts_what_it_can_and_refuses_the_rest_before_writing() {
    let assign = LoadOptions::new().assign(true);
    let mut model = net();
    let report = model.load_state_dict_with(&state(50.0), &assign).unwrap();
    assert_eq!(model.wide.dtype(), DType::F32);
    assert!(report.converted.is_empty());

    let mut map = state(50.0);
    map.insert("host", TensorView::from_vec(vec![1.0f64, 2.0], [2]).unwrap());
    let mut model = net();
    let error = model.load_state_dict_with(&map, &assign).unwrap_err();
    assert!(matches!(&error.problems[..], [LoadProblem::DType { key, .. }] if key == "host"));
    assert_eq!(model, net());
}

#[test]
fn a_tie_stays_a_tie_when_it_is_assigned() {
    #[derive(StateDict)]
    #[alias(head = embed)]
    struct Tied {
        #[param]
        embed: CpuTensor,
    }
    let view = TensorView::from_vec(vec![1.0f64], [1]).unwrap();
    let map = StateMap::from_iter([("embed".to_owned(), view.clone()), ("head".to_owned(), view)]);
    let mut tied = Tied { embed: CpuTensor::zeros(DType::F32, [1]) };
    tied.load_state_dict_with(&map, &LoadOptions::new().assign(true)).unwrap();
    let state = tied.state_dict().unwrap();
    let storage = |key: &str| state.get(key).unwrap().storage().clone();
    assert!(storage("embed").same_as(&storage("head")));
    assert_eq!(state.get("head").unwrap().dtype(), DType::F64);
}

/// The tags of a file reach the library; without `map_location` they stay.
#[test]
fn locations_are_mapped_before_a_library_sees_them() {
    let map = state(50.0).map_location(&MapLocation::to("cuda:1")).unwrap();
    let options = LoadOptions::new().assign(true);
    let table = MapLocation::table([("cuda:1", "cuda:0"), ("cuda:2", "cpu")]);
    let function =
        MapLocation::with(|tag| tag.strip_prefix("cuda").map(|index| format!("mps{index}")));
    for (options, expected) in [
        (options.clone(), "cuda:1"),
        (options.clone().map_location(MapLocation::to("cpu")), "cpu"),
        (options.clone().map_location(table), "cuda:0"),
        (options.map_location(function), "mps:1"),
    ] {
        let mut model = net();
        let report = model.check_state_dict_with(&map, &options).unwrap();
        assert_eq!(report.loaded.len(), 5);
        model.load_state_dict_with(&map, &options).unwrap();
        assert_eq!(model.first.location, expected);
    }
    assert_eq!(map.get("host").unwrap().location(), "cuda:1");
}

#[test]
fn casts_happen_where_they_are_asked_for() {
    let mut map = state(50.0);
    map.insert("host", TensorView::from_vec(vec![1i64, -2], [2]).unwrap());
    map.insert("flag", TensorView::from_vec(vec![0.5f64], []).unwrap());
    assert!(net().load_state_dict(&map).is_err());
    let mut model = net();
    let options = LoadOptions::new().dtype(DTypePolicy::Cast);
    let report = model.load_state_dict_with(&map, &options).unwrap();
    assert_eq!((model.host, model.flag), (vec![1.0, -2.0], true));
    let converted: Vec<_> =
        report.converted.iter().map(|it| (it.key.as_str(), it.from, it.to)).collect();
    assert_eq!(
        converted,
        [
            ("host", DType::I64, DType::F32),
            ("wide", DType::F32, DType::F64),
            ("flag", DType::F64, DType::Bool)
        ]
    );
}
