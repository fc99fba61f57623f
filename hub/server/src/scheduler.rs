//! The scheduler's reconciler: looks at jobs that something happened to, and spreads their rights over nodes.
//!
//! Wake-ups carry no more than which jobs to look at; what to do is decided from the present state, in chunks, so that
//! merges never wait long. What is kept in memory may be lost: demand begins anew, and figures are told once more.

mod demand;
mod pass;
mod tally;

use crate::{
    app::App,
    clock,
    limits::{REGION_EVERY, SCHEDULER_TICK},
};
use demand::Demand;
use hub_core::shard::Merged;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use sync_protocol::ids::{JobId, NodeId, VshardId};
use tally::{Lately, Tally};
use tokio::time::{MissedTickBehavior, interval};

/// What the scheduler is to look at.
#[derive(Debug)]
pub(crate) struct Scheduler {
    agenda: Mutex<Agenda>,
}

#[derive(Debug)]
struct Agenda {
    dirty: BTreeMap<VshardId, BTreeSet<JobId>>,
    regions: BTreeSet<String>,
    demand: Demand,
    tally: Tally,
    /// Second sign-ups of a worker at one time, since the start.
    duplicates: u64,
}

impl Scheduler {
    /// Nothing to look at; counts from this moment on.
    pub(crate) fn new() -> Self {
        let agenda = Agenda {
            dirty: BTreeMap::new(),
            regions: BTreeSet::new(),
            demand: Demand::default(),
            tally: Tally::starting(clock::now()),
            duplicates: 0,
        };
        Self { agenda: Mutex::new(agenda) }
    }

    fn lock(&self) -> MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something happened to jobs.
    pub(crate) fn mark(&self, vshard: VshardId, jobs: impl IntoIterator<Item = JobId>) {
        let mut jobs = jobs.into_iter().peekable();
        if jobs.peek().is_some() {
            self.lock().dirty.entry(vshard).or_default().extend(jobs);
        }
    }

    /// A node's report was merged.
    pub(crate) fn reported(&self, vshard: VshardId, node: NodeId, merged: &Merged) {
        self.mark(vshard, merged.jobs.iter().copied());
        let mut agenda = self.lock();
        agenda.duplicates += u64::from(merged.duplicates);
        if merged.demand > 0 {
            agenda.demand.add(node, merged.demand, Instant::now());
            agenda.tally.add(clock::now(), merged.demand);
        }
    }

    /// Sign-ups that were reported of late, since the start at most.
    pub(crate) fn sign_ups(&self) -> Lately {
        self.lock().tally.picture(clock::now())
    }

    /// Second sign-ups of one worker for one time that were merged since the start.
    pub(crate) fn duplicates(&self) -> u64 {
        self.lock().duplicates
    }

    /// The nodes of a region have changed: all of its jobs are to be looked at.
    pub(crate) fn mark_region(&self, region: &str) {
        self.lock().regions.insert(region.to_owned());
    }
}

/// Runs until the hub stops.
pub(crate) async fn run(app: &App) {
    let mut tick = interval(SCHEDULER_TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = pass::Told::default();
    let mut regions_at: Option<Instant> = None;
    loop {
        tokio::select! {
            () = app.stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        if regions_at.is_none_or(|at| at.elapsed() >= REGION_EVERY) {
            let regions = std::mem::take(&mut app.scheduler.lock().regions);
            if !regions.is_empty() {
                regions_at = Some(Instant::now());
                if let Err(error) = pass::mark_jobs_of(app, &regions).await {
                    tracing::error!(%error, "the jobs of a region could not be read");
                    app.scheduler.lock().regions.extend(regions);
                }
            }
        }
        let dirty = std::mem::take(&mut app.scheduler.lock().dirty);
        if let Err(error) = pass::run(app, &dirty, &mut told).await {
            tracing::error!(%error, "a pass of the scheduler failed");
            dirty.into_iter().for_each(|(vshard, jobs)| app.scheduler.mark(vshard, jobs));
        }
    }
}
