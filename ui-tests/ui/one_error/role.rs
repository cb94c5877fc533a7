//! What a field is, and what of it contradicts itself.
use statedict::StateDict;
use statedict_ui_tests::{M, T};

#[derive(StateDict)]
struct ParamAndBuffer(#[param] #[buffer] T); //~

#[derive(StateDict)]
struct BufferAndParam(#[buffer] #[param] T); //~

#[derive(StateDict)]
struct ParamNotPersistent(#[param] #[persistent(false)] T); //~

#[derive(StateDict)]
struct ParamSkipped(#[param] #[skip] T); //~

#[derive(StateDict)]
struct BufferSkipped(#[skip] #[buffer] T); //~

#[derive(StateDict)]
struct PersistentSkipped(#[skip] #[persistent(false)] T); //~

#[derive(StateDict)]
struct RenameSkipped(#[skip] #[rename("w")] T); //~

#[derive(StateDict)]
#[version(2)]
struct SinceSkipped(#[skip] #[since(2)] T); //~

#[derive(StateDict)]
#[version(2)]
struct RenamedSkipped(#[skip] #[renamed(since = 2, from = "old")] T); //~

#[derive(StateDict)]
struct FlattenSkipped(#[skip] #[flatten] M); //~

#[derive(StateDict)]
struct AliasSkipped(M, #[skip] #[alias("0")] M); //~

#[derive(StateDict)]
struct TrainingSkipped(#[skip] #[training] bool); //~

#[derive(StateDict)]
struct FlattenParam(#[flatten] #[param] T); //~

#[derive(StateDict)]
struct FlattenBuffer(#[flatten] #[buffer] T); //~

#[derive(StateDict)]
struct FlattenNotPersistent(#[flatten] #[persistent(false)] T); //~

#[derive(StateDict)]
struct FlattenRename(#[flatten] #[rename("w")] M); //~

#[derive(StateDict)]
#[version(2)]
struct FlattenSince(#[flatten] #[since(2)] M); //~

#[derive(StateDict)]
#[version(2)]
struct FlattenRenamed(#[flatten] #[renamed(since = 2, from = "old")] M); //~

#[derive(StateDict)]
struct FlattenAlias(M, #[flatten] #[alias("0")] M); //~

#[derive(StateDict)]
struct TrainingParam(#[training] #[param] bool); //~

#[derive(StateDict)]
struct TrainingRename(#[training] #[rename("mode")] bool); //~

#[derive(StateDict)]
struct TrainingNumber(#[training] u8); //~

#[derive(StateDict)]
struct TrainingOptional(#[training] Option<bool>); //~

#[derive(StateDict)]
struct PlainRename(#[rename("n")] usize); //~

#[derive(StateDict)]
#[version(2)]
struct PlainSince(#[since(2)] String); //~

#[derive(StateDict)]
struct PlainFlatten(#[flatten] f64); //~

#[derive(StateDict)]
struct PlainAlias(M, #[alias("0")] bool); //~

#[derive(StateDict)]
struct BorrowedParam<'a>(#[param] &'a T); //~

#[derive(StateDict)]
struct BorrowedChild<'a>(&'a mut M); //~

#[derive(StateDict)]
struct BorrowedText<'a>(&'a str); //~

#[derive(StateDict)]
struct BufferOfUsize(#[buffer] usize); //~

#[derive(StateDict)]
struct ParamOfU128(#[param] u128); //~

#[derive(StateDict)]
struct NotPersistentIsize(#[persistent(false)] isize); //~

#[derive(StateDict)]
struct UnsizedObject(dyn StateDict); //~

#[derive(StateDict)]
struct UnsizedSlice(#[param] [f32]); //~

#[derive(StateDict)]
struct UnsizedModules([M]); //~

#[derive(StateDict)]
struct UnsizedText(#[skip] str); //~

fn main() {}
