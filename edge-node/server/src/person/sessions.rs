//! Log-ins of workers: in memory, bounded, and over after two minutes without a request. Time is an argument.

use crate::limits::{LOG_IN_IDLE_MS, LOG_INS_MAX, LOG_INS_OF_ONE_MAX};
use std::collections::BTreeMap;
use sync_protocol::ids::WorkerId;

/// A log-in's token, known to its worker's browser or program alone.
pub(crate) type Token = [u8; 32];

/// Who is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) worker: WorkerId,
    /// By PIN or code. Of a card alone only the name is taken: it may have been found.
    pub(crate) proved: bool,
}

#[derive(Debug, Clone, Copy)]
struct Session {
    known: Known,
    seen_ms: u64,
}

/// The log-ins of a node, by the hash of their token: what is read out of memory logs nobody in.
#[derive(Debug, Default)]
pub(crate) struct Sessions(BTreeMap<[u8; 32], Session>);

fn hashed(token: &Token) -> [u8; 32] {
    *blake3::hash(token).as_bytes()
}

impl Sessions {
    /// Begins a log-in under a fresh random token; where there are too many, the one that was idle longest ends.
    pub(crate) fn begin(&mut self, token: &Token, known: Known, now_ms: u64) {
        self.end_idle(now_ms);
        // Nobody ends the log-ins of others by making many of one's own.
        if self.0.values().filter(|session| session.known.worker == known.worker).count()
            >= LOG_INS_OF_ONE_MAX
        {
            self.end_oldest(|session| session.known.worker == known.worker);
        } else if self.0.len() >= LOG_INS_MAX {
            self.end_oldest(|_| true);
        }
        self.0.insert(hashed(token), Session { known, seen_ms: now_ms });
    }

    /// The log-in of a token, which goes on from here; `None` where there is none or it was idle too long.
    pub(crate) fn touch(&mut self, token: &Token, now_ms: u64) -> Option<Known> {
        self.end_idle(now_ms);
        let session = self.0.get_mut(&hashed(token))?;
        session.seen_ms = now_ms;
        Some(session.known)
    }

    /// Ends a log-in.
    pub(crate) fn end(&mut self, token: &Token) {
        self.0.remove(&hashed(token));
    }

    /// Ends every log-in of a worker.
    pub(crate) fn end_all_of(&mut self, worker: WorkerId) {
        self.0.retain(|_, session| session.known.worker != worker);
    }

    fn end_oldest(&mut self, is_meant: impl Fn(&Session) -> bool) {
        let meant = self.0.iter().filter(|(_, session)| is_meant(session));
        if let Some(oldest) = meant.min_by_key(|(_, session)| session.seen_ms).map(|(of, _)| *of) {
            self.0.remove(&oldest);
        }
    }

    fn end_idle(&mut self, now_ms: u64) {
        self.0.retain(|_, session| now_ms.saturating_sub(session.seen_ms) < LOG_IN_IDLE_MS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(n: u8) -> WorkerId {
        WorkerId([n; 16])
    }

    fn proved(n: u8) -> Known {
        Known { worker: worker(n), proved: true }
    }

    #[test]
    fn a_log_in_lasts_as_long_as_it_is_used() {
        let mut sessions = Sessions::default();
        sessions.begin(&[1; 32], proved(1), 0);
        let used = |sessions: &mut Sessions, now_ms| sessions.touch(&[1; 32], now_ms).map(|s| s.worker);
        assert_eq!(used(&mut sessions, LOG_IN_IDLE_MS - 1), Some(worker(1)));
        assert_eq!(used(&mut sessions, 2 * LOG_IN_IDLE_MS - 2), Some(worker(1)));
        assert_eq!(used(&mut sessions, 3 * LOG_IN_IDLE_MS), None);
        assert_eq!(used(&mut sessions, 3 * LOG_IN_IDLE_MS), None);
    }

    #[test]
    fn a_log_in_ends_by_its_token_or_with_its_worker() {
        let mut sessions = Sessions::default();
        for n in 1..=3 {
            sessions.begin(&[n; 32], proved(n.min(2)), 0);
        }
        sessions.end(&[1; 32]);
        sessions.end_all_of(worker(2));
        assert!((1..=3).all(|n| sessions.touch(&[n; 32], 1).is_none()));
    }

    #[test]
    fn the_number_of_log_ins_is_bounded() {
        let mut sessions = Sessions::default();
        for n in 0..2 * u64::try_from(LOG_INS_MAX).unwrap() {
            let mut token = [0; 32];
            token[..8].copy_from_slice(&n.to_be_bytes());
            let mut id = [0; 16];
            id[..8].copy_from_slice(&n.to_be_bytes());
            sessions.begin(&token, Known { worker: WorkerId(id), proved: true }, n);
        }
        assert_eq!(sessions.0.len(), LOG_INS_MAX);
    }

    #[test]
    fn many_log_ins_of_one_worker_end_nobody_elses() {
        let mut sessions = Sessions::default();
        sessions.begin(&[1; 32], proved(1), 0);
        for n in 0..2 * u64::try_from(LOG_INS_MAX).unwrap() {
            let mut token = [0; 32];
            token[..8].copy_from_slice(&n.to_be_bytes());
            sessions.begin(&token, proved(2), n.min(5));
        }
        assert_eq!(sessions.0.len(), 1 + LOG_INS_OF_ONE_MAX);
        assert!(sessions.touch(&[1; 32], 6).is_some());
    }
}
