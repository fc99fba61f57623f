//! Commands of tenants and operators, second sign-ups, nodes that join again and a hub from a backup.

use super::*;
use std::collections::BTreeMap;
use sync_protocol::seats::{Excess, Standing, out_total};
use sync_store::FenceCause;

impl World {
    /// One upheaval that the seed may meet.
    pub(super) fn upset(&mut self, n: usize) {
        match (self.random.below(10), self.upheaval) {
            (0..4, _) => self.set_cap(),
            (4..5, _) => self.close(),
            (5..8, _) => self.cancel_elsewhere(),
            (_, Upheaval::Retired) => self.retire(n),
            (8, Upheaval::Restored) => self.back_up(),
            (_, Upheaval::Restored) => self.restore(),
            _ => {}
        }
    }

    fn some_job(&mut self) -> JobId {
        let pick = usize::try_from(self.random.below(self.jobs.len() as u64)).unwrap();
        self.jobs[pick].0
    }

    fn at_hub<T>(&mut self, work: impl FnOnce(&mut Shard<'_>) -> T) -> T {
        let (_, vshard) = topic();
        let done = self.hub.transact(|tx| Ok(work(&mut Shard { tx, vshard, now: NOW }))).unwrap();
        self.tell_growth();
        done
    }

    fn set_cap(&mut self) {
        let job = self.some_job();
        let cap = u32::try_from(self.random.below(12) + 1).unwrap();
        let excess = if self.random.below(2) == 0 { Excess::Keep } else { Excess::BumpLatest };
        // A cap below what is confirmed, or of a job that the hub has not heard of, is refused.
        drop(self.at_hub(|shard| shard::set_cap(shard, job, cap, excess, &|_| vec![1])));
        self.dirty.insert(job);
    }

    fn close(&mut self) {
        let job = self.some_job();
        drop(self.at_hub(|shard| shard::close(shard, job)));
        self.dirty.insert(job);
    }

    fn cancel_elsewhere(&mut self) {
        if self.confirmed.is_empty() {
            return;
        }
        let pick = usize::try_from(self.random.below(self.confirmed.len() as u64)).unwrap();
        let n = usize::try_from(self.random.below(u64::from(NODES))).unwrap();
        let (_, sign_up) = self.confirmed[pick];
        // A node that has not heard of the sign-up says so.
        drop(self.batch(n, |batch| batch.cancel(sign_up)));
    }

    /// An operator ends a node's incarnation.
    fn retire(&mut self, n: usize) {
        let writer = self.nodes[n].me.writer;
        let (_, vshard) = topic();
        self.at_hub(|shard| shard::fence(shard, writer, FenceCause::Retired, "moved")).unwrap();
        let jobs = self.hub.read(|tx| tx.holdings_of(vshard, writer)).unwrap();
        self.dirty.extend(jobs.into_iter().map(|(job, _)| job));
        self.cut(n);
    }

    /// Why the node must close its logs; where they are closed and known, it begins anew under the next incarnation.
    pub(super) fn rejoin_if_over(&mut self, n: usize) -> Option<String> {
        let (_, vshard) = topic();
        let writer = self.nodes[n].me.writer;
        match self.hub.read(|tx| tx.standing(vshard, writer)).unwrap() {
            Standing::Live => None,
            Standing::Fenced => Some("moved".to_owned()),
            Standing::Settled => {
                self.rejoin(n);
                None
            }
        }
    }

    fn rejoin(&mut self, n: usize) {
        let node = &mut self.nodes[n];
        let writer = node.me.writer;
        let next = Writer::new(writer.node.0, writer.incarnation.0 + 1);
        node.path = self.folder.join(format!("node{}-{}.sqlite", next.node.0, next.incarnation.0));
        node.store = OpenOptions::new(&node.path).open().unwrap();
        let seed = [u8::try_from(next.node.0).unwrap(); 32];
        node.me = EdgeNode::new(next, "hangzhou", &seed, b"certificate", 0);
        node.asking.clear();
        let interest = self.interest();
        self.nodes[n].me.learn(interest);
        self.dirty.extend(self.jobs.iter().map(|(job, _)| *job));
    }

    fn back_up(&mut self) {
        self.hub.checkpoint().unwrap();
        let path = self.folder.join("backup.sqlite");
        std::fs::copy(self.folder.join("hub.sqlite"), &path).unwrap();
        self.backup = Some(path);
    }

    /// The hub's disk is lost, and its backup takes its place.
    fn restore(&mut self) {
        let Some(backup) = self.backup.clone() else { return };
        for n in 0..self.nodes.len() {
            self.cut(n);
        }
        self.restores += 1;
        let path = self.folder.join(format!("hub-{}.sqlite", self.restores));
        std::fs::copy(backup, &path).unwrap();
        self.hub = OpenOptions::new(&path).open().unwrap();
        self.backup = None;
        let writers: Vec<_> = self.nodes.iter().map(|node| node.me.writer).collect();
        self.at_hub(|shard| shard::begin_history(shard, &writers, 0)).unwrap();
        self.said.clear();
    }

    /// The most sign-ups that the hub's books allow for a job that it knows.
    pub(super) fn most_valid(&mut self, job: JobId) -> Option<u32> {
        let (_, vshard) = topic();
        let read = |tx: &mut dyn sync_store::ShardTx| {
            let Some(seats) = tx.hub_job(vshard, job)? else { return Ok(None) };
            // A restored hub does not know what was granted after its backup until every node has told.
            let awaited = shard::awaited(&mut Shard { tx, vshard, now: NOW })?;
            let out = out_total(tx.holdings(vshard, job)?.iter().map(|(_, holding)| holding));
            Ok(Some(if awaited.is_empty() { seats.most_valid(out) } else { u32::MAX }))
        };
        self.hub.read(read).unwrap()
    }

    /// At rest nobody has two places: all shifts of this world are at one time.
    pub(super) fn check_workers(&mut self) {
        let (_, vshard) = topic();
        let mut places: BTreeMap<WorkerId, u32> = BTreeMap::new();
        for (job, _) in self.jobs.clone() {
            for seat in self.hub.read(|tx| tx.seats(vshard, job)).unwrap() {
                if seat.state == SeatState::Live {
                    *places.entry(seat.worker).or_default() += 1;
                }
            }
        }
        let twice: Vec<_> = places.into_iter().filter(|(_, count)| *count > 1).collect();
        assert!(twice.is_empty(), "workers with two places: {twice:?}");
    }
}
