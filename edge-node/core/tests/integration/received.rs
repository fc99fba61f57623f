//! What a node makes of what its hub sends and its workers repeat: each entry applied, parked or passed over.

use crate::places::Node;
use crate::world::{NOW, TENANT, fields, topic};
use edge_core::node::{
    Act, Attend, Batch, CancelRefusal, Claim, JobRefusal, NewJob, SignUpRefusal, SignUpRequest,
};
use sync_protocol::{
    documents::{Document, SignUpFields, Status, Value},
    ids::{DocumentId, JobId, SignUpId, WorkerId, Writer},
    limits::BATCH_BYTES_MAX,
    log::{Entry, EntryKind},
    seats::{EndReason, Ending, HoldingRow, LossPolicy, NodeEvent, NodeRow},
    wire::v1::{Down, Sequenced},
};

const FAR: Writer = Writer::new(7, 1);

/// The job that the hub sends, and a sign-up for it that is held at another node.
fn far() -> (JobId, SignUpId) {
    (JobId::job(FAR, 1), SignUpId::sign_up(FAR, 2))
}

fn change(doc: DocumentId, fields: &[(&str, Value)]) -> Entry {
    let body = Document::default().edit(FAR, fields, NOW).unwrap();
    Entry::new(EntryKind::Change, topic().0, doc, body)
}

fn sign_up(status: Status) -> Entry {
    sign_up_with("123456", status)
}

fn sign_up_with(code: &str, status: Status) -> Entry {
    let (job, sign_up) = far();
    let fields = SignUpFields {
        job,
        worker: WorkerId([9; 16]),
        status,
        code: code.to_owned(),
        idempotency: [8; 16],
        body_hash: [7; 16],
        created_at: NOW,
        reason: String::new(),
    };
    change(sign_up, &fields.to_fields())
}

/// Gives a node entries of its vshard up to `upto`, and says how many it has parked since it began.
fn receive(node: &mut Node, upto: u64, entries: &[Entry]) -> u64 {
    let sequenced = entries.iter().map(|entry| Sequenced { seq: upto, writer: FAR, entry: entry.clone() });
    let down = Down { vshard: topic().1.0, history: 1, upto, entries: sequenced.collect(), sent_at: 0 };
    node.batch(|batch| {
        batch.receive(&down).unwrap();
        batch.tx.parked().unwrap()
    })
}

/// What the node wrote into its own log about a job.
fn told(node: &mut Node, job: JobId) -> Vec<NodeEvent> {
    let entries = node.batch(|batch| batch.tx.read_own(topic().1, 0, 100, BATCH_BYTES_MAX).unwrap().0);
    let rows = entries.iter().filter(|entry| entry.kind == EntryKind::NodeLedger.to_u8() && entry.doc == job);
    rows.map(|entry| minicbor::decode::<NodeRow>(&entry.body).unwrap().event).collect()
}

#[test]
fn what_cannot_be_applied_is_parked_and_the_rest_goes_on() {
    let (job, place) = far();
    let title = [("title", Value::Text("sorter".into()))];
    let row = |kind, body: Vec<u8>| Entry::new(kind, topic().0, job, body);
    let holding = |writer| HoldingRow { job, writer, ..holding_row() };
    for (what, entry, parked) in [
        ("a job", change(job, &fields("sorter").to_fields()), 0),
        ("a sign-up", sign_up(Status::Confirmed), 0),
        (
            "rights of another life of this node",
            row(EntryKind::HoldingLedger, minicbor::to_vec(holding(FAR)).unwrap()),
            0,
        ),
        ("a job without times", change(job, &title), 1),
        ("a sign-up without a worker", change(place, &title), 1),
        ("bytes that are no change", row(EntryKind::Change, vec![1; 30]), 1),
        ("bytes that are no row of a job", row(EntryKind::JobLedger, vec![0xff]), 1),
        ("bytes that are no row of rights", row(EntryKind::HoldingLedger, vec![0xff]), 1),
        ("a row of another node", row(EntryKind::NodeLedger, vec![0xff]), 1),
        ("an entry of a later version", Entry { kind: 99, ..row(EntryKind::Change, Vec::new()) }, 1),
    ] {
        let mut node = Node::cut_off("parked");
        let known = change(JobId::job(FAR, 77), &fields("after it").to_fields());
        assert_eq!(receive(&mut node, 1, &[entry.clone(), known]), parked, "{what}");
        let after = node.batch(|batch| batch.tx.job_summary(topic().1, JobId::job(FAR, 77)).unwrap());
        assert_eq!(after.unwrap().title, "after it", "{what}");
        assert_eq!(receive(&mut node, 1, &[entry]), parked, "{what}: a second time it is passed over");
    }
}

/// The hub asks this node to end a sign-up that it holds.
pub(crate) fn end(batch: &mut Batch<'_>, job: JobId, ending: Ending) {
    let row = HoldingRow { job, writer: batch.node.writer, granted: 0, end: vec![ending], ..holding_row() };
    let body = minicbor::to_vec(row).unwrap();
    let entry = Entry::new(EntryKind::HoldingLedger, topic().0, job, body);
    let upto = batch.tx.cursors().unwrap().first().map_or(1, |cursor| cursor.seq + 1);
    let entries = vec![Sequenced { seq: upto, writer: Writer::hub(1), entry }];
    batch.receive(&Down { vshard: topic().1.0, history: 1, upto, entries, sent_at: 0 }).unwrap();
}

fn holding_row() -> HoldingRow {
    let (job, _) = far();
    HoldingRow {
        job,
        writer: FAR,
        granted: 1,
        end: Vec::new(),
        promote: Vec::new(),
        recall_keep: None,
        offer_until: None,
        seal: None,
    }
}

#[test]
fn a_wish_to_cancel_what_is_held_elsewhere_is_passed_on_once() {
    let (job, place) = far();
    let known = [change(job, &fields("sorter").to_fields()), sign_up(Status::Confirmed)];
    let cancel = |node: &mut Node| node.batch(|batch| batch.cancel(place).map(|answer| answer.status));
    let mut node = Node::cut_off("wish");
    assert!(matches!(cancel(&mut node), Err(CancelRefusal::Unknown)));
    receive(&mut node, 2, &known);
    for _ in 0..2 {
        assert_eq!(cancel(&mut node).unwrap(), Status::Confirmed, "its holder decides");
        assert_eq!(told(&mut node, job), [NodeEvent::CancelFor { sign_up: place, reason: None }]);
    }

    let mut agency = Node::cut_off("wish-of-the-agency");
    receive(&mut agency, 2, &known);
    let order = Attend { tenant: TENANT, sign_up: place, act: Act::Dismiss };
    for _ in 0..2 {
        assert_eq!(agency.batch(|batch| batch.attend(order)).unwrap().status, Status::Confirmed);
        let reason = Some(EndReason::Employer);
        assert_eq!(told(&mut agency, job), [NodeEvent::CancelFor { sign_up: place, reason }]);
    }

    let mut other = Node::cut_off("wish-late");
    receive(&mut other, 2, &[known[0].clone(), sign_up(Status::Bumped)]);
    assert_eq!(cancel(&mut other).unwrap(), Status::Bumped);
    assert_eq!(told(&mut other, job), [], "it is over");
}

#[test]
fn a_key_gives_its_answer_again_and_to_nobody_else() {
    let mut node = Node::cut_off("keys");
    let new = NewJob {
        fields: fields("born"),
        seats: 3,
        policy: LossPolicy::WriteOff,
        key: String::new(),
        body_hash: [0; 16],
    };
    let job = node.batch(|batch| batch.create_job(&new)).unwrap();
    let first = node.sign_up(job, 1);
    let again = node.sign_up(job, 1);
    assert_eq!((first.repeated, again.repeated), (false, true));
    assert_eq!((first.sign_up, first.receipt), (again.sign_up, again.receipt));
    let other = SignUpRequest {
        job,
        worker: WorkerId([2; 16]),
        idempotency: [1; 16],
        body_hash: [2; 16],
        claim: Claim::default(),
    };
    let refused = node.batch(|batch| batch.sign_up(&other)).unwrap_err();
    assert!(matches!(refused, SignUpRefusal::KeyReused), "{refused}");
    assert_eq!(told(&mut node, job).len(), 2, "the birth and one seat");
}

#[test]
fn digits_that_stand_are_not_given_again() {
    let digits = |known: Option<(&str, Status)>| {
        let mut node = Node::cut_off("digits");
        if let Some((code, status)) = known {
            receive(&mut node, 1, &[change(far().0, &fields("far").to_fields()), sign_up_with(code, status)]);
        }
        let new = NewJob {
            fields: fields("born"),
            seats: 3,
            policy: LossPolicy::WriteOff,
            key: String::new(),
            body_hash: [0; 16],
        };
        let job = node.batch(|batch| batch.create_job(&new)).unwrap();
        node.sign_up(job, 1).code
    };
    let first = digits(None);
    for (status, is_free) in
        [(Status::Confirmed, false), (Status::WaitListed, false), (Status::Cancelled, true)]
    {
        assert_eq!(digits(Some((&first, status))) == first, is_free, "{status:?}");
    }
}

#[test]
fn a_job_that_was_posted_at_another_node_is_known_by_its_key() {
    let mut node = Node::cut_off("posted");
    let mut posted = fields("born").to_fields();
    posted.push(("posted_key", Value::Text("key".to_owned())));
    posted.push(("posted_hash", Value::Bytes(vec![1; 16])));
    receive(&mut node, 1, &[change(far().0, &posted)]);
    let mut post = |key: &str, body: u8| {
        let (key, body_hash) = (key.to_owned(), [body; 16]);
        let new = NewJob { fields: fields("born"), seats: 1, policy: LossPolicy::WriteOff, key, body_hash };
        node.batch(|batch| batch.create_job(&new))
    };
    assert_eq!(post("key", 1).unwrap(), far().0);
    assert!(matches!(post("key", 2), Err(JobRefusal::KeyReused)));
    assert_ne!(post("other", 1).unwrap(), far().0);
}

#[test]
fn a_node_that_is_over_takes_nothing_back() {
    let mut node = Node::cut_off("over");
    let new = NewJob {
        fields: fields("born"),
        seats: 1,
        policy: LossPolicy::WriteOff,
        key: String::new(),
        body_hash: [0; 16],
    };
    let job = node.batch(|batch| batch.create_job(&new)).unwrap();
    let held = node.sign_up(job, 1).sign_up;
    let pending = node.question(job, 3);
    node.batch(|batch| batch.retire("moved", &sync_protocol::wire::v1::Interest::default())).unwrap();
    node.me.retire("moved");
    let before = told(&mut node, job);
    assert!(matches!(node.batch(|batch| batch.cancel(held)), Err(CancelRefusal::Retired)));
    let late = SignUpRequest {
        job,
        worker: WorkerId([2; 16]),
        idempotency: [2; 16],
        body_hash: [2; 16],
        claim: Claim::default(),
    };
    assert!(matches!(node.batch(|batch| batch.sign_up(&late)), Err(SignUpRefusal::Retired)));
    assert_eq!(told(&mut node, job), before);

    // The hub's answer to an earlier file lay about until now.
    let end = vec![Ending { sign_up: held, reason: EndReason::Closed }];
    let order = HoldingRow { job, writer: node.me.writer, granted: 1, end, ..holding_row() };
    let order = Entry::new(EntryKind::HoldingLedger, topic().0, job, minicbor::to_vec(order).unwrap());
    assert_eq!(receive(&mut node, 2, &[order]), 0);
    // And so did the question of a session before the one that brought the end.
    let completed = node.batch(|batch| batch.complete_ask(&pending, None));
    assert!(matches!(completed, Err(SignUpRefusal::Retired)));
    assert_eq!(told(&mut node, job), before, "nothing stands behind the last row of its log");
}
