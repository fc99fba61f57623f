//! The mapping file: TOML that says how the columns of a foreign job file become jobs. [`Map`] is
//! the checked form; everything a row can be refused for later is bounded here.

use super::dates::DatesRule;
use super::framing::Format;
use super::post::PayUnit;
use super::words::WordTable;
use anyhow::{Context, Result, bail};
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use sync_protocol::{
    documents::{WaitRule, posting},
    limits::CAP_MAX,
};

const RECORD_BYTES_DEFAULT: usize = 1024 * 1024;
/// A record may not be larger than this whatever the map says: it is held in memory.
const RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A checked map.
#[derive(Debug)]
pub(crate) struct Map {
    pub(crate) format: Format,
    pub(crate) encoding: Encoding,
    pub(crate) repair_mojibake: bool,
    pub(crate) record_bytes_max: usize,
    pub(crate) rules: Rules,
}

/// How a record becomes a job.
#[derive(Debug)]
pub(crate) enum Rules {
    /// The record is a job row already; only bounds are checked.
    Native(Bounds),
    /// The columns are mapped.
    Columns(Box<ColumnRules>),
}

/// What is absurd.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bounds {
    pub(crate) pay_minor_per_hour_min: i64,
    pub(crate) pay_minor_per_hour_max: i64,
    pub(crate) seats_max: u32,
}

/// The checked rules of a mapping file.
#[derive(Debug)]
pub(crate) struct ColumnRules {
    pub(crate) key: KeyRule,
    pub(crate) twins: Option<TwinsRule>,
    pub(crate) fields: FieldRules,
    pub(crate) constants: Constants,
    pub(crate) categories: Vec<CategoryRow>,
    pub(crate) category_words: WordTable,
    pub(crate) flags: Flags,
    pub(crate) pay: PayRule,
    pub(crate) seats: SeatsRule,
    pub(crate) dates: DatesRule,
    pub(crate) position: PositionRule,
    pub(crate) position_words: WordTable,
    pub(crate) bounds: Bounds,
    pub(crate) time_zone: TimeZone,
}

/// Character set of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(crate) enum Encoding {
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// Which columns make the key; their texts are joined by `/` after the prefix.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRule {
    #[serde(default)]
    pub(crate) prefix: String,
    pub(crate) columns: Vec<String>,
}

/// Rows with the same key are one job; the first with `prefer` in `column` stands for it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TwinsRule {
    pub(crate) column: String,
    pub(crate) prefer: String,
}

/// For each text of a job the columns to take it from: the first that is not empty.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldRules {
    pub(crate) title: Vec<String>,
    #[serde(default)]
    pub(crate) text: Vec<String>,
    #[serde(default)]
    pub(crate) employer: Vec<String>,
    #[serde(default)]
    pub(crate) place: Vec<String>,
    #[serde(default)]
    pub(crate) requirements: Vec<String>,
    /// Columns with the years that a worker must have.
    #[serde(default)]
    pub(crate) min_age: Vec<String>,
    /// Columns with certificates, by code or name, between spaces or commas.
    #[serde(default)]
    pub(crate) certificates: Vec<String>,
    /// Columns with codes of languages, between spaces or commas.
    #[serde(default)]
    pub(crate) languages: Vec<String>,
    /// Columns with who gets a freed place, by code or in words.
    #[serde(default)]
    pub(crate) wait_rule: Vec<String>,
    /// Columns searched for the words of `[[category]]`, in this order.
    #[serde(default)]
    pub(crate) category: Vec<String>,
}

/// Texts that are the same for all rows, used where a column is empty or not mapped.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Constants {
    pub(crate) category: String,
    pub(crate) employer: String,
    pub(crate) place: String,
    pub(crate) language: String,
    pub(crate) requirements: String,
    /// Who gets a freed place: `arrival`, `seniority` or `lottery`.
    pub(crate) wait_rule: String,
    pub(crate) synthetic: bool,
    /// The postings are of years ago, and their dates are made up.
    pub(crate) redated: bool,
    /// A lost node's rights to these jobs may be reclaimed.
    pub(crate) reclaim_lost: bool,
}

/// Words that put a job in a category.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CategoryRow {
    pub(crate) id: String,
    pub(crate) words: Vec<String>,
}

/// Offers that are told by a column; absent means no.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Flags {
    pub(crate) meal: Option<FlagRule>,
    pub(crate) bed: Option<FlagRule>,
    pub(crate) daily_pay: Option<FlagRule>,
}

/// A flag is set when the column's text is one of `values`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FlagRule {
    pub(crate) column: String,
    pub(crate) values: Vec<String>,
}

/// Where the pay stands and what its units are called.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PayRule {
    pub(crate) column: String,
    /// ISO 4217 code.
    pub(crate) currency: String,
    pub(crate) minor_per_major: i64,
    /// Column that names the unit; without it `unit` holds for all rows.
    pub(crate) unit_column: Option<String>,
    pub(crate) unit: Option<PayUnit>,
    #[serde(default)]
    pub(crate) units: BTreeMap<String, UnitRule>,
}

/// What to do with a row of one unit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnitRule {
    pub(crate) unit: Option<PayUnit>,
    /// The amount is divided by this, such as 1820 working hours in a year.
    #[serde(default = "one")]
    pub(crate) divide_by: i64,
    /// Leaves the row out and counts it under this name.
    pub(crate) leave_out: Option<String>,
}

/// Where the seats stand.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeatsRule {
    pub(crate) column: Option<String>,
    /// Used when the column is empty or there is none.
    pub(crate) default: Option<u32>,
}

/// Where the position comes from: two number columns, else the words of a table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PositionRule {
    pub(crate) lat_column: Option<String>,
    pub(crate) lon_column: Option<String>,
    pub(crate) columns: Vec<String>,
    pub(crate) words: Vec<PositionRow>,
}

/// Words that stand for a position; without coordinates they stand for "nowhere in particular"
/// and end the search.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PositionRow {
    pub(crate) words: Vec<String>,
    pub(crate) at: Option<[f64; 2]>,
}

/// The dates part of a mapping file.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum DatesPart {
    /// Start and end are read from columns.
    Columns {
        start_column: String,
        end_column: Option<String>,
        /// Length of the shift when there is no end.
        hours: Option<f64>,
    },
    /// The day is drawn from the key within the coming days.
    ComingDays {
        days: u16,
        /// Hours by words; the default stands for rows without such words.
        default_start: Time,
        default_hours: f64,
        #[serde(default)]
        columns: Vec<String>,
        #[serde(default)]
        words: Vec<HoursRow>,
    },
}

/// Words that stand for hours of work.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HoursRow {
    pub(crate) words: Vec<String>,
    pub(crate) start: Time,
    pub(crate) hours: f64,
}

fn one() -> i64 {
    1
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FormatName {
    Csv,
    Ndjson,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MapFile {
    format: FormatName,
    #[serde(default = "comma")]
    delimiter: char,
    #[serde(default)]
    encoding: Encoding,
    #[serde(default)]
    repair_mojibake: bool,
    #[serde(default = "record_bytes_default")]
    record_bytes_max: usize,
    time_zone: String,
    key: KeyRule,
    twins: Option<TwinsRule>,
    fields: FieldRules,
    #[serde(default)]
    constants: Constants,
    #[serde(default)]
    category: Vec<CategoryRow>,
    #[serde(default)]
    flags: Flags,
    pay: PayRule,
    seats: SeatsRule,
    dates: DatesPart,
    #[serde(default)]
    position: PositionRule,
    bounds: Bounds,
}

fn comma() -> char {
    ','
}

fn record_bytes_default() -> usize {
    RECORD_BYTES_DEFAULT
}

impl Map {
    /// The map of NDJSON job rows as `jobs generate` writes them.
    pub(crate) fn native() -> Self {
        Self {
            format: Format::Ndjson,
            encoding: Encoding::Utf8,
            repair_mojibake: false,
            record_bytes_max: RECORD_BYTES_DEFAULT,
            rules: Rules::Native(Bounds {
                pay_minor_per_hour_min: *posting::PAY_MINOR_PER_HOUR.start(),
                pay_minor_per_hour_max: *posting::PAY_MINOR_PER_HOUR.end(),
                seats_max: CAP_MAX,
            }),
        }
    }

    /// Reads and checks a mapping file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("read the map {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("map {}", path.display()))
    }

    /// Checks the text of a mapping file.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let file: MapFile = toml::from_str(text)?;
        check(&file)?;
        let time_zone = TimeZone::get(&file.time_zone).with_context(|| {
            format!("time_zone: `{}` is not an IANA name such as Asia/Shanghai", file.time_zone)
        })?;
        let dates = DatesRule::new(file.dates, time_zone.clone())?;
        let position_words = WordTable::new(file.position.words.iter().map(|row| row.words.as_slice()));
        let category_words = WordTable::new(file.category.iter().map(|row| row.words.as_slice()));
        Ok(Self {
            format: match file.format {
                FormatName::Csv => Format::Csv { delimiter: file.delimiter },
                FormatName::Ndjson => Format::Ndjson,
            },
            encoding: file.encoding,
            repair_mojibake: file.repair_mojibake,
            record_bytes_max: file.record_bytes_max,
            rules: Rules::Columns(Box::new(ColumnRules {
                key: file.key,
                twins: file.twins,
                fields: file.fields,
                constants: file.constants,
                categories: file.category,
                category_words,
                flags: file.flags,
                pay: file.pay,
                seats: file.seats,
                dates,
                position: file.position,
                position_words,
                bounds: file.bounds,
                time_zone,
            })),
        })
    }
}

impl ColumnRules {
    /// Every column that the rules read, for the check against a header.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        let fields = &self.fields;
        let lists = [
            &self.key.columns,
            &fields.title,
            &fields.text,
            &fields.employer,
            &fields.place,
            &fields.requirements,
            &fields.min_age,
            &fields.certificates,
            &fields.languages,
            &fields.wait_rule,
            &fields.category,
            &self.position.columns,
        ];
        let flags = [&self.flags.meal, &self.flags.bed, &self.flags.daily_pay];
        let singles = [
            self.twins.as_ref().map(|twins| &twins.column),
            Some(&self.pay.column),
            self.pay.unit_column.as_ref(),
            self.seats.column.as_ref(),
            self.position.lat_column.as_ref(),
            self.position.lon_column.as_ref(),
        ];
        lists
            .into_iter()
            .flatten()
            .chain(flags.into_iter().flatten().map(|flag| &flag.column))
            .chain(singles.into_iter().flatten())
            .map(String::as_str)
            .chain(self.dates.columns())
    }
}

fn check(file: &MapFile) -> Result<()> {
    let bounds = &file.bounds;
    if !file.delimiter.is_ascii() || matches!(file.delimiter, '"' | '\n' | '\r') {
        bail!("delimiter: must be one ASCII character, not a quote or line end");
    }
    if !(1024..=RECORD_BYTES_MAX).contains(&file.record_bytes_max) {
        bail!("record_bytes_max: must be between 1024 and {RECORD_BYTES_MAX}");
    }
    if file.key.columns.is_empty() || file.fields.title.is_empty() {
        bail!("key.columns and fields.title: each needs at least one column");
    }
    let units_told = file.pay.unit_column.is_some() && !file.pay.units.is_empty();
    if file.pay.unit.is_some() == units_told {
        bail!("pay: give either `unit`, or `unit_column` with a [pay.units] table");
    }
    for (name, rule) in &file.pay.units {
        if rule.unit.is_some() == rule.leave_out.is_some() || rule.divide_by < 1 {
            bail!("pay.units.{name}: give either `unit` or `leave_out`, and a divide_by from 1");
        }
    }
    let minor = file.pay.minor_per_major;
    if !matches!(minor, 1 | 10 | 100 | 1_000) {
        bail!("pay.minor_per_major: must be 1, 10, 100 or 1000");
    }
    if let Err(fault) = posting::currency(&file.pay.currency) {
        bail!("pay.currency: {fault}");
    }
    if bounds.pay_minor_per_hour_min < 0
        || bounds.pay_minor_per_hour_max <= bounds.pay_minor_per_hour_min
        || !(1..=CAP_MAX).contains(&bounds.seats_max)
    {
        bail!("bounds: the pay maximum must be above the minimum, and seats_max from 1 to {CAP_MAX}");
    }
    let wait = &file.constants.wait_rule;
    if !wait.is_empty() && WaitRule::read(wait).is_none() {
        bail!("constants.wait_rule: `{wait}` is no rule; write arrival, seniority or lottery");
    }
    if file.seats.column.is_none() && file.seats.default.is_none() {
        bail!("seats: give a column or a default");
    }
    if file.position.lat_column.is_some() != file.position.lon_column.is_some() {
        bail!("position: lat_column and lon_column go together");
    }
    for row in &file.position.words {
        if let Some([lat, lon]) = row.at
            && posting::position(lat, lon).is_err()
        {
            bail!("position.words: {:?} is not at a latitude, longitude", row.words);
        }
    }
    Ok(())
}
