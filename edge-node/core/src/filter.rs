//! The seam through which plugins judge candidates inside a search.
//!
//! The search fills a [`Page`] and asks a [`FilterChain`], which the shell provides; nothing here
//! names a plugin runtime or a clock. Every filled column of a page has one entry per candidate,
//! by construction.

use std::fmt;

/// Candidates that one page may hold; a chain call and every plugin buffer is bounded by it.
pub const PAGE_CANDIDATES_MAX: usize = 512;

/// Bytes of titles that one page may hold.
pub const PAGE_TITLE_BYTES_MAX: usize = 256 * 1024;

/// The reason of a job that was hidden because a safety filter could not judge it.
pub const REASON_FILTER_FAILED: u8 = 255;

/// Judges pages of candidates, one call per page.
pub trait FilterChain: fmt::Debug + Send + Sync {
    /// The columns that some filter of the chain reads.
    fn wanted(&self) -> ColumnSet;

    /// Replaces `verdicts` by one verdict per candidate of `page`, in order.
    ///
    /// A filter that fails has no opinion, unless it is declared a safety filter: then the page is
    /// hidden with [`REASON_FILTER_FAILED`].
    fn filter(&self, context: &Context<'_>, page: &Page, verdicts: &mut Vec<Verdict>) -> ChainReport;
}

/// What a chain says about one candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The job may be shown.
    Keep,
    /// The job is left out of the answer.
    Hide {
        /// The hiding filter's own code, 1 to 254, or [`REASON_FILTER_FAILED`].
        reason: u8,
    },
}

impl Verdict {
    /// Whether the job may be shown.
    #[must_use]
    pub const fn keeps(self) -> bool {
        matches!(self, Self::Keep)
    }
}

/// How the filters of a chain fared on one page, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChainReport {
    /// Filters that gave their verdicts.
    pub judged: u16,
    /// Filters that trapped or answered out of contract.
    pub failed: u16,
    /// Filters cut off by the chain's deadline, or never reached because of it.
    pub late: u16,
    /// Filters left out: breaker open, no free instance, or a column missing from the page.
    pub skipped: u16,
}

impl ChainReport {
    /// Whether every filter gave its verdicts.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.failed == 0 && self.late == 0 && self.skipped == 0
    }
}

/// One fact about the place and the day, never about a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What the fact is about, as numbered in the plugin contract.
    pub key: u16,
    /// Its value, in the unit that the contract gives for the key.
    pub value: i64,
}

/// Where and when a search is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context<'a> {
    /// Unix seconds, UTC.
    pub now: i64,
    /// What to add to UTC for the hall's local time, in seconds.
    pub utc_offset_s: i32,
    /// The hall's latitude in degrees times ten million.
    pub hall_lat_e7: i32,
    /// The hall's longitude in degrees times ten million.
    pub hall_lon_e7: i32,
    /// Facts about the place and the day.
    pub facts: &'a [Fact],
}

/// A column that a page can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// Pay for an hour in the currency's smallest unit.
    PayMinorPerHour,
    /// ISO 4217 numeric code.
    Currency,
    /// Metres from the searcher.
    DistanceM,
    /// The job's category.
    Category,
    /// Start, Unix seconds.
    StartAt,
    /// End, Unix seconds.
    EndAt,
    /// Seats that this node can confirm by itself.
    Offerable,
    /// Seats in total.
    Seats,
    /// Bits such as meal and housing.
    JobFlags,
    /// Lowest age taken, in years.
    MinAge,
    /// An opaque number for the employer.
    Employer,
    /// The title.
    Titles,
}

impl Column {
    /// Every column, in the contract's order.
    pub const ALL: [Self; 12] = [
        Self::PayMinorPerHour,
        Self::Currency,
        Self::DistanceM,
        Self::Category,
        Self::StartAt,
        Self::EndAt,
        Self::Offerable,
        Self::Seats,
        Self::JobFlags,
        Self::MinAge,
        Self::Employer,
        Self::Titles,
    ];

    /// The column's name in the contract and in manifests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PayMinorPerHour => "pay-minor-per-hour",
            Self::Currency => "currency",
            Self::DistanceM => "distance-m",
            Self::Category => "category",
            Self::StartAt => "start-at",
            Self::EndAt => "end-at",
            Self::Offerable => "offerable",
            Self::Seats => "seats",
            Self::JobFlags => "job-flags",
            Self::MinAge => "min-age",
            Self::Employer => "employer",
            Self::Titles => "titles",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColumnSet(u16);

impl ColumnSet {
    /// No column.
    pub const NONE: Self = Self(0);

    /// This set and `column`.
    #[must_use]
    pub const fn with(self, column: Column) -> Self {
        Self(self.0 | column.bit())
    }

    /// The columns of either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `column` is in the set.
    #[must_use]
    pub const fn contains(self, column: Column) -> bool {
        self.0 & column.bit() != 0
    }

    /// Whether every column of `other` is in the set.
    #[must_use]
    pub const fn contains_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the set has no column.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The columns of the set, in the contract's order.
    pub fn iter(self) -> impl Iterator<Item = Column> {
        Column::ALL.into_iter().filter(move |column| self.contains(*column))
    }
}

impl FromIterator<Column> for ColumnSet {
    fn from_iter<I: IntoIterator<Item = Column>>(columns: I) -> Self {
        columns.into_iter().fold(Self::NONE, Self::with)
    }
}

/// What is known of one candidate; units as in [`Column`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Pay for an hour in the currency's smallest unit.
    pub pay_minor_per_hour: u32,
    /// ISO 4217 numeric code.
    pub currency: u16,
    /// Metres from the searcher.
    pub distance_m: u32,
    /// The job's category.
    pub category: u16,
    /// Start, Unix seconds.
    pub start_at: i64,
    /// End, Unix seconds.
    pub end_at: i64,
    /// Seats that this node can confirm by itself.
    pub offerable: u16,
    /// Seats in total.
    pub seats: u16,
    /// Bits: 0 meal, 1 housing, 2 paid the same day, 3 night work, 4 health certificate asked for.
    pub job_flags: u32,
    /// Lowest age taken, in years; 0 when none is given.
    pub min_age: u8,
    /// An opaque number for the employer.
    pub employer: u64,
    /// The title.
    pub title: &'a str,
}

/// A page cannot take another candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the page holds {PAGE_CANDIDATES_MAX} candidates or {PAGE_TITLE_BYTES_MAX} bytes of titles")]
pub struct PageFull;

/// Candidates as columns, only those that are wanted; meant to be kept and refilled.
#[derive(Clone, Debug, Default)]
pub struct Page {
    wanted: ColumnSet,
    len: usize,
    columns: Columns,
}

/// The columns of a page; one that is not wanted is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Pay for an hour in the currency's smallest unit.
    pub pay_minor_per_hour: Vec<u32>,
    /// ISO 4217 numeric codes.
    pub currency: Vec<u16>,
    /// Metres from the searcher.
    pub distance_m: Vec<u32>,
    /// Categories.
    pub category: Vec<u16>,
    /// Starts, Unix seconds.
    pub start_at: Vec<i64>,
    /// Ends, Unix seconds.
    pub end_at: Vec<i64>,
    /// Seats that this node can confirm by itself.
    pub offerable: Vec<u16>,
    /// Seats in total.
    pub seats: Vec<u16>,
    /// Bits as in [`Candidate::job_flags`].
    pub job_flags: Vec<u32>,
    /// Lowest ages, in years.
    pub min_age: Vec<u8>,
    /// Opaque numbers of the employers.
    pub employer: Vec<u64>,
    /// All titles, one after the other.
    pub titles: String,
    /// Where each title ends in `titles`, in bytes.
    pub title_ends: Vec<u32>,
}

impl Page {
    /// An empty page that fills the wanted columns only.
    #[must_use]
    pub fn new(wanted: ColumnSet) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// Empties the page for another search and keeps its memory.
    pub fn reset(&mut self, wanted: ColumnSet) {
        self.wanted = wanted;
        self.len = 0;
        let columns = &mut self.columns;
        columns.pay_minor_per_hour.clear();
        columns.currency.clear();
        columns.distance_m.clear();
        columns.category.clear();
        columns.start_at.clear();
        columns.end_at.clear();
        columns.offerable.clear();
        columns.seats.clear();
        columns.job_flags.clear();
        columns.min_age.clear();
        columns.employer.clear();
        columns.titles.clear();
        columns.title_ends.clear();
    }

    /// Adds a candidate.
    ///
    /// # Errors
    /// [`PageFull`] when the page has reached one of its limits; the page is then unchanged.
    pub fn push(&mut self, candidate: &Candidate<'_>) -> Result<(), PageFull> {
        let title_end = self.columns.titles.len() + candidate.title.len();
        if self.len == PAGE_CANDIDATES_MAX || title_end > PAGE_TITLE_BYTES_MAX {
            return Err(PageFull);
        }
        self.len += 1;
        for column in self.wanted.iter() {
            self.columns.push(column, candidate);
        }
        Ok(())
    }

    /// The columns that the page fills.
    #[must_use]
    pub const fn wanted(&self) -> ColumnSet {
        self.wanted
    }

    /// Candidates on the page.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether the page has no candidate.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The columns, each of the page's length or empty.
    #[must_use]
    pub const fn columns(&self) -> &Columns {
        &self.columns
    }
}

impl Columns {
    fn push(&mut self, column: Column, candidate: &Candidate<'_>) {
        match column {
            Column::PayMinorPerHour => self.pay_minor_per_hour.push(candidate.pay_minor_per_hour),
            Column::Currency => self.currency.push(candidate.currency),
            Column::DistanceM => self.distance_m.push(candidate.distance_m),
            Column::Category => self.category.push(candidate.category),
            Column::StartAt => self.start_at.push(candidate.start_at),
            Column::EndAt => self.end_at.push(candidate.end_at),
            Column::Offerable => self.offerable.push(candidate.offerable),
            Column::Seats => self.seats.push(candidate.seats),
            Column::JobFlags => self.job_flags.push(candidate.job_flags),
            Column::MinAge => self.min_age.push(candidate.min_age),
            Column::Employer => self.employer.push(candidate.employer),
            Column::Titles => {
                self.titles.push_str(candidate.title);
                // PAGE_TITLE_BYTES_MAX fits in 32 bits, so the fallback is never taken.
                self.title_ends.push(u32::try_from(self.titles.len()).unwrap_or(u32::MAX));
            }
        }
    }
}

/// A chain without filters: keeps everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPlugins;

impl FilterChain for NoPlugins {
    fn wanted(&self) -> ColumnSet {
        ColumnSet::NONE
    }

    fn filter(&self, _context: &Context<'_>, page: &Page, verdicts: &mut Vec<Verdict>) -> ChainReport {
        verdicts.clear();
        verdicts.resize(page.len(), Verdict::Keep);
        ChainReport::default()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Candidate, Column, ColumnSet, Context, FilterChain, NoPlugins, PAGE_CANDIDATES_MAX, Page, PageFull,
        Verdict,
    };

    #[test]
    fn a_page_fills_only_what_is_wanted() {
        let mut page = Page::new([Column::PayMinorPerHour, Column::Titles].into_iter().collect());
        for (pay, title) in [(2_000, "分拣"), (2_500, "loader")] {
            let candidate = Candidate { pay_minor_per_hour: pay, title, ..Candidate::default() };
            page.push(&candidate).unwrap();
        }
        assert_eq!(page.columns().pay_minor_per_hour, [2_000, 2_500]);
        assert_eq!(page.columns().titles, "分拣loader");
        assert_eq!(page.columns().title_ends, [6, 12]);
        assert!(page.columns().distance_m.is_empty());
        page.reset(ColumnSet::NONE);
        assert!(page.is_empty() && page.columns().titles.is_empty());
    }

    #[test]
    fn a_full_page_refuses_and_stays_as_it_was() {
        let mut page = Page::new([Column::Seats].into_iter().collect());
        for _ in 0..PAGE_CANDIDATES_MAX {
            page.push(&Candidate::default()).unwrap();
        }
        assert_eq!(page.push(&Candidate::default()), Err(PageFull));
        assert_eq!(page.columns().seats.len(), PAGE_CANDIDATES_MAX);
    }

    #[test]
    fn no_plugins_keep_everything() {
        let mut page = Page::new(NoPlugins.wanted());
        page.push(&Candidate::default()).unwrap();
        let mut verdicts = vec![Verdict::Hide { reason: 7 }; 9];
        let report = NoPlugins.filter(&Context::default(), &page, &mut verdicts);
        assert_eq!(verdicts, [Verdict::Keep]);
        assert!(report.is_complete());
    }
}
