//! Structs and enums by their form.

#![expect(clippy::use_self, clippy::repr_packed_without_abi, reason = "these forms are valid too")]

use statedict::prelude::*;

use super::{Linear, Relu};

#[derive(StateDict)]
struct NoFields {}

#[derive(StateDict)]
struct NoElements();

#[derive(StateDict)]
struct One(Linear);

#[derive(StateDict)]
struct MixedTuple(#[param] f32, Linear, #[buffer] i64, usize, Relu);

#[derive(StateDict)]
struct RawNames {
    #[param]
    r#type: f32,
    r#match: Linear,
}

#[derive(StateDict)]
#[expect(non_snake_case, reason = "as in the checkpoint")]
struct ForeignNames {
    #[param]
    W_q: f32,
    #[buffer]
    größe: i64,
    _private: Linear,
    __doubled: Linear,
}

#[derive(StateDict)]
struct SelfNames {
    #[param]
    visit: f32,
    #[param]
    describe: f32,
    visitor: Linear,
    table: Linear,
    module: Linear,
}

#[derive(StateDict)]
enum Never {}

#[derive(StateDict)]
enum Units {
    One,
    Two,
}

#[derive(StateDict)]
enum Forms {
    Unit,
    EmptyTuple(),
    EmptyStruct {},
    Module(Linear),
    Leaf(#[param] f32),
    Pair(Linear, Relu),
    Plain(usize),
    Named {
        #[param]
        weight: f32,
        child: Linear,
    },
    Skipped(#[skip] Box<str>),
    #[rename("segment")]
    Segment(Linear),
}

#[derive(StateDict)]
#[repr(u8)]
enum Numbered {
    One(Linear) = 1,
    Two(Relu) = 7,
}

#[derive(StateDict)]
#[repr(C)]
struct InC {
    #[param]
    weight: f32,
}

#[derive(StateDict)]
#[repr(transparent)]
#[state_dict(transparent)]
struct InRustToo(Linear);

#[derive(StateDict)]
#[repr(packed)]
struct PackedSettings {
    width: u8,
    height: u32,
}

#[derive(StateDict)]
#[must_use]
#[non_exhaustive]
struct Marked {
    #[param]
    weight: f32,
}

#[derive(Clone, Debug, Default, PartialEq, StateDict)]
struct DerivedWithOthers {
    #[param]
    weight: Vec<f32>,
}

#[derive(StateDict)]
struct Recursive {
    #[param]
    weight: f32,
    left: Option<Box<Self>>,
    others: Vec<Recursive>,
}

#[derive(StateDict)]
enum RecursiveEnum {
    Leaf(Linear),
    Node(Box<Self>, Box<RecursiveEnum>),
}

/// In the body of a function, with a type of it.
#[test]
fn in_a_function() -> Result<(), statedict::CollectError> {
    #[derive(StateDict)]
    struct Inner {
        #[param]
        scale: f32,
    }
    #[derive(StateDict)]
    struct Outer {
        inner: Inner,
    }
    let outer = Outer { inner: Inner { scale: 1.0 } };
    assert!(outer.state_dict()?.keys().eq(["inner.scale"]));
    Ok(())
}

#[test]
fn names_are_keys() -> Result<(), statedict::CollectError> {
    let raw = RawNames { r#type: 0.0, r#match: Linear::default() };
    assert!(raw.state_dict()?.keys().eq(["type", "match.weight"]));
    let tuple = MixedTuple(0.0, Linear::default(), 0, 0, Relu);
    assert!(tuple.state_dict()?.keys().eq(["0", "2", "1.weight"]));
    let names = SelfNames {
        visit: 0.0,
        describe: 0.0,
        visitor: Linear::default(),
        table: Linear::default(),
        module: Linear::default(),
    };
    assert_eq!(names.state_dict()?.len(), 5);
    Ok(())
}

/// What a macro makes, with its own names and types that were pasted.
macro_rules! layer {
    ($name:ident, $field:ident: $ty:ty, $key:literal) => {
        #[derive(StateDict)]
        struct $name {
            #[param]
            #[rename($key)]
            $field: $ty,
            inner: Option<$crate::valid::Linear>,
        }
    };
}

layer!(Made, weight: Vec<f32>, "w");

#[test]
fn in_a_macro() -> Result<(), statedict::CollectError> {
    let made = Made { weight: vec![0.0], inner: Some(Linear::default()) };
    assert!(made.state_dict()?.keys().eq(["w", "inner.weight"]));
    Ok(())
}
