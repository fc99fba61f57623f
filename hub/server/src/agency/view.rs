//! What the hub's pages of an agency show beside what every desk shows: as of when it is known.

use askama::{Template, filters::Safe};
use pages::agency::{
    Frame,
    view::{Day, HoursLine, Left},
};

/// As of when the hub knows what a node did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AsOf {
    Now,
    /// Last heard at this time of day.
    Since(String),
    /// Not heard since the hub began.
    BeforeStart,
    /// Its incarnation is over.
    Over,
}

impl AsOf {
    /// Whether figures of the node are bounds only.
    fn is_bound(&self) -> bool {
        *self != Self::Now
    }

    fn words(&self, f: &Frame) -> Safe<String> {
        match self {
            Self::Now => f.t("a-held-now"),
            Self::Since(at) => f.t_a("a-held-since", at),
            Self::BeforeStart => f.t("a-held-before"),
            Self::Over => f.t("a-held-over"),
        }
    }
}

/// Places of a shift at one holder.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) node: String,
    pub(super) as_of: AsOf,
    pub(super) confirmed: u32,
    pub(super) free: u32,
}

impl Held {
    fn name(&self, f: &Frame) -> Safe<String> {
        if self.node == "hub" { f.t("a-held-centre") } else { Safe(pages::escape(&self.node)) }
    }
}

/// How far what a page shows is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Nodes of the region that are not heard, and since when.
    pub(super) silent: Vec<(String, AsOf)>,
    /// Shifts beyond the limit of a page.
    pub(super) left_out: u32,
    /// Where the places of the chosen shift are.
    pub(super) held: Vec<Held>,
}

impl Known {
    /// So many more may be confirmed where nobody is heard.
    fn unheard(&self) -> u32 {
        self.held.iter().filter(|held| held.as_of.is_bound()).map(|held| held.free).sum()
    }
}

/// Shifts to post, and who comes.
#[derive(Template)]
#[template(path = "agency/hub_board.html")]
pub(super) struct BoardPage {
    pub(super) f: Frame,
    pub(super) left: Left,
    pub(super) right: Day,
    pub(super) known: Known,
}

/// Who comes, kept up to date.
#[derive(Template)]
#[template(path = "agency/hub_who.html")]
pub(super) struct WhoPage {
    pub(super) f: Frame,
    pub(super) right: Day,
    pub(super) known: Known,
}

/// The gate is at the halls.
#[derive(Template)]
#[template(path = "agency/hub_gate.html")]
pub(super) struct GatePage {
    pub(super) f: Frame,
    /// Names of the region's nodes.
    pub(super) halls: String,
}

/// The timesheet of one day.
#[derive(Template)]
#[template(path = "agency/hub_timesheet.html")]
pub(super) struct SheetPage {
    pub(super) f: Frame,
    pub(super) date: String,
    pub(super) lines: Vec<HoursLine>,
    pub(super) known: Known,
}
