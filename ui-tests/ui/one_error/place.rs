//! Attributes on what does not take them.
use statedict::StateDict;
use statedict_ui_tests::{M, T};

#[derive(StateDict)]
#[param] //~
struct ParamOnAStruct(M);

#[derive(StateDict)]
#[buffer] //~
struct BufferOnAStruct(M);

#[derive(StateDict)]
#[persistent(false)] //~
struct PersistentOnAStruct(M);

#[derive(StateDict)]
#[rename("net")] //~
struct RenameOnAStruct(M);

#[derive(StateDict)]
#[since(2)] //~
struct SinceOnAStruct(M);

#[derive(StateDict)]
#[renamed(since = 2, from = "net")] //~
struct RenamedOnAStruct(M);

#[derive(StateDict)]
#[flatten] //~
struct FlattenOnAStruct(M);

#[derive(StateDict)]
#[training] //~
struct TrainingOnAStruct(M);

#[derive(StateDict)]
struct VersionOnAField(#[version(2)] M); //~

#[derive(StateDict)]
struct RemovedOnAField(#[removed(since = 2, "old")] M); //~

#[derive(StateDict)]
struct MigrateOnAField(#[migrate(to = 2, with = step)] M); //~

#[derive(StateDict)]
struct RenameAllOnAField(#[rename_all("camelCase")] M); //~

#[derive(StateDict)]
struct TransparentOnAField(#[state_dict(transparent)] M); //~

#[derive(StateDict)]
struct ExtraStateOnAField(#[state_dict(extra_state)] M); //~

#[derive(StateDict)]
struct HookOnAField(#[state_dict(post_load = Self::done)] M); //~

#[derive(StateDict)]
struct BoundOnAField<N>(#[state_dict(bound(N: StateDict))] N); //~

#[derive(StateDict)]
struct CrateOnAField(#[state_dict(crate = statedict)] M); //~

#[derive(StateDict)]
struct NamespacedOnAField(#[state_dict(namespaced)] M); //~

#[derive(StateDict)]
enum ParamOnAVariant {
    #[param] //~
    One(T),
}

#[derive(StateDict)]
enum SkipOnAVariant {
    #[skip] //~
    One(M),
}

#[derive(StateDict)]
enum VersionOnAVariant {
    #[version(2)] //~
    One { child: M },
}

#[derive(StateDict)]
enum FlattenOnAVariant {
    #[flatten] //~
    One(M),
}

#[derive(StateDict)]
enum RenameAllOnAVariant {
    #[rename_all("camelCase")] //~
    One { child: M },
}

fn main() {}
