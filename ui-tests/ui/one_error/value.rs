//! What follows a word.
use statedict::StateDict;
use statedict_ui_tests::{M, T};

#[derive(StateDict)]
struct FlagEquals(#[param = "w"] T); //~

#[derive(StateDict)]
struct FlagOfTrue(#[param(true)] T); //~

#[derive(StateDict)]
struct FlagOfAName(#[buffer("mean")] T); //~

#[derive(StateDict)]
struct FlagOfANamedName(#[buffer(name = "mean")] T); //~

#[derive(StateDict)]
struct RegisterBuffer(#[buffer(persistent = false)] T); //~

#[derive(StateDict)]
struct SkipSerializing(#[skip(serializing)] T); //~

#[derive(StateDict)]
struct FlattenOfAPrefix(#[flatten("norm")] M); //~

#[derive(StateDict)]
struct TrainingOfTrue(#[training(true)] bool); //~

#[derive(StateDict)]
#[state_dict(transparent(true))] //~
struct TransparentOfTrue(M);

#[derive(StateDict)]
#[state_dict(extra_state = Self::extra)] //~
struct ExtraStateOfAPath(M);

#[derive(StateDict)]
#[state_dict(namespaced(true))] //~
struct NamespacedOfTrue(M);

#[derive(StateDict)]
struct RenameAlone(#[rename] M); //~

#[derive(StateDict)]
struct RenameEmpty(#[rename()] M); //~

#[derive(StateDict)]
struct RenameEquals(#[rename = "w"] M); //~

#[derive(StateDict)]
struct RenameOfANumber(#[rename(3)] M); //~

#[derive(StateDict)]
struct RenameOfAWord(#[rename(weight)] M); //~

#[derive(StateDict)]
struct RenameOfBytes(#[rename(b"w")] M); //~

#[derive(StateDict)]
struct RenameOfAChar(#[rename('w')] M); //~

#[derive(StateDict)]
struct RenameOfTwo(#[rename("a", "b")] M); //~

#[derive(StateDict)]
struct RenameOfAMacro(#[rename(concat!("a", "b"))] M); //~

#[derive(StateDict)]
struct RenameOfADirection(#[rename(serialize = "w")] M); //~

#[derive(StateDict)]
struct PersistentAlone(#[persistent] T); //~

#[derive(StateDict)]
struct PersistentQuoted(#[persistent("false")] T); //~

#[derive(StateDict)]
struct PersistentPython(#[persistent(False)] T); //~

#[derive(StateDict)]
struct PersistentNumber(#[persistent(0)] T); //~

#[derive(StateDict)]
struct PersistentEquals(#[persistent = false] T); //~

#[derive(StateDict)]
#[rename_all] //~
struct CaseAlone {
    child: M,
}

#[derive(StateDict)]
#[rename_all("camel_case")] //~
struct CaseNear {
    child: M,
}

#[derive(StateDict)]
#[rename_all("title")] //~
struct CaseUnknown {
    child: M,
}

#[derive(StateDict)]
#[rename_all(camelCase)] //~
struct CaseUnquoted {
    child: M,
}

#[derive(StateDict)]
#[state_dict(bound)] //~
struct BoundAlone<N>(N);

#[derive(StateDict)]
#[state_dict(bound())] //~
struct BoundEmpty<N>(N);

#[derive(StateDict)]
#[state_dict(bound("N: StateDict"))] //~
struct BoundQuoted<N>(N);

#[derive(StateDict)]
#[state_dict(bound = "N: StateDict")] //~
struct BoundOfSerde<N>(N);

#[derive(StateDict)]
#[state_dict(bound(N))] //~
struct BoundOfAName<N>(N);

#[derive(StateDict)]
#[state_dict(crate)] //~
struct CrateAlone(M);

#[derive(StateDict)]
#[state_dict(crate = "statedict")] //~
struct CrateQuoted(M);

#[derive(StateDict)]
#[state_dict(crate(statedict))] //~
struct CrateInParentheses(M);

#[derive(StateDict)]
#[state_dict(crate = 1)] //~
struct CrateOfANumber(M);

#[derive(StateDict)]
#[state_dict(pre_load)] //~
struct HookAlone(M);

#[derive(StateDict)]
#[state_dict(post_load = "Self::done")] //~
struct HookQuoted(M);

#[derive(StateDict)]
#[state_dict(pre_save(Self::flush))] //~
struct HookInParentheses(M);

#[derive(StateDict)]
#[state_dict(post_save = |m| Ok(()))] //~
struct HookOfAClosure(M);

#[derive(StateDict)]
#[state_dict(post_load = Self::done())] //~
struct HookCalled(M);

fn main() {}
