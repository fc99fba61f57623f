//! The scheduler's reconciler as the hub's server runs it: jobs that something happened to, in passes of 200 ms.

use super::{
    Happening, World,
    hub::{At, Command},
    tenant_of,
};
use hub_core::{
    scheduler::plan,
    shard::{Merged, Shard, announce, enforce, execute, first_row, promote, snapshot},
};
use std::collections::{BTreeMap, BTreeSet};
use sync_protocol::{
    ids::{JobId, VshardId, Writer},
    seats::JobRow,
};
use sync_store::StoreError;

/// As in the hub's server.
const TICK_MS: u64 = 200;
const CHUNK: usize = 100;
const ANNOUNCE_MS: u64 = 1_000;
const ELIGIBLE_MS: u64 = 30_000;
const HALF_LIFE_MS: f64 = 30.0 * 60_000.0;

/// What the scheduler keeps in memory; a crash of the hub forgets it.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    pub(crate) dirty: BTreeMap<VshardId, BTreeSet<JobId>>,
    told: BTreeMap<JobId, (JobRow, u64)>,
    due: BTreeMap<VshardId, BTreeSet<JobId>>,
    demand: BTreeMap<u32, (f64, u64)>,
    ticking: bool,
}

/// One job of a pass.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    vshard: VshardId,
    pub(crate) job: JobId,
    plan: bool,
    /// `None` where it is too early to tell of it again.
    tell: Option<Option<JobRow>>,
}

impl Agenda {
    fn demand_at(&self, node: u32, now: u64) -> f64 {
        self.demand.get(&node).map_or(0.0, |(count, since)| {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of a day are exact")]
            let halves = (now - since) as f64 / HALF_LIFE_MS;
            count * (-halves).exp2()
        })
    }
}

impl World {
    /// Something happened to jobs.
    pub(crate) fn mark(&mut self, vshard: VshardId, jobs: impl IntoIterator<Item = JobId>) {
        self.hub.agenda.dirty.entry(vshard).or_default().extend(jobs);
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
            let count = self.hub.agenda.demand_at(writer.node.0, self.now) + f64::from(merged.demand);
            self.hub.agenda.demand.insert(writer.node.0, (count, self.now));
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
        let now = self.now;
        let agenda = &mut self.hub.agenda;
        agenda.ticking = false;
        let mut items = Vec::new();
        let dirty = std::mem::take(&mut agenda.dirty);
        let due = std::mem::take(&mut agenda.due);
        let vshards: BTreeSet<VshardId> = dirty.keys().chain(due.keys()).copied().collect();
        for vshard in vshards {
            let mut jobs: BTreeMap<JobId, bool> =
                dirty.get(&vshard).into_iter().flatten().map(|job| (*job, true)).collect();
            for job in due.get(&vshard).into_iter().flatten() {
                jobs.entry(*job).or_insert(false);
            }
            for (job, plan) in jobs {
                let last = agenda.told.get(&job);
                let is_early = last.is_some_and(|(_, at)| now - at < ANNOUNCE_MS);
                if is_early {
                    agenda.due.entry(vshard).or_default().insert(job);
                }
                if plan || !is_early {
                    let tell = (!is_early).then(|| last.map(|(row, _)| row.clone()));
                    items.push(Item { vshard, job, plan, tell });
                }
            }
        }
        if !agenda.due.is_empty() {
            self.tick_soon();
        }
        for chunk in items.chunks(CHUNK) {
            self.tell_hub(Command::Pass(chunk.to_vec()));
        }
    }

    pub(crate) fn passed(&mut self, items: &[Item], rows: Vec<JobRow>) {
        for row in rows {
            self.hub.agenda.told.insert(row.job, (row, self.now));
        }
        for item in items {
            self.tally.passes += u64::from(item.plan);
        }
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

impl At<'_> {
    /// Promotes, plans, executes and announces each job.
    pub(super) fn pass(&mut self, items: &[Item]) -> Result<Vec<JobRow>, StoreError> {
        let mut rows = Vec::new();
        for item in items {
            let Some(summary) = self.tx.job_summary(item.vshard, item.job)? else { continue };
            let region = usize::try_from(summary.tenant.0).unwrap_or(1) - 1;
            let nodes: BTreeMap<Writer, f64> = self
                .directory
                .incarnations
                .iter()
                .filter(|(node, _)| self.directory.regions.get(node) == Some(&region))
                .map(|(node, incarnation)| Writer::new(*node, *incarnation))
                .filter(|writer| is_eligible(self.directory, self.contacts, self.now, *writer))
                .map(|writer| (writer, self.agenda.demand_at(writer.node.0, self.now)))
                .collect();
            let mut shard = Shard { tx: self.tx, vshard: item.vshard, now: self.wall };
            if item.plan {
                enforce(&mut shard, item.job)?;
                promote(&mut shard, item.job)?;
                if summary.end_at > self.wall
                    && let Some(picture) = snapshot(&mut shard, item.job, &nodes)?
                {
                    for step in plan(&picture) {
                        execute(&mut shard, &step)?;
                    }
                }
            }
            let Some(last) = &item.tell else { continue };
            let first = first_row(&mut shard, item.job)?;
            rows.extend(announce(&mut shard, item.job, last.as_ref().or(first.as_ref()))?);
        }
        Ok(rows)
    }
}
