//! Reports that no honest node makes, or that cannot be applied: one line each, with what becomes of them.

use crate::jobs::{fields, import};
use crate::vshard::{TOPIC, VSHARD, Vshard, accept, birth, row};
use hub_core::shard::{self, Batch, Imported, MergeError};
use sync_protocol::{
    documents::{Document, SignUpFields, Status, Value},
    ids::{DocumentId, JobId, SignUpId, TopicId, WorkerId, Writer},
    limits::CAP_MAX,
    log::{Entry, EntryKind},
    seats::{EndReason, LossPolicy, NodeEvent, SeatsSaid, Standing},
};

const HALL: Writer = Writer::new(1, 1);
const HOSTILE: Writer = Writer::new(2, 1);

fn change(doc: DocumentId, topic: TopicId, fields: &[(&str, Value)]) -> Entry {
    let body = Document::default().edit(HOSTILE, fields, 0).unwrap();
    Entry::new(EntryKind::Change, topic, doc, body)
}

fn kind(kind: EntryKind, entry: Entry) -> Entry {
    Entry { kind: kind.to_u8(), ..entry }
}

/// What becomes of one entry of a node that has a job of two seats, beside a hall with one and a job of the hub.
fn verdict(entry: &Entry) -> String {
    let mut vshard = Vshard::new("hostile");
    let (own, halls) = (JobId::job(HOSTILE, 1), JobId::job(HALL, 1));
    vshard
        .report(HALL, &[birth(halls, 3, LossPolicy::WriteOff), accept(halls, SignUpId::sign_up(HALL, 2))])
        .unwrap();
    vshard.report(HOSTILE, &[birth(own, 2, LossPolicy::WriteOff)]).unwrap();
    let merged = vshard.report(HOSTILE, std::slice::from_ref(entry)).unwrap();
    let fenced = vshard.read(|tx, at| tx.standing(at, HOSTILE)) == Standing::Fenced;
    assert_eq!(merged.violation.is_some(), fenced, "a violation fences its author");
    match (merged.violation, merged.parked) {
        (Some(_), 0) => "fenced".to_owned(),
        (None, 1) => "parked".to_owned(),
        (None, 0) => "merged".to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_report_is_merged_parked_or_fences_its_author() {
    let (own, halls) = (JobId::job(HOSTILE, 1), JobId::job(HALL, 1));
    let (mine, theirs) = (SignUpId::sign_up(HOSTILE, 5), SignUpId::sign_up(HALL, 2));
    let title = [("title", Value::Text("sorter".into()))];
    let times = [("start_at", Value::Int(1)), ("end_at", Value::Int(2))];
    let whole = [&title[..], &times].concat();
    let worker = WorkerId([1; 16]);
    let sign_up = SignUpFields {
        job: own,
        worker,
        status: Status::Confirmed,
        code: "123456".into(),
        idempotency: [2; 16],
        body_hash: [3; 16],
        created_at: 4,
        reason: String::new(),
    };
    for (what, entry, expected) in [
        ("a seat of its own", accept(own, mine), "merged"),
        ("a job's text", change(own, TOPIC, &whole), "merged"),
        ("a sign-up's text", change(mine, TOPIC, &sign_up.to_fields()), "merged"),
        ("a job without times", change(own, TOPIC, &title), "parked"),
        ("a sign-up without a worker", change(mine, TOPIC, &title), "parked"),
        ("a job under another's name", change(halls, TOPIC, &whole), "parked"),
        ("a job of another topic", change(own, TopicId(8), &whole), "parked"),
        ("bytes that are no change", Entry::new(EntryKind::Change, TOPIC, own, vec![1; 30]), "parked"),
        ("bytes that are no row", Entry { body: vec![0xff], ..accept(own, mine) }, "parked"),
        ("a row about another job", Entry { doc: halls, ..accept(own, mine) }, "parked"),
        ("an entry of a later version", Entry { kind: 99, ..accept(own, mine) }, "parked"),
        ("the hub's row of a job", kind(EntryKind::JobLedger, accept(own, mine)), "fenced"),
        ("the hub's row of rights", kind(EntryKind::HoldingLedger, accept(own, mine)), "fenced"),
        ("a seat under another's name", accept(own, theirs), "parked"),
        ("a seat of a job without a right", accept(halls, mine), "fenced"),
        ("an end of what nobody knows", cancel_for(own, mine, None), "parked"),
        ("an end of another's seat", cancel_for(halls, theirs, None), "merged"),
        ("an end of a place by its agency", cancel_for(halls, theirs, Some(EndReason::Employer)), "merged"),
        ("an end for a reason of the hub", cancel_for(halls, theirs, Some(EndReason::Closed)), "parked"),
        ("more returned than granted", row(own, NodeEvent::Return { returned: 3 }), "fenced"),
        ("a second birth", birth(own, 2, LossPolicy::WriteOff), "fenced"),
        ("a birth under another's name", birth(JobId::job(HALL, 9), 2, LossPolicy::WriteOff), "fenced"),
        ("a birth without seats", birth(JobId::job(HOSTILE, 9), 0, LossPolicy::WriteOff), "fenced"),
        (
            "a birth beyond all limits",
            birth(JobId::job(HOSTILE, 9), CAP_MAX + 1, LossPolicy::WriteOff),
            "fenced",
        ),
        ("an answer to a hub that does not ask", seen(own, 3), "merged"),
        ("an end of a history that is over", row(own, NodeEvent::SeenAll { history: 77 }), "merged"),
    ] {
        assert_eq!(verdict(&entry), expected, "{what}");
    }
}

fn cancel_for(job: JobId, sign_up: SignUpId, reason: Option<EndReason>) -> Entry {
    row(job, NodeEvent::CancelFor { sign_up, reason })
}

fn seen(job: JobId, granted: u32) -> Entry {
    let said = SeatsSaid { cap: granted, version: 1, open: true, policy: LossPolicy::WriteOff };
    row(job, NodeEvent::Seen { granted, rights: None, said, seats: None, text: None })
}

#[test]
fn a_log_goes_on_where_it_ended_and_is_signed() {
    let mut vshard = Vshard::new("gap");
    let job = JobId::job(HALL, 1);
    let mut merge = |first: u64, entries: &[Entry], signed: bool| {
        vshard.work(|shard| {
            let batch = Batch { writer: HALL, first, entries, allowed: &|_| true, signed: &|_| signed };
            shard::merge(shard, &batch).map(|merged| merged.wseq)
        })
    };
    let log = [birth(job, 3, LossPolicy::WriteOff), accept(job, SignUpId::sign_up(HALL, 2))];
    assert!(matches!(merge(0, &log, true), Err(MergeError::Gap { found: 0, known: 0 })));
    assert!(matches!(merge(2, &log, true), Err(MergeError::Gap { found: 2, known: 0 })));
    assert!(matches!(merge(1, &log, false), Err(MergeError::WrongSignature)));
    assert!(matches!(merge(1, &log, true), Ok(2)));
    assert!(matches!(merge(1, &log, false), Ok(2)), "what is known is passed over");
    assert!(matches!(merge(4, &log, true), Err(MergeError::Gap { found: 4, known: 2 })));
}

#[test]
fn a_document_stays_in_its_topic() {
    let mut vshard = Vshard::new("topics");
    let elsewhere = TopicId(8);
    let post = shard::JobPost {
        key: "a".into(),
        fields: fields("sorter", 2_000),
        seats: 3,
        policy: LossPolicy::WriteOff,
        keep_dates: false,
    };
    let imported = vshard.work(|shard| shard::import_job(shard, elsewhere, &post)).unwrap();
    let Imported::Created(theirs) = imported else { panic!("{imported:?}") };
    let Imported::Created(ours) = import(&mut vshard, "b", 3, fields("packer", 2_000), false) else {
        panic!("not created")
    };
    let edit = |vshard: &mut Vshard, job: JobId| {
        let document = vshard.read(|tx, _| tx.document(VSHARD, job)).unwrap().document;
        let body = document.edit(HOSTILE, &[("title", Value::Text("free beer".into()))], 0).unwrap();
        let merged = vshard.report(HOSTILE, &[Entry::new(EntryKind::Change, TOPIC, job, body)]).unwrap();
        (merged.parked, vshard.read(|tx, _| tx.job_summary(VSHARD, job)).unwrap().title)
    };
    assert_eq!(edit(&mut vshard, theirs), (1, "sorter".to_owned()));
    assert_eq!(edit(&mut vshard, ours), (1, "packer".to_owned()), "nor is a job of the hub a node's to edit");
    let report = vshard.report(HOSTILE, &[accept(theirs, SignUpId::sign_up(HOSTILE, 1))]).unwrap();
    assert_eq!(
        (report.parked, report.violation),
        (1, None),
        "a row that names the right topic and a wrong job"
    );
}
