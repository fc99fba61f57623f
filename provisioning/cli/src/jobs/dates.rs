//! When a job is: read from columns, or, for files of past or undated offers, drawn from the key
//! so that the same key gives the same day and hour on every run of the same day.

use super::fields::Fields;
use super::map::{DatesPart, HoursRow};
use super::verdict::{Reason, Refusal};
use super::words::WordTable;
use anyhow::{Result, bail};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

const HOURS_MAX: f64 = 24.0;

/// A checked dates rule.
#[derive(Debug)]
pub(crate) struct DatesRule {
    part: DatesPart,
    words: WordTable,
    time_zone: TimeZone,
}

/// The hours of one job.
#[derive(Debug, PartialEq)]
pub(crate) struct Hours {
    /// RFC 3339 with the offset of the map's time zone.
    pub(crate) start_at: String,
    /// RFC 3339 with the offset of the map's time zone.
    pub(crate) end_at: String,
    pub(crate) minutes: i64,
    /// True when the hub keeps the dates that it has for this key.
    pub(crate) dates_kept: bool,
    /// True when the row did not say its hours.
    pub(crate) by_default: bool,
}

impl DatesRule {
    /// Checks the dates part of a mapping file.
    pub(crate) fn new(part: DatesPart, time_zone: TimeZone) -> Result<Self> {
        let rows: &[HoursRow] = match &part {
            DatesPart::Columns { end_column, hours, .. } => {
                if end_column.is_none() && hours.is_none() {
                    bail!("dates: give end_column or hours");
                }
                check_hours(hours.unwrap_or(1.0))?;
                &[]
            }
            DatesPart::ComingDays { days, default_hours, words, .. } => {
                if !(1..=366).contains(days) {
                    bail!("dates.days: must be between 1 and 366");
                }
                check_hours(*default_hours)?;
                words
            }
        };
        for row in rows {
            check_hours(row.hours)?;
        }
        let words = WordTable::new(rows.iter().map(|row| row.words.as_slice()));
        Ok(Self { part, words, time_zone })
    }

    /// Columns that the rule reads.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        let names: Vec<&str> = match &self.part {
            DatesPart::Columns { start_column, end_column, .. } => {
                [Some(start_column), end_column.as_ref()].into_iter().flatten().map(String::as_str).collect()
            }
            DatesPart::ComingDays { columns, .. } => columns.iter().map(String::as_str).collect(),
        };
        names.into_iter()
    }

    /// The hours of one row; `today` is the day before the first of the coming days.
    pub(crate) fn hours(&self, fields: &Fields, key: &str, today: Date) -> Result<Hours, Refusal> {
        match &self.part {
            DatesPart::Columns { start_column, end_column, hours } => {
                let start = self.moment(fields, start_column)?;
                let (end, at) = match end_column {
                    Some(column) if !fields.get(column).is_empty() => (self.moment(fields, column)?, column),
                    Some(_) | None => {
                        let Some(hours) = hours else {
                            let column = end_column.as_deref().unwrap_or_default();
                            let message =
                                format!("{column}: no end; fill it, or give dates.hours in the map");
                            let place = fields.place(column);
                            return Err(Refusal::new(place, Reason::DateWrong, message));
                        };
                        (after(&start, *hours), start_column)
                    }
                };
                finish(&start, &end, false, false).ok_or_else(|| {
                    let message = format!("{at}: the end must be after the start, by a day at most");
                    Refusal::new(fields.place(at), Reason::DateWrong, message)
                })
            }
            DatesPart::ComingDays { days, default_start, default_hours, columns, words } => {
                let texts: Vec<&str> = columns.iter().map(|column| fields.get(column)).collect();
                let found = self.words.find(&texts).map(|row| &words[row]);
                let (time, hours) =
                    found.map_or((*default_start, *default_hours), |row| (row.start, row.hours));
                let drawn = draw(key) % u64::from(*days);
                let start = self.coming(today, drawn, time).ok_or_else(|| {
                    let place = fields.place("");
                    Refusal::new(place, Reason::DateWrong, "the coming days leave the calendar")
                })?;
                let end = after(&start, hours);
                finish(&start, &end, true, found.is_none()).ok_or_else(|| {
                    Refusal::new(fields.place(""), Reason::DateWrong, "the shift has no length")
                })
            }
        }
    }

    fn coming(&self, today: Date, drawn: u64, time: Time) -> Option<Zoned> {
        let days = i64::try_from(drawn).ok()? + 1;
        let day = today.checked_add(days.days()).ok()?;
        day.to_datetime(time).to_zoned(self.time_zone.clone()).ok()
    }

    fn moment(&self, fields: &Fields, column: &str) -> Result<Zoned, Refusal> {
        let text = fields.get(column);
        if let Ok(moment) = text.parse::<Timestamp>() {
            return Ok(moment.to_zoned(self.time_zone.clone()));
        }
        text.parse::<DateTime>()
            .ok()
            .and_then(|civil| civil.to_zoned(self.time_zone.clone()).ok())
            .ok_or_else(|| {
                let message = format!(
                    "{column}: `{}` is not a date and time; write 2026-05-01T08:00 or \
                     2026-05-01T08:00+08:00",
                    excerpt(text)
                );
                Refusal::new(fields.place(column), Reason::DateWrong, message)
            })
    }
}

/// The start of a text, for messages.
pub(crate) fn excerpt(text: &str) -> String {
    const CHARACTERS_MAX: usize = 40;
    if text.chars().count() <= CHARACTERS_MAX {
        return text.to_owned();
    }
    text.chars().take(CHARACTERS_MAX).chain(['…']).collect()
}

/// A moment as RFC 3339 with its own offset.
pub(crate) fn rfc3339(moment: &Zoned) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// A number that depends on the key alone (the first 64 bits of its BLAKE3 hash).
pub(crate) fn draw(key: &str) -> u64 {
    let hash = blake3::hash(key.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    u64::from_le_bytes(first)
}

fn check_hours(hours: f64) -> Result<()> {
    if !(hours > 0.0 && hours <= HOURS_MAX) {
        bail!("dates: hours must be above 0 and at most {HOURS_MAX}");
    }
    Ok(())
}

fn after(start: &Zoned, hours: f64) -> Zoned {
    start + SignedDuration::from_secs_f64(hours * 3600.0)
}

fn finish(start: &Zoned, end: &Zoned, dates_kept: bool, by_default: bool) -> Option<Hours> {
    let minutes = start.duration_until(end).as_mins();
    (1..=24 * 60).contains(&minutes).then(|| Hours {
        start_at: rfc3339(start),
        end_at: rfc3339(end),
        minutes,
        dates_kept,
        by_default,
    })
}
