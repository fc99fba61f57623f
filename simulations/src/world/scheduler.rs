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
use std::collections::BTreeMap;
use sync_protocol::{
    ids::{JobId, TopicId, VshardId, Writer},
    receipt::{Receipt, ReceiptBody},
};
use sync_store::StoreError;

/// As in the hub's server.
const TICK_MS: u64 = 200;
const ELIGIBLE_MS: u64 = 30_000;
/// How often a draw to come is looked for; the server looks with each tick.
const DRAWS_MS: u64 = 30_000;

/// What the scheduler keeps in memory; a crash of the hub forgets it.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    jobs: agenda::Agenda,
    ticking: bool,
    drawing: bool,
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
        let wall = self.hub_wall();
        let Some(store) = &mut self.hub.store else { return };
        let Ok(jobs) = store.read(|tx| tx.jobs_after(wall)) else { return };
        let tenant = tenant_of(region);
        for (vshard, summary) in jobs {
            if summary.tenant == tenant {
                self.mark(vshard, [summary.job]);
            }
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
        let chunks = self.hub.agenda.jobs.round(self.now);
        if !self.hub.agenda.jobs.is_empty() {
            self.tick_soon();
        }
        for chunk in chunks {
            self.tell_hub(Command::Pass(chunk));
        }
    }

    pub(crate) fn passed(&mut self, chunk: &Chunk, passed: Passed) {
        self.hub.agenda.jobs.done(chunk, passed, self.now);
        self.draw_later();
        self.tally.passes += chunk.planned().count() as u64;
    }

    fn draw_later(&mut self) {
        if self.hub.agenda.jobs.has_draws() && !std::mem::replace(&mut self.hub.agenda.drawing, true) {
            let boot = self.hub.boot;
            self.after(DRAWS_MS, Happening::DrawsDue(boot));
        }
    }

    pub(crate) fn draws_due(&mut self, boot: u64) {
        if self.hub.boot != boot {
            return;
        }
        self.hub.agenda.drawing = false;
        let wall = self.hub_wall();
        if self.hub.agenda.jobs.wake(wall) {
            (0..usize::try_from(self.scenario.regions).unwrap_or(1))
                .for_each(|region| self.mark_region(region));
        }
        if !self.hub.agenda.jobs.is_empty() {
            self.tick_soon();
        }
        self.draw_later();
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
