//! What runs add up to: node-hours that count, faults, answers, and rare states that were reached.

use crate::{disk, schedule::HOUR};
use std::collections::{BTreeMap, BTreeSet};
use sync_protocol::documents::Status;

/// Sign-ups that a node's hour needs to count.
pub const SIGN_UPS_OF_AN_HOUR: u32 = 60;

/// Rare states that a run of some hundred seeds over all scenarios must reach.
pub const WANTED: &[&str] = &[
    "a crash between commit and answer",
    "a commit was durable and its witness was not",
    "a batch found the disk full",
    "a batch met an I/O error",
    "a job was born while cut",
    "a sign-up was confirmed while cut",
    "a verdict was late",
    "a verdict was lost with its session",
    "a session stalled",
    "the hub believed in a session that its node had left",
    "a node believed in a session that the hub had left",
    "the hub lost power in a transaction",
    "the hub crashed between commit and answer",
    "a worker came back under the same key",
    "a repeated request was answered as before",
    "a waiting sign-up was promoted",
    "places in line were drawn",
    "a witness noticed a database that was rolled back",
    "a copied or restored node was fenced",
    "a node joined anew under its next incarnation",
    "a sign-up was bumped",
    "a cap was lowered below what was out",
    "an order that a node passed on was carried out",
    "a job was closed",
    "a retired node closed its log and was settled",
    "rights of a lost node were reclaimed",
    "a receipt that the hub did not hold became void",
    "a frame with an unknown field was read",
    "a frame of an unknown kind was passed over",
    "rights of a node that lives without a line were reclaimed",
    "a reclaim was refused because the lease may still run",
    "a carried file brought sign-ups that the hub had not known",
    "a carried answer came to a node without a line",
    "a carried answer came when the line was back",
    "a carried log settled its incarnation",
    "a report was lost within a session",
    "a report of sign-ups without rights was forged",
    "a forged report fenced its author",
    "a job of others was forged",
    "a sign-up of others was forged",
    "a sign-up was stuffed with fields",
    "a sign-up was made up without a place",
    "a hub from a backup waited for its nodes",
    "a worker was checked in",
    "a place was taken from somebody who did not come",
    "a wish to cancel was passed on to the holder",
    "a node was behind a reader's bookmark",
    "a worker read at another node what he had seen before",
];

/// Sums over one run or many.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub faults: BTreeMap<&'static str, u64>,
    pub reached: BTreeSet<&'static str>,
    pub sign_ups: u64,
    pub confirmed: u64,
    pub waiting: u64,
    pub requested: u64,
    pub refused: u64,
    pub answers: u64,
    pub excess: u64,
    pub passes: u64,
    pub power_cuts: u64,
    pub restores: u64,
    pub copies: u64,
    /// Jobs whose rights were reclaimed from a node that lived and had no line.
    pub reclaims_from_the_living: u64,
    pub torn_sectors: u64,
    pub node_hours: u64,
    hours: BTreeMap<(u32, u64), (u32, u32)>,
}

impl Tally {
    /// A rare state was reached.
    pub fn sometimes(&mut self, state: &'static str) {
        self.reached.insert(state);
    }

    /// A worker was answered for the first time.
    pub fn sign_up(&mut self, node: u32, now: u64, status: Status) {
        self.sign_ups += 1;
        match status {
            Status::Confirmed => self.confirmed += 1,
            Status::WaitListed => self.waiting += 1,
            Status::Requested => self.requested += 1,
            Status::Cancelled | Status::Bumped => {}
        }
        self.hours.entry((node, now / HOUR)).or_default().0 += 1;
    }

    /// A fault struck a node.
    pub fn fault(&mut self, node: u32, now: u64) {
        self.hours.entry((node, now / HOUR)).or_default().1 += 1;
    }

    /// Takes over what this thread's disks have counted, and counts the hours.
    pub(crate) fn take_disks(&mut self) {
        self.torn_sectors = disk::torn_sectors();
        let counts =
            self.hours.values().filter(|(sign_ups, faults)| *sign_ups >= SIGN_UPS_OF_AN_HOUR && *faults > 0);
        self.node_hours = counts.count() as u64;
        self.hours.clear();
    }

    /// Adds another run.
    pub fn add(&mut self, other: &Self) {
        for (fault, count) in &other.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        self.reached.extend(&other.reached);
        self.sign_ups += other.sign_ups;
        self.confirmed += other.confirmed;
        self.waiting += other.waiting;
        self.requested += other.requested;
        self.refused += other.refused;
        self.answers += other.answers;
        self.excess += other.excess;
        self.passes += other.passes;
        self.power_cuts += other.power_cuts;
        self.restores += other.restores;
        self.copies += other.copies;
        self.reclaims_from_the_living += other.reclaims_from_the_living;
        self.torn_sectors += other.torn_sectors;
        self.node_hours += other.node_hours;
    }
}
