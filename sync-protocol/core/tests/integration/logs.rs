//! Which logs go on from what the hub has, one line a case.

use sync_protocol::{
    ids::{SignUpId, Writer},
    log::{GoneBack, Head, LogHead, goes_on},
    seats::{EndReason, NodeEvent},
};

#[test]
fn only_logs_that_go_on_pass() {
    let place = |(wseq, head)| LogHead { wseq, head: Head([head; 32]) };
    let check = |known, told: Option<(u64, u8)>, expected| {
        assert_eq!(goes_on(&place(known), told.map(place).as_ref()), expected, "{known:?} {told:?}");
    };
    check((0, 0), None, Ok(()));
    check((0, 0), Some((0, 0)), Ok(()));
    check((5, 1), Some((5, 1)), Ok(()));
    check((5, 1), Some((9, 2)), Ok(()));
    check((5, 1), Some((4, 1)), Err(GoneBack::Shorter { known: 5, told: 4 }));
    check((5, 1), Some((5, 2)), Err(GoneBack::Apart { at: 5 }));
    check((5, 1), None, Err(GoneBack::Gone { known: 5 }));
}

#[test]
fn a_wish_to_cancel_is_written_as_it_always_was_and_a_reason_stands_behind_it() {
    let sign_up = SignUpId::sign_up(Writer::new(3, 1), 4);
    let id = "4f020000000300010000000000000004";
    for (reason, bytes) in [
        (None, format!("820781{id}")),
        (Some(EndReason::NoShow), format!("820782{id}05")),
        (Some(EndReason::Employer), format!("820782{id}06")),
    ] {
        let event = NodeEvent::CancelFor { sign_up, reason };
        let written = minicbor::to_vec(&event).unwrap();
        let hex: String = written.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, bytes, "{reason:?}");
        assert_eq!(minicbor::decode::<NodeEvent>(&written).unwrap(), event);
    }
}
