//! Who is next: a job's wait list by arrival, by seniority and by a public draw.

use crate::{
    jobs::{fields, import},
    vshard::{TOPIC, Vshard, signed_up},
};
use hub_core::shard::{self, Imported};
use sync_protocol::{
    documents::{Attendance, Document, Draw, JobFields, Status, WaitOrder, WaitRule, draw_key},
    ids::{JobId, SignUpId, WorkerId, Writer},
    seats::{Excess, SeatState},
    wire::v1::{Ask, Outcome},
};

const HALL: Writer = Writer::new(1, 1);
const START: i64 = 100_000;
const DRAW: i64 = START - 3_600;
const SEED: [u8; 32] = [9; 32];

fn worker(n: u8) -> WorkerId {
    WorkerId([n; 16])
}

fn sign_up(n: u8) -> SignUpId {
    SignUpId::sign_up(HALL, u64::from(n))
}

/// A job whose one seat is taken, with a rule for those who come after.
struct Line {
    vshard: Vshard,
    job: JobId,
}

impl Line {
    fn of(name: &str, rule: WaitRule) -> Self {
        let mut vshard = Vshard::new(&format!("line-{name}"));
        let draw_before_min = if rule == WaitRule::Lottery { 60 } else { 0 };
        let fields = JobFields { wait: WaitOrder { rule, draw_before_min }, ..fields("sorter", START) };
        let Imported::Created(job) = import(&mut vshard, "job", 1, fields, false) else {
            panic!("not created")
        };
        let mut line = Self { vshard, job };
        line.look();
        assert!(matches!(line.ask(99), Outcome::Granted { .. }));
        line
    }

    /// Worker `n` comes; his sign-up has his number.
    fn ask(&mut self, n: u8) -> Outcome {
        let ask = Ask { job: self.job, sign_up: sign_up(n), worker: worker(n), topic: TOPIC.0 };
        self.vshard.work(|shard| shard::ask(shard, HALL, &ask)).unwrap()
    }

    /// A shift of the tenant that began at `start_at`, for which worker `n` was confirmed, and to which he came or not.
    fn shift(&mut self, n: u8, start_at: i64, came: bool) {
        let key = format!("shift-{n}-{start_at}");
        let Imported::Created(job) = import(&mut self.vshard, &key, 3, fields("before", start_at), false)
        else {
            panic!("not created")
        };
        let id = SignUpId::sign_up(HALL, 1_000 + u64::from(n) * 10 + job.counter);
        let told = signed_up(job, worker(n), Status::Confirmed);
        let mut written = told.to_fields();
        if came {
            written.push(Attendance::in_at(start_at - 300));
        }
        let mut document = Document::default();
        let change = document.edit(HALL, &written, 1).unwrap();
        document.take(id, &change, HALL).unwrap();
        self.vshard.work(|shard| {
            shard.tx.put_sign_up(shard.vshard, id, &told).unwrap();
            shard.tx.put_document(shard.vshard, id, TOPIC, &document).unwrap();
        });
    }

    /// Worker `n` signed up at a node that left it to the hub.
    fn request(&mut self, n: u8) {
        let (job, id, holder) = (self.job, sign_up(n), Writer::hub(1));
        let told = signed_up(job, worker(n), Status::Requested);
        self.vshard.work(|shard| {
            let mut document = Document::default();
            let change = document.edit(HALL, &told.to_fields(), 1).unwrap();
            document.take(id, &change, HALL).unwrap();
            shard.tx.put_sign_up(shard.vshard, id, &told).unwrap();
            shard.tx.put_document(shard.vshard, id, TOPIC, &document).unwrap();
            let state = SeatState::Requested;
            let seat = sync_store::SeatRow { sign_up: id, holder, worker: worker(n), state };
            shard.tx.put_seat(shard.vshard, job, &seat).unwrap();
            let wait =
                sync_store::WaitRow { sign_up: id, holder, worker: worker(n), promoted: false, position: 0 };
            shard.tx.put_waiting(shard.vshard, job, &wait).unwrap();
        });
    }

    fn status(&mut self, n: u8) -> Option<Status> {
        self.vshard.read(|tx, _| tx.sign_up(sign_up(n))).map(|row| row.status())
    }

    /// One look of the scheduler; when it wants to look again.
    fn look(&mut self) -> Option<i64> {
        let job = self.job;
        self.vshard.work(|shard| {
            let again = shard::draw(shard, job, &|_| SEED).unwrap();
            shard::promote(shard, job).unwrap();
            again
        })
    }

    /// The numbers of those who wait, in order; a `+` behind those who were offered a place.
    fn stands(&mut self) -> String {
        let job = self.job;
        let waiting = self.vshard.read(|tx, at| tx.waiting(at, job));
        let word = |wait: &sync_store::WaitRow| {
            format!("{}{}", wait.worker.0[0], if wait.promoted { "+" } else { "" })
        };
        waiting.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    fn seats(&mut self, cap: u32) {
        let job = self.job;
        let sign = |_: &sync_protocol::receipt::ReceiptBody| Vec::new();
        self.vshard.work(|shard| shard::set_cap(shard, job, cap, Excess::Keep, &sign)).unwrap();
    }

    fn published(&mut self) -> Draw {
        let job = self.job;
        let stored = self.vshard.read(|tx, at| tx.document(at, job)).unwrap();
        Draw::read(&stored.document)
    }
}

/// Workers with the start of their first worked shift, in the order in which they come; and how they stand then.
fn check_seniority(name: &str, come: &[(u8, Option<i64>)], expected: &str) {
    let mut line = Line::of(name, WaitRule::Seniority);
    for (n, first_worked) in come {
        if let Some(start_at) = first_worked {
            line.shift(*n, *start_at, true);
        }
        line.ask(*n);
    }
    assert_eq!(line.stands(), expected, "{name}");
}

#[test]
fn by_seniority_whoever_worked_here_first_is_next() {
    check_seniority("newcomers", &[(1, None), (2, None), (3, None)], "1 2 3");
    check_seniority("older", &[(1, None), (2, Some(300)), (3, Some(100))], "3 2 1");
    check_seniority("equal", &[(5, Some(300)), (2, Some(300)), (3, Some(100)), (1, None)], "3 5 2 1");
    check_seniority("between", &[(1, Some(100)), (2, Some(900)), (3, Some(500))], "1 3 2");
}

#[test]
fn who_was_confirmed_and_did_not_come_has_worked_nothing() {
    let mut line = Line::of("absent", WaitRule::Seniority);
    line.shift(1, 50, false);
    line.shift(1, 700, true);
    line.shift(2, 600, true);
    line.ask(1);
    line.ask(2);
    assert_eq!(line.stands(), "2 1");
}

#[test]
fn an_offered_place_is_not_taken_back_for_a_senior() {
    let mut line = Line::of("offered", WaitRule::Seniority);
    line.ask(1);
    line.ask(2);
    line.seats(2);
    assert_eq!(line.stands(), "1+ 2");
    line.shift(3, 100, true);
    assert_eq!(line.ask(3), Outcome::WaitListed { position: 2 });
    assert_eq!(line.stands(), "1+ 3 2");
}

#[test]
fn by_arrival_seniors_stand_where_they_come() {
    let mut line = Line::of("arrival", WaitRule::Arrival);
    line.ask(1);
    line.shift(2, 100, true);
    line.ask(2);
    assert_eq!((line.stands(), line.look()), ("1 2".to_owned(), None));
}

#[test]
fn nobody_is_promoted_before_the_draw_and_then_in_its_order() {
    let mut line = Line::of("drawn", WaitRule::Lottery);
    for n in 1..=5 {
        line.ask(n);
    }
    line.seats(3);
    assert_eq!(line.look(), Some(DRAW));
    assert_eq!(line.stands(), "1 2 3 4 5");
    let before = line.published();
    assert_eq!(
        (before.commitment.is_some(), before.seed),
        (true, None),
        "its hash is public, the seed is not"
    );

    line.vshard.now = DRAW;
    assert_eq!(line.look(), None);
    let mut order: Vec<u8> = (1..=5).collect();
    order.sort_by_key(|n| draw_key(&SEED, sign_up(*n)));
    assert_ne!(order, [1, 2, 3, 4, 5]);
    let expected = |tail: &str| {
        let [a, b, c, d, e] = order[..] else { panic!("five") };
        format!("{a}+ {b}+ {c} {d} {e}{tail}")
    };
    assert_eq!(line.stands(), expected(""));
    let draw = line.published();
    assert_eq!((draw.verify(), draw.commitment, draw.count), (Ok(()), before.commitment, 5));
    assert_eq!(draw.drawn, order.iter().map(|n| sign_up(*n)).collect::<Vec<_>>());

    line.ask(6);
    line.vshard.now += 60;
    assert_eq!(line.look(), None);
    assert_eq!(line.stands(), expected(" 6"), "who comes later stands behind, and nothing is drawn again");
    assert_eq!(line.published(), draw);
}

#[test]
fn who_was_left_to_the_hub_is_told_that_he_is_in_the_draw() {
    let mut line = Line::of("requested", WaitRule::Lottery);
    line.request(7);
    line.seats(2);
    assert_eq!((line.status(7), line.stands()), (Some(Status::WaitListed), "7".to_owned()));
    line.vshard.now = DRAW;
    line.look();
    assert_eq!((line.status(7), line.stands()), (Some(Status::Confirmed), String::new()));
}

#[test]
fn all_who_were_left_to_the_hub_are_told_that_they_wait() {
    let mut line = Line::of("requested-plain", WaitRule::Arrival);
    line.request(7);
    line.request(8);
    line.look();
    let told = Some(Status::WaitListed);
    assert_eq!((line.status(7), line.status(8), line.stands()), (told, told, "7 8".to_owned()));
}

#[test]
fn a_draw_is_as_late_as_its_shift_and_none_is_held_of_a_closed_job() {
    let mut line = Line::of("moved", WaitRule::Lottery);
    line.ask(1);
    let later = JobFields { start_at: START + 600, end_at: START + 700, ..fields("sorter", START) };
    import(&mut line.vshard, "job", 1, later, false);
    line.vshard.now = DRAW;
    assert_eq!(line.look(), Some(DRAW + 600), "the rule of a job stays when it is imported again");
    let job = line.job;
    line.vshard.work(|shard| shard::close(shard, job)).unwrap();
    line.vshard.now = DRAW + 600;
    assert_eq!((line.look(), line.published().seed), (None, None));
}
