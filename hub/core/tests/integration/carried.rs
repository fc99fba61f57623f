//! Logs that somebody carried: the account of what they brought, and copies that only an operator's word settles.

use crate::vshard::{Vshard, accept, birth, row};
use hub_core::shard::{self, Stranger};
use sync_protocol::{
    ids::{JobId, SignUpId, WorkerId, Writer},
    log::{Entry, EntryKind},
    seats::{HubHolding, LossPolicy, NodeEvent, SeatState, Standing},
};
use sync_store::FenceCause;

const NODE: Writer = Writer::new(1, 1);

fn sign_up(n: u64) -> SignUpId {
    SignUpId::sign_up(NODE, n)
}

fn last() -> Entry {
    row(NodeEvent::no_job(NODE), NodeEvent::Final)
}

/// A node with five seats, one of them used.
fn node(name: &str) -> (Vshard, JobId) {
    let (mut vshard, job) = (Vshard::new(name), JobId::job(NODE, 1));
    vshard.report(NODE, &[birth(job, 5, LossPolicy::WriteOff), accept(job, sign_up(2))]).unwrap();
    (vshard, job)
}

#[test]
fn whoever_carries_a_log_hears_what_it_brought() {
    let (mut vshard, job) = node("carried");
    let log = [
        accept(job, sign_up(3)),
        accept(job, sign_up(4)),
        row(job, NodeEvent::Cancel { sign_up: sign_up(4) }),
        row(job, NodeEvent::Return { returned: 2 }),
    ];
    let carried = vshard.carry(NODE, &log, false);
    assert_eq!(carried.saved, [(job, sign_up(3))], "the second was known, the fourth is over");
    assert_eq!(carried.back, [(job, 2)]);
    let again = vshard.carry(NODE, &[], false);
    assert_eq!((again.saved, again.back, again.merged.wseq), (Vec::new(), Vec::new(), 6));
}

#[test]
fn the_whole_log_of_a_node_that_left_settles_it() {
    let (mut vshard, job) = node("carried-whole");
    vshard.fence(NODE);
    let carried = vshard.carry(NODE, &[accept(job, sign_up(3)), last()], false);
    assert!(carried.merged.settled);
    assert_eq!((carried.saved, carried.back), (vec![(job, sign_up(3))], vec![(job, 3)]));
    assert_eq!(vshard.seat(job, sign_up(3)), Some((SeatState::Live, true)));
}

#[test]
fn a_copy_changes_nothing_until_an_operator_says_that_its_log_counts() {
    let (mut vshard, job) = node("copied");
    vshard.fence_for(NODE, FenceCause::Copied);
    let held = HubHolding { granted: 5, returned: 0, live: 1 };
    let rest = [accept(job, sign_up(3)), row(job, NodeEvent::Cancel { sign_up: sign_up(2) }), last()];

    let doubted = vshard.carry(NODE, &rest, false);
    assert_eq!((doubted.merged.wseq, doubted.saved.len()), (2, 0));
    assert_eq!((vshard.seat(job, sign_up(3)), vshard.holding(job, NODE)), (None, held));
    let (limbo, standings, vshards) =
        vshard.read(|tx, _| Ok((tx.limbo()?, tx.standings()?, tx.vshards_of_writer(NODE)?)));
    assert_eq!(
        limbo.iter().map(|row| (row.writer, row.job, row.out, row.live)).collect::<Vec<_>>(),
        [(NODE, job, 5, 1)]
    );
    let causes: Vec<_> = standings.iter().map(|(at, row)| (*at, row.standing, row.cause)).collect();
    assert_eq!((causes, vshards.len()), (vec![(vshards[0], Standing::Fenced, FenceCause::Copied)], 1));

    let counted = vshard.carry(NODE, &rest, true);
    assert!(counted.merged.settled);
    assert_eq!((counted.saved, counted.back), (vec![(job, sign_up(3))], vec![(job, 4)]));
    assert_eq!(vshard.seat(job, sign_up(2)), Some((SeatState::Cancelled, false)));
    assert_eq!(vshard.read(|tx, _| tx.limbo()).len(), 0);
    assert_eq!(vshard.read(|tx, at| tx.standing(at, NODE)), Standing::Settled);
}

#[test]
fn people_whose_receipts_only_a_copy_knows_are_named() {
    let (mut vshard, job) = node("strangers");
    let worker = WorkerId([7; 16]);
    let another = row(job, NodeEvent::Accept { sign_up: sign_up(2), worker });
    let log = [
        accept(job, sign_up(2)),
        accept(job, sign_up(3)),
        accept(job, sign_up(4)),
        row(job, NodeEvent::Bump { sign_up: sign_up(4), returned: 1 }),
        row(job, NodeEvent::Wait { sign_up: sign_up(5), worker }),
        Entry { body: vec![0xff], ..accept(job, sign_up(6)) },
        Entry { kind: EntryKind::Change.to_u8(), ..accept(job, sign_up(7)) },
    ];
    let named = |vshard: &mut Vshard, log: &[Entry]| {
        let found = vshard.work(|shard| shard::strangers(shard, log.iter())).unwrap();
        found.into_iter().map(|Stranger { sign_up, .. }| sign_up).collect::<Vec<_>>()
    };
    assert_eq!(named(&mut vshard, &log), [sign_up(3)], "the hub has the second");
    assert_eq!(named(&mut vshard, &[another]), [sign_up(2)], "but as another worker's");
}
