//! The cache of torch.hub is ours: what one of the two has downloaded, the other finds.

use std::path::{Path, PathBuf};

use serde_json::json;
use statedict::hub::{self, HashCheck, HubError, Options};
use statedict::prelude::*;
use statedict_tests::{TempDir, Torch, temp_dir, test_as_process};

/// The SHA-256 of `abc` begins so.
const ABC: &str = "ba7816bf";

/// A folder that is served, and one for caches.
struct Folders {
    served: TempDir,
    home: TempDir,
    url: String,
}

impl Folders {
    fn new(torch: &Torch) -> Folders {
        let (served, home) = (temp_dir(), temp_dir());
        let url = torch.get("hub.serve", json!({"folder": served.path()}));
        Folders { served, home, url }
    }

    fn cache(&self) -> PathBuf {
        self.home.path().join("hub/checkpoints")
    }

    fn options(&self) -> Options {
        Options::new().directory(self.cache()).environment_proxy(false).retries(0)
    }

    fn url(&self, name: &str) -> String {
        format!("{}/{name}", self.url)
    }

    /// Puts a state dict there with one key.
    fn serve(&self, name: &str, key: &str) {
        let mut map = StateMap::new();
        map.insert(key, TensorView::from_vec(vec![1.0f32], [1]).unwrap());
        map.save(self.served.path().join(name)).unwrap();
    }

    fn cached(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.cache()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| !name.ends_with(".source"));
        names.sort();
        names
    }
}

/// How many files were asked for.
fn requests(torch: &Torch, folders: &Folders) -> u64 {
    torch.get("hub.requests", json!({"url": folders.url}))
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn what_one_has_downloaded_the_other_finds() {
    let torch = Torch::start();
    let folders = Folders::new(&torch);
    folders.serve("ours.pt", "a");
    folders.serve("theirs.pt", "b");
    let (ours, theirs) = (folders.url("ours.pt?x=1"), folders.url("theirs.pt"));
    let path = hub::fetch_with(&ours, &folders.options()).unwrap();
    assert_eq!(path, folders.cache().join("ours.pt"));
    let load = |url: &str| -> Vec<String> {
        torch.get("hub.load", json!({"url": url, "home": folders.home.path()}))
    };
    assert_eq!(load(&theirs), ["b"]);
    assert_eq!(requests(&torch, &folders), 2);
    assert_eq!(folders.cached(), ["ours.pt", "theirs.pt"]);

    // Neither asks again, even if something else were there now.
    folders.serve("ours.pt", "c");
    folders.serve("theirs.pt", "c");
    assert_eq!(load(&ours), ["a"]);
    let path = hub::fetch_with(&theirs, &folders.options().offline(true)).unwrap();
    assert_eq!(StateMap::load(path).unwrap().keys().collect::<Vec<_>>(), ["b"]);
    assert_eq!(requests(&torch, &folders), 2);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn names_in_the_cache_are_torchs() {
    let torch = Torch::start();
    let cache = temp_dir();
    let urls = [
        "http://127.0.0.1:1/a/model-5c106cde.pth",
        "http://127.0.0.1:1/a/b.pt?download=1&x=/c.pt",
        "http://127.0.0.1:1/a/b.pt#/c.pt",
        "http://127.0.0.1:1/b.pt;version=2",
        "http://127.0.0.1:1/a;x/b.pt",
        "http://127.0.0.1:1/a%2Fb%20c.pt",
        "HTTP://127.0.0.1:1/x@y:z.pt",
        "http://127.0.0.1:1//a//b.pt",
    ];
    let names: Vec<String> = torch.get("hub.names", json!({"urls": urls}));
    for (url, name) in urls.iter().zip(&names) {
        std::fs::write(cache.path().join(name), "").unwrap();
        let options =
            Options::new().directory(cache.path()).check_hash(HashCheck::Off).offline(true);
        assert_eq!(hub::fetch_with(url, &options).unwrap(), cache.path().join(name), "{url}");
        std::fs::remove_file(cache.path().join(name)).unwrap();
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn hashes_in_names_are_torchs() {
    let torch = Torch::start();
    let cache = temp_dir();
    let names = [
        "resnet18-5c106cde.pth",
        "model-b.pth",
        "bert-base.pth",
        "llama-2.7b-0123456789abcdef.pt",
        "model-.pth",
        "model-5C106CDE.pth",
        "a--5c106cde.tar.gz",
        "plain",
    ];
    let hashes: Vec<Option<String>> = torch.get("hub.hashes", json!({"names": names}));
    assert_eq!(hashes.iter().flatten().count(), 5);
    for (name, hash) in names.iter().zip(&hashes) {
        // Its digest begins with none of these.
        std::fs::write(cache.path().join(name), "y").unwrap();
        let options = Options::new().directory(cache.path()).offline(true);
        let options = options.check_hash(HashCheck::Torch);
        let found = match hub::fetch_with(format!("http://h/{name}"), &options) {
            Err(HubError::Hash { expected, .. }) => Some(expected),
            Err(error) => panic!("{name}: {error}"),
            Ok(_) => None,
        };
        assert_eq!(found, hash.clone().filter(|hash| !hash.is_empty()), "{name}");
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_wrong_hash_is_refused_in_torchs_words() {
    let torch = Torch::start();
    let folders = Folders::new(&torch);
    let name = format!("a-{ABC}.pt");
    folders.serve(&name, "a");
    let args = json!({"url": folders.url(&name), "home": folders.home.path(), "check_hash": true});
    let theirs = torch.try_call("hub.load", args).unwrap_err();
    let ours = hub::fetch_with(folders.url(&name), &folders.options()).unwrap_err();
    assert!(ours.to_string().contains(&theirs.message), "{ours}\n{}", theirs.message);
    assert_eq!(folders.cached(), [""; 0]);
}

/// What our documentation says of torch.hub, and what we do instead.
#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn torch_takes_a_file_that_was_cut_off_and_we_do_not() {
    let torch = Torch::start();
    let folders = Folders::new(&torch);
    std::fs::write(folders.served.path().join("cut.bin"), "abcdef").unwrap();
    let url = folders.url("cut.bin");
    let error = hub::fetch_with(&url, &folders.options()).unwrap_err();
    assert!(matches!(error, HubError::Download { .. }), "{error}");
    assert_eq!(folders.cached(), [""; 0]);
    torch.call("hub.fetch", json!({"url": url, "home": folders.home.path()}));
    assert_eq!(std::fs::read(folders.cache().join("cut.bin")).unwrap(), b"abc");
}

/// Not a test of its own: what the next one runs with other variables.
#[test]
#[ignore = "run by the other test"]
fn say_the_cache_directory() {
    let directory = hub::cache_directory().unwrap();
    eprintln!("cache: {}", directory.display());
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn the_cache_is_where_torch_has_it() {
    let torch = Torch::start();
    for (home, cache) in [
        (None, None),
        (Some("/t"), None),
        (Some("/t"), Some("/x")),
        (None, Some("/x")),
        (Some("~/t"), None),
        (None, Some("~")),
        (Some(""), Some("/x")),
        (None, Some("")),
    ] {
        let mut command = test_as_process(say_the_cache_directory);
        for (name, value) in [("TORCH_HOME", home), ("XDG_CACHE_HOME", cache)] {
            command.env_remove(name).envs(value.map(|value| (name, value)));
        }
        let output = String::from_utf8(command.output().unwrap().stderr).unwrap();
        let ours = output.lines().find_map(|line| line.strip_prefix("cache: ")).expect(&output);
        let args = json!({"torch_home": home, "xdg_cache_home": cache});
        let theirs: PathBuf = torch.get("hub.directory", args);
        assert_eq!(Path::new(ours), theirs, "{home:?} {cache:?}");
    }
}
