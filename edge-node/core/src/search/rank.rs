//! The order of hits, and the collector that keeps the first of them.

use super::{facets::Counter, query::Sort};
use sync_protocol::ids::JobId;

/// Where a candidate stands; the least key is the best hit, and no two jobs share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RankKey {
    pub(super) first: u64,
    pub(super) second: u64,
    pub(super) job: JobId,
}

/// What a sort order reads of a candidate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) points: u32,
    pub(super) confirmable: bool,
    pub(super) distance_m: Option<u32>,
    pub(super) start_at: i64,
    pub(super) pay: i64,
    pub(super) created_at: i64,
}

impl Standing {
    /// The two numbers of the rank key.
    #[inline]
    pub(super) fn key(self, sort: Sort) -> (u64, u64) {
        let distance = self.distance_m.map(u64::from);
        match sort {
            Sort::Relevance => {
                let score = u64::from(self.points) * 2 + u64::from(self.confirmable);
                (!score, distance.unwrap_or_else(|| ascending(self.start_at)))
            }
            Sort::Distance => (distance.unwrap_or(u64::MAX), 0),
            Sort::Pay => (!ascending(self.pay), ascending(self.start_at)),
            Sort::Start => (ascending(self.start_at), 0),
            Sort::Newest => (!ascending(self.created_at), 0),
        }
    }
}

fn ascending(number: i64) -> u64 {
    number.cast_unsigned() ^ (1 << 63)
}

/// Where in the index a candidate lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Part(usize, usize),
    Tail(usize),
}

/// A candidate that was kept so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) key: RankKey,
    pub(super) place: Place,
}

/// Counts every match and keeps the best ones behind a given key.
#[derive(Debug)]
pub(super) struct Collector<'i> {
    keep: usize,
    after: Option<RankKey>,
    entries: Vec<Entry>,
    bound: Option<RankKey>,
    pub(super) total: usize,
    pub(super) counter: Counter<'i>,
}

impl<'i> Collector<'i> {
    pub(super) fn new(keep: usize, after: Option<RankKey>, counter: Counter<'i>) -> Self {
        Self { keep, after, entries: Vec::new(), bound: None, total: 0, counter }
    }

    #[inline]
    pub(super) fn offer(&mut self, (first, second): (u64, u64), place: Place, job: impl FnOnce() -> JobId) {
        self.total += 1;
        if self.bound.is_some_and(|bound| (first, second) > (bound.first, bound.second)) {
            return;
        }
        let key = RankKey { first, second, job: job() };
        if self.bound.is_some_and(|bound| key > bound) || self.after.is_some_and(|after| key <= after) {
            return;
        }
        self.entries.push(Entry { key, place });
        if self.entries.len() >= 2 * self.keep.max(32) {
            self.prune();
        }
    }

    /// The kept candidates, best first, with the number of all matches and the counts.
    pub(super) fn finish(mut self) -> (Vec<Entry>, usize, Counter<'i>) {
        self.entries.sort_unstable_by_key(|entry| entry.key);
        self.entries.truncate(self.keep);
        (self.entries, self.total, self.counter)
    }

    fn prune(&mut self) {
        let (_, last, _) = self.entries.select_nth_unstable_by_key(self.keep - 1, |entry| entry.key);
        self.bound = Some(last.key);
        self.entries.truncate(self.keep);
    }
}
