//! Which classes and functions a pickle names: found without making its values, let alone running it.
//!
//! The stack and the memo are followed as far as names go, since `STACK_GLOBAL` takes its names from
//! there. Every opcode is seen once, so that the time is linear, and what is malformed only ends the scan.

use std::borrow::Cow;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use crate::codec::pickle::cursor::Cursor;
use crate::codec::pickle::findings::{ScanLimits, ScannedGlobal, Texts};
use crate::codec::pickle::opcode;
use crate::codec::pickle::scanned_value::{Bytes, Item, tuple};
use crate::codec::pickle::verdict::{Verdict, verdict};
use crate::value::Full;

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

/// Scans the pickle at the start of `bytes`.
pub(crate) fn scan(bytes: &[u8], limits: &mut ScanLimits) -> PickleScan {
    let mut scanner = Scanner {
        input: Cursor::new(bytes),
        limits,
        stack: Vec::new(),
        memo: Vec::new(),
        sparse: HashMap::new(),
        seen: HashSet::new(),
        texts: Texts::default(),
        found: PickleScan::default(),
    };
    scanner.found.problem = scanner.run();
    let Scanner { input, limits, stack, memo, mut found, .. } = scanner;
    let item = size_of::<Item<'_>>();
    limits.memory.give_back(stack.capacity().saturating_add(memo.capacity()).saturating_mul(item));
    found.len = input.position();
    found
}

/// More was found, or had to be kept, than the limits allow.
struct TooMuch;

impl From<Full> for TooMuch {
    fn from(_: Full) -> Self {
        TooMuch
    }
}

/// The memory of an entry of a map that has just doubled.
const MAPPED: usize = 96;

struct Scanner<'p, 'l> {
    input: Cursor<'p>,
    limits: &'l mut ScanLimits,
    stack: Vec<Item<'p>>,
    /// The memo, as far as its numbers follow each other.
    memo: Vec<Item<'p>>,
    sparse: HashMap<u64, Item<'p>>,
    /// Where files within the pickle start that are known.
    seen: HashSet<usize>,
    texts: Texts,
    found: PickleScan,
}

impl<'p> Scanner<'p, '_> {
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
            if self.step(code, before, offset).is_err() {
                return Some(format!(
                    "up to byte {offset} it names or keeps more than a file of its size has a use for"
                ));
            }
        }
    }

    fn step(&mut self, code: u8, mut operand: Cursor<'p>, offset: usize) -> Result<(), TooMuch> {
        match code {
            opcode::GLOBAL | opcode::INST => {
                let (module, name) = (operand.line(), operand.line());
                let text = |line: Result<&'p [u8], _>| line.map_or(Item::Other, Item::Text);
                let item = self.note(text(module), text(name), code, offset)?;
                if code == opcode::INST {
                    self.pop_mark();
                    self.call(item, Item::Other, offset)?;
                } else {
                    self.push(item)?;
                }
            }
            opcode::STACK_GLOBAL => {
                let (name, module) = (self.pop(), self.pop());
                let item = self.note(module, name, code, offset)?;
                self.push(item)?;
            }
            // What the number stands for, only the Python that loads it knows.
            opcode::EXT1 | opcode::EXT2 | opcode::EXT4 => {
                let item = self.note(Item::Other, Item::Other, code, offset)?;
                self.push(item)?;
            }
            opcode::SHORT_BINBYTES => self.push_bytes(operand, 1)?,
            opcode::BINBYTES => self.push_bytes(operand, 4)?,
            opcode::BINBYTES8 | opcode::BYTEARRAY8 => self.push_bytes(operand, 8)?,
            opcode::TUPLE1 | opcode::TUPLE2 => {
                let last = self.pop();
                let tuple = match code {
                    opcode::TUPLE1 => tuple(&[last]),
                    _ => tuple(&[self.pop(), last]),
                };
                self.push(tuple)?;
            }
            opcode::TUPLE => {
                let mark = self.stack.iter().rposition(|item| matches!(item, Item::Mark));
                let start = mark.map_or(0, |mark| mark.saturating_add(1));
                let tuple = tuple(self.stack.get(start..).unwrap_or_default());
                self.stack.truncate(mark.unwrap_or(0));
                self.push(tuple)?;
            }
            opcode::REDUCE => {
                let (args, callee) = (self.pop(), self.pop());
                self.call(callee, args, offset)?;
            }
            opcode::OBJ => {
                let mark = self.stack.iter().rposition(|item| matches!(item, Item::Mark));
                let class = mark.and_then(|mark| self.stack.get(mark.saturating_add(1))).copied();
                self.pop_mark();
                self.call(class.unwrap_or(Item::Other), Item::Other, offset)?;
            }
            opcode::UNICODE => self.push_line(operand, Item::Escaped)?,
            opcode::STRING => self.push_line(operand, Item::Quoted)?,
            opcode::SHORT_BINUNICODE | opcode::SHORT_BINSTRING => self.push_text(operand, 1)?,
            opcode::BINUNICODE | opcode::BINSTRING => self.push_text(operand, 4)?,
            opcode::BINUNICODE8 => self.push_text(operand, 8)?,
            opcode::MARK => self.push(Item::Mark)?,
            opcode::POP => drop(self.pop()),
            opcode::POP_MARK => self.pop_mark(),
            opcode::DUP => {
                let top = self.top();
                self.push(top)?;
            }
            opcode::GET => {
                let item = number(operand.line().ok()).and_then(|index| self.memo_at(index));
                self.push(item.unwrap_or(Item::Other))?;
            }
            opcode::BINGET => {
                let item = operand.u8().ok().and_then(|index| self.memo_at(index.into()));
                self.push(item.unwrap_or(Item::Other))?;
            }
            opcode::LONG_BINGET => {
                let item = operand.u32().ok().and_then(|index| self.memo_at(index.into()));
                self.push(item.unwrap_or(Item::Other))?;
            }
            opcode::PUT => self.put(number(operand.line().ok()))?,
            opcode::BINPUT => self.put(operand.u8().ok().map(u64::from))?,
            opcode::LONG_BINPUT => self.put(operand.u32().ok().map(u64::from))?,
            opcode::MEMOIZE => {
                let count = self.memo.len().saturating_add(self.sparse.len());
                self.put(u64::try_from(count).ok())?;
            }
            _ => self.take_and_push(code)?,
        }
        Ok(())
    }

    /// The opcodes that only take values from the stack and put values there.
    fn take_and_push(&mut self, code: u8) -> Result<(), TooMuch> {
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
        for _ in 0..taken {
            self.pop();
        }
        match pushed {
            0 => Ok(()),
            _ => self.push(Item::Other),
        }
    }

    /// Pushes a value. Those of which nothing is known are only counted, so that they take no memory.
    fn push(&mut self, item: Item<'p>) -> Result<(), TooMuch> {
        match (item, self.stack.last_mut()) {
            (Item::Other, Some(Item::Others(count))) => *count = count.saturating_add(1),
            (Item::Other, Some(last @ Item::Other)) => *last = Item::Others(2),
            (item, _) => self.limits.memory.push(&mut self.stack, item)?,
        }
        Ok(())
    }

    fn pop(&mut self) -> Item<'p> {
        match self.stack.pop() {
            Some(Item::Others(count)) => {
                self.stack.push(if count > 2 { Item::Others(count - 1) } else { Item::Other });
                Item::Other
            }
            item => item.unwrap_or(Item::Other),
        }
    }

    fn top(&self) -> Item<'p> {
        match self.stack.last() {
            None | Some(Item::Others(_)) => Item::Other,
            Some(&item) => item,
        }
    }

    fn pop_mark(&mut self) {
        while let Some(item) = self.stack.pop() {
            if matches!(item, Item::Mark) {
                return;
            }
        }
    }

    fn push_line(
        &mut self,
        mut operand: Cursor<'p>,
        item: impl Fn(&'p [u8]) -> Item<'p>,
    ) -> Result<(), TooMuch> {
        self.push(operand.line().map_or(Item::Other, item))
    }

    fn push_text(&mut self, mut operand: Cursor<'p>, width: usize) -> Result<(), TooMuch> {
        self.push(operand.counted(width).map_or(Item::Other, Item::Text))
    }

    fn push_bytes(&mut self, mut operand: Cursor<'p>, width: usize) -> Result<(), TooMuch> {
        let bytes = operand.counted(width).map(|bytes| Item::Bytes(Bytes::Plain(bytes)));
        self.push(bytes.unwrap_or(Item::Other))
    }

    /// Notes what a call loads: a file within the pickle that can be read here, or something hidden.
    fn call(&mut self, callee: Item<'p>, args: Item<'p>, offset: usize) -> Result<(), TooMuch> {
        let value = match (callee, args) {
            (Item::Encode, Item::OfText(bytes)) => Item::Bytes(bytes),
            (Item::Load(global), args) => {
                self.load(global, args, offset)?;
                Item::Other
            }
            _ => Item::Other,
        };
        self.push(value)
    }

    /// Notes a file within the pickle, or that nobody can tell what is loaded.
    fn load(&mut self, global: usize, args: Item<'p>, offset: usize) -> Result<(), TooMuch> {
        let file = match args {
            // One that is loaded again is the same.
            Item::OfBytes(bytes) if !self.seen.insert(bytes.address()) => return Ok(()),
            Item::OfBytes(bytes) => {
                self.limits.memory.take(bytes.content().len().saturating_add(MAPPED))?;
                bytes.to_vec()
            }
            _ => None,
        };
        match (file, self.found.globals.get_mut(global)) {
            (Some(file), _) => self.found.nested.push((offset, file)),
            (None, Some(global)) => global.verdict = Verdict::Hidden,
            (None, None) => {}
        }
        Ok(())
    }

    fn memo_at(&self, index: u64) -> Option<Item<'p>> {
        let near = usize::try_from(index).ok().and_then(|index| self.memo.get(index));
        near.or_else(|| self.sparse.get(&index)).copied()
    }

    fn put(&mut self, index: Option<u64>) -> Result<(), TooMuch> {
        let Some(index) = index else { return Ok(()) };
        let item = self.top();
        let near = usize::try_from(index).unwrap_or(usize::MAX);
        if let Some(place) = self.memo.get_mut(near) {
            *place = item;
        } else if near == self.memo.len() && !self.sparse.contains_key(&index) {
            self.limits.memory.push(&mut self.memo, item)?;
        } else {
            self.limits.memory.take(MAPPED)?;
            self.sparse.insert(index, item);
        }
        Ok(())
    }

    /// Notes a class or function that is named, and returns what is known of it.
    fn note(
        &mut self,
        module: Item<'p>,
        name: Item<'p>,
        code: u8,
        offset: usize,
    ) -> Result<Item<'p>, TooMuch> {
        self.limits.name().ok_or(TooMuch)?;
        for part in [module, name] {
            self.limits.text(part.content().len()).ok_or(TooMuch)?;
        }
        let texts = (module.text(), name.text());
        let item = match (texts.0.as_deref(), texts.1.as_deref()) {
            (Some("_codecs"), Some("encode")) => Item::Encode,
            (Some("torch.storage"), Some("_load_from_bytes")) => {
                Item::Load(self.found.globals.len())
            }
            _ => Item::Other,
        };
        let verdict = match (&texts.0, &texts.1) {
            (Some(module), Some(name)) => verdict(module, name),
            _ => Verdict::Hidden,
        };
        let mut kept = |item: Item<'p>, text: Option<Cow<'_, str>>| -> Result<Arc<str>, TooMuch> {
            let text = text.unwrap_or_default();
            self.texts.at(item.content(), &text, &mut self.limits.memory).ok_or(TooMuch)
        };
        let global = ScannedGlobal {
            module: kept(module, texts.0)?,
            name: kept(name, texts.1)?,
            offset: offset.try_into().unwrap_or(u64::MAX),
            opcode: opcode::name(code).unwrap_or_default(),
            verdict,
        };
        self.limits.memory.push(&mut self.found.globals, global)?;
        Ok(item)
    }
}

/// The number that a line says.
fn number(line: Option<&[u8]>) -> Option<u64> {
    std::str::from_utf8(line?).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(pickle: &[u8]) -> PickleScan {
        super::scan(pickle, &mut ScanLimits::for_file(pickle.len() as u64))
    }

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
