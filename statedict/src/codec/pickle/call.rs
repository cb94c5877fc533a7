//! What calling a class or function means: values are made, nothing is run.

use smallvec::SmallVec;

use crate::codec::pickle::fault::Fault;
use crate::codec::pickle::flags::check_grad;
use crate::codec::pickle::globals::Meaning;
use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::resolver::StorageResolver;
use crate::dtype::DType;
use crate::value::raw::{
    Composite, ContainerKind, Device, Extra, Object, Raw, Run, TensorFlags, TensorNode, Text,
};
use crate::value::refusal::{OF_DEVICE, WRAPPER};
use crate::value::{Refusal, RefusalReason};

/// One more than any class or function takes whose arguments are looked at.
const MOST_ARGS: usize = 9;

/// The work that a tensor within a tensor counts as.
const LAYER: usize = 8;

impl<R: StorageResolver> Machine<'_, R> {
    /// REDUCE.
    pub(super) fn call(&mut self, callee: Raw, args: Raw) -> Result<Raw, Fault> {
        self.call_with_names(callee, args, Raw::None)
    }

    /// NEWOBJ: what is known is made as by a call.
    pub(super) fn call_new(&mut self, class: Raw, args: Raw) -> Result<Raw, Fault> {
        let value = self.call(class, args)?;
        if let Raw::Object(index) = value
            && let Some(object) = self.graph.object(index)
        {
            self.graph.set_object(index, Object { new: true, ..object });
        }
        Ok(value)
    }

    pub(super) fn call_with_names(
        &mut self,
        callee: Raw,
        args: Raw,
        kwargs: Raw,
    ) -> Result<Raw, Fault> {
        let Raw::Tuple(run) = args else {
            return Err(Fault::expected("a tuple of arguments", self.describe(args)));
        };
        let Some(meaning) = self.meaning(callee) else {
            // An unknown global is here only where the reader was asked to keep such values.
            return match callee {
                Raw::Global(_) | Raw::Object(_) => self.object(callee, args, kwargs),
                _ => Err(Fault::expected("a class or function", self.describe(callee))),
            };
        };
        let value = match meaning {
            Meaning::RebuildFromType => self.rebuild_from_type(run)?,
            _ => self.call_known(callee, meaning, run)?,
        };
        self.graph.note_call(value, callee, args)?;
        Ok(value)
    }

    fn object(&mut self, class: Raw, args: Raw, kwargs: Raw) -> Result<Raw, Fault> {
        let (state, items, entries) = (Raw::None, Raw::None, Raw::None);
        let object = Object { class, args, kwargs, state, items, entries, new: false };
        Ok(self.graph.add_object(object)?)
    }

    fn call_known(&mut self, callee: Raw, meaning: Meaning, run: Run) -> Result<Raw, Fault> {
        // The commonest by far takes its arguments itself.
        if meaning == Meaning::RebuildTensorV2 {
            return self.rebuild_v2(run);
        }
        let args: SmallVec<[Raw; MOST_ARGS]> =
            self.graph.run(run).iter().take(MOST_ARGS).copied().collect();
        match (meaning, args.as_slice()) {
            (Meaning::OrderedDict, args) => self.dict(ContainerKind::OrderedDict, args),
            (Meaning::Counter, args) => self.dict(ContainerKind::Counter, args),
            (Meaning::DefaultDict, []) => self.dict(ContainerKind::DefaultDict, &[]),
            (Meaning::DefaultDict, &[factory, ref rest @ ..]) => {
                let dict = self.dict(ContainerKind::DefaultDict, rest)?;
                if let Raw::Container(index) = dict {
                    self.graph.set_extra(index, Extra { attributes: Raw::None, factory })?;
                }
                Ok(dict)
            }
            (Meaning::Set, args) => self.collection(ContainerKind::Set, args),
            (Meaning::FrozenSet, args) => self.collection(ContainerKind::FrozenSet, args),
            (Meaning::Size, []) => Ok(Raw::Size(Run { start: self.identity(), len: 0 })),
            (Meaning::Size, &[Raw::Tuple(run) | Raw::Size(run)]) if run.len == 0 => {
                Ok(Raw::Size(Run { start: self.identity(), len: 0 }))
            }
            (Meaning::Size, &[Raw::Tuple(run) | Raw::Size(run)]) => Ok(Raw::Size(run)),
            (Meaning::Size, &[list @ Raw::Container(_)]) => {
                let items = self.elements(list)?;
                self.work(items.len as usize)?;
                Ok(Raw::Size(self.graph.copy_run(items)?))
            }
            (Meaning::Complex, args) => {
                let number = |index: usize| match args.get(index) {
                    Some(&Raw::Float(value)) => Some(value),
                    Some(&Raw::Int(value)) => exact_f64(value),
                    None => Some(0.0),
                    _ => None,
                };
                match (number(0), number(1)) {
                    (Some(re), Some(im)) if args.len() <= 2 => {
                        Ok(self.graph.add_complex(re, im)?)
                    }
                    _ => Err(Fault::expected("two numbers", self.describe(Raw::Tuple(run)))),
                }
            }
            (Meaning::Encode, &[Raw::Str(text), Raw::Str(codec)]) => {
                self.encode(text, codec).map(Raw::Bytes)
            }
            // How protocol 2 writes empty bytes.
            (Meaning::Bytes, []) => Ok(Raw::Bytes(Text::default())),
            (Meaning::ByteArray, []) => Ok(Raw::ByteArray(Text { start: self.identity(), len: 0 })),
            // Of one byte there may be one `bytes` for several of these.
            (Meaning::ByteArray, &[Raw::Bytes(bytes)]) if bytes.len == 1 => {
                let content = self.graph.text(bytes).to_vec();
                let copy = self.copy_bytes(&content)?;
                self.graph.note_encoded(copy, self.graph.encoded_from(bytes))?;
                Ok(Raw::ByteArray(copy))
            }
            (Meaning::ByteArray, &[Raw::Bytes(bytes)]) => Ok(Raw::ByteArray(bytes)),
            (Meaning::ByteArray, &[Raw::Str(text), Raw::Str(codec)]) => {
                self.encode(text, codec).map(Raw::ByteArray)
            }
            (Meaning::Device, &[Raw::Str(kind)]) => self.device(kind),
            (Meaning::Device, &[Raw::Str(kind), Raw::Int(index)]) => {
                Ok(self.graph.add_device(Device { kind, index: Some(index) })?)
            }
            (Meaning::GetLayout, &[Raw::Str(name)]) => Ok(Raw::Layout(name)),
            (Meaning::Parameter, &[data, Raw::Bool(requires_grad)])
            | (Meaning::RebuildParameter, &[data, Raw::Bool(requires_grad), _]) => {
                self.parameter(data, requires_grad)
            }
            (Meaning::Parameter, &[data]) => self.parameter(data, true),
            (
                Meaning::RebuildParameterWithState,
                &[data, Raw::Bool(requires_grad), _, attributes],
            ) => {
                let parameter = self.parameter(data, requires_grad)?;
                self.attach(parameter, attributes)?;
                Ok(parameter)
            }
            (Meaning::RebuildTensor, &[storage, offset, size, stride]) => {
                self.rebuild_v1(storage, offset, size, stride)
            }
            (Meaning::RebuildTensorV3, args) => self.rebuild_v3(run, args),
            (Meaning::RebuildSparse, &[Raw::Layout(layout), Raw::Tuple(data)]) => {
                self.rebuild_sparse(layout, data)
            }
            (
                Meaning::RebuildQuantized,
                &[storage, offset, size, stride, parameters, requires_grad, _],
            ) => self.rebuild_quantized([storage, offset, size, stride, requires_grad], parameters),
            (Meaning::RebuildMeta, &[Raw::DType(dtype), size, stride, requires_grad]) => {
                self.rebuild_meta(dtype, size, stride, requires_grad)
            }
            // Filled by the state that follows.
            (Meaning::Tensor, []) => self.old_tensor(DType::F32),
            (Meaning::OldTensor(dtype), []) => self.old_tensor(dtype),
            (Meaning::NumPyDType, args) => self.numpy_dtype(args),
            (Meaning::NumPyScalar, &[dtype, data]) => self.numpy_scalar(dtype, data),
            (Meaning::NumPyReconstruct, &[_, shape, _]) => self.numpy_array(shape),
            (Meaning::NumPyFromBuffer, &[data, dtype, shape, Raw::Str(order)]) => {
                self.numpy_buffer(data, dtype, shape, (order, Raw::None))
            }
            (Meaning::NumPyFromBuffer, &[data, dtype, shape, Raw::Str(order), axes]) => {
                self.numpy_buffer(data, dtype, shape, (order, axes))
            }
            (Meaning::LoadFromBytes, &[Raw::Bytes(file) | Raw::ByteArray(file)]) => {
                self.load_from_bytes(file)
            }
            (Meaning::Kept, _) => self.object(callee, Raw::Tuple(run), Raw::None),
            (Meaning::Refused(kind), _) => self.refuse(kind),
            (Meaning::RebuildOfDevice, &[data, Raw::DType(dtype), _, Raw::Bool(grad)])
                if self.plain =>
            {
                let tensor = self.tensor_of_device(data, dtype, grad)?;
                tensor.map_or_else(|| self.refuse(OF_DEVICE), Ok)
            }
            (Meaning::RebuildOfDevice, _) => self.refuse(OF_DEVICE),
            (Meaning::RebuildWrapper, _) => self.refuse(WRAPPER),
            (Meaning::Inert | Meaning::DType(_) | Meaning::Storage(_), _) => {
                Err(Fault::expected("a class or function to call", self.describe(callee)))
            }
            _ => {
                let found = format!("{} with {}", self.describe(callee), self.arguments(&args));
                Err(Fault::expected("the arguments that this class or function takes", found))
            }
        }
    }

    /// Where the call is in the pickle: the identity of a value that has no parts to tell it by.
    fn identity(&self) -> u32 {
        u32::try_from(self.offset).unwrap_or(u32::MAX)
    }

    fn arguments(&self, args: &[Raw]) -> String {
        let words: Vec<String> = args.iter().map(|&arg| self.describe(arg)).collect();
        format!("({})", words.join(", "))
    }

    pub(super) fn refuse(&mut self, kind: &'static str) -> Result<Raw, Fault> {
        let refusal = Refusal::new(RefusalReason::Kind { kind }, self.offset);
        Ok(self.graph.add_refusal(refusal)?)
    }

    /// Refuses a tensor of a class that is not known, by its name, which is cut short where it is long.
    fn refuse_class(&mut self, class: Raw) -> Result<Raw, Fault> {
        self.work_on_value(class)?;
        let class = self.describe(class);
        let refusal = Refusal::new(RefusalReason::Class { class }, self.offset);
        Ok(self.graph.add_refusal(refusal)?)
    }

    // Containers

    /// The elements of a list, tuple or set.
    pub(super) fn elements(&self, value: Raw) -> Result<Run, Fault> {
        let run = match value {
            Raw::Tuple(run) | Raw::Size(run) => Some(run),
            Raw::Container(index) => self
                .graph
                .container(index)
                .filter(|container| !container.kind.is_dict())
                .map(|container| container.run),
            _ => None,
        };
        run.ok_or_else(|| Fault::expected("a list or tuple", self.describe(value)))
    }

    fn collection(&mut self, kind: ContainerKind, args: &[Raw]) -> Result<Raw, Fault> {
        let elements = match args {
            [] => Run::default(),
            &[elements] => self.elements(elements)?,
            _ => return Err(Fault::expected("one list", self.arguments(args))),
        };
        self.filled(kind, elements)
    }

    /// A container of values that another has too. They are not copied, but come twice to whoever looks at both.
    fn filled(&mut self, kind: ContainerKind, values: Run) -> Result<Raw, Fault> {
        self.work(values.len as usize)?;
        Ok(self.graph.add_container_of(kind, values)?)
    }

    /// A dict from nothing, from another dict, or from a list of pairs (as Python 2 wrote them).
    fn dict(&mut self, kind: ContainerKind, args: &[Raw]) -> Result<Raw, Fault> {
        let values = match args {
            [] => Run::default(),
            &[Raw::Container(index)] => match self.graph.container(index) {
                Some(container) if container.kind.is_dict() => container.run,
                _ => self.pairs(Raw::Container(index))?,
            },
            &[pairs] => self.pairs(pairs)?,
            _ => return Err(Fault::expected("one dict", self.arguments(args))),
        };
        self.filled(kind, values)
    }

    /// The keys and values of a list of pairs.
    fn pairs(&mut self, list: Raw) -> Result<Run, Fault> {
        let pairs = self.elements(list)?;
        self.work((pairs.len as usize).saturating_mul(2))?;
        let mut values = Vec::new();
        for &pair in self.graph.run(pairs) {
            match *self.graph.run(self.elements(pair)?) {
                [key, value] => values.extend([key, value]),
                _ => return Err(Fault::expected("pairs of key and value", self.describe(pair))),
            }
        }
        Ok(self.graph.add_run(&values)?)
    }

    // Text

    /// What Python's `str.encode` gives: how protocol 2 writes bytes.
    fn encode(&mut self, text: Text, codec: Text) -> Result<Text, Fault> {
        self.work_on(&[text, codec])?;
        let codec = self.graph.str(codec).to_ascii_lowercase().replace('_', "-");
        let latin = matches!(codec.as_str(), "latin1" | "latin-1" | "iso-8859-1" | "iso8859-1");
        if !latin && !matches!(codec.as_str(), "utf8" | "utf-8" | "ascii") {
            return Err(Fault::expected("the codec latin1, utf-8 or ascii", codec));
        }
        let content = self.graph.str(text);
        if content.is_ascii() || codec.starts_with("utf") {
            return Ok(text);
        }
        let bytes: Option<Vec<u8>> = if latin {
            content.chars().map(|char| u8::try_from(char).ok()).collect()
        } else {
            None
        };
        let bytes = bytes.ok_or_else(|| Fault::expected("text of that codec", "other text"))?;
        let copy = self.copy_bytes(&bytes)?;
        if copy.len == 1 {
            self.graph.note_encoded(copy, text)?;
        }
        Ok(copy)
    }

    /// `torch.device("cuda:1")`.
    fn device(&mut self, text: Text) -> Result<Raw, Fault> {
        self.work_on(&[text])?;
        let content = self.graph.str(text);
        let (kind, index) = match content.split_once(':') {
            None => (text, None),
            Some((kind, index)) => {
                let index = index.parse().map_err(|_| Fault::expected("a device", content))?;
                let len = u32::try_from(kind.len()).unwrap_or(0);
                (Text { len, ..text }, Some(index))
            }
        };
        Ok(self.graph.add_device(Device { kind, index })?)
    }

    // Tensors in tensors

    /// A parameter: a tensor object of its own over what `data` shows.
    fn parameter(&mut self, data: Raw, requires_grad: bool) -> Result<Raw, Fault> {
        let index = match data {
            Raw::Tensor(index) => index,
            // A value of its own, which is made in a way of its own.
            Raw::Refused(index) => {
                let refusal = self.graph.refusal(index).cloned();
                let refusal = refusal.map(|refusal| self.graph.add_refusal(refusal));
                return Ok(refusal.transpose()?.unwrap_or(data));
            }
            Raw::Composite(index) => {
                let composite = self.graph.composite(index);
                if let Some(dtype) = composite.and_then(|composite| self.composite_dtype(composite))
                {
                    check_grad(requires_grad, dtype)?;
                }
                let composite = composite.map(|composite| self.graph.add_composite(composite));
                return Ok(composite.transpose()?.unwrap_or(data));
            }
            other => return Err(Fault::expected("a tensor", self.describe(other))),
        };
        let Some(node) = self.graph.tensor(index) else { return Ok(data) };
        check_grad(requires_grad, node.dtype)?;
        let flags = TensorFlags { requires_grad, parameter: true, ..node.flags };
        // Its sizes are not copied, but come twice to whoever looks at both.
        self.work(node.rank as usize)?;
        Ok(Raw::Tensor(self.graph.copy_tensor(TensorNode { flags, ..node })?))
    }

    /// The dtype of the elements of a sparse or quantized tensor.
    fn composite_dtype(&self, composite: Composite) -> Option<DType> {
        let tensor = match composite {
            Composite::Quantized { tensor, .. } => tensor,
            Composite::Sparse { parts, .. } => match self.graph.run(parts).last() {
                Some(&Raw::Tensor(values)) => values,
                _ => return None,
            },
        };
        self.graph.tensor(tensor).map(|node| node.dtype)
    }

    fn attach(&mut self, tensor: Raw, attributes: Raw) -> Result<(), Fault> {
        match tensor {
            Raw::Tensor(index) if attributes != Raw::None => {
                Ok(self.graph.set_tensor_attributes(index, attributes)?)
            }
            _ => Ok(()),
        }
    }

    /// `_rebuild_from_type_v2(function, type, args, state)`: a tensor with Python attributes, perhaps of one
    /// within another.
    fn rebuild_from_type(&mut self, run: Run) -> Result<Raw, Fault> {
        let mut layers = Vec::new();
        let mut run = run;
        let (callee, meaning, inner) = loop {
            let &[callee, class, Raw::Tuple(inner), state] = self.graph.run(run) else {
                let found = self.describe(Raw::Tuple(run));
                return Err(Fault::expected("function, type, arguments and state", found));
            };
            // A tensor of its own is made for it.
            self.work(LAYER)?;
            layers.push((class, state));
            match self.meaning(callee) {
                Some(Meaning::RebuildFromType) => run = inner,
                Some(meaning) => break (callee, meaning, inner),
                None => return self.refuse_class(callee),
            }
        };
        let local = match layers.last() {
            Some(&(_, state)) if self.plain && meaning == Meaning::RebuildWrapper => {
                self.local_tensor(inner, state)?
            }
            _ => None,
        };
        if local.is_some() {
            // What it has beside its local part is of no use without it.
            layers.pop();
        }
        let mut tensor = local.map_or_else(|| self.call_known(callee, meaning, inner), Ok)?;
        for (class, state) in layers.into_iter().rev() {
            tensor = match self.meaning(class) {
                Some(Meaning::Tensor) if attributed(tensor, state) => {
                    return self.refuse("a sparse or quantized tensor with attributes");
                }
                Some(Meaning::Tensor) => tensor,
                Some(Meaning::Parameter) if matches!(tensor, Raw::Tensor(_)) => {
                    let grad = match tensor {
                        Raw::Tensor(index) => self.graph.tensor(index),
                        _ => None,
                    };
                    self.parameter(tensor, grad.is_some_and(|node| node.flags.requires_grad))?
                }
                // What it is of has been said.
                _ if matches!(tensor, Raw::Refused(_)) => tensor,
                _ if self.plain && matches!(tensor, Raw::Tensor(_)) => tensor,
                _ => return self.refuse_class(class),
            };
            self.attach(tensor, state)?;
        }
        Ok(tensor)
    }
}

/// Whether attributes would be lost.
fn attributed(tensor: Raw, state: Raw) -> bool {
    matches!(tensor, Raw::Composite(_)) && state != Raw::None
}

/// The number as a float, where a float can hold it exactly.
fn exact_f64(value: i64) -> Option<f64> {
    i32::try_from(value).ok().map(f64::from)
}
