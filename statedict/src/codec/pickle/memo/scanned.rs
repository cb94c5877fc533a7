//! A memo that knows from the start which names will be used.

use foldhash::{HashMap, HashMapExt};

use crate::codec::pickle::cursor::Cursor;
use crate::codec::pickle::memo::name::name_of_line;
use crate::codec::pickle::opcode;
use crate::value::raw::Raw;
use crate::value::{Full, Memory};

/// The memo of a pickle that was scanned for the names that are used. Only these are kept: in a large
/// state dict, a few of millions.
pub(in crate::codec::pickle) struct Scanned {
    /// A bit for each name below the pickle's length that is used.
    used: Vec<u64>,
    /// How many bits are set before each word of `used`.
    ranks: Vec<u32>,
    values: Vec<Option<Raw>>,
    /// Names that no writer would give: larger than there is room for in the pickle.
    large: HashMap<u64, Raw>,
    /// The bits of the names that have been given; only where the pickle leaves numbering to the reader.
    given: Option<Vec<u64>>,
    count: u64,
    limit: usize,
}

/// The memory of a large name in a map that has just doubled.
const LARGE: usize = 72;

fn word_and_bit(name: usize) -> (usize, u64) {
    (name / 64, 1 << (name % 64))
}

/// Sets a bit, and says whether it was clear.
fn set(bits: &mut Vec<u64>, name: usize) -> bool {
    let (word, bit) = word_and_bit(name);
    if bits.len() <= word {
        bits.resize(word.saturating_add(1), 0);
    }
    bits.get_mut(word).is_some_and(|word| {
        let clear = *word & bit == 0;
        *word |= bit;
        clear
    })
}

/// How many bytes follow an opcode that can be passed over, and is short; else `LONGER`.
const SHORT: [u8; 256] = {
    let mut short = [LONGER; 256];
    let mut code = 0u8;
    loop {
        let length = match opcode::operand(code) {
            Some(opcode::Operand::Nothing) => 0,
            Some(opcode::Operand::Fixed(1)) => 1,
            Some(opcode::Operand::Fixed(2)) => 2,
            Some(opcode::Operand::Fixed(4)) => 4,
            Some(opcode::Operand::Fixed(8)) => 8,
            _ => LONGER,
        };
        let counts =
            matches!(code, opcode::STOP | opcode::BINGET | opcode::LONG_BINGET | opcode::MEMOIZE);
        if !counts {
            // An index of 8 bits into 256.
            #[allow(clippy::indexing_slicing)]
            let place = &mut short[code as usize];
            *place = length;
        }
        if code == u8::MAX {
            break;
        }
        code += 1;
    }
    short
};
const LONGER: u8 = u8::MAX;

/// Passes over the opcodes that say nothing of the memo, which are nearly all; stops where unsure.
fn pass(mut bytes: &[u8]) -> &[u8] {
    while let Some((&code, rest)) = bytes.split_first() {
        let short = SHORT.get(usize::from(code)).copied().unwrap_or(LONGER);
        let next = if short != LONGER {
            rest.get(usize::from(short)..)
        } else if code == opcode::BINUNICODE {
            rest.split_first_chunk()
                .and_then(|(len, rest)| rest.get(usize::try_from(u32::from_le_bytes(*len)).ok()?..))
        } else {
            None
        };
        match next {
            Some(next) => bytes = next,
            None => break,
        }
    }
    bytes
}

impl Scanned {
    /// The memo for that pickle.
    pub(super) fn scan(pickle: &[u8]) -> Self {
        let pickle_len = pickle.len();
        let mut used = Vec::new();
        let mut memoizes = false;
        let mut cursor = Cursor::new(pickle);
        // Where the pickle is malformed the machine will say so; names after that place are not needed.
        loop {
            cursor.set_rest(pass(cursor.rest()));
            let Ok(code) = cursor.u8() else { break };
            let name = match code {
                opcode::STOP => break,
                opcode::BINGET => cursor.u8().ok().map(u64::from),
                opcode::LONG_BINGET => cursor.u32().ok().map(u64::from),
                opcode::GET => cursor.line().ok().and_then(name_of_line),
                other => {
                    memoizes |= other == opcode::MEMOIZE;
                    match opcode::operand(other) {
                        Some(operand) if cursor.skip(operand).is_ok() => continue,
                        _ => break,
                    }
                }
            };
            if let Some(name) = name.and_then(|name| usize::try_from(name).ok())
                && name < pickle_len
            {
                set(&mut used, name);
            }
        }
        let mut total = 0u32;
        let ranks = used
            .iter()
            .map(|word| {
                let before = total;
                total = total.saturating_add(word.count_ones());
                before
            })
            .collect();
        Scanned {
            used,
            ranks,
            values: vec![None; total as usize],
            large: HashMap::new(),
            given: memoizes.then(Vec::new),
            count: 0,
            limit: pickle_len,
        }
    }

    /// Where the value of a name below the limit is kept; `None` where it is never used.
    fn slot(&self, name: usize) -> Option<usize> {
        let (word, bit) = word_and_bit(name);
        let bits = *self.used.get(word)?;
        if bits & bit == 0 {
            return None;
        }
        let before = (bits & (bit - 1)).count_ones();
        self.ranks.get(word)?.checked_add(before).map(|slot| slot as usize)
    }

    pub(super) fn size(&self) -> usize {
        let bits = self.used.len().saturating_mul(12);
        bits.saturating_add(self.values.len().saturating_mul(size_of::<Option<Raw>>()))
    }

    /// Gives a value a name. Whether the value is kept: whether the name will be used.
    pub(super) fn put(&mut self, name: u64, value: Raw, memory: &mut Memory) -> Result<bool, Full> {
        match usize::try_from(name).ok().filter(|&name| name < self.limit) {
            Some(name) => {
                if let Some(given) = &mut self.given
                    && set(given, name)
                {
                    self.count = self.count.saturating_add(1);
                }
                match self.slot(name).and_then(|slot| self.values.get_mut(slot)) {
                    Some(place) => {
                        *place = Some(value);
                        Ok(true)
                    }
                    None => Ok(false),
                }
            }
            None => {
                memory.take(LARGE)?;
                if self.large.insert(name, value).is_none() {
                    self.count = self.count.saturating_add(1);
                }
                Ok(true)
            }
        }
    }

    /// Gives a value the next name, as protocol 4 does: the number of names given so far.
    pub(super) fn put_next(&mut self, value: Raw, memory: &mut Memory) -> Result<bool, Full> {
        self.put(self.count, value, memory)
    }

    /// Whether giving anything that name would be forgotten at once.
    pub(super) fn is_for_nothing(&self, name: u64) -> bool {
        let name = usize::try_from(name).ok().filter(|&name| name < self.limit);
        self.given.is_none() && name.is_some_and(|name| self.slot(name).is_none())
    }

    pub(super) fn get(&self, name: u64) -> Option<Raw> {
        match usize::try_from(name).ok().filter(|&name| name < self.limit) {
            Some(name) => self.values.get(self.slot(name)?).copied().flatten(),
            None => self.large.get(&name).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_are_used_are_kept() {
        // Three names are given, the second is used; so is a name that is never given.
        let pickle = b"Nq\x00Nq\x01Nq\x02h\x01h\x0e.h\x02";
        let mut memo = Scanned::scan(pickle);
        let memory = &mut Memory::unlimited();
        assert!(!memo.put(0, Raw::Int(0), memory).unwrap());
        assert!(memo.put(1, Raw::Int(1), memory).unwrap());
        assert_eq!(memo.get(1), Some(Raw::Int(1)));
        assert_eq!(memo.get(0x0e), None);
        assert_eq!(memo.values.len(), 2);
    }

    #[test]
    fn a_huge_name_takes_no_room() {
        let mut memo = Scanned::scan(b"Nr\xff\xff\xff\xffj\xff\xff\xff\xff.");
        assert!(memo.put(0xffff_ffff, Raw::Int(1), &mut Memory::unlimited()).unwrap());
        assert_eq!(memo.get(0xffff_ffff), Some(Raw::Int(1)));
        assert!(memo.used.is_empty());
    }
}
