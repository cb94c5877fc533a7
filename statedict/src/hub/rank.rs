//! Which of several processes speaks.

use crate::hub::options::Options;

/// The target of all that is logged.
const TARGET: &str = "statedict::hub";

/// The log of the process of rank 0; the others are silent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Log {
    speaks: bool,
}

impl Log {
    pub(super) fn new(options: &Options) -> Log {
        let rank = options.rank.or_else(|| rank(|name| std::env::var(name).ok()));
        Log { speaks: rank.unwrap_or(0) == 0 }
    }

    pub(super) fn info(self, message: impl FnOnce() -> String) {
        if self.speaks && log::log_enabled!(target: TARGET, log::Level::Info) {
            log::info!(target: TARGET, "{}", message());
        }
    }

    pub(super) fn warn(self, message: impl FnOnce() -> String) {
        if self.speaks && log::log_enabled!(target: TARGET, log::Level::Warn) {
            log::warn!(target: TARGET, "{}", message());
        }
    }
}

/// The rank among all processes, or else among those of this machine.
fn rank(variable: impl Fn(&str) -> Option<String>) -> Option<u64> {
    ["RANK", "LOCAL_RANK"].into_iter().find_map(|name| variable(name)?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks() {
        let ranks = |all: Option<&str>, local: Option<&str>| {
            let value = |text: Option<&str>| text.map(str::to_owned);
            rank(|name| if name == "RANK" { value(all) } else { value(local) })
        };
        assert_eq!(ranks(None, None), None);
        assert_eq!(ranks(Some("8"), Some("0")), Some(8));
        assert_eq!(ranks(None, Some("3")), Some(3));
        assert_eq!(ranks(Some("x"), Some("3")), Some(3));
        assert!(!Log::new(&Options::new().rank(1)).speaks);
        assert!(Log::new(&Options::new().rank(0)).speaks);
    }
}
