//! Files that are refused, and what the refusal says.

use statedict::codec::{self, PickleError, ReadError, ReadOptions, Source};
use statedict::value::{Kind, RefusalReason};

use super::fixture::{path, refused};

#[test]
fn an_unknown_class_is_named_with_its_place() {
    let error = refused("unknown_global");
    let ReadError::Pickle { source: PickleError::UnknownGlobal { module, name, path, .. }, .. } =
        &error
    else {
        panic!("{error}");
    };
    assert_eq!((module.as_str(), name.as_str()), ("argparse", "Namespace"));
    assert_eq!(path, "[\"args\"]");
    let text = error.to_string();
    assert!(
        text.starts_with("`unknown_global/data.pkl`: the pickle names `argparse.Namespace`"),
        "{text}"
    );
}

#[test]
fn an_unknown_class_is_kept_inert_on_request() {
    let options = ReadOptions::default().opaque(true);
    let document = codec::open(path("unknown_global.pt"), &options).unwrap();
    let Kind::Object(object) = document.root().get("args").unwrap().kind() else {
        panic!("not an object");
    };
    assert_eq!(format!("{:?}", object.class()), "<argparse.Namespace>");
    assert_eq!(object.state().get("lr").unwrap().as_f64(), Some(0.1));
    assert_eq!(document.state_map_at(&["weights"]).unwrap().len(), 1);
}

#[test]
fn two_members_of_one_name() {
    let error = refused("duplicate");
    assert!(matches!(&error, ReadError::Duplicate { member } if member == "re packed/data/0"));
}

#[test]
fn other_files_are_named() {
    assert!(refused("torchscript").to_string().contains("a TorchScript archive"));
    let error = codec::open(path("absent.pt"), &ReadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("absent.pt"), "{error}");
    let folder = codec::open(path(""), &ReadOptions::default()).unwrap_err();
    assert!(matches!(folder, ReadError::Io { .. }));
    let other =
        codec::read(Source::bytes(b"\x89HDF\r\n\x1a\n...".to_vec()), &ReadOptions::default());
    assert!(other.unwrap_err().to_string().contains("HDF5"));
}

#[test]
fn a_tensor_of_a_foreign_class_names_it_and_what_helps() {
    let rebuild = |class: &str| {
        let mut pickle = b"\x80\x02ctorch._tensor\n_rebuild_from_type_v2\n(".to_vec();
        pickle.extend(b"ctorch._utils\n_rebuild_meta_tensor_no_storage\n");
        pickle.extend(class.as_bytes());
        pickle.extend(b"(ctorch\nfloat32\nK\x02\x85K\x01\x85\x89t}tR.");
        Source::bytes(pickle)
    };
    let opaque = ReadOptions::default().opaque(true);
    let document = codec::read(rebuild("cmine\nPoints\n"), &opaque).unwrap();
    let Kind::Refused(refusal) = document.root().kind() else { panic!("not refused") };
    assert!(matches!(refusal.reason(), RefusalReason::Class { .. }));
    let words = "a tensor of <mine.Points>, which cannot be represented; \
                 save `tensor.as_subclass(torch.Tensor)` instead";
    assert_eq!(refusal.to_string(), words);

    let error =
        |class| codec::read(rebuild(class), &ReadOptions::default()).unwrap_err().to_string();
    assert!(error("cmine\nPoints\n").contains("opaque"));
    let distributed = error("ctorch.distributed.tensor\nDTensor\n");
    assert!(distributed.contains("full_tensor()") && !distributed.contains("opaque"));
    let joblib = error("cjoblib.numpy_pickle\nNumpyArrayWrapper\n");
    assert!(joblib.contains("joblib.load") && !joblib.contains("opaque"));
}
