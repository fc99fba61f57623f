//! Whether a file of the hub is for this disk: it begins where the disk has come to, and knows no more of it than it holds.

use std::collections::BTreeMap;
use sync_protocol::{
    ids::VshardId,
    log::LogHead,
    wire::v1::{DownState, Welcome},
};

/// Why the hub's answer is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotForThisDisk {
    #[error("entries before the file's are missing here; export again and carry both ways")]
    Behind,
    #[error("the hub has more of this node's log than this disk: a restored disk or a copy")]
    Older,
}

/// Entries between this node's cursors and the file's beginning (`after`) would be missing for good; the own log must have
/// what the hub says to have of it.
pub fn goes_on(
    after: &[DownState],
    welcome: &Welcome,
    cursors: &[DownState],
    own: &[(VshardId, LogHead)],
) -> Result<(), NotForThisDisk> {
    let cursors: BTreeMap<u16, &DownState> = cursors.iter().map(|cursor| (cursor.vshard, cursor)).collect();
    for begins in after.iter().filter(|begins| begins.seq > 0) {
        let here = cursors.get(&begins.vshard);
        if here.is_none_or(|here| (here.history, here.seq) < (begins.history, begins.seq)) {
            return Err(NotForThisDisk::Behind);
        }
    }
    let own: BTreeMap<u16, u64> = own.iter().map(|(vshard, head)| (vshard.0, head.wseq)).collect();
    let ahead = |acked: u16, wseq: u64| own.get(&acked).copied().unwrap_or(0) < wseq;
    if welcome.retired.is_none() && welcome.acked.iter().any(|ack| ahead(ack.vshard, ack.wseq)) {
        return Err(NotForThisDisk::Older);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_protocol::{
        log::Head,
        wire::v1::{Interest, UpAck},
    };

    #[test]
    fn a_file_goes_on_from_what_is_here() {
        let check = |after: (u16, u64), acked: u64, retired: bool, expected: Result<(), NotForThisDisk>| {
            let welcome = Welcome {
                version: 1,
                interest: Interest::default(),
                acked: vec![UpAck { vshard: 3, wseq: acked }],
                time: 0,
                retired: retired.then(|| "it left".to_owned()),
                contact: 0,
            };
            let after = [DownState { vshard: 3, history: after.0, seq: after.1 }];
            let cursors = [DownState { vshard: 3, history: 2, seq: 40 }];
            let own = [(VshardId(3), LogHead { wseq: 7, head: Head([0; 32]) })];
            assert_eq!(goes_on(&after, &welcome, &cursors, &own), expected, "{after:?}");
        };
        check((2, 40), 7, false, Ok(()));
        check((2, 0), 0, false, Ok(()));
        check((1, 90), 7, false, Ok(()));
        check((2, 41), 7, false, Err(NotForThisDisk::Behind));
        check((3, 1), 7, false, Err(NotForThisDisk::Behind));
        check((2, 40), 8, false, Err(NotForThisDisk::Older));
        check((2, 40), 8, true, Ok(()));
    }
}
