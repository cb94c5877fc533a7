//! What a document holds, as lines that can be compared with PyTorch's.

use statedict::codec::Document;
use statedict::value::{DictKind, Kind, NumPy, NumPyForm, Quantization, Quantized, Tensor, Value};
use statedict::{StateMap, TensorView};

/// What we find in a file: one line for each value, in the words of `torch/lines.py`.
///
/// # Panics
/// Where a tensor's bytes cannot be read.
pub fn lines(document: &Document) -> Vec<String> {
    let mut lines = Vec::new();
    let mut seen = Vec::new();
    describe(document.root(), String::new(), &mut seen, &mut lines);
    lines
}

/// What a flat map holds, in the words for a dict of as many parameters and tensors.
///
/// # Panics
/// Where a tensor's bytes cannot be read.
pub fn map_lines(map: &StateMap<'_>) -> Vec<String> {
    let mut lines = vec![format!("\tdict of {}", map.len())];
    for (key, tensor) in map.iter() {
        // What `keep_vars=True` gives: parameters are what asks for gradients.
        let parameter = tensor.requires_grad();
        lines.push(format!("[\"{key}\"]\t{}", describe_view(tensor, parameter)));
    }
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
        Kind::Sparse(sparse) => {
            let size: Vec<_> = sparse.size().iter().map(|size| size.as_i64().unwrap()).collect();
            lines.push(format!("{path}\tsparse {} {size:?}", sparse.layout()));
            for (name, part) in sparse.parts() {
                lines.push(format!("{path}.{name}\t{}", describe_tensor(part)));
            }
        }
        Kind::Quantized(quantized) => describe_quantized(quantized, &path, lines),
        Kind::NumPy(value) => lines.push(format!("{path}\tnumpy {}", describe_numpy(value))),
        Kind::Dict(dict) => {
            let kind = match dict.kind() {
                DictKind::Dict => "dict",
                DictKind::OrderedDict => "OrderedDict",
                DictKind::Counter => "Counter",
                DictKind::DefaultDict => "defaultdict",
                other => panic!("{other:?} has no name here"),
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

fn describe_quantized(quantized: Quantized<'_>, path: &str, lines: &mut Vec<String>) {
    let view = quantized.tensor().view().unwrap();
    let bytes = view.storage().bytes().unwrap();
    lines.push(format!(
        "{path}\tquantized {} {} crc {:08x}",
        view.dtype(),
        view.shape(),
        crc32fast::hash(&bytes)
    ));
    match quantized.quantization() {
        Quantization::PerTensor { scale, zero_point } => {
            lines.push(format!("{path}.scale\tfloat {:016x}", scale.to_bits()));
            lines.push(format!("{path}.zero_point\tint {zero_point}"));
        }
        Quantization::PerChannel { scales, zero_points, axis } => {
            lines.push(format!("{path}.scales\t{}", describe_tensor(scales)));
            lines.push(format!("{path}.zero_points\t{}", describe_tensor(zero_points)));
            lines.push(format!("{path}.axis\tint {axis}"));
        }
        other => panic!("{other:?}"),
    }
}

fn describe_numpy(value: NumPy<'_>) -> String {
    let form = match value.form() {
        NumPyForm::DType => return format!("dtype {}", value.type_name()),
        NumPyForm::Scalar => value.type_name(),
        _ => "ndarray",
    };
    let shape: Vec<i64> = value.shape().iter().map(|size| size.as_i64().unwrap()).collect();
    let tensor = value.to_tensor().unwrap();
    let hex: String = tensor.bytes().unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{form} {} {shape:?} {hex}", value.type_name())
}

fn describe_tensor(tensor: Tensor<'_>) -> String {
    let view = tensor.view().unwrap();
    if view.location() == "meta" {
        let (dtype, shape, strides) = (view.dtype(), view.shape(), view.strides());
        return format!("meta {dtype} {shape} stride {:?}", &*strides);
    }
    describe_view(&view, tensor.is_parameter())
}

fn describe_view(view: &TensorView<'_>, parameter: bool) -> String {
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
        python(parameter),
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

/// The names of the tensors of a dict that share a storage with one before, each after its name.
pub fn shared_storages(root: Value<'_>) -> Vec<[String; 2]> {
    let entries: Vec<_> = root
        .as_dict()
        .into_iter()
        .flat_map(|dict| dict.iter())
        .filter_map(|(key, value)| Some((key.as_str()?, value.as_tensor()?)))
        .filter(|(_, tensor)| tensor.storage().nbytes() > 0)
        .collect();
    let mut found = Vec::new();
    for (index, (name, tensor)) in entries.iter().enumerate() {
        let first =
            entries[..index].iter().find(|(_, before)| before.storage().same_as(tensor.storage()));
        found.extend(first.map(|(first, _)| [(*first).to_owned(), (*name).to_owned()]));
    }
    found
}
