//! Disk trials: a fixed day of one node, run again and again with a fault at each operation of its disk.
//!
//! The node is the production core with its store and witness; what it answered is told by [`Told`]. After the fault the
//! machine starts again, everything is read, and each answer must be there. The last trial turns bits of the database over, and
//! of that of a hub which merged the node's log.

mod flips;

pub use flips::Flips;

use crate::{
    disk::{self, Effect, Operation},
    vfs,
    witness_file::DiskFile,
    world::{EPOCH, REGIONS, World, key_of, node::DATABASE, people, topic_of},
};
use edge_core::node::{Batch, Claim, Decision, EdgeNode, NewJob, SignUpRequest, Uplink};
use serde::Serialize;
use std::{collections::BTreeMap, path::Path};
use sync_protocol::{
    ids::{JobId, SignUpId, WorkerId, Writer},
    seats::{LossPolicy, SeatState},
};
use sync_store::{OpenOptions, ShardStore as _, SqliteShard, StoreError, Witness};

const WRITER: Writer = Writer::new(1, 1);
/// Batches of the fixed day, and sign-ups of each.
const BATCHES: u64 = 24;
const SIGN_UPS: u64 = 3;
/// Batches between two checkpoints.
const CHECKPOINT_EVERY: u64 = 8;

/// What the trials came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Operations of the fixed day, each of which met each fault.
    pub writes: u64,
    pub syncs: u64,
    pub reads: u64,
    pub power_cuts: u64,
    pub torn_sectors: u64,
    pub io_errors: u64,
    pub disk_full: u64,
    /// Answers that workers had before a fault, over all runs.
    pub answers: u64,
    pub lost_answers: u64,
    pub corrupt_databases: u64,
    /// Of the node's database.
    #[serde(flatten)]
    pub flips: Flips,
    /// Of the database of the hub that merged the node's log.
    pub hub: Flips,
}

impl Figures {
    /// Adds the figures of other trials of the same day.
    pub fn add(&mut self, other: &Self) {
        (self.writes, self.syncs, self.reads) = (other.writes, other.syncs, other.reads);
        self.power_cuts += other.power_cuts;
        self.torn_sectors += other.torn_sectors;
        self.io_errors += other.io_errors;
        self.disk_full += other.disk_full;
        self.answers += other.answers;
        self.lost_answers += other.lost_answers;
        self.corrupt_databases += other.corrupt_databases;
        self.flips.add(&other.flips);
        self.hub.add(&other.hub);
    }

    /// Whether everything held.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.lost_answers == 0
            && self.corrupt_databases == 0
            && self.flips.are_noticed()
            && self.hub.are_noticed()
    }
}

/// How much to try, and which part of it this thread takes: every `of`-th, from `part` on.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    pub power_cuts: u64,
    /// A failing and a full disk at every operation too.
    pub errors: bool,
    /// Bits turned over in each of the two databases.
    pub flips: u64,
    pub part: u64,
    pub of: u64,
}

/// What workers were told: `None` where a cancellation was asked for and not answered, so that either may hold.
type Told = BTreeMap<SignUpId, (JobId, Option<SeatState>)>;

struct Node {
    me: EdgeNode,
    store: SqliteShard,
    witness: Witness,
}

/// Runs this thread's part of an order.
#[must_use]
pub fn run(order: &Order) -> Figures {
    let mut figures = Figures::default();
    let number = begin(0);
    let told = day(number);
    assert_eq!(told.len() as u64, BATCHES * SIGN_UPS, "without a fault everybody is answered");
    let counts = disk::with(number, |disk| disk.counts());
    (figures.writes, figures.syncs, figures.reads) = (counts.writes, counts.syncs, counts.reads);
    let mine = |count: u64| (0..count).filter(|n| n % order.of == order.part);
    for n in mine(order.power_cuts) {
        let at = n % (counts.writes + counts.syncs);
        let fault = match at.checked_sub(counts.writes) {
            None => (Operation::Write, at),
            Some(sync) => (Operation::Sync, sync),
        };
        figures.power_cuts += 1;
        trial(&mut figures, n, fault, Effect::PowerCut);
    }
    if order.errors {
        for (on, count) in [
            (Operation::Write, counts.writes),
            (Operation::Sync, counts.syncs),
            (Operation::Read, counts.reads),
        ] {
            for n in mine(count) {
                figures.io_errors += 1;
                trial(&mut figures, n, (on, n), Effect::Eio);
            }
        }
        for n in mine(counts.writes) {
            figures.disk_full += 1;
            trial(&mut figures, n, (Operation::Write, n), Effect::Full);
        }
    }
    flips::run(&mut figures, order);
    figures
}

/// Empty disks; returns the number of the one to use.
fn begin(seed: u64) -> usize {
    vfs::register();
    disk::clear();
    disk::add(seed);
    disk::add(seed)
}

fn open(number: usize) -> Result<SqliteShard, StoreError> {
    OpenOptions::new(Path::new(&format!("{number}/{DATABASE}"))).vfs(vfs::NAME).open()
}

fn sixteen(number: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    bytes
}

impl Node {
    fn start(number: usize) -> Result<Self, StoreError> {
        let mut store = open(number)?;
        let mut me = EdgeNode::new(WRITER, REGIONS[0], &key_of(WRITER), b"certificate", 0);
        store.transact(|tx| {
            me.load(tx)?;
            EdgeNode::store_interest(tx, &World::interest(0))
        })?;
        me.learn(World::interest(0));
        let witness = Witness::on(Path::new("witness"), Box::new(DiskFile::new(number)))
            .map_err(|_| StoreError::BadRow("witness file"))?;
        Ok(Self { me, store, witness })
    }

    /// Commits a batch, then its witness record: what it returns may be answered.
    fn batch<T>(&mut self, work: impl FnOnce(&mut Batch<'_>) -> Result<T, StoreError>) -> Option<T> {
        let Self { me, store, witness } = self;
        let done = store.transact(|tx| {
            let mut batch = Batch::new(me, tx, EPOCH, Uplink::Down);
            let done = work(&mut batch)?;
            Ok((done, std::mem::take(&mut batch.heads)))
        });
        match done {
            Ok((done, heads)) => witness.record(&heads).is_ok().then_some(done),
            Err(error) => {
                if error.is_full() {
                    drop(store.checkpoint());
                }
                None
            }
        }
    }
}

/// One day: a job, groups of sign-ups, a cancellation now and then, checkpoints. A failure is answered as such, and the node
/// goes on with the next batch.
fn day(number: usize) -> Told {
    let mut told = Told::new();
    let mut node = None;
    let mut job = None;
    for n in 0..BATCHES {
        if disk::with(number, |disk| disk.is_off()) {
            break;
        }
        let Some(node) = (if node.is_some() {
            node.as_mut()
        } else {
            node = Node::start(number).ok();
            node.as_mut()
        }) else {
            continue;
        };
        if job.is_none() {
            let (fields, seats) = (people::job_fields(0, EPOCH), 200);
            let new = NewJob {
                fields,
                seats,
                policy: LossPolicy::WriteOff,
                key: "day".to_owned(),
                body_hash: [0; 16],
            };
            // Asked again under its key, it is the same job.
            job = node.batch(|batch| batch.create_job(&new).map_err(|_| StoreError::BadRow("no job")));
        }
        if let Some(job) = job {
            sign_up(node, job, n, &mut told);
        }
        if n % 5 == 4 {
            cancel(node, &mut told);
        }
        if n % CHECKPOINT_EVERY == CHECKPOINT_EVERY - 1 {
            drop(node.store.checkpoint());
        }
    }
    told
}

fn sign_up(node: &mut Node, job: JobId, n: u64, told: &mut Told) {
    let answers = node.batch(|batch| {
        let mut answers = Vec::new();
        for worker in (n * SIGN_UPS..(n + 1) * SIGN_UPS).map(sixteen) {
            let request = SignUpRequest {
                job,
                worker: WorkerId(worker),
                idempotency: worker,
                body_hash: worker,
                claim: Claim::default(),
            };
            if let Ok(Decision::Answer(answer)) = batch.sign_up(&request) {
                answers.push(answer.sign_up);
            } else {
                return Err(StoreError::BadRow("no answer"));
            }
        }
        Ok(answers)
    });
    told.extend(answers.into_iter().flatten().map(|sign_up| (sign_up, (job, Some(SeatState::Live)))));
}

fn cancel(node: &mut Node, told: &mut Told) {
    let Some((sign_up, (_, state))) = told.iter_mut().find(|(_, (_, state))| *state == Some(SeatState::Live))
    else {
        return;
    };
    let done = node.batch(|batch| batch.cancel(*sign_up).map_err(|_| StoreError::BadRow("no answer")));
    *state = done.map(|_| SeatState::Cancelled);
}

/// One day with one fault, and the start after it.
fn trial(figures: &mut Figures, seed: u64, (on, after): (Operation, u64), effect: Effect) {
    let number = begin(seed);
    disk::with(number, |disk| disk.order(on, after, effect));
    let told = day(number);
    disk::with(number, |disk| {
        disk.power_off();
        disk.power_on(effect == Effect::PowerCut);
        disk.calm();
        figures.torn_sectors += disk.counts().torn_sectors;
    });
    figures.answers += told.len() as u64;
    let sound = Node::start(number).and_then(|mut node| {
        node.store.quick_check()?;
        let own = node.store.read(|tx| tx.own_heads())?.into_iter().collect();
        Ok((node.witness.rolled_back(&own).is_none()).then_some(node))
    });
    let Ok(Some(mut node)) = sound else {
        figures.corrupt_databases += 1;
        return;
    };
    let (_, vshard) = topic_of(0);
    for (sign_up, (job, state)) in told {
        let seat = node.store.read(|tx| tx.seat(vshard, job, sign_up));
        let kept = match (seat, state) {
            (Ok(Some(seat)), Some(state)) => seat.state == state,
            (Ok(seat), None) => seat.is_some(),
            (Ok(None), Some(_)) | (Err(_), _) => false,
        };
        figures.lost_answers += u64::from(!kept);
    }
}
