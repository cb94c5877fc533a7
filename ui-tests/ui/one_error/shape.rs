//! Structs, enums and what is neither.
use statedict::StateDict;
use statedict_ui_tests::{M, T};

#[derive(StateDict)]
union Union { //~
    int: i32,
    float: f32,
}

#[derive(StateDict)]
#[repr(packed)] //~
struct Packed {
    #[param]
    weight: f32,
}

#[derive(StateDict)]
#[repr(C, packed(2))] //~
struct PackedInC {
    #[buffer]
    steps: i64,
}

#[derive(StateDict)]
#[state_dict(transparent)] //~
struct TransparentNothing(usize);

#[derive(StateDict)]
#[state_dict(transparent)] //~
struct TransparentUnit;

#[derive(StateDict)]
#[state_dict(transparent)] //~
struct TransparentParam(#[param] T);

#[derive(StateDict)]
#[state_dict(transparent)]
struct TransparentTwo(M, M); //~

#[derive(StateDict)]
#[state_dict(transparent)]
struct TransparentRename(#[rename("w")] M); //~

#[derive(StateDict)]
#[state_dict(transparent)]
struct TransparentFlatten(#[flatten] M); //~

#[derive(StateDict)]
#[state_dict(transparent)]
#[version(2)] //~
struct TransparentVersion(M);

#[derive(StateDict)]
#[state_dict(transparent, extra_state)] //~
struct TransparentExtraState(M);

#[derive(StateDict)]
#[state_dict(transparent, post_load = Self::done)] //~
struct TransparentHook(M);

#[derive(StateDict)]
#[state_dict(transparent)]
#[alias(f3 = fc)] //~
struct TransparentAlias {
    fc: M,
}

#[derive(StateDict)]
#[state_dict(transparent)] //~
enum EnumTransparent {
    One(M),
}

#[derive(StateDict)]
#[state_dict(extra_state)] //~
enum EnumExtraState {
    One { child: M },
}

#[derive(StateDict)]
#[state_dict(post_load = Self::done)] //~
enum EnumPostLoad {
    One { child: M },
}

#[derive(StateDict)]
#[alias(f3 = child)] //~
enum EnumAlias {
    One { child: M },
}

#[derive(StateDict)]
enum EnumFieldAlias {
    One { a: M, #[alias(a)] b: M }, //~
}

#[derive(StateDict)]
#[version(2)] //~
enum EnumOfAModule {
    One(M),
}

#[derive(StateDict)]
enum VariantRename {
    #[rename("one")] //~
    One { child: M },
}

#[derive(StateDict)]
enum VariantRenameUnit {
    #[rename("none")] //~
    None,
}

#[derive(StateDict)]
enum VariantDotted {
    #[rename("a.b")] //~
    One(M),
}

#[derive(StateDict)]
#[skip]
#[version(2)] //~
struct SkippedVersion(usize);

#[derive(StateDict)]
#[skip]
struct SkippedParam(#[param] T); //~

#[derive(StateDict)]
#[skip]
enum SkippedVariant {
    #[rename("one")] //~
    One(M),
}

#[derive(StateDict)]
#[skip]
#[skip] //~
struct SkippedTwice(usize);

fn main() {}
