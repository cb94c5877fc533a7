//! How long everything may take together.

use std::time::{Duration, Instant};

use crate::hub::error::HubError;

/// More than anybody waits: a point in time so far away cannot be calculated everywhere.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// A limit, if it is one.
pub(super) fn limit(limit: Duration) -> Option<Duration> {
    Some(limit).filter(|limit| *limit < NEVER)
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    start: Instant,
    limit: Option<Duration>,
}

impl Deadline {
    /// From now on.
    pub(super) fn new(limit: Option<Duration>) -> Deadline {
        Deadline { start: Instant::now(), limit: limit.and_then(self::limit) }
    }

    /// How much is left, where there is a limit.
    pub(super) fn remaining(&self) -> Option<Duration> {
        self.limit.map(|limit| limit.saturating_sub(self.start.elapsed()))
    }

    /// Fails where less than `needed` is left.
    pub(super) fn check(&self, needed: Duration, address: &str) -> Result<(), HubError> {
        match (self.remaining(), self.limit) {
            (Some(left), Some(limit)) if left.is_zero() || left < needed => {
                Err(HubError::Timeout { address: address.to_owned(), limit })
            }
            _ => Ok(()),
        }
    }
}
