//! The node's side of a sync session. Driven by the node's uplink task.

use super::End;
use crate::{
    command::{Command, Commanded},
    erasure::ErasureReceipt,
    ids::VshardId,
    limits::{ACK_WAIT_MS_MAX, ASKS_IN_FLIGHT_MAX, ERASURES_MAX, UP_BYTES_IN_FLIGHT_MAX, lease_at_node},
    log::Entry,
    wire::v1::{
        Ask, Down, DownState, Erase, Erased, Frame, Held, Hello, Interest, Renew, Up, UpAck, Verdict, Welcome,
    },
};
use std::collections::{BTreeMap, VecDeque};

/// What the driver must do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeOutput {
    Send(Vec<u8>),
    /// Keep its number durably before anything that follows, and call [`NodeSession::handle_kept`].
    Welcomed(Welcome),
    Interest(Interest),
    /// Read entries of the own log behind `after` and call [`NodeSession::handle_own`].
    ReadOwn {
        vshard: VshardId,
        after: u64,
    },
    /// Apply durably and call [`NodeSession::handle_applied`].
    Apply(Down),
    /// The hub has durably applied the own log up to here.
    Acked(UpAck),
    Verdict(Verdict),
    /// The hub's answer to a tenant's order.
    Commanded(Commanded),
    /// Erase durably; the receipts go by [`NodeSession::handle_erased`]. What was heard need not be sent again.
    Erase(Erase),
    /// The lease runs until here, milliseconds of the clock that runs from boot.
    Leased {
        until_ms: u64,
    },
    End(End),
}

#[derive(Debug, Default)]
struct Lane {
    /// Last entry in the own log, as far as announced.
    head: u64,
    sent: u64,
    acked: u64,
    reading: bool,
    /// (last wseq, bytes) of batches on their way.
    in_flight: VecDeque<(u64, usize)>,
}

/// See [`super`] for the calling order.
#[derive(Debug)]
pub struct NodeSession {
    welcomed: bool,
    lanes: BTreeMap<VshardId, Lane>,
    in_flight_bytes: usize,
    asks: usize,
    waiting_since: Option<u64>,
    outputs: VecDeque<NodeOutput>,
    ended: bool,
}

impl NodeSession {
    /// Begins a session: sends `hello` at `now` (milliseconds of a monotonic clock).
    #[must_use]
    pub fn new(hello: &Hello, now: u64) -> Self {
        let lanes = hello
            .up
            .iter()
            .map(|up| (VshardId(up.vshard), Lane { head: up.wseq, ..Lane::default() }))
            .collect();
        let outputs = VecDeque::from([NodeOutput::Send(Frame::Hello(hello.clone()).encode())]);
        Self {
            welcomed: false,
            lanes,
            in_flight_bytes: 0,
            asks: 0,
            waiting_since: Some(now),
            outputs,
            ended: false,
        }
    }

    /// Whether the hub has welcomed this session and it has not ended.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.welcomed && !self.ended
    }

    /// Entries of the own log that the hub has not acknowledged yet.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.lanes.values().map(|lane| lane.head - lane.acked.min(lane.head)).sum()
    }

    pub fn poll_output(&mut self) -> Option<NodeOutput> {
        self.outputs.pop_front()
    }

    /// When [`Self::handle_timeout`] is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        self.waiting_since.map(|since| since + ACK_WAIT_MS_MAX)
    }

    pub fn handle_timeout(&mut self, now: u64) {
        if self.poll_timeout().is_some_and(|due| now >= due) {
            self.end(End::Stalled);
        }
    }

    /// A frame arrived.
    pub fn handle_frame(&mut self, bytes: &[u8], now: u64) {
        if self.ended {
            return;
        }
        match Frame::decode(bytes) {
            Err(error) => self.end(End::Frame(error)),
            Ok(Frame::Welcome(welcome)) => self.handle_welcome(welcome),
            Ok(Frame::Refuse(refuse)) => self.end(End::Refused(refuse)),
            Ok(Frame::Unknown(_)) => {}
            Ok(_) if !self.welcomed => self.end(End::Protocol("frame before Welcome")),
            Ok(Frame::UpAck(ack)) => self.handle_up_ack(&ack, now),
            Ok(Frame::Down(down)) => self.outputs.push_back(NodeOutput::Apply(down)),
            Ok(Frame::Interest(interest)) => self.outputs.push_back(NodeOutput::Interest(interest)),
            Ok(Frame::Verdict(verdict)) => {
                self.asks = self.asks.saturating_sub(1);
                self.heard(now);
                self.outputs.push_back(NodeOutput::Verdict(verdict));
            }
            Ok(Frame::Lease(lease)) => {
                let until_ms = lease.sent_ms.saturating_add(lease_at_node(lease.duration_ms));
                self.outputs.push_back(NodeOutput::Leased { until_ms });
            }
            Ok(Frame::Erase(erase)) if erase.orders.len().max(erase.heard.len()) > ERASURES_MAX => {
                self.end(End::Protocol("too many erasures in a frame"));
            }
            Ok(Frame::Erase(erase)) => self.outputs.push_back(NodeOutput::Erase(erase)),
            Ok(Frame::Commanded(commanded)) => self.outputs.push_back(NodeOutput::Commanded(commanded)),
            Ok(
                Frame::Hello(_)
                | Frame::Up(_)
                | Frame::DownAck(_)
                | Frame::Ask(_)
                | Frame::Renew(_)
                | Frame::Held(_)
                | Frame::Erased(_)
                | Frame::Command(_),
            ) => {
                self.end(End::Protocol("frame of a node from the hub"));
            }
        }
    }

    fn handle_welcome(&mut self, welcome: Welcome) {
        if self.welcomed {
            return self.end(End::Protocol("second Welcome"));
        }
        self.welcomed = true;
        self.waiting_since = None;
        for ack in &welcome.acked {
            let lane = self.lanes.entry(VshardId(ack.vshard)).or_default();
            if ack.wseq > lane.head {
                return self.end(End::Protocol("hub acknowledges more than was written here"));
            }
            (lane.acked, lane.sent) = (ack.wseq, ack.wseq);
            self.outputs.push_back(NodeOutput::Acked(ack.clone()));
        }
        self.outputs.push_back(NodeOutput::Welcomed(welcome));
        let vshards: Vec<_> = self.lanes.keys().copied().collect();
        for vshard in vshards {
            self.read_more(vshard);
        }
    }

    /// The number of this contact is durable.
    pub fn handle_kept(&mut self, contact: u64) {
        if self.is_live() && contact > 0 {
            self.outputs.push_back(NodeOutput::Send(Frame::Held(Held { contact }).encode()));
        }
    }

    /// The own log of `vshard` was durably extended up to `head`.
    pub fn handle_own_grew(&mut self, vshard: VshardId, head: u64) {
        let lane = self.lanes.entry(vshard).or_default();
        lane.head = lane.head.max(head);
        self.read_more(vshard);
    }

    /// The entries asked for by [`NodeOutput::ReadOwn`], the first numbered `first`, with the signature over the last head.
    pub fn handle_own(
        &mut self,
        vshard: VshardId,
        first: u64,
        entries: Vec<Entry>,
        signature: Vec<u8>,
        now: u64,
    ) {
        let Some(lane) = self.lanes.get_mut(&vshard) else { return };
        lane.reading = false;
        if self.ended || entries.is_empty() || first != lane.sent + 1 {
            return;
        }
        let last = first + entries.len() as u64 - 1;
        lane.sent = last;
        lane.head = lane.head.max(last);
        let frame = Frame::Up(Up { vshard: vshard.0, first, entries, signature }).encode();
        lane.in_flight.push_back((last, frame.len()));
        self.in_flight_bytes += frame.len();
        self.waiting_since.get_or_insert(now);
        self.outputs.push_back(NodeOutput::Send(frame));
        self.read_more(vshard);
    }

    fn read_more(&mut self, vshard: VshardId) {
        let room = self.in_flight_bytes < UP_BYTES_IN_FLIGHT_MAX;
        let Some(lane) = self.lanes.get_mut(&vshard) else { return };
        if self.welcomed && !self.ended && room && !lane.reading && lane.sent < lane.head {
            lane.reading = true;
            self.outputs.push_back(NodeOutput::ReadOwn { vshard, after: lane.sent });
        }
    }

    fn handle_up_ack(&mut self, ack: &UpAck, now: u64) {
        let vshard = VshardId(ack.vshard);
        let Some(lane) = self.lanes.get_mut(&vshard) else { return };
        if ack.wseq > lane.sent {
            return self.end(End::Protocol("hub acknowledges what was not sent"));
        }
        lane.acked = lane.acked.max(ack.wseq);
        while let Some((last, bytes)) = lane.in_flight.front().copied()
            && last <= ack.wseq
        {
            lane.in_flight.pop_front();
            self.in_flight_bytes -= bytes;
        }
        self.heard(now);
        self.outputs.push_back(NodeOutput::Acked(ack.clone()));
        let vshards: Vec<_> = self.lanes.keys().copied().collect();
        for vshard in vshards {
            self.read_more(vshard);
        }
    }

    /// The hub answered something: what is still open waits from here on.
    fn heard(&mut self, now: u64) {
        self.waiting_since = (self.in_flight_bytes > 0 || self.asks > 0).then_some(now);
    }

    /// A batch was durably applied: the cursor of its vshard stands at `state`.
    pub fn handle_applied(&mut self, state: DownState) {
        if !self.ended {
            self.outputs.push_back(NodeOutput::Send(Frame::DownAck(state).encode()));
        }
    }

    /// Asks the hub for a right. False where too many asks are open: answer from here.
    pub fn handle_ask(&mut self, ask: Ask, now: u64) -> bool {
        if !self.is_live() || self.asks >= ASKS_IN_FLIGHT_MAX {
            return false;
        }
        self.asks += 1;
        self.waiting_since.get_or_insert(now);
        self.outputs.push_back(NodeOutput::Send(Frame::Ask(ask).encode()));
        true
    }

    /// Passes a tenant's order on. False where there is no session: nothing was sent. A hub of an earlier version does not
    /// answer, so that the session does not wait for it; whoever ordered does.
    pub fn handle_command(&mut self, command: Command) -> bool {
        if self.is_live() {
            self.outputs.push_back(NodeOutput::Send(Frame::Command(command).encode()));
        }
        self.is_live()
    }

    /// Receipts that the hub has not heard of, at most [`ERASURES_MAX`] of them.
    pub fn handle_erased(&mut self, receipts: Vec<ErasureReceipt>) {
        assert!(receipts.len() <= ERASURES_MAX, "{} receipts in a frame", receipts.len());
        if self.is_live() && !receipts.is_empty() {
            self.outputs.push_back(NodeOutput::Send(Frame::Erased(Erased { receipts }).encode()));
        }
    }

    /// Asks for the lease to be renewed. `boot_ms` is the clock that runs from boot and counts sleep.
    pub fn handle_lease_due(&mut self, boot_ms: u64) {
        if self.is_live() {
            self.outputs.push_back(NodeOutput::Send(Frame::Renew(Renew { sent_ms: boot_ms }).encode()));
        }
    }

    fn end(&mut self, end: End) {
        if !self.ended {
            self.ended = true;
            self.outputs.push_back(NodeOutput::End(end));
        }
    }
}
