//! The wire types of `POST /v1/jobs:import`: one NDJSON row per job, one JSON answer per chunk.

use serde::{Deserialize, Serialize};

/// One job as the hub takes it. Money is in minor units of `currency`, times are RFC 3339.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobRow {
    /// The outside key; a second row with the same key changes the job instead of adding one.
    pub(crate) key: String,
    /// Line of the source file, for the hub's refusals; set on reading.
    #[serde(default)]
    pub(crate) line: u64,
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) text: String,
    pub(crate) category: String,
    #[serde(default)]
    pub(crate) employer: String,
    #[serde(default)]
    pub(crate) place: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lat: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lon: Option<f64>,
    pub(crate) start_at: String,
    pub(crate) end_at: String,
    /// True when a hub that knows this key keeps the dates it has.
    #[serde(default)]
    pub(crate) dates_kept: bool,
    pub(crate) pay_minor: i64,
    pub(crate) currency: String,
    pub(crate) pay_unit: PayUnit,
    pub(crate) pay_minor_per_hour: i64,
    pub(crate) seats: u32,
    #[serde(default)]
    pub(crate) meal: bool,
    #[serde(default)]
    pub(crate) bed: bool,
    #[serde(default)]
    pub(crate) daily_pay: bool,
    #[serde(default)]
    pub(crate) language: String,
    #[serde(default)]
    pub(crate) requirements: String,
    /// Years that a worker must have at the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) min_age: Option<i64>,
    /// Codes of certificates that a worker must have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) certificates: Vec<String>,
    /// Codes of languages that a worker must speak.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) languages: Vec<String>,
    /// Who gets a freed place: `arrival`, `seniority` or `lottery`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) wait_rule: Option<String>,
    /// Of a lottery: minutes before the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) draw_before_min: Option<i64>,
    /// True when a lost node's rights may be reclaimed: they come back sooner, and receipts of before can become void.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) reclaim_lost: bool,
    /// True when the row was generated and stands for no real offer.
    #[serde(default)]
    pub(crate) synthetic: bool,
    /// True when the posting is real and of years ago, and its dates are made up.
    #[serde(default)]
    pub(crate) redated: bool,
}

/// What `pay_minor` is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PayUnit {
    /// Per hour of work.
    Hour,
    /// Per day of work.
    Day,
    /// For the whole shift.
    Shift,
}

/// The hub's answer to one chunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImportAnswer {
    pub(crate) created: u64,
    pub(crate) updated: u64,
    pub(crate) unchanged: u64,
    #[serde(default)]
    pub(crate) refused: Vec<HubRefusal>,
}

/// A row that the hub did not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HubRefusal {
    pub(crate) line: u64,
    pub(crate) reason: String,
}
