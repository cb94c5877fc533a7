//! The newest models of some random histories. Written by the test beside it.

use super::check_derived;

mod h0 {
    use statedict::StateDict;

    #[derive(StateDict, Default)]
    #[removed(since = 4, "c")]#[version(5)]
    pub(super) struct C0 {
        #[since(2)]#[renamed(since = 5, from = "e")]#[renamed(since = 4, from = "b")] f: C2,
        #[renamed(since = 3, from = "a")]#[renamed(since = 4, from = "d")]#[renamed(since = 2, from = "b")] a: C1,
        #[renamed(since = 5, from = "d")]#[since(4)] e: C2,
        #[buffer]#[renamed(since = 4, from = "f")] b: i64,
        #[since(5)] d: C1,
        #[buffer]#[renamed(since = 3, from = "d")]#[renamed(since = 4, from = "e")] c: i64,
    }

    #[derive(StateDict, Default)]
    #[version(1)]
    pub(super) struct C1 {
        #[buffer] c: i64,
         f: C2,
         a: C2,
    }

    #[derive(StateDict, Default)]
    #[removed(since = 2, "c")]#[version(3)]#[removed(since = 2, "e")]
    pub(super) struct C2 {
        #[renamed(since = 3, from = "b")]#[buffer] c: i64,
        #[renamed(since = 2, from = "f")]#[buffer] a: i64,
    }

}

mod h1 {
    use statedict::StateDict;

    #[derive(StateDict, Default)]
    #[removed(since = 2, "b")]#[version(3)]
    pub(super) struct C0 {
        #[renamed(since = 2, from = "e")]#[buffer] d: i64,
        #[renamed(since = 2, from = "f")]#[renamed(since = 3, from = "c")]#[buffer] e: i64,
        #[since(3)]#[buffer] c: i64,
        #[since(2)]#[renamed(since = 3, from = "e")] b: C2,
         a: C2,
    }

    #[derive(StateDict, Default)]
    #[version(2)]#[removed(since = 2, "d")]
    pub(super) struct C1 {
        #[since(2)] a: C2,
         b: C2,
    }

    #[derive(StateDict, Default)]
    #[version(1)]
    pub(super) struct C2 {
        #[buffer] f: i64,
        #[buffer] a: i64,
        #[buffer] e: i64,
        #[buffer] c: i64,
    }

}

mod h2 {
    use statedict::StateDict;

    #[derive(StateDict, Default)]
    #[version(5)]
    pub(super) struct C0 {
         c: C2,
        #[since(4)]#[buffer]#[renamed(since = 5, from = "b")] a: i64,
        #[renamed(since = 4, from = "f")]#[renamed(since = 2, from = "a")] d: C2,
    }

    #[derive(StateDict, Default)]
    #[version(2)]
    pub(super) struct C1 {
        #[buffer]#[renamed(since = 2, from = "e")] d: i64,
         c: C2,
        #[renamed(since = 2, from = "a")]#[buffer] b: i64,
        #[buffer] f: i64,
    }

    #[derive(StateDict, Default)]
    #[version(1)]
    pub(super) struct C2 {
        #[buffer] a: i64,
        #[buffer] f: i64,
        #[buffer] b: i64,
    }

}

mod h3 {
    use statedict::StateDict;

    #[derive(StateDict, Default)]
    #[version(1)]
    pub(super) struct C0 {
         d: C2,
        #[buffer] c: i64,
        #[buffer] f: i64,
         b: C1,
    }

    #[derive(StateDict, Default)]
    #[version(3)]
    pub(super) struct C1 {
        #[renamed(since = 2, from = "c")] b: C2,
    }

    #[derive(StateDict, Default)]
    #[version(4)]
    pub(super) struct C2 {
        #[since(2)]#[renamed(since = 3, from = "e")]#[buffer] a: i64,
        #[buffer] f: i64,
    }

}

mod h4 {
    use statedict::StateDict;

    #[derive(StateDict, Default)]
    #[version(3)]
    pub(super) struct C0 {
        #[renamed(since = 3, from = "a")]#[buffer]#[since(2)] e: i64,
        #[renamed(since = 3, from = "f")] a: C1,
        #[since(3)] b: C1,
    }

    #[derive(StateDict, Default)]
    #[removed(since = 2, "e")]#[removed(since = 2, "b")]#[version(2)]
    pub(super) struct C1 {
        #[buffer] f: i64,
        #[buffer] c: i64,
    }

    #[derive(StateDict, Default)]
    #[removed(since = 4, "d")]#[removed(since = 2, "b")]#[removed(since = 2, "c")]#[version(4)]
    pub(super) struct C2 {
        #[since(4)]#[buffer] d: i64,
        #[since(3)]#[buffer] f: i64,
        #[renamed(since = 4, from = "e")]#[buffer] b: i64,
        #[since(4)]#[buffer] e: i64,
        #[buffer] a: i64,
        #[buffer]#[since(2)]#[renamed(since = 4, from = "b")] c: i64,
    }

}

mod h5 {
    use statedict::StateDict;

    #[derive(StateDict, Default)]
    #[removed(since = 3, "b")]#[removed(since = 5, "e")]#[version(5)]#[removed(since = 4, "d")]
    pub(super) struct C0 {
        #[since(3)]#[renamed(since = 5, from = "d")]#[renamed(since = 4, from = "f")]#[buffer] e: i64,
        #[buffer]#[since(3)]#[renamed(since = 4, from = "b")] f: i64,
        #[since(4)]#[buffer] c: i64,
        #[renamed(since = 4, from = "c")]#[buffer]#[renamed(since = 2, from = "d")] a: i64,
    }

    #[derive(StateDict, Default)]
    #[version(2)]#[removed(since = 2, "e")]
    pub(super) struct C1 {
         d: C2,
        #[since(2)] e: C2,
         a: C2,
    }

    #[derive(StateDict, Default)]
    #[version(1)]
    pub(super) struct C2 {
        #[buffer] c: i64,
    }

}

mod h6 {
    use statedict::StateDict;

    #[derive(StateDict, Default)]
    #[version(1)]
    pub(super) struct C0 {
        #[buffer] b: i64,
        #[buffer] d: i64,
        #[buffer] a: i64,
        #[buffer] e: i64,
    }

    #[derive(StateDict, Default)]
    #[removed(since = 3, "b")]#[removed(since = 2, "c")]#[version(3)]
    pub(super) struct C1 {
        #[renamed(since = 3, from = "d")]#[buffer] f: i64,
        #[buffer] a: i64,
    }

    #[derive(StateDict, Default)]
    #[version(3)]
    pub(super) struct C2 {
        #[since(2)]#[buffer] e: i64,
        #[buffer]#[renamed(since = 2, from = "c")] d: i64,
        #[buffer] f: i64,
        #[buffer]#[renamed(since = 2, from = "d")] c: i64,
    }

}

mod h7 {
    use statedict::StateDict;

    #[derive(StateDict, Default)]
    #[version(3)]#[removed(since = 3, "f")]#[removed(since = 2, "d")]
    pub(super) struct C0 {
        #[since(3)] f: C2,
        #[buffer] b: i64,
        #[renamed(since = 3, from = "a")]#[buffer] e: i64,
        #[buffer]#[since(3)] c: i64,
    }

    #[derive(StateDict, Default)]
    #[removed(since = 2, "e")]#[version(2)]
    pub(super) struct C1 {
        #[since(2)]#[buffer] f: i64,
        #[renamed(since = 2, from = "a")] e: C2,
        #[renamed(since = 2, from = "b")]#[buffer] d: i64,
        #[buffer]#[since(2)] c: i64,
    }

    #[derive(StateDict, Default)]
    #[version(2)]#[removed(since = 2, "d")]#[removed(since = 2, "e")]
    pub(super) struct C2 {
        #[buffer] f: i64,
        #[buffer]#[renamed(since = 2, from = "c")] d: i64,
    }

}

mod h8 {
    use statedict::StateDict;

    #[derive(StateDict, Default)]
    #[version(3)]
    pub(super) struct C0 {
        #[buffer] b: i64,
        #[renamed(since = 3, from = "d")]#[buffer]#[since(2)] f: i64,
        #[since(2)] a: C1,
        #[buffer]#[since(3)] c: i64,
    }

    #[derive(StateDict, Default)]
    #[removed(since = 2, "f")]#[version(2)]
    pub(super) struct C1 {
        #[buffer]#[renamed(since = 2, from = "d")] a: i64,
        #[renamed(since = 2, from = "a")]#[buffer] f: i64,
    }

    #[derive(StateDict, Default)]
    #[removed(since = 3, "f")]#[removed(since = 4, "d")]#[removed(since = 3, "e")]#[version(4)]
    pub(super) struct C2 {
        #[renamed(since = 4, from = "a")]#[buffer] e: i64,
        #[renamed(since = 4, from = "e")]#[buffer]#[renamed(since = 3, from = "d")] b: i64,
        #[since(3)]#[buffer] f: i64,
        #[renamed(since = 4, from = "b")]#[buffer] a: i64,
        #[buffer]#[since(2)] c: i64,
        #[since(4)]#[buffer] d: i64,
    }

}

mod h9 {
    use statedict::StateDict;

    #[derive(StateDict, Default)]
    #[version(2)]#[removed(since = 2, "d")]
    pub(super) struct C0 {
        #[buffer] a: i64,
        #[buffer]#[since(2)] e: i64,
        #[buffer]#[renamed(since = 2, from = "b")] f: i64,
        #[since(2)] d: C1,
    }

    #[derive(StateDict, Default)]
    #[removed(since = 3, "f")]#[version(4)]#[removed(since = 3, "a")]
    pub(super) struct C1 {
        #[since(3)]#[buffer]#[renamed(since = 4, from = "f")] a: i64,
        #[renamed(since = 3, from = "b")]#[buffer]#[renamed(since = 2, from = "c")] c: i64,
        #[renamed(since = 3, from = "e")]#[buffer]#[since(2)] d: i64,
    }

    #[derive(StateDict, Default)]
    #[removed(since = 2, "a")]#[removed(since = 3, "e")]#[removed(since = 2, "e")]#[removed(since = 2, "c")]#[removed(since = 4, "b")]#[removed(since = 2, "b")]#[version(5)]#[removed(since = 4, "a")]
    pub(super) struct C2 {
        #[buffer]#[renamed(since = 5, from = "a")]#[since(4)] e: i64,
        #[buffer]#[since(2)]#[renamed(since = 3, from = "b")] f: i64,
        #[buffer]#[renamed(since = 4, from = "e")]#[since(3)] c: i64,
        #[since(4)]#[buffer] d: i64,
    }

}

mod h10 {
    use statedict::StateDict;

    #[derive(StateDict, Default)]
    #[version(3)]#[removed(since = 3, "f")]
    pub(super) struct C0 {
        #[since(3)] d: C2,
        #[since(2)]#[buffer] a: i64,
        #[buffer]#[since(3)] b: i64,
        #[since(2)]#[buffer]#[renamed(since = 3, from = "b")] f: i64,
        #[buffer] e: i64,
    }

    #[derive(StateDict, Default)]
    #[removed(since = 4, "e")]#[removed(since = 3, "c")]#[removed(since = 4, "c")]#[removed(since = 3, "f")]#[version(4)]#[removed(since = 4, "f")]
    pub(super) struct C1 {
        #[since(4)]#[buffer] e: i64,
        #[renamed(since = 4, from = "b")]#[since(3)] a: C2,
    }

    #[derive(StateDict, Default)]
    #[version(1)]
    pub(super) struct C2 {
        #[buffer] f: i64,
        #[buffer] a: i64,
        #[buffer] e: i64,
    }

}

mod h11 {
    use statedict::StateDict;

    #[derive(StateDict, Default)]
    #[version(4)]
    pub(super) struct C0 {
        #[renamed(since = 3, from = "a")]#[since(2)] d: C2,
        #[renamed(since = 2, from = "e")]#[renamed(since = 4, from = "f")] b: C1,
        #[buffer]#[since(2)] c: i64,
        #[since(4)] e: C2,
    }

    #[derive(StateDict, Default)]
    #[removed(since = 5, "d")]#[version(5)]
    pub(super) struct C1 {
        #[since(4)]#[buffer] e: i64,
        #[since(5)]#[buffer] b: i64,
        #[since(5)]#[buffer] a: i64,
        #[buffer]#[renamed(since = 5, from = "f")] c: i64,
    }

    #[derive(StateDict, Default)]
    #[removed(since = 2, "e")]#[removed(since = 2, "a")]#[version(3)]
    pub(super) struct C2 {
        #[since(2)]#[buffer] c: i64,
        #[buffer] d: i64,
        #[since(2)]#[buffer] b: i64,
    }

}

pub(super) const CHECKS: [fn(u64); 12] = [
    check_derived::<h0::C0>,
    check_derived::<h1::C0>,
    check_derived::<h2::C0>,
    check_derived::<h3::C0>,
    check_derived::<h4::C0>,
    check_derived::<h5::C0>,
    check_derived::<h6::C0>,
    check_derived::<h7::C0>,
    check_derived::<h8::C0>,
    check_derived::<h9::C0>,
    check_derived::<h10::C0>,
    check_derived::<h11::C0>,
];
