//! The expansion means the same wherever it stands: without the prelude, with every name it could
//! use taken by something else, under another name of the crate, and with every warning an error.

#![deny(warnings, clippy::all, unused_qualifications)]

extern crate statedict as other_name;

use super::recorder::{T, record};

/// Nothing of this is what it is called.
#[no_implicit_prelude]
mod shadowed {
    #![allow(dead_code, non_camel_case_types)]

    use crate::derive::recorder::T;

    struct Result;
    struct Option;
    struct Vec;
    struct Some;
    struct Ok;
    struct Visitor;
    struct Change;
    mod core {}
    mod std {}
    mod statedict {}

    pub(super) struct u64;
    type bool = u64;

    #[derive(::statedict::StateDict)]
    #[version(2)]
    #[alias(visitor = __visitor)]
    pub(super) struct Net<StateDict, __visitor> {
        #[param]
        pub(super) visit: T,
        #[buffer]
        #[since(2)]
        pub(super) self_: StateDict,
        pub(super) __visitor: __visitor,
    }

    #[derive(::statedict::StateDict)]
    pub(super) struct Unit;

    #[derive(::statedict::StateDict)]
    pub(super) enum Either<Visitor> {
        None,
        Some(Visitor),
        Ok {
            /// Bound by the expansion beside the visitor itself.
            #[param]
            visitor: T,
            #[buffer]
            __visitor: T,
        },
    }
}

#[no_implicit_prelude]
mod history {
    use crate::derive::recorder::T;

    #[derive(::statedict::StateDict)]
    #[version(2)]
    #[removed(since = 2, "old")]
    #[migrate(to = 2, with = Self::up)]
    #[state_dict(pre_load = Self::up, post_load = Self::done)]
    pub(super) struct Grown<M> {
        #[param]
        #[renamed(since = 2, from = "w")]
        pub(super) weight: T,
        #[alias(weight)]
        pub(super) again: ::statedict::Alias<T>,
        #[flatten]
        pub(super) rest: M,
        #[alias]
        #[param]
        pub(super) tied: T,
        #[training]
        pub(super) training: bool,
    }

    impl<M> Grown<M> {
        fn up(
            _: &mut ::statedict::Migration<'_>,
        ) -> ::core::result::Result<(), ::statedict::MigrateError> {
            ::core::result::Result::Ok(())
        }

        fn done(&mut self, _: &::statedict::visit::Loaded) {
            self.training = false;
        }
    }
}

#[no_implicit_prelude]
mod renamed {
    use crate::derive::recorder::T;

    mod nested {
        pub(super) use ::statedict as inner;
    }

    #[derive(::statedict::StateDict)]
    #[state_dict(crate = crate::derive::hygiene::other_name)]
    pub(super) struct ByAbsolutePath {
        #[param]
        pub(super) weight: T,
    }

    #[derive(::statedict::StateDict)]
    #[state_dict(crate = nested::inner)]
    pub(super) struct ByRelativePath {
        #[param]
        pub(super) weight: T,
        pub(super) steps: u64,
    }
}

/// A struct whose field is deprecated still derives without a warning.
#[no_implicit_prelude]
mod deprecated {
    use crate::derive::recorder::T;

    #[derive(::statedict::StateDict)]
    pub(super) struct Net {
        #[param]
        #[deprecated = "use another"]
        pub(super) weight: T,
    }
}

#[test]
fn names_in_scope_do_not_matter() {
    let mut net = shadowed::Net { visit: T(1), self_: T(2), __visitor: shadowed::Unit };
    assert_eq!(
        record(&mut net),
        "module = Net v2, self_ since 2\nparam visit [1]\nbuffer self_ [2]\nchild __visitor\n\
         module __visitor.= Unit v1\nalias visitor = __visitor\n"
    );
    let named = shadowed::Either::<shadowed::Unit>::Ok { visitor: T(1), __visitor: T(2) };
    let some = shadowed::Either::Some(shadowed::Unit);
    let none = shadowed::Either::<shadowed::Unit>::None;
    assert_eq!(
        [named, some, none].map(|mut either| record(&mut either)),
        [
            "module = Either v1\nparam visitor [1]\nbuffer __visitor [2]\n",
            "module = Unit v1\n",
            "module = Either v1\n"
        ]
    );
    let (again, rest) = (other_name::Alias::new(), shadowed::Unit);
    let mut grown = history::Grown { weight: T(1), again, rest, tied: T(1), training: true };
    let calls = record(&mut grown);
    let (_, calls) = calls.split_once('\n').unwrap();
    assert_eq!(
        calls,
        "param weight [1]\nalias again = weight\nparam tied [1]\ntied tied\nflatten \n\
         module = Unit v1\n"
    );
    assert!(grown.training);
    let _ = grown.again;
    let mut absolute = renamed::ByAbsolutePath { weight: T(1) };
    assert_eq!(record(&mut absolute), "module = ByAbsolutePath v1\nparam weight [1]\n");
    let mut relative = renamed::ByRelativePath { weight: T(1), steps: 1 };
    assert_eq!(record(&mut relative), "module = ByRelativePath v1\nparam weight [1]\n");
    assert_eq!(relative.steps, 1);
    #[allow(deprecated)]
    let mut deprecated = deprecated::Net { weight: T(1) };
    assert_eq!(record(&mut deprecated), "module = Net v1\nparam weight [1]\n");
}
