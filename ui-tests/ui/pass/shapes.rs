use statedict::StateDict;
use statedict_ui_tests::T;

use std::marker::PhantomData;

#[derive(StateDict)]
struct Unit;

#[derive(StateDict)]
struct Tuple(#[param] T, Unit, Option<Box<Tuple>>);

#[derive(StateDict)]
struct Tree<W, const N: usize>
where
    W: Clone,
{
    #[param]
    weight: W,
    children: [Option<Box<Self>>; N],
    again: Vec<Tree<W, N>>,
    marker: PhantomData<fn() -> W>,
}

#[derive(StateDict)]
struct Borrowing<'a, M> {
    child: M,
    #[skip]
    config: &'a str,
    name: &'static str,
}

#[derive(StateDict)]
#[state_dict(bound(M: StateDict))]
struct Bounded<M> {
    child: Vec<M>,
}

fn main() {}
