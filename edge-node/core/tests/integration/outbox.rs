//! The outbox: who is told of what, and what becomes of messages that nobody takes.

use crate::places::Node;
use crate::world::{NOW, fields, topic};
use edge_core::node::{Batch, JobEdit, NewJob};
use sync_protocol::{
    documents::JobFields,
    ids::{JobId, SignUpId, TenantId, Writer},
    limits::BATCH_BYTES_MAX,
    log::{Entry, EntryKind},
    seats::{EndReason, Ending, HoldingRow, LossPolicy},
    wire::v1::{Down, Sequenced},
};
use sync_store::{MessageKind, MessageRow};

const HUB: Writer = Writer::hub(1);

fn born(node: &mut Node, seats: u32) -> JobId {
    let new = NewJob {
        fields: fields("born"),
        seats,
        policy: LossPolicy::WriteOff,
        key: String::new(),
        body_hash: [0; 16],
    };
    node.batch(|batch| batch.create_job(&new)).unwrap()
}

fn waiting(batch: &mut Batch<'_>) -> Vec<MessageRow> {
    batch.tx.messages(false, 100).unwrap()
}

/// What waits in the outbox, as (kind, sign-up).
fn told(node: &mut Node) -> Vec<(MessageKind, SignUpId)> {
    let rows = node.batch(waiting);
    rows.iter().map(|row| (row.kind, SignUpId::from_bytes(&row.subject).unwrap())).collect()
}

fn end_by_hub(node: &mut Node, job: JobId, sign_up: SignUpId, reason: EndReason) {
    let row = HoldingRow {
        job,
        writer: node.me.writer,
        granted: 1,
        promote: Vec::new(),
        end: vec![Ending { sign_up, reason }],
        recall_keep: None,
        offer_until: None,
        seal: None,
    };
    let entry = Entry::new(EntryKind::HoldingLedger, topic().0, job, minicbor::to_vec(row).unwrap());
    receive(node, 1, entry);
}

fn receive(node: &mut Node, seq: u64, entry: Entry) {
    let entries = vec![Sequenced { seq, writer: HUB, entry }];
    let down = Down { vshard: topic().1.0, history: 1, upto: seq, entries, sent_at: 0 };
    node.batch(|batch| {
        batch.receive(&down).unwrap();
        assert_eq!(batch.tx.parked().unwrap(), 0);
    });
}

#[test]
fn a_worker_is_told_what_others_did_and_not_what_he_saw_himself() {
    let mut node = Node::cut_off("told");
    let job = born(&mut node, 1);
    let (first, second) = (node.sign_up(job, 1).sign_up, node.sign_up(job, 2).sign_up);
    assert_eq!(told(&mut node), [], "both stood before the screen");
    node.batch(|batch| batch.cancel(first)).unwrap();
    assert_eq!(told(&mut node), [(MessageKind::Confirmed, second)], "the next in line, who has gone away");
    end_by_hub(&mut node, job, second, EndReason::Closed);
    assert_eq!(told(&mut node), [(MessageKind::Confirmed, second), (MessageKind::Ended, second)]);
}

#[test]
fn who_has_a_place_is_told_of_another_time_or_place() {
    let mut node = Node::cut_off("changed");
    let job = born(&mut node, 2);
    let confirmed = node.sign_up(job, 1).sign_up;
    let given_back = node.sign_up(job, 2).sign_up;
    node.batch(|batch| batch.cancel(given_back)).unwrap();
    let edit = |node: &mut Node, seq, change: &dyn Fn(&mut JobFields)| {
        let body = node.batch(|batch| {
            let stored = batch.tx.document(topic().1, job).unwrap().unwrap();
            let mut fields = JobFields::read(&stored.document).unwrap();
            change(&mut fields);
            stored.document.edit(HUB, &fields.to_fields(), NOW).unwrap()
        });
        receive(node, seq, Entry::new(EntryKind::Change, topic().0, job, body));
    };
    edit(&mut node, 1, &|fields| "another text".clone_into(&mut fields.text));
    assert_eq!(told(&mut node), []);
    edit(&mut node, 2, &|fields| fields.start_at += 1_800);
    assert_eq!(told(&mut node), [(MessageKind::Changed, confirmed)]);
}

#[test]
fn who_has_a_place_is_told_of_what_the_agency_changes_at_this_very_node() {
    let mut node = Node::cut_off("changed-here");
    let job = born(&mut node, 1);
    let (confirmed, _in_line) = (node.sign_up(job, 1).sign_up, node.sign_up(job, 2).sign_up);
    let edit = |node: &mut Node, change: &dyn Fn(&mut JobFields)| {
        let mut fields = fields("born");
        change(&mut fields);
        let tenant = TenantId(fields.tenant);
        node.batch(|batch| batch.edit_job(&JobEdit { tenant, job, fields }).unwrap());
    };
    edit(&mut node, &|fields| "another text".clone_into(&mut fields.text));
    assert_eq!(told(&mut node), []);
    edit(&mut node, &|fields| "another place".clone_into(&mut fields.place));
    assert_eq!(told(&mut node), [(MessageKind::Changed, confirmed)]);
}

#[test]
fn a_message_is_tried_three_times_then_kept_for_people() {
    let mut node = Node::cut_off("tries");
    let job = born(&mut node, 1);
    node.sign_up(job, 1);
    let (told, _) = node.batch(|batch| {
        let subject = b"a timesheet".to_vec();
        assert!(batch.tell(topic().1, MessageKind::Timesheet, subject).unwrap());
        (batch.told, ())
    });
    assert!(told, "the sender is woken");
    let mut pauses = Vec::new();
    for _ in 0..3 {
        let row = node.batch(|batch| waiting(batch).remove(0));
        pauses.push(row.next_at - NOW);
        node.batch(|batch| batch.sent(row.vshard, row.n, Err("no answer"))).unwrap();
    }
    assert_eq!(pauses, [0, 5, 30]);
    let dead = node.batch(|batch| batch.tx.messages(true, 9).unwrap()).remove(0);
    assert_eq!((dead.tries, dead.error.as_str(), node.batch(waiting).len()), (3, "no answer", 0));

    assert!(node.batch(|batch| batch.send_again(dead.vshard, dead.n)).unwrap());
    assert!(!node.batch(|batch| batch.send_again(dead.vshard, dead.n)).unwrap(), "it waits already");
    let again = node.batch(waiting).remove(0);
    assert_eq!((again.n, again.tries), (dead.n, 0), "the same number: receivers know a repetition");
    node.batch(|batch| batch.sent(again.vshard, again.n, Ok(()))).unwrap();
    node.batch(|batch| batch.sent(again.vshard, again.n, Ok(()))).unwrap();
    assert_eq!(node.batch(|batch| batch.tx.message_counts().unwrap()), (0, 0));
}

#[test]
fn messages_stay_out_of_the_log_that_the_hub_reads() {
    let mut node = Node::cut_off("local");
    let job = born(&mut node, 1);
    let first = node.sign_up(job, 1).sign_up;
    node.sign_up(job, 2);
    let before = node.batch(|batch| batch.tx.own_heads().unwrap());
    node.batch(|batch| batch.tell(topic().1, MessageKind::Changed, first.to_bytes().to_vec())).unwrap();
    assert_eq!(node.batch(|batch| batch.tx.own_heads().unwrap()), before);
    let entries = node.batch(|batch| batch.tx.read_own(topic().1, 0, 100, BATCH_BYTES_MAX).unwrap().0);
    assert!(entries.iter().all(|entry| EntryKind::from_u8(entry.kind).is_some()));
}
