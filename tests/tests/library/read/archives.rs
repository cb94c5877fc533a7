//! The archives that values come in: other writers, other orders, other byte orders.

use statedict::codec::{self, ByteOrder, ContainerKind, ReadOptions, Source};

use super::fixture::{check, open};
use super::zip_builder::checkpoint;

#[test]
fn members_may_be_compressed() {
    check("deflated");
}

#[test]
fn members_may_come_in_any_order() {
    check("reversed");
}

#[test]
fn the_minimal_archive_of_old_versions() {
    check("minimal");
    let document = open("minimal");
    assert_eq!(document.container(), ContainerKind::Zip);
    assert_eq!(document.byte_order(), ByteOrder::Little);
    assert!(document.warnings().is_empty());
}

#[test]
fn files_of_pytorch_1_13() {
    check("torch_1_13");
    check("torch_1_13_order");
}

#[test]
fn storages_named_by_addresses() {
    check("addresses");
}

#[test]
fn numbers_of_big_endian_machines() {
    check("big_endian");
    assert_eq!(open("big_endian").byte_order(), ByteOrder::Big);
}

#[test]
fn a_wrong_checksum_is_found_when_asked_for() {
    check("bad_crc");
    let map = open("bad_crc").state_map().unwrap();
    let error = map.get("fc.weight").unwrap().storage().verify().unwrap_err().to_string();
    assert!(error.contains("bad_crc.pt: state_dict/data/0` is damaged"), "{error}");
    map.get("fc.bias").unwrap().storage().verify().unwrap();
}

#[test]
fn a_file_without_checksums_is_whole() {
    check("no_crc");
    let map = open("no_crc").state_map().unwrap();
    assert!(map.iter().all(|(_, tensor)| tensor.storage().verify().is_ok()));
}

/// Written by `make_1_13.py`, in both containers: every type, view, optimizer and scheduler of then.
#[test]
fn what_pytorch_1_13_wrote() {
    for name in ["dtypes", "views", "optimizers", "schedulers"] {
        check(&format!("torch_1_13_{name}.zip"));
        check(&format!("torch_1_13_{name}.legacy"));
    }
}

#[test]
fn a_way_to_compress_that_is_not_read_is_named() {
    // float32, one element, in storage 0, which the directory calls larger than its bytes in the file.
    let pickle = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuM\xe8\x03tQK\0M\xe8\x03\x85K\x01\x85\x89NtR.";
    let mut file = checkpoint(pickle, &[("0", &[7; 40])]);
    // The last entry of the directory is that of the storage.
    let entry = file.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
    file[entry + 24..entry + 28].copy_from_slice(&4000u32.to_le_bytes());
    for (method, name) in [(12u8, "bzip2"), (14, "LZMA"), (93, "zstd"), (99, "ZIP method 99")] {
        file[entry + 10] = method;
        let read = codec::Document::read_with(Source::bytes(file.clone()), &ReadOptions::new());
        let error = read.unwrap_err().to_string();
        assert!(error.contains(&format!("is compressed with {name}; only stored")), "{error}");
    }
}
