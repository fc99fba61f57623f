//! The timesheet: who worked how long on one day, as the pages show it and as the file says it.

use super::{
    view::{Frame, HoursLine},
    who::{Person, grouped},
};
use crate::{base64url, hm};
use ed25519_dalek::SigningKey;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::fmt::Write;
use sync_protocol::{documents::MINUTES_MAX, timesheet::Seal};

/// One worker's hours of one shift.
#[derive(Debug, Clone)]
pub struct Hours {
    pub job: String,
    pub title: String,
    pub place: String,
    pub person: Person,
}

/// Hours and minutes as people write them.
pub fn clock(minutes: u32) -> String {
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

/// Minutes from `9:03` or `543`.
pub fn minutes(text: &str) -> Option<u32> {
    let text = text.trim().replace('：', ":");
    let minutes = match text.split_once(':') {
        Some((hours, minutes)) => {
            let minutes: u32 = minutes.parse().ok().filter(|minutes| *minutes < 60)?;
            hours.parse::<u32>().ok()?.checked_mul(60)?.checked_add(minutes)?
        }
        None => text.parse().ok()?,
    };
    (minutes <= MINUTES_MAX).then_some(minutes)
}

/// A line of the page.
pub fn line(f: &Frame, hours: &Hours, zone: &TimeZone) -> HoursLine {
    let at = |time: Option<i64>| {
        let time = time.and_then(|time| Timestamp::from_second(time).ok());
        time.map_or_else(|| "–".to_owned(), |time| hm(&zone.to_datetime(time)))
    };
    let (known, measured) = (&hours.person.attendance, hours.person.attendance.measured_minutes());
    let (state, class, icon) = match (known.agency_minutes, known.worker_minutes) {
        _ if known.checked_out_at.is_none() => (f.t("a-sheet-inside"), "st--ask", "clock"),
        (Some(agency), Some(worker)) if agency == worker => (f.t("a-sheet-agreed"), "st--in", "tick"),
        (_, Some(worker)) if known.agency_minutes.or(measured) != Some(worker) => {
            (f.t("a-sheet-disputed"), "st--late", "warn")
        }
        (None, _) => (f.t("a-sheet-yours"), "", ""),
        (Some(_), _) => (f.t("a-sheet-theirs"), "", "glass"),
    };
    let shown = |minutes: Option<u32>| minutes.map_or_else(|| "–".to_owned(), clock);
    HoursLine {
        sign_up: hours.person.sign_up.to_string(),
        code: grouped(&hours.person.code),
        title: hours.title.clone(),
        came: at(known.checked_in_at),
        left: at(known.checked_out_at),
        measured: shown(measured),
        field: known.agency_minutes.or(measured).map_or_else(String::new, clock),
        agency: shown(known.agency_minutes),
        is_confirmed: known.agency_minutes.is_some(),
        worker: shown(known.worker_minutes),
        state,
        class,
        icon,
    }
}

const HEADINGS: &str = "date,job,title,place,sign_up,code,checked_in,checked_out,measured_minutes,agency_minutes,worker_minutes,agreed\r\n";

/// The file; [`sealed`] ends it.
pub fn csv(day: Date, zone: &TimeZone, lines: &[Hours]) -> String {
    let mut file = HEADINGS.to_owned();
    let time = |at: Option<i64>| {
        let at = at.and_then(|at| Timestamp::from_second(at).ok());
        at.map_or_else(String::new, |at| {
            at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
        })
    };
    let number = |minutes: Option<u32>| minutes.map_or_else(String::new, |minutes| minutes.to_string());
    for Hours { job, title, place, person } in lines {
        let at = &person.attendance;
        // Writing to a String cannot fail.
        let _ = write!(
            file,
            "{day},{job},{},{},{},{},{},{},{},{},{},{}\r\n",
            quoted(title),
            quoted(place),
            person.sign_up,
            person.code,
            time(at.checked_in_at),
            time(at.checked_out_at),
            number(at.measured_minutes()),
            number(at.agency_minutes),
            number(at.worker_minutes),
            at.is_agreed()
        );
    }
    file
}

/// A file with a last line that seals it under a server's key and its certificate.
pub fn sealed(file: &str, key: &SigningKey, certificate: &[u8]) -> String {
    let seal = Seal::sign(file.as_bytes(), key, certificate);
    format!("{file}seal,{}\r\n", base64url(&seal.to_bytes()))
}

/// A cell as RFC 4180 wants it; what a spreadsheet would take for a formula is made a text.
fn quoted(cell: &str) -> String {
    let cell: String = cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let guard = if cell.trim_start().starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_texts_whatever_is_in_them() {
        for (cell, expected) in [
            ("分拣员", "\"分拣员\""),
            ("a \"b\", c", "\"a \"\"b\"\", c\""),
            ("=1+1", "\"'=1+1\""),
            ("\t=1+1", "\"' =1+1\""),
            ("  @x", "\"'  @x\""),
            ("two\r\nlines", "\"two  lines\""),
        ] {
            assert_eq!(quoted(cell), expected);
        }
    }

    #[test]
    fn hours_are_read_as_they_are_shown() {
        for (text, expected) in [
            ("9:03", Some(543)),
            ("0:00", Some(0)),
            ("543", Some(543)),
            (" 9：03 ", Some(543)),
            ("48:00", Some(2_880)),
            ("48:01", None),
            ("9:60", None),
            ("nine", None),
            ("-1", None),
            ("99999999999:00", None),
            ("71582789:00", None),
        ] {
            assert_eq!(minutes(text), expected, "{text}");
        }
        assert_eq!(clock(543), "9:03");
    }
}
