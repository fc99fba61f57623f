//! The hub: one shard file with group commit, the checks of a hello, and what a session asks for.

use super::{
    Happening, World,
    faults::quietly,
    node::{BootClock, Clock},
    note, topic_of,
};
use crate::{disk, schedule::Fate, vfs};
use hub_core::{
    agenda::{Chunk, Passed},
    hello::Next,
    leases::Leases,
    shard::{self, Answer, Author, Imported, JobPost, Shard, Taken},
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::Path,
};
use sync_protocol::{
    documents::WaitOrder,
    ids::{JobId, TenantId, TopicId, VshardId, Writer},
    limits::{BATCH_BYTES_MAX, BATCH_ENTRIES_MAX},
    mutant::{self, Mutant},
    seats::LossPolicy,
    wire::v1::{Ask, DownState, Outcome, Reason, Up, Verdict},
};
use sync_store::{FenceCause, OpenOptions, ShardTx, SqliteShard, StoreError};

pub(crate) const DATABASE: &str = "shard-0.sqlite";
/// As in the hub's server: commands of one transaction, and the pause between checkpoints.
const GROUP_MAX: usize = 64;
const CHECKPOINT_MS: u64 = 15_000;
const SEAL_KEY: [u8; 32] = [9; 32];

/// The hub's machine.
pub(crate) struct Hub {
    pub(crate) disk: usize,
    pub(crate) store: Option<SqliteShard>,
    pub(crate) boot: u64,
    queue: VecDeque<Command>,
    busy: bool,
    pub(crate) heads: BTreeMap<VshardId, u64>,
    /// When something was heard from each incarnation, since the start.
    pub(crate) contacts: BTreeMap<Writer, u64>,
    /// What each node has acknowledged since this start.
    pub(super) cursors: BTreeMap<Writer, BTreeMap<VshardId, DownState>>,
    pub(crate) agenda: super::scheduler::Agenda,
    pub(crate) boot_clock: BootClock,
    pub(crate) clock: Clock,
    pub(crate) leases: Leases,
    checkpoint_is_due: bool,
    pub(crate) down_for_ms: u64,
    /// What a commit takes at least: a disk of its own, or one that many share.
    commit_ms: u64,
}

/// Work for the shard's writer.
pub(crate) enum Command {
    Merge(u64, Writer, Up),
    Ask(u64, Writer, Ask),
    /// A tenant's order that a node passed on.
    Passed(u64, Writer, sync_protocol::command::Command),
    Import {
        region: usize,
        key: String,
        seats: u32,
        policy: LossPolicy,
    },
    Pass(Chunk),
    Order(super::orders::Order),
    /// A node's session in a file.
    Carried {
        m: usize,
        file: Vec<u8>,
        ms: u64,
        fate: Fate,
    },
    /// A question of the judgement of a hello.
    Hear(u64, Box<Next>),
    /// A node holds the number of a contact.
    Held(u64, Writer, u64),
}

/// What a command came to, once it is durable.
#[derive(Debug)]
pub(crate) enum Settled {
    Merged(u64, Writer, VshardId, Taken),
    Verdict(u64, VshardId, Verdict),
    PassedOn(u64, JobId, sync_protocol::command::Commanded),
    Imported { region: usize, seats: u32, key: String, imported: Imported },
    Passed(Chunk, Passed),
    NotPassed(Chunk),
    Failed(Option<u64>),
    Ordered(super::orders::Done),
    Heard(u64, Box<Next>),
    Carried { m: usize, writer: Writer, account: super::carried::Account, ms: u64, fate: Fate },
    Noted,
}

impl Hub {
    pub(crate) fn new(disk: usize, commit_ms: u64) -> Self {
        Self {
            disk,
            store: None,
            boot: 0,
            queue: VecDeque::new(),
            busy: false,
            heads: BTreeMap::new(),
            contacts: BTreeMap::new(),
            cursors: BTreeMap::new(),
            agenda: super::scheduler::Agenda::default(),
            boot_clock: BootClock::default(),
            clock: Clock::default(),
            leases: Leases::default(),
            checkpoint_is_due: false,
            down_for_ms: 0,
            commit_ms,
        }
    }
}

impl World {
    /// Starts the hub on a machine that has power.
    pub(crate) fn start_hub(&mut self) {
        let path = format!("{}/{DATABASE}", self.hub.disk);
        self.hub.boot += 1;
        self.hub.boot_clock.restart(self.now);
        self.hub.cursors.clear();
        match OpenOptions::new(Path::new(&path)).vfs(vfs::NAME).open() {
            Ok(mut store) => {
                let sealed = quietly(self.hub.disk, || store.transact(|tx| shard::keep_seal(tx, &SEAL_KEY)));
                if sealed.is_err() {
                    return self.after(3_000, Happening::HubPowerOn);
                }
                self.hub.store = Some(store);
            }
            Err(error) if error.is_corrupt() => {
                return self.fail("lost", format!("the hub's file is damaged after a power cut: {error}"));
            }
            Err(_) => return self.after(3_000, Happening::HubPowerOn),
        }
        note!(self, "the hub runs");
        self.look_at_the_clock(self.hub.boot);
        self.finish_fences();
    }

    /// Hands a command to the shard's writer.
    pub(crate) fn tell_hub(&mut self, command: Command) {
        if self.hub.store.is_none() {
            return;
        }
        self.hub.queue.push_back(command);
        if !self.hub.busy {
            self.hub.busy = true;
            let boot = self.hub.boot;
            self.after(0, Happening::HubTurn(boot));
        }
    }

    pub(crate) fn hub_turn(&mut self, boot: u64) {
        if self.hub.boot != boot {
            return;
        }
        let count = self.hub.queue.len().min(GROUP_MAX);
        let group: Vec<Command> = self.hub.queue.drain(..count).collect();
        let mut touched = BTreeSet::new();
        if mutant::is(Mutant::AckBeforeCommit) {
            self.answer_early(&group);
        }
        let settled = self.commit_group(group, &mut touched);
        if disk::with(self.hub.disk, |disk| disk.is_off()) {
            if !settled.is_empty() {
                self.tally.sometimes("the hub lost power in a transaction");
            }
            let down = self.hub.down_for_ms;
            return self.hub_goes_down(down);
        }
        if !std::mem::replace(&mut self.hub.checkpoint_is_due, true) {
            self.after(CHECKPOINT_MS, Happening::Checkpoint(boot));
        }
        self.pass_on(&settled);
        self.check_hub(&touched);
        let took = self.random.between(self.hub.commit_ms, 2 * self.hub.commit_ms);
        self.after(took, Happening::HubDone(boot, settled));
    }

    /// One transaction for all; where it fails, each command has one of its own.
    fn commit_group(&mut self, group: Vec<Command>, touched: &mut BTreeSet<JobId>) -> Vec<Settled> {
        let wall = self.hub_wall();
        let Some(store) = &mut self.hub.store else { return Vec::new() };
        let (directory, contacts, now) = (&self.directory, &self.hub.contacts, self.now);
        let (agenda, cursors, connections) = (&self.hub.agenda, &self.hub.cursors, &self.connections);
        let (leases, at) = (&self.hub.leases, self.hub.boot_clock.at(self.now));
        let lease_is_over = &|writer: Writer| leases.is_over(writer, at);
        let apply_all = |store: &mut SqliteShard, group: &[Command], touched: &mut BTreeSet<JobId>| {
            store.transact(|tx| {
                let mut settled = Vec::with_capacity(group.len());
                for command in group {
                    let mut at = At {
                        tx,
                        wall,
                        now,
                        directory,
                        contacts,
                        agenda,
                        cursors,
                        connections,
                        lease_is_over,
                        touched,
                    };
                    settled.push(at.apply(command)?);
                }
                Ok(settled)
            })
        };
        match apply_all(store, &group, touched) {
            Ok(settled) => settled,
            Err(_) => {
                let mut all = Vec::new();
                for command in group {
                    match apply_all(store, std::slice::from_ref(&command), touched) {
                        Ok(settled) => all.extend(settled),
                        Err(_) => all.push(command.failed()),
                    }
                }
                all
            }
        }
    }

    /// A bug to be found: verdicts leave before what they tell is durable.
    fn answer_early(&mut self, group: &[Command]) {
        let wall = self.hub_wall();
        let Some(store) = &mut self.hub.store else { return };
        let (directory, contacts, now) = (&self.directory, &self.hub.contacts, self.now);
        let (agenda, cursors, connections) = (&self.hub.agenda, &self.hub.cursors, &self.connections);
        let (leases, at) = (&self.hub.leases, self.hub.boot_clock.at(self.now));
        let lease_is_over = &|writer: Writer| leases.is_over(writer, at);
        let early = store.read(|tx| {
            let mut touched = BTreeSet::new();
            let mut settled = Vec::new();
            for command in group {
                let touched = &mut touched;
                let mut at = At {
                    tx,
                    wall,
                    now,
                    directory,
                    contacts,
                    agenda,
                    cursors,
                    connections,
                    lease_is_over,
                    touched,
                };
                settled.push(at.apply(command)?);
            }
            Ok(settled)
        });
        for settled in early.into_iter().flatten() {
            if let Settled::Verdict(number, _, verdict) = settled {
                self.hub_session(number, |session| session.handle_verdict(verdict));
            }
        }
    }

    pub(crate) fn hub_done(&mut self, boot: u64, settled: Vec<Settled>) {
        if self.hub.boot != boot {
            self.tally.sometimes("the hub crashed between commit and answer");
            return;
        }
        for one in settled {
            self.settle(one);
        }
        self.tell_growth();
        self.hub.busy = !self.hub.queue.is_empty();
        if self.hub.busy {
            self.hub_turn(boot);
        }
    }

    fn settle(&mut self, settled: Settled) {
        match settled {
            Settled::Merged(number, writer, vshard, taken) => self.taken(number, writer, vshard, taken),
            Settled::Verdict(number, vshard, verdict) => {
                self.mark(vshard, [verdict.job]);
                self.hub_session(number, |session| session.handle_verdict(verdict));
            }
            Settled::PassedOn(number, job, commanded) => self.was_passed_on(number, job, commanded),
            Settled::Imported { region, seats, key, imported } => self.imported(region, seats, key, imported),
            Settled::Passed(chunk, passed) => self.passed(&chunk, passed),
            Settled::NotPassed(chunk) => self.not_passed(chunk),
            Settled::Ordered(done) => self.ordered(done),
            Settled::Heard(number, next) => self.heard(number, *next),
            Settled::Carried { m, writer, account, ms, fate } => self.carried(m, writer, account, ms, fate),
            Settled::Noted => {}
            Settled::Failed(number) => {
                if let Some(number) = number {
                    self.hub_leaves(number, "its shard failed");
                }
            }
        }
    }

    fn taken(&mut self, number: u64, writer: Writer, vshard: VshardId, taken: Taken) {
        if let Some(merged) = &taken.merged {
            self.reported(writer, vshard, merged);
            if merged.settled {
                note!(self, "node {writer} is settled by its whole log");
            }
            if merged.parked > 0 {
                self.parked(writer, merged.parked);
            }
        }
        match taken.answer {
            Answer::Acknowledge(wseq) => {
                self.check_chain(number, writer, vshard, wseq);
                self.hub_session(number, |session| session.handle_merged(vshard, wseq));
            }
            Answer::Refuse(reason) => {
                self.hub_session(number, |session| session.refuse(Reason::Protocol, &reason));
            }
            Answer::OverLimit(limit) => {
                self.hub_session(number, |session| session.refuse(Reason::Busy, &limit.to_string()));
            }
            // Whoever has a node's key signs what he likes, up to where it cannot be true.
            Answer::Fence(cause, reason) => {
                if cause == FenceCause::Violation {
                    self.tally.sometimes("a forged report fenced its author");
                }
                self.fence(writer, cause, &reason);
            }
            Answer::Apart(reason) => {
                self.hub_session(number, |session| session.refuse(Reason::Revoked, &reason));
            }
        }
        if taken.merged.is_some_and(|merged| merged.settled) {
            self.ends_sessions(writer, "its incarnation is settled");
        }
    }

    pub(super) fn parked(&mut self, writer: Writer, count: u32) {
        note!(self, "{count} entries of node {writer} were parked");
        if !self.directory.forked.contains_key(&writer) {
            self.fail("invariant", format!("{count} entries of the honest node {writer} were parked"));
        }
    }

    fn imported(&mut self, region: usize, seats: u32, key: String, imported: Imported) {
        let (_, vshard) = topic_of(region);
        match imported {
            Imported::Created(job) => {
                note!(self, "job {job} with {seats} seats is imported for region {region}");
                self.model.posted(job, region, seats, key);
                self.mark(vshard, [job]);
            }
            Imported::Updated(job) | Imported::Unchanged(job) => {
                if let Some(facts) = self.model.jobs.get_mut(&job) {
                    facts.cap = facts.cap.max(seats);
                }
                note!(self, "job {job} has {seats} seats from here on");
                self.mark(vshard, [job]);
            }
            Imported::Refused(_) => {}
        }
    }

    /// Works on the hub's side of a session and does what it asks for.
    pub(crate) fn hub_session(
        &mut self,
        number: u64,
        work: impl FnOnce(&mut sync_protocol::session::HubSession),
    ) {
        if let Some(session) = self.connections.get_mut(&number).and_then(|c| c.hub.as_mut()) {
            work(session);
            self.drain_hub(number);
        }
    }

    /// Reads how far the vshards have come and tells all sessions.
    fn tell_growth(&mut self) {
        let Some(store) = &mut self.hub.store else { return };
        let regions = usize::try_from(self.scenario.regions).unwrap_or(1);
        // The server has it from the transaction itself.
        let heads = quietly(self.hub.disk, || {
            store.read(|tx| {
                (0..regions)
                    .map(|region| topic_of(region).1)
                    .map(|v| Ok((v, tx.head(v)?.1)))
                    .collect::<Result<Vec<_>, _>>()
            })
        });
        let Ok(heads) = heads else { return };
        for (vshard, head) in heads {
            if self.hub.heads.insert(vshard, head) == Some(head) {
                continue;
            }
            let open: Vec<u64> =
                self.connections.iter().filter(|(_, c)| c.hub.is_some()).map(|(number, _)| *number).collect();
            for number in open {
                self.hub_session(number, |session| session.handle_grew(vshard, head));
            }
        }
    }

    /// A connection stands: an earlier one of the same incarnation is closed, and a node that was away is planned for again.
    pub(crate) fn hub_meets(&mut self, number: u64, writer: Writer) {
        let is_fresh = !self.is_eligible(writer);
        let earlier: Vec<u64> = self
            .connections
            .iter()
            .filter(|(other, c)| **other != number && c.writer == writer && c.hub.is_some())
            .map(|(other, _)| *other)
            .collect();
        for other in earlier {
            self.hub_leaves(other, "a newer session of the same node");
        }
        if is_fresh && let Some(region) = self.directory.regions.get(&writer.node.0) {
            self.mark_region(*region);
        }
        self.hub.contacts.insert(writer, self.now);
    }

    pub(crate) fn read_down(&mut self, number: u64, writer: Writer, vshard: VshardId, after: u64) {
        let Some(store) = &mut self.hub.store else { return };
        let Ok(page) = store.read(|tx| tx.read_since(vshard, after, BATCH_ENTRIES_MAX, BATCH_BYTES_MAX))
        else {
            return self.hub_leaves(number, "its shard failed");
        };
        let region = self.directory.regions.get(&writer.node.0).copied().unwrap_or(0);
        let (topic, _) = topic_of(region);
        let entries = page.entries.into_iter().filter(|(audience, entry)| {
            audience.is_none_or(|only| only == writer.node)
                && entry.writer != writer
                && entry.entry.topic() == topic
        });
        let entries = entries.map(|(_, entry)| entry).collect();
        let now = self.hub_wall();
        if let Some(session) = self.connections.get_mut(&number).and_then(|c| c.hub.as_mut()) {
            session.handle_page(vshard, page.upto, entries, now);
        }
    }

    pub(crate) fn hub_checkpoint(&mut self, boot: u64) {
        if self.hub.boot != boot {
            return;
        }
        self.hub.checkpoint_is_due = false;
        if let Some(store) = &mut self.hub.store {
            // The log stays until the next one.
            drop(store.checkpoint());
        }
        if disk::with(self.hub.disk, |disk| disk.is_off()) {
            self.tally.sometimes("the hub lost power in a checkpoint");
            let down = self.hub.down_for_ms;
            self.hub_goes_down(down);
        }
    }

    /// The hub's memory is gone.
    pub(crate) fn forget_hub(&mut self) {
        let disk = self.hub.disk;
        let boot = self.hub.boot + 1;
        let (boot_clock, clock) = (self.hub.boot_clock, self.hub.clock);
        self.hub = Hub { boot, boot_clock, clock, ..Hub::new(disk, self.hub.commit_ms) };
    }
}

impl Command {
    /// What comes of a command whose transaction failed.
    fn failed(self) -> Settled {
        match self {
            Self::Merge(number, ..)
            | Self::Ask(number, ..)
            | Self::Passed(number, ..)
            | Self::Hear(number, _)
            | Self::Held(number, ..) => Settled::Failed(Some(number)),
            Self::Pass(chunk) => Settled::NotPassed(chunk),
            Self::Import { .. } | Self::Order(_) | Self::Carried { .. } => Settled::Failed(None),
        }
    }
}

/// One command in the open transaction.
pub(super) struct At<'a> {
    pub(super) tx: &'a mut dyn ShardTx,
    pub(super) wall: i64,
    pub(super) now: u64,
    pub(super) directory: &'a super::Directory,
    pub(super) contacts: &'a BTreeMap<Writer, u64>,
    pub(super) agenda: &'a super::scheduler::Agenda,
    pub(super) cursors: &'a BTreeMap<Writer, BTreeMap<VshardId, DownState>>,
    pub(super) connections: &'a BTreeMap<u64, super::network::Connection>,
    pub(super) lease_is_over: &'a dyn Fn(Writer) -> bool,
    pub(super) touched: &'a mut BTreeSet<JobId>,
}

impl At<'_> {
    fn apply(&mut self, command: &Command) -> Result<Settled, StoreError> {
        match command {
            Command::Merge(number, writer, up) => self.merge(*number, *writer, up),
            Command::Ask(number, writer, ask) => self.ask(*number, *writer, ask),
            Command::Passed(number, writer, command) => self.passed_on(*number, *writer, command),
            Command::Order(order) => self.order(order),
            Command::Hear(number, next) => self.hear(*number, next),
            Command::Carried { m, file, ms, fate } => self.carry(*m, file, *ms, *fate),
            Command::Held(_, writer, number) => {
                shard::held(self.tx, *writer, *number)?;
                Ok(Settled::Noted)
            }
            Command::Import { region, key, seats, policy } => {
                let (topic, vshard) = topic_of(*region);
                let mut fields = super::people::job_fields(*region, self.wall);
                // A row that raises the seats of a known job says nothing of its wait list.
                if self.tx.job_by_key(vshard, TenantId(fields.tenant), key)?.is_some() {
                    fields.wait = WaitOrder::default();
                }
                let post =
                    JobPost { key: key.clone(), fields, seats: *seats, policy: *policy, keep_dates: true };
                let mut shard = Shard { tx: self.tx, vshard, now: self.wall };
                let imported = shard::import_job(&mut shard, topic, &post)?;
                Ok(Settled::Imported { region: *region, seats: *seats, key: key.clone(), imported })
            }
            Command::Pass(chunk) => {
                self.touched.extend(chunk.jobs());
                let passed = self.pass(chunk)?;
                Ok(Settled::Passed(chunk.clone(), passed))
            }
        }
    }

    fn merge(&mut self, number: u64, writer: Writer, up: &Up) -> Result<Settled, StoreError> {
        let vshard = VshardId(up.vshard);
        let region = self.directory.regions.get(&writer.node.0).copied().unwrap_or(0);
        let allowed = |topic: TopicId| topic_of(region) == (topic, vshard);
        let is_current = self.connections.get(&number).is_some_and(|connection| connection.hub.is_some());
        let author = Author { writer, key: self.directory.keys.get(&writer), allowed: &allowed, is_current };
        let taken = shard::take(self.tx, self.wall, &author, up)?;
        if let Some(merged) = &taken.merged {
            self.touched.extend(&merged.jobs);
        }
        Ok(Settled::Merged(number, writer, vshard, taken))
    }

    fn ask(&mut self, number: u64, writer: Writer, ask: &Ask) -> Result<Settled, StoreError> {
        let region = self.directory.regions.get(&writer.node.0).copied().unwrap_or(0);
        let (topic, vshard) = topic_of(region);
        self.touched.insert(ask.job);
        let known = self.tx.job_summary(vshard, ask.job)?.is_some_and(|summary| summary.topic == topic);
        let outcome = if known && ask.sign_up.writer == writer {
            shard::ask(&mut Shard { tx: self.tx, vshard, now: self.wall }, writer, ask)?
        } else {
            Outcome::Closed
        };
        Ok(Settled::Verdict(number, vshard, Verdict { sign_up: ask.sign_up, job: ask.job, outcome }))
    }
}
