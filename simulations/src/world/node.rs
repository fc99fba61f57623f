//! One machine with a node on it: its event loop as the node's server has it.
//!
//! A batch of events is one transaction; then the witness; then, once the disk's time has passed, the answers. What fails
//! takes its whole batch with it.

use super::{EPOCH, Happening, REGIONS, World, carried::CARRIED, key_of, note};
use crate::{disk, model::RequestNo, random::Random, schedule::Jump, vfs, witness_file::DiskFile};
use edge_core::node::{
    Act, Answer, Attend, AttendRefusal, Batch, CancelRefusal, Decision, EdgeNode, JobRefusal, NewJob,
    PendingAsk, SignUpRefusal, SignUpRequest, Uplink,
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::Path,
};
use sync_protocol::{
    ids::{JobId, SignUpId, VshardId, Writer},
    limits::CLOCK_DRIFT_PERCENT,
    log::LogHead,
    mutant::{self, Mutant},
    wire::v1::{Down, DownState, Interest, Outcome, UpAck},
};
use sync_store::{OpenOptions, ShardTx, SqliteShard, StoreError, Witness};

pub(crate) const DATABASE: &str = "node.sqlite";
/// As in the node's server.
const BATCH_EVENTS_MAX: usize = 256;
/// Disks of nodes, from fast to slow.
pub(crate) const COMMIT_MS: [u64; 3] = [4, 20, 50];
pub(crate) const ASK_WAIT_MS: u64 = 800;

/// What a running node has open.
pub(crate) struct Running {
    pub(crate) me: EdgeNode,
    pub(crate) store: SqliteShard,
    pub(crate) witness: Witness,
    /// As in the node's server: the disk was full at the last batch.
    is_full: bool,
}

/// A machine.
pub(crate) struct Machine {
    /// Number of the node that its identity names; a copy has the same.
    pub(crate) number: u32,
    pub(crate) region: usize,
    pub(crate) disk: usize,
    pub(crate) writer: Writer,
    pub(crate) running: Option<Running>,
    /// Rises with each start and stop.
    pub(crate) boot: u64,
    pub(crate) frozen: Option<String>,
    /// The machine is no longer used.
    pub(crate) retired: bool,
    pub(crate) copy_of: Option<usize>,
    queue: VecDeque<NodeEvent>,
    busy: bool,
    pub(crate) asking: BTreeMap<SignUpId, (PendingAsk, RequestNo)>,
    pub(crate) line: super::network::Line,
    pub(crate) clock: Clock,
    pub(crate) boot_clock: BootClock,
    /// Until when its lease runs, by its boot clock. A restart ends it.
    pub(crate) leased_until: u64,
    /// Batches of a carried answer that are still to be applied.
    pub(crate) carried: VecDeque<Down>,
    /// What a commit takes at least; a kiosk's flash card needs tens of milliseconds for a sync.
    pub(crate) commit_ms: u64,
    /// How many times as long as on a fast disk a commit takes.
    pub(crate) slow: u64,
    pub(crate) malice: super::strangers::Malice,
    pub(crate) loses_reports_until: u64,
    pub(crate) backup: Option<(u64, disk::Image)>,
    /// Rights that it had given back of each job when that copy was made.
    pub(crate) given_back_at_backup: BTreeMap<JobId, u32>,
    /// Entries of its logs that its witness has seen when an older database was put beside it.
    pub(crate) witnessed: Option<u64>,
    /// A bit of its database was turned over.
    pub(crate) is_flipped: bool,
    /// Some commit was not recorded in the witness.
    pub(crate) witness_lacks: bool,
}

/// A wall clock; no safety argument uses it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Clock {
    pub(crate) offset_s: i64,
    pub(crate) stuck_at: Option<i64>,
}

impl Clock {
    /// Epoch seconds as it says.
    pub(crate) fn at(&self, now: u64) -> i64 {
        let right = EPOCH + i64::try_from(now / 1_000).unwrap_or(0);
        self.stuck_at.unwrap_or(right) + self.offset_s
    }

    pub(crate) fn jump(&mut self, jump: Jump, now: u64) {
        let said = self.at(now);
        *self = Self::default();
        match jump {
            Jump::To1970 => self.offset_s = 60 - self.at(now),
            Jump::Ahead400Days => self.offset_s = 400 * 86_400,
            Jump::Back1Hour => self.offset_s = -3_600,
            Jump::Stuck => self.stuck_at = Some(said),
            Jump::Right => {}
        }
    }
}

/// A clock that runs from boot; no two run at one pace.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BootClock {
    /// Of a thousand milliseconds: too many or too few.
    drift: i64,
    since: u64,
}

impl BootClock {
    /// Two of these drift apart by what the lease allows for, at most.
    pub(crate) fn drifting(random: &mut Random) -> Self {
        let most = i64::try_from(CLOCK_DRIFT_PERCENT * 5).unwrap_or(0);
        let drift = i64::try_from(random.below(CLOCK_DRIFT_PERCENT * 10 + 1)).unwrap_or(0) - most;
        Self { drift, since: 0 }
    }

    pub(crate) const fn restart(&mut self, now: u64) {
        self.since = now;
    }

    /// Milliseconds since boot.
    pub(crate) const fn at(&self, now: u64) -> u64 {
        let passed = now.saturating_sub(self.since);
        passed.saturating_add_signed(passed.cast_signed() * self.drift / 1_000)
    }
}

/// What can happen to a node.
pub(crate) enum NodeEvent {
    SignUp(RequestNo, SignUpRequest),
    CompleteAsk(RequestNo, Box<PendingAsk>, Option<Outcome>),
    Cancel(RequestNo, SignUpId),
    /// Whoever answered holds the place, or somebody else: this node passes on that it is given back.
    Wish(SignUpId),
    CreateJob(Box<NewJob>),
    Attend(Attend),
    Receive(u64, Down),
    /// The hub welcomed this node: keep the number of the contact.
    Contact(u64, u64),
    Acked(u64, UpAck),
    Interest(u64, Interest),
    /// The incarnation is over: close its logs for good.
    Retire(String, Interest),
}

/// An answer that waits for the disk.
#[derive(Debug)]
pub(crate) enum Reply {
    Told(RequestNo, Box<Answer>),
    Ask(RequestNo, Box<PendingAsk>),
    Refused(RequestNo, &'static str),
    Wished(Box<Answer>),
    /// Nothing of the request was kept, or nobody can tell.
    Failed(RequestNo),
    Created(JobId, u32),
    Attended(&'static str),
    Applied(u64, DownState),
    Kept(u64, u64),
    /// A word of the hub that needs no answer is written down.
    Heard(u64),
    NotApplied(u64),
}

struct Committed {
    heads: BTreeMap<VshardId, LogHead>,
    changed: BTreeSet<JobId>,
    interest: Option<Interest>,
    retired: Option<String>,
}

impl Machine {
    pub(crate) fn new(number: u32, region: usize, disk: usize, commit_ms: u64) -> Self {
        Self {
            number,
            region,
            disk,
            writer: Writer::new(number, 0),
            running: None,
            boot: 0,
            frozen: None,
            retired: false,
            copy_of: None,
            queue: VecDeque::new(),
            busy: false,
            asking: BTreeMap::new(),
            line: super::network::Line::default(),
            clock: Clock::default(),
            boot_clock: BootClock::default(),
            leased_until: 0,
            carried: VecDeque::new(),
            commit_ms,
            slow: 1,
            malice: super::strangers::Malice::default(),
            loses_reports_until: 0,
            backup: None,
            given_back_at_backup: BTreeMap::new(),
            witnessed: None,
            is_flipped: false,
            witness_lacks: false,
        }
    }

    /// Epoch seconds as the machine's clock says.
    pub(crate) fn wall(&self, now: u64) -> i64 {
        self.clock.at(now)
    }

    /// Whether its lease runs.
    pub(crate) const fn is_leased(&self, now: u64) -> bool {
        self.boot_clock.at(now) < self.leased_until
    }

    pub(crate) const fn is_serving(&self) -> bool {
        self.running.is_some() && self.frozen.is_none()
    }

    fn open(&self) -> Result<Running, StoreError> {
        let path = format!("{}/{DATABASE}", self.disk);
        let mut store = OpenOptions::new(Path::new(&path)).vfs(vfs::NAME).open()?;
        let region = REGIONS[self.region % REGIONS.len()];
        let mut me = EdgeNode::new(self.writer, region, &key_of(self.writer), b"certificate", 0);
        store.transact(|tx| me.load(tx))?;
        // A witness that cannot be read stops the start, as any failing disk does.
        let witness = Witness::on(Path::new("witness"), Box::new(DiskFile::new(self.disk)))
            .map_err(|_| StoreError::BadRow("witness file"))?;
        Ok(Running { me, store, witness, is_full: false })
    }
}

impl World {
    /// Starts the node on a machine that has power.
    pub(crate) fn start(&mut self, m: usize) {
        let place = &mut self.machines[m];
        if place.retired || place.running.is_some() {
            return;
        }
        place.boot += 1;
        place.boot_clock.restart(self.now);
        match place.open() {
            Ok(running) => place.running = Some(running),
            Err(error) if error.is_corrupt() => {
                note!(self, "machine {m}: the database is damaged");
                self.tally.sometimes("a damaged database was noticed at the start");
                return self.broken(m);
            }
            Err(error) => {
                note!(self, "machine {m} does not start: {error}");
                return if self.lost_power(m) {
                    self.goes_down(m, 3_000)
                } else {
                    self.after(5_000, Happening::PowerOn(m))
                };
            }
        }
        note!(self, "machine {m} runs node {}", place.writer);
        self.check_witness(m);
        self.check_kept(m);
        let boot = self.machines[m].boot;
        self.after(1, Happening::TryConnect(m, boot));
    }

    fn check_witness(&mut self, m: usize) {
        let place = &mut self.machines[m];
        let Some(running) = &mut place.running else { return };
        let Ok(own) = running.store.read(|tx| tx.own_heads()) else { return };
        let came_to: u64 = own.iter().map(|(_, head)| head.wseq).sum();
        let must_freeze = place.witnessed.take().is_some_and(|witnessed| came_to < witnessed);
        let rolled_back = running.witness.rolled_back(&own.into_iter().collect()).is_some();
        if must_freeze && !rolled_back {
            let text = format!("machine {m} went back to {came_to} entries, and its witness did not notice");
            return self.fail("invariant", text);
        }
        if rolled_back {
            note!(self, "machine {m}: the database is older than its witness; frozen");
            self.tally.sometimes("a witness noticed a database that was rolled back");
            self.freeze(m, "rolled back");
        }
    }

    /// Stops all writes; the operator lets the node join anew.
    pub(crate) fn freeze(&mut self, m: usize, why: &str) {
        let place = &mut self.machines[m];
        if place.frozen.is_none() {
            place.frozen = Some(why.to_owned());
            let wait = self.random.between(60_000, 900_000);
            self.after(if self.healing { 1_000 } else { wait }, Happening::Rejoin(m));
        }
    }

    /// The machine's data cannot be used any more.
    pub(crate) fn broken(&mut self, m: usize) {
        self.machines[m].running = None;
        self.freeze(m, "damaged");
    }

    /// Hands an event to the loop.
    pub(crate) fn tell_node(&mut self, m: usize, event: NodeEvent) {
        let place = &mut self.machines[m];
        place.queue.push_back(event);
        if !place.busy {
            place.busy = true;
            let boot = place.boot;
            self.after(0, Happening::NodeTurn(m, boot));
        }
    }

    pub(crate) fn node_turn(&mut self, m: usize, boot: u64) {
        let now = self.now;
        let place = &mut self.machines[m];
        if place.boot != boot {
            return;
        }
        let count = place.queue.len().min(BATCH_EVENTS_MAX);
        let mut events: VecDeque<NodeEvent> = place.queue.drain(..count).collect();
        let mut replies = Vec::with_capacity(count);
        let wall = place.wall(now);
        let uplink = if place.line.is_up { Uplink::Up } else { Uplink::Down };
        let footing = (wall, uplink, place.is_leased(now));
        let took = self.random.between(place.commit_ms, 2 * place.commit_ms)
            + (place.slow - 1) * self.random.between(3, 10);
        match &mut place.running {
            Some(running) if place.frozen.is_none() => {
                let Running { me, store, witness, is_full } = running;
                if mutant::is(Mutant::CursorFirst) {
                    for event in &events {
                        if let NodeEvent::Receive(_, down) = event {
                            let state =
                                DownState { vshard: down.vshard, history: down.history, seq: down.upto };
                            drop(store.transact(|tx| tx.put_cursor(state)));
                        }
                    }
                }
                let done = store.transact(|tx| commit(me, tx, footing, &mut events, &mut replies));
                match done {
                    Ok(committed) => {
                        *is_full = false;
                        let witnessed = witness.record(&committed.heads).is_ok();
                        if let Some(interest) = committed.interest {
                            me.learn(interest);
                        }
                        if let Some(reason) = committed.retired {
                            me.retire(&reason);
                        }
                        if !witnessed {
                            place.witness_lacks = true;
                            self.tally.sometimes("a commit was durable and its witness was not");
                            replies.iter_mut().for_each(fail);
                        }
                        self.committed(m, &committed.heads, &committed.changed);
                    }
                    Err(error) => {
                        if mutant::is(Mutant::AnswerBeforeCommit) {
                            for reply in replies.drain(..) {
                                self.reply(m, reply);
                            }
                        }
                        replies.iter_mut().for_each(fail);
                        self.batch_failed(m, &error);
                    }
                }
            }
            Some(_) | None => {}
        }
        replies.extend(events.iter().filter_map(refused));
        if self.lost_power(m) {
            let down = self.machines[m].line.down_for_ms;
            return self.goes_down(m, down);
        }
        self.after(took, Happening::NodeDone(m, boot, replies));
    }

    fn committed(&mut self, m: usize, heads: &BTreeMap<VshardId, LogHead>, changed: &BTreeSet<JobId>) {
        for (vshard, head) in heads {
            self.own_grew(m, *vshard, head.wseq);
        }
        self.check_node(m, changed);
    }

    fn batch_failed(&mut self, m: usize, error: &StoreError) {
        note!(self, "machine {m}: a batch was not committed: {error}");
        if matches!(error, StoreError::Full(_)) {
            self.tally.sometimes("a batch found the disk full");
            if let Some(running) = self.machines[m].running.as_mut().filter(|running| !running.is_full) {
                running.is_full = true;
                // The write-ahead log may hold most of what the disk lacks.
                drop(running.store.checkpoint());
            }
        } else if error.is_corrupt() {
            self.freeze(m, "damaged");
        } else {
            self.tally.sometimes("a batch met an I/O error");
        }
    }

    pub(crate) fn node_done(&mut self, m: usize, boot: u64, replies: Vec<Reply>) {
        if self.machines[m].boot != boot {
            self.tally.sometimes("a crash between commit and answer");
            return;
        }
        for reply in replies {
            self.reply(m, reply);
        }
        let place = &mut self.machines[m];
        place.busy = !place.queue.is_empty();
        if place.busy {
            self.node_turn(m, boot);
        }
    }

    fn reply(&mut self, m: usize, reply: Reply) {
        match reply {
            Reply::Told(request, answer) => self.worker_told(m, request, &answer),
            Reply::Ask(request, pending) => self.ask_hub(m, request, *pending),
            Reply::Wished(answer) => self.wish_taken(m, &answer),
            Reply::Refused(request, why) => {
                self.check_refusal(m, request, why);
                note!(self, "node {} refuses request {request}: {why}", self.machines[m].writer);
                self.tally.refused += 1;
            }
            Reply::Failed(request) => self.worker_failed(request),
            Reply::Created(job, cap) => {
                note!(self, "job {job} with {cap} seats is born at machine {m}");
                if !self.machines[m].line.is_up {
                    self.tally.sometimes("a job was born while cut");
                }
                self.model.posted(job, self.machines[m].region, cap, String::new());
            }
            Reply::Attended(what) => {
                note!(self, "machine {m}: {what}");
                self.tally.sometimes(what);
            }
            Reply::Heard(_) => {}
            Reply::Applied(CARRIED, _) => {
                self.machines[m].carried.pop_front();
                self.next_carried(m);
            }
            Reply::NotApplied(CARRIED) => self.machines[m].carried.clear(),
            Reply::Applied(connection, state) => self.applied(connection, state),
            Reply::Kept(connection, contact) => self.kept(connection, contact),
            Reply::NotApplied(connection) => {
                self.node_leaves(connection, "a batch of the hub was not applied")
            }
        }
    }

    /// Forgets what was only in memory.
    pub(crate) fn forget_memory(&mut self, m: usize) {
        let place = &mut self.machines[m];
        place.boot += 1;
        place.running = None;
        place.busy = false;
        place.queue.clear();
        place.asking.clear();
        place.carried.clear();
        place.leased_until = 0;
    }
}

fn fail(reply: &mut Reply) {
    *reply = match *reply {
        Reply::Told(request, _)
        | Reply::Ask(request, _)
        | Reply::Refused(request, _)
        | Reply::Failed(request) => Reply::Failed(request),
        // The session would go on as if it were known; the next one says it again.
        Reply::Heard(_) if mutant::is(Mutant::WordLost) => return,
        Reply::Applied(connection, _)
        | Reply::Kept(connection, _)
        | Reply::Heard(connection)
        | Reply::NotApplied(connection) => Reply::NotApplied(connection),
        // Nobody waits for a job that was not made.
        Reply::Created(..) | Reply::Attended(_) | Reply::Wished(_) => Reply::Failed(RequestNo::MAX),
    };
}

fn commit(
    me: &EdgeNode,
    tx: &mut dyn ShardTx,
    (wall, uplink, leased): (i64, Uplink, bool),
    events: &mut VecDeque<NodeEvent>,
    replies: &mut Vec<Reply>,
) -> Result<Committed, StoreError> {
    let (mut interest, mut retired) = (None, None);
    let mut batch = Batch::new(me, tx, wall, uplink);
    batch.leased = leased;
    while let Some(event) = events.pop_front() {
        if let NodeEvent::Interest(_, told) = &event {
            EdgeNode::store_interest(batch.tx, told)?;
            interest = Some(told.clone());
        }
        if let NodeEvent::Retire(reason, _) = &event {
            retired = Some(reason.clone());
        }
        let who = refused(&event);
        match handle(me, &mut batch, event) {
            Ok(reply) => replies.extend(reply),
            Err(error) => {
                replies.extend(who);
                return Err(error);
            }
        }
    }
    Ok(Committed {
        heads: std::mem::take(&mut batch.heads),
        changed: std::mem::take(&mut batch.changed),
        interest,
        retired,
    })
}

/// Who is told that nothing came of an event.
fn refused(event: &NodeEvent) -> Option<Reply> {
    match event {
        NodeEvent::SignUp(request, _)
        | NodeEvent::CompleteAsk(request, ..)
        | NodeEvent::Cancel(request, _) => Some(Reply::Failed(*request)),
        NodeEvent::Receive(connection, _)
        | NodeEvent::Contact(connection, _)
        | NodeEvent::Acked(connection, _)
        | NodeEvent::Interest(connection, _) => Some(Reply::NotApplied(*connection)),
        NodeEvent::CreateJob(_) | NodeEvent::Wish(_) | NodeEvent::Attend(_) | NodeEvent::Retire(..) => None,
    }
}

fn handle(me: &EdgeNode, batch: &mut Batch<'_>, event: NodeEvent) -> Result<Option<Reply>, StoreError> {
    Ok(match event {
        NodeEvent::SignUp(request, wanted) => Some(match batch.sign_up(&wanted) {
            Ok(Decision::Answer(answer)) => Reply::Told(request, answer),
            Ok(Decision::Ask(pending)) => Reply::Ask(request, Box::new(pending)),
            Err(refusal) => Reply::Refused(request, refusal_words(refusal)?),
        }),
        NodeEvent::CompleteAsk(request, pending, outcome) => {
            Some(match batch.complete_ask(&pending, outcome) {
                Ok(answer) => Reply::Told(request, Box::new(answer)),
                Err(refusal) => Reply::Refused(request, refusal_words(refusal)?),
            })
        }
        NodeEvent::Cancel(request, sign_up) => Some(match batch.cancel(sign_up) {
            Ok(answer) => Reply::Told(request, Box::new(answer)),
            Err(CancelRefusal::Store(error)) => return Err(error),
            Err(CancelRefusal::Unknown | CancelRefusal::Retired | CancelRefusal::Came) => {
                Reply::Refused(request, "cancel: not held here")
            }
        }),
        NodeEvent::Wish(sign_up) => match batch.cancel(sign_up) {
            Ok(answer) => Some(Reply::Wished(Box::new(answer))),
            Err(CancelRefusal::Store(error)) => return Err(error),
            Err(CancelRefusal::Unknown | CancelRefusal::Retired | CancelRefusal::Came) => None,
        },
        NodeEvent::CreateJob(new) => match batch.create_job(&new) {
            Ok(job) => Some(Reply::Created(job, new.seats)),
            Err(JobRefusal::Store(error)) => return Err(error),
            Err(
                JobRefusal::NoTopic
                | JobRefusal::Seats
                | JobRefusal::Times
                | JobRefusal::KeyReused
                | JobRefusal::Absurd(_)
                | JobRefusal::Document(_)
                | JobRefusal::Retired
                | JobRefusal::Draining,
            ) => None,
        },
        NodeEvent::Attend(order) => attend(batch, order)?,
        NodeEvent::Receive(connection, down) => Some(Reply::Applied(connection, batch.receive(&down)?)),
        NodeEvent::Contact(connection, number) => {
            me.store_contact(batch.tx, number)?;
            Some(Reply::Kept(connection, number))
        }
        NodeEvent::Acked(connection, ack) => {
            batch.tx.put_acked(VshardId(ack.vshard), ack.wseq)?;
            Some(Reply::Heard(connection))
        }
        NodeEvent::Interest(connection, _) => Some(Reply::Heard(connection)),
        NodeEvent::Retire(reason, interest) => {
            batch.retire(&reason, &interest)?;
            None
        }
    })
}

fn attend(batch: &mut Batch<'_>, order: Attend) -> Result<Option<Reply>, StoreError> {
    Ok(match batch.attend(order) {
        Ok(_) => Some(Reply::Attended(match order.act {
            Act::NoShow | Act::Dismiss => "a place was taken from somebody who did not come",
            Act::CheckIn | Act::CheckInByReceipt(_) | Act::CheckOut | Act::Minutes(_) => {
                "a worker was checked in"
            }
        })),
        Err(AttendRefusal::Store(error)) => return Err(error),
        Err(
            AttendRefusal::Unknown
            | AttendRefusal::Retired
            | AttendRefusal::NotConfirmed(_)
            | AttendRefusal::CameAlready
            | AttendRefusal::NotIn
            | AttendRefusal::TooEarly
            | AttendRefusal::Minutes
            | AttendRefusal::TooManyEarly
            | AttendRefusal::NoRoom(_),
        ) => None,
    })
}

fn refusal_words(refusal: SignUpRefusal) -> Result<&'static str, StoreError> {
    Ok(match refusal {
        SignUpRefusal::UnknownJob => "unknown job",
        SignUpRefusal::Closed => "closed",
        SignUpRefusal::AlreadySignedUp(_) => "signed up already",
        SignUpRefusal::Unfit(unfit) => unfit.code(),
        SignUpRefusal::KeyReused => "key reused",
        SignUpRefusal::Retired => "retired",
        SignUpRefusal::Draining => "draining",
        SignUpRefusal::Store(error) => return Err(error),
    })
}
