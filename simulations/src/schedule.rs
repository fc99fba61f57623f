//! What people and the world do in one seed: an explicit list of operations, drawn before the run.
//!
//! The list is part of each trace. A run needs nothing else, so that a list can be thinned and run again.

use crate::{
    disk::Operation,
    random::Random,
    scenario::{Faults, Scenario},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const SECOND: u64 = 1_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;

/// Faults per hour from which a kind is no rarity in a seed.
const FREQUENT: f64 = 0.3;
/// Number of the mildest kind.
const RESET: u64 = 5;

/// Which direction of a line is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    Both,
    ToHub,
    ToNode,
}

/// Where a clock jumps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Jump {
    To1970,
    Ahead400Days,
    Back1Hour,
    Stuck,
    Right,
}

/// What becomes of a file on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    Whole,
    LostOut,
    LostBack,
    /// The hub reads it twice, and both answers go back.
    Twice,
    /// The answer lies about for long.
    LateBack,
}

/// One thing that somebody does or that happens. `pick` chooses among what there is at that moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    Import {
        region: usize,
        seats: u32,
        reclaim: bool,
    },
    RaiseCap {
        region: usize,
        pick: u64,
        by: u32,
    },
    SetCap {
        region: usize,
        pick: u64,
        cap: u32,
        bump: bool,
    },
    Close {
        region: usize,
        pick: u64,
    },
    /// An operator ends the node's incarnation; the node closes its logs.
    Retire {
        node: usize,
    },
    /// The machine is gone with its disk; an empty one takes its place.
    Lose {
        node: usize,
    },
    /// A node loses its line, and an operator ends its incarnation and takes back what its jobs allow; it lives.
    GiveUp {
        node: usize,
        ms: u64,
    },
    /// Somebody takes the node's session to the hub in a file, and the answer back: so long each way.
    Carry {
        node: usize,
        ms: u64,
        fate: Fate,
    },
    CreateJob {
        node: usize,
        seats: u32,
    },
    SignUp {
        node: usize,
        worker: u64,
        pick: u64,
    },
    Repeat {
        node: usize,
        pick: u64,
    },
    Cancel {
        pick: u64,
        /// At another node than the one that answered: the wish is passed on to whoever holds the place.
        #[serde(default)]
        elsewhere: bool,
    },
    /// A worker looks at a sign-up again, at any node of the region.
    Read {
        pick: u64,
    },
    /// The agency says at one of the region's nodes of a place that its worker came, or that he did not.
    Gate {
        pick: u64,
    },
    Cut {
        node: usize,
        way: Way,
        ms: u64,
    },
    Reset {
        node: usize,
    },
    Crash {
        node: usize,
        ms: u64,
    },
    Kill {
        node: usize,
        ms: u64,
    },
    CrashAtWrite {
        node: usize,
        after: u64,
        sync: bool,
        ms: u64,
    },
    HubCrash {
        after: Option<u64>,
        ms: u64,
    },
    HubEio {
        on: On,
        after: u64,
    },
    HubDiskFull {
        spare: usize,
        ms: u64,
    },
    HubClock {
        jump: Jump,
    },
    /// `dayshift hub backup` is run at the hub.
    HubBackup,
    /// The hub's disk is lost; its last backup takes the place after a while, and a new history begins.
    HubRestore {
        ms: u64,
    },
    Eio {
        node: usize,
        on: On,
        after: u64,
    },
    DiskFull {
        node: usize,
        spare: usize,
        ms: u64,
    },
    SlowDisk {
        node: usize,
        ms: u64,
    },
    BitFlip {
        node: usize,
        pick: u64,
    },
    Backup {
        node: usize,
    },
    Restore {
        node: usize,
        with_witness: bool,
    },
    Copy {
        node: usize,
    },
    /// Whoever has the node forges, repeats, drops and mangles what it sends.
    Hostile {
        node: usize,
        ms: u64,
    },
    /// What a node reports gets lost on its way through something between it and the line.
    LoseReports {
        node: usize,
        ms: u64,
    },
    Clock {
        node: usize,
        jump: Jump,
    },
}

/// Which operation of the disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    Read,
    Write,
    Sync,
}

impl From<On> for Operation {
    fn from(on: On) -> Self {
        match on {
            On::Read => Self::Read,
            On::Write => Self::Write,
            On::Sync => Self::Sync,
        }
    }
}

/// An operation at its virtual time, milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub at: u64,
    #[serde(flatten)]
    pub act: Act,
}

/// Draws the operations of a seed, in order of time.
#[must_use]
pub fn draw(scenario: &Scenario, seed: u64) -> Vec<Step> {
    let mut drawing = Drawing {
        scenario,
        random: Random::new(seed, 1),
        steps: Vec::new(),
        workers: 0,
        asked_after: BTreeMap::new(),
    };
    let nodes = index(scenario.regions * scenario.nodes_per_region);
    for region in 0..index(scenario.regions) {
        drawing.agencies(region);
    }
    for node in 0..nodes {
        for hour in 0..scenario.hours {
            drawing.workers(node, hour);
        }
    }
    drawing.faults(nodes);
    drawing.steps.sort_by_key(|step| step.at);
    drawing.steps
}

struct Drawing<'a> {
    scenario: &'a Scenario,
    random: Random,
    steps: Vec<Step>,
    workers: u64,
    /// When workers ask at each node.
    asked_after: BTreeMap<usize, BTreeSet<u64>>,
}

fn after(times: &BTreeSet<u64>, at: u64) -> u64 {
    times.range(at..).next().copied().unwrap_or(at)
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Drawing<'_> {
    fn add(&mut self, at: u64, act: Act) {
        self.steps.push(Step { at, act });
    }

    fn seats(&mut self) -> u32 {
        let (low, high) = self.scenario.seats;
        u32::try_from(self.random.between(low, high)).unwrap_or(1)
    }

    fn agencies(&mut self, region: usize) {
        for hour in 0..self.scenario.hours {
            for n in 0..self.scenario.jobs {
                // The first jobs are there when the doors open.
                let at = if hour == 0 && n < 3 { SECOND } else { hour * HOUR + self.random.below(HOUR) };
                let seats = self.seats();
                let reclaim = self.random.chance(self.scenario.reclaims * 10);
                self.add(at, Act::Import { region, seats, reclaim });
            }
        }
    }

    fn workers(&mut self, node: usize, hour: u64) {
        let scenario = self.scenario;
        let hour_at = hour * HOUR + if hour == 0 { 10 * SECOND } else { 0 };
        let mut left = scenario.sign_ups;
        while left > 0 {
            let group = self.random.between(scenario.group.0, scenario.group.1).min(left);
            left -= group;
            let at = hour_at + self.random.below(HOUR - 30 * SECOND);
            // A group mostly wants the same job.
            let wanted = self.random.bits();
            // One at a time through the door, or all in the moment in which a list goes up.
            let within = [scenario.group_ms, 40, 5][self.random.index(3)].min(scenario.group_ms);
            for _ in 0..group {
                self.workers += 1;
                // Now and then somebody comes who was there before.
                let worker =
                    if self.random.chance(30) { self.random.below(self.workers) } else { self.workers };
                let pick = if self.random.chance(700) { wanted } else { self.random.bits() };
                let at = at + self.random.below(within + 1);
                self.add(at, Act::SignUp { node, worker, pick });
            }
        }
        for (percent, kind) in [
            (scenario.cancels, 0),
            (scenario.repeats, 1),
            (scenario.raises, 2),
            (scenario.caps, 3),
            (scenario.closes, 4),
            (scenario.gates, 5),
            (scenario.reads, 6),
        ] {
            for _ in 0..(scenario.sign_ups * percent).div_ceil(100) {
                let at = hour_at + self.random.below(HOUR - 30 * SECOND);
                let pick = self.random.bits();
                let region = node / index(scenario.nodes_per_region);
                let by = u32::try_from(self.random.between(1, 4)).unwrap_or(1);
                let act = match kind {
                    0 => Act::Cancel { pick, elsewhere: self.random.chance(300) },
                    1 => Act::Repeat { node, pick },
                    3 => {
                        let cap = u32::try_from(self.random.between(1, scenario.seats.1)).unwrap_or(1);
                        Act::SetCap { region, pick, cap, bump: self.random.chance(500) }
                    }
                    4 => Act::Close { region, pick },
                    5 => Act::Gate { pick },
                    6 => Act::Read { pick },
                    _ => Act::RaiseCap { region, pick, by },
                };
                self.add(at, act);
            }
        }
        for _ in 0..scenario.births {
            let at = hour_at + self.random.below(HOUR - 30 * SECOND);
            let seats = self.seats();
            self.add(at, Act::CreateJob { node, seats });
        }
    }

    /// Times at which something of a rate (per hour) happens.
    fn times(&mut self, rate: f64) -> Vec<u64> {
        let mut times = Vec::new();
        if rate <= 0.0 {
            return times;
        }
        #[expect(clippy::cast_precision_loss, reason = "an hour in milliseconds is exact")]
        let mean = HOUR as f64 / rate;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive and far below 2^63"
        )]
        let next = |random: &mut Random| random.spread(mean) as u64;
        let end = self.scenario.hours * HOUR;
        let mut at = 20 * SECOND + next(&mut self.random);
        while at < end {
            times.push(at);
            at += next(&mut self.random) + 1;
        }
        times
    }

    fn faults(&mut self, nodes: usize) {
        let faults = self.scenario.faults_of(&mut self.random);
        for step in &self.steps {
            if let Act::SignUp { node, .. } = step.act {
                self.asked_after.entry(node).or_default().insert(step.at);
            }
        }
        for node in 0..nodes {
            let rates = [
                (faults.crash, 0),
                (faults.crash_at_write, 1),
                (faults.kill, 2),
                (faults.cut, 3),
                (faults.one_way_cut, 4),
                (faults.reset, RESET),
                (faults.eio, 6),
                (faults.disk_full, 7),
                (faults.slow_disk, 8),
                (faults.bit_flip, 9),
                (faults.restore, 10),
                (faults.copy, 11),
                (faults.clock, 12),
                (faults.retire, 13),
                (faults.lose, 14),
                (faults.hostile, 15),
                (faults.give_up, 16),
                (faults.carry, 17),
                (faults.lost_reports, 18),
            ];
            for (rate, kind) in rates {
                for at in self.times(rate) {
                    self.fault(node, at, kind);
                }
            }
            self.no_quiet_hour(node, &rates);
        }
        for at in self.times(faults.hub_crash) {
            let all = self.asked_after.values().flatten().copied().collect();
            let at = after(&all, at) + self.random.below(60);
            let after = self.random.chance(700).then(|| self.random.below(400));
            let ms = self.random.between(2 * SECOND, 5 * MINUTE);
            self.add(at, Act::HubCrash { after, ms });
        }
        self.faults_of_the_hub(&faults);
        for _ in 0..self.scenario.hub_restores {
            let at =
                20 * MINUTE + self.random.below((self.scenario.hours * HOUR).saturating_sub(20 * MINUTE));
            let age = self.random.between(SECOND, HOUR).min(at);
            self.add(at - age, Act::HubBackup);
            let ms = self.random.between(10 * SECOND, 10 * MINUTE);
            self.add(at, Act::HubRestore { ms });
        }
    }

    fn faults_of_the_hub(&mut self, faults: &Faults) {
        for at in self.times(faults.hub_eio) {
            let on = [On::Read, On::Write, On::Sync][self.random.index(3)];
            let after = self.random.below(200);
            self.add(at, Act::HubEio { on, after });
        }
        for at in self.times(faults.hub_disk_full) {
            let (spare, ms) = (index(self.random.below(200_000)), self.random.between(MINUTE, 5 * MINUTE));
            self.add(at, Act::HubDiskFull { spare, ms });
        }
        for at in self.times(faults.hub_clock) {
            let jump = self.jump();
            let right = at + self.random.between(MINUTE, 20 * MINUTE);
            self.add(at, Act::HubClock { jump });
            self.add(right, Act::HubClock { jump: Jump::Right });
        }
    }

    fn jump(&mut self) -> Jump {
        [Jump::To1970, Jump::Ahead400Days, Jump::Back1Hour, Jump::Stuck][self.random.index(4)]
    }

    /// An hour that chance left without a fault proves little: it gets one of the kinds that the seed knows.
    fn no_quiet_hour(&mut self, node: usize, rates: &[(f64, u64)]) {
        let mut struck = BTreeSet::new();
        for step in &self.steps {
            if step.act.fault().is_some_and(|(_, at)| at == Some(node)) {
                struck.insert(step.at / HOUR);
            }
        }
        let mut frequent: Vec<u64> =
            rates.iter().filter(|(rate, _)| *rate >= FREQUENT).map(|(_, kind)| *kind).collect();
        if frequent.is_empty() {
            frequent.push(RESET);
        }
        for hour in 0..self.scenario.hours {
            let kind = frequent[self.random.index(frequent.len())];
            if !struck.contains(&hour) {
                let at = hour * HOUR + MINUTE + self.random.below(HOUR - 2 * MINUTE);
                self.fault(node, at, kind);
            }
        }
    }

    fn fault(&mut self, node: usize, at: u64, kind: u64) {
        let random = &mut self.random;
        let down = random.between(2 * SECOND, 3 * MINUTE);
        // Power goes when it hurts: a moment after somebody asked for something.
        let at = if matches!(kind, 0 | 2) {
            self.asked_after.get(&node).map_or(at, |asked| after(asked, at))
        } else {
            at
        };
        let random = &mut self.random;
        let at = if matches!(kind, 0 | 2) { at + random.below(9) } else { at };
        let (low, high) = self.scenario.cut_minutes;
        let cut = random.between(low * MINUTE + 500, high * MINUTE + 500);
        let act = match kind {
            0 => Act::Crash { node, ms: down },
            1 => Act::CrashAtWrite { node, after: random.below(300), sync: random.chance(300), ms: down },
            2 => Act::Kill { node, ms: down },
            3 => Act::Cut { node, way: Way::Both, ms: cut },
            4 => {
                let way = if random.chance(500) { Way::ToHub } else { Way::ToNode };
                Act::Cut { node, way, ms: cut }
            }
            RESET => Act::Reset { node },
            6 => {
                let on = [On::Read, On::Write, On::Sync][random.index(3)];
                Act::Eio { node, on, after: random.below(60) }
            }
            7 => Act::DiskFull {
                node,
                spare: index(random.below(100_000)),
                ms: random.between(MINUTE, 10 * MINUTE),
            },
            8 => Act::SlowDisk { node, ms: random.between(MINUTE, 10 * MINUTE) },
            9 => Act::BitFlip { node, pick: random.bits() },
            10 => {
                let age = random.between(MINUTE, HOUR).min(at);
                let with_witness = random.chance(600);
                self.add(at - age, Act::Backup { node });
                Act::Restore { node, with_witness }
            }
            11 => Act::Copy { node },
            13 => Act::Retire { node },
            14 => Act::Lose { node },
            15 => Act::Hostile { node, ms: random.between(MINUTE, 20 * MINUTE) },
            16 => Act::GiveUp { node, ms: random.between(MINUTE, 30 * MINUTE) },
            18 => Act::LoseReports { node, ms: random.between(MINUTE, 20 * MINUTE) },
            17 => {
                let fates =
                    [Fate::Whole, Fate::Whole, Fate::LostOut, Fate::LostBack, Fate::Twice, Fate::LateBack];
                let fate = fates[random.index(fates.len())];
                Act::Carry { node, ms: random.between(MINUTE, 20 * MINUTE), fate }
            }
            _ => {
                let jump = self.jump();
                let back = at + self.random.between(MINUTE, 20 * MINUTE);
                self.add(back, Act::Clock { node, jump: Jump::Right });
                Act::Clock { node, jump }
            }
        };
        self.add(at, act);
    }
}

impl Act {
    /// The fault counted in reports, and the node that it strikes (`None`: all).
    #[must_use]
    pub const fn fault(&self) -> Option<(&'static str, Option<usize>)> {
        Some(match self {
            Self::Import { .. }
            | Self::RaiseCap { .. }
            | Self::SetCap { .. }
            | Self::Close { .. }
            | Self::CreateJob { .. }
            | Self::SignUp { .. }
            | Self::Repeat { .. }
            | Self::Cancel { .. }
            | Self::Gate { .. }
            | Self::Read { .. }
            | Self::Backup { .. }
            | Self::HubBackup
            | Self::HubClock { jump: Jump::Right }
            | Self::Clock { jump: Jump::Right, .. } => return None,
            Self::Cut { node, way: Way::Both, .. } => ("partition", Some(*node)),
            Self::Cut { node, .. } => ("one_way_partition", Some(*node)),
            Self::Reset { node } => ("session_reset", Some(*node)),
            Self::Crash { node, .. } => ("crash", Some(*node)),
            Self::CrashAtWrite { node, .. } => ("crash_at_write", Some(*node)),
            Self::Kill { node, .. } => ("kill", Some(*node)),
            Self::HubCrash { .. } => ("hub_crash", None),
            Self::HubRestore { .. } => ("hub_restore", None),
            Self::HubEio { .. } => ("hub_io_error", None),
            Self::HubDiskFull { .. } => ("hub_disk_full", None),
            Self::HubClock { .. } => ("hub_clock_jump", None),
            Self::Eio { node, .. } => ("io_error", Some(*node)),
            Self::DiskFull { node, .. } => ("disk_full", Some(*node)),
            Self::SlowDisk { node, .. } => ("slow_disk", Some(*node)),
            Self::BitFlip { node, .. } => ("bit_flip", Some(*node)),
            Self::Restore { node, .. } => ("restore", Some(*node)),
            Self::Copy { node } => ("copy", Some(*node)),
            Self::Retire { node } => ("retired_node", Some(*node)),
            Self::Hostile { node, .. } => ("hostile_node", Some(*node)),
            Self::Lose { node } => ("lost_node", Some(*node)),
            Self::GiveUp { node, .. } => ("given_up_node", Some(*node)),
            Self::Carry { node, .. } => ("carried_file", Some(*node)),
            Self::LoseReports { node, .. } => ("lost_reports", Some(*node)),
            Self::Clock { node, .. } => ("clock_jump", Some(*node)),
        })
    }
}
