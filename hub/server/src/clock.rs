//! The wall clock, read nowhere else.

use jiff::{Timestamp, tz::TimeZone};

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    Timestamp::now().as_second()
}

/// Seconds since 1970, for certificates.
pub(crate) fn unix_now() -> u64 {
    u64::try_from(now()).unwrap_or(0)
}

/// A time as RFC 3339 in UTC; empty for one that no calendar has.
pub(crate) fn rfc3339(at: i64) -> String {
    Timestamp::from_second(at).map(|time| time.to_string()).unwrap_or_default()
}

/// A time in the zone of this machine, in a `strftime` form.
pub(crate) fn wall(at: i64, form: &str) -> String {
    let time = Timestamp::from_second(at).map(|time| time.to_zoned(TimeZone::system()));
    time.map(|time| time.strftime(form).to_string()).unwrap_or_default()
}

/// The beginning of a time's day in the zone of this machine.
pub(crate) fn midnight(at: i64) -> i64 {
    let time = Timestamp::from_second(at).map(|time| time.to_zoned(TimeZone::system()));
    time.and_then(|time| time.start_of_day()).map_or(at, |day| day.timestamp().as_second())
}

/// Reads RFC 3339.
pub(crate) fn parse_rfc3339(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_second)
}
