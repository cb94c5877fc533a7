//! Second names of fields.
use std::rc::Rc;

use statedict::{Alias, StateDict};
use statedict_ui_tests::{M, T};

#[derive(StateDict)]
#[alias] //~
struct Alone {
    fc: M,
}

#[derive(StateDict)]
#[alias()] //~
struct Nothing {
    fc: M,
}

#[derive(StateDict)]
#[alias(f3)] //~
struct HalfAPair {
    fc: M,
}

#[derive(StateDict)]
#[alias(f3, fc)] //~
struct CommaForEquals {
    fc: M,
}

#[derive(StateDict)]
#[alias(f3: fc)] //~
struct ColonForEquals {
    fc: M,
}

#[derive(StateDict)]
#[alias = "f3"] //~
struct Equals {
    fc: M,
}

#[derive(StateDict)]
#[alias(f3 = )] //~
struct NoTarget {
    fc: M,
}

#[derive(StateDict)]
#[alias( = fc)] //~
struct NoName {
    fc: M,
}

#[derive(StateDict)]
#[alias(f3 = fc.weight)] //~
struct UnquotedPath {
    fc: M,
}

#[derive(StateDict)]
#[alias(f3 = self.fc)] //~
struct OfSelf {
    fc: M,
}

#[derive(StateDict)]
#[alias(1 = 0)] //~
struct Numbers(M);

#[derive(StateDict)]
#[alias(f3 = "")] //~
struct EmptyTarget {
    fc: M,
}

#[derive(StateDict)]
#[alias("f3." = fc)] //~
struct EmptySegment {
    fc: M,
}

#[derive(StateDict)]
#[alias(f3 = fd)] //~
struct NoFieldNear {
    fc: M,
}

#[derive(StateDict)]
#[alias(f3 = decoder)] //~
struct NoField {
    fc: M,
}

#[derive(StateDict)]
#[alias("f3" = "decoder.weight")] //~
struct NoKey {
    fc: M,
}

#[derive(StateDict)]
#[alias(f3 = wte)] //~
struct KeyForAField {
    #[rename("wte")]
    fc: M,
}

#[derive(StateDict)]
#[alias("f3" = "fc")] //~
struct FieldForAKey {
    #[rename("wte")]
    fc: M,
}

#[derive(StateDict)]
#[alias(f3 = f3)] //~
struct OfItself {
    fc: M,
}

#[derive(StateDict)]
#[alias("fc.again" = fc)] //~
struct InItsTarget {
    fc: M,
}

#[derive(StateDict)]
#[alias(head = fc)] //~
struct NameIsAField {
    fc: M,
    head: M,
}

#[derive(StateDict)]
#[alias("scale.weight" = fc)] //~
struct NameBelowAParameter {
    fc: M,
    #[param]
    scale: T,
}

#[derive(StateDict)]
#[alias(f3 = fc)]
#[alias(f3 = head)] //~
struct TwoTargets {
    fc: M,
    head: M,
}

#[derive(StateDict)]
#[alias(f3 = fc, f4 = f3)] //~
struct OfAnAlias {
    fc: M,
}

#[derive(StateDict)]
#[alias(a = b, b = c, c = a)] //~
struct Cycle {
    fc: M,
}

#[derive(StateDict)]
#[alias(f3 = cache)] //~
struct OfASkipped {
    #[skip]
    cache: M,
}

#[derive(StateDict)]
#[alias(f3 = steps)] //~
struct OfAPlain {
    steps: i64,
}

#[derive(StateDict)]
#[alias(f3 = mask)] //~
struct OfANonPersistent {
    #[persistent(false)]
    mask: T,
}

#[derive(StateDict)]
#[alias(f3 = flat)] //~
struct OfAFlattened {
    #[flatten]
    flat: M,
}

#[derive(StateDict)]
#[alias(f3 = on)] //~
struct OfAFlag {
    #[training]
    on: bool,
}

#[derive(StateDict)]
#[alias(f3 = "scale.weight")] //~
struct BelowAParameter {
    #[param]
    scale: T,
}

#[derive(StateDict)]
struct MarkerOfNothing {
    fc: M,
    #[alias(fd)] //~
    f3: Alias<M>,
}

#[derive(StateDict)]
struct MarkerWithoutTarget {
    fc: M,
    #[alias] //~
    f3: Alias<M>,
}

#[derive(StateDict)]
struct MarkerOfItself {
    #[alias(f3)] //~
    f3: Alias<M>,
}

#[derive(StateDict)]
struct MarkerPair {
    fc: M,
    #[alias(f3 = fc)] //~
    f3: Alias<M>,
}

#[derive(StateDict)]
struct MarkerParameter {
    #[param]
    w: T,
    #[alias(w)]
    #[param] //~
    v: Alias<T>,
}

#[derive(StateDict)]
#[version(2)]
struct MarkerSince {
    fc: M,
    #[alias(fc)]
    #[since(2)] //~
    f3: Alias<M>,
}

#[derive(StateDict)]
struct FirstHandle {
    #[alias] //~
    fc: Rc<M>,
    f3: Rc<M>,
}

#[derive(StateDict)]
struct HandleOfNothing {
    fc: Rc<M>,
    #[alias(fd)] //~
    f3: Rc<M>,
}

#[derive(StateDict)]
struct HandleOfItself {
    fc: Rc<M>,
    #[alias(f3)] //~
    f3: Rc<M>,
}

#[derive(StateDict)]
struct HandleOfASkipped {
    #[skip]
    fc: Rc<M>,
    #[alias(fc)] //~
    f3: Rc<M>,
}

fn main() {}
