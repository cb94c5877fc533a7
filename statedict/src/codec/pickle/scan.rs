//! Which classes and functions a pickle names: found without making its values, let alone running it.
//!
//! The stack and the memo are followed as far as names go, since `STACK_GLOBAL` takes its names from
//! there. Every opcode is seen once, so that the time is linear, and what is malformed only ends the scan.

use std::borrow::Cow;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use crate::codec::pickle::cursor::Cursor;
use crate::codec::pickle::literal::{raw_unicode, unescape};
use crate::codec::pickle::opcode;
use crate::codec::pickle::verdict::{Verdict, verdict};

/// A class or function that a pickle names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedGlobal {
    module: String,
    name: String,
    offset: u64,
    opcode: &'static str,
    verdict: Verdict,
}

impl ScannedGlobal {
    /// The module; empty where it is not in the pickle in plain text.
    pub fn module(&self) -> &str {
        &self.module
    }

    /// The name within the module.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the opcode is that names it, in bytes from the start of the pickle.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The opcode, as Python's `pickletools` calls it.
    pub fn opcode(&self) -> &'static str {
        self.opcode
    }

    /// What it means for who would load the file.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }
}

/// What was found in a pickle.
#[derive(Debug, Default)]
pub(crate) struct PickleScan {
    pub(crate) globals: Vec<ScannedGlobal>,
    /// How many bytes the pickle has, with its STOP, or how many were understood.
    pub(crate) len: usize,
    /// Why it does not end as a pickle does.
    pub(crate) problem: Option<String>,
    /// The files within it that loading would load too, and where in it that happens.
    pub(crate) nested: Vec<(usize, Vec<u8>)>,
}

/// What is known of a value on the stack.
#[derive(Clone, Copy)]
enum Item<'p> {
    Mark,
    /// UTF-8.
    Text(&'p [u8]),
    /// Text with escapes, as the opcode `UNICODE` has it.
    Escaped(&'p [u8]),
    /// Text in quotes, as the opcode `STRING` has it.
    Quoted(&'p [u8]),
    Bytes(Bytes<'p>),
    /// A tuple of nothing but bytes.
    OfBytes(Bytes<'p>),
    /// A tuple of text and its encoding.
    OfText(Bytes<'p>),
    /// The function that encodes text.
    Encode,
    /// The function that loads a file of bytes, by where it is among what was found.
    Load(usize),
    Other,
}

/// A `bytes` of the pickle.
#[derive(Clone, Copy)]
enum Bytes<'p> {
    Plain(&'p [u8]),
    /// Text in Latin-1: how protocols before 3 have bytes.
    Text(&'p [u8]),
    Escaped(&'p [u8]),
}

/// Scans the pickle at the start of `bytes`.
pub(crate) fn scan(bytes: &[u8]) -> PickleScan {
    let mut scanner = Scanner {
        input: Cursor::new(bytes),
        stack: Vec::new(),
        memo: Vec::new(),
        sparse: HashMap::new(),
        seen: HashSet::new(),
        found: PickleScan::default(),
    };
    scanner.found.problem = scanner.run();
    let mut found = scanner.found;
    found.len = scanner.input.position();
    found
}

struct Scanner<'p> {
    input: Cursor<'p>,
    stack: Vec<Item<'p>>,
    /// The memo, as far as its numbers follow each other.
    memo: Vec<Item<'p>>,
    sparse: HashMap<u64, Item<'p>>,
    /// Where files within the pickle start that are known.
    seen: HashSet<usize>,
    found: PickleScan,
}

impl<'p> Scanner<'p> {
    /// Runs until STOP, and says why there is none.
    fn run(&mut self) -> Option<String> {
        loop {
            let offset = self.input.position();
            let cut = || Some(format!("the pickle is cut short at byte {offset}"));
            let Ok(code) = self.input.u8() else { return cut() };
            if code == opcode::STOP {
                return None;
            }
            let Some(operand) = opcode::operand(code) else {
                return Some(format!("byte {offset} ({code:#04x}) is no opcode"));
            };
            let before = self.input.clone();
            if self.input.skip(operand).is_err() {
                return cut();
            }
            self.step(code, before, offset);
        }
    }

    fn step(&mut self, code: u8, mut operand: Cursor<'p>, offset: usize) {
        match code {
            opcode::GLOBAL | opcode::INST => {
                let (module, name) = (operand.line(), operand.line());
                let text = |line: Option<&[u8]>| {
                    line.and_then(|line| std::str::from_utf8(line).ok()).map(str::to_owned)
                };
                let item = self.note(text(module.ok()), text(name.ok()), code, offset);
                if code == opcode::INST {
                    self.pop_mark();
                    self.call(item, Item::Other, offset);
                } else {
                    self.stack.push(item);
                }
            }
            opcode::STACK_GLOBAL => {
                let (name, module) = (self.pop(), self.pop());
                let item = self.note(module.text(), name.text(), code, offset);
                self.stack.push(item);
            }
            // What the number stands for, only the Python that loads it knows.
            opcode::EXT1 | opcode::EXT2 | opcode::EXT4 => {
                let item = self.note(None, None, code, offset);
                self.stack.push(item);
            }
            opcode::SHORT_BINBYTES => self.push_bytes(operand, 1),
            opcode::BINBYTES => self.push_bytes(operand, 4),
            opcode::BINBYTES8 | opcode::BYTEARRAY8 => self.push_bytes(operand, 8),
            opcode::TUPLE1 | opcode::TUPLE2 => {
                let start = if code == opcode::TUPLE1 { 1 } else { 2 };
                self.tuple_from(self.stack.len().saturating_sub(start));
            }
            opcode::TUPLE => {
                let mark = self.stack.iter().rposition(|item| matches!(item, Item::Mark));
                self.tuple_from(mark.map_or(0, |mark| mark.saturating_add(1)));
                if let Some(mark) = mark {
                    self.stack.swap_remove(mark);
                }
            }
            opcode::REDUCE => {
                let (args, callee) = (self.pop(), self.pop());
                self.call(callee, args, offset);
            }
            opcode::OBJ => {
                let mark = self.stack.iter().rposition(|item| matches!(item, Item::Mark));
                let class = mark.and_then(|mark| self.stack.get(mark.saturating_add(1))).copied();
                self.pop_mark();
                self.call(class.unwrap_or(Item::Other), Item::Other, offset);
            }
            opcode::UNICODE => self.push_line(operand, Item::Escaped),
            opcode::STRING => self.push_line(operand, Item::Quoted),
            opcode::SHORT_BINUNICODE | opcode::SHORT_BINSTRING => self.push_text(operand, 1),
            opcode::BINUNICODE | opcode::BINSTRING => self.push_text(operand, 4),
            opcode::BINUNICODE8 => self.push_text(operand, 8),
            opcode::MARK => self.stack.push(Item::Mark),
            opcode::POP => drop(self.stack.pop()),
            opcode::POP_MARK => self.pop_mark(),
            opcode::DUP => {
                let top = self.stack.last().copied().unwrap_or(Item::Other);
                self.stack.push(top);
            }
            opcode::GET => {
                let item = number(operand.line().ok()).and_then(|index| self.memo_at(index));
                self.stack.push(item.unwrap_or(Item::Other));
            }
            opcode::BINGET => {
                let item = operand.u8().ok().and_then(|index| self.memo_at(index.into()));
                self.stack.push(item.unwrap_or(Item::Other));
            }
            opcode::LONG_BINGET => {
                let item = operand.u32().ok().and_then(|index| self.memo_at(index.into()));
                self.stack.push(item.unwrap_or(Item::Other));
            }
            opcode::PUT => self.put(number(operand.line().ok())),
            opcode::BINPUT => self.put(operand.u8().ok().map(u64::from)),
            opcode::LONG_BINPUT => self.put(operand.u32().ok().map(u64::from)),
            opcode::MEMOIZE => {
                let count = self.memo.len().saturating_add(self.sparse.len());
                self.put(u64::try_from(count).ok());
            }
            _ => self.take_and_push(code),
        }
    }

    /// The opcodes that only take values from the stack and put values there.
    fn take_and_push(&mut self, code: u8) {
        let (taken, pushed) = match code {
            opcode::PROTO | opcode::FRAME | opcode::READONLY_BUFFER => (0, 0),
            opcode::APPENDS | opcode::SETITEMS | opcode::ADDITEMS => {
                self.pop_mark();
                (0, 0)
            }
            opcode::LIST | opcode::DICT | opcode::FROZENSET => {
                self.pop_mark();
                (0, 1)
            }
            opcode::BUILD | opcode::APPEND => (1, 0),
            opcode::SETITEM => (2, 0),
            opcode::BINPERSID => (1, 1),
            opcode::NEWOBJ => (2, 1),
            opcode::TUPLE3 | opcode::NEWOBJ_EX => (3, 1),
            _ => (0, 1),
        };
        self.stack.truncate(self.stack.len().saturating_sub(taken));
        if pushed > 0 {
            self.stack.push(Item::Other);
        }
    }

    fn pop(&mut self) -> Item<'p> {
        self.stack.pop().unwrap_or(Item::Other)
    }

    fn pop_mark(&mut self) {
        while let Some(item) = self.stack.pop() {
            if matches!(item, Item::Mark) {
                return;
            }
        }
    }

    fn push_line(&mut self, mut operand: Cursor<'p>, item: impl Fn(&'p [u8]) -> Item<'p>) {
        self.stack.push(operand.line().map_or(Item::Other, item));
    }

    fn push_text(&mut self, mut operand: Cursor<'p>, width: usize) {
        self.stack.push(operand.counted(width).map_or(Item::Other, Item::Text));
    }

    fn push_bytes(&mut self, mut operand: Cursor<'p>, width: usize) {
        let bytes = operand.counted(width).map(|bytes| Item::Bytes(Bytes::Plain(bytes)));
        self.stack.push(bytes.unwrap_or(Item::Other));
    }

    /// Makes a tuple of the values from a height of the stack on.
    fn tuple_from(&mut self, start: usize) {
        let tuple = match *self.stack.get(start..).unwrap_or_default() {
            [Item::Bytes(bytes)] => Item::OfBytes(bytes),
            [text, codec] if codec.text().as_deref() == Some("latin1") => match text {
                Item::Text(text) => Item::OfText(Bytes::Text(text)),
                Item::Escaped(line) => Item::OfText(Bytes::Escaped(line)),
                _ => Item::Other,
            },
            _ => Item::Other,
        };
        self.stack.truncate(start);
        self.stack.push(tuple);
    }

    /// Notes what a call loads: a file within the pickle that can be read here, or something hidden.
    fn call(&mut self, callee: Item<'p>, args: Item<'p>, offset: usize) {
        let value = match (callee, args) {
            (Item::Encode, Item::OfText(bytes)) => Item::Bytes(bytes),
            (Item::Load(global), args) => {
                self.load(global, args, offset);
                Item::Other
            }
            _ => Item::Other,
        };
        self.stack.push(value);
    }

    /// Notes a file within the pickle, or that nobody can tell what is loaded.
    fn load(&mut self, global: usize, args: Item<'p>, offset: usize) {
        let file = match args {
            // One that is loaded again is the same.
            Item::OfBytes(bytes) if !self.seen.insert(bytes.address()) => return,
            Item::OfBytes(bytes) => bytes.to_vec(),
            _ => None,
        };
        match (file, self.found.globals.get_mut(global)) {
            (Some(file), _) => self.found.nested.push((offset, file)),
            (None, Some(global)) => global.verdict = Verdict::Hidden,
            (None, None) => {}
        }
    }

    fn memo_at(&self, index: u64) -> Option<Item<'p>> {
        let near = usize::try_from(index).ok().and_then(|index| self.memo.get(index));
        near.or_else(|| self.sparse.get(&index)).copied()
    }

    fn put(&mut self, index: Option<u64>) {
        let Some(index) = index else { return };
        let item = self.stack.last().copied().unwrap_or(Item::Other);
        let near = usize::try_from(index).unwrap_or(usize::MAX);
        if let Some(place) = self.memo.get_mut(near) {
            *place = item;
        } else if near == self.memo.len() && !self.sparse.contains_key(&index) {
            self.memo.push(item);
        } else {
            self.sparse.insert(index, item);
        }
    }

    /// Notes a class or function that is named, and returns what is known of it.
    fn note(
        &mut self,
        module: Option<String>,
        name: Option<String>,
        code: u8,
        offset: usize,
    ) -> Item<'p> {
        let item = match (module.as_deref(), name.as_deref()) {
            (Some("_codecs"), Some("encode")) => Item::Encode,
            (Some("torch.storage"), Some("_load_from_bytes")) => {
                Item::Load(self.found.globals.len())
            }
            _ => Item::Other,
        };
        let verdict = match (&module, &name) {
            (Some(module), Some(name)) => verdict(module, name),
            _ => Verdict::Hidden,
        };
        self.found.globals.push(ScannedGlobal {
            module: module.unwrap_or_default(),
            name: name.unwrap_or_default(),
            offset: offset.try_into().unwrap_or(u64::MAX),
            opcode: opcode::name(code).unwrap_or_default(),
            verdict,
        });
        item
    }
}

impl Item<'_> {
    /// The text, where it is one.
    fn text(self) -> Option<String> {
        let bytes: Cow<'_, [u8]> = match self {
            Item::Text(text) => text.into(),
            Item::Escaped(line) => raw_unicode(line)?.into(),
            Item::Quoted(line) => {
                let line = line.trim_ascii();
                let inner = match line {
                    [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => inner,
                    _ => return None,
                };
                unescape(inner)?.into()
            }
            _ => return None,
        };
        String::from_utf8(bytes.into_owned()).ok()
    }
}

impl Bytes<'_> {
    /// The bytes; `None` where the text is not in Latin-1.
    fn to_vec(self) -> Option<Vec<u8>> {
        let text = match self {
            Bytes::Plain(bytes) => return Some(bytes.to_vec()),
            Bytes::Text(text) => Cow::Borrowed(std::str::from_utf8(text).ok()?),
            Bytes::Escaped(line) => Cow::Owned(String::from_utf8(raw_unicode(line)?).ok()?),
        };
        text.chars().map(|char| u8::try_from(char).ok()).collect()
    }

    /// What tells these bytes from others of the pickle.
    fn address(self) -> usize {
        let (Bytes::Plain(bytes) | Bytes::Text(bytes) | Bytes::Escaped(bytes)) = self;
        bytes.as_ptr().addr()
    }
}

/// The number that a line says.
fn number(line: Option<&[u8]>) -> Option<u64> {
    std::str::from_utf8(line?).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pickle: &[u8]) -> Vec<(String, u64, Verdict)> {
        let scan = scan(pickle);
        scan.globals
            .iter()
            .map(|global| {
                (format!("{}.{}", global.module, global.name), global.offset, global.verdict)
            })
            .collect()
    }

    #[test]
    fn names_are_found_wherever_they_are() {
        let plain = b"\x80\x02ccollections\nOrderedDict\n)R.";
        assert_eq!(found(plain), [("collections.OrderedDict".to_owned(), 2, Verdict::Known)]);
        assert_eq!(scan(plain).len, plain.len());
        let expected = [("os.system".to_owned(), 0, Verdict::Dangerous)];
        assert_eq!(found(b"cos\nsystem\n(S'ls'\ntR."), expected);
        assert_eq!(
            found(b"(S'ls'\nios\nsystem\n."),
            [("os.system".to_owned(), 7, Verdict::Dangerous)]
        );
        // From the stack, by way of the memo, with something between, and with escapes.
        for pickle in [
            &b"\x8c\x02os\x8c\x06system\x93."[..],
            b"\x8c\x06system\x940\x8c\x02os\x94h\x00\x93.",
            b"\x8c\x02os(]0N1\x8c\x06system\x93.",
            b"V\\u006fs\nS'sys\\x74em'\n\x93.",
            b"\x8c\x06systemr\x00\x00\x00\x7f0\x8c\x02osj\x00\x00\x00\x7f\x93.",
        ] {
            let found = found(pickle);
            assert_eq!(found.len(), 1);
            assert_eq!((found[0].0.as_str(), found[0].2), ("os.system", Verdict::Dangerous));
        }
    }

    #[test]
    fn a_name_that_is_made_while_loading_is_hidden() {
        assert_eq!(found(b"\x8c\x02os\x8c\x01a\x85R\x93.")[0].2, Verdict::Hidden);
        assert_eq!(found(b"\x82\x07.")[0].2, Verdict::Hidden);
        assert_eq!(found(b"\x93.")[0].2, Verdict::Hidden);
    }

    #[test]
    fn what_is_no_pickle_says_so_and_keeps_what_was_found() {
        let cut = scan(b"cos\nsystem\n(S'ls");
        assert_eq!((cut.globals.len(), cut.problem.is_some()), (1, true));
        assert!(scan(b"N\xff").problem.unwrap().contains("byte 1 (0xff)"));
    }
}
