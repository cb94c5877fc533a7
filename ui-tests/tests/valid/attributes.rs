//! Fields and structs by their attributes.

use std::rc::Rc;

use statedict::prelude::*;
use statedict::visit::Loaded;
use statedict::{Alias, MigrateError, Migration};

use super::{Linear, Relu};

#[derive(StateDict)]
#[state_dict(namespaced)]
struct Namespaced {
    #[state_dict(param)]
    weight: f32,
    #[state_dict(buffer, rename("mean"))]
    running_mean: f32,
    #[state_dict(persistent(false))]
    mask: f32,
    #[state_dict(skip)]
    cache: Vec<f32>,
}

#[derive(StateDict)]
struct InOneOrMore {
    #[state_dict(param, rename("w"))]
    weight: f32,
    #[param]
    #[state_dict(rename("b"))]
    bias: f32,
    #[buffer]
    #[rename("m")]
    mean: f32,
}

/// With comments, which are attributes.
#[derive(StateDict)]
struct Commented {
    /// The weight.
    #[param]
    /// Still.
    weight: f32,
    /** The child. */
    child: Linear,
}

#[derive(StateDict)]
struct Conditional {
    #[param]
    #[cfg(not(any()))]
    weight: f32,
    #[cfg(any())]
    missing: Missing,
    #[cfg_attr(all(), param)]
    bias: f32,
    #[cfg_attr(any(), param)]
    child: Linear,
}

#[derive(StateDict)]
struct OddKeys {
    #[param]
    #[rename("with space")]
    space: f32,
    #[param]
    #[rename("größe")]
    size: f32,
    #[param]
    #[rename("0")]
    number: f32,
    #[param]
    #[rename(r#"quo"ted"#)]
    quoted: f32,
    #[param]
    #[rename("type")]
    kind: f32,
}

#[derive(StateDict)]
#[rename_all("camelCase")]
struct Cased {
    #[param]
    in_proj: f32,
    out_proj: Linear,
    #[rename("kept_name")]
    kept: Linear,
}

#[derive(StateDict)]
struct Flattened {
    #[flatten]
    first: Linear,
    #[flatten]
    maybe: Option<Relu>,
    #[buffer]
    count: i64,
}

#[derive(StateDict)]
struct Modes {
    #[training]
    training: bool,
    #[skip]
    other: bool,
    third: bool,
}

#[derive(StateDict)]
#[alias(decoder = encoder)]
#[alias("lm_head.weight" = "wte.weight", again = encoder)]
struct StructAliases {
    wte: Linear,
    encoder: Linear,
}

#[derive(StateDict)]
struct FieldAliases {
    #[alias(later)]
    before: Alias<Linear>,
    later: Linear,
    #[alias("later.weight")]
    weight: Alias<Vec<f32>>,
    handle: Rc<Relu>,
    #[alias(handle)]
    same: Rc<Relu>,
    #[alias]
    any: Rc<Relu>,
}

#[derive(StateDict)]
#[version(1)]
struct FirstVersion {
    #[param]
    weight: f32,
}

#[derive(StateDict)]
#[version(4294967295)]
#[removed(since = 2, "a", "b.c")]
struct LastVersion {
    #[param]
    #[since(4294967295)]
    weight: f32,
}

#[derive(StateDict)]
#[version(0x0_3)]
#[migrate(to = 2, with = Self::up)]
#[migrate(to = 3, with = up::<Linear>)]
#[state_dict(pre_load = Self::up, post_save = Self::up)]
#[state_dict(pre_save = Self::flush, post_load = Self::refresh)]
struct Grown {
    #[param]
    #[renamed(since = 2, from = "w")]
    #[renamed(since = 3, from = "kernel")]
    weight: f32,
    #[param]
    #[since(2)]
    bias: f32,
}

impl Grown {
    fn up(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
        migration.rename("old", "weight")
    }

    fn flush(&self) {
        assert!(!self.weight.is_nan(), "the weight is a number");
    }

    fn refresh(&mut self, loaded: &Loaded) {
        self.bias += if loaded.missing_keys().is_empty() { 0.0 } else { 1.0 };
    }
}

fn up<M: Default>(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
    drop(M::default());
    migration.rename("old", "weight")
}

#[derive(StateDict)]
#[version(2)]
struct Exchanged {
    #[param]
    #[renamed(since = 2, from = "b")]
    a: f32,
    #[param]
    #[renamed(since = 2, from = "a")]
    b: f32,
}

#[derive(StateDict)]
#[version(2)]
#[state_dict(crate = ::statedict)]
enum Versioned {
    First {
        #[param]
        #[since(2)]
        weight: f32,
    },
    Second,
}

mod framework {
    pub(super) use statedict as renamed;
}

#[derive(framework::renamed::StateDict)]
#[state_dict(crate = framework::renamed)]
struct ThroughAnother {
    #[param]
    weight: f32,
}

#[test]
fn attributes_make_the_keys() -> Result<(), statedict::CollectError> {
    let odd = OddKeys { space: 0.0, size: 0.0, number: 0.0, quoted: 0.0, kind: 0.0 };
    assert!(odd.state_dict()?.keys().eq(["with space", "größe", "0", "quo\"ted", "type"]));
    let cased = Cased { in_proj: 0.0, out_proj: Linear::default(), kept: Linear::default() };
    assert!(cased.state_dict()?.keys().eq(["inProj", "outProj.weight", "kept_name.weight"]));
    let conditional = Conditional { weight: 0.0, bias: 0.0, child: Linear::default() };
    assert!(conditional.state_dict()?.keys().eq(["weight", "bias", "child.weight"]));
    let flattened = Flattened { first: Linear::default(), maybe: Some(Relu), count: 0 };
    assert!(flattened.state_dict()?.keys().eq(["weight", "count"]));
    let namespaced = Namespaced { weight: 0.0, running_mean: 0.0, mask: 0.0, cache: vec![] };
    assert!(namespaced.state_dict()?.keys().eq(["weight", "mean"]));
    Ok(())
}
