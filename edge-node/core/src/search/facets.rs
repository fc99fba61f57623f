//! Counts of the matching jobs by category, language, day and flag.

use super::row::{Cold, Flags, Hot, JobRow};
use std::{collections::BTreeMap, ops::BitOr};

const DAY_S: i64 = 86_400;

/// Which counts a query asks for, as a set; each costs a little for every matching job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Facets(u8);

impl Facets {
    /// No counts.
    pub const NONE: Self = Self(0);
    /// Jobs of each category.
    pub const CATEGORIES: Self = Self(1);
    /// Jobs of each language.
    pub const LANGUAGES: Self = Self(2);
    /// Jobs that start on each local day.
    pub const DAYS: Self = Self(4);
    /// Jobs that have each flag.
    pub const FLAGS: Self = Self(8);

    const fn contains(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}

impl BitOr for Facets {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The counts asked for; those not asked for are empty or zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FacetCounts {
    pub categories: BTreeMap<String, usize>,
    pub languages: BTreeMap<String, usize>,
    /// By days since the epoch in the query's own offset.
    pub days: BTreeMap<i64, usize>,
    /// In the order of [`Flags::EACH`].
    pub flags: [usize; 4],
}

/// The jobs of one category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryCount {
    pub name: String,
    pub jobs: usize,
    /// Of those, the ones that a search found.
    pub found: usize,
}

/// Counts by key and names each key after the first job that has it.
#[derive(Debug)]
pub(super) struct Counter<'i> {
    wanted: Facets,
    utc_offset_s: i64,
    categories: BTreeMap<u64, (usize, &'i str)>,
    languages: BTreeMap<u64, (usize, &'i str)>,
    days: BTreeMap<i64, usize>,
    flags: [usize; 4],
}

impl<'i> Counter<'i> {
    pub(super) fn new(wanted: Facets, utc_offset_s: i32) -> Self {
        Self {
            wanted,
            utc_offset_s: i64::from(utc_offset_s),
            categories: BTreeMap::new(),
            languages: BTreeMap::new(),
            days: BTreeMap::new(),
            flags: [0; 4],
        }
    }

    pub(super) fn add(&mut self, hot: &Hot, cold: &Cold, row: &'i JobRow) {
        if self.wanted == Facets::NONE {
            return;
        }
        if self.wanted.contains(Facets::CATEGORIES) {
            self.categories.entry(cold.category).or_insert((0, &row.category)).0 += 1;
        }
        if self.wanted.contains(Facets::LANGUAGES) {
            self.languages.entry(cold.language).or_insert((0, &row.language)).0 += 1;
        }
        if self.wanted.contains(Facets::DAYS) {
            let day = hot.start_at.saturating_add(self.utc_offset_s).div_euclid(DAY_S);
            *self.days.entry(day).or_insert(0) += 1;
        }
        if self.wanted.contains(Facets::FLAGS) {
            for (count, flag) in self.flags.iter_mut().zip(Flags::EACH) {
                *count += usize::from(hot.flags.contains(flag));
            }
        }
    }

    pub(super) fn finish(self) -> FacetCounts {
        let named = |counts: BTreeMap<u64, (usize, &str)>| {
            counts.into_values().map(|(count, name)| (name.to_owned(), count)).collect()
        };
        FacetCounts {
            categories: named(self.categories),
            languages: named(self.languages),
            days: self.days,
            flags: self.flags,
        }
    }
}
