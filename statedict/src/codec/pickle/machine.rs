//! The machine that runs a pickle: a stack, marks and a memo, and no recursion.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use crate::codec::pickle::cursor::Cursor;
use crate::codec::pickle::decoded::{Decoded, PickleOptions, Unknown};
use crate::codec::pickle::error::PickleError;
use crate::codec::pickle::fault::{Fault, Problem};
use crate::codec::pickle::globals::{self, Meaning};
use crate::codec::pickle::memo::{self, Memo};
use crate::codec::pickle::opcode as op;
use crate::codec::pickle::path;
use crate::codec::pickle::resolver::StorageResolver;
use crate::codec::read::{PickleLimits, ReadError};
use crate::value::raw::{ContainerKind, Global, Raw, Run, Text};
use crate::value::{Bytes, Graph, Memory};

/// How high the stack grows with a thousand keys and values, and what is below them.
const BATCH: usize = 2048;

pub(super) struct Machine<'a, R> {
    pub(super) source: &'a Bytes,
    pub(super) input: Cursor<'a>,
    pub(super) graph: Graph<'static>,
    pub(super) stack: Vec<Raw>,
    /// The heights of the stack at which marks were set.
    marks: Vec<usize>,
    pub(super) memo: Memo,
    /// What the globals of the graph mean, in the same order.
    pub(super) meanings: Vec<Option<Meaning>>,
    pub(super) resolver: &'a mut R,
    pub(super) limits: PickleLimits,
    pub(super) unknown: Unknown,
    /// Keeps the classes of a program's own code.
    pub(super) program: bool,
    pub(super) plain: bool,
    /// Tuples that start below may be referred to from elsewhere.
    pub(super) pinned: u32,
    /// The number of values and bytes that were looked at or copied again.
    pub(super) worked: u64,
    pub(super) undecoded: usize,
    /// The values that were saved under numbers, once they are made.
    pub(super) made: HashMap<i64, Raw>,
    /// The key and the version of the module before.
    pub(super) module: Option<Run>,
    /// What the tensor before was said to be of: the word `storage`, and a location.
    pub(super) words: Option<[Text; 2]>,
    protocol: u8,
    /// Where the opcode starts that is being executed.
    pub(super) offset: usize,
}

/// Why a pickle was not read to its end.
pub(super) enum Stop {
    Error(Box<ReadError>),
    /// It has to be read anew with a memo that was scanned.
    NeedsScan,
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Stop::Error(Box::new(error))
    }
}

impl<'a, R: StorageResolver> Machine<'a, R> {
    pub(super) fn new(
        source: &'a Bytes,
        options: &PickleOptions<'_>,
        resolver: &'a mut R,
        memo: Memo,
    ) -> Self {
        let bytes = (**source).as_ref();
        let input = Cursor::new(bytes);
        let limits = options.limits.for_pickle(bytes.len());
        let mut graph = Graph::within(Arc::clone(source), Memory::new(limits.memory));
        // Writers fill a dict a thousand entries at a time.
        let stack = graph.memory.table(bytes.len().min(BATCH));
        Machine {
            source,
            memo,
            input,
            graph,
            stack,
            marks: Vec::new(),
            meanings: Vec::new(),
            resolver,
            limits,
            unknown: options.unknown,
            program: options.program,
            plain: options.plain,
            pinned: 0,
            worked: 0,
            undecoded: 0,
            made: HashMap::new(),
            module: None,
            words: None,
            protocol: 0,
            offset: 0,
        }
    }

    /// Runs until STOP.
    pub(super) fn run(mut self, member: &str) -> Result<Decoded, Stop> {
        let taken = self.graph.source_len().saturating_add(self.memo.size());
        if let Err(full) = self.graph.memory.take(taken) {
            return Err(self.error(op::STOP, full.into(), member));
        }
        loop {
            self.offset = self.input.position();
            let opcode = match self.input.u8() {
                Ok(op::STOP) => break,
                Ok(op::BINUNICODE) if self.entry() => continue,
                Ok(opcode) => opcode,
                Err(fault) => return Err(self.error(op::STOP, fault, member)),
            };
            if let Err(fault) = self.step(opcode) {
                return Err(self.error(opcode, fault, member));
            }
        }
        match self.pop() {
            Ok(root) => Ok(Decoded {
                unknown: self.unknown_names(),
                graph: self.graph,
                root,
                protocol: self.protocol,
                undecoded: self.undecoded,
                trailing: self.input.rest().len(),
            }),
            Err(fault) => Err(self.error(op::STOP, fault, member)),
        }
    }

    /// Executes one opcode.
    fn step(&mut self, opcode: u8) -> Result<(), Fault> {
        let value = match opcode {
            op::MARK => {
                return Ok(self.graph.memory.push(&mut self.marks, self.stack.len())?);
            }
            op::POP => return self.pop_any(),
            op::POP_MARK => return self.pop_mark().map(|start| self.stack.truncate(start)),
            op::DUP => {
                let top = self.top()?;
                self.pin(top);
                top
            }
            op::NONE => Raw::None,
            op::NEWTRUE => Raw::Bool(true),
            op::NEWFALSE => Raw::Bool(false),
            op::BININT => Raw::Int(self.input.i32()?.into()),
            op::BININT1 => Raw::Int(self.input.u8()?.into()),
            op::BININT2 => Raw::Int(self.input.u16()?.into()),
            op::LONG1 => self.input.counted(1).and_then(|bytes| self.long_before(bytes))?,
            op::LONG4 => self.input.counted(4).and_then(|bytes| self.long_before(bytes))?,
            op::INT => self.input.line().and_then(|line| self.int_line(line, false))?,
            op::LONG => self.input.line().and_then(|line| self.int_line(line, true))?,
            op::BINFLOAT => Raw::Float(self.input.f64_be()?),
            op::FLOAT => self.input.line().and_then(|line| self.float_line(line))?,
            op::BINUNICODE => self.input.counted(4).and_then(|bytes| self.str_before(bytes))?,
            op::SHORT_BINUNICODE => {
                self.input.counted(1).and_then(|bytes| self.str_before(bytes))?
            }
            op::BINUNICODE8 => self.input.counted(8).and_then(|bytes| self.str_before(bytes))?,
            op::UNICODE => self.input.line().and_then(|line| self.unicode_line(line))?,
            op::BINSTRING => {
                self.input.counted(4).and_then(|bytes| self.old_string_before(bytes))?
            }
            op::SHORT_BINSTRING => {
                self.input.counted(1).and_then(|bytes| self.old_string_before(bytes))?
            }
            op::STRING => self.input.line().and_then(|line| self.string_line(line))?,
            op::BINBYTES => Raw::Bytes(self.bytes(4)?),
            op::SHORT_BINBYTES => Raw::Bytes(self.bytes(1)?),
            op::BINBYTES8 => Raw::Bytes(self.bytes(8)?),
            op::BYTEARRAY8 => Raw::ByteArray(self.bytes(8)?),
            op::EMPTY_TUPLE => Raw::Tuple(Run::default()),
            op::TUPLE => {
                let start = self.pop_mark()?;
                self.tuple_from(start)?
            }
            op::TUPLE1 => self.tuple_of(1)?,
            op::TUPLE2 => self.tuple_of(2)?,
            op::TUPLE3 => self.tuple_of(3)?,
            op::EMPTY_LIST => self.graph.add_container(ContainerKind::List)?,
            op::EMPTY_DICT => self.graph.add_container(ContainerKind::Dict)?,
            op::EMPTY_SET => self.graph.add_container(ContainerKind::Set)?,
            op::LIST => self.container_from_mark(ContainerKind::List)?,
            op::DICT => self.container_from_mark(ContainerKind::Dict)?,
            op::FROZENSET => self.container_from_mark(ContainerKind::FrozenSet)?,
            op::APPEND => return self.append(),
            op::APPENDS => return self.appends(),
            op::ADDITEMS => return self.add_items(),
            op::SETITEM => return self.set_item(),
            op::SETITEMS => return self.set_items(),
            op::BUILD => return self.build(),
            op::REDUCE => {
                let (args, callee) = (self.pop()?, self.pop()?);
                self.call(callee, args)?
            }
            op::NEWOBJ => {
                let (args, class) = (self.pop()?, self.pop()?);
                self.call_new(class, args)?
            }
            op::NEWOBJ_EX => {
                let (kwargs, args, class) = (self.pop()?, self.pop()?, self.pop()?);
                self.call_with_names(class, args, kwargs)?
            }
            op::OBJ => {
                let start = self.pop_mark()?;
                let class = start.saturating_add(1);
                let args = self.tuple_from(class.min(self.stack.len()))?;
                let class = self.stack.get(start).copied();
                self.stack.truncate(start);
                let class = class.ok_or_else(|| Fault::expected("a class", "nothing"))?;
                self.call(class, args)?
            }
            op::INST => {
                let class = self.global_lines()?;
                let start = self.pop_mark()?;
                let args = self.tuple_from(start)?;
                self.call(class, args)?
            }
            op::GLOBAL => self.global_lines()?,
            op::STACK_GLOBAL => match (self.pop()?, self.pop()?) {
                (Raw::Str(name), Raw::Str(module)) => self.global(module, name)?,
                (name, _) => return Err(Fault::expected("two str", self.describe(name))),
            },
            op::BINPERSID => {
                let id = self.pop()?;
                self.note_constants(id)?;
                self.persistent(id)?
            }
            op::PERSID => {
                let line = self.input.line()?;
                let text = self.text_before(line.len().saturating_add(1))?;
                self.persistent_line(text)?
            }
            op::PUT => {
                let line = self.input.line()?;
                let name = memo::name_of_line(line).ok_or_else(|| {
                    Fault::expected("a decimal number", String::from_utf8_lossy(line))
                })?;
                return self.put(name);
            }
            op::BINPUT => {
                let name = self.input.u8()?;
                return self.put(name.into());
            }
            op::LONG_BINPUT => {
                let name = self.input.u32()?;
                return self.put(name.into());
            }
            op::MEMOIZE => {
                let top = self.top()?;
                return self.put_next(top);
            }
            op::GET => {
                let line = self.input.line()?;
                let name = memo::name_of_line(line).ok_or_else(|| {
                    Fault::expected("a decimal number", String::from_utf8_lossy(line))
                })?;
                self.get(name)?
            }
            op::BINGET => {
                let name = self.input.u8()?;
                self.get(name.into())?
            }
            op::LONG_BINGET => {
                let name = self.input.u32()?;
                self.get(name.into())?
            }
            op::PROTO => {
                self.protocol = self.input.u8()?;
                if self.protocol > 5 {
                    let found = self.protocol.to_string();
                    return Err(Fault::expected("a protocol from 0 to 5", found));
                }
                return Ok(());
            }
            op::FRAME => return self.input.frame(),
            op::EXT1 | op::EXT2 | op::EXT4 => {
                return Err(Fault::expected("a class by its name", "one by a registered number"));
            }
            op::NEXT_BUFFER | op::READONLY_BUFFER => {
                return Err(Fault::expected("all bytes within the pickle", "a buffer beside it"));
            }
            other => return Err(Fault::expected("an opcode", format!("byte {other:#04x}"))),
        };
        Ok(self.graph.memory.push(&mut self.stack, value)?)
    }

    // The stack

    /// The height below which nothing may be popped.
    pub(super) fn fence(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    pub(super) fn pop(&mut self) -> Result<Raw, Fault> {
        if self.stack.len() > self.fence()
            && let Some(value) = self.stack.pop()
        {
            return Ok(value);
        }
        Err(Fault::expected("a value on the stack", "none"))
    }

    pub(super) fn top(&self) -> Result<Raw, Fault> {
        match self.stack.last() {
            Some(&value) if self.stack.len() > self.fence() => Ok(value),
            _ => Err(Fault::expected("a value on the stack", "none")),
        }
    }

    /// Pops a value, or a mark where one is on top.
    fn pop_any(&mut self) -> Result<(), Fault> {
        if self.marks.last() == Some(&self.stack.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop().map(drop)
    }

    /// Takes the last mark away, and says at which height it was.
    pub(super) fn pop_mark(&mut self) -> Result<usize, Fault> {
        self.marks.pop().ok_or_else(|| Fault::expected("a mark on the stack", "none"))
    }

    fn tuple_of(&mut self, count: usize) -> Result<Raw, Fault> {
        match self.stack.len().checked_sub(count) {
            Some(start) if start >= self.fence() => self.tuple_from(start),
            _ => Err(Fault::expected("enough values on the stack", "fewer")),
        }
    }

    fn tuple_from(&mut self, start: usize) -> Result<Raw, Fault> {
        let run = self.graph.add_run(self.stack.get(start..).unwrap_or(&[]))?;
        self.stack.truncate(start);
        Ok(Raw::Tuple(run))
    }

    fn container_from_mark(&mut self, kind: ContainerKind) -> Result<Raw, Fault> {
        let start = self.pop_mark()?;
        let container = self.graph.add_container(kind)?;
        self.fill_from(container, start)?;
        Ok(container)
    }

    // The memo

    fn put(&mut self, name: u64) -> Result<(), Fault> {
        let top = self.top()?;
        if self.memo.put(name, top, &mut self.graph.memory)? {
            self.pin(top);
        }
        Ok(())
    }

    fn put_next(&mut self, top: Raw) -> Result<(), Fault> {
        if self.memo.put_next(top, &mut self.graph.memory)? {
            self.pin(top);
        }
        Ok(())
    }

    fn get(&self, name: u64) -> Result<Raw, Fault> {
        self.memo
            .get(name)?
            .ok_or_else(|| Fault::expected("a name in the memo", format!("{name}, never given")))
    }

    /// Notes that a value may be referred to from elsewhere than the stack.
    fn pin(&mut self, value: Raw) {
        if let Raw::Tuple(run) | Raw::Size(run) = value {
            self.pinned = self.pinned.max(run.start.saturating_add(run.len));
        }
    }

    /// Notes the strings of a persistent id that its writer has only one of: the word `storage`, and a
    /// location without an index.
    fn note_constants(&mut self, id: Raw) -> Result<(), Fault> {
        let Raw::Tuple(run) = id else { return Ok(()) };
        for place in [0, 3] {
            if let Some(&Raw::Str(text)) = self.graph.run(run).get(place) {
                self.work_on(&[text])?;
                self.note_constant(text);
            }
        }
        Ok(())
    }

    pub(super) fn note_constant(&mut self, text: Text) {
        if !self.graph.text(text).contains(&b':') {
            self.graph.note_constant(text);
        }
    }

    // Bytes and names

    fn bytes(&mut self, width: usize) -> Result<Text, Fault> {
        let bytes = self.input.counted(width)?;
        self.text_before(bytes.len())
    }

    fn global_lines(&mut self) -> Result<Raw, Fault> {
        let mut line = || {
            let line = self.input.line()?;
            let text = self.text_before(line.len().saturating_add(1))?;
            if std::str::from_utf8(line).is_err() {
                return Err(Fault::expected("text in UTF-8", "other bytes"));
            }
            Ok::<_, Fault>(Text { len: text.len.saturating_sub(1), ..text })
        };
        let (module, name) = (line()?, line()?);
        self.global(module, name)
    }

    fn global(&mut self, module: Text, name: Text) -> Result<Raw, Fault> {
        self.work_on(&[module, name])?;
        let mut meaning = globals::meaning(self.graph.str(module), self.graph.str(name));
        let is_stray = meaning == Some(Meaning::LoadFromBytes) && !self.resolver.has_nested();
        if is_stray {
            meaning = None;
        }
        if let Some(Meaning::DType(dtype)) = meaning {
            return Ok(Raw::DType(dtype));
        }
        if meaning.is_none()
            && (is_stray || !self.keeps(module, name))
            && self.unknown != Unknown::AllInert
        {
            let name_of = |text| self.graph.str(text).to_owned();
            let (module, name) = (name_of(module), name_of(name));
            return Err(Problem::UnknownGlobal { module, name }.into());
        }
        let global = self.graph.add_global(Global { module, name })?;
        self.graph.memory.push(&mut self.meanings, meaning)?;
        Ok(global)
    }

    /// What a global means; `None` for anything else, and for a global that is not on the list.
    pub(super) fn meaning(&self, value: Raw) -> Option<Meaning> {
        match value {
            Raw::Global(index) => self.meanings.get(index as usize).copied().flatten(),
            _ => None,
        }
    }

    // Messages

    fn error(&self, opcode: u8, fault: Fault, member: &str) -> Stop {
        let offset = self.offset;
        let Some(name) = op::name(opcode) else {
            let source = PickleError::Opcode { offset, found: opcode };
            return ReadError::Pickle { member: member.to_owned(), source }.into();
        };
        let path = || path::path(&self.graph, &self.stack, &self.marks);
        let source = match fault.into_problem() {
            Problem::NeedsScan => return Stop::NeedsScan,
            Problem::Storage(error) => return Stop::Error(error),
            Problem::Limit { limit, allowed, needed } => {
                let what = format!("`{member}`, byte {offset}");
                return ReadError::Limit { what, limit, allowed, needed }.into();
            }
            Problem::Truncated { wanted, left } => {
                PickleError::Truncated { offset, opcode: name, expected: wanted, found: left }
            }
            Problem::Expected { expected, found } => {
                PickleError::Malformed { offset, opcode: name, expected, found, path: path() }
            }
            Problem::UnknownGlobal { module, name } => {
                PickleError::UnknownGlobal { offset, module, name, path: path() }
            }
        };
        ReadError::Pickle { member: member.to_owned(), source }.into()
    }
}
