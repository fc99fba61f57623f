//! What an incarnation has made the hub keep in a vshard, held against the limits.
//!
//! Checked before a batch is merged, so that a refusal leaves nothing half done, and counted behind it.

use super::Shard;
use crate::limits::{
    BATCH_DOCUMENT_BYTES, CANCEL_EVERY_SECONDS, CANCELS_BURST, ENDS_MAX, ENTRY_DOCUMENT_BYTES,
    EVIDENCE_BYTES_MAX, KEPT_ROW_BYTES, PARKED_BYTES_MAX,
};
use sync_protocol::{
    documents::Document,
    ids::Writer,
    log::{Entry, EntryKind},
    seats::{NodeEvent, NodeRow},
};
use sync_store::StoreError;

/// Which limit an incarnation has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OverLimit {
    #[error(
        "{PARKED_BYTES_MAX} bytes of this incarnation's reports could not be applied, and no more are kept; end it and \
         let the box join anew: dayshift node fence"
    )]
    Parked,
    #[error(
        "{EVIDENCE_BYTES_MAX} bytes of this fenced incarnation's log are kept, and no more; its rights stay reserved \
         until the jobs start, or are reclaimed: dayshift node reclaim"
    )]
    Evidence,
    #[error(
        "this incarnation has asked for {ENDS_MAX} ends of sign-ups, the most of its life; end it and let the box join \
         anew: dayshift node fence"
    )]
    Ends,
    #[error(
        "this incarnation asks for ends of others' sign-ups too fast; the next is taken in {CANCEL_EVERY_SECONDS} s or \
         later"
    )]
    Cancels,
}

/// What is counted of one incarnation over all vshards of one file: whoever is over a limit in one is in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    parked_bytes: u64,
    evidence_bytes: u64,
    ends: u64,
    /// Cancellations that may be asked for; below zero after a batch that took more.
    cancels_left: i64,
    /// Epoch seconds of that number.
    cancels_at: i64,
}

const NUMBER_BYTES: usize = 8;

impl Kept {
    const NONE: Self =
        Self { parked_bytes: 0, evidence_bytes: 0, ends: 0, cancels_left: CANCELS_BURST, cancels_at: 0 };

    fn encode(&self) -> Vec<u8> {
        let counts = [self.parked_bytes, self.evidence_bytes, self.ends].map(u64::to_be_bytes);
        let cancels = [self.cancels_left, self.cancels_at].map(i64::to_be_bytes);
        [counts.as_flattened(), cancels.as_flattened()].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (numbers, []) = bytes.as_chunks::<NUMBER_BYTES>() else { return None };
        let [parked, evidence, ends, left, at] = numbers else { return None };
        Some(Self {
            parked_bytes: u64::from_be_bytes(*parked),
            evidence_bytes: u64::from_be_bytes(*evidence),
            ends: u64::from_be_bytes(*ends),
            cancels_left: i64::from_be_bytes(*left),
            cancels_at: i64::from_be_bytes(*at),
        })
    }

    fn read(shard: &mut Shard<'_>, writer: Writer) -> Result<Self, StoreError> {
        match shard.tx.meta(&key(writer))? {
            None => Ok(Self { cancels_at: shard.now, ..Self::NONE }),
            Some(bytes) => Self::decode(&bytes).ok_or(StoreError::BadRow("counts of an incarnation")),
        }
    }

    fn write(&self, shard: &mut Shard<'_>, writer: Writer) -> Result<(), StoreError> {
        shard.tx.put_meta(&key(writer), &self.encode())
    }

    fn take(&mut self, cancels: i64, now: i64) -> Result<(), OverLimit> {
        if self.parked_bytes >= PARKED_BYTES_MAX {
            return Err(OverLimit::Parked);
        }
        if self.ends >= ENDS_MAX {
            return Err(OverLimit::Ends);
        }
        if cancels == 0 {
            return Ok(());
        }
        self.refill(now);
        if self.cancels_left <= 0 {
            return Err(OverLimit::Cancels);
        }
        self.cancels_left = self.cancels_left.saturating_sub(cancels);
        Ok(())
    }

    fn take_evidence(&mut self, bytes: u64) -> Result<(), OverLimit> {
        self.evidence_bytes = self.evidence_bytes.saturating_add(bytes);
        if self.evidence_bytes > EVIDENCE_BYTES_MAX { Err(OverLimit::Evidence) } else { Ok(()) }
    }

    /// Adds what may be asked for since; a clock that went back adds nothing.
    fn refill(&mut self, now: i64) {
        let more = (now - self.cancels_at).max(0) / CANCEL_EVERY_SECONDS;
        if more > 0 || now < self.cancels_at {
            self.cancels_left = self.cancels_left.saturating_add(more).min(CANCELS_BURST);
            self.cancels_at = now;
        }
    }
}

fn key(writer: Writer) -> String {
    format!("kept/{writer}")
}

/// What the changes of one batch may write of documents: each change writes all of its document anew.
pub(super) struct DocumentWork {
    left: u64,
}

impl DocumentWork {
    /// For a batch of so many entries.
    pub(super) const fn of(entries: usize) -> Self {
        Self { left: BATCH_DOCUMENT_BYTES + ENTRY_DOCUMENT_BYTES * entries as u64 }
    }

    /// Takes the writing of a document, or says that it is too much.
    pub(super) fn take(&mut self, document: &Document) -> bool {
        let left = self.left.checked_sub(document.weight() as u64);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }
}

/// What an entry counts where it is kept.
pub(super) fn bytes(entry: &Entry) -> u64 {
    KEPT_ROW_BYTES + entry.body.len() as u64
}

/// Takes what the entries of a live incarnation ask for, or says which limit is reached; then nothing was written.
pub(super) fn take(
    shard: &mut Shard<'_>,
    writer: Writer,
    fresh: &[Entry],
) -> Result<Result<(), OverLimit>, StoreError> {
    let cancels = fresh.iter().filter(|entry| is_cancel_for(entry)).count();
    let cancels = i64::try_from(cancels).unwrap_or(i64::MAX);
    let mut kept = Kept::read(shard, writer)?;
    let taken = kept.take(cancels, shard.now);
    if taken.is_ok() && cancels > 0 {
        kept.write(shard, writer)?;
    }
    Ok(taken)
}

fn is_cancel_for(entry: &Entry) -> bool {
    EntryKind::from_u8(entry.kind) == Some(EntryKind::NodeLedger)
        && minicbor::decode(&entry.body)
            .is_ok_and(|row: NodeRow| matches!(row.event, NodeEvent::CancelFor { .. }))
}

/// Counts what a merge has kept.
pub(super) fn count(
    shard: &mut Shard<'_>,
    writer: Writer,
    parked_bytes: u64,
    ends: u32,
) -> Result<(), StoreError> {
    if parked_bytes == 0 && ends == 0 {
        return Ok(());
    }
    let mut kept = Kept::read(shard, writer)?;
    kept.parked_bytes += parked_bytes;
    kept.ends += u64::from(ends);
    kept.write(shard, writer)
}

/// Counts evidence that is about to be kept, or says that it is too much.
pub(super) fn take_evidence(
    shard: &mut Shard<'_>,
    writer: Writer,
    fresh: &[Entry],
) -> Result<Result<(), OverLimit>, StoreError> {
    let mut kept = Kept::read(shard, writer)?;
    let taken = kept.take_evidence(fresh.iter().map(bytes).sum());
    if taken.is_ok() {
        kept.write(shard, writer)?;
    }
    Ok(taken)
}

/// Evidence was merged, and is kept no longer.
pub(super) fn give_back_evidence(
    shard: &mut Shard<'_>,
    writer: Writer,
    entries: &[Entry],
) -> Result<(), StoreError> {
    let mut kept = Kept::read(shard, writer)?;
    kept.evidence_bytes = kept.evidence_bytes.saturating_sub(entries.iter().map(bytes).sum());
    kept.write(shard, writer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(change: impl FnOnce(&mut Kept)) -> Kept {
        let mut kept = Kept { cancels_at: 1_000, ..Kept::NONE };
        change(&mut kept);
        kept
    }

    #[test]
    fn what_is_counted_is_read_back() {
        let counts = kept(|kept| (kept.parked_bytes, kept.ends, kept.cancels_left) = (7, u64::MAX, -24));
        assert_eq!(Kept::decode(&counts.encode()), Some(counts));
        assert_eq!(Kept::decode(&counts.encode()[1..]), None);
    }

    #[test]
    fn each_limit_refuses_the_batch_that_begins_at_it() {
        let check = |kept: Kept, cancels: i64, now: i64, expected: Result<i64, OverLimit>| {
            let mut kept = kept;
            assert_eq!(kept.take(cancels, now).map(|()| kept.cancels_left), expected);
        };
        check(kept(|_| ()), 0, 1_000, Ok(CANCELS_BURST));
        check(kept(|_| ()), 1_024, 1_000, Ok(CANCELS_BURST - 1_024));
        check(kept(|kept| kept.parked_bytes = PARKED_BYTES_MAX), 0, 1_000, Err(OverLimit::Parked));
        check(kept(|kept| kept.ends = ENDS_MAX), 0, 1_000, Err(OverLimit::Ends));
        check(kept(|kept| kept.cancels_left = 0), 1, 1_001, Err(OverLimit::Cancels));
        check(kept(|kept| kept.cancels_left = 0), 1, 1_000 + CANCEL_EVERY_SECONDS, Ok(0));
        check(kept(|kept| kept.cancels_left = 0), 1, 10, Err(OverLimit::Cancels));
        check(kept(|kept| kept.cancels_left = 5), 1, 900_000, Ok(CANCELS_BURST - 1));
    }

    #[test]
    fn evidence_is_kept_up_to_its_limit() {
        let check = |before: u64, more: u64, expected: Result<(), OverLimit>| {
            assert_eq!(kept(|kept| kept.evidence_bytes = before).take_evidence(more), expected);
        };
        check(0, EVIDENCE_BYTES_MAX, Ok(()));
        check(EVIDENCE_BYTES_MAX - 9, 9, Ok(()));
        check(EVIDENCE_BYTES_MAX - 9, 10, Err(OverLimit::Evidence));
    }
}
