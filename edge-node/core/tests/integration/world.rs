//! A hub and three nodes with real storage, real sessions and no network: random sign-ups, cancellations, cuts and crashes.
//!
//! After each step no job has more live sign-ups over all holders than its cap. At the end everything is connected, and the
//! hub must know each sign-up as its holder does. A failing seed replays by itself: `check(seed)`.

#![expect(clippy::disallowed_methods, reason = "a test keeps its databases in a folder of its own")]

use edge_core::node::{
    Answer, Batch, Claim, Decision, EdgeNode, NewJob, PendingAsk, SignUpRefusal, SignUpRequest, Uplink,
};
use hub_core::{
    scheduler,
    shard::{self, JobPost, Shard, held, meet},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

mod upheaval;
use sync_protocol::{
    documents::{Demands, JobFields, PayUnit, Status, WaitOrder},
    ids::{JobId, SignUpId, TenantId, TopicId, VshardId, WorkerId, Writer},
    limits::{BATCH_BYTES_MAX, BATCH_ENTRIES_MAX},
    seats::{LossPolicy, SeatState},
    session::{HubOutput, HubSession, NodeOutput, NodeSession},
    wire::v1::{Hello, Interest, UpAck, UpState, Verdict, Welcome},
};
use sync_store::{OpenOptions, SqliteShard};

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const TENANT: TenantId = TenantId(1);
const NODES: u32 = 3;

struct Random(u64);

impl Random {
    /// SplitMix64 (Steele, Lea and Flood 2014).
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

struct Node {
    me: EdgeNode,
    store: SqliteShard,
    path: PathBuf,
    line: Option<(NodeSession, HubSession)>,
    asking: BTreeMap<SignUpId, PendingAsk>,
}

/// What a seed may meet beside sign-ups, cuts and crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Upheaval {
    /// Nothing.
    None,
    /// Caps change, jobs close, places are cancelled elsewhere, workers sign up twice.
    Commands,
    /// The same, and nodes are retired, settled and join again.
    Retired,
    /// The same as commands, and the hub is restored from a backup.
    Restored,
}

struct World {
    random: Random,
    upheaval: Upheaval,
    backup: Option<PathBuf>,
    restores: u32,
    folder: PathBuf,
    hub: SqliteShard,
    nodes: Vec<Node>,
    jobs: Vec<(JobId, u32)>,
    dirty: BTreeSet<JobId>,
    said: BTreeMap<JobId, sync_protocol::seats::JobRow>,
    next_worker: u64,
    confirmed: Vec<(usize, SignUpId)>,
    /// Cancellations at a node that does not hold the place.
    wishes_passed_on: u32,
}

pub(crate) fn topic() -> (TopicId, VshardId) {
    let topic = TopicId::of(TENANT, "hangzhou", 0);
    (topic, VshardId::of(topic))
}

pub(crate) fn fields(title: &str) -> JobFields {
    JobFields {
        title: title.to_owned(),
        text: String::new(),
        category: "sorting".to_owned(),
        employer: "tenant".to_owned(),
        place: "place".to_owned(),
        position: None,
        start_at: NOW + 86_400,
        end_at: NOW + 100_000,
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
        wait: WaitOrder::default(),
        created_at: NOW,
        tenant: TENANT.0,
        region: "hangzhou".to_owned(),
    }
}

impl World {
    fn new(seed: u64, upheaval: Upheaval) -> Self {
        let folder = std::env::temp_dir().join(format!("dayshift-world-{}-{seed}", std::process::id()));
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(&folder).unwrap();
        let mut hub = OpenOptions::new(&folder.join("hub.sqlite")).open().unwrap();
        hub.transact(|tx| shard::keep_seal(tx, &[7; 32])).unwrap();
        let mut world = Self {
            random: Random(seed),
            upheaval,
            backup: None,
            restores: 0,
            hub,
            nodes: Vec::new(),
            jobs: Vec::new(),
            dirty: BTreeSet::new(),
            said: BTreeMap::new(),
            next_worker: 0,
            confirmed: Vec::new(),
            wishes_passed_on: 0,
            folder,
        };
        for n in 1..=NODES {
            let path = world.folder.join(format!("node{n}.sqlite"));
            let store = OpenOptions::new(&path).open().unwrap();
            let mut me = EdgeNode::new(
                Writer::new(n, 1),
                "hangzhou",
                &[u8::try_from(n).unwrap(); 32],
                b"certificate",
                0,
            );
            me.learn(world.interest());
            world.nodes.push(Node { me, store, path, line: None, asking: BTreeMap::new() });
        }
        for cap in [7, 1, 3, 12] {
            world.import(cap);
        }
        world
    }

    fn interest(&self) -> Interest {
        let (topic, vshard) = topic();
        Interest { topics: vec![(topic.0, TENANT.0, vshard.0)], tenants: Vec::new() }
    }

    fn import(&mut self, cap: u32) {
        let post = JobPost {
            key: format!("job{}", self.jobs.len()),
            fields: fields("分拣员"),
            seats: cap,
            policy: LossPolicy::WriteOff,
            keep_dates: false,
        };
        let (topic, vshard) = topic();
        let imported = self
            .hub
            .transact(|tx| shard::import_job(&mut Shard { tx, vshard, now: NOW }, topic, &post))
            .unwrap();
        let shard::Imported::Created(job) = imported else { panic!("{imported:?}") };
        self.jobs.push((job, cap));
        self.dirty.insert(job);
    }

    fn step(&mut self) {
        let n = usize::try_from(self.random.below(u64::from(NODES))).unwrap();
        if self.upheaval != Upheaval::None && self.random.below(12) == 0 {
            self.upset(n);
        }
        match self.random.below(100) {
            0..40 => self.sign_up(n),
            40..48 => self.cancel(),
            48..53 => self.connect(n),
            53..57 => self.cut(n),
            57..59 => self.crash(n),
            59..61 => self.create_job(n),
            61..66 => self.expire_asks(n),
            66..75 => self.schedule(),
            _ => {
                let frames = self.random.below(4) + 1;
                for _ in 0..frames {
                    self.pump(n);
                }
            }
        }
        self.check_caps();
    }

    fn sign_up(&mut self, n: usize) {
        let pick = usize::try_from(self.random.below(self.jobs.len() as u64)).unwrap();
        let job = self.jobs[pick].0;
        self.next_worker += 1;
        let number = |n: u64| {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&n.to_be_bytes());
            bytes
        };
        let key = number(self.next_worker);
        let again = self.upheaval != Upheaval::None && self.random.below(15) == 0;
        let worker = if again { number(self.random.below(self.next_worker) + 1) } else { key };
        let request = SignUpRequest {
            job,
            worker: WorkerId(worker),
            idempotency: key,
            body_hash: worker,
            claim: Claim::default(),
        };
        let decision = self.batch(n, |batch| batch.sign_up(&request));
        match decision {
            Ok(Decision::Answer(answer)) => self.told(n, &answer),
            Ok(Decision::Ask(pending)) => {
                let node = &mut self.nodes[n];
                let (session, _) = node.line.as_mut().unwrap();
                if session.handle_ask(pending.ask.clone(), 0) {
                    node.asking.insert(pending.ask.sign_up, pending);
                }
            }
            Err(
                SignUpRefusal::UnknownJob
                | SignUpRefusal::Closed
                | SignUpRefusal::AlreadySignedUp(_)
                | SignUpRefusal::Unfit(_)
                | SignUpRefusal::Retired
                | SignUpRefusal::Draining,
            ) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn told(&mut self, n: usize, answer: &Answer) {
        if answer.status == Status::Confirmed {
            assert!(answer.receipt.is_some());
            self.confirmed.push((n, answer.sign_up));
        }
    }

    fn cancel(&mut self) {
        if self.confirmed.is_empty() {
            return;
        }
        let pick = usize::try_from(self.random.below(self.confirmed.len() as u64)).unwrap();
        let (n, sign_up) = self.confirmed.swap_remove(pick);
        // The place may have been ended elsewhere, or its node may be another incarnation by now.
        drop(self.batch(n, |batch| batch.cancel(sign_up)));
    }

    fn create_job(&mut self, n: usize) {
        let cap = u32::try_from(self.random.below(4) + 1).unwrap();
        let new = NewJob {
            fields: fields("搬运工"),
            seats: cap,
            policy: LossPolicy::WriteOff,
            key: String::new(),
            body_hash: [0; 16],
        };
        if let Ok(job) = self.batch(n, |batch| batch.create_job(&new)) {
            self.jobs.push((job, cap));
        }
    }

    fn cut(&mut self, n: usize) {
        self.nodes[n].line = None;
        self.expire_asks(n);
    }

    fn crash(&mut self, n: usize) {
        let node = &mut self.nodes[n];
        node.line = None;
        node.asking.clear();
        node.store = OpenOptions::new(&node.path).open().unwrap();
        let me = &mut node.me;
        node.store.read(|tx| me.load(tx)).unwrap();
    }

    /// The workers who asked are told "requested".
    fn expire_asks(&mut self, n: usize) {
        for pending in std::mem::take(&mut self.nodes[n].asking).into_values() {
            if let Ok(answer) = self.batch(n, |batch| batch.complete_ask(&pending, None)) {
                self.told(n, &answer);
            }
        }
    }

    fn batch<T>(&mut self, n: usize, work: impl FnOnce(&mut Batch<'_>) -> T) -> T {
        let node = &mut self.nodes[n];
        let uplink = if node.line.is_some() { Uplink::Up } else { Uplink::Down };
        let (me, mut heads) = (&node.me, BTreeMap::new());
        let result = node
            .store
            .transact(|tx| {
                let mut batch = Batch::new(me, tx, NOW, uplink);
                let result = work(&mut batch);
                heads = batch.heads;
                Ok(result)
            })
            .unwrap();
        if let Some((session, _)) = &mut node.line {
            heads.iter().for_each(|(vshard, head)| session.handle_own_grew(*vshard, head.wseq));
        }
        result
    }

    fn connect(&mut self, n: usize) {
        if self.nodes[n].line.is_some() {
            return;
        }
        let retired = self.rejoin_if_over(n);
        let node = &mut self.nodes[n];
        let writer = node.me.writer;
        let (up, down, contact) = node
            .store
            .read(|tx| {
                let up = tx.own_heads()?;
                Ok((
                    up.iter().map(|(v, h)| UpState { vshard: v.0, wseq: h.wseq, head: h.head }).collect(),
                    tx.cursors()?,
                    EdgeNode::contact(tx, writer)?,
                ))
            })
            .unwrap();
        let build = String::new();
        let hello = Hello {
            versions: (1, 1),
            cluster: Vec::new(),
            writer,
            up,
            down,
            build,
            contact,
            draining: false,
        };
        let mut hub_session = HubSession::new(writer);
        let mut node_session = NodeSession::new(&hello, 0);
        let Some(NodeOutput::Send(frame)) = node_session.poll_output() else { panic!("no Hello") };
        hub_session.handle_frame(&frame);
        assert!(matches!(hub_session.poll_output(), Some(HubOutput::Hello(_))));
        let (_, vshard) = topic();
        let (known, (history, head)) = self
            .hub
            .read(|tx| {
                let kept = tx.evidence_head(vshard, writer)?;
                let known = if kept.is_some() { kept } else { tx.origin(vshard, writer)? };
                Ok((known, tx.head(vshard)?))
            })
            .unwrap();
        if let (Some(known), Some(told)) = (known, hello.up.first()) {
            assert!(told.wseq >= known.wseq, "a node went back");
        }
        let acked = vec![UpAck { vshard: vshard.0, wseq: known.map_or(0, |k| k.wseq) }];
        let contact = self.hub.transact(|tx| meet(tx, writer, contact)).unwrap().expect("an older disk");
        let welcome = Welcome { version: 1, interest: self.interest(), acked, time: NOW, retired, contact };
        let lanes = [(vshard, history, head)];
        hub_session.welcome(&welcome, if welcome.retired.is_some() { &[] } else { &lanes });
        self.nodes[n].line = Some((node_session, hub_session));
    }

    /// One output of each side is done; frames arrive at once.
    fn pump(&mut self, n: usize) -> bool {
        self.pump_hub(n) | self.pump_node(n)
    }

    fn pump_node(&mut self, n: usize) -> bool {
        let Some((session, _)) = &mut self.nodes[n].line else { return false };
        let Some(output) = session.poll_output() else { return false };
        let node = &mut self.nodes[n];
        let (session, hub_session) = node.line.as_mut().unwrap();
        match output {
            NodeOutput::Send(frame) => hub_session.handle_frame(&frame),
            NodeOutput::Welcomed(Welcome { retired: Some(reason), interest, .. }) => {
                self.batch(n, |batch| batch.retire(&reason, &interest)).unwrap();
                self.nodes[n].me.retire(&reason);
            }
            NodeOutput::Welcomed(Welcome { contact, .. }) => {
                node.store.transact(|tx| node.me.store_contact(tx, contact)).unwrap();
                session.handle_kept(contact);
            }
            NodeOutput::Interest(_) => {}
            NodeOutput::ReadOwn { vshard, after } => {
                let (entries, head) =
                    node.store.read(|tx| tx.read_own(vshard, after, 3, BATCH_BYTES_MAX)).unwrap();
                let signature = head.map_or_else(Vec::new, |head| node.me.sign_head(vshard, &head));
                session.handle_own(vshard, after + 1, entries, signature, 0);
            }
            NodeOutput::Apply(down) => {
                let state = self.batch(n, |batch| batch.receive(&down)).unwrap();
                self.nodes[n].line.as_mut().unwrap().0.handle_applied(state);
            }
            NodeOutput::Acked(ack) => {
                node.store.transact(|tx| tx.put_acked(VshardId(ack.vshard), ack.wseq)).unwrap()
            }
            NodeOutput::Verdict(verdict) => {
                if let Some(pending) = node.asking.remove(&verdict.sign_up) {
                    let answer = self.batch(n, |batch| batch.complete_ask(&pending, Some(verdict.outcome)));
                    if let Ok(answer) = answer {
                        self.told(n, &answer);
                    }
                }
            }
            NodeOutput::Leased { .. } | NodeOutput::Erase(_) | NodeOutput::Commanded(_) => {}
            NodeOutput::End(end) => panic!("node {n}: {end}"),
        }
        true
    }

    fn pump_hub(&mut self, n: usize) -> bool {
        let Some((_, hub_session)) = &mut self.nodes[n].line else { return false };
        let Some(output) = hub_session.poll_output() else { return false };
        let node = &mut self.nodes[n];
        let (session, hub_session) = node.line.as_mut().unwrap();
        let writer = node.me.writer;
        match output {
            HubOutput::Send(frame) => session.handle_frame(&frame, 0),
            HubOutput::Merge(up) => {
                let batch = shard::Batch {
                    writer,
                    first: up.first,
                    entries: &up.entries,
                    allowed: &|_| true,
                    signed: &|_| true,
                };
                let vshard = VshardId(up.vshard);
                let merged = self
                    .hub
                    .transact(|tx| Ok(shard::merge(&mut Shard { tx, vshard, now: NOW }, &batch)))
                    .unwrap()
                    .unwrap();
                assert_eq!((merged.violation, merged.parked), (None, 0), "node {n}");
                self.dirty.extend(merged.jobs);
                hub_session.handle_merged(vshard, merged.wseq);
                if merged.settled {
                    self.cut(n);
                }
            }
            HubOutput::ReadDown { vshard, after } => {
                let page = self.hub.read(|tx| tx.read_since(vshard, after, BATCH_ENTRIES_MAX, 600)).unwrap();
                let for_me = page.entries.into_iter().filter(|(audience, entry)| {
                    audience.is_none_or(|node| node == writer.node) && entry.writer != writer
                });
                hub_session.handle_page(vshard, page.upto, for_me.map(|(_, entry)| entry).collect(), NOW);
            }
            HubOutput::Ask(ask) => {
                let (_, vshard) = topic();
                let outcome = self
                    .hub
                    .transact(|tx| shard::ask(&mut Shard { tx, vshard, now: NOW }, writer, &ask))
                    .unwrap();
                self.dirty.insert(ask.job);
                hub_session.handle_verdict(Verdict { sign_up: ask.sign_up, job: ask.job, outcome });
            }
            HubOutput::Erased(_) | HubOutput::Command(_) => {}
            HubOutput::Held(number) => self.hub.transact(|tx| held(tx, writer, number)).unwrap(),
            HubOutput::Hello(_) | HubOutput::DownAcked(_) | HubOutput::Renew(_) => {}
            HubOutput::End(end) => panic!("hub: {end}"),
        }
        self.tell_growth();
        true
    }

    fn tell_growth(&mut self) {
        let (_, vshard) = topic();
        let (_, head) = self.hub.read(|tx| tx.head(vshard)).unwrap();
        for (_, hub_session) in self.nodes.iter_mut().filter_map(|node| node.line.as_mut()) {
            hub_session.handle_grew(vshard, head);
        }
    }

    fn schedule(&mut self) {
        let (_, vshard) = topic();
        let up: BTreeMap<Writer, f64> =
            self.nodes.iter().filter(|n| n.line.is_some()).map(|n| (n.me.writer, 1.0)).collect();
        for job in std::mem::take(&mut self.dirty) {
            let last = self.said.get(&job).cloned();
            let said = self
                .hub
                .transact(|tx| {
                    let mut at = Shard { tx, vshard, now: NOW };
                    shard::enforce(&mut at, job)?;
                    shard::promote(&mut at, job)?;
                    if let Some(snapshot) = shard::snapshot(&mut at, job, &up)? {
                        for step in scheduler::plan(&snapshot) {
                            shard::execute(&mut at, &step)?;
                        }
                    }
                    shard::announce(&mut at, job, last.as_ref())
                })
                .unwrap();
            self.said.extend(said.map(|row| (job, row)));
        }
        self.tell_growth();
    }

    fn live(store: &mut SqliteShard, job: JobId, mine: impl Fn(Writer) -> bool) -> BTreeSet<SignUpId> {
        let (_, vshard) = topic();
        let seats = store.read(|tx| tx.seats(vshard, job)).unwrap();
        seats.iter().filter(|s| s.state == SeatState::Live && mine(s.holder)).map(|s| s.sign_up).collect()
    }

    fn check_caps(&mut self) {
        for (job, cap) in self.jobs.clone() {
            let most = self.most_valid(job).unwrap_or(cap);
            let mut live = Self::live(&mut self.hub, job, Writer::is_hub);
            for node in &mut self.nodes {
                let writer = node.me.writer;
                live.extend(Self::live(&mut node.store, job, |holder| holder == writer));
            }
            assert!(live.len() <= most as usize, "I4: {} live for {job}, at most {most}", live.len());
        }
    }

    /// Connects everybody and lets everything come to rest.
    fn settle(&mut self) {
        for n in 0..self.nodes.len() {
            self.connect(n);
        }
        self.dirty.extend(self.jobs.iter().map(|(job, _)| *job));
        for _ in 0..10_000 {
            let mut busy = !self.dirty.is_empty();
            for n in 0..self.nodes.len() {
                // A node whose incarnation has been settled comes back under the next.
                if self.nodes[n].line.is_none() {
                    self.connect(n);
                    busy = true;
                }
                busy |= self.pump(n);
            }
            if !busy {
                return;
            }
            if self.random.below(20) == 0 || !self.nodes.iter().any(|n| n.line.is_none()) {
                self.schedule();
            }
        }
        panic!("no rest");
    }

    fn check_rest(&mut self) {
        let (_, vshard) = topic();
        for (job, _) in self.jobs.clone() {
            let Some(seats) = self.hub.read(|tx| tx.hub_job(vshard, job)).unwrap() else { continue };
            let at_hub = Self::live(&mut self.hub, job, |_| true);
            let mut at_holders = Self::live(&mut self.hub, job, Writer::is_hub);
            let mut avail = 0;
            for node in &mut self.nodes {
                let writer = node.me.writer;
                at_holders.extend(Self::live(&mut node.store, job, |holder| holder == writer));
                avail += node
                    .store
                    .read(|tx| tx.node_job(vshard, job))
                    .unwrap()
                    .map_or(0, |(seats, _)| seats.avail());
            }
            assert_eq!(at_hub, at_holders, "the hub knows {job} as its holders do");
            let (pool, waiting) = self
                .hub
                .read(|tx| {
                    let out: u32 = tx.holdings(vshard, job)?.iter().map(|(_, holding)| holding.out()).sum();
                    Ok((seats.pool(out), tx.waiting(vshard, job)?.len()))
                })
                .unwrap();
            let sum = i64::try_from(at_hub.len()).unwrap() + i64::from(avail) + pool;
            assert_eq!(sum, i64::from(seats.cap), "I7: live + avail + pool = cap for {job}");
            assert!(seats.open || at_hub.is_empty(), "I8: {job} is closed and {} are live", at_hub.len());
            let restored = self.upheaval == Upheaval::Restored;
            assert!(
                waiting == 0 || pool <= 0 || !seats.open || restored,
                "I8: {waiting} wait for {job} while {pool} rights lie at the hub"
            );
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// Returns how often a node passed a worker's wish on to the holder.
fn check(seed: u64, upheaval: Upheaval) -> u32 {
    let mut world = World::new(seed, upheaval);
    for n in 0..world.nodes.len() {
        world.connect(n);
    }
    for _ in 0..400 {
        world.step();
    }
    world.settle();
    world.check_caps();
    world.check_rest();
    if upheaval != Upheaval::None {
        world.check_workers();
    }
    world.wishes_passed_on
}

#[test]
fn nothing_is_oversold_and_all_converge() {
    let mut wishes_passed_on = 0;
    for seed in (1..=12).chain(21..=30).chain(41..=46).chain(51..=56) {
        let upheaval = match seed {
            1..=20 => Upheaval::None,
            21..=40 => Upheaval::Commands,
            41..=50 => Upheaval::Retired,
            _ => Upheaval::Restored,
        };
        let result = std::panic::catch_unwind(|| check(seed, upheaval));
        assert!(result.is_ok(), "seed {seed}, {upheaval:?}");
        wishes_passed_on += result.unwrap_or_default();
    }
    assert!(wishes_passed_on > 20, "{wishes_passed_on} wishes were passed on");
}
