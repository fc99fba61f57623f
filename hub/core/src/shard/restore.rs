//! A vshard that was restored from a backup: a new history, and no grant before each node has told what it holds.
//!
//! The backup lacks what was granted, used and returned after it. The nodes know their own part: they send again what the
//! hub lost of their logs, and give back what the hub told them, which counts as far as the hub's seals hold (see
//! [`super::seals`]). Until all have done so nothing is granted, because the pool is not known.

use super::{
    Edited, Shard, bounds, ends, fences, jobs,
    merge::{Batch, Checked, MergeError, Merged, Problem, merge_entries, park},
    newborn, receipts,
};
use std::collections::{BTreeMap, BTreeSet};
use sync_protocol::{
    documents::{ATTENDANCE, Document, SignUpFields, Status, Value},
    ids::{JobId, SignUpId, WorkerId, Writer},
    log::{Entry, EntryKind, LogHead},
    mutant::{self, Mutant},
    seats::{HubJob, NodeEvent, NodeRow, Seal, SeatState, Standing},
};
use sync_store::{EndingRow, FenceCause, SeatRow, StoreError};

const WRITER_BYTES: usize = 6;

/// Edits that wait for what other nodes have yet to tell.
const PUT_OFF_MAX: usize = 4_096;
const PUT_OFF: &str = "put_off";
const AWAITED: &str = "awaited";
const GIVEN_UP: &str = "given_up";

fn writers(shard: &mut Shard<'_>, list: &str) -> Result<BTreeSet<Writer>, StoreError> {
    let key = format!("{list}/{}", shard.vshard.0);
    let Some(bytes) = shard.tx.meta(&key)? else { return Ok(BTreeSet::new()) };
    let writers: Option<_> = bytes.chunks(WRITER_BYTES).map(Writer::from_bytes).collect();
    writers.ok_or(StoreError::BadRow("list of writers"))
}

fn put_writers(shard: &mut Shard<'_>, list: &str, writers: &BTreeSet<Writer>) -> Result<(), StoreError> {
    let bytes: Vec<u8> = writers.iter().flat_map(|writer| writer.to_bytes()).collect();
    shard.tx.put_meta(&format!("{list}/{}", shard.vshard.0), &bytes)
}

/// The incarnations that this vshard still waits for before it grants anything.
pub fn awaited(shard: &mut Shard<'_>) -> Result<BTreeSet<Writer>, StoreError> {
    writers(shard, AWAITED)
}

pub(super) fn is_awaited(shard: &mut Shard<'_>, writer: Writer) -> Result<bool, StoreError> {
    Ok(awaited(shard)?.contains(&writer))
}

/// Begins a new history of the vshard, with a number above those that nodes may have heard of. `writers` are the
/// incarnations that may hold rights in it.
pub fn begin_history(shard: &mut Shard<'_>, writers: &[Writer], heard_of: u16) -> Result<u16, StoreError> {
    let mut history = shard.tx.begin_history(shard.vshard)?;
    while history <= heard_of {
        history = shard.tx.begin_history(shard.vshard)?;
    }
    let mut awaited = BTreeSet::new();
    for writer in writers {
        if shard.tx.standing(shard.vshard, *writer)? == Standing::Live {
            awaited.insert(*writer);
        }
    }
    put_writers(shard, AWAITED, &awaited)?;
    Ok(history)
}

/// A node as the directory names it when a vshard comes back from a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub current: Writer,
    /// The incarnation that it had when the backup was made.
    pub first: u16,
    /// Whether the vshard has a topic of its region.
    pub is_interested: bool,
    /// Why its current incarnation is over, where it is.
    pub over: Option<(FenceCause, String)>,
}

/// Begins a new history as [`begin_history`] does; whoever is over by the directory is fenced, and not waited for.
/// Returns the history and whom it awaits.
pub fn begin_anew(
    shard: &mut Shard<'_>,
    nodes: &[Known],
    heard_of: u16,
) -> Result<(u16, BTreeSet<Writer>), StoreError> {
    let mut writers = Vec::new();
    let mut over = Vec::new();
    for Known { current, first, is_interested, over: why } in nodes {
        for incarnation in *first..=current.incarnation.0 {
            let writer = Writer::new(current.node.0, incarnation);
            let has_written = shard.tx.vshards_of_writer(writer)?.contains(&shard.vshard);
            if !is_interested && !has_written {
                continue;
            }
            writers.push(writer);
            if writer != *current {
                over.push((writer, FenceCause::Replaced, "it joined again"));
            } else if let Some((cause, detail)) = why {
                over.push((writer, *cause, detail));
            }
        }
    }
    let history = begin_history(shard, &writers, heard_of)?;
    for (writer, cause, detail) in over {
        fences::fence(shard, writer, cause, detail)?;
    }
    Ok((history, awaited(shard)?))
}

/// Stops waiting for an incarnation that is fenced. What it was granted after the backup is not known: once nobody else is
/// awaited, all that is left of each job's pool is reserved for it.
pub(super) fn give_up(shard: &mut Shard<'_>, writer: Writer) -> Result<(), StoreError> {
    if !is_awaited(shard, writer)? {
        return Ok(());
    }
    let mut given_up = writers(shard, GIVEN_UP)?;
    given_up.insert(writer);
    put_writers(shard, GIVEN_UP, &given_up)?;
    no_longer_awaited(shard, writer).map(drop)
}

/// True where nobody is awaited any more.
fn no_longer_awaited(shard: &mut Shard<'_>, writer: Writer) -> Result<bool, StoreError> {
    let mut awaited = awaited(shard)?;
    if !awaited.remove(&writer) {
        return Ok(false);
    }
    put_writers(shard, AWAITED, &awaited)?;
    if awaited.is_empty() {
        reserve_for_given_up(shard)?;
        take_up(shard)?;
    }
    Ok(awaited.is_empty())
}

fn reserve_for_given_up(shard: &mut Shard<'_>) -> Result<(), StoreError> {
    let Some(writer) = writers(shard, GIVEN_UP)?.into_iter().next() else { return Ok(()) };
    for (vshard, summary) in shard.tx.jobs_after(shard.now)? {
        let Some(seats) = shard.tx.hub_job(vshard, summary.job)?.filter(|_| vshard == shard.vshard) else {
            continue;
        };
        let pool = u32::try_from(seats.pool(shard.out_total(summary.job)?)).unwrap_or(0);
        if pool > 0 {
            let mut holding = shard.tx.holding(vshard, summary.job, writer)?;
            holding.granted += pool;
            shard.tx.put_holding(vshard, summary.job, writer, &holding)?;
        }
    }
    put_writers(shard, GIVEN_UP, &BTreeSet::new())
}

/// What a node gives back of former histories, as far as the hub's own seals hold.
#[derive(Debug, Default)]
pub(super) struct Told {
    granted: BTreeMap<JobId, u32>,
}

impl Told {
    /// The rights to a job that its author was granted are known from here on.
    pub(super) fn rights(&self, shard: &mut Shard<'_>, writer: Writer, job: JobId) -> Result<(), StoreError> {
        let Some(granted) = self.granted.get(&job) else { return Ok(()) };
        let mut holding = shard.tx.holding(shard.vshard, job, writer)?;
        if holding.granted < *granted {
            holding.seen(*granted);
            shard.tx.put_holding(shard.vshard, job, writer, &holding)?;
            keep_valid(shard, job)?;
        }
        Ok(())
    }

    /// A node has told all. Returns the jobs that grants are possible for again, once it was the last.
    pub(super) fn all(
        &self,
        shard: &mut Shard<'_>,
        writer: Writer,
        history: u16,
    ) -> Result<BTreeSet<JobId>, StoreError> {
        if shard.tx.head(shard.vshard)?.0 != history {
            return Ok(BTreeSet::new());
        }
        for job in self.granted.keys() {
            self.rights(shard, writer, *job)?;
        }
        if !no_longer_awaited(shard, writer)? {
            return Ok(BTreeSet::new());
        }
        let jobs = shard.tx.jobs_after(shard.now)?;
        Ok(jobs.into_iter().filter(|(vshard, _)| *vshard == shard.vshard).map(|(_, job)| job.job).collect())
    }
}

/// Keeps what an awaited incarnation reports until it has told all: what it used can be judged only by what it was granted,
/// which its log says last. Then all is merged, as the log says it.
pub(super) fn hear(shard: &mut Shard<'_>, batch: &Batch<'_>, known: LogHead) -> Result<Merged, MergeError> {
    let (vshard, writer) = (shard.vshard, batch.writer);
    let (history, _) = shard.tx.head(vshard)?;
    let kept = shard.tx.evidence_head(vshard, writer)?.unwrap_or(known);
    let (at, fresh) = fences::keep(shard, batch, kept)?;
    let has_told = |entry: &Entry| event(entry) == Some(NodeEvent::SeenAll { history });
    if !fresh.iter().any(has_told) {
        return Ok(Merged { wseq: at.wseq, ..Merged::default() });
    }
    let (entries, _) = shard.tx.evidence(vshard, writer)?;
    let told = take_back(shard, batch, &entries)?;
    shard.tx.remove_evidence(vshard, writer)?;
    bounds::give_back_evidence(shard, writer, &entries)?;
    Ok(merge_entries(shard, batch, known, &entries, told)?)
}

fn event(entry: &Entry) -> Option<NodeEvent> {
    let is_row = EntryKind::from_u8(entry.kind) == Some(EntryKind::NodeLedger);
    let row: Option<NodeRow> = is_row.then(|| minicbor::decode(&entry.body).ok()).flatten();
    row.map(|row| row.event)
}

/// Takes back what the hub said of seats and texts, and notes what it said of rights.
fn take_back(shard: &mut Shard<'_>, batch: &Batch<'_>, entries: &[Entry]) -> Result<Told, StoreError> {
    let (key, vshard) = (shard.seal_key()?, shard.vshard);
    let mut told = Told::default();
    for entry in entries {
        let Some(NodeEvent::Seen { granted, rights, said, seats, text }) = event(entry) else { continue };
        let (job, topic) = (entry.doc, entry.topic());
        if !(batch.allowed)(topic) || shard.topic_of(job)?.is_some_and(|known| known != topic) {
            continue;
        }
        if key.holds_seats(seats, job, said) {
            let known = shard.tx.hub_job(vshard, job)?;
            let mut row =
                known.unwrap_or_else(|| HubJob { version: 0, ..HubJob::new(said.cap, said.policy) });
            row.seen(said);
            shard.tx.put_hub_job(vshard, job, &row)?;
        }
        if let Some(text) = text
            && shard.tx.document(vshard, job)?.is_none()
            && shard.is_own_text(job, topic, &text)?
        {
            jobs::take_back(shard, job, topic, &text)?;
        }
        if key.holds_rights(rights, job, batch.writer, granted) && !mutant::is(Mutant::RightsForgotten) {
            let most = told.granted.entry(job).or_default();
            *most = granted.max(*most);
        }
    }
    Ok(told)
}

/// Takes back a place that the hub's own node had confirmed: whoever was told so has it.
pub(super) fn confirmed(
    shard: &mut Shard<'_>,
    teller: Writer,
    job: JobId,
    (sign_up, worker, seal): (SignUpId, WorkerId, Seal),
) -> Result<Checked, StoreError> {
    let vshard = shard.vshard;
    if !is_awaited(shard, teller)? {
        return Ok(Ok(()));
    }
    if !shard.seal_key()?.holds_place(seal, job, sign_up, worker) {
        return Ok(park("the hub never confirmed this place"));
    }
    let seat = shard.tx.seat(vshard, job, sign_up)?;
    if seat.is_some_and(|seat| seat.state == SeatState::Live || seat.state.is_over()) {
        return Ok(Ok(()));
    }
    let holder = shard.writer()?;
    let mut holding = shard.tx.holding(vshard, job, holder)?;
    holding.granted += 1;
    holding.live += 1;
    shard.tx.put_holding(vshard, job, holder, &holding)?;
    let seat = SeatRow { sign_up, holder, worker, state: SeatState::Live };
    shard.tx.put_seat(vshard, job, &seat)?;
    shard.tx.remove_waiting(vshard, job, sign_up)?;
    keep_valid(shard, job)?;
    shard.set_status(sign_up, Status::Confirmed, "")?;
    receipts::owe(shard, sign_up)?;
    // Somebody may have asked for its end before it was known again.
    if let Some(asked) = shard.tx.ending(vshard, job, sign_up)?.filter(|row| !row.done) {
        ends::end_here(shard, job, &seat, asked.ending.reason)?;
        shard.tx.put_ending(vshard, &EndingRow { done: true, ..asked })?;
    }
    Ok(Ok(()))
}

/// Edits of sign-ups whose creation another node has yet to tell of; each with its author.
type PutOff = Vec<(Writer, Entry)>;

fn put_off_edits(shard: &mut Shard<'_>) -> Result<PutOff, StoreError> {
    let Some(bytes) = shard.tx.meta(&format!("{PUT_OFF}/{}", shard.vshard.0))? else { return Ok(Vec::new()) };
    minicbor::decode(&bytes).map_err(|_| StoreError::BadRow("edits that were put off"))
}

fn keep_put_off(shard: &mut Shard<'_>, edits: &PutOff) -> Result<(), StoreError> {
    let bytes = minicbor::to_vec(edits).map_err(|_| StoreError::BadRow("edits that were put off"))?;
    shard.tx.put_meta(&format!("{PUT_OFF}/{}", shard.vshard.0), &bytes)
}

/// Whether a node edits another's sign-up that the backup lacks and whose own node may have yet to tell, or has edited it
/// so before: its edits keep their order.
pub(super) fn is_too_early(shard: &mut Shard<'_>, writer: Writer, entry: &Entry) -> Result<bool, StoreError> {
    if entry.doc.writer == writer || awaited(shard)?.is_empty() || mutant::is(Mutant::EditsNotPutOff) {
        return Ok(false);
    }
    let is_same = |(author, edit): &(Writer, Entry)| *author == writer && edit.doc == entry.doc;
    Ok(newborn::is_one(shard, entry)? || put_off_edits(shard)?.iter().any(is_same))
}

/// Puts off an edit of a sign-up that is not here until everybody has told.
pub(super) fn put_off(shard: &mut Shard<'_>, writer: Writer, entry: &Entry) -> Result<Checked, StoreError> {
    let mut edits = put_off_edits(shard)?;
    if edits.len() >= PUT_OFF_MAX {
        return Ok(park("too many edits wait for sign-ups that the backup lacks"));
    }
    edits.push((writer, entry.clone()));
    keep_put_off(shard, &edits)?;
    Ok(Ok(()))
}

/// Everybody has told: what was put off is made anew, or parked where nobody knew its sign-up.
fn take_up(shard: &mut Shard<'_>) -> Result<(), StoreError> {
    let edits = put_off_edits(shard)?;
    if edits.is_empty() {
        return Ok(());
    }
    for (writer, entry) in edits {
        let told = match shard.tx.document(shard.vshard, entry.doc)? {
            Some(mut stored) => retell(shard, writer, &entry, &mut stored.document)?,
            None => park("an edit of a sign-up that nobody has"),
        };
        if let Err(Problem::Park(reason) | Problem::Fence(reason)) = told {
            shard.tx.park(shard.vshard, writer, &entry, &reason)?;
        }
    }
    keep_put_off(shard, &Vec::new())
}

/// Makes a node's edit of a sign-up anew as the hub's, where an edit of the hub's that it depends on was lost with the disk.
pub(super) fn retell(
    shard: &mut Shard<'_>,
    writer: Writer,
    entry: &Entry,
    document: &mut Document,
) -> Result<Checked, StoreError> {
    let values = match document.retold(entry.doc, &entry.body, writer) {
        Ok(_) if mutant::is(Mutant::EditsNotRetold) => {
            return Ok(park("an edit that follows one which is not here"));
        }
        Ok(values) => values,
        Err(refused) => return Ok(park(refused)),
    };
    let Some(before) = SignUpFields::read(document) else { return Ok(park("a sign-up without its fields")) };
    // A status is a projection of the ledger: what has ended there does not come back.
    let seat = shard.tx.seat(shard.vshard, before.job, entry.doc)?;
    let is_over = seat.is_some_and(|seat| seat.state.is_over());
    let is_told = |(name, _): &&(String, Value)| !is_over || ATTENDANCE.contains(&name.as_str());
    let values: Vec<_> =
        values.iter().filter(is_told).map(|(name, value)| (name.as_str(), value.clone())).collect();
    if let Edited::NoRoom(refused) = shard.edit(entry.doc, entry.topic(), document, &values)? {
        return Ok(park(refused));
    }
    let Some(fields) = SignUpFields::read(document) else {
        return Err(StoreError::BadRow("sign-up document"));
    };
    shard.tx.put_sign_up(shard.vshard, entry.doc, &fields)?;
    Ok(Ok(()))
}

/// What is out by the hub's own seals was granted under a cap that it had.
pub(super) fn keep_valid(shard: &mut Shard<'_>, job: JobId) -> Result<(), StoreError> {
    let out = if mutant::is(Mutant::CapForgotten) { 0 } else { shard.out_total(job)? };
    let Some(mut seats) = shard.tx.hub_job(shard.vshard, job)?.filter(|seats| seats.bound < out) else {
        return Ok(());
    };
    seats.keep_valid(out);
    shard.tx.put_hub_job(shard.vshard, job, &seats)
}
