//! What is going to happen, in order of virtual time and, at the same time, in order of its planning.

use super::{
    hub::Settled,
    network::{Direction, Side},
    node::Reply,
};
use crate::{model::RequestNo, schedule::Fate};
use std::{cmp::Reverse, collections::BinaryHeap};
use sync_protocol::ids::{SignUpId, Writer};

/// One thing that will happen. `boot` numbers make what belongs to an earlier life of a machine void.
#[derive(Debug)]
pub(crate) enum Happening {
    Step(usize),
    NodeTurn(usize, u64),
    NodeDone(usize, u64, Vec<Reply>),
    AskTimeout(usize, u64, SignUpId),
    HubTurn(u64),
    HubDone(u64, Vec<Settled>),
    SchedulerTick(u64),
    ClockDue(u64),
    Checkpoint(u64),
    TryConnect(usize, u64),
    Connected(usize, u64),
    Frame(u64, Direction, Vec<u8>),
    SessionTimer(u64),
    SideEnd(u64, Side),
    Silence(usize, Direction),
    Heal(usize, Direction),
    PowerOn(usize),
    HubPowerOn,
    DiskCalm(usize),
    HubDiskCalm,
    DiskFast(usize),
    Rejoin(usize),
    Again(RequestNo),
    /// An operator sees whether the end of an incarnation was carried out.
    EndDue(Writer),
    LeaseOver(Writer),
    LeaseDue(u64),
    /// A node's file comes to the hub, after so many milliseconds on the way.
    FileAtHub(usize, Vec<u8>, u64, Fate),
    FileAtNode(usize, Vec<u8>),
}

struct Due {
    at: u64,
    number: u64,
    happening: Happening,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// The queue of all that will happen.
#[derive(Default)]
pub(crate) struct Agenda {
    due: BinaryHeap<Reverse<Due>>,
    numbers: u64,
}

impl Agenda {
    pub(crate) fn add(&mut self, at: u64, happening: Happening) {
        self.numbers += 1;
        self.due.push(Reverse(Due { at, number: self.numbers, happening }));
    }

    /// Takes the next happening before `end`.
    pub(crate) fn next_before(&mut self, end: u64) -> Option<(u64, Happening)> {
        if self.due.peek().is_none_or(|due| due.0.at >= end) {
            return None;
        }
        self.due.pop().map(|Reverse(due)| (due.at, due.happening))
    }
}
