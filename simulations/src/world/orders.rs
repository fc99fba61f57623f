//! What tenants and operators order at the hub: other caps, jobs that close, nodes that are retired or lost for ever.
//!
//! A retired node is told so when it has a line, closes its logs by FINAL and is settled exactly. A lost one is replaced by an
//! empty machine under the next incarnation; what it held stays reserved, or comes back after the lease where the job says so.

use super::{
    Happening, World,
    faults::quietly,
    hub::{At, Command, Settled},
    note, people,
    scheduler::signed_by_hub,
};
use crate::disk;
use hub_core::shard::{self, Reclaimed, Shard, Taken};
use std::collections::BTreeSet;
use sync_protocol::{
    command::Change,
    ids::{JobId, VshardId, Writer},
    limits::{LEASE_MS, lease_at_hub},
    seats::{Excess, SeatState, Standing},
};
use sync_store::{FenceCause, StoreError};

/// After this an operator repeats what was not carried out.
const ORDER_AGAIN_MS: u64 = 20_000;

/// An order to the hub, carried out in a transaction of its shard.
#[derive(Debug, Clone)]
pub(crate) enum Order {
    Change { job: JobId, vshard: VshardId, change: Change },
    End { writer: Writer, vshard: VshardId, cause: FenceCause, detail: String },
    Reclaim { writer: Writer, vshard: VshardId },
}

/// What an order came to.
#[derive(Debug)]
pub(crate) enum Done {
    Refused,
    Changed(VshardId, JobId, &'static str),
    Ended(VshardId, Writer, Vec<JobId>, FenceCause, String),
    Reclaimed(VshardId, Writer, Vec<(JobId, u32)>),
    /// The lease of the incarnation may still run.
    TooEarly(Writer),
}

impl At<'_> {
    pub(super) fn order(&mut self, order: &Order) -> Result<Settled, StoreError> {
        let now = self.wall;
        Ok(Settled::Ordered(match order {
            &Order::Change { job, vshard, change } => {
                self.touched.insert(job);
                let mut shard = Shard { tx: self.tx, vshard, now };
                match shard::change(&mut shard, job, change, &signed_by_hub) {
                    Ok(changed) if !changed.seats.open => Done::Changed(vshard, job, "a job was closed"),
                    Ok(changed) if self.out(vshard, job)? > changed.seats.cap => {
                        Done::Changed(vshard, job, "a cap was lowered below what was out")
                    }
                    Ok(_) => Done::Changed(vshard, job, "a cap was changed"),
                    Err(shard::CapRefusal::Store(error)) => return Err(error),
                    Err(_) => Done::Refused,
                }
            }
            Order::End { writer, vshard, cause, detail } => {
                let (writer, vshard, cause) = (*writer, *vshard, *cause);
                shard::fence(&mut Shard { tx: self.tx, vshard, now }, writer, cause, detail)?;
                let jobs = self.tx.holdings_of(vshard, writer)?.into_iter().map(|(job, _)| job);
                let jobs: Vec<JobId> = jobs.collect();
                self.touched.extend(&jobs);
                Done::Ended(vshard, writer, jobs, cause, detail.clone())
            }
            &Order::Reclaim { writer, vshard } => {
                let lease_is_over = (self.lease_is_over)(writer);
                if !lease_is_over {
                    return Ok(Settled::Ordered(Done::TooEarly(writer)));
                }
                let mut shard = Shard { tx: self.tx, vshard, now };
                let Reclaimed { jobs, told } = shard::reclaim(&mut shard, writer, lease_is_over, &|_| true)?;
                self.touched.extend(told);
                self.touched.extend(jobs.iter().map(|(job, _)| *job));
                Done::Reclaimed(vshard, writer, jobs)
            }
        }))
    }

    fn out(&mut self, vshard: VshardId, job: JobId) -> Result<u32, StoreError> {
        Ok(self.tx.holdings(vshard, job)?.iter().map(|(_, holding)| holding.out()).sum())
    }
}

impl World {
    /// A tenant sets the cap of one of a region's latest jobs anew.
    pub(crate) fn set_cap(&mut self, region: usize, pick: u64, cap: u32, bump: bool) {
        let Some(job) = self.model.recent_job(region, 12, pick) else { return };
        if let Some(facts) = self.model.jobs.get_mut(&job) {
            facts.cap = facts.cap.max(cap);
        }
        let excess = if bump { Excess::BumpLatest } else { Excess::Keep };
        self.order_change(region, pick, job, Change::Cap { cap, excess });
    }

    /// A tenant closes one of a region's latest jobs.
    pub(crate) fn close(&mut self, region: usize, pick: u64) {
        let Some(job) = self.model.recent_job(region, 12, pick) else { return };
        self.order_change(region, pick, job, Change::Close);
    }

    /// An operator ends a node's incarnation; where it is replaced, its machine is lost.
    pub(crate) fn end(&mut self, m: usize, cause: FenceCause) {
        let place = &self.machines[m];
        let (writer, region) = (place.writer, place.region);
        let is_told_apart =
            self.directory.forked.contains_key(&writer) || self.directory.over.contains_key(&writer);
        if !place.is_serving() || is_told_apart || self.hub.store.is_none() || self.healing {
            return;
        }
        self.directory.over.insert(writer, cause);
        if cause == FenceCause::Replaced {
            note!(self, "machine {m} is lost with all that it had");
            self.stop(m);
            disk::with(self.machines[m].disk, |disk| {
                disk.power_on(false);
                disk.wipe();
            });
            self.machines[m].backup = None;
            self.enrol(m);
            self.after(60_000, Happening::PowerOn(m));
            self.after(lease_at_hub(LEASE_MS), Happening::LeaseOver(writer));
        }
        self.order_the_end(writer, region, cause);
    }

    fn order_the_end(&mut self, writer: Writer, region: usize, cause: FenceCause) {
        let vshard = people::vshard_of(region);
        let detail = "an operator said so".to_owned();
        self.tell_hub(Command::Order(Order::End { writer, vshard, cause, detail }));
        self.after(ORDER_AGAIN_MS, Happening::EndDue(writer));
    }

    /// The operator repeats an order that a failing disk or a crash of the hub took.
    pub(crate) fn end_due(&mut self, writer: Writer) {
        let (Some(region), Some(cause)) =
            (self.directory.regions.get(&writer.node.0).copied(), self.directory.over.get(&writer).copied())
        else {
            return;
        };
        if self.is_still_live(writer, region) {
            self.order_the_end(writer, region, cause);
        }
    }

    fn is_still_live(&mut self, writer: Writer, region: usize) -> bool {
        let standing = self.standing_of(people::vshard_of(region), writer);
        standing.is_none_or(|standing| standing == Standing::Live)
    }

    /// A node has no line and is given up by an operator, who soon takes back what its jobs allow; it lives, and sells what
    /// it may.
    pub(crate) fn give_up(&mut self, m: usize, ms: u64) {
        let writer = self.machines[m].writer;
        self.cut(m, crate::schedule::Way::Both, ms);
        self.end(m, FenceCause::Retired);
        if self.directory.over.contains_key(&writer) {
            note!(self, "machine {m} is given up");
            self.after(ORDER_AGAIN_MS, Happening::LeaseOver(writer));
        }
    }

    /// The lease of a lost incarnation is over; an operator takes back what its jobs allow. The order is repeated until the
    /// hub has carried it out.
    pub(crate) fn lease_over(&mut self, writer: Writer) {
        let Some(region) = self.directory.regions.get(&writer.node.0).copied() else { return };
        if self.is_still_live(writer, region) {
            return self.after(ORDER_AGAIN_MS, Happening::LeaseOver(writer));
        }
        self.tell_hub(Command::Order(Order::Reclaim { writer, vshard: people::vshard_of(region) }));
    }

    pub(crate) fn standing_of(&mut self, vshard: VshardId, writer: Writer) -> Option<Standing> {
        let store = self.hub.store.as_mut()?;
        quietly(self.hub.disk, || store.read(|tx| tx.standing(vshard, writer))).ok()
    }

    /// Before the checks of a commit: whose seats have passed to the hub's own node, and whose receipts are void.
    pub(crate) fn pass_on(&mut self, settled: &[Settled]) {
        for one in settled {
            match one {
                Settled::Merged(_, writer, _, Taken { merged: Some(merged), .. }) if merged.settled => {
                    self.settled(*writer);
                }
                Settled::Carried { writer, account, .. }
                    if account.merged.iter().any(|(_, carried)| carried.merged.settled) =>
                {
                    self.settled(*writer);
                }
                Settled::Ordered(Done::Reclaimed(vshard, writer, jobs)) => {
                    for (job, back) in jobs {
                        self.reclaimed(*vshard, *writer, *job, *back);
                    }
                }
                Settled::Merged(..)
                | Settled::Verdict(..)
                | Settled::PassedOn(..)
                | Settled::Imported { .. }
                | Settled::Passed(..)
                | Settled::NotPassed(_)
                | Settled::Failed(_)
                | Settled::Heard(..)
                | Settled::Carried { .. }
                | Settled::Noted
                | Settled::Ordered(_) => {}
            }
        }
    }

    /// The hub's own node holds what was live there.
    fn settled(&mut self, writer: Writer) {
        self.tally.sometimes("a retired node closed its log and was settled");
        let machines = &self.machines;
        let is_of = |m: usize| machines.get(m).is_some_and(|m| m.number == writer.node.0);
        for holders in self.live_seats.values_mut() {
            holders.retain(|(m, incarnation), _| *incarnation != writer.incarnation.0 || !is_of(*m));
        }
    }

    fn machine_at(&self, writer: Writer) -> usize {
        let is_it = |m: &super::Machine| m.number == writer.node.0 && m.copy_of.is_none();
        self.machines.iter().position(is_it).unwrap_or(usize::MAX)
    }

    fn reclaimed(&mut self, vshard: VshardId, writer: Writer, job: JobId, back: u32) {
        note!(self, "{back} rights of node {writer} to {job} come back");
        self.tally.sometimes("rights of a lost node were reclaimed");
        self.directory.reclaimed.insert((writer, job));
        let living = self.machines.iter().find(|m| m.writer == writer && m.running.is_some());
        if living.is_some() {
            self.tally.reclaims_from_the_living += 1;
            self.tally.sometimes("rights of a node that lives without a line were reclaimed");
        }
        if living.is_some_and(|m| m.is_leased(self.now)) {
            let text = format!("rights of node {writer} to {job} were reclaimed while its lease runs");
            self.fail("invariant", text);
        }
        let key = (self.machine_at(writer), writer.incarnation.0);
        if let Some(holders) = self.live_seats.get_mut(&job) {
            holders.remove(&key);
        }
        let Some(store) = &mut self.hub.store else { return };
        let Ok(seats) = quietly(self.hub.disk, || store.read(|tx| tx.seats(vshard, job))) else { return };
        let known: BTreeSet<_> =
            seats.iter().filter(|seat| seat.state == SeatState::Live).map(|seat| seat.sign_up).collect();
        let told: Vec<_> = self
            .model
            .confirmed_by(writer)
            .filter(|(sign_up, request)| request.job == job && !known.contains(sign_up))
            .map(|(sign_up, _)| sign_up)
            .collect();
        for sign_up in told {
            self.tally.sometimes("a receipt that the hub did not hold became void");
            self.model.ended(sign_up);
        }
    }

    /// An order was carried out durably.
    pub(crate) fn ordered(&mut self, done: Done) {
        match done {
            Done::Refused => {}
            Done::TooEarly(writer) => {
                self.tally.sometimes("a reclaim was refused because the lease may still run");
                self.after(ORDER_AGAIN_MS, Happening::LeaseOver(writer));
            }
            Done::Changed(vshard, job, what) => {
                note!(self, "job {job}: {what}");
                self.tally.sometimes(what);
                self.mark(vshard, [job]);
            }
            Done::Ended(vshard, writer, jobs, cause, detail) => {
                note!(self, "the incarnation {writer} is fenced: {detail}");
                self.mark(vshard, jobs);
                if cause.settles_by_itself() {
                    self.ends_sessions(writer, "its incarnation is over");
                } else {
                    self.fenced(writer, &detail);
                }
            }
            Done::Reclaimed(vshard, _, jobs) => self.mark(vshard, jobs.into_iter().map(|(job, _)| job)),
        }
    }

    pub(crate) fn ends_sessions(&mut self, writer: Writer, why: &str) {
        for number in self.sessions_of(writer) {
            self.hub_leaves(number, why);
        }
    }

    /// Sessions of an incarnation in which the hub believes.
    pub(super) fn sessions_of(&self, writer: Writer) -> Vec<u64> {
        let stands = |c: &super::network::Connection| c.writer == writer && c.hub.is_some();
        self.connections.iter().filter(|(_, c)| stands(c)).map(|(number, _)| *number).collect()
    }
}
