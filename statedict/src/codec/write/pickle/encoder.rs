//! The opcodes, with CPython's choice among them and its numbering of the memo.

use std::ops::Range;

use crate::codec::write::error::WriteError;
use crate::codec::write::pickle::bytes::PickleSink;

/// How much is gathered before it is passed on: what stays in the processor's cache.
const PIECE: usize = 1 << 16;

/// The places of the memo of which the number takes one byte.
const SHORT_PLACES: u64 = 1 << 8;

/// The place of an object in the memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Memo(u64);

impl Memo {
    /// The same in 32 bits. A pickle with places beyond is refused at its end.
    pub(super) fn number(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }

    pub(super) fn of_number(number: u32) -> Memo {
        Memo(number.into())
    }
}

/// How an object is made from a class or function and its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// The class or function is called.
    Reduce,
    /// The class's `__new__` is called.
    New,
}

/// Writes opcodes. Whatever makes an object that CPython memoises puts it into the memo and says where.
pub(super) struct Encoder {
    out: Vec<u8>,
    /// The next free place of the memo.
    next: u64,
}

impl Encoder {
    /// Begins a pickle, with room for about `capacity` bytes.
    pub(super) fn new(capacity: usize) -> Self {
        let mut out = Vec::with_capacity(capacity);
        out.extend_from_slice(b"\x80\x02");
        Encoder { out, next: 0 }
    }

    /// Ends the pickle. `None` where it has more objects than the memo can number.
    pub(super) fn finish(mut self) -> Option<Vec<u8>> {
        self.out.push(b'.');
        u32::try_from(self.next).is_ok().then_some(self.out)
    }

    /// Passes what there is on, where it is worth it.
    #[inline]
    pub(super) fn pass_on(&mut self, sink: &mut PickleSink<'_>) -> Result<(), WriteError> {
        if self.out.len() < PIECE {
            return Ok(());
        }
        sink(&self.out)?;
        self.out.clear();
        Ok(())
    }

    /// Room for a piece and what comes before it is passed on.
    pub(super) fn for_pieces() -> Self {
        Encoder::new(PIECE + (1 << 12))
    }

    /// For opcodes that are to be written [`again`](Self::again) and again, of which each place of the memo
    /// that is filled takes four bytes.
    pub(super) fn with_long_places() -> Self {
        Encoder { out: Vec::new(), next: SHORT_PLACES }
    }

    pub(super) fn into_opcodes(self) -> Vec<u8> {
        self.out
    }

    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    /// Returns `true` if whatever fills a place of the memo from now on takes four bytes for it.
    pub(super) fn fills_long_places(&self) -> bool {
        self.next >= SHORT_PLACES
    }

    /// Writes opcodes with the next places of the memo where they fill some, and with a part replaced by
    /// as many bytes. The first of the places.
    pub(super) fn again(
        &mut self,
        opcodes: &[u8],
        places: &[usize],
        (part, by): (Range<usize>, &[u8]),
    ) -> Memo {
        let first = Memo(self.next);
        let start = self.out.len();
        self.out.extend_from_slice(opcodes);
        let written = self.out.get_mut(start..).unwrap_or_default();
        for &place in places {
            // `finish` refuses a memo that does not fit.
            let number = u32::try_from(self.next).unwrap_or(u32::MAX);
            let place = written.get_mut(place..).and_then(|rest| rest.first_chunk_mut());
            if let Some(place) = place {
                *place = number.to_le_bytes();
            }
            self.next += 1;
        }
        if let Some(part) = written.get_mut(part).filter(|part| part.len() == by.len()) {
            part.copy_from_slice(by);
        }
        first
    }

    /// Puts the object on top of the stack into the memo.
    #[inline]
    pub(super) fn put(&mut self) -> Memo {
        let memo = Memo(self.next);
        self.next += 1;
        self.indexed(b'q', b'r', memo);
        memo
    }

    /// Takes an object out of the memo.
    #[inline]
    pub(super) fn get(&mut self, memo: Memo) {
        self.indexed(b'h', b'j', memo);
    }

    #[inline]
    fn indexed(&mut self, short: u8, long: u8, Memo(index): Memo) {
        if let Ok(index) = u8::try_from(index) {
            self.out.extend_from_slice(&[short, index]);
        } else {
            // `finish` refuses a memo that does not fit.
            let [a, b, c, d] = u32::try_from(index).unwrap_or(u32::MAX).to_le_bytes();
            self.out.extend_from_slice(&[long, a, b, c, d]);
        }
    }

    #[inline]
    pub(super) fn string(&mut self, text: &str) -> Memo {
        self.utf8(text.as_bytes())
    }

    /// A string of bytes that are UTF-8, or that `surrogatepass` reads.
    #[inline]
    pub(super) fn utf8(&mut self, text: &[u8]) -> Memo {
        // The outline refuses keys that do not fit.
        let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let [a, b, c, d] = len.to_le_bytes();
        self.out.extend_from_slice(&[b'X', a, b, c, d]);
        self.out.extend_from_slice(text);
        self.put()
    }

    pub(super) fn global(&mut self, module: &str, name: &str) -> Memo {
        self.out.push(b'c');
        self.out.extend_from_slice(module.as_bytes());
        self.out.push(b'\n');
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b'\n');
        self.put()
    }

    pub(super) fn none(&mut self) {
        self.out.push(b'N');
    }

    pub(super) fn int(&mut self, value: impl Into<i128>) {
        let value = value.into();
        if let Ok(value) = u8::try_from(value) {
            self.out.extend_from_slice(&[b'K', value]);
        } else if let Ok(value) = u16::try_from(value) {
            self.out.push(b'M');
            self.out.extend_from_slice(&value.to_le_bytes());
        } else if let Ok(value) = i32::try_from(value) {
            self.out.push(b'J');
            self.out.extend_from_slice(&value.to_le_bytes());
        } else {
            self.long(&value.to_le_bytes());
        }
    }

    /// A size, which is mostly small.
    #[inline]
    pub(super) fn size(&mut self, value: u64) {
        if let Ok(value) = u8::try_from(value) {
            self.out.extend_from_slice(&[b'K', value]);
        } else {
            self.int(value);
        }
    }

    /// An integer of any size: two's complement, least significant byte first, written in as few bytes as
    /// will do, the top bit being the sign.
    pub(super) fn long(&mut self, mut bytes: &[u8]) {
        while let [rest @ .., before, last] = bytes
            && matches!((*last, before & 0x80), (0, 0) | (0xff, 0x80))
        {
            bytes = bytes.get(..rest.len() + 1).unwrap_or_default();
        }
        match u8::try_from(bytes.len()) {
            Ok(len) => self.out.extend_from_slice(&[0x8a, len]),
            Err(_) => {
                // No integer in memory comes near 4 GiB but by way of a pickle, which cannot hold it.
                let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                self.out.push(0x8b);
                self.out.extend_from_slice(&len.to_le_bytes());
            }
        }
        self.out.extend_from_slice(bytes);
    }

    pub(super) fn float(&mut self, value: f64) {
        self.out.push(b'G');
        self.out.extend_from_slice(&value.to_bits().to_be_bytes());
    }

    pub(super) fn bool(&mut self, value: bool) {
        self.out.push(if value { 0x88 } else { 0x89 });
    }

    /// A tuple of integers, such as a size.
    pub(super) fn ints(&mut self, values: impl ExactSizeIterator<Item = u64>) {
        let len = values.len();
        if len > 3 {
            self.mark();
        }
        for value in values {
            self.size(value);
        }
        if len == 0 {
            self.empty_tuple();
        } else {
            self.tuple_of(len);
        }
    }

    #[inline]
    pub(super) fn mark(&mut self) {
        self.out.push(b'(');
    }

    /// The empty tuple, which is one object wherever it occurs, and not memoised.
    pub(super) fn empty_tuple(&mut self) {
        self.out.push(b')');
    }

    /// A tuple of the `len` objects on top, which a mark precedes if they are more than three.
    pub(super) fn tuple_of(&mut self, len: usize) -> Memo {
        self.out.push(match len {
            1 => 0x85,
            2 => 0x86,
            3 => 0x87,
            _ => b't',
        });
        self.put()
    }

    /// A tuple of the objects since the mark.
    pub(super) fn tuple(&mut self) -> Memo {
        self.out.push(b't');
        self.put()
    }

    /// Takes the `len` elements of a tuple away again, and the mark that precedes more than three.
    pub(super) fn discard_elements(&mut self, len: usize) {
        if len > 3 {
            self.out.push(b'1');
        } else {
            self.discard(len);
        }
    }

    /// Takes objects off the stack.
    pub(super) fn discard(&mut self, count: usize) {
        self.out.resize(self.out.len() + count, b'0');
    }

    pub(super) fn empty_list(&mut self) -> Memo {
        self.out.push(b']');
        self.put()
    }

    pub(super) fn empty_dict(&mut self) -> Memo {
        self.out.push(b'}');
        self.put()
    }

    /// Calls the object below the top with the tuple on top.
    pub(super) fn reduce(&mut self) -> Memo {
        self.call(Call::Reduce);
        self.put()
    }

    /// The opcode alone: whether the result goes into the memo is for the caller to say, with
    /// [`put`](Self::put).
    pub(super) fn call(&mut self, call: Call) {
        self.out.push(match call {
            Call::Reduce => b'R',
            Call::New => 0x81,
        });
    }

    /// Calls the object on top without arguments.
    pub(super) fn reduce_without_arguments(&mut self) -> Memo {
        self.out.push(b')');
        self.reduce()
    }

    /// Turns the tuple on top into the object it is the persistent id of, which is not memoised.
    pub(super) fn persistent_id(&mut self) {
        self.out.push(b'Q');
    }

    /// Adds one key and value to the dict below them.
    pub(super) fn set_item(&mut self) {
        self.out.push(b's');
    }

    /// Adds the keys and values since the mark to the dict below it.
    pub(super) fn set_items(&mut self) {
        self.out.push(b'u');
    }

    /// Appends one item to the list below it.
    pub(super) fn append(&mut self) {
        self.out.push(b'a');
    }

    /// Appends the items since the mark to the list below it.
    pub(super) fn appends(&mut self) {
        self.out.push(b'e');
    }

    /// Gives the object below the top the state on top.
    pub(super) fn build(&mut self) {
        self.out.push(b'b');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(write: impl FnOnce(&mut Encoder)) -> Vec<u8> {
        let mut encoder = Encoder::new(0);
        write(&mut encoder);
        let bytes = encoder.finish().unwrap();
        bytes.strip_prefix(b"\x80\x02").unwrap().strip_suffix(b".").unwrap().to_vec()
    }

    #[test]
    fn integers_take_as_few_bytes_as_cpython_gives_them() {
        let int = |value: i128| encoded(|encoder| encoder.int(value));
        assert_eq!(int(255), [b'K', 255]);
        assert_eq!(int(256), [b'M', 0, 1]);
        assert_eq!(int(65_535), [b'M', 255, 255]);
        assert_eq!(int(65_536), [b'J', 0, 0, 1, 0]);
        assert_eq!(int((1 << 31) - 1), [b'J', 255, 255, 255, 127]);
        // pickle.dumps(n, 2) of CPython 3.11.
        assert_eq!(int(1 << 31), [0x8a, 5, 0, 0, 0, 0x80, 0]);
        assert_eq!(int(1 << 32), [0x8a, 5, 0, 0, 0, 0, 1]);
        assert_eq!(int((1 << 39) - 1), [0x8a, 5, 255, 255, 255, 255, 0x7f]);
        assert_eq!(int(1 << 39), [0x8a, 6, 0, 0, 0, 0, 0x80, 0]);
        assert_eq!(int((1 << 63) - 1), [0x8a, 8, 255, 255, 255, 255, 255, 255, 255, 0x7f]);
        assert_eq!(int(u64::MAX.into()), [0x8a, 9, 255, 255, 255, 255, 255, 255, 255, 255, 0]);
    }

    #[test]
    fn integers_that_are_negative_or_huge() {
        let int = |value: i128| encoded(|encoder| encoder.int(value));
        assert_eq!(int(-1), [b'J', 255, 255, 255, 255]);
        assert_eq!(int(-(1 << 31)), [b'J', 0, 0, 0, 0x80]);
        // pickle.dumps(n, 2) of CPython 3.11.
        assert_eq!(int(-(1 << 31) - 1), [0x8a, 5, 255, 255, 255, 0x7f, 255]);
        assert_eq!(int(-(1 << 39)), [0x8a, 5, 0, 0, 0, 0, 0x80]);
        assert_eq!(int(i64::MIN.into()), [0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 0x80]);
        let long = |bytes: &[u8]| encoded(|encoder| encoder.long(bytes));
        assert!(long(&[1; 255]).starts_with(&[0x8a, 255, 1]));
        assert!(long(&[1; 256]).starts_with(&[0x8b, 0, 1, 0, 0, 1]));
        assert_eq!(encoded(|encoder| encoder.float(0.5)), [b'G', 0x3f, 0xe0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn the_memo_changes_opcodes_after_255() {
        let bytes = encoded(|encoder| {
            let memos: Vec<Memo> = (0..257).map(|_| encoder.string("")).collect();
            memos.iter().skip(255).for_each(|&memo| encoder.get(memo));
        });
        assert!(bytes.ends_with(b"q\xffX\0\0\0\0r\0\x01\0\0h\xffj\0\x01\0\0"));
    }

    #[test]
    fn tuples_by_length() {
        let ints = |len: u64| {
            encoded(|encoder| encoder.ints((0..usize::try_from(len).unwrap()).map(|_| 7)))
        };
        assert_eq!(ints(0), b")");
        assert_eq!(ints(1), b"K\x07\x85q\0");
        assert_eq!(ints(2), b"K\x07K\x07\x86q\0");
        assert_eq!(ints(3), b"K\x07K\x07K\x07\x87q\0");
        assert_eq!(ints(4), b"(K\x07K\x07K\x07K\x07tq\0");
    }
}
