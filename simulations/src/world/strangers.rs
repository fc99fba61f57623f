//! Peers that are not as this version is: newer ones, whose frames have fields and kinds that nobody here knows, and hostile
//! ones, which forge, repeat, drop and mangle what a node sends.
//!
//! A hostile node has the identity of an honest one. What it can cost is what a copied disk can: its own rights.

use super::{World, network::Direction, node::Machine, note, people::sixteen, topic_of};
use crate::model::pick_of;
use std::collections::VecDeque;
use sync_protocol::{
    documents::{Document, SignUpFields, Status, Value},
    ids::{DocumentId, JobId, SignUpId, TopicId, VshardId, WorkerId, Writer},
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
/// Fields of a stuffed document: as many as one can have.
const STUFFED: usize = 57;

/// What a hostile node is up to.
#[derive(Debug, Default)]
pub(crate) struct Malice {
    until: u64,
    earlier: VecDeque<Vec<u8>>,
    /// Heads of reports that its owner made up and signed beside the log that the machine writes.
    signed: Vec<Head>,
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
        let malice = &mut self.machines[m].malice;
        malice.until = self.now + ms;
        malice.earlier.clear();
    }

    /// A well-signed report that no honest node makes.
    fn forged(&mut self, m: usize) -> Option<Vec<u8>> {
        let (kind, pick) = (self.random.below(5), self.random.below(1 << 30));
        let region = self.machines[m].region;
        let others = self.model.by_machine.iter().filter(|(machine, _)| **machine != m);
        let others: Vec<_> = others.filter_map(|(_, numbers)| numbers.last()).collect();
        let request = pick_of(&others, pick).map(|number| &self.model.requests[**number]);
        let theirs = request.and_then(|request| Some((request.told?.0, request.job)));
        let victim = request.map_or(pick, |request| request.worker);
        let place = &mut self.machines[m];
        let writer = place.writer;
        let (topic, vshard) = topic_of(region);
        let job = *self.model.by_region[region].last()?;
        let running = place.running.as_mut()?;
        let genesis = LogHead { wseq: 0, head: Head::genesis(writer, vshard) };
        let own = running.store.read(|tx| tx.own_head(vshard)).ok()?.unwrap_or(genesis);
        let mut stored = |doc: DocumentId| {
            let found = running.store.read(|tx| tx.document(vshard, doc)).ok().flatten();
            found.map(|stored| stored.document)
        };
        let mut edit = |doc: DocumentId, fields: &[(&str, Value)]| {
            let body = stored(doc)?.edit(writer, fields, 0)?;
            Some(vec![Entry::new(EntryKind::Change, topic, doc, body)])
        };
        let fresh = SignUpId::sign_up(writer, (1 << 41) + pick);
        let (what, entries) = match (kind, theirs) {
            (1, _) => {
                let text = Value::Text("call 1-900".to_owned());
                ("a job of others was forged", edit(job, &[("title", text), ("start_at", Value::Int(1))])?)
            }
            (2, Some((sign_up, _))) => {
                let status = Value::Text(Status::Cancelled.as_str().to_owned());
                let worker = Value::Bytes(vec![0xee; 16]);
                ("a sign-up of others was forged", edit(sign_up, &[("status", status), ("worker", worker)])?)
            }
            (3, Some((_, job))) => ("a sign-up was stuffed with fields", stuffed(fresh, job, topic)?),
            (4, Some((_, job))) => {
                let fields = made_up(job, victim).to_fields();
                ("a sign-up was made up without a place", vec![creation(fresh, topic, &fields)?])
            }
            _ => {
                let accepted = (0..FORGED).map(|n| accepted(writer, job, topic, n)).collect();
                ("a report of sign-ups without rights was forged", accepted)
            }
        };
        let head = entries.iter().fold(own, |head, entry| head.then(entry));
        let signature = running.me.sign_head(vshard, &head);
        self.machines[m].malice.signed.push(head.head);
        self.tally.sometimes(what);
        Some(
            Frame::Up(Up { vshard: VshardId::of(topic).0, first: own.wseq + 1, entries, signature }).encode(),
        )
    }
}

fn made_up(job: JobId, worker: u64) -> SignUpFields {
    SignUpFields {
        job,
        worker: WorkerId(sixteen(worker + 1)),
        status: Status::WaitListed,
        code: "000000".to_owned(),
        idempotency: [0xee; 16],
        body_hash: [0xee; 16],
        created_at: 1,
        reason: String::new(),
    }
}

fn creation(sign_up: SignUpId, topic: TopicId, fields: &[(&str, Value)]) -> Option<Entry> {
    let body = Document::default().edit(sign_up.writer, fields, 0)?;
    Some(Entry::new(EntryKind::Change, topic, sign_up, body))
}

/// A sign-up that is left to the hub, in a document in which nobody else could write any more.
fn stuffed(sign_up: SignUpId, job: JobId, topic: TopicId) -> Option<Vec<Entry>> {
    let (names, fields): (Vec<String>, _) =
        ((0..STUFFED).map(|n| format!("x{n}")).collect(), made_up(job, 0));
    let unknown = names.iter().map(|name| (name.as_str(), Value::Null));
    let all: Vec<(&str, Value)> = fields.to_fields().into_iter().chain(unknown).collect();
    let event = NodeEvent::Request { sign_up, worker: fields.worker };
    let body = minicbor::to_vec(NodeRow { job, event }).unwrap_or_default();
    Some(vec![creation(sign_up, topic, &all)?, Entry::new(EntryKind::NodeLedger, topic, job, body)])
}

fn accepted(writer: Writer, job: JobId, topic: TopicId, n: u64) -> Entry {
    let mut worker = [0xee; 16];
    worker[8..].copy_from_slice(&n.to_be_bytes());
    let event =
        NodeEvent::Accept { sign_up: SignUpId::sign_up(writer, (1 << 40) + n), worker: WorkerId(worker) };
    let body = minicbor::to_vec(NodeRow { job, event }).unwrap_or_default();
    Entry::new(EntryKind::NodeLedger, topic, job, body)
}

impl Machine {
    /// Whether its owner made up a report that ends in this head.
    pub(crate) fn has_signed(&self, head: Head) -> bool {
        self.malice.signed.contains(&head)
    }

    /// Whether its owner was hostile in this incarnation.
    pub(crate) fn is_hostile(&self) -> bool {
        self.malice.until > 0
    }

    /// A machine that begins anew has an honest owner.
    pub(crate) fn is_honest_again(&mut self) {
        self.malice = Malice { signed: std::mem::take(&mut self.malice.signed), ..Malice::default() };
    }
}
