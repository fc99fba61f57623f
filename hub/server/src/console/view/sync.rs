//! The sync peers: how far each has come, and at what cost.

use askama::Template;

use super::{Frame, SHEET_PATH, State, Tab};
use crate::console::draw;

/// One sync peer.
#[derive(Debug, Clone)]
pub(crate) struct PeerRow {
    /// Name of the node.
    pub(crate) name: String,
    /// How the hub sees it.
    pub(crate) state: State,
    /// Changes of the hub that it has.
    pub(crate) sent: u64,
    /// Changes that the hub has in all.
    pub(crate) head: u64,
    /// Changes of the node that the hub has.
    pub(crate) received: u64,
    /// Milliseconds from the sending of the last batch to its acknowledgement; `None` where none was sent.
    pub(crate) lag_ms: Option<u64>,
    /// Bytes sent to it.
    pub(crate) bytes_out: u64,
    /// Bytes received from it.
    pub(crate) bytes_in: u64,
    /// Batches sent and received since this hub began.
    pub(crate) batches: u64,
    /// Seconds since the last contact; `None` for not since this hub began.
    pub(crate) contact_s: Option<u64>,
    /// Seconds since a carried file of it was taken; `None` for not since this hub began.
    pub(crate) carried_s: Option<u64>,
}

impl PeerRow {
    fn behind(&self) -> u64 {
        self.head.saturating_sub(self.sent)
    }

    fn lag(&self) -> String {
        match (self.lag_ms, self.state.is_bound()) {
            (Some(ms), false) => draw::lag(ms),
            _ => "not known".to_owned(),
        }
    }

    fn contact(&self) -> String {
        draw::heard(self.contact_s, self.carried_s)
    }

    /// Returns the share of the hub's changes that it has, as the width of a bar of 120.
    fn share(&self) -> u64 {
        let most = self.head.max(1);
        self.sent.min(most) * 120 / most
    }
}

/// The sync peers.
#[derive(Debug, Clone, Template)]
#[template(path = "console/sync.html")]
pub(crate) struct SyncPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// Every peer, by region.
    pub(crate) peers: Vec<PeerRow>,
    /// Median lag of the connected peers.
    pub(crate) median_ms: Option<u64>,
    /// Largest lag of the connected peers.
    pub(crate) max_ms: Option<u64>,
}

impl SyncPage {
    fn tab(&self) -> Tab {
        Tab::Sync
    }

    fn connected(&self) -> usize {
        self.peers.iter().filter(|peer| !peer.state.is_bound()).count()
    }

    fn lags(&self) -> [(&'static str, String); 2] {
        let words = |ms: Option<u64>| ms.map_or_else(|| "not known".to_owned(), draw::lag);
        [("median", words(self.median_ms)), ("largest", words(self.max_ms))]
    }

    /// Changes that connected peers have not acknowledged.
    fn to_send(&self) -> u64 {
        self.peers.iter().filter(|peer| !peer.state.is_bound()).map(PeerRow::behind).sum()
    }

    fn bytes(&self) -> (String, String) {
        let out = self.peers.iter().map(|peer| peer.bytes_out).sum::<u64>();
        let into = self.peers.iter().map(|peer| peer.bytes_in).sum::<u64>();
        (draw::bytes(out), draw::bytes(into))
    }
}
