//! The running stage: real processes, the people who tapped, and the comparison beside them.
//! One thread owns it; what it shows is asked from the processes anew each time.

use super::disk;
use super::excess;
use super::lww::Lww;
use super::names::name_of;
use super::snapshot::{HubState, Kiosk, Side, Snapshot, Standing, Tap, Told};
use crate::demo::api::{JobEntry, JobList, NodeList, Refused, Seats, SignUp};
use crate::demo::cluster::{Cluster, Who};
use crate::demo::people::People;
use crate::demo::wait::wait_until;
use anyhow::{Context, Error, Result, bail, ensure};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Seats of the job on the stage.
pub(crate) const SEATS: u64 = 10;
const TENANT: &str = "stage-labour";
const SEED: u64 = 20_261_122;
const DEAL_TIME_MAX: Duration = Duration::from_secs(20);
/// Long enough to be read, short enough not to be taken for what happened since.
const TROUBLE_SHOWN: Duration = Duration::from_secs(10);

/// A machine with a plug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Machine {
    Hub,
    /// 0 or 1.
    Kiosk(usize),
}

/// What the audience may do; kiosks are 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// The next person signs up.
    Tap(usize),
    /// The latest person of this kiosk who has something to give back does so.
    Cancel(usize),
    Cut(usize),
    Mend(usize),
    /// Kills the process with SIGKILL.
    Pull(Machine),
    /// Starts it again.
    Plug(Machine),
    /// Carries a file from the kiosk to the hub and the answer back, whether or not the line is cut.
    Carry(usize),
    /// Kills the node and starts it on the copy of its disk.
    OldDisk(usize),
    /// New processes, new seats.
    StartOver,
}

/// What the stage itself knows of a kiosk.
#[derive(Debug, Default)]
struct Props {
    cut_since: Option<Instant>,
    off_since: Option<Instant>,
    /// How often another disk was put in.
    disk: u32,
    /// Why the hub fenced it; it stays so while the hub is off.
    fenced: Option<String>,
    free: u64,
    /// Rights that went out to its incarnation and did not come back, as the hub said last.
    rights: u64,
    /// The hub lists it as connected.
    heard: bool,
}

/// A person with what the page does not need.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) tap: Tap,
    pub(super) id: Option<String>,
    pub(super) phone: String,
    pub(super) code: String,
    /// Which disk of the kiosk took the sign-up.
    pub(super) disk: u32,
    /// The hub has the place on its wait list; a kiosk goes on telling the place that it gave itself.
    pub(super) listed: bool,
}

/// The running stage.
#[derive(Debug)]
pub(crate) struct Play {
    cluster: Cluster,
    folder: PathBuf,
    round: u32,
    job: JobEntry,
    arrivals: People,
    people: Vec<Person>,
    props: [Props; 2],
    last_write: Lww,
    hub: HubState,
    /// The latest failure and its moment.
    trouble: Option<(String, Instant)>,
}

impl Play {
    /// Starts the processes below `folder` and deals the seats; takes about two seconds.
    pub(crate) fn begin(folder: PathBuf) -> Result<Self> {
        Self::round(folder, 1)
    }

    fn round(folder: PathBuf, round: u32) -> Result<Self> {
        let mut cluster = Cluster::new(folder.join(format!("round-{round}")), 2)?;
        cluster.begin("stage", TENANT)?;
        cluster.import_shifts(TENANT, 1, SEED, SEATS)?;
        let job = deal(&cluster)?;
        for who in Who::HANGZHOU {
            // Copied while it is off, as a disk is: a copy of a running database would be none.
            cluster.kill_node(who)?;
            disk::copy(cluster.path(cluster.node(who).name).as_ref(), kept(&cluster, who).as_ref())?;
            cluster.start_node(who)?;
        }
        cluster.wait_linked(&Who::HANGZHOU)?;
        let hub = HubState { runs: true, pool: 0, live: 0, oversold: 0, unknown: [0; 2] };
        Ok(Self {
            cluster,
            folder,
            round,
            job,
            arrivals: People::new(SEED),
            people: Vec::new(),
            props: Default::default(),
            last_write: Lww::new(SEATS),
            hub,
            trouble: None,
        })
    }

    /// Carries an order out; what failed is also shown on the page.
    pub(crate) fn obey(&mut self, order: Order) -> Result<()> {
        let outcome = match order {
            Order::Tap(kiosk) => self.tap(kiosk),
            Order::Cancel(kiosk) => self.cancel(kiosk),
            Order::Cut(kiosk) => {
                self.cut(kiosk);
                Ok(())
            }
            Order::Mend(kiosk) => {
                self.mend(kiosk);
                Ok(())
            }
            Order::Pull(machine) => self.pull(machine),
            Order::Plug(machine) => self.plug(machine),
            Order::Carry(kiosk) => self.carry(kiosk),
            Order::OldDisk(kiosk) => self.old_disk(kiosk),
            Order::StartOver => self.start_over(),
        };
        // An order that works does not wipe off why the one before failed: a run of taps would hide it at once.
        if let Err(error) = &outcome {
            self.trouble = Some((in_words(error), Instant::now()));
        }
        outcome
    }

    fn tap(&mut self, kiosk: usize) -> Result<()> {
        ensure!(self.cluster.node(who(kiosk)).runs(), "kiosk {} is off", kiosk + 1);
        self.not_fenced(kiosk)?;
        let (phone, key) = self.arrivals.next();
        let number = self.people.len() as u64 + 1;
        let body = json!({ "job": self.job.id, "phone": phone });
        let api = self.cluster.node(who(kiosk)).api()?;
        let answer = api.post::<SignUp>("/v1/sign_ups", ("Idempotency-Key", &key), &body);
        let (told, id, code) = match &answer {
            Ok(answer) => (told_by(answer), Some(answer.id.clone()), answer.code.clone()),
            Err(_) => (Told::Refused, None, String::new()),
        };
        let sold = self.people.iter().filter(|person| person.tap.last_write).count() as u64;
        let last_write = self.last_write.tap(kiosk);
        let tap = Tap {
            number,
            name: name_of(number),
            kiosk,
            told,
            known: false,
            excess: false,
            unsettled: false,
            last_write,
            last_write_excess: last_write && sold >= SEATS,
        };
        self.people.push(Person { tap, id, phone, code, disk: self.props[kiosk].disk, listed: false });
        answer.map(drop)
    }

    fn not_fenced(&self, kiosk: usize) -> Result<()> {
        ensure!(
            self.props[kiosk].fenced.is_none(),
            "kiosk {} is fenced: nobody signs up or cancels there",
            kiosk + 1
        );
        Ok(())
    }

    fn cancel(&mut self, kiosk: usize) -> Result<()> {
        self.not_fenced(kiosk)?;
        let disk = self.props[kiosk].disk;
        let holds = |person: &&mut Person| {
            let ended = matches!(person.tap.told, Told::Cancelled | Told::Refused);
            person.tap.kiosk == kiosk && person.disk == disk && !ended
        };
        let last = self.people.iter_mut().rev().find(holds);
        let person = last.with_context(|| format!("nobody at kiosk {} has a place", kiosk + 1))?;
        let id = person.id.as_deref().context("a place without a sign-up")?;
        let api = self.cluster.node(who(kiosk)).api()?;
        let path = format!("/v1/sign_ups/{id}:cancel");
        let proof = json!({ "phone": person.phone, "code": person.code });
        let answer: SignUp = api.post(&path, ("Idempotency-Key", id), &proof)?;
        person.tap.told = told_by(&answer);
        if person.tap.last_write {
            (person.tap.last_write, person.tap.last_write_excess) = (false, false);
            self.last_write.cancel(kiosk);
        }
        Ok(())
    }

    fn cut(&mut self, kiosk: usize) {
        self.cluster.node(who(kiosk)).relay.cut();
        self.props[kiosk].cut_since = Some(Instant::now());
        self.reconnect_last_write();
    }

    fn mend(&mut self, kiosk: usize) {
        self.cluster.node(who(kiosk)).relay.heal();
        self.props[kiosk].cut_since = None;
        self.reconnect_last_write();
    }

    fn pull(&mut self, machine: Machine) -> Result<()> {
        match machine {
            Machine::Hub => self.cluster.kill_hub()?,
            Machine::Kiosk(kiosk) => {
                self.cluster.kill_node(who(kiosk))?;
                self.props[kiosk].off_since = Some(Instant::now());
            }
        }
        self.reconnect_last_write();
        Ok(())
    }

    fn plug(&mut self, machine: Machine) -> Result<()> {
        match machine {
            Machine::Hub if self.cluster.hub_runs() => bail!("the hub is running"),
            Machine::Hub => self.cluster.start_hub()?,
            Machine::Kiosk(kiosk) => {
                ensure!(!self.cluster.node(who(kiosk)).runs(), "kiosk {} is running", kiosk + 1);
                self.cluster.start_node(who(kiosk))?;
                self.props[kiosk].off_since = None;
            }
        }
        self.reconnect_last_write();
        Ok(())
    }

    fn carry(&mut self, kiosk: usize) -> Result<()> {
        ensure!(self.cluster.node(who(kiosk)).runs(), "kiosk {} is off", kiosk + 1);
        ensure!(self.cluster.hub_runs(), "the hub is off");
        // Until the hub has noticed the cut it takes no file: its session with the node stands. Nobody is made to
        // wait for that; the next orders would wait as well.
        self.ask_hub()?;
        ensure!(!self.props[kiosk].heard, "the hub still believes in the line of kiosk {}", kiosk + 1);
        self.cluster.carry(who(kiosk))?;
        // The comparison's stick brings its two sides together once as well.
        self.last_write.connect(kiosk, true);
        self.reconnect_last_write();
        Ok(())
    }

    fn old_disk(&mut self, kiosk: usize) -> Result<()> {
        let node = who(kiosk);
        if self.cluster.node(node).runs() {
            self.pull(Machine::Kiosk(kiosk))?;
        }
        let folder = self.cluster.path(self.cluster.node(node).name);
        disk::put_back(kept(&self.cluster, node).as_ref(), folder.as_ref())?;
        self.props[kiosk].disk += 1;
        self.last_write.restore(kiosk, SEATS);
        self.plug(Machine::Kiosk(kiosk))
    }

    fn start_over(&mut self) -> Result<()> {
        let ended = self.cluster.folder.clone();
        *self = Self::round(self.folder.clone(), self.round + 1)?;
        std::fs::remove_dir_all(&ended).with_context(|| format!("remove {}", ended.display()))
    }

    /// The comparison has the same lines: one is down when it is cut or one of its ends is off.
    fn reconnect_last_write(&mut self) {
        for kiosk in 0..2 {
            let up = self.cluster.hub_runs() && self.cluster.node(who(kiosk)).runs();
            self.last_write.connect(kiosk, up && self.props[kiosk].cut_since.is_none());
        }
    }

    /// Asks every process how things are. One that does not answer is shown as it last was.
    pub(crate) fn look(&mut self) -> Snapshot {
        for kiosk in 0..2 {
            // A node that is just starting or stopping answers at the next look.
            drop(self.ask_kiosk(kiosk));
        }
        drop(self.ask_hub());
        self.hub.runs = self.cluster.hub_runs();
        let kiosks: Vec<Kiosk> = (0..2).map(|kiosk| self.kiosk(kiosk)).collect();
        for person in &mut self.people {
            if person.listed && person.tap.told == Told::WaitingHere {
                person.tap.told = Told::Waiting;
            }
        }
        for (place, kiosk) in kiosks.iter().enumerate() {
            let props = &self.props[place];
            excess::judge(&mut self.people, place, props.disk, kiosk.standing, props.rights);
        }
        let taps: Vec<Tap> = self.people.iter().map(|person| person.tap.clone()).collect();
        let told = |wanted: &[Told]| taps.iter().filter(|tap| wanted.contains(&tap.told)).count() as u64;
        let confirmed = told(&[Told::Confirmed]);
        let excess = taps.iter().filter(|tap| tap.excess).count() as u64;
        let sold = taps.iter().filter(|tap| tap.last_write).count() as u64;
        Snapshot {
            seats: SEATS,
            title: self.job.title.clone(),
            dayshift: Side {
                confirmed,
                waiting: told(&[Told::Waiting, Told::WaitingHere]),
                requested: told(&[Told::Requested]),
                oversold: confirmed.saturating_sub(SEATS).max(excess),
            },
            last_write: Side {
                confirmed: sold,
                waiting: 0,
                requested: 0,
                oversold: sold.saturating_sub(SEATS),
            },
            hub: self.hub.clone(),
            last_write_hub_left: self.last_write.hub.1,
            kiosks,
            taps,
            trouble: self
                .trouble
                .as_ref()
                .filter(|(_, at)| at.elapsed() < TROUBLE_SHOWN)
                .map(|(said, _)| said.clone()),
        }
    }

    fn ask_kiosk(&mut self, kiosk: usize) -> Result<()> {
        let api = self.cluster.node(who(kiosk)).api()?;
        let job: JobEntry = api.get(&format!("/v1/jobs/{}", self.job.id), &[])?;
        self.props[kiosk].free = job.seats.here;
        let disk = self.props[kiosk].disk;
        for person in &mut self.people {
            let Some(id) = &person.id else { continue };
            if person.tap.kiosk == kiosk && person.disk == disk && person.tap.told != Told::Cancelled {
                person.tap.told = told_by(&api.get(&format!("/v1/sign_ups/{id}"), &[])?);
            }
        }
        Ok(())
    }

    fn ask_hub(&mut self) -> Result<()> {
        let hub = self.cluster.hub()?;
        let seats = hub.seats(&self.job.id)?;
        let nodes: NodeList = hub.get("/v1/nodes", &[])?;
        for (kiosk, props) in self.props.iter_mut().enumerate() {
            let name = self.cluster.node(who(kiosk)).name;
            let fenced = nodes.fenced(name);
            props.fenced = fenced.or_else(|| props.fenced.take());
            props.heard = nodes.connected(name);
            let held = seats.holders.iter().filter(|holder| holder.name == name);
            props.rights = held.map(|holder| holder.granted.saturating_sub(holder.returned)).sum();
        }
        self.note_known(&seats);
        let unknown = |kiosk: usize| {
            let name = self.cluster.node(who(kiosk)).name;
            let held = seats.holders.iter().filter(|holder| holder.name == name);
            held.map(|holder| holder.granted.saturating_sub(holder.returned + holder.live)).sum()
        };
        self.hub = HubState {
            runs: true,
            pool: u64::try_from(seats.pool).unwrap_or(0),
            live: seats.live,
            oversold: seats.oversold,
            unknown: [unknown(0), unknown(1)],
        };
        Ok(())
    }

    /// Two people can have the same sign-up id when a copy of a disk gave it again. The hub counts the one whom it
    /// heard of first; before it heard of any, the one on the disk that is running, whose log it is merging.
    fn note_known(&mut self, seats: &Seats) {
        let live =
            seats.sign_ups.iter().filter(|sign_up| matches!(sign_up.state.as_str(), "live" | "confirmed"));
        let waiting = seats.sign_ups.iter().filter(|sign_up| sign_up.state == "waiting");
        let waiting: BTreeSet<&str> = waiting.map(|sign_up| sign_up.id.as_str()).collect();
        let live: BTreeSet<&str> = live.map(|sign_up| sign_up.id.as_str()).collect();
        let mut taken = BTreeSet::new();
        for person in &mut self.people {
            let Some(id) = &person.id else { continue };
            person.tap.known &= live.contains(id.as_str());
            if person.tap.known {
                taken.insert(id.clone());
            }
        }
        for person in &mut self.people {
            let Some(id) = &person.id else { continue };
            let running = person.disk == self.props[person.tap.kiosk].disk;
            if running && live.contains(id.as_str()) && taken.insert(id.clone()) {
                person.tap.known = true;
            }
            person.listed |= running && waiting.contains(id.as_str());
        }
    }

    fn kiosk(&self, kiosk: usize) -> Kiosk {
        let (node, props) = (self.cluster.node(who(kiosk)), &self.props[kiosk]);
        let status = node.status().ok();
        let up = status.as_ref().is_some_and(|status| status.link == "up");
        let pending = status.is_some_and(|status| status.pending > 0);
        let standing =
            match (node.runs(), &props.fenced, props.cut_since.is_none() && up && self.cluster.hub_runs()) {
                (false, _, _) => Standing::Off,
                (true, Some(_), _) => Standing::Fenced,
                (true, None, false) => Standing::CutOff,
                (true, None, true) if pending => Standing::Behind,
                (true, None, true) => Standing::InStep,
            };
        let since = if node.runs() { props.cut_since } else { props.off_since };
        Kiosk {
            standing,
            cut: props.cut_since.is_some(),
            seconds: since.map_or(0, |since| since.elapsed().as_secs()),
            free: props.free,
            rights: props.rights,
            old_disk: props.disk > 0,
            reason: props.fenced.clone(),
            heard: props.heard && self.cluster.hub_runs(),
            last_write_left: self.last_write.kiosks[kiosk].1,
        }
    }
}

impl NodeList {
    /// Why the node of this name is fenced, where it is.
    fn fenced(&self, name: &str) -> Option<String> {
        let node = self.nodes.iter().find(|node| node.name == name && node.state == "fenced")?;
        Some(node.reason.clone().unwrap_or_default())
    }

    /// Whether the hub has a session with the node of this name.
    fn connected(&self, name: &str) -> bool {
        self.nodes.iter().any(|node| node.name == name && matches!(node.state.as_str(), "up" | "behind"))
    }
}

/// Waits until the hub has granted rights to both kiosks and both know of them all.
fn deal(cluster: &Cluster) -> Result<JobEntry> {
    wait_until("the seats are dealt", DEAL_TIME_MAX, || {
        let list: JobList = cluster.hub()?.get("/v1/jobs", &[])?;
        let job = list.jobs.first().context("the hub has no job")?.clone();
        let seats = cluster.hub()?.seats(&job.id)?;
        let mut dealt = u64::try_from(seats.pool).unwrap_or(0);
        for who in Who::HANGZHOU {
            let entry: JobEntry = cluster.node(who).api()?.get(&format!("/v1/jobs/{}", job.id), &[])?;
            ensure!(entry.seats.here > 0, "{} has no right yet", cluster.node(who).name);
            dealt += entry.seats.here;
        }
        ensure!(dealt == SEATS, "{dealt} of {SEATS} seats are in sight");
        Ok(Some(job))
    })
}

/// What a person reads of a failure: a server's problem in its own words, without address and document.
fn in_words(error: &Error) -> String {
    error.downcast_ref::<Refused>().map_or_else(|| format!("{error:#}"), Refused::words)
}

fn kept(cluster: &Cluster, who: Who) -> String {
    cluster.path(&format!("{}-yesterday", cluster.node(who).name))
}

fn who(kiosk: usize) -> Who {
    Who::HANGZHOU[kiosk]
}

fn told_by(answer: &SignUp) -> Told {
    match answer.status.as_str() {
        "confirmed" => Told::Confirmed,
        "cancelled" | "bumped" => Told::Cancelled,
        "requested" => Told::Requested,
        _ if answer.at_this_node => Told::WaitingHere,
        _ => Told::Waiting,
    }
}
