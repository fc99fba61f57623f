//! Workers and agencies: what they ask for, what they are told, and how they ask again when nobody answers.

use super::{Happening, World, faults::quietly, hub::Command, node::NodeEvent, note, tenant_of, topic_of};
use crate::{
    model::{RequestNo, pick_of},
    schedule::Act,
};
use edge_core::node::{Act as Gate, Answer, Attend, Claim, NewJob, SignUpRequest};
use sync_protocol::{
    documents::{Demands, JobFields, PayUnit, Status, WaitOrder, WaitRule},
    ids::{JobId, WorkerId},
    seats::LossPolicy,
};
use sync_store::FenceCause;

/// How often a worker comes back when nobody answers, and after how long.
const TRIES_MAX: u32 = 16;
/// Jobs that a worker looks for on the list.
const LOOKS: usize = 40;
const TRY_AGAIN_MS: u64 = 20_000;

/// Of four jobs one has its places drawn, and one gives them by seniority.
const fn wait_order(wall: i64) -> WaitOrder {
    match wall / 60 % 4 {
        0 => WaitOrder { rule: WaitRule::Lottery, draw_before_min: 45 },
        1 => WaitOrder { rule: WaitRule::Seniority, draw_before_min: 0 },
        _ => WaitOrder { rule: WaitRule::Arrival, draw_before_min: 0 },
    }
}

/// A job that starts in 90 minutes.
pub(crate) fn job_fields(region: usize, wall: i64) -> JobFields {
    JobFields {
        title: "分拣员".to_owned(),
        text: String::new(),
        category: "sorting".to_owned(),
        employer: "agency".to_owned(),
        place: "gate 3".to_owned(),
        position: None,
        start_at: wall + 90 * 60,
        end_at: wall + 180 * 60,
        pay_minor: 2_000,
        pay_unit: PayUnit::Hour,
        pay_minor_per_hour: 2_000,
        currency: "CNY".to_owned(),
        meal: false,
        bed: false,
        daily_pay: true,
        language: "zh".to_owned(),
        requirements: String::new(),
        demands: Demands::default(),
        synthetic: true,
        redated: false,
        no_show_after_min: 0,
        wait: wait_order(wall),
        created_at: wall,
        tenant: tenant_of(region).0,
        region: super::REGIONS[region % super::REGIONS.len()].to_owned(),
    }
}

pub(super) fn sixteen(number: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    bytes
}

impl World {
    /// Carries out one operation of the schedule.
    pub(crate) fn act(&mut self, act: &Act) {
        self.count_fault(act);
        match *act {
            Act::Import { region, seats, reclaim } => {
                let key = format!("import-{}", self.now);
                let policy = if reclaim { LossPolicy::Reclaim } else { LossPolicy::WriteOff };
                self.tell_hub(Command::Import { region, key, seats, policy });
            }
            Act::RaiseCap { region, pick, by } => self.raise_cap(region, pick, by),
            Act::CreateJob { node, seats } => {
                let place = &self.machines[node];
                if place.is_serving() {
                    let fields = job_fields(place.region, place.wall(self.now));
                    self.tell_node(
                        node,
                        NodeEvent::CreateJob(Box::new(NewJob {
                            fields,
                            seats,
                            policy: LossPolicy::WriteOff,
                            key: String::new(),
                            body_hash: [0; 16],
                        })),
                    );
                }
            }
            Act::SignUp { node, worker, pick } => self.sign_up(node, worker, pick),
            Act::Repeat { node, pick } => {
                if let Some(request) = self.model.recent_request(node, pick) {
                    self.submit(request);
                }
            }
            Act::Cancel { pick, elsewhere } => self.cancel(pick, elsewhere),
            Act::Read { pick } => self.read(pick),
            Act::Gate { pick } => self.gate(pick),
            Act::SetCap { region, pick, cap, bump } => self.set_cap(region, pick, cap, bump),
            Act::Close { region, pick } => self.close(region, pick),
            Act::Retire { node } => self.end(node, FenceCause::Retired),
            Act::Lose { node } => self.end(node, FenceCause::Replaced),
            Act::GiveUp { node, ms } => self.give_up(node, ms),
            Act::Carry { node, ms, fate } => self.export(node, ms, fate),
            Act::Cut { .. }
            | Act::Reset { .. }
            | Act::Crash { .. }
            | Act::Kill { .. }
            | Act::CrashAtWrite { .. }
            | Act::HubCrash { .. }
            | Act::HubEio { .. }
            | Act::HubDiskFull { .. }
            | Act::HubClock { .. }
            | Act::HubBackup
            | Act::HubRestore { .. }
            | Act::Eio { .. }
            | Act::DiskFull { .. }
            | Act::SlowDisk { .. }
            | Act::BitFlip { .. }
            | Act::Backup { .. }
            | Act::Restore { .. }
            | Act::Copy { .. }
            | Act::Hostile { .. }
            | Act::LoseReports { .. }
            | Act::Clock { .. } => self.strike(act),
        }
    }

    /// An agency imports a job again with more seats.
    fn raise_cap(&mut self, region: usize, pick: u64, by: u32) {
        let Some(job) = self.model.recent_job(region, 12, pick) else { return };
        let Some(facts) = self.model.jobs.get_mut(&job).filter(|facts| !facts.key.is_empty()) else { return };
        facts.cap += by;
        let (key, seats) = (facts.key.clone(), facts.cap);
        self.tell_hub(Command::Import { region, key, seats, policy: LossPolicy::WriteOff });
    }

    fn sign_up(&mut self, node: usize, worker: u64, pick: u64) {
        let node = self.machine_of(node, pick);
        let window = usize::try_from(self.scenario.jobs + self.scenario.births).unwrap_or(8).max(3);
        let Some(job) = self.job_on_the_list(node, window, pick) else { return };
        let request = self.model.asked(node, job, worker);
        self.submit(request);
    }

    /// A worker picks from what the node shows: the job that is picked, or the latest that this node knows and is open.
    fn job_on_the_list(&mut self, m: usize, window: usize, pick: u64) -> Option<JobId> {
        let place = &mut self.machines[m];
        let (disk, region) = (place.disk, place.region);
        let vshard = vshard_of(region);
        let picked = self.model.recent_job(region, window, pick)?;
        let Some(running) = &mut place.running else { return Some(picked) };
        let latest = self.model.by_region[region].iter().rev().take(LOOKS).copied();
        let on_the_list = [picked].into_iter().chain(latest).find(|job| {
            let known = quietly(disk, || running.store.read(|tx| tx.node_job(vshard, *job)));
            known.is_ok_and(|known| known.is_some_and(|(seats, _)| !seats.closed))
        });
        on_the_list.or(Some(picked))
    }

    /// The machine at a place; where a copy stands beside it, sometimes the copy.
    fn machine_of(&self, node: usize, pick: u64) -> usize {
        let copy = self.machines.iter().position(|m| m.copy_of == Some(node) && !m.retired);
        copy.filter(|_| pick.is_multiple_of(3)).unwrap_or(node)
    }

    /// A request reaches its node, or nobody answers there.
    fn submit(&mut self, number: RequestNo) {
        let request = &self.model.requests[number];
        let (m, job, worker) = (request.machine, request.job, request.worker);
        if !self.machines[m].is_serving() {
            return self.worker_failed(number);
        }
        let worker = WorkerId(sixteen(worker + 1));
        let wanted = SignUpRequest {
            job,
            worker,
            idempotency: sixteen(1 << 40 | number as u64),
            body_hash: worker.0,
            claim: Claim::default(),
        };
        self.tell_node(m, NodeEvent::SignUp(number, wanted));
    }

    /// Nobody answered: the worker comes back.
    pub(crate) fn worker_failed(&mut self, number: RequestNo) {
        let Some(request) = self.model.requests.get_mut(number) else { return };
        if request.told.is_some() || request.tries >= TRIES_MAX {
            return;
        }
        request.tries += 1;
        let wait = TRY_AGAIN_MS + self.random.below(TRY_AGAIN_MS);
        self.after(wait, Happening::Again(number));
    }

    pub(crate) fn try_again(&mut self, number: RequestNo) {
        if self.model.requests[number].told.is_none() {
            self.tally.sometimes("a worker came back under the same key");
            self.submit(number);
        }
    }

    /// One of the latest requests whose worker was told of a place or a place in line.
    fn standing_request(&self, pick: u64) -> Option<RequestNo> {
        let recent = self.model.requests.len().saturating_sub(400);
        let standing: Vec<RequestNo> = (recent..self.model.requests.len())
            .filter(|number| {
                let request = &self.model.requests[*number];
                request.told.is_some()
                    && !request.cancel_sent
                    && matches!(request.status, Some(Status::Confirmed | Status::WaitListed))
            })
            .collect();
        pick_of(&standing, pick).copied()
    }

    fn cancel(&mut self, pick: u64, elsewhere: bool) {
        let Some(number) = self.standing_request(pick) else { return };
        if elsewhere {
            return self.cancel_elsewhere(number, pick);
        }
        let request = &self.model.requests[number];
        let (m, told) = (request.machine, request.told);
        let Some((sign_up, writer)) = told else { return };
        // Only the holder frees a seat, and the worker stands before its kiosk.
        if self.machines[m].is_serving() && self.machines[m].writer == writer {
            self.model.cancels(number);
            self.tell_node(m, NodeEvent::Cancel(number, sign_up));
        }
    }

    /// A clerk at some node of the region: two of three workers came.
    fn gate(&mut self, pick: u64) {
        let Some(number) = self.standing_request(pick) else { return };
        let request = &self.model.requests[number];
        let (Some((sign_up, _)), at) = (request.told, request.machine) else { return };
        let region = self.machines[at].region;
        let serving: Vec<usize> = (0..self.machines.len())
            .filter(|m| self.machines[*m].region == region && self.machines[*m].is_serving())
            .collect();
        let Some(m) = pick_of(&serving, pick / 7).copied() else { return };
        let act = [Gate::CheckIn, Gate::CheckIn, Gate::NoShow, Gate::Dismiss]
            [usize::try_from(pick % 4).unwrap_or(0)];
        if matches!(act, Gate::NoShow | Gate::Dismiss) {
            // From here on the place is not claimed any more.
            self.model.cancels(number);
        }
        self.tell_node(m, NodeEvent::Attend(Attend { tenant: tenant_of(region), sign_up, act }));
    }

    /// A worker reads an answer, which is durable.
    pub(crate) fn worker_told(&mut self, m: usize, number: RequestNo, answer: &Answer) {
        let place = &self.machines[m];
        let (writer, is_up, number_of_node) = (place.writer, place.line.is_up, place.number);
        note!(
            self,
            "node {writer}: request {number} for {} -> {} {}",
            answer.job,
            answer.sign_up,
            answer.status.as_str()
        );
        let before = self.model.requests[number].status;
        if before == Some(Status::WaitListed) && answer.status == Status::Confirmed {
            self.tally.sometimes("a waiting sign-up was promoted");
        }
        // What the hub's own node has accepted has no receipt of this node: not in a repeated answer, and not in that to
        // a wish to cancel, which is passed on to the hub.
        let is_old = answer.repeated || self.model.requests[number].cancel_sent;
        if answer.status == Status::Confirmed && answer.receipt.is_none() && !is_old {
            self.fail("answer", format!("{} is confirmed without a receipt", answer.sign_up));
        }
        if answer.repeated {
            self.tally.sometimes("a repeated request was answered as before");
        }
        if answer.status == Status::Confirmed && !is_up {
            self.tally.sometimes("a sign-up was confirmed while cut");
        }
        let first = self.model.requests[number].told.is_none();
        if first {
            self.tally.sign_up(number_of_node, self.now, answer.status);
        }
        let forked = self.directory.forked.contains_key(&writer);
        let told = self.model.told(number, answer.sign_up, answer.status, writer, forked, self.now);
        self.take(told);
        self.keep_bookmark(m, number, answer);
        // A receipt that was on its way when its rights were reclaimed is as void as those that had come.
        if self.directory.reclaimed.contains(&(writer, answer.job)) && !self.is_known_live(answer) {
            self.model.ended(answer.sign_up);
        }
    }
}

impl World {
    fn is_known_live(&mut self, answer: &Answer) -> bool {
        let vshard = self.model.jobs.get(&answer.job).map(|facts| vshard_of(facts.region));
        let (Some(vshard), Some(store)) = (vshard, self.hub.store.as_mut()) else { return false };
        let seat = quietly(self.hub.disk, || store.read(|tx| tx.seat(vshard, answer.job, answer.sign_up)));
        matches!(seat, Ok(Some(seat)) if seat.state == sync_protocol::seats::SeatState::Live)
    }
}

/// The vshard in which a region's jobs lie.
pub(crate) fn vshard_of(region: usize) -> sync_protocol::ids::VshardId {
    topic_of(region).1
}
