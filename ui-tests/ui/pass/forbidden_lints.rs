//! No lint finds anything in an expansion, and none is allowed in it.
#![forbid(unused, unused_imports, unused_qualifications, deprecated, unsafe_code, warnings)]
#![deny(missing_docs, unreachable_pub, single_use_lifetimes, unused_lifetimes, elided_lifetimes_in_paths)]
#![deny(trivial_casts, trivial_numeric_casts, variant_size_differences, missing_copy_implementations)]
#![deny(non_snake_case, non_camel_case_types, unnameable_types, let_underscore_drop, unused_results)]

use std::cell::RefCell;
use std::rc::Rc;

use statedict::{Alias, StateDict};

#[derive(StateDict)]
struct Linear {
    #[param]
    weight: Vec<f32>,
    #[buffer]
    steps: Option<i64>,
    #[persistent(false)]
    mask: [[f32; 2]; 2],
}

#[derive(StateDict)]
#[version(3)]
#[removed(since = 2, "scratch")]
#[alias("again" = "fc.weight")]
struct Net<'a, T, const N: usize>
where
    T: Clone,
{
    fc: Linear,
    #[alias(fc)]
    f3: Alias<Linear>,
    #[since(2)]
    shared: Option<Rc<RefCell<Linear>>>,
    #[renamed(since = 3, from = "list")]
    blocks: [T; N],
    #[flatten]
    rest: Rest,
    any: Box<dyn StateDict>,
    #[training]
    training: bool,
    #[skip]
    name: &'a str,
}

#[derive(StateDict)]
#[state_dict(transparent)]
struct Rest(Box<Kind>);

#[derive(StateDict)]
enum Kind {
    Nothing,
    One(Linear),
    Two {
        #[param]
        scale: f32,
    },
}

fn main() {
    let linear = || Linear { weight: vec![], steps: None, mask: [[0.0; 2]; 2] };
    let mut net = Net {
        fc: linear(),
        f3: Alias::new(),
        shared: Some(Rc::new(RefCell::new(linear()))),
        blocks: [(linear(), linear())].map(|(one, _)| Rc::new(one)),
        rest: Rest(Box::new(Kind::Two { scale: 1.0 })),
        any: Box::new((linear(), Kind::One(linear()))),
        training: true,
        name: "net",
    };
    net.rest.0 = Box::new(Kind::Nothing);
    assert!(net.training && net.name.len() == 3);
}
