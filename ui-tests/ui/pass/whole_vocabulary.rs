use std::cell::RefCell;
use std::rc::Rc;

use statedict::visit::Loaded;
use statedict::{Alias, MigrateError, Migration, StateDict};
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Fc {
    #[param]
    weight: T,
}

#[derive(StateDict)]
#[version(3)]
#[rename_all("camelCase")]
#[removed(since = 2, "old_bias", "older.bias")]
#[migrate(to = 2, with = Self::to_v2)]
#[migrate(to = 3, with = to_v3)]
#[state_dict(pre_save = Self::pre_save, post_save = to_v3)]
#[state_dict(pre_load = Self::pre_load, post_load = Self::post_load)]
struct Net<M> {
    #[renamed(since = 2, from = "a")]
    #[renamed(since = 3, from = "b")]
    first_layer: M,
    #[alias(first_layer)]
    tied_layer: Alias<M>,
    #[alias("firstLayer.weight")]
    weight: Alias<T>,
    #[flatten]
    rest: Option<Fc>,
    handle: Rc<RefCell<Fc>>,
    #[alias(handle)]
    again: Rc<RefCell<Fc>>,
    #[alias]
    any: Rc<RefCell<Fc>>,
    activation: Activation,
    inner: Inner,
    #[training]
    training: bool,
}

impl<M> Net<M> {
    fn to_v2(_: &mut Migration<'_>) -> Result<(), MigrateError> {
        Ok(())
    }

    fn pre_load(_: &mut Migration<'_>) -> Result<(), MigrateError> {
        Ok(())
    }

    fn pre_save(&self) {}

    fn post_load(&mut self, _: &Loaded) {
        self.training = false;
    }
}

fn to_v3(_: &mut Migration<'_>) -> Result<(), MigrateError> {
    Ok(())
}

#[derive(StateDict)]
enum Activation {
    Relu,
    Prelu {
        #[param]
        weight: T,
        #[training]
        training: bool,
    },
    Learned(Fc),
    #[rename("inner")]
    Named(Fc),
    Pair(Fc, #[param] T),
}

#[derive(StateDict)]
enum Never {}

#[derive(StateDict)]
#[state_dict(transparent)]
struct Inner {
    fc: Fc,
    size: usize,
}

fn main() {}
