//! How often something is let through: a bucket for each key, and a fixed number of keys that are remembered.
//!
//! Time is an argument: milliseconds of any clock that does not go back.

use std::collections::{BTreeMap, BTreeSet};

/// So many in a time, all at once where they were saved up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    window_ms: u64,
}

impl Rate {
    /// So many in a minute; 0 sets no limit.
    #[must_use]
    pub const fn per_minute(count: u32) -> Self {
        Self { count, window_ms: 60_000 }
    }

    /// So many in an hour; 0 sets no limit.
    #[must_use]
    pub const fn per_hour(count: u32) -> Self {
        Self { count, window_ms: 3_600_000 }
    }

    /// What a full bucket holds: each of the `count` costs a window, and each millisecond saves `count`, so that nothing is
    /// rounded away.
    const fn full(self) -> u64 {
        self.window_ms * self.count as u64
    }
}

/// What is saved up, as of a time.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    saved: u64,
    at_ms: u64,
}

impl Bucket {
    /// With all that a rate lets through at once.
    const fn full(rate: Rate, now_ms: u64) -> Self {
        Self { saved: rate.full(), at_ms: now_ms }
    }

    /// Saves for the time since it was looked at last.
    fn pass_time(&mut self, rate: Rate, now_ms: u64) {
        let passed = now_ms.saturating_sub(self.at_ms).min(rate.window_ms);
        self.saved = self.saved.saturating_add(passed * u64::from(rate.count)).min(rate.full());
        self.at_ms = now_ms.max(self.at_ms);
    }

    /// Milliseconds until there is one.
    fn wait_ms(self, rate: Rate) -> u64 {
        let lacks = rate.window_ms.saturating_sub(self.saved);
        if rate.count == 0 { 0 } else { lacks.div_ceil(u64::from(rate.count)) }
    }

    /// Takes one, or what is left of one.
    const fn take(&mut self, rate: Rate) {
        self.saved = self.saved.saturating_sub(rate.window_ms);
    }

    /// Gives one back.
    fn give_back(&mut self, rate: Rate) {
        self.saved = self.saved.saturating_add(rate.window_ms).min(rate.full());
    }
}

/// A bucket for each key. At its limit the key that was seen longest ago is forgotten: its bucket is the fullest, or nearly so.
#[derive(Debug)]
pub struct Rates<K> {
    rate: Rate,
    keys_max: usize,
    of: BTreeMap<K, Bucket>,
    /// Keys by when they were seen last.
    seen: BTreeSet<(u64, K)>,
}

impl<K: Ord + Copy> Rates<K> {
    /// No keys yet, and never more than `keys_max` of them.
    #[must_use]
    pub const fn new(rate: Rate, keys_max: usize) -> Self {
        Self { rate, keys_max, of: BTreeMap::new(), seen: BTreeSet::new() }
    }

    /// Milliseconds until a key may take one.
    fn wait_ms(&mut self, key: K, now_ms: u64) -> u64 {
        if self.rate.count == 0 {
            return 0;
        }
        if !self.of.contains_key(&key)
            && self.of.len() >= self.keys_max
            && let Some((_, oldest)) = self.seen.pop_first()
        {
            self.of.remove(&oldest);
        }
        let bucket = self.of.entry(key).or_insert_with(|| Bucket::full(self.rate, now_ms));
        self.seen.remove(&(bucket.at_ms, key));
        bucket.pass_time(self.rate, now_ms);
        self.seen.insert((bucket.at_ms, key));
        bucket.wait_ms(self.rate)
    }

    /// Takes one for a key, or says after how many seconds there is one.
    pub fn take(&mut self, key: K, now_ms: u64) -> Result<(), u64> {
        self.take_each(&[key], now_ms)
    }

    /// Takes one for each of the keys or for none, or says after how many seconds there is one for each.
    pub fn take_each(&mut self, keys: &[K], now_ms: u64) -> Result<(), u64> {
        let wait_ms = keys.iter().map(|key| self.wait_ms(*key, now_ms)).max().unwrap_or(0);
        if wait_ms > 0 {
            return Err(wait_ms.div_ceil(1_000));
        }
        for key in keys {
            if let Some(bucket) = self.of.get_mut(key) {
                bucket.take(self.rate);
            }
        }
        Ok(())
    }

    /// Gives a key back what it took.
    pub fn give_back(&mut self, key: K) {
        if let Some(bucket) = self.of.get_mut(&key) {
            bucket.give_back(self.rate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000;

    /// How many of `tries` are let through at one time.
    fn let_through(rates: &mut Rates<u32>, key: u32, tries: u32, now_ms: u64) -> u32 {
        (0..tries).map(|_| u32::from(rates.take(key, now_ms).is_ok())).sum()
    }

    #[test]
    fn a_bucket_runs_out_and_fills_with_time() {
        let mut rates = Rates::new(Rate::per_minute(30), 10);
        assert_eq!(let_through(&mut rates, 1, 100, SECOND), 30);
        assert_eq!(rates.take(1, SECOND), Err(2));
        assert_eq!(rates.take(1, 2 * SECOND), Err(1));
        assert_eq!(let_through(&mut rates, 1, 100, 3 * SECOND), 1);
        assert_eq!(let_through(&mut rates, 2, 100, 3 * SECOND), 30, "another key has its own");
        assert_eq!(let_through(&mut rates, 1, 100, 63 * SECOND), 30);
        assert_eq!(let_through(&mut rates, 1, 100, 86_400 * SECOND), 30, "and never more");
        assert_eq!(rates.take(1, 0), Err(2), "a clock that went back saves nothing");
    }

    #[test]
    fn large_and_small_rates_are_kept_to() {
        for (rate, count, window_ms) in [
            (Rate::per_minute(1), 1, 60_000),
            (Rate::per_minute(7), 7, 60_000),
            (Rate::per_minute(600_000), 600_000, 60_000),
            (Rate::per_hour(60), 60, 3_600_000),
        ] {
            let mut rates = Rates::new(rate, 10);
            let half = (0..2 * count)
                .filter(|n| rates.take(1, u64::from(*n) * window_ms / u64::from(4 * count)).is_ok());
            let taken = u32::try_from(half.count()).unwrap();
            assert!(
                (count..=count + count / 2 + 1).contains(&taken),
                "{rate:?} lets {taken} through in half its time"
            );
        }
        let mut rates = Rates::new(Rate::per_minute(0), 10);
        assert_eq!(let_through(&mut rates, 1, 10_000, SECOND), 10_000, "0 is no limit");
        assert!(rates.of.is_empty());
    }

    #[test]
    fn several_take_together_or_not_at_all() {
        let mut rates = Rates::new(Rate::per_hour(2), 10);
        assert_eq!(rates.take_each(&[1, 2], 0), Ok(()));
        assert_eq!(rates.take(2, 0), Ok(()));
        assert_eq!(rates.take_each(&[1, 2, 3], 0), Err(1_800));
        assert_eq!(let_through(&mut rates, 1, 9, 0), 1, "what was refused took nothing");
        rates.give_back(2);
        rates.give_back(9);
        assert_eq!(let_through(&mut rates, 2, 9, 0), 1);
        rates.give_back(3);
        assert_eq!(let_through(&mut rates, 3, 9, 0), 2, "a full bucket takes nothing back");
    }

    #[test]
    fn only_so_many_keys_are_remembered() {
        let mut rates = Rates::new(Rate::per_minute(2), 4);
        for key in 0..100 {
            assert_eq!(let_through(&mut rates, key, 3, u64::from(key)), 2);
            assert!(rates.of.len() <= 4 && rates.seen.len() == rates.of.len());
        }
        assert_eq!(let_through(&mut rates, 96, 1, 100), 0, "seen again");
        assert_eq!(let_through(&mut rates, 200, 3, 101), 2);
        assert_eq!(let_through(&mut rates, 96, 1, 102), 0, "so the one before it is forgotten");
        assert_eq!(let_through(&mut rates, 97, 1, 102), 1);
    }
}
