//! The time by which certificates are judged.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rustls::{pki_types::UnixTime, time_provider::TimeProvider};

/// A clock in Unix seconds with a floor below which it is not believed; clones share the floor.
#[derive(Clone)]
pub struct TimeSource {
    clock: Arc<dyn Fn() -> u64 + Send + Sync>,
    floor: Arc<AtomicU64>,
}

impl TimeSource {
    /// Takes a clock (Unix seconds) and a first floor, such as the build date or the last persisted time.
    #[must_use]
    pub fn new(clock: Arc<dyn Fn() -> u64 + Send + Sync>, floor: u64) -> Self {
        Self { clock, floor: Arc::new(AtomicU64::new(floor)) }
    }

    /// Raises the floor, as when the hub has signed a later time; never lowers it.
    pub fn raise_floor(&self, floor: u64) {
        self.floor.fetch_max(floor, Ordering::Relaxed);
    }

    /// The later of clock and floor, Unix seconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        (self.clock)().max(self.floor.load(Ordering::Relaxed))
    }

    pub(crate) fn unix_time(&self) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(self.now()))
    }
}

impl fmt::Debug for TimeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeSource").field("now", &self.now()).finish_non_exhaustive()
    }
}

impl TimeProvider for TimeSource {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.unix_time())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_in_1970_is_lifted_to_the_floor() {
        let time = TimeSource::new(Arc::new(|| 100), 50);
        assert_eq!(time.now(), 100);
        let copy = time.clone();
        copy.raise_floor(1_800_000_000);
        copy.raise_floor(7);
        assert_eq!(time.now(), 1_800_000_000);
    }
}
