//! What a job must be to be posted: one rule for a node's own jobs, the hub's import and the importer on the command line.
//!
//! Each check names the fault and the fix; its caller adds where the value stood.

use super::PayUnit;
use iso_currency::Currency;
use std::ops::RangeInclusive;

/// Pay for an hour in minor units where no map narrows it; above it a unit or a decimal point is wrong.
pub const PAY_MINOR_PER_HOUR: RangeInclusive<i64> = 1..=1_000_000;

/// Units in which a job is posted. A yearly salary is no day labour: it stays in a document that an import brought.
const UNITS: [PayUnit; 3] = [PayUnit::Hour, PayUnit::Day, PayUnit::Shift];

/// Says what is wrong with a currency's code; ISO 4217 decides.
pub fn currency(code: &str) -> Result<(), String> {
    match Currency::from_code(code) {
        Some(known) if known.code() == code => Ok(()),
        Some(_) | None => {
            Err(format!("`{code}` is not an ISO 4217 code; write one such as CNY, in capitals"))
        }
    }
}

/// How many of the smallest unit make one of a currency: 100 where ISO 4217 does not say.
#[must_use]
pub fn minor_units(code: &str) -> u32 {
    let exponent = Currency::from_code(code).and_then(Currency::exponent).unwrap_or(2);
    10_u32.saturating_pow(exponent.into())
}

/// Reads the unit of a pay, or says which there are.
pub fn pay_unit(name: &str) -> Result<PayUnit, String> {
    let known = UNITS.into_iter().find(|unit| unit.as_str() == name);
    known.ok_or_else(|| format!("`{name}` is not a unit of pay; write hour, day or shift"))
}

/// Pay for an hour of the shift, rounded down.
#[must_use]
pub fn per_hour(pay_minor: i64, unit: PayUnit, shift_minutes: i64) -> i64 {
    match unit {
        PayUnit::Hour => pay_minor,
        PayUnit::Day | PayUnit::Shift | PayUnit::Year => pay_minor.saturating_mul(60) / shift_minutes.max(1),
    }
}

/// Says whether an hour's pay is absurd.
pub fn pay_per_hour(minor: i64, sane: &RangeInclusive<i64>) -> Result<(), String> {
    if sane.contains(&minor) {
        return Ok(());
    }
    let (low, high) = (sane.start(), sane.end());
    Err(format!("{minor} minor units an hour is outside {low} to {high}; correct the amount or its unit"))
}

/// Says whether a number of seats is absurd.
pub fn seats(seats: impl Into<i128>, most: u32) -> Result<(), String> {
    let seats = seats.into();
    if (1..=i128::from(most)).contains(&seats) {
        return Ok(());
    }
    Err(format!("{seats} is outside 1 to {most}; correct the number"))
}

/// Says whether a place in degrees is on the globe.
pub fn position(lat: f64, lon: f64) -> Result<(), String> {
    if lat.abs() <= 90.0 && lon.abs() <= 180.0 {
        return Ok(());
    }
    Err(format!("{lat}, {lon} is not on the globe; write degrees within ±90 and ±180"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::CAP_MAX;

    #[test]
    fn currencies_are_those_of_iso_4217() {
        for (code, is_known) in [
            ("CNY", true),
            ("USD", true),
            ("JPY", true),
            ("cny", false),
            ("XYZ", false),
            ("", false),
            ("CNYY", false),
        ] {
            assert_eq!(currency(code).is_ok(), is_known, "{code}");
        }
        assert_eq!(["CNY", "JPY", "KWD", "none"].map(minor_units), [100, 1, 1_000, 100]);
    }

    #[test]
    fn units_and_amounts_have_bounds() {
        for (unit, is_known) in
            [("hour", true), ("day", true), ("shift", true), ("year", false), ("Hour", false)]
        {
            assert_eq!(pay_unit(unit).is_ok(), is_known, "{unit}");
        }
        assert_eq!(per_hour(2_500, PayUnit::Hour, 480), 2_500);
        assert_eq!(per_hour(24_000, PayUnit::Shift, 540), 2_666);
        assert_eq!(per_hour(24_000, PayUnit::Day, 0), 1_440_000);
        for (minor, is_sane) in [(0, false), (1, true), (1_000_000, true), (1_000_001, false), (-5, false)] {
            assert_eq!(pay_per_hour(minor, &PAY_MINOR_PER_HOUR).is_ok(), is_sane, "{minor}");
        }
        for (count, is_sane) in [(-3, false), (0, false), (1, true), (10_000, true), (10_001, false)] {
            assert_eq!(seats(count, CAP_MAX).is_ok(), is_sane, "{count}");
        }
        for (lat, lon, is_there) in
            [(30.3, 120.2, true), (-90.0, 180.0, true), (90.1, 0.0, false), (0.0, f64::NAN, false)]
        {
            assert_eq!(position(lat, lon).is_ok(), is_there, "{lat}, {lon}");
        }
    }
}
