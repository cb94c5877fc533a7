//! What the program was asked to do.

use std::path::{Path, PathBuf};

use crate::Outcome;

/// What can be measured by itself, with `--only`.
pub(crate) const GROUPS: &[&str] =
    &["gib", "bf16", "save", "many", "million", "resnet", "legacy", "keys", "modules", "small"];

pub(crate) struct Options {
    /// A sixteenth of everything, and fewer rounds: to see that it works.
    pub(crate) quick: bool,
    pub(crate) rounds: usize,
    /// Whether to leave the files where they are.
    pub(crate) keep: bool,
    pub(crate) groups: Vec<String>,
    pub(crate) json: Option<PathBuf>,
    folder: Option<PathBuf>,
}

const USAGE: &str =
    "options: --quick, --rounds N, --only GROUP,…, --json FILE, --folder FOLDER, --keep";

impl Options {
    pub(crate) fn parse(arguments: &[String]) -> Outcome<Self> {
        let mut options = Options {
            quick: false,
            rounds: 0,
            keep: false,
            groups: GROUPS.iter().map(|&group| group.to_owned()).collect(),
            json: None,
            folder: None,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(USAGE);
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--keep" => options.keep = true,
                "--rounds" => options.rounds = value()?.parse()?,
                "--json" => options.json = Some(value()?.into()),
                "--folder" => options.folder = Some(value()?.into()),
                "--only" => {
                    options.groups = value()?.split(',').map(str::to_owned).collect();
                    let unknown = |group: &&String| !GROUPS.contains(&group.as_str());
                    if let Some(group) = options.groups.iter().find(unknown) {
                        return Err(format!("no group {group}; there are {GROUPS:?}").into());
                    }
                }
                _ => return Err(USAGE.into()),
            }
        }
        if options.rounds == 0 {
            options.rounds = if options.quick { 3 } else { 7 };
        }
        Ok(options)
    }

    pub(crate) fn has(&self, group: &str) -> bool {
        self.groups.iter().any(|known| known == group)
    }

    /// The folder for the files: a temporary one, unless one was named.
    pub(crate) fn folder(&self) -> Outcome<Folder> {
        match &self.folder {
            Some(folder) => {
                std::fs::create_dir_all(folder)?;
                Ok(Folder::Named(folder.clone()))
            }
            None => Ok(Folder::Temporary(tempfile::tempdir()?)),
        }
    }
}

/// Where the files are.
pub(crate) enum Folder {
    /// What is made there stays, and is used again.
    Named(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Folder::Named(path) => path,
            Folder::Temporary(folder) => folder.path(),
        }
    }

    /// Leaves the files where they are.
    pub(crate) fn keep(self) -> PathBuf {
        match self {
            Folder::Named(path) => path,
            Folder::Temporary(folder) => folder.keep(),
        }
    }
}
