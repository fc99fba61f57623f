//! Lines and sessions: encoded frames in order with latency, cuts in one or both directions, sessions that only one side
//! believes in.
//!
//! A connection is an ordered stream, as QUIC's is: what a cut holds back arrives after it, unless a side has given the
//! session up by then; nothing of an old session ever arrives in a new one.

use super::{
    Happening, World,
    hub::Command,
    node::{ASK_WAIT_MS, NodeEvent},
    note,
};
use crate::{
    model::RequestNo,
    picture::{Mark, kind_of},
    schedule::Way,
};
use edge_core::node::{EdgeNode, PendingAsk};
use std::collections::VecDeque;
use sync_protocol::{
    ids::{SignUpId, VshardId, Writer},
    limits::{BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, LEASE_MS},
    seats::Standing,
    session::{End, HubOutput, HubSession, NodeOutput, NodeSession},
    wire::v1::{Down, DownState, Hello, Reason, UpState},
};
use sync_store::ShardTx;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Direction {
    ToHub,
    ToNode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Node,
    Hub,
}

/// As in the node's server: between attempts, at first, in the first 75 s of a cut, and later.
const BACK_OFF_FIRST_MS: u64 = 100;
const BACK_OFF_SHORT_MS: u64 = 800;
const BACK_OFF_LONG_MS: u64 = 30_000;
const SHORT_CUT_MS: u64 = 75_000;
const STEADY_MS: u64 = 10_000;
const CONNECT_WAIT_MS: u64 = 1_000;
/// As in the node's server: how often the lease is renewed.
const LEASE_EVERY_MS: u64 = LEASE_MS / 4;
/// A side that hears nothing for this long gives the connection up.
const IDLE_MS: u64 = 6_000;
/// Until something comes from a node that has nothing to say.
const KEEP_ALIVE_MS: u64 = 2_000;

/// One machine's line to the hub.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// The hub has welcomed the session that stands.
    pub(crate) is_up: bool,
    pub(crate) connection: Option<u64>,
    /// Until when each direction is cut, and since when.
    cut_until: [u64; 2],
    cut_since: [u64; 2],
    up_since: u64,
    down_since: u64,
    back_off_ms: u64,
    trying: bool,
    /// How long a power cut that is ordered will last.
    pub(crate) down_for_ms: u64,
}

impl Line {
    const fn is_cut(&self, direction: Direction, now: u64) -> bool {
        self.cut_until[direction as usize] > now
    }

    /// Ends all cuts.
    pub(crate) const fn heal(&mut self) {
        self.cut_until = [0; 2];
    }
}

/// One connection with the session of each side that still believes in it.
pub(crate) struct Connection {
    pub(crate) machine: usize,
    pub(crate) writer: Writer,
    pub(crate) node: Option<NodeSession>,
    pub(crate) hub: Option<HubSession>,
    last_arrival: [u64; 2],
    held: [VecDeque<Vec<u8>>; 2],
    timer_at: Option<u64>,
    /// Batches of the hub that wait for the one that is being applied: the node applies one at a time, in order.
    downs: VecDeque<Down>,
    applying: bool,
}

impl World {
    pub(crate) fn cut(&mut self, m: usize, way: Way, ms: u64) {
        let directions: &[Direction] = match way {
            Way::Both => &[Direction::ToHub, Direction::ToNode],
            Way::ToHub => &[Direction::ToHub],
            Way::ToNode => &[Direction::ToNode],
        };
        for direction in directions {
            let line = &mut self.machines[m].line;
            if !line.is_cut(*direction, self.now) {
                line.cut_since[*direction as usize] = self.now;
            }
            let until = &mut line.cut_until[*direction as usize];
            *until = (*until).max(self.now + ms);
            self.after(ms, Happening::Heal(m, *direction));
            self.after(IDLE_MS, Happening::Silence(m, *direction));
        }
    }

    /// Nothing came through one direction for as long as a side waits.
    pub(crate) fn silence(&mut self, m: usize, direction: Direction) {
        let line = &self.machines[m].line;
        let is_silent =
            line.is_cut(direction, self.now) && line.cut_since[direction as usize] + IDLE_MS <= self.now;
        if !is_silent {
            return;
        }
        for connection in self.connections_of(m) {
            match direction {
                Direction::ToHub => self.hub_leaves(connection, "silence"),
                Direction::ToNode => self.node_leaves(connection, "silence"),
            }
        }
    }

    fn connections_of(&self, m: usize) -> Vec<u64> {
        self.connections.iter().filter(|(_, c)| c.machine == m).map(|(number, _)| *number).collect()
    }

    pub(crate) fn line_heals(&mut self, m: usize, direction: Direction) {
        if self.machines[m].line.is_cut(direction, self.now) {
            return;
        }
        for number in self.connections_of(m) {
            let Some(connection) = self.connections.get_mut(&number) else { continue };
            let held = std::mem::take(&mut connection.held[direction as usize]);
            for bytes in held {
                self.carry(number, direction, bytes);
            }
            self.reset(number);
        }
    }

    /// A hub that has left a session answers whatever still comes of it by a reset (RFC 9000, 10.3).
    fn reset(&mut self, number: u64) {
        let Some(connection) = self.connections.get(&number) else { return };
        let line = &self.machines[connection.machine].line;
        let is_open = [Direction::ToHub, Direction::ToNode].iter().all(|way| !line.is_cut(*way, self.now));
        if is_open && self.hub.store.is_some() && connection.hub.is_none() {
            self.after(KEEP_ALIVE_MS, Happening::SideEnd(number, Side::Node));
        }
    }

    fn send(&mut self, number: u64, direction: Direction, frame: Vec<u8>) {
        let Some(m) = self.connections.get(&number).map(|connection| connection.machine) else { return };
        for frame in self.as_sent(m, direction, frame) {
            self.carry(number, direction, frame);
        }
    }

    fn carry(&mut self, number: u64, direction: Direction, bytes: Vec<u8>) {
        let latency = self.random.between(5, 60);
        let Some(connection) = self.connections.get_mut(&number) else { return };
        let last = &mut connection.last_arrival[direction as usize];
        *last = (*last).max(self.now + latency);
        let (at, now, m) = (*last, self.now, connection.machine + 1);
        let (from, to) = if direction == Direction::ToHub { (m, 0) } else { (0, m) };
        let (kind, length) = (kind_of(&bytes), bytes.len());
        self.trace.mark(|| Mark::Message { sent: now, arrives: at, from, to, kind, bytes: length });
        self.agenda.add(at, Happening::Frame(number, direction, bytes));
    }

    pub(crate) fn frame(&mut self, number: u64, direction: Direction, bytes: Vec<u8>) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        let m = connection.machine;
        if self.machines[m].line.is_cut(direction, self.now) {
            let (at, lane, kind) =
                (self.now, if direction == Direction::ToHub { 0 } else { m + 1 }, kind_of(&bytes));
            self.trace.mark(|| Mark::Held { at, lane, kind });
            connection.held[direction as usize].push_back(bytes);
            return;
        }
        match direction {
            Direction::ToHub => {
                if let Some(session) = &mut connection.hub {
                    session.handle_frame(&bytes);
                    let writer = connection.writer;
                    self.hub.contacts.insert(writer, self.now);
                    self.drain_hub(number);
                }
            }
            Direction::ToNode => {
                if let Some(session) = &mut connection.node {
                    session.handle_frame(&bytes, self.now);
                    self.drain_node(number);
                }
            }
        }
    }

    /// The node knocks at the hub.
    pub(crate) fn try_connect(&mut self, m: usize, boot: u64) {
        let hub_is_up = self.hub.store.is_some();
        let place = &mut self.machines[m];
        place.line.trying = false;
        let is_fenced = place.frozen.as_deref() == Some("fenced");
        if place.boot != boot || place.retired || place.running.is_none() || place.line.connection.is_some() {
            return;
        }
        if is_fenced {
            // It would be told again what it knows; an operator comes.
            return;
        }
        let is_cut = [Direction::ToHub, Direction::ToNode].iter().any(|d| place.line.is_cut(*d, self.now));
        if is_cut || !hub_is_up {
            return self.knock_later(m, CONNECT_WAIT_MS);
        }
        place.line.trying = true;
        let latency = self.random.between(15, 120);
        self.after(latency, Happening::Connected(m, boot));
    }

    fn knock_later(&mut self, m: usize, at_least: u64) {
        let line = &mut self.machines[m].line;
        if line.trying {
            return;
        }
        let most =
            if self.now - line.down_since < SHORT_CUT_MS { BACK_OFF_SHORT_MS } else { BACK_OFF_LONG_MS };
        let back_off = line.back_off_ms.clamp(BACK_OFF_FIRST_MS, most);
        line.back_off_ms = back_off * 2;
        line.trying = true;
        let (number, boot) = (u64::from(self.machines[m].number), self.machines[m].boot);
        self.after((back_off + back_off * (number % 8) / 32).max(at_least), Happening::TryConnect(m, boot));
    }

    pub(crate) fn connected(&mut self, m: usize, boot: u64) {
        let place = &mut self.machines[m];
        place.line.trying = false;
        if place.boot != boot || place.line.connection.is_some() {
            return;
        }
        let is_cut = [Direction::ToHub, Direction::ToNode].iter().any(|d| place.line.is_cut(*d, self.now));
        let Some(running) = place.running.as_mut().filter(|_| !is_cut && self.hub.store.is_some()) else {
            return self.knock_later(m, CONNECT_WAIT_MS);
        };
        let writer = place.writer;
        let read =
            |tx: &mut dyn ShardTx| Ok((tx.own_heads()?, tx.cursors()?, EdgeNode::contact(tx, writer)?));
        let Ok((heads, down, contact)) = running.store.read(read) else {
            return self.knock_later(m, BACK_OFF_FIRST_MS);
        };
        let up = heads.iter().map(|(v, h)| UpState { vshard: v.0, wseq: h.wseq, head: h.head }).collect();
        // Every second node is of a later minor version.
        let newest =
            if self.scenario.mixed_versions { 1 + u16::from(place.number.is_multiple_of(2)) } else { 1 };
        let hello = Hello {
            versions: (1, newest),
            cluster: Vec::new(),
            writer,
            up,
            down,
            build: String::new(),
            contact,
            draining: false,
        };
        self.next_connection += 1;
        let number = self.next_connection;
        place.line.connection = Some(number);
        let connection = Connection {
            machine: m,
            writer,
            node: Some(NodeSession::new(&hello, self.now)),
            hub: Some(HubSession::new(writer)),
            last_arrival: [self.now; 2],
            held: [VecDeque::new(), VecDeque::new()],
            timer_at: None,
            downs: VecDeque::new(),
            applying: false,
        };
        self.connections.insert(number, connection);
        self.hub_meets(number, writer);
        self.drain_node(number);
    }

    /// The node asks for its lease to be renewed, as long as its session stands.
    pub(crate) fn lease_due(&mut self, number: u64) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        let Some(session) = &mut connection.node else { return };
        session.handle_lease_due(self.machines[connection.machine].boot_clock.at(self.now));
        self.after(LEASE_EVERY_MS, Happening::LeaseDue(number));
        self.drain_node(number);
    }

    pub(crate) fn session_timer(&mut self, number: u64) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        connection.timer_at = None;
        let Some(session) = &mut connection.node else { return };
        session.handle_timeout(self.now);
        self.drain_node(number);
    }

    /// Does what the node's session asks for until it asks for nothing more.
    pub(crate) fn drain_node(&mut self, number: u64) {
        while let Some(connection) = self.connections.get_mut(&number) {
            let Some(session) = &mut connection.node else { return };
            let m = connection.machine;
            let Some(output) = session.poll_output() else { break };
            match output {
                NodeOutput::Send(frame) => self.send(number, Direction::ToHub, frame),
                NodeOutput::Welcomed(welcome) => match welcome.retired {
                    Some(reason) => self.tell_node(m, NodeEvent::Retire(reason, welcome.interest)),
                    None => {
                        self.tell_node(m, NodeEvent::Contact(number, welcome.contact));
                        self.after(0, Happening::LeaseDue(number));
                        self.welcomed(number, m, welcome.interest);
                    }
                },
                NodeOutput::Interest(interest) => self.tell_node(m, NodeEvent::Interest(number, interest)),
                NodeOutput::ReadOwn { vshard, after } => self.read_own(number, m, vshard, after),
                NodeOutput::Apply(down) => {
                    connection.downs.push_back(down);
                    self.apply_next(number);
                }
                NodeOutput::Acked(ack) => self.tell_node(m, NodeEvent::Acked(number, ack)),
                NodeOutput::Verdict(verdict) => {
                    if let Some((pending, request)) = self.machines[m].asking.remove(&verdict.sign_up) {
                        let outcome = Some(verdict.outcome);
                        self.tell_node(m, NodeEvent::CompleteAsk(request, Box::new(pending), outcome));
                    }
                }
                NodeOutput::Leased { until_ms } => {
                    let lease = &mut self.machines[m].leased_until;
                    *lease = (*lease).max(until_ms);
                }
                // Nobody waits for it: the job's row says what came of the order.
                NodeOutput::Commanded(_) => {}
                // No worker of the world is erased.
                NodeOutput::Erase(_) => {}
                NodeOutput::End(end) => self.node_ends(number, &end),
            }
        }
        let Some(connection) = self.connections.get_mut(&number) else { return };
        let due = connection.node.as_ref().and_then(NodeSession::poll_timeout);
        if let (Some(due), None) = (due, connection.timer_at) {
            connection.timer_at = Some(due);
            self.agenda.add(due.max(self.now + 1), Happening::SessionTimer(number));
        }
    }

    fn apply_next(&mut self, number: u64) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        if connection.applying || connection.node.is_none() {
            return;
        }
        if let Some(down) = connection.downs.pop_front() {
            connection.applying = true;
            let m = connection.machine;
            self.tell_node(m, NodeEvent::Receive(number, down));
        }
    }

    fn welcomed(&mut self, number: u64, m: usize, interest: sync_protocol::wire::v1::Interest) {
        self.tell_node(m, NodeEvent::Interest(number, interest));
        let line = &mut self.machines[m].line;
        (line.is_up, line.up_since) = (true, self.now);
        note!(self, "machine {m} is in step with the hub");
    }

    fn node_ends(&mut self, number: u64, end: &End) {
        let Some(connection) = self.connections.get(&number) else { return };
        let m = connection.machine;
        match end {
            End::Refused(refuse) if refuse.reason == Reason::Revoked => {
                note!(self, "machine {m} is told that it is fenced: {}", refuse.detail);
                self.freeze(m, "fenced");
            }
            End::Protocol(_) if self.directory.forked.contains_key(&self.machines[m].writer) => {}
            End::Protocol(what) => {
                self.fail("invariant", format!("machine {m} found that the hub broke the protocol: {what}"));
            }
            End::Frame(error) => self.fail("invariant", format!("machine {m} got a bad frame: {error}")),
            End::Stalled => self.tally.sometimes("a session stalled"),
            End::Refused(_) => {}
        }
        self.node_leaves(number, "its session ended");
    }

    fn read_own(&mut self, number: u64, m: usize, vshard: VshardId, after: u64) {
        let place = &mut self.machines[m];
        let Some(running) = &mut place.running else { return };
        let read = running.store.read(|tx| tx.read_own(vshard, after, BATCH_ENTRIES_MAX, BATCH_BYTES_MAX));
        let Ok((entries, head)) = read else {
            return self.node_leaves(number, "the own log could not be read");
        };
        let signature = head.map_or_else(Vec::new, |head| running.me.sign_head(vshard, &head));
        if let Some(session) = self.connections.get_mut(&number).and_then(|c| c.node.as_mut()) {
            session.handle_own(vshard, after + 1, entries, signature, self.now);
        }
    }

    /// A node's own log was durably extended.
    pub(crate) fn own_grew(&mut self, m: usize, vshard: VshardId, wseq: u64) {
        let Some(number) = self.machines[m].line.connection else { return };
        if let Some(session) = self.connections.get_mut(&number).and_then(|c| c.node.as_mut()) {
            session.handle_own_grew(vshard, wseq);
            self.drain_node(number);
        }
    }

    /// A batch of the hub was durably applied.
    pub(crate) fn applied(&mut self, number: u64, state: DownState) {
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.applying = false;
        }
        self.apply_next(number);
        if let Some(session) = self.connections.get_mut(&number).and_then(|c| c.node.as_mut()) {
            session.handle_applied(state);
            self.drain_node(number);
        }
    }

    /// The number of the contact is durable.
    pub(crate) fn kept(&mut self, number: u64, contact: u64) {
        if let Some(session) = self.connections.get_mut(&number).and_then(|c| c.node.as_mut()) {
            session.handle_kept(contact);
            self.drain_node(number);
        }
    }

    /// The node found no right and asks the hub, which has a moment to answer.
    pub(crate) fn ask_hub(&mut self, m: usize, request: RequestNo, pending: PendingAsk) {
        let number = self.machines[m].line.connection;
        let sign_up = pending.ask.sign_up;
        let session =
            number.and_then(|number| self.connections.get_mut(&number)).and_then(|c| c.node.as_mut());
        let asked = session.is_some_and(|session| session.handle_ask(pending.ask.clone(), self.now));
        if !asked {
            return self.tell_node(m, NodeEvent::CompleteAsk(request, Box::new(pending), None));
        }
        let place = &mut self.machines[m];
        place.asking.insert(sign_up, (pending, request));
        let boot = place.boot;
        self.after(ASK_WAIT_MS, Happening::AskTimeout(m, boot, sign_up));
        self.drain_node(number.unwrap_or(0));
    }

    pub(crate) fn ask_timed_out(&mut self, m: usize, boot: u64, sign_up: SignUpId) {
        if self.machines[m].boot != boot {
            return;
        }
        if let Some((pending, request)) = self.machines[m].asking.remove(&sign_up) {
            self.tally.sometimes("a verdict was late");
            self.tell_node(m, NodeEvent::CompleteAsk(request, Box::new(pending), None));
        }
    }

    /// The node's side gives a session up; the hub hears of it where the line lets it.
    pub(crate) fn node_leaves(&mut self, number: u64, why: &str) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        if connection.node.take().is_none() {
            return;
        }
        let m = connection.machine;
        let arrives = connection.last_arrival[Direction::ToHub as usize].max(self.now) + 1;
        note!(self, "machine {m} leaves its session: {why}");
        let half_open = self.machines[m].line.is_cut(Direction::ToHub, self.now);
        if half_open {
            self.tally.sometimes("the hub believed in a session that its node had left");
        } else {
            self.agenda.add(arrives, Happening::SideEnd(number, Side::Hub));
        }
        self.forget_if_over(number);
        if self.machines[m].line.connection == Some(number) {
            self.line_is_down(m);
        }
    }

    /// The node goes on without the hub.
    pub(crate) fn line_is_down(&mut self, m: usize) {
        let line = &mut self.machines[m].line;
        line.connection = None;
        if std::mem::replace(&mut line.is_up, false) && self.now - line.up_since >= STEADY_MS {
            (line.down_since, line.back_off_ms) = (self.now, BACK_OFF_FIRST_MS);
        }
        for (pending, request) in std::mem::take(&mut self.machines[m].asking).into_values() {
            self.tally.sometimes("a verdict was lost with its session");
            self.tell_node(m, NodeEvent::CompleteAsk(request, Box::new(pending), None));
        }
        self.knock_later(m, 0);
    }

    /// The hub's side gives a session up.
    pub(crate) fn hub_leaves(&mut self, number: u64, why: &str) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        if connection.hub.take().is_none() {
            return;
        }
        let m = connection.machine;
        let arrives = connection.last_arrival[Direction::ToNode as usize].max(self.now) + 1;
        note!(self, "the hub leaves its session with machine {m}: {why}");
        if self.machines[m].line.is_cut(Direction::ToNode, self.now) {
            self.tally.sometimes("a node believed in a session that the hub had left");
        } else {
            self.agenda.add(arrives, Happening::SideEnd(number, Side::Node));
        }
        self.forget_if_over(number);
    }

    pub(crate) fn side_ended(&mut self, number: u64, side: Side) {
        let Some(connection) = self.connections.get(&number) else { return };
        let (m, direction) = match side {
            Side::Node => (connection.machine, Direction::ToNode),
            Side::Hub => (connection.machine, Direction::ToHub),
        };
        // A farewell that a cut holds back is never heard; the idle time ends the session then.
        if self.machines[m].line.is_cut(direction, self.now) {
            return;
        }
        match side {
            Side::Node => self.node_leaves(number, "the hub ended it"),
            Side::Hub => self.hub_leaves(number, "the node ended it"),
        }
    }

    fn forget_if_over(&mut self, number: u64) {
        if self.connections.get(&number).is_some_and(|c| c.node.is_none() && c.hub.is_none()) {
            self.connections.remove(&number);
        }
    }

    /// Forgets the sides that a machine's memory held.
    pub(crate) fn drop_sessions(&mut self, m: usize) {
        for number in self.connections_of(m) {
            if let Some(connection) = self.connections.get_mut(&number) {
                connection.node = None;
            }
            // The hub hears nothing more and gives up in the end.
            self.after(IDLE_MS, Happening::SideEnd(number, Side::Hub));
            self.forget_if_over(number);
        }
        let line = &mut self.machines[m].line;
        (line.connection, line.is_up, line.trying) = (None, false, false);
        (line.down_since, line.back_off_ms) = (self.now, BACK_OFF_FIRST_MS);
    }

    /// Does what the hub's session asks for until it asks for nothing more.
    pub(crate) fn drain_hub(&mut self, number: u64) {
        while let Some(connection) = self.connections.get_mut(&number) {
            let writer = connection.writer;
            let Some(session) = &mut connection.hub else { return };
            let Some(output) = session.poll_output() else { return };
            match output {
                HubOutput::Send(frame) => self.send(number, Direction::ToNode, frame),
                HubOutput::Hello(hello) => self.judge_hello(number, hello),
                HubOutput::Merge(up) => {
                    if self.directory.fenced.contains_key(&writer) {
                        self.fail("invariant", format!("a report of the fenced node {writer} was taken"));
                    }
                    self.tell_hub(Command::Merge(number, writer, up));
                }
                HubOutput::ReadDown { vshard, after } => self.read_down(number, writer, vshard, after),
                HubOutput::Ask(ask) => self.tell_hub(Command::Ask(number, writer, ask)),
                HubOutput::Command(command) => self.tell_hub(Command::Passed(number, writer, command)),
                HubOutput::DownAcked(state) => self.acknowledged(writer, state),
                HubOutput::Erased(_) => {}
                HubOutput::Held(held) => self.tell_hub(Command::Held(number, writer, held)),
                HubOutput::Renew(renew) => {
                    let region = self.directory.regions.get(&writer.node.0).copied().unwrap_or(0);
                    let standing = self.standing_of(super::people::vshard_of(region), writer);
                    if standing == Some(Standing::Live)
                        && let Some(session) = self.connections.get_mut(&number).and_then(|c| c.hub.as_mut())
                    {
                        self.hub.leases.renew(writer, self.hub.boot_clock.at(self.now));
                        session.handle_renewed(renew);
                    }
                }
                HubOutput::End(end) => {
                    if let End::Protocol(what) = &end
                        && !self.directory.forked.contains_key(&writer)
                    {
                        self.fail("invariant", format!("node {writer} broke the protocol: {what}"));
                    }
                    self.hub_leaves(number, "it ended");
                }
            }
        }
    }

    /// The hub's clock, epoch seconds.
    pub(crate) fn hub_wall(&self) -> i64 {
        self.hub.clock.at(self.now)
    }
}
