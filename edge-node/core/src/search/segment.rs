//! An immutable run of rows in Z-order with the postings of their terms.
//!
//! Postings are ordinals of rows, ascending, shifted by one; the low bit says that the title has the term.

use super::{
    live::Live,
    place::Span,
    row::{Cold, Draft, Hot, JobRow},
};
use std::{borrow::Cow, sync::Arc};
use sync_protocol::ids::JobId;

/// Rows sorted by cell and job id, as columns.
#[derive(Debug, Default)]
pub(super) struct Segment {
    pub(super) cells: Vec<u64>,
    pub(super) hot: Vec<Hot>,
    pub(super) cold: Vec<Cold>,
    pub(super) jobs: Vec<JobId>,
    pub(super) rows: Vec<Arc<JobRow>>,
    /// Ordinals in the order of job ids.
    pub(super) by_job: Vec<u32>,
    pub(super) keys: Vec<u64>,
    /// Where the postings of each key end.
    pub(super) ends: Vec<u32>,
    pub(super) postings: Vec<u32>,
}

/// A segment with what changes about its rows.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) segment: Arc<Segment>,
    pub(super) live: Live,
}

impl Part {
    pub(super) fn of(mut drafts: Vec<Draft>) -> Self {
        drafts.sort_unstable_by_key(|draft| (draft.cell, draft.job));
        let live = Live::from_values(drafts.iter().map(|draft| draft.offerable));
        let mut segment = Segment::default();
        let mut pairs = Vec::new();
        for (at, draft) in drafts.iter().enumerate() {
            let posting = ordinal(at) << 1;
            pairs.extend(draft.terms.iter().map(|&(key, in_title)| (key, posting | u32::from(in_title))));
            segment.push(draft.cell, draft.hot, draft.cold, Arc::clone(&draft.row));
        }
        pairs.sort_unstable();
        for (key, posting) in pairs {
            if segment.keys.last() != Some(&key) {
                segment.close_key();
                segment.keys.push(key);
            }
            segment.postings.push(posting);
        }
        segment.close_key();
        segment.by_job = (0..ordinal(drafts.len())).collect();
        let Segment { by_job, jobs, .. } = &mut segment;
        by_job.sort_unstable_by_key(|&at| jobs[at as usize]);
        Self { segment: Arc::new(segment), live }
    }

    /// The ordinal of a living row.
    pub(super) fn find(&self, job: JobId) -> Option<usize> {
        let Segment { by_job, jobs, .. } = &*self.segment;
        let at = by_job.binary_search_by_key(&job, |&at| jobs[at as usize]).ok()?;
        let at = by_job[at] as usize;
        (self.live.value(at) != super::live::DEAD).then_some(at)
    }

    pub(super) fn living(&self) -> usize {
        self.segment.len() - self.live.dead()
    }
}

impl Segment {
    pub(super) fn len(&self) -> usize {
        self.hot.len()
    }

    pub(super) fn everywhere(&self) -> Span {
        Span { from: 0, to: self.len(), inside: false }
    }

    pub(super) fn push(&mut self, cell: u64, hot: Hot, cold: Cold, row: Arc<JobRow>) {
        self.cells.push(cell);
        self.hot.push(hot);
        self.cold.push(cold);
        self.jobs.push(row.job);
        self.rows.push(row);
    }

    /// Ends the postings of the last key; without a key there is nothing to end.
    pub(super) fn close_key(&mut self) {
        if self.ends.len() < self.keys.len() {
            self.ends.push(ordinal(self.postings.len()));
        }
    }

    pub(super) fn postings(&self, key: u64) -> &[u32] {
        self.keys.binary_search(&key).map_or(&[], |at| self.postings_at(at))
    }

    pub(super) fn postings_at(&self, at: usize) -> &[u32] {
        let from = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.postings[from..self.ends[at] as usize]
    }

    /// The postings of all keys in a range, as one list.
    pub(super) fn postings_within(&self, first: u64, last: u64) -> Cow<'_, [u32]> {
        let from = self.keys.partition_point(|&key| key < first);
        let to = self.keys.partition_point(|&key| key <= last);
        if to - from <= 1 {
            return Cow::Borrowed(if from == to { &[] } else { self.postings_at(from) });
        }
        let mut union: Vec<u32> = (from..to).flat_map(|at| self.postings_at(at)).copied().collect();
        // The sort finds the runs, and the title's posting comes last among those of one row.
        union.sort();
        union.dedup_by(|next, kept| {
            let same = *next >> 1 == *kept >> 1;
            *kept |= if same { *next & 1 } else { 0 };
            same
        });
        Cow::Owned(union)
    }
}

/// A count of rows or postings as it is stored.
#[expect(clippy::cast_possible_truncation, reason = "a node holds millions of jobs at most, far below 2^31")]
pub(super) fn ordinal(at: usize) -> u32 {
    at as u32
}
