//! The name of the archive's root directory.

use std::path::Path;

use crate::codec::write::error::WriteError;

/// PyTorch's name where there is no file name to take one from.
pub(in crate::codec::write) const DEFAULT_ROOT: &str = "archive";

/// The name PyTorch gives the root directory of an archive at `path`: the file name up to its last
/// dot, where both `/` and `\` separate directories on every system; [`DEFAULT_ROOT`] for a path that
/// is not ASCII, because PyTorch then writes through a Python file object.
pub(in crate::codec::write) fn root_of_path(path: &Path) -> Result<String, WriteError> {
    let Some(text) = path.to_str().filter(|text| text.is_ascii()) else {
        return Ok(DEFAULT_ROOT.to_owned());
    };
    let name = text.rsplit(['/', '\\']).next().unwrap_or(text);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    if stem.is_empty() {
        return Err(WriteError::Root { name: path.to_owned() });
    }
    Ok(stem.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_pytorch_gives() {
        for (path, root) in [
            ("a.pt", "a"),
            ("b.tar.gz", "b.tar"),
            ("noext", "noext"),
            ("dir.x/c", "c"),
            ("dir\\d.pt", "d"),
            ("sp ace.pt", "sp ace"),
            ("x..pt", "x."),
            ("é.pt", "archive"),
            ("é/a.pt", "archive"),
        ] {
            assert_eq!(root_of_path(Path::new(path)).unwrap(), root, "{path}");
        }
        for path in [".hidden", ".pt", "dir/.pt", "dir/", ""] {
            assert!(
                matches!(root_of_path(Path::new(path)), Err(WriteError::Root { .. })),
                "{path}"
            );
        }
    }
}
