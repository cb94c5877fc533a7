//! Which keys Python can hash, and which it takes for equal.

use crate::value::{Kind, Value};

/// A text that two keys have in common where Python takes them for one; of what it cannot hash, what that is.
pub(super) fn canonical(key: Value<'_>) -> Result<String, &'static str> {
    Ok(match key.kind() {
        Kind::None => "None".to_owned(),
        // `1`, `1.0` and `True` are one key.
        Kind::Bool(value) => i64::from(value).to_string(),
        Kind::Int(value) => value.to_string(),
        // With a precision all digits are written; without, zeros follow the shortest that tell it from others.
        Kind::Float(value) if value.is_finite() && value.fract() == 0.0 => match value {
            0.0 => "0".to_owned(),
            value => format!("{value:.0}"),
        },
        Kind::Float(value) => format!("float {:x}", value.to_bits()),
        Kind::Str(text) => format!("str {text}"),
        Kind::Bytes(bytes) => format!("bytes {bytes:?}"),
        // Encoding has limited how deep they nest.
        Kind::Tuple(items) => {
            let mut text = format!("tuple of {}:", items.len());
            for item in items.iter() {
                let item = canonical(item)?;
                text.push_str(&format!(" {} {item}", item.len()));
            }
            text
        }
        Kind::List(_) => return Err("a list"),
        Kind::Dict(_) => return Err("a dict"),
        _ => return Err("of a type"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Graph, NewValue};

    #[test]
    fn numbers_are_equal_by_their_value() {
        let of = |value: NewValue<'static>| canonical(Graph::of(value).root()).unwrap();
        let one = [NewValue::Bool(true), NewValue::Int(1), NewValue::Float(1.0)].map(of);
        assert!(one[0] == one[1] && one[1] == one[2]);
        let big = NewValue::BigInt((1i128 << 70).to_le_bytes().to_vec().into());
        assert_eq!(of(NewValue::Float(2f64.powi(70))), of(big));
        assert_eq!(of(NewValue::Float(-0.0)), of(NewValue::Int(0)));
        assert_ne!(of("1".into()), one[0]);
    }
}
