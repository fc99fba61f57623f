//! Reported sign-ups by minute and day, for the console. In memory only.

use crate::{clock, limits::SIGN_UP_MINUTES};
use std::collections::VecDeque;

/// Counts of the last minutes and of the day.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// (minute since 1970, sign-ups), oldest first.
    minutes: VecDeque<(i64, u32)>,
    day: String,
    today: u64,
    /// Epoch seconds from which `today` counts.
    since: i64,
}

/// What was reported of late.
#[derive(Debug)]
pub(crate) struct Lately {
    /// One count for each of the last minutes, oldest first.
    pub(crate) minutes: Vec<u32>,
    /// Since midnight, or since the hub's start where that is later.
    pub(crate) today: u64,
    /// Epoch seconds from which that counts.
    pub(crate) since: i64,
}

impl Tally {
    /// Counts from this time on.
    pub(super) fn starting(at: i64) -> Self {
        let mut tally = Self::default();
        tally.begin_day(at);
        tally
    }

    /// Counts sign-ups that were reported at a time (epoch seconds).
    pub(super) fn add(&mut self, at: i64, sign_ups: u32) {
        self.begin_day(at);
        self.today += u64::from(sign_ups);
        let minute = at.div_euclid(60);
        match self.minutes.back_mut() {
            Some((last, count)) if *last == minute => *count = count.saturating_add(sign_ups),
            _ => self.minutes.push_back((minute, sign_ups)),
        }
        while self.minutes.len() > SIGN_UP_MINUTES {
            self.minutes.pop_front();
        }
    }

    /// One count for each of the last minutes, and that of the day.
    pub(super) fn picture(&mut self, at: i64) -> Lately {
        self.begin_day(at);
        let minute = at.div_euclid(60);
        let first = minute - i64::try_from(SIGN_UP_MINUTES).unwrap_or(i64::MAX) + 1;
        let count = |minute| self.minutes.iter().find(|(of, _)| *of == minute).map_or(0, |(_, count)| *count);
        Lately { minutes: (first..=minute).map(count).collect(), today: self.today, since: self.since }
    }

    fn begin_day(&mut self, at: i64) {
        let day = clock::wall(at, "%F");
        if day != self.day {
            // The first day begins with the hub, and each later one at midnight.
            self.since = if self.day.is_empty() { at } else { clock::midnight(at) };
            (self.day, self.today) = (day, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_day_counts_from_the_start_and_the_next_from_midnight() {
        let mut tally = Tally::starting(120);
        tally.add(500, 2);
        let first = tally.picture(600);
        assert_eq!((first.today, first.since), (2, 120));
        let later = 600 + 3 * 86_400;
        let next = tally.picture(later);
        assert_eq!((next.today, next.since), (0, clock::midnight(later)));
    }

    #[test]
    fn minutes_stand_apart() {
        let mut tally = Tally::starting(0);
        tally.add(120, 2);
        tally.add(125, 1);
        tally.add(240, 4);
        let lately = tally.picture(241);
        assert_eq!(lately.minutes[SIGN_UP_MINUTES - 3..], [3, 0, 4]);
        assert_eq!((lately.minutes.len(), lately.today), (SIGN_UP_MINUTES, 7));
    }
}
