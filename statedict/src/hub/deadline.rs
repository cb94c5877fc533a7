//! How long everything may take together.

use std::time::{Duration, Instant};

use crate::hub::error::HubError;

#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    start: Instant,
    limit: Option<Duration>,
}

impl Deadline {
    /// From now on.
    pub(super) fn new(limit: Option<Duration>) -> Deadline {
        Deadline { start: Instant::now(), limit }
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
