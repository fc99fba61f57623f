//! Who is next at a node that is cut off, by the rule of the job, and what those who wait are told.

use crate::{
    places::{Node, worker},
    world::{NOW, TENANT, fields, topic},
};
use edge_core::node::{Act, Attend, Batch, NewJob, Turn, Uplink, answer_of, place_question};
use sync_protocol::{
    documents::{Document, Draw, JobFields, Status, WaitOrder, WaitRule, draw_key},
    ids::{JobId, SignUpId, Writer},
    log::{Entry, EntryKind},
    seats::LossPolicy,
    wire::v1::{Down, Sequenced},
};

const SEED: [u8; 32] = [9; 32];
const DRAW_AT: i64 = NOW + 86_400 - 3_600;

/// A job of one seat that worker 1 has, at a node that is cut off.
struct Line {
    node: Node,
    job: JobId,
    sign_ups: Vec<SignUpId>,
}

impl Line {
    fn of(name: &str, rule: WaitRule) -> Self {
        let mut node = Node::cut_off(&format!("line-{name}"));
        let draw_before_min = if rule == WaitRule::Lottery { 60 } else { 0 };
        let fields = JobFields { wait: WaitOrder { rule, draw_before_min }, ..fields("job") };
        let job = post(&mut node, fields, 1);
        let mut line = Self { node, job, sign_ups: Vec::new() };
        line.come(1);
        line
    }

    /// The next worker signs up; workers are numbered as they come.
    fn come(&mut self, n: u8) {
        let answer = self.node.sign_up(self.job, n);
        self.sign_ups.push(answer.sign_up);
    }

    /// Worker `n` came to a shift of the agency on an earlier day, `days` ago.
    fn worked(&mut self, n: u8, days: i64) {
        let start_at = NOW - days * 86_400;
        let earlier = JobFields { start_at, end_at: start_at + 1_000, ..fields("before") };
        let before = self.at(start_at - 7_200, |batch| batch.create_job(&new(earlier, 3))).unwrap();
        let sign_up = self.at(start_at - 7_200, |batch| {
            let request = edge_core::node::SignUpRequest {
                job: before,
                worker: worker(n),
                idempotency: [200 + n; 16],
                body_hash: [n; 16],
                claim: edge_core::node::Claim::default(),
            };
            match batch.sign_up(&request).unwrap() {
                edge_core::node::Decision::Answer(answer) => answer.sign_up,
                edge_core::node::Decision::Ask(ask) => panic!("{ask:?}"),
            }
        });
        let came = Attend { tenant: TENANT, sign_up, act: Act::CheckIn };
        self.at(start_at, |batch| batch.attend(came)).unwrap();
    }

    fn at<T>(&mut self, now: i64, work: impl FnOnce(&mut Batch<'_>) -> T) -> T {
        let me = &self.node.me;
        self.node.store.transact(|tx| Ok(work(&mut Batch::new(me, tx, now, Uplink::Down)))).unwrap()
    }

    /// Each worker in a word: `has`, `gone`, the place in line, or `draw` before a draw.
    fn told(&mut self) -> String {
        let sign_ups = self.sign_ups.clone();
        let word = |batch: &mut Batch<'_>, sign_up: &SignUpId| {
            let row = batch.tx.sign_up(*sign_up).unwrap().unwrap();
            let answer = answer_of(batch.tx, &row).unwrap();
            match (answer.status, answer.position, answer.turn.draw_at) {
                (Status::Confirmed, ..) => "has".to_owned(),
                (Status::WaitListed, None, Some(at)) => format!("draw{}", at - DRAW_AT),
                (Status::WaitListed, Some(place), None) => {
                    format!("{place}{}", if answer.at_this_node { "" } else { "!" })
                }
                _ => "gone".to_owned(),
            }
        };
        let words = self.node.batch(|batch| sign_ups.iter().map(|s| word(batch, s)).collect::<Vec<_>>());
        words.join(" ")
    }

    /// Worker `n` gives his place or his number back.
    fn leave(&mut self, n: usize) {
        let sign_up = self.sign_ups[n - 1];
        self.node.batch(|batch| batch.cancel(sign_up)).unwrap();
    }

    /// What the hub has published of the job comes in a file.
    fn hear(&mut self, fields: &[(&'static str, sync_protocol::documents::Value)]) {
        let ((topic, vshard), hub, job) = (topic(), Writer::hub(1), self.job);
        let (history, seq, body) = self.node.batch(|batch| {
            let stored = batch.tx.document(vshard, job).unwrap().unwrap();
            let cursor = batch.tx.cursors().unwrap().into_iter().find(|cursor| cursor.vshard == vshard.0);
            let body = stored.document.edit(hub, fields, NOW).unwrap();
            (1, cursor.map_or(0, |cursor| cursor.seq) + 1, body)
        });
        let entry = Entry::new(EntryKind::Change, topic, job, body);
        let entries = vec![Sequenced { seq, writer: hub, entry }];
        let down = Down { vshard: vshard.0, history, upto: seq, entries, sent_at: NOW };
        self.node.batch(|batch| batch.receive(&down)).unwrap();
    }
}

fn new(fields: JobFields, seats: u32) -> NewJob {
    NewJob { fields, seats, policy: LossPolicy::WriteOff, key: String::new(), body_hash: [0; 16] }
}

fn post(node: &mut Node, fields: JobFields, seats: u32) -> JobId {
    node.batch(|batch| batch.create_job(&new(fields, seats))).unwrap()
}

#[test]
fn a_freed_place_goes_to_the_senior_of_those_who_wait_here() {
    let mut line = Line::of("senior", WaitRule::Seniority);
    line.worked(3, 10);
    line.worked(4, 30);
    for n in 2..=4 {
        line.come(n);
    }
    assert_eq!(line.told(), "has 3 2 1");
    line.leave(1);
    assert_eq!(line.told(), "gone 2 1 has");
    line.leave(4);
    assert_eq!(line.told(), "gone 1 has gone");
}

#[test]
fn by_arrival_a_senior_waits_where_he_came() {
    let mut line = Line::of("arrival", WaitRule::Arrival);
    line.worked(3, 10);
    line.come(2);
    line.come(3);
    assert_eq!(line.told(), "has 1 2");
    line.leave(1);
    assert_eq!(line.told(), "gone has 1");
}

#[test]
fn before_a_draw_nobody_has_a_place_and_what_is_freed_waits_at_the_hub() {
    let mut line = Line::of("awaited", WaitRule::Lottery);
    for n in 2..=5 {
        line.come(n);
    }
    assert_eq!(line.told(), "has draw0 draw0 draw0 draw0");
    line.leave(1);
    assert_eq!(line.told(), "gone draw0 draw0 draw0 draw0");
    let (_, vshard) = topic();
    let job = line.job;
    let (seats, _) = line.node.store.read(|tx| tx.node_job(vshard, job)).unwrap().unwrap();
    assert_eq!(
        (seats.avail(), seats.returned),
        (0, 1),
        "nobody who comes now takes it before those who wait"
    );

    line.hear(&Draw::committed(&SEED));
    assert_eq!(line.told(), "gone draw0 draw0 draw0 draw0", "its hash alone draws nobody");
}

#[test]
fn after_the_draw_those_who_wait_here_stand_in_its_order() {
    let mut line = Line::of("drawn", WaitRule::Lottery);
    for n in 2..=5 {
        line.come(n);
    }
    let waiting: Vec<SignUpId> = line.sign_ups[1..].to_vec();
    let mut order = waiting.clone();
    order.sort_by_key(|sign_up| draw_key(&SEED, *sign_up));
    assert_ne!(order, waiting);
    line.hear(&Draw::committed(&SEED));
    line.hear(&Draw::held(&SEED, &order, usize::MAX));
    line.come(6);
    let place = |id: &SignUpId| (order.iter().position(|of| of == id).unwrap() + 1).to_string();
    let places: Vec<String> = waiting.iter().map(place).collect();
    assert_eq!(line.told(), format!("has {} 5", places.join(" ")), "who came later stands behind");
    line.leave(1);
    let first = line.sign_ups.iter().position(|id| *id == order[0]).unwrap();
    assert_eq!(line.told().split(' ').nth(first), Some("has"));
}

#[test]
fn the_hubs_number_is_asked_for_once_it_means_something() {
    let asked = |rule: WaitRule, told: u32, drawn: bool| {
        let mut line = Line::of(&format!("asked-{}-{told}-{drawn}", rule.as_str()), rule);
        line.come(2);
        let waits = line.sign_ups[1];
        if drawn {
            line.hear(&Draw::held(&SEED, &[waits], 1));
        }
        let (_, vshard) = topic();
        line.node.batch(|batch| {
            let head = batch.tx.own_heads().unwrap()[0].1;
            batch.tx.put_acked(vshard, head.wseq).unwrap();
            batch.keep_place(waits, told).unwrap();
        });
        let writer = line.node.me.writer;
        line.node.batch(|batch| {
            let row = batch.tx.sign_up(waits).unwrap().unwrap();
            place_question(batch.tx, &row, writer).unwrap().is_some()
        })
    };
    assert!(asked(WaitRule::Arrival, 0, false));
    assert!(asked(WaitRule::Arrival, 4, false), "those before him may have gone");
    assert!(asked(WaitRule::Seniority, 4, false), "a senior may have come before him since");
    assert!(!asked(WaitRule::Lottery, 0, false), "nobody has a number before the draw");
    assert!(asked(WaitRule::Lottery, 0, true));
}

#[test]
fn an_answer_says_by_which_rule_it_waits() {
    let mut line = Line::of("turn", WaitRule::Lottery);
    let answer = line.node.sign_up(line.job, 2);
    let turn = Turn { rule: WaitRule::Lottery, draw_at: Some(DRAW_AT) };
    assert_eq!((answer.turn, answer.position, answer.at_this_node), (turn, None, false));
    let rows = |document: &Document| JobFields::read(document).map(|fields| fields.wait.rule);
    let (_, vshard) = topic();
    let stored = line.node.store.read(|tx| tx.document(vshard, line.job)).unwrap().unwrap();
    assert_eq!(rows(&stored.document), Some(WaitRule::Lottery));
}
