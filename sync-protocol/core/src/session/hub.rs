//! The hub's side of a sync session. Driven by one task per connected node.

use super::End;
use crate::{
    command::{Command, Commanded},
    erasure::{EraseOrder, ErasureReceipt},
    ids::{VSHARDS, VshardId, Writer},
    limits::{
        BATCH_ENTRIES_MAX, DOWN_BATCHES_IN_FLIGHT_MAX, DOWN_TOGETHER_ENTRIES, ERASURES_MAX, LEASE_MS,
        TOPICS_MAX,
    },
    wire::v1::{
        Ask, Down, DownState, Erase, Frame, Hello, Interest, Lease, Reason, Refuse, Renew, Sequenced, Up,
        UpAck, Verdict, Welcome,
    },
};
use std::collections::{BTreeMap, VecDeque};

/// What the driver must do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HubOutput {
    Send(Vec<u8>),
    /// Check the node and its logs, then call [`HubSession::welcome`] or [`HubSession::refuse`].
    Hello(Hello),
    /// Merge durably and call [`HubSession::handle_merged`] or [`HubSession::refuse`].
    Merge(Up),
    /// Read the vshard behind `after` and call [`HubSession::handle_page`].
    ReadDown {
        vshard: VshardId,
        after: u64,
    },
    /// The node has durably applied the vshard up to here.
    DownAcked(DownState),
    Ask(Ask),
    /// Judge a tenant's order, carry it out durably and call [`HubSession::handle_commanded`].
    Command(Command),
    /// Note that the node's lease begins anew, then call [`HubSession::handle_renewed`].
    Renew(Renew),
    /// Note that the node holds the number of this contact.
    Held(u64),
    /// Check and store, then call [`HubSession::handle_erase`].
    Erased(Vec<ErasureReceipt>),
    End(End),
}

#[derive(Debug, Default)]
struct Lane {
    history: u16,
    /// Last sequence in the vshard, as far as announced.
    head: u64,
    sent: u64,
    acked: u64,
    reading: bool,
    /// Last sequences of the batches on their way.
    in_flight: VecDeque<u64>,
}

/// See [`super`] for the calling order.
#[derive(Debug)]
pub struct HubSession {
    writer: Writer,
    cursors: BTreeMap<VshardId, DownState>,
    lanes: BTreeMap<VshardId, Lane>,
    welcomed: bool,
    greeted: bool,
    ended: bool,
    outputs: VecDeque<HubOutput>,
}

impl HubSession {
    /// A session with the node that the certificate names.
    #[must_use]
    pub const fn new(writer: Writer) -> Self {
        Self {
            writer,
            cursors: BTreeMap::new(),
            lanes: BTreeMap::new(),
            welcomed: false,
            greeted: false,
            ended: false,
            outputs: VecDeque::new(),
        }
    }

    pub fn poll_output(&mut self) -> Option<HubOutput> {
        self.outputs.pop_front()
    }

    /// Entries behind which the node is, over all of its vshards.
    #[must_use]
    pub fn behind(&self) -> u64 {
        self.lanes.values().map(|lane| lane.head.saturating_sub(lane.acked)).sum()
    }

    /// A frame arrived.
    pub fn handle_frame(&mut self, bytes: &[u8]) {
        if self.ended {
            return;
        }
        match Frame::decode(bytes) {
            Err(error) => self.end(End::Frame(error)),
            Ok(Frame::Hello(hello)) => self.handle_hello(hello),
            Ok(Frame::Unknown(_)) => {}
            Ok(_) if !self.welcomed => self.end(End::Protocol("frame before Hello was answered")),
            Ok(Frame::Up(up)) => self.handle_up(up),
            Ok(Frame::DownAck(state)) => self.handle_down_ack(state),
            Ok(Frame::Ask(ask)) => self.outputs.push_back(HubOutput::Ask(ask)),
            Ok(Frame::Command(command)) => self.outputs.push_back(HubOutput::Command(command)),
            Ok(Frame::Held(held)) => self.outputs.push_back(HubOutput::Held(held.contact)),
            Ok(Frame::Renew(renew)) => self.outputs.push_back(HubOutput::Renew(renew)),
            Ok(Frame::Erased(erased)) if erased.receipts.len() > ERASURES_MAX => {
                self.end(End::Protocol("too many erasures in a frame"));
            }
            Ok(Frame::Erased(erased)) => self.outputs.push_back(HubOutput::Erased(erased.receipts)),
            Ok(
                Frame::Welcome(_)
                | Frame::Refuse(_)
                | Frame::UpAck(_)
                | Frame::Down(_)
                | Frame::Verdict(_)
                | Frame::Interest(_)
                | Frame::Lease(_)
                | Frame::Erase(_)
                | Frame::Commanded(_),
            ) => self.end(End::Protocol("frame of the hub from a node")),
        }
    }

    fn handle_hello(&mut self, hello: Hello) {
        if self.greeted {
            return self.end(End::Protocol("second Hello"));
        }
        self.greeted = true;
        if hello.writer != self.writer {
            return self.refuse(Reason::Protocol, "Hello names another node than the certificate");
        }
        if hello.up.len() > TOPICS_MAX || hello.down.len() > TOPICS_MAX {
            return self.refuse(Reason::Protocol, "Hello names too many vshards");
        }
        let vshards = hello.up.iter().map(|up| up.vshard).chain(hello.down.iter().map(|down| down.vshard));
        if vshards.into_iter().any(|vshard| vshard >= VSHARDS) {
            return self.refuse(Reason::Protocol, "Hello names a vshard that there is not");
        }
        if hello.versions.0 > crate::wire::LATEST || hello.versions.1 < 1 {
            return self.refuse(Reason::TooOld, "no wire version in common");
        }
        self.cursors = hello.down.iter().map(|down| (VshardId(down.vshard), *down)).collect();
        self.outputs.push_back(HubOutput::Hello(hello));
    }

    /// Welcomes the node. `vshards` are (vshard, history, head) of its interest.
    pub fn welcome(&mut self, welcome: &Welcome, vshards: &[(VshardId, u16, u64)]) {
        self.welcomed = true;
        self.outputs.push_back(HubOutput::Send(Frame::Welcome(welcome.clone()).encode()));
        for (vshard, history, head) in vshards {
            self.add_lane(*vshard, *history, *head);
        }
    }

    /// The node's interest grew: a tenant or topic was added.
    pub fn handle_interest(&mut self, interest: Interest, vshards: &[(VshardId, u16, u64)]) {
        if !self.welcomed || self.ended {
            return;
        }
        self.outputs.push_back(HubOutput::Send(Frame::Interest(interest).encode()));
        for (vshard, history, head) in vshards {
            if !self.lanes.contains_key(vshard) {
                self.add_lane(*vshard, *history, *head);
            }
        }
    }

    fn add_lane(&mut self, vshard: VshardId, history: u16, head: u64) {
        let cursor = self.cursors.get(&vshard);
        let seq = cursor.filter(|c| c.history == history).map_or(0, |c| c.seq.min(head));
        // Without an entry nothing would tell the node that it is to give back what it knows.
        if head == 0 && !DownState::knows(cursor, history) && !self.ended {
            self.outputs.push_back(HubOutput::Send(Frame::Down(Down::of_history(vshard, history)).encode()));
        }
        self.lanes.insert(vshard, Lane { history, head, sent: seq, acked: seq, ..Lane::default() });
        self.read_more(vshard);
    }

    /// Ends the session with a reason that the node can act on.
    pub fn refuse(&mut self, reason: Reason, detail: &str) {
        let refuse = Refuse { reason, detail: detail.to_owned(), retry_after_ms: 1_000 };
        self.outputs.push_back(HubOutput::Send(Frame::Refuse(refuse.clone()).encode()));
        self.end(End::Refused(refuse));
    }

    /// The lease was noted and begins anew.
    pub fn handle_renewed(&mut self, renew: Renew) {
        if self.welcomed && !self.ended {
            let lease = Lease { sent_ms: renew.sent_ms, duration_ms: LEASE_MS };
            self.outputs.push_back(HubOutput::Send(Frame::Lease(lease).encode()));
        }
    }

    fn handle_up(&mut self, up: Up) {
        if up.entries.is_empty() || up.entries.len() > BATCH_ENTRIES_MAX {
            return self.end(End::Protocol("batch is empty or too long"));
        }
        if up.vshard >= VSHARDS {
            return self.end(End::Protocol("there is no such vshard"));
        }
        self.outputs.push_back(HubOutput::Merge(up));
    }

    /// A batch was durably merged: the node's log stands at `wseq`.
    pub fn handle_merged(&mut self, vshard: VshardId, wseq: u64) {
        if !self.ended {
            self.outputs.push_back(HubOutput::Send(Frame::UpAck(UpAck { vshard: vshard.0, wseq }).encode()));
        }
    }

    /// The vshard was durably extended up to `head`.
    pub fn handle_grew(&mut self, vshard: VshardId, head: u64) {
        if let Some(lane) = self.lanes.get_mut(&vshard) {
            lane.head = lane.head.max(head);
            self.read_more(vshard);
        }
    }

    fn read_more(&mut self, vshard: VshardId) {
        let Some(lane) = self.lanes.get_mut(&vshard) else { return };
        // The node applies one batch after the other, with a sync of its disk for each: few entries wait for the answer to
        // those before them and go together. A node that is far behind is sent batch upon batch.
        let batches = if lane.head - lane.sent.min(lane.head) < DOWN_TOGETHER_ENTRIES {
            1
        } else {
            DOWN_BATCHES_IN_FLIGHT_MAX
        };
        let room = lane.in_flight.len() < batches as usize;
        if self.welcomed && !self.ended && room && !lane.reading && lane.sent < lane.head {
            lane.reading = true;
            self.outputs.push_back(HubOutput::ReadDown { vshard, after: lane.sent });
        }
    }

    /// The page asked for by [`HubOutput::ReadDown`], read at `now`: what matched the node's interest up to and including `upto`.
    pub fn handle_page(&mut self, vshard: VshardId, upto: u64, entries: Vec<Sequenced>, now: i64) {
        let Some(lane) = self.lanes.get_mut(&vshard) else { return };
        lane.reading = false;
        if self.ended || upto <= lane.sent {
            return;
        }
        lane.sent = upto;
        lane.in_flight.push_back(upto);
        let down = Down { vshard: vshard.0, history: lane.history, upto, entries, sent_at: now };
        self.outputs.push_back(HubOutput::Send(Frame::Down(down).encode()));
        self.read_more(vshard);
    }

    fn handle_down_ack(&mut self, state: DownState) {
        let vshard = VshardId(state.vshard);
        let Some(lane) = self.lanes.get_mut(&vshard) else { return };
        if state.history != lane.history || state.seq > lane.sent {
            return self.end(End::Protocol("node acknowledges what was not sent"));
        }
        lane.acked = lane.acked.max(state.seq);
        while lane.in_flight.front().is_some_and(|upto| *upto <= state.seq) {
            lane.in_flight.pop_front();
        }
        self.outputs.push_back(HubOutput::DownAcked(state));
        self.read_more(vshard);
    }

    /// Whom the node has to erase, and which of its receipts are stored; at most [`ERASURES_MAX`] of each.
    pub fn handle_erase(&mut self, orders: Vec<EraseOrder>, heard: Vec<EraseOrder>) {
        assert!(orders.len().max(heard.len()) <= ERASURES_MAX, "too many erasures in a frame");
        let is_empty = orders.is_empty() && heard.is_empty();
        if self.welcomed && !self.ended && !is_empty {
            self.outputs.push_back(HubOutput::Send(Frame::Erase(Erase { orders, heard }).encode()));
        }
    }

    /// Answers an Ask.
    pub fn handle_verdict(&mut self, verdict: Verdict) {
        if !self.ended {
            self.outputs.push_back(HubOutput::Send(Frame::Verdict(verdict).encode()));
        }
    }

    /// Answers a tenant's order.
    pub fn handle_commanded(&mut self, commanded: Commanded) {
        if !self.ended {
            self.outputs.push_back(HubOutput::Send(Frame::Commanded(commanded).encode()));
        }
    }

    fn end(&mut self, end: End) {
        if !self.ended {
            self.ended = true;
            self.outputs.push_back(HubOutput::End(end));
        }
    }
}
