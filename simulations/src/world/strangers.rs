//! Peers that are not as this version is: newer ones, whose frames have fields and kinds that nobody here knows, and hostile
//! ones, which forge, repeat, drop and mangle what a node sends.
//!
//! A hostile node has the identity of an honest one. What it can cost is what a copied disk can: its own rights.

use super::{World, network::Direction, node::Machine, note, topic_of};
use std::collections::VecDeque;
use sync_protocol::{
    ids::{JobId, SignUpId, VshardId, WorkerId, Writer},
    log::{Entry, EntryKind, Head, LogHead},
    seats::{NodeEvent, NodeRow},
    wire::v1::{Frame, Up},
};

/// A frame of a kind that only later versions know, with an empty body.
const UNKNOWN_FRAME: [u8; 5] = [250, 0, 0, 0, 0xa0];
/// An unknown field at the end of a CBOR map: key 99, a text.
const UNKNOWN_FIELD: [u8; 6] = [0x18, 99, 0x63, b'n', b'e', b'w'];
/// Maps whose number of fields stands in their first byte, and one more fits.
const SMALL_MAPS: std::ops::RangeInclusive<u8> = 0xa0..=0xb6;
/// Earlier frames that a hostile node remembers.
const REMEMBERED: usize = 8;
/// Sign-ups of one forged report.
const FORGED: u64 = 300;

/// What a hostile node is up to.
#[derive(Debug, Default)]
pub(crate) struct Malice {
    until: u64,
    earlier: VecDeque<Vec<u8>>,
}

impl World {
    /// The frames that leave a peer in place of one that it means to send.
    pub(crate) fn as_sent(&mut self, m: usize, direction: Direction, frame: Vec<u8>) -> Vec<Vec<u8>> {
        const UP: u8 = 4;
        let number = self.machines[m].number;
        let loses = self.now < self.machines[m].loses_reports_until && frame.first() == Some(&UP);
        if loses && self.random.chance(300) {
            self.tally.sometimes("a report was lost within a session");
            return Vec::new();
        }
        let is_newer =
            self.scenario.mixed_versions && number.is_multiple_of(2) == (direction == Direction::ToHub);
        let mut frames = if is_newer { self.as_newer(frame) } else { vec![frame] };
        if direction == Direction::ToHub && self.now < self.machines[m].malice.until {
            frames = frames.into_iter().flat_map(|frame| self.tampered(m, frame)).collect();
        }
        frames
    }

    fn as_newer(&mut self, mut frame: Vec<u8>) -> Vec<Vec<u8>> {
        const BODY: usize = 4;
        let is_plain = frame.get(1) == Some(&0);
        if is_plain && frame.get(BODY).is_some_and(|first| SMALL_MAPS.contains(first)) {
            frame[BODY] += 1;
            frame.extend_from_slice(&UNKNOWN_FIELD);
            self.tally.sometimes("a frame with an unknown field was read");
        }
        if self.random.chance(50) {
            self.tally.sometimes("a frame of an unknown kind was passed over");
            return vec![UNKNOWN_FRAME.to_vec(), frame];
        }
        vec![frame]
    }

    fn tampered(&mut self, m: usize, mut frame: Vec<u8>) -> Vec<Vec<u8>> {
        let earlier = &mut self.machines[m].malice.earlier;
        let old = earlier.get(self.random.index(earlier.len().max(1))).cloned();
        earlier.push_back(frame.clone());
        if earlier.len() > REMEMBERED {
            earlier.pop_front();
        }
        match self.random.below(12) {
            0 => Vec::new(),
            1 => vec![frame.clone(), frame],
            2 => old.into_iter().chain([frame]).collect(),
            3 => {
                let at = self.random.index(frame.len());
                frame[at] ^= 1 << self.random.below(8);
                vec![frame]
            }
            4 => {
                frame.truncate(self.random.index(frame.len()));
                vec![frame]
            }
            5 => self.forged(m).into_iter().chain([frame]).collect(),
            _ => vec![frame],
        }
    }

    /// A node's owner turns hostile for a while.
    pub(crate) fn turn_hostile(&mut self, m: usize, ms: u64) {
        let place = &self.machines[m];
        if !place.is_serving() || self.directory.over.contains_key(&place.writer) || self.healing {
            return;
        }
        note!(self, "machine {m} is hostile from here on");
        self.fork(m);
        self.machines[m].malice = Malice { until: self.now + ms, earlier: VecDeque::new() };
    }

    /// A well-signed report of more sign-ups than any right allows.
    fn forged(&mut self, m: usize) -> Option<Vec<u8>> {
        let place = &mut self.machines[m];
        let (writer, region) = (place.writer, place.region);
        let (topic, vshard) = topic_of(region);
        let job = *self.model.by_region[region].last()?;
        let running = place.running.as_mut()?;
        let genesis = LogHead { wseq: 0, head: Head::genesis(writer, vshard) };
        let own = running.store.read(|tx| tx.own_head(vshard)).ok()?.unwrap_or(genesis);
        let entries: Vec<Entry> = (0..FORGED).map(|n| accepted(writer, job, topic, n)).collect();
        let head = entries.iter().fold(own, |head, entry| head.then(entry));
        let signature = running.me.sign_head(vshard, &head);
        self.tally.sometimes("a report of sign-ups without rights was forged");
        Some(
            Frame::Up(Up { vshard: VshardId::of(topic).0, first: own.wseq + 1, entries, signature }).encode(),
        )
    }
}

fn accepted(writer: Writer, job: JobId, topic: sync_protocol::ids::TopicId, n: u64) -> Entry {
    let mut worker = [0xee; 16];
    worker[8..].copy_from_slice(&n.to_be_bytes());
    let event =
        NodeEvent::Accept { sign_up: SignUpId::sign_up(writer, (1 << 40) + n), worker: WorkerId(worker) };
    let body = minicbor::to_vec(NodeRow { job, event }).unwrap_or_default();
    Entry::new(EntryKind::NodeLedger, topic, job, body)
}

impl Machine {
    /// Whether its owner was hostile in this incarnation.
    pub(crate) fn is_hostile(&self) -> bool {
        self.malice.until > 0
    }

    /// A machine that begins anew has an honest owner.
    pub(crate) fn is_honest_again(&mut self) {
        self.malice = Malice::default();
    }
}
