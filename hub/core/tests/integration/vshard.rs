//! A vshard in a file of its own, and the logs of the nodes that report to it.

use hub_core::shard::{self, Batch, Carried, MergeError, Merged, Reclaimed, Shard};
use std::{collections::BTreeMap, path::PathBuf};
use sync_protocol::{
    documents::{SignUpFields, Status},
    ids::{JobId, SignUpId, TopicId, VshardId, WorkerId, Writer},
    log::{Entry, EntryKind},
    seats::{HubHolding, LossPolicy, NodeEvent, NodeRow, SealKey, SeatState},
};
use sync_store::{FenceCause, OpenOptions, ShardTx, SqliteShard, StoreError};

pub(crate) const VSHARD: VshardId = VshardId(3);
/// The one topic that the nodes here may touch.
pub(crate) const TOPIC: TopicId = TopicId(9);
pub(crate) const SEAL_KEY: SealKey = SealKey([7; 32]);

pub(crate) struct Vshard {
    path: PathBuf,
    store: SqliteShard,
    /// Last entry of each node's log, as the node numbers them.
    logs: BTreeMap<Writer, u64>,
    /// Epoch seconds.
    pub(crate) now: i64,
}

pub(crate) fn row(job: JobId, event: NodeEvent) -> Entry {
    Entry::new(EntryKind::NodeLedger, TOPIC, job, minicbor::to_vec(NodeRow { job, event }).unwrap())
}

pub(crate) fn birth(job: JobId, cap: u32, policy: LossPolicy) -> Entry {
    row(job, NodeEvent::Birth { cap, policy: Some(policy) })
}

pub(crate) fn accept(job: JobId, sign_up: SignUpId) -> Entry {
    let mut worker = [0; 16];
    worker[..8].copy_from_slice(&sign_up.counter.to_be_bytes());
    row(job, NodeEvent::Accept { sign_up, worker: WorkerId(worker) })
}

/// A sign-up as its node writes it.
pub(crate) fn signed_up(job: JobId, worker: WorkerId, status: Status) -> SignUpFields {
    SignUpFields {
        job,
        worker,
        status,
        code: String::new(),
        idempotency: [0; 16],
        body_hash: [0; 16],
        created_at: 1,
        reason: String::new(),
    }
}

/// An entry of a topic that no node here may touch.
pub(crate) fn foreign(job: JobId, bytes: usize) -> Entry {
    Entry::new(EntryKind::Change, TopicId(8), job, vec![7; bytes])
}

impl Vshard {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dayshift-vshard-{}-{name}", std::process::id()));
        remove(&path);
        let mut store = OpenOptions::new(&path).open().unwrap();
        store.transact(|tx| shard::keep_seal(tx, &SEAL_KEY.0)).unwrap();
        Self { path, store, logs: BTreeMap::new(), now: 1_000 }
    }

    /// What the hub does in one transaction.
    pub(crate) fn work<T>(&mut self, work: impl FnOnce(&mut Shard<'_>) -> T) -> T {
        let now = self.now;
        self.store.transact(|tx| Ok(work(&mut Shard { tx, vshard: VSHARD, now }))).unwrap()
    }

    /// What the storage says.
    pub(crate) fn read<T>(
        &mut self,
        read: impl FnOnce(&mut dyn ShardTx, VshardId) -> Result<T, StoreError>,
    ) -> T {
        self.store.read(|tx| read(tx, VSHARD)).unwrap()
    }

    /// A node's next entries arrive; what is refused stays the next.
    pub(crate) fn report(&mut self, writer: Writer, entries: &[Entry]) -> Result<Merged, MergeError> {
        let first = self.logs.get(&writer).map_or(1, |last| last + 1);
        let merged = self.work(|shard| {
            let allowed = |topic| topic == TOPIC;
            let batch = Batch { writer, first, entries, allowed: &allowed, signed: &|_| true };
            shard::merge(shard, &batch)
        })?;
        self.logs.insert(writer, merged.wseq);
        Ok(merged)
    }

    /// A node's log up to its present end comes in a file; `is_the_one` is an operator's word on a copy.
    pub(crate) fn carry(&mut self, writer: Writer, entries: &[Entry], is_the_one: bool) -> Carried {
        let first = self.logs.get(&writer).map_or(1, |last| last + 1);
        let carried = self
            .work(|shard| {
                let allowed = |topic| topic == TOPIC;
                let batch = Batch { writer, first, entries, allowed: &allowed, signed: &|_| true };
                shard::merge_carried(shard, &batch, is_the_one)
            })
            .unwrap();
        self.logs.insert(writer, carried.merged.wseq);
        carried
    }

    pub(crate) fn fence(&mut self, writer: Writer) {
        self.fence_for(writer, FenceCause::Retired);
    }

    pub(crate) fn fence_for(&mut self, writer: Writer, cause: FenceCause) {
        assert!(self.work(|shard| shard::fence(shard, writer, cause, "lost")).unwrap());
    }

    pub(crate) fn reclaim(&mut self, writer: Writer) -> Reclaimed {
        self.work(|shard| shard::reclaim(shard, writer, true, &|topic| topic == TOPIC)).unwrap()
    }

    pub(crate) fn holding(&mut self, job: JobId, writer: Writer) -> HubHolding {
        self.read(|tx, vshard| tx.holding(vshard, job, writer))
    }

    /// A sign-up's state and whether the hub's own node holds it.
    pub(crate) fn seat(&mut self, job: JobId, sign_up: SignUpId) -> Option<(SeatState, bool)> {
        let seat = self.read(|tx, vshard| tx.seat(vshard, job, sign_up))?;
        Some((seat.state, seat.holder.is_hub()))
    }
}

impl Drop for Vshard {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

#[expect(clippy::disallowed_methods, reason = "a test has a file of its own")]
fn remove(path: &std::path::Path) {
    for end in ["", "-wal", "-shm"] {
        let _absent = std::fs::remove_file(format!("{}{end}", path.display()));
    }
}
