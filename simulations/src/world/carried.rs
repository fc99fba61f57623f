//! Sessions through a file: somebody takes what a node without a line has to say to the hub, and the answer back.
//!
//! Files are whole ones, signed and read by production code. They get lost, come twice, and come long after their time.

use super::{
    Happening, World,
    hub::{At, Command, Settled},
    key_of,
    node::NodeEvent,
    note, topic_of,
};
use crate::schedule::Fate;
use ed25519_dalek::{Signer, SigningKey};
use hub_core::{
    hello,
    shard::{self, Author, Carried, CarriedAnswer, RECEIPT_WRITER},
};
use sync_protocol::{
    carry::{Carry, CarryWriter, Header},
    ids::{TopicId, VshardId, Writer},
    limits::{BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, CARRY_BYTES_MAX},
    log::LogHead,
    seats::Standing,
    wire::v1::{Down, DownState, Frame, Hello, UpAck, UpState, Welcome},
};
use sync_store::{FenceCause, ShardTx, StoreError};

/// What became of a node's file at the hub.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) merged: Vec<(VshardId, Carried)>,
    /// Why its author is to be fenced.
    apart: Option<String>,
    answer: Vec<u8>,
}

impl World {
    /// Somebody exports a node's session and sets out for the hub.
    pub(crate) fn export(&mut self, m: usize, ms: u64, fate: Fate) {
        let writer = self.machines[m].writer;
        let Some(running) = &mut self.machines[m].running else { return };
        let Ok(file) = running.store.read(|tx| exported(tx, writer)) else { return };
        note!(self, "machine {m}: its session is carried to the hub, {fate:?}");
        self.after(ms, Happening::FileAtHub(m, file.clone(), ms, fate));
        if fate == Fate::Twice {
            self.after(2 * ms, Happening::FileAtHub(m, file, ms, fate));
        }
    }

    /// The hub is given a node's file. It takes none of a node that has a session.
    pub(crate) fn file_at_hub(&mut self, m: usize, file: Vec<u8>, ms: u64, fate: Fate) {
        if fate != Fate::LostOut {
            self.tell_hub(Command::Carried { m, file, ms, fate });
        }
    }

    /// A file was merged durably; its answer goes back.
    pub(super) fn carried(&mut self, m: usize, writer: Writer, account: Account, ms: u64, fate: Fate) {
        let mut fenced = account.apart.map(|reason| (FenceCause::Copied, reason));
        for (vshard, carried) in account.merged {
            if !carried.saved.is_empty() {
                self.tally.sometimes("a carried file brought sign-ups that the hub had not known");
            }
            self.reported(writer, vshard, &carried.merged);
            if carried.merged.parked > 0 {
                self.parked(writer, carried.merged.parked);
            }
            if carried.merged.settled {
                note!(self, "node {writer} is settled by a carried log");
                self.tally.sometimes("a carried log settled its incarnation");
            }
            fenced =
                fenced.or_else(|| carried.merged.violation.map(|reason| (FenceCause::Violation, reason)));
        }
        if let Some((cause, reason)) = fenced {
            return self.fence(writer, cause, &reason);
        }
        let back = if fate == Fate::LateBack { 12 * ms } else { ms };
        match fate {
            Fate::LostOut | Fate::LostBack => {}
            Fate::Whole | Fate::Twice | Fate::LateBack => {
                self.after(back, Happening::FileAtNode(m, account.answer));
            }
        }
    }

    /// A node is given the hub's answer.
    pub(crate) fn file_at_node(&mut self, m: usize, file: &[u8]) {
        let place = &mut self.machines[m];
        let is_up = place.line.is_up;
        let Some(running) = place.running.as_mut().filter(|_| place.frozen.is_none()) else { return };
        let Ok(carry) = Carry::decode(file) else {
            return self.fail("invariant", "the hub's own file cannot be read".to_owned());
        };
        // The machine may have joined anew meanwhile.
        if carry.header.node != place.writer {
            return;
        }
        let key = SigningKey::from_bytes(&key_of(RECEIPT_WRITER)).verifying_key();
        let frames: Result<Vec<Frame>, _> = carry.frames().collect();
        let (Ok(()), Ok(frames)) = (carry.verify(&key), frames) else {
            return self.fail("invariant", "the hub's own file is not as it was signed".to_owned());
        };
        let mut frames = frames.into_iter();
        let Some(Frame::Welcome(welcome)) = frames.next() else { return };
        let Ok((cursors, own)) = running.store.read(|tx| Ok((tx.cursors()?, tx.own_heads()?))) else {
            return;
        };
        if let Err(why) = edge_core::carry::goes_on(&carry.header.after, &welcome, &cursors, &own) {
            note!(self, "machine {m} does not take a carried answer: {why}");
            return;
        }
        note!(self, "machine {m} takes a carried answer");
        self.tally.sometimes(if is_up {
            "a carried answer came when the line was back"
        } else {
            "a carried answer came to a node without a line"
        });
        if let Some(reason) = welcome.retired {
            return self.tell_node(m, NodeEvent::Retire(reason, welcome.interest));
        }
        for ack in welcome.acked {
            self.tell_node(m, NodeEvent::Acked(CARRIED, ack));
        }
        self.tell_node(m, NodeEvent::Interest(CARRIED, welcome.interest));
        let downs = frames.filter_map(|frame| match frame {
            Frame::Down(down) => Some(down),
            Frame::Hello(_)
            | Frame::Welcome(_)
            | Frame::Refuse(_)
            | Frame::Up(_)
            | Frame::UpAck(_)
            | Frame::DownAck(_)
            | Frame::Ask(_)
            | Frame::Verdict(_)
            | Frame::Interest(_)
            | Frame::Renew(_)
            | Frame::Lease(_)
            | Frame::Held(_)
            | Frame::Erased(_)
            | Frame::Erase(_)
            | Frame::Command(_)
            | Frame::Commanded(_)
            | Frame::Unknown(_) => None,
        });
        let was_idle = self.machines[m].carried.is_empty();
        self.machines[m].carried.extend(downs);
        if was_idle {
            self.next_carried(m);
        }
    }

    /// One batch of a file after the other, as its desk does: what a failed one leaves out is not passed over.
    pub(crate) fn next_carried(&mut self, m: usize) {
        if let Some(down) = self.machines[m].carried.front().cloned() {
            self.tell_node(m, NodeEvent::Receive(CARRIED, down));
        }
    }
}

/// In the place of a connection's number: the batch came in a file.
pub(crate) const CARRIED: u64 = 0;

fn header(author: Writer, node: Writer, after: Vec<DownState>) -> Header {
    Header { cluster: Vec::new(), author, node, certificate: b"certificate".to_vec(), after }
}

/// What a node has for the hub behind what the hub has acknowledged.
fn exported(tx: &mut dyn ShardTx, writer: Writer) -> Result<Vec<u8>, StoreError> {
    let key = SigningKey::from_bytes(&key_of(writer));
    let heads = tx.own_heads()?;
    let up = heads.iter().map(|(v, h)| UpState { vshard: v.0, wseq: h.wseq, head: h.head }).collect();
    let hello = Hello {
        versions: (1, 1),
        cluster: Vec::new(),
        writer,
        up,
        down: tx.cursors()?,
        build: String::new(),
        contact: 0,
        draining: false,
    };
    let mut file = CarryWriter::new(&header(writer, writer, Vec::new()), CARRY_BYTES_MAX);
    let mut room = file.push(&Frame::Hello(hello));
    for (vshard, head) in heads {
        let mut at = tx.acked(vshard)?;
        while room && at < head.wseq {
            let (entries, Some(last)) = tx.read_own(vshard, at, BATCH_ENTRIES_MAX, BATCH_BYTES_MAX)? else {
                break;
            };
            let signature = key.sign(&last.head.signed_bytes(writer, vshard, last.wseq)).to_bytes().to_vec();
            room = file.push(&Frame::Up(sync_protocol::wire::v1::Up {
                vshard: vshard.0,
                first: at + 1,
                entries,
                signature,
            }));
            at = last.wseq;
        }
    }
    Ok(file.finish(!room, &key))
}

impl At<'_> {
    /// Merges a file and writes its answer.
    pub(super) fn carry(
        &mut self,
        m: usize,
        file: &[u8],
        ms: u64,
        fate: Fate,
    ) -> Result<Settled, StoreError> {
        let Ok(carry) = Carry::decode(file) else { return Ok(Settled::Noted) };
        let writer = carry.header.node;
        let key = self.directory.keys.get(&writer);
        if key.is_none_or(|key| carry.verify(key).is_err()) {
            return Ok(Settled::Noted);
        }
        let frames: Result<Vec<Frame>, _> = carry.frames().collect();
        let mut frames = frames.unwrap_or_default().into_iter();
        let Some(Frame::Hello(hello)) = frames.next() else { return Ok(Settled::Noted) };
        let region = self.directory.regions.get(&writer.node.0).copied().unwrap_or(0);
        let allowed = |topic: TopicId| topic_of(region).0 == topic;
        let is_current = !self.connections.values().any(|c| c.writer == writer && c.hub.is_some());
        let author = Author { writer, key, allowed: &allowed, is_current };
        if !is_current {
            return Ok(Settled::Noted);
        }
        let mut account = Account::default();
        let stands = hello::standings(self.tx, writer)?.is_empty();
        account.apart = shard::gone_apart(&hello::kept_logs(self.tx, writer)?, &hello).filter(|_| stands);
        for frame in frames {
            let Frame::Up(up) = frame else { continue };
            match shard::take_carried(self.tx, self.wall, &author, &up, false)?.0 {
                CarriedAnswer::Merged(carried) => {
                    self.touched.extend(&carried.merged.jobs);
                    account.merged.push((VshardId(up.vshard), carried));
                }
                CarriedAnswer::Apart => account.apart = Some("a carried log does not go on".to_owned()),
                CarriedAnswer::Connected | CarriedAnswer::Gap { .. } | CarriedAnswer::OverLimit(_) => break,
            }
        }
        account.answer = self.answer(writer, region, &hello)?;
        Ok(Settled::Carried { m, writer, account, ms, fate })
    }

    fn answer(&mut self, writer: Writer, region: usize, hello: &Hello) -> Result<Vec<u8>, StoreError> {
        let (topic, vshard) = topic_of(region);
        let acked = hello::kept_logs(self.tx, writer)?;
        let acked = acked.iter().map(|(v, head): &(_, LogHead)| UpAck { vshard: v.0, wseq: head.wseq });
        let over = self.directory.fenced.contains_key(&writer)
            || self.directory.incarnations.get(&writer.node.0) != Some(&writer.incarnation.0)
            || self.tx.standing(vshard, writer)? != Standing::Live;
        let (history, head) = self.tx.head(vshard)?;
        let lanes = if over { Vec::new() } else { vec![(vshard, history, head)] };
        let after = shard::begins_after(&lanes, hello);
        let welcome = Welcome {
            version: 1,
            interest: World::interest(region),
            acked: acked.collect(),
            time: self.wall,
            retired: over.then(|| "it is over".to_owned()),
            contact: 0,
        };
        let mut file = CarryWriter::new(&header(RECEIPT_WRITER, writer, after.clone()), CARRY_BYTES_MAX);
        let mut room = file.push(&Frame::Welcome(welcome));
        for ((vshard, history, head), after) in lanes.into_iter().zip(after) {
            let mut at = after.seq;
            let cursor = hello.down.iter().find(|cursor| cursor.vshard == vshard.0);
            if head == 0 && !DownState::knows(cursor, history) {
                room = room && file.push(&Frame::Down(Down::of_history(vshard, history)));
            }
            while room && at < head {
                let page = self.tx.read_since(vshard, at, BATCH_ENTRIES_MAX, BATCH_BYTES_MAX)?;
                let is_for = |audience: Option<sync_protocol::ids::NodeId>,
                              entry: &sync_protocol::wire::v1::Sequenced| {
                    audience.is_none_or(|only| only == writer.node)
                        && entry.writer != writer
                        && entry.entry.topic() == topic
                };
                let entries = page.entries.into_iter().filter(|(audience, entry)| is_for(*audience, entry));
                let entries = entries.map(|(_, entry)| entry).collect();
                let down = Down { vshard: vshard.0, history, upto: page.upto, entries, sent_at: 0 };
                room = file.push(&Frame::Down(down));
                at = page.upto;
            }
        }
        Ok(file.finish(!room, &SigningKey::from_bytes(&key_of(RECEIPT_WRITER))))
    }
}
