//! The scheduler's loop as the hub's server runs it: rounds of 200 ms over jobs that something happened to.

use super::{
    Happening, World,
    hub::{At, Command},
    key_of, tenant_of, topic_of,
};
use ed25519_dalek::SigningKey;
use hub_core::{
    agenda::{self, Chunk, Passed, Secrets},
    shard::{Merged, RECEIPT_WRITER},
};
use std::collections::{BTreeMap, BTreeSet};
use sync_protocol::{
    ids::{JobId, TopicId, VshardId, Writer},
    receipt::{Receipt, ReceiptBody},
};
use sync_store::StoreError;

/// As in the hub's server.
const TICK_MS: u64 = 200;
const ELIGIBLE_MS: u64 = 30_000;
const CLOCK_MS: u64 = 30_000;

/// What the scheduler keeps in memory; a crash of the hub forgets it.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    jobs: agenda::Agenda,
    /// Regions whose jobs are all to be looked at.
    regions: BTreeSet<usize>,
    ticking: bool,
}

impl World {
    /// Something happened to jobs.
    pub(crate) fn mark(&mut self, vshard: VshardId, jobs: impl IntoIterator<Item = JobId>) {
        self.hub.agenda.jobs.mark(vshard, jobs);
        self.tick_soon();
    }

    fn tick_soon(&mut self) {
        if !std::mem::replace(&mut self.hub.agenda.ticking, true) {
            let boot = self.hub.boot;
            self.after(TICK_MS - self.now % TICK_MS, Happening::SchedulerTick(boot));
        }
    }

    /// A node's report was merged.
    pub(crate) fn reported(&mut self, writer: Writer, vshard: VshardId, merged: &Merged) {
        if !merged.jobs.is_empty() {
            self.mark(vshard, merged.jobs.iter().copied());
        }
        if merged.demand > 0 {
            self.hub.agenda.jobs.add_demand(writer.node, merged.demand, self.now);
        }
    }

    /// All jobs of a region that are not over are to be looked at.
    pub(crate) fn mark_region(&mut self, region: usize) {
        self.hub.agenda.regions.insert(region);
        self.tick_soon();
    }

    fn mark_jobs_of_regions(&mut self) {
        let wall = self.hub_wall();
        let regions = &self.hub.agenda.regions;
        let Some(store) = self.hub.store.as_mut().filter(|_| !regions.is_empty()) else { return };
        // What could not be read is read with the next round.
        let Ok(jobs) = store.read(|tx| tx.jobs_after(wall)) else { return };
        let tenants: BTreeSet<_> =
            std::mem::take(&mut self.hub.agenda.regions).into_iter().map(tenant_of).collect();
        for (vshard, summary) in jobs.into_iter().filter(|(_, summary)| tenants.contains(&summary.tenant)) {
            self.hub.agenda.jobs.mark(vshard, [summary.job]);
        }
    }

    pub(crate) fn is_eligible(&self, writer: Writer) -> bool {
        is_eligible(&self.directory, &self.hub.contacts, self.now, writer)
    }

    pub(crate) fn scheduler_tick(&mut self, boot: u64) {
        if self.hub.boot != boot {
            return;
        }
        // A connected node is heard all the time: its line's keep-alives count.
        for connection in self.connections.values().filter(|c| c.hub.is_some()) {
            self.hub.contacts.insert(connection.writer, self.now);
        }
        self.hub.agenda.ticking = false;
        self.mark_jobs_of_regions();
        let chunks = self.hub.agenda.jobs.round(self.now);
        if !self.hub.agenda.jobs.is_empty() || !self.hub.agenda.regions.is_empty() {
            self.tick_soon();
        }
        for chunk in chunks {
            self.tell_hub(Command::Pass(chunk));
        }
    }

    pub(crate) fn passed(&mut self, chunk: &Chunk, passed: Passed) {
        self.hub.agenda.jobs.done(chunk, passed, self.now);
        self.tally.passes += chunk.planned().count() as u64;
    }

    /// The server looks at its clock with each tick; here it does so now and then.
    pub(crate) fn look_at_the_clock(&mut self, boot: u64) {
        if self.hub.boot != boot || self.hub.store.is_none() {
            return;
        }
        let wall = self.hub_wall();
        if self.hub.agenda.jobs.wake(wall) {
            self.tally.sometimes("the hub's clock went back");
            (0..usize::try_from(self.scenario.regions).unwrap_or(1))
                .for_each(|region| self.mark_region(region));
        }
        if !self.hub.agenda.jobs.is_empty() {
            self.tick_soon();
        }
        self.after(CLOCK_MS, Happening::ClockDue(boot));
    }

    pub(crate) fn not_passed(&mut self, chunk: Chunk) {
        for chunk in self.hub.agenda.jobs.failed(chunk, None, self.now) {
            self.tell_hub(Command::Pass(chunk));
        }
        self.tick_soon();
    }
}

fn is_eligible(
    directory: &super::Directory,
    contacts: &BTreeMap<Writer, u64>,
    now: u64,
    writer: Writer,
) -> bool {
    !directory.fenced.contains_key(&writer)
        && !directory.over.contains_key(&writer)
        && directory.incarnations.get(&writer.node.0) == Some(&writer.incarnation.0)
        && contacts.get(&writer).is_some_and(|heard| now - heard < ELIGIBLE_MS)
}

/// The hub's receipt of a place.
pub(super) fn signed_by_hub(body: &ReceiptBody) -> Vec<u8> {
    Receipt::sign(body, &SigningKey::from_bytes(&key_of(RECEIPT_WRITER)), b"certificate").to_bytes()
}

/// The seed of a job's draw.
fn draw_seed(job: JobId) -> [u8; 32] {
    let mut seed = key_of(RECEIPT_WRITER);
    seed[..15].copy_from_slice(&job.to_bytes());
    seed
}

impl At<'_> {
    pub(super) fn pass(&mut self, chunk: &Chunk) -> Result<Passed, StoreError> {
        let mut nodes: BTreeMap<TopicId, BTreeMap<Writer, f64>> = BTreeMap::new();
        for (node, incarnation) in &self.directory.incarnations {
            let writer = Writer::new(*node, *incarnation);
            let Some(region) = self.directory.regions.get(node) else { continue };
            if is_eligible(self.directory, self.contacts, self.now, writer) {
                let demand = self.agenda.jobs.demand_at(writer.node, self.now);
                nodes.entry(topic_of(*region).0).or_default().insert(writer, demand);
            }
        }
        let secrets = Secrets { sign: &signed_by_hub, seed: &draw_seed };
        chunk.carry_out(self.tx, self.wall, &|topic| nodes.get(&topic), &secrets)
    }
}
