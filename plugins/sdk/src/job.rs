//! Views of one job and of the search's context over the contract's columns.
//!
//! A column that the plugin did not ask for reads as zero or as an empty text.

use crate::contract;

/// Where and when the search is made.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    inner: &'a contract::Context,
}

impl<'a> Context<'a> {
    /// A view of the contract's context.
    #[must_use]
    pub fn new(inner: &'a contract::Context) -> Self {
        Self { inner }
    }

    /// Now, in Unix seconds.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.inner.now
    }

    /// What to add to UTC for the hall's local time, in seconds.
    #[must_use]
    pub fn utc_offset_s(&self) -> i32 {
        self.inner.utc_offset_s
    }

    /// The hall's latitude and longitude in degrees times ten million.
    #[must_use]
    pub fn hall_e7(&self) -> (i32, i32) {
        (self.inner.hall_lat_e7, self.inner.hall_lon_e7)
    }

    /// The fact with this key, if the node knows it.
    #[must_use]
    pub fn fact(&self, key: u16) -> Option<i64> {
        self.inner.facts.iter().find(|fact| fact.key == key).map(|fact| fact.value)
    }
}

/// One job of the page.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    page: &'a contract::Page,
    row: usize,
}

fn at<T: Copy + Default>(column: &[T], row: usize) -> T {
    column.get(row).copied().unwrap_or_default()
}

impl<'a> Job<'a> {
    /// Pay for an hour in the currency's smallest unit.
    #[must_use]
    pub fn pay_minor_per_hour(&self) -> u32 {
        at(&self.page.pay_minor_per_hour, self.row)
    }

    /// ISO 4217 numeric code of the pay's currency.
    #[must_use]
    pub fn currency(&self) -> u16 {
        at(&self.page.currency, self.row)
    }

    /// Metres from where the searcher is.
    #[must_use]
    pub fn distance_m(&self) -> u32 {
        at(&self.page.distance_m, self.row)
    }

    /// The job's category.
    #[must_use]
    pub fn category(&self) -> u16 {
        at(&self.page.category, self.row)
    }

    /// Start, Unix seconds.
    #[must_use]
    pub fn start_at(&self) -> i64 {
        at(&self.page.start_at, self.row)
    }

    /// End, Unix seconds.
    #[must_use]
    pub fn end_at(&self) -> i64 {
        at(&self.page.end_at, self.row)
    }

    /// Seats that the node can confirm by itself.
    #[must_use]
    pub fn offerable(&self) -> u16 {
        at(&self.page.offerable, self.row)
    }

    /// Seats in total.
    #[must_use]
    pub fn seats(&self) -> u16 {
        at(&self.page.seats, self.row)
    }

    /// The job's flags as bits, numbered in the contract.
    #[must_use]
    pub fn flags(&self) -> u32 {
        at(&self.page.job_flags, self.row)
    }

    /// Whether a meal is given.
    #[must_use]
    pub fn has_meal(&self) -> bool {
        self.flags() & 1 != 0
    }

    /// Whether housing is given.
    #[must_use]
    pub fn has_housing(&self) -> bool {
        self.flags() & 1 << 1 != 0
    }

    /// Whether the pay is handed out the same day.
    #[must_use]
    pub fn is_paid_same_day(&self) -> bool {
        self.flags() & 1 << 2 != 0
    }

    /// Whether the work is at night.
    #[must_use]
    pub fn is_night_work(&self) -> bool {
        self.flags() & 1 << 3 != 0
    }

    /// Whether a health certificate is asked for.
    #[must_use]
    pub fn needs_health_certificate(&self) -> bool {
        self.flags() & 1 << 4 != 0
    }

    /// Lowest age that the employer takes, in years; 0 when none is given.
    #[must_use]
    pub fn min_age(&self) -> u8 {
        at(&self.page.min_age, self.row)
    }

    /// An opaque number, the same for one employer on every node.
    #[must_use]
    pub fn employer(&self) -> u64 {
        at(&self.page.employer, self.row)
    }

    /// The title.
    #[must_use]
    pub fn title(&self) -> &'a str {
        let ends = &self.page.title_ends;
        let start = self.row.checked_sub(1).map_or(0, |before| at(ends, before) as usize);
        self.page.titles.get(start..at(ends, self.row) as usize).unwrap_or("")
    }
}

/// The jobs of a page, in order.
#[derive(Clone, Debug)]
pub struct Jobs<'a> {
    page: &'a contract::Page,
    rows: std::ops::Range<usize>,
}

impl<'a> Jobs<'a> {
    /// An iterator over the contract's page.
    #[must_use]
    pub fn new(page: &'a contract::Page) -> Self {
        Self { page, rows: 0..page.count as usize }
    }
}

impl<'a> Iterator for Jobs<'a> {
    type Item = Job<'a>;

    fn next(&mut self) -> Option<Job<'a>> {
        self.rows.next().map(|row| Job { page: self.page, row })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

impl ExactSizeIterator for Jobs<'_> {}

/// The fields of a single job, for unit tests of a plugin's own function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobFields {
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
    /// Seats that the node can confirm by itself.
    pub offerable: u16,
    /// Seats in total.
    pub seats: u16,
    /// Flags as bits, numbered in the contract.
    pub flags: u32,
    /// Lowest age taken, in years.
    pub min_age: u8,
    /// An opaque number for the employer.
    pub employer: u64,
    /// The title.
    pub title: String,
}

impl JobFields {
    /// Judges this job as if it were alone on a page of a search at `now`.
    pub fn judge<V>(self, now: i64, keep: impl Fn(&Job<'_>, &Context<'_>) -> V) -> V {
        let page = contract::Page {
            count: 1,
            pay_minor_per_hour: vec![self.pay_minor_per_hour],
            currency: vec![self.currency],
            distance_m: vec![self.distance_m],
            category: vec![self.category],
            start_at: vec![self.start_at],
            end_at: vec![self.end_at],
            offerable: vec![self.offerable],
            seats: vec![self.seats],
            job_flags: vec![self.flags],
            min_age: vec![self.min_age],
            employer: vec![self.employer],
            title_ends: vec![u32::try_from(self.title.len()).unwrap_or(u32::MAX)],
            titles: self.title,
        };
        let context =
            contract::Context { now, utc_offset_s: 0, hall_lat_e7: 0, hall_lon_e7: 0, facts: Vec::new() };
        keep(&Job { page: &page, row: 0 }, &Context::new(&context))
    }
}

#[cfg(test)]
mod tests {
    use super::JobFields;
    use crate::{Verdict, contract, judge};

    #[test]
    fn titles_are_cut_at_their_ends_and_absent_columns_read_as_nothing() {
        let page = contract::Page {
            count: 3,
            pay_minor_per_hour: Vec::new(),
            currency: Vec::new(),
            distance_m: Vec::new(),
            category: Vec::new(),
            start_at: Vec::new(),
            end_at: Vec::new(),
            offerable: Vec::new(),
            seats: Vec::new(),
            job_flags: Vec::new(),
            min_age: Vec::new(),
            employer: Vec::new(),
            titles: "分拣loader".to_owned(),
            title_ends: vec![6, 6, 12],
        };
        let titles: Vec<_> = super::Jobs::new(&page).map(|job| job.title()).collect();
        assert_eq!(titles, ["分拣", "", "loader"]);
        assert!(super::Jobs::new(&page).all(|job| job.pay_minor_per_hour() == 0));
        let context = contract::Context {
            now: 0,
            utc_offset_s: 0,
            hall_lat_e7: 0,
            hall_lon_e7: 0,
            facts: vec![contract::Fact { key: 1, value: 1 }],
        };
        let codes = judge(&context, &page, |job, context| {
            let holiday = context.fact(1) == Some(1) && context.fact(2).is_none();
            if holiday && job.title().is_empty() { Verdict::Hide(0) } else { Verdict::Keep }
        });
        assert_eq!(codes, [0, 1, 0]);
    }

    #[test]
    fn a_function_can_be_tried_on_one_job() {
        let job = JobFields { flags: 0b10, title: "night loader".to_owned(), ..JobFields::default() };
        let seen = job.judge(5, |job, context| (job.has_housing(), job.has_meal(), context.now()));
        assert_eq!(seen, (true, false, 5));
    }
}
