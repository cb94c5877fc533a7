//! Python integers, of any size.

use std::fmt;

/// A Python integer.
///
/// Most fit an `i64`; the others are shown by [`Display`](fmt::Display), or had as bytes. Those of more than 128
/// bytes are shown in hexadecimal, as Python's `hex` writes them: decimal digits take a time that grows with
/// their number's square.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Integer<'g>(Repr<'g>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Repr<'g> {
    Small(i64),
    /// Little-endian two's complement.
    Big(&'g [u8]),
}

impl<'g> Integer<'g> {
    pub(crate) fn small(value: i64) -> Self {
        Integer(Repr::Small(value))
    }

    pub(crate) fn big(bytes: &'g [u8]) -> Self {
        Integer(Repr::Big(bytes))
    }

    /// The value, where it fits.
    pub fn as_i64(self) -> Option<i64> {
        match self.0 {
            Repr::Small(value) => Some(value),
            Repr::Big(_) => None,
        }
    }

    /// The value as the bytes of its two's complement, least significant first.
    pub fn to_le_bytes(self) -> Vec<u8> {
        match self.0 {
            Repr::Small(value) => value.to_le_bytes().to_vec(),
            Repr::Big(bytes) => bytes.to_vec(),
        }
    }
}

impl fmt::Display for Integer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Repr::Small(value) => fmt::Display::fmt(&value, f),
            Repr::Big(bytes) => {
                let (negative, magnitude) = magnitude(bytes);
                if magnitude.len() > DECIMAL {
                    f.write_str(if negative { "-0x" } else { "0x" })?;
                    return hexadecimal(&magnitude, f);
                }
                f.pad_integral(!negative, "", &decimal(&magnitude))
            }
        }
    }
}

impl fmt::Debug for Integer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The value of little-endian two's complement bytes, where it fits.
pub(crate) fn small_from_le(bytes: &[u8]) -> Option<i64> {
    let fill = if bytes.last().is_some_and(|last| last & 0x80 != 0) { 0xff } else { 0 };
    let mut array = [fill; 8];
    for (index, &byte) in bytes.iter().enumerate() {
        match array.get_mut(index) {
            Some(place) => *place = byte,
            None if byte == fill => {}
            None => return None,
        }
    }
    let value = i64::from_le_bytes(array);
    // Nine bytes `ff .. 00` are positive although their first eight look negative.
    ((value < 0) == (fill != 0)).then_some(value)
}

/// So many bytes are shown in decimal.
const DECIMAL: usize = 128;

/// Returns `true` if the value is negative, and the little-endian bytes of its magnitude, without zeros above them.
fn magnitude(bytes: &[u8]) -> (bool, Vec<u8>) {
    let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
    let mut magnitude = bytes.to_vec();
    if negative {
        let mut carry = true;
        for byte in &mut magnitude {
            let (sum, over) = (!*byte).overflowing_add(u8::from(carry));
            *byte = sum;
            carry = over;
        }
    }
    let len = magnitude.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    magnitude.truncate(len);
    (negative, magnitude)
}

/// The hexadecimal digits of a magnitude.
fn hexadecimal(magnitude: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (place, byte) in magnitude.iter().rev().enumerate() {
        match place {
            0 => write!(f, "{byte:x}")?,
            _ => write!(f, "{byte:02x}")?,
        }
    }
    Ok(())
}

/// The decimal digits of a magnitude.
fn decimal(magnitude: &[u8]) -> String {
    let mut limbs: Vec<u32> = magnitude
        .chunks(4)
        .map(|chunk| {
            let mut array = [0; 4];
            array.iter_mut().zip(chunk).for_each(|(place, &byte)| *place = byte);
            u32::from_le_bytes(array)
        })
        .collect();
    let mut groups = Vec::new();
    while let Some(&last) = limbs.last() {
        if last == 0 {
            limbs.pop();
            continue;
        }
        let mut rest = 0u64;
        for limb in limbs.iter_mut().rev() {
            let value = (rest << 32) | u64::from(*limb);
            // Both are below 2^32: `rest` is below 10^9, and so the quotient below 2^32.
            *limb = u32::try_from(value / 1_000_000_000).unwrap_or(u32::MAX);
            rest = value % 1_000_000_000;
        }
        groups.push(rest);
    }
    let mut digits = groups.pop().unwrap_or(0).to_string();
    for group in groups.iter().rev() {
        digits.push_str(&format!("{group:09}"));
    }
    digits
}

/// So many digits are read at a time.
const GROUP: usize = 9;

/// The little-endian two's complement of a decimal number; `None` where it is not one.
pub(crate) fn le_from_decimal(text: &str) -> Option<Vec<u8>> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let mut limbs: Vec<u32> = Vec::new();
    // The first group may be shorter than the others.
    let (first, rest) = digits.split_at(digits.len() % GROUP);
    let groups = [first.as_bytes()].into_iter().chain(rest.as_bytes().chunks(GROUP));
    for group in groups.filter(|group| !group.is_empty()) {
        let number = |value: u64, digit: &u8| value * 10 + u64::from(digit - b'0');
        let mut carry = group.iter().fold(0, number);
        for limb in &mut limbs {
            // Below 2^32 * 10^9 + 2^32.
            let value = u64::from(*limb) * 1_000_000_000 + carry;
            *limb = u32::try_from(value & u64::from(u32::MAX)).ok()?;
            carry = value >> 32;
        }
        if carry > 0 {
            limbs.push(u32::try_from(carry).ok()?);
        }
    }
    let mut bytes: Vec<u8> = limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect();
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    bytes.push(0);
    if negative {
        let mut carry = true;
        for byte in &mut bytes {
            let (sum, over) = (!*byte).overflowing_add(u8::from(carry));
            *byte = sum;
            carry = over;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_are_sign_extended() {
        assert_eq!(small_from_le(&[]), Some(0));
        assert_eq!(small_from_le(&[0xff]), Some(-1));
        assert_eq!(small_from_le(&[0xff, 0]), Some(255));
        assert_eq!(small_from_le(&i64::MIN.to_le_bytes()), Some(i64::MIN));
        assert_eq!(small_from_le(&[0, 0, 0, 0, 0, 0, 0, 0x80, 0]), None);
        assert_eq!(small_from_le(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Some(1));
        assert_eq!(small_from_le(&[0; 8].map(|_| 0xff)), Some(-1));
        assert_eq!(small_from_le(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]), None);
    }

    #[test]
    fn big_numbers_are_shown_in_decimal() {
        let show = |bytes: &[u8]| Integer::big(bytes).to_string();
        assert_eq!(show(&u128::MAX.to_le_bytes()[..15]), "-1");
        assert_eq!(show(&i128::MIN.to_le_bytes()), i128::MIN.to_string());
        assert_eq!(show(&i128::MAX.to_le_bytes()), i128::MAX.to_string());
        assert_eq!(show(&(10i128.pow(27)).to_le_bytes()), 10i128.pow(27).to_string());
        assert_eq!(show(&[0; 9]), "0");
        let mut large = [0; 130];
        large[128] = 10;
        assert_eq!(show(&large), format!("0xa{}", "0".repeat(256)));
        large[129] = 0xff;
        assert_eq!(show(&large), format!("-0xf6{}", "0".repeat(256)));
        assert_eq!(show(&[&[0xff; 128][..], &[0]].concat()).len(), 309);
    }

    #[test]
    fn decimal_text_becomes_bytes() {
        for value in [0, 1, -1, 255, 256, -256, i128::MAX, i128::MIN + 1, 10i128.pow(30)] {
            let bytes = le_from_decimal(&value.to_string()).unwrap();
            assert_eq!(Integer::big(&bytes).to_string(), value.to_string());
        }
        assert_eq!(le_from_decimal("1x"), None);
        assert_eq!(le_from_decimal("-"), None);
    }
}
