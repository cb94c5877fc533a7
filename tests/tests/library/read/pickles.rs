//! Pickles by hand: what no pickler writes, or only on purpose.

use statedict::codec::{self, Document, Limits, ReadError, ReadOptions, Source};

use super::zip_builder::checkpoint;

fn read(pickle: &[u8]) -> Result<Document, ReadError> {
    read_with(pickle, &[], &ReadOptions::default())
}

fn read_with(
    pickle: &[u8],
    storages: &[(&str, &[u8])],
    options: &ReadOptions,
) -> Result<Document, ReadError> {
    codec::Document::read_with(Source::bytes(checkpoint(pickle, storages)), options)
}

fn error(pickle: &[u8]) -> String {
    read(pickle).unwrap_err().to_string()
}

/// A pickle of one float32 tensor over storage 0.
fn tensor(numel: u8, offset: &[u8], size: &[u8], stride: &[u8]) -> Vec<u8> {
    let mut pickle = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storage".to_vec();
    pickle.extend(b"ctorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpu");
    pickle.extend([b'K', numel]);
    pickle.extend(b"tQ");
    for part in [offset, size, stride] {
        pickle.extend(part);
    }
    pickle.extend(b"\x89NtR.");
    pickle
}

const EIGHT_BYTES: &[(&str, &[u8])] = &[("0", &[0, 0, 0x80, 0x3f, 0, 0, 0, 0x40])];

fn tensor_error(numel: u8, offset: &[u8], size: &[u8], stride: &[u8]) -> String {
    let pickle = tensor(numel, offset, size, stride);
    read_with(&pickle, EIGHT_BYTES, &ReadOptions::default()).unwrap_err().to_string()
}

#[test]
fn a_tensor_by_hand() {
    let pickle = tensor(2, b"K\0", b"K\x02\x85", b"K\x01\x85");
    let document = read_with(&pickle, EIGHT_BYTES, &ReadOptions::default()).unwrap();
    assert_eq!(document.root().as_tensor().unwrap().to_vec::<f32>().unwrap(), [1.0, 2.0]);
}

#[test]
fn tensors_must_lie_within_their_storage() {
    let text = tensor_error(2, b"K\x01", b"K\x02\x85", b"K\x01\x85");
    assert!(text.contains("a tensor that lies within its storage"), "{text}");
    let text = tensor_error(2, b"K\0", b"\x8a\x06\0\0\0\0\0\x04\x85", b"K\x01\x85");
    assert!(text.contains("a tensor that lies within its storage"), "{text}");
    let text = tensor_error(2, b"K\0", b"K\x02\x85", b"J\xff\xff\xff\xff\x85");
    assert!(text.contains("stride -1 is negative"), "{text}");
    let text = tensor_error(2, b"J\xff\xff\xff\xff", b"K\x02\x85", b"K\x01\x85");
    assert!(text.contains("a storage offset"), "{text}");
    let text = tensor_error(2, b"K\0", b"K\x02\x85", b"K\x01K\x01\x86");
    assert!(text.contains("1 sizes and 2 strides"), "{text}");
}

#[test]
fn a_storage_has_the_size_that_the_pickle_says() {
    let text = tensor_error(3, b"K\0", b"K\x02\x85", b"K\x01\x85");
    assert!(text.starts_with("`a/data/0` has 8 bytes and the pickle says 12"), "{text}");
    let pickle = tensor(2, b"K\0", b"K\x02\x85", b"K\x01\x85");
    let text = read_with(&pickle, &[], &ReadOptions::default()).unwrap_err().to_string();
    assert!(text.starts_with("the file has no member `a/data/0`"), "{text}");
}

#[test]
fn nothing_is_run() {
    let text = error(b"\x80\x02cposix\nsystem\nX\x02\0\0\0ls\x85R.");
    assert!(text.contains("`posix.system`"), "{text}");
    assert!(error(b"\x80\x02c__builtin__\neval\n.").contains("`__builtin__.eval`"));
    // A class that is allowed as a value cannot be called.
    assert!(error(b"\x80\x02c__builtin__\nint\nK\x01\x85R.").contains("to call"));
}

#[test]
fn malformed_pickles_say_where() {
    assert_eq!(
        error(b"\x80\x02X\xff\xff\xff\xffabc"),
        "`a/data.pkl`: the pickle is cut short: BINUNICODE at byte 2 needs 4294967295 bytes and 3 are left"
    );
    assert_eq!(
        error(b"\x80\x02\xff."),
        "`a/data.pkl`: byte 0xff at offset 2 is not a pickle opcode"
    );
    assert_eq!(
        error(b"\x80\x02h\x05."),
        "`a/data.pkl`: BINGET at byte 2 needs a name in the memo, found 5, never given"
    );
    assert!(error(b"\x80\x02.").contains("STOP at byte 2 needs a value on the stack"));
    assert!(error(b"\x80\x02}X\x01\0\0\0a(K\x01u.").contains("a value for each key"));
    assert!(error(b"\x80\x02K\x01K\x02a.").contains("a list or set, found 1"));
    assert!(error(b"\x80\x09N.").contains("protocol from 0 to 5"));
    assert!(error(b"\x80\x02]t.").contains("a mark on the stack"));
    assert!(error(b"\x80\x02X\x02\0\0\0\xff\xfe.").contains("UTF-8"));
    // A mark protects what is below it.
    assert!(error(b"\x80\x02]((0a.").contains("a value on the stack"));
}

#[test]
fn a_memo_bomb_costs_what_its_file_says() {
    // Each list holds the one before ten times: 10^200 elements if they were copied.
    let mut pickle = b"\x80\x02]q\0".to_vec();
    for level in 0..200u8 {
        pickle.extend(b"](");
        pickle.extend([b'h', level].repeat(10));
        pickle.extend([b'e', b'q', level + 1]);
    }
    pickle.push(b'.');
    let document = read(&pickle).unwrap();
    let mut value = document.root();
    for _ in 0..200 {
        let items = value.as_items().unwrap();
        assert_eq!(items.len(), 10);
        assert!(items.get(0).unwrap().same_as(items.get(9).unwrap()));
        value = items.get(9).unwrap();
    }
}

#[test]
fn copies_that_grow_beyond_the_file_are_refused() {
    // A set of 10,000 values, made 10,000 times from one list.
    let mut pickle = b"\x80\x02](".to_vec();
    pickle.extend(b"N".repeat(10_000));
    pickle.extend(b"e\x85q\0c__builtin__\nset\nq\x01](");
    pickle.extend(b"h\x01h\0R".repeat(10_000));
    pickle.extend(b"e.");
    let text = error(&pickle);
    assert!(text.contains("raise it with `Limits::work`"), "{text}");
    let options = ReadOptions::default().limits(Limits::default().work(1 << 40));
    assert!(read_with(&pickle, &[], &options).is_ok());
}

#[test]
fn ten_megabytes_of_nested_tuples() {
    let mut pickle = b"\x80\x02N".to_vec();
    pickle.extend(b"\x85".repeat(10_000_000));
    pickle.push(b'.');
    let document = read(&pickle).unwrap();
    let (mut value, mut depth) = (document.root(), 0);
    while let Some(inner) = value.as_items().and_then(|items| items.get(0)) {
        (value, depth) = (inner, depth + 1);
    }
    assert_eq!(depth, 10_000_000);
    let mut nested = b"\x80\x02".to_vec();
    nested.extend(b"]".repeat(500_000));
    nested.extend(b"a".repeat(499_999));
    nested.push(b'.');
    assert_eq!(read(&nested).unwrap().root().as_items().unwrap().len(), 1);
}

#[test]
fn sparse_names_take_no_memory() {
    let mut pickle = b"\x80\x02](".to_vec();
    for name in 0..1000u32 {
        pickle.extend(b"Nr");
        pickle.extend((u32::MAX - name).to_le_bytes());
    }
    pickle.extend(b"ej\xff\xff\xff\xff0.");
    assert_eq!(read(&pickle).unwrap().root().as_items().unwrap().len(), 1000);
}

#[test]
fn a_number_as_storage_key_is_formatted_as_torch_does() {
    let pickle = tensor(2, b"K\0", b"K\x02\x85", b"K\x01\x85");
    let key = b"X\x01\0\0\x000";
    let at = pickle.windows(key.len()).position(|window| window == key).unwrap();
    let pickle = [&pickle[..at], b"K\0", &pickle[at + key.len()..]].concat();
    assert!(read_with(&pickle, EIGHT_BYTES, &ReadOptions::default()).is_ok());
}

#[test]
fn a_key_set_twice_is_an_error_where_names_are_needed() {
    let one = tensor(2, b"K\0", b"K\x02\x85", b"K\x01\x85");
    let body = &one[2..one.len() - 1];
    let mut pickle = b"\x80\x02}(".to_vec();
    for _ in 0..2 {
        pickle.extend(b"X\x01\0\0\0k");
        pickle.extend(body);
    }
    pickle.extend(b"u.");
    let document = read_with(&pickle, EIGHT_BYTES, &ReadOptions::default()).unwrap();
    assert_eq!(document.root().as_dict().unwrap().len(), 2);
    let error = document.state_map().unwrap_err();
    assert!(matches!(error, ReadError::DuplicateKey { key } if key == "k"));
}

#[test]
fn a_number_larger_than_the_limit() {
    let mut pickle = b"\x80\x02\x8b".to_vec();
    pickle.extend(5000u32.to_le_bytes());
    pickle.extend([1; 5000]);
    pickle.push(b'.');
    assert!(error(&pickle).contains("`integer_bytes` is 4096"));
}
