//! What goes wrong: kills at random moments, frozen processes, lines that are cut and disks that are full for a while.

use super::at_hub::AtHub;
use super::load::Record;
use crate::demo::api::JobList;
use crate::demo::cluster::{Cluster, Who};
use crate::demo::small_disk::SmallDisk;
use crate::jobs::generate::splitmix::SplitMix64;
use anyhow::{Context, Result};
use serde::Serialize;
use std::time::Duration;

/// Longest time under load before a kill.
const CALM_MS_MAX: u32 = 500;
/// Longest time for which a process stays frozen, or the hub dead.
const DOWN_MS_MAX: u32 = 400;

/// Room that is left on a full disk at most, so that now this write and now that one is the first that does not fit.
const SPARE_BYTES_MAX: u32 = 96 * 1024;

/// How often each thing went wrong.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Trouble {
    node_kills: u64,
    /// Among the node's kills, those after which it started with its line cut.
    starts_while_cut: u64,
    hub_kills: u64,
    freezes: u64,
    cuts: u64,
    /// Times at which a node's disk was filled.
    disk_full: u64,
    /// Starts of nodes whose disks were full.
    starts_while_full: u64,
}

/// Who was killed in a round and runs again.
#[derive(Debug)]
pub(super) enum Killed {
    Node(Who),
    /// With what it showed right before.
    Hub(AtHub),
}

/// The choices of one run.
#[derive(Debug)]
pub(super) struct Faults {
    random: SplitMix64,
    cut: [bool; 2],
    trouble: Trouble,
}

impl Trouble {
    /// Processes that were killed.
    pub(super) const fn kills(&self) -> u64 {
        self.node_kills + self.hub_kills
    }
}

impl Faults {
    /// The choices of a seed.
    pub(super) fn new(seed: u64) -> Self {
        Self { random: SplitMix64::new(seed), cut: [false; 2], trouble: Trouble::default() }
    }

    /// Perhaps cuts or mends a line, perhaps freezes a process, perhaps fills a disk until after the kill of a process,
    /// which then starts again.
    pub(super) fn round(&mut self, cluster: &mut Cluster, record: &Record) -> Result<Killed> {
        if self.one_in(3) {
            self.turn_line(cluster);
        }
        if self.one_in(6) {
            self.freeze(cluster)?;
        }
        let full = if self.one_in(4) { self.fill_disk(cluster)? } else { None };
        self.stay(CALM_MS_MAX);
        if let Some(who) = full {
            let jobs: Result<JobList> = cluster.node(who).api()?.get("/v1/jobs", &[]);
            jobs.context("a search while the disk is full")?;
        }
        if self.one_in(5) {
            let before = AtHub::look(cluster.hub()?, record)?;
            cluster.kill_hub()?;
            self.trouble.hub_kills += 1;
            // The nodes go on alone meanwhile.
            self.stay(DOWN_MS_MAX);
            give_room(cluster, full)?;
            cluster.start_hub()?;
            return Ok(Killed::Hub(before));
        }
        let who = self.any_node();
        cluster.kill_node(who)?;
        if full == Some(who) && self.one_in(2) {
            self.trouble.starts_while_full += 1;
            self.note_kill(who);
            cluster.start_node(who)?;
            give_room(cluster, full)?;
            return Ok(Killed::Node(who));
        }
        give_room(cluster, full)?;
        self.note_kill(who);
        cluster.start_node(who)?;
        Ok(Killed::Node(who))
    }

    fn note_kill(&mut self, who: Who) {
        self.trouble.node_kills += 1;
        self.trouble.starts_while_cut += u64::from(self.cut[who as usize]);
    }

    /// Mends every line.
    pub(super) fn end(&mut self, cluster: &Cluster) {
        for who in Who::HANGZHOU {
            cluster.node(who).relay.heal();
        }
        self.cut = [false; 2];
    }

    /// The source of all choices of the run.
    pub(super) const fn random(&mut self) -> &mut SplitMix64 {
        &mut self.random
    }

    /// What went wrong so far.
    pub(super) const fn trouble(&self) -> Trouble {
        self.trouble
    }

    fn turn_line(&mut self, cluster: &Cluster) {
        let who = self.any_node();
        let cut = &mut self.cut[who as usize];
        *cut = !*cut;
        if *cut {
            cluster.node(who).relay.cut();
            self.trouble.cuts += 1;
        } else {
            cluster.node(who).relay.heal();
        }
    }

    fn freeze(&mut self, cluster: &Cluster) -> Result<()> {
        let who = self.any_node();
        let process = if self.one_in(3) { cluster.hub_process()? } else { cluster.node(who).process()? };
        process.signal("STOP")?;
        self.trouble.freezes += 1;
        self.stay(DOWN_MS_MAX);
        process.signal("CONT")
    }

    /// Fills the disk of a node that has one of its own.
    fn fill_disk(&mut self, cluster: &Cluster) -> Result<Option<Who>> {
        let who = self.any_node();
        let Some(disk) = cluster.node(who).disk() else { return Ok(None) };
        disk.fill(u64::from(self.random.below(SPARE_BYTES_MAX)))?;
        self.trouble.disk_full += 1;
        Ok(Some(who))
    }

    fn any_node(&mut self) -> Who {
        *self.random.pick(&Who::HANGZHOU)
    }

    fn one_in(&mut self, count: u32) -> bool {
        self.random.below(count) == 0
    }

    fn stay(&mut self, ms_max: u32) {
        let ms = self.random.below(ms_max);
        std::thread::sleep(Duration::from_millis(u64::from(ms)));
    }
}

fn give_room(cluster: &Cluster, full: Option<Who>) -> Result<()> {
    full.and_then(|who| cluster.node(who).disk()).map_or(Ok(()), SmallDisk::give_room)
}
