//! Tensors of classes that are not known, as the plain tensors that their bytes are.

use crate::codec::pickle::fault::Fault;
use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::resolver::StorageResolver;
use crate::dtype::DType;
use crate::tensor::TensorView;
use crate::value::raw::{Raw, Run, TensorFlags, TensorNode};
use crate::value::{Kind, Value};

/// The placements of a distributed tensor by which its local part can be all of it.
const PLACEMENTS: [&str; 3] = ["Replicate", "Shard", "_StridedShard"];

impl<R: StorageResolver> Machine<'_, R> {
    /// A tensor of another device, made of an array or a tensor of the CPU: that, in its dtype.
    pub(super) fn tensor_of_device(
        &mut self,
        data: Raw,
        dtype: DType,
        requires_grad: bool,
    ) -> Result<Option<Raw>, Fault> {
        let array = match Value::new(&self.graph, data).kind() {
            Kind::NumPy(array) => array,
            Kind::Tensor(tensor) if tensor.dtype() == Some(dtype) => {
                return self.copy_of(data, requires_grad);
            }
            _ => return Ok(None),
        };
        // One array may be that of many tensors, and each has its own elements.
        let len = array.data().as_bytes().map_or(0, <[u8]>::len);
        let width = array.dtype().map_or(1, DType::size).max(1);
        let made = (len / width).saturating_mul(dtype.size());
        self.work(len.saturating_add(made).saturating_mul(2))?;
        let Kind::NumPy(array) = Value::new(&self.graph, data).kind() else { return Ok(None) };
        let view = array.to_tensor().and_then(|view| view.cast(dtype).ok());
        let Some(view) = view else { return Ok(None) };
        self.add_view(&view, requires_grad).map(Some)
    }

    fn add_view(&mut self, view: &TensorView<'static>, requires_grad: bool) -> Result<Raw, Fault> {
        let storage = self.graph.insert_storage(view.storage().clone())?;
        let number = |size: usize| i64::try_from(size).unwrap_or(i64::MAX);
        let sizes: Vec<i64> = view.shape().iter().map(|&size| number(size)).collect();
        let strides = view.own_strides();
        let strided = strides.is_some();
        let strides: Vec<i64> = strides
            .into_iter()
            .flat_map(|strides| strides.iter())
            .map(|&stride| i64::try_from(stride).unwrap_or(i64::MAX))
            .collect();
        let node = TensorNode {
            offset: view.storage_offset(),
            storage,
            dims: 0,
            rank: 0,
            dtype: view.dtype(),
            flags: TensorFlags { requires_grad, strided, ..TensorFlags::default() },
        };
        Ok(self.graph.add_tensor(node, &sizes, &strides)?)
    }

    /// Another tensor object of the same elements.
    fn copy_of(&mut self, tensor: Raw, requires_grad: bool) -> Result<Option<Raw>, Fault> {
        let Raw::Tensor(index) = tensor else { return Ok(None) };
        let Some(node) = self.graph.tensor(index) else { return Ok(None) };
        let flags = TensorFlags { requires_grad, ..node.flags };
        Ok(Some(Raw::Tensor(self.graph.copy_tensor(TensorNode { flags, ..node })?)))
    }

    /// The local part of a distributed tensor, where that is all of it: it is as large, and no summand.
    pub(super) fn local_tensor(&mut self, args: Run, state: Raw) -> Result<Option<Raw>, Fault> {
        let &[
            _,
            Raw::DType(dtype),
            Raw::Tuple(size) | Raw::Size(size),
            ..,
            Raw::Bool(requires_grad),
        ] = self.graph.run(args)
        else {
            return Ok(None);
        };
        // What classes with slots have in these comes second.
        let state = match state {
            Raw::Tuple(parts) => match *self.graph.run(parts) {
                [_, slots] => slots,
                _ => return Ok(None),
            },
            state => state,
        };
        let state = Value::new(&self.graph, state);
        let local = state.get("_local_tensor").map(Value::raw);
        let placements = state.get("_spec").and_then(|spec| match spec.kind() {
            Kind::Object(spec) => spec.state().get("placements"),
            _ => None,
        });
        let is_placed = placements.and_then(Value::as_items).is_some_and(|placements| {
            placements.iter().all(|placement| match placement.kind() {
                Kind::Object(placement) => matches!(
                    placement.class().kind(),
                    Kind::Global(class) if PLACEMENTS.contains(&class.name())
                ),
                _ => false,
            })
        });
        let Some(Raw::Tensor(index)) = local.filter(|_| is_placed) else { return Ok(None) };
        let Some(node) = self.graph.tensor(index) else { return Ok(None) };
        let (sizes, _) = self.graph.dims(node);
        let whole = self.graph.run(size).iter().map(|&size| match size {
            Raw::Int(size) => Some(size),
            _ => None,
        });
        let is_whole = node.dtype == dtype && whole.eq(sizes.iter().map(|&size| Some(size)));
        if is_whole { self.copy_of(Raw::Tensor(index), requires_grad) } else { Ok(None) }
    }
}
