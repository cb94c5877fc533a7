//! Quantized tensors: what they are rebuilt from, checked as PyTorch checks it.

use smallvec::SmallVec;

use crate::codec::pickle::fault::Fault;
use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::resolver::StorageResolver;
use crate::dtype::DType;
use crate::tensor::Storage;
use crate::value::raw::{Composite, ContainerKind, Raw, StorageRef, TensorFlags, TensorNode};

const PARAMETERS: &str = "torch.per_tensor_affine with a scale and a zero point, or \
     torch.per_channel_affine (or its _float_qparams) with scales, zero points and an axis";

/// A number of the pickle.
#[derive(Clone, Copy)]
enum Number {
    Float(f64),
    Int(i64),
    /// Something that Python makes a number of, and this crate does not.
    Odd,
}

/// The parameters of a quantizer, as a composite keeps them.
enum Parameters {
    Read(Vec<Raw>),
    /// PyTorch reads them, this crate does not.
    Odd,
}

impl<R: StorageResolver> Machine<'_, R> {
    /// `_rebuild_qtensor(storage, offset, size, stride, parameters, requires_grad, hooks)`.
    pub(super) fn rebuild_quantized(
        &mut self,
        [storage, offset, size, stride, requires_grad]: [Raw; 5],
        parameters: Raw,
    ) -> Result<Raw, Fault> {
        if let Raw::Storage(_, dtype) = storage
            && !dtype.is_some_and(DType::is_quantized)
        {
            let found = dtype.map_or("untyped bytes", DType::name);
            return Err(Fault::expected("a storage of a quantized dtype", found));
        }
        let found = self.elements(parameters)?;
        let found: SmallVec<[Raw; 5]> = self.graph.run(found).iter().take(5).copied().collect();
        let parameters = match *found.as_slice() {
            [scheme, scale, zero_point] if self.is_scheme(scheme, &["per_tensor_affine"]) => {
                self.per_tensor(scale, zero_point)?
            }
            [scheme, scales, zero_points, Raw::Int(axis)]
                if self.is_scheme(
                    scheme,
                    &["per_channel_affine", "per_channel_affine_float_qparams"],
                ) =>
            {
                let sizes = self.dims(size)?;
                let channels = usize::try_from(axis).ok().and_then(|axis| sizes.get(axis));
                let Some(&channels) = channels else {
                    let found = format!("axis {axis} of {} dimensions", sizes.len());
                    return Err(Fault::expected("an axis that the tensor has", found));
                };
                let floats = self.is_scheme(scheme, &["per_channel_affine_float_qparams"]);
                self.per_channel(scales, zero_points, channels, floats)?.with(Raw::Int(axis))
            }
            _ => return Err(Fault::expected(PARAMETERS, self.describe_all(&found))),
        };
        let tensor = self.rebuild_plain(storage, offset, size, stride, requires_grad)?;
        let Raw::Tensor(tensor) = tensor else { return Ok(tensor) };
        let Parameters::Read(parameters) = parameters else {
            return self.refuse("a quantized tensor whose scales are tensors or large integers");
        };
        let parameters = self.graph.add_run(&parameters)?;
        Ok(self.graph.add_composite(Composite::Quantized { tensor, parameters })?)
    }

    /// Returns `true` if the value is one of these schemes of `torch`.
    fn is_scheme(&self, value: Raw, names: &[&str]) -> bool {
        let Raw::Global(index) = value else { return false };
        self.graph.global_name(index).is_some_and(|global| {
            self.graph.text(global.module) == b"torch"
                && names.contains(&self.graph.str(global.name))
        })
    }

    fn per_tensor(&self, scale: Raw, zero_point: Raw) -> Result<Parameters, Fault> {
        let scale = self.number(scale, "a number as scale")?;
        let zero_point = match zero_point {
            Raw::Int(zero_point) => Number::Int(zero_point),
            Raw::Tensor(_) => Number::Odd,
            other => return Err(Fault::expected("an int as zero point", self.describe(other))),
        };
        Ok(match (scale.to_f64(), zero_point) {
            (Some(scale), Number::Int(zero_point)) => {
                Parameters::Read(vec![Raw::Float(scale), Raw::Int(zero_point)])
            }
            _ => Parameters::Odd,
        })
    }

    fn per_channel(
        &mut self,
        scales: Raw,
        zero_points: Raw,
        channels: i64,
        floats: bool,
    ) -> Result<Parameters, Fault> {
        match (scales, zero_points) {
            (Raw::Tensor(scale), Raw::Tensor(zero_point)) => {
                let dtype = self.check_channels(scale, "scales", channels)?;
                if !dtype.is_some_and(DType::is_floating_point) {
                    let found = dtype.map_or("no dtype", DType::name);
                    return Err(Fault::expected("scales of floating point", found));
                }
                self.check_channels(zero_point, "zero points", channels)?;
                Ok(Parameters::Read(vec![scales, zero_points]))
            }
            (Raw::Container(_), Raw::Container(_)) => {
                let (scale, zero_point) = match floats {
                    true => (DType::F32, DType::F32),
                    false => (DType::F64, DType::I64),
                };
                let scales = self.channels_of_list(scales, channels, scale)?;
                let zero_points = self.channels_of_list(zero_points, channels, zero_point)?;
                Ok(scales.zip(zero_points).map_or(Parameters::Odd, |(scales, zero_points)| {
                    Parameters::Read(vec![scales, zero_points])
                }))
            }
            (scales, zero_points) => {
                let found = self.describe_all(&[scales, zero_points]);
                Err(Fault::expected("scales and zero points, both tensors or both lists", found))
            }
        }
    }

    /// Checks that a tensor has one dimension with an element for each channel, and returns its dtype.
    fn check_channels(
        &self,
        index: u32,
        part: &'static str,
        channels: i64,
    ) -> Result<Option<DType>, Fault> {
        let Some(node) = self.graph.tensor(index) else { return Ok(None) };
        let (sizes, _) = self.graph.dims(node);
        let is_absent = matches!(node.storage, StorageRef::Absent(_));
        if sizes != [channels] || is_absent {
            let place = if is_absent { " on the device meta" } else { "" };
            let found = format!("{part} of size {sizes:?}{place} for {channels} channels");
            return Err(Fault::expected("a scale and a zero point for each channel", found));
        }
        Ok(Some(node.dtype))
    }

    /// Makes a tensor of the numbers in a list, as PyTorch does of those in its oldest files.
    fn channels_of_list(
        &mut self,
        list: Raw,
        channels: i64,
        dtype: DType,
    ) -> Result<Option<Raw>, Fault> {
        let Raw::Container(index) = list else { return Ok(None) };
        let container = self.graph.container(index);
        let run =
            container.filter(|found| found.kind == ContainerKind::List).map(|found| found.run);
        let Some(run) = run.filter(|run| i64::from(run.len) == channels) else {
            let found = format!("{} for {channels} channels", self.describe(list));
            return Err(Fault::expected("a list with a number for each channel", found));
        };
        let nbytes = (run.len as usize).saturating_mul(dtype.size());
        self.work(nbytes)?;
        self.graph.memory.take(nbytes)?;
        let mut bytes = Vec::with_capacity(nbytes);
        for &value in self.graph.run(run) {
            match self.number(value, "a list of numbers")?.to_le_bytes(dtype) {
                Some(number) => bytes.extend(number),
                None if matches!(value, Raw::Float(_) | Raw::BigInt(_)) && dtype == DType::I64 => {
                    return Err(Fault::expected("zero points of 64 bits", self.describe(value)));
                }
                None => return Ok(None),
            }
        }
        let sizes = [channels];
        let storage = self.graph.insert_storage(Storage::from_bytes(bytes))?;
        let flags = TensorFlags::default();
        let node = TensorNode { offset: 0, storage, dims: 0, rank: 0, dtype, flags };
        Ok(Some(self.graph.add_tensor(node, &sizes, &[1])?))
    }

    fn number(&self, value: Raw, expected: &'static str) -> Result<Number, Fault> {
        Ok(match value {
            Raw::Float(value) => Number::Float(value),
            Raw::Int(value) => Number::Int(value),
            Raw::Bool(value) => Number::Int(value.into()),
            Raw::BigInt(_) | Raw::Tensor(_) | Raw::NumPy(_) => Number::Odd,
            other => return Err(Fault::expected(expected, self.describe(other))),
        })
    }

    fn describe_all(&self, values: &[Raw]) -> String {
        let words: Vec<String> = values.iter().take(5).map(|&value| self.describe(value)).collect();
        words.join(", ")
    }
}

impl Parameters {
    fn with(self, last: Raw) -> Self {
        match self {
            Parameters::Read(mut values) => {
                values.push(last);
                Parameters::Read(values)
            }
            Parameters::Odd => Parameters::Odd,
        }
    }
}

impl Number {
    // To the nearest, as Python does.
    #[allow(clippy::cast_precision_loss)]
    fn to_f64(self) -> Option<f64> {
        match self {
            Number::Float(value) => Some(value),
            Number::Int(value) => Some(value as f64),
            Number::Odd => None,
        }
    }

    /// The number as an element; `None` where it has no place there.
    // Rounding to the nearest `f32` and truncating within the range of `i64` are what PyTorch does.
    #[allow(clippy::cast_possible_truncation)]
    fn to_le_bytes(self, dtype: DType) -> Option<Vec<u8>> {
        const LIMIT: f64 = 9_223_372_036_854_775_808.0;
        Some(match (self, dtype) {
            (Number::Int(value), DType::I64) => value.to_le_bytes().to_vec(),
            (Number::Float(value), DType::I64) if (-LIMIT..LIMIT).contains(&value) => {
                (value as i64).to_le_bytes().to_vec()
            }
            (_, DType::I64) => return None,
            (number, DType::F32) => (number.to_f64()? as f32).to_le_bytes().to_vec(),
            (number, _) => number.to_f64()?.to_le_bytes().to_vec(),
        })
    }
}
