//! One state of a small world: the hub, and for each node what it is, what the hub has of it and what is under way between.

use super::{
    instance::{Budget, Instance},
    log::Log,
};
use sync_protocol::seats::{EndReason, HubHolding, HubJob, NodeJob, SeatState, Standing, receipt_stands};

/// Most nodes of an instance.
pub(super) const NODES_MAX: usize = 3;
/// Sign-ups that a node can have in a run.
pub(super) const SLOTS: usize = 2;
/// Most messages under way in one direction.
pub(super) const MESSAGES_MAX: usize = 2;

/// Sign-ups of one node by slot.
pub type Seats = [Option<SeatState>; SLOTS];

/// The whole of a small world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    pub hub: Hub,
    pub sites: [Site; NODES_MAX],
}

/// What the hub has of the job as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hub {
    /// `None` until a born job is reported.
    pub job: Option<HubJob>,
    /// The holding of the hub's own virtual node, the heir of settled and reclaimed ones.
    pub own: HubHolding,
    pub left: Budget,
}

/// One node, the hub's view of it, and the messages between the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Site {
    pub node: Node,
    pub view: View,
    /// Reports under way: the node's log as it was when it was sent.
    pub up: [Option<Log>; MESSAGES_MAX],
    pub down: [Option<Row>; MESSAGES_MAX],
}

/// A node's own disk, and what a worker may hold of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Node {
    pub job: NodeJob,
    pub seats: Seats,
    /// The part of its log that is not yet agreed on.
    pub log: Log,
    /// What the agreed part of the log gave back.
    pub base: u8,
    pub frozen: bool,
    /// Its log is complete.
    pub finished: bool,
    pub backup: Option<Backup>,
    /// Its disk went back, and it has not met the hub since.
    pub restored: bool,
    /// Accepted since its disk went back and before it met the hub: the excess that is stated as the honest limit.
    pub copied: [bool; SLOTS],
    /// Receipts that the disk forgot and that still count.
    pub forgotten: u8,
}

/// An earlier state of a node's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    pub job: NodeJob,
    pub seats: Seats,
    pub log: Log,
}

/// What the hub has of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    pub holding: HubHolding,
    pub standing: Standing,
    pub reclaimed: bool,
    pub seats: Seats,
    /// The part of the node's log that is merged, behind the part that both agree on.
    pub log: Log,
    /// Ends that were asked for.
    pub ends: [Option<EndReason>; SLOTS],
    pub recall_keep: Option<u8>,
}

/// What the hub tells a node: the rows of the job and of the node's holding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub granted: u32,
    pub open: bool,
    pub ends: [Option<EndReason>; SLOTS],
    pub recall_keep: Option<u8>,
}

impl State {
    /// The state in which all worlds of an instance begin.
    pub fn initial(instance: &Instance) -> Self {
        let born_later = instance.budget.births > 0;
        let job = (!born_later).then(|| HubJob::new(instance.cap, instance.policy));
        let mut site = Site::default();
        site.node.job.policy = instance.policy;
        Self { hub: Hub { job, own: HubHolding::default(), left: instance.budget }, sites: [site; NODES_MAX] }
    }

    /// Rights of the job that are out, counted here and not by what is to be proven.
    pub fn out(&self) -> u32 {
        let own = self.hub.own.granted - self.hub.own.returned;
        own + self
            .sites
            .iter()
            .map(|site| site.view.holding.granted - site.view.holding.returned)
            .sum::<u32>()
    }

    /// Sign-ups that the hub knows to be live and that nobody asked to end.
    pub fn confirmed(&self) -> u32 {
        let mut count = 0;
        for view in self.sites.iter().map(|site| &site.view) {
            for slot in 0..SLOTS {
                count += u32::from(view.seats[slot] == Some(SeatState::Live) && view.ends[slot].is_none());
            }
        }
        count
    }

    /// All holdings of the job, the hub's own last.
    pub fn holdings(&self) -> [HubHolding; NODES_MAX + 1] {
        let [a, b, c] = &self.sites;
        [a.view.holding, b.view.holding, c.view.holding, self.hub.own]
    }
}

impl Site {
    /// Whether the rights of this incarnation went to the hub's own node.
    pub fn handed_over(&self) -> bool {
        self.view.reclaimed || self.view.standing == Standing::Settled
    }

    /// Whether the receipt for a slot is valid and counts against the cap.
    pub fn stands(&self, slot: usize) -> bool {
        let here = self.node.seats[slot] == Some(SeatState::Live);
        if !self.handed_over() {
            return here && !self.node.copied[slot];
        }
        match self.view.seats[slot] {
            Some(state) => state == SeatState::Live,
            None => here && receipt_stands(self.view.reclaimed, false),
        }
    }

    /// What the hub would tell this node.
    pub fn row(&self, job: &HubJob) -> Row {
        Row {
            granted: self.view.holding.granted,
            open: job.open,
            ends: self.view.ends,
            recall_keep: self.view.recall_keep,
        }
    }

    /// Whether a row would change something at this node at once. Asked of the production functions, so that a message which
    /// a bug makes harmful is never taken for a repetition.
    pub fn moves(&self, row: &Row) -> bool {
        self.obeys(row, self.node.job.live)
    }

    /// Whether a row can change something at this node, now or when its live sign-ups have ended.
    pub fn can_move(&self, row: &Row) -> bool {
        self.moves(row) || self.obeys(row, 0)
    }

    fn obeys(&self, row: &Row, live: u32) -> bool {
        let mut learnt = self.node.job;
        learnt.learn(row.granted, !row.open);
        let ends = (0..SLOTS).any(|slot| row.ends[slot].is_some() && !is_over(self.node.seats[slot]));
        if learnt != self.node.job || ends {
            return true;
        }
        learnt.live = live;
        row.recall_keep.is_some_and(|keep| learnt.recalled(row.granted, u32::from(keep), 0) > 0)
    }

    /// Lets go of what can have no effect any more: the agreed part of the logs, and messages that only repeat.
    pub fn tidy(&mut self, merges: bool) {
        if self.handed_over() && !merges {
            self.up = [None; MESSAGES_MAX];
        }
        if self.node.finished {
            self.down = [None; MESSAGES_MAX];
            self.node.backup = None;
        }
        for at in 0..MESSAGES_MAX {
            if self.up[at].is_some_and(|log| log.len() <= self.view.log.len()) {
                self.up[at] = None;
            }
            if self.down[at].is_some_and(|row| !self.can_move(&row)) {
                self.down[at] = None;
            }
        }
        let mut common = self.node.log.common(self.view.log);
        if let Some(backup) = &self.node.backup {
            common = common.min(backup.log.len());
        }
        for log in self.up.iter().flatten() {
            common = common.min(log.common(self.node.log));
        }
        if common > 0 {
            self.forget(common);
        }
    }

    fn forget(&mut self, common: u32) {
        self.node.base += self.node.log.prefix(common).gives_back();
        self.node.log = self.node.log.after(common);
        self.view.log = self.view.log.after(common);
        if let Some(backup) = &mut self.node.backup {
            backup.log = backup.log.after(common);
        }
        for log in self.up.iter_mut().flatten() {
            *log = log.after(common);
        }
    }

    /// The same with the two sign-ups exchanged.
    #[must_use]
    pub fn swapped(mut self) -> Self {
        self.node.seats.swap(0, 1);
        self.node.copied.swap(0, 1);
        self.node.log = self.node.log.swapped();
        if let Some(backup) = &mut self.node.backup {
            backup.seats.swap(0, 1);
            backup.log = backup.log.swapped();
        }
        self.view.seats.swap(0, 1);
        self.view.ends.swap(0, 1);
        self.view.log = self.view.log.swapped();
        for log in self.up.iter_mut().flatten() {
            *log = log.swapped();
        }
        for row in self.down.iter_mut().flatten() {
            row.ends.swap(0, 1);
        }
        self
    }
}

/// Whether a sign-up has ended.
pub(super) fn is_over(state: Option<SeatState>) -> bool {
    matches!(state, Some(SeatState::Cancelled | SeatState::Bumped))
}
