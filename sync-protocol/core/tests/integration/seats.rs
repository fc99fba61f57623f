//! The seat ledger in the domain's own words: one line a case, what is left last.

use sync_protocol::{
    ids::{SignUpId, WorkerId, Writer},
    limits::CAP_MAX,
    seats::{
        BelowConfirmed, EndReason, Excess, Footing, HubHolding, HubJob, LossPolicy, Merged, NodeEvent,
        NodeJob, Refusal, SeatState, Standing, Violation, receipt_stands,
    },
};

/// Plays a line such as `birth 2; accept new; cancel live` and gives what happened last and what is left.
fn play(line: &str) -> String {
    let mut job = NodeJob::default();
    let mut last = String::new();
    let mut footing = Footing::FIRM;
    for step in line.split(';').map(str::trim) {
        let words: Vec<_> = step.split_whitespace().collect();
        let number = |at: usize| words[at].parse::<u32>().unwrap();
        last = match words[0] {
            "birth" => {
                job = NodeJob::birth(number(1), LossPolicy::WriteOff);
                "born".into()
            }
            "class_r" => {
                job.policy = LossPolicy::Reclaim;
                "class_r".into()
            }
            "freeze" => {
                footing.frozen = true;
                "frozen".into()
            }
            "lease_ends" => {
                footing.leased = false;
                "lease_ended".into()
            }
            "learn" => {
                job.learn(number(1), false);
                "learnt".into()
            }
            "close" => {
                job.learn(0, true);
                "closed".into()
            }
            "accept" => match job.accept(state(words[1]), 0, footing) {
                Ok(true) => "confirmed".into(),
                Ok(false) => "again".into(),
                Err(Refusal::Closed) => "closed".into(),
                Err(Refusal::NoRight) => "no_right".into(),
                Err(Refusal::Ended) => "ended".into(),
                Err(Refusal::LeftToHub) => "left_to_hub".into(),
                Err(Refusal::Frozen) => "frozen".into(),
                Err(Refusal::NoLease) => "no_lease".into(),
            },
            "cancel" => if job.cancel(state(words[1])) { "cancelled" } else { "nothing" }.into(),
            "bump" => format!("{:?}", job.apply_bump(state(words[1]))),
            "return" => {
                job.give_back(number(1));
                "returned".into()
            }
            "recall" => {
                let count = job.recalled(number(1), number(2), 0);
                job.give_back(count);
                format!("returned {count}")
            }
            other => panic!("{other}"),
        };
    }
    format!("{last}, avail {}", job.avail())
}

fn state(word: &str) -> Option<SeatState> {
    Some(match word {
        "new" => return None,
        "live" => SeatState::Live,
        "cancelled" => SeatState::Cancelled,
        "bumped" => SeatState::Bumped,
        "waiting" => SeatState::Waiting,
        "requested" => SeatState::Requested,
        other => panic!("{other}"),
    })
}

#[test]
fn a_node_spends_only_what_it_was_granted() {
    for line in "
        birth 2; accept new -> confirmed, avail 1
        birth 1; accept new; accept new -> no_right, avail 0
        birth 1; accept new; accept live -> again, avail 0
        learn 3; learn 3; learn 1 -> learnt, avail 3
        learn 1; accept waiting -> confirmed, avail 0
        learn 1; accept requested -> left_to_hub, avail 1
        learn 1; accept bumped -> ended, avail 1
        learn 1; accept cancelled -> ended, avail 1
        learn 1; close; accept new -> closed, avail 1
        learn 1; accept new; cancel live -> cancelled, avail 1
        learn 1; cancel waiting -> cancelled, avail 1
        learn 1; cancel requested -> cancelled, avail 1
        learn 1; cancel new -> nothing, avail 1
        learn 1; bump waiting -> Some(Bumped), avail 1
        learn 1; bump requested -> Some(Bumped), avail 1
        learn 1; accept new; cancel live; accept new; cancel cancelled -> nothing, avail 0
        learn 2; accept new; bump live -> Some(Bumped), avail 1
        learn 2; accept new; bump cancelled -> None, avail 1
        learn 2; bump new -> Some(Bumped), avail 2
        learn 3; return 2; learn 4 -> learnt, avail 2
        learn 5; accept new; recall 5 1 -> returned 3, avail 1
        learn 5; learn 6; recall 5 0 -> returned 0, avail 6
        learn 1; freeze; accept new -> frozen, avail 1
        learn 1; lease_ends; accept new -> confirmed, avail 0
        learn 1; class_r; accept new -> confirmed, avail 0
        learn 1; class_r; lease_ends; accept new -> no_lease, avail 1
    "
    .lines()
    .map(str::trim)
    .filter(|line| !line.is_empty())
    {
        let (steps, expected) = line.split_once(" -> ").unwrap();
        assert_eq!(play(steps), expected, "{line}");
    }
}

fn sign_up() -> SignUpId {
    SignUpId::sign_up(Writer::new(1, 1), 1)
}

fn merge(granted: u32, returned: u32, live: u32, event: &NodeEvent, known: &str) -> String {
    let mut holding = HubHolding { granted, returned, live };
    let before = holding;
    match holding.merge(event, state(known)) {
        Ok(Merged::Seat(state)) => format!("{state:?}, out {}, live {}", holding.out(), holding.live),
        Ok(Merged::Counters) => format!("counted, out {}, live {}", holding.out(), holding.live),
        Ok(Merged::Nothing) => format!("nothing, out {}, live {}", holding.out(), holding.live),
        Err(violation) => {
            assert_eq!(holding, before, "a violation changes nothing");
            format!("{violation:?}")
        }
    }
}

#[test]
fn the_hub_merges_only_what_an_honest_node_reports() {
    let accept = NodeEvent::Accept { sign_up: sign_up(), worker: WorkerId([0; 16]) };
    let cancel = NodeEvent::Cancel { sign_up: sign_up() };
    let bump = |returned| NodeEvent::Bump { sign_up: sign_up(), returned };
    assert_eq!(merge(2, 0, 0, &accept, "new"), "Live, out 2, live 1");
    assert_eq!(merge(2, 0, 1, &accept, "live"), "nothing, out 2, live 1");
    assert_eq!(merge(2, 0, 2, &accept, "new"), "Overspent");
    assert_eq!(merge(2, 1, 1, &accept, "new"), "Overspent");
    assert_eq!(merge(2, 0, 0, &accept, "cancelled"), "Revived");
    assert_eq!(merge(2, 0, 1, &cancel, "live"), "Cancelled, out 2, live 0");
    assert_eq!(merge(2, 0, 1, &bump(1), "live"), "Bumped, out 1, live 0");
    assert_eq!(merge(2, 1, 0, &NodeEvent::Return { returned: 1 }, "new"), "counted, out 1, live 0");
    assert_eq!(merge(2, 0, 0, &NodeEvent::Return { returned: 3 }, "new"), "Overspent");
    assert_eq!(merge(2, 0, 0, &NodeEvent::Birth { cap: 3, policy: None }, "new"), "FalseBirth");
    let wait = NodeEvent::Wait { sign_up: sign_up(), worker: WorkerId([0; 16]) };
    let request = NodeEvent::Request { sign_up: sign_up(), worker: WorkerId([0; 16]) };
    assert_eq!(merge(2, 0, 0, &wait, "new"), "Waiting, out 2, live 0");
    assert_eq!(merge(2, 0, 0, &request, "new"), "Requested, out 2, live 0");
    for known in ["live", "cancelled", "bumped", "waiting", "requested"] {
        assert_eq!(merge(2, 0, 1, &wait, known), "nothing, out 2, live 1", "{known}");
        assert_eq!(merge(2, 0, 1, &request, known), "nothing, out 2, live 1", "{known}");
    }
    for (known, expected) in [
        ("new", "Cancelled, out 2, live 0"),
        ("waiting", "Cancelled, out 2, live 0"),
        ("cancelled", "nothing, out 2, live 0"),
        ("bumped", "nothing, out 2, live 0"),
    ] {
        assert_eq!(merge(2, 0, 0, &cancel, known), expected, "{known}");
    }
    for event in [
        NodeEvent::Final,
        NodeEvent::SeenAll { history: 2 },
        NodeEvent::Seen { granted: 9, version: 1, cap: 9, open: true },
        NodeEvent::CancelFor { sign_up: sign_up(), reason: None },
    ] {
        assert_eq!(merge(2, 0, 1, &event, "live"), "nothing, out 2, live 1", "{event:?}");
    }
}

#[test]
fn a_restored_hub_believes_what_an_honest_node_can_have_seen() {
    // (version, cap, open) known and told -> what is known then.
    let check =
        |known: (u32, u32, bool), told: (u32, u32, bool), expected: Result<(u32, u32, bool), Violation>| {
            let mut job =
                HubJob { version: known.0, open: known.2, ..HubJob::new(known.1, LossPolicy::WriteOff) };
            let found = job.seen(told.0, told.1, told.2).map(|()| (job.version, job.cap, job.open));
            assert_eq!(found, expected, "{known:?} and {told:?}");
        };
    check((1, 5, true), (3, 4, true), Ok((3, 4, true)));
    check((1, 5, true), (3, 9, true), Ok((3, 5, true)));
    check((3, 5, true), (3, 4, true), Ok((3, 5, true)));
    check((3, 5, true), (2, 4, false), Ok((3, 5, false)));
    check((3, 5, false), (4, 5, true), Ok((4, 5, false)));
    check((1, 5, true), (2, CAP_MAX + 1, true), Err(Violation::CapTooLarge));
    check((1, 5, true), (u32::MAX, 5, true), Err(Violation::CapTooLarge));

    let mut holding = HubHolding { granted: 4, returned: 1, live: 2 };
    holding.seen(3).unwrap();
    assert_eq!(holding.granted, 4, "an old word changes nothing");
    assert_eq!(holding.seen(CAP_MAX + 1), Err(Violation::CapTooLarge));
    holding.seen(9).unwrap();
    assert_eq!((holding.out(), holding.idle()), (8, 6));
}

#[test]
fn a_receipt_falls_only_where_rights_were_reclaimed_and_the_hub_had_not_heard() {
    for (reclaimed, known, stands) in
        [(false, false, true), (false, true, true), (true, true, true), (true, false, false)]
    {
        assert_eq!(receipt_stands(reclaimed, known), stands, "reclaimed {reclaimed}, known {known}");
    }
}

#[test]
fn asking_and_fencing_free_no_right() {
    for state in ["live", "waiting", "bumped"] {
        for policy in [LossPolicy::WriteOff, LossPolicy::Reclaim] {
            let before = HubHolding { granted: 3, returned: 0, live: 2 };
            let mut holding = before;
            holding.ask_end(self::state(state));
            holding.fence(policy);
            assert_eq!(holding, before, "{state} {policy:?}");
        }
    }
}

#[test]
fn why_a_sign_up_ends_reads_back_as_it_was_written() {
    use EndReason::{CapLowered, Closed, Duplicate, Employer, NoShow, Voided, Worker};
    for reason in [Worker, Closed, CapLowered, Duplicate, Voided, NoShow, Employer] {
        assert_eq!(EndReason::parse(reason.as_str()), Some(reason));
    }
    assert_eq!(EndReason::parse("no reason"), None);
}

#[test]
fn the_hub_never_grants_more_than_its_pool() {
    let check = |cap, out, open, count, expected| {
        let mut holding = HubHolding { granted: out, returned: 0, live: 0 };
        let job = HubJob { open, ..HubJob::new(cap, LossPolicy::WriteOff) };
        assert_eq!(job.grant(&mut holding, Standing::Fenced, out, count), 0);
        let granted = job.grant(&mut holding, Standing::Live, out, count);
        assert_eq!(granted, expected, "cap {cap} out {out} count {count}");
    };
    check(7, 0, true, 3, 3);
    check(7, 5, true, 3, 2);
    check(7, 7, true, 1, 0);
    check(5, 7, true, 1, 0);
    check(7, 0, false, 3, 0);
    assert_eq!(HubJob::born(u32::MAX, LossPolicy::WriteOff), Err(Violation::CapTooLarge));
}

#[test]
fn a_cap_is_lowered_only_as_far_as_promises_allow() {
    // (cap, confirmed, out) -> new cap: pool and most_valid after it, or the smallest legal cap.
    let check = |(cap, confirmed, out), new, excess, expected: Result<(i64, u32), u32>| {
        let mut job = HubJob::new(cap, LossPolicy::WriteOff);
        let found = job.set_cap(new, confirmed, out, excess).map(|()| (job.pool(out), job.most_valid(out)));
        assert_eq!(found.map_err(|BelowConfirmed { confirmed }| confirmed), expected, "{cap} to {new}");
    };
    check((10, 2, 6), 12, Excess::Keep, Ok((6, 12)));
    check((10, 2, 6), 8, Excess::Keep, Ok((2, 8)));
    check((10, 2, 6), 4, Excess::Keep, Ok((-2, 6)));
    check((10, 5, 6), 4, Excess::Keep, Err(5));
    check((10, 5, 6), 4, Excess::BumpLatest, Ok((-2, 6)));
}

#[test]
fn what_may_be_valid_never_rises_after_a_reduction() {
    let mut job = HubJob::new(10, LossPolicy::WriteOff);
    job.set_cap(4, 0, 9, Excess::Keep).unwrap();
    assert_eq!(job.most_valid(9), 9);
    assert_eq!(job.most_valid(6), 6);
    job.set_cap(2, 0, 6, Excess::Keep).unwrap();
    assert_eq!((job.most_valid(6), job.most_valid(1)), (6, 2));
    job.set_cap(20, 0, 6, Excess::Keep).unwrap();
    assert_eq!(job.most_valid(6), 20);
}

#[test]
fn a_holding_that_is_handed_over_keeps_every_live_seat() {
    let mut lost = HubHolding { granted: 7, returned: 1, live: 2 };
    let mut hub = HubHolding { granted: 3, returned: 0, live: 3 };
    lost.hand_over(&mut hub);
    assert_eq!((lost.out(), lost.live), (0, 0));
    assert_eq!((hub.out(), hub.live), (5, 5));
}
