//! Draining: an operator is about to take a node away, and its rights go where they are of use.
//!
//! Nobody new is taken and no job is posted; whoever has a place keeps it, may give it back, and comes to work. Who holds a
//! place at this moment may still take it. What is idle goes back to the hub, which spreads no more here; whoever waits in
//! line at this node is still offered the places that become free.

use super::Batch;
use std::collections::BTreeSet;
use sync_protocol::ids::{JobId, VshardId};
use sync_store::{ShardTx, StoreError};

const DRAINING: &str = "draining";

/// Whether an earlier run was told to drain.
pub(super) fn stored(tx: &mut dyn ShardTx) -> Result<bool, StoreError> {
    Ok(tx.meta(DRAINING)?.is_some_and(|stored| stored == [1]))
}

impl Batch<'_> {
    /// Begins to drain, or takes people again. Call [`super::EdgeNode::set_draining`] once this is durable.
    pub fn drain(&mut self, draining: bool) -> Result<(), StoreError> {
        self.tx.put_meta(DRAINING, &[u8::from(draining)])?;
        self.draining = draining;
        self.let_all_idle_go()
    }

    /// Gives back whatever is idle, where this node drains: also what was held for somebody before a restart.
    pub fn let_all_idle_go(&mut self) -> Result<(), StoreError> {
        let mut vshards: BTreeSet<VshardId> = self.node.topics.values().map(|(_, vshard)| *vshard).collect();
        vshards.extend(self.tx.own_heads()?.into_iter().map(|(vshard, _)| vshard));
        for vshard in vshards {
            for (job, ..) in self.tx.node_jobs(vshard)? {
                self.let_idle_go(job)?;
            }
        }
        Ok(())
    }

    /// Gives back what is idle of a job, where this node drains.
    pub(super) fn let_idle_go(&mut self, job: JobId) -> Result<(), StoreError> {
        if !self.draining || self.over {
            return Ok(());
        }
        match self.place(job)? {
            Some(mut place) => self.give_back(&mut place, job, u32::MAX),
            None => Ok(()),
        }
    }
}
