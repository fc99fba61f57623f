//! The simulated world: one hub, its nodes, their disks, lines and clocks, on one thread in virtual time.
//!
//! Everything that decides is production code: `edge_core`, `hub_core`, the session machines, SQLite. What the servers do
//! around it (queues, group commit, back-off) is repeated in [`node`], [`hub`] and [`network`] in the same order: commit,
//! witness, answer.

mod agenda;
mod carried;
pub(crate) mod faults;
mod greeting;
mod hub;
mod network;
pub(crate) mod node;
pub(crate) mod orders;
mod passed_on;
pub(crate) mod people;
mod readers;
mod restored;
mod scheduler;
mod strangers;

use crate::{
    checks::{Checked, LiveSeats},
    disk,
    model::{Model, Violation},
    picture::Mark,
    random::Random,
    scenario::Scenario,
    schedule::{HOUR, MINUTE, Step},
    tally::Tally,
    trace::Trace,
    vfs,
};
use agenda::{Agenda, Happening};
use ed25519_dalek::{SigningKey, VerifyingKey};
use hub::Hub;
use network::Connection;
use node::Machine;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};
use sync_protocol::{
    ids::{JobId, TenantId, TopicId, VshardId, Writer},
    wire::v1::Interest,
};

use sync_store::FenceCause;

/// Epoch seconds at which every world begins.
pub(crate) const EPOCH: i64 = 1_800_000_000;
pub(crate) const REGIONS: [&str; 4] = ["hangzhou", "new-york", "ningbo", "suzhou"];

/// Which incarnations there are, as the hub's control file says.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    pub(crate) incarnations: BTreeMap<u32, u16>,
    pub(crate) regions: BTreeMap<u32, usize>,
    /// Why an incarnation may report nothing any more.
    pub(crate) fenced: BTreeMap<Writer, String>,
    pub(crate) keys: BTreeMap<Writer, VerifyingKey>,
    /// Honest incarnations that an operator ended: their logs are merged once they are whole.
    pub(crate) over: BTreeMap<Writer, FenceCause>,
    /// Rights that were reclaimed from a lost incarnation: nobody sells them any more under its name.
    pub(crate) reclaimed: BTreeSet<(Writer, JobId)>,
    /// Incarnations that went on from an older state of themselves: their unreported answers may be gone or given twice.
    pub(crate) forked: BTreeMap<Writer, u64>,
    /// Rights that such an incarnation had given back by then: what it gives back later, its copy can still use.
    pub(crate) returned_before: BTreeMap<(Writer, JobId), u32>,
}

/// See the module's own words.
pub struct World {
    pub(crate) scenario: Scenario,
    pub(crate) now: u64,
    pub(crate) agenda: Agenda,
    steps: Vec<Step>,
    pub(crate) random: Random,
    pub(crate) machines: Vec<Machine>,
    pub(crate) hub: Hub,
    pub(crate) connections: BTreeMap<u64, Connection>,
    pub(crate) next_connection: u64,
    pub(crate) directory: Directory,
    pub(crate) model: Model,
    pub(crate) tally: Tally,
    pub(crate) trace: Trace,
    pub(crate) violation: Option<Violation>,
    pub(crate) live_seats: LiveSeats,
    pub(crate) checked: Checked,
    pub(crate) readers: readers::Readers,
    pub(crate) healing: bool,
    pub(crate) hub_backup: Option<restored::Backup>,
    /// The highest history that was begun out of a backup; 0 before the first.
    pub(crate) hub_history: u16,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("now", &self.now).finish_non_exhaustive()
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    pub hash: u64,
    pub violation: Option<Violation>,
    pub tally: Tally,
    pub lines: Vec<(u64, String)>,
    /// What there is to draw where the lines are kept, and the names of the lanes.
    pub marks: Vec<Mark>,
    pub lanes: Vec<String>,
}

/// Notes in the trace what happened.
macro_rules! note {
    ($world:expr, $($words:tt)*) => {
        $world.trace.note($world.now, format_args!($($words)*))
    };
}
pub(crate) use note;

/// Runs one seed's steps to the end and heals everything. What the cores assert ends in a violation too.
#[must_use]
pub fn run(scenario: &Scenario, seed: u64, steps: Vec<Step>, keeps_lines: bool) -> Outcome {
    vfs::register();
    disk::clear();
    let mut world = World::new(scenario, seed, steps, keeps_lines);
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.live()));
    if let Err(payload) = ended {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned();
        note!(world, "panic: {text}");
        world.violation.get_or_insert(Violation { kind: "panic", text });
    }
    if let Some(violation) = world.violation.clone() {
        note!(world, "violation: {}: {}", violation.kind, violation.text);
    }
    world.finish()
}

impl World {
    fn new(scenario: &Scenario, seed: u64, steps: Vec<Step>, keeps_lines: bool) -> Self {
        // Disk 0 takes what SQLite spills.
        disk::add(seed);
        let mut random = Random::new(seed, 2);
        let mut hub = Hub::new(disk::add(seed), random.between(3, 30));
        hub.boot_clock = node::BootClock::drifting(&mut random);
        let mut world = Self {
            scenario: scenario.clone(),
            now: 0,
            agenda: Agenda::default(),
            steps,
            random,
            machines: Vec::new(),
            hub,
            connections: BTreeMap::new(),
            next_connection: 0,
            directory: Directory::default(),
            model: Model::new(usize::try_from(scenario.regions).unwrap_or(1)),
            tally: Tally::default(),
            trace: Trace::new(keeps_lines),
            violation: None,
            live_seats: LiveSeats::new(),
            checked: Checked::default(),
            readers: readers::Readers::default(),
            healing: false,
            hub_backup: None,
            hub_history: 0,
        };
        let nodes = scenario.regions * scenario.nodes_per_region;
        for n in 0..nodes {
            let region = usize::try_from(n / scenario.nodes_per_region).unwrap_or(0);
            let disk = disk::add(seed);
            disk::with(disk, |disk| disk.lies = scenario.lying_sync);
            let number = u32::try_from(n + 1).unwrap_or(u32::MAX);
            let commit_ms = node::COMMIT_MS[world.random.index(node::COMMIT_MS.len())];
            let mut machine = Machine::new(number, region, disk, commit_ms);
            machine.boot_clock = node::BootClock::drifting(&mut world.random);
            world.machines.push(machine);
            world.enrol(world.machines.len() - 1);
        }
        world
    }

    /// Gives a machine its next incarnation.
    pub(crate) fn enrol(&mut self, machine: usize) {
        let place = &mut self.machines[machine];
        let incarnation = self.directory.incarnations.entry(place.number).or_insert(0);
        *incarnation += 1;
        let writer = Writer::new(place.number, *incarnation);
        place.writer = writer;
        self.directory.regions.insert(place.number, place.region);
        self.directory.keys.insert(writer, SigningKey::from_bytes(&key_of(writer)).verifying_key());
    }

    fn live(&mut self) {
        self.start_hub();
        for machine in 0..self.machines.len() {
            self.start(machine);
        }
        for (index, step) in self.steps.iter().enumerate() {
            self.agenda.add(step.at, Happening::Step(index));
        }
        let end = self.scenario.hours * HOUR;
        self.run_until(end);
        if self.violation.is_none() {
            self.heal();
            self.run_until(end + 15 * MINUTE);
        }
        if self.violation.is_none() {
            self.check_rest();
        }
    }

    fn run_until(&mut self, end: u64) {
        while let Some((at, happening)) = self.agenda.next_before(end) {
            self.now = at;
            self.happen(happening);
            if self.violation.is_some() {
                return;
            }
        }
        self.now = end;
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Step(index) => {
                let act = self.steps[index].act.clone();
                self.act(&act);
            }
            Happening::NodeTurn(machine, boot) => self.node_turn(machine, boot),
            Happening::NodeDone(machine, boot, replies) => self.node_done(machine, boot, replies),
            Happening::AskTimeout(machine, boot, sign_up) => self.ask_timed_out(machine, boot, sign_up),
            Happening::HubTurn(boot) => self.hub_turn(boot),
            Happening::HubDone(boot, settled) => self.hub_done(boot, settled),
            Happening::SchedulerTick(boot) => self.scheduler_tick(boot),
            Happening::ClockDue(boot) => self.look_at_the_clock(boot),
            Happening::Checkpoint(boot) => self.hub_checkpoint(boot),
            Happening::TryConnect(machine, boot) => self.try_connect(machine, boot),
            Happening::Connected(machine, boot) => self.connected(machine, boot),
            Happening::Frame(connection, direction, bytes) => self.frame(connection, direction, bytes),
            Happening::SessionTimer(connection) => self.session_timer(connection),
            Happening::SideEnd(connection, side) => self.side_ended(connection, side),
            Happening::Silence(machine, direction) => self.silence(machine, direction),
            Happening::Heal(machine, direction) => self.line_heals(machine, direction),
            Happening::PowerOn(machine) => self.power_on(machine),
            Happening::HubPowerOn => self.hub_power_on(),
            Happening::DiskCalm(machine) => self.disk_calm(machine),
            Happening::HubDiskCalm => self.hub_disk_calm(),
            Happening::DiskFast(machine) => self.machines[machine].slow = 1,
            Happening::Rejoin(machine) => self.rejoin(machine),
            Happening::Again(request) => self.try_again(request),
            Happening::EndDue(writer) => self.end_due(writer),
            Happening::LeaseOver(writer) => self.lease_over(writer),
            Happening::LeaseDue(connection) => self.lease_due(connection),
            Happening::FileAtHub(machine, file, ms, fate) => self.file_at_hub(machine, file, ms, fate),
            Happening::FileAtNode(machine, file) => self.file_at_node(machine, &file),
        }
    }

    /// A promise was broken: the run ends here.
    pub(crate) fn fail(&mut self, kind: &'static str, text: String) {
        self.violation.get_or_insert(Violation { kind, text });
    }

    pub(crate) fn take(&mut self, result: Result<(), Violation>) {
        if let Err(violation) = result {
            self.violation.get_or_insert(violation);
        }
    }

    fn finish(self) -> Outcome {
        let Self { trace, violation, mut tally, model, machines, hub, .. } = self;
        tally.answers = model.answers;
        tally.excess = model.excess_seen;
        let name = |(n, machine): (usize, &Machine)| match machine.copy_of {
            Some(of) => format!("machine {n}, a copy of {of}"),
            None => format!("machine {n}, node {}", machine.number),
        };
        let lanes = std::iter::once("hub".to_owned()).chain(machines.iter().enumerate().map(name)).collect();
        drop((machines, hub));
        tally.take_disks();
        let hash = trace.hash();
        let (lines, marks) = trace.into_lines();
        Outcome { hash, violation, tally, lines, marks, lanes }
    }

    pub(crate) fn after(&mut self, ms: u64, happening: Happening) {
        self.agenda.add(self.now + ms, happening);
    }

    /// What a node of a region may see.
    pub(crate) fn interest(region: usize) -> Interest {
        let (topic, vshard) = topic_of(region);
        Interest { topics: vec![(topic.0, tenant_of(region).0, vshard.0)], tenants: Vec::new() }
    }
}

/// The log key of an incarnation: any 32 bytes that belong to it alone.
pub(crate) fn key_of(writer: Writer) -> [u8; 32] {
    let mut key = [7; 32];
    key[..6].copy_from_slice(&writer.to_bytes());
    key
}

pub(crate) fn tenant_of(region: usize) -> TenantId {
    TenantId(u32::try_from(region).unwrap_or(0) + 1)
}

pub(crate) fn topic_of(region: usize) -> (TopicId, VshardId) {
    let topic = TopicId::of(tenant_of(region), REGIONS[region % REGIONS.len()], 0);
    (topic, VshardId::of(topic))
}
