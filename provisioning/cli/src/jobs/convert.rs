//! One record to one job row, by the rules of a map. No state and no clock: the same record gives
//! the same row on the same day.

use super::dates::{Hours, excerpt};
use super::demands::read_demands;
use super::fields::Fields;
use super::map::{Bounds, ColumnRules, FlagRule};
use super::money;
use super::post::{JobRow, PayUnit};
use super::verdict::{Place, Reason, Refusal};
use jiff::Timestamp;
use jiff::civil::Date;
use sync_protocol::documents::{self, Demands, WaitRule, posting};

/// What a record came to.
#[derive(Debug)]
pub(crate) enum Converted {
    /// A job row with notes for the summary.
    Row {
        /// The row to send.
        row: Box<JobRow>,
        /// What was filled in.
        notes: Notes,
    },
    /// The map leaves such rows out, under this name.
    LeftOut(String),
}

/// What was filled in that the record did not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    pub(crate) position_by_words: bool,
    pub(crate) hours_by_default: bool,
}

/// The key of a record; nothing when a column of it is empty.
pub(crate) fn key_of(fields: &Fields, rules: &ColumnRules) -> Option<String> {
    let mut key = rules.key.prefix.clone();
    for (at, column) in rules.key.columns.iter().enumerate() {
        let text = fields.get(column);
        if text.is_empty() {
            return None;
        }
        if at > 0 {
            key.push('/');
        }
        key.push_str(text);
    }
    Some(key)
}

/// Converts one record; `key` is its [`key_of`].
pub(crate) fn convert(
    fields: &Fields,
    key: String,
    rules: &ColumnRules,
    today: Date,
) -> Result<Converted, Refusal> {
    let pay = match read_pay(fields, rules)? {
        Pay::Amount { minor, unit } => (minor, unit),
        Pay::LeftOut(name) => return Ok(Converted::LeftOut(name)),
    };
    let title_columns = &rules.fields.title;
    let Some((_, title)) = fields.first(title_columns) else {
        return Err(missing(fields, &title_columns[0], "the job has no title"));
    };
    let seats = read_seats(fields, rules)?;
    let hours = rules.dates.hours(fields, &key, today)?;
    let pay_minor_per_hour = per_hour(pay, hours.minutes);
    check_pay(pay_minor_per_hour, rules.bounds, fields.place(&rules.pay.column))?;
    let (position, position_by_words) = read_position(fields, rules)?;
    let notes = Notes { position_by_words, hours_by_default: hours.by_default };
    let title = title.to_owned();
    let (demands, wait_rule) = (read_demands(fields, rules)?, read_wait_rule(fields, rules)?);
    let row = assemble(
        fields,
        rules,
        Parts { key, title, seats, hours, pay, pay_minor_per_hour, position, demands, wait_rule },
    );
    Ok(Converted::Row { row: Box::new(row), notes })
}

/// Holds a row that came ready-made against the bounds.
pub(crate) fn check_native(row: &JobRow, bounds: Bounds) -> Result<(), Refusal> {
    let place = Place::at_line(row.line);
    for (name, text) in [("key", &row.key), ("title", &row.title), ("category", &row.category)] {
        if text.trim().is_empty() {
            let message = format!("{name}: is empty; fill it");
            return Err(Refusal::new(place, Reason::FieldMissing, message));
        }
    }
    check_seats(row.seats, bounds, place)?;
    check_pay(row.pay_minor_per_hour, bounds, place)?;
    if let Err(fault) = posting::currency(&row.currency) {
        return Err(Refusal::new(place, Reason::CurrencyUnknown, format!("currency: {fault}")));
    }
    if let Some(rule) = row.wait_rule.as_deref().filter(|rule| WaitRule::parse(rule).is_none()) {
        let message = format!("wait_rule: {}", no_rule(rule));
        return Err(Refusal::new(place, Reason::WaitRuleUnknown, message));
    }
    let moment = |name: &str, text: &str| {
        text.parse::<Timestamp>().map_err(|_| {
            let message =
                format!("{name}: `{}` is not RFC 3339, such as 2026-05-01T08:00:00+08:00", excerpt(text));
            Refusal::new(place, Reason::DateWrong, message)
        })
    };
    if moment("end_at", &row.end_at)? <= moment("start_at", &row.start_at)? {
        return Err(Refusal::new(place, Reason::DateWrong, "end_at: must be after start_at"));
    }
    match (row.lat, row.lon) {
        (None, None) => Ok(()),
        (Some(lat), Some(lon)) if posting::position(lat, lon).is_ok() => Ok(()),
        (Some(_) | None, Some(_) | None) => {
            let message = "lat, lon: give both, within ±90 and ±180, or leave both out";
            Err(Refusal::new(place, Reason::NotANumber, message))
        }
    }
}

struct Parts {
    key: String,
    title: String,
    seats: u32,
    hours: Hours,
    pay: (i64, PayUnit),
    pay_minor_per_hour: i64,
    position: Option<[f64; 2]>,
    demands: Demands,
    wait_rule: Option<WaitRule>,
}

fn assemble(fields: &Fields, rules: &ColumnRules, parts: Parts) -> JobRow {
    let text_of = |columns: &[String], constant: &str| {
        fields.first(columns).map_or(constant, |(_, text)| text).to_owned()
    };
    let flag = |rule: &Option<FlagRule>| {
        rule.as_ref().is_some_and(|rule| {
            let text = fields.get(&rule.column);
            rule.values.iter().any(|value| value.eq_ignore_ascii_case(text))
        })
    };
    JobRow {
        key: parts.key,
        line: fields.line(),
        title: parts.title,
        text: text_of(&rules.fields.text, ""),
        category: category_of(fields, rules),
        employer: text_of(&rules.fields.employer, &rules.constants.employer),
        place: text_of(&rules.fields.place, &rules.constants.place),
        lat: parts.position.map(|[lat, _]| lat),
        lon: parts.position.map(|[_, lon]| lon),
        start_at: parts.hours.start_at,
        end_at: parts.hours.end_at,
        dates_kept: parts.hours.dates_kept,
        pay_minor: parts.pay.0,
        currency: rules.pay.currency.clone(),
        pay_unit: parts.pay.1,
        pay_minor_per_hour: parts.pay_minor_per_hour,
        seats: parts.seats,
        meal: flag(&rules.flags.meal),
        bed: flag(&rules.flags.bed),
        daily_pay: flag(&rules.flags.daily_pay),
        language: rules.constants.language.clone(),
        requirements: text_of(&rules.fields.requirements, &rules.constants.requirements),
        min_age: parts.demands.min_age.map(i64::from),
        certificates: parts.demands.certificates.into_iter().collect(),
        languages: parts.demands.languages.into_iter().collect(),
        wait_rule: parts.wait_rule.map(|rule| rule.as_str().to_owned()),
        draw_before_min: None,
        synthetic: rules.constants.synthetic,
        reclaim_lost: rules.constants.reclaim_lost,
        redated: rules.constants.redated,
    }
}

/// Who gets a freed place; nothing where neither a column nor the map says it.
fn read_wait_rule(fields: &Fields, rules: &ColumnRules) -> Result<Option<WaitRule>, Refusal> {
    let Some((column, text)) = fields.first(&rules.fields.wait_rule) else {
        return Ok(WaitRule::read(&rules.constants.wait_rule));
    };
    WaitRule::read(text).map(Some).ok_or_else(|| {
        let message = format!("{column}: {}", no_rule(text));
        Refusal::new(fields.place(column), Reason::WaitRuleUnknown, message)
    })
}

fn no_rule(text: &str) -> String {
    format!("`{}` is no rule for who gets a freed place; write arrival, seniority or lottery", excerpt(text))
}

fn category_of(fields: &Fields, rules: &ColumnRules) -> String {
    rules
        .fields
        .category
        .iter()
        .find_map(|column| rules.category_words.find(&[fields.get(column)]))
        .map_or(&rules.constants.category, |row| &rules.categories[row].id)
        .clone()
}

enum Pay {
    Amount { minor: i64, unit: PayUnit },
    LeftOut(String),
}

fn read_pay(fields: &Fields, rules: &ColumnRules) -> Result<Pay, Refusal> {
    let rule = &rules.pay;
    let (unit, divide_by) = match (&rule.unit_column, rule.unit) {
        (Some(column), _) => {
            let name = fields.get(column);
            let Some(unit) = rule.units.get(name) else {
                let message = format!(
                    "{column}: the map knows no unit `{}`; add [pay.units.\"…\"] to it",
                    excerpt(name)
                );
                return Err(Refusal::new(fields.place(column), Reason::PayUnitUnknown, message));
            };
            match (&unit.leave_out, unit.unit) {
                (None, Some(known)) => (known, unit.divide_by),
                (name, _) => return Ok(Pay::LeftOut(name.clone().unwrap_or_default())),
            }
        }
        (None, unit) => (unit.unwrap_or(PayUnit::Hour), 1),
    };
    let text = fields.get(&rule.column);
    if text.is_empty() {
        return Err(missing(fields, &rule.column, "the job has no pay"));
    }
    let Some(minor) = money::minor_units(text, rule.minor_per_major) else {
        let message = format!(
            "{}: `{}` is not an amount; write digits with at most one point, such as 21.50",
            rule.column,
            excerpt(text)
        );
        return Err(Refusal::new(fields.place(&rule.column), Reason::NotANumber, message));
    };
    Ok(Pay::Amount { minor: minor / divide_by, unit })
}

/// Pay for an hour of the shift, rounded down.
fn per_hour((minor, unit): (i64, PayUnit), minutes: i64) -> i64 {
    let unit = match unit {
        PayUnit::Hour => documents::PayUnit::Hour,
        PayUnit::Day => documents::PayUnit::Day,
        PayUnit::Shift => documents::PayUnit::Shift,
    };
    posting::per_hour(minor, unit, minutes)
}

fn check_pay(minor_per_hour: i64, bounds: Bounds, place: Place) -> Result<(), Refusal> {
    let sane = bounds.pay_minor_per_hour_min..=bounds.pay_minor_per_hour_max;
    posting::pay_per_hour(minor_per_hour, &sane).map_err(|fault| {
        Refusal::new(place, Reason::PayAbsurd, format!("pay: {fault}, or widen [bounds] in the map"))
    })
}

fn read_seats(fields: &Fields, rules: &ColumnRules) -> Result<u32, Refusal> {
    let text = rules.seats.column.as_deref().map_or("", |column| fields.get(column));
    let column = rules.seats.column.as_deref().unwrap_or_default();
    if text.is_empty() {
        return rules.seats.default.ok_or_else(|| missing(fields, column, "the job has no number of seats"));
    }
    let place = fields.place(column);
    let seats = text.parse().map_err(|_| {
        let message = format!("{column}: `{}` is not a whole number of seats; write digits", excerpt(text));
        Refusal::new(place, Reason::NotANumber, message)
    })?;
    check_seats(seats, rules.bounds, place)?;
    Ok(seats)
}

fn check_seats(seats: u32, bounds: Bounds, place: Place) -> Result<(), Refusal> {
    posting::seats(u64::from(seats), bounds.seats_max).map_err(|fault| {
        Refusal::new(place, Reason::SeatsAbsurd, format!("seats: {fault}, or raise seats_max in the map"))
    })
}

/// The position and whether it came from the table of words.
fn read_position(fields: &Fields, rules: &ColumnRules) -> Result<(Option<[f64; 2]>, bool), Refusal> {
    let rule = &rules.position;
    if let (Some(lat_column), Some(lon_column)) = (&rule.lat_column, &rule.lon_column) {
        let (lat, lon) = (fields.get(lat_column), fields.get(lon_column));
        if !lat.is_empty() || !lon.is_empty() {
            return match (lat.parse::<f64>(), lon.parse::<f64>()) {
                (Ok(lat), Ok(lon)) if posting::position(lat, lon).is_ok() => Ok((Some([lat, lon]), false)),
                (Ok(_) | Err(_), Ok(_) | Err(_)) => {
                    let message = format!(
                        "{lat_column}, {lon_column}: `{}`, `{}` is not a position in degrees; \
                         correct it or leave both empty",
                        excerpt(lat),
                        excerpt(lon)
                    );
                    Err(Refusal::new(fields.place(lat_column), Reason::NotANumber, message))
                }
            };
        }
    }
    let texts: Vec<&str> = rule.columns.iter().map(|column| fields.get(column)).collect();
    let position = rules.position_words.find(&texts).and_then(|row| rule.words[row].at);
    Ok((position, position.is_some()))
}

/// The refusal of a record without a needed field.
pub(crate) fn missing(fields: &Fields, column: &str, what: &str) -> Refusal {
    let message = format!("{column}: {what}; fill the column or map another");
    Refusal::new(fields.place(column), Reason::FieldMissing, message)
}
