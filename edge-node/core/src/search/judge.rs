//! The seam through which plugins may hide candidates of a search.

use super::row::JobRow;

/// Most candidates in one call of a judge.
pub const JUDGE_BATCH_MAX: usize = 512;
/// Most candidates that one search shows to its judge; beyond it the total is a lower bound.
pub const JUDGED_MAX: usize = 2048;

/// A matching job as a judge sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// The job as it was upserted; its own `offerable` may be older than the one beside it.
    pub row: &'a JobRow,
    /// Rights to fill a seat that this node holds.
    pub offerable: u32,
    /// Metres from the query's position.
    pub distance_m: Option<u32>,
}

/// Decides which candidates a searcher may see.
pub trait Judge {
    /// Pushes true for each candidate to keep, in order; candidates without a verdict are kept.
    fn judge(&mut self, candidates: &[Candidate<'_>], out: &mut Vec<bool>);

    /// Says that nothing would be hidden, so that the search need not ask.
    fn keeps_all(&self) -> bool {
        false
    }
}

/// The judge of a node without plugins.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeepAll;

impl Judge for KeepAll {
    fn judge(&mut self, candidates: &[Candidate<'_>], out: &mut Vec<bool>) {
        out.resize(candidates.len(), true);
    }

    fn keeps_all(&self) -> bool {
        true
    }
}
