//! The checks of a hello, as the hub's server makes them.

use super::{World, hub::Command, note, topic_of};
use sync_protocol::{
    contact::OlderDisk,
    ids::{VshardId, Writer},
    log::{LogHead, goes_on},
    mutant::{self, Mutant},
    wire::v1::{DownState, Hello, Reason, UpAck, Welcome},
};

impl World {
    pub(crate) fn judge_hello(&mut self, number: u64, hello: Hello) {
        let writer = hello.writer;
        if let Some(reason) = self.out_of_place(writer) {
            return self.hub_session(number, |session| session.refuse(Reason::Revoked, &reason));
        }
        let Ok(rest) = self.rest_of_log(writer) else {
            return self.hub_session(number, |session| session.refuse(Reason::Revoked, "settled"));
        };
        let Some(store) = &mut self.hub.store else { return };
        let Ok(known) = store.read(|tx| tx.origins(writer)) else {
            return self.hub_leaves(number, "its shard failed");
        };
        let (retired, known) = rest.map_or((None, known), |(why, known)| (Some(why), known));
        if let Some(reason) = gone_back(&known, &hello) {
            return self.fence(writer, &reason);
        }
        match retired {
            // Nothing is granted to it: an older disk of it changes nothing.
            Some(reason) => self.greet(number, &hello, Some(reason), &known, 0),
            None if self.has_older_cursors(&hello) => {
                self.tally.sometimes("an older disk was known by its cursors");
                self.fence(writer, "its cursors went back");
            }
            None => self.tell_hub(Command::Meet(number, hello)),
        }
    }

    /// The contact has its number, durably, or the disk is an older one.
    pub(super) fn met(&mut self, number: u64, hello: &Hello, met: Result<u64, OlderDisk>) {
        let contact = match met {
            Ok(contact) => contact,
            Err(older) => {
                self.tally.sometimes("an older disk was known by its contact");
                return self.fence(hello.writer, &older.to_string());
            }
        };
        let writer = hello.writer;
        // Another disk of this incarnation may have ended it meanwhile.
        if let Some(reason) = self.out_of_place(writer) {
            return self.hub_session(number, |session| session.refuse(Reason::Revoked, &reason));
        }
        let Some(store) = &mut self.hub.store else { return };
        let Ok(known) = store.read(|tx| tx.origins(writer)) else {
            return self.hub_leaves(number, "its shard failed");
        };
        self.greet(number, hello, None, &known, contact);
    }

    fn greet(
        &mut self,
        number: u64,
        hello: &Hello,
        retired: Option<String>,
        known: &[(VshardId, LogHead)],
        contact: u64,
    ) {
        let region = self.directory.regions.get(&hello.writer.node.0).copied().unwrap_or(0);
        let (_, vshard) = topic_of(region);
        let Some(store) = &mut self.hub.store else { return };
        let Ok((history, head)) = store.read(|tx| tx.head(vshard)) else {
            return self.hub_leaves(number, "its shard failed");
        };
        let welcome = Welcome {
            version: hello.versions.1.min(sync_protocol::wire::LATEST),
            interest: Self::interest(region),
            acked: known.iter().map(|(v, known)| UpAck { vshard: v.0, wseq: known.wseq }).collect(),
            time: self.hub_wall(),
            retired,
            contact,
        };
        for down in &hello.down {
            self.acknowledged(hello.writer, *down);
        }
        // Whoever is retired sends and is told nothing.
        let lanes = if welcome.retired.is_some() { Vec::new() } else { vec![(vshard, history, head)] };
        self.hub_session(number, |session| session.welcome(&welcome, &lanes));
    }

    /// A node has applied a vshard up to here.
    pub(super) fn acknowledged(&mut self, writer: Writer, state: DownState) {
        self.hub.cursors.entry(writer).or_default().insert(VshardId(state.vshard), state);
    }

    fn has_older_cursors(&self, hello: &Hello) -> bool {
        let known = self.hub.cursors.get(&hello.writer);
        hello.down.iter().any(|told| {
            let known = known.and_then(|known| known.get(&VshardId(told.vshard)));
            known.is_some_and(|known| known.history == told.history && told.seq < known.seq)
                && !mutant::is(Mutant::RestoredUnnoticed)
        })
    }

    /// Why an incarnation has no place in the cluster.
    fn out_of_place(&self, writer: Writer) -> Option<String> {
        if mutant::is(Mutant::FencedMerged) {
            return None;
        }
        if let Some(reason) = self.directory.fenced.get(&writer) {
            return Some(format!("fenced: {reason}"));
        }
        let current = self.directory.incarnations.get(&writer.node.0) == Some(&writer.incarnation.0);
        (!current).then(|| "another incarnation of this node has taken over".to_owned())
    }

    /// One way: what this incarnation reports from here on is evidence.
    pub(crate) fn fence(&mut self, writer: Writer, reason: &str) {
        note!(self, "node {writer} is fenced: {reason}");
        self.directory.fenced.entry(writer).or_insert_with(|| reason.to_owned());
        if !self.directory.forked.contains_key(&writer) {
            self.fail("invariant", format!("the honest node {writer} was fenced: {reason}"));
        }
        self.tally.sometimes("a copied or restored node was fenced");
        let open: Vec<u64> = self
            .connections
            .iter()
            .filter(|(_, c)| c.writer == writer && c.hub.is_some())
            .map(|(number, _)| *number)
            .collect();
        let reason = format!("fenced: {reason}");
        for number in open {
            self.hub_session(number, |session| session.refuse(Reason::Revoked, &reason));
        }
    }
}

/// Why the node's logs are not those that the hub has seen.
fn gone_back(known: &[(VshardId, LogHead)], hello: &Hello) -> Option<String> {
    known.iter().find_map(|(vshard, known)| {
        let told = hello.up.iter().find(|up| up.vshard == vshard.0);
        let told = told.map(|up| LogHead { wseq: up.wseq, head: up.head });
        Some(format!("its log {}", goes_on(known, told.as_ref()).err()?))
    })
}
