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

/// Reads RFC 3339.
pub(crate) fn parse_rfc3339(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_second)
}
