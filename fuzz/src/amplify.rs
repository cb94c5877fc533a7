//! Files that use something large again and again: what would make reading cost more than their size.
//!
//! Each has a large operand in the memo and a short statement that is repeated. Statements are all opcodes that
//! take values, and calls of every class and function that a checkpoint may name, with the operand at each place
//! where a value is wanted. `tests/tests/memory/amplification.rs` measures all of them, and the fuzz target
//! `amplify` puts the same pieces together at random.

/// The opcodes by the names that `pickletools` has for them.
const MARK: &[u8] = b"(";
const POP: &[u8] = b"0";
const NONE: &[u8] = b"N";
const REDUCE: &[u8] = b"R";
const TUPLE: &[u8] = b"t";

/// A piece of a pickle that pushes a value.
pub type Code = Vec<u8>;

pub fn join(parts: &[&[u8]]) -> Code {
    parts.concat()
}

pub(super) fn counted(opcode: u8, content: &[u8]) -> Code {
    let len = u32::try_from(content.len()).unwrap_or(u32::MAX);
    join(&[&[opcode], &len.to_le_bytes(), content])
}

pub fn text(text: &str) -> Code {
    counted(b'X', text.as_bytes())
}

pub fn class(module: &str, name: &str) -> Code {
    format!("c{module}\n{name}\n").into_bytes()
}

pub fn tuple(values: &[Code]) -> Code {
    join(&[MARK, &values.concat(), TUPLE])
}

pub fn call(module: &str, name: &str, args: &[Code]) -> Code {
    join(&[&class(module, name), &tuple(args), REDUCE])
}

pub fn get(slot: u8) -> Code {
    vec![b'h', slot]
}

/// The values that are made large, by name: each takes about as many bytes of the pickle as asked for.
pub const OPERANDS: &[&str] = &[
    "text", "umlauts", "location", "bytes", "integer", "list", "tuple", "ints", "dict", "texts",
    "pairs", "set", "deep", "name", "sizes", "tensor", "chain", "file",
];

/// Pushes a large value of that kind.
pub fn operand(kind: &str, size: usize) -> Code {
    let numbers = |every: usize| (0u32..).take(size / every).map(|n| n.to_le_bytes());
    match kind {
        "umlauts" => text(&"\u{e9}".repeat(size / 2)),
        "location" => text(&format!("cuda:{}", "0".repeat(size))),
        "bytes" => counted(b'B', &vec![b'x'; size]),
        "integer" => counted(0x8b, &vec![1; size.min(1000)]),
        "list" => join(&[b"](", &NONE.repeat(size), b"e"]),
        "tuple" => join(&[MARK, &NONE.repeat(size), TUPLE]),
        "ints" => join(&[MARK, &b"K\x01".repeat(size / 2), TUPLE]),
        "dict" => {
            let entries: Code = numbers(6).flat_map(|key| join(&[b"J", &key, NONE])).collect();
            join(&[b"}(", &entries, b"u"])
        }
        "texts" => {
            let entries: Code = numbers(12)
                .flat_map(|key| join(&[b"X\x04\0\0\0", &key.map(|byte| byte & 0x7f), b"K\x01"]))
                .collect();
            join(&[b"}(", &entries, b"u"])
        }
        "pairs" => join(&[b"](", &b"NN\x86".repeat(size / 3), b"e"]),
        "set" => join(&[
            b"\x8f(",
            &numbers(5).flat_map(|key| join(&[b"J", &key])).collect::<Code>(),
            b"\x90",
        ]),
        "deep" => join(&[NONE, &b"\x85".repeat(size)]),
        "name" => class(&"m".repeat(size / 2), &"n".repeat(size / 2)),
        "sizes" => call("torch", "Size", &[join(&[MARK, &b"K\x01".repeat(size / 2), TUPLE])]),
        "tensor" => {
            let ones = join(&[MARK, &b"K\x01".repeat(size / 4), TUPLE]);
            call(
                "torch._utils",
                "_rebuild_tensor_v2",
                &[
                    storage("FloatStorage", "2"),
                    b"K\0".to_vec(),
                    ones.clone(),
                    ones,
                    b"\x89".to_vec(),
                    hooks(),
                ],
            )
        }
        "chain" => chain(size / 12),
        "file" => counted(
            b'B',
            &zip(
                &join(&[b"\x80\x02", &storage("ByteStorage", "0"), b"."]),
                &[("0", vec![0; size])],
                false,
            ),
        ),
        _ => text(&"a".repeat(size)),
    }
}

/// The arguments of a tensor with attributes in a tensor with attributes, and so on.
fn chain(layers: usize) -> Code {
    let function = class("torch._tensor", "_rebuild_from_type_v2");
    let kind = class("torch.nn.parameter", "Parameter");
    // The function, and the class, from the memo.
    let start = join(&[&function, b"q\xf0", POP, &kind, b"q\xf1", POP]);
    let inner = tuple(&[
        class("torch._utils", "_rebuild_tensor_v2"),
        get(0xf1),
        tuple(&tensor_args()),
        NONE.to_vec(),
    ]);
    join(&[&start, &b"(h\xf0h\xf1".repeat(layers), &inner, &b"Nt".repeat(layers)])
}

pub(super) fn hooks() -> Code {
    call("collections", "OrderedDict", &[])
}

/// The persistent id of a storage of the archive, of eight bytes.
fn id(class_name: &str, key: &str) -> Vec<Code> {
    let count = if class_name == "FloatStorage" {
        2
    } else if class_name == "LongStorage" {
        1
    } else {
        8
    };
    vec![text("storage"), class("torch", class_name), text(key), text("cpu"), vec![b'K', count]]
}

pub fn storage(class_name: &str, key: &str) -> Code {
    join(&[&tuple(&id(class_name, key)), b"Q"])
}

pub(super) fn one(number: u8) -> Code {
    join(&[b"K", &[number], b"\x85"])
}

fn tensor_args() -> Vec<Code> {
    let storage = storage("FloatStorage", "2");
    vec![storage, b"K\0".to_vec(), one(2), one(1), b"\x89".to_vec(), hooks()]
}

pub(super) fn tensor_of(class_name: &str, key: &str, sizes: Code, strides: Code) -> Code {
    let args =
        [storage(class_name, key), b"K\0".to_vec(), sizes, strides, b"\x89".to_vec(), hooks()];
    call("torch._utils", "_rebuild_tensor_v2", &args)
}

/// Arguments with which a class or function can be called.
pub fn arguments(name: &str) -> Vec<Vec<Code>> {
    let (none, no) = (NONE.to_vec(), b"\x89".to_vec());
    let plus = |mut args: Vec<Code>, more: &[Code]| {
        args.extend_from_slice(more);
        args
    };
    let dtype = class("torch", "float32");
    let tensor = || call("torch._utils", "_rebuild_tensor_v2", &tensor_args());
    match name {
        "_rebuild_tensor_v2" => vec![tensor_args(), plus(tensor_args(), &[b"}".to_vec()])],
        "_rebuild_tensor_v3" => {
            vec![
                plus(tensor_args(), std::slice::from_ref(&dtype)),
                plus(tensor_args(), &[dtype, b"}".to_vec()]),
            ]
        }
        "_rebuild_tensor" => vec![tensor_args().into_iter().take(4).collect()],
        "_rebuild_parameter" => vec![vec![tensor(), no, hooks()]],
        "_rebuild_parameter_with_state" => vec![vec![tensor(), no, hooks(), b"}".to_vec()]],
        "Parameter" => vec![vec![tensor(), b"\x88".to_vec()], vec![tensor()]],
        "_rebuild_from_type_v2" => {
            let function = class("torch._utils", "_rebuild_tensor_v2");
            vec![vec![function, class("torch", "Tensor"), tuple(&tensor_args()), b"}".to_vec()]]
        }
        "_rebuild_sparse_tensor" => {
            let layout = call("torch.serialization", "_get_layout", &[text("torch.sparse_coo")]);
            let indices = tensor_of(
                "LongStorage",
                "1",
                b"K\x01K\x01\x86".to_vec(),
                b"K\x01K\x01\x86".to_vec(),
            );
            let values = tensor_of("FloatStorage", "2", one(1), one(1));
            vec![vec![layout, tuple(&[indices, values, one(1)])]]
        }
        "_rebuild_qtensor" => {
            let scheme = class("torch", "per_tensor_affine");
            let parameters = tuple(&[scheme, b"G\x3f\xf0\0\0\0\0\0\0".to_vec(), b"K\0".to_vec()]);
            let storage = storage("QInt8Storage", "0");
            vec![vec![storage, b"K\0".to_vec(), one(2), one(1), parameters, no, hooks()]]
        }
        "_rebuild_meta_tensor_no_storage" => vec![vec![dtype, one(2), one(1), no]],
        "dtype" => vec![vec![text("f4"), no.clone(), b"\x88".to_vec()]],
        "_reconstruct" => vec![vec![class("numpy", "ndarray"), one(0), b"C\x01b".to_vec()]],
        "scalar" => {
            vec![vec![call("numpy", "dtype", &arguments("dtype")[0]), b"C\x04abcd".to_vec()]]
        }
        "_frombuffer" => {
            let dtype = call("numpy", "dtype", &arguments("dtype")[0]);
            vec![vec![b"C\x04abcd".to_vec(), dtype, one(1), text("C")]]
        }
        "encode" => vec![vec![text("a\u{e9}"), text("latin1")]],
        "bytearray" => vec![vec![text("a"), text("latin1")], vec![b"C\x02ab".to_vec()], vec![]],
        "complex" => vec![vec![b"G\x3f\xf0\0\0\0\0\0\0".to_vec(); 2]],
        "device" => vec![vec![text("cuda"), b"K\0".to_vec()], vec![text("cuda:0")]],
        "defaultdict" => vec![vec![class("builtins", "list"), b"}".to_vec()]],
        "slice" | "range" => vec![vec![none; 3]],
        "Size" | "set" | "frozenset" => vec![vec![b"]".to_vec()], vec![]],
        "OrderedDict" | "Counter" => vec![vec![b"}".to_vec()], vec![b"]".to_vec()], vec![]],
        "_get_layout" => vec![vec![text("torch.strided")]],
        "_load_from_bytes" => vec![vec![b"C\x00".to_vec()]],
        _ => vec![vec![], vec![none.clone()], vec![none.clone(), none]],
    }
}

/// A statement: what comes before, once, and what is repeated. It leaves a value on the stack.
pub struct Statement {
    pub name: String,
    pub setup: Code,
    pub repeated: Code,
}

/// Where the operand, a callee and its arguments are in the memo.
const OPERAND: u8 = 0;
const CALLEE: u8 = 1;
const ARGUMENTS: u8 = 2;

pub fn kept(code: &[u8], slot: u8) -> Code {
    join(&[code, &[b'q', slot], POP])
}

/// Statements with a value from the memo: every opcode that takes values, in every place.
pub fn opcodes() -> Vec<Statement> {
    let x = get(OPERAND);
    let object = class("m", "C");
    let mut all: Vec<(String, Code, Code)> = vec![
        ("refer".into(), vec![], x.clone()),
        ("dup".into(), vec![], join(&[&x, b"2\x86"])),
        ("memoize".into(), vec![], join(&[&x, b"\x94"])),
        ("put".into(), vec![], join(&[&x, b"r\x00\x00\x00\x7f"])),
        ("tuple1".into(), vec![], join(&[&x, b"\x85"])),
        ("tuple3".into(), vec![], join(&[&x, &x, &x, b"\x87"])),
        ("list".into(), vec![], join(&[MARK, &x, &x, b"l"])),
        ("dict".into(), vec![], join(&[MARK, &x, NONE, b"d"])),
        ("dict value".into(), vec![], join(&[b"}K\0", &x, b"s"])),
        ("dict key".into(), vec![], join(&[b"}", &x, b"K\0s"])),
        ("frozenset".into(), vec![], join(&[MARK, &x, b"\x91"])),
        ("set member".into(), vec![], join(&[b"\x8f(", &x, b"\x90"])),
        ("append".into(), vec![], join(&[b"]", &x, b"a"])),
        ("append to".into(), vec![], join(&[&x, b"Na"])),
        ("appends to".into(), vec![], join(&[&x, b"(NNe"])),
        ("set item of".into(), vec![], join(&[&x, b"NNs"])),
        ("add items to".into(), vec![], join(&[&x, b"(N\x90"])),
        ("stack global".into(), vec![], join(&[&x, &x, b"\x93"])),
        (
            "stack global module".into(),
            kept(&text("n"), CALLEE),
            join(&[&x, &get(CALLEE), b"\x93"]),
        ),
        (
            "stack global name".into(),
            kept(&text("builtins"), CALLEE),
            join(&[&get(CALLEE), &x, b"\x93"]),
        ),
        ("persistent".into(), vec![], join(&[&x, b"Q"])),
        ("reduce".into(), kept(&object, CALLEE), join(&[&get(CALLEE), &x, REDUCE])),
        ("called".into(), vec![], join(&[&x, b")R"])),
        ("newobj".into(), kept(&object, CALLEE), join(&[&get(CALLEE), &x, b"\x81"])),
        ("newobj of".into(), vec![], join(&[&x, b")\x81"])),
        ("newobj ex".into(), kept(&object, CALLEE), join(&[&get(CALLEE), b")", &x, b"\x92"])),
        ("obj".into(), kept(&object, CALLEE), join(&[MARK, &get(CALLEE), &x, b"o"])),
        ("inst".into(), vec![], join(&[MARK, &x, b"im\nC\n"])),
        ("build state".into(), kept(&object, CALLEE), join(&[&get(CALLEE), b")\x81", &x, b"b"])),
        ("build on".into(), vec![], join(&[&x, b"}b"])),
    ];
    // A dict with attributes, which are added to; one whose `_metadata` it is; state of arrays and dtypes.
    let ordered = kept(&class("collections", "OrderedDict"), CALLEE);
    let dict = join(&[&get(CALLEE), b")R"]);
    all.push(("attributes".into(), ordered.clone(), join(&[&dict, &x, b"b"])));
    all.push(("more attributes".into(), ordered.clone(), join(&[&dict, b"}K\0Nsb", &x, b"b"])));
    all.push((
        "metadata".into(),
        ordered.clone(),
        join(&[&dict, b"}X\x09\0\0\0_metadata", &x, b"sb"]),
    ));
    all.push((
        "metadata entry".into(),
        ordered,
        join(&[&dict, b"}X\x09\0\0\0_metadata}X\0\0\0\0", &x, b"ssb"]),
    ));
    let array = call("numpy._core.multiarray", "_reconstruct", &arguments("_reconstruct")[0]);
    let dtype = call("numpy", "dtype", &arguments("dtype")[0]);
    let setup = join(&[&kept(&array, CALLEE), &kept(&dtype, ARGUMENTS)]);
    for (place, name) in ["version", "shape", "dtype", "order", "data"].iter().enumerate() {
        let mut state =
            [b"K\x01".to_vec(), one(1), get(ARGUMENTS), b"\x89".to_vec(), b"C\x04abcd".to_vec()];
        state[place].clone_from(&x);
        let built = join(&[&get(CALLEE), &tuple(&state), b"b"]);
        all.push((format!("array {name}"), setup.clone(), built));
    }
    for (place, name) in ["kind", "class", "key", "location", "count"].iter().enumerate() {
        let mut id = id("FloatStorage", "2");
        id[place].clone_from(&x);
        // As short as it can be: all else is in the memo too.
        let slots: Vec<Code> =
            (0u8..5).map(|slot| kept(&id[usize::from(slot)], 10 + slot)).collect();
        let gets: Vec<Code> = (0u8..5).map(|slot| get(10 + slot)).collect();
        all.push((format!("persistent {name}"), slots.concat(), join(&[&tuple(&gets), b"Q"])));
        let args = join(&[&kept(&tuple(&gets), ARGUMENTS)]);
        let setup = join(&[&slots.concat(), &args]);
        all.push((format!("persistent again {name}"), setup, join(&[&get(ARGUMENTS), b"Q"])));
    }
    // An entry of a state dict as PyTorch writes it, which is matched as a whole: it pushes its key too.
    for (place, name) in [(2u8, "entry key"), (3, "entry location")] {
        let mut parts = id("FloatStorage", "2");
        parts[usize::from(place)].clone_from(&x);
        let mut setup: Code =
            (0u8..4).flat_map(|slot| kept(&parts[usize::from(slot)], 10 + slot)).collect();
        setup.extend(kept(&class("torch._utils", "_rebuild_tensor_v2"), CALLEE));
        setup.extend(kept(&class("collections", "OrderedDict"), ARGUMENTS));
        let entry = join(&[
            b"X\x01\0\0\0kq\x20h\x01((h\x0ah\x0bh\x0ch\x0dK\x02tq\x21QK\0",
            b"K\x02\x85q\x22K\x01\x85q\x23\x89h\x02)Rq\x24tq\x25Rq\x26",
        ]);
        all.push((name.into(), setup, entry));
    }
    all.into_iter().map(|(name, setup, repeated)| Statement { name, setup, repeated }).collect()
}

/// Calls of a class or function with the operand in each place of its arguments, which are in the memo.
pub fn calls(module: &str, name: &str) -> Vec<Statement> {
    let mut all = Vec::new();
    let mut add = |words: String, args: Code| {
        let setup = join(&[&kept(&class(module, name), CALLEE), &kept(&args, ARGUMENTS)]);
        let repeated = join(&[&get(CALLEE), &get(ARGUMENTS), REDUCE]);
        all.push(Statement { name: format!("{name} {words}"), setup, repeated });
    };
    add("of it".into(), get(OPERAND));
    for (number, args) in arguments(name).into_iter().enumerate() {
        for place in 0..args.len() {
            let mut args = args.clone();
            args[place] = get(OPERAND);
            add(format!("{number}.{place}"), tuple(&args));
        }
        // Within an argument that is a tuple of several.
        let nested = match name {
            "_rebuild_qtensor" => Some((
                4,
                vec![
                    class("torch", "per_channel_affine"),
                    get(OPERAND),
                    get(OPERAND),
                    b"K\0".to_vec(),
                ],
            )),
            "_rebuild_sparse_tensor" => Some((1, vec![get(OPERAND), get(OPERAND), one(1)])),
            "_rebuild_from_type_v2" => Some((2, {
                let mut args = tensor_args();
                args.push(get(OPERAND));
                args
            })),
            _ => None,
        };
        if let Some((place, parts)) = nested {
            let mut args = args;
            args[place] = tuple(&parts);
            add(format!("{number}.{place} within"), tuple(&args));
        }
    }
    all
}

/// Every statement there is: the opcodes, and calls of all that the library knows.
///
/// # Panics
/// Where the list of the library cannot be read any more.
pub fn statements() -> Vec<Statement> {
    // The list itself, so that what is added to it is among the statements too.
    let source = include_str!("../../statedict/src/codec/pickle/globals.rs");
    let table = source.split_once("const TABLE").and_then(|(_, rest)| rest.split_once("];"));
    let table = table.expect("the list of classes and functions").0;
    // Reasons are sentences, names are not.
    let names = table.split('"').skip(1).step_by(2).filter(|text| !text.contains(' '));
    let names: Vec<&str> = names.collect();
    let mut pairs: std::collections::BTreeSet<(&str, &str)> =
        names.as_chunks::<2>().0.iter().map(|&[module, name]| (module, name)).collect();
    assert!(pairs.len() > 50 && pairs.contains(&("torch._utils", "_rebuild_tensor_v2")));
    pairs.extend([
        ("torch", "FloatTensor"),
        ("torch.sparse", "FloatTensor"),
        ("torch", "FloatStorage"),
        ("m", "C"),
    ]);
    let calls = pairs.into_iter().flat_map(|(module, name)| calls(module, name));
    opcodes().into_iter().chain(calls).collect()
}

/// A pickle of about that size: half of it the operand, half of it the statement, repeated. What it makes is kept
/// in a list, or thrown away.
pub fn pickle(operand_kind: &str, statement: &Statement, size: usize, keeps: bool) -> Vec<u8> {
    let large = operand(operand_kind, size / 2);
    let Statement { setup, repeated, .. } = statement;
    let used = large.len() + setup.len();
    let step = repeated.len() + usize::from(!keeps);
    let count = size.saturating_sub(used) / step;
    let start = join(&[b"\x80\x04", &kept(&large, OPERAND), setup]);
    match keeps {
        true => join(&[&start, b"](", &repeated.repeat(count), b"e."]),
        false => join(&[&start, &join(&[repeated, POP]).repeat(count), b"N."]),
    }
}

/// An archive as torch.save writes them, with such a pickle and storages; checksums are left out.
pub fn zip(pickle: &[u8], storages: &[(&str, Vec<u8>)], deflates: bool) -> Vec<u8> {
    let mut members = vec![("a/data.pkl".to_owned(), pickle.to_vec())];
    members.extend(storages.iter().map(|(key, bytes)| (format!("a/data/{key}"), bytes.clone())));
    members.push(("a/version".to_owned(), b"3\n".to_vec()));
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    let count = u16::try_from(members.len()).unwrap_or(u16::MAX).to_le_bytes();
    for (name, content) in members {
        let deflated = deflates && name.ends_with(".pkl");
        let stored = if deflated { deflate(&content) } else { content.clone() };
        let number = |len: usize| u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
        let offset = number(file.len());
        let name_len = u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes();
        let method = [if deflated { 8 } else { 0 }, 0];
        let (stored_len, len) = (number(stored.len()), number(content.len()));
        // Version and flags, method, time, checksum, sizes, the lengths of the name and of what follows it.
        let common = join(&[&[0; 4], &method, &[0; 8], &stored_len, &len, &name_len, &[0; 2]]);
        file.extend(join(&[b"PK\x03\x04", &common, name.as_bytes(), &stored]));
        directory.extend(join(&[b"PK\x01\x02\0\0", &common, &[0; 10], &offset, name.as_bytes()]));
    }
    let number = |len: usize| u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
    let end = [number(directory.len()), number(file.len())].concat();
    file.extend(directory);
    file.extend(join(&[b"PK\x05\x06\0\0\0\0", &count, &count, &end, &[0, 0]]));
    file
}

fn deflate(content: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    // Memory does not fail to be written to.
    let _ = writer.write_all(content);
    writer.finish().unwrap_or_default()
}

/// An archive around a pickle, with the storages that operands and arguments refer to.
pub fn checkpoint(pickle: &[u8], deflates: bool) -> Vec<u8> {
    let storages = ["0", "1", "2"].map(|key| (key, vec![0; 8]));
    zip(pickle, &storages, deflates)
}

/// The file that bytes of a fuzzer stand for: one or two large operands, and several statements with them, each
/// repeated for a part of the size, which is at most 1 MiB.
pub fn of_bytes(bytes: &[u8], statements: &[Statement]) -> Vec<u8> {
    let mut bytes = bytes.iter().copied();
    let mut next = || usize::from(bytes.next().unwrap_or(0));
    let kind = OPERANDS[next() % OPERANDS.len()];
    let size = 1usize << (10 + next() % 11);
    let (keeps, container) = (next() % 2 == 0, next() % 3);
    let large = operand(kind, size / 2);
    let mut code = join(&[b"\x80\x04", &kept(&large, OPERAND)]);
    code.extend_from_slice(if keeps { b"](" } else { b"" });
    for _ in 0..=next() % 4 {
        let statement = &statements[(next() * 256 + next()) % statements.len()];
        let Statement { setup, repeated, .. } = statement;
        let end = if keeps { repeated.clone() } else { join(&[repeated, POP]) };
        let count = (size / 2).saturating_sub(setup.len()) * (next() + 1) / 256 / end.len();
        code.extend(setup.iter().copied());
        code.extend(end.repeat(count.max(1)));
    }
    code.extend_from_slice(if keeps { b"e." } else { b"N." });
    match container {
        0 => code,
        container => checkpoint(&code, container == 2),
    }
}
