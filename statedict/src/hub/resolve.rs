//! Follows the names of schemes to a path or an address.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::hub::address::Address;
use crate::hub::error::HubError;
use crate::hub::location::Location;
use crate::hub::schemes::Schemes;

/// More names in a row than anybody writes are a circle.
const MAX_NAMES: usize = 16;

/// The end of a chain of names.
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

#[cfg(test)]
mod tests {
    use super::*;

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
