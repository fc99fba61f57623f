//! A job's seats by holder over time: what lies at the hub, what each node has used and still has, and what is in limbo behind a
//! fence. Nothing is made or lost, so that the height is the cap; what rises above it is sold twice.

use super::{Mark, spans::Timeline};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// One job's seats.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stack {
    pub job: String,
    /// Incarnations that ever held a right, with the lane at which each runs; the hub's own node has lane 0.
    pub holders: Vec<(String, Option<usize>)>,
    pub levels: Vec<Level>,
}

/// How things stand from a moment on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Level {
    pub at: u64,
    /// As the hub's books say; of a job that it has not heard of, what its node was born with.
    pub cap: u32,
    pub open: bool,
    pub pool: i64,
    /// Of each holder: used, free (or on its way), and whether both are in limbo.
    pub parts: Vec<(u32, u32, bool)>,
}

/// Rights on their way between hub and holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transfer {
    pub job: String,
    /// A grant goes out, a return comes back.
    pub grant: bool,
    pub lane: usize,
    pub count: u32,
    pub left: u64,
    /// `None` where it did not arrive before the run was over.
    pub arrived: Option<u64>,
}

/// Rights granted, returned and used, as one side has them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Held {
    granted: u32,
    returned: u32,
    live: u32,
}

impl Held {
    const fn out(self) -> u32 {
        self.granted.saturating_sub(self.returned)
    }
}

#[derive(Debug, Default)]
struct Job {
    /// Cap, open, pool.
    books: Option<(u32, bool, i64)>,
    known: BTreeMap<String, Held>,
    own: BTreeMap<String, Held>,
    stack: Stack,
    /// Transfers under way: their place in the list, holder, and the sum at which they have arrived.
    under_way: Vec<(usize, String, u32)>,
}

/// The stacks of all jobs, and what went between hub and nodes.
pub(super) fn stacks(marks: &[Mark], timeline: &Timeline) -> (Vec<Stack>, Vec<Transfer>) {
    let mut sweep = Sweep { timeline, jobs: BTreeMap::new(), transfers: Vec::new() };
    let mut limbo: Vec<u64> = timeline.limbo.iter().flat_map(|(_, from, until)| [*from, *until]).collect();
    limbo.sort_unstable();
    let mut limbo = limbo.into_iter().peekable();
    for mark in marks {
        let at = match mark {
            Mark::Seats { at, .. } | Mark::Books { at, .. } => *at,
            Mark::Message { .. } | Mark::Held { .. } | Mark::Fault { .. } => continue,
        };
        while let Some(before) = limbo.next_if(|limbo| *limbo <= at) {
            sweep.all_anew(before);
        }
        sweep.mark(at, mark);
    }
    limbo.for_each(|at| sweep.all_anew(at));
    (sweep.jobs.into_values().map(|job| job.stack).collect(), sweep.transfers)
}

struct Sweep<'a> {
    timeline: &'a Timeline,
    jobs: BTreeMap<String, Job>,
    transfers: Vec<Transfer>,
}

impl Sweep<'_> {
    fn writer_at(&self, lane: usize, at: u64) -> Option<&str> {
        let mut runs = self.timeline.runs.iter().rev();
        let found = runs.find(|(since, at_lane, _)| *since <= at && *at_lane == lane);
        found.map(|(.., writer)| writer.as_str())
    }

    /// The lane of an incarnation: of a copied one that of the original, which ran first.
    fn lane_of(&self, writer: &str) -> Option<usize> {
        if writer.starts_with("0.") {
            return Some(0);
        }
        self.timeline.runs.iter().find(|(.., runs)| runs == writer).map(|(_, lane, _)| *lane)
    }

    fn mark(&mut self, at: u64, mark: &Mark) {
        if let Mark::Seats { lane, job, granted, returned, live, .. } = mark {
            let Some(writer) = self.writer_at(*lane, at).map(str::to_owned) else { return };
            // What a copy has is in the table of the step, and would count twice here.
            if self.lane_of(&writer) != Some(*lane) {
                return;
            }
            let now = Held { granted: *granted, returned: *returned, live: *live };
            let entry = self.jobs.entry(job.clone()).or_default();
            let before = entry.own.insert(writer.clone(), now).unwrap_or_default();
            if now.returned > before.returned {
                let count = now.returned - before.returned;
                self.leaves(at, job, false, (writer.as_str(), *lane), (count, now.returned));
            }
            self.arrives(at, job, true, &writer, now.granted);
            self.level(at, job);
        }
        if let Mark::Books { job, cap, open, pool, holders, .. } = mark {
            let entry = self.jobs.entry(job.clone()).or_default();
            entry.books = Some((*cap, *open, *pool));
            let before = std::mem::take(&mut entry.known);
            for holder in holders {
                let (granted, returned, live) = (holder.granted, holder.returned, holder.live);
                entry.known.insert(holder.writer.clone(), Held { granted, returned, live });
            }
            for holder in holders {
                let known = before.get(&holder.writer).copied().unwrap_or_default();
                // A job that was born at a node brings its rights with it.
                let own = self
                    .jobs
                    .get(job)
                    .and_then(|job| job.own.get(&holder.writer))
                    .map_or(0, |own| own.granted);
                let sum = known.granted.max(own);
                if let Some(lane) =
                    self.lane_of(&holder.writer).filter(|lane| *lane > 0 && holder.granted > sum)
                {
                    self.leaves(
                        at,
                        job,
                        true,
                        (holder.writer.as_str(), lane),
                        (holder.granted - sum, holder.granted),
                    );
                }
                self.arrives(at, job, false, &holder.writer, holder.returned);
            }
            self.level(at, job);
        }
    }

    fn leaves(
        &mut self,
        left: u64,
        job: &str,
        grant: bool,
        (writer, lane): (&str, usize),
        (count, sum): (u32, u32),
    ) {
        let number = self.transfers.len();
        self.transfers.push(Transfer { job: job.to_owned(), grant, lane, count, left, arrived: None });
        if let Some(job) = self.jobs.get_mut(job) {
            job.under_way.push((number, writer.to_owned(), sum));
        }
    }

    fn arrives(&mut self, at: u64, job: &str, grant: bool, writer: &str, sum: u32) {
        let Self { jobs, transfers, .. } = self;
        let Some(job) = jobs.get_mut(job) else { return };
        job.under_way.retain(|(number, to, wanted)| {
            let Some(transfer) = transfers.get_mut(*number) else { return false };
            let is_here = transfer.grant == grant && to == writer && *wanted <= sum;
            if is_here {
                transfer.arrived = Some(at);
            }
            !is_here
        });
    }

    fn all_anew(&mut self, at: u64) {
        for job in self.jobs.keys().cloned().collect::<Vec<_>>() {
            self.level(at, &job);
        }
    }

    fn level(&mut self, at: u64, name: &str) {
        let Some(mut job) = self.jobs.remove(name) else { return };
        name.clone_into(&mut job.stack.job);
        let writers: BTreeSet<&String> = job.known.keys().chain(job.own.keys()).collect();
        for writer in writers {
            if !job.stack.holders.iter().any(|(known, _)| known == writer) {
                job.stack.holders.push((writer.clone(), self.lane_of(writer)));
            }
        }
        let parts = job.stack.holders.iter().map(|(writer, _)| {
            let (known, own) = (job.known.get(writer).copied(), job.own.get(writer).copied());
            let mut fences = self.timeline.limbo.iter().filter(|(of, from, _)| of == writer && *from <= at);
            let fence = fences.next();
            let (was_fenced, is_in_limbo) = (fence.is_some(), fence.is_some_and(|(.., until)| at < *until));
            // Behind a fence the hub's books decide; before, a holder knows best what is used, and the hub what is out.
            let truth = if was_fenced { known } else { own.or(known) }.unwrap_or_default();
            // A job of which the hub has not heard is out with the node that it was born at.
            let out = if job.books.is_some() { known.unwrap_or_default().out() } else { truth.out() };
            (truth.live, out.saturating_sub(truth.live), is_in_limbo)
        });
        let parts: Vec<_> = parts.collect();
        let out = parts.iter().map(|(used, free, _)| used + free).sum();
        let (cap, open, pool) = job.books.unwrap_or((out, true, 0));
        let level = Level { at, cap, open, pool, parts };
        let levels = &mut job.stack.levels;
        let is_later = |last: &Level| last.at < at;
        if levels.last().is_none_or(is_later) {
            levels.push(level);
        } else if let Some(last) = levels.last_mut() {
            *last = level;
        }
        self.jobs.insert(name.to_owned(), job);
    }
}
