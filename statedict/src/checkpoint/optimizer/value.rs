//! One value of an optimizer's state dict, as Rust's types read it.

use crate::dtype::DType;
use crate::plain_debug::debug_is_display;
use crate::tensor::{CpuTensor, TensorView, cast};
use crate::value::{Graph, Kind, Value, ValueId};

/// A value of an optimizer's state dict: an option of a group, or a part of a parameter's state.
///
/// [`get`](Self::get) reads it as a Rust type; [`kind`](Self::kind) gives what it is, for matching.
#[derive(Debug, Clone, Copy)]
pub struct StateValue<'s, 'a> {
    graph: &'s Graph<'a>,
    id: ValueId,
}

impl<'s, 'a> StateValue<'s, 'a> {
    pub(super) fn new(graph: &'s Graph<'a>, id: ValueId) -> Self {
        StateValue { graph, id }
    }

    pub(super) fn graph(self) -> &'s Graph<'a> {
        self.graph
    }

    /// The value in its graph.
    pub fn value(self) -> Value<'s> {
        self.graph.get(self.id)
    }

    /// Returns the kind of the value.
    pub fn kind(self) -> Kind<'s> {
        self.value().kind()
    }

    /// The tensor, as a lazy view.
    pub fn tensor(self) -> Option<TensorView<'a>> {
        self.graph.tensor_of(self.id)
    }

    /// Returns its id in [`OptimizerState::graph`](super::OptimizerState::graph).
    pub fn id(self) -> ValueId {
        self.id
    }

    /// Returns `true` if it is `None`.
    pub fn is_none(self) -> bool {
        self.value().is_none()
    }

    /// The value as a Rust type.
    ///
    /// # Errors
    /// Where it is of another type, or a tensor's bytes cannot be read.
    pub fn get<T: FromState<'a>>(self) -> Result<T, WrongValue> {
        T::from_state(self)
    }

    /// The elements of a `list`, `tuple` or `torch.Size`.
    pub fn items(self) -> Option<impl ExactSizeIterator<Item = StateValue<'s, 'a>>> {
        match self.kind() {
            Kind::List(items) | Kind::Tuple(items) | Kind::Size(items) => {
                Some(items.iter().map(move |item| self.other(item)))
            }
            _ => None,
        }
    }

    /// The entries of a dict that have a `str` as key, in order.
    pub fn entries(self) -> impl Iterator<Item = (&'s str, StateValue<'s, 'a>)> {
        let dict = self.value().as_dict();
        dict.into_iter()
            .flat_map(|dict| dict.iter())
            .filter_map(move |(key, value)| Some((key.as_str()?, self.other(value))))
    }

    /// Another value of the same graph.
    fn other(self, value: Value<'s>) -> Self {
        StateValue { id: value.value_id(), ..self }
    }

    /// Returns `true` if it is a dict with keys that are no `str`.
    pub(super) fn has_other_keys(self) -> bool {
        self.value().as_dict().is_some_and(|dict| self.entries().count() < dict.len())
    }

    /// The value under `key` of a dict.
    pub fn find(self, key: &str) -> Option<StateValue<'s, 'a>> {
        self.value().get(key).map(|value| self.other(value))
    }

    /// The name of its type in Python.
    pub fn type_name(self) -> String {
        self.value().type_name()
    }

    fn wrong(self, expected: &'static str) -> WrongValue {
        WrongValue { expected, found: self.type_name() }
    }

    /// The only element of a tensor of one, converted.
    fn item<T: crate::tensor::Element>(self, expected: &'static str) -> Result<T, WrongValue> {
        let view = self.tensor().ok_or_else(|| self.wrong(expected))?;
        if view.numel() != 1 {
            let found = format!("a tensor of shape {}", view.shape());
            return Err(WrongValue { expected, found });
        }
        let bytes = view.bytes().map_err(|error| WrongValue::unreadable(expected, &error))?;
        let element = cast(&bytes, view.dtype(), T::DTYPE);
        element
            .filter(|_| !view.dtype().is_complex())
            .map(|bytes| T::read_le(&bytes))
            .ok_or_else(|| WrongValue { expected, found: format!("a tensor of {}", view.dtype()) })
    }
}

/// A value is not what it was asked to be.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrongValue {
    /// The type that was asked for, in Python's terms.
    pub expected: &'static str,
    /// A description of it.
    pub found: String,
}

impl WrongValue {
    pub(super) fn unreadable(expected: &'static str, error: &dyn std::error::Error) -> Self {
        WrongValue { expected, found: format!("a tensor that cannot be read: {error}") }
    }
}

impl std::fmt::Display for WrongValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

debug_is_display!(WrongValue);

impl std::error::Error for WrongValue {}

/// Rust types that a value of an optimizer's state dict can be read as.
///
/// Numbers are read from a tensor of one element too, whatever its type: `lr` and `step` come both ways.
/// An integer is only read from a number that is one. `Option` is `None` for Python's `None`.
pub trait FromState<'a>: Sized {
    /// Reads the value.
    ///
    /// # Errors
    /// Where it is none of this type.
    fn from_state(value: StateValue<'_, 'a>) -> Result<Self, WrongValue>;

    /// Returns the result where there is no such value: an error, but for an `Option`.
    fn absent() -> Option<Self> {
        None
    }
}

impl<'a> FromState<'a> for bool {
    fn from_state(value: StateValue<'_, 'a>) -> Result<Self, WrongValue> {
        value.value().as_bool().ok_or_else(|| value.wrong("bool"))
    }
}

impl<'a> FromState<'a> for i64 {
    fn from_state(value: StateValue<'_, 'a>) -> Result<Self, WrongValue> {
        const EXPECTED: &str = "int";
        if let Some(number) = value.value().as_i64() {
            return Ok(number);
        }
        let number = match value.tensor().map(|view| view.dtype()) {
            Some(dtype) if is_integer(dtype) => return value.item::<i64>(EXPECTED),
            Some(DType::U64) => {
                let number = value.item::<u64>(EXPECTED)?;
                return i64::try_from(number)
                    .map_err(|_| WrongValue { expected: EXPECTED, found: number.to_string() });
            }
            Some(_) => value.item::<f64>(EXPECTED)?,
            None => return Err(value.wrong(EXPECTED)),
        };
        // 2^63 is the first number that does not fit; both bounds are exact as floats.
        let bound = 9_223_372_036_854_775_808.0;
        if number.fract() == 0.0 && (-bound..bound).contains(&number) {
            // In range and without a fraction, as just seen.
            #[allow(clippy::cast_possible_truncation)]
            return Ok(number as i64);
        }
        Err(WrongValue { expected: EXPECTED, found: format!("a tensor of {number}") })
    }
}

fn is_integer(dtype: DType) -> bool {
    use DType::{I8, I16, I32, I64, U8, U16, U32};
    matches!(dtype, U8 | I8 | I16 | U16 | I32 | U32 | I64)
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl<'a> FromState<'a> for $integer {
            fn from_state(value: StateValue<'_, 'a>) -> Result<Self, WrongValue> {
                let number = i64::from_state(value)?;
                <$integer>::try_from(number).map_err(|_| {
                    let expected = concat!("int of the size of ", stringify!($integer));
                    WrongValue { expected, found: number.to_string() }
                })
            }
        }
    )*};
}

integers!(i32, u32, u64, usize);

impl<'a> FromState<'a> for f64 {
    fn from_state(value: StateValue<'_, 'a>) -> Result<Self, WrongValue> {
        match value.kind() {
            Kind::Float(value) => Ok(value),
            Kind::Int(number) => match number.as_i64() {
                // As Python's `float()`: rounded to the nearest.
                Some(number) => Ok(number as f64),
                None => Err(value.wrong("float")),
            },
            Kind::Tensor(_) => value.item("float"),
            _ => Err(value.wrong("float")),
        }
    }
}

impl<'a> FromState<'a> for f32 {
    /// Rounded to the nearest.
    #[allow(clippy::cast_possible_truncation)]
    fn from_state(value: StateValue<'_, 'a>) -> Result<Self, WrongValue> {
        f64::from_state(value).map(|value| value as f32)
    }
}

impl<'a> FromState<'a> for String {
    fn from_state(value: StateValue<'_, 'a>) -> Result<Self, WrongValue> {
        let text = value.value().as_str().map(str::to_owned);
        text.ok_or_else(|| value.wrong("str"))
    }
}

impl<'a> FromState<'a> for TensorView<'a> {
    fn from_state(value: StateValue<'_, 'a>) -> Result<Self, WrongValue> {
        value.tensor().ok_or_else(|| value.wrong("torch.Tensor"))
    }
}

impl<'a> FromState<'a> for CpuTensor {
    fn from_state(value: StateValue<'_, 'a>) -> Result<Self, WrongValue> {
        let view = TensorView::from_state(value)?;
        // A file can claim any number of elements by repeating the few it has.
        if view.nbytes() > view.storage().nbytes() {
            let found = format!("a tensor of shape {} that repeats its elements", view.shape());
            return Err(WrongValue { expected: "torch.Tensor of its own elements", found });
        }
        CpuTensor::from_view(&view).map_err(|error| WrongValue::unreadable("torch.Tensor", &error))
    }
}

impl<'a, T: FromState<'a>> FromState<'a> for Option<T> {
    fn from_state(value: StateValue<'_, 'a>) -> Result<Self, WrongValue> {
        if value.is_none() { Ok(None) } else { T::from_state(value).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<'a, T: FromState<'a>> FromState<'a> for Vec<T> {
    fn from_state(value: StateValue<'_, 'a>) -> Result<Self, WrongValue> {
        value.items().ok_or_else(|| value.wrong("list"))?.map(T::from_state).collect()
    }
}

macro_rules! tuples {
    ($($expected:literal: $($name:ident)*;)*) => {$(
        impl<'a, $($name: FromState<'a>),*> FromState<'a> for ($($name,)*) {
            fn from_state(value: StateValue<'_, 'a>) -> Result<Self, WrongValue> {
                let mut items = value.items().ok_or_else(|| value.wrong($expected))?;
                let len = items.len();
                let other = || WrongValue { expected: $expected, found: format!("{len} values") };
                let found = ($($name::from_state(items.next().ok_or_else(other)?)?,)*);
                if items.next().is_none() { Ok(found) } else { Err(other()) }
            }
        }
    )*};
}

tuples! {
    "tuple of 2": A B;
    "tuple of 3": A B C;
}
