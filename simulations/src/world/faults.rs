//! What goes wrong: power, disks, lines, clocks, copies; and how operators set things right.

use super::{Happening, World, hub::Command, node::DATABASE, node::Machine, note, orders::Order};
use crate::{
    disk::{self, Effect, Operation},
    picture::Mark,
    schedule::Act,
    witness_file::WITNESS,
};
use std::collections::{BTreeMap, BTreeSet};
use sync_protocol::ids::JobId;

impl World {
    pub(crate) fn count_fault(&mut self, act: &Act) {
        if let Some((fault, node)) = act.fault() {
            *self.tally.faults.entry(fault).or_default() += 1;
            let nodes = u32::try_from(self.machines.len()).unwrap_or(u32::MAX);
            match node {
                Some(node) => self.tally.fault(self.machines[node].number, self.now),
                None => (1..=nodes).for_each(|number| self.tally.fault(number, self.now)),
            }
            note!(self, "fault: {act:?}");
            let at = self.now;
            self.trace.mark(|| Mark::Fault { at, lane: node.map(|node| node + 1), what: fault });
        }
    }

    pub(crate) fn strike(&mut self, act: &Act) {
        match *act {
            Act::Cut { node, way, ms } => self.cut(node, way, ms),
            Act::Reset { node } => {
                if let Some(number) = self.machines[node].line.connection {
                    self.hub_leaves(number, "reset");
                    self.node_leaves(number, "reset");
                }
            }
            Act::Crash { node, ms } => {
                disk::with(self.machines[node].disk, disk::Disk::power_off);
                self.goes_down(node, ms);
            }
            Act::Kill { node, ms } => self.kill(node, ms),
            Act::CrashAtWrite { node, after, sync, ms } => {
                self.machines[node].line.down_for_ms = ms;
                let (on, after) = if sync { (Operation::Sync, after / 8) } else { (Operation::Write, after) };
                disk::with(self.machines[node].disk, |disk| disk.order(on, after, Effect::PowerCut));
            }
            Act::HubCrash { after, ms } => self.crash_hub(after, ms),
            Act::HubEio { on, after } => {
                disk::with(self.hub.disk, |disk| disk.order(on.into(), after, Effect::Eio));
            }
            Act::HubDiskFull { spare, ms } => self.fill_hub(spare, ms),
            Act::HubClock { jump } => self.hub.clock.jump(jump, self.now),
            Act::HubBackup => self.back_up_hub(),
            Act::HubRestore { ms } => self.restore_hub(ms),
            Act::Eio { node, on, after } => {
                disk::with(self.machines[node].disk, |disk| disk.order(on.into(), after, Effect::Eio));
            }
            Act::DiskFull { node, spare, ms } => {
                disk::with(self.machines[node].disk, |disk| disk.fill(spare));
                self.after(ms, Happening::DiskCalm(node));
            }
            Act::SlowDisk { node, ms } => {
                self.machines[node].slow = 100;
                self.after(ms, Happening::DiskFast(node));
            }
            Act::BitFlip { node, pick } => {
                self.machines[node].is_flipped |=
                    disk::with(self.machines[node].disk, |disk| disk.flip_bit(DATABASE, pick));
            }
            Act::Backup { node } => {
                let image = disk::with(self.machines[node].disk, |disk| disk.image(|_| true));
                self.machines[node].backup = Some((self.now, image));
                self.machines[node].given_back_at_backup = self.given_back(node);
            }
            Act::Restore { node, with_witness } => self.restore(node, with_witness),
            Act::Copy { node } => self.copy(node),
            Act::Hostile { node, ms } => self.turn_hostile(node, ms),
            Act::LoseReports { node, ms } => self.machines[node].loses_reports_until = self.now + ms,
            Act::Clock { node, jump } => self.machines[node].clock.jump(jump, self.now),
            Act::Import { .. }
            | Act::RaiseCap { .. }
            | Act::SetCap { .. }
            | Act::Close { .. }
            | Act::Retire { .. }
            | Act::Lose { .. }
            | Act::GiveUp { .. }
            | Act::Carry { .. }
            | Act::CreateJob { .. }
            | Act::SignUp { .. }
            | Act::Repeat { .. }
            | Act::Cancel { .. }
            | Act::Read { .. }
            | Act::Gate { .. } => {}
        }
    }

    fn crash_hub(&mut self, after: Option<u64>, ms: u64) {
        if let Some(after) = after {
            self.hub.down_for_ms = ms;
            disk::with(self.hub.disk, |disk| disk.order(Operation::Write, after, Effect::PowerCut));
        } else {
            disk::with(self.hub.disk, disk::Disk::power_off);
            self.hub_goes_down(ms);
        }
    }

    fn fill_hub(&mut self, spare: usize, ms: u64) {
        disk::with(self.hub.disk, |disk| disk.fill(spare));
        self.after(ms, Happening::HubDiskCalm);
    }

    /// Whether a machine's disk has lost power while it was used.
    pub(crate) fn lost_power(&self, m: usize) -> bool {
        disk::with(self.machines[m].disk, |disk| disk.is_off())
    }

    /// The power of a machine is gone; it comes back after a while.
    pub(crate) fn goes_down(&mut self, m: usize, ms: u64) {
        note!(self, "machine {m} lost power");
        self.tally.power_cuts += 1;
        self.stop(m);
        disk::with(self.machines[m].disk, |disk| disk.power_on(true));
        self.after(ms.max(1_000), Happening::PowerOn(m));
    }

    fn kill(&mut self, m: usize, ms: u64) {
        note!(self, "machine {m}: the node is killed");
        self.stop(m);
        disk::with(self.machines[m].disk, |disk| disk.power_on(false));
        self.after(ms, Happening::PowerOn(m));
    }

    /// Ends a node at once: nothing that it has open is written.
    pub(crate) fn stop(&mut self, m: usize) {
        disk::with(self.machines[m].disk, disk::Disk::power_off);
        self.drop_sessions(m);
        self.forget_memory(m);
    }

    pub(crate) fn power_on(&mut self, m: usize) {
        if self.machines[m].running.is_none() {
            self.start(m);
        }
    }

    pub(crate) fn disk_calm(&self, m: usize) {
        disk::with(self.machines[m].disk, disk::Disk::calm);
    }

    pub(crate) fn hub_disk_calm(&self) {
        disk::with(self.hub.disk, disk::Disk::calm);
    }

    /// The hub's machine is gone; nodes notice by silence.
    pub(crate) fn hub_goes_down(&mut self, ms: u64) {
        note!(self, "the hub lost power");
        self.tally.power_cuts += 1;
        disk::with(self.hub.disk, disk::Disk::power_off);
        self.forget_hub();
        disk::with(self.hub.disk, |disk| disk.power_on(true));
        let open: Vec<u64> = self.connections.keys().copied().collect();
        for number in open {
            if let Some(connection) = self.connections.get_mut(&number) {
                connection.hub = None;
            }
            self.after(6_000, Happening::SideEnd(number, super::network::Side::Node));
        }
        self.after(ms, Happening::HubPowerOn);
    }

    pub(crate) fn hub_power_on(&mut self) {
        if self.hub.store.is_none() {
            self.start_hub();
        }
    }

    /// Somebody puts an older copy in place, with the old witness or without.
    fn restore(&mut self, m: usize, with_witness: bool) {
        let Some((at, image)) = self.machines[m].backup.clone() else { return };
        if self.machines[m].frozen.is_some() || self.machines[m].retired {
            return;
        }
        note!(self, "machine {m}: a copy of {at} ms is put back");
        self.fork(m);
        self.take_back(m);
        let disk = self.machines[m].disk;
        if let Some(running) = self.machines[m].running.as_mut().filter(|_| !with_witness) {
            let own = quietly(disk, || running.store.read(|tx| tx.own_heads()));
            self.machines[m].witnessed = own
                .ok()
                .map(|own| own.iter().map(|(_, head)| head.wseq).sum())
                .filter(|_| !self.machines[m].witness_lacks);
        }
        self.stop(m);
        disk::with(self.machines[m].disk, |disk| {
            disk.power_on(false);
            let replaced = |name: &str| with_witness || name != WITNESS;
            let image = image.only(replaced);
            disk.put_image(&image, replaced);
        });
        self.tally.restores += 1;
        self.after(5_000, Happening::PowerOn(m));
    }

    /// A second machine starts from a copy of a node's disk.
    fn copy(&mut self, m: usize) {
        let place = &self.machines[m];
        let has_copy = self.machines.iter().any(|other| other.copy_of == Some(m) && !other.retired);
        if !place.is_serving() || has_copy || place.copy_of.is_some() {
            return;
        }
        self.fork(m);
        let place = &self.machines[m];
        let image = disk::with(place.disk, |disk| disk.image(|_| true));
        let (number, region, writer, commit_ms) = (place.number, place.region, place.writer, place.commit_ms);
        let disk = disk::add(self.now);
        disk::with(disk, |disk| disk.put_image(&image, |_| true));
        let copy = self.machines.len();
        let boot_clock = place.boot_clock;
        let mut machine = Machine::new(number, region, disk, commit_ms);
        machine.boot_clock = boot_clock;
        (machine.writer, machine.copy_of) = (writer, Some(m));
        self.machines.push(machine);
        note!(self, "machine {copy} starts from a copy of machine {m}");
        self.tally.copies += 1;
        // Copies are mostly started where the line is bad; else the hub sees both at once.
        let ms = self.random.between(0, 1_200_000);
        self.cut(copy, crate::schedule::Way::Both, ms);
        self.start(copy);
    }

    /// From here on this incarnation may spend rights twice: at most those that are out with it.
    pub(crate) fn fork(&mut self, m: usize) {
        let writer = self.machines[m].writer;
        let jobs: Vec<_> = self.model.jobs.iter().map(|(job, facts)| (*job, facts.region)).collect();
        let Some(store) = &mut self.hub.store else {
            return self.forked_blindly(m);
        };
        let mut out = Vec::new();
        for (job, region) in jobs {
            let vshard = super::people::vshard_of(region);
            let holding = quietly(self.hub.disk, || store.read(|tx| tx.holding(vshard, job, writer)));
            if let Ok(holding) = holding {
                self.directory.returned_before.entry((writer, job)).or_insert(holding.returned);
                out.push((job, holding.out()));
            }
        }
        let (disk, region) = (self.machines[m].disk, self.machines[m].region);
        if let Some(running) = &mut self.machines[m].running {
            for (job, out) in &mut out {
                let vshard = super::people::vshard_of(region);
                let own = quietly(disk, || running.store.read(|tx| tx.node_job(vshard, *job)));
                if let Ok(Some((seats, _))) = own {
                    *out = (*out).max(seats.granted - seats.returned);
                }
            }
        }
        for (job, out) in out {
            if let Some(facts) = self.model.jobs.get_mut(&job) {
                facts.excess += out;
            }
        }
        self.directory.forked.entry(writer).or_insert(self.now);
    }

    /// Rights that a node has given back of each of its region's jobs.
    fn given_back(&mut self, m: usize) -> BTreeMap<JobId, u32> {
        let place = &mut self.machines[m];
        let (disk, region) = (place.disk, place.region);
        let vshard = super::people::vshard_of(region);
        let Some(running) = &mut place.running else { return BTreeMap::new() };
        let read = quietly(disk, || running.store.read(|tx| tx.node_jobs(vshard)));
        read.unwrap_or_default().into_iter().map(|(job, seats, _)| (job, seats.returned)).collect()
    }

    /// An older disk knows nothing of what was given back since it was kept: those rights can be spent once more.
    fn take_back(&mut self, m: usize) {
        let writer = self.machines[m].writer;
        let now = self.given_back(m);
        // Empty where the copy was made of a machine that was down: then all counts that was ever given back.
        let then = std::mem::take(&mut self.machines[m].given_back_at_backup);
        let jobs: BTreeSet<JobId> = now.keys().chain(then.keys()).copied().collect();
        for job in jobs {
            let before = then.get(&job).copied().unwrap_or(0);
            let known = self.directory.returned_before.entry((writer, job)).or_insert(before);
            *known = before.min(*known);
            let since = now.get(&job).copied().unwrap_or(u32::MAX).saturating_sub(before);
            if let Some(facts) = self.model.jobs.get_mut(&job) {
                facts.excess += since.min(facts.cap);
            }
        }
    }

    /// The hub cannot be asked what is out: all of a job may be.
    fn forked_blindly(&mut self, m: usize) {
        let writer = self.machines[m].writer;
        for facts in self.model.jobs.values_mut() {
            facts.excess += facts.cap;
        }
        self.directory.forked.entry(writer).or_insert(self.now);
    }

    /// An operator gives a frozen machine a new incarnation and an empty disk; a copy is taken away.
    pub(crate) fn rejoin(&mut self, m: usize) {
        if self.machines[m].frozen.is_none() || self.machines[m].retired {
            return;
        }
        self.stop(m);
        disk::with(self.machines[m].disk, |disk| disk.power_on(false));
        let old = self.machines[m].writer;
        if self.machines[m].copy_of.is_some() {
            note!(self, "machine {m}, a copy, is taken away");
            self.machines[m].retired = true;
            return;
        }
        let vshard = super::people::vshard_of(self.machines[m].region);
        let is_settled = self.standing_of(vshard, old) == Some(sync_protocol::seats::Standing::Settled);
        if !is_settled {
            self.directory.forked.entry(old).or_insert(self.now);
            // As at a join: a copy of the old disk may have a session.
            self.ends_sessions(old, "its node joined anew");
            let (cause, detail) = (sync_store::FenceCause::Replaced, "it joined again".to_owned());
            self.tell_hub(Command::Order(Order::End { writer: old, vshard, cause, detail }));
        }
        disk::with(self.machines[m].disk, disk::Disk::wipe);
        self.machines[m].frozen = None;
        self.machines[m].is_flipped = false;
        self.machines[m].backup = None;
        self.machines[m].is_honest_again();
        self.enrol(m);
        self.tally.sometimes("a node joined anew under its next incarnation");
        self.start(m);
    }

    /// Ends all faults and starts what is down.
    pub(crate) fn heal(&mut self) {
        note!(self, "everything heals");
        self.healing = true;
        self.hub_disk_calm();
        self.hub.clock = super::node::Clock::default();
        self.hub_power_on();
        for m in 0..self.machines.len() {
            self.disk_calm(m);
            if self.machines[m].is_hostile() {
                // What its owner dropped on the way is asked for again by the next session.
                self.strike(&Act::Reset { node: m });
            }
            let place = &mut self.machines[m];
            (place.slow, place.loses_reports_until) = (1, 0);
            place.is_honest_again();
            place.clock = super::node::Clock::default();
            place.line.heal();
            for direction in [super::network::Direction::ToHub, super::network::Direction::ToNode] {
                self.after(0, Happening::Heal(m, direction));
            }
            self.after(1_000, Happening::PowerOn(m));
            if self.machines[m].frozen.is_some() {
                self.after(2_000, Happening::Rejoin(m));
            }
        }
    }
}

/// Reads without meeting ordered faults, so that checks do not use them up.
pub(crate) fn quietly<T>(disk: usize, work: impl FnOnce() -> T) -> T {
    disk::with(disk, |disk| disk.is_watched = true);
    let done = work();
    disk::with(disk, |disk| disk.is_watched = false);
    done
}
