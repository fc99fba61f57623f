//! How fast the six digits of tickets may be guessed: a bucket of tries for each address, and one for the node.
//!
//! A look-up takes a try before it reads and gets it back when the digits were right, so requests side by side cannot
//! overdraw a bucket. Time is an argument: milliseconds of any clock that does not go back.

use crate::limits::{GUESSERS_MAX, GUESSES_OF_ALL, GUESSES_OF_ONE, GUESS_WINDOW_MS};
use std::{collections::BTreeMap, net::IpAddr};

/// Tries left, in thousandths, as of a time.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left_milli: u64,
    at_ms: u64,
}

impl Bucket {
    fn full(size: u64, now_ms: u64) -> Self {
        Self { left_milli: size * 1_000, at_ms: now_ms }
    }

    /// Adds what has come in since; a bucket fills within the window.
    fn fill(&mut self, size: u64, now_ms: u64) {
        let passed = now_ms.saturating_sub(self.at_ms).min(GUESS_WINDOW_MS);
        let came = passed * size * 1_000 / GUESS_WINDOW_MS;
        if came > 0 {
            self.left_milli = (self.left_milli + came).min(size * 1_000);
            self.at_ms = now_ms;
        }
    }

    /// Milliseconds until a whole try is there.
    fn wait_ms(self, size: u64) -> u64 {
        let missing = 1_000_u64.saturating_sub(self.left_milli);
        (missing * GUESS_WINDOW_MS).div_ceil(size * 1_000)
    }

    fn give_back(&mut self, size: u64) {
        self.left_milli = (self.left_milli + 1_000).min(size * 1_000);
    }
}

/// The buckets of a node.
#[derive(Debug)]
pub(crate) struct Guesses {
    of_all: Bucket,
    of: BTreeMap<IpAddr, Bucket>,
}

impl Guesses {
    pub(crate) fn new() -> Self {
        Self { of_all: Bucket::full(GUESSES_OF_ALL, 0), of: BTreeMap::new() }
    }

    /// Takes a try of an address, or says after how many seconds there is one.
    pub(crate) fn take(&mut self, from: IpAddr, now_ms: u64) -> Result<(), u64> {
        let from = whole(from);
        self.make_room(from, now_ms);
        self.of_all.fill(GUESSES_OF_ALL, now_ms);
        let one = self.of.entry(from).or_insert_with(|| Bucket::full(GUESSES_OF_ONE, now_ms));
        one.fill(GUESSES_OF_ONE, now_ms);
        let mut wait_ms = one.wait_ms(GUESSES_OF_ONE);
        // The box's own screen has its own bucket alone: guessing from elsewhere must not shut it out.
        if !from.is_loopback() {
            wait_ms = wait_ms.max(self.of_all.wait_ms(GUESSES_OF_ALL));
        }
        if wait_ms > 0 {
            return Err(wait_ms.div_ceil(1_000));
        }
        one.left_milli = one.left_milli.saturating_sub(1_000);
        self.of_all.left_milli = self.of_all.left_milli.saturating_sub(1_000);
        Ok(())
    }

    /// Gives the try of a right answer back.
    pub(crate) fn was_right(&mut self, from: IpAddr) {
        self.of_all.give_back(GUESSES_OF_ALL);
        if let Some(one) = self.of.get_mut(&whole(from)) {
            one.give_back(GUESSES_OF_ONE);
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
fn whole(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        other => other,
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
        let mut guesses = Guesses::new();
        assert_eq!(let_through(&mut guesses, "10.0.0.1", 25, SECOND), GUESSES_OF_ONE);
        assert_eq!(guesses.take(at("10.0.0.1"), SECOND), Err(6));
        assert_eq!(guesses.take(at("10.0.0.1"), 5 * SECOND), Err(2));
        assert_eq!(let_through(&mut guesses, "10.0.0.1", 25, 7 * SECOND), 1);
        assert_eq!(let_through(&mut guesses, "10.0.0.1", 25, 67 * SECOND), GUESSES_OF_ONE);
        assert_eq!(let_through(&mut guesses, "10.0.0.1", 25, 3_600 * SECOND), GUESSES_OF_ONE);
    }

    #[test]
    fn right_digits_cost_nothing() {
        let mut guesses = Guesses::new();
        for _ in 0..100 {
            assert_eq!(guesses.take(at("10.0.0.1"), SECOND), Ok(()));
            guesses.was_right(at("10.0.0.1"));
        }
        assert_eq!(let_through(&mut guesses, "10.0.0.1", 25, SECOND), GUESSES_OF_ONE);
        guesses.was_right(at("10.0.0.2"));
    }

    #[test]
    fn many_addresses_share_one_bound_and_the_own_screen_stays_open() {
        let mut guesses = Guesses::new();
        let all: u64 = (0..200).map(|n| let_through(&mut guesses, &format!("10.0.1.{n}"), 5, SECOND)).sum();
        assert_eq!(all, GUESSES_OF_ALL);
        assert_eq!(guesses.take(at("10.0.2.1"), SECOND), Err(1));
        assert_eq!(let_through(&mut guesses, "127.0.0.1", 25, SECOND), GUESSES_OF_ONE);
    }

    #[test]
    fn one_network_of_ipv6_is_one_guesser() {
        let mut guesses = Guesses::new();
        assert_eq!(let_through(&mut guesses, "2001:db8::1", 8, SECOND), 8);
        assert_eq!(let_through(&mut guesses, "2001:db8::2", 8, SECOND), 2);
        assert_eq!(let_through(&mut guesses, "2001:db8:0:1::2", 8, SECOND), 8);
        assert_eq!(whole(at("::ffff:10.0.0.1")), at("10.0.0.1"));
    }

    #[test]
    fn the_memory_of_addresses_is_bounded() {
        let mut guesses = Guesses::new();
        for n in 0..3 * u32::try_from(GUESSERS_MAX).unwrap() {
            let from = IpAddr::from((0x0a00_0000 + n).to_be_bytes());
            let _refused = guesses.take(from, u64::from(n));
            assert!(guesses.of.len() <= GUESSERS_MAX);
        }
    }
}
