//! What one storage transaction can do, for hub and node, whatever the engine.

use crate::{
    error::StoreError,
    person::PersonTx,
    rows::{
        EndingRow, HoldingTotals, JobSummary, LimboRow, MessageRow, SeatRow, SeatTotals, SignUpRow,
        StandingRow, Stored, WaitRow,
    },
};
use sync_protocol::{
    contact::Contacts,
    documents::{Document, SignUpFields},
    ids::{DocumentId, JobId, NodeId, SignUpId, TenantId, TopicId, VshardId, WorkerId, Writer},
    log::{Entry, LogHead},
    seats::{EndReason, HubHolding, HubJob, NodeJob, Seal, Standing},
    wire::v1::{DownState, Sequenced},
};

/// A stretch of a vshard's sequence, read up to and including `upto`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub upto: u64,
    pub entries: Vec<(Option<NodeId>, Sequenced)>,
}

/// One open transaction. All writes of it become durable together, or none does.
pub trait ShardTx: PersonTx {
    // The hub's sequence of a vshard.

    /// Vshards of this file that have a sequence.
    fn vshards(&mut self) -> Result<Vec<VshardId>, StoreError>;
    /// History and last sequence of a vshard.
    fn head(&mut self, vshard: VshardId) -> Result<(u16, u64), StoreError>;
    /// Appends to the vshard's sequence; `audience` limits who is sent it. Returns its sequence.
    fn append(
        &mut self,
        vshard: VshardId,
        audience: Option<NodeId>,
        writer: Writer,
        entry: &Entry,
    ) -> Result<u64, StoreError>;
    /// Entries behind `after`, at most `limit` of them and `bytes_max` bytes (at least one).
    fn read_since(
        &mut self,
        vshard: VshardId,
        after: u64,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Page, StoreError>;
    /// How far a writer's log has been merged into the vshard.
    fn origin(&mut self, vshard: VshardId, writer: Writer) -> Result<Option<LogHead>, StoreError>;
    /// How far all logs of a writer have been merged.
    fn origins(&mut self, writer: Writer) -> Result<Vec<(VshardId, LogHead)>, StoreError>;
    fn put_origin(&mut self, vshard: VshardId, writer: Writer, head: LogHead) -> Result<(), StoreError>;

    // A node's own log.

    /// Last entry of the own log; `None` while it is empty.
    fn own_head(&mut self, vshard: VshardId) -> Result<Option<LogHead>, StoreError>;
    /// Heads of all own logs.
    fn own_heads(&mut self) -> Result<Vec<(VshardId, LogHead)>, StoreError>;
    /// Appends to the own log of `writer`, chained to what is there.
    fn append_own(&mut self, vshard: VshardId, writer: Writer, entry: &Entry) -> Result<LogHead, StoreError>;
    /// Entries of the own log behind `after` with the head after the last of them.
    fn read_own(
        &mut self,
        vshard: VshardId,
        after: u64,
        limit: usize,
        bytes_max: usize,
    ) -> Result<(Vec<Entry>, Option<LogHead>), StoreError>;
    /// How far the hub has acknowledged the own log.
    fn acked(&mut self, vshard: VshardId) -> Result<u64, StoreError>;
    fn put_acked(&mut self, vshard: VshardId, wseq: u64) -> Result<(), StoreError>;
    /// The node's cursors into the hub's vshards.
    fn cursors(&mut self) -> Result<Vec<DownState>, StoreError>;
    fn put_cursor(&mut self, cursor: DownState) -> Result<(), StoreError>;

    // Documents and their rows.

    fn document(&mut self, vshard: VshardId, id: DocumentId) -> Result<Option<Stored>, StoreError>;
    fn put_document(
        &mut self,
        vshard: VshardId,
        id: DocumentId,
        topic: TopicId,
        document: &Document,
    ) -> Result<(), StoreError>;
    fn put_job_summary(&mut self, vshard: VshardId, summary: &JobSummary) -> Result<(), StoreError>;
    fn job_summary(&mut self, vshard: VshardId, job: JobId) -> Result<Option<JobSummary>, StoreError>;
    /// The job that a tenant imported under `key`.
    fn job_by_key(
        &mut self,
        vshard: VshardId,
        tenant: TenantId,
        key: &str,
    ) -> Result<Option<JobId>, StoreError>;
    /// All jobs of this file that end after `now`, with their vshard.
    fn jobs_after(&mut self, now: i64) -> Result<Vec<(VshardId, JobSummary)>, StoreError>;
    /// Where a job is stored in this file.
    fn vshard_of(&mut self, job: JobId) -> Result<Option<VshardId>, StoreError>;
    fn put_sign_up(
        &mut self,
        vshard: VshardId,
        sign_up: SignUpId,
        fields: &SignUpFields,
    ) -> Result<(), StoreError>;
    fn sign_up(&mut self, sign_up: SignUpId) -> Result<Option<SignUpRow>, StoreError>;
    fn sign_up_by_idempotency(&mut self, key: &[u8; 16]) -> Result<Option<SignUpRow>, StoreError>;
    fn sign_ups_by_code(&mut self, code: &str) -> Result<Vec<SignUpRow>, StoreError>;
    /// All sign-ups for a job that are known in this file, in any state, in the order in which they were made.
    fn sign_ups_for(&mut self, vshard: VshardId, job: JobId) -> Result<Vec<SignUpRow>, StoreError>;
    /// A tenant's jobs in this vshard that start within `from..until` (epoch seconds), by start.
    fn jobs_of(
        &mut self,
        vshard: VshardId,
        tenant: TenantId,
        from: i64,
        until: i64,
    ) -> Result<Vec<JobSummary>, StoreError>;
    /// Current sign-ups of a worker for a job.
    fn sign_ups_of(
        &mut self,
        vshard: VshardId,
        job: JobId,
        worker: WorkerId,
    ) -> Result<Vec<SignUpRow>, StoreError>;

    /// Sign-ups of a worker for any job, current or not.
    fn sign_ups_of_worker(&mut self, worker: WorkerId) -> Result<Vec<SignUpRow>, StoreError>;

    // The ledger.

    /// The node's counters of a job, with what the hub last said of it: (cap, version, free, waiting).
    fn node_job(&mut self, vshard: VshardId, job: JobId) -> Result<Option<(NodeJob, HubSaid)>, StoreError>;
    /// The node's counters of all jobs of a vshard.
    fn node_jobs(&mut self, vshard: VshardId) -> Result<Vec<(JobId, NodeJob, HubSaid)>, StoreError>;
    fn put_node_job(
        &mut self,
        vshard: VshardId,
        job: JobId,
        seats: &NodeJob,
        said: &HubSaid,
    ) -> Result<(), StoreError>;
    fn hub_job(&mut self, vshard: VshardId, job: JobId) -> Result<Option<HubJob>, StoreError>;
    fn put_hub_job(&mut self, vshard: VshardId, job: JobId, seats: &HubJob) -> Result<(), StoreError>;
    fn holding(&mut self, vshard: VshardId, job: JobId, writer: Writer) -> Result<HubHolding, StoreError>;
    fn put_holding(
        &mut self,
        vshard: VshardId,
        job: JobId,
        writer: Writer,
        holding: &HubHolding,
    ) -> Result<(), StoreError>;
    fn holdings(&mut self, vshard: VshardId, job: JobId) -> Result<Vec<(Writer, HubHolding)>, StoreError>;
    fn seat(
        &mut self,
        vshard: VshardId,
        job: JobId,
        sign_up: SignUpId,
    ) -> Result<Option<SeatRow>, StoreError>;
    fn put_seat(&mut self, vshard: VshardId, job: JobId, seat: &SeatRow) -> Result<(), StoreError>;
    fn seats(&mut self, vshard: VshardId, job: JobId) -> Result<Vec<SeatRow>, StoreError>;
    /// The wait list in order.
    fn waiting(&mut self, vshard: VshardId, job: JobId) -> Result<Vec<WaitRow>, StoreError>;
    /// A sign-up's entry of the wait list.
    fn wait(
        &mut self,
        vshard: VshardId,
        job: JobId,
        sign_up: SignUpId,
    ) -> Result<Option<WaitRow>, StoreError>;
    /// The first in line who was not offered a right.
    fn first_waiting(&mut self, vshard: VshardId, job: JobId) -> Result<Option<WaitRow>, StoreError>;
    /// A place in line, from 1, to be told; 0 where the sign-up has none. It is counted and not verified.
    fn place_in_line(&mut self, vshard: VshardId, job: JobId, sign_up: SignUpId) -> Result<u32, StoreError>;
    /// Appends to the wait list, or changes `promoted` of the entry that is there.
    fn put_waiting(&mut self, vshard: VshardId, job: JobId, wait: &WaitRow) -> Result<(), StoreError>;
    fn remove_waiting(&mut self, vshard: VshardId, job: JobId, sign_up: SignUpId) -> Result<(), StoreError>;

    /// Live seats of a worker in this vshard, over all jobs.
    fn seats_of_worker(
        &mut self,
        vshard: VshardId,
        worker: WorkerId,
    ) -> Result<Vec<(JobId, SeatRow)>, StoreError>;
    /// Seats, in any state, that a writer holds in this vshard.
    fn seats_held_by(
        &mut self,
        vshard: VshardId,
        holder: Writer,
    ) -> Result<Vec<(JobId, SeatRow)>, StoreError>;
    /// A writer's holdings in this vshard.
    fn holdings_of(
        &mut self,
        vshard: VshardId,
        writer: Writer,
    ) -> Result<Vec<(JobId, HubHolding)>, StoreError>;

    // Incarnations that are over, and sign-ups that are to end.

    /// Where an incarnation stands in this vshard: live where nothing else was written.
    fn standing(&mut self, vshard: VshardId, writer: Writer) -> Result<Standing, StoreError>;
    fn standing_row(&mut self, vshard: VshardId, writer: Writer) -> Result<Option<StandingRow>, StoreError>;
    fn put_standing(&mut self, vshard: VshardId, row: &StandingRow) -> Result<(), StoreError>;
    /// Vshards of this file in which a writer has a log, a holding or a standing.
    fn vshards_of_writer(&mut self, writer: Writer) -> Result<Vec<VshardId>, StoreError>;
    /// Every incarnation of this file that does not simply live, by vshard.
    fn standings(&mut self) -> Result<Vec<(VshardId, StandingRow)>, StoreError>;
    /// What is reserved for fenced incarnations in this file.
    fn limbo(&mut self) -> Result<Vec<LimboRow>, StoreError>;
    /// Keeps an entry of a fenced incarnation's log, with the head after it.
    fn put_evidence(
        &mut self,
        vshard: VshardId,
        writer: Writer,
        at: LogHead,
        entry: &Entry,
    ) -> Result<(), StoreError>;
    /// The kept entries in order, and the head after the last.
    fn evidence(
        &mut self,
        vshard: VshardId,
        writer: Writer,
    ) -> Result<(Vec<Entry>, Option<LogHead>), StoreError>;
    /// The head after the last kept entry.
    fn evidence_head(&mut self, vshard: VshardId, writer: Writer) -> Result<Option<LogHead>, StoreError>;
    /// Removes the evidence of an incarnation, which was merged.
    fn remove_evidence(&mut self, vshard: VshardId, writer: Writer) -> Result<(), StoreError>;
    fn ending(
        &mut self,
        vshard: VshardId,
        job: JobId,
        sign_up: SignUpId,
    ) -> Result<Option<EndingRow>, StoreError>;
    fn put_ending(&mut self, vshard: VshardId, row: &EndingRow) -> Result<(), StoreError>;
    fn endings(&mut self, vshard: VshardId, job: JobId) -> Result<Vec<EndingRow>, StoreError>;
    /// Those of them for one reason.
    fn endings_for(
        &mut self,
        vshard: VshardId,
        job: JobId,
        reason: EndReason,
    ) -> Result<Vec<EndingRow>, StoreError>;
    /// Sign-ups of this file whose end was asked for and is not reported.
    fn endings_open(&mut self) -> Result<u64, StoreError>;
    /// The recall that a writer was sent last for a job: (granted, keep).
    fn recall(
        &mut self,
        vshard: VshardId,
        job: JobId,
        writer: Writer,
    ) -> Result<Option<(u32, u32)>, StoreError>;
    fn put_recall(
        &mut self,
        vshard: VshardId,
        job: JobId,
        writer: Writer,
        recall: (u32, u32),
    ) -> Result<(), StoreError>;
    /// Whether a writer's rights to a job were reclaimed.
    fn is_reclaimed(&mut self, vshard: VshardId, job: JobId, writer: Writer) -> Result<bool, StoreError>;
    fn put_reclaimed(
        &mut self,
        vshard: VshardId,
        job: JobId,
        writer: Writer,
        at: i64,
    ) -> Result<(), StoreError>;
    /// An incarnation's contacts with the hub: none where nothing was written.
    fn contacts(&mut self, vshard: VshardId, writer: Writer) -> Result<Contacts, StoreError>;
    fn put_contacts(
        &mut self,
        vshard: VshardId,
        writer: Writer,
        contacts: Contacts,
    ) -> Result<(), StoreError>;
    /// Begins a new history of a vshard that was restored from a backup.
    fn begin_history(&mut self, vshard: VshardId) -> Result<u16, StoreError>;

    /// Sums over all jobs of this file, as the hub knows them.
    fn seat_totals(&mut self) -> Result<SeatTotals, StoreError>;
    /// Sums of each writer's holdings over all jobs of this file.
    fn holding_totals(&mut self) -> Result<Vec<HoldingTotals>, StoreError>;

    /// The signed receipt of a confirmed sign-up, as it was handed out.
    fn receipt(&mut self, vshard: VshardId, sign_up: SignUpId) -> Result<Option<Vec<u8>>, StoreError>;
    fn put_receipt(&mut self, vshard: VshardId, sign_up: SignUpId, receipt: &[u8]) -> Result<(), StoreError>;

    // Messages that wait to leave the node.

    /// Writes a message, or what became of a try to send it.
    fn put_message(&mut self, message: &MessageRow) -> Result<(), StoreError>;
    fn remove_message(&mut self, vshard: VshardId, n: u64) -> Result<(), StoreError>;
    fn message(&mut self, vshard: VshardId, n: u64) -> Result<Option<MessageRow>, StoreError>;
    /// Messages that wait, or those given up: whichever is due first, at most `limit`.
    fn messages(&mut self, is_dead: bool, limit: usize) -> Result<Vec<MessageRow>, StoreError>;
    /// How many messages wait, and how many were given up.
    fn message_counts(&mut self) -> Result<(u64, u64), StoreError>;

    // The rest.

    /// Keeps what could not be applied, with its reason; the stream goes on.
    fn park(
        &mut self,
        vshard: VshardId,
        writer: Writer,
        entry: &Entry,
        reason: &str,
    ) -> Result<(), StoreError>;
    fn parked(&mut self) -> Result<u64, StoreError>;
    fn meta(&mut self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;
    fn put_meta(&mut self, key: &str, value: &[u8]) -> Result<(), StoreError>;
    /// The last value of the counter from which ids are minted, 0 before the first.
    fn last_counter(&mut self) -> Result<u64, StoreError>;
    /// The next value of the counter from which ids are minted, from 1.
    fn next_counter(&mut self) -> Result<u64, StoreError>;
}

/// What a node last heard from the hub about a job in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HubSaid {
    pub cap: u32,
    pub version: u32,
    pub free: u32,
    pub waiting: u32,
    /// The hub's seal of how many rights it granted here, and that of cap, version, policy and whether the job is open.
    pub rights: Option<Seal>,
    pub seats: Option<Seal>,
}

impl HubSaid {
    /// Whether any ledger row of the hub was seen.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.version > 0
    }
}
