//! The path of the runtime crate where no attribute says it: a dependency may be renamed.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs;
use std::path::Path as FilePath;

use proc_macro2::Span;
use syn::{Ident, Path, parse_quote};

const CRATE: &str = "statedict";

/// The path of the runtime crate, by the name that the manifest of the crate that is compiled gives it.
pub(crate) fn path() -> Path {
    thread_local! {
        /// The last manifest and its name for the crate. An editor's server expands for several crates.
        static LAST: RefCell<Option<(OsString, String)>> = const { RefCell::new(None) };
    }
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let name = LAST.with_borrow_mut(|last| match last {
        Some((known, name)) if *known == folder => name.clone(),
        _ => {
            let name = name_in(FilePath::new(&folder)).unwrap_or_else(|| CRATE.to_owned());
            last.insert((folder, name)).1.clone()
        }
    });
    let name = Ident::new(&name, Span::call_site());
    parse_quote!(::#name)
}

/// The name of the crate in the manifest in `folder`, if it is renamed.
fn name_in(folder: &FilePath) -> Option<String> {
    let manifest = |folder: &FilePath| fs::read_to_string(folder.join("Cargo.toml")).ok();
    let own = manifest(folder)?;
    let inherited = || folder.ancestors().skip(1).filter_map(manifest);
    let name = renamed(&own, &own).or_else(|| inherited().find_map(|root| renamed(&root, &own)))?;
    let name = name.replace('-', "_");
    syn::parse_str::<Ident>(&name).is_ok().then_some(name)
}

/// The name by which a manifest declares the crate, if that is another, and `user` has a dependency of that name.
fn renamed(manifest: &str, user: &str) -> Option<String> {
    let dependencies = || dependencies(manifest);
    if dependencies().any(|(name, package)| name == CRATE && package.is_none()) {
        return None;
    }
    let is_used = |wanted: &str| self::dependencies(user).any(|(name, _)| name == wanted);
    let found = dependencies().find(|(name, package)| *package == Some(CRATE) && is_used(name));
    found.map(|(name, _)| name.to_owned())
}

/// What the lines of a manifest say of dependencies: each one's name, and its package where the line has it.
fn dependencies(manifest: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut table = "";
    manifest.lines().map(str::trim).filter_map(move |line| {
        if let Some(header) = line.strip_prefix('[') {
            table = header.split(']').next().unwrap_or_default();
        }
        let (outer, last) = table.rsplit_once('.').unwrap_or(("", table));
        // `package` in a table of the dependency's own, or `name = { package = … }` and `name.package = …`.
        let name = if outer.ends_with("dependencies") {
            last
        } else if last.ends_with("dependencies") && !line.starts_with(['[', '#']) {
            line.split([' ', '.', '=']).next().filter(|name| !name.is_empty())?
        } else {
            return None;
        };
        let (_, package) = line.split_once("package").unwrap_or_default();
        let package =
            package.trim_start().strip_prefix('=').and_then(|value| value.split('"').nth(1));
        Some((name.trim_matches('"'), package))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renamed_dependency_is_found() {
        for manifest in [
            "[dependencies]\nsd = { package = \"statedict\", version = \"1\" }",
            "[dependencies]\nother = \"1\"\nsd={version=\"1\",package=\"statedict\"}",
            "[dev-dependencies]\nsd.version = \"1\"\nsd.package = \"statedict\"",
            "[dependencies.sd]\nversion = \"1\"\npackage = \"statedict\"",
            "[target.'cfg(unix)'.dependencies]\nsd = { path = \"..\", package = \"statedict\" }",
        ] {
            assert_eq!(renamed(manifest, manifest).as_deref(), Some("sd"), "{manifest}");
        }
    }

    #[test]
    fn one_that_has_its_name_is_left_alone() {
        for manifest in [
            "",
            "[package]\nname = \"statedict\"",
            "[dependencies]\nstatedict = \"1\"",
            "[dependencies]\nsd = { package = \"statedict\" }\nstatedict = \"1\"",
            "[dependencies]\n# sd = { package = \"statedict\" }",
            "[dependencies]\nsd = { package = \"statedict-derive\" }",
            "[package.metadata]\nsd = { package = \"statedict\" }",
        ] {
            assert_eq!(renamed(manifest, manifest), None, "{manifest}");
        }
    }

    #[test]
    fn a_workspace_may_rename_it_for_those_who_use_it() {
        let root = "[workspace.dependencies]\nsd = { package = \"statedict\", version = \"1\" }";
        let user = "[dependencies]\nsd.workspace = true";
        assert_eq!(renamed(root, user).as_deref(), Some("sd"));
        assert_eq!(renamed(user, user), None);
        assert_eq!(renamed(root, "[dependencies]\nstatedict = \"1\""), None);
    }
}
