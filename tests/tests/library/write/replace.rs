//! Saving to a path either replaces the file whole or leaves it alone.

use std::borrow::Cow;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use statedict::{
    DType, Error, StateMap, Storage, StorageError, Storages, TensorView, WriteError, WriteOptions,
    write_map,
};

/// A storage that fails or panics when it is read, after another one that is fine.
struct Broken {
    panics: bool,
}

impl Storages for Broken {
    fn nbytes(&self, _: u32) -> usize {
        4 << 20
    }

    fn bytes(&self, index: u32) -> Result<Cow<'_, [u8]>, StorageError> {
        match index {
            0 => Ok(Cow::Owned(vec![1; 4 << 20])),
            _ if self.panics => panic!("a tensor's own panic"),
            _ => Err(StorageError::OutOfRange { offset: 0, len: 1, nbytes: 0 }),
        }
    }
}

fn broken(panics: bool) -> StateMap<'static> {
    let storages: Arc<dyn Storages> = Arc::new(Broken { panics });
    (0..2)
        .map(|index| {
            let storage = Storage::new(storages.clone(), index);
            let view = TensorView::contiguous(storage, DType::U8, [4 << 20], 0).unwrap();
            (format!("t{index}"), view)
        })
        .collect()
}

fn sound() -> StateMap<'static> {
    [("a".to_owned(), TensorView::from_vec(vec![1.0f32, 2.0], [2]).unwrap())].into_iter().collect()
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_failing_source_leaves_the_old_file_and_no_litter() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.pt");
    fs::write(&path, "old").unwrap();
    let error = broken(false).save_with(&path, &WriteOptions::default()).unwrap_err();
    assert!(
        matches!(&error, Error::Write(WriteError::Source { key, .. }) if key == "t1"),
        "{error:?}"
    );
    let text = error.to_string();
    assert!(text.starts_with("cannot read the elements of `t1`: 1 bytes at offset 0"), "{text}");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(directory.path()), ["model.pt"]);
}

#[test]
fn a_panicking_source_leaves_the_old_file_and_no_litter() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.pt");
    fs::write(&path, "old").unwrap();
    let map = broken(true);
    let options = WriteOptions::default();
    let outcome =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| map.save_with(&path, &options)));
    assert!(outcome.is_err());
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(directory.path()), ["model.pt"]);
}

#[test]
fn a_missing_directory_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("none/model.pt");
    let error = sound().save_with(&path, &WriteOptions::default()).unwrap_err();
    assert!(error.to_string().contains("none`: No such file or directory"), "{error}");
    assert!(names(directory.path()).is_empty());
}

#[test]
fn a_file_name_that_begins_with_its_only_dot_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let error = sound().save_with(directory.path().join(".pt"), &WriteOptions::default());
    assert!(matches!(error, Err(Error::Write(WriteError::Root { .. }))));
    assert!(names(directory.path()).is_empty());
}

#[test]
fn a_directory_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.pt");
    fs::create_dir(&path).unwrap();
    assert!(sound().save_with(&path, &WriteOptions::default()).is_err());
    assert!(path.is_dir());
    assert_eq!(names(directory.path()), ["model.pt"]);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn permissions_are_those_of_the_old_file_or_of_any_new_one() {
        let directory = tempfile::tempdir().unwrap();
        let (new, any) = (directory.path().join("new.pt"), directory.path().join("any"));
        fs::write(&any, "").unwrap();
        sound().save_with(&new, &WriteOptions::default()).unwrap();
        assert_eq!(mode(&new), mode(&any));
        for bits in [0o600, 0o640, 0o666, 0o444] {
            fs::set_permissions(&new, fs::Permissions::from_mode(bits)).unwrap();
            sound().save_with(&new, &WriteOptions::default()).unwrap();
            assert_eq!(mode(&new), bits);
        }
    }

    #[test]
    fn a_link_stays_and_its_target_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("runs")).unwrap();
        fs::write(at("runs/17.pt"), "old").unwrap();
        symlink("runs/17.pt", at("best.pt")).unwrap();
        symlink("best.pt", at("latest.pt")).unwrap();
        sound().save_with(at("latest.pt"), &WriteOptions::default()).unwrap();
        assert!(at("latest.pt").is_symlink() && at("best.pt").is_symlink());
        // The root is named after the path that was given, as PyTorch does.
        let mut expected = Vec::new();
        write_map(&sound(), &mut expected, &WriteOptions::default().root("latest")).unwrap();
        assert_eq!(fs::read(at("runs/17.pt")).unwrap(), expected);
        assert_eq!(names(&at("runs")), ["17.pt"]);

        // A link that leads nowhere yet.
        symlink("runs/18.pt", at("next.pt")).unwrap();
        sound().save_with(at("next.pt"), &WriteOptions::default()).unwrap();
        assert_eq!(names(&at("runs")), ["17.pt", "18.pt"]);
    }

    #[test]
    fn links_in_a_circle_are_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let (one, two) = (directory.path().join("1.pt"), directory.path().join("2.pt"));
        symlink(&two, &one).unwrap();
        symlink(&one, &two).unwrap();
        assert!(sound().save_with(&one, &WriteOptions::default()).is_err());
        assert_eq!(names(directory.path()), ["1.pt", "2.pt"]);
    }

    #[test]
    fn a_device_takes_the_bytes_and_stays() {
        sound().save_with("/dev/null", &WriteOptions::default()).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    /// `/dev/full` refuses every write as a full disk does.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_an_error_that_names_the_file() {
        let error = sound().save_with("/dev/full", &WriteOptions::default()).unwrap_err();
        let text = error.to_string();
        assert_eq!(
            text,
            "cannot write the file `/dev/full`: No space left on device (os error 28)"
        );
    }
}
