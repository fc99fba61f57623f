//! Merging a node's log: the one place where foreign bytes become state.
//!
//! What a node may write is decided from its certificate, never from the payload: it may create documents whose ids carry
//! its own writer, edit jobs and sign-ups within its topics, and report on its own rights. A change that is not allowed
//! is parked; a ledger report that no honest node can make fences its author.

use super::{HUB_ONLY, Shard};
use std::collections::BTreeSet;
use sync_protocol::{
    documents::{Applied, Document, JobFields, SignUpFields},
    ids::{DocumentKind, JobId, SignUpId, TenantId, TopicId, WorkerId, Writer},
    log::{Entry, EntryKind, Head, LogHead},
    mutant::{self, Mutant},
    seats::{HubJob, Merged as MergedEvent, NodeEvent, NodeRow, SeatState, Violation},
};
use sync_store::{JobSummary, SeatRow, StoreError, Stored, WaitRow};

/// A batch of a node's log, as its session received it.
pub struct Batch<'a> {
    pub writer: Writer,
    /// Sequence of the first entry.
    pub first: u64,
    pub entries: &'a [Entry],
    /// Whether the node may touch a topic, by its certificate.
    pub allowed: &'a dyn Fn(TopicId) -> bool,
    /// Whether the batch's signature fits this head of the writer's log.
    pub signed: &'a dyn Fn(&LogHead) -> bool,
}

impl std::fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batch")
            .field("writer", &self.writer)
            .field("first", &self.first)
            .finish_non_exhaustive()
    }
}

/// Why a batch is not merged, or only up to a point.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    #[error("the batch begins at {found}, but the log is known up to {known}")]
    Gap { found: u64, known: u64 },
    #[error("the batch is not signed by the node's log key")]
    WrongSignature,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a merge did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merged {
    /// The writer's log as known from here on.
    pub wseq: u64,
    /// Jobs whose seats or wait list may need the scheduler.
    pub jobs: BTreeSet<JobId>,
    /// Sign-ups reported for the first time: a measure of demand.
    pub demand: u32,
    pub parked: u32,
    /// A report that no honest node can make: fence its author. What came before it is merged.
    pub violation: Option<String>,
}

/// Merges a batch; entries that are known already are passed over.
pub fn merge(shard: &mut Shard<'_>, batch: &Batch<'_>) -> Result<Merged, MergeError> {
    let genesis = LogHead { wseq: 0, head: Head::genesis(batch.writer, shard.vshard) };
    let known = shard.tx.origin(shard.vshard, batch.writer)?.unwrap_or(genesis);
    if batch.first > known.wseq + 1 || batch.first == 0 {
        return Err(MergeError::Gap { found: batch.first, known: known.wseq });
    }
    let skip = usize::try_from(known.wseq + 1 - batch.first).unwrap_or(usize::MAX);
    let fresh = batch.entries.get(skip..).unwrap_or(&[]);
    let last = fresh.iter().fold(known, |at, entry| LogHead { wseq: at.wseq + 1, head: at.head.then(entry) });
    if !fresh.is_empty() && !(batch.signed)(&last) {
        return Err(MergeError::WrongSignature);
    }
    let mut merged = Merged { wseq: known.wseq, ..Merged::default() };
    let mut at = known;
    for entry in fresh {
        if let Err(problem) = merge_entry(shard, batch, entry, &mut merged)? {
            match problem {
                Problem::Park(reason) => {
                    shard.tx.park(shard.vshard, batch.writer, entry, &reason)?;
                    merged.parked += 1;
                }
                Problem::Fence(reason) => {
                    merged.violation = Some(reason);
                    break;
                }
            }
        }
        at = LogHead { wseq: at.wseq + 1, head: at.head.then(entry) };
    }
    merged.wseq = at.wseq;
    shard.tx.put_origin(shard.vshard, batch.writer, at)?;
    Ok(merged)
}

enum Problem {
    Park(String),
    Fence(String),
}

type Checked = Result<(), Problem>;

fn park(reason: impl ToString) -> Checked {
    Err(Problem::Park(reason.to_string()))
}

fn merge_entry(
    shard: &mut Shard<'_>,
    batch: &Batch<'_>,
    entry: &Entry,
    merged: &mut Merged,
) -> Result<Checked, StoreError> {
    if !(batch.allowed)(entry.topic()) {
        return Ok(park("the node has no right to this topic"));
    }
    match EntryKind::from_u8(entry.kind) {
        Some(EntryKind::Change) => merge_change(shard, batch.writer, entry, merged),
        Some(EntryKind::NodeLedger) => merge_row(shard, batch.writer, entry, merged),
        Some(EntryKind::JobLedger | EntryKind::HoldingLedger) => {
            Ok(Err(Problem::Fence("the node wrote a ledger row of the hub".to_owned())))
        }
        None => Ok(park("entry of a kind that this version does not know")),
    }
}

fn merge_change(
    shard: &mut Shard<'_>,
    writer: Writer,
    entry: &Entry,
    merged: &mut Merged,
) -> Result<Checked, StoreError> {
    let stored = shard.tx.document(shard.vshard, entry.doc)?;
    if stored.is_none() && entry.doc.writer != writer {
        return Ok(park("a document was created under another writer's id"));
    }
    if stored.as_ref().is_some_and(|stored| stored.topic != entry.topic()) {
        return Ok(park("the document belongs to another topic"));
    }
    let mut document = stored.map_or_else(Document::default, |Stored { document, .. }| document);
    match document.apply(&entry.body, Some(writer)) {
        Err(refused) => return Ok(park(refused)),
        Ok(Applied::Duplicate) => return Ok(Ok(())),
        Ok(Applied::New) => {}
    }
    match entry.doc.kind {
        DocumentKind::Job => {
            let Some(fields) = JobFields::read(&document) else {
                return Ok(park("a job without title or times"));
            };
            let key =
                shard.tx.job_summary(shard.vshard, entry.doc)?.map(|known| known.key).unwrap_or_default();
            let summary = JobSummary {
                job: entry.doc,
                topic: entry.topic(),
                tenant: TenantId(fields.tenant),
                key,
                title: fields.title,
                start_at: fields.start_at,
                end_at: fields.end_at,
            };
            shard.tx.put_job_summary(shard.vshard, &summary)?;
        }
        DocumentKind::SignUp => {
            let Some(fields) = SignUpFields::read(&document) else {
                return Ok(park("a sign-up without its fields"));
            };
            if shard.tx.sign_up(entry.doc)?.is_none() {
                merged.demand += 1;
            }
            shard.tx.put_sign_up(shard.vshard, entry.doc, &fields)?;
        }
    }
    shard.tx.put_document(shard.vshard, entry.doc, entry.topic(), &document)?;
    shard.append(None, writer, entry)?;
    Ok(Ok(()))
}

fn merge_row(
    shard: &mut Shard<'_>,
    writer: Writer,
    entry: &Entry,
    merged: &mut Merged,
) -> Result<Checked, StoreError> {
    let Ok(row) = minicbor::decode::<NodeRow>(&entry.body) else { return Ok(park("not a ledger row")) };
    if row.job != entry.doc {
        return Ok(park("the ledger row is about another job than its entry"));
    }
    shard.append(Some(HUB_ONLY), writer, entry)?;
    merged.jobs.insert(row.job);
    if let NodeEvent::Birth { cap } = row.event {
        return birth(shard, writer, row.job, cap);
    }
    let Some((sign_up, worker)) = subject(&row.event) else {
        return counters(shard, writer, &row);
    };
    let known = shard.tx.seat(shard.vshard, row.job, sign_up)?;
    if known.is_some_and(|seat| seat.holder != writer) {
        return Ok(match row.event {
            NodeEvent::Accept { .. } => fence(Violation::Revived),
            NodeEvent::Birth { .. }
            | NodeEvent::Cancel { .. }
            | NodeEvent::Bump { .. }
            | NodeEvent::Return { .. }
            | NodeEvent::Wait { .. }
            | NodeEvent::Request { .. } => park("only the holder of a sign-up reports about it"),
        });
    }
    let mut holding = shard.tx.holding(shard.vshard, row.job, writer)?;
    let verdict = match holding.merge(&row.event, known.map(|seat| seat.state)) {
        Ok(verdict) => verdict,
        Err(violation) => return Ok(fence(violation)),
    };
    shard.tx.put_holding(shard.vshard, row.job, writer, &holding)?;
    let worker = known.map_or(worker, |seat| seat.worker);
    if let MergedEvent::Seat(state) = verdict {
        shard.tx.put_seat(shard.vshard, row.job, &SeatRow { sign_up, holder: writer, worker, state })?;
    }
    list(shard, writer, &row, sign_up, worker, verdict)?;
    Ok(Ok(()))
}

/// The sign-up that an event is about; its worker where the event names one.
fn subject(event: &NodeEvent) -> Option<(SignUpId, WorkerId)> {
    match event {
        NodeEvent::Accept { sign_up, worker }
        | NodeEvent::Wait { sign_up, worker }
        | NodeEvent::Request { sign_up, worker } => Some((*sign_up, *worker)),
        NodeEvent::Cancel { sign_up } | NodeEvent::Bump { sign_up, .. } => {
            Some((*sign_up, WorkerId([0; 16])))
        }
        NodeEvent::Birth { .. } | NodeEvent::Return { .. } => None,
    }
}

fn fence(violation: Violation) -> Checked {
    Err(Problem::Fence(violation.to_string()))
}

fn counters(shard: &mut Shard<'_>, writer: Writer, row: &NodeRow) -> Result<Checked, StoreError> {
    let mut holding = shard.tx.holding(shard.vshard, row.job, writer)?;
    if let Err(violation) = holding.merge(&row.event, None) {
        return Ok(fence(violation));
    }
    shard.tx.put_holding(shard.vshard, row.job, writer, &holding)?;
    Ok(Ok(()))
}

fn birth(shard: &mut Shard<'_>, writer: Writer, job: JobId, cap: u32) -> Result<Checked, StoreError> {
    if job.writer != writer || shard.tx.hub_job(shard.vshard, job)?.is_some() {
        return Ok(fence(Violation::FalseBirth));
    }
    match HubJob::born(cap) {
        Err(violation) => Ok(fence(violation)),
        Ok((seats, holding)) => {
            shard.tx.put_hub_job(shard.vshard, job, &seats)?;
            if !mutant::is(Mutant::BirthGrantsTwice) {
                shard.tx.put_holding(shard.vshard, job, writer, &holding)?;
            }
            Ok(Ok(()))
        }
    }
}

/// Keeps the wait list in step with what the holder reported.
fn list(
    shard: &mut Shard<'_>,
    writer: Writer,
    row: &NodeRow,
    sign_up: SignUpId,
    worker: WorkerId,
    verdict: MergedEvent,
) -> Result<(), StoreError> {
    match row.event {
        NodeEvent::Accept { .. } | NodeEvent::Cancel { .. } | NodeEvent::Bump { .. } => {
            shard.tx.remove_waiting(shard.vshard, row.job, sign_up)
        }
        NodeEvent::Wait { .. } if verdict == MergedEvent::Seat(SeatState::Waiting) => shard.tx.put_waiting(
            shard.vshard,
            row.job,
            &WaitRow { sign_up, holder: writer, worker, promoted: false, position: 0 },
        ),
        // From here on only the hub's own node may accept it, whatever was answered to the Ask before.
        NodeEvent::Request { .. } => {
            let known = shard.tx.seat(shard.vshard, row.job, sign_up)?.map(|seat| seat.state);
            if !matches!(known, Some(SeatState::Waiting | SeatState::Requested)) {
                return Ok(());
            }
            let holder = shard.writer()?;
            let seat = SeatRow { sign_up, holder, worker, state: SeatState::Requested };
            shard.tx.put_seat(shard.vshard, row.job, &seat)?;
            shard.tx.put_waiting(
                shard.vshard,
                row.job,
                &WaitRow { sign_up, holder, worker, promoted: false, position: 0 },
            )
        }
        NodeEvent::Wait { .. } | NodeEvent::Birth { .. } | NodeEvent::Return { .. } => Ok(()),
    }
}
