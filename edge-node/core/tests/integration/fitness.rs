//! Who may take a place: other shifts at that time, and what a job asks of people.

use crate::places::Node;
use crate::world::fields;
use edge_core::{
    node::{Claim, Decision, NewJob, SignUpRefusal, SignUpRequest, answer_of},
    person::{Born, Class, DataKey, Facts, Regional, Sealer},
};
use std::collections::BTreeSet;
use sync_protocol::{
    documents::{Demands, JobFields, Status},
    ids::{JobId, SignUpId, WorkerId},
    seats::LossPolicy,
};
use sync_store::MessageKind;

const HOUR: i64 = 3_600;
const HALL: (i32, i32) = (30_310_000, 120_270_000);

fn born(node: &mut Node, seats: u32, fields: JobFields) -> JobId {
    let new = NewJob { fields, seats, policy: LossPolicy::WriteOff, key: String::new(), body_hash: [0; 16] };
    node.batch(|batch| batch.create_job(&new)).unwrap()
}

/// A job from one hour of the day of the tests to another.
fn shift(node: &mut Node, from: i64, to: i64) -> JobId {
    let day = fields("shift");
    let start = day.start_at;
    born(node, 1, JobFields { start_at: start + from * HOUR, end_at: start + to * HOUR, ..day })
}

fn sign_up(node: &mut Node, job: JobId, n: u8, key: u8, proved: bool) -> Result<(SignUpId, Status), String> {
    let request = SignUpRequest {
        job,
        worker: WorkerId([n; 16]),
        idempotency: [key; 16],
        body_hash: [n; 16],
        claim: Claim { form: None, proved },
    };
    match node.batch(|batch| batch.sign_up(&request)) {
        Ok(Decision::Answer(answer)) => Ok((answer.sign_up, answer.status)),
        Ok(Decision::Ask(ask)) => panic!("{ask:?}"),
        Err(SignUpRefusal::Unfit(unfit)) => Err(format!("{} {unfit}", unfit.code())),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_confirmed_shift_keeps_its_worker_from_others_at_that_time() {
    for (from, to, overlaps) in [
        (0, 8, true),
        (7, 9, true),
        (-1, 1, true),
        (2, 3, true),
        (-1, 9, true),
        (8, 9, false),
        (-2, 0, false),
        (30, 34, false),
    ] {
        let mut node = Node::cut_off("overlap");
        let first = shift(&mut node, 0, 8);
        let other = shift(&mut node, from, to);
        let (ticket, _) = sign_up(&mut node, first, 1, 1, false).unwrap();
        let told = sign_up(&mut node, other, 1, 2, false).map(|(_, status)| status);
        let expected = if overlaps { Err(format!("overlap {ticket}")) } else { Ok(Status::Confirmed) };
        assert_eq!(told, expected, "from {from} to {to}");
        assert!(sign_up(&mut node, other, 2, 3, false).is_ok(), "somebody else");
    }
}

#[test]
fn a_number_without_proof_learns_nothing_of_its_worker_from_a_job_that_asks_for_something() {
    for busy in [false, true] {
        let mut node = Node::cut_off("probed");
        let first = shift(&mut node, 0, 8);
        let day = fields("shift");
        let demands = Demands { min_age: Some(18), ..Demands::default() };
        let other = born(&mut node, 3, JobFields { end_at: day.start_at + HOUR, demands, ..day });
        if busy {
            sign_up(&mut node, first, 1, 1, false).unwrap();
        }
        let told = sign_up(&mut node, other, 1, 2, false).unwrap_err();
        assert!(told.starts_with("profile-needed"), "{told}");
    }
}

#[test]
fn a_place_in_line_and_one_given_back_keep_nobody_away() {
    let mut node = Node::cut_off("line");
    let (first, second) = (shift(&mut node, 0, 8), shift(&mut node, 4, 12));
    sign_up(&mut node, first, 9, 9, false).unwrap();
    let (waits, status) = sign_up(&mut node, first, 1, 1, false).unwrap();
    assert_eq!(status, Status::WaitListed);
    let (ticket, status) = sign_up(&mut node, second, 1, 2, false).unwrap();
    assert_eq!(status, Status::Confirmed, "who waits may take another place");
    node.batch(|batch| batch.cancel(ticket)).unwrap();
    let third = shift(&mut node, 4, 12);
    sign_up(&mut node, third, 1, 3, false).unwrap();

    // The first place comes free: who has a shift at that time by now is passed over, and the next is asked.
    let (next, _) = sign_up(&mut node, first, 2, 4, false).unwrap();
    let holder = node.batch(|batch| batch.tx.sign_up_by_idempotency(&[9; 16]).unwrap().unwrap().sign_up);
    node.batch(|batch| batch.cancel(holder)).unwrap();
    let mut stands = |sign_up| {
        node.batch(|batch| {
            let row = batch.tx.sign_up(sign_up).unwrap().unwrap();
            let answer = answer_of(batch.tx, &row).unwrap();
            (answer.status, answer.reason)
        })
    };
    assert_eq!(stands(waits), (Status::Cancelled, "overlap".to_owned()));
    assert_eq!(stands(next), (Status::Confirmed, String::new()));
    let told = node.batch(|batch| batch.tx.messages(false, 9).unwrap());
    let told: Vec<_> =
        told.iter().map(|row| (row.kind, SignUpId::from_bytes(&row.subject).unwrap())).collect();
    assert_eq!(
        told,
        [(MessageKind::Ended, waits), (MessageKind::Confirmed, next)],
        "neither stands there any more"
    );
}

/// A node that knows its region's key and keeps one worker's facts.
fn knowing(name: &str, facts: Facts) -> Node {
    let mut node = Node::cut_off(name);
    let sealer = Sealer::of_region(&[5; 32]);
    let (worker, key) = (WorkerId([1; 16]), DataKey::from_random([6; 32]));
    let wrapped = sealer.wrap(worker, &key, [7; 24]).unwrap();
    let sealed = key.seal(worker, &Regional::new(facts), [8; 24]).unwrap();
    node.me = node.me.with_persons(sealer, Some(HALL));
    node.batch(|batch| {
        batch.tx.put_person_key(worker, &wrapped).unwrap();
        batch.tx.put_person(worker, Class::Facts.number(), &sealed).unwrap();
    });
    node
}

fn codes(codes: &[&str]) -> BTreeSet<String> {
    codes.iter().map(|code| (*code).to_owned()).collect()
}

/// A worker of 1990 with a health certificate who speaks Mandarin and goes two kilometres at most.
fn worker() -> Facts {
    Facts {
        born: Born::parse("1990-05-17"),
        certificates: codes(&["health"]),
        languages: codes(&["zh"]),
        distance_m_max: Some(2_000),
        home: None,
    }
}

#[test]
fn what_a_job_asks_is_held_against_the_profile_of_who_has_proved_it() {
    let asks = |min_age, certificates: &[&str], languages: &[&str]| Demands {
        min_age,
        certificates: codes(certificates),
        languages: codes(languages),
    };
    for (what, facts, demands, position, proved, expected) in [
        ("nothing", worker(), Demands::default(), None, false, ""),
        ("an age, without proof", worker(), asks(Some(18), &[], &[]), None, false, "profile-needed"),
        ("an age", worker(), asks(Some(18), &[], &[]), None, true, ""),
        ("a high age", worker(), asks(Some(60), &[], &[]), None, true, "too-young"),
        (
            "an age, not told",
            Facts { born: None, ..worker() },
            asks(Some(18), &[], &[]),
            None,
            true,
            "age-unknown",
        ),
        ("its certificate", worker(), asks(None, &["health"], &[]), None, true, ""),
        ("two", worker(), asks(None, &["forklift", "health"], &[]), None, true, "certificate-missing"),
        ("its language", worker(), asks(None, &[], &["zh"]), None, true, ""),
        ("another language", worker(), asks(None, &[], &["en"]), None, true, "language-missing"),
        ("a place near", worker(), Demands::default(), Some((30_315_000, 120_270_000)), true, ""),
        ("a place far away", worker(), Demands::default(), Some((30_400_000, 120_270_000)), true, "too-far"),
        ("the same, nobody proved", worker(), Demands::default(), Some((30_400_000, 120_270_000)), false, ""),
    ] {
        let mut node = knowing("demands", facts);
        let job = born(&mut node, 1, JobFields { demands, position, ..fields("asks") });
        let told = sign_up(&mut node, job, 1, 1, proved).err().unwrap_or_default();
        assert_eq!(told.split(' ').next().unwrap(), expected, "{what}");
        if expected == "certificate-missing" {
            assert_eq!(told, "certificate-missing forklift", "the code of what is missing");
        }
    }
}

#[test]
fn nobody_is_known_whose_key_is_gone() {
    let mut node = knowing("erased", worker());
    let demands = Demands { min_age: Some(18), ..Demands::default() };
    let job = born(&mut node, 1, JobFields { demands, ..fields("asks") });
    assert!(node.batch(|batch| batch.tx.erase_person(WorkerId([1; 16])).unwrap()));
    assert_eq!(sign_up(&mut node, job, 1, 1, true).unwrap_err().split(' ').next().unwrap(), "profile-needed");
}
