//! Incarnations that are over: why, what is reserved for them, and what an operator can do.

use super::{Frame, JOBS, SHEET_PATH, State, Tab};
use crate::console::draw;
use askama::Template;
use sync_store::FenceCause;

/// An incarnation that is over.
#[derive(Debug, Clone)]
pub(crate) struct OverRow {
    /// Name of the node.
    pub(crate) name: String,
    /// Its number.
    pub(crate) node: u32,
    /// Which life of it is over.
    pub(crate) incarnation: u16,
    /// Its whole log is here and nothing is reserved any more.
    pub(crate) is_settled: bool,
    /// Why it was fenced.
    pub(crate) cause: FenceCause,
    /// What was seen, or what the operator wrote.
    pub(crate) detail: String,
    /// Wall clock as shown.
    pub(crate) since: String,
    /// Rights that stay reserved for it.
    pub(crate) reserved: u64,
}

impl OverRow {
    fn is_alarm(&self) -> bool {
        self.cause == FenceCause::Copied
    }

    fn standing(&self) -> &'static str {
        self.sign().word()
    }

    fn sign(&self) -> State {
        if self.is_settled { State::Settled } else { State::Fenced }
    }

    fn cause_words(&self) -> &'static str {
        match self.cause {
            FenceCause::Retired => "ended by an operator or by itself",
            FenceCause::Replaced => "the node joined again",
            FenceCause::Copied => "copied or restored disk",
            FenceCause::Violation => "reported what no honest node can",
        }
    }

    /// What there is to do, in words.
    fn what_to_do(&self) -> &'static str {
        if self.is_settled {
            return "Nothing: its seats are with the hub, its unused rights are free again.";
        }
        match self.cause {
            FenceCause::Retired | FenceCause::Replaced => {
                "Let its box reach the hub once more: its whole log settles it. A disk without its box:"
            }
            FenceCause::Copied => {
                "Take every box with this disk out of service, keep the disks, and let the hall join anew. One of the disks counts, \
                 by an operator's word:"
            }
            FenceCause::Violation => "Keep its disk for whoever looks into it, and let the hall join anew.",
        }
    }

    /// The command that ends it with a disk.
    fn import(&self) -> Option<&'static str> {
        if self.is_settled {
            return None;
        }
        match self.cause {
            FenceCause::Retired | FenceCause::Replaced => Some("dayshift hub import-node-disk FOLDER"),
            FenceCause::Copied => Some("dayshift hub import-node-disk FOLDER --this-is-the-one"),
            FenceCause::Violation => None,
        }
    }

    /// The command for jobs whose policy allows it, where no disk is left.
    fn reclaim(&self) -> Option<String> {
        (!self.is_settled && self.reserved > 0).then(|| format!("dayshift node reclaim {}", self.node))
    }
}

/// Rights to a job that stay reserved.
#[derive(Debug, Clone)]
pub(crate) struct LimboRow {
    /// The job's id.
    pub(crate) job: String,
    /// Its title.
    pub(crate) title: String,
    /// Its start as shown.
    pub(crate) start: String,
    /// Whether it has started, with which the rights are of no use to anybody.
    pub(crate) has_started: bool,
    /// Name and number of the incarnation.
    pub(crate) holder: String,
    /// Granted to it and not known to be returned.
    pub(crate) reserved: u32,
    /// Of those, known to be used.
    pub(crate) used: u32,
    /// Whether no log of it settles it before an operator says which one counts.
    pub(crate) needs_a_choice: bool,
    /// Whether the job's policy lets a command bring them back.
    pub(crate) can_be_reclaimed: bool,
}

impl LimboRow {
    fn href(&self) -> String {
        format!("{JOBS}/{}", self.job)
    }

    fn ends(&self) -> &'static str {
        match (self.has_started, self.needs_a_choice, self.can_be_reclaimed) {
            (true, _, _) => "ended with the job's start",
            (false, false, true) => "with the log, by reclaim, or with the start",
            (false, false, false) => "with the log, or with the start",
            (false, true, true) => "with the disk that counts, by reclaim, or with the start",
            (false, true, false) => "with the disk that counts, or with the start",
        }
    }
}

/// A restored vshard that grants nothing yet.
#[derive(Debug, Clone)]
pub(crate) struct AwaitingRow {
    /// Its number.
    pub(crate) vshard: u16,
    /// The history that the restore began.
    pub(crate) history: u16,
    /// Names of the nodes that have to tell what they hold.
    pub(crate) nodes: Vec<String>,
}

/// The incarnations that are over.
#[derive(Debug, Clone, Template)]
#[template(path = "console/incarnations.html")]
pub(crate) struct IncarnationsPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// Fenced ones first.
    pub(crate) over: Vec<OverRow>,
    /// Rights that stay reserved, by the start of their job.
    pub(crate) limbo: Vec<LimboRow>,
    /// Restored vshards that wait.
    pub(crate) awaiting: Vec<AwaitingRow>,
}

impl IncarnationsPage {
    fn tab(&self) -> Tab {
        Tab::Incarnations
    }

    fn fenced(&self) -> usize {
        self.over.iter().filter(|over| !over.is_settled).count()
    }

    fn copied(&self) -> usize {
        self.over.iter().filter(|over| over.is_alarm()).count()
    }

    fn reserved(&self) -> String {
        draw::rights(self.limbo.iter().map(|row| u64::from(row.reserved)).sum::<u64>())
    }
}
