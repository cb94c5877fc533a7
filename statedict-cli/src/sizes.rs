//! Numbers as people say them.

/// A size in bytes: `97.8 MiB`.
pub(crate) fn bytes(nbytes: u64) -> String {
    scaled(nbytes, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB"])
}

/// A count: `85.1 M`.
pub(crate) fn count(count: u64) -> String {
    scaled(count, 1000.0, &["", "K", "M", "G", "T"]).trim_end().to_owned()
}

fn scaled(number: u64, step: f64, units: &[&str]) -> String {
    let mut value = number as f64;
    let mut unit = 0;
    // What would be shown as a whole step is one of the next unit.
    while value >= step - 0.05 && unit + 1 < units.len() {
        value /= step;
        unit += 1;
    }
    match unit {
        0 => format!("{number} {}", units[0]),
        unit => format!("{value:.1} {}", units[unit]),
    }
}

/// `1 tensor`, `2 tensors`.
pub(crate) fn plural(count: usize, word: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {word}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_digit_after_the_point() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(1024 * 1024 - 1), "1.0 MiB");
        assert_eq!(bytes(100 << 30), "100.0 GiB");
        assert_eq!(count(999), "999");
        assert_eq!(count(85_100_000), "85.1 M");
        assert_eq!((plural(1, "key"), plural(0, "key")), ("1 key".into(), "0 keys".into()));
    }
}
