//! One row of an import, as it is sent and as a job.

use crate::{clock, limits::FIELD_CHARS_MAX};
use hub_core::shard::JobPost;
use serde::Deserialize;
use sync_protocol::{
    documents::{Demands, JobFields, PayUnit, WaitOrder, posting},
    ids::TenantId,
    seats::LossPolicy,
};
use utoipa::ToSchema;

/// One job. Money is in minor units of `currency`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "key": "hr-17", "line": 1, "title": "Picker", "category": "warehouse", "start_at": "2099-01-01T06:00:00+08:00",
    "end_at": "2099-01-01T14:00:00+08:00", "pay_minor": 2600, "currency": "CNY", "pay_unit": "hour", "seats": 3
}))]
pub(crate) struct ImportRow {
    /// The outside key; a second row under it changes the job.
    key: String,
    /// Line of the source, for refusals.
    #[serde(default)]
    pub(crate) line: u64,
    title: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    employer: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    lat: Option<f64>,
    #[serde(default)]
    lon: Option<f64>,
    /// RFC 3339.
    start_at: String,
    /// RFC 3339.
    end_at: String,
    /// Keep the dates that the hub has for this key.
    #[serde(default)]
    dates_kept: bool,
    #[serde(default)]
    pay_minor: i64,
    #[serde(default)]
    currency: String,
    /// `hour`, `day`, `shift` or `year`.
    #[serde(default)]
    pay_unit: Option<String>,
    #[serde(default)]
    pay_minor_per_hour: i64,
    seats: u32,
    #[serde(default)]
    meal: bool,
    #[serde(default)]
    bed: bool,
    #[serde(default)]
    daily_pay: bool,
    #[serde(default)]
    language: String,
    #[serde(default)]
    requirements: String,
    /// Years that a worker must have at the start.
    #[serde(default)]
    min_age: Option<i64>,
    /// Codes: health, forklift, electrician, welder, height, driver-c, security, elderly-care.
    #[serde(default)]
    certificates: Vec<String>,
    /// Codes of two or three letters.
    #[serde(default)]
    languages: Vec<String>,
    /// Who gets a freed place: `arrival` (without it), `seniority` or `lottery`. Fixed when the job is created; a row that says
    /// nothing leaves it as it is.
    #[serde(default)]
    wait_rule: Option<String>,
    /// Of a lottery: minutes before the start at which places are drawn, 5 to 10080; without it 60, or halfway to the start.
    #[serde(default)]
    draw_before_min: Option<i64>,
    /// The job was made up and stands for no real offer.
    #[serde(default)]
    synthetic: bool,
    /// The job was really posted, years ago: its day, and where it says none its hours, are made up.
    #[serde(default)]
    redated: bool,
    /// Whether the rights of a node that is lost for ever are given to others after its lease; receipts that the hub did
    /// not hold by then are void. Fixed when the job is created.
    #[serde(default)]
    reclaim_lost: bool,
}

impl ImportRow {
    /// The job that the row describes, or why it does not describe one.
    pub(crate) fn into_post(self, tenant: TenantId, region: &str, now: i64) -> Result<JobPost, String> {
        let start_at = clock::parse_rfc3339(&self.start_at).ok_or("start_at is not an RFC 3339 time")?;
        let end_at = clock::parse_rfc3339(&self.end_at).ok_or("end_at is not an RFC 3339 time")?;
        if self.key.is_empty() || self.title.trim().is_empty() {
            return Err("key and title must not be empty".to_owned());
        }
        let texts = [
            &self.key,
            &self.title,
            &self.text,
            &self.category,
            &self.employer,
            &self.place,
            &self.requirements,
        ];
        if texts.iter().any(|text| text.len() > FIELD_CHARS_MAX) {
            return Err(format!("a field is longer than {FIELD_CHARS_MAX} bytes"));
        }
        if !self.currency.is_empty() {
            posting::currency(&self.currency).map_err(|fault| format!("currency: {fault}"))?;
        }
        let pay_unit = match &self.pay_unit {
            None => PayUnit::Hour,
            Some(unit) => PayUnit::parse(unit)
                .ok_or_else(|| format!("pay_unit {unit:?} is not hour, day, shift or year"))?,
        };
        let position = match (self.lat, self.lon) {
            (None, None) => None,
            (Some(lat), Some(lon)) => Some((millionths(lat, 90.0, "lat")?, millionths(lon, 180.0, "lon")?)),
            (Some(_), None) | (None, Some(_)) => return Err("lat and lon go together".to_owned()),
        };
        let demands = Demands::check(self.min_age, &self.certificates, &self.languages);
        let demands = demands.map_err(|faults| {
            faults.iter().map(|(field, fault)| format!("{field}: {fault}")).collect::<Vec<_>>().join("; ")
        })?;
        let wait = WaitOrder::check(self.wait_rule.as_deref(), self.draw_before_min, now, Some(start_at))
            .map_err(|(field, fault)| format!("{field}: {fault}"))?;
        let fields = JobFields {
            title: self.title,
            text: self.text,
            category: self.category,
            employer: self.employer,
            place: self.place,
            position,
            start_at,
            end_at,
            pay_minor: self.pay_minor,
            pay_unit,
            pay_minor_per_hour: self.pay_minor_per_hour,
            currency: self.currency,
            meal: self.meal,
            bed: self.bed,
            daily_pay: self.daily_pay,
            language: self.language,
            requirements: self.requirements,
            demands,
            synthetic: self.synthetic,
            redated: self.redated,
            no_show_after_min: 0,
            wait,
            created_at: now,
            tenant: tenant.0,
            region: region.to_owned(),
        };
        fields.check()?;
        let policy = if self.reclaim_lost { LossPolicy::Reclaim } else { LossPolicy::WriteOff };
        Ok(JobPost { key: self.key, fields, seats: self.seats, policy, keep_dates: self.dates_kept })
    }
}

fn millionths(degrees: f64, most: f64, name: &str) -> Result<i32, String> {
    if !(-most..=most).contains(&degrees) {
        return Err(format!("{name} is not between -{most} and {most}"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most 180 million, checked above")]
    let value = (degrees * 1e6).round() as i32;
    Ok(value)
}
