//! Where a checkpoint is: a path, an address, or a name of a scheme.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::hub::address::{self, Address};
use crate::hub::error::HubError;

/// A location, taken apart.
#[derive(Debug)]
pub(super) enum Location {
    Path(PathBuf),
    Web(Address),
    Named { scheme: String, name: String },
}

impl Location {
    pub(super) fn parse(text: &OsStr) -> Result<Location, HubError> {
        let Some(text) = text.to_str() else { return Ok(Location::Path(PathBuf::from(text))) };
        if address::is_web(text) {
            return Address::parse(text).map(Location::Web);
        }
        Ok(match text.split_once("://") {
            Some((scheme, name)) if is_scheme(scheme) => {
                Location::Named { scheme: scheme.to_ascii_lowercase(), name: name.to_owned() }
            }
            _ => Location::Path(expand_user(Path::new(text))),
        })
    }
}

/// Returns `true` if this can stand before `://`: as RFC 3986 has it, and an underscore.
pub(super) fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_'))
}

/// `~` and `~/…` as the home folder, where there is one; anything else as it is.
pub(super) fn expand_user(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) if rest.as_os_str().is_empty() => home,
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Location {
        Location::parse(OsStr::new(text)).unwrap()
    }

    #[test]
    fn kinds_of_locations() {
        for path in ["model.pt", "a/b:c.pt", "C:\\a.pt", "./x://y", "1x://y", "", "~other/x.pt"] {
            assert!(
                matches!(parse(path), Location::Path(found) if found == Path::new(path)),
                "{path}"
            );
        }
        assert!(matches!(parse("Http://h/x.pt"), Location::Web(_)));
        let Location::Named { scheme, name } = parse("Open-MMLab://vgg16://x") else { panic!() };
        assert_eq!((scheme.as_str(), name.as_str()), ("open-mmlab", "vgg16://x"));
    }

    #[test]
    fn home() {
        let home = std::env::home_dir().unwrap();
        assert_eq!(expand_user(Path::new("~/a/b.pt")), home.join("a/b.pt"));
        assert_eq!(expand_user(Path::new("~")), home);
        assert_eq!(expand_user(Path::new("a/~")), Path::new("a/~"));
    }
}
