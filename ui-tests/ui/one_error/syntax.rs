//! The namespace, the words in it, and what stands between them.
use statedict::StateDict;
use statedict_ui_tests::{M, T};

#[derive(StateDict)]
#[state_dict] //~
struct NamespaceAlone(M);

#[derive(StateDict)]
#[state_dict = "version"] //~
struct NamespaceEquals(M);

#[derive(StateDict)]
#[state_dict()] //~
struct NamespaceEmpty(M);

#[derive(StateDict)]
#[state_dict(,)] //~
struct NamespaceOfAComma(M);

#[derive(StateDict)]
struct FieldAlone(#[state_dict] M); //~

#[derive(StateDict)]
enum VariantEmpty {
    #[state_dict()] //~
    One(M),
}

#[derive(StateDict)]
struct QuotedWord(#[state_dict("param")] T); //~

#[derive(StateDict)]
struct NumberForAWord(#[state_dict(1)] T); //~

#[derive(StateDict)]
struct PathForAWord(#[state_dict(statedict::param)] T); //~

#[derive(StateDict)]
struct NestedNamespace(#[state_dict(state_dict(param))] T); //~

#[derive(StateDict)]
struct NoComma(#[state_dict(param rename("w"))] T); //~

#[derive(StateDict)]
struct Semicolon(#[state_dict(param; rename("w"))] T); //~

#[derive(StateDict)]
struct Brackets(#[state_dict(rename["w"])] M); //~

#[derive(StateDict)]
struct Near(#[state_dict(parm)] T); //~

#[derive(StateDict)]
struct Plural(#[state_dict(buffers)] T); //~

#[derive(StateDict)]
struct OtherCase(#[state_dict(Param)] T); //~

#[derive(StateDict)]
struct Transposed(#[state_dict(presistent(false))] T); //~

#[derive(StateDict)]
struct Parameter(#[state_dict(parameter)] T); //~

#[derive(StateDict)]
struct Trainable(#[state_dict(requires_grad)] T); //~

#[derive(StateDict)]
struct NonPersistent(#[state_dict(non_persistent)] T); //~

#[derive(StateDict)]
struct Ignored(#[state_dict(ignore)] T); //~

#[derive(StateDict)]
struct Named(#[state_dict(name = "w")] T); //~

#[derive(StateDict)]
struct Tied(#[state_dict(tied)] T); //~

#[derive(StateDict)]
struct Defaulted(#[state_dict(default)] T); //~

#[derive(StateDict)]
struct Module(#[state_dict(module)] M); //~

#[derive(StateDict)]
struct Deleted(#[state_dict(was = "w")] T); //~

#[derive(StateDict)]
#[state_dict(upgrade = step)] //~
struct Upgraded(M);

#[derive(StateDict)]
#[state_dict(get_extra_state)] //~
struct Extra(M);

#[derive(StateDict)]
#[state_dict(checkpoint)] //~
struct Unknown(M);

#[derive(StateDict)]
#[state_dict(verison(2))] //~
struct UnknownNear(M);

#[derive(StateDict)]
enum UnknownOnAVariant {
    #[state_dict(default)] //~
    One(M),
}

#[derive(StateDict)]
#[transparent] //~
struct BareTransparent(M);

#[derive(StateDict)]
#[extra_state] //~
struct BareExtraState(M);

#[derive(StateDict)]
#[pre_save] //~
struct BarePreSave(M);

#[derive(StateDict)]
#[post_save] //~
struct BarePostSave(M);

#[derive(StateDict)]
#[pre_load] //~
struct BarePreLoad(M);

#[derive(StateDict)]
#[post_load(Self::done)] //~
struct BarePostLoad(M);

#[derive(StateDict)]
struct Twice(#[param] #[param] T); //~

#[derive(StateDict)]
struct TwiceInTwoForms(#[buffer] #[state_dict(buffer)] T); //~

#[derive(StateDict)]
struct TwiceInOne(#[state_dict(skip, skip)] T); //~

#[derive(StateDict)]
struct RenamedTwice(#[rename("a")] #[rename("b")] M); //~

#[derive(StateDict)]
#[version(2)]
#[version(2)] //~
struct VersionTwice(M);

#[derive(StateDict)]
#[rename_all("camelCase")]
#[rename_all("snake_case")] //~
struct CaseTwice {
    child: M,
}

#[derive(StateDict)]
#[state_dict(crate = statedict, crate = statedict)] //~
struct CrateTwice(M);

#[derive(StateDict)]
#[state_dict(transparent, transparent)] //~
struct TransparentTwice(M);

fn main() {}
