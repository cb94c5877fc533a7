//! The classes of a program's code: which of them are modules, and what these call parameters and buffers.
//!
//! The code is Python as TorchScript prints it. A module is a class of `Module`, and its first lines are lists
//! of names; nothing else of the code is looked at.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use crate::codec::read::error::ReadError;
use crate::codec::read::zip::Archive;
use crate::value::raw::{Global, Raw, Text};
use crate::value::{Dict, Graph, Kind, Value};

/// A class of modules.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) parameters: Vec<String>,
    pub(super) buffers: Vec<String>,
}

/// The classes of one file; `None` for those that are no modules.
type File = HashMap<String, Option<Arc<Class>>>;

/// The classes that a pickle names.
pub(super) struct Classes {
    /// By where the pickle has their two names.
    named: HashMap<[Text; 2], Option<Arc<Class>>>,
}

/// The beginning of the modules of classes that are not written in the code: those of C++.
const NATIVE: &str = "__torch__.torch.classes";

/// The beginning of the modules that are.
const CODE: &str = "__torch__";

impl Classes {
    /// Reads the code of the classes that values are of, at most `limit` bytes of it.
    pub(super) fn read(
        archive: &Archive,
        graph: &Graph<'_>,
        limit: u64,
    ) -> Result<Self, ReadError> {
        let mut files: HashMap<String, File> = HashMap::new();
        let mut named = HashMap::new();
        let mut left = limit;
        for index in 0u32.. {
            let Some(global) = graph.global_name(index) else { break };
            let Global { module, name } = global;
            if named.contains_key(&[module, name]) {
                continue;
            }
            let (path, class) = (graph.str(module), graph.str(name));
            let rest = path.strip_prefix(CODE);
            let is_code = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            if !is_code || path.starts_with(NATIVE) {
                continue;
            }
            if !files.contains_key(path) {
                files.insert(path.to_owned(), file(archive, path, &mut left)?);
            }
            let found = files.get(path).and_then(|file| file.get(class)).ok_or_else(|| {
                ReadError::Damaged {
                    part: format!("`{}`", member(archive, path)),
                    offset: 0,
                    expected: format!("a class `{class}`, of which the pickle has values").into(),
                    found: "none".to_owned(),
                }
            })?;
            named.insert([module, name], found.clone());
        }
        Ok(Classes { named })
    }

    /// The class of a value that is a module.
    pub(super) fn of(&self, value: Value<'_>) -> Option<&Class> {
        let Kind::Object(object) = value.kind() else { return None };
        let Raw::Global(index) = object.class().raw() else { return None };
        let Global { module, name } = value.graph().global_name(index)?;
        self.named.get(&[module, name])?.as_deref()
    }
}

/// The attributes of a module.
pub(super) fn attributes(module: Value<'_>) -> Option<Dict<'_>> {
    match module.kind() {
        Kind::Object(object) => object.state().as_dict(),
        _ => None,
    }
}

fn member(archive: &Archive, module: &str) -> String {
    format!("{}/{}", archive.directory.root(), path_of(module))
}

/// The file of a module's code within the archive's folder.
fn path_of(module: &str) -> String {
    format!("code/{}.py", module.replace('.', "/"))
}

fn file(archive: &Archive, module: &str, left: &mut u64) -> Result<File, ReadError> {
    let path = path_of(module);
    let member = || member(archive, module);
    let index =
        archive.directory.find(&path).ok_or_else(|| ReadError::Missing { member: member() })?;
    let code = archive.read_member(index, *left, "pickle_bytes")?;
    *left = left.saturating_sub(u64::try_from(code.len()).unwrap_or(u64::MAX));
    parse(&code).map_err(|(offset, expected)| ReadError::Damaged {
        part: format!("`{}`", member()),
        offset: u64::try_from(offset).unwrap_or(u64::MAX),
        expected: expected.into(),
        found: "something else".to_owned(),
    })
}

/// What is wrong with a file of code: where, and what was expected.
type Problem = (usize, &'static str);

/// Finds the classes of a file.
fn parse(code: &[u8]) -> Result<File, Problem> {
    let mut classes = File::new();
    let mut current: Option<(String, Option<Class>)> = None;
    let mut offset = 0usize;
    for line in code.split(|&byte| byte == b'\n') {
        let at = offset;
        offset = offset.saturating_add(line.len()).saturating_add(1);
        if let Some(head) = line.strip_prefix(b"class ") {
            finish(&mut classes, current.take(), at)?;
            let expected = "a class and its name";
            let head = std::str::from_utf8(head).map_err(|_| (at, expected))?;
            let end = head.find(['(', ':']).ok_or((at, expected))?;
            let (name, rest) = head.split_at_checked(end).ok_or((at, expected))?;
            let is_module = rest.starts_with("(Module)");
            current = Some((name.to_owned(), is_module.then(Class::default)));
        } else if let Some((_, Some(class))) = &mut current {
            let list = |name: &[u8]| {
                let rest = line.trim_ascii_start().strip_prefix(name)?.trim_ascii_start();
                rest.strip_prefix(b"=").map(<[u8]>::trim_ascii)
            };
            let wrong = |()| (at, "a list of names in quotes");
            if let Some(names) = list(b"__parameters__") {
                class.parameters = strings(names).map_err(wrong)?;
            } else if let Some(names) = list(b"__buffers__") {
                class.buffers = strings(names).map_err(wrong)?;
            }
        }
    }
    finish(&mut classes, current, offset)?;
    Ok(classes)
}

fn finish(
    classes: &mut File,
    class: Option<(String, Option<Class>)>,
    at: usize,
) -> Result<(), Problem> {
    let Some((name, class)) = class else { return Ok(()) };
    match classes.insert(name, class.map(Arc::new)) {
        None => Ok(()),
        Some(_) => Err((at, "classes of different names")),
    }
}

/// Reads a list of strings as TorchScript prints it: `["weight", "bias", ]`.
fn strings(list: &[u8]) -> Result<Vec<String>, ()> {
    let mut rest = list.strip_prefix(b"[").ok_or(())?.trim_ascii_start();
    let mut found = Vec::new();
    loop {
        let (&quote, after) = rest.split_first().ok_or(())?;
        if quote == b']' {
            return if after.is_empty() { Ok(found) } else { Err(()) };
        }
        if !matches!(quote, b'"' | b'\'') {
            return Err(());
        }
        let (text, after) = string(quote, after)?;
        found.push(text);
        rest = after.trim_ascii_start();
        match rest.strip_prefix(b",") {
            Some(after) => rest = after.trim_ascii_start(),
            None if rest.starts_with(b"]") => {}
            None => return Err(()),
        }
    }
}

/// Reads a string up to its closing quote. What is no printable ASCII is printed as escapes of bytes.
fn string(quote: u8, mut rest: &[u8]) -> Result<(String, &[u8]), ()> {
    let mut bytes = Vec::new();
    loop {
        let (&byte, after) = rest.split_first().ok_or(())?;
        rest = after;
        if byte == quote {
            return Ok((String::from_utf8(bytes).map_err(|_| ())?, rest));
        }
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let (&escape, after) = rest.split_first().ok_or(())?;
        rest = after;
        bytes.push(match escape {
            b'a' => 7,
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'v' => 11,
            b'f' => 12,
            b'r' => b'\r',
            b'\\' | b'"' | b'\'' => escape,
            b'0'..=b'3' => {
                let (digits, after) = rest.split_at_checked(2).ok_or(())?;
                rest = after;
                digits.iter().try_fold(escape - b'0', |number, digit| match digit {
                    b'0'..=b'7' => Ok(number * 8 + (digit - b'0')),
                    _ => Err(()),
                })?
            }
            _ => return Err(()),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &[u8] = br#"class Net(Module):
  __parameters__ = ["p", "a\"b\303\244\n", ]
  __buffers__ = []
  training : bool
  fc : __torch__.torch.nn.modules.linear.Linear
  def forward(self: __torch__.Net,
    x: Tensor) -> Tensor:
    return x
class K:
  x : Tensor
class Pair(NamedTuple):
  __parameters__ = ["no"]
"#;

    #[test]
    fn modules_are_told_from_other_classes() {
        let classes = parse(CODE).unwrap();
        assert_eq!(classes.len(), 3);
        let net = classes["Net"].as_deref().unwrap();
        assert_eq!(net.parameters, ["p", "a\"b\u{e4}\n"]);
        assert!(net.buffers.is_empty());
        assert!(classes["K"].is_none() && classes["Pair"].is_none());
    }

    #[test]
    fn lists_that_are_none_are_refused() {
        for list in [
            &b""[..],
            b"[",
            b"[\"a\"",
            b"[\"a\" \"b\"]",
            b"[a]",
            b"[\"\\9\"]",
            b"[\"\\37\"]",
            b"[\"\\377\"]",
            b"[] x",
        ] {
            assert!(strings(list).is_err(), "{:?}", String::from_utf8_lossy(list));
        }
        assert_eq!(strings(b"['a', \"b\",]").unwrap(), ["a", "b"]);
        assert!(parse(b"class A(Module):\nclass A(Module):\n").is_err());
    }
}
