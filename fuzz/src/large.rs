//! Pickles that mean far more than they say, not by one statement that is repeated: values within each other, views of
//! one storage, names of which each is another.

use super::amplify::{
    Code, call, class, counted, get, hooks, join, kept, one, storage, tensor_of, text, tuple,
};

/// Such pickles of about `size` bytes, by name.
pub fn pickles(size: usize) -> Vec<(&'static str, Code)> {
    let numbers = |every: usize| (0u32..).take(size / every);
    let slot = |number: u32| join(&[b"r", &number.to_le_bytes()]);
    let from = |number: u32| join(&[b"j", &number.to_le_bytes()]);
    let key = |number: u32| text(&format!("k{number:05}"));
    let many = |entries: Code| join(&[b"}(", &entries, b"u."]);
    let list = |items: Code| join(&[b"](", &items, b"e."]);
    let start = |values: &[Code]| -> Code {
        let kept = (0u8..).zip(values).flat_map(|(slot, value)| kept(value, slot));
        b"\x80\x04".iter().copied().chain(kept).collect()
    };
    let within = |open: &[u8], close: &[u8]| {
        let depth = size / (open.len() + close.len());
        join(&[&open.repeat(depth), b"N", &close.repeat(depth), b"."])
    };
    let function = class("torch._utils", "_rebuild_tensor_v2");
    let float = || storage("FloatStorage", "2");
    // A tensor of what is in the memo: the function, a storage, a shape, strides and hooks.
    let view = b"h\0(h\x01K\0h\x02h\x03\x89h\x04tR";
    let views = |shape: Code, strides: Code| {
        let start = start(&[function.clone(), float(), shape, strides, hooks()]);
        let entries: Code = numbers(30).flat_map(|n| join(&[&key(n), view])).collect();
        join(&[&start, &many(entries)])
    };
    let ones = join(&[b"(", &b"K\x01".repeat(size / 4), b"t"]);
    let tensor = || tensor_of("FloatStorage", "2", one(2), one(1));
    let integer = counted(0x8b, &[1; 1000]);
    vec![
        ("views", views(one(2), one(1))),
        ("expanded views", views(b"J\0\0\x08\0\x85".to_vec(), one(0))),
        ("views of high rank", views(ones.clone(), ones)),
        ("one tensor", join(&[&start(&[tensor()]), &list(get(0).repeat(size / 2))])),
        (
            "one tensor under many keys",
            join(&[
                &start(&[tensor()]),
                &many(numbers(14).flat_map(|n| join(&[&key(n), &get(0)])).collect()),
            ]),
        ),
        ("one storage", join(&[&start(&[float()]), &list(get(0).repeat(size / 2))])),
        (
            "integers",
            join(&[&start(std::slice::from_ref(&integer)), &list(get(0).repeat(size / 2))]),
        ),
        (
            "integers in tuples",
            join(&[&start(std::slice::from_ref(&integer)), &list(b"h\0\x85".repeat(size / 3))]),
        ),
        (
            "integers in sets",
            join(&[
                &start(&[
                    join(&[b"](", &integer, b"e"]),
                    class("builtins", "set"),
                    b"h\0\x85".to_vec(),
                ]),
                &list(b"h\x01h\x02R".repeat(size / 5)),
            ]),
        ),
        (
            "classes",
            join(&[
                &start(&[]),
                &list(numbers(12).flat_map(|n| class("m", &format!("C{n}"))).collect()),
            ]),
        ),
        (
            "locations",
            join(&[
                &start(&[text("storage"), class("torch", "FloatStorage"), text("2")]),
                &list(
                    numbers(24)
                        .flat_map(|n| {
                            join(&[b"(h\0h\x01h\x02", &text(&format!("cuda:{n}")), b"K\x02tQ"])
                        })
                        .collect(),
                ),
            ]),
        ),
        (
            "a long location",
            join(&[
                &start(&[tuple(&[
                    text("storage"),
                    class("torch", "FloatStorage"),
                    text("2"),
                    text(&format!("cuda:{}", "0".repeat(240))),
                    b"K\x02".to_vec(),
                ])]),
                b"h\0Qq\x01",
                b"](",
                &get(1).repeat(size / 2),
                b"e.",
            ]),
        ),
        ("tuples", join(&[b"\x80\x04N", &b"2\x86".repeat(size / 2), b"."])),
        ("lists", join(&[b"\x80\x04", &within(b"]", b"a")[..size / 2 * 2 + 1], b"."])),
        ("slices", join(&[&start(&[class("builtins", "slice")]), &within(b"h\0(", b"NNtR")])),
        ("objects", join(&[&start(&[class("m", "C")]), &within(b"h\0(", b"t\x81")])),
        ("dicts", join(&[b"\x80\x04", &within(b"}K\0", b"s")])),
        ("modules", join(&[b"\x80\x04", &within(b"}X\x01\0\0\0k", b"s")])),
        (
            "lists of one another",
            join(&[
                b"\x80\x04]",
                &numbers(18)
                    .flat_map(|n| join(&[&slot(n), b"0](", &from(n).repeat(2), b"e"]))
                    .collect::<Code>(),
                b".",
            ]),
        ),
        (
            "dicts of one another",
            join(&[
                b"\x80\x04}X\x01\0\0\0w",
                &tensor(),
                b"s",
                &numbers(30)
                    .flat_map(|n| {
                        join(&[&slot(n), b"0}(", &text("a"), &from(n), &text("b"), &from(n), b"u"])
                    })
                    .collect::<Code>(),
                b".",
            ]),
        ),
        (
            "keys with many dots",
            join(&[
                &start(&[tensor()]),
                &many(
                    numbers(300)
                        .flat_map(|n| join(&[&text(&format!("{}k{n}", "a.".repeat(140))), &get(0)]))
                        .collect(),
                ),
            ]),
        ),
        (
            "numbered modules",
            join(&[
                &start(&[tensor()]),
                &many(
                    numbers(25)
                        .flat_map(|n| join(&[&text(&format!("layers.{n}.weight")), &get(0)]))
                        .collect(),
                ),
            ]),
        ),
        (
            "metadata",
            join(&[
                b"\x80\x04",
                &call("collections", "OrderedDict", &[]),
                b"}X\x09\0\0\0_metadata}(",
                &numbers(27)
                    .flat_map(|n| join(&[&key(n), b"}X\x07\0\0\0versionK\x01s"]))
                    .collect::<Code>(),
                b"usb.",
            ]),
        ),
        ("empty lists", join(&[&start(&[]), &list(b"]".repeat(size))])),
    ]
}
