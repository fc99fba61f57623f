//! Notices a cut line: something was sent, and nothing has come back for too long.

use std::time::Duration;

use crate::{limits::STALL, link::LinkStats};

/// Fed with a link's figures while something is unacknowledged; knows no clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct StallWatch {
    datagrams_received: u64,
    waiting_since: Option<Duration>,
}

impl StallWatch {
    /// Whether the line counts as cut at `now` (time since any fixed start): [`STALL`] has passed with something
    /// unacknowledged and without a datagram from the peer.
    ///
    /// Call it about once a second; `unacknowledged` is whether the caller waits for an acknowledgement of its own.
    pub fn is_cut(&mut self, now: Duration, stats: &LinkStats, unacknowledged: bool) -> bool {
        let heard = stats.datagrams_received != self.datagrams_received;
        self.datagrams_received = stats.datagrams_received;
        if heard || !unacknowledged {
            self.waiting_since = unacknowledged.then_some(now);
            return false;
        }
        let since = *self.waiting_since.get_or_insert(now);
        now.saturating_sub(since) >= STALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_with_something_unacknowledged_is_a_cut() {
        let mut watch = StallWatch::default();
        let mut check = |second, datagrams_received, unacknowledged, cut| {
            let stats = LinkStats { datagrams_received, ..LinkStats::default() };
            assert_eq!(watch.is_cut(Duration::from_secs(second), &stats, unacknowledged), cut, "at {second}");
        };
        check(0, 5, false, false);
        check(60, 5, false, false);
        check(61, 5, true, false);
        check(63, 6, true, false);
        check(65, 6, true, false);
        check(66, 6, true, true);
        check(67, 7, true, false);
        check(68, 7, false, false);
        check(99, 7, true, false);
    }
}
