//! The end of an incarnation, and what a hub that was restored from a backup is told.

use super::Batch;
use std::collections::BTreeMap;
use sync_protocol::{
    ids::{TopicId, VshardId},
    log::{Entry, EntryKind},
    seats::{NodeEvent, NodeRow},
    wire::v1::Interest,
};
use sync_store::{ShardTx, StoreError};

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
        logs.extend(interest.topics.iter().map(|(topic, _, vshard)| (VshardId(*vshard), TopicId(*topic))));
        logs.extend(self.node.topics.values().map(|(topic, vshard)| (*vshard, *topic)));
        for (vshard, topic) in logs {
            self.append_about_no_job(vshard, topic, NodeEvent::Final)?;
        }
        Ok(())
    }

    /// Tells a hub whose vshard began a new history what it told this node in former ones.
    pub(super) fn tell_seen(&mut self, vshard: VshardId, history: u16) -> Result<(), StoreError> {
        for (job, seats, said) in self.tx.node_jobs(vshard)? {
            let Some(summary) = self.tx.job_summary(vshard, job)? else { continue };
            let event = NodeEvent::Seen {
                granted: seats.granted,
                version: said.version,
                cap: said.cap,
                open: !seats.closed,
            };
            self.append_row(vshard, summary.topic, job, event)?;
        }
        let topic = self.node.topics.values().find(|(_, of)| *of == vshard).map(|(topic, _)| *topic);
        self.append_about_no_job(vshard, topic.unwrap_or(TopicId(0)), NodeEvent::SeenAll { history })
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
