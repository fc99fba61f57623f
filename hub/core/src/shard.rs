//! Transitions of one vshard. The hub's shard workers call these inside their group-committed transactions.
//!
//! Each function decides before it writes, so that a refusal leaves nothing half done.

mod admission;
mod asks;
mod bounds;
mod caps;
mod carried;
mod commands;
mod contacts;
mod draw;
mod ends;
mod fences;
mod jobs;
mod line;
mod merge;
mod newborn;
mod plan;
mod receipts;
mod restore;
mod seals;
mod tenants;

pub use admission::{Answer, Author, Taken, take};
pub use asks::ask;
pub use bounds::OverLimit;
pub use caps::{CapRefusal, close, set_cap};
pub use carried::{
    Carried, CarriedAnswer, Stranger, begins_after, gone_apart, merge_carried, strangers, take_carried,
};
pub use commands::{Changed, change, command};
pub use contacts::{contacts_vshard, held, meet};
pub use draw::{DrawSeed, draw};
pub use ends::{DismissRefusal, Ended, dismiss, end, enforce};
pub use fences::{Reclaimed, fence, reclaim, settle};
pub use jobs::{Imported, JobPost, import_job};
pub use merge::{Batch, MergeError, Merged, merge};
pub use plan::{announce, execute, first_row, promote, snapshot};
pub use receipts::{RECEIPT_WRITER, SignReceipt, sign_receipts};
pub use restore::{Known, awaited, begin_anew, begin_history};
pub use seals::keep_seal;
pub use tenants::know_tenants;

use sync_protocol::{
    documents::{Document, Refused, SignUpFields, Status, Value},
    ids::{DocumentId, DocumentKind, JobId, NodeId, SignUpId, TopicId, VshardId, Writer},
    log::{Entry, EntryKind},
    mutant::{self, Mutant},
    seats::{Ending, HoldingRow, HubHolding, HubJob, JobRow, SeatsSaid, out_total},
};
use sync_store::{ShardTx, StoreError};

/// Rows that only the hub reads: they take a sequence number and are sent to nobody.
const HUB_ONLY: NodeId = NodeId(0);

/// What a node is told of its rights to a job beside their number.
#[derive(Debug, Default)]
struct Order {
    end: Vec<Ending>,
    promote: Vec<SignUpId>,
    recall_keep: Option<u32>,
    offer_until: Option<i64>,
}

/// What became of the hub's own edit of a document.
#[derive(Debug, PartialEq, Eq)]
enum Edited {
    Written,
    /// It says so already.
    Same,
    /// The document has no room for it and stays as it is. What others wrote is never damage of this disk.
    NoRoom(Refused),
}

/// One vshard in an open transaction.
pub struct Shard<'a> {
    pub tx: &'a mut dyn ShardTx,
    pub vshard: VshardId,
    /// Epoch seconds.
    pub now: i64,
}

impl std::fmt::Debug for Shard<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shard").field("vshard", &self.vshard).field("now", &self.now).finish_non_exhaustive()
    }
}

impl Shard<'_> {
    /// The hub's own writer for this vshard: its virtual node, whose incarnation is the history.
    fn writer(&mut self) -> Result<Writer, StoreError> {
        Ok(Writer::hub(self.tx.head(self.vshard)?.0))
    }

    fn out_total(&mut self, job: JobId) -> Result<u32, StoreError> {
        Ok(out_total(self.tx.holdings(self.vshard, job)?.iter().map(|(_, holding)| holding)))
    }

    fn topic_of(&mut self, job: JobId) -> Result<Option<TopicId>, StoreError> {
        Ok(self.tx.job_summary(self.vshard, job)?.map(|summary| summary.topic))
    }

    fn append(&mut self, audience: Option<NodeId>, writer: Writer, entry: &Entry) -> Result<(), StoreError> {
        self.tx.append(self.vshard, audience, writer, entry).map(drop)
    }

    /// Makes and appends the hub's own edit of a document; nothing where it changes nothing or does not fit.
    fn edit(
        &mut self,
        doc: DocumentId,
        topic: TopicId,
        document: &mut Document,
        fields: &[(&str, Value)],
    ) -> Result<Edited, StoreError> {
        let writer = self.writer()?;
        let is_own_job = doc.kind == DocumentKind::Job && doc.writer.is_hub();
        let sealed = if is_own_job { Some(self.sealed(doc, topic, document, fields)?) } else { None };
        let fields = sealed.as_deref().unwrap_or(fields);
        let Some(change) = document.edit(writer, fields, self.now) else { return Ok(Edited::Same) };
        if let Err(refused) = document.take(doc, &change, writer) {
            return Ok(Edited::NoRoom(refused));
        }
        self.tx.put_document(self.vshard, doc, topic, document)?;
        self.append(None, writer, &Entry::new(EntryKind::Change, topic, doc, change))?;
        Ok(Edited::Written)
    }

    /// Writes a sign-up's status as its holder, with the reason where others than its worker ended it. Its row follows the
    /// ledger, also where the document has no room for it.
    fn set_status(&mut self, sign_up: SignUpId, status: Status, reason: &str) -> Result<(), StoreError> {
        let Some(mut stored) = self.tx.document(self.vshard, sign_up)? else { return Ok(()) };
        let mut fields = vec![("status", Value::Text(status.as_str().to_owned()))];
        if status == Status::Confirmed
            && let Some(of) = SignUpFields::read(&stored.document)
        {
            let seal = self.seal_key()?.place(of.job, sign_up, of.worker);
            fields.push((SignUpFields::SEALED, Value::Bytes(seal.0.to_vec())));
        }
        if !reason.is_empty() {
            fields.push(("reason", Value::Text(reason.to_owned())));
        }
        self.edit(sign_up, stored.topic, &mut stored.document, &fields)?;
        if let Some(fields) = SignUpFields::read(&stored.document) {
            let reason = if reason.is_empty() { fields.reason.clone() } else { reason.to_owned() };
            self.tx.put_sign_up(self.vshard, sign_up, &SignUpFields { status, reason, ..fields })?;
        }
        Ok(())
    }

    fn append_job_row(&mut self, job: JobId, topic: TopicId, row: &JobRow) -> Result<(), StoreError> {
        let seal = Some(self.seal_key()?.seats(job, SeatsSaid::of(row)));
        let row = JobRow { seal, ..row.clone() };
        let body = minicbor::to_vec(row).map_err(|_| StoreError::BadRow("job row"))?;
        let writer = self.writer()?;
        self.append(None, writer, &Entry::new(EntryKind::JobLedger, topic, job, body))
    }

    fn append_holding_row(&mut self, topic: TopicId, row: &HoldingRow) -> Result<(), StoreError> {
        let body = minicbor::to_vec(row).map_err(|_| StoreError::BadRow("holding row"))?;
        let writer = self.writer()?;
        self.append(
            Some(row.writer.node),
            writer,
            &Entry::new(EntryKind::HoldingLedger, topic, row.job, body),
        )
    }

    /// Grants up to `count` rights and tells the node; returns how many.
    fn grant(
        &mut self,
        job: JobId,
        seats: &HubJob,
        to: Writer,
        count: u32,
        order: Order,
    ) -> Result<u32, StoreError> {
        // Of a job without a text, which a backup lacked and no node gave back, nobody could be told.
        let is_whole = awaited(self)?.is_empty() || mutant::is(Mutant::GrantsUntold);
        if !is_whole || self.topic_of(job)?.is_none() {
            return Ok(0);
        }
        let out = self.out_total(job)?;
        let standing = self.tx.standing(self.vshard, to)?;
        let mut holding = self.tx.holding(self.vshard, job, to)?;
        let granted = seats.grant(&mut holding, standing, out, count);
        if granted > 0 {
            self.tx.put_holding(self.vshard, job, to, &holding)?;
            self.tell(job, to, &holding, order)?;
        }
        Ok(granted)
    }

    /// Asks a node for its idle rights beyond `keep`, unless that is what it was asked last.
    fn recall(
        &mut self,
        job: JobId,
        from: Writer,
        holding: &HubHolding,
        keep: u32,
    ) -> Result<(), StoreError> {
        let recall = (holding.granted, keep);
        if from.is_hub() || self.tx.recall(self.vshard, job, from)? == Some(recall) {
            return Ok(());
        }
        self.tx.put_recall(self.vshard, job, from, recall)?;
        self.tell(job, from, holding, Order { recall_keep: Some(keep), ..Order::default() })
    }

    /// The writer's counters have moved: what it was asked last may be asked again.
    fn forget_recall(&mut self, job: JobId, from: Writer) -> Result<(), StoreError> {
        if self.tx.recall(self.vshard, job, from)?.is_some() {
            self.tx.put_recall(self.vshard, job, from, (0, u32::MAX))?;
        }
        Ok(())
    }

    fn tell(&mut self, job: JobId, to: Writer, holding: &HubHolding, order: Order) -> Result<(), StoreError> {
        if to.is_hub() {
            return Ok(());
        }
        let Some(topic) = self.topic_of(job)? else { return Ok(()) };
        let Order { end, promote, recall_keep, offer_until } = order;
        let granted = holding.granted;
        let seal = Some(self.seal_key()?.rights(job, to, granted));
        let row = HoldingRow { job, writer: to, granted, end, promote, recall_keep, offer_until, seal };
        self.append_holding_row(topic, &row)
    }
}
