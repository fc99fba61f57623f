//! What the scheduler is to look at, and its pass over it: promote who waits, plan, execute, tell the nodes.
//!
//! All of it is in memory and may be lost: demand begins anew, and figures are told once more. Times are milliseconds of a
//! clock that does not go back. Where a chunk fails, each of its jobs gets a transaction of its own, and one that fails by
//! itself is looked at ever more seldom: nobody else waits for it.

use crate::{
    scheduler::plan,
    shard::{
        DrawSeed, Shard, SignReceipt, announce, draw, enforce, execute, first_row, promote, sign_receipts,
        snapshot,
    },
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use sync_protocol::{
    ids::{JobId, NodeId, TopicId, VshardId, Writer},
    mutant::{self, Mutant},
    seats::JobRow,
};
use sync_store::{ShardTx, StoreError};

/// Jobs that the scheduler handles in one transaction, so that merges wait for a part of its work only.
pub const CHUNK: usize = 100;

/// A job's figures are told to the nodes at most this often.
pub const ANNOUNCE_EVERY_MS: u64 = 1_000;

/// After a job's first failure by itself it is looked at again behind this time, then behind twice that, and so on.
const BACK_OFF_MS: u64 = 1_000;
const BACK_OFF_MS_MAX: u64 = 300_000;

/// Half-life of a sign-up as a sign of demand.
const DEMAND_HALF_LIFE_MS: f64 = 30.0 * 60_000.0;

/// What the nodes were told of each job, what they are still to be told, and what happened since.
#[derive(Debug, Default)]
pub struct Agenda {
    dirty: BTreeMap<VshardId, BTreeSet<JobId>>,
    due: BTreeMap<VshardId, BTreeSet<JobId>>,
    told: BTreeMap<JobId, (JobRow, u64)>,
    failing: BTreeMap<(VshardId, JobId), Failing>,
    demand: BTreeMap<NodeId, (f64, u64)>,
    /// Jobs whose wait list is to be drawn, with when that is: epoch seconds of the hub's clock.
    draws: BTreeMap<(VshardId, JobId), i64>,
    /// The hub's clock at the last look.
    looked_at: Option<i64>,
}

/// A job that failed by itself.
#[derive(Debug)]
struct Failing {
    tries: u32,
    /// What waits for a time, with whether it is to be planned for; `None` while it is under way.
    again: Option<(u64, bool)>,
}

/// One job of a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    job: JobId,
    /// Something happened to it; else it is only to be told of.
    plan: bool,
    /// `None` where it is too early to tell of it again.
    tell: Option<Option<JobRow>>,
}

/// Jobs of one vshard that share a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    pub vshard: VshardId,
    items: Vec<Item>,
}

/// What the hub keeps secret and a pass needs: its receipts' signature, and the seeds of draws.
pub struct Secrets<'a> {
    pub sign: &'a SignReceipt<'a>,
    pub seed: &'a DrawSeed<'a>,
}

impl std::fmt::Debug for Secrets<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(..)")
    }
}

/// What a chunk's pass came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// What the nodes are told.
    pub rows: Vec<JobRow>,
    /// When each job that was planned for is drawn, in epoch seconds; `None` where nothing is to be drawn.
    pub draws: Vec<(JobId, Option<i64>)>,
}

/// The nodes that may be granted rights to jobs of a topic, with their demand.
pub type Eligible<'a> = dyn Fn(TopicId) -> Option<&'a BTreeMap<Writer, f64>> + 'a;

impl Agenda {
    /// Something happened to jobs.
    pub fn mark(&mut self, vshard: VshardId, jobs: impl IntoIterator<Item = JobId>) {
        let mut jobs = jobs.into_iter().peekable();
        if jobs.peek().is_some() {
            self.dirty.entry(vshard).or_default().extend(jobs);
        }
    }

    /// A node reported sign-ups.
    pub fn add_demand(&mut self, node: NodeId, sign_ups: u32, now: u64) {
        let count = self.demand_at(node, now) + f64::from(sign_ups);
        self.demand.insert(node, (count, now));
    }

    /// Recent sign-ups of a node, halved every half-life.
    #[must_use]
    pub fn demand_at(&self, node: NodeId, now: u64) -> f64 {
        self.demand.get(&node).map_or(0.0, |(count, since)| {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of a process's life are exact")]
            let halves = now.saturating_sub(*since) as f64 / DEMAND_HALF_LIFE_MS;
            count * (-halves).exp2()
        })
    }

    /// Marks the jobs whose draw is due at `wall`, epoch seconds of the hub's clock. Whether that clock went back since the last
    /// look: jobs that seemed to be over were left out of what is marked, and of what waits for its draw.
    #[must_use = "behind a clock that went back all jobs are to be looked at"]
    pub fn wake(&mut self, wall: i64) -> bool {
        let is_due = |_: &(VshardId, JobId), at: &mut i64| *at <= wall;
        let due: Vec<_> = self.draws.extract_if(.., is_due).collect();
        for ((vshard, job), _) in due {
            self.mark(vshard, [job]);
        }
        let before = self.looked_at.replace(wall);
        before.is_some_and(|before| wall < before) && !mutant::is(Mutant::ClockBackUnnoticed)
    }

    /// Whether a draw is to come.
    #[must_use]
    pub fn has_draws(&self) -> bool {
        !self.draws.is_empty()
    }

    /// Whether the next round has something to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dirty.is_empty() && self.due.is_empty()
    }

    /// Takes all that is to be looked at, in chunks. Each is carried out by [`Chunk::carry_out`] and reported as
    /// [`Self::done`] or [`Self::failed`].
    #[must_use]
    pub fn round(&mut self, now: u64) -> VecDeque<Chunk> {
        let mut jobs: BTreeMap<VshardId, BTreeMap<JobId, bool>> = BTreeMap::new();
        for ((vshard, job), failing) in &mut self.failing {
            if let Some((_, plan)) = failing.again.take_if(|(at, _)| *at <= now) {
                let marked = if plan { &mut self.dirty } else { &mut self.due };
                marked.entry(*vshard).or_default().insert(*job);
            }
        }
        for (of, plan) in [(&mut self.due, false), (&mut self.dirty, true)] {
            for (vshard, marked) in std::mem::take(of) {
                jobs.entry(vshard).or_default().extend(marked.into_iter().map(|job| (job, plan)));
            }
        }
        let mut chunks = VecDeque::new();
        for (vshard, jobs) in jobs {
            let items = jobs.into_iter().filter_map(|(job, plan)| self.item(vshard, job, plan, now));
            let items: Vec<Item> = items.collect();
            let (alone, together): (Vec<_>, Vec<_>) =
                items.into_iter().partition(|item| self.failing.contains_key(&(vshard, item.job)));
            chunks.extend(together.chunks(CHUNK).map(|items| Chunk { vshard, items: items.to_vec() }));
            chunks.extend(alone.into_iter().map(|item| Chunk { vshard, items: vec![item] }));
        }
        chunks
    }

    /// What is to be done about a job now; what is too early to be told stays due.
    fn item(&mut self, vshard: VshardId, job: JobId, plan: bool, now: u64) -> Option<Item> {
        if let Some(Failing { again: Some((_, planned)), .. }) = self.failing.get_mut(&(vshard, job)) {
            // Its time has not come.
            *planned |= plan;
            return None;
        }
        let last = self.told.get(&job);
        let early = last.is_some_and(|(_, at)| now.saturating_sub(*at) < ANNOUNCE_EVERY_MS);
        let tell = (!early).then(|| last.map(|(row, _)| row.clone()));
        if early {
            self.due.entry(vshard).or_default().insert(job);
        }
        (plan || tell.is_some()).then_some(Item { job, plan, tell })
    }

    /// A chunk was carried out durably, and the nodes are told its rows.
    pub fn done(&mut self, chunk: &Chunk, passed: Passed, now: u64) {
        let Passed { rows, draws } = passed;
        for (job, at) in draws {
            match at {
                Some(at) => self.draws.insert((chunk.vshard, job), at),
                None => self.draws.remove(&(chunk.vshard, job)),
            };
        }
        for job in chunk.jobs() {
            self.failing.remove(&(chunk.vshard, job));
        }
        for row in rows {
            self.told.insert(row.job, (row, now));
        }
    }

    /// A chunk was not carried out. Its jobs are looked at again: in the next round where nothing can be written there, else
    /// each by itself in this one, and whichever fails by itself later and later.
    #[must_use]
    pub fn failed(&mut self, chunk: Chunk, error: Option<&StoreError>, now: u64) -> Vec<Chunk> {
        let vshard = chunk.vshard;
        let is_of_a_job = error.is_some_and(|error| !error.is_full());
        if chunk.items.len() > 1 && is_of_a_job {
            return chunk.items.into_iter().map(|item| Chunk { vshard, items: vec![item] }).collect();
        }
        for item in chunk.items {
            if is_of_a_job {
                let failing =
                    self.failing.entry((vshard, item.job)).or_insert(Failing { tries: 0, again: None });
                let wait = BACK_OFF_MS.saturating_mul(1 << failing.tries.min(20)).min(BACK_OFF_MS_MAX);
                failing.tries = failing.tries.saturating_add(1);
                failing.again = Some((now.saturating_add(wait), item.plan));
                continue;
            }
            let again = if item.plan { &mut self.dirty } else { &mut self.due };
            again.entry(vshard).or_default().insert(item.job);
        }
        Vec::new()
    }
}

impl Chunk {
    /// The jobs that something happened to.
    pub fn planned(&self) -> impl Iterator<Item = JobId> {
        self.items.iter().filter(|item| item.plan).map(|item| item.job)
    }

    pub fn jobs(&self) -> impl Iterator<Item = JobId> {
        self.items.iter().map(|item| item.job)
    }

    /// Does what the present state asks for, in a transaction that is open.
    pub fn carry_out<'a>(
        &self,
        tx: &mut dyn ShardTx,
        now: i64,
        eligible: &Eligible<'a>,
        secrets: &Secrets<'_>,
    ) -> Result<Passed, StoreError> {
        let mut passed = Passed::default();
        for item in &self.items {
            let mut shard = Shard { tx, vshard: self.vshard, now };
            if item.plan {
                passed.draws.push((item.job, draw(&mut shard, item.job, secrets.seed)?));
            }
            passed.rows.extend(item.carry_out(&mut shard, eligible, secrets.sign)?);
        }
        Ok(passed)
    }
}

impl Item {
    fn carry_out<'a>(
        &self,
        shard: &mut Shard<'_>,
        eligible: &Eligible<'a>,
        sign: &SignReceipt<'_>,
    ) -> Result<Option<JobRow>, StoreError> {
        let Some(summary) = shard.tx.job_summary(shard.vshard, self.job)? else { return Ok(None) };
        if self.plan {
            enforce(shard, self.job)?;
            promote(shard, self.job)?;
            sign_receipts(shard, self.job, sign)?;
            // Rights to a job that is over would be of no use to anybody.
            if let Some(nodes) = eligible(summary.topic).filter(|_| summary.end_at > shard.now)
                && let Some(picture) = snapshot(shard, self.job, nodes)?
            {
                for step in plan(&picture) {
                    execute(shard, &step)?;
                }
            }
        }
        let Some(last) = &self.tell else { return Ok(None) };
        let first = first_row(shard, self.job)?;
        announce(shard, self.job, last.as_ref().or(first.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAD_ROW: StoreError = StoreError::BadRow("a row of a test");

    fn job(n: u64) -> JobId {
        JobId::job(Writer::hub(1), n)
    }

    fn row(n: u64) -> JobRow {
        JobRow { job: job(n), cap: 1, open: true, version: 1, free: 1, waiting: 0, policy: None, seal: None }
    }

    fn chunk(vshard: u16, jobs: &[u64]) -> Chunk {
        let items = jobs.iter().map(|n| Item { job: job(*n), plan: true, tell: None });
        Chunk { vshard: VshardId(vshard), items: items.collect() }
    }

    /// The rounds as `vshard:jobs` of each chunk, a `+` before those that are planned for and a `!` behind those that tell.
    fn words(chunks: impl IntoIterator<Item = Chunk>) -> String {
        let of = |chunk: Chunk| {
            let items = chunk.items.iter().map(|item| {
                let (plan, tell) = (if item.plan { "+" } else { "" }, item.tell.as_ref().map_or("", |_| "!"));
                format!("{plan}{}{tell}", item.job.counter)
            });
            format!("{}:{}", chunk.vshard.0, items.collect::<Vec<_>>().join(","))
        };
        chunks.into_iter().map(of).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn half_is_left_after_the_half_life() {
        let (mut agenda, half_life) = (Agenda::default(), 30 * 60_000);
        agenda.add_demand(NodeId(1), 8, 5);
        agenda.add_demand(NodeId(1), 2, 5 + half_life);
        assert!((agenda.demand_at(NodeId(1), 5 + 2 * half_life) - 3.0).abs() < 1e-9);
        assert!(agenda.demand_at(NodeId(2), 5).abs() < f64::EPSILON);
    }

    #[test]
    fn what_is_too_early_to_be_told_is_told_later() {
        let mut agenda = Agenda::default();
        agenda.mark(VshardId(3), [job(1), job(2)]);
        assert_eq!(words(agenda.round(0)), "3:+1!,+2!");
        agenda.done(&chunk(3, &[1]), Passed { rows: vec![row(1)], draws: Vec::new() }, 0);
        agenda.mark(VshardId(3), [job(1)]);
        assert_eq!(words(agenda.round(400)), "3:+1");
        assert!(!agenda.is_empty());
        assert_eq!(words(agenda.round(600)), "");
        assert_eq!(words(agenda.round(1_000)), "3:1!");
        assert!(agenda.is_empty());
    }

    #[test]
    fn a_clock_that_went_back_is_noticed_once() {
        let mut agenda = Agenda::default();
        let went_back = [1_000, 1_000, 1_001, 999, 999, 1_000].map(|wall| agenda.wake(wall));
        assert_eq!(went_back, [false, false, false, true, false, false]);
    }

    #[test]
    fn a_job_is_looked_at_when_its_draw_is_due() {
        let mut agenda = Agenda::default();
        let draws = vec![(job(1), Some(900)), (job(2), Some(1_000)), (job(3), None)];
        agenda.done(&chunk(3, &[1, 2, 3]), Passed { rows: Vec::new(), draws }, 0);
        assert!(!agenda.wake(899));
        assert_eq!((words(agenda.round(0)), agenda.has_draws()), (String::new(), true));
        assert!(!agenda.wake(900));
        assert_eq!(words(agenda.round(0)), "3:+1!");
        agenda.done(&chunk(3, &[2]), Passed { rows: Vec::new(), draws: vec![(job(2), None)] }, 0);
        assert!(!agenda.has_draws(), "it was drawn for another reason");
    }

    #[test]
    fn many_jobs_are_many_chunks() {
        let mut agenda = Agenda::default();
        agenda.mark(VshardId(3), (0..250).map(job));
        let lengths: Vec<_> = agenda.round(0).iter().map(|chunk| chunk.items.len()).collect();
        assert_eq!(lengths, [100, 100, 50]);
    }

    #[test]
    fn a_vshard_that_fails_holds_nobody_up() {
        let mut agenda = Agenda::default();
        for vshard in 3..6 {
            agenda.mark(VshardId(vshard), [job(u64::from(vshard)), job(9)]);
        }
        let mut round = agenda.round(0);
        let mut carried_out = Vec::new();
        while let Some(chunk) = round.pop_front() {
            // One row of vshard 4 is damaged, and vshard 5 does not answer.
            let error = match chunk.vshard.0 {
                4 => chunk.jobs().any(|of| of == job(9)).then_some(BAD_ROW),
                5 => {
                    round.extend(agenda.failed(chunk, None, 0));
                    continue;
                }
                _ => None,
            };
            match error {
                Some(error) => round.extend(agenda.failed(chunk, Some(&error), 0)),
                None => carried_out.push(chunk),
            }
        }
        assert_eq!(words(carried_out), "3:+3!,+9! 4:+4!");
        assert_eq!(words(agenda.round(0)), "5:+5!,+9!", "what failed by itself waits");
        agenda.mark(VshardId(4), [job(4), job(9)]);
        assert_eq!(words(agenda.round(BACK_OFF_MS - 1)), "4:+4!");
        assert_eq!(words(agenda.round(BACK_OFF_MS)), "4:+9!");
    }

    #[test]
    fn a_job_that_fails_is_looked_at_ever_more_seldom_until_it_does_not() {
        let mut agenda = Agenda::default();
        let at = |agenda: &mut Agenda, now: u64| words(agenda.round(now));
        let fails = |agenda: &mut Agenda, now: u64| {
            assert!(agenda.failed(chunk(4, &[9]), Some(&BAD_ROW), now).is_empty());
        };
        fails(&mut agenda, 0);
        assert_eq!((at(&mut agenda, 999), at(&mut agenda, 1_000)), (String::new(), "4:+9!".into()));
        fails(&mut agenda, 1_000);
        assert_eq!((at(&mut agenda, 2_999), at(&mut agenda, 3_000)), (String::new(), "4:+9!".into()));
        for _ in 0..40 {
            fails(&mut agenda, 3_000);
        }
        assert_eq!(at(&mut agenda, 3_000 + BACK_OFF_MS_MAX), "4:+9!", "at the latest");
        agenda.done(&chunk(4, &[9]), Passed::default(), 400_000);
        agenda.mark(VshardId(4), [job(8), job(9)]);
        assert_eq!(at(&mut agenda, 400_000), "4:+8!,+9!", "and then as all others");
    }
}
