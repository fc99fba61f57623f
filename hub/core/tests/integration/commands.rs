//! Orders that nodes pass on: each is carried out once, and refusals change nothing.

use crate::{
    jobs::{fields, import},
    vshard::{Vshard, accept, birth},
};
use hub_core::shard::{self, Imported};
use sync_protocol::{
    command::{Change, Command, CommandOutcome},
    documents::TenantKey,
    ids::{JobId, SignUpId, TenantId, Writer},
    limits::CAP_MAX,
    seats::{Excess, LossPolicy},
};

const HALL: Writer = Writer::new(1, 1);

fn order(vshard: &mut Vshard, id: u8, job: JobId, change: Change) -> CommandOutcome {
    let command = Command::signed(&TenantKey::of_api_key("key"), HALL, [id; 16], TenantId(1), job, change);
    vshard.work(|shard| shard::command(shard, &command, &|_| Vec::new())).unwrap()
}

fn cap(cap: u32) -> Change {
    Change::Cap { cap, excess: Excess::Keep }
}

/// What stands after an order that was carried out: seats, whether open, version, sign-ups that end.
fn stands(outcome: CommandOutcome) -> (u32, bool, u32, u32) {
    let CommandOutcome::Done(standing) = outcome else { panic!("{outcome:?}") };
    (standing.cap, standing.open, standing.version, standing.ended)
}

#[test]
fn each_order_is_carried_out_once() {
    let mut vshard = Vshard::new("ordered");
    let job = JobId::job(HALL, 1);
    let accepts = [2, 3].map(|n| accept(job, SignUpId::sign_up(HALL, n)));
    vshard.report(HALL, &[&[birth(job, 4, LossPolicy::WriteOff)][..], &accepts].concat()).unwrap();
    assert_eq!(stands(order(&mut vshard, 1, job, cap(3))), (3, true, 2, 0));
    assert_eq!(stands(order(&mut vshard, 2, job, cap(5))), (5, true, 3, 0));
    assert_eq!(stands(order(&mut vshard, 1, job, cap(3))), (3, true, 2, 0), "as it was answered first");
    assert_eq!(vshard.read(|tx, at| tx.hub_job(at, job)).unwrap().cap, 5, "and not done again");
    assert_eq!(order(&mut vshard, 1, job, cap(4)), CommandOutcome::KeyReused);
    for (id, change, refused) in [
        (3, cap(1), CommandOutcome::BelowConfirmed { confirmed: 2 }),
        (4, cap(0), CommandOutcome::OutOfRange),
        (5, cap(CAP_MAX + 1), CommandOutcome::OutOfRange),
    ] {
        assert_eq!(order(&mut vshard, id, job, change), refused);
    }
    assert_eq!(order(&mut vshard, 6, JobId::job(HALL, 9), Change::Close), CommandOutcome::Unknown);
    let latest = Change::Cap { cap: 1, excess: Excess::BumpLatest };
    assert_eq!(stands(order(&mut vshard, 3, job, latest)), (1, true, 4, 1), "a refusal uses no key up");
    assert_eq!(stands(order(&mut vshard, 7, job, Change::Close)), (1, false, 5, 1));
    assert_eq!(order(&mut vshard, 8, job, cap(9)), CommandOutcome::Closed);
    assert_eq!(stands(order(&mut vshard, 9, job, Change::Close)), (1, false, 5, 0), "closed is closed");
}

#[test]
fn what_a_job_remembers_is_bounded() {
    let mut vshard = Vshard::new("remembered");
    let Imported::Created(job) = import(&mut vshard, "a", 5, fields("sorter", 2_000), false) else {
        panic!("not created")
    };
    let mut kept = 0;
    for id in 1..=40 {
        let seats = u32::from(id % 2) + 5;
        assert_eq!(stands(order(&mut vshard, id, job, cap(seats))).0, seats);
        let bytes = vshard.read(|tx, _| tx.meta(&format!("job_commands/{job}"))).unwrap().len();
        assert!(id <= 8 || bytes <= kept + 8, "{bytes} bytes after {kept}");
        kept = bytes;
    }
}
