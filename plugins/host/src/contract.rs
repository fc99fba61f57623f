//! The contract's types as they cross into a guest, and nothing of what they mean.

use edge_core::{
    admit,
    filter::{self, Column, ColumnSet},
};
use wasmtime::component::{ComponentType, Lift, Lower, WasmList, flags};

/// The interface that a filter exports.
pub(crate) const INTERFACE: &str = "dayshift:plugin/filtering@1.0.0";

/// The interface that an admission plugin exports.
pub(crate) const ADMISSION: &str = "dayshift:plugin/admission@1.0.0";

/// The start of every interface of the contract, of any version.
pub(crate) const PACKAGE: &str = "dayshift:plugin/";

pub(crate) type FilterParams<'a> = (ContextRecord<'a>, PageRecord<'a>);

/// The verdicts stay in the guest until their number has been checked.
pub(crate) type FilterResult = (WasmList<u8>,);

flags! {
    ColumnFlags {
        #[component(name = "pay-minor-per-hour")]
        const PAY_MINOR_PER_HOUR;
        #[component(name = "currency")]
        const CURRENCY;
        #[component(name = "distance-m")]
        const DISTANCE_M;
        #[component(name = "category")]
        const CATEGORY;
        #[component(name = "start-at")]
        const START_AT;
        #[component(name = "end-at")]
        const END_AT;
        #[component(name = "offerable")]
        const OFFERABLE;
        #[component(name = "seats")]
        const SEATS;
        #[component(name = "job-flags")]
        const JOB_FLAGS;
        #[component(name = "min-age")]
        const MIN_AGE;
        #[component(name = "employer")]
        const EMPLOYER;
        #[component(name = "titles")]
        const TITLES;
    }
}

/// What a component does.
#[derive(Clone, Copy, Debug, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "only guests make one")]
pub(crate) enum Kind {
    #[component(name = "filter")]
    Filter,
}

/// What becomes of a page when a plugin fails or is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
pub enum OnFailure {
    /// The plugin is taken to have kept everything.
    #[component(name = "no-opinion")]
    NoOpinion,
    /// The whole page is hidden.
    #[component(name = "hide")]
    Hide,
}

#[derive(Clone, Debug, ComponentType, Lift)]
#[component(record)]
pub(crate) struct DescriptionRecord {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) kind: Kind,
    pub(crate) columns: ColumnFlags,
    #[component(name = "on-failure")]
    pub(crate) on_failure: OnFailure,
}

#[derive(Clone, Copy, Debug, ComponentType, Lower)]
#[component(record)]
pub(crate) struct FactRecord {
    key: u16,
    value: i64,
}

#[derive(Clone, Copy, Debug, ComponentType, Lower)]
#[component(record)]
pub(crate) struct ContextRecord<'a> {
    now: i64,
    #[component(name = "utc-offset-s")]
    utc_offset_s: i32,
    #[component(name = "hall-lat-e7")]
    hall_lat_e7: i32,
    #[component(name = "hall-lon-e7")]
    hall_lon_e7: i32,
    facts: &'a [FactRecord],
}

#[derive(Clone, Copy, Debug, ComponentType, Lower)]
#[component(record)]
pub(crate) struct PageRecord<'a> {
    count: u32,
    #[component(name = "pay-minor-per-hour")]
    pay_minor_per_hour: &'a [u32],
    currency: &'a [u16],
    #[component(name = "distance-m")]
    distance_m: &'a [u32],
    category: &'a [u16],
    #[component(name = "start-at")]
    start_at: &'a [i64],
    #[component(name = "end-at")]
    end_at: &'a [i64],
    offerable: &'a [u16],
    seats: &'a [u16],
    #[component(name = "job-flags")]
    job_flags: &'a [u32],
    #[component(name = "min-age")]
    min_age: &'a [u8],
    employer: &'a [u64],
    titles: &'a str,
    #[component(name = "title-ends")]
    title_ends: &'a [u32],
}

/// What becomes of a question about a worker that a plugin does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
pub enum OnSilence {
    /// The plugin has no objection.
    #[component(name = "admit")]
    Admit,
    /// The sign-up is refused with the advice to ask again.
    #[component(name = "refuse")]
    Refuse,
}

/// What an admission plugin says of itself.
#[derive(Clone, Debug, ComponentType, Lift)]
#[component(record)]
pub(crate) struct AboutRecord {
    pub(crate) name: String,
    pub(crate) version: String,
    #[component(name = "on-failure")]
    pub(crate) on_failure: OnSilence,
}

/// Question and settings.
pub(crate) type AdmitParams<'a> = (QuestionRecord<'a>, &'a [(&'a str, &'a str)]);

pub(crate) type AdmitResult = (Option<DenialRecord>,);

#[derive(Clone, Copy, Debug, ComponentType, Lower)]
#[component(enum)]
#[repr(u8)]
pub(crate) enum OccasionWord {
    #[component(name = "sign-up")]
    SignUp,
    #[component(name = "promotion")]
    Promotion,
}

#[derive(Clone, Copy, Debug, ComponentType, Lower)]
#[component(record)]
pub(crate) struct ShiftRecord {
    #[component(name = "start-at")]
    start_at: i64,
    #[component(name = "end-at")]
    end_at: i64,
    employer: u64,
}

#[derive(Clone, Copy, Debug, ComponentType, Lower)]
#[component(record)]
pub(crate) struct QuestionRecord<'a> {
    occasion: OccasionWord,
    now: i64,
    #[component(name = "utc-offset-s")]
    utc_offset_s: i32,
    #[component(name = "start-at")]
    start_at: i64,
    #[component(name = "end-at")]
    end_at: i64,
    employer: u64,
    category: u16,
    #[component(name = "job-flags")]
    job_flags: u32,
    #[component(name = "pay-minor-per-hour")]
    pay_minor_per_hour: u32,
    title: &'a str,
    shifts: &'a [ShiftRecord],
}

#[derive(Clone, Debug, ComponentType, Lift)]
#[component(record)]
pub(crate) struct DenialRecord {
    pub(crate) reason: u8,
    /// Language and words.
    pub(crate) words: Vec<(String, String)>,
}

impl ShiftRecord {
    pub(crate) const fn new(shift: &admit::Shift) -> Self {
        Self { start_at: shift.start_at, end_at: shift.end_at, employer: shift.employer }
    }
}

impl<'a> QuestionRecord<'a> {
    pub(crate) fn new(question: &admit::Question<'a>, shifts: &'a [ShiftRecord]) -> Self {
        Self {
            occasion: match question.occasion {
                admit::Occasion::SignUp => OccasionWord::SignUp,
                admit::Occasion::Promotion => OccasionWord::Promotion,
            },
            now: question.now,
            utc_offset_s: question.utc_offset_s,
            start_at: question.start_at,
            end_at: question.end_at,
            employer: question.employer,
            category: category_number(question.category),
            job_flags: question.job_flags,
            pay_minor_per_hour: question.pay_minor_per_hour,
            title: question.title,
            shifts,
        }
    }
}

/// A category as a plugin sees it: the first two bytes of the hash of its id.
#[must_use]
pub fn category_number(category: &str) -> u16 {
    let [a, b, ..] = *blake3::hash(category.as_bytes()).as_bytes();
    u16::from_be_bytes([a, b])
}

impl ColumnFlags {
    pub(crate) fn to_set(self) -> ColumnSet {
        Column::ALL.into_iter().filter(|column| self.contains(flag(*column))).collect()
    }
}

impl FactRecord {
    pub(crate) fn new(fact: filter::Fact) -> Self {
        Self { key: fact.key, value: fact.value }
    }
}

impl<'a> ContextRecord<'a> {
    pub(crate) fn new(context: &filter::Context<'_>, facts: &'a [FactRecord]) -> Self {
        Self {
            now: context.now,
            utc_offset_s: context.utc_offset_s,
            hall_lat_e7: context.hall_lat_e7,
            hall_lon_e7: context.hall_lon_e7,
            facts,
        }
    }
}

impl<'a> PageRecord<'a> {
    /// The columns of `page` that are in `wanted`; the others cross as empty lists.
    pub(crate) fn new(page: &'a filter::Page, wanted: ColumnSet) -> Self {
        fn given<T>(wanted: ColumnSet, column: Column, values: &[T]) -> &[T] {
            if wanted.contains(column) { values } else { &[] }
        }
        let columns = page.columns();
        Self {
            count: u32::try_from(page.len()).unwrap_or(u32::MAX),
            pay_minor_per_hour: given(wanted, Column::PayMinorPerHour, &columns.pay_minor_per_hour),
            currency: given(wanted, Column::Currency, &columns.currency),
            distance_m: given(wanted, Column::DistanceM, &columns.distance_m),
            category: given(wanted, Column::Category, &columns.category),
            start_at: given(wanted, Column::StartAt, &columns.start_at),
            end_at: given(wanted, Column::EndAt, &columns.end_at),
            offerable: given(wanted, Column::Offerable, &columns.offerable),
            seats: given(wanted, Column::Seats, &columns.seats),
            job_flags: given(wanted, Column::JobFlags, &columns.job_flags),
            min_age: given(wanted, Column::MinAge, &columns.min_age),
            employer: given(wanted, Column::Employer, &columns.employer),
            titles: if wanted.contains(Column::Titles) { &columns.titles } else { "" },
            title_ends: given(wanted, Column::Titles, &columns.title_ends),
        }
    }
}

fn flag(column: Column) -> ColumnFlags {
    match column {
        Column::PayMinorPerHour => ColumnFlags::PAY_MINOR_PER_HOUR,
        Column::Currency => ColumnFlags::CURRENCY,
        Column::DistanceM => ColumnFlags::DISTANCE_M,
        Column::Category => ColumnFlags::CATEGORY,
        Column::StartAt => ColumnFlags::START_AT,
        Column::EndAt => ColumnFlags::END_AT,
        Column::Offerable => ColumnFlags::OFFERABLE,
        Column::Seats => ColumnFlags::SEATS,
        Column::JobFlags => ColumnFlags::JOB_FLAGS,
        Column::MinAge => ColumnFlags::MIN_AGE,
        Column::Employer => ColumnFlags::EMPLOYER,
        Column::Titles => ColumnFlags::TITLES,
    }
}
