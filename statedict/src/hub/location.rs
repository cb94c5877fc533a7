//! Where a checkpoint is: a path, an address, or a name of a scheme.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::hub::address::{self, Address};
use crate::hub::error::HubError;
use crate::hub::schemes::Schemes;

/// More names in a row than anybody writes are a circle.
const MAX_NAMES: usize = 16;

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

/// Where the names of the schemes lead.
#[derive(Debug)]
pub(super) enum Resolved {
    Path(PathBuf),
    Web(Address),
}

/// Follows names until there is a path or an address; and the first scheme, for the log.
pub(super) fn resolve(location: &OsStr, schemes: &Schemes) -> Result<(Resolved, String), HubError> {
    let mut text: OsString = location.to_owned();
    let mut backend = None;
    for _ in 0..MAX_NAMES {
        match Location::parse(&text)? {
            Location::Path(path) => {
                return Ok((Resolved::Path(path), backend.unwrap_or_else(|| "local".to_owned())));
            }
            Location::Web(address) => {
                let backend = backend.unwrap_or_else(|| "http".to_owned());
                return Ok((Resolved::Web(address), backend));
            }
            Location::Named { scheme, name } => {
                text = schemes.find(&scheme, &name)?.to_owned();
                backend.get_or_insert(scheme);
            }
        }
    }
    Err(HubError::SchemeLoop { location: location.to_string_lossy().into_owned() })
}

/// Whether this can stand before `://`: as RFC 3986 has it, and an underscore.
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

    #[test]
    fn names_lead_to_names_but_not_in_a_circle() {
        let mut schemes = Schemes::new();
        schemes.insert("torchvision", "old", "torchvision://new").unwrap();
        schemes.insert("torchvision", "new", "http://h/new.pth").unwrap();
        schemes.insert("a", "x", "b://x").unwrap();
        schemes.insert("b", "x", "a://x").unwrap();
        let (found, backend) = resolve(OsStr::new("torchvision://old"), &schemes).unwrap();
        assert!(matches!(found, Resolved::Web(address) if address.shown() == "http://h/new.pth"));
        assert_eq!(backend, "torchvision");
        let error = resolve(OsStr::new("a://x"), &schemes).unwrap_err();
        assert!(matches!(error, HubError::SchemeLoop { .. }), "{error}");
    }
}
