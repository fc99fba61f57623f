//! Fingerprints of the states met so far: a fixed open-addressing table that several threads fill at once.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of one entry.
pub const ENTRY_BYTES: usize = 16;
/// Largest table: room for 100 million states.
pub const ENTRIES_MAX: usize = 1 << 27;

/// A set of fingerprints. It is made for a stated number and never grows.
#[derive(Debug)]
pub(super) struct Seen {
    /// Pairs of halves; a first half of 0 is a free place.
    halves: Vec<AtomicU64>,
    mask: usize,
}

impl Seen {
    /// A table that is three quarters full with `count` entries.
    #[must_use]
    pub(super) fn with_room_for(count: u64) -> Self {
        let wanted = usize::try_from(count + count / 3 + 16).unwrap_or(ENTRIES_MAX);
        let entries = wanted.next_power_of_two().min(ENTRIES_MAX);
        let mut halves = Vec::new();
        halves.resize_with(2 * entries, AtomicU64::default);
        Self { halves, mask: entries - 1 }
    }

    /// Most entries that still leave lookups short.
    #[must_use]
    pub(super) const fn room(&self) -> u64 {
        (self.mask as u64 + 1) / 16 * 13
    }

    /// Adds a fingerprint whose halves are not 0; true where it is new.
    pub(super) fn insert(&self, [low, high]: [u64; 2]) -> bool {
        // The table is smaller than 2^64 entries, so that the lower bits are enough.
        #[expect(clippy::cast_possible_truncation, reason = "masked anyway")]
        let mut at = (low ^ high.rotate_left(32)) as usize & self.mask;
        loop {
            let (first, second) = (&self.halves[2 * at], &self.halves[2 * at + 1]);
            match first.compare_exchange(0, low, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    second.store(high, Ordering::Release);
                    return true;
                }
                Err(found) if found == low => {
                    // Another thread may be between its two writes.
                    let mut other = second.load(Ordering::Acquire);
                    while other == 0 {
                        std::hint::spin_loop();
                        other = second.load(Ordering::Acquire);
                    }
                    if other == high {
                        return false;
                    }
                }
                Err(_) => {}
            }
            at = (at + 1) & self.mask;
        }
    }
}
