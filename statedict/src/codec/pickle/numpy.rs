//! NumPy's scalars, arrays and dtypes, as values.

use crate::codec::pickle::fault::Fault;
use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::resolver::StorageResolver;
use crate::value::raw::{NumPy, NumPyForm, Raw, Run, Text};

fn value(form: NumPyForm) -> NumPy {
    NumPy {
        form,
        code: Text::default(),
        order: Text::default(),
        dtype: Raw::None,
        shape: Raw::None,
        fortran: false,
        axes: Raw::None,
        data: Raw::None,
    }
}

impl<R: StorageResolver> Machine<'_, R> {
    /// `numpy.dtype(code, align, copy)`; its byte order comes with its state.
    pub(super) fn numpy_dtype(&mut self, args: &[Raw]) -> Result<Raw, Fault> {
        match args {
            &[Raw::Str(code), ..] => {
                Ok(self.graph.add_numpy(NumPy { code, ..value(NumPyForm::DType) })?)
            }
            _ => Err(Fault::expected("a type code as numpy.dtype's argument", "another")),
        }
    }

    fn check_dtype(&self, dtype: Raw) -> Result<(), Fault> {
        match dtype {
            Raw::NumPy(index)
                if self.graph.numpy(index).is_some_and(|found| found.form == NumPyForm::DType) =>
            {
                Ok(())
            }
            other => Err(Fault::expected("a numpy.dtype", self.describe(other))),
        }
    }

    /// `numpy.core.multiarray.scalar(dtype, bytes)`.
    pub(super) fn numpy_scalar(&mut self, dtype: Raw, data: Raw) -> Result<Raw, Fault> {
        self.check_dtype(dtype)?;
        Ok(self.graph.add_numpy(NumPy { dtype, data, ..value(NumPyForm::Scalar) })?)
    }

    /// `_reconstruct(numpy.ndarray, (0,), b'b')`: what it is comes with its state.
    pub(super) fn numpy_array(&mut self, shape: Raw) -> Result<Raw, Fault> {
        Ok(self.graph.add_numpy(NumPy { shape, ..value(NumPyForm::Array) })?)
    }

    /// `_frombuffer(bytes, dtype, shape, order, axis_order)`, with protocol 5.
    pub(super) fn numpy_buffer(
        &mut self,
        data: Raw,
        dtype: Raw,
        shape: Raw,
        (order, axes): (Text, Raw),
    ) -> Result<Raw, Fault> {
        self.check_dtype(dtype)?;
        let array = NumPy { dtype, shape, data, ..value(NumPyForm::Array) };
        let array = match (self.graph.text(order), axes) {
            (b"C" | b"A", _) => array,
            (b"F", _) => NumPy { fortran: true, ..array },
            (b"K", Raw::Tuple(axes)) => {
                NumPy { shape: self.turned(shape, axes)?, axes: Raw::Tuple(axes), ..array }
            }
            _ => {
                let found = self.describe(Raw::Str(order));
                return Err(Fault::expected("the order of an array's elements", found));
            }
        };
        Ok(self.graph.add_numpy(array)?)
    }

    /// Returns the sizes of an array in the order of its axes.
    fn turned(&mut self, shape: Raw, axes: Run) -> Result<Raw, Fault> {
        let sizes = self.elements(shape)?;
        self.work((sizes.len as usize).saturating_add(axes.len as usize))?;
        let sizes = self.graph.run(sizes);
        let mut left: Vec<Option<Raw>> = sizes.iter().copied().map(Some).collect();
        let axes = self.graph.run(axes);
        let turned: Option<Vec<Raw>> = axes
            .iter()
            .map(|&axis| match axis {
                Raw::Int(axis) => left.get_mut(usize::try_from(axis).ok()?)?.take(),
                _ => None,
            })
            .collect();
        let turned = turned.filter(|turned| turned.len() == sizes.len());
        let turned =
            turned.ok_or_else(|| Fault::expected("each axis of the array once", "others"))?;
        Ok(Raw::Tuple(self.graph.add_run(&turned)?))
    }

    /// BUILD of an array, `(version, shape, dtype, is_fortran, data)`, or of a dtype,
    /// `(version, byte order, …)`.
    pub(super) fn build_numpy(&mut self, index: u32, state: Raw) -> Result<(), Fault> {
        let wrong = "the state that NumPy gives to such a value";
        let Raw::Tuple(run) = state else {
            return Err(Fault::expected(wrong, self.describe(state)));
        };
        let Some(old) = self.graph.numpy(index) else { return Ok(()) };
        let new = match (old.form, self.graph.run(run)) {
            (NumPyForm::DType, &[_, Raw::Str(order), ..]) => NumPy { order, ..old },
            (NumPyForm::Array, &[_, shape @ Raw::Tuple(_), dtype, Raw::Bool(fortran), data]) => {
                self.check_dtype(dtype)?;
                NumPy { shape, dtype, fortran, data, ..old }
            }
            _ => return Err(Fault::expected(wrong, self.describe(state))),
        };
        self.graph.set_numpy(index, new);
        Ok(())
    }
}
