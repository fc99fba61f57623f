//! Leaves a failing plugin out for a while; time is an argument.

use crate::limits::{BREAKER_FAILURES, BREAKER_OPEN, BREAKER_WINDOW_CALLS};
use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// Counts one plugin's failures and decides whether it may be called.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// One bit per call, the last one lowest; set where it failed.
    history: u64,
    open_since: Option<Instant>,
}

impl Breaker {
    /// Whether the plugin may be called; after [`BREAKER_OPEN`] one caller is let through to try.
    pub(crate) fn admits(&self, now: Instant) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.open_since {
            None => true,
            Some(since) if now.saturating_duration_since(since) >= BREAKER_OPEN => {
                // The others stay out until the trial has been recorded.
                state.open_since = Some(now);
                true
            }
            Some(_) => false,
        }
    }

    /// Notes how a call went and says whether the breaker has just opened.
    pub(crate) fn record(&self, is_failure: bool, now: Instant) -> bool {
        const WINDOW: u64 = (1 << BREAKER_WINDOW_CALLS) - 1;
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_failure && state.open_since.is_some() {
            *state = State::default();
            return false;
        }
        state.history = (state.history << 1 | u64::from(is_failure)) & WINDOW;
        let is_open = state.open_since.is_some();
        if is_failure && (is_open || state.history.count_ones() >= BREAKER_FAILURES) {
            state.open_since = Some(now);
            return !is_open;
        }
        false
    }

    /// Whether the plugin is left out.
    pub(crate) fn is_open(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).open_since.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::Breaker;
    use crate::limits::{BREAKER_OPEN, BREAKER_WINDOW_CALLS};
    use std::time::Instant;

    #[test]
    fn three_failures_open_it_and_a_good_trial_closes_it() {
        let breaker = Breaker::default();
        let now = Instant::now();
        assert!(!breaker.record(true, now));
        assert!(!breaker.record(false, now));
        assert!(!breaker.record(true, now));
        assert!(breaker.admits(now));
        assert!(breaker.record(true, now));
        assert!(!breaker.admits(now));

        let later = now + BREAKER_OPEN;
        assert!(breaker.admits(later));
        assert!(!breaker.admits(later));
        breaker.record(true, later);
        assert!(breaker.is_open());

        let much_later = later + BREAKER_OPEN;
        assert!(breaker.admits(much_later));
        breaker.record(false, much_later);
        assert!(!breaker.is_open() && breaker.admits(much_later));
    }

    #[test]
    fn rare_failures_do_not_open_it() {
        let breaker = Breaker::default();
        let now = Instant::now();
        for call in 0..BREAKER_WINDOW_CALLS * 10 {
            assert!(!breaker.record(call % 40 == 0, now));
        }
    }
}
