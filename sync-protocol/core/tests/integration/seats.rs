//! The seat ledger in the domain's own words: one line a case, what is left last.

use sync_protocol::{
    ids::{JobId, SignUpId, WorkerId, Writer},
    seats::{
        BelowConfirmed, EndReason, Excess, Footing, HubHolding, HubJob, LossPolicy, Merged, NodeEvent,
        NodeJob, Refusal, SealKey, SeatState, SeatsSaid, Standing, Violation, receipt_stands,
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
        NodeEvent::SeenAll { history: 9 },
        NodeEvent::CancelFor { sign_up: sign_up(), reason: None },
    ] {
        assert_eq!(merge(2, 0, 1, &event, "live"), "nothing, out 2, live 1", "{event:?}");
    }
}

#[test]
fn a_restored_hub_takes_back_what_it_said() {
    // (cap, version, open) known and told -> what is known then, and the most that may be valid with nine out.
    let check = |known: (u32, u32, bool), told: (u32, u32, bool), expected: (u32, u32, bool), most: u32| {
        let mut job =
            HubJob { version: known.1, open: known.2, ..HubJob::new(known.0, LossPolicy::WriteOff) };
        let (cap, version, open) = told;
        job.seen(SeatsSaid { cap, version, open, policy: LossPolicy::WriteOff });
        assert_eq!((job.cap, job.version, job.open), expected, "{known:?} and {told:?}");
        assert_eq!(job.most_valid(9), most, "{known:?} and {told:?}");
    };
    check((5, 1, true), (4, 3, true), (4, 3, true), 5);
    check((5, 1, true), (9, 3, true), (9, 3, true), 9);
    check((5, 3, true), (4, 3, true), (5, 3, true), 5);
    check((5, 3, true), (4, 2, false), (5, 3, false), 5);
    check((5, 3, false), (5, 4, true), (5, 4, false), 5);

    let mut holding = HubHolding { granted: 4, returned: 1, live: 2 };
    holding.seen(3);
    assert_eq!(holding.granted, 4, "an old word changes nothing");
    holding.seen(9);
    assert_eq!((holding.out(), holding.idle()), (8, 6));
}

#[test]
fn a_seal_holds_for_what_the_hub_said_and_nothing_else() {
    let (key, other) = (SealKey([1; 32]), SealKey([2; 32]));
    let (job, here, there) = (JobId::job(Writer::hub(1), 4), Writer::new(1, 1), Writer::new(2, 1));
    let rights = Some(key.rights(job, here, 3));
    let said = SeatsSaid { cap: 9, version: 2, open: true, policy: LossPolicy::WriteOff };
    let seats = Some(key.seats(job, said));
    let (place, worker) = (SignUpId::sign_up(here, 7), WorkerId([5; 16]));
    let placed = key.place(job, place, worker);
    for (what, holds, expected) in [
        ("rights as granted", key.holds_rights(rights, job, here, 3), true),
        ("more rights", key.holds_rights(rights, job, here, 4), false),
        ("rights of another node", key.holds_rights(rights, job, there, 3), false),
        ("rights to another job", key.holds_rights(rights, JobId::job(here, 4), here, 3), false),
        ("rights under another hub's key", other.holds_rights(rights, job, here, 3), false),
        ("rights without a seal", key.holds_rights(None, job, here, 3), false),
        ("a seal of something else", key.holds_rights(seats, job, here, 3), false),
        ("seats as said", key.holds_seats(seats, job, said), true),
        ("a closed job", key.holds_seats(seats, job, SeatsSaid { open: false, ..said }), false),
        ("another cap", key.holds_seats(seats, job, SeatsSaid { cap: 10, ..said }), false),
        ("a place as given", key.holds_place(placed, job, place, worker), true),
        ("another's place", key.holds_place(placed, job, place, WorkerId([6; 16])), false),
    ] {
        assert_eq!(holds, expected, "{what}");
    }
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
