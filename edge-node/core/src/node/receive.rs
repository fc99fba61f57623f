//! What the hub sends: applied in order, made durable with the cursor that it moves.

use super::{Batch, jobs};
use sync_protocol::{
    documents::{Applied, Document, JobFields, SignUpFields, Value, Visible},
    ids::{DocumentKind, TenantId, VshardId},
    log::EntryKind,
    mutant::{self, Mutant},
    seats::{HoldingRow, JobRow},
    wire::v1::{Down, DownState, Sequenced},
};
use sync_store::{HubSaid, JobSummary, StoreError, Stored};

impl Batch<'_> {
    /// Applies a batch of a vshard and moves its cursor, unless it was applied before or the incarnation is over. What
    /// cannot be applied is parked with its reason.
    pub fn receive(&mut self, down: &Down) -> Result<DownState, StoreError> {
        let vshard = VshardId(down.vshard);
        if self.over {
            // A file that lay about may come when the logs are closed: rows behind their last one would reopen them.
            return Ok(DownState { vshard: down.vshard, history: down.history, seq: down.upto });
        }
        let before = self.tx.cursors()?.into_iter().find(|cursor| cursor.vshard == down.vshard);
        let is_old = |cursor: DownState| (cursor.history, cursor.seq) >= (down.history, down.upto);
        if before.is_some_and(is_old) && !mutant::is(Mutant::OlderAnswerTaken) {
            // A carried file and a session may bring the same.
            return Ok(DownState { vshard: down.vshard, history: down.history, seq: down.upto });
        }
        // A restored hub awaits also whoever it had told nothing yet.
        if !DownState::knows(before.as_ref(), down.history) {
            self.tell_seen(vshard, down.history)?;
        }
        // A node's own clock may be wrong, and offers that it calls late would be made and declined without end.
        let is_told = down.sent_at > 0 && !mutant::is(Mutant::LateByOwnClock);
        let hub_time = if is_told { down.sent_at } else { self.now };
        for sequenced in &down.entries {
            if let Err(reason) = self.receive_entry(vshard, sequenced, hub_time)? {
                self.tx.park(vshard, sequenced.writer, &sequenced.entry, &reason)?;
            }
        }
        let cursor = DownState { vshard: down.vshard, history: down.history, seq: down.upto };
        self.tx.put_cursor(cursor)?;
        Ok(cursor)
    }

    fn receive_entry(
        &mut self,
        vshard: VshardId,
        sequenced: &Sequenced,
        hub_time: i64,
    ) -> Result<Result<(), String>, StoreError> {
        let entry = &sequenced.entry;
        match EntryKind::from_u8(entry.kind) {
            Some(EntryKind::Change) => self.receive_change(vshard, sequenced),
            Some(EntryKind::JobLedger) => match minicbor::decode::<JobRow>(&entry.body) {
                Ok(row) => self.receive_job_row(vshard, &row).map(Ok),
                Err(_) => Ok(Err("not a job row".to_owned())),
            },
            Some(EntryKind::HoldingLedger) => match minicbor::decode::<HoldingRow>(&entry.body) {
                Ok(row) if row.writer == self.node.writer => {
                    self.receive_holding_row(vshard, &row, hub_time).map(Ok)
                }
                // Rights of an earlier incarnation of this node are not its own.
                Ok(_) => Ok(Ok(())),
                Err(_) => Ok(Err("not a holding row".to_owned())),
            },
            Some(EntryKind::NodeLedger) => Ok(Err("ledger row of another node".to_owned())),
            None => Ok(Err("entry of a kind that this version does not know".to_owned())),
        }
    }

    fn receive_change(
        &mut self,
        vshard: VshardId,
        sequenced: &Sequenced,
    ) -> Result<Result<(), String>, StoreError> {
        let entry = &sequenced.entry;
        let stored = self.tx.document(vshard, entry.doc)?;
        if stored.as_ref().is_some_and(|stored| stored.topic != entry.topic()) {
            return Ok(Err("the document belongs to another topic".to_owned()));
        }
        let mut document = stored.map_or_else(Document::default, |Stored { document, .. }| document);
        let job_before = JobFields::read(&document).filter(|_| entry.doc.kind == DocumentKind::Job);
        let keys = self.node.sign_keys(entry.topic());
        match document.take_signed(entry.doc, &entry.body, sequenced.writer, keys) {
            Err(refused) => return Ok(Err(refused.to_string())),
            Ok(Applied::Duplicate) => return Ok(Ok(())),
            Ok(Applied::New) => {}
        }
        match entry.doc.kind {
            DocumentKind::Job => {
                let Some(fields) = JobFields::read(&document) else {
                    return Ok(Err("a job without title, or with times or pay that no shift has".to_owned()));
                };
                self.tell_of_change(vshard, entry.doc, job_before.as_ref(), &fields)?;
                let summary = JobSummary {
                    job: entry.doc,
                    topic: entry.topic(),
                    tenant: TenantId(fields.tenant),
                    key: jobs::posted_key(&document),
                    title: fields.title,
                    start_at: fields.start_at,
                    end_at: fields.end_at,
                };
                self.tx.put_job_summary(vshard, &summary)?;
                self.changed.insert(entry.doc);
            }
            DocumentKind::SignUp => {
                let Some(fields) = SignUpFields::read(&document) else {
                    return Ok(Err("a sign-up without its fields".to_owned()));
                };
                self.put_sign_up(vshard, entry.doc, &fields)?;
                // The hub signs for the places that it gives itself; a node's receipts stay where they were given.
                let of_hub =
                    document.visible(SignUpFields::RECEIPT).iter().find(|visible| visible.writer.is_hub());
                if let (true, Some(Visible { value: Value::Bytes(receipt), .. })) =
                    (sequenced.writer.is_hub(), of_hub)
                {
                    self.tx.put_receipt(vshard, entry.doc, receipt)?;
                }
            }
        }
        self.tx.put_document(vshard, entry.doc, entry.topic(), &document)?;
        Ok(Ok(()))
    }

    fn receive_job_row(&mut self, vshard: VshardId, row: &JobRow) -> Result<(), StoreError> {
        let (mut seats, mut said) = self.tx.node_job(vshard, row.job)?.unwrap_or_default();
        seats.learn(0, !row.open);
        seats.policy = row.policy.unwrap_or(seats.policy);
        if row.version > said.version {
            let (cap, version, free, waiting) = (row.cap, row.version, row.free, row.waiting);
            said = HubSaid { cap, version, free, waiting, seats: row.seal, ..said };
        }
        self.tx.put_node_job(vshard, row.job, &seats, &said)?;
        self.changed.insert(row.job);
        Ok(())
    }

    fn receive_holding_row(
        &mut self,
        vshard: VshardId,
        row: &HoldingRow,
        hub_time: i64,
    ) -> Result<(), StoreError> {
        let (mut seats, mut said) = self.tx.node_job(vshard, row.job)?.unwrap_or_default();
        if row.granted >= seats.granted {
            said.rights = row.seal;
        }
        seats.learn(row.granted, false);
        self.tx.put_node_job(vshard, row.job, &seats, &said)?;
        self.changed.insert(row.job);
        for ending in &row.end {
            self.end(row.job, *ending)?;
        }
        let is_late = row.offer_until.is_some_and(|until| until < hub_time);
        for sign_up in &row.promote {
            if is_late {
                self.decline(row.job, *sign_up)?;
            } else {
                self.promote(row.job, *sign_up)?;
            }
        }
        if let Some(keep) = row.recall_keep {
            self.recall(row.job, row.granted, keep)?;
        }
        self.let_idle_go(row.job)
    }
}
