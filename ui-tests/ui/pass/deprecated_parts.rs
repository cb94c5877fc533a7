//! Who may use what is deprecated may derive with it.
#![deny(warnings)]

use statedict::StateDict;

#[deprecated]
#[allow(dead_code)]
#[derive(StateDict)]
struct Old {
    #[deprecated]
    #[param]
    bias: f32,
}

#[derive(StateDict)]
struct Net {
    #[allow(deprecated)]
    old: Old,
}

#[expect(deprecated)]
#[derive(StateDict)]
enum Either {
    Old(Old),
    Net(Net),
}

fn main() {
    #[allow(deprecated)]
    let old = || Old { bias: 0.0 };
    #[allow(deprecated)]
    let net = Net { old: old() };
    #[allow(deprecated)]
    let both = [Either::Net(net), Either::Old(old())];
    assert_eq!(both.len(), 2);
}
