//! The archives that values come in: other writers, other orders, other byte orders.

use statedict::codec::{ByteOrder, ContainerKind};

use super::fixture::{check, open};

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
