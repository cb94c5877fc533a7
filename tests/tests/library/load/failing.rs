//! Ten thousand loads that fail, each in another way: the model is as it was before, to the bit.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use ndarray::ShapeBuilder;
use statedict::codec::Source;
use statedict::leaf::{ByteSink, Tensor, TensorError, TensorMut};
use statedict::load::Atomicity;
use statedict::prelude::*;
use statedict::tensor::Shape;
use statedict::value::{Graph, SharedValue, Value};
use statedict::{
    DType, ExtraState, ExtraStateError, LoadOptions, ReadOptions, WriteOptions, codec,
};

use crate::read::zip_builder::{Member, archive_of, members_of};

/// Numbers that follow from the first.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % end as u64).unwrap()
    }
}

thread_local! {
    /// The faults of the library that holds the foreign tensors.
    static LIBRARY: RefCell<Library> = RefCell::default();
}

#[derive(Default)]
struct Library {
    calls: usize,
    fails_at: Option<usize>,
    /// At which call another thread takes a lock, and what it holds then.
    takes_at: Option<usize>,
    wanted: Option<Arc<Mutex<Inner>>>,
    taken: Option<Taken>,
}

/// A lock that another thread has until this is dropped.
struct Taken(Option<(mpsc::Sender<()>, thread::JoinHandle<()>)>);

impl Taken {
    fn new(lock: &Arc<Mutex<Inner>>) -> Self {
        let (lock, (release, released)) = (Arc::clone(lock), mpsc::channel::<()>());
        let (tell, told) = mpsc::channel();
        let thread = thread::spawn(move || {
            let _held = lock.lock().unwrap();
            tell.send(()).unwrap();
            let _ = released.recv();
        });
        told.recv().unwrap();
        Taken(Some((release, thread)))
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some((release, thread)) = self.0.take() {
            drop(release);
            thread.join().unwrap();
        }
    }
}

/// A tensor of a library that can fail, after half of it has been overwritten.
struct Foreign(Vec<f32>);

impl Tensor for Foreign {
    fn dtype(&self) -> Result<DType, TensorError> {
        Ok(DType::F32)
    }

    fn shape(&self) -> Shape {
        Shape::from([self.0.len()])
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        self.0.iter().try_for_each(|element| sink(&element.to_le_bytes()))
    }
}

impl TensorMut for Foreign {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        let new = source.to_vec().map_err(|error| TensorError::Library(error.into()))?;
        self.0[0] = new[0];
        LIBRARY.with_borrow_mut(|library| {
            let call = library.calls;
            library.calls += 1;
            if library.takes_at == Some(call) {
                library.taken = library.wanted.as_ref().map(Taken::new);
            }
            match library.fails_at == Some(call) {
                true => Err(TensorError::Library("out of memory on the device".into())),
                false => Ok(()),
            }
        })?;
        self.0 = new;
        Ok(())
    }
}

#[derive(StateDict)]
struct Inner {
    #[param]
    weight: Vec<f32>,
    #[param]
    foreign: Foreign,
    #[buffer]
    flag: bool,
}

#[derive(StateDict)]
#[state_dict(extra_state)]
struct Counter {
    #[buffer]
    mean: [f64; 2],
    #[skip]
    count: i64,
}

impl ExtraState for Counter {
    fn get_extra_state(&self) -> Graph<'_> {
        Graph::of(self.count)
    }

    fn set_extra_state(&mut self, value: Value<'_>) -> Result<(), ExtraStateError> {
        let count = value.as_i64().ok_or("not a count")?;
        // It is overwritten before it is looked at.
        self.count = count;
        if count < 0 { Err("a count is not negative".into()) } else { Ok(()) }
    }
}

#[derive(StateDict)]
struct Net {
    #[param]
    plain: Vec<f32>,
    #[param]
    foreign: Foreign,
    #[param]
    wide: CpuTensor,
    #[param]
    array: ndarray::Array2<f32>,
    #[buffer]
    flag: bool,
    #[buffer]
    steps: i64,
    first: Counter,
    shared: Rc<RefCell<Inner>>,
    again: Rc<RefCell<Inner>>,
    bare: Rc<Inner>,
    locked: Arc<Mutex<Inner>>,
    late: Arc<Mutex<Inner>>,
    second: Counter,
    #[param]
    last: Vec<u8>,
}

fn net(seed: u8) -> Net {
    let number = f32::from(seed);
    let inner = |plus: f32| Inner {
        weight: vec![number + plus; 3],
        foreign: Foreign(vec![number + plus; 2]),
        flag: seed > 1,
    };
    let counter = |plus: i64| Counter { mean: [number.into(); 2], count: i64::from(seed) + plus };
    let shared = Rc::new(RefCell::new(inner(0.25)));
    let wide = TensorView::from_vec(vec![f64::from(seed); 2], [2]).unwrap();
    Net {
        plain: vec![number; 5],
        foreign: Foreign(vec![number; 4]),
        wide: CpuTensor::from_view(&wide).unwrap(),
        array: ndarray::Array2::from_elem((2, 3).f(), number),
        flag: seed > 1,
        steps: seed.into(),
        first: counter(10),
        again: Rc::clone(&shared),
        shared,
        bare: Rc::new(inner(0.375)),
        locked: Arc::new(Mutex::new(inner(0.5))),
        late: Arc::new(Mutex::new(inner(0.75))),
        second: counter(20),
        last: vec![seed; 9],
    }
}

/// All that a model holds, as a file.
fn everything(model: &Net) -> Vec<u8> {
    let mut file = Vec::new();
    let map = model.state_dict().unwrap();
    map.write_with(&mut file, &WriteOptions::default()).unwrap();
    file
}

/// The members of a file that would load: float32 where the model is wider, so that something is converted.
fn members() -> Vec<Member> {
    let model = net(2);
    let mut map = model.state_dict().unwrap().into_owned().unwrap();
    map.insert("wide", TensorView::from_vec(vec![2.0f32; 2], [2]).unwrap());
    let mut file = Vec::new();
    map.write_with(&mut file, &WriteOptions::default()).unwrap();
    members_of(&file)
}

/// A file in which one storage is damaged, and how.
fn damaged(sound: &[Member], random: &mut Random) -> (Vec<u8>, &'static str) {
    let mut members = sound.to_vec();
    // What a storage's neighbours are must not matter.
    for member in members.iter_mut().filter(|member| member.name.contains("/data/")) {
        if random.below(3) == 0 {
            *member = member.clone().deflated();
        }
        if random.below(3) == 0 {
            member.crc = 0;
        }
    }
    let storages: Vec<usize> = (0..members.len())
        .filter(|&index| members[index].name.contains("/data/") && members[index].size > 0)
        .collect();
    let index = storages[random.below(storages.len())];
    let (member, sound) = (&mut members[index], &sound[index]);
    let at = random.below(member.size);
    let mut header = None;
    let how = match random.below(7) {
        0 => {
            member.crc ^= 1 << random.below(32);
            "a wrong checksum"
        }
        1 => {
            *member = sound.clone();
            member.stored[at] ^= 1;
            "damaged bytes"
        }
        2 => {
            (member.crc, header) = (0, Some(member.name.clone()));
            "no checksum, and a damaged header"
        }
        3 => {
            member.crc = 0;
            member.extra_len += 1 + random.below(1000) * 17;
            "no checksum, and a lying extra length"
        }
        4 => {
            *member = Member { crc: 0, ..sound.clone() };
            member.extra = vec![0; 1 + random.below(8)];
            "no checksum, and an extra field that the header does not tell of"
        }
        5 => {
            (member.crc, member.method) = (0, 8);
            member.stored = vec![0xff; member.size];
            "no checksum, and bytes that are not deflated"
        }
        _ => {
            if member.method == 0 {
                *member = member.clone().deflated();
            }
            member.crc = 0;
            let at = random.below(5.min(member.stored.len()));
            member.stored[at] ^= 0x55;
            "no checksum, and damaged deflated bytes"
        }
    };
    let mut file = archive_of(&members);
    if let Some(name) = header {
        let at = file.windows(name.len()).position(|bytes| bytes == name.as_bytes()).unwrap();
        file[at - 30 + random.below(4)] ^= 1 << random.below(8);
    }
    (file, how)
}

fn open(file: Vec<u8>) -> StateMap<'static> {
    let document =
        codec::Document::read_with(Source::bytes(file), &ReadOptions::default()).unwrap();
    document.state_map().unwrap()
}

/// Locks and handles that are held while a load fails.
#[derive(Default)]
struct Held {
    _lock: Option<Taken>,
    _handle: Option<Rc<Inner>>,
}

/// Has one load fail, in one of many ways, and says in which.
fn fail(
    model: &mut Net,
    (sound, file): (&StateMap<'static>, &[Member]),
    random: &mut Random,
) -> String {
    let atomicity = [Atomicity::Validated, Atomicity::Staged][random.below(2)];
    let options = LoadOptions::new().atomicity(atomicity).assign(random.below(2) == 0);
    let (late, locked) = (Arc::clone(&model.late), Arc::clone(&model.locked));
    let shared = Rc::clone(&model.shared);
    let mut library = Library { wanted: Some(Arc::clone(&late)), ..Library::default() };
    let (mut held, mut borrow) = (Held::default(), None);
    let mut map = sound.clone();
    let how = match random.below(10) {
        0..3 => {
            let (file, how) = damaged(file, random);
            map = open(file);
            how.to_owned()
        }
        3 => {
            let key = ["plain", "late.weight", "first.mean", "last"][random.below(4)];
            map.insert(key, TensorView::from_vec(vec![1.0f32; 77], [77]).unwrap());
            format!("{key} of another shape")
        }
        4 => {
            let at = random.below(5);
            library.fails_at = Some(at);
            format!("a library that fails at call {at}")
        }
        5 => {
            let at = random.below(2);
            library.takes_at = Some(at);
            format!("a lock that is taken at call {at}")
        }
        6 => {
            held._lock = Some(Taken::new([&late, &locked][random.below(2)]));
            "a lock that another thread has".to_owned()
        }
        7 => {
            borrow = Some(shared.borrow());
            "a `RefCell` that is borrowed".to_owned()
        }
        8 => {
            held._handle = Some(Rc::clone(&model.bare));
            "an `Rc` that is shared".to_owned()
        }
        _ => {
            let key = ["first._extra_state", "second._extra_state"][random.below(2)];
            let value = SharedValue::of(Graph::of(-1).root()).unwrap();
            map.insert_value(key, value);
            format!("{key} that is refused")
        }
    };
    LIBRARY.set(library);
    let loaded = model.load_state_dict_with(&map, &options);
    LIBRARY.take();
    drop((held, borrow));
    let error = loaded.expect_err(&how);
    assert!(error.nothing_was_written(), "{how}, {options:?}: {error}");
    how
}

#[test]
fn ten_thousand_loads_that_fail() {
    let (file, mut random) = (members(), Random(20));
    let sound = open(archive_of(&file));
    let mut model = net(1);
    let before = everything(&model);
    for _ in 0..10_000 {
        let how = fail(&mut model, (&sound, &file), &mut random);
        assert!(everything(&model) == before, "{how}");
    }
    // The same file loads where nothing is wrong with it.
    model.load_state_dict(&sound).unwrap();
    assert!(everything(&model) == everything(&net(2)));
}
