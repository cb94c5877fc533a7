//! Versions, and what changed with them.
use statedict::StateDict;
use statedict_ui_tests::{M, T};

#[derive(StateDict)]
#[version(0)] //~
struct VersionZero(M);

#[derive(StateDict)]
#[version(-1)] //~
struct VersionNegative(M);

#[derive(StateDict)]
#[version(4294967296)] //~
struct VersionTooLarge(M);

#[derive(StateDict)]
#[version("2")] //~
struct VersionQuoted(M);

#[derive(StateDict)]
#[version(1.2)] //~
struct VersionFraction(M);

#[derive(StateDict)]
#[version(1, 2)] //~
struct VersionOfTwo(M);

#[derive(StateDict)]
#[version = 2] //~
struct VersionEquals(M);

#[derive(StateDict)]
#[version] //~
struct VersionAlone(M);

#[derive(StateDict)]
#[version(LATEST)] //~
struct VersionOfAConstant(M);

#[derive(StateDict)]
#[version(0)] //~
struct RefusedVersion(#[since(2)] M);

#[derive(StateDict)]
struct SinceWithoutVersion(#[since(2)] M); //~

#[derive(StateDict)]
#[version(2)]
struct SinceOne(#[since(1)] M); //~

#[derive(StateDict)]
#[version(2)]
struct SinceLater(#[since(3)] M); //~

#[derive(StateDict)]
#[version(2)]
struct SinceEmpty(#[since()] M); //~

#[derive(StateDict)]
#[version(2)]
struct RenamedAlone(#[renamed] M); //~

#[derive(StateDict)]
#[version(2)]
struct RenamedQuoted(#[renamed("old")] M); //~

#[derive(StateDict)]
#[version(2)]
struct RenamedEquals(#[renamed = "old"] M); //~

#[derive(StateDict)]
#[version(2)]
struct RenamedNoFrom(#[renamed(since = 2)] M); //~

#[derive(StateDict)]
#[version(2)]
struct RenamedNoSince(#[renamed(from = "old")] M); //~

#[derive(StateDict)]
#[version(2)]
struct RenamedNoComma(#[renamed(since = 2 from = "old")] M); //~

#[derive(StateDict)]
#[version(2)]
struct RenamedForm(#[renamed(since = 2, form = "old")] M); //~

#[derive(StateDict)]
#[version(2)]
struct RenamedSinceTwice(#[renamed(since = 2, since = 2, from = "old")] M); //~

#[derive(StateDict)]
#[version(2)]
struct RenamedUnquoted(#[renamed(since = 2, from = old)] M); //~

#[derive(StateDict)]
#[version(2)]
struct RenamedSinceQuoted(#[renamed(since = "2", from = "old")] M); //~

#[derive(StateDict)]
struct RenamedWithoutVersion(#[renamed(since = 2, from = "old")] M); //~

#[derive(StateDict)]
#[version(2)]
struct RenamedInOne(#[renamed(since = 1, from = "old")] M); //~

#[derive(StateDict)]
#[version(2)]
struct RenamedLater(#[renamed(since = 3, from = "old")] M); //~

#[derive(StateDict)]
#[version(2)]
struct RenamedFromAPath(#[renamed(since = 2, from = "old.w")] M); //~

#[derive(StateDict)]
#[version(2)]
struct RenamedFromNothing(#[renamed(since = 2, from = "")] M); //~

#[derive(StateDict)]
#[version(2)]
struct RenamedFromItself {
    #[renamed(since = 2, from = "fc")] //~
    fc: M,
}

#[derive(StateDict)]
#[version(2)]
struct RenamedTwiceAtOnce(
    #[renamed(since = 2, from = "a")]
    #[renamed(since = 2, from = "b")] //~
    M,
);

#[derive(StateDict)]
#[version(3)]
struct RenamedBeforeItCame(#[since(3)] #[renamed(since = 2, from = "old")] M); //~

#[derive(StateDict)]
#[version(2)]
struct RenamedAsItCame(#[since(2)] #[renamed(since = 2, from = "old")] M); //~

#[derive(StateDict)]
#[version(2)]
struct RenamedFromAnother {
    #[renamed(since = 2, from = "head")] //~
    fc: M,
    head: M,
}

#[derive(StateDict)]
#[version(2)]
struct RenamedFromOneName {
    #[renamed(since = 2, from = "qv")]
    q: M,
    #[renamed(since = 2, from = "qv")] //~
    v: M,
}

#[derive(StateDict)]
#[version(2)]
#[removed(since = 2)] //~
struct RemovedNothing(M);

#[derive(StateDict)]
#[version(2)]
#[removed("old")] //~
struct RemovedNoSince(M);

#[derive(StateDict)]
#[version(2)]
#[removed(since = 2, old)] //~
struct RemovedUnquoted(M);

#[derive(StateDict)]
#[version(2)]
#[removed(since = 2 "old")] //~
struct RemovedNoComma(M);

#[derive(StateDict)]
#[version(2)]
#[removed(since = 2, "old", "old")] //~
struct RemovedTwice(M);

#[derive(StateDict)]
#[removed(since = 2, "old")] //~
struct RemovedWithoutVersion(M);

#[derive(StateDict)]
#[version(2)]
#[removed(since = 3, "old")] //~
struct RemovedLater(M);

#[derive(StateDict)]
#[version(2)]
#[removed(since = 2, "0")] //~
struct RemovedStillThere(M);

#[derive(StateDict)]
#[version(3)]
#[removed(since = 2, "w")] //~
struct RemovedOldName(#[renamed(since = 3, from = "w")] M);

#[derive(StateDict)]
#[version(2)]
#[removed(since = 2, "a..b")] //~
struct RemovedNoKey(M);

#[derive(StateDict)]
#[version(2)]
#[migrate(to = 2)] //~
struct MigrateNoWith(M);

#[derive(StateDict)]
#[version(2)]
#[migrate(with = step)] //~
struct MigrateNoTo(M);

#[derive(StateDict)]
#[version(2)]
#[migrate(step)] //~
struct MigrateOfAPath(M);

#[derive(StateDict)]
#[version(2)]
#[migrate(2, step)] //~
struct MigrateWithoutNames(M);

#[derive(StateDict)]
#[version(2)]
#[migrate(to = )] //~
struct MigrateToNothing(M);

#[derive(StateDict)]
#[version(2)]
#[migrate(from = 1, to = 2, with = step)] //~
struct MigrateFrom(M);

#[derive(StateDict)]
#[version(2)]
#[migrate(to = 2, with = "step")] //~
struct MigrateQuoted(M);

#[derive(StateDict)]
#[version(2)]
#[migrate(to = 2, with = |_| Ok(()))] //~
struct MigrateClosure(M);

#[derive(StateDict)]
#[version(2)]
#[migrate(to = 1, with = step)] //~
struct MigrateToOne(M);

#[derive(StateDict)]
#[version(2)]
#[migrate(to = 3, with = step)] //~
struct MigrateLater(M);

#[derive(StateDict)]
#[migrate(to = 2, with = step)] //~
struct MigrateWithoutVersion(M);

#[derive(StateDict)]
#[version(2)]
#[migrate(to = 2, with = step)]
#[migrate(to = 2, with = step)] //~
struct MigrateTwice(M);

#[derive(StateDict)]
#[version(4)] //~
#[migrate(to = 2, with = step)]
#[migrate(to = 4, with = step)]
struct MigrateGap(M);

#[derive(StateDict)]
#[version(3)] //~
#[migrate(to = 2, with = step)]
struct MigrateForgotten(M);

#[derive(StateDict)]
#[version(2)]
struct SinceOfNoFile(
    #[persistent(false)]
    #[since(2)] //~
    T,
);

#[derive(StateDict)]
#[version(2)]
struct RenamedOfNoState(#[renamed(since = 2, from = "old")] usize); //~

fn main() {}
