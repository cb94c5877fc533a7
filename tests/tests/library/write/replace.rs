//! Saving to a path either replaces the file whole or leaves it alone.

use std::borrow::Cow;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use statedict::codec::Replacement;
use statedict::codec::WriteError;
use statedict::tensor::{Storage, StorageError, Storages};
use statedict::{DType, Error, StateMap, TensorView, WriteOptions};

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

/// Each removes what killed processes left, and nothing that another is writing.
#[test]
fn several_writers_of_one_name_leave_each_other_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.pt");
    let whole = |byte: u8| vec![byte; 10_000];
    let is_whole = |file: Vec<u8>| (0..4).any(|byte| file == whole(byte));
    std::thread::scope(|scope| {
        for byte in 0..4u8 {
            let (path, is_whole) = (&path, &is_whole);
            scope.spawn(move || {
                for _ in 0..100 {
                    let replacement = Replacement::of(path).sync(false);
                    replacement.write(|file| file.write_all(&whole(byte))).unwrap();
                    assert!(is_whole(fs::read(path).unwrap()));
                }
            });
        }
    });
    assert!(is_whole(fs::read(&path).unwrap()));
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

    /// They were given to the old content and its owner.
    #[test]
    fn bits_that_run_a_file_as_another_user_are_not_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("model.pt");
        for bits in [0o4755, 0o2640, 0o1600, 0o7777] {
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(bits)).unwrap();
            sound().save_with(&path, &WriteOptions::default()).unwrap();
            assert_eq!(mode(&path), bits & 0o777);
        }
    }

    /// What is written beside the checkpoints goes the same way.
    #[test]
    fn any_file_can_be_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&file, &link).unwrap();
        let write = |replacement: Replacement<'_>, text: &str| {
            replacement.write(|out| out.write_all(text.as_bytes()))
        };
        write(Replacement::of(&link), "new").unwrap();
        assert!(link.is_symlink() && fs::read(&file).unwrap() == b"new" && mode(&file) == 0o600);

        // Neither of these follows it.
        assert!(write(Replacement::of(&link).only_new(true), "newer").is_err());
        write(Replacement::of(&link).follow_links(false).sync(false), "newer").unwrap();
        assert!(!link.is_symlink() && fs::read(&link).unwrap() == b"newer");
        assert_eq!(fs::read(&file).unwrap(), b"new");

        let failed = Replacement::of(&file).write(|out| {
            out.write_all(b"half")?;
            Err(std::io::Error::other("no more"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "no more");
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(names(directory.path()), ["file", "link"]);
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
        sound().write_with(&mut expected, &WriteOptions::default().root("latest")).unwrap();
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
