//! Holds against a reference: they never create a right, never lose one, and end with their time.

use crate::places::Node;
use crate::world::{NOW, fields};
use edge_core::{
    limits::{HOLD_MS, HOLDS_MAX, HOLDS_OF_DEVICE_MAX},
    node::{
        Batch, Claim, CrewDecision, CrewRequest, Decision, HoldRefusal, HoldRequest, Holder, Holds, NewJob,
        SignUpRefusal, SignUpRequest, Uplink,
    },
};
use std::collections::{BTreeMap, BTreeSet};
use sync_protocol::{
    documents::Status,
    ids::{JobId, SignUpId, WorkerId},
    seats::{HoldingRow, LossPolicy},
    wire::v1::{Down, Sequenced},
};

/// A hall with a node whose line is cut, and a clock.
struct Hall {
    node: Node,
    holds: Holds,
    now_ms: u64,
    uplink: Uplink,
    asked: u16,
}

impl Hall {
    fn new(name: &str) -> Self {
        let (node, holds) = (Node::cut_off(name), Holds::default());
        Self { node, holds, now_ms: 1_000, uplink: Uplink::Down, asked: 0 }
    }

    fn at<T>(&mut self, work: impl FnOnce(&mut Batch<'_>, u64) -> T) -> T {
        let (holds, now_ms, uplink) = (self.holds.clone(), self.now_ms, self.uplink);
        let (made, holds) = self.node.batch(|batch| {
            (batch.holds, batch.uplink) = (holds, uplink);
            (work(batch, now_ms), std::mem::take(&mut batch.holds))
        });
        self.holds = holds;
        made
    }

    fn job(&mut self, seats: u32) -> JobId {
        let new = NewJob {
            fields: fields("born"),
            seats,
            policy: LossPolicy::WriteOff,
            key: String::new(),
            body_hash: [0; 16],
        };
        self.at(|batch, _| batch.create_job(&new)).unwrap()
    }

    fn wish(&mut self, job: JobId, holder: Holder, device: u8) -> Result<[u8; 16], HoldRefusal> {
        self.asked += 1;
        let mut id = [0; 16];
        id[..2].copy_from_slice(&self.asked.to_be_bytes());
        let wish = HoldRequest { id, job, holder, device: [device; 16] };
        self.at(|batch, now_ms| batch.hold(&wish, now_ms)).map(|hold| hold.id)
    }

    fn hold(&mut self, job: JobId, n: u8) -> Result<[u8; 16], HoldRefusal> {
        self.wish(job, Holder::Worker(WorkerId([n; 16])), n)
    }

    fn sign_up_by(&mut self, job: JobId, n: u8, form: Option<u8>) -> Result<Status, SignUpRefusal> {
        let request = SignUpRequest {
            job,
            worker: WorkerId([n; 16]),
            idempotency: [n; 16],
            body_hash: [n; 16],
            claim: Claim { form: form.map(|form| [form; 16]), proved: false },
        };
        match self.at(|batch, _| batch.sign_up(&request))? {
            Decision::Answer(answer) => Ok(answer.status),
            Decision::Ask(ask) => panic!("{ask:?}"),
        }
    }

    fn sign_up(&mut self, job: JobId, n: u8) -> Status {
        self.sign_up_by(job, n, None).unwrap()
    }

    fn sign_up_id(&mut self, job: JobId, n: u8) -> SignUpId {
        self.at(|batch, _| {
            let vshard = batch.tx.vshard_of(job).unwrap().unwrap();
            batch.tx.sign_ups_of(vshard, job, WorkerId([n; 16])).unwrap()[0].sign_up
        })
    }

    fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        self.at(|batch, now_ms| batch.end_holds(now_ms)).unwrap();
    }

    /// Rights that are idle, and sign-ups that live.
    fn rights(&mut self, job: JobId) -> (u32, u32) {
        self.at(|batch, _| {
            let vshard = batch.tx.vshard_of(job).unwrap().unwrap();
            let (seats, _) = batch.tx.node_job(vshard, job).unwrap().unwrap();
            (seats.avail(), seats.live)
        })
    }
}

#[test]
fn a_held_place_is_its_holders_until_the_time_is_over() {
    let mut hall = Hall::new("held");
    let job = hall.job(1);
    hall.hold(job, 1).unwrap();
    assert!(matches!(hall.hold(job, 2), Err(HoldRefusal::NothingFree)));
    assert_eq!(hall.sign_up(job, 2), Status::WaitListed, "it is set aside for another");
    assert_eq!(hall.sign_up(job, 1), Status::Confirmed, "its holder uses it");
    assert_eq!((hall.holds.of_job(job), hall.rights(job)), (0, (0, 1)));

    let job = hall.job(1);
    hall.hold(job, 3).unwrap();
    hall.pass(HOLD_MS - 1);
    assert_eq!(hall.holds.of_job(job), 1);
    hall.pass(1);
    assert_eq!((hall.holds.of_job(job), hall.rights(job)), (0, (1, 0)));
    assert_eq!(hall.sign_up(job, 4), Status::Confirmed, "its time was over");
    assert_eq!(hall.sign_up(job, 3), Status::WaitListed, "a hold was no promise");
}

#[test]
fn who_waits_behind_a_hold_gets_the_place_when_it_ends() {
    for ended_by in ["time", "wish"] {
        let mut hall = Hall::new("behind");
        let job = hall.job(1);
        let hold = hall.hold(job, 1).unwrap();
        assert_eq!(hall.sign_up(job, 2), Status::WaitListed);
        match ended_by {
            "time" => hall.pass(HOLD_MS),
            _ => assert!(hall.at(|batch, _| batch.end_hold(hold)).unwrap()),
        }
        assert_eq!(hall.sign_up(job, 2), Status::Confirmed, "{ended_by}");
        assert!(!hall.at(|batch, _| batch.end_hold(hold)).unwrap(), "it has ended");
    }
}

#[test]
fn a_form_that_knows_no_worker_holds_by_its_token() {
    let mut hall = Hall::new("form");
    let job = hall.job(1);
    hall.wish(job, Holder::Form([7; 16]), 1).unwrap();
    assert_eq!(hall.sign_up_by(job, 1, Some(8)).unwrap(), Status::WaitListed, "another form");
    assert_eq!(hall.sign_up_by(job, 2, Some(7)).unwrap(), Status::Confirmed);
}

#[test]
fn a_worker_has_one_hold_and_it_does_not_grow_older_by_asking_again() {
    let mut hall = Hall::new("one");
    let (first, second) = (hall.job(2), hall.job(2));
    let hold = hall.hold(first, 1).unwrap();
    hall.pass(HOLD_MS / 2);
    assert_eq!(hall.hold(first, 1).unwrap(), hold, "the same one");
    assert_eq!(hall.holds.next_end_ms(), Some(1_000 + HOLD_MS));
    hall.hold(second, 1).unwrap();
    assert_eq!(hall.holds.by_job(), BTreeMap::from([(second, 1)]), "it moved");
}

#[test]
fn holds_of_a_device_and_of_a_node_are_bounded() {
    let mut hall = Hall::new("bounds");
    let job = hall.job(10_000);
    for n in 0..HOLDS_OF_DEVICE_MAX {
        hall.wish(job, Holder::Form([u8::try_from(n).unwrap(); 16]), 1).unwrap();
    }
    assert!(matches!(hall.wish(job, Holder::Form([200; 16]), 1), Err(HoldRefusal::DeviceFull)));
    let mut granted = HOLDS_OF_DEVICE_MAX;
    for n in 0..300_u16 {
        let mut holder = [201; 16];
        holder[..2].copy_from_slice(&n.to_be_bytes());
        match hall.wish(job, Holder::Form(holder), 2 + u8::try_from(n / 2).unwrap()) {
            Ok(_) => granted += 1,
            Err(refusal) => assert!(matches!(refusal, HoldRefusal::NodeFull), "{refusal}"),
        }
    }
    assert_eq!(granted, HOLDS_MAX);
    assert_eq!(hall.sign_up(job, 1), Status::Confirmed, "signing up needs no hold");
    hall.pass(HOLD_MS);
    hall.hold(job, 1).unwrap();
}

/// The hub asks for all idle rights of a job but `keep`.
fn recall(hall: &mut Hall, job: JobId, granted: u32, keep: u32, upto: u64) {
    let (topic, vshard) = crate::world::topic();
    let writer = hall.node.me.writer;
    let row = HoldingRow {
        job,
        writer,
        granted,
        end: Vec::new(),
        promote: Vec::new(),
        recall_keep: Some(keep),
        offer_until: None,
        seal: None,
    };
    let kind = sync_protocol::log::EntryKind::HoldingLedger;
    let entry = sync_protocol::log::Entry::new(kind, topic, job, minicbor::to_vec(row).unwrap());
    let entries = vec![Sequenced { seq: upto, writer, entry }];
    let down = Down { vshard: vshard.0, history: 1, upto, entries, sent_at: NOW };
    hall.at(|batch, _| batch.receive(&down)).unwrap();
}

#[test]
fn a_recall_takes_what_is_held_once_it_is_let_go() {
    let mut hall = Hall::new("recall");
    let job = hall.job(5);
    hall.hold(job, 1).unwrap();
    hall.hold(job, 2).unwrap();
    recall(&mut hall, job, 5, 0, 1);
    assert_eq!(hall.rights(job), (2, 0), "two are held");
    assert_eq!(hall.sign_up(job, 1), Status::Confirmed);
    hall.pass(HOLD_MS);
    assert_eq!(hall.rights(job), (0, 1), "the other went back when its time was over");

    let job = hall.job(3);
    hall.hold(job, 1).unwrap();
    recall(&mut hall, job, 3, 0, 2);
    assert_eq!(hall.rights(job), (1, 0));
    // A restart forgets the holds; what they stood in the way of is taken up.
    hall.holds = Holds::default();
    hall.at(|batch, _| batch.recall_all_again()).unwrap();
    assert_eq!(hall.rights(job), (0, 0));
}

#[test]
fn a_crew_has_all_its_places_before_what_its_members_held_goes_back() {
    let mut hall = Hall::new("crew");
    let job = hall.job(5);
    let signed_up = [7, 8, 9].map(|n| {
        assert_eq!(hall.sign_up(job, n), Status::Confirmed);
        hall.sign_up_id(job, n)
    });
    hall.hold(job, 1).unwrap();
    hall.hold(job, 2).unwrap();
    // The hub asks for what is idle, and all of it is held; then three places are given back.
    recall(&mut hall, job, 5, 0, 1);
    for sign_up in signed_up {
        hall.at(|batch, _| batch.cancel(sign_up)).unwrap();
    }
    assert_eq!((hall.rights(job), hall.holds.of_job(job)), ((5, 0), 2));
    let crew = CrewRequest {
        job,
        workers: [1, 3, 4].map(|n| WorkerId([n; 16])).to_vec(),
        idempotency: [77; 16],
        body_hash: [77; 16],
    };
    let CrewDecision::Answered(answers) = hall.at(|batch, _| batch.sign_up_crew(&crew)).unwrap() else {
        panic!("the crew has no place");
    };
    assert!(answers.iter().all(|answer| answer.status == Status::Confirmed), "{answers:?}");
    assert_eq!(hall.rights(job), (1, 3), "what is left is held, and the rest is the hub's");
    let CrewDecision::Answered(again) = hall.at(|batch, _| batch.sign_up_crew(&crew)).unwrap() else {
        panic!("the same request is answered anew");
    };
    assert!(again.iter().zip(&answers).all(|(again, answer)| again.sign_up == answer.sign_up), "{again:?}");
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// Whoever holds, and until when: what the node must agree with after each step.
#[derive(Default)]
struct Reference(BTreeMap<u8, (JobId, u64)>);

impl Reference {
    fn of(&self, job: JobId) -> u32 {
        u32::try_from(self.0.values().filter(|(of, _)| *of == job).count()).unwrap()
    }
}

fn check(seed: u64) {
    let mut random = Random(seed);
    let mut hall = Hall::new(&format!("random-{seed}"));
    let jobs = [hall.job(3), hall.job(1), hall.job(6)];
    let caps = BTreeMap::from([(jobs[0], 3), (jobs[1], 1), (jobs[2], 6)]);
    let (mut known, mut told) = (Reference::default(), BTreeSet::new());
    for _ in 0..150 {
        let (n, job) =
            (u8::try_from(random.below(20) + 1).unwrap(), jobs[usize::try_from(random.below(3)).unwrap()]);
        match random.below(10) {
            0..4 => {
                if let Ok(id) = hall.hold(job, n) {
                    let until = if known.0.get(&n).is_some_and(|(of, _)| *of == job) {
                        known.0[&n].1
                    } else {
                        hall.now_ms + HOLD_MS
                    };
                    known.0.insert(n, (job, until));
                    if random.below(6) == 0 {
                        assert!(hall.at(|batch, _| batch.end_hold(id)).unwrap());
                        known.0.remove(&n);
                    }
                }
            }
            4..7 => {
                // The idempotency key of a worker is its own number: one sign-up each.
                if told.iter().all(|(worker, _)| *worker != n) {
                    let had = known.0.get(&n).is_some_and(|(of, _)| *of == job);
                    let status = hall.sign_up_by(job, n, None).unwrap();
                    assert!(!had || status == Status::Confirmed, "{seed}: the holder gets the place");
                    told.insert((n, job));
                    known.0.retain(|worker, (of, _)| *worker != n || *of != job);
                }
            }
            _ => {
                let ms = random.below(HOLD_MS / 2);
                hall.pass(ms);
                let now = hall.now_ms;
                known.0.retain(|_, (_, until)| *until > now);
            }
        }
        for job in jobs {
            let (idle, live) = hall.rights(job);
            assert_eq!(idle + live, caps[&job], "{seed}: no right is created or lost");
            assert_eq!(hall.holds.of_job(job), known.of(job), "{seed}");
            assert!(hall.holds.of_job(job) <= idle, "{seed}: what is held is there");
        }
    }
    hall.pass(HOLD_MS);
    for (at, job) in jobs.into_iter().enumerate() {
        for n in 0..10 {
            hall.sign_up(job, 100 + 10 * u8::try_from(at).unwrap() + n);
        }
        assert_eq!(hall.rights(job), (0, caps[&job]), "{seed}: every right can be used");
    }
}

#[test]
fn holds_never_create_or_lose_a_right() {
    for seed in 0..24 {
        check(seed);
    }
}

#[test]
fn a_drained_node_gives_back_what_nobody_holds_and_takes_nobody_else() {
    let mut hall = Hall::new("drained");
    let job = hall.job(4);
    assert_eq!(hall.sign_up(job, 1), Status::Confirmed);
    hall.hold(job, 2).unwrap();
    hall.at(|batch, _| batch.drain(true)).unwrap();
    hall.node.me.set_draining(true);
    assert_eq!(hall.rights(job), (1, 1), "two of four went back, one is held and one lives");
    assert!(matches!(hall.sign_up_by(job, 3, None), Err(SignUpRefusal::Draining)));
    assert!(matches!(hall.hold(job, 3), Err(HoldRefusal::Draining)));
    assert_eq!(hall.sign_up(job, 2), Status::Confirmed, "who was at it finishes");
    assert_eq!(hall.sign_up(job, 1), Status::Confirmed, "a repeated request is answered as before");

    let first = hall.at(|batch, _| {
        let vshard = batch.tx.vshard_of(job).unwrap().unwrap();
        batch.tx.sign_ups_for(vshard, job).unwrap()
    });
    hall.at(|batch, _| batch.cancel(first[0].sign_up)).unwrap();
    assert_eq!(hall.rights(job), (0, 1), "a place that is given back goes to the hub");
    hall.at(|batch, _| batch.drain(false)).unwrap();
    hall.node.me.set_draining(false);
    assert_eq!(
        hall.sign_up(job, 4),
        Status::WaitListed,
        "people are taken again, and what went back is the hub's"
    );
}
