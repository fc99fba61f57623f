//! View models of the console pages, one struct a page, each an askama template.
//!
//! Every struct holds a [`Frame`]; `render()` gives the whole page. What the hub cannot know of a
//! cut-off node is shown as a bound or as last reported, never as zero.

mod incarnations;
mod overview;
mod problem;
mod seats;
mod sync;

use askama::filters::Safe;

pub(crate) use self::{
    incarnations::{AwaitingRow, IncarnationsPage, LimboRow, OverRow},
    overview::{Event, NodeRow, NodesPage, OverCounts, OverviewPage, Silent},
    problem::ProblemPage,
    seats::{EndingRow, JobRow, JobsPage, NodeSeats, SeatsPage},
    sync::{PeerRow, SyncPage},
};

/// The style sheet of all console pages, to be served at [`SHEET_PATH`].
pub(crate) const SHEET: &str = include_str!("../../assets/console.css");
/// Address at which the style sheet is served.
pub(crate) const SHEET_PATH: &str = "/assets/console.css";
/// Address of the overview.
pub(crate) const OVERVIEW: &str = "/";
/// Address of the table of nodes.
pub(crate) const NODES: &str = "/nodes";
/// Address of the sync peers.
pub(crate) const SYNC: &str = "/sync";
/// Address of the incarnations that are over.
pub(crate) const INCARNATIONS: &str = "/incarnations";
/// Address of the list of jobs (`q`, `page`); the seats of one job follow after a slash.
pub(crate) const JOBS: &str = "/jobs";

/// A page of the console as its head names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    /// The overview.
    Overview,
    /// The table of nodes.
    Nodes,
    /// The sync peers.
    Sync,
    /// Incarnations that are over.
    Incarnations,
    /// Jobs and their seats.
    Jobs,
    /// No page of the head.
    Elsewhere,
}

impl Tab {
    const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Overview, "Overview", OVERVIEW),
        (Self::Nodes, "Nodes", NODES),
        (Self::Sync, "Sync", SYNC),
        (Self::Incarnations, "Incarnations", INCARNATIONS),
        (Self::Jobs, "Jobs and seats", JOBS),
    ];
}

/// What every page shows around its content.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Name of this hub.
    pub(crate) hub: String,
    /// Wall clock as shown, with its zone, `17:42:08 UTC`: every figure is read as the page is asked for.
    pub(crate) clock: String,
    /// Seconds after which the page asks for itself again.
    pub(crate) refresh_s: u32,
    /// Whether jobs that the page shows are made up by a program for a demonstration.
    pub(crate) synthetic: bool,
}

impl Frame {
    /// Name of the zone of every time that is shown.
    fn zone(&self) -> &str {
        self.clock.rsplit_once(' ').map_or("", |(_, zone)| zone)
    }

    fn tabs(&self) -> [(Tab, &'static str, &'static str); 5] {
        Tab::ALL
    }
}

/// How the hub sees a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Connected and in step.
    Up,
    /// Connected, with changes that wait for too long.
    Behind,
    /// No contact.
    CutOff,
    /// Its incarnation is over.
    Fenced,
    /// Its incarnation is over and its whole log is here.
    Settled,
    /// Never heard of since this hub started.
    Unknown,
}

impl State {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Up | Self::Settled => "ok",
            Self::Behind => "behind",
            Self::CutOff => "cut",
            Self::Fenced => "fenced",
            Self::Unknown => "unknown",
        }
    }

    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Up => "in step",
            Self::Behind => "behind",
            Self::CutOff => "cut off",
            Self::Fenced => "fenced",
            Self::Settled => "settled",
            Self::Unknown => "not heard yet",
        }
    }

    /// Draws the state's shape in its colour; the word stands beside it.
    pub(crate) fn sign(&self) -> Safe<String> {
        let name = self.name();
        Safe(format!(r##"<svg class="g {name}" aria-hidden="true"><use href="#{name}"/></svg>"##))
    }

    /// Returns whether the hub's figures of such a node are bounds only.
    pub(crate) fn is_bound(&self) -> bool {
        matches!(self, Self::CutOff | Self::Fenced | Self::Unknown)
    }
}
