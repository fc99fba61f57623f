//! Which logs go on from what the hub has, one line a case.

use sync_protocol::log::{GoneBack, Head, LogHead, goes_on};

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
