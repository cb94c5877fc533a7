//! What is not a checkpoint that can be read: each kind is told by its name, with what to do.

use statedict::codec::{self, ReadOptions, Source, Warning};
use statedict::{Checkpoint, StateMap};

use super::fixture::bytes;
use super::members::tar;

fn refused(bytes: &[u8]) -> String {
    codec::Document::read_with(Source::bytes(bytes.to_vec()), &ReadOptions::new())
        .unwrap_err()
        .to_string()
}

#[test]
fn each_kind_of_file_is_named_with_what_to_do() {
    let index = br#"{"metadata": {"total_size": 8}, "weight_map": {"a.bin": "m-1.safetensors",
        "b": "m-2.safetensors", "c": "m-1.safetensors"}}"#;
    let nemo = tar("./model_weights.ckpt", &[1, 2, 3]);
    let cases: [(&[u8], &str, &str); 30] = [
        (b"", "an empty file", "did not finish"),
        (b"PK\x05\x06rest", "an empty ZIP archive", "save the checkpoint again"),
        (b"PYTORCH1", "a preview release", "torch.save"),
        (b"\x89HDF\r\n\x1a\nxx", "an HDF5 file", "h5py"),
        (b"\x1f\x8b\x08", "a gzip-compressed file", "gzip -d"),
        (b"BZh9", "a bzip2-compressed file", "bzip2 -d"),
        (b"\xfd7zXZ\0", "an xz-compressed file", "xz -d"),
        (b"\x28\xb5\x2f\xfd", "a zstd-compressed file", "zstd -d"),
        (b"x\x01data", "a zlib-compressed file", "joblib.load"),
        (b"x\x5edata", "a zlib-compressed file", "joblib.load"),
        (b"x\x9cdata", "a zlib-compressed file", "joblib.load"),
        (b"x\xdadata", "a zlib-compressed file", "joblib.load"),
        (b"\x93NUMPY\x01", "a NumPy array file", "numpy.load"),
        (b"GGUF\x03", "a GGUF model", "GGUF library"),
        (b"lmgg\x01", "a GGML model", "GGML library"),
        (b"tjgg\x03", "a GGML model", "GGML library"),
        (b"algg\x01", "a GGML adapter", "GGML library"),
        (b"version https://git-lfs.github.com", "a Git LFS pointer", "git lfs pull"),
        (b"\n <!DOCTYPE HTML><p>", "an HTML page", "download the file again"),
        (b"\xef\xbb\xbf<html lang=en>", "an HTML page", "download the file again"),
        (b"<?xml version='1.0'?><Error>", "an XML document", "download the file again"),
        (b"Entry not found", "the text of an HTTP error", "download the file again"),
        (b"Repository Not Found for url", "the text of an HTTP error", "download the file again"),
        (index, "a sharded checkpoint in 2 files", "them: m-1.safetensors, m-2.safetensors"),
        (b"{\"hidden_size\": 5}", "a JSON file", "name the file with the tensors"),
        (b"[1, 2]", "a JSON file", "name the file with the tensors"),
        (&nemo, "an archive with the checkpoint `model_weights.ckpt`", "!model_weights.ckpt`"),
        (
            b"\x80\x04\x95\x21\0\0\0\0\0\0\0\x8c\x16joblib.numpy_pickle.xx\x94\x8c\x03Abc\x94\x93.",
            "a file of joblib",
            "joblib.load",
        ),
        (
            b"\x80\x02ctorch.distributed.checkpoint.metadata\nMetadata\n)\x81.",
            "the `.metadata` of a distributed checkpoint",
            "dcp_to_torch",
        ),
        (b"hello world", "a file of unknown kind", "copied whole"),
    ];
    for (file, found, advice) in cases {
        let error = refused(file);
        let (said, said_advice) = error.split_once("; ").unwrap_or((&error, ""));
        assert!(said.contains(found) && said_advice.contains(advice), "{error}");
        assert_eq!(error.lines().count(), 1);
    }
}

#[test]
fn each_kind_of_folder_is_named_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let cases: [(&str, &[&str], &[&str]); 7] = [
        ("extracted", &["data.pkl", "version", "data/0"], &["extracted archive", "zip -r -0"]),
        ("dcp", &[".metadata", "__0_0.distcp"], &["distributed checkpoint", "dcp_to_torch"]),
        ("rank", &["__0_0.distcp"], &["distributed checkpoint", "dcp_to_torch"]),
        ("hub", &["refs/main", "blobs/x", "snapshots/y/z"], &["Hugging Face hub", "snapshots"]),
        ("plain", &["b.pt", "a.ckpt", "notes.txt"], &["name a file in it: a.ckpt, b.pt"]),
        ("empty", &["notes.txt"], &["is a directory, and has no checkpoint file in it"]),
        (
            "hf",
            &["config.json", "s-1.safetensors"],
            &["in 2 files", "`model.index.json`", "a.st, b.st"],
        ),
    ];
    for (name, files, words) in cases {
        let folder = directory.path().join(name);
        for file in files {
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"x").unwrap();
        }
        if name == "hf" {
            let text = r#"{"weight_map": {"x": "b.st", "y": "a.st"}}"#;
            std::fs::write(folder.join("model.index.json"), text).unwrap();
        }
        for error in [
            StateMap::load(&folder).unwrap_err().to_string(),
            StateMap::load_owned(&folder).unwrap_err().to_string(),
            Checkpoint::open(&folder).unwrap_err().to_string(),
        ] {
            assert!(words.iter().all(|word| error.contains(word)), "{name}: {error}");
            assert!(error.contains("it is a directory") && error.lines().count() == 1, "{error}");
        }
    }
}

/// Every bit of the first pickle, which holds the magic number: read as nothing else.
#[test]
fn a_stream_with_a_damaged_magic_number_is_called_that() {
    let whole = bytes("legacy.pt");
    let magic = 15;
    assert_eq!(&whole[magic..magic + 6], b"\x80\x02M\xe9\x03.");
    for bit in 0..magic * 8 {
        let mut file = whole.clone();
        file[bit / 8] ^= 1 << (bit % 8);
        let Err(error) = codec::Document::read_with(Source::bytes(file), &ReadOptions::new())
        else {
            // The version of the pickle's own protocol: nothing that it holds differs.
            assert_eq!(bit / 8, 1, "{bit}");
            continue;
        };
        // Without its STOP the pickle is not one.
        let is_stop = bit / 8 == magic - 1;
        assert!(is_stop || error.to_string().contains("magic number"), "{bit}: {error}");
    }
    let text = |file: &[u8]| {
        file.iter()
            .flat_map(|&byte| match byte {
                b'\n' => vec![b'\r', b'\n'],
                byte => vec![byte],
            })
            .collect::<Vec<u8>>()
    };
    assert!(refused(&text(&whole)).contains("copied as text"));
    // These are what they are.
    let number =
        codec::Document::read_with(Source::bytes(b"\x80\x02M\xe9\x03."), &ReadOptions::new())
            .unwrap();
    assert_eq!(number.root().as_i64(), Some(1001));
}

fn trailing(file: Vec<u8>) -> Vec<(String, u64)> {
    let document = codec::Document::read_with(Source::bytes(file), &ReadOptions::new()).unwrap();
    let told = |warning: &Warning| match warning {
        Warning::TrailingBytes { after, nbytes } => Some((after.clone(), *nbytes)),
        _ => None,
    };
    document.warnings().iter().filter_map(told).collect()
}

#[test]
fn bytes_that_follow_a_checkpoint_are_told_or_refused() {
    let with = |name: &str, rest: &[u8]| [&bytes(name)[..], rest].concat();
    for (name, after) in [("state_dict.pt", "the archive"), ("legacy.pt", "the object")] {
        assert_eq!(trailing(bytes(name)), []);
        assert_eq!(trailing(with(name, b"rest")), [(after.to_owned(), 4)]);
    }
    let zip = super::zip_builder::checkpoint(b"\x80\x02}.more", &[]);
    assert_eq!(trailing(zip), [("the pickle in `a/data.pkl`".to_owned(), 4)]);
    assert_eq!(trailing(b"\x80\x02}.\0\n".to_vec()), [("the pickle".to_owned(), 2)]);
    let error = refused(b"\x80\x02}.\x80\x02}.");
    assert!(error.contains("a pickle that ends at byte 4 of 8"), "{error}");
}

#[test]
fn several_archives_in_one_file_are_counted() {
    let (a, b) = (bytes("state_dict.pt"), bytes("checkpoint.pt"));
    for files in [vec![&a, &a], vec![&a, &b, &a], vec![&b, &a, &a, &b]] {
        let start: usize = files[..files.len() - 1].iter().map(|file| file.len()).sum();
        let error =
            refused(&files.iter().flat_map(|file| file.iter().copied()).collect::<Vec<_>>());
        let expected =
            format!("{} archives in one file, the last from byte {start} on", files.len());
        assert!(error.starts_with(&expected) && error.contains("dcp_to_torch"), "{error}");
    }
    let error = refused(&[b"PK\x03\x04junk", &a[..]].concat());
    assert!(error.starts_with("8 bytes come before the ZIP archive"), "{error}");
    let source = Source::bytes([b"PK\x03\x04junk", &a[..]].concat()).skip(8).unwrap();
    assert!(codec::Document::read_with(source, &ReadOptions::new()).is_ok());
}
