//! Files that are refused, and what the refusal says.

use statedict::DType;
use statedict::codec::{self, PickleError, ReadError, ReadOptions, Source, Warning};
use statedict::value::{Kind, RefusalReason};

use super::fixture::{path, refused};

#[test]
fn an_unknown_class_is_named_with_its_place_where_it_is_refused() {
    let strict = ReadOptions::new().opaque(false);
    let error = codec::Document::open_with(path("unknown_global.pt"), &strict).unwrap_err();
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
    assert!(text.contains("Without `ReadOptions::opaque(false)`"), "{text}");
}

#[test]
fn an_unknown_class_is_kept_inert_and_told() {
    let document =
        codec::Document::open_with(path("unknown_global.pt"), &ReadOptions::new()).unwrap();
    let [Warning::Inert { classes }] = document.warnings() else { panic!("not told") };
    assert_eq!(classes, &["argparse.Namespace"]);
    let told = document.warnings()[0].to_string();
    assert_eq!(told, "kept inert, and nothing of it was run: values of argparse.Namespace");
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
    let error = codec::Document::open_with(path("absent.pt"), &ReadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("absent.pt"), "{error}");
    let folder = codec::Document::open_with(path(""), &ReadOptions::default()).unwrap_err();
    assert!(matches!(folder, ReadError::Io { .. }));
    let other = codec::Document::read_with(
        Source::bytes(b"\x89HDF\r\n\x1a\n...".to_vec()),
        &ReadOptions::default(),
    );
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
    let document =
        codec::Document::read_with(rebuild("cmine\nPoints\n"), &ReadOptions::new()).unwrap();
    let Kind::Refused(refusal) = document.root().kind() else { panic!("not refused") };
    assert!(matches!(refusal.reason(), RefusalReason::Class { .. }));
    let words = "a tensor of <mine.Points>, which cannot be represented; \
                 save `tensor.as_subclass(torch.Tensor)` instead, or what \
                 `ReadOptions::plain_tensors(true)` reads as a plain tensor";
    assert_eq!(refusal.to_string(), words);

    let strict = ReadOptions::new().opaque(false);
    let error =
        |class| codec::Document::read_with(rebuild(class), &strict).unwrap_err().to_string();
    assert!(error("cmine\nPoints\n").contains("opaque"));
    let distributed = error("ctorch.distributed.tensor\nDTensor\n");
    assert!(distributed.contains("full_tensor()") && !distributed.contains("opaque"));
}

/// A pickle of an object that was made without arguments, and what follows it.
fn object(class: &str, rest: &[u8]) -> Source {
    Source::bytes([b"\x80\x02c", class.as_bytes(), b"\n)\x81", rest].concat())
}

#[test]
fn a_class_tells_what_a_file_is_where_it_cannot_be_read_or_is_nothing_else() {
    let error =
        |source| codec::Document::read_with(source, &ReadOptions::new()).unwrap_err().to_string();
    // The arrays follow in the pickle, and are no opcodes.
    let joblib = error(object("joblib.numpy_pickle\nNumpyArrayWrapper", b"\x07\x07\x07."));
    assert!(joblib.contains("joblib.load") && !joblib.contains("opaque"), "{joblib}");
    let metadata = "torch.distributed.checkpoint.metadata\nMetadata";
    let distributed = error(object(metadata, b"."));
    assert!(distributed.contains("dcp_to_torch"), "{distributed}");
    let inert = ReadOptions::new().opaque(true);
    assert!(codec::Document::read_with(object(metadata, b"."), &inert).is_ok());
    // Beside others it is a value like any other.
    let source = object("joblib.memory\nMemory", b"\x85.");
    assert!(codec::Document::read_with(source, &ReadOptions::new()).is_ok());
}

#[test]
fn what_runs_code_is_refused_unless_all_is_to_be_kept_inert() {
    for name in
        ["posix\nsystem", "subprocess\nPopen", "__builtin__\neval", "os\npopen", "runpy\n_run_code"]
    {
        // In a dict, beside what could be read.
        let pickle =
            [b"\x80\x02}(X\x01\0\0\0aK\x01X\x01\0\0\0bc", name.as_bytes(), b"\n)Ru."].concat();
        let read = |options: &ReadOptions| {
            codec::Document::read_with(Source::bytes(pickle.clone()), options)
        };
        let error = read(&ReadOptions::new()).unwrap_err().to_string();
        assert!(error.contains("runs commands or code"), "{error}");
        assert!(read(&ReadOptions::new().whole_models(true)).is_err());
        assert!(read(&ReadOptions::new().opaque(true)).is_ok());
    }
    let partial = b"\x80\x02}X\x01\0\0\0ac__builtin__\ngetattr\ncmine\nColour\nX\x01\0\0\0R\x86Rs.";
    assert!(codec::Document::read_with(Source::bytes(&partial[..]), &ReadOptions::new()).is_ok());
}

/// A legacy file would do: a pickle with what comes before REDUCE, its arguments on the stack.
fn device_tensor(dtype: &str) -> Source {
    let mut pickle = b"\x80\x02ctorch._utils\n_rebuild_device_tensor_from_numpy\n(".to_vec();
    pickle.extend(b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R");
    pickle.extend(b"(K\x01K\x02\x85cnumpy\ndtype\nX\x02\0\0\0f4K\x00K\x01\x87R");
    pickle.extend(b"(K\x03X\x01\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb");
    pickle.extend(b"\x89U\x08\0\0\x80\x3f\0\0\0\x40tb");
    pickle.extend(format!("ctorch\n{dtype}\nX\x05\0\0\0xla:0").into_bytes());
    pickle.extend(b"\x88tR.");
    Source::bytes(pickle)
}

#[test]
fn tensors_of_other_devices_are_plain_on_request() {
    let document =
        codec::Document::read_with(device_tensor("float32"), &ReadOptions::new()).unwrap();
    let Kind::Refused(refusal) = document.root().kind() else { panic!("not refused") };
    assert!(refusal.to_string().contains("`ReadOptions::plain_tensors(true)`"), "{refusal}");
    for (dtype, name) in [("float32", DType::F32), ("bfloat16", DType::BF16)] {
        let plain = ReadOptions::new().plain_tensors(true);
        let document = codec::Document::read_with(device_tensor(dtype), &plain).unwrap();
        let tensor = document.root().as_tensor().unwrap();
        assert_eq!(
            (tensor.dtype(), tensor.location(), tensor.requires_grad()),
            (name, "cpu", true)
        );
        assert_eq!(tensor.cast(DType::F32).unwrap().to_vec::<f32>().unwrap(), [1.0, 2.0]);
    }
}

#[test]
fn what_is_told_of_classes_is_bounded() {
    let mut pickle = b"\x80\x02(".to_vec();
    for index in 0..40 {
        pickle.extend(format!("cmine\nC{index}{}\n", "x".repeat(1000)).into_bytes());
    }
    pickle.extend(b"l.");
    let document = codec::Document::read_with(Source::bytes(pickle), &ReadOptions::new()).unwrap();
    let [Warning::Inert { classes }] = document.warnings() else { panic!("not told") };
    assert_eq!(classes.len(), 16);
    assert!(classes.iter().all(|class| class.len() < 410));
    assert!(document.warnings()[0].to_string().ends_with(" and others"));
}
