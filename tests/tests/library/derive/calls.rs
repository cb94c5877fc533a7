//! What a derived model reports, and in which order.

use std::collections::VecDeque;
use std::marker::PhantomData;

use statedict::StateDict;
use statedict::visit::{ByMut, Part, Visitor};

use super::recorder::{T, record};

/// Compares without the indentation of the expected text.
#[track_caller]
fn assert_calls(model: &mut dyn StateDict, expected: &str) {
    let expected: String =
        expected.trim().lines().map(|line| format!("{}\n", line.trim_start())).collect();
    assert_eq!(record(model), expected);
}

#[derive(StateDict)]
struct Linear {
    #[param]
    weight: T,
    #[param]
    bias: Option<T>,
}

fn linear() -> Linear {
    Linear { weight: T(6), bias: Some(T(2)) }
}

#[test]
fn parameters_come_before_buffers_before_children_before_aliases() {
    #[derive(StateDict)]
    #[version(3)]
    #[alias(f3 = fc)]
    #[alias("lm_head.weight" = "wte.weight", shared = scale)]
    struct Net {
        fc: Linear,
        #[persistent(false)]
        mask: T,
        #[param]
        scale: T,
        #[rename("wte")]
        #[since(2)]
        embedding: Linear,
        #[buffer]
        #[since(3)]
        mean: T,
        #[param]
        shift: T,
    }

    let mut net =
        Net { fc: linear(), mask: T(1), scale: T(2), embedding: linear(), mean: T(3), shift: T(4) };
    assert_calls(
        &mut net,
        "module = Net v3, wte since 2, mean since 3
         param scale [2]
         param shift [4]
         buffer mask [1] (not persistent)
         buffer mean [3]
         child fc
         module fc.= Linear v1
         param fc.weight [6]
         param fc.bias [2]
         child wte
         module wte.= Linear v1
         param wte.weight [6]
         param wte.bias [2]
         alias f3 = fc
         alias lm_head.weight = wte.weight
         alias shared = scale",
    );
}

#[test]
fn an_alias_of_a_renamed_field_is_one_of_its_key() {
    #[derive(StateDict)]
    #[alias(head = embedding)]
    struct Net {
        #[rename("wte")]
        embedding: Unit,
    }

    let mut net = Net { embedding: Unit };
    assert_calls(
        &mut net,
        "module = Net v1
         child wte
         module wte.= Unit v1
         alias head = wte",
    );
}

#[test]
fn an_absent_leaf_is_not_reported() {
    let mut linear = Linear { weight: T(6), bias: None };
    assert_calls(&mut linear, "module = Linear v1\nparam weight [6]");
}

#[derive(StateDict)]
struct Unit;

#[test]
fn tuple_structs_count_and_unit_structs_are_empty() {
    #[derive(StateDict)]
    struct Block(
        Unit,
        #[param] T,
        #[skip] Vec<f32>,
        #[buffer]
        #[rename("scale")]
        T,
    );

    let mut block = Block(Unit, T(1), vec![0.5], T(2));
    assert_calls(
        &mut block,
        "module = Block v1
         param 1 [1]
         buffer scale [2]
         child 0
         module 0.= Unit v1",
    );
    assert_eq!(block.2, [0.5]);
}

#[test]
fn raw_identifiers_lose_the_mark() {
    #[derive(StateDict)]
    #[alias(r#fn = r#type, in = mod)]
    struct r#Struct {
        #[param]
        #[rename("kind")]
        r#type: T,
        r#mod: Unit,
    }

    let mut model = r#Struct { r#type: T(1), r#mod: Unit };
    assert_calls(
        &mut model,
        "module = Struct v1
         param kind [1]
         child mod
         module mod.= Unit v1
         alias fn = kind
         alias in = mod",
    );
}

#[test]
fn what_a_configuration_is_made_of_needs_no_mark() {
    #[derive(StateDict)]
    struct Config {
        steps: usize,
        rate: f64,
        name: String,
        about: &'static str,
        on: bool,
        letter: char,
        activation: fn(f32) -> f32,
        _nothing: (),
        marker: PhantomData<*const u8>,
        same: core::marker::PhantomData<str>,
    }

    let mut config = Config {
        steps: 1,
        rate: 0.5,
        name: "relu".to_owned(),
        about: "",
        on: true,
        letter: 'a',
        activation: f32::abs,
        _nothing: (),
        marker: PhantomData,
        same: PhantomData,
    };
    assert_calls(&mut config, "module = Config v1");
    let Config { steps, rate, name, about, on, letter, activation, .. } = config;
    assert_eq!((steps, rate, &*name, about, on, letter), (1, 0.5, "relu", "", true, 'a'));
    assert_eq!(activation(-1.0), 1.0);
}

#[test]
fn the_namespaced_form_says_the_same() {
    #[derive(StateDict)]
    #[state_dict(version(2), alias(again = fc))]
    struct Net {
        #[state_dict(param, rename("w"), since(2))]
        weight: T,
        #[state_dict(persistent(false))]
        mask: T,
        #[state_dict(skip)]
        _cache: Vec<f32>,
        fc: Unit,
    }

    let mut net = Net { weight: T(1), mask: T(2), _cache: Vec::new(), fc: Unit };
    assert_calls(
        &mut net,
        "module = Net v2, w since 2
         param w [1]
         buffer mask [2] (not persistent)
         child fc
         module fc.= Unit v1
         alias again = fc",
    );
}

#[test]
fn generics_are_bound_where_the_fields_need_it() {
    // No bound on `W`, `M` or `C` is written, and `C` needs none.
    #[derive(StateDict)]
    struct Net<'a, W, M, C, const N: usize> {
        #[param]
        weight: W,
        blocks: [M; N],
        more: Vec<M>,
        #[skip]
        _config: &'a C,
        marker: PhantomData<C>,
    }

    struct NotAModule;

    let mut net = Net {
        weight: T(1),
        blocks: [Unit, Unit],
        more: vec![Unit],
        _config: &NotAModule,
        marker: PhantomData,
    };
    assert_calls(
        &mut net,
        "module = Net v1
         param weight [1]
         child blocks
         module blocks.= ModuleList v1
         child blocks.0
         module blocks.0.= Unit v1
         child blocks.1
         module blocks.1.= Unit v1
         child more
         module more.= ModuleList v1
         child more.0
         module more.0.= Unit v1",
    );
    let _ = net.marker;
}

#[test]
fn a_model_may_contain_itself() {
    #[derive(StateDict)]
    struct Tree<W> {
        #[param]
        weight: W,
        left: Option<Box<Self>>,
        right: Option<Box<Tree<W>>>,
    }

    let leaf = |weight| Tree { weight: T(weight), left: None, right: None };
    let mut tree = Tree { weight: T(1), left: None, right: Some(Box::new(leaf(2))) };
    assert_calls(
        &mut tree,
        "module = Tree v1
         param weight [1]
         child left
         child right
         module right.= Tree v1
         param right.weight [2]
         child right.left
         child right.right",
    );
}

#[test]
fn bounds_can_be_replaced() {
    // Each mentions the other, so inferred bounds would have no end.
    #[derive(StateDict)]
    #[state_dict(bound(M: StateDict))]
    struct Even<M> {
        module: M,
        next: Vec<Odd<M>>,
    }

    #[derive(StateDict)]
    #[state_dict(bound(M: StateDict))]
    struct Odd<M> {
        next: Vec<Even<M>>,
    }

    let mut even = Even { module: Unit, next: vec![Odd { next: Vec::new() }] };
    assert_calls(
        &mut even,
        "module = Even v1
         child module
         module module.= Unit v1
         child next
         module next.= ModuleList v1
         child next.0
         module next.0.= Odd v1
         child next.0.next
         module next.0.next.= ModuleList v1",
    );
}

#[test]
fn containers_are_torchs() {
    #[derive(StateDict)]
    struct Net {
        sequential: (Unit, Linear),
        queue: VecDeque<Unit>,
        boxed: Box<dyn StateDict>,
        array: [Box<Unit>; 1],
    }

    let mut net = Net {
        sequential: (Unit, linear()),
        queue: [Unit].into(),
        boxed: Box::new(Unit),
        array: [Box::new(Unit)],
    };
    assert_calls(
        &mut net,
        "module = Net v1
         child sequential
         module sequential.= Sequential v1
         child sequential.0
         module sequential.0.= Unit v1
         child sequential.1
         module sequential.1.= Linear v1
         param sequential.1.weight [6]
         param sequential.1.bias [2]
         child queue
         module queue.= ModuleList v1
         child queue.0
         module queue.0.= Unit v1
         child boxed
         module boxed.= Unit v1
         child array
         module array.= ModuleList v1
         child array.0
         module array.0.= Unit v1",
    );
}

#[test]
fn macros_by_example_may_write_the_struct() {
    macro_rules! model {
        ($name:ident, $field:ident: $ty:ty, $key:literal, $version:expr, $child:ident: $module:ty) => {
            #[derive(StateDict)]
            #[version($version)]
            #[alias(again = $child)]
            struct $name {
                #[param]
                #[rename($key)]
                #[since($version)]
                $field: $ty,
                $child: $module,
                count: usize,
            }
        };
    }

    model!(Pasted, weight: T, "w", 2, fc: Unit);

    let mut pasted = Pasted { weight: T(1), fc: Unit, count: 3 };
    assert_calls(
        &mut pasted,
        "module = Pasted v2, w since 2
         param w [1]
         child fc
         module fc.= Unit v1
         alias again = fc",
    );
    assert_eq!(pasted.count, 3);
}

#[test]
fn the_rust_type_is_known() {
    struct TypeOf(&'static str);

    impl<'a> Visitor<ByMut<'a>> for TypeOf {
        fn take(&mut self, part: Part<'_, ByMut<'a>>) {
            if let Part::Module(info) = part {
                self.0 = info.rust_type();
            }
        }
    }

    let mut seen = TypeOf("");
    linear().visit_fields_mut(&mut seen);
    assert_eq!(seen.0, "library::derive::calls::Linear");
}
