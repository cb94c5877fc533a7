//! Names that stand for locations: `torchvision://resnet18`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::path::Path;

use crate::hub::address;
use crate::hub::error::HubError;
use crate::hub::location::{self, Location};
use crate::hub::scheme_file::{self, Names};
use crate::key::nearest;

/// Schemes that are called by another name too: mmcv and mmengine treat them alike.
const ALSO: &[(&str, &str)] = &[("openmmlab", "open-mmlab"), ("modelzoo", "torchvision")];

/// The maps behind schemes of your own and of others: `open-mmlab://vgg16_caffe` is whatever the map of
/// `open-mmlab` says. No map comes with this crate: the addresses of others change without notice.
///
/// A name leads to an address, to a path, or to another name. Where it is there already, the newer
/// one counts, as in Python's `dict.update`. `openmmlab` is `open-mmlab`, and `modelzoo` is
/// `torchvision`, unless they are registered themselves.
///
/// ```
/// use statedict::hub::Schemes;
///
/// # fn main() -> Result<(), statedict::hub::HubError> {
/// let mut schemes = Schemes::new();
/// schemes.insert("lab", "tiny", "https://example.org/tiny-5c106cde.pth")?;
/// // What mmcv keeps in `open_mmlab.json`.
/// schemes.add_json("open-mmlab", r#"{"vgg16_caffe": "https://example.org/vgg16-292e1171.pth"}"#)?;
/// assert_eq!(schemes.names("open-mmlab").collect::<Vec<_>>(), ["vgg16_caffe"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Schemes {
    schemes: BTreeMap<String, BTreeMap<String, OsString>>,
}

impl Schemes {
    /// None.
    pub fn new() -> Self {
        Schemes::default()
    }

    /// Reads several schemes from one JSON file: `{"torchvision": {"resnet18": "https://…"}, "lab": {…}}`.
    /// Relative paths in it begin at the file's folder.
    ///
    /// # Errors
    /// Where the file cannot be read, is something else, or has a name twice.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, HubError> {
        let path = path.as_ref();
        let mut schemes = Schemes::new();
        for (scheme, names) in scheme_file::of_all(&read(path)?, Some(path))? {
            schemes.add(&scheme, names, Some(path))?;
        }
        Ok(schemes)
    }

    /// Registers one name.
    ///
    /// # Errors
    /// Where `scheme` cannot stand before `://`, or is `http` or `https`.
    pub fn insert(
        &mut self,
        scheme: &str,
        name: impl Into<String>,
        location: impl Into<OsString>,
    ) -> Result<(), HubError> {
        self.names_of(scheme, None)?.insert(name.into(), location.into());
        Ok(())
    }

    /// Registers the names of one scheme, from a JSON object of names and locations.
    ///
    /// # Errors
    /// As for [`insert`](Self::insert); where the text is something else, or has a name twice.
    pub fn add_json(&mut self, scheme: &str, json: &str) -> Result<(), HubError> {
        self.add(scheme, scheme_file::of_one(json, None)?, None)
    }

    /// As [`add_json`](Self::add_json), from a file: mmcv's `open_mmlab.json`, for example. Relative
    /// paths in it begin at the file's folder, which for mmcv is `$MMENGINE_HOME`.
    ///
    /// # Errors
    /// As for `add_json`, and where the file cannot be read.
    pub fn add_file(&mut self, scheme: &str, path: impl AsRef<Path>) -> Result<(), HubError> {
        let path = path.as_ref();
        self.add(scheme, scheme_file::of_one(&read(path)?, Some(path))?, Some(path))
    }

    /// The registered schemes, sorted.
    pub fn schemes(&self) -> impl Iterator<Item = &str> {
        self.schemes.keys().map(String::as_str)
    }

    /// The names of a scheme, sorted.
    pub fn names(&self, scheme: &str) -> impl Iterator<Item = &str> {
        self.scheme(scheme).into_iter().flat_map(|names| names.keys().map(String::as_str))
    }

    /// Returns the location that a name stands for.
    pub(super) fn find(&self, scheme: &str, name: &str) -> Result<&OsStr, HubError> {
        let names = self.scheme(scheme).ok_or_else(|| HubError::UnknownScheme {
            scheme: scheme.to_owned(),
            registered: self.schemes.keys().cloned().collect(),
        })?;
        names.get(name).map(OsString::as_os_str).ok_or_else(|| HubError::UnknownName {
            scheme: scheme.to_owned(),
            name: name.to_owned(),
            nearest: nearest(name, names.keys().map(String::as_str)).map(str::to_owned),
        })
    }

    fn scheme(&self, scheme: &str) -> Option<&BTreeMap<String, OsString>> {
        self.schemes.get(scheme).or_else(|| {
            let (_, other) = ALSO.iter().find(|(also, _)| *also == scheme)?;
            self.schemes.get(*other)
        })
    }

    fn names_of(
        &mut self,
        scheme: &str,
        file: Option<&Path>,
    ) -> Result<&mut BTreeMap<String, OsString>, HubError> {
        let lower = scheme.to_ascii_lowercase();
        if !location::is_scheme(&lower) || address::is_web(&format!("{lower}://")) {
            let reason = format!("`{scheme}` cannot be registered as a scheme");
            return Err(HubError::Schemes { path: file.map(Path::to_owned), reason });
        }
        Ok(self.schemes.entry(lower).or_default())
    }

    fn add(&mut self, scheme: &str, names: Names, file: Option<&Path>) -> Result<(), HubError> {
        let folder = file.and_then(Path::parent);
        let mut added = BTreeMap::new();
        for (name, location) in names {
            let location = match (Location::parse(OsStr::new(&location))?, folder) {
                (Location::Path(path), Some(folder)) => folder.join(path).into_os_string(),
                _ => location.into(),
            };
            added.insert(name, location);
        }
        self.names_of(scheme, file)?.extend(added);
        Ok(())
    }
}

/// Without the locations, which may hold passwords.
impl fmt::Debug for Schemes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |names: &BTreeMap<String, OsString>| names.keys().cloned().collect::<Vec<_>>();
        f.debug_map().entries(self.schemes.iter().map(|(scheme, of)| (scheme, names(of)))).finish()
    }
}

fn read(path: &Path) -> Result<String, HubError> {
    fs::read_to_string(path).map_err(HubError::io_at("read", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_mmcvs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("open_mmlab.json");
        let json =
            r#"{"vgg": "https://h/vgg.pth", "own": "models/own.pth", "old": "open-mmlab://vgg"}"#;
        fs::write(&path, json).unwrap();
        let mut schemes = Schemes::new();
        schemes.insert("open-mmlab", "vgg", "https://h/other.pth").unwrap();
        schemes.add_file("open-mmlab", &path).unwrap();
        let find = |name| schemes.find("openmmlab", name).unwrap();
        assert_eq!(find("vgg"), "https://h/vgg.pth");
        assert_eq!(format!("{schemes:?}"), r#"{"open-mmlab": ["old", "own", "vgg"]}"#);
        assert_eq!(find("old"), "open-mmlab://vgg");
        assert_eq!(find("own"), folder.path().join("models/own.pth").as_os_str());
    }

    #[test]
    fn a_file_of_several_schemes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("schemes.json");
        fs::write(&path, r#"{"Lab": {"a": "https://h/a.pt"}, "torchvision": {}}"#).unwrap();
        let schemes = Schemes::load(&path).unwrap();
        assert_eq!(schemes.schemes().collect::<Vec<_>>(), ["lab", "torchvision"]);
        assert_eq!(schemes.find("lab", "a").unwrap(), "https://h/a.pt");
        assert_eq!(schemes.names("modelzoo").count(), 0);
    }

    #[test]
    fn what_is_not_there_is_said_with_what_is() {
        let mut schemes = Schemes::new();
        let error = schemes.find("lab", "x").unwrap_err().to_string();
        assert_eq!(
            error,
            "lab:// is not a registered scheme; none is: give a map with Options::schemes"
        );
        schemes.insert("lab", "resnet18", "x").unwrap();
        let error = schemes.find("tab", "x").unwrap_err().to_string();
        assert_eq!(error, "tab:// is not a registered scheme; these are: lab");
        let error = schemes.find("lab", "resnet81").unwrap_err().to_string();
        assert_eq!(
            error,
            "lab://resnet81: the map of this scheme has no such name; it has `resnet18`"
        );
    }

    #[test]
    fn maps_that_are_none() {
        let mut schemes = Schemes::new();
        for wrong in ["[]", "{", r#"{"a": 1}"#, r#"{"a": "x", "a": "y"}"#, r#"{"a": {"b": "x"}}"#] {
            let error = schemes.add_json("lab", wrong).unwrap_err();
            assert!(matches!(error, HubError::Schemes { path: None, .. }), "{wrong}: {error}");
        }
        let error = schemes.add_json("lab", r#"{"a": "x", "a": "y"}"#).unwrap_err().to_string();
        assert!(error.contains("`a` twice"), "{error}");
        for wrong in ["http", "HTTPS", "", "a b", "a:b", "1a"] {
            assert!(schemes.insert(wrong, "a", "x").is_err(), "{wrong}");
        }
        assert_eq!(schemes, Schemes::new());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.json");
        assert!(matches!(Schemes::load(&path), Err(HubError::Io { .. })));
        fs::write(&path, r#"{"a": "x"}"#).unwrap();
        let error = Schemes::load(&path).unwrap_err().to_string();
        assert!(error.contains("map.json") && error.contains("expected"), "{error}");
    }
}
