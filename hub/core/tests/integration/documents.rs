//! What hostile nodes write into documents: their own and those of others.

use crate::jobs::{fields, import};
use crate::vshard::{TOPIC, VSHARD, Vshard, accept, birth, row};
use hub_core::{
    agenda::{Agenda, Chunk, Secrets},
    limits::{BATCH_DOCUMENT_BYTES, ENTRY_DOCUMENT_BYTES, PARKED_BYTES_MAX},
    shard::{self, Batch, Imported, MergeError, OverLimit, Shard},
};
use std::collections::BTreeMap;
use sync_protocol::{
    documents::{Document, JobFields, SignUpFields, Status, TenantKey, Value},
    ids::{DocumentId, JobId, SignUpId, TopicId, VshardId, WorkerId, Writer},
    limits::{ENTRY_BYTES_MAX, UNKNOWN_FIELDS_MAX},
    log::{Entry, EntryKind},
    seats::{LossPolicy, NodeEvent, SeatState},
};

const HALL: Writer = Writer::new(1, 1);
const HOSTILE: Writer = Writer::new(2, 1);

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// As [`accept`] names the worker.
fn worker(sign_up: SignUpId) -> WorkerId {
    let mut worker = [0; 16];
    worker[..8].copy_from_slice(&sign_up.counter.to_be_bytes());
    WorkerId(worker)
}

fn new_sign_up(job: JobId, sign_up: SignUpId, status: Status) -> Vec<(&'static str, Value)> {
    let fields = SignUpFields {
        job,
        worker: worker(sign_up),
        status,
        code: "123456".into(),
        idempotency: [2; 16],
        body_hash: [3; 16],
        created_at: 4,
        reason: String::new(),
    };
    fields.to_fields()
}

fn entry(doc: DocumentId, body: Vec<u8>) -> Entry {
    Entry::new(EntryKind::Change, TOPIC, doc, body)
}

fn creation(doc: DocumentId, fields: &[(&str, Value)]) -> Entry {
    entry(doc, Document::default().edit(doc.writer, fields, 0).unwrap())
}

/// An edit of a document as the hub has it.
fn edit(vshard: &mut Vshard, doc: DocumentId, writer: Writer, fields: &[(&str, Value)]) -> Entry {
    let document = vshard.read(|tx, at| tx.document(at, doc)).unwrap().document;
    entry(doc, document.edit(writer, fields, 0).unwrap())
}

fn status(vshard: &mut Vshard, sign_up: SignUpId) -> Option<String> {
    let row = vshard.read(|tx, _| tx.sign_up(sign_up))?;
    let document = vshard.read(|tx, at| tx.document(at, sign_up))?.document;
    let told = SignUpFields::read(&document)?.status;
    assert_eq!(told, row.status(), "document and row");
    Some(told.as_str().to_owned())
}

/// A hall with one job of ten seats and one place in it.
fn hall(name: &str) -> (Vshard, JobId, SignUpId) {
    let (mut vshard, job, place) = (Vshard::new(name), JobId::job(HALL, 1), SignUpId::sign_up(HALL, 2));
    let new = fields("sorter", 2_000).to_fields();
    let log = [
        creation(job, &new),
        birth(job, 10, LossPolicy::WriteOff),
        creation(place, &new_sign_up(job, place, Status::Confirmed)),
        accept(job, place),
    ];
    assert_eq!(vshard.report(HALL, &log).unwrap().parked, 0);
    (vshard, job, place)
}

#[test]
fn another_node_says_who_came_and_nothing_else() {
    for (what, field, value, parked) in [
        ("who came", "checked_in_at", Value::Int(5), 0),
        ("who left", "checked_out_at", Value::Int(6), 0),
        ("how long, by the agency", "agency_minutes", Value::Int(480), 0),
        ("how long, by the worker", "worker_minutes", Value::Int(480), 0),
        ("that it is cancelled", "status", text("cancelled"), 1),
        ("another worker", "worker", Value::Bytes(vec![9; 16]), 1),
        ("another job", "job", Value::Bytes(JobId::job(HOSTILE, 9).to_bytes().to_vec()), 1),
        ("other digits", "code", text("000000"), 1),
        ("another key", "key", Value::Bytes(vec![9; 16]), 1),
        ("a receipt", "receipt", Value::Bytes(vec![9; 16]), 1),
        ("a field of its own", "hostile", Value::Null, 1),
    ] {
        let (mut vshard, _, place) = hall("others");
        let before = vshard.read(|tx, _| tx.sign_up(place));
        let change = edit(&mut vshard, place, HOSTILE, &[(field, value)]);
        assert_eq!(vshard.report(HOSTILE, &[change]).unwrap().parked, parked, "{what}");
        assert_eq!(vshard.read(|tx, _| tx.sign_up(place)), before, "{what}");
    }
    let (mut vshard, job, _) = hall("others-job");
    let change =
        edit(&mut vshard, job, HOSTILE, &[("title", text("call 1-900")), ("start_at", Value::Int(1))]);
    assert_eq!(vshard.report(HOSTILE, &[change]).unwrap().parked, 1);
    assert_eq!(vshard.read(|tx, at| tx.job_summary(at, job)).unwrap().title, "sorter");
    let next_life = Writer::new(HALL.node.0, 2);
    let change = edit(&mut vshard, job, next_life, &[("title", text("packer"))]);
    assert_eq!(vshard.report(next_life, &[change]).unwrap().parked, 0, "a box that joined again goes on");
}

#[test]
fn a_document_that_is_full_stops_neither_the_scheduler_nor_the_ledger() {
    let (mut vshard, job, _) = hall("full");
    let asked = SignUpId::sign_up(HOSTILE, 5);
    let names: Vec<String> = (0..57).map(|n| format!("x{n}")).collect();
    let stuffed: Vec<(&str, Value)> = new_sign_up(job, asked, Status::Requested)
        .into_iter()
        .chain(names.iter().map(|name| (name.as_str(), Value::Null)))
        .collect();
    let request = row(job, NodeEvent::Request { sign_up: asked, worker: worker(asked) });
    assert_eq!(vshard.report(HOSTILE, &[creation(asked, &stuffed), request]).unwrap().parked, 1);

    let fits = SignUpId::sign_up(HOSTILE, 6);
    let long = Value::Bytes(vec![7; 1_000]);
    let all: Vec<(&str, Value)> = new_sign_up(job, fits, Status::Requested)
        .into_iter()
        .chain(names[..UNKNOWN_FIELDS_MAX].iter().map(|name| (name.as_str(), long.clone())))
        .collect();
    let request = row(job, NodeEvent::Request { sign_up: fits, worker: worker(fits) });
    assert_eq!(vshard.report(HOSTILE, &[creation(fits, &all), request]).unwrap().parked, 0);

    let give_back = row(job, NodeEvent::Return { returned: 4 });
    vshard.report(HALL, &[give_back]).unwrap();
    assert_eq!(pass(&mut vshard, job), 1);
    assert_eq!(vshard.seat(job, asked), Some((SeatState::Live, true)), "the ledger needs no document");
    assert_eq!(status(&mut vshard, asked), None);
    assert_eq!(vshard.seat(job, fits), Some((SeatState::Live, true)));
    assert_eq!(status(&mut vshard, fits).as_deref(), Some("confirmed"), "known fields always fit");
    let receipt = vshard.read(|tx, at| tx.document(at, fits)).unwrap().document.value("receipt").cloned();
    assert_eq!(receipt, Some(Value::Bytes(b"receipt".to_vec())));
}

/// One round of the scheduler over a job; how many chunks it took.
fn pass(vshard: &mut Vshard, job: JobId) -> usize {
    let mut agenda = Agenda::default();
    agenda.mark(VSHARD, [job]);
    let chunks = agenda.round(0);
    let none = BTreeMap::new();
    let carry_out = |shard: &mut Shard<'_>, chunk: &Chunk| {
        let secrets = Secrets { sign: &|_| b"receipt".to_vec(), seed: &|_| [0; 32] };
        chunk.carry_out(shard.tx, shard.now, &|_| Some(&none), &secrets)
    };
    for chunk in &chunks {
        vshard.work(|shard| carry_out(shard, chunk)).unwrap();
    }
    chunks.len()
}

#[test]
fn a_document_alone_keeps_nobody_out() {
    let (mut vshard, job, _) = hall("alone");
    let relayed = |vshard: &mut Vshard, doc: DocumentId| {
        let page = vshard.read(|tx, at| tx.read_since(at, 0, 1_000, usize::MAX));
        page.entries.iter().filter(|(audience, row)| audience.is_none() && row.entry.doc == doc).count()
    };
    let (alone, other) = (SignUpId::sign_up(HOSTILE, 5), SignUpId::sign_up(HOSTILE, 6));
    let new = |doc| creation(doc, &new_sign_up(job, doc, Status::WaitListed));
    let wait = |sign_up, worker| row(job, NodeEvent::Wait { sign_up, worker });
    assert_eq!(
        vshard.report(HOSTILE, &[new(alone)]).unwrap().parked,
        0,
        "its row may come with the next batch"
    );
    assert_eq!((status(&mut vshard, alone), relayed(&mut vshard, alone)), (None, 0));
    let late = vshard.report(HOSTILE, &[new(other), wait(other, worker(other))]).unwrap();
    assert_eq!((late.parked, status(&mut vshard, alone)), (1, None), "it did not");
    assert_eq!(
        (status(&mut vshard, other).as_deref(), relayed(&mut vshard, other)),
        (Some("wait_listed"), 1)
    );

    let (first, second) = (SignUpId::sign_up(HOSTILE, 7), SignUpId::sign_up(HOSTILE, 8));
    assert_eq!(vshard.report(HOSTILE, &[new(first)]).unwrap().wseq, 4);
    let rest = vshard.report(HOSTILE, &[wait(first, worker(first)), new(second)]).unwrap();
    assert_eq!(
        (rest.parked, rest.demand, status(&mut vshard, first).as_deref()),
        (0, 1, Some("wait_listed"))
    );
    let victim = vshard.report(HOSTILE, &[wait(second, worker(first))]).unwrap();
    assert_eq!((victim.parked, status(&mut vshard, second)), (1, None), "another worker than in the ledger");
    assert_eq!(vshard.seat(job, second), Some((SeatState::Waiting, false)));

    let stolen = SignUpId::sign_up(HOSTILE, 9);
    let fenced = vshard.report(
        HOSTILE,
        &[creation(stolen, &new_sign_up(job, stolen, Status::Confirmed)), accept(job, stolen)],
    );
    assert!(fenced.unwrap().violation.is_some());
    assert_eq!(status(&mut vshard, stolen).as_deref(), Some("bumped"), "a seat that there is no right to");
}

#[test]
fn a_status_follows_the_ledger() {
    let (mut vshard, job, place) = hall("status");
    vshard.report(HALL, &[row(job, NodeEvent::Cancel { sign_up: place })]).unwrap();
    assert_eq!(status(&mut vshard, place).as_deref(), Some("cancelled"), "its holder did not say so itself");
    let back = edit(&mut vshard, place, HALL, &[("status", text("confirmed"))]);
    assert_eq!(vshard.report(HALL, &[back]).unwrap().parked, 1);
    assert_eq!(status(&mut vshard, place).as_deref(), Some("cancelled"));
}

#[test]
fn what_one_batch_writes_of_documents_is_bounded() {
    let (mut vshard, job) = (Vshard::new("work"), JobId::job(HOSTILE, 1));
    let long = text(&"x".repeat(16_000));
    let mut new = fields("sorter", 2_000).to_fields();
    new.retain(|(name, _)| !["text", "place", "requirements"].contains(name));
    new.extend([("text", long.clone()), ("place", long.clone()), ("requirements", long)]);
    vshard.report(HOSTILE, &[creation(job, &new), birth(job, 1, LossPolicy::WriteOff)]).unwrap();
    let mut document = vshard.read(|tx, at| tx.document(at, job)).unwrap().document;
    let weight = document.weight() as u64;
    let tiny: Vec<Entry> = (0..300)
        .map(|n| {
            let change = document.edit(HOSTILE, &[("pay", Value::Int(n))], 0).unwrap();
            document.apply(&change, None).unwrap();
            entry(job, change)
        })
        .collect();
    let merged = vshard.report(HOSTILE, &tiny).unwrap();
    let written = 300 - u64::from(merged.parked);
    assert!(
        written * weight <= BATCH_DOCUMENT_BYTES + 300 * ENTRY_DOCUMENT_BYTES,
        "{written} of {weight} bytes"
    );
    assert!(written > 0 && merged.parked > 0, "{written}");
}

#[test]
fn what_is_parked_counts_over_all_vshards_of_a_file() {
    let mut vshard = Vshard::new("parked-all");
    let (job, pages) = (JobId::job(HOSTILE, 1), usize::try_from(PARKED_BYTES_MAX).unwrap() / ENTRY_BYTES_MAX);
    let garbage =
        |count| vec![Entry::new(EntryKind::Change, TopicId(8), job, vec![7; ENTRY_BYTES_MAX]); count];
    let mut report = |at: u16, entries: &[Entry]| {
        vshard.work(|shard| {
            let batch = Batch { writer: HOSTILE, first: 1, entries, allowed: &|_| true, signed: &|_| true };
            shard::merge(&mut Shard { tx: shard.tx, vshard: VshardId(at), now: 0 }, &batch)
                .map(|merged| merged.parked)
        })
    };
    assert!(matches!(report(7, &garbage(pages / 2)), Ok(parked) if parked as usize == pages / 2));
    assert!(report(11, &garbage(pages / 2)).is_ok());
    for at in [7, 15] {
        let over = report(at, &garbage(pages));
        assert!(matches!(over, Err(MergeError::OverLimit(OverLimit::Parked))), "{at}: {over:?}");
    }
}

#[test]
fn an_import_goes_on_behind_a_job_that_has_no_room() {
    let mut vshard = Vshard::new("import-full");
    let long = |bytes: usize| JobFields {
        text: "x".repeat(16_000),
        place: "x".repeat(16_000),
        requirements: "x".repeat(16_000),
        employer: "x".repeat(bytes),
        category: "x".repeat(bytes),
        ..fields("sorter", 2_000)
    };
    let Imported::Created(job) = import(&mut vshard, "a", 3, long(10), false) else { panic!("not created") };
    for key in ["a", "b"] {
        let refused = import(&mut vshard, key, 5, long(16_000), false);
        assert!(matches!(&refused, Imported::Refused(why) if why.contains("shorten")), "{refused:?}");
    }
    assert_eq!(vshard.read(|tx, at| tx.hub_job(at, job)).unwrap().cap, 3, "a refused row changes nothing");
    assert_eq!(vshard.read(|tx, _| tx.jobs_after(0)).len(), 1);
    assert!(matches!(import(&mut vshard, "c", 3, fields("packer", 2_000), false), Imported::Created(_)));
    let years = JobFields { end_at: 2_000_000_000, ..fields("sorter", 2_000) };
    assert!(matches!(import(&mut vshard, "d", 3, years, false), Imported::Refused(_)));
}

#[test]
fn a_job_is_changed_from_anywhere_by_whoever_signs_in_its_tenants_name() {
    let (mut vshard, job, _) = hall("signed");
    let (key, before) = (TenantKey::of_api_key("new"), TenantKey::of_api_key("old"));
    let signed = |vshard: &mut Vshard, key: &TenantKey, title: &str| {
        let document = vshard.read(|tx, at| tx.document(at, job)).unwrap().document;
        let change = document.edit_signed(job, HOSTILE, &[("title", text(title))], 0, key).unwrap();
        let parked = vshard.report(HOSTILE, &[entry(job, change)]).unwrap().parked;
        (parked, vshard.read(|tx, at| tx.job_summary(at, job)).unwrap().title)
    };
    assert_eq!(signed(&mut vshard, &key, "packer"), (1, "sorter".into()), "its tenant has no public key yet");
    let know = |vshard: &mut Vshard, keys: Vec<u8>| {
        vshard.work(|shard| shard::know_tenants(shard.tx, &[(TOPIC, keys)])).unwrap();
    };
    know(&mut vshard, before.public().to_vec());
    assert_eq!(signed(&mut vshard, &before, "packer"), (0, "packer".into()));
    know(&mut vshard, [key.public(), before.public()].concat());
    assert_eq!(signed(&mut vshard, &before, "loader"), (1, "packer".into()), "the key was replaced");
    assert_eq!(signed(&mut vshard, &key, "loader"), (0, "loader".into()));

    let born = JobId::job(HALL, 9);
    let new = fields("born", 2_000).to_fields();
    let unsigned = creation(born, &new);
    assert_eq!(vshard.report(HALL, &[unsigned]).unwrap().parked, 1);
    let body = Document::default().edit_signed(born, HALL, &new, 0, &before).unwrap();
    assert_eq!(
        vshard.report(HALL, &[entry(born, body)]).unwrap().parked,
        0,
        "posted while its node was cut off"
    );
}
