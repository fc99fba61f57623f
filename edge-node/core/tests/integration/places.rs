//! Places in line: who stands first, who is refused a second seat, and whose number is told.

#![expect(clippy::disallowed_methods, reason = "a test keeps its databases in a folder of its own")]

use crate::world::{NOW, TENANT, fields, topic};
use ed25519_dalek::SigningKey;
use edge_core::node::{
    Answer, Batch, Claim, Decision, EdgeNode, JobRefusal, NewJob, PendingAsk, SignUpRequest, Uplink,
    answer_of, place_question,
};
use hub_core::shard::{self, Imported, JobPost, Shard};
use std::path::PathBuf;
use sync_protocol::{
    documents::Status,
    ids::{JobId, NodeId, SignUpId, WorkerId, Writer},
    log::{Entry, EntryKind, Head},
    receipt::{Receipt, ReceiptBody},
    seats::{EndReason, Excess, LossPolicy, NodeEvent, NodeRow, SeatState},
    wire::v1::{Ask, Down, Interest, Outcome, Sequenced},
};
use sync_store::{FenceCause, OpenOptions, SqliteShard};

const LOST: Writer = Writer::new(1, 1);
const OTHER: Writer = Writer::new(2, 1);

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dayshift-places-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn open(&self, file: &str) -> SqliteShard {
        OpenOptions::new(&self.0.join(file)).open().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// A hub with one job.
struct Hub {
    store: SqliteShard,
    job: JobId,
    _folder: Folder,
}

pub(crate) fn worker(n: u8) -> WorkerId {
    WorkerId([n; 16])
}

impl Hub {
    fn with_job(name: &str, seats: u32) -> Self {
        let folder = Folder::new(name);
        let mut store = folder.open("hub.sqlite");
        store.transact(|tx| shard::keep_seal(tx, &[7; 32])).unwrap();
        let post = JobPost {
            key: "job".to_owned(),
            fields: fields("job"),
            seats,
            policy: LossPolicy::Reclaim,
            keep_dates: false,
        };
        let (topic, vshard) = topic();
        let imported = store
            .transact(|tx| shard::import_job(&mut Shard { tx, vshard, now: NOW }, topic, &post))
            .unwrap();
        let Imported::Created(job) = imported else { panic!("{imported:?}") };
        Self { store, job, _folder: folder }
    }

    fn at<T>(&mut self, work: impl FnOnce(&mut Shard<'_>, JobId) -> T) -> T {
        let (_, vshard) = topic();
        let job = self.job;
        self.store.transact(|tx| Ok(work(&mut Shard { tx, vshard, now: NOW }, job))).unwrap()
    }

    /// Worker `n` asks at a node; the counter of the sign-up is the worker's number and how often he came.
    fn ask(&mut self, writer: Writer, n: u8, time: u64) -> (SignUpId, Outcome) {
        let sign_up = SignUpId::sign_up(writer, u64::from(n) * 10 + time);
        let topic = topic().0.0;
        let outcome = self.at(|shard, job| {
            shard::ask(shard, writer, &Ask { job, sign_up, worker: worker(n), topic }).unwrap()
        });
        (sign_up, outcome)
    }

    /// A node's log from its beginning arrives.
    fn report(&mut self, writer: Writer, events: &[NodeEvent]) {
        let job = self.job;
        let entries: Vec<_> = events
            .iter()
            .map(|event| {
                let body = minicbor::to_vec(NodeRow { job, event: event.clone() }).unwrap();
                Entry::new(EntryKind::NodeLedger, topic().0, job, body)
            })
            .collect();
        self.take(writer, &entries);
    }

    fn take(&mut self, writer: Writer, entries: &[Entry]) {
        let batch = shard::Batch { writer, first: 1, entries, allowed: &|_| true, signed: &|_| true };
        let merged = self.at(|shard, _| shard::merge(shard, &batch).unwrap());
        assert_eq!((merged.violation, merged.parked), (None, 0));
    }

    /// What the other node is sent behind `after`.
    fn down(&mut self, after: u64) -> Down {
        self.at(|shard, _| {
            let (history, _) = shard.tx.head(shard.vshard).unwrap();
            let page = shard.tx.read_since(shard.vshard, after, 1_000, 1 << 20).unwrap();
            let of_other = |(audience, row): &(Option<NodeId>, Sequenced)| {
                audience.is_none_or(|node| node == OTHER.node) && row.writer != OTHER
            };
            let entries = page.entries.into_iter().filter(of_other).map(|(_, row)| row).collect();
            Down { vshard: shard.vshard.0, history, upto: page.upto, entries, sent_at: NOW }
        })
    }

    /// The numbers of those who wait, in order.
    fn line(&mut self) -> Vec<u8> {
        let waiting = self.at(|shard, job| shard.tx.waiting(shard.vshard, job).unwrap());
        waiting.iter().map(|wait| wait.worker.0[0]).collect()
    }

    /// The lost node is fenced, its lease ends, and its rights come back.
    fn reclaim(&mut self) {
        self.at(|shard, _| {
            assert!(shard::fence(shard, LOST, FenceCause::Retired, "lost").unwrap());
            assert_eq!(shard::reclaim(shard, LOST, true, &|_| true).unwrap().jobs.len(), 1);
        });
    }
}

/// The only seat is sold by a node that is lost; two others wait at another node.
fn sold_by_a_lost_node(name: &str) -> (Hub, Vec<NodeEvent>) {
    let mut hub = Hub::with_job(name, 1);
    let (sold, outcome) = hub.ask(LOST, 1, 0);
    assert!(matches!(outcome, Outcome::Granted { .. }), "{outcome:?}");
    assert_eq!(hub.ask(OTHER, 2, 0).1, Outcome::WaitListed { position: 1 });
    assert_eq!(hub.ask(OTHER, 3, 0).1, Outcome::WaitListed { position: 2 });
    hub.reclaim();
    (hub, vec![NodeEvent::Accept { sign_up: sold, worker: worker(1) }, NodeEvent::Final])
}

#[test]
fn whose_receipt_was_voided_stands_first_when_he_comes_again() {
    let (mut hub, log) = sold_by_a_lost_node("voided");
    hub.report(LOST, &log);
    assert_eq!(hub.line(), [2, 3]);
    assert_eq!(hub.ask(OTHER, 4, 0).1, Outcome::WaitListed { position: 3 });
    let (again, outcome) = hub.ask(OTHER, 1, 1);
    assert_eq!(outcome, Outcome::WaitListed { position: 1 });
    assert_eq!(hub.line(), [1, 2, 3, 4]);
    assert_eq!(hub.ask(OTHER, 5, 0).1, Outcome::WaitListed { position: 5 });

    // The seat that came back is offered to him, and the next one who was voided would stand behind the offer.
    assert_eq!(hub.at(|shard, job| shard::promote(shard, job).unwrap()), 1);
    let waiting = hub.at(|shard, job| shard.tx.waiting(shard.vshard, job).unwrap());
    let offered: Vec<_> = waiting.iter().filter(|wait| wait.promoted).map(|wait| wait.sign_up).collect();
    assert_eq!(offered, [again]);
}

#[test]
fn who_came_again_before_the_voided_receipt_was_known_moves_to_the_front() {
    let (mut hub, log) = sold_by_a_lost_node("late");
    assert_eq!(hub.ask(OTHER, 1, 1).1, Outcome::WaitListed { position: 3 });
    assert_eq!(hub.line(), [2, 3, 1]);
    hub.report(LOST, &log);
    assert_eq!(hub.line(), [1, 2, 3]);
}

#[test]
fn a_worker_who_has_a_seat_gets_no_second_one_from_the_hub() {
    let mut hub = Hub::with_job("second", 3);
    let requested = SignUpId::sign_up(OTHER, 1);
    hub.report(OTHER, &[NodeEvent::Request { sign_up: requested, worker: worker(1) }]);
    assert_eq!(hub.line(), [1]);
    let first = SignUpId::sign_up(LOST, 1);
    hub.at(|shard, job| {
        let step = hub_core::scheduler::Move::Grant { job, to: LOST, count: 1, reason: "test" };
        shard::execute(shard, &step).unwrap();
    });
    hub.report(LOST, &[NodeEvent::Accept { sign_up: first, worker: worker(1) }]);

    assert_eq!(hub.at(|shard, job| shard::promote(shard, job).unwrap()), 0);
    let (state, reason, live) = hub.at(|shard, job| {
        let state = shard.tx.seat(shard.vshard, job, requested).unwrap().unwrap().state;
        let ended = shard.tx.ending(shard.vshard, job, requested).unwrap().unwrap();
        let seats = shard.tx.seats(shard.vshard, job).unwrap();
        let live = seats.iter().filter(|seat| seat.state == SeatState::Live).count();
        assert!(ended.done);
        (state, ended.ending.reason, live)
    });
    assert_eq!((state, reason, live), (SeatState::Bumped, EndReason::Duplicate, 1));
    assert!(hub.line().is_empty());
}

/// A node with a store of its own, whose line is down.
pub(crate) struct Node {
    pub(crate) me: EdgeNode,
    pub(crate) store: SqliteShard,
    _folder: Folder,
}

impl Node {
    pub(crate) fn cut_off(name: &str) -> Self {
        let (topic, vshard) = topic();
        let mut me = EdgeNode::new(OTHER, "hangzhou", &[2; 32], b"certificate", 0);
        me.learn(Interest { topics: vec![(topic.0, TENANT.0, vshard.0)], tenants: Vec::new() });
        let folder = Folder::new(name);
        Self { me, store: folder.open("node.sqlite"), _folder: folder }
    }

    pub(crate) fn batch<T>(&mut self, work: impl FnOnce(&mut Batch<'_>) -> T) -> T {
        let me = &self.me;
        self.store.transact(|tx| Ok(work(&mut Batch::new(me, tx, NOW, Uplink::Down)))).unwrap()
    }

    pub(crate) fn sign_up(&mut self, job: JobId, n: u8) -> Answer {
        let request = SignUpRequest {
            job,
            worker: worker(n),
            idempotency: [n; 16],
            body_hash: [n; 16],
            claim: Claim::default(),
        };
        match self.batch(|batch| batch.sign_up(&request)).unwrap() {
            Decision::Answer(answer) => *answer,
            Decision::Ask(ask) => panic!("{ask:?}"),
        }
    }

    /// Signs a worker up while the line is up and the hub does not answer in time.
    fn ask_in_vain(&mut self, job: JobId, n: u8) -> Answer {
        let pending = self.question(job, n);
        self.batch(|batch| batch.complete_ask(&pending, None)).unwrap()
    }

    /// What the node asks its hub for worker `n`.
    pub(crate) fn question(&mut self, job: JobId, n: u8) -> PendingAsk {
        let request = SignUpRequest {
            job,
            worker: worker(n),
            idempotency: [n; 16],
            body_hash: [n; 16],
            claim: Claim::default(),
        };
        let me = &self.me;
        let work = |tx: &mut dyn sync_store::ShardTx| {
            let mut batch = Batch::new(me, tx, NOW, Uplink::Up);
            let Ok(Decision::Ask(pending)) = batch.sign_up(&request) else { panic!("no question") };
            Ok(pending)
        };
        self.store.transact(work).unwrap()
    }

    fn stands(&mut self, sign_up: SignUpId) -> (Option<u32>, bool, bool) {
        let read = |tx: &mut dyn sync_store::ShardTx| {
            let row = tx.sign_up(sign_up)?.unwrap();
            let answer = answer_of(tx, &row)?;
            let question = place_question(tx, &row, OTHER)?;
            Ok((answer.position, answer.at_this_node, question.is_some()))
        };
        self.store.read(read).unwrap()
    }
}

#[test]
fn a_place_that_the_hub_confirms_has_a_receipt_of_the_hub() {
    let (mut hub, mut node) = (Hub::with_job("receipt-hub", 1), Node::cut_off("receipt-node"));
    let (_, vshard) = topic();
    let down = hub.down(0);
    node.batch(|batch| batch.receive(&down)).unwrap();
    let asked = node.ask_in_vain(hub.job, 7);
    assert_eq!((asked.status, asked.receipt), (Status::Requested, None));
    let (log, _) = node.batch(|batch| batch.tx.read_own(vshard, 0, 100, 1 << 20).unwrap());
    hub.take(OTHER, &log);

    let key = SigningKey::from_bytes(&[8; 32]);
    let sign = |body: &ReceiptBody| Receipt::sign(body, &key, b"certificate").to_bytes();
    let raised = hub.at(|shard, job| shard::set_cap(shard, job, 2, Excess::Keep, &sign).unwrap());
    assert_eq!(raised.cap, 2);
    assert_eq!(hub.at(|shard, job| shard::sign_receipts(shard, job, &sign).unwrap()), 0, "it was signed");

    let down = hub.down(down.upto);
    node.batch(|batch| batch.receive(&down)).unwrap();
    let read = |tx: &mut dyn sync_store::ShardTx| {
        let row = tx.sign_up(asked.sign_up)?.unwrap();
        answer_of(tx, &row)
    };
    let told = node.store.read(read).unwrap();
    assert_eq!(told.status, Status::Confirmed);
    let receipt = Receipt::from_bytes(&told.receipt.expect("a receipt")).unwrap();
    let body = receipt.verify(&key.verifying_key()).unwrap();
    assert_eq!((body.job, body.sign_up, body.worker), (hub.job, asked.sign_up, worker(7)));
    assert_eq!(body.writer, shard::RECEIPT_WRITER);
    let row = down.entries.iter().find(|row| row.seq == body.wseq).expect("the row that it names");
    assert_eq!(row.entry.doc, asked.sign_up);
    assert_eq!(body.head, Head::genesis(row.writer, vshard).then(&row.entry));
}

#[test]
fn the_hubs_number_replaces_the_nodes_once_the_hub_has_merged() {
    let mut node = Node::cut_off("number");
    let new = NewJob {
        fields: fields("born"),
        seats: 1,
        policy: LossPolicy::WriteOff,
        key: String::new(),
        body_hash: [0; 16],
    };
    let job = node.batch(|batch| batch.create_job(&new)).unwrap();
    let confirmed = node.sign_up(job, 1).sign_up;
    let waits = node.sign_up(job, 2).sign_up;
    assert_eq!(node.stands(waits), (Some(1), true, false), "the hub has not merged it");

    let (_, vshard) = topic();
    node.batch(|batch| {
        let head = batch.tx.own_heads().unwrap()[0].1;
        batch.tx.put_acked(vshard, head.wseq).unwrap();
    });
    assert_eq!(node.stands(waits), (Some(1), true, true), "the hub can be asked");
    assert_eq!(node.stands(confirmed), (None, false, false));
    node.batch(|batch| batch.keep_place(waits, 4)).unwrap();
    assert_eq!(node.stands(waits), (Some(4), false, true), "the hub's number, which may have moved on");
}

/// Whether a place is told as provisional: at once, and once the hub has acknowledged it.
fn provisional(policy: LossPolicy) -> [bool; 2] {
    let mut node = Node::cut_off(&format!("provisional-{policy:?}"));
    let new = NewJob { fields: fields("born"), seats: 1, policy, key: String::new(), body_hash: [0; 16] };
    let job = node.batch(|batch| batch.create_job(&new)).unwrap();
    let (_, vshard) = topic();
    let answer = node.sign_up(job, 1);
    let receipt = Receipt::from_bytes(answer.receipt.as_deref().unwrap()).unwrap().body_unchecked().unwrap();
    assert_eq!(receipt.class.is_some(), answer.provisional, "the receipt says so, and of others nothing");
    assert_eq!(receipt.provisional_until().is_some(), answer.provisional);
    let told = |node: &mut Node| {
        node.store.read(|tx| tx.sign_up(answer.sign_up).and_then(|row| answer_of(tx, &row.unwrap()))).unwrap()
    };
    assert_eq!(told(&mut node).provisional, answer.provisional, "whoever looks again is told the same");
    node.batch(|batch| {
        let head = batch.tx.own_head(vshard).unwrap().unwrap();
        batch.tx.put_acked(vshard, head.wseq).unwrap();
    });
    [answer.provisional, told(&mut node).provisional]
}

#[test]
fn a_place_that_a_reclaim_could_void_is_provisional_until_the_hub_has_it() {
    assert_eq!(provisional(LossPolicy::Reclaim), [true, false]);
    assert_eq!(provisional(LossPolicy::WriteOff), [false, false]);
}

#[test]
fn a_key_stands_for_one_job() {
    let mut node = Node::cut_off("job-key");
    let new = |key: &str, body: u8| NewJob {
        fields: fields("born"),
        seats: 1,
        policy: LossPolicy::WriteOff,
        key: key.to_owned(),
        body_hash: [body; 16],
    };
    let mut post = |key: &str, body: u8| node.batch(|batch| batch.create_job(&new(key, body)));
    let first = post("key", 1).unwrap();
    assert_eq!(post("key", 1).unwrap(), first);
    assert!(matches!(post("key", 2), Err(JobRefusal::KeyReused)));
    assert_ne!(post("other", 2).unwrap(), first);
    assert_ne!(post("", 1).unwrap(), post("", 1).unwrap(), "no key stands for nothing");
}
