//! What is new: the published index, batches that are done, logs that moved on and people who were erased, for whoever waits
//! for them.

use super::Shared;
use crate::http::{Change, SeatsOf};
use edge_core::search::Index;
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};
use sync_protocol::{
    documents::Status,
    ids::{JobId, SignUpId, VshardId},
    log::LogHead,
};
use tokio::sync::watch;

impl Shared {
    /// Hands readers an index.
    pub(crate) fn publish_index(&self, index: &Index) {
        self.metrics.jobs.set(i64::try_from(index.len()).unwrap_or(i64::MAX));
        self.index.store(Arc::new(index.clone()));
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// Tells those who listen what the published index has new.
    pub(crate) fn tell_listeners(
        &self,
        jobs: &[JobId],
        seats: Vec<SeatsOf>,
        stands: &BTreeMap<SignUpId, (JobId, Status)>,
    ) {
        self.changes.publish(Change::new(self.generation(), jobs, seats, stands));
    }

    /// Where the own logs stand, by vshard.
    pub(crate) fn heads(&self) -> watch::Receiver<BTreeMap<VshardId, u64>> {
        self.heads.subscribe()
    }

    /// Somebody was erased here: the hub is to hear of it.
    pub(crate) fn announce_erasures(&self) {
        self.erasures.send_replace(());
    }

    /// Wakes after each batch, with its number.
    pub(crate) fn batches(&self) -> watch::Receiver<u64> {
        self.batches.subscribe()
    }

    /// Number of the latest batch that was begun: what readers see is of none later.
    pub(crate) fn batches_begun(&self) -> u64 {
        self.begun.load(Ordering::SeqCst)
    }

    /// A batch begins; its number. Until it is done, readers may see what the index has not.
    pub(crate) fn begin_batch(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// A batch is committed and in the index, or nothing of it was kept.
    pub(crate) fn announce_batch(&self, number: u64) {
        self.batches.send_replace(number);
    }

    /// Wakes where somebody was erased here.
    pub(crate) fn erasures(&self) -> watch::Receiver<()> {
        self.erasures.subscribe()
    }

    /// The own logs have moved on.
    pub(crate) fn announce_heads(&self, heads: &BTreeMap<VshardId, LogHead>) {
        if !heads.is_empty() {
            self.heads
                .send_modify(|known| known.extend(heads.iter().map(|(vshard, head)| (*vshard, head.wseq))));
        }
    }
}
