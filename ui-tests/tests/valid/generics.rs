//! Models with parameters.

#![expect(clippy::use_self, reason = "a struct may be named in itself")]

use std::fmt::Debug;
use std::marker::PhantomData;

use statedict::prelude::*;

use super::{Linear, Relu};

#[derive(StateDict)]
struct OfAModule<M> {
    module: M,
}

#[derive(StateDict)]
struct OfALeaf<W> {
    #[param]
    weight: W,
    #[buffer]
    mean: Option<W>,
}

#[derive(StateDict)]
struct OfBoth<M, W: Clone = f32>
where
    M: Debug,
{
    list: Vec<M>,
    #[param]
    weight: W,
}

#[derive(StateDict)]
struct OfANumber<const N: usize, const TRAIN: bool = true> {
    #[param]
    weight: [f32; N],
    blocks: [Linear; N],
}

#[derive(StateDict)]
struct OfAnArray<M, const N: usize>([M; N]);

#[derive(StateDict)]
struct OfALifetime<'a, 'b: 'a, M> {
    module: M,
    #[skip]
    name: &'a str,
    #[skip]
    names: &'b [&'a str],
}

#[derive(StateDict)]
struct OfNothing<B> {
    #[param]
    weight: f32,
    backend: PhantomData<fn() -> B>,
}

#[derive(StateDict)]
struct Unsized<B: ?Sized> {
    #[param]
    weight: f32,
    backend: PhantomData<B>,
}

/// A backend, as in burn.
trait Backend {
    type Tensor;
    type Layer;
}

struct Cpu;

impl Backend for Cpu {
    type Tensor = Vec<f32>;
    type Layer = Linear;
}

#[derive(StateDict)]
struct OfABackend<B: Backend> {
    #[param]
    weight: B::Tensor,
    layer: B::Layer,
    layers: Vec<<B as Backend>::Layer>,
}

#[derive(StateDict)]
enum Either<A, B> {
    Left(A),
    Right(B),
    Both { left: A, right: B },
}

#[derive(StateDict)]
struct Chain<A, B>(A, B);

#[derive(StateDict)]
struct Recursive<M> {
    module: M,
    next: Option<Box<Self>>,
    again: Vec<Recursive<M>>,
}

#[derive(StateDict)]
#[state_dict(bound(M: StateDict))]
struct Even<M> {
    module: M,
    next: Option<Box<Odd<M>>>,
}

#[derive(StateDict)]
#[state_dict(bound(M: StateDict))]
struct Odd<M> {
    next: Option<Box<Even<M>>>,
}

#[derive(StateDict)]
struct Higher<M> {
    module: M,
    forward: for<'a> fn(&'a [f32]) -> &'a f32,
}

#[derive(StateDict)]
struct Shadowing<StateDict, LeafField> {
    module: StateDict,
    #[param]
    leaf: LeafField,
}

#[derive(StateDict)]
#[state_dict(transparent)]
struct Wrapper<M>(M);

#[test]
fn arguments_are_modules_and_leaves() -> Result<(), statedict::CollectError> {
    let chain = Chain(Linear::default(), Chain(Relu, Chain(Linear::default(), Relu)));
    assert!(chain.state_dict()?.keys().eq(["0.weight", "1.1.0.weight"]));
    let backend = OfABackend::<Cpu> {
        weight: vec![0.0],
        layer: Linear::default(),
        layers: vec![Linear::default()],
    };
    assert!(backend.state_dict()?.keys().eq(["weight", "layer.weight", "layers.0.weight"]));
    let even = Even { module: Relu, next: Some(Box::new(Odd { next: None })) };
    assert!(even.state_dict()?.is_empty());
    let shadowing = Shadowing { module: Linear::default(), leaf: 1.0 };
    assert!(shadowing.state_dict()?.keys().eq(["leaf", "module.weight"]));
    Ok(())
}
