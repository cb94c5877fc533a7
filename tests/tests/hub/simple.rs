//! What happens when all is well.

use std::sync::{Arc, Mutex};

use statedict::hub::{self, HashCheck, HubError, Options, Schemes};

use statedict_tests::server::{Server, content, files, give, head, options, say};

/// The SHA-256 of `abc` begins so.
const ABC: &str = "ba7816bf";

#[test]
fn downloaded_once_and_then_found() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("deep/cache");
    let server = Server::of("abc");
    for _ in 0..2 {
        let path = hub::fetch_with(server.url("/models/a.pt?token=1"), &options(&cache)).unwrap();
        assert_eq!(path, cache.join("a.pt"));
        assert_eq!(std::fs::read(&path).unwrap(), b"abc");
    }
    assert_eq!(server.count(), 1);
    assert_eq!(files(&cache), ["a.pt"]);

    let request = &server.requests()[0];
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/models/a.pt?token=1"));
    assert!(request.header("user-agent").unwrap().starts_with("statedict/"));
    assert_eq!(request.header("accept-encoding"), Some("identity"));
    assert_eq!((request.header("range"), request.header("authorization")), (None, None));
}

#[test]
fn limits_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::of("abc");
    let never = std::time::Duration::MAX;
    let options = options(folder.path()).timeout(never).stall_timeout(never);
    let options = options.connect_timeout(never).lock_timeout(never).retry_delay(never);
    hub::fetch_with(server.url("/a.pt"), &options.retries(u32::MAX).max_size(u64::MAX)).unwrap();
}

#[test]
fn two_addresses_that_end_alike_are_not_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let server =
        Server::start(|request, stream| give(request, stream, request.target.as_bytes(), "\"1\""));
    let fetch = |path: &str, options: &Options| {
        hub::fetch_with(server.url(path), options)
            .map(|path| std::fs::read_to_string(path).unwrap())
    };
    let options = options(folder.path());
    assert_eq!(fetch("/x/model.bin?signed=1", &options).unwrap(), "/x/model.bin?signed=1");
    assert_eq!(fetch("/x/model.bin?signed=2", &options).unwrap(), "/x/model.bin?signed=1");
    let error = fetch("/y/model.bin", &options).unwrap_err();
    assert!(matches!(error, HubError::OtherAddress { .. }), "{error}");
    let named = options.clone().file_name("y.bin");
    assert_eq!(fetch("/y/model.bin", &named).unwrap(), "/y/model.bin");

    // What others have put there could be from anywhere, as for torch.hub.
    std::fs::write(folder.path().join("model.bin"), "theirs").unwrap();
    assert_eq!(fetch("/y/model.bin", &options).unwrap(), "theirs");
    assert_eq!(server.count(), 2);
}

#[test]
fn progress_is_told_from_the_first_byte_to_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let file = content(3_000_000);
    let server = Server::of(file.clone());
    let told = Arc::new(Mutex::new(Vec::new()));
    let target = folder.path().join("a.pt");
    let options = options(folder.path()).progress({
        let (told, target, address) = (told.clone(), target.clone(), server.url("/a.pt"));
        move |progress| {
            assert_eq!((progress.path, progress.address), (target.as_path(), &*address));
            assert_eq!(progress.total, Some(3_000_000));
            told.lock().unwrap().push(progress.downloaded);
        }
    });
    hub::fetch_with(server.url("/a.pt"), &options).unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), file);
    let told = told.lock().unwrap();
    assert_eq!((told[0], told[told.len() - 1]), (0, 3_000_000));
    assert!(told.is_sorted());
}

#[test]
fn a_hash_in_the_name_is_checked_in_the_cache_too() {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("a-{ABC}.pt");
    let path = folder.path().join(&name);
    let server = Server::of("abc");
    let url = server.url(&format!("/{name}"));
    let options = options(folder.path());

    std::fs::write(&path, "damaged").unwrap();
    let error = hub::fetch_with(&url, &options.clone().offline(true)).unwrap_err();
    assert!(matches!(&error, HubError::Hash { expected, .. } if expected == ABC), "{error}");
    assert_eq!(hub::fetch_with(&url, &options.clone().check_hash(HashCheck::Off)).unwrap(), path);
    assert_eq!((std::fs::read(&path).unwrap(), server.count()), (b"damaged".to_vec(), 0));

    hub::fetch_with(&url, &options).unwrap();
    hub::fetch_with(&url, &options.offline(true)).unwrap();
    assert_eq!((std::fs::read(&path).unwrap(), server.count()), (b"abc".to_vec(), 1));
}

#[test]
fn a_file_that_is_not_what_its_name_says_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::of("something else");
    let url = server.url(&format!("/a-{ABC}.pt"));
    let error = hub::fetch_with(&url, &options(folder.path())).unwrap_err();
    assert!(matches!(error, HubError::Hash { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("invalid hash value (expected \"ba7816bf\", got \"f41f3fa"), "{text}");
    assert_eq!((server.count(), files(folder.path())), (1, vec![]));

    // The name in the cache need not say it, if the address does.
    let named = options(folder.path()).file_name("a.pt");
    assert!(matches!(hub::fetch_with(&url, &named), Err(HubError::Hash { .. })));

    // A wrong file that was there is not replaced by another wrong one.
    let path = folder.path().join(format!("a-{ABC}.pt"));
    std::fs::write(&path, "damaged").unwrap();
    assert!(matches!(hub::fetch_with(&url, &options(folder.path())), Err(HubError::Hash { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), b"damaged");
}

#[test]
fn a_hash_of_the_users() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::of("abc");
    let options = options(folder.path());
    let path =
        hub::fetch_with(server.url("/a.pt"), &options.clone().sha256(ABC.to_uppercase())).unwrap();
    assert_eq!(hub::fetch_with(&path, &options.clone().sha256("ba")).unwrap(), path);
    for location in [server.url("/a.pt").as_str(), path.to_str().unwrap()] {
        let wrong = options.clone().sha256("bb").offline(true);
        let error = hub::fetch_with(location, &wrong).unwrap_err();
        assert!(matches!(error, HubError::Hash { .. }), "{error}");
        let error = hub::fetch_with(location, &options.clone().sha256("no")).unwrap_err();
        assert!(matches!(error, HubError::Option { .. }), "{error}");
    }
}

#[test]
fn offline_nothing_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let server = Server::of("abc");
    let options = options(&cache).offline(true);
    let error = hub::fetch_with(server.url("/a.pt?secret"), &options).unwrap_err();
    assert!(matches!(error, HubError::Offline { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("a.pt?***: offline") && !text.contains("secret"), "{text}");
    let error = hub::download_with(&server.url("/a.pt"), folder.path().join("b.pt"), &options);
    assert!(matches!(error, Err(HubError::Offline { .. })));
    assert_eq!(server.count(), 0);
    assert!(!cache.exists());
}

#[test]
fn schemes_lead_to_addresses_and_paths() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::of("abc");
    let map = folder.path().join("open_mmlab.json");
    let json = format!(r#"{{"vgg": "{}", "own": "own.pt"}}"#, server.url("/vgg-ba7816bf.pth"));
    std::fs::write(&map, json).unwrap();
    std::fs::write(folder.path().join("own.pt"), "own").unwrap();
    let mut schemes = Schemes::new();
    schemes.add_file("open-mmlab", &map).unwrap();
    schemes.insert("lab", "mine", "open-mmlab://vgg").unwrap();
    let options = options(&folder.path().join("cache")).schemes(schemes);
    let read = |location| std::fs::read(hub::fetch_with(location, &options).unwrap()).unwrap();
    assert_eq!(read("lab://mine"), b"abc");
    assert_eq!(read("openmmlab://vgg"), b"abc");
    assert_eq!(read("open-mmlab://own"), b"own");
    assert_eq!(server.count(), 1);
    let error = hub::fetch_with("torchvision://vgg", &options).unwrap_err();
    assert!(matches!(error, HubError::UnknownScheme { .. }), "{error}");
}

#[test]
fn local_paths() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a-ba7816bf.pt");
    let error = hub::fetch_with(&path, &Options::new()).unwrap_err().to_string();
    assert_eq!(error, format!("{} is not a checkpoint file", path.display()));
    assert!(hub::fetch_with(folder.path(), &Options::new()).is_err());
    // The name of a local file promises nothing.
    std::fs::write(&path, "x").unwrap();
    assert_eq!(hub::fetch_with(&path, &Options::new()).unwrap(), path);
}

#[test]
fn to_a_file_of_choice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.pt");
    let server = Server::start(|request, stream| {
        give(request, stream, ["abc", "def"][request.number].as_bytes(), "\"1\"")
    });
    for expected in ["abc", "def"] {
        hub::download_with(&server.url("/a.pt"), &path, &options(folder.path())).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), expected.as_bytes());
    }
    assert_eq!(files(folder.path()), ["mine.pt"]);
    let nowhere = folder.path().join("nowhere/mine.pt");
    let error = hub::download_with(&server.url("/a.pt"), &nowhere, &options(folder.path()));
    assert!(matches!(error, Err(HubError::Io { .. })));
}

#[test]
fn a_password_is_sent_to_its_host_and_shown_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let other = Server::of("abc");
    let elsewhere = other.url("/b.pt?signature=s");
    let server = Server::start(move |request, stream| match request.header("authorization") {
        Some("Basic bWU6cEBzcw==") => {
            let location = format!("Location: {elsewhere}");
            say(stream, "302 Found", &[&location], b"")
        }
        _ => head(stream, "401 Unauthorized", &["Content-Length: 0"]),
    });
    let with = |user: &str| server.url("/a.pt?token=t").replace("//", &format!("//{user}@"));
    let path = hub::fetch_with(with("me:p%40ss"), &options(folder.path())).unwrap();
    assert_eq!(path, folder.path().join("a.pt"));
    assert_eq!(other.requests()[0].header("authorization"), None);

    let wrong = options(folder.path()).file_name("c.pt");
    let error = hub::fetch_with(with("me:secret"), &wrong).unwrap_err();
    assert!(matches!(error, HubError::Status { status: 401, attempts: 1, .. }), "{error}");
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains("secret") && !text.contains("=t"), "{text}");
    }
}
