//! Fields whose types are not what their marks say.
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::num::Wrapping;
use std::rc::Rc;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};

use statedict::{visit::Loaded, Alias, MigrateError, Migration, StateDict};
use statedict_ui_tests::{M, T};

struct Conv;

#[derive(StateDict)]
struct NoModule(Conv); //~

#[derive(StateDict)]
struct ListOfNoModules(Vec<Conv>); //~

#[derive(StateDict)]
struct OptionOfNoModule(Option<Box<Conv>>); //~

#[derive(StateDict)]
struct TupleOfNoModule((M, Conv)); //~

#[derive(StateDict)]
struct MapOfNoModules(HashMap<String, Conv>); //~

#[derive(StateDict)]
struct SharedNoModule(Arc<Mutex<Conv>>); //~

#[derive(StateDict)]
struct FlatNoModule(#[flatten] Conv); //~

#[derive(StateDict)]
struct UnmarkedTensor(T); //~

#[derive(StateDict)]
struct UnmarkedNumbers(Vec<f32>); //~

#[derive(StateDict)]
struct UnmarkedArray([f32; 3]); //~

#[derive(StateDict)]
struct UnmarkedTensors(Vec<T>); //~

#[derive(StateDict)]
struct UnmarkedTensorsByName(BTreeMap<String, T>); //~

#[derive(StateDict)]
struct UnmarkedDuration(std::time::Duration); //~

#[derive(StateDict)]
struct UnmarkedPath(Option<std::path::PathBuf>); //~

#[derive(StateDict)]
struct ParamOfAModule(#[param] M); //~

#[derive(StateDict)]
struct BufferOfModules(#[buffer] Vec<M>); //~

#[derive(StateDict)]
struct ParamOfAString(#[param] String); //~

#[derive(StateDict)]
struct BufferOfAChar(#[buffer] char); //~

#[derive(StateDict)]
struct ParamOfTensors(#[param] Vec<T>); //~

#[derive(StateDict)]
struct ParamOfAMap(#[param] HashMap<String, T>); //~

#[derive(StateDict)]
struct BufferOfAQueue(#[buffer] Option<VecDeque<T>>); //~

#[derive(StateDict)]
struct ParamOfAPair(#[param] (T, T)); //~

#[derive(StateDict)]
struct ParamInARc(#[param] Rc<RefCell<T>>); //~

#[derive(StateDict)]
struct BufferInALock(#[buffer] Mutex<T>); //~

#[derive(StateDict)]
struct BufferInACell(#[buffer] Cell<f32>); //~

#[derive(StateDict)]
struct AtomicBuffer(#[buffer] AtomicI64); //~

#[derive(StateDict)]
struct WrappingBuffer(#[persistent(false)] Wrapping<i64>); //~

#[derive(StateDict)]
struct UnmarkedAlias(M, Alias<M>); //~

#[derive(StateDict)]
struct AliasOfAnother {
    fc: M,
    #[alias(fc)]
    f3: Alias<Conv>, //~
}

#[derive(StateDict)]
#[state_dict(bound(N: Clone))]
struct MissingBound<N>(N); //~

#[derive(StateDict)]
#[state_dict(extra_state)] //~
struct NoExtraState(M);

#[derive(StateDict)]
#[version(2)]
#[migrate(to = 2, with = Self::step)] //~
struct NoStep(M);

#[derive(StateDict)]
#[version(2)]
#[migrate(to = 2, with = Self::step)] //~
struct OtherStep(M);

impl OtherStep {
    fn step(_: u32) {}
}

#[derive(StateDict)]
#[version(2)]
#[migrate(to = 2, with = Self::step)] //~
struct StepOfSelf(M);

impl StepOfSelf {
    fn step(&mut self, _: &mut Migration<'_>) -> Result<(), MigrateError> {
        Ok(())
    }
}

#[derive(StateDict)]
#[state_dict(post_load = Self::done)] //~
struct OtherPostLoad(M);

impl OtherPostLoad {
    fn done(&self, _: &Loaded) {}
}

#[derive(StateDict)]
#[state_dict(pre_save = Self::flush)] //~
struct OtherPreSave(M);

impl OtherPreSave {
    fn flush(&mut self) {}
}

#[derive(StateDict)]
#[state_dict(pre_load = Self::done)] //~
struct OtherPreLoad(M);

impl OtherPreLoad {
    fn done(&mut self, _: &Loaded) {}
}

fn main() {}
