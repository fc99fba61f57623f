//! Wrong PINs: five in a row, then a wait that doubles. Counted for the worker who is meant, known here or not, and for the
//! address that asks. Time is an argument: milliseconds of any clock that does not go back.

use crate::limits::{
    PIN_TRIES_MAX, PIN_TRIES_OF_ADDRESS_MAX, PIN_WAIT_FIRST_MS, PIN_WAIT_MS_MAX, TRIERS_MAX,
};
use pages::guesses::whole;
use std::{collections::BTreeMap, net::IpAddr};
use sync_protocol::ids::WorkerId;

/// Who is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Counted {
    Worker(WorkerId),
    Address(IpAddr),
}

#[derive(Debug, Clone, Copy, Default)]
struct Wrong {
    count: u32,
    at_ms: u64,
}

impl Wrong {
    /// Until when the next try waits.
    fn free_at_ms(self, free: u32) -> u64 {
        let Some(over) = self.count.checked_sub(free) else { return 0 };
        let wait =
            PIN_WAIT_FIRST_MS.checked_shl(over.min(32)).unwrap_or(PIN_WAIT_MS_MAX).min(PIN_WAIT_MS_MAX);
        self.at_ms.saturating_add(wait)
    }
}

/// The wrong tries of a node.
#[derive(Debug, Default)]
pub(crate) struct Tries(BTreeMap<Counted, Wrong>);

impl Tries {
    /// Takes a try, which counts as wrong until [`Tries::was_right`]; or says after how many seconds there is one.
    pub(crate) fn take(&mut self, worker: WorkerId, from: IpAddr, now_ms: u64) -> Result<(), u64> {
        let counted = counted(worker, from);
        for (of, free) in &counted {
            let wrong = self.0.get(of).copied().unwrap_or_default();
            let free_at_ms = wrong.free_at_ms(*free);
            if now_ms < free_at_ms {
                return Err((free_at_ms - now_ms).div_ceil(1_000));
            }
        }
        for (of, _) in counted {
            self.make_room(of, now_ms);
            let wrong = self.0.entry(of).or_default();
            *wrong = Wrong { count: wrong.count.saturating_add(1), at_ms: now_ms };
        }
        Ok(())
    }

    /// The PIN was right: the worker's count begins anew, the address gets its try back.
    pub(crate) fn was_right(&mut self, worker: WorkerId, from: IpAddr) {
        self.begin_anew(worker);
        if let Some(wrong) = self.0.get_mut(&Counted::Address(whole(from))) {
            wrong.count = wrong.count.saturating_sub(1);
        }
    }

    /// The worker has another PIN: what was tried before says nothing of it.
    pub(crate) fn begin_anew(&mut self, worker: WorkerId) {
        self.0.remove(&Counted::Worker(worker));
    }

    /// Forgets those whose longest wait is over; where that is not enough, the one with the fewest and oldest tries.
    fn make_room(&mut self, of: Counted, now_ms: u64) {
        if self.0.len() < TRIERS_MAX || self.0.contains_key(&of) {
            return;
        }
        self.0.retain(|_, wrong| now_ms.saturating_sub(wrong.at_ms) < PIN_WAIT_MS_MAX);
        if self.0.len() >= TRIERS_MAX
            && let Some(least) =
                self.0.iter().min_by_key(|(_, wrong)| (wrong.count, wrong.at_ms)).map(|(of, _)| *of)
        {
            self.0.remove(&least);
        }
    }
}

/// Who a try counts for. The box's own screen serves everybody: it is not held against the next in line.
fn counted(worker: WorkerId, from: IpAddr) -> Vec<(Counted, u32)> {
    let from = whole(from);
    let mut counted = vec![(Counted::Worker(worker), PIN_TRIES_MAX)];
    if !from.is_loopback() {
        counted.push((Counted::Address(from), PIN_TRIES_OF_ADDRESS_MAX));
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000;

    fn worker(n: u16) -> WorkerId {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&n.to_be_bytes());
        WorkerId(id)
    }

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn five_wrong_pins_and_then_a_wait_that_doubles() {
        let mut tries = Tries::default();
        let screen = at("127.0.0.1");
        for _ in 0..PIN_TRIES_MAX {
            assert_eq!(tries.take(worker(1), screen, SECOND), Ok(()));
        }
        let first = PIN_WAIT_FIRST_MS / SECOND;
        assert_eq!(tries.take(worker(1), screen, SECOND), Err(first));
        assert_eq!(tries.take(worker(2), screen, SECOND), Ok(()), "the next in line");
        let mut now = SECOND + PIN_WAIT_FIRST_MS;
        for doubled in 1..4 {
            assert_eq!(tries.take(worker(1), screen, now), Ok(()));
            assert_eq!(tries.take(worker(1), screen, now), Err(first << doubled));
            now += PIN_WAIT_FIRST_MS << doubled;
        }
        tries.was_right(worker(1), screen);
        for _ in 0..PIN_TRIES_MAX {
            assert_eq!(tries.take(worker(1), screen, now), Ok(()), "a right one begins anew");
        }
    }

    #[test]
    fn the_wait_ends_with_an_hour() {
        let mut tries = Tries::default();
        let mut now = 0;
        for _ in 0..40 {
            while let Err(wait_s) = tries.take(worker(1), at("127.0.0.1"), now) {
                assert!(wait_s * SECOND <= PIN_WAIT_MS_MAX);
                now += wait_s * SECOND;
            }
        }
    }

    #[test]
    fn one_address_does_not_try_everybody() {
        let mut tries = Tries::default();
        let through = (0..200).filter(|n| tries.take(worker(*n), at("10.0.0.1"), SECOND).is_ok()).count();
        assert_eq!(through, PIN_TRIES_OF_ADDRESS_MAX as usize);
        assert_eq!(tries.take(worker(1), at("10.0.0.2"), SECOND), Ok(()));
        let of_network = |n: &u16| tries.take(worker(*n), at(&format!("2001:db8::{n:x}")), SECOND).is_ok();
        assert_eq!((300..500).filter(of_network).count(), PIN_TRIES_OF_ADDRESS_MAX as usize);
    }

    #[test]
    fn the_memory_of_tries_is_bounded_and_keeps_the_worst() {
        let mut tries = Tries::default();
        for _ in 0..PIN_TRIES_MAX {
            tries.take(worker(60_000), at("127.0.0.1"), SECOND).unwrap();
        }
        for n in 0..u16::try_from(3 * TRIERS_MAX).unwrap() {
            let _taken = tries.take(worker(n), at("127.0.0.1"), 2 * SECOND);
            assert!(tries.0.len() <= TRIERS_MAX);
        }
        assert!(
            tries.take(worker(60_000), at("127.0.0.1"), 2 * SECOND).is_err(),
            "it is not forgotten by a flood"
        );
    }
}
