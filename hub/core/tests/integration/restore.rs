//! A vshard from a backup: who is awaited, what they may tell, and what is reserved for those who never will.

use crate::jobs::{fields, import};
use crate::vshard::{Vshard, accept, birth, row};
use hub_core::shard::{self, Imported};
use sync_protocol::{
    ids::{JobId, SignUpId, Writer},
    limits::CAP_MAX,
    log::Entry,
    seats::{HubHolding, LossPolicy, NodeEvent, Standing},
};

const HALL: Writer = Writer::new(1, 1);
const KIOSK: Writer = Writer::new(2, 1);

fn seen(job: JobId, granted: u32) -> Entry {
    row(job, NodeEvent::Seen { granted, version: 2, cap: 9, open: true })
}

/// A job of the hub with nine seats, at a history that awaits both nodes.
fn restored(name: &str) -> (Vshard, JobId, u16) {
    let mut vshard = Vshard::new(name);
    let Imported::Created(job) = import(&mut vshard, "a", 9, fields("sorter", 2_000), false) else {
        panic!("not created")
    };
    let history = vshard.work(|shard| shard::begin_history(shard, &[HALL, KIOSK], 6)).unwrap();
    (vshard, job, history)
}

fn awaited(vshard: &mut Vshard) -> Vec<Writer> {
    vshard.work(shard::awaited).unwrap().into_iter().collect()
}

fn done(history: u16) -> Entry {
    row(NodeEvent::no_job(HALL), NodeEvent::SeenAll { history })
}

#[test]
fn a_history_is_one_that_nobody_has_heard_of() {
    let (mut vshard, _, history) = restored("history");
    assert!(history > 6, "{history}");
    assert_eq!(awaited(&mut vshard), [HALL, KIOSK]);
    let next = vshard.work(|shard| shard::begin_history(shard, &[], 0)).unwrap();
    assert!(next > history, "{next}");
}

#[test]
fn rights_that_the_backup_lacks_are_told_by_those_who_hold_them() {
    let (mut vshard, job, history) = restored("told");
    let used = accept(job, SignUpId::sign_up(HALL, 2));
    let told = vshard.report(HALL, &[seen(job, 4), used, done(history)]).unwrap();
    assert_eq!((told.violation, told.jobs.contains(&job)), (None, true));
    assert_eq!(vshard.holding(job, HALL), HubHolding { granted: 4, returned: 0, live: 1 });
    assert_eq!(awaited(&mut vshard), [KIOSK]);

    let late = row(NodeEvent::no_job(KIOSK), NodeEvent::SeenAll { history: history - 1 });
    vshard.report(KIOSK, &[seen(job, 2), late]).unwrap();
    assert_eq!(awaited(&mut vshard), [KIOSK], "its word is of an older history");
    let last =
        vshard.report(KIOSK, &[row(NodeEvent::no_job(KIOSK), NodeEvent::SeenAll { history })]).unwrap();
    assert!(last.jobs.contains(&job), "grants are possible again");
    assert_eq!((awaited(&mut vshard), vshard.holding(job, KIOSK).granted), (Vec::new(), 2));

    let more = vshard.report(KIOSK, &[seen(job, 3)]).unwrap();
    assert!(more.violation.is_some(), "who is not awaited tells nothing new");
}

#[test]
fn a_job_that_the_backup_lacks_keeps_its_seats() {
    let (mut vshard, _, _) = restored("born");
    let born = JobId::job(HALL, 7);
    assert_eq!(vshard.report(KIOSK, &[seen(born, 2)]).unwrap().violation, None);
    assert_eq!(vshard.read(|tx, at| tx.hub_job(at, born)).unwrap().cap, 9);
    let birth = birth(born, 9, LossPolicy::Reclaim);
    assert_eq!(vshard.report(HALL, &[birth]).unwrap().violation, None);
    let job = vshard.read(|tx, at| tx.hub_job(at, born)).unwrap();
    assert_eq!((job.cap, job.policy), (9, LossPolicy::Reclaim));
    assert_eq!(vshard.holding(born, HALL).granted, 9);
}

#[test]
fn nobody_tells_more_than_any_job_can_have() {
    for (told, of) in [(CAP_MAX + 1, HALL), (u32::MAX, KIOSK)] {
        let (mut vshard, job, _) = restored("beyond");
        assert!(vshard.report(of, &[seen(job, told)]).unwrap().violation.is_some(), "{told}");
        assert_eq!(vshard.holding(job, of).granted, 0);
        assert_eq!(vshard.read(|tx, at| tx.standing(at, of)), Standing::Fenced);
    }
}

#[test]
fn what_the_lost_may_hold_is_reserved_once_nobody_is_awaited() {
    let (mut vshard, job, history) = restored("given-up");
    vshard.fence(KIOSK);
    assert_eq!((awaited(&mut vshard), vshard.holding(job, KIOSK).granted), (vec![HALL], 0));
    vshard.report(HALL, &[seen(job, 4), done(history)]).unwrap();
    assert_eq!(awaited(&mut vshard), []);
    assert_eq!(vshard.holding(job, KIOSK).granted, 5, "nine less the four that are known");
    let limbo = vshard.read(|tx, _| tx.limbo());
    assert_eq!(limbo.iter().map(|row| (row.writer, row.out)).collect::<Vec<_>>(), [(KIOSK, 5)]);
}
