//! What hostile peers wrote and a hub of an earlier version, or a carried file, brings: it is no damage of this disk.

use crate::places::Node;
use crate::world::{NOW, TENANT, fields, topic};
use edge_core::node::{Claim, JobRefusal, NewJob, SignUpRequest, answer_of, job_row, job_view};
use sync_protocol::{
    documents::{Document, JobFields, Refused, SignUpFields, Status, TenantKey, Value},
    ids::{DocumentId, JobId, SignUpId, WorkerId, Writer},
    limits::{BATCH_BYTES_MAX, DOCUMENT_CHANGES_MAX},
    log::{Entry, EntryKind},
    receipt::Receipt,
    seats::{EndReason, Ending, HoldingRow, LossPolicy, NodeEvent, NodeRow},
    wire::v1::{Down, Interest, Sequenced, Tenant},
};

const HOSTILE: Writer = Writer::new(7, 1);

fn born(seats: u32) -> NewJob {
    NewJob {
        fields: fields("born"),
        seats,
        policy: LossPolicy::WriteOff,
        key: String::new(),
        body_hash: [0; 16],
    }
}

/// The hub sends entries of other writers; how many this node has parked since it began.
fn receive(node: &mut Node, upto: u64, entries: Vec<(Writer, Entry)>) -> u64 {
    let sequenced = entries.into_iter().map(|(writer, entry)| Sequenced { seq: upto, writer, entry });
    let down = Down { vshard: topic().1.0, history: 1, upto, entries: sequenced.collect(), sent_at: 0 };
    node.batch(|batch| {
        batch.receive(&down).unwrap();
        batch.tx.parked().unwrap()
    })
}

fn stored(node: &mut Node, doc: DocumentId) -> Document {
    node.batch(|batch| batch.tx.document(topic().1, doc).unwrap().unwrap().document)
}

fn change(document: &Document, doc: DocumentId, writer: Writer, fields: &[(&str, Value)]) -> (Writer, Entry) {
    (writer, Entry::new(EntryKind::Change, topic().0, doc, document.edit(writer, fields, NOW).unwrap()))
}

fn status(node: &mut Node, sign_up: SignUpId) -> Status {
    node.batch(|batch| {
        let row = batch.tx.sign_up(sign_up).unwrap().unwrap();
        answer_of(batch.tx, &row).unwrap().status
    })
}

/// The last row of this node's own log.
fn last_row(node: &mut Node) -> NodeEvent {
    let log = node.batch(|batch| batch.tx.read_own(topic().1, 0, 100, BATCH_BYTES_MAX).unwrap().0);
    let mut rows = log.iter().filter(|entry| entry.kind == EntryKind::NodeLedger.to_u8());
    minicbor::decode::<NodeRow>(&rows.next_back().unwrap().body).unwrap().event
}

#[test]
fn what_others_write_into_this_nodes_documents_is_parked_but_for_who_came() {
    let text = |text: &str| Value::Text(text.to_owned());
    for (what, field, value, parked) in [
        ("who came", "checked_in_at", Value::Int(NOW), 0),
        ("that it is cancelled", "status", text("cancelled"), 1),
        ("another worker", "worker", Value::Bytes(vec![9; 16]), 1),
        ("another key", "key", Value::Bytes(vec![9; 16]), 1),
        ("no receipt", "receipt", Value::Bytes(vec![9; 16]), 1),
    ] {
        let mut node = Node::cut_off("others");
        let job = node.batch(|batch| batch.create_job(&born(1))).unwrap();
        let place = node.sign_up(job, 1);
        let before = node.batch(|batch| batch.tx.sign_up(place.sign_up).unwrap());
        let document = stored(&mut node, place.sign_up);
        let forged = change(&document, place.sign_up, HOSTILE, &[(field, value)]);
        assert_eq!(receive(&mut node, 1, vec![forged]), parked, "{what}");
        assert_eq!(node.batch(|batch| batch.tx.sign_up(place.sign_up).unwrap()), before, "{what}");
        assert_eq!(node.sign_up(job, 1).receipt, place.receipt, "{what}");
    }
    let mut node = Node::cut_off("others-job");
    let job = node.batch(|batch| batch.create_job(&born(1))).unwrap();
    let forged = change(&stored(&mut node, job), job, HOSTILE, &[("start_at", Value::Int(1_000))]);
    assert_eq!(receive(&mut node, 1, vec![forged]), 1);
    assert_eq!(node.sign_up(job, 1).status, Status::Confirmed, "the job is open as it was");
}

#[test]
fn a_document_that_is_full_freezes_nobody() {
    let mut node = Node::cut_off("full");
    let job = node.batch(|batch| batch.create_job(&born(2))).unwrap();
    let places = [node.sign_up(job, 1).sign_up, node.sign_up(job, 2).sign_up];
    // As earlier versions let it come to be.
    for place in places {
        let mut document = stored(&mut node, place);
        for n in 1..DOCUMENT_CHANGES_MAX {
            let said = [("x", Value::Int(i64::try_from(n).unwrap()))];
            document.apply(&document.edit(HOSTILE, &said, NOW).unwrap(), None).unwrap();
        }
        node.batch(|batch| batch.tx.put_document(topic().1, place, topic().0, &document).unwrap());
    }
    let told = node.batch(|batch| batch.cancel(places[0]).unwrap());
    assert_eq!((told.status, status(&mut node, places[0])), (Status::Cancelled, Status::Cancelled));
    assert_eq!(last_row(&mut node), NodeEvent::Cancel { sign_up: places[0] }, "the ledger goes on");

    let end = Ending { sign_up: places[1], reason: EndReason::CapLowered };
    let ask = HoldingRow {
        job,
        writer: node.me.writer,
        granted: 2,
        end: vec![end],
        promote: Vec::new(),
        recall_keep: None,
        offer_until: None,
        seal: None,
    };
    let row = Entry::new(EntryKind::HoldingLedger, topic().0, job, minicbor::to_vec(ask).unwrap());
    assert_eq!(receive(&mut node, 1, vec![(Writer::hub(1), row)]), 0);
    assert_eq!(status(&mut node, places[1]), Status::Bumped);
}

#[test]
fn a_place_in_line_is_its_workers_whatever_documents_say() {
    let mut node = Node::cut_off("line");
    let job = node.batch(|batch| batch.create_job(&born(1))).unwrap();
    let (first, waits) = (node.sign_up(job, 1).sign_up, node.sign_up(job, 2).sign_up);
    node.batch(|batch| {
        let row = batch.tx.sign_up(waits).unwrap().unwrap();
        let thief = SignUpFields { worker: WorkerId([66; 16]), ..row.fields };
        batch.tx.put_sign_up(topic().1, waits, &thief).unwrap();
    });
    node.batch(|batch| batch.cancel(first).unwrap());
    assert_eq!(last_row(&mut node), NodeEvent::Accept { sign_up: waits, worker: WorkerId([2; 16]) });
    let receipt = node.batch(|batch| batch.tx.receipt(topic().1, waits).unwrap().unwrap());
    assert_eq!(Receipt::from_bytes(&receipt).unwrap().body_unchecked().unwrap().worker, WorkerId([2; 16]));
}

#[test]
fn a_receipt_that_is_none_is_no_damage() {
    let mut node = Node::cut_off("receipt");
    let job =
        node.batch(|batch| batch.create_job(&NewJob { policy: LossPolicy::Reclaim, ..born(1) })).unwrap();
    let theirs = SignUpId::sign_up(HOSTILE, 5);
    let fields = SignUpFields {
        job,
        worker: WorkerId([9; 16]),
        status: Status::Confirmed,
        code: "123456".into(),
        idempotency: [8; 16],
        body_hash: [7; 16],
        created_at: NOW,
        reason: String::new(),
    };
    let new = change(&Document::default(), theirs, HOSTILE, &fields.to_fields());
    assert_eq!(receive(&mut node, 1, vec![new]), 0);
    node.batch(|batch| batch.tx.put_receipt(topic().1, theirs, b"none").unwrap());
    assert_eq!(status(&mut node, theirs), Status::Confirmed);
}

#[test]
fn a_job_for_all_time_is_none() {
    let mut node = Node::cut_off("times");
    let far = JobId::job(HOSTILE, 1);
    let new = |start_at: i64, end_at: i64| {
        let fields = JobFields { start_at, end_at, ..fields("sorter") };
        change(&Document::default(), far, HOSTILE, &fields.to_fields())
    };
    for (parked, (start_at, end_at)) in
        (1..).zip([(i64::MAX, i64::MAX), (i64::MIN, i64::MAX), (0, 4_102_444_800)])
    {
        assert_eq!(receive(&mut node, parked, vec![new(start_at, end_at)]), parked, "{start_at} to {end_at}");
    }
    assert_eq!(receive(&mut node, 9, vec![new(NOW, NOW + 3_600)]), 3);
    let mut view = node.batch(|batch| job_view(batch.tx, far).unwrap().unwrap());
    view.fields.start_at = i64::MAX;
    assert_eq!(job_row(&view, 28_800).start_at, i64::MAX, "nothing overflows");
    let refused = NewJob { fields: JobFields { end_at: NOW + 40 * 86_400, ..fields("long") }, ..born(1) };
    assert!(matches!(node.batch(|batch| batch.create_job(&refused)), Err(JobRefusal::Absurd(_))));
    let long = JobFields { text: "x".repeat(16_001), tenant: TENANT.0, ..fields("long") };
    let refused = NewJob { fields: long, ..born(1) };
    assert!(matches!(node.batch(|batch| batch.create_job(&refused)), Err(JobRefusal::Document(_))));
    let request = SignUpRequest {
        job: far,
        worker: WorkerId([1; 16]),
        idempotency: [1; 16],
        body_hash: [1; 16],
        claim: Claim::default(),
    };
    assert!(node.batch(|batch| batch.sign_up(&request)).is_err(), "it has begun");
}

#[test]
fn a_node_signs_in_the_name_of_whoever_shows_it_a_tenants_key() {
    let mut node = Node::cut_off("signed");
    let key = TenantKey::of_api_key("agency");
    let tenant = Tenant {
        id: TENANT.0,
        name: "agency".into(),
        key_hash: Vec::new(),
        sign_keys: key.public().to_vec(),
    };
    let (topic, vshard) = topic();
    node.me.learn(Interest { topics: vec![(topic.0, TENANT.0, vshard.0)], tenants: vec![tenant] });
    let refused = node.batch(|batch| batch.create_job(&born(1)));
    assert!(matches!(refused, Err(JobRefusal::Document(Refused::NotSigned))), "{refused:?}");
    let job = node.batch(|batch| {
        batch.in_name_of = Some(key.clone());
        batch.create_job(&born(1)).unwrap()
    });
    assert_eq!(node.sign_up(job, 1).status, Status::Confirmed);

    let title = [("title", Value::Text("packer".into()))];
    let by = |document: &Document, key: &TenantKey| {
        let body = document.edit_signed(job, HOSTILE, &title, NOW, key).unwrap();
        vec![(HOSTILE, Entry::new(EntryKind::Change, topic, job, body))]
    };
    let document = stored(&mut node, job);
    assert_eq!(receive(&mut node, 1, by(&document, &TenantKey::of_api_key("other"))), 1);
    assert_eq!(receive(&mut node, 2, by(&document, &key)), 1);
    let told = node.batch(|batch| job_view(batch.tx, job).unwrap().unwrap().fields.title);
    assert_eq!(told, "packer");
}
