//! What can happen in a small world, and how it is called.

use super::{
    instance::Instance,
    state::{MESSAGES_MAX, SLOTS, Site, State},
};
use std::fmt;
use sync_protocol::{
    mutant::{self, Mutant},
    seats::{EndReason, Excess, LossPolicy, SeatState, Standing},
};

/// One step. Nodes, slots and messages are numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Grant { node: u8 },
    Recall { node: u8, keep: u8 },
    AskEnd { node: u8, slot: u8, reason: EndReason },
    EndHere { node: u8, slot: u8 },
    SetCap { cap: u8, excess: Excess },
    Close,
    Fence { node: u8 },
    Settle { node: u8 },
    Reclaim { node: u8 },
    SendRow { node: u8, message: u8 },
    RowArrives { node: u8, message: u8 },
    RowLost { node: u8, message: u8 },
    SendReport { node: u8, message: u8 },
    ReportArrives { node: u8, message: u8 },
    ReportLost { node: u8, message: u8 },
    Accept { node: u8, slot: u8 },
    Cancel { node: u8, slot: u8 },
    Return { node: u8 },
    Birth { node: u8 },
    Freeze { node: u8 },
    Finish { node: u8 },
    BackUp { node: u8 },
    GoBack { node: u8 },
    Meet { node: u8, answered: bool },
}

impl Action {
    /// Whether this ends sign-ups by their worker's wish or with a reason that the worker is told.
    pub const fn may_end(self) -> bool {
        matches!(self, Self::Cancel { .. } | Self::RowArrives { .. } | Self::EndHere { .. } | Self::Close)
    }

    /// The node that this happens at or is about.
    pub const fn node(self) -> Option<usize> {
        match self {
            Self::SetCap { .. } | Self::Close => None,
            Self::Grant { node }
            | Self::Recall { node, .. }
            | Self::AskEnd { node, .. }
            | Self::EndHere { node, .. }
            | Self::Fence { node }
            | Self::Settle { node }
            | Self::Reclaim { node }
            | Self::SendRow { node, .. }
            | Self::RowArrives { node, .. }
            | Self::RowLost { node, .. }
            | Self::SendReport { node, .. }
            | Self::ReportArrives { node, .. }
            | Self::ReportLost { node, .. }
            | Self::Accept { node, .. }
            | Self::Cancel { node, .. }
            | Self::Return { node }
            | Self::Birth { node }
            | Self::Freeze { node }
            | Self::Finish { node }
            | Self::BackUp { node }
            | Self::GoBack { node }
            | Self::Meet { node, .. } => Some(node as usize),
        }
    }
}

/// Everything that can happen next, in a fixed order.
pub fn actions(state: &State, instance: &Instance, to: &mut Vec<Action>) {
    to.clear();
    hub(state, to);
    for (node, site) in (0_u8..).zip(&state.sites[..instance.nodes]) {
        hub_about(state, instance, node, site, to);
        messages(state, instance, node, site, to);
        at_node(state, instance, node, site, to);
    }
}

fn hub(state: &State, to: &mut Vec<Action>) {
    let left = &state.hub.left;
    let Some(job) = state.hub.job.filter(|job| job.open) else { return };
    if left.closes > 0 {
        to.push(Action::Close);
    }
    if left.caps > 0 {
        for cap in 1_u8..=2 {
            if u32::from(cap) != job.cap {
                to.push(Action::SetCap { cap, excess: Excess::Keep });
            }
            if u32::from(cap) < job.cap {
                to.push(Action::SetCap { cap, excess: Excess::BumpLatest });
            }
        }
    }
}

fn hub_about(state: &State, instance: &Instance, node: u8, site: &Site, to: &mut Vec<Action>) {
    let (left, view) = (&state.hub.left, &site.view);
    let Some(job) = &state.hub.job else { return };
    let stands = view.standing == Standing::Live;
    if left.grants > 0 && stands {
        to.push(Action::Grant { node });
    }
    let idle = view.holding.granted.saturating_sub(view.holding.returned + view.holding.live);
    let owed = if job.open { job.owed(state.out()) } else { 0 };
    let keep = |take: u32| u8::try_from(idle - idle.min(take)).unwrap_or(0);
    if stands && left.recalls > 0 && job.open && view.recall_keep.is_none() {
        to.push(Action::Recall { node, keep: 0 });
    }
    if stands && owed > 0 && idle > 0 && view.recall_keep != Some(keep(owed)) {
        to.push(Action::Recall { node, keep: keep(owed) });
    }
    let over = job.open && job.over(state.confirmed()) > 0;
    for slot in 0..SLOTS {
        let (seat, number) = (view.seats[slot], u8::try_from(slot).unwrap_or(0));
        let live = seat == Some(SeatState::Live);
        let ask = |reason| Action::AskEnd { node, slot: number, reason };
        if live && site.handed_over() {
            to.push(Action::EndHere { node, slot: number });
        } else if view.ends[slot].is_none() && stands {
            if over && live {
                to.push(ask(EndReason::CapLowered));
            }
            if left.ends > 0 && (live || seat.is_none()) {
                to.push(ask(EndReason::Duplicate));
            }
            if left.ends > 0 && live {
                to.push(ask(EndReason::Worker));
            }
        }
    }
    if left.fences > 0 && stands {
        to.push(Action::Fence { node });
    }
    if view.standing == Standing::Fenced
        && site.node.finished
        && !view.reclaimed
        && instance.budget.fences > 0
    {
        to.push(Action::Settle { node });
    }
    let fences = instance.budget.fences > 0 && instance.policy == LossPolicy::Reclaim;
    if fences && !view.reclaimed && view.standing.may_reclaim(true) {
        to.push(Action::Reclaim { node });
    }
}

fn messages(state: &State, instance: &Instance, node: u8, site: &Site, to: &mut Vec<Action>) {
    // A restored node meets the hub before anything else is said; who is fenced is not spoken to.
    let known = site.view.standing == Standing::Live || mutant::is(Mutant::FencedMerged);
    let spoken = known && !site.node.restored;
    let row = state.hub.job.map(|job| site.row(&job)).filter(|row| spoken && site.can_move(row));
    let report = Some(site.node.log).filter(|log| spoken && *log != site.view.log);
    let (mut row, mut report) = (row.filter(|_| !site.node.finished), report.filter(|log| !log.is_empty()));
    // A second copy of a message that is under way changes nothing.
    row = row.filter(|row| !site.down.contains(&Some(*row)));
    report = report.filter(|log| !site.up.contains(&Some(*log)));
    for at in 0..instance.messages.min(MESSAGES_MAX) {
        let message = u8::try_from(at).unwrap_or(0);
        match site.down[at] {
            Some(_) => {
                to.push(Action::RowArrives { node, message });
                to.push(Action::RowLost { node, message });
            }
            None => to.extend(row.take().map(|_| Action::SendRow { node, message })),
        }
        match site.up[at] {
            Some(_) => {
                if site.view.standing.merges() {
                    to.push(Action::ReportArrives { node, message });
                }
                to.push(Action::ReportLost { node, message });
            }
            None => to.extend(report.take().map(|_| Action::SendReport { node, message })),
        }
    }
}

fn at_node(state: &State, instance: &Instance, node: u8, site: &Site, to: &mut Vec<Action>) {
    let (left, here) = (&state.hub.left, &site.node);
    if left.births > 0 && state.hub.job.is_none() {
        to.push(Action::Birth { node });
    }
    if here.finished {
        return;
    }
    for (slot, seat) in (0_u8..).zip(here.seats) {
        match seat {
            None => to.push(Action::Accept { node, slot }),
            Some(SeatState::Live) => to.push(Action::Cancel { node, slot }),
            Some(_) => {}
        }
    }
    if here.job.granted > here.job.returned + here.job.live {
        to.push(Action::Return { node });
    }
    if site.view.standing == Standing::Fenced && !here.frozen && instance.budget.fences > 0 {
        to.push(Action::Freeze { node });
    }
    if instance.budget.fences > 0 && (here.frozen || left.fences > 0) {
        to.push(Action::Finish { node });
    }
    if instance.budget.restores > 0 {
        if left.restores > 0
            && here.backup.is_none()
            && !state.sites.iter().any(|site| site.node.backup.is_some())
        {
            to.push(Action::BackUp { node });
        }
        if here.backup.is_some() {
            to.push(Action::GoBack { node });
        }
        if here.restored {
            to.push(Action::Meet { node, answered: true });
            to.push(Action::Meet { node, answered: false });
        }
    }
}

/// Names a sign-up: the first of node 2 is `s2.1`.
fn name(node: u8, slot: u8) -> String {
    format!("s{}.{}", node + 1, slot + 1)
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = |node: u8| node + 1;
        match *self {
            Self::Grant { node } => write!(f, "the hub grants 1 right to node {}", n(node)),
            Self::Recall { node, keep } => {
                write!(f, "the hub recalls idle rights of node {} down to {keep}", n(node))
            }
            Self::AskEnd { node, slot, reason } => {
                write!(f, "the hub asks node {} to end {} ({})", n(node), name(node, slot), reason.as_str())
            }
            Self::EndHere { node, slot } => {
                write!(f, "the hub itself ends {}, which it inherited", name(node, slot))
            }
            Self::SetCap { cap, excess: Excess::Keep } => write!(f, "the cap is set to {cap}"),
            Self::SetCap { cap, excess: Excess::BumpLatest } => {
                write!(f, "the cap is set to {cap}, the latest are bumped")
            }
            Self::Close => write!(f, "the job is closed"),
            Self::Fence { node } => write!(f, "the hub fences node {}", n(node)),
            Self::Settle { node } => write!(f, "the whole log of node {} settles it", n(node)),
            Self::Reclaim { node } => {
                write!(f, "the lease is over: the hub reclaims the rights of node {}", n(node))
            }
            Self::SendRow { node, .. } => write!(f, "the hub sends its row to node {}", n(node)),
            Self::RowArrives { node, .. } => write!(f, "the row arrives at node {}", n(node)),
            Self::RowLost { node, .. } => write!(f, "the row to node {} is lost", n(node)),
            Self::SendReport { node, .. } => write!(f, "node {} sends its report", n(node)),
            Self::ReportArrives { node, .. } => {
                write!(f, "the report of node {} arrives at the hub", n(node))
            }
            Self::ReportLost { node, .. } => write!(f, "the report of node {} is lost", n(node)),
            Self::Accept { node, slot } => write!(f, "node {} confirms {}", n(node), name(node, slot)),
            Self::Cancel { node, slot } => {
                write!(f, "the worker cancels {} at node {}", name(node, slot), n(node))
            }
            Self::Return { node } => write!(f, "node {} returns 1 right", n(node)),
            Self::Birth { node } => write!(f, "the job is born at node {}", n(node)),
            Self::Freeze { node } => write!(f, "node {} hears that it is fenced", n(node)),
            Self::Finish { node } => write!(f, "node {} ends its log", n(node)),
            Self::BackUp { node } => write!(f, "the disk of node {} is backed up", n(node)),
            Self::GoBack { node } => write!(f, "the disk of node {} goes back to the backup", n(node)),
            Self::Meet { node, answered: true } => write!(f, "node {} meets the hub", n(node)),
            Self::Meet { node, answered: false } => {
                write!(f, "node {} meets the hub, whose answer is lost", n(node))
            }
        }
    }
}
