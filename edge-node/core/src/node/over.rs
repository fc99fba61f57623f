//! The end of an incarnation, and what a hub that was restored from a backup is told.

use super::Batch;
use std::collections::BTreeMap;
use sync_protocol::{
    documents::{SignUpFields, Status, Value},
    ids::{JobId, TopicId, VshardId},
    log::{Entry, EntryKind},
    mutant::{self, Mutant},
    seats::{JobText, NodeEvent, NodeRow, Seal, SeatsSaid},
    wire::v1::Interest,
};
use sync_store::{ShardTx, SignUpRow, StoreError};

const RETIRED: &str = "retired";

/// Why the stored incarnation is over, where it is.
pub(super) fn stored(tx: &mut dyn ShardTx) -> Result<Option<String>, StoreError> {
    let Some(bytes) = tx.meta(RETIRED)? else { return Ok(None) };
    String::from_utf8(bytes).map(Some).map_err(|_| StoreError::BadRow("retired"))
}

impl Batch<'_> {
    /// Ends this incarnation: no right is used any more, and each log is closed by a last row, so that whoever has the log up
    /// to it has all of it. `interest` is what the hub says to be this node's, which may never have heard of it: rights lie
    /// there as well. Call [`super::EdgeNode::retire`] once this is durable.
    pub fn retire(&mut self, reason: &str, interest: &Interest) -> Result<(), StoreError> {
        if stored(self.tx)?.is_some() {
            return Ok(());
        }
        self.tx.put_meta(RETIRED, reason.as_bytes())?;
        self.over = true;
        // Also where nothing was written: rights may lie there.
        let mut logs: BTreeMap<VshardId, TopicId> =
            self.tx.own_heads()?.into_iter().map(|(vshard, _)| (vshard, TopicId(0))).collect();
        if !mutant::is(Mutant::LogsUntold) {
            logs.extend(
                interest.topics.iter().map(|(topic, _, vshard)| (VshardId(*vshard), TopicId(*topic))),
            );
        }
        logs.extend(self.node.topics.values().map(|(topic, vshard)| (*vshard, *topic)));
        for (vshard, topic) in logs {
            self.append_about_no_job(vshard, topic, NodeEvent::Final)?;
        }
        Ok(())
    }

    /// Gives back to a hub whose vshard began a new history what it told this node in former ones.
    pub(super) fn tell_seen(&mut self, vshard: VshardId, history: u16) -> Result<(), StoreError> {
        for (job, seats, said) in self.tx.node_jobs(vshard)? {
            let Some(summary) = self.tx.job_summary(vshard, job)? else { continue };
            let event = NodeEvent::Seen {
                granted: seats.granted,
                rights: said.rights,
                // As the row said it whose seal this is.
                said: SeatsSaid {
                    cap: said.cap,
                    version: said.version,
                    open: !seats.closed,
                    policy: seats.policy,
                },
                seats: said.seats,
                text: self.text_of_hub(vshard, job)?,
            };
            self.append_row(vshard, summary.topic, job, event)?;
            for sign_up in self.tx.sign_ups_for(vshard, job)? {
                self.tell_confirmed(vshard, summary.topic, &sign_up)?;
            }
        }
        let topic = self.node.topics.values().find(|(_, of)| *of == vshard).map(|(topic, _)| *topic);
        self.append_about_no_job(vshard, topic.unwrap_or(TopicId(0)), NodeEvent::SeenAll { history })
    }

    /// The text of a job that the hub made; that of a job of a node comes with its log.
    fn text_of_hub(&mut self, vshard: VshardId, job: JobId) -> Result<Option<JobText>, StoreError> {
        if !job.writer.is_hub() {
            return Ok(None);
        }
        let stored = self.tx.document(vshard, job)?;
        Ok(stored.map(|stored| stored.document.values_with(&[])))
    }

    /// A place that the hub's own node gave, to whomever.
    fn tell_confirmed(
        &mut self,
        vshard: VshardId,
        topic: TopicId,
        row: &SignUpRow,
    ) -> Result<(), StoreError> {
        if row.status() != Status::Confirmed {
            return Ok(());
        }
        let Some(stored) = self.tx.document(vshard, row.sign_up)? else { return Ok(()) };
        let Some(Value::Bytes(seal)) = stored.document.value(SignUpFields::SEALED) else { return Ok(()) };
        let Ok(seal) = seal.as_slice().try_into().map(Seal) else { return Ok(()) };
        let SignUpFields { job, worker, .. } = row.fields;
        let event = NodeEvent::HubConfirmed { sign_up: row.sign_up, worker, seal };
        self.append_row(vshard, topic, job, event).map(drop)
    }

    /// A row that is about the log itself; it goes under one of the vshard's topics.
    fn append_about_no_job(
        &mut self,
        vshard: VshardId,
        topic: TopicId,
        event: NodeEvent,
    ) -> Result<(), StoreError> {
        let job = NodeEvent::no_job(self.node.writer);
        let body = minicbor::to_vec(NodeRow { job, event }).map_err(|_| StoreError::BadRow("ledger row"))?;
        self.append(vshard, &Entry::new(EntryKind::NodeLedger, topic, job, body)).map(drop)
    }
}
