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
}

impl Tally {
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
    pub(super) fn picture(&mut self, at: i64) -> (Vec<u32>, u64) {
        self.begin_day(at);
        let minute = at.div_euclid(60);
        let first = minute - i64::try_from(SIGN_UP_MINUTES).unwrap_or(i64::MAX) + 1;
        let count = |minute| self.minutes.iter().find(|(of, _)| *of == minute).map_or(0, |(_, count)| *count);
        ((first..=minute).map(count).collect(), self.today)
    }

    fn begin_day(&mut self, at: i64) {
        let day = clock::wall(at, "%F");
        if day != self.day {
            (self.day, self.today) = (day, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_stand_apart() {
        let mut tally = Tally::default();
        tally.add(120, 2);
        tally.add(125, 1);
        tally.add(240, 4);
        let (minutes, today) = tally.picture(241);
        assert_eq!(minutes[SIGN_UP_MINUTES - 3..], [3, 0, 4]);
        assert_eq!((minutes.len(), today), (SIGN_UP_MINUTES, 7));
    }
}
