//! A hello at the hub: each question of its judgement is answered in the shard's order, as the hub's server does.

use super::{
    World,
    hub::{At, Command, Settled},
    note,
    orders::Order,
    people::vshard_of,
    topic_of,
};
use hub_core::{
    hello::{self, Hearing, Next, Record, Verdict, Welcomed},
    shard,
};
use sync_protocol::{
    ids::{VshardId, Writer},
    seats::Standing,
    wire::v1::{DownState, Hello, Reason, Welcome},
};
use sync_store::{FenceCause, StoreError};

impl World {
    pub(crate) fn judge_hello(&mut self, number: u64, hello: Hello) {
        let record = self.record(hello.writer);
        self.heard(number, Hearing::open(hello, &[], record.as_ref()));
    }

    /// The directory's record of a node. An operator's fence stands there once the shard has it.
    fn record(&mut self, writer: Writer) -> Option<Record> {
        let newest = Writer::new(writer.node.0, *self.directory.incarnations.get(&writer.node.0)?);
        let vshard = vshard_of(self.directory.regions.get(&writer.node.0).copied().unwrap_or(0));
        let mut fenced = self.directory.fenced.get(&newest).cloned();
        if fenced.is_none() && self.directory.over.contains_key(&newest) {
            let stands = self.standing_of(vshard, newest).is_none_or(|standing| standing == Standing::Live);
            fenced = (!stands).then(|| "retired".to_owned());
        }
        Some(Record { newest, region_fits: true, fenced })
    }

    /// A question was answered, durably where it was one of numbers: the next one, or the end.
    pub(super) fn heard(&mut self, number: u64, next: Next) {
        let Some(writer) = self.connections.get(&number).filter(|c| c.hub.is_some()).map(|c| c.writer) else {
            return;
        };
        match next {
            Next::Standings(_) | Next::Logs(_) | Next::KeptLogs(_) | Next::Contact(_) => {
                self.tell_hub(Command::Hear(number, Box::new(next)));
            }
            Next::Done(Verdict::Welcome(welcomed)) => self.greet(number, welcomed),
            Next::Done(Verdict::Refuse(reason, detail)) => {
                self.hub_session(number, |session| session.refuse(reason, &detail));
            }
            Next::Done(Verdict::Fence(reason)) => self.fence(writer, FenceCause::Copied, &reason),
            Next::Done(Verdict::Apart(reason)) => {
                self.tally.sometimes("a machine came back under the name of an incarnation that is over");
                self.hub_session(number, |session| session.refuse(Reason::Revoked, &reason));
            }
        }
    }

    fn greet(&mut self, number: u64, welcomed: Welcomed) {
        let Welcomed { hello, over: retired, acked, contact } = welcomed;
        let writer = hello.writer;
        let region = self.directory.regions.get(&writer.node.0).copied().unwrap_or(0);
        let (_, vshard) = topic_of(region);
        let Some(store) = &mut self.hub.store else { return };
        let Ok((history, head)) = store.read(|tx| tx.head(vshard)) else {
            return self.hub_leaves(number, "its shard failed");
        };
        let version = hello.versions.1.min(sync_protocol::wire::LATEST);
        let (interest, time) = (Self::interest(region), self.hub_wall());
        let welcome = Welcome { version, interest, acked, time, retired, contact };
        for down in &hello.down {
            self.acknowledged(writer, *down);
        }
        // Whoever is retired sends and is told nothing.
        let lanes = if welcome.retired.is_some() { Vec::new() } else { vec![(vshard, history, head)] };
        self.hub_session(number, |session| session.welcome(&welcome, &lanes));
    }

    /// A node has applied a vshard up to here.
    pub(super) fn acknowledged(&mut self, writer: Writer, state: DownState) {
        self.hub.cursors.entry(writer).or_default().insert(VshardId(state.vshard), state);
    }

    /// One way: what this incarnation reports is evidence once its vshard has the fence; then its sessions end.
    pub(crate) fn fence(&mut self, writer: Writer, cause: FenceCause, reason: &str) {
        note!(self, "node {writer} is to be fenced: {reason}");
        if !self.directory.forked.contains_key(&writer) {
            self.fail("invariant", format!("the honest node {writer} was fenced: {reason}"));
        }
        self.tally.sometimes("a copied or restored node was fenced");
        let vshard = vshard_of(self.directory.regions.get(&writer.node.0).copied().unwrap_or(0));
        self.tell_hub(Command::Order(Order::End { writer, vshard, cause, detail: reason.to_owned() }));
    }

    /// The directory has the fence too: it is told at each contact.
    pub(super) fn fenced(&mut self, writer: Writer, reason: &str) {
        self.directory.fenced.entry(writer).or_insert_with(|| reason.to_owned());
        let reason = format!("fenced: {reason}");
        for number in self.sessions_of(writer) {
            self.hub_session(number, |session| session.refuse(Reason::Revoked, &reason));
        }
    }

    /// Finishes fences that the hub's last stop interrupted, and those of incarnations that were replaced.
    pub(super) fn finish_fences(&mut self) {
        let writers: Vec<Writer> = self.directory.keys.keys().copied().collect();
        for writer in writers {
            let vshard = vshard_of(self.directory.regions.get(&writer.node.0).copied().unwrap_or(0));
            let newest = self.directory.incarnations.get(&writer.node.0).copied();
            if newest != Some(writer.incarnation.0) {
                let (cause, detail) = (FenceCause::Replaced, "it joined again".to_owned());
                self.tell_hub(Command::Order(Order::End { writer, vshard, cause, detail }));
                continue;
            }
            let Some(store) = &mut self.hub.store else { return };
            let Ok(Some(row)) = store.read(|tx| tx.standing_row(vshard, writer)) else { continue };
            if !row.cause.settles_by_itself() {
                self.directory.fenced.entry(writer).or_insert(row.detail);
            }
        }
    }
}

impl At<'_> {
    /// Answers what the judgement of a hello asks for.
    pub(super) fn hear(&mut self, number: u64, next: &Next) -> Result<Settled, StoreError> {
        let next = match next {
            Next::Standings(hearing) => {
                let rows = hello::standings(self.tx, hearing.writer())?;
                hearing.clone().with_standings(&rows)
            }
            Next::Logs(hearing) => {
                let known = self.tx.origins(hearing.writer())?;
                let acknowledged = self.cursors.get(&hearing.writer());
                hearing.clone().with_logs(known, |vshard| acknowledged?.get(&vshard).copied())
            }
            Next::KeptLogs(hearing) => {
                let known = hello::kept_logs(self.tx, hearing.writer())?;
                hearing.clone().with_logs(known, |_| None)
            }
            Next::Contact(hearing) => {
                let met = shard::meet(self.tx, hearing.writer(), hearing.hello().contact)?;
                Next::Done(hearing.clone().with_contact(met))
            }
            Next::Done(_) => return Ok(Settled::Noted),
        };
        Ok(Settled::Heard(number, Box::new(next)))
    }
}
