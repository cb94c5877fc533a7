//! Numbers as decimal text, which storages are called by wherever a file names them.

/// The digits of the greatest `usize`.
const MAX_DIGITS: usize = 20;

/// A number and its digits. The number after it takes no division.
pub(super) struct Decimal {
    number: usize,
    /// The digits at the end, zeros before them.
    digits: [u8; MAX_DIGITS],
    /// How many digits the number has.
    len: usize,
    /// The first number that has more.
    longer: usize,
}

impl Decimal {
    /// Begins with zero.
    pub(super) fn new() -> Self {
        Decimal { number: 0, digits: [b'0'; MAX_DIGITS], len: 1, longer: 10 }
    }

    /// The digits of a number.
    #[inline]
    pub(super) fn of(&mut self, number: usize) -> &[u8] {
        if number != self.number {
            if self.number.checked_add(1) == Some(number) {
                self.increment();
            } else {
                self.set(number);
            }
        }
        let zeros = MAX_DIGITS.saturating_sub(self.len);
        self.digits.get(zeros..).unwrap_or_default()
    }

    #[inline]
    fn increment(&mut self) {
        self.number += 1;
        for digit in self.digits.iter_mut().rev() {
            if *digit != b'9' {
                *digit += 1;
                break;
            }
            *digit = b'0';
        }
        if self.number == self.longer {
            self.len += 1;
            self.longer = self.longer.saturating_mul(10);
        }
    }

    fn set(&mut self, number: usize) {
        self.number = number;
        let mut rest = number;
        for digit in self.digits.iter_mut().rev() {
            // A digit is less than 10.
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        self.len = decimal_len(number);
        self.longer = u32::try_from(self.len)
            .ok()
            .and_then(|len| 10usize.checked_pow(len))
            .unwrap_or(usize::MAX);
    }
}

/// How many digits a number has.
#[inline]
pub(super) fn decimal_len(number: usize) -> usize {
    number.checked_ilog10().unwrap_or(0) as usize + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_the_number() {
        let mut decimal = Decimal::new();
        let jumps = [0, 7, 99, 98, 100_000, 1, usize::MAX - 1, usize::MAX, 0, usize::MAX, 9, 10];
        for number in (0..1200).chain(jumps).chain(99_990..100_010) {
            assert_eq!(decimal.of(number), number.to_string().as_bytes());
            assert_eq!(decimal_len(number), number.to_string().len());
        }
    }
}
