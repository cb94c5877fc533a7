//! Where torch.hub keeps what it downloaded, and under which name.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::hub::address::Address;
use crate::hub::error::HubError;
use crate::hub::location::expand_user;
use crate::hub::options::Options;

/// The suffix of a file's name while it is downloaded.
pub(super) const PARTIAL: &str = ".partial";
/// The suffix of the note of how far it is.
pub(super) const PARTIAL_NOTE: &str = ".partial.json";
/// The suffix of the file that is locked.
pub(super) const LOCK: &str = ".lock";
/// The suffix of the note of its address.
pub(super) const SOURCE: &str = ".source";

/// The folder of torch.hub's downloads, which is ours too: `torch.hub.get_dir()` and `checkpoints`.
///
/// That is `$TORCH_HOME/hub/checkpoints`, or `$XDG_CACHE_HOME/torch/hub/checkpoints`, or
/// `~/.cache/torch/hub/checkpoints`; the first whose variable is set, even if it is empty, as in PyTorch.
/// (What `torch.hub.set_dir` was told in a Python process cannot be known here:
/// [`Options::directory`].)
///
/// ```no_run
/// println!("{}", statedict::hub::cache_directory()?.display());
/// # Ok::<(), statedict::hub::HubError>(())
/// ```
///
/// # Errors
/// Where none of the variables is set and there is no home folder.
pub fn cache_directory() -> Result<PathBuf, HubError> {
    directory_for(|name| std::env::var_os(name))
}

fn directory_for(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, HubError> {
    let torch_home = match (variable("TORCH_HOME"), variable("XDG_CACHE_HOME")) {
        (Some(home), _) => PathBuf::from(home),
        (None, Some(cache)) => PathBuf::from(cache).join("torch"),
        (None, None) => PathBuf::from("~/.cache/torch"),
    };
    let expanded = expand_user(&torch_home);
    // Python would look up the home of that user, or leave a folder with this name in the current one.
    if expanded.to_string_lossy().starts_with('~') {
        let reason = format!("cannot tell which folder {} is", expanded.display());
        return Err(HubError::NoCache { reason });
    }
    Ok(expanded.join("hub").join("checkpoints"))
}

/// The file in the cache for an address.
pub(super) fn file_for(address: &Address, options: &Options) -> Result<PathBuf, HubError> {
    let name = options.file_name.as_deref().unwrap_or_else(|| address.file_name());
    let refused =
        |reason| HubError::FileName { address: address.to_string(), name: name.to_owned(), reason };
    if let Some(reason) = refusal(name) {
        return Err(refused(reason));
    }
    let folder = match &options.directory {
        Some(folder) => folder.clone(),
        None => cache_directory()?,
    };
    Ok(folder.join(name))
}

/// Why a file in the cache cannot have this name.
fn refusal(name: &str) -> Option<&'static str> {
    // On Windows a name with these would lead out of the folder, or into a stream of another file.
    let separators: &[char] = if cfg!(windows) { &['/', '\\', ':'] } else { &['/'] };
    match name {
        "" => Some("there is no name at the end of the address's path"),
        "." | ".." => Some("it is a folder's name"),
        _ if name.contains(separators) => Some("it is a path"),
        _ if name.contains(char::is_control) => Some("it has control characters"),
        _ if [PARTIAL, PARTIAL_NOTE, LOCK, SOURCE].iter().any(|end| name.ends_with(end)) => {
            Some("such names are for files beside those that are downloaded")
        }
        _ => None,
    }
}

/// A path with something added to its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder() {
        let folder = |home: Option<&str>, cache: Option<&str>| {
            directory_for(|name| match name {
                "TORCH_HOME" => home.map(OsString::from),
                "XDG_CACHE_HOME" => cache.map(OsString::from),
                other => panic!("{other}"),
            })
        };
        let user = std::env::home_dir().unwrap();
        assert_eq!(folder(Some("/t"), Some("/x")).unwrap(), Path::new("/t/hub/checkpoints"));
        assert_eq!(folder(None, Some("/x")).unwrap(), Path::new("/x/torch/hub/checkpoints"));
        assert_eq!(folder(None, None).unwrap(), user.join(".cache/torch/hub/checkpoints"));
        assert_eq!(folder(Some("~/t"), None).unwrap(), user.join("t/hub/checkpoints"));
        assert_eq!(folder(None, Some("~")).unwrap(), user.join("torch/hub/checkpoints"));
        assert_eq!(folder(Some(""), None).unwrap(), Path::new("hub/checkpoints"));
        assert!(matches!(folder(Some("~other/t"), None), Err(HubError::NoCache { .. })));
    }

    #[test]
    fn names() {
        let file = |address: &str, options: &Options| {
            file_for(&Address::parse(address).unwrap(), &options.clone().directory("/cache"))
        };
        let options = Options::new();
        assert_eq!(file("http://h/a/b.pt?c", &options).unwrap(), Path::new("/cache/b.pt"));
        assert_eq!(file("http://h/%2e%2e", &options).unwrap(), Path::new("/cache/%2e%2e"));
        let named = Options::new().file_name("c.pt");
        assert_eq!(file("http://h/", &named).unwrap(), Path::new("/cache/c.pt"));
        for wrong in [
            "",
            ".",
            "..",
            "/x",
            "a/../../x",
            "a\nb",
            "x.lock",
            "x.partial",
            "x.partial.json",
            "x.source",
        ] {
            let error = file("http://h/a.pt", &Options::new().file_name(wrong)).unwrap_err();
            assert!(matches!(error, HubError::FileName { .. }), "{wrong}: {error}");
        }
        assert!(file("http://h/a/", &options).is_err() && file("http://h/..", &options).is_err());
    }
}
