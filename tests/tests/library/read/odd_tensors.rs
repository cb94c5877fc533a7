//! Tensors by hand that PyTorch refuses, or reads in a way of its own.

use statedict::codec::{self, Document, ReadOptions, Source};
use statedict::value::{Kind, Quantization, SparseError};

use super::zip_builder::checkpoint;

const SIX: &[(&str, &[u8])] = &[("0", &[1, 2, 3, 4, 5, 6])];

fn read(pickle: &[u8], storages: &[(&str, &[u8])]) -> Result<Document, String> {
    let file = Source::bytes(checkpoint(pickle, storages));
    codec::Document::read_with(file, &ReadOptions::default()).map_err(|error| error.to_string())
}

/// A persistent id of a storage.
fn storage(class: &str, key: char, numel: u8) -> Vec<u8> {
    let mut id = format!("(X\x07\0\0\0storagectorch\n{class}\nX\x01\0\0\0{key}X\x03\0\0\0cpuK");
    id.push(char::from(numel));
    id.push_str("tQ");
    id.into_bytes()
}

/// A quantized tensor of two by three elements.
fn quantized(class: &str, parameters: &[u8]) -> Result<Document, String> {
    let mut pickle = b"\x80\x02ctorch._utils\n_rebuild_qtensor\n(".to_vec();
    pickle.extend(storage(class, '0', 6));
    pickle.extend(b"K\0K\x02K\x03\x86K\x03K\x01\x86");
    pickle.extend(parameters);
    pickle.extend(b"\x89NtR.");
    read(&pickle, SIX)
}

#[test]
fn scales_and_zero_points_may_be_lists_and_ints() {
    let document =
        quantized("QInt8Storage", b"(ctorch\nper_channel_affine\n](K\x01K\x02e](K\0K\x07eK\0t");
    let document = document.unwrap();
    let Kind::Quantized(tensor) = document.root().kind() else { panic!("not quantized") };
    let Quantization::PerChannel { scales, zero_points, axis } = tensor.quantization() else {
        panic!("not by channel")
    };
    assert_eq!(scales.view().unwrap().to_vec::<f64>().unwrap(), [1.0, 2.0]);
    assert_eq!(zero_points.view().unwrap().to_vec::<i64>().unwrap(), [0, 7]);
    assert_eq!((axis, scales.view().unwrap().location()), (0, "cpu"));

    let document = quantized("QInt8Storage", b"(ctorch\nper_tensor_affine\nK\x02K\x05t").unwrap();
    let Kind::Quantized(tensor) = document.root().kind() else { panic!("not quantized") };
    let Quantization::PerTensor { scale, zero_point } = tensor.quantization() else {
        panic!("not per tensor")
    };
    assert_eq!((scale, zero_point), (2.0, 5));
}

#[test]
fn a_quantizer_that_does_not_fit_is_refused() {
    let per_channel = b"(ctorch\nper_channel_affine\n](K\x01K\x02e](K\0K\x07eK\x09t";
    for (class, parameters, words) in [
        ("ByteStorage", &b"(ctorch\nper_tensor_affine\nK\x02K\x05t"[..], "uint8"),
        ("QInt8Storage", per_channel, "axis 9 of 2 dimensions"),
        ("QInt8Storage", b"(ctorch\nper_channel_affine\n](K\x01e](K\0eK\0t", "for 2 channels"),
        ("QInt8Storage", b"(ctorch\nper_channel_affine\n](K\x01Ne](K\0K\0eK\0t", "found None"),
        ("QInt8Storage", b"(ctorch\nper_tensor_symmetric\nK\x02K\x05t", "torch.per_tensor_affine"),
        ("QInt8Storage", b"(ctorch\nper_tensor_affine\nK\x02\x88t", "an int as zero point"),
    ] {
        let error = quantized(class, parameters).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn elements_of_half_a_byte_need_half_the_room() {
    let parameters = b"(ctorch\nper_tensor_affine\nK\x02K\x05t";
    let document = quantized("QUInt4x2Storage", parameters).unwrap();
    let Kind::Quantized(tensor) = document.root().kind() else { panic!("not quantized") };
    let view = tensor.tensor().view().unwrap();
    assert_eq!((view.numel(), view.nbytes()), (6, 3));
    assert_eq!(*view.bytes().unwrap(), [1, 2, 3]);
    assert!(view.narrow(1, 1..2).is_err());
}

fn tensor(class: &str, numel: u8, key: char, size: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut pickle = b"ctorch._utils\n_rebuild_tensor_v2\n(".to_vec();
    pickle.extend(storage(class, key, numel));
    pickle.extend(b"K\0");
    pickle.extend(size);
    pickle.extend(rest);
    pickle.extend(b"tR");
    pickle
}

/// A sparse tensor of these indices, with two values, within two by two.
fn coo(indices: [u8; 4], coalesced: bool) -> Result<Document, String> {
    let mut pickle = b"\x80\x02ctorch._utils\n_rebuild_sparse_tensor\n".to_vec();
    pickle.extend(b"ctorch.serialization\n_get_layout\nX\x10\0\0\0torch.sparse_coo\x85R(");
    pickle.extend(tensor("LongStorage", 4, '0', b"K\x02K\x02\x86K\x02K\x01\x86", b"\x89N"));
    pickle.extend(tensor("FloatStorage", 2, '1', b"K\x02\x85K\x01\x85", b"\x89N"));
    pickle.extend(b"K\x02K\x02\x86");
    pickle.push(if coalesced { 0x88 } else { 0x89 });
    pickle.extend(b"t\x86R.");
    let indices: Vec<u8> =
        indices.iter().flat_map(|&index| i64::from(index.cast_signed()).to_le_bytes()).collect();
    read(&pickle, &[("0", &indices), ("1", &[0; 8])])
}

#[test]
fn the_indices_of_a_sparse_tensor_are_checked_on_request() {
    let check = |indices, coalesced| {
        let document = coo(indices, coalesced).unwrap();
        let Kind::Sparse(sparse) = document.root().kind() else { panic!("not sparse") };
        sparse.check()
    };
    assert!(check([0, 1, 0, 1], true).is_ok());
    assert!(check([1, 0, 0, 1], false).is_ok());
    let error = check([0, 9, 0, 1], false).unwrap_err();
    assert!(matches!(error, SparseError::Index { position: 1, found: 9, .. }), "{error}");
    let words = "`indices` needs an index from 0 to before 2 at position 1, found 9";
    assert_eq!(error.to_string(), words);
    assert!(matches!(check([0, 255, 0, 1], false), Err(SparseError::Index { found: -1, .. })));
    assert!(matches!(check([1, 0, 0, 1], true), Err(SparseError::Order { position: 1, .. })));
    assert!(matches!(check([1, 1, 1, 1], true), Err(SparseError::Order { .. })));
}

#[test]
fn parts_of_a_sparse_tensor_that_do_not_fit_are_refused() {
    let mut pickle = b"\x80\x02ctorch._utils\n_rebuild_sparse_tensor\n".to_vec();
    pickle.extend(b"ctorch.serialization\n_get_layout\nX\x10\0\0\0torch.sparse_coo\x85R(");
    let indices = tensor("LongStorage", 4, '0', b"K\x02K\x02\x86K\x02K\x01\x86", b"\x89N");
    pickle.extend(indices);
    let with = |values: &[u8], size: &[u8]| {
        let pickle = [&pickle[..], values, size, b"\x89t\x86R."].concat();
        read(&pickle, &[("0", &[0; 32]), ("1", &[0; 8])]).map(drop)
    };
    let two = tensor("FloatStorage", 2, '1', b"K\x02\x85K\x01\x85", b"\x89N");
    let one = tensor("FloatStorage", 2, '1', b"K\x01\x85K\x01\x85", b"\x89N");
    assert_eq!(with(&two, b"K\x02K\x02\x86"), Ok(()));
    for (values, size) in [
        (&one, &b"K\x02K\x02\x86"[..]),
        (&two, b"K\x02\x85"),
        (&two, b"K\x02K\x02K\x02\x87"),
        (&two, b"K\x02J\xff\xff\xff\xff\x86"),
    ] {
        let error = with(values, size).unwrap_err();
        assert!(error.contains("fit each other") || error.contains("the size"), "{error}");
    }
}

#[test]
fn bits_are_those_that_torch_would_set() {
    let with = |class, rest: &[u8]| {
        let mut pickle = b"\x80\x02".to_vec();
        pickle.extend(tensor(class, 2, '0', b"K\x02\x85K\x01\x85", rest));
        pickle.push(b'.');
        read(&pickle, &[("0", &[0, 0, 0x80, 0x3f, 0, 0, 0, 0x40])])
    };
    // Named is set, whatever the value.
    let document = with("FloatStorage", b"\x89N}X\x03\0\0\0neg\x89s").unwrap();
    let view = document.root().as_tensor().unwrap();
    assert_eq!((view.is_neg(), view.to_vec::<f32>().unwrap()), (true, vec![-1.0, -2.0]));
    assert!(!with("FloatStorage", b"\x89N]").unwrap().root().as_tensor().unwrap().is_neg());
    for wrong in [&b"\x89N}X\x03\0\0\0negX\x01\0\0\0xs"[..], b"\x89NK\x05", b"\x89N}K\x01\x88s"] {
        let error = with("FloatStorage", wrong).unwrap_err();
        assert!(error.contains("a dict of bits"), "{error}");
    }
    assert!(with("FloatStorage", b"\x88N").is_ok());
    let error = with("IntStorage", b"\x88N").unwrap_err();
    assert!(error.contains("requires_grad, found int32"), "{error}");
}

#[test]
fn an_empty_tensor_is_on_the_cpu() {
    let document = read(b"\x80\x02ctorch\nTensor\n)R.", &[]).unwrap();
    let view = document.root().as_tensor().unwrap();
    assert_eq!((view.dtype().name(), view.location()), ("float32", "cpu"));
    assert_eq!((view.shape().to_string().as_str(), view.bytes().unwrap().len()), ("[0]", 0));
}

#[test]
fn a_frame_must_lie_within_the_pickle() {
    let framed = |len: u64| {
        let pickle = [&b"\x80\x04\x95"[..], &len.to_le_bytes(), b"K\x05."].concat();
        codec::Document::read_with(Source::bytes(pickle), &ReadOptions::default())
    };
    // CPython asks for the bytes and not for the frame to end with the pickle.
    assert!(framed(3).is_ok() && framed(1).is_ok());
    for len in [4, u64::MAX] {
        let error = framed(len).unwrap_err().to_string();
        assert!(error.contains("FRAME at byte 2 needs"), "{error}");
    }
}
