//! The fields of a job document. `cap` and open or closed are ledger rows, not fields.

use super::{Demands, Document, Value, WaitOrder};
use std::ops::RangeInclusive;

/// What one pay amount is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayUnit {
    Hour,
    Day,
    Shift,
    Year,
}

impl PayUnit {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Shift => "shift",
            Self::Year => "year",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Hour, Self::Day, Self::Shift, Self::Year].into_iter().find(|unit| unit.as_str() == text)
    }
}

/// A job as read from or written into its document. Times are epoch seconds, money minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFields {
    pub title: String,
    pub text: String,
    pub category: String,
    pub employer: String,
    pub place: String,
    /// Latitude and longitude in millionths of a degree.
    pub position: Option<(i32, i32)>,
    pub start_at: i64,
    pub end_at: i64,
    pub pay_minor: i64,
    pub pay_unit: PayUnit,
    pub pay_minor_per_hour: i64,
    pub currency: String,
    pub meal: bool,
    pub bed: bool,
    pub daily_pay: bool,
    pub language: String,
    pub requirements: String,
    /// What it asks of a worker, as nodes check it.
    pub demands: Demands,
    pub synthetic: bool,
    /// A real posting of years ago: its day, and where it says none its hours, are made up.
    pub redated: bool,
    pub created_at: i64,
    pub tenant: u32,
    pub region: String,
    /// Minutes after the start at which a seat whose worker has not come goes to the next in line; 0 where that is off.
    pub no_show_after_min: u32,
    /// In which order its wait list is served.
    pub wait: WaitOrder,
}

/// What a job's rule about those who do not come may say, in minutes after the start. 0 beside it means off.
pub const NO_SHOW_AFTER_MIN: RangeInclusive<u32> = 5..=120;
/// Millionths of a degree.
const LATITUDE_MAX: i32 = 90_000_000;
const LONGITUDE_MAX: i32 = 180_000_000;

/// Epoch seconds that a job may name: to the year 2200. Sums with them cannot overflow.
pub const TIMES: RangeInclusive<i64> = 0..=7_258_118_400;

/// Longest time between start and end of a shift, in seconds. A worker's place in it stands against all others of that time.
pub const SHIFT_SECONDS_MAX: i64 = 31 * 86_400;

/// Amounts of pay in minor units, for whatever time: a year of 24 hours a day at the most that an hour may pay.
pub const PAY_MINOR: RangeInclusive<i64> = 0..=8_784_000_000;

impl JobFields {
    /// The signature of the last edit in the tenant's name.
    pub const SIGNED: &str = "signed";
    /// Under which key the hub imported the job.
    pub const IMPORT_KEY: &str = "import_key";
    /// The hub's seal of the text that it wrote, so that nodes can give it back.
    pub const SEALED: &str = "sealed";

    /// Names of all fields.
    pub const NAMES: [&str; 36] = [
        "title",
        "text",
        "category",
        "employer",
        "place",
        "start_at",
        "end_at",
        "pay",
        "pay_unit",
        "pay_hour",
        "currency",
        "language",
        "requirements",
        "created_at",
        "tenant",
        "region",
        "meal",
        "bed",
        "daily_pay",
        "synthetic",
        "redated",
        "lat",
        "lon",
        "min_age",
        "certificates",
        "languages",
        "no_show_after_min",
        "wait_rule",
        "draw_before_min",
        "draw_commitment",
        "draw_seed",
        "draw_list",
        "draw_count",
        Self::SIGNED,
        Self::IMPORT_KEY,
        Self::SEALED,
    ];

    /// Fields that no node writes again: whose job it is, and where it is shown.
    pub const FIXED: [&str; 2] = ["tenant", "region"];

    /// Says what is wrong with times or pay, whoever posts the job, and what to do about it.
    pub fn check(&self) -> Result<(), String> {
        if !TIMES.contains(&self.start_at) || !TIMES.contains(&self.end_at) {
            return Err("start_at and end_at must lie between the years 1970 and 2200".to_owned());
        }
        if self.end_at <= self.start_at || self.end_at - self.start_at > SHIFT_SECONDS_MAX {
            let days = SHIFT_SECONDS_MAX / 86_400;
            return Err(format!(
                "end_at must be after start_at, by {days} days at most; post longer work in shifts"
            ));
        }
        if !PAY_MINOR.contains(&self.pay_minor) || !PAY_MINOR.contains(&self.pay_minor_per_hour) {
            let most = PAY_MINOR.end();
            return Err(format!("pay must be 0 to {most} minor units; correct the amount"));
        }
        Ok(())
    }

    /// Field names and values, in the order in which a new document is written.
    #[must_use]
    pub fn to_fields(&self) -> Vec<(&'static str, Value)> {
        let text = |text: &str| Value::Text(text.to_owned());
        let mut fields = vec![
            ("title", text(&self.title)),
            ("text", text(&self.text)),
            ("category", text(&self.category)),
            ("employer", text(&self.employer)),
            ("place", text(&self.place)),
            ("start_at", Value::Int(self.start_at)),
            ("end_at", Value::Int(self.end_at)),
            ("pay", Value::Int(self.pay_minor)),
            ("pay_unit", text(self.pay_unit.as_str())),
            ("pay_hour", Value::Int(self.pay_minor_per_hour)),
            ("currency", text(&self.currency)),
            ("language", text(&self.language)),
            ("requirements", text(&self.requirements)),
            ("created_at", Value::Int(self.created_at)),
            ("tenant", Value::Int(i64::from(self.tenant))),
            ("region", text(&self.region)),
        ];
        for (name, flag) in [
            ("meal", self.meal),
            ("bed", self.bed),
            ("daily_pay", self.daily_pay),
            ("synthetic", self.synthetic),
        ] {
            fields.push((name, Value::Bool(flag)));
        }
        if self.redated {
            fields.push(("redated", Value::Bool(true)));
        }
        if self.no_show_after_min > 0 {
            fields.push(("no_show_after_min", Value::Int(i64::from(self.no_show_after_min))));
        }
        fields.extend(self.wait.to_fields());
        if let Some((lat, lon)) = self.position {
            fields.push(("lat", Value::Int(i64::from(lat))));
            fields.push(("lon", Value::Int(i64::from(lon))));
        }
        fields.extend(self.demands.to_fields());
        fields
    }

    /// Reads a job; `None` where the document has no title or no times, or [`Self::check`] finds fault with it.
    #[must_use]
    pub fn read(document: &Document) -> Option<Self> {
        let coordinate = |field, most: i32| {
            document.int(field).and_then(|v| i32::try_from(v).ok()).filter(|v| (-most..=most).contains(v))
        };
        let title = document.text("title");
        if title.is_empty() {
            return None;
        }
        let job = Self {
            title,
            text: document.text("text"),
            category: document.text("category"),
            employer: document.text("employer"),
            place: document.text("place"),
            position: coordinate("lat", LATITUDE_MAX).zip(coordinate("lon", LONGITUDE_MAX)),
            start_at: document.int("start_at")?,
            end_at: document.int("end_at")?,
            pay_minor: document.int("pay").unwrap_or(0),
            pay_unit: PayUnit::parse(&document.text("pay_unit")).unwrap_or(PayUnit::Hour),
            pay_minor_per_hour: document.int("pay_hour").unwrap_or(0),
            currency: document.text("currency"),
            meal: document.flag("meal"),
            bed: document.flag("bed"),
            daily_pay: document.flag("daily_pay"),
            language: document.text("language"),
            requirements: document.text("requirements"),
            demands: Demands::read(document),
            synthetic: document.flag("synthetic"),
            redated: document.flag("redated"),
            created_at: document.int("created_at").filter(|at| TIMES.contains(at)).unwrap_or(0),
            tenant: document.int("tenant").and_then(|t| u32::try_from(t).ok()).unwrap_or(0),
            region: document.text("region"),
            no_show_after_min: document
                .int("no_show_after_min")
                .and_then(|minutes| u32::try_from(minutes).ok())
                .filter(|minutes| NO_SHOW_AFTER_MIN.contains(minutes))
                .unwrap_or(0),
            wait: WaitOrder::read(document),
        };
        job.check().is_ok().then_some(job)
    }
}
