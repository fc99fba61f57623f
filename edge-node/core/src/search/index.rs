//! The index itself: a few segments, largest first, and a small unsorted tail that takes every write.

use super::{
    facets::{CategoryCount, FacetCounts},
    judge::{Candidate, Judge},
    live,
    merge::Merge,
    query::Query,
    rank::Place,
    row::{Draft, JobRow},
    run::{self, Page},
    segment::Part,
    text,
};
use std::{collections::BTreeMap, sync::Arc};
use sync_protocol::ids::JobId;

/// Rows in the tail from which a merge step makes a segment; every search reads the whole tail.
const TAIL_ROWS: usize = 256;
/// Rows that a bulk build sorts at a time.
const BUILD_ROWS: usize = 16_384;
/// A segment is merged with all smaller ones once they together have a quarter of its rows.
const GROWTH: usize = 4;

/// Whether merging has anything left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergeProgress {
    /// Call again soon, with whatever budget is at hand.
    Working,
    /// Nothing to do until more is written.
    Idle,
}

/// All jobs of a node, ready to be searched.
///
/// The owner calls [`upsert`](Self::upsert), [`remove`](Self::remove) and [`set_offerable`](Self::set_offerable) for each
/// committed change and [`merge_step`](Self::merge_step) between batches, and publishes a clone. A clone costs a few
/// reference counts, never changes under its reader, and does not carry a merge under way.
#[derive(Debug, Default)]
pub struct Index {
    pub(super) parts: Vec<Part>,
    pub(super) tail: Arc<Vec<Draft>>,
    merge: Option<Merge>,
}

impl Clone for Index {
    fn clone(&self) -> Self {
        Self { parts: self.parts.clone(), tail: Arc::clone(&self.tail), merge: None }
    }
}

impl Index {
    /// An index without jobs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Builds an index of many jobs at once, as at start; a later row replaces an earlier one of the same job.
    #[must_use]
    pub fn build(rows: impl IntoIterator<Item = JobRow>) -> Self {
        let mut index = Self::new();
        for row in rows {
            index.upsert(row);
            if index.tail.len() >= BUILD_ROWS {
                index.flush_tail();
            }
        }
        if !index.tail.is_empty() {
            index.flush_tail();
        }
        if index.parts.len() > 1 {
            index.merge = Some(Merge::of(0, &index.parts));
        }
        while index.merge_step(usize::MAX) == MergeProgress::Working {}
        index
    }

    /// Adds a job or replaces all that is known of it.
    pub fn upsert(&mut self, row: JobRow) {
        self.remove(row.job);
        Arc::make_mut(&mut self.tail).push(Draft::of(row));
    }

    /// The row of a job as it was upserted, with the rights that this node holds for it.
    #[must_use]
    pub fn row(&self, job: JobId) -> Option<(&JobRow, u32)> {
        match self.find(job)? {
            Place::Part(part, at) => {
                let part = &self.parts[part];
                Some((&part.segment.rows[at], part.live.value(at)))
            }
            Place::Tail(at) => {
                let draft = &self.tail[at];
                Some((&draft.row, draft.offerable))
            }
        }
    }

    /// Forgets a job; says whether it was there.
    pub fn remove(&mut self, job: JobId) -> bool {
        match self.find(job) {
            Some(Place::Part(part, at)) => self.parts[part].live.kill(at),
            Some(Place::Tail(at)) => drop(Arc::make_mut(&mut self.tail).swap_remove(at)),
            None => return false,
        }
        true
    }

    /// Sets the rights that this node holds for a job; says whether the job was there.
    pub fn set_offerable(&mut self, job: JobId, offerable: u32) -> bool {
        match self.find(job) {
            Some(Place::Part(part, at)) => self.parts[part].live.offer(at, offerable),
            Some(Place::Tail(at)) => Arc::make_mut(&mut self.tail)[at].offerable = live::clamp(offerable),
            None => return false,
        }
        true
    }

    /// Forgets every job that started at or before a time, in epoch seconds; gives how many there were.
    pub fn purge_started(&mut self, until: i64) -> usize {
        let before = self.len();
        for part in &mut self.parts {
            for (at, hot) in part.segment.hot.iter().enumerate() {
                if hot.start_at <= until {
                    part.live.kill(at);
                }
            }
        }
        if self.tail.iter().any(|draft| draft.hot.start_at <= until) {
            Arc::make_mut(&mut self.tail).retain(|draft| draft.hot.start_at > until);
        }
        before - self.len()
    }

    /// Tidies a little: a budget of one is about one row or posting moved. Changes no result of any search.
    pub fn merge_step(&mut self, budget: usize) -> MergeProgress {
        if self.tail.len() >= TAIL_ROWS {
            self.flush_tail();
        }
        if self.merge.is_none() {
            self.merge = self.next_merge();
        }
        let Some(merge) = &mut self.merge else { return MergeProgress::Idle };
        if !merge.step(budget) {
            return MergeProgress::Working;
        }
        if let Some(merge) = self.merge.take() {
            let merged = merge.first..merge.first + merge.parts();
            let part = merge.finish(&self.parts[merged.clone()]);
            let replacement = (part.living() > 0).then_some(part);
            self.parts.splice(merged, replacement);
        }
        MergeProgress::Working
    }

    /// Finds what a query asks for among the jobs that are open and start after `now`, in epoch seconds.
    pub fn search(&self, query: &Query, now: i64, judge: &mut dyn Judge) -> Page {
        run::search(self, query, now, judge)
    }

    /// The job as it was upserted, with the rights of this moment beside it.
    #[must_use]
    pub fn get(&self, job: JobId) -> Option<Candidate<'_>> {
        self.find(job).map(|place| self.candidate(place))
    }

    /// The number of jobs, whether they can be shown or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.iter().map(Part::living).sum::<usize>() + self.tail.len()
    }

    /// Says whether there is no job at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Counts all jobs by category, whether they can be shown or not, beside what a search has counted of them. Each category
    /// has the name that its first job writes.
    #[must_use]
    pub fn categories(&self, found: &FacetCounts) -> Vec<CategoryCount> {
        let living = self.parts.iter().flat_map(|Part { segment, live }| {
            (0..segment.len()).filter(|&at| live.value(at) != live::DEAD).map(|at| &*segment.rows[at])
        });
        let mut counts: BTreeMap<u64, CategoryCount> = BTreeMap::new();
        for row in living.chain(self.tail.iter().map(|draft| &*draft.row)) {
            let count = counts.entry(text::category_key(&row.category));
            let name = || CategoryCount { name: row.category.clone(), jobs: 0, found: 0 };
            count.or_insert_with(name).jobs += 1;
        }
        for (name, found) in &found.categories {
            if let Some(count) = counts.get_mut(&text::category_key(name)) {
                count.found = *found;
            }
        }
        counts.into_values().collect()
    }

    pub(super) fn candidate(&self, place: Place) -> Candidate<'_> {
        match place {
            Place::Part(part, at) => {
                let Part { segment, live } = &self.parts[part];
                Candidate { row: &segment.rows[at], offerable: live.value(at), distance_m: None }
            }
            Place::Tail(at) => {
                let draft = &self.tail[at];
                Candidate { row: &draft.row, offerable: draft.offerable, distance_m: None }
            }
        }
    }

    fn find(&self, job: JobId) -> Option<Place> {
        if let Some(at) = self.tail.iter().position(|draft| draft.job == job) {
            return Some(Place::Tail(at));
        }
        let parts = self.parts.iter().enumerate();
        parts.rev().find_map(|(number, part)| Some(Place::Part(number, part.find(job)?)))
    }

    fn flush_tail(&mut self) {
        let tail = std::mem::take(&mut self.tail);
        self.parts.push(Part::of(Arc::unwrap_or_clone(tail)));
    }

    /// Merges from the largest segment on that is too small for its followers, or that is half dead.
    fn next_merge(&self) -> Option<Merge> {
        let mut followers: usize = self.parts.iter().map(|part| part.segment.len()).sum();
        for (first, part) in self.parts.iter().enumerate() {
            let rows = part.segment.len();
            followers -= rows;
            if followers * GROWTH >= rows && followers > 0 || part.live.dead() * 2 > rows {
                return Some(Merge::of(first, &self.parts[first..]));
            }
        }
        None
    }
}
