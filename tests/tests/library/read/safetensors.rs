//! Safetensors files: known by their whole header, whatever its length looks like, and kept whole.

use std::path::Path;

use statedict::codec::ReadError;
use statedict::codec::{self, ContainerKind, ReadOptions, Source};
use statedict::prelude::*;
use statedict::state_map::{Metadata, ModuleMetadata};
use statedict::{Checkpoint, DType, Schema, WriteOptions};

/// A file of these tensors, each of U8, with a header of `len` bytes, or of what it needs at least.
pub(crate) fn file(metadata: &str, tensors: &[(&str, &[u8])], len: usize) -> Vec<u8> {
    let mut header = format!("{{\"__metadata__\":{{{metadata}}}");
    let mut at = 0;
    for (key, bytes) in tensors {
        let (start, end) = (at, at + bytes.len());
        header += &format!(
            ",\"{key}\":{{\"dtype\":\"U8\",\"shape\":[{}],\"data_offsets\":[{start},{end}]}}",
            bytes.len()
        );
        at = end;
    }
    header.push('}');
    header.extend(std::iter::repeat_n(' ', len.saturating_sub(header.len())));
    let mut file = u64::try_from(header.len()).unwrap().to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.extend(tensors.iter().flat_map(|(_, bytes)| bytes.iter()));
    file
}

fn read(bytes: Vec<u8>) -> Result<codec::Document, ReadError> {
    codec::Document::read_with(Source::bytes(bytes), &ReadOptions::new())
}

#[derive(StateDict, Default)]
struct Two {
    #[param]
    a: Vec<u8>,
    #[param]
    b: Vec<u8>,
}

#[test]
fn every_length_of_a_header_is_read_by_every_road() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.safetensors");
    let tensors: [(&str, &[u8]); 2] = [("a", &[1, 2, 3]), ("b", &[4])];
    let schema: Schema = Two::schema();
    let mut low = [false; 256];
    for len in 200..2200 {
        let bytes = file("\"format\":\"pt\"", &tensors, len);
        low[usize::from(bytes[0])] = true;
        let document = read(bytes.clone()).unwrap_or_else(|error| panic!("{len}: {error}"));
        assert_eq!(document.container(), ContainerKind::Safetensors, "{len}");
        let map = document.state_map().unwrap();
        assert_eq!(map.get("a").unwrap().to_vec::<u8>().unwrap(), [1, 2, 3], "{len}");
        schema.check(&map).unwrap();
        let listed = Checkpoint::from(document).list(()).unwrap();
        assert_eq!(listed.iter().map(|listed| listed.nbytes).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(codec::scan(Source::bytes(bytes.clone())).unwrap().pickles().len(), 0);

        std::fs::write(&path, &bytes).unwrap();
        for map in [StateMap::load(&path).unwrap(), StateMap::load_owned(&path).unwrap()] {
            assert_eq!(map.keys().collect::<Vec<_>>(), ["a", "b"]);
            assert_eq!(map.get("b").unwrap().to_vec::<u8>().unwrap(), [4]);
        }
        let mut model = Two { a: vec![0; 3], b: vec![0; 1] };
        model.load(&path).unwrap_or_else(|error| panic!("{len}: {error}"));
        assert_eq!((model.a, model.b), (vec![1, 2, 3], vec![4]));
    }
    assert!(low.iter().all(|&seen| seen), "every low byte");
}

/// The length of the header is the signature of a ZIP archive: 67 million bytes of it.
#[test]
fn a_length_that_reads_as_a_zip_archive_is_a_length() {
    let len = usize::try_from(u32::from_le_bytes(*b"PK\x03\x04")).unwrap();
    let bytes = file("", &[("a", &[7])], len);
    assert!(bytes.starts_with(b"PK\x03\x04\0\0\0\0{"));
    let map = read(bytes).unwrap().state_map().unwrap();
    assert_eq!(map.get("a").unwrap().to_vec::<u8>().unwrap(), [7]);
}

/// A float whose bytes are a length within the file and a brace, and a header that is no JSON.
#[test]
fn a_pickle_that_starts_like_a_length_is_a_pickle() {
    for brace in [&b"\x7b\0\0"[..], b"\x7b\"\0", b"\x7b}\0"] {
        let mut pickle = b"\x80\x02G\0\0\0\0\0".to_vec();
        pickle.extend(brace);
        pickle.extend(b"0X");
        // A length of 4.6 million bytes is within the file only if the file is as long.
        pickle.extend(4_700_000u32.to_le_bytes());
        pickle.extend(std::iter::repeat_n(b'}', 4_700_000));
        pickle.push(b'.');
        let document = read(pickle).unwrap();
        assert_eq!(document.container(), ContainerKind::Pickle);
        assert_eq!(document.root().as_str().map(str::len), Some(4_700_000));
    }
}

#[test]
fn a_damaged_file_is_called_a_damaged_safetensors_file() {
    let whole = file("", &[("a", &[1, 2]), ("b", &[3])], 0);
    let refused = |bytes: Vec<u8>| read(bytes).unwrap_err().to_string();
    for len in [12, 40, whole.len() - 1] {
        let error = refused(whole[..len].to_vec());
        assert!(error.contains("header of the safetensors file"), "{len}: {error}");
    }
    let changed = |from: &str, to: &str| {
        let text = String::from_utf8(whole.clone()).unwrap();
        assert!(text.contains(from));
        refused(text.replacen(from, to, 1).into_bytes())
    };
    assert!(changed("[2,3]", "[1,3]").contains("without a gap, found `b` from 1 to 3"));
    assert!(changed("[0,2]", "[0,3]").contains("that fill their bytes, found `a` from 0 to 3"));
    let typed = |dtype: &str, len: usize, nbytes: usize| {
        let header = format!(
            "{{\"a\":{{\"dtype\":\"{dtype}\",\"shape\":[{len}],\"data_offsets\":[0,{nbytes}]}}}}"
        );
        let len = u64::try_from(header.len()).unwrap().to_le_bytes();
        refused([&len[..], header.as_bytes(), &vec![0; nbytes]].concat())
    };
    assert!(typed("F6_E2M3", 4, 3).contains("`a` has the dtype F6_E2M3, which PyTorch does not"));
    assert!(typed("F4", 3, 2).contains("an even number of F4"));
    assert!(typed("F4", 4, 4).contains("that fill their bytes"));
    assert!(changed("\"b\":", "\"a\":").contains("\"a\" comes twice"));
    assert!(changed("\"shape\":[2]", "\"shape\":{2}").contains("the JSON"));
}

#[test]
fn ties_order_versions_and_the_file_s_own_metadata_come_back() {
    let directory = tempfile::tempdir().unwrap();
    let [path, again] = ["a.safetensors", "b.safetensors"].map(|name| directory.path().join(name));
    let weight = TensorView::from_vec(vec![0.5f32, -1.0], [2]).unwrap();
    let mut map = StateMap::new();
    map.insert("small", TensorView::from_vec(vec![1u8], [1]).unwrap());
    map.insert("weight", weight.clone());
    map.insert("tied", weight);
    let mut metadata = Metadata::default();
    metadata.insert("", ModuleMetadata::with_version(3));
    metadata.insert("inner", ModuleMetadata::default());
    *map.metadata_mut() = Some(metadata);
    map.file_metadata_mut().insert("license".into(), "MIT \u{e9} \"quoted\"".into());
    map.save(&path).unwrap();

    let same = |path: &Path| {
        let document = codec::Document::open_with(path, &ReadOptions::new()).unwrap();
        assert_eq!(document.root().type_name(), "collections.OrderedDict");
        assert_eq!(document.file_metadata()["license"], "MIT \u{e9} \"quoted\"");
        let found = StateMap::load(path).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["small", "weight", "tied"]);
        assert_eq!(found.metadata(), map.metadata());
        let storage = |key| found.get(key).unwrap().storage();
        assert!(storage("weight").same_as(storage("tied")));
        // What saving recorded is no metadata of the file's own.
        let own: Vec<&String> = found.file_metadata().keys().collect();
        assert_eq!(own, ["format", "license"]);
        found
    };
    same(&path).save(&again).unwrap();
    same(&again);
    assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(&again).unwrap());
    // A checkpoint of it is one state dict, and is written as one.
    Checkpoint::open(&path).unwrap().save(&again).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(&again).unwrap());
    let zip = directory.path().join("c.pt");
    Checkpoint::open(&path).unwrap().save_with(&zip, &WriteOptions::new()).unwrap();
    let zip = StateMap::load(&zip).unwrap();
    assert_eq!((zip.len(), zip.metadata()), (3, map.metadata()));
}

#[test]
fn a_tensor_named_as_the_framework_is_no_tie() {
    let tensors: [(&str, &[u8]); 2] = [("pt", &[1, 2]), ("w", &[3])];
    let keys = |bytes: Vec<u8>| {
        let map = read(bytes).unwrap().state_map().unwrap();
        map.keys().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(keys(file("\"format\":\"pt\"", &tensors, 0)), ["pt", "w"]);
    // As huggingface_hub and safetensors.torch.save_model record a tie; and what is a tensor's name by chance.
    assert_eq!(
        keys(file("\"format\":\"pt\",\"tied.w\":\"w\"", &tensors, 0)),
        ["pt", "w", "tied.w"]
    );
    // A name that ends otherwise is one of a module that has other tensors.
    let tensors_of_head: [(&str, &[u8]); 2] = [("table", &[1, 2]), ("head.bias", &[3])];
    let tie = "\"head.weight\":\"table\",\"tail.weight\":\"table\",\"head\":\"table\"";
    assert_eq!(keys(file(tie, &tensors_of_head, 0)), ["table", "head.bias", "head.weight"]);
    for chance in ["title", "base.model", "w.note"] {
        let metadata = format!("\"{chance}\":\"w\"");
        assert_eq!(keys(file(&metadata, &tensors, 0)), ["pt", "w"]);
        let map = read(file(&metadata, &tensors, 0)).unwrap().state_map().unwrap();
        assert_eq!(map.file_metadata()[chance], "w");
    }

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.safetensors");
    for names in [["pt", "w"], ["b", "pt"], ["pt", "format"]] {
        let mut map = StateMap::new();
        let tensor = statedict::TensorView::from_vec(vec![0.5f32; 2], [2]).unwrap();
        for name in names {
            map.insert(name, tensor.clone());
        }
        map.save(&path).unwrap();
        let found = StateMap::load(&path).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), names);
    }
}

#[test]
fn the_metadata_that_another_tool_copied_does_not_damage_a_file() {
    let tensors: [(&str, &[u8]); 3] = [("a", &[1]), ("new", &[2]), ("b", &[3])];
    for (order, expected) in [
        (r#"[\"b\",\"a\"]"#, ["b", "a", "new"]),
        (r#"[\"gone\",\"new\",\"b\"]"#, ["new", "b", "a"]),
        (r#"[\"b\",\"b\"]"#, ["b", "a", "new"]),
        ("no list", ["a", "new", "b"]),
    ] {
        let document = read(file(&format!("\"statedict.order\":\"{order}\""), &tensors, 0));
        let map = document.unwrap().state_map().unwrap();
        assert_eq!(map.keys().collect::<Vec<_>>(), expected, "{order}");
    }
}

#[test]
fn a_key_that_the_format_has_for_itself_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.safetensors");
    let mut map = StateMap::new();
    map.insert("__metadata__", statedict::TensorView::from_vec(vec![0.5f32], [1]).unwrap());
    let error = map.save(&path).unwrap_err().to_string();
    assert!(error.contains("`__metadata__`"), "{error}");
    assert!(!path.exists());
}

#[test]
fn what_a_file_says_of_itself_outlives_an_edit() {
    let directory = tempfile::tempdir().unwrap();
    let (path, edited) =
        (directory.path().join("a.safetensors"), directory.path().join("b.safetensors"));
    let tensors: [(&str, &[u8]); 2] = [("a", &[1]), ("b", &[2])];
    std::fs::write(&path, file("\"owner\":\"me\"", &tensors, 0)).unwrap();
    let mut checkpoint = Checkpoint::open(&path).unwrap();
    checkpoint.remove("a").unwrap();
    checkpoint.save(&edited).unwrap();
    let found = StateMap::load(&edited).unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), ["b"]);
    assert_eq!(found.file_metadata()["owner"], "me");
}

#[test]
fn flags_and_packed_elements_come_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.safetensors");
    let packed = TensorView::from_bytes(vec![0x12u8, 0x34], DType::F4E2M1FNX2, [1, 2]).unwrap();
    let weight = TensorView::from_vec(vec![0.5f32, -1.0], [2]).unwrap();
    let mut map = StateMap::new();
    map.insert("packed", packed);
    map.insert("plain", weight.clone());
    map.insert("weight", weight.with_requires_grad(true));
    map.save(&path).unwrap();
    // In the file each of two elements in a byte counts.
    let text = std::fs::read(&path).unwrap();
    let header = String::from_utf8_lossy(&text);
    assert!(
        header.contains(r#""packed":{"dtype":"F4","shape":[1,4],"data_offsets":["#),
        "{header}"
    );

    let found = StateMap::load(&path).unwrap();
    let packed = found.get("packed").unwrap();
    assert_eq!((packed.dtype(), packed.shape().to_vec()), (DType::F4E2M1FNX2, vec![1, 2]));
    assert_eq!(packed.bytes().unwrap(), vec![0x12u8, 0x34]);
    assert!(found.get("weight").unwrap().requires_grad());
    assert!(!found.get("plain").unwrap().requires_grad());
    assert!(!found.file_metadata().contains_key("statedict.requires_grad"));
    let scalar = TensorView::from_bytes(vec![0x12u8], DType::F4E2M1FNX2, []).unwrap();
    map.insert("scalar", scalar);
    assert!(map.save(&path).unwrap_err().to_string().contains("`scalar` has no dimension"));
}

#[test]
fn what_overlaps_is_copied_on_request() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.safetensors");
    let all = TensorView::from_vec(vec![0.0f32, 1.0, 2.0, 3.0, 4.0, 5.0], [3, 2]).unwrap();
    let mut map = StateMap::new();
    map.insert("head", all.narrow(0, 0..2).unwrap());
    map.insert("all", all.clone());
    map.insert("turned", all.transpose(0, 1).unwrap());
    map.insert("tied", all.clone());
    let error = map.save(&path).unwrap_err().to_string();
    assert!(error.contains("`all` shares elements with `head`"), "{error}");
    map.save_with(&path, &WriteOptions::new().copy_overlaps(true)).unwrap();
    let found = StateMap::load(&path).unwrap();
    for (key, view) in map.iter() {
        assert_eq!(found.get(key).unwrap().bytes().unwrap(), view.bytes().unwrap(), "{key}");
    }
    let storage = |key| found.get(key).unwrap().storage();
    assert!(storage("tied").same_as(storage("all")) && !storage("tied").same_as(storage("head")));
}
