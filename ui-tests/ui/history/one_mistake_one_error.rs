use statedict::StateDict;

#[derive(StateDict)]
#[version(2)]
#[migrate(2, Self::to_v2)]
#[migrate(to = )]
#[migrate(to = 2 with = Self::to_v2)]
#[removed(since = 2 "old")]
#[alias("f3", "weight")]
#[alias(1 = 0)]
struct Net {
    #[param]
    #[renamed(since = 2 from = "w")]
    #[renamed(since = )]
    weight: f32,
}

fn main() {}
