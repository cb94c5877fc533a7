//! Tensors that only damage or malice writes: refused where PyTorch refuses them, and else what it finds.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::json;
use statedict::codec::{self, Document, ReadOptions, Source, Verdict};
use statedict::value::{Kind, Quantization, Quantized, Tensor};
use statedict::{DType, TensorView};
use statedict_tests::{Torch, lines, temp_dir};

#[derive(Deserialize)]
struct Case {
    says: Option<Vec<String>>,
    error: Option<String>,
}

/// Opens a file, and looks at the indices of a sparse tensor.
fn read(path: &Path) -> Result<Document, String> {
    let document = codec::Document::open_with(path, &ReadOptions::default())
        .map_err(|error| error.to_string())?;
    if let Kind::Sparse(sparse) = document.root().get("v").unwrap().kind() {
        sparse.check().map_err(|error| error.to_string())?;
    }
    Ok(document)
}

/// Compares each case of a function of `odd_tensors.py`; returns how many torch loads, and refuses.
fn compare(function: &str, say: impl Fn(&Document) -> Vec<String>) -> (usize, usize) {
    let torch = Torch::start();
    let folder = temp_dir();
    let function = format!("odd_tensors.{function}");
    let cases: BTreeMap<String, Case> = torch.get(&function, json!([folder.path()]));
    let mut wrong = Vec::new();
    for (name, case) in &cases {
        let path = folder.path().join(format!("{name}.pt"));
        let found = read(&path);
        match (found, &case.says) {
            (Err(_), None) => {}
            (Err(error), Some(_)) => wrong.push(format!("{name}: torch loads it; {error}")),
            (Ok(document), None) => wrong.push(format!(
                "{name}: torch refuses it ({}), and we find {:?}",
                case.error.as_deref().unwrap_or_default(),
                say(&document)
            )),
            (Ok(document), Some(_)) if name.starts_with("alone: ") => {
                let value = document.root().get("v").unwrap();
                assert!(matches!(value.kind(), Kind::Refused(_)), "{name}: {value:?}");
            }
            (Ok(document), Some(says)) => {
                let (mut found, mut says) = (say(&document), says.clone());
                // Parameters of other dtypes torch converts before it has read their bytes.
                if function.ends_with("quantized") && name.ends_with(", legacy") {
                    (found, says) = (found[..1].to_vec(), says[..1].to_vec());
                }
                if found != says {
                    wrong.push(format!("{name}: {found:?} instead of {says:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let refused = cases.values().filter(|case| case.says.is_none()).count();
    (cases.len() - refused, refused)
}

fn hex(number: f64) -> String {
    format!("{:016x}", number.to_bits())
}

/// The numbers of a tensor, as Python's `double()` gives them.
fn numbers(tensor: Tensor<'_>) -> Vec<String> {
    let view = tensor.view().unwrap();
    let all = match view.dtype() {
        DType::F64 => view.to_vec::<f64>().unwrap(),
        DType::F32 => view.to_vec::<f32>().unwrap().into_iter().map(f64::from).collect(),
        DType::F16 => halves(&view),
        DType::I64 => {
            let all = view.to_vec::<i64>().unwrap().into_iter();
            all.map(|x| f64::from(i32::try_from(x).unwrap())).collect()
        }
        DType::I32 => view.to_vec::<i32>().unwrap().into_iter().map(f64::from).collect(),
        DType::Bool => {
            view.to_vec::<bool>().unwrap().into_iter().map(|x| f64::from(u8::from(x))).collect()
        }
        other => panic!("{other}"),
    };
    all.into_iter().map(hex).collect()
}

fn halves(view: &TensorView<'_>) -> Vec<f64> {
    view.to_vec::<half::f16>().unwrap().into_iter().map(f64::from).collect()
}

fn say_quantized(document: &Document) -> Vec<String> {
    let Kind::Quantized(quantized) = document.root().get("v").unwrap().kind() else {
        return lines(document)
            .into_iter()
            .skip(1)
            .map(|line| line.replace("[\"v\"]", ""))
            .collect();
    };
    let view = quantized.tensor().view().unwrap();
    let crc = crc32fast::hash(&view.bytes().unwrap());
    let mut words = vec![format!("{} {} crc {crc:08x}", view.dtype(), view.shape())];
    words.extend(parameters(quantized));
    words
}

fn parameters(quantized: Quantized<'_>) -> Vec<String> {
    match quantized.quantization() {
        Quantization::PerTensor { scale, zero_point } => vec![hex(scale), zero_point.to_string()],
        Quantization::PerChannel { scales, zero_points, axis } => {
            let mut words = numbers(scales);
            words.extend(numbers(zero_points));
            words.push(axis.to_string());
            words
        }
        other => panic!("{other:?}"),
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn quantized_tensors_are_checked_as_torch_checks_them() {
    let (loaded, refused) = compare("quantized", say_quantized);
    assert!(loaded >= 50 && refused >= 60, "{loaded} and {refused}");
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn packed_elements_take_the_room_that_torch_gives_them() {
    let (loaded, refused) = compare("packed", say_quantized);
    assert!(loaded >= 50 && refused >= 10, "{loaded} and {refused}");
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn sparse_tensors_are_checked_as_torch_checks_them() {
    let say = |document: &Document| match document.root().get("v").unwrap().kind() {
        Kind::Sparse(sparse) => {
            let size: Vec<i64> = sparse.size().iter().map(|size| size.as_i64().unwrap()).collect();
            vec![format!("{} {size:?}", sparse.layout())]
        }
        other => panic!("{other:?}"),
    };
    let (loaded, refused) = compare("sparse", say);
    assert!(loaded >= 60 && refused >= 90, "{loaded} and {refused}");
    let (loaded, refused) = compare("sparse_at_random", say);
    assert!(loaded >= 100 && refused >= 100, "{loaded} and {refused}");
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn bits_are_set_and_refused_as_torch_does() {
    let (loaded, refused) = compare("flags", |document| {
        let value = document.root().get("v").unwrap();
        let dtype = |dtype: Option<DType>| vec![dtype.unwrap().to_string()];
        match value.kind() {
            Kind::Tensor(tensor) => {
                let view = tensor.view().unwrap();
                if view.dtype().is_quantized() {
                    return dtype(Some(view.dtype()));
                }
                let mut found: Vec<String> = lines(document)
                    .into_iter()
                    .skip(1)
                    .map(|line| line.replace("[\"v\"]", ""))
                    .collect();
                let python = |bit| if bit { "True" } else { "False" };
                let (conj, neg) = (python(view.is_conj()), python(view.is_neg()));
                found.push(format!("conj {conj} neg {neg} {}", view.location()));
                found
            }
            Kind::Sparse(sparse) => dtype(sparse.part("values").unwrap().dtype()),
            Kind::Quantized(quantized) => dtype(quantized.tensor().dtype()),
            other => panic!("{other:?}"),
        }
    });
    assert!(loaded >= 80 && refused >= 60, "{loaded} and {refused}");
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn what_torch_allows_in_a_file_of_weights_is_known() {
    let allowed: Vec<(String, String)> =
        Torch::start().get("odd_tensors.allowed_globals", json!([]));
    assert!(allowed.len() > 100, "{}", allowed.len());
    let unknown: Vec<String> = allowed
        .into_iter()
        .filter(|(module, name)| {
            let pickle = format!("\u{80}\u{2}c{module}\n{name}\n.");
            let pickle: Vec<u8> = pickle.chars().map(|char| u8::try_from(char).unwrap()).collect();
            codec::scan(Source::bytes(pickle)).unwrap().verdict() != Verdict::Known
        })
        .map(|(module, name)| format!("{module}.{name}"))
        .collect();
    assert_eq!(unknown, [""; 0]);
}

/// A dtype, a shape, elements, and whether it requires a gradient.
type Plain = (String, Vec<usize>, Vec<f32>, bool);

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn tensors_of_other_classes_are_plain_on_request() {
    let torch = Torch::start();
    let folder = temp_dir();
    let cases: BTreeMap<String, Option<Plain>> =
        torch.get("odd_tensors.plain", json!([folder.path()]));
    assert_eq!(cases.len(), 11);
    for (name, expected) in &cases {
        let path = folder.path().join(format!("{name}.pt"));
        let refused = codec::Document::open_with(&path, &ReadOptions::new()).unwrap();
        let (others, found) = refused.state_map_partial(&[]).unwrap();
        assert_eq!((others.len(), found.len()), (1, 1), "{name}");
        let advice = found[0].refusal.to_string();
        assert!(advice.contains("`ReadOptions::plain_tensors(true)`"), "{name}: {advice}");
        let document =
            codec::Document::open_with(&path, &ReadOptions::new().plain_tensors(true)).unwrap();
        let Some((dtype, shape, elements, requires_grad)) = expected else {
            assert!(document.state_map().is_err(), "{name}");
            continue;
        };
        let map = document.state_map().unwrap();
        let tensor = map.get("v").unwrap();
        assert_eq!(
            (&tensor.dtype().to_string(), &tensor.shape().to_vec()),
            (dtype, shape),
            "{name}"
        );
        assert_eq!(tensor.requires_grad(), *requires_grad, "{name}");
        let floats = tensor.cast(DType::F32).unwrap().to_vec::<f32>().unwrap();
        assert_eq!(&floats, elements, "{name}");
    }
}
