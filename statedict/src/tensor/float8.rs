//! The 8-bit floating-point types: their values, and rounding to them as PyTorch does.

use crate::dtype::DType;

/// A type of one sign bit, `MANTISSA` bits of mantissa, and an exponent in between.
struct Format {
    mantissa: u32,
    bias: i32,
    /// `true` if the type has infinities and several NaNs, as IEEE types do.
    ieee: bool,
    /// `true` if the only NaN is what would be -0.
    unsigned_zero: bool,
}

const E5M2: Format = Format { mantissa: 2, bias: 15, ieee: true, unsigned_zero: false };
const E4M3FN: Format = Format { mantissa: 3, bias: 7, ieee: false, unsigned_zero: false };
const E5M2FNUZ: Format = Format { mantissa: 2, bias: 16, ieee: false, unsigned_zero: true };
const E4M3FNUZ: Format = Format { mantissa: 3, bias: 8, ieee: false, unsigned_zero: true };

fn format(dtype: DType) -> Option<&'static Format> {
    match dtype {
        DType::F8E5M2 => Some(&E5M2),
        DType::F8E4M3FN => Some(&E4M3FN),
        DType::F8E5M2FNUZ => Some(&E5M2FNUZ),
        DType::F8E4M3FNUZ => Some(&E4M3FNUZ),
        _ => None,
    }
}

/// The function that gives the value of a byte of an 8-bit floating-point type.
pub(super) fn decoder(dtype: DType) -> Option<impl Fn(u8) -> f32> {
    let format = format(dtype);
    (format.is_some() || dtype == DType::F8E8M0FNU).then_some(move |byte| {
        format.map_or_else(|| decode_e8m0(byte), |format| format.decode(byte))
    })
}

/// The function that rounds to an 8-bit floating-point type.
pub(super) fn encoder(dtype: DType) -> Option<impl Fn(f32) -> u8> {
    let format = format(dtype);
    (format.is_some() || dtype == DType::F8E8M0FNU).then_some(move |value| {
        format.map_or_else(|| encode_e8m0(value), |format| format.encode(value))
    })
}

impl Format {
    fn decode(&self, byte: u8) -> f32 {
        let sign = if byte & 0x80 == 0 { 1.0 } else { -1.0 };
        let magnitude = byte & 0x7f;
        if self.is_nan(byte) {
            return f32::NAN;
        }
        if self.ieee && magnitude == self.infinity() {
            return sign * f32::INFINITY;
        }
        let fraction = magnitude & ((1 << self.mantissa) - 1);
        let exponent = i32::from(magnitude >> self.mantissa);
        let width = i32::try_from(self.mantissa).unwrap_or(0);
        let (significand, exponent) = match exponent {
            0 => (fraction, 1),
            _ => (fraction | 1 << self.mantissa, exponent),
        };
        sign * f32::from(significand) * 2f32.powi(exponent - self.bias - width)
    }

    fn is_nan(&self, byte: u8) -> bool {
        let magnitude = byte & 0x7f;
        match (self.unsigned_zero, self.ieee) {
            (true, _) => byte == 0x80,
            (false, true) => magnitude > self.infinity(),
            (false, false) => magnitude == 0x7f,
        }
    }

    /// The bits of infinity, for a type that has one.
    fn infinity(&self) -> u8 {
        0x7f >> self.mantissa << self.mantissa
    }

    /// Rounds to nearest, ties to even.
    fn encode(&self, value: f32) -> u8 {
        let sign = if value.is_sign_negative() { 0x80 } else { 0 };
        if value.is_nan() {
            // PyTorch keeps the sign of a NaN where the type has NaNs of both signs.
            return if self.unsigned_zero { 0x80 } else { sign | 0x7f };
        }
        let magnitude = f64::from(value.abs());
        let width = i32::try_from(self.mantissa).unwrap_or(0);
        let least = 1 - self.bias;
        // The exponent of the value, but no less than that of the type's smallest normal number.
        let bits = i32::try_from(magnitude.to_bits() >> 52).unwrap_or(0);
        let exponent = (bits - 1023).max(least);
        let steps = (magnitude * 2f64.powi(width - exponent)).round_ties_even();
        // In steps of that exponent; rounding up to the next power of two carries over by itself.
        let code = steps + f64::from((exponent - least) << self.mantissa);
        let (largest, beyond) = match (self.unsigned_zero, self.ieee) {
            (true, _) => (0x7f, 0x80),
            (false, true) => (self.infinity() - 1, sign | self.infinity()),
            (false, false) => (0x7e, sign | 0x7e),
        };
        if code > f64::from(largest) {
            return beyond;
        }
        // No more than 0x7f, as was just checked, and never negative.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let code = code as u8;
        if code == 0 && self.unsigned_zero { 0 } else { sign | code }
    }
}

/// A power of two without a sign; 255 is NaN.
fn decode_e8m0(byte: u8) -> f32 {
    match byte {
        255 => f32::NAN,
        0 => 2f32.powi(-127),
        _ => f32::from_bits(u32::from(byte) << 23),
    }
}

/// The nearest power of two of the magnitude, ties to the larger, as PyTorch rounds.
fn encode_e8m0(value: f32) -> u8 {
    let bits = value.to_bits();
    let exponent = u8::try_from(bits >> 23 & 0xff).unwrap_or(0xff);
    let (half, rest) = (bits & 0x40_0000 != 0, bits & 0x3f_ffff != 0);
    // Among the smallest, which have no leading one, a tie goes down.
    if exponent != 255 && half && (rest || exponent > 0) { exponent + 1 } else { exponent }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares with the bytes that `torch.tensor(values).to(dtype)` gave.
    #[test]
    fn rounding_is_torchs() {
        let values = [
            1e9,
            -1e9,
            f32::INFINITY,
            f32::NEG_INFINITY,
            500.0,
            460.0,
            448.0,
            464.0,
            57344.0,
            61440.0,
            240.0,
            0.0,
            -0.0,
            -1e-9,
            -3.0,
            5.9,
            6.0,
        ];
        for (dtype, expected) in [
            (
                DType::F8E5M2,
                [124, 252, 124, 252, 96, 95, 95, 95, 123, 124, 92, 0, 128, 128, 194, 70, 70],
            ),
            (
                DType::F8E4M3FN,
                [126, 254, 126, 254, 126, 126, 126, 126, 126, 126, 119, 0, 128, 128, 196, 76, 76],
            ),
            (
                DType::F8E5M2FNUZ,
                [128, 128, 128, 128, 100, 99, 99, 99, 127, 128, 96, 0, 0, 0, 198, 74, 74],
            ),
            (
                DType::F8E4M3FNUZ,
                [128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 127, 0, 0, 0, 204, 84, 84],
            ),
            (
                DType::F8E8M0FNU,
                [157, 157, 255, 255, 136, 136, 136, 136, 143, 143, 135, 0, 0, 97, 129, 129, 130],
            ),
        ] {
            let encode = encoder(dtype).unwrap();
            assert_eq!(values.map(encode), expected, "{dtype}");
        }
    }

    #[test]
    fn every_value_encodes_to_its_own_byte() {
        for dtype in
            [DType::F8E5M2, DType::F8E4M3FN, DType::F8E5M2FNUZ, DType::F8E4M3FNUZ, DType::F8E8M0FNU]
        {
            let (decode, encode) = (decoder(dtype).unwrap(), encoder(dtype).unwrap());
            for byte in 0..=255u8 {
                let value = decode(byte);
                assert!(value.is_nan() || encode(value) == byte, "{dtype} {byte:#x}: {value}");
            }
        }
    }
}
