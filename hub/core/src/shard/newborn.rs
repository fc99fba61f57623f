//! Sign-ups that begin: a document is taken, and relayed to the nodes, together with its row in the ledger and never alone.
//!
//! Nodes keep a worker out of a job for which a sign-up document of his is here: that is what stops a second sign-up at
//! another node. So a document must stand for a place that the ledger holds or lists. An honest log has the row directly
//! behind the creation; between the two a batch may end, and then the creation waits here.

use super::{
    Shard,
    merge::{Batch, Checked, Merged, Problem, Work, merge_entry, set_aside},
};
use sync_protocol::{
    documents::{Document, SignUpFields, Status},
    ids::{DocumentKind, JobId, WorkerId, Writer},
    log::{Entry, EntryKind},
    seats::{EndReason, NodeEvent, NodeRow},
};
use sync_store::StoreError;

fn key(shard: &Shard<'_>, writer: Writer) -> String {
    format!("newborn/{}/{writer}", shard.vshard.0)
}

/// The creation with which the last batch of this writer ended.
pub(super) fn waiting(shard: &mut Shard<'_>, writer: Writer) -> Result<Option<Entry>, StoreError> {
    let stored = shard.tx.meta(&key(shard, writer))?.filter(|bytes| !bytes.is_empty());
    stored
        .map(|bytes| minicbor::decode(&bytes).map_err(|_| StoreError::BadRow("a creation that waits")))
        .transpose()
}

/// Keeps the creation with which a batch ended.
pub(super) fn keep(
    shard: &mut Shard<'_>,
    writer: Writer,
    creation: Option<&Entry>,
    was_waiting: bool,
) -> Result<(), StoreError> {
    let bytes = match creation {
        Some(entry) => minicbor::to_vec(entry).map_err(|_| StoreError::BadRow("a creation that waits"))?,
        None if was_waiting => Vec::new(),
        None => return Ok(()),
    };
    shard.tx.put_meta(&key(shard, writer), &bytes)
}

/// Whether a change is of a sign-up that nobody has heard of.
pub(super) fn is_one(shard: &mut Shard<'_>, entry: &Entry) -> Result<bool, StoreError> {
    Ok(entry.doc.kind == DocumentKind::SignUp && shard.tx.document(shard.vshard, entry.doc)?.is_none())
}

/// Lets a creation wait for its row, where it could be taken at all.
pub(super) fn begin(writer: Writer, entry: &Entry, work: &mut Work) -> Checked {
    read(writer, entry)?;
    work.newborn = Some(entry.clone());
    Ok(())
}

fn read(writer: Writer, creation: &Entry) -> Result<(Document, SignUpFields), Problem> {
    let mut document = Document::default();
    if let Err(refused) = document.take(creation.doc, &creation.body, writer) {
        return Err(Problem::Park(refused.to_string()));
    }
    match SignUpFields::read(&document) {
        Some(fields) => Ok((document, fields)),
        None => Err(Problem::Park("a sign-up without its fields".to_owned())),
    }
}

/// Merges the entry behind a creation: together with it, if it is its row.
pub(super) fn merge_behind(
    shard: &mut Shard<'_>,
    batch: &Batch<'_>,
    creation: &Entry,
    entry: &Entry,
    merged: &mut Merged,
    work: &mut Work,
) -> Result<Checked, StoreError> {
    let Some(told) = row_of(creation, entry) else {
        set_aside(shard, batch.writer, creation, "a sign-up without its row in the ledger", merged, work)?;
        return merge_entry(shard, batch, entry, merged, work);
    };
    let (document, fields) = match read(batch.writer, creation) {
        Ok((document, fields)) if (fields.job, fields.worker) == told => (document, fields),
        Ok(_) => {
            let reason = "a sign-up for another job or worker than its row in the ledger";
            set_aside(shard, batch.writer, creation, reason, merged, work)?;
            return merge_entry(shard, batch, entry, merged, work);
        }
        Err(Problem::Park(reason) | Problem::Fence(reason)) => {
            set_aside(shard, batch.writer, creation, &reason, merged, work)?;
            return merge_entry(shard, batch, entry, merged, work);
        }
    };
    shard.tx.put_sign_up(shard.vshard, creation.doc, &fields)?;
    shard.tx.put_document(shard.vshard, creation.doc, creation.topic(), &document)?;
    shard.append(None, batch.writer, creation)?;
    merged.demand += 1;
    let checked = merge_entry(shard, batch, entry, merged, work)?;
    // What the ledger did not take, or knows to be over, must not keep the worker out.
    let seat = shard.tx.seat(shard.vshard, fields.job, creation.doc)?;
    if seat.is_none_or(|seat| seat.state.is_over())
        && shard.tx.sign_up(creation.doc)?.is_some_and(|row| row.status().is_current())
    {
        shard.set_status(creation.doc, Status::Bumped, EndReason::Voided.as_str())?;
    }
    Ok(checked)
}

/// The job and worker that the row behind a creation names, if it is the row with which that sign-up begins.
fn row_of(creation: &Entry, entry: &Entry) -> Option<(JobId, WorkerId)> {
    let is_row =
        EntryKind::from_u8(entry.kind) == Some(EntryKind::NodeLedger) && entry.topic() == creation.topic();
    let row: NodeRow = minicbor::decode(&entry.body).ok().filter(|_| is_row)?;
    match row.event {
        NodeEvent::Accept { sign_up, worker }
        | NodeEvent::Wait { sign_up, worker }
        | NodeEvent::Request { sign_up, worker }
            if sign_up == creation.doc =>
        {
            Some((row.job, worker))
        }
        NodeEvent::Accept { .. }
        | NodeEvent::Wait { .. }
        | NodeEvent::Request { .. }
        | NodeEvent::Birth { .. }
        | NodeEvent::Cancel { .. }
        | NodeEvent::Bump { .. }
        | NodeEvent::Return { .. }
        | NodeEvent::CancelFor { .. }
        | NodeEvent::Final
        | NodeEvent::Seen { .. }
        | NodeEvent::SeenAll { .. }
        | NodeEvent::HubConfirmed { .. } => None,
    }
}
