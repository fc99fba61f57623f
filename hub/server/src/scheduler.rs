//! The scheduler's reconciler: looks at jobs that something happened to, and spreads their rights over nodes.
//!
//! Wake-ups carry no more than which jobs to look at; what to do is decided from the present state, in chunks, so that
//! merges never wait long. What is kept in memory may be lost: demand begins anew, and figures are told once more.

mod pass;
mod tally;

use crate::{
    app::App,
    clock,
    limits::{REGION_EVERY, SCHEDULER_TICK},
};
use hub_core::{agenda, shard::Merged};
use prometheus_client::metrics::counter::Counter;
use std::{
    collections::BTreeSet,
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
    /// Chunks of jobs that could not be carried out, since the start.
    failures: Counter,
    started: Instant,
}

#[derive(Debug)]
struct Agenda {
    jobs: agenda::Agenda,
    regions: BTreeSet<String>,
    tally: Tally,
    /// Second sign-ups of a worker at one time, since the start.
    duplicates: u64,
}

impl Scheduler {
    /// Nothing to look at; counts from this moment on.
    pub(crate) fn new() -> Self {
        let agenda = Agenda {
            jobs: agenda::Agenda::default(),
            regions: BTreeSet::new(),
            tally: Tally::starting(clock::now()),
            duplicates: 0,
        };
        Self { agenda: Mutex::new(agenda), failures: Counter::default(), started: Instant::now() }
    }

    fn lock(&self) -> MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds of this scheduler's life.
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Something happened to jobs.
    pub(crate) fn mark(&self, vshard: VshardId, jobs: impl IntoIterator<Item = JobId>) {
        self.lock().jobs.mark(vshard, jobs);
    }

    /// A node's report was merged.
    pub(crate) fn reported(&self, vshard: VshardId, node: NodeId, merged: &Merged) {
        self.mark(vshard, merged.jobs.iter().copied());
        let mut agenda = self.lock();
        agenda.duplicates += u64::from(merged.duplicates);
        if merged.demand > 0 {
            agenda.jobs.add_demand(node, merged.demand, self.now());
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

    /// Chunks of jobs that could not be carried out since the start.
    pub(crate) fn failures(&self) -> Counter {
        self.failures.clone()
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
        pass::run(app).await;
    }
}
