//! What a hostile node can make the hub keep: up to a limit, and then nothing of its batch.

use crate::vshard::{Vshard, accept, birth, foreign, row};
use hub_core::{
    limits::{CANCEL_EVERY_SECONDS, CANCELS_BURST, PARKED_BYTES_MAX},
    shard::{MergeError, OverLimit},
};
use sync_protocol::{
    ids::{JobId, SignUpId, Writer},
    limits::ENTRY_BYTES_MAX,
    log::Entry,
    seats::{LossPolicy, NodeEvent},
};

const HALL: Writer = Writer::new(1, 1);
const HOSTILE: Writer = Writer::new(2, 1);

fn is_over(outcome: Result<hub_core::shard::Merged, MergeError>, limit: OverLimit) -> bool {
    matches!(outcome, Err(MergeError::OverLimit(found)) if found == limit)
}

#[test]
fn reports_that_cannot_be_applied_are_kept_up_to_a_limit() {
    let (mut vshard, job) = (Vshard::new("parked"), JobId::job(HOSTILE, 1));
    let pages = usize::try_from(PARKED_BYTES_MAX).unwrap() / ENTRY_BYTES_MAX;
    let garbage: Vec<Entry> = (0..pages).map(|_| foreign(job, ENTRY_BYTES_MAX)).collect();
    assert_eq!(vshard.report(HOSTILE, &garbage).unwrap().parked as usize, pages);
    assert!(is_over(vshard.report(HOSTILE, &[foreign(job, 1)]), OverLimit::Parked));
    assert!(is_over(vshard.report(HOSTILE, &[birth(job, 2, LossPolicy::WriteOff)]), OverLimit::Parked));
    assert_eq!(vshard.read(|tx, _| tx.parked()), pages as u64, "nothing of a refused batch is kept");
    assert_eq!(vshard.holding(job, HOSTILE).granted, 0);

    let others = JobId::job(HALL, 1);
    assert_eq!(vshard.report(HALL, &[birth(others, 2, LossPolicy::WriteOff)]).unwrap().wseq, 1);
    vshard.fence(HOSTILE);
    assert!(vshard.report(HOSTILE, &[foreign(job, 1)]).is_ok(), "a fenced one's log is evidence");
}

#[test]
fn cancellations_of_what_others_hold_are_taken_as_fast_as_a_hall_makes_them() {
    let (mut vshard, job) = (Vshard::new("cancels"), JobId::job(HALL, 1));
    let people = CANCELS_BURST.unsigned_abs() + 20;
    let mut hall = vec![birth(job, 5_000, LossPolicy::WriteOff)];
    hall.extend((2..people + 2).map(|n| accept(job, SignUpId::sign_up(HALL, n))));
    vshard.report(HALL, &hall).unwrap();
    let cancel =
        |n: u64| row(job, NodeEvent::CancelFor { sign_up: SignUpId::sign_up(HALL, n), reason: None });
    let asked = |vshard: &mut Vshard| vshard.read(|tx, at| tx.endings(at, job)).len() as u64;

    let all_but_one: Vec<Entry> = (2..people + 1).map(cancel).collect();
    assert_eq!(u64::from(vshard.report(HOSTILE, &all_but_one).unwrap().ends), people - 1);
    assert!(is_over(vshard.report(HOSTILE, &[cancel(people + 1)]), OverLimit::Cancels));
    assert_eq!(asked(&mut vshard), people - 1, "nothing of a refused batch is kept");
    let other = JobId::job(HOSTILE, 1);
    assert!(vshard.report(HOSTILE, &[birth(other, 1, LossPolicy::WriteOff)]).is_ok(), "the rest goes on");
    // Nineteen more than the burst were taken: the twentieth is due.
    vshard.now += 19 * CANCEL_EVERY_SECONDS;
    assert!(is_over(vshard.report(HOSTILE, &[cancel(people + 1)]), OverLimit::Cancels));
    vshard.now += CANCEL_EVERY_SECONDS;
    assert_eq!(vshard.report(HOSTILE, &[cancel(people + 1)]).unwrap().ends, 1);
    assert_eq!(asked(&mut vshard), people);
}
