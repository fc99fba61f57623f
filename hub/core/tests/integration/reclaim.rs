//! What a reclaim keeps of an incarnation whose log had come further than the fence.

use crate::vshard::{TOPIC, Vshard, accept, birth, row, signed_up};
use hub_core::shard;
use sync_protocol::{
    documents::{Document, Status, Value},
    ids::{JobId, SignUpId, WorkerId, Writer},
    log::{Entry, EntryKind},
    seats::{HubHolding, LossPolicy, NodeEvent, SeatState, Standing},
};

const NODE: Writer = Writer::new(1, 1);

fn sign_up(n: u64) -> SignUpId {
    SignUpId::sign_up(NODE, n)
}

/// A lost node with five seats: one used before the fence, one told after it, one never told.
fn lost_node(name: &str) -> (Vshard, JobId) {
    let (mut vshard, job) = (Vshard::new(name), JobId::job(NODE, 1));
    vshard.report(NODE, &[birth(job, 5, LossPolicy::Reclaim), accept(job, sign_up(2))]).unwrap();
    vshard.fence(NODE);
    vshard.report(NODE, &[accept(job, sign_up(3))]).unwrap();
    assert_eq!(vshard.seat(job, sign_up(3)), None, "evidence is not merged by itself");
    (vshard, job)
}

#[test]
fn a_receipt_that_is_in_the_evidence_stands_after_a_reclaim() {
    let (mut vshard, job) = lost_node("evidence");
    let reclaimed = vshard.reclaim(NODE);
    assert_eq!(reclaimed.jobs, [(job, 3)], "five less the one merged and the one told since");
    assert!(reclaimed.told.contains(&job));
    for known in [sign_up(2), sign_up(3)] {
        assert_eq!(vshard.seat(job, known), Some((SeatState::Live, true)));
    }
    let spent = HubHolding { granted: 5, returned: 5, live: 0 };
    assert_eq!(vshard.holding(job, NODE), spent);
    assert_eq!(vshard.reclaim(NODE).jobs, [], "once");
}

#[test]
fn what_comes_after_a_reclaim_is_void_and_the_whole_log_settles_once() {
    let (mut vshard, job) = lost_node("settles");
    vshard.reclaim(NODE);
    let rest = [
        accept(job, sign_up(4)),
        row(job, NodeEvent::Cancel { sign_up: sign_up(3) }),
        row(NodeEvent::no_job(NODE), NodeEvent::Final),
    ];
    let settled = vshard.report(NODE, &rest).unwrap();
    assert_eq!((settled.settled, settled.violation), (true, None));
    assert_eq!(vshard.seat(job, sign_up(2)), Some((SeatState::Live, true)));
    assert_eq!(
        vshard.seat(job, sign_up(3)),
        Some((SeatState::Cancelled, true)),
        "given back at its own kiosk"
    );
    assert_eq!(vshard.seat(job, sign_up(4)), Some((SeatState::Bumped, false)), "void");
    assert_eq!(vshard.read(|tx, at| tx.standing(at, NODE)), Standing::Settled);
}

#[test]
fn other_jobs_of_the_lost_node_stay_reserved() {
    let (mut vshard, job) = lost_node("others");
    let kept = JobId::job(NODE, 9);
    vshard.report(NODE, &[birth(kept, 4, LossPolicy::WriteOff), accept(kept, sign_up(10))]).unwrap();
    assert_eq!(vshard.reclaim(NODE).jobs, [(job, 3)]);
    assert_eq!(vshard.holding(kept, NODE), HubHolding { granted: 4, returned: 0, live: 1 });
}

#[test]
fn a_row_that_no_honest_node_writes_ends_the_evidence() {
    let (mut vshard, job) = lost_node("forged");
    let another = SignUpId::sign_up(NODE, 30);
    let overspent: Vec<_> = (4..=7).map(|n| accept(job, sign_up(n))).collect();
    vshard.report(NODE, &overspent).unwrap();
    vshard.report(NODE, &[accept(job, another)]).unwrap();
    assert_eq!(vshard.reclaim(NODE).jobs, [(job, 0)], "five of five were used before the sixth");
    assert_eq!(vshard.seat(job, sign_up(6)), Some((SeatState::Live, true)));
    assert_eq!(vshard.seat(job, another), None);
}

#[test]
fn a_status_that_its_node_gave_behind_a_reclaim_brings_no_place_back() {
    let (mut vshard, job) = (Vshard::new("late"), JobId::job(NODE, 1));
    let (place, worker) = (sign_up(2), WorkerId([3; 16]));
    let mut document = Document::default();
    let mut edit = |fields: &[(&str, Value)]| {
        let change = document.edit(NODE, fields, 1).unwrap();
        document.take(place, &change, NODE).unwrap();
        Entry::new(EntryKind::Change, TOPIC, place, change)
    };
    let creation = edit(&signed_up(job, worker, Status::WaitListed).to_fields());
    let promoted = edit(&signed_up(job, worker, Status::Confirmed).to_fields());
    let waits = row(job, NodeEvent::Wait { sign_up: place, worker });
    let log = [birth(job, 1, LossPolicy::Reclaim), accept(job, sign_up(9)), creation, waits];
    vshard.report(NODE, &log).unwrap();
    vshard.fence(NODE);
    vshard.reclaim(NODE);
    vshard.work(|shard| shard::close(shard, job)).unwrap();
    assert_eq!(vshard.seat(job, place), Some((SeatState::Bumped, true)), "called off");

    let rest = [
        row(job, NodeEvent::Cancel { sign_up: sign_up(9) }),
        promoted,
        row(job, NodeEvent::Accept { sign_up: place, worker }),
        row(NodeEvent::no_job(NODE), NodeEvent::Final),
    ];
    let settled = vshard.report(NODE, &rest).unwrap();
    assert_eq!((settled.settled, settled.violation, settled.parked), (true, None, 0));
    assert_eq!(vshard.seat(job, place), Some((SeatState::Bumped, true)));
    let known = vshard.read(|tx, _| tx.sign_up(place)).unwrap();
    assert_eq!((known.status(), known.fields.reason.as_str()), (Status::Bumped, "closed"));
}
