//! `DTypePolicy::Cast` against `Tensor.copy_()`: every pair of element types.

use serde::Deserialize;
use serde_json::{Value, json};
use statedict::load::LoadProblem;
use statedict::prelude::*;
use statedict::{DType, DTypePolicy, LoadOptions};
use statedict_tests::Torch;
use statedict_tests::tree::Data;

#[derive(StateDict)]
struct Holder {
    #[param]
    tensor: CpuTensor,
}

#[derive(Deserialize)]
struct Copied {
    hex: Option<String>,
    #[serde(default)]
    nan: Vec<bool>,
    error: Option<String>,
}

const TYPES: &[&str] = &[
    "float64",
    "float32",
    "float16",
    "bfloat16",
    "int64",
    "int32",
    "int16",
    "int8",
    "uint8",
    "bool",
    "complex64",
    "complex128",
    "complex32",
    "bcomplex32",
    "uint16",
    "uint32",
    "uint64",
    "float8_e5m2",
    "float8_e4m3fn",
    "float8_e5m2fnuz",
    "float8_e4m3fnuz",
    "float8_e8m0fnu",
    "float4_e2m1fn_x2",
    "bits8",
    "bits16",
    "bits1x8",
    "bits2x4",
    "bits4x2",
];

/// Numbers at which something happens, as `f64`.
fn numbers() -> Vec<f64> {
    let mut numbers = vec![
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -0.9,
        1.5,
        2.5,
        3.0,
        5.9,
        300.7,
        -300.7,
        127.5,
        128.0,
        -128.9,
        255.9,
        256.0,
        -129.0,
        32767.9,
        32768.0,
        -32768.9,
        65504.0,
        65519.9,
        65520.0,
        65535.9,
        65536.0,
        70000.5,
        2147483520.0,
        -2147483648.0,
        16777217.0,
        1e-8,
        1e-40,
        1e-45,
        5.960_464_477_539_063e-8,
        6.1e-5,
        448.0,
        464.0,
        240.0,
        57344.0,
        61440.0,
        1.17e-38,
        3.3e-39,
    ];
    // Halfway between the numbers of narrow types, and a little off.
    for power in [-20, -14, -9, -7, -3, 0, 1, 5, 7, 12] {
        for step in 0..32 {
            let number = (1.0 + f64::from(step) / 32.0) * 2f64.powi(power);
            numbers.extend([number, -number, number * (1.0 + 1e-12), number * (1.0 - 1e-7)]);
        }
    }
    numbers
}

/// Those that no integer type of some width holds, and NaN.
const BEYOND: &[f64] = &[
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    3e9,
    -3e9,
    3_000_000_001.0,
    -3_000_000_001.0,
    4294967301.0,
    1e19,
    -1e19,
    1e30,
    -1e30,
    9_223_372_036_854_775_808.0,
    18_446_744_073_709_551_616.0,
    1.8e19,
    -2147483649.0,
    2147483648.0,
    1e300,
];

fn convert(data: &Data, to: &str) -> Result<Vec<u8>, statedict::LoadError> {
    let source = data.tensor();
    let dtype = DType::from_name(to).expect("a dtype");
    let mut holder = Holder { tensor: CpuTensor::zeros(dtype, source.shape().clone()) };
    let map = StateMap::from_iter([("tensor".to_owned(), source)]);
    holder.load_state_dict_with(&map, &LoadOptions::new().dtype(DTypePolicy::Cast))?;
    Ok(holder.tensor.bytes().to_vec())
}

/// Compares the conversions of `sources`, each with its type, into all types.
fn compare(sources: &[Data], skip: impl Fn(&str, &str) -> bool) -> usize {
    let pairs: Vec<(&Data, &str)> = sources
        .iter()
        .flat_map(|data| TYPES.iter().map(move |&to| (data, to)))
        .filter(|(data, to)| !skip(&data.dtype, to))
        .collect();
    let requests: Vec<Value> =
        pairs.iter().map(|(data, to)| json!([data.hex, data.dtype, to])).collect();
    let theirs: Vec<Copied> = Torch::start().get("load_tree.casts", json!([requests]));
    assert_eq!(theirs.len(), pairs.len());
    for ((data, to), theirs) in pairs.iter().zip(&theirs) {
        let what = format!("{} to {to}", data.dtype);
        match (convert(data, to), &theirs.hex) {
            (Ok(bytes), Some(hex)) => {
                let dtype = DType::from_name(to).unwrap();
                let size = dtype.scalar_size();
                let hex: Vec<&str> = hex
                    .as_bytes()
                    .chunks(2 * size)
                    .map(|it| std::str::from_utf8(it).unwrap())
                    .collect();
                for (index, number) in bytes.chunks(size).enumerate() {
                    let ours: String = number.iter().map(|byte| format!("{byte:02x}")).collect();
                    // NaNs have no one pattern: it is enough that both are NaN.
                    let nan = theirs.nan.get(index).copied().unwrap_or(false);
                    assert!(
                        ours == hex[index] || (nan && is_nan(number, dtype)),
                        "{what}: number {index} is {ours}, not {}",
                        hex[index]
                    );
                }
            }
            (Err(error), None) => {
                let reason = theirs.error.as_deref().unwrap();
                let escaped = reason.replace('\'', "\\'");
                assert!(
                    error.torch_message().contains(&escaped),
                    "{what}: {reason} is not in {}",
                    error.torch_message()
                );
                assert!(matches!(error.problems[..], [LoadProblem::DType { .. }]));
            }
            (ours, _) => panic!("{what}: ours {ours:?}, torch {:?}", theirs.error),
        }
    }
    pairs.len()
}

/// Through `float64`, which a test against torch has shown to be right by then.
fn is_nan(number: &[u8], dtype: DType) -> bool {
    let scalar = match dtype {
        DType::C32 => "float16",
        DType::BC32 => "bfloat16",
        DType::C64 => "float32",
        DType::C128 => "float64",
        other => other.name(),
    };
    let hex = number.iter().map(|byte| format!("{byte:02x}")).collect();
    let data = Data { dtype: scalar.to_owned(), shape: vec![1], hex };
    let bytes = convert(&data, "float64").expect("a floating-point type");
    f64::from_le_bytes(bytes.try_into().unwrap()).is_nan()
}

/// The numbers in each type that they can be converted to, by our own conversion: what they are
/// does not matter. The 8-bit types get none that would be NaN, which to an integer type is the
/// machine's.
fn sources(numbers: &[f64]) -> Vec<Data> {
    let mut sources = Vec::new();
    for to in TYPES {
        let limit = if to.starts_with("float8") { 200.0 } else { f64::MAX };
        let numbers: Vec<f64> = numbers.iter().copied().filter(|x| x.abs() <= limit).collect();
        let wide = Data::of(&numbers, &[numbers.len()]);
        let Ok(bytes) = convert(&wide, to) else {
            let size = DType::from_name(to).unwrap().size();
            sources.push(Data { dtype: (*to).into(), shape: vec![4], hex: "00".repeat(4 * size) });
            continue;
        };
        let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        sources.push(Data { dtype: (*to).into(), shape: vec![numbers.len()], hex });
    }
    sources
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn every_pair_of_types_converts_as_copy_does() {
    assert_eq!(compare(&sources(&numbers()), |_, _| false), TYPES.len() * TYPES.len());
    // All patterns of the small types, and the ends of the large ones.
    let all: String = (0..=255u8).map(|byte| format!("{byte:02x}")).collect();
    let bytes: Vec<Data> = [
        "int8",
        "uint8",
        "float8_e5m2",
        "float8_e4m3fn",
        "float8_e5m2fnuz",
        "float8_e4m3fnuz",
        "float8_e8m0fnu",
    ]
    .map(|dtype| Data { dtype: dtype.into(), shape: vec![256], hex: all.clone() })
    .into();
    // NaN to an integer type is the machine's.
    compare(&bytes, |from, to| from.starts_with("float8") && to.contains("int"));
    let ends = [i64::MIN, i64::MAX, (1 << 62) + 1, -1, 1 << 53, (1 << 53) + 1, 33_554_435];
    let unsigned = [u64::MAX, (1 << 63) + 1, 1 << 63, 5, (1 << 53) + 1];
    compare(&[Data::of(&ends, &[ends.len()]), Data::of(&unsigned, &[unsigned.len()])], |_, _| {
        false
    });
}

/// On x86-64, where torch's own answer depends on nothing else but for `uint32`.
#[test]
#[cfg(target_arch = "x86_64")]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn what_is_out_of_range_is_what_torch_gives_on_x86() {
    let wide = Data::of(BEYOND, &[BEYOND.len()]);
    let single: Vec<f32> =
        BEYOND.iter().filter(|x| !(x.is_finite() && x.abs() > 1e38)).map(|&x| to_f32(x)).collect();
    let narrow = Data::of(&single, &[single.len()]);
    compare(&[wide, narrow], |_, to| to == "uint32");
}

fn to_f32(x: f64) -> f32 {
    let bytes = convert(&Data::of(&[x], &[1]), "float32").unwrap();
    f32::from_le_bytes(bytes.try_into().unwrap())
}
