//! The merge of some segments into one, in steps that a writer can afford between batches.
//!
//! The inputs are immutable, so writes go on meanwhile: rows that die during the merge are marked when it ends, from the
//! live values of that moment.

use super::{
    live::{DEAD, Live},
    segment::{Part, Segment, ordinal},
};
use std::sync::Arc;

/// The place of an old row that is not in the new segment.
const DROPPED: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Rows,
    Jobs,
    Postings,
    Finished,
}

/// A merge under way.
#[derive(Debug)]
pub(super) struct Merge {
    /// The number of the first part that is merged.
    pub(super) first: usize,
    inputs: Vec<Part>,
    /// How far each input was read in this phase.
    heads: Vec<usize>,
    /// For each input, where its rows went.
    moved: Vec<Vec<u32>>,
    merged: Segment,
    phase: Phase,
}

impl Merge {
    pub(super) fn of(first: usize, inputs: &[Part]) -> Self {
        let moved = inputs.iter().map(|part| Vec::with_capacity(part.segment.len())).collect();
        let heads = vec![0; inputs.len()];
        Self { first, inputs: inputs.to_vec(), heads, moved, merged: Segment::default(), phase: Phase::Rows }
    }

    pub(super) fn parts(&self) -> usize {
        self.inputs.len()
    }

    /// Moves rows or postings until the budget is used; says whether the merge has finished.
    pub(super) fn step(&mut self, budget: usize) -> bool {
        let mut left = budget.max(1);
        while left > 0 && self.phase != Phase::Finished {
            let used = match self.phase {
                Phase::Rows => self.move_row(),
                Phase::Jobs => self.move_job(),
                Phase::Postings => self.move_key(),
                Phase::Finished => None,
            };
            match used {
                Some(used) => left = left.saturating_sub(used),
                None => self.next_phase(),
            }
        }
        self.phase == Phase::Finished
    }

    /// The merged part, living as the given parts live at this moment.
    pub(super) fn finish(self, current: &[Part]) -> Part {
        let mut values = vec![DEAD; self.merged.len()];
        for (part, moved) in current.iter().zip(&self.moved) {
            for (old, &new) in moved.iter().enumerate() {
                if new != DROPPED {
                    values[new as usize] = part.live.value(old);
                }
            }
        }
        Part { segment: Arc::new(self.merged), live: Live::from_values(values.into_iter()) }
    }

    fn next_phase(&mut self) {
        self.phase = match self.phase {
            Phase::Rows => Phase::Jobs,
            Phase::Jobs => Phase::Postings,
            Phase::Postings | Phase::Finished => Phase::Finished,
        };
        self.heads.fill(0);
    }

    /// The input whose next item comes first in the given order.
    fn least<K: Ord>(&self, next: impl Fn(&Segment, usize) -> Option<K>) -> Option<usize> {
        let heads = self.inputs.iter().zip(&self.heads).enumerate();
        let items = heads.filter_map(|(input, (part, &head))| Some((next(&part.segment, head)?, input)));
        items.min().map(|(_, input)| input)
    }

    fn move_row(&mut self) -> Option<usize> {
        let input = self.least(|segment, head| Some((*segment.cells.get(head)?, segment.jobs[head])))?;
        let head = self.heads[input];
        let Part { segment, live } = &self.inputs[input];
        if live.value(head) == DEAD {
            self.moved[input].push(DROPPED);
        } else {
            self.moved[input].push(ordinal(self.merged.len()));
            let row = Arc::clone(&segment.rows[head]);
            self.merged.push(segment.cells[head], segment.hot[head], segment.cold[head], row);
        }
        self.heads[input] += 1;
        Some(1)
    }

    fn move_job(&mut self) -> Option<usize> {
        let input = self.least(|segment, head| Some(segment.jobs[*segment.by_job.get(head)? as usize]))?;
        let old = self.inputs[input].segment.by_job[self.heads[input]];
        let new = self.moved[input][old as usize];
        if new != DROPPED {
            self.merged.by_job.push(new);
        }
        self.heads[input] += 1;
        Some(1)
    }

    fn move_key(&mut self) -> Option<usize> {
        let first = self.least(|segment, head| segment.keys.get(head).copied())?;
        let key = self.inputs[first].segment.keys[self.heads[first]];
        let mut lists = Vec::new();
        let mut seen = 0;
        for (input, part) in self.inputs.iter().enumerate() {
            let head = &mut self.heads[input];
            if part.segment.keys.get(*head) != Some(&key) {
                continue;
            }
            let old = part.segment.postings_at(*head);
            let moved = &self.moved[input];
            let renumber = |&posting: &u32| match moved[(posting >> 1) as usize] {
                DROPPED => None,
                new => Some(new << 1 | posting & 1),
            };
            lists.extend(old.iter().filter_map(renumber));
            seen += old.len();
            *head += 1;
        }
        // Each input gave an ascending run, which the stable sort finds and merges.
        lists.sort();
        if !lists.is_empty() {
            self.merged.keys.push(key);
            self.merged.postings.append(&mut lists);
            self.merged.close_key();
        }
        Some(seen.max(1))
    }
}
