//! An agency ends places at the hub: one of somebody who stays away, or those who came last.

use crate::{
    jobs::{fields, import},
    vshard::{TOPIC, Vshard, accept},
};
use hub_core::shard::{self, DismissRefusal, Ended, Imported};
use sync_protocol::{
    documents::{Attendance, Document, NO_SHOW_FROM_S, SignUpFields, Status},
    ids::{JobId, SignUpId, WorkerId, Writer},
    seats::{EndReason, Excess, SeatState},
    wire::v1::{Ask, Outcome},
};

const HALL: Writer = Writer::new(1, 1);
const START: i64 = 100_000;

fn sign_up(n: u64) -> SignUpId {
    SignUpId::sign_up(HALL, n)
}

fn worker(n: u64) -> WorkerId {
    let mut worker = [0; 16];
    worker[..8].copy_from_slice(&n.to_be_bytes());
    WorkerId(worker)
}

/// A shift with three places at one hall, taken by 1, 2 and 3 in turn; 4 waits.
struct Shift {
    vshard: Vshard,
    job: JobId,
}

impl Shift {
    fn begin(name: &str) -> Self {
        let mut vshard = Vshard::new(&format!("dismiss-{name}"));
        let Imported::Created(job) = import(&mut vshard, "job", 3, fields("sorter", START), false) else {
            panic!("not created")
        };
        let mut shift = Self { vshard, job };
        for n in 1..=3 {
            assert!(matches!(shift.ask(n), Outcome::Granted { .. }));
            shift.vshard.report(HALL, &[accept(job, sign_up(n))]).unwrap();
            shift.write(n, None);
        }
        assert!(matches!(shift.ask(4), Outcome::WaitListed { .. }));
        shift.vshard.now = START;
        shift
    }

    fn ask(&mut self, n: u64) -> Outcome {
        let ask = Ask { job: self.job, sign_up: sign_up(n), worker: worker(n), topic: TOPIC.0 };
        self.vshard.work(|shard| shard::ask(shard, HALL, &ask)).unwrap()
    }

    /// The sign-up's document as its hall tells it: made at minute `n`, checked in or not.
    fn write(&mut self, n: u64, checked_in_at: Option<i64>) {
        let told = SignUpFields {
            job: self.job,
            worker: worker(n),
            status: Status::Confirmed,
            code: String::new(),
            idempotency: [0; 16],
            body_hash: [0; 16],
            created_at: i64::try_from(n).unwrap() * 60,
            reason: String::new(),
        };
        let mut written = told.to_fields();
        written.extend(checked_in_at.map(Attendance::in_at));
        let mut document = Document::default();
        let change = document.edit(HALL, &written, 1).unwrap();
        document.take(sign_up(n), &change, HALL).unwrap();
        self.vshard.work(|shard| {
            shard.tx.put_sign_up(shard.vshard, sign_up(n), &told).unwrap();
            shard.tx.put_document(shard.vshard, sign_up(n), TOPIC, &document).unwrap();
        });
    }

    fn dismiss(&mut self, n: u64, is_no_show: bool) -> Result<Ended, DismissRefusal> {
        let job = self.job;
        self.vshard.work(|shard| shard::dismiss(shard, job, sign_up(n), is_no_show))
    }

    /// Whose ends were asked for, and why.
    fn asked(&mut self) -> Vec<(u64, EndReason)> {
        let job = self.job;
        let endings = self.vshard.read(|tx, at| tx.endings(at, job));
        let mut asked: Vec<_> =
            endings.iter().map(|row| (row.ending.sign_up.counter, row.ending.reason)).collect();
        asked.sort_unstable_by_key(|(n, _)| *n);
        asked
    }
}

#[test]
fn a_place_is_taken_once_and_its_holder_carries_it_out() {
    let mut shift = Shift::begin("once");
    assert!(matches!(shift.dismiss(1, true), Ok(Ended::Asked)));
    assert!(matches!(shift.dismiss(2, false), Ok(Ended::Asked)));
    assert!(matches!(shift.dismiss(1, false), Ok(Ended::Asked)), "asked for already");
    assert_eq!(shift.asked(), [(1, EndReason::NoShow), (2, EndReason::Employer)]);
    let job = shift.job;
    assert_eq!(shift.vshard.seat(job, sign_up(1)), Some((SeatState::Live, false)), "its holder frees it");
    assert!(matches!(shift.dismiss(4, false), Ok(Ended::Asked)), "who waits can be sent home");
}

#[test]
fn what_a_desk_may_not_end_is_refused() {
    let mut shift = Shift::begin("refused");
    let check = |told: Result<Ended, DismissRefusal>, expected: &str| {
        assert_eq!(
            told.unwrap_err().to_string().split_whitespace().take(4).collect::<Vec<_>>().join(" "),
            expected
        );
    };
    shift.write(3, Some(START - 60));
    for is_no_show in [true, false] {
        check(shift.dismiss(3, is_no_show), "the worker has been");
    }
    check(shift.dismiss(9, false), "there is no such");
    check(shift.dismiss(4, true), "the place is not");
    shift.vshard.now = START - NO_SHOW_FROM_S - 1;
    check(shift.dismiss(1, true), "somebody is a no-show");
    assert!(shift.asked().is_empty());
    shift.vshard.now += 1;
    assert!(matches!(shift.dismiss(1, true), Ok(Ended::Asked)));
}

#[test]
fn fewer_seats_end_the_latest_and_whoever_has_come_last_of_all() {
    let sign = |_: &sync_protocol::receipt::ReceiptBody| Vec::new();
    for (came, expected) in [(None, [2, 3]), (Some(3), [1, 2]), (Some(2), [1, 3])] {
        let mut shift = Shift::begin(&format!("fewer-{came:?}"));
        if let Some(came) = came {
            shift.write(came, Some(START - 60));
        }
        let job = shift.job;
        shift.vshard.work(|shard| shard::set_cap(shard, job, 1, Excess::BumpLatest, &sign)).unwrap();
        let asked: Vec<_> = shift.asked().into_iter().map(|(n, _)| n).collect();
        assert_eq!(asked, expected, "{came:?} has come");
    }
}
