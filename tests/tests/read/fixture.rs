//! The committed files, and what a document holds as lines that can be compared with PyTorch's.

use std::path::PathBuf;

use statedict::codec::{self, Document, ReadError, ReadOptions};
use statedict::value::{DictKind, Integer, Kind, Tensor, Value};

/// The path of a committed file.
pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/read").join(name)
}

pub(crate) fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

pub(crate) fn open(name: &str) -> Document {
    codec::open(path(&format!("{name}.pt")), &ReadOptions::default())
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub(crate) fn refused(name: &str) -> ReadError {
    codec::open(path(&format!("{name}.pt")), &ReadOptions::default()).unwrap_err()
}

/// What PyTorch finds in the file, as `make_read.py` wrote it.
pub(crate) fn expected(name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(path(&format!("{name}.txt"))).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// What we find in it, in the same words.
pub(crate) fn lines(document: &Document) -> Vec<String> {
    let mut lines = Vec::new();
    let mut seen = Vec::new();
    describe(document.root(), String::new(), &mut seen, &mut lines);
    lines
}

fn describe<'g>(
    value: Value<'g>,
    path: String,
    seen: &mut Vec<(Value<'g>, String)>,
    lines: &mut Vec<String>,
) {
    if matches!(value.kind(), Kind::List(_) | Kind::Dict(_)) {
        if let Some((_, first)) = seen.iter().find(|(other, _)| other.same_as(value)) {
            lines.push(format!("{path}\tagain {first}"));
            return;
        }
        seen.push((value, path.clone()));
    }
    match value.kind() {
        Kind::Tensor(tensor) => {
            lines.push(format!("{path}\t{}", describe_tensor(tensor)));
            attributes(tensor.attributes(), &path, seen, lines);
        }
        Kind::Dict(dict) => {
            let kind = match dict.kind() {
                DictKind::Dict => "dict",
                DictKind::OrderedDict => "OrderedDict",
                DictKind::Counter => "Counter",
                DictKind::DefaultDict => "defaultdict",
            };
            lines.push(format!("{path}\t{kind} of {}", dict.len()));
            for (key, item) in dict.iter() {
                let segment = match key.as_str() {
                    Some(key) => format!("[\"{key}\"]"),
                    None => format!("{{{}}}", leaf(key)),
                };
                describe(item, path.clone() + &segment, seen, lines);
            }
            attributes(dict.attributes(), &path, seen, lines);
        }
        Kind::List(items) | Kind::Tuple(items) => {
            let kind = if matches!(value.kind(), Kind::List(_)) { "list" } else { "tuple" };
            lines.push(format!("{path}\t{kind} of {}", items.len()));
            for (index, item) in items.iter().enumerate() {
                describe(item, format!("{path}[{index}]"), seen, lines);
            }
        }
        _ => lines.push(format!("{path}\t{}", leaf(value))),
    }
}

fn attributes<'g>(
    attributes: Option<Value<'g>>,
    path: &str,
    seen: &mut Vec<(Value<'g>, String)>,
    lines: &mut Vec<String>,
) {
    for (name, value) in attributes.into_iter().flat_map(|a| a.as_dict().unwrap().iter()) {
        describe(value, format!("{path}.{}", name.as_str().unwrap()), seen, lines);
    }
}

fn python(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

fn describe_tensor(tensor: Tensor<'_>) -> String {
    let view = tensor.view().unwrap();
    let bytes = view.bytes().unwrap();
    let mut read = vec![0; view.nbytes()];
    view.read_into(&mut read).unwrap();
    assert_eq!(*bytes, *read);
    format!(
        "tensor {} {} stride {:?} offset {} grad {} parameter {} nbytes {} crc {:08x}",
        view.dtype(),
        view.shape(),
        &*view.strides(),
        view.storage_offset(),
        python(view.requires_grad()),
        python(tensor.is_parameter()),
        bytes.len(),
        crc32fast::hash(&bytes),
    )
}

fn leaf(value: Value<'_>) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let float = |value: f64| format!("{:016x}", value.to_bits());
    match value.kind() {
        Kind::None => "None".to_owned(),
        Kind::Bool(value) => format!("bool {}", python(value)),
        Kind::Int(value) => format!("int {value}"),
        Kind::Float(value) => format!("float {}", float(value)),
        Kind::Complex { re, im } => format!("complex {}{}", float(re), float(im)),
        Kind::Str(text) => format!("str {text}"),
        Kind::Bytes(bytes) => format!("bytes {}", hex(bytes)),
        Kind::ByteArray(bytes) => format!("bytearray {}", hex(bytes)),
        Kind::DType(dtype) => format!("dtype torch.{dtype}"),
        Kind::Device(device) => format!("device {device}"),
        Kind::Size(items) => {
            let sizes: Vec<i64> = items.iter().map(|item| item.as_i64().unwrap()).collect();
            format!("Size {sizes:?}")
        }
        Kind::Set(items) | Kind::FrozenSet(items) => {
            let mut words: Vec<String> = items.iter().map(leaf).collect();
            words.sort();
            format!("{} {}", value.type_name(), words.join(", "))
        }
        // Only the key `(1, 2)`, which Python's side does not describe as a leaf.
        Kind::Tuple(items) => {
            let words: Vec<String> = items.iter().map(leaf).collect();
            format!("tuple {}", words.join(", "))
        }
        other => panic!("{other:?}"),
    }
}

/// Compares a committed file with what PyTorch finds in it.
#[track_caller]
pub(crate) fn check(name: &str) {
    let (found, expected) = (lines(&open(name)), expected(name));
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected, "{name}");
    }
    assert_eq!(found.len(), expected.len(), "{name}");
}

/// Decimal text of an integer, whatever its size.
pub(crate) fn decimal(value: Value<'_>) -> String {
    match value.kind() {
        Kind::Int(value) => Integer::to_string(&value),
        other => panic!("{other:?}"),
    }
}
