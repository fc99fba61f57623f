//! How fast six digits, or keys, may be guessed: a bucket of tries for each address, and one for the server.
//!
//! A look-up takes a try before it reads and gets it back when the digits were right, so requests side by side cannot
//! overdraw a bucket. Time is an argument: milliseconds of any clock that does not go back.

use crate::limits::{GUESS_WINDOW_MS, GUESSERS_MAX, GUESSES_OF_ALL, GUESSES_OF_ONE};
use std::{collections::BTreeMap, net::IpAddr};

/// Time saved up, as of a time: each try costs its share of the window, and a full bucket holds a whole window.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    saved_ms: u64,
    at_ms: u64,
}

/// What one of `size` tries costs.
const fn cost_ms(size: u64) -> u64 {
    GUESS_WINDOW_MS / size
}

impl Bucket {
    const fn full(now_ms: u64) -> Self {
        Self { saved_ms: GUESS_WINDOW_MS, at_ms: now_ms }
    }

    fn save(&mut self, ms: u64) {
        self.saved_ms = self.saved_ms.saturating_add(ms).min(GUESS_WINDOW_MS);
    }

    fn pass_time(&mut self, now_ms: u64) {
        self.save(now_ms.saturating_sub(self.at_ms));
        self.at_ms = now_ms.max(self.at_ms);
    }

    /// Milliseconds until there is enough for one of `size` tries.
    const fn wait_ms(self, size: u64) -> u64 {
        cost_ms(size).saturating_sub(self.saved_ms)
    }
}

/// The buckets of a server.
#[derive(Debug)]
pub struct Guesses {
    of_all: Bucket,
    of: BTreeMap<IpAddr, Bucket>,
}

impl Default for Guesses {
    fn default() -> Self {
        Self { of_all: Bucket::full(0), of: BTreeMap::new() }
    }
}

impl Guesses {
    /// Takes a try of an address, or says after how many seconds there is one.
    pub fn take(&mut self, from: IpAddr, now_ms: u64) -> Result<(), u64> {
        let from = whole(from);
        self.make_room(from, now_ms);
        self.of_all.pass_time(now_ms);
        let one = self.of.entry(from).or_insert_with(|| Bucket::full(now_ms));
        one.pass_time(now_ms);
        let mut wait_ms = one.wait_ms(GUESSES_OF_ONE);
        // The box's own screen has its own bucket alone: guessing from elsewhere must not shut it out.
        if !from.is_loopback() {
            wait_ms = wait_ms.max(self.of_all.wait_ms(GUESSES_OF_ALL));
        }
        if wait_ms > 0 {
            return Err(wait_ms.div_ceil(1_000));
        }
        one.saved_ms -= cost_ms(GUESSES_OF_ONE);
        self.of_all.saved_ms = self.of_all.saved_ms.saturating_sub(cost_ms(GUESSES_OF_ALL));
        Ok(())
    }

    /// Gives the try of a right answer back.
    pub fn was_right(&mut self, from: IpAddr) {
        self.of_all.save(cost_ms(GUESSES_OF_ALL));
        if let Some(one) = self.of.get_mut(&whole(from)) {
            one.save(cost_ms(GUESSES_OF_ONE));
        }
    }

    /// Forgets addresses whose buckets are full again; where that is not enough, the one that was seen longest ago.
    fn make_room(&mut self, from: IpAddr, now_ms: u64) {
        if self.of.len() < GUESSERS_MAX || self.of.contains_key(&from) {
            return;
        }
        self.of.retain(|_, one| now_ms.saturating_sub(one.at_ms) < GUESS_WINDOW_MS);
        if self.of.len() >= GUESSERS_MAX
            && let Some(oldest) = self.of.iter().min_by_key(|(_, one)| one.at_ms).map(|(from, _)| *from)
        {
            self.of.remove(&oldest);
        }
    }
}

/// The address that is counted: of IPv6 the network of 64 bits, which one subscriber has whole.
#[must_use]
pub fn whole(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        other @ (IpAddr::V4(_) | IpAddr::V6(_)) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000;

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// How many of `tries` are let through at one time.
    fn let_through(guesses: &mut Guesses, from: &str, tries: u64, now_ms: u64) -> u64 {
        (0..tries).map(|_| u64::from(guesses.take(at(from), now_ms).is_ok())).sum()
    }

    #[test]
    fn wrong_digits_run_out_and_come_back_with_time() {
        let mut guesses = Guesses::default();
        assert_eq!(let_through(&mut guesses, "10.0.0.1", 25, SECOND), GUESSES_OF_ONE);
        assert_eq!(guesses.take(at("10.0.0.1"), SECOND), Err(6));
        assert_eq!(guesses.take(at("10.0.0.1"), 5 * SECOND), Err(2));
        assert_eq!(let_through(&mut guesses, "10.0.0.1", 25, 7 * SECOND), 1);
        assert_eq!(let_through(&mut guesses, "10.0.0.1", 25, 67 * SECOND), GUESSES_OF_ONE);
        assert_eq!(let_through(&mut guesses, "10.0.0.1", 25, 3_600 * SECOND), GUESSES_OF_ONE);
    }

    #[test]
    fn right_digits_cost_nothing() {
        let mut guesses = Guesses::default();
        for _ in 0..100 {
            assert_eq!(guesses.take(at("10.0.0.1"), SECOND), Ok(()));
            guesses.was_right(at("10.0.0.1"));
        }
        assert_eq!(let_through(&mut guesses, "10.0.0.1", 25, SECOND), GUESSES_OF_ONE);
        guesses.was_right(at("10.0.0.2"));
    }

    #[test]
    fn many_addresses_share_one_bound_and_the_own_screen_stays_open() {
        let mut guesses = Guesses::default();
        let all: u64 = (0..200).map(|n| let_through(&mut guesses, &format!("10.0.1.{n}"), 5, SECOND)).sum();
        assert_eq!(all, GUESSES_OF_ALL);
        assert_eq!(guesses.take(at("10.0.2.1"), SECOND), Err(1));
        assert_eq!(let_through(&mut guesses, "127.0.0.1", 25, SECOND), GUESSES_OF_ONE);
    }

    #[test]
    fn one_network_of_ipv6_is_one_guesser() {
        let mut guesses = Guesses::default();
        assert_eq!(let_through(&mut guesses, "2001:db8::1", 8, SECOND), 8);
        assert_eq!(let_through(&mut guesses, "2001:db8::2", 8, SECOND), 2);
        assert_eq!(let_through(&mut guesses, "2001:db8:0:1::2", 8, SECOND), 8);
        assert_eq!(whole(at("::ffff:10.0.0.1")), at("10.0.0.1"));
    }

    #[test]
    fn the_memory_of_addresses_is_bounded() {
        let mut guesses = Guesses::default();
        for n in 0..3 * u32::try_from(GUESSERS_MAX).unwrap() {
            let from = IpAddr::from((0x0a00_0000 + n).to_be_bytes());
            let _refused = guesses.take(from, u64::from(n));
            assert!(guesses.of.len() <= GUESSERS_MAX);
        }
    }
}
