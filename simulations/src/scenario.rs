//! Scenarios: how many nodes, how people behave, what goes wrong and how often. One TOML file each.

use crate::random::Random;
use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How often each kind of fault strikes, per node and hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// The power goes between two transactions.
    pub crash: f64,
    /// The power goes at some write of a transaction.
    pub crash_at_write: f64,
    /// The process is killed; the disk keeps everything.
    pub kill: f64,
    /// The line is cut both ways.
    pub cut: f64,
    /// Only one direction of the line is cut.
    pub one_way_cut: f64,
    /// The session is reset, as by a lost route.
    pub reset: f64,
    /// One operation of the disk fails.
    pub eio: f64,
    /// No room for a while.
    pub disk_full: f64,
    /// Each commit takes a hundred times as long for a while.
    pub slow_disk: f64,
    /// A bit of the database turns over.
    pub bit_flip: f64,
    /// An older copy of the database is put in place behind the node's back.
    pub restore: f64,
    /// A second machine is started from a copy of the disk.
    pub copy: f64,
    /// An operator ends a node's incarnation.
    pub retire: f64,
    /// A machine is lost for ever, and an empty one takes its place.
    pub lose: f64,
    /// A node without a line is given up by an operator, and lives.
    pub give_up: f64,
    /// A node's session is carried to the hub in a file.
    pub carry: f64,
    /// Reports of a node get lost within a session.
    pub lost_reports: f64,
    /// Whoever has a node forges, repeats, drops and mangles its frames for a while.
    pub hostile: f64,
    /// The clock jumps.
    pub clock: f64,
    /// The hub's machine loses power; counted once for all nodes.
    pub hub_crash: f64,
    /// One operation of the hub's disk fails.
    pub hub_eio: f64,
    /// The hub's disk has no room for a while.
    pub hub_disk_full: f64,
    /// The hub's clock jumps.
    pub hub_clock: f64,
}

impl Faults {
    /// Each kind by its name, in the order in which a seed draws them.
    fn rates(&mut self) -> [(&'static str, &mut f64); 23] {
        [
            ("crash", &mut self.crash),
            ("crash_at_write", &mut self.crash_at_write),
            ("kill", &mut self.kill),
            ("cut", &mut self.cut),
            ("one_way_cut", &mut self.one_way_cut),
            ("reset", &mut self.reset),
            ("eio", &mut self.eio),
            ("disk_full", &mut self.disk_full),
            ("slow_disk", &mut self.slow_disk),
            ("bit_flip", &mut self.bit_flip),
            ("restore", &mut self.restore),
            ("copy", &mut self.copy),
            ("clock", &mut self.clock),
            ("hub_crash", &mut self.hub_crash),
            ("retire", &mut self.retire),
            ("lose", &mut self.lose),
            ("hostile", &mut self.hostile),
            ("give_up", &mut self.give_up),
            ("carry", &mut self.carry),
            ("lost_reports", &mut self.lost_reports),
            ("hub_eio", &mut self.hub_eio),
            ("hub_disk_full", &mut self.hub_disk_full),
            ("hub_clock", &mut self.hub_clock),
        ]
    }
}

/// Everything that a seed is drawn from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    #[serde(skip)]
    pub name: String,
    pub about: String,
    pub regions: u64,
    pub nodes_per_region: u64,
    pub hours: u64,
    /// Workers who come to each node in an hour.
    pub sign_ups: u64,
    /// They come in groups of this size.
    pub group: (u64, u64),
    /// Over this time, milliseconds.
    pub group_ms: u64,
    /// Jobs that the agencies import for a region in an hour, and their seats.
    pub jobs: u64,
    pub seats: (u64, u64),
    /// Jobs created at a node in an hour.
    pub births: u64,
    /// Per hundred sign-ups: cancellations, repetitions of an earlier request, raised caps.
    pub cancels: u64,
    pub repeats: u64,
    pub raises: u64,
    /// Per hundred sign-ups: caps set anew, up or down, and jobs closed.
    pub caps: u64,
    pub closes: u64,
    /// Per hundred sign-ups: check-ins, no-shows and dismissals at a gate.
    pub gates: u64,
    /// Per hundred sign-ups: workers who look at their sign-up again, at any node of the region.
    pub reads: u64,
    /// Of a hundred imported jobs: those whose rights are reclaimed from a lost node.
    pub reclaims: u64,
    /// Times in a run that the hub's disk is lost and an older backup takes its place.
    pub hub_restores: u64,
    /// Minutes that a cut lasts.
    pub cut_minutes: (u64, u64),
    pub faults: Faults,
    /// Each seed switches each kind of fault off with one half.
    pub swarm: bool,
    /// Every second node, and the hub towards the others, is of a later version with fields and frames unknown here.
    pub mixed_versions: bool,
    /// The nodes' disks say that a sync was done and do nothing.
    pub lying_sync: bool,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            name: String::new(),
            about: String::new(),
            regions: 2,
            nodes_per_region: 2,
            hours: 8,
            sign_ups: 72,
            group: (8, 40),
            group_ms: 400,
            jobs: 8,
            seats: (1, 40),
            births: 1,
            cancels: 6,
            repeats: 4,
            raises: 1,
            caps: 1,
            closes: 1,
            gates: 0,
            reads: 6,
            reclaims: 30,
            hub_restores: 0,
            cut_minutes: (1, 20),
            faults: Faults::default(),
            swarm: true,
            mixed_versions: false,
            lying_sync: false,
        }
    }
}

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../scenarios/", $name, ".toml")))),*]
    };
}

/// The scenarios that come with the program.
const SHIPPED: &[(&str, &str)] = shipped![
    "bad-disk",
    "birth-while-cut",
    "carried",
    "clock-skew",
    "commute-rush",
    "copied-node",
    "hostile-node",
    "hot-job",
    "hub-outage",
    "hub-restored",
    "lost-node",
    "mixed-versions",
    "split-region",
    "swizzle-clog",
    "wait-list",
];

/// All scenarios that come with the program, by name.
pub fn shipped() -> anyhow::Result<Vec<Scenario>> {
    SHIPPED.iter().map(|(name, text)| parse(name, text)).collect()
}

/// The scenario of a name, or of a TOML file.
pub fn find(name: &str) -> anyhow::Result<Scenario> {
    if let Some((name, text)) = SHIPPED.iter().find(|(known, _)| *known == name) {
        return parse(name, text);
    }
    if Path::new(name).extension().is_none_or(|extension| extension != "toml") {
        let names: Vec<_> = SHIPPED.iter().map(|(name, _)| *name).collect();
        bail!("no scenario {name}; there are {}, or give a TOML file", names.join(", "));
    }
    let text = std::fs::read_to_string(name).with_context(|| format!("cannot read {name}"))?;
    parse(name, &text)
}

/// Reads a scenario, and refuses what no world could have.
pub fn parse(name: &str, text: &str) -> anyhow::Result<Scenario> {
    let mut scenario: Scenario =
        toml::from_str(text).with_context(|| format!("scenario {name} is not valid"))?;
    name.clone_into(&mut scenario.name);
    scenario.check().with_context(|| format!("scenario {name} is not valid"))?;
    Ok(scenario)
}

/// Strikes of one kind of fault per node and hour: more, and nothing else happens.
const RATE_MAX: f64 = 60.0;

impl Scenario {
    fn check(&self) -> anyhow::Result<()> {
        let nodes = self.regions.saturating_mul(self.nodes_per_region);
        ensure!((1..=16).contains(&nodes), "regions x nodes_per_region: 1 to 16 nodes, not {nodes}");
        ensure!((1..=240).contains(&self.hours), "hours: 1 to 240, not {}", self.hours);
        ensure!(self.sign_ups <= 10_000, "sign_ups: at most 10000 per node and hour, not {}", self.sign_ups);
        ensure!(self.jobs <= 1_000 && self.births <= 1_000, "jobs and births: at most 1000 in an hour");
        for (name, (least, most), first, last) in [
            ("seats", self.seats, 1, 10_000),
            ("group", self.group, 1, 1_000),
            ("cut_minutes", self.cut_minutes, 0, 24 * 60),
        ] {
            ensure!(
                first <= least && least <= most && most <= last,
                "{name} = [{least}, {most}]: least and most, {first} to {last}"
            );
        }
        for (name, percent) in [
            ("cancels", self.cancels),
            ("repeats", self.repeats),
            ("raises", self.raises),
            ("caps", self.caps),
            ("closes", self.closes),
            ("gates", self.gates),
            ("reads", self.reads),
            ("reclaims", self.reclaims),
        ] {
            ensure!(percent <= 100, "{name}: of a hundred, not {percent}");
        }
        ensure!(self.hub_restores <= 20, "hub_restores: at most 20 in a run, not {}", self.hub_restores);
        let mut faults = self.faults;
        for (name, rate) in faults.rates() {
            ensure!(
                (0.0..=RATE_MAX).contains(rate),
                "faults.{name}: 0 to {RATE_MAX} per node and hour, not {rate}"
            );
        }
        Ok(())
    }

    /// The scenario's faults as one seed meets them: with a swarm, each kind is on or off, and weaker or stronger.
    #[must_use]
    pub fn faults_of(&self, random: &mut Random) -> Faults {
        let mut faults = self.faults;
        for (_, rate) in faults.rates() {
            let factor = [0.0, 0.0, 0.5, 1.0, 2.0, 3.0][random.index(6)];
            if self.swarm {
                *rate *= factor;
            }
        }
        faults
    }
}
