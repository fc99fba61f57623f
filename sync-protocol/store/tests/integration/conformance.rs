//! What every engine of [`ShardStore`] does, written against the trait alone.
//!
//! `open` opens a handle on one store, which is empty at first; each part keeps to vshards of its own.

use crate::place::{entry, fields, job, sign_up, summary, writer};
use sync_protocol::{
    documents::{Document, JobFields, Status, Value},
    ids::{NodeId, TenantId, TopicId, VshardId, WorkerId, Writer},
    log::{Head, LogHead},
    seats::{Excess, HubHolding, HubJob, LossPolicy, NodeJob, Seal, SeatState},
    wire::v1::DownState,
};
use sync_store::{HubSaid, MessageKind, MessageRow, SeatRow, ShardStore, ShardTx, StoreError, WaitRow};

type Open<'a> = &'a dyn Fn() -> Box<dyn ShardStore>;

/// Runs every part.
pub(crate) fn conformance(open: Open<'_>) {
    transactions(open);
    pictures(open);
    sequences(open, VshardId(10));
    own_logs(open, VshardId(11));
    cursors(open, VshardId(12));
    documents(open, VshardId(13));
    sign_ups(open, VshardId(14));
    counters(open, VshardId(15));
    wait_lists(open, VshardId(16));
    the_outbox(open, VshardId(17));
    the_rest(open, VshardId(17));
    totals(open);
    let mut store = open();
    store.checkpoint().unwrap();
    store.quick_check().unwrap();
}

fn text(tx: &mut dyn ShardTx, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
    tx.meta(key)
}

fn transactions(open: Open<'_>) {
    let (mut store, mut other) = (open(), open());
    let made = store.transact(|tx| tx.put_meta("a", b"1").map(|()| 7)).unwrap();
    assert_eq!(made, 7, "work has a result of its own");
    assert_eq!(other.read(|tx| text(tx, "a")).unwrap(), Some(b"1".to_vec()), "another handle sees a commit");
    let failed = store.transact(|tx| {
        tx.put_meta("a", b"2")?;
        tx.append_own(VshardId(1), writer(), &entry(1))?;
        Err::<(), _>(StoreError::BadRow("told to fail"))
    });
    assert!(failed.unwrap_err().is_corrupt());
    let kept = store.read(|tx| Ok((tx.meta("a")?, tx.own_head(VshardId(1))?))).unwrap();
    assert_eq!(kept, (Some(b"1".to_vec()), None), "nothing of a failed transaction is kept");
    store.checkpoint().unwrap();
    drop((store, other));
    assert_eq!(open().read(|tx| text(tx, "a")).unwrap(), Some(b"1".to_vec()), "a commit stays");
}

fn pictures(open: Open<'_>) {
    let (mut store, mut writer) = (open(), open());
    store.transact(|tx| tx.put_meta("picture", b"old")).unwrap();
    let seen = store.read(|tx| {
        let before = tx.meta("picture")?;
        writer.transact(|tx| tx.put_meta("picture", b"new"))?;
        Ok((before, tx.meta("picture")?))
    });
    assert_eq!(seen.unwrap(), (Some(b"old".to_vec()), Some(b"old".to_vec())), "one picture, however long");
    assert_eq!(store.read(|tx| text(tx, "picture")).unwrap(), Some(b"new".to_vec()));
    store.read(|tx| tx.put_meta("picture", b"rehearsed")).unwrap();
    assert_eq!(store.read(|tx| text(tx, "picture")).unwrap(), Some(b"new".to_vec()), "a read keeps nothing");
}

fn sequences(open: Open<'_>, vshard: VshardId) {
    let mut store = open();
    let audience = |n: u8| n.is_multiple_of(2).then_some(NodeId(4));
    for n in 0..10 {
        let seq = store.transact(|tx| tx.append(vshard, audience(n), writer(), &entry(n))).unwrap();
        assert_eq!(seq, u64::from(n) + 1);
    }
    let mut page = |after, limit, bytes| store.read(|tx| tx.read_since(vshard, after, limit, bytes)).unwrap();
    let four = page(3, 4, 1 << 20);
    assert_eq!((four.upto, four.entries.len()), (7, 4));
    let (to, first) = &four.entries[0];
    assert_eq!((*to, first.seq, first.writer, &first.entry), (None, 4, writer(), &entry(3)));
    assert_eq!(four.entries[1].0, Some(NodeId(4)));
    let one = page(3, 100, 1);
    assert_eq!((one.upto, one.entries.len()), (4, 1), "one entry always fits");
    assert_eq!(page(10, 100, 1).upto, 10, "nothing behind the end");
    assert_eq!(page(99, 100, 1).upto, 99, "nor behind what was never there");
    assert_eq!(store.read(|tx| tx.head(vshard)).unwrap(), (1, 10));
    assert_eq!(store.read(|tx| tx.head(VshardId(900))).unwrap(), (1, 0));
    let undone = store.transact(|tx| {
        assert_eq!(tx.append(vshard, None, writer(), &entry(11))?, 11);
        Err::<(), _>(StoreError::BadRow("told to fail"))
    });
    assert!(undone.is_err());
    let again = store.transact(|tx| tx.append(vshard, None, writer(), &entry(12))).unwrap();
    assert_eq!(again, 11, "numbers have no gaps");
}

fn own_logs(open: Open<'_>, vshard: VshardId) {
    let mut store = open();
    let mut expected = vec![Head::genesis(writer(), vshard)];
    for n in 0..9 {
        expected.push(expected[usize::from(n)].then(&entry(n)));
        let head = store.transact(|tx| tx.append_own(vshard, writer(), &entry(n))).unwrap();
        assert_eq!(head, LogHead { wseq: u64::from(n) + 1, head: expected[usize::from(n) + 1] });
    }
    let mut at = |after: u64, limit: usize, bytes: usize| {
        let (entries, head) = store.read(|tx| tx.read_own(vshard, after, limit, bytes)).unwrap();
        (entries.len(), head.map(|head| (head.wseq, head.head)))
    };
    for (after, limit, bytes, entries, last) in [
        (0, 100, 1 << 20, 9, 9),
        (0, 4, 1 << 20, 4, 4),
        (4, 4, 1 << 20, 4, 8),
        (8, 4, 1, 1, 9),
        (2, 4, 1, 1, 3),
    ] {
        assert_eq!(
            at(after, limit, bytes),
            (entries, Some((last, expected[usize::try_from(last).unwrap()])))
        );
    }
    assert_eq!(at(9, 4, 1), (0, None));
    let stranger = store.transact(|tx| tx.append_own(VshardId(19), Writer::new(9, 1), &entry(1)));
    assert!(matches!(stranger, Err(StoreError::Corrupt { table: "log", .. })), "one writer for all own logs");
    store.transact(|tx| tx.append_own(VshardId(18), writer(), &entry(1))).unwrap();
    let heads = store.read(|tx| tx.own_heads()).unwrap();
    let heads: Vec<_> = heads.into_iter().map(|(vshard, head)| (vshard.0, head.wseq)).collect();
    assert_eq!(heads, [(11, 9), (18, 1)]);
}

fn cursors(open: Open<'_>, vshard: VshardId) {
    let mut store = open();
    let at = |wseq: u64| LogHead { wseq, head: Head([u8::try_from(wseq).unwrap(); 32]) };
    store
        .transact(|tx| {
            assert_eq!((tx.acked(vshard)?, tx.origin(vshard, writer())?), (0, None));
            for wseq in [4, 9, 6] {
                tx.put_acked(vshard, wseq)?;
                tx.put_origin(vshard, writer(), at(wseq))?;
            }
            tx.put_origin(VshardId(13), writer(), at(1))?;
            for (of, history, seq) in [(13, 1, 5), (12, 1, 8), (13, 2, 3)] {
                tx.put_cursor(DownState { vshard: of, history, seq })?;
            }
            Ok(())
        })
        .unwrap();
    store
        .read(|tx| {
            assert_eq!(tx.acked(vshard)?, 9, "an acknowledgement is not taken back");
            assert_eq!(tx.origin(vshard, writer())?, Some(at(6)), "an origin is what it was last set to");
            assert_eq!(tx.origins(writer())?, [(vshard, at(6)), (VshardId(13), at(1))]);
            assert_eq!(tx.origins(Writer::new(8, 8))?, []);
            let cursors: Vec<_> = tx.cursors()?.iter().map(|at| (at.vshard, at.history, at.seq)).collect();
            assert_eq!(cursors, [(12, 1, 8), (13, 2, 3)]);
            Ok(())
        })
        .unwrap();
}

/// A document of one field.
fn document(title: &str) -> Document {
    let mut document = Document::default();
    let change = document.edit(writer(), &[("title", Value::Text(title.to_owned()))], 5).unwrap();
    document.apply(&change, Some(writer())).unwrap();
    document
}

fn documents(open: Open<'_>, vshard: VshardId) {
    let mut store = open();
    store
        .transact(|tx| {
            tx.put_document(vshard, job(1), TopicId(9), &document("first"))?;
            tx.put_document(vshard, job(1), TopicId(9), &document("second"))?;
            tx.put_job_summary(vshard, &summary(1, "k1", "first", 100))?;
            tx.put_job_summary(vshard, &summary(2, "", "no key", 200))?;
            tx.put_job_summary(vshard, &summary(1, "other", "second", 150))
        })
        .unwrap();
    store
        .read(|tx| {
            let stored = tx.document(vshard, job(1))?.unwrap();
            assert_eq!((stored.topic, stored.document.heads()), (TopicId(9), document("second").heads()));
            assert!(JobFields::read(&stored.document).is_none(), "it is not whole");
            assert!(tx.document(VshardId(900), job(1))?.is_none());
            let second = tx.job_summary(vshard, job(1))?.unwrap();
            assert_eq!(second, summary(1, "k1", "second", 150), "its key stays, its title and times follow");
            assert_eq!(tx.job_by_key(vshard, TenantId(2), "k1")?, Some(job(1)));
            assert_eq!(tx.job_by_key(vshard, TenantId(3), "k1")?, None);
            assert_eq!(tx.job_by_key(vshard, TenantId(2), "")?, None, "no key is no key");
            assert_eq!((tx.vshard_of(job(2))?, tx.vshard_of(job(77))?), (Some(vshard), None));
            let jobs = |after| {
                move |tx: &mut dyn ShardTx| -> Result<Vec<_>, StoreError> {
                    Ok(tx.jobs_after(after)?.into_iter().map(|(at, job)| (at, job.job)).collect())
                }
            };
            assert_eq!(jobs(149)(tx)?, [(vshard, job(1)), (vshard, job(2))]);
            assert_eq!(jobs(150)(tx)?, [(vshard, job(2))]);
            Ok(())
        })
        .unwrap();
}

fn sign_ups(open: Open<'_>, vshard: VshardId) {
    let mut store = open();
    store
        .transact(|tx| {
            tx.put_sign_up(vshard, sign_up(1), &fields(job(1), 1, Status::Confirmed))?;
            tx.put_sign_up(vshard, sign_up(2), &fields(job(1), 11, Status::WaitListed))?;
            tx.put_sign_up(vshard, sign_up(3), &fields(job(2), 3, Status::Confirmed))?;
            tx.put_sign_up(vshard, sign_up(3), &fields(job(2), 3, Status::Cancelled))
        })
        .unwrap();
    store
        .read(|tx| {
            let row = tx.sign_up(sign_up(1))?.unwrap();
            assert_eq!((row.vshard, row.fields), (vshard, fields(job(1), 1, Status::Confirmed)));
            assert!(tx.sign_up(sign_up(50))?.is_none());
            assert_eq!(tx.sign_up_by_idempotency(&[11; 16])?.unwrap().sign_up, sign_up(2));
            let by_code: Vec<_> = tx.sign_ups_by_code("000001")?.into_iter().map(|row| row.sign_up).collect();
            assert_eq!(by_code, [sign_up(1), sign_up(2)], "in the order in which they were made");
            assert_eq!(tx.sign_ups_of(vshard, job(1), WorkerId([1; 16]))?.len(), 1);
            assert_eq!(tx.sign_ups_of(vshard, job(2), WorkerId([3; 16]))?.len(), 0, "it ended");
            assert_eq!(tx.sign_ups_of(VshardId(900), job(1), WorkerId([1; 16]))?.len(), 0);
            let of_job = |tx: &mut dyn ShardTx, vshard, n| -> Result<Vec<_>, StoreError> {
                Ok(tx.sign_ups_for(vshard, job(n))?.into_iter().map(|row| row.sign_up).collect())
            };
            assert_eq!(of_job(tx, vshard, 1)?, [sign_up(1), sign_up(2)], "whatever became of them");
            assert_eq!(of_job(tx, vshard, 2)?, [sign_up(3)]);
            assert_eq!(of_job(tx, VshardId(900), 1)?, []);
            Ok(())
        })
        .unwrap();
}

fn counters(open: Open<'_>, vshard: VshardId) {
    let mut store = open();
    let seats = NodeJob { granted: 9, returned: 2, live: 3, closed: true, policy: LossPolicy::Reclaim };
    let said = HubSaid {
        cap: 20,
        version: 4,
        free: 5,
        waiting: 6,
        rights: Some(Seal([8; 32])),
        seats: Some(Seal([9; 32])),
    };
    let hub =
        HubJob { version: 4, bound: 25, excess: Excess::BumpLatest, ..HubJob::new(20, LossPolicy::Reclaim) };
    let holding = |granted| HubHolding { granted, returned: 1, live: 2 };
    let seat = |n: u64, state| SeatRow {
        sign_up: sign_up(n),
        holder: writer(),
        worker: WorkerId([u8::try_from(n).unwrap(); 16]),
        state,
    };
    store
        .transact(|tx| {
            assert_eq!((tx.node_job(vshard, job(1))?, tx.hub_job(vshard, job(1))?), (None, None));
            assert_eq!(tx.holding(vshard, job(1), writer())?, HubHolding::default());
            tx.put_node_job(vshard, job(1), &NodeJob::default(), &HubSaid::default())?;
            tx.put_node_job(vshard, job(1), &seats, &said)?;
            tx.put_hub_job(vshard, job(1), &hub)?;
            for (node, granted) in [(7, 3), (5, 4), (7, 6)] {
                tx.put_holding(vshard, job(1), Writer::new(node, 1), &holding(granted))?;
            }
            tx.put_seat(vshard, job(1), &seat(2, SeatState::Waiting))?;
            tx.put_seat(vshard, job(1), &seat(1, SeatState::Live))?;
            tx.put_seat(vshard, job(1), &seat(2, SeatState::Live))
        })
        .unwrap();
    store
        .read(|tx| {
            assert_eq!(tx.node_job(vshard, job(1))?, Some((seats, said)));
            assert_eq!(tx.hub_job(vshard, job(1))?, Some(hub));
            let holdings = [(Writer::new(5, 1), holding(4)), (Writer::new(7, 1), holding(6))];
            assert_eq!(tx.holdings(vshard, job(1))?, holdings);
            assert_eq!(tx.holding(vshard, job(1), Writer::new(7, 1))?, holding(6));
            assert_eq!(tx.seats(vshard, job(1))?, [seat(1, SeatState::Live), seat(2, SeatState::Live)]);
            assert_eq!(tx.seat(vshard, job(1), sign_up(2))?, Some(seat(2, SeatState::Live)));
            assert_eq!(tx.seat(vshard, job(2), sign_up(2))?, None);
            assert_eq!(tx.seats(VshardId(900), job(1))?, []);
            Ok(())
        })
        .unwrap();
}

fn wait_lists(open: Open<'_>, vshard: VshardId) {
    let mut store = open();
    let wait = |n, promoted, position| WaitRow {
        sign_up: sign_up(n),
        holder: writer(),
        worker: WorkerId([0; 16]),
        promoted,
        position,
    };
    let order = store
        .transact(|tx| {
            for n in [5, 2, 9] {
                tx.put_waiting(vshard, job(1), &wait(n, false, 0))?;
            }
            tx.put_waiting(vshard, job(1), &wait(2, true, 8))?;
            tx.remove_waiting(vshard, job(1), sign_up(5))?;
            tx.remove_waiting(vshard, job(1), sign_up(55))?;
            tx.put_waiting(vshard, job(1), &wait(5, false, 0))?;
            tx.put_waiting(vshard, job(2), &wait(5, false, 0))?;
            assert_eq!(tx.wait(vshard, job(1), sign_up(9))?, Some(wait(9, false, 0)));
            assert_eq!(tx.wait(vshard, job(1), sign_up(55))?, None);
            assert_eq!(tx.first_waiting(vshard, job(1))?, Some(wait(9, false, 0)), "2 was offered a right");
            assert_eq!(tx.first_waiting(vshard, job(3))?, None);
            let places = [2, 9, 5, 55].map(|n| tx.place_in_line(vshard, job(1), sign_up(n)).unwrap());
            assert_eq!(places, [1, 2, 3, 0]);
            tx.waiting(vshard, job(1))
        })
        .unwrap();
    assert_eq!(order, [wait(2, true, 8), wait(9, false, 0), wait(5, false, 0)]);
}

fn the_rest(open: Open<'_>, vshard: VshardId) {
    let mut store = open();
    store
        .transact(|tx| {
            tx.put_receipt(vshard, sign_up(1), b"old")?;
            tx.put_receipt(vshard, sign_up(1), b"new")?;
            for n in 0..3 {
                tx.park(vshard, writer(), &entry(n), "no such thing")?;
            }
            assert_eq!((tx.next_counter()?, tx.next_counter()?), (1, 2));
            tx.put_meta("", b"")
        })
        .unwrap();
    store
        .read(|tx| {
            assert_eq!(tx.receipt(vshard, sign_up(1))?.as_deref(), Some(&b"new"[..]));
            assert_eq!(tx.receipt(vshard, sign_up(2))?, None);
            assert_eq!(tx.parked()?, 3);
            assert_eq!((tx.meta("")?, tx.meta("nothing")?), (Some(Vec::new()), None));
            Ok(())
        })
        .unwrap();
    assert_eq!(open().transact(|tx| tx.next_counter()).unwrap(), 3, "counters go on");
}

fn the_outbox(open: Open<'_>, vshard: VshardId) {
    let message = |n, next_at, is_dead| MessageRow {
        vshard,
        n,
        kind: MessageKind::Changed,
        subject: sign_up(n).to_bytes().to_vec(),
        at: 1,
        tries: 0,
        next_at,
        error: String::new(),
        is_dead,
    };
    let numbers = |rows: Vec<MessageRow>| rows.into_iter().map(|row| row.n).collect::<Vec<_>>();
    open()
        .transact(|tx| {
            for (n, next_at, is_dead) in [(1, 30, false), (2, 10, false), (3, 20, false), (4, 5, true)] {
                tx.put_message(&message(n, next_at, is_dead))?;
            }
            assert_eq!(numbers(tx.messages(false, 2)?), [2, 3], "whichever is due first");
            let failed = MessageRow { tries: 1, error: "no answer".to_owned(), ..message(2, 40, false) };
            tx.put_message(&failed)?;
            assert_eq!(tx.message(vshard, 2)?, Some(failed));
            tx.remove_message(vshard, 3)?;
            assert_eq!(tx.message(vshard, 3)?, None);
            assert_eq!(numbers(tx.messages(false, 9)?), [1, 2]);
            assert_eq!(numbers(tx.messages(true, 9)?), [4]);
            assert_eq!(tx.message_counts()?, (2, 1));
            Ok(())
        })
        .unwrap();
}

/// Sums of what the parts before have written.
fn totals(open: Open<'_>) {
    let (totals, holdings) = open().read(|tx| Ok((tx.seat_totals()?, tx.holding_totals()?))).unwrap();
    assert_eq!((totals.jobs, totals.cap, totals.live), (1, 20, 4));
    assert_eq!((totals.waiting, totals.oversold), (4, 0));
    let sums: Vec<_> = holdings.iter().map(|sum| (sum.writer.node.0, sum.granted, sum.live)).collect();
    assert_eq!(sums, [(5, 4, 2), (7, 6, 2)]);
}
