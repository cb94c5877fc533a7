//! Keys that cannot be, and keys of two fields.
use statedict::StateDict;
use statedict_ui_tests::{M, T};

#[derive(StateDict)]
struct Empty(#[rename("")] M); //~

#[derive(StateDict)]
struct Blank(#[rename("  ")] M); //~

#[derive(StateDict)]
struct SpaceAtTheEnd(#[rename("weight ")] M); //~

#[derive(StateDict)]
struct LineBreak(#[rename("a\nb")] M); //~

#[derive(StateDict)]
struct Nul(#[rename("a\0b")] M); //~

#[derive(StateDict)]
struct Dotted(#[rename("norm.weight")] M); //~

#[derive(StateDict)]
struct DotAtTheEnd(#[rename("norm.")] M); //~

#[derive(StateDict)]
struct TwoDots(#[rename("a..b")] M); //~

#[derive(StateDict)]
struct DottedParameter {
    #[param]
    #[rename("norm.weight")] //~
    weight: T,
}

#[derive(StateDict)]
struct BelowAChild {
    child: M,
    #[param]
    #[rename("child.weight")] //~
    weight: T,
}

#[derive(StateDict)]
struct Duplicate {
    weight: M,
    #[rename("weight")] //~
    scale: M,
}

#[derive(StateDict)]
struct DuplicateOfALater {
    #[rename("weight")] //~
    scale: M,
    weight: M,
}

#[derive(StateDict)]
struct DuplicateRenames {
    #[rename("w")]
    one: M,
    #[rename("w")] //~
    other: M,
}

#[derive(StateDict)]
struct DuplicateRaw {
    r#type: M,
    #[rename("type")] //~
    kind: M,
}

#[derive(StateDict)]
struct DuplicateNumber(M, #[rename("0")] M); //~

#[derive(StateDict)]
#[rename_all("camelCase")]
struct DuplicateCase {
    in_proj: M,
    #[rename("inProj")] //~
    other: M,
}

#[derive(StateDict)]
#[rename_all("UPPERCASE")]
#[allow(non_snake_case)]
struct DuplicateAfterCase {
    weight: M,
    WEIGHT: M, //~
}

#[derive(StateDict)]
struct ThreeOfOneKey {
    weight: M,
    #[rename("weight")] //~
    one: M,
    #[rename("weight")] //~
    other: M,
}

#[derive(StateDict)]
struct ParameterAndBuffer {
    #[param]
    weight: T,
    #[buffer]
    #[rename("weight")] //~
    mean: T,
}

#[derive(StateDict)]
enum InAVariant {
    One { a: M, #[rename("a")] b: M }, //~
    Two { a: M },
}

fn main() {}
