//! A vshard from a backup: who is awaited, what they may tell, and what is reserved for those who never will.

use crate::jobs::{fields, import};
use crate::vshard::{SEAL_KEY, TOPIC, Vshard, accept, birth, row, signed_up};
use hub_core::shard::{self, Imported};
use sync_protocol::{
    documents::{Attendance, Document, JobFields, Status, Value},
    ids::{JobId, SignUpId, WorkerId, Writer},
    log::{Entry, EntryKind},
    seats::{
        HubHolding, JobText, LossPolicy, NodeEvent, NodeRow, Seal, SealKey, SeatState, SeatsSaid, Standing,
    },
};

const HALL: Writer = Writer::new(1, 1);
const KIOSK: Writer = Writer::new(2, 1);
const OTHERS: SealKey = SealKey([66; 32]);

fn said(cap: u32) -> SeatsSaid {
    SeatsSaid { cap, version: 2, open: true, policy: LossPolicy::WriteOff }
}

/// What the hub told a writer, under seals of `key`.
fn seen_under(key: SealKey, writer: Writer, job: JobId, granted: u32, said: SeatsSaid) -> Entry {
    let (rights, seats) = (Some(key.rights(job, writer, granted)), Some(key.seats(job, said)));
    row(job, NodeEvent::Seen { granted, rights, said, seats, text: None })
}

fn seen(writer: Writer, job: JobId, granted: u32) -> Entry {
    seen_under(SEAL_KEY, writer, job, granted, said(9))
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
fn rights_that_the_backup_lacks_are_given_back_by_those_who_hold_them() {
    let (mut vshard, job, history) = restored("told");
    // Used long before the hub asks: what a log tells first is judged by what it tells last.
    let used = accept(job, SignUpId::sign_up(HALL, 2));
    let kept = vshard.report(HALL, &[used]).unwrap();
    assert_eq!((kept.wseq, kept.violation), (1, None));
    assert_eq!(vshard.holding(job, HALL), HubHolding::default(), "kept until all is told");
    let told = vshard.report(HALL, &[seen(HALL, job, 4), done(history)]).unwrap();
    assert_eq!((told.violation, told.jobs.contains(&job)), (None, true));
    assert_eq!(vshard.holding(job, HALL), HubHolding { granted: 4, returned: 0, live: 1 });
    assert_eq!(awaited(&mut vshard), [KIOSK]);

    vshard.report(KIOSK, &[seen(KIOSK, job, 2), done(history - 1)]).unwrap();
    assert_eq!(awaited(&mut vshard), [KIOSK], "its word is of an older history");
    let last = vshard.report(KIOSK, &[done(history)]).unwrap();
    assert!(last.jobs.contains(&job), "grants are possible again");
    assert_eq!((awaited(&mut vshard), vshard.holding(job, KIOSK).granted), (Vec::new(), 2));

    let later = accept(job, SignUpId::sign_up(HALL, 3));
    assert_eq!(vshard.report(HALL, &[later]).unwrap().wseq, 4, "its log goes on");
    vshard.report(KIOSK, &[seen(KIOSK, job, 3)]).unwrap();
    assert_eq!(vshard.holding(job, KIOSK).granted, 2, "who is not awaited tells nothing new");
}

#[test]
fn nobody_has_more_than_the_hub_sealed() {
    let (one, two) = (SignUpId::sign_up(HALL, 2), SignUpId::sign_up(HALL, 3));
    for (what, granted, entry) in [
        ("under another key", 0, |job| seen_under(OTHERS, HALL, job, 2, said(9))),
        ("granted to another node", 0, |job| seen_under(SEAL_KEY, KIOSK, job, 2, said(9))),
        ("fewer than were used", 1, |job| seen(HALL, job, 1)),
    ] as [(&str, u32, fn(JobId) -> Entry); 3]
    {
        let (mut vshard, job, history) = restored("unsealed");
        let log = [accept(job, one), accept(job, two), entry(job), done(history)];
        let told = vshard.report(HALL, &log).unwrap();
        assert!(told.violation.is_some(), "{what}");
        assert_eq!(vshard.holding(job, HALL).granted, granted, "{what}");
        assert_eq!(vshard.read(|tx, at| tx.standing(at, HALL)), Standing::Fenced, "{what}");
    }
}

#[test]
fn seats_are_as_the_hub_sealed_them() {
    let lowered = SeatsSaid { cap: 1, ..said(9) };
    for (what, key, expected) in [("by the hub", SEAL_KEY, (1, 9)), ("by a node", OTHERS, (9, 9))] {
        let (mut vshard, job, history) = restored("lowered");
        vshard.report(HALL, &[seen_under(key, HALL, job, 3, lowered), done(history)]).unwrap();
        let seats = vshard.read(|tx, at| tx.hub_job(at, job)).unwrap();
        assert_eq!((seats.cap, seats.bound), expected, "{what}");
    }
}

#[test]
fn a_job_that_the_backup_lacks_keeps_its_seats() {
    let (mut vshard, _, history) = restored("born");
    let born = JobId::job(HALL, 7);
    vshard.report(KIOSK, &[seen(KIOSK, born, 2), done(history)]).unwrap();
    assert_eq!(vshard.read(|tx, at| tx.hub_job(at, born)).unwrap().cap, 9);
    let birth = birth(born, 9, LossPolicy::Reclaim);
    assert_eq!(vshard.report(HALL, &[birth, done(history)]).unwrap().violation, None);
    let job = vshard.read(|tx, at| tx.hub_job(at, born)).unwrap();
    assert_eq!((job.cap, job.policy), (9, LossPolicy::Reclaim));
    assert_eq!(vshard.holding(born, HALL).granted, 9);
}

/// The text of an imported job as nodes have it.
fn text_of(vshard: &mut Vshard, job: JobId) -> JobText {
    vshard.read(|tx, at| tx.document(at, job)).unwrap().document.values_with(&[])
}

#[test]
fn a_text_that_the_backup_lacks_comes_back_from_a_node() {
    let (mut original, job, _) = restored("text-of");
    let text = text_of(&mut original, job);
    let forged: JobText = text
        .iter()
        .map(|(name, value)| match name.as_str() {
            "title" => (name.clone(), Value::Text("cheaper".to_owned())),
            _ => (name.clone(), value.clone()),
        })
        .collect();
    for (what, text, expected) in [("as the hub wrote it", text, Some("sorter")), ("forged", forged, None)] {
        let mut vshard = Vshard::new("text");
        let history = vshard.work(|shard| shard::begin_history(shard, &[HALL], 0)).unwrap();
        let (granted, said) = (2, said(9));
        let (rights, seats) = (Some(SEAL_KEY.rights(job, HALL, granted)), Some(SEAL_KEY.seats(job, said)));
        let told = row(job, NodeEvent::Seen { granted, rights, said, seats, text: Some(text) });
        vshard.report(HALL, &[told, done(history)]).unwrap();
        let found = vshard.read(|tx, at| tx.document(at, job));
        let title = found.and_then(|stored| JobFields::read(&stored.document)).map(|fields| fields.title);
        assert_eq!(title.as_deref(), expected, "{what}");
        if expected.is_some() {
            let again = import(&mut vshard, "a", 9, fields("sorter", 2_000), false);
            assert_eq!(again, Imported::Unchanged(job), "its key is known again");
        }
    }
}

#[test]
fn a_place_of_the_hubs_own_node_comes_back_once() {
    let (place, worker) = (SignUpId::sign_up(HALL, 2), WorkerId([3; 16]));
    let confirmed = |job, seal: Seal| row(job, NodeEvent::HubConfirmed { sign_up: place, worker, seal });
    let (mut vshard, job, history) = restored("confirmed");
    let hub = Writer::hub(history);
    let requested = row(job, NodeEvent::Request { sign_up: place, worker });
    let seal = SEAL_KEY.place(job, place, worker);
    vshard.report(HALL, &[requested, confirmed(job, seal), done(history)]).unwrap();
    assert_eq!(vshard.seat(job, place), Some((SeatState::Live, true)));
    vshard.report(KIOSK, &[confirmed(job, seal), done(history)]).unwrap();
    assert_eq!(vshard.holding(job, hub), HubHolding { granted: 1, returned: 0, live: 1 });

    // Another node may know of the place before its own node has told that it was asked for.
    let (mut vshard, job, history) = restored("confirmed-first");
    vshard.report(KIOSK, &[confirmed(job, seal), done(history)]).unwrap();
    let requested = row(job, NodeEvent::Request { sign_up: place, worker });
    assert_eq!(vshard.report(HALL, &[requested, done(history)]).unwrap().parked, 0);
    assert_eq!(vshard.seat(job, place), Some((SeatState::Live, true)));

    let (mut vshard, job, history) = restored("never-confirmed");
    let told = vshard.report(HALL, &[confirmed(job, OTHERS.place(job, place, worker)), done(history)]);
    assert_eq!(told.unwrap().parked_rows, 1);
    assert_eq!(vshard.seat(job, place), None);
}

#[test]
fn who_came_is_kept_until_the_node_of_his_sign_up_has_told() {
    let (mut vshard, job, history) = restored("came");
    let (place, accepted) = (SignUpId::sign_up(HALL, 2), accept(job, SignUpId::sign_up(HALL, 2)));
    let NodeEvent::Accept { worker, .. } = minicbor::decode::<NodeRow>(&accepted.body).unwrap().event else {
        panic!("a place")
    };
    let mut document = Document::default();
    let mut edit = |writer, fields: &[(&str, Value)]| {
        let change = document.edit(writer, fields, 1).unwrap();
        document.take(place, &change, writer).unwrap();
        Entry::new(EntryKind::Change, TOPIC, place, change)
    };
    let creation = edit(HALL, &signed_up(job, worker, Status::Confirmed).to_fields());
    let (came, left) = (edit(KIOSK, &[Attendance::in_at(500)]), edit(KIOSK, &[Attendance::out_at(900)]));

    vshard.report(KIOSK, &[done(history)]).unwrap();
    assert_eq!(vshard.report(KIOSK, &[came]).unwrap().parked, 0, "its own node may have yet to tell");
    assert_eq!(
        vshard.report(KIOSK, &[left]).unwrap().parked,
        0,
        "and the second edit stays behind the first"
    );
    let told = vshard.report(HALL, &[creation, accepted, seen(HALL, job, 1), done(history)]).unwrap();
    assert_eq!((told.violation, told.parked), (None, 0));
    let stored = vshard.read(|tx, at| tx.document(at, place)).unwrap();
    let known = Attendance::read(&stored.document);
    assert_eq!((known.checked_in_at, known.checked_out_at), (Some(500), Some(900)));
}

#[test]
fn what_the_lost_may_hold_is_reserved_once_nobody_is_awaited() {
    let (mut vshard, job, history) = restored("given-up");
    vshard.fence(KIOSK);
    assert_eq!((awaited(&mut vshard), vshard.holding(job, KIOSK).granted), (vec![HALL], 0));
    vshard.report(HALL, &[seen(HALL, job, 4), done(history)]).unwrap();
    assert_eq!(awaited(&mut vshard), []);
    assert_eq!(vshard.holding(job, KIOSK).granted, 5, "nine less the four that are known");
    let limbo = vshard.read(|tx, _| tx.limbo());
    assert_eq!(limbo.iter().map(|row| (row.writer, row.out)).collect::<Vec<_>>(), [(KIOSK, 5)]);
}
