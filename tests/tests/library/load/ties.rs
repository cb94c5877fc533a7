//! Tensors that are one: they still are after a load, and after one that failed.

use std::rc::Rc;

use statedict::leaf::{ByteSink, StorageId, Tensor, TensorError, TensorMut};
use statedict::prelude::*;
use statedict::tensor::Shape;
use statedict::{DType, LoadOptions};

fn map_of(entries: &[(&str, f32)]) -> StateMap<'static> {
    let tensor = |value: f32| TensorView::from_vec(vec![value; 2], [2]).unwrap();
    entries.iter().map(|&(key, value)| (key.to_owned(), tensor(value))).collect()
}

/// An immutable tensor: writing makes another. It refuses what begins with 13.
#[derive(Clone)]
struct Immutable(Rc<[f32; 2]>);

impl Tensor for Immutable {
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
        self.0.iter().try_for_each(|value| sink(&value.to_le_bytes()))
    }

    fn as_any(&self) -> Option<&dyn std::any::Any> {
        Some(self)
    }
}

impl TensorMut for Immutable {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        let mut new = [0.0; 2];
        new.copy_(source)?;
        self.0 = Rc::new(new);
        if new[0] == 13.0 { Err(TensorError::Library("no 13".into())) } else { Ok(()) }
    }

    fn share(&mut self, first: &dyn Tensor) -> bool {
        let first = first.as_any().and_then(|first| first.downcast_ref::<Immutable>());
        first.map(|first| *self = first.clone()).is_some()
    }
}

#[test]
fn ties_survive_a_load_that_is_undone() {
    #[derive(StateDict)]
    struct Net {
        #[param]
        wte: Immutable,
        #[param]
        head: Immutable,
        #[param]
        last: Immutable,
    }
    for assign in [false, true] {
        let tied = Immutable(Rc::new([1.0; 2]));
        let mut net = Net { wte: tied.clone(), head: tied, last: Immutable(Rc::new([2.0; 2])) };
        let map = map_of(&[("wte", 5.0), ("last", 13.0)]);
        let options = LoadOptions::new().assign(assign);
        let error = net.load_state_dict_with(&map, &options).unwrap_err();
        assert!(error.nothing_was_written(), "{error}");
        assert_eq!((*net.wte.0, *net.last.0), ([1.0; 2], [2.0; 2]));
        assert!(Rc::ptr_eq(&net.wte.0, &net.head.0));
        net.load_state_dict_with(&map_of(&[("wte", 5.0), ("last", 6.0)]), &options).unwrap();
        assert!(Rc::ptr_eq(&net.wte.0, &net.head.0) && *net.head.0 == [5.0; 2]);
    }
}
