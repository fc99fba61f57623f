//! What became of each row: the refusals with place and fix, and the counts over a whole file.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// Why a row was refused, as counted in the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    /// The record holds bytes that are not UTF-8.
    NotUtf8,
    /// The line is longer than the bound; it was skipped without being held in memory.
    LineTooLong,
    /// A quote was opened and not closed within the bound.
    QuoteOpen,
    /// The record has more or fewer fields than the header.
    FieldCount,
    /// The line is not a JSON object of the expected form.
    NotJson,
    /// A needed field is empty or absent.
    FieldMissing,
    /// A number cannot be read.
    NotANumber,
    /// The pay is outside the bounds of the map.
    PayAbsurd,
    /// The pay unit is not one that the map knows.
    PayUnitUnknown,
    /// The currency is not one of ISO 4217.
    CurrencyUnknown,
    /// The number of seats is zero or above the bound of the map.
    SeatsAbsurd,
    /// A date cannot be read, or the end is not after the start.
    DateWrong,
    /// What is asked of workers is not what this version knows.
    DemandWrong,
    /// What is said of the wait list is no rule.
    WaitRuleUnknown,
    /// Another row with other content used the key before.
    KeyTaken,
    /// The row is too large for the hub.
    RowTooLarge,
    /// The hub refused the row.
    ByHub,
}

impl Reason {
    /// The name used in the summary.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NotUtf8 => "not_utf8",
            Self::LineTooLong => "line_too_long",
            Self::QuoteOpen => "quote_open",
            Self::FieldCount => "field_count",
            Self::NotJson => "not_json",
            Self::FieldMissing => "field_missing",
            Self::NotANumber => "not_a_number",
            Self::PayAbsurd => "pay_absurd",
            Self::PayUnitUnknown => "pay_unit_unknown",
            Self::CurrencyUnknown => "currency_unknown",
            Self::SeatsAbsurd => "seats_absurd",
            Self::DateWrong => "date_wrong",
            Self::DemandWrong => "demand_wrong",
            Self::WaitRuleUnknown => "wait_rule_unknown",
            Self::KeyTaken => "key_taken",
            Self::RowTooLarge => "row_too_large",
            Self::ByHub => "by_hub",
        }
    }
}

/// A place in the source file, both counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: u64,
    pub(crate) column: u64,
}

impl Place {
    /// The first column of `line`.
    pub(crate) fn at_line(line: u64) -> Self {
        Self { line, column: 1 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A refused row: where, why, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) place: Place,
    pub(crate) reason: Reason,
    pub(crate) message: String,
}

impl Refusal {
    /// Makes a refusal; `message` names the fault and the fix.
    pub(crate) fn new(place: Place, reason: Reason, message: impl Into<String>) -> Self {
        Self { place, reason, message: message.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// The counts of one import. `read` is the sum of `duplicates`, `twins_folded`, `left_out`,
/// `refused` and `imported`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    /// Records in the file, the header not counted.
    pub(crate) read: u64,
    /// Rows that the sink took.
    pub(crate) imported: u64,
    pub(crate) created: u64,
    pub(crate) updated: u64,
    pub(crate) unchanged: u64,
    /// Rows dropped because the same record stood before them.
    pub(crate) duplicates: u64,
    /// Rows dropped because another row stands for the same job.
    pub(crate) twins_folded: u64,
    /// Rows with at least one repaired text, among all that were read.
    pub(crate) repaired: u64,
    /// Rows that the map leaves out, by its reason; not a fault of the row.
    pub(crate) left_out: BTreeMap<String, u64>,
    pub(crate) refused: BTreeMap<&'static str, u64>,
    /// Rows sent whose position was found by the words of the map.
    pub(crate) position_by_words: u64,
    /// Rows sent without a position.
    pub(crate) without_position: u64,
    /// Rows sent whose hours are the default of the map.
    pub(crate) hours_by_default: u64,
    /// Seats over all rows sent.
    pub(crate) seats: u64,
}

impl Summary {
    /// Number of refused rows over all reasons.
    pub(crate) fn refused_count(&self) -> u64 {
        self.refused.values().sum()
    }

    /// Number of rows left out over all reasons.
    pub(crate) fn left_out_count(&self) -> u64 {
        self.left_out.values().sum()
    }

    /// Counts one refusal.
    pub(crate) fn refuse(&mut self, reason: Reason) {
        *self.refused.entry(reason.name()).or_default() += 1;
    }
}
