//! What only looks like a type of this crate or of the standard library.
use statedict::StateDict;
use statedict_ui_tests::M;

mod mine {
    pub struct String;
    pub struct PhantomData<T>(pub T);
    pub struct Alias<T>(pub T);
    pub struct Option<T>(pub T);
}

#[derive(StateDict)]
struct OwnString(mine::String); //~

#[derive(StateDict)]
struct OwnPhantomData(mine::PhantomData<M>); //~

#[derive(StateDict)]
struct OwnOption(mine::Option<f32>); //~

#[derive(StateDict)]
struct OwnAlias {
    fc: M,
    #[alias(fc)]
    f3: mine::Alias<M>, //~
}

#[derive(StateDict)]
struct OwnAliasOfAPath {
    fc: M,
    #[alias("fc.weight")]
    w: mine::Alias<M>, //~
}

fn main() {}
