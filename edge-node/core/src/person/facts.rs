//! What is known of a worker, by field class.

use minicbor::{Decode, Encode};
use std::{collections::BTreeSet, fmt};

/// How to reach a worker. Shown to the worker alone.
#[derive(Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Contact {
    #[n(0)]
    pub name: String,
    #[n(1)]
    pub phone: String,
    /// Code of the language in which the worker enrolled.
    #[n(2)]
    pub lang: Option<String>,
}

/// When a worker was born: the year, and the day where it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Born {
    #[n(0)]
    pub year: u16,
    /// Month and day, both from 1.
    #[n(1)]
    pub day: Option<(u8, u8)>,
}

/// What jobs may ask for. Read by the node before it gives a place.
#[derive(Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Facts {
    #[n(0)]
    pub born: Option<Born>,
    #[n(1)]
    pub certificates: BTreeSet<String>,
    #[n(2)]
    pub languages: BTreeSet<String>,
    /// The farthest that the worker wants to go, metres.
    #[n(3)]
    pub distance_m_max: Option<u32>,
    /// Where the worker sets out, millionths of a degree; the hall where it is not told.
    #[n(4)]
    pub home: Option<(i32, i32)>,
}

/// What a PIN is compared with: Argon2id and its costs, which may rise for later ones.
#[derive(Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Proof {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub salt: Vec<u8>,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub hash: Vec<u8>,
    #[n(2)]
    pub memory_kib: u32,
    #[n(3)]
    pub passes: u32,
    /// Of a PIN that the operator gave: until when it is good (epoch seconds) for choosing another, and for nothing else.
    #[n(4)]
    pub given_until: Option<i64>,
}

macro_rules! not_printed {
    ($($type:ty),*) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($type), " of a person"))
            }
        }
    )*};
}

not_printed!(Contact, Facts, Proof);

impl Born {
    /// Reads `1990`, `1990-05-17` or `19900517`; `None` where it is no day of a calendar.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.trim().chars().filter(|c| *c != '-').collect();
        if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let year = digits.get(..4)?.parse().ok().filter(|year| (1900..=2200).contains(year))?;
        let day = match digits.len() {
            4 => None,
            8 => {
                let (month, day) = (digits[4..6].parse().ok()?, digits[6..].parse().ok()?);
                let longest = match month {
                    4 | 6 | 9 | 11 => 30,
                    2 => 29,
                    1..=12 => 31,
                    _ => return None,
                };
                Some((month, day)).filter(|_| (1..=longest).contains(&day))
            }
            _ => return None,
        };
        if digits.len() == 8 && day.is_none() {
            return None;
        }
        Some(Self { year, day })
    }

    /// Whole years at a local time, epoch seconds with the offset from UTC added. Of whom only the year is known the
    /// birthday counts as the year's last day.
    #[must_use]
    pub fn age_at(self, local_s: i64) -> u32 {
        let (year, month, day) = civil(local_s.div_euclid(86_400));
        let reached = self.day.is_some_and(|born| (month, day) >= born);
        let years = year - i64::from(self.year) - i64::from(!reached);
        u32::try_from(years).unwrap_or(0)
    }
}

impl fmt::Display for Born {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.day {
            None => write!(f, "{:04}", self.year),
            Some((month, day)) => write!(f, "{:04}-{month:02}-{day:02}", self.year),
        }
    }
}

/// Year, month and day of a number of days since 1970-01-01, by the Gregorian rule.
fn civil(days: i64) -> (i64, u8, u8) {
    const ERA: i64 = 146_097;
    // Years that begin in March have their odd day last. 719,468 days lie between 0000-03-01 and 1970-01-01.
    let from_march = days + 719_468;
    let (era, day_of_era) = (from_march.div_euclid(ERA), from_march.rem_euclid(ERA));
    let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / (ERA - 1);
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, carried) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let small = |number: i64| u8::try_from(number).unwrap_or(u8::MAX);
    (era * 400 + year_of_era + carried, small(month), small(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    #[test]
    fn days_have_their_dates() {
        for (days, expected) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (20_780, (2026, 11, 23)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(civil(days), expected, "{days}");
        }
    }

    #[test]
    fn an_age_is_counted_to_the_day_and_without_a_day_to_the_years_end() {
        // 2026-11-23.
        let shift = 20_780 * DAY + 6 * 3_600;
        for (born, age) in [
            ("2008-11-23", 18),
            ("2008-11-24", 17),
            ("20081123", 18),
            ("2008", 17),
            ("2007", 18),
            ("2026", 0),
            ("2030", 0),
        ] {
            assert_eq!(Born::parse(born).unwrap().age_at(shift), age, "{born}");
        }
    }

    #[test]
    fn rows_of_before_say_no_language_and_no_given_pin() {
        #[derive(Encode)]
        struct Before(#[n(0)] String, #[n(1)] String);
        let row = minicbor::to_vec(Before("Ann".to_owned(), "13905712916".to_owned())).unwrap();
        let contact: Contact = minicbor::decode(&row).unwrap();
        assert_eq!((contact.phone.as_str(), contact.lang), ("13905712916", None));
        let proof = Proof { salt: vec![1], hash: vec![2], memory_kib: 3, passes: 4, given_until: None };
        assert_eq!(minicbor::to_vec(&proof).unwrap()[0], 0x84, "what is not said is not written");
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in
            ["", "199", "19900", "1990-13-01", "1990-02-30", "1990-00-10", "1990-01-00", "abcd", "1899", "九"]
        {
            assert_eq!(Born::parse(text), None, "{text}");
        }
        assert_eq!(Born::parse("1990-05-17").unwrap().to_string(), "1990-05-17");
        assert_eq!(Born::parse(" 1990 ").unwrap().to_string(), "1990");
    }
}
