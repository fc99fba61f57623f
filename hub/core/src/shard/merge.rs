//! Merging a node's log: the one place where foreign bytes become state.
//!
//! What a node may write is decided from its certificate, never from the payload: it may create documents whose ids carry
//! its own writer and edit them, say of other sign-ups within its topics who came (`Document::take`), and report on its own
//! rights. A change that is not allowed is parked; a ledger report that no honest node can make fences its author. What a fenced incarnation reports is
//! evidence: it is kept, and merged only when its whole log is here (see [`super::fences`]).

use super::{
    HUB_ONLY, Shard,
    bounds::{self, DocumentWork, OverLimit},
    ends, fences, line, newborn,
    restore::{self, Told},
    tenants,
};
use std::collections::BTreeSet;
use sync_protocol::{
    documents::{Applied, Document, JobFields, Refused, SignUpFields, Status},
    ids::{DocumentKind, JobId, SignUpId, TenantId, TopicId, WorkerId, Writer},
    limits::CAP_MAX,
    log::{Entry, EntryKind, Head, LogHead},
    mutant::{self, Mutant},
    seats::{
        EndReason, Ending, HubJob, LossPolicy, Merged as MergedEvent, NodeEvent, NodeRow, SeatState,
        Violation,
    },
};
use sync_store::{EndingRow, FenceCause, JobSummary, SeatRow, StoreError, Stored, WaitRow};

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
    OverLimit(#[from] OverLimit),
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
    /// Of those, ledger rows: what they say of rights is not known, so nothing of theirs may be handed over.
    pub parked_rows: u32,
    /// Ends of sign-ups that were asked for by these reports.
    pub ends: u32,
    /// Sign-ups of workers who hold another seat at that time already: their end was asked for.
    pub duplicates: u32,
    /// The writer's log is whole, and nothing of it is reserved any more.
    pub settled: bool,
    /// A report that no honest node can make: fence its author. What came before it is merged.
    pub violation: Option<String>,
}

/// Merges a batch; entries that are known already are passed over.
pub fn merge(shard: &mut Shard<'_>, batch: &Batch<'_>) -> Result<Merged, MergeError> {
    let (vshard, writer) = (shard.vshard, batch.writer);
    let genesis = LogHead { wseq: 0, head: Head::genesis(writer, vshard) };
    let known = shard.tx.origin(vshard, writer)?.unwrap_or(genesis);
    let standing = shard.tx.standing(vshard, writer)?;
    if !standing.merges() {
        return fences::keep_evidence(shard, batch, known);
    }
    let mut merged = if restore::is_awaited(shard, writer)? {
        restore::hear(shard, batch, known)?
    } else {
        let fresh = verify(batch, known)?;
        bounds::take(shard, writer, fresh)??;
        merge_entries(shard, batch, known, fresh, Told::default())?
    };
    if let Some(reason) = &merged.violation {
        fences::fence(shard, writer, FenceCause::Violation, reason)?;
    } else if merged.settled {
        fences::fence(shard, writer, FenceCause::Retired, "it left")?;
        if merged.parked_rows == 0 {
            merged.jobs.extend(fences::hand_over(shard, writer)?);
        }
    }
    Ok(merged)
}

/// The entries behind `known`, if they go on from it and are signed.
pub(super) fn verify<'a>(batch: &Batch<'a>, known: LogHead) -> Result<&'a [Entry], MergeError> {
    if (batch.first > known.wseq + 1 && !mutant::is(Mutant::GapTaken)) || batch.first == 0 {
        return Err(MergeError::Gap { found: batch.first, known: known.wseq });
    }
    let skip = usize::try_from((known.wseq + 1).saturating_sub(batch.first)).unwrap_or(usize::MAX);
    let fresh = batch.entries.get(skip..).unwrap_or(&[]);
    let last = fresh.iter().fold(known, LogHead::then);
    if !fresh.is_empty() && !(batch.signed)(&last) && !mutant::is(Mutant::ChainUnchecked) {
        return Err(MergeError::WrongSignature);
    }
    Ok(fresh)
}

/// Merges entries that go on from `known`, up to the first that no honest node writes.
pub(super) fn merge_entries(
    shard: &mut Shard<'_>,
    batch: &Batch<'_>,
    known: LogHead,
    fresh: &[Entry],
    told: Told,
) -> Result<Merged, StoreError> {
    let mut merged = Merged::default();
    let mut work = Work {
        documents: DocumentWork::of(fresh.len()),
        parked_bytes: 0,
        newborn: newborn::waiting(shard, batch.writer)?,
        told,
    };
    let was_waiting = work.newborn.is_some();
    let mut at = known;
    for entry in fresh {
        let before = work.newborn.take();
        let checked = match before {
            None => merge_entry(shard, batch, entry, &mut merged, &mut work)?,
            Some(creation) => newborn::merge_behind(shard, batch, &creation, entry, &mut merged, &mut work)?,
        };
        match checked {
            Ok(()) => {}
            Err(Problem::Park(reason)) => {
                set_aside(shard, batch.writer, entry, &reason, &mut merged, &mut work)?
            }
            Err(Problem::Fence(reason)) => {
                merged.violation = Some(reason);
                break;
            }
        }
        at = at.then(entry);
    }
    merged.wseq = at.wseq;
    newborn::keep(shard, batch.writer, work.newborn.as_ref(), was_waiting)?;
    shard.tx.put_origin(shard.vshard, batch.writer, at)?;
    bounds::count(shard, batch.writer, work.parked_bytes, merged.ends)?;
    Ok(merged)
}

/// What a merge has under way beside what it reports.
pub(super) struct Work {
    pub(super) documents: DocumentWork,
    parked_bytes: u64,
    /// The creation of a sign-up whose row in the ledger is to come next.
    pub(super) newborn: Option<Entry>,
    /// What the author gives back to a hub that came from a backup.
    told: Told,
}

/// Keeps an entry that cannot be applied, and goes on.
pub(super) fn set_aside(
    shard: &mut Shard<'_>,
    writer: Writer,
    entry: &Entry,
    reason: &str,
    merged: &mut Merged,
    work: &mut Work,
) -> Result<(), StoreError> {
    shard.tx.park(shard.vshard, writer, entry, reason)?;
    merged.parked += 1;
    work.parked_bytes += bounds::bytes(entry);
    merged.parked_rows += u32::from(entry.kind == EntryKind::NodeLedger.to_u8());
    Ok(())
}

pub(super) enum Problem {
    Park(String),
    Fence(String),
}

pub(super) type Checked = Result<(), Problem>;

pub(super) fn park(reason: impl ToString) -> Checked {
    Err(Problem::Park(reason.to_string()))
}

pub(super) fn merge_entry(
    shard: &mut Shard<'_>,
    batch: &Batch<'_>,
    entry: &Entry,
    merged: &mut Merged,
    work: &mut Work,
) -> Result<Checked, StoreError> {
    if !(batch.allowed)(entry.topic()) {
        return Ok(park("the node has no right to this topic"));
    }
    match EntryKind::from_u8(entry.kind) {
        Some(EntryKind::Change) if restore::is_too_early(shard, batch.writer, entry)? => {
            restore::put_off(shard, batch.writer, entry)
        }
        Some(EntryKind::Change) if newborn::is_one(shard, entry)? => {
            Ok(newborn::begin(batch.writer, entry, work))
        }
        Some(EntryKind::Change) => merge_change(shard, batch.writer, entry, merged, work),
        Some(EntryKind::NodeLedger) => merge_row(shard, batch, entry, merged, &work.told),
        Some(EntryKind::JobLedger | EntryKind::HoldingLedger) => {
            Ok(Err(Problem::Fence("the node wrote a ledger row of the hub".to_owned())))
        }
        None => Ok(park("entry of a kind that this version does not know")),
    }
}

/// Merges a change of a document that is here, or of a new job.
fn merge_change(
    shard: &mut Shard<'_>,
    writer: Writer,
    entry: &Entry,
    merged: &mut Merged,
    work: &mut Work,
) -> Result<Checked, StoreError> {
    let stored = shard.tx.document(shard.vshard, entry.doc)?;
    if stored.as_ref().is_some_and(|stored| stored.topic != entry.topic()) {
        return Ok(park("the document belongs to another topic"));
    }
    let mut document = stored.map_or_else(Document::default, |Stored { document, .. }| document);
    let keys = match entry.doc.kind {
        DocumentKind::Job => tenants::keys_of(shard, entry.topic())?,
        DocumentKind::SignUp => Vec::new(),
    };
    match document.take_signed(entry.doc, &entry.body, writer, &keys) {
        Err(Refused::MissingDependency | Refused::SequenceGap { .. })
            if entry.doc.kind == DocumentKind::SignUp && shard.tx.head(shard.vshard)?.0 > 1 =>
        {
            return restore::retell(shard, writer, entry, &mut document);
        }
        Err(refused) => return Ok(park(refused)),
        Ok(Applied::Duplicate) => return Ok(Ok(())),
        Ok(Applied::New) => {}
    }
    if !work.documents.take(&document) {
        return Ok(park("the edits of one batch write too much of large documents anew"));
    }
    let mut ended = None;
    match entry.doc.kind {
        DocumentKind::Job => {
            let Some(fields) = JobFields::read(&document) else {
                return Ok(park("a job without title, or with times or pay that no shift has"));
            };
            let known = shard.tx.job_summary(shard.vshard, entry.doc)?;
            let summary = JobSummary {
                job: entry.doc,
                topic: entry.topic(),
                tenant: TenantId(fields.tenant),
                key: known.as_ref().map(|known| known.key.clone()).unwrap_or_default(),
                title: fields.title,
                start_at: fields.start_at,
                end_at: fields.end_at,
            };
            shard.tx.put_job_summary(shard.vshard, &summary)?;
            if known.is_none() {
                ends::tell_again(shard, entry.doc)?;
            }
            // Its draw may be at another time now.
            merged.jobs.insert(entry.doc);
        }
        DocumentKind::SignUp => {
            let Some(fields) = SignUpFields::read(&document) else {
                return Ok(park("a sign-up without its fields"));
            };
            ended = match come_back(shard, writer, entry, &fields)? {
                Ok(ended) => ended,
                Err(problem) => return Ok(Err(problem)),
            };
            shard.tx.put_sign_up(shard.vshard, entry.doc, &fields)?;
        }
    }
    shard.tx.put_document(shard.vshard, entry.doc, entry.topic(), &document)?;
    shard.append(None, writer, entry)?;
    if let Some((status, reason)) = ended {
        shard.set_status(entry.doc, status, &reason)?;
    }
    Ok(Ok(()))
}

/// A status is a projection of the ledger: what has ended there does not come back in its document. Where its own node says so
/// behind a reclaim, which it knew nothing of, its change counts, and the status that stands is said anew behind it.
fn come_back(
    shard: &mut Shard<'_>,
    writer: Writer,
    entry: &Entry,
    fields: &SignUpFields,
) -> Result<Result<Option<(Status, String)>, Problem>, StoreError> {
    let seat = shard.tx.seat(shard.vshard, fields.job, entry.doc)?;
    let over = seat.map(|seat| seat.state).filter(|state| state.is_over());
    let Some(state) = over.filter(|_| fields.status.is_current() && entry.doc.writer == writer) else {
        return Ok(Ok(None));
    };
    let is_reclaimed = shard.tx.is_reclaimed(shard.vshard, fields.job, writer)?;
    if !is_reclaimed || mutant::is(Mutant::LateStatusParked) {
        return Ok(Err(Problem::Park("the sign-up has ended".to_owned())));
    }
    let told = shard.tx.sign_up(entry.doc)?.map(|row| row.fields.reason).unwrap_or_default();
    let status = if state == SeatState::Cancelled { Status::Cancelled } else { Status::Bumped };
    Ok(Ok(Some((status, told))))
}

fn merge_row(
    shard: &mut Shard<'_>,
    batch: &Batch<'_>,
    entry: &Entry,
    merged: &mut Merged,
    told: &Told,
) -> Result<Checked, StoreError> {
    let writer = batch.writer;
    let Ok(row) = minicbor::decode::<NodeRow>(&entry.body) else { return Ok(park("not a ledger row")) };
    if row.job != entry.doc {
        return Ok(park("the ledger row is about another job than its entry"));
    }
    // The entry's topic was checked; a vshard holds topics of other tenants and regions as well.
    if shard.topic_of(row.job)?.is_some_and(|topic| !(batch.allowed)(topic)) {
        return Ok(park("the node has no right to this job's topic"));
    }
    shard.append(Some(HUB_ONLY), writer, entry)?;
    if row.event == NodeEvent::Final {
        merged.settled = true;
        return Ok(Ok(()));
    }
    if let NodeEvent::SeenAll { history } = row.event {
        merged.jobs.extend(told.all(shard, writer, history)?);
        return Ok(Ok(()));
    }
    merged.jobs.insert(row.job);
    if matches!(row.event, NodeEvent::Seen { .. }) {
        // Taken before the rest of what its author tells.
        return Ok(Ok(()));
    }
    if let NodeEvent::HubConfirmed { sign_up, worker, seal } = row.event {
        return restore::confirmed(shard, writer, row.job, (sign_up, worker, seal));
    }
    if let NodeEvent::Birth { cap, policy } = row.event {
        return birth(shard, writer, row.job, cap, policy);
    }
    if let NodeEvent::CancelFor { sign_up, reason } = row.event {
        let ending = Ending { sign_up, reason: reason.unwrap_or(EndReason::Worker) };
        return cancel_for(shard, row.job, ending, merged);
    }
    let Some((sign_up, worker)) = subject(&row.event) else {
        told.rights(shard, writer, row.job)?;
        return counters(shard, writer, &row);
    };
    if sign_up.writer != writer {
        return Ok(park("a sign-up of another node"));
    }
    if shard.tx.is_reclaimed(shard.vshard, row.job, writer)? {
        return fences::void(shard, writer, &row);
    }
    told.rights(shard, writer, row.job)?;
    merge_sign_up(shard, writer, &row, (sign_up, worker), merged)
}

/// A wish to cancel what is held elsewhere; of a sign-up that nobody knows here it would stay open for ever. The hub's own
/// reasons are not a node's to give, and nobody who was seen at a gate has stayed away.
fn cancel_for(
    shard: &mut Shard<'_>,
    job: JobId,
    ending: Ending,
    merged: &mut Merged,
) -> Result<Checked, StoreError> {
    let Ending { sign_up, reason } = ending;
    if !reason.is_passed_on() {
        return Ok(park("a node ends a sign-up for a reason of the hub"));
    }
    let known = shard.tx.seat(shard.vshard, job, sign_up)?.is_some()
        || shard.tx.sign_up(sign_up)?.is_some_and(|row| row.fields.job == job);
    // What a restored hub has lost of it comes with its holder's log, before or after this.
    let (history, _) = shard.tx.head(shard.vshard)?;
    if !known && history <= 1 {
        return Ok(park("a cancellation of a sign-up that is not known"));
    }
    if reason.spares_who_came() && ends::has_come(shard, sign_up)? {
        return Ok(Ok(()));
    }
    merged.ends += u32::from(shard.tx.ending(shard.vshard, job, sign_up)?.is_none());
    ends::end(shard, job, ending)?;
    Ok(Ok(()))
}

fn merge_sign_up(
    shard: &mut Shard<'_>,
    writer: Writer,
    row: &NodeRow,
    (sign_up, worker): (SignUpId, WorkerId),
    merged: &mut Merged,
) -> Result<Checked, StoreError> {
    let known = shard.tx.seat(shard.vshard, row.job, sign_up)?;
    if known.is_some_and(|seat| seat.holder != writer) {
        let left_to_hub = known.is_some_and(|seat| seat.holder.is_hub());
        let is_first = matches!(row.event, NodeEvent::Request { .. } | NodeEvent::Wait { .. });
        if left_to_hub && is_first {
            // After a restore another node has given the hub's place back before this log told of the request.
            if known.is_some_and(|seat| seat.state == SeatState::Live) {
                shard.set_status(sign_up, Status::Confirmed, "")?;
            }
            return Ok(Ok(()));
        }
        return Ok(if matches!(row.event, NodeEvent::Accept { .. }) {
            fence(Violation::Revived)
        } else if left_to_hub && matches!(row.event, NodeEvent::Bump { .. }) {
            // The hub has ended it itself.
            Ok(())
        } else {
            park("only the holder of a sign-up reports about it")
        });
    }
    let mut holding = shard.tx.holding(shard.vshard, row.job, writer)?;
    let state = known.map(|seat| seat.state);
    let verdict = match holding.merge(&row.event, state) {
        Ok(verdict) => verdict,
        Err(violation) => return Ok(fence(violation)),
    };
    shard.tx.put_holding(shard.vshard, row.job, writer, &holding)?;
    let worker = known.map_or(worker, |seat| seat.worker);
    if let MergedEvent::Seat(state) = verdict {
        shard.tx.put_seat(shard.vshard, row.job, &SeatRow { sign_up, holder: writer, worker, state })?;
        follow_up(shard, row.job, sign_up, worker, state, merged)?;
        shard.forget_recall(row.job, writer)?;
    }
    list(shard, writer, row, sign_up, worker, verdict)?;
    Ok(Ok(()))
}

/// What a sign-up's new state means beyond its own row.
fn follow_up(
    shard: &mut Shard<'_>,
    job: JobId,
    sign_up: SignUpId,
    worker: WorkerId,
    state: SeatState,
    merged: &mut Merged,
) -> Result<(), StoreError> {
    match state {
        SeatState::Live if ends::is_duplicate(shard, job, sign_up, worker)? => {
            merged.duplicates += 1;
            merged.ends += 1;
            ends::end(shard, job, Ending { sign_up, reason: EndReason::Duplicate }).map(drop)
        }
        SeatState::Cancelled | SeatState::Bumped => {
            // Its holder says so in the document first. Where it did not, the worker would be kept out of this job.
            if shard.tx.sign_up(sign_up)?.is_some_and(|row| row.status().is_current()) {
                let status = if state == SeatState::Bumped { Status::Bumped } else { Status::Cancelled };
                shard.set_status(sign_up, status, "")?;
            }
            if let Some(asked) = shard.tx.ending(shard.vshard, job, sign_up)? {
                shard.tx.put_ending(shard.vshard, &EndingRow { done: true, ..asked })?;
            }
            Ok(())
        }
        SeatState::Live | SeatState::Waiting | SeatState::Requested => Ok(()),
    }
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
        NodeEvent::Birth { .. }
        | NodeEvent::Return { .. }
        | NodeEvent::CancelFor { .. }
        | NodeEvent::Final
        | NodeEvent::Seen { .. }
        | NodeEvent::SeenAll { .. }
        | NodeEvent::HubConfirmed { .. } => None,
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
    shard.forget_recall(row.job, writer)?;
    Ok(Ok(()))
}

fn birth(
    shard: &mut Shard<'_>,
    writer: Writer,
    job: JobId,
    cap: u32,
    policy: Option<LossPolicy>,
) -> Result<Checked, StoreError> {
    let mut holding = shard.tx.holding(shard.vshard, job, writer)?;
    if job.writer != writer || cap == 0 || holding.granted > 0 {
        return Ok(fence(Violation::FalseBirth));
    }
    if let Some(seats) = shard.tx.hub_job(shard.vshard, job)? {
        // After a restore another node may have told of the job before its own node told of its birth.
        if cap > CAP_MAX {
            return Ok(fence(Violation::CapTooLarge));
        }
        holding.seen(cap);
        let seats = HubJob { policy: policy.unwrap_or_default(), ..seats };
        shard.tx.put_hub_job(shard.vshard, job, &seats)?;
        shard.tx.put_holding(shard.vshard, job, writer, &holding)?;
        restore::keep_valid(shard, job)?;
        return Ok(Ok(()));
    }
    match HubJob::born(cap, policy.unwrap_or_default()) {
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
        NodeEvent::Wait { .. } if verdict == MergedEvent::Seat(SeatState::Waiting) => {
            let wait = WaitRow { sign_up, holder: writer, worker, promoted: false, position: 0 };
            line::join(shard, row.job, &wait).map(drop)
        }
        // The offer came too late: the right is returned, the place stays.
        NodeEvent::Wait { .. } => {
            if let Some(wait) = shard.tx.wait(shard.vshard, row.job, sign_up)?.filter(|wait| wait.promoted) {
                shard.tx.put_waiting(shard.vshard, row.job, &WaitRow { promoted: false, ..wait })?;
            }
            Ok(())
        }
        // From here on only the hub's own node may accept it, whatever was answered to the Ask before.
        NodeEvent::Request { .. } => {
            let known = shard.tx.seat(shard.vshard, row.job, sign_up)?.map(|seat| seat.state);
            if !matches!(known, Some(SeatState::Waiting | SeatState::Requested)) {
                return Ok(());
            }
            let holder = shard.writer()?;
            let seat = SeatRow { sign_up, holder, worker, state: SeatState::Requested };
            shard.tx.put_seat(shard.vshard, row.job, &seat)?;
            // Asked of the node while it still held the sign-up.
            if let Some(asked) = shard.tx.ending(shard.vshard, row.job, sign_up)?.filter(|row| !row.done) {
                shard.tx.put_ending(shard.vshard, &EndingRow { done: true, ..asked })?;
                return ends::end_here(shard, row.job, &seat, asked.ending.reason);
            }
            let wait = WaitRow { sign_up, holder, worker, promoted: false, position: 0 };
            line::join(shard, row.job, &wait).map(drop)
        }
        NodeEvent::Birth { .. }
        | NodeEvent::Return { .. }
        | NodeEvent::CancelFor { .. }
        | NodeEvent::Final
        | NodeEvent::Seen { .. }
        | NodeEvent::SeenAll { .. }
        | NodeEvent::HubConfirmed { .. } => Ok(()),
    }
}
