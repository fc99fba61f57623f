//! The list of jobs, and who holds the seats of one.

use std::fmt::Write;

use askama::Template;

use super::{Frame, JOBS, SHEET_PATH, State, Tab};
use crate::console::draw;

/// One job of the list.
#[derive(Debug, Clone)]
pub(crate) struct JobRow {
    /// The job's id as it stands in addresses.
    pub(crate) id: String,
    /// Its title.
    pub(crate) title: String,
    /// Its region or district.
    pub(crate) region: String,
    /// Start of the shift as shown.
    pub(crate) start: String,
    /// All places.
    pub(crate) cap: u32,
    /// Places known to be confirmed.
    pub(crate) used: u32,
    /// Rights that lie at the hub.
    pub(crate) pool: u32,
    /// People in the wait list.
    pub(crate) waiting: u32,
    /// Whether it takes people.
    pub(crate) open: bool,
    /// Whether it is made up by a program.
    pub(crate) synthetic: bool,
}

impl JobRow {
    fn href(&self) -> String {
        format!("{JOBS}/{}", self.id)
    }
}

/// The list of jobs.
#[derive(Debug, Clone, Template)]
#[template(path = "console/jobs.html")]
pub(crate) struct JobsPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// Words of the search box.
    pub(crate) q: String,
    /// Whether jobs that have ended are listed as well.
    pub(crate) with_past: bool,
    /// Jobs found, over all pages.
    pub(crate) total: u64,
    /// The jobs of this page.
    pub(crate) jobs: Vec<JobRow>,
    /// Address of the next page, where there is one.
    pub(crate) next: Option<String>,
}

impl JobsPage {
    fn tab(&self) -> Tab {
        Tab::Jobs
    }
}

/// What one node has to do with the seats of a job.
#[derive(Debug, Clone)]
pub(crate) struct NodeSeats {
    /// Name of the node.
    pub(crate) node: String,
    /// How the hub sees it.
    pub(crate) state: State,
    /// Rights granted to it since the job began.
    pub(crate) granted: u32,
    /// Rights that came back from it.
    pub(crate) returned: u32,
    /// Rights known to be used there.
    pub(crate) used: u32,
    /// Seconds since the hub last heard of it; `None` for not since this hub began.
    pub(crate) known_s: Option<u64>,
    /// What explains its figures, where something does.
    pub(crate) note: Option<String>,
}

impl NodeSeats {
    /// Returns the rights that lie there unused, as far as the hub knows.
    fn held(&self) -> u32 {
        self.granted.saturating_sub(self.returned + self.used)
    }

    fn used_words(&self) -> String {
        if self.state.is_bound() { format!("≥ {}", self.used) } else { self.used.to_string() }
    }

    fn held_words(&self) -> String {
        if self.state.is_bound() { format!("≤ {}", self.held()) } else { self.held().to_string() }
    }

    fn known(&self) -> String {
        if self.state == State::Settled {
            return "exactly".to_owned();
        }
        self.known_s.map_or_else(|| "before this hub began".to_owned(), |s| format!("{} ago", draw::age(s)))
    }

    fn used_class(&self) -> &'static str {
        if self.state == State::Fenced { "limbo" } else { "used" }
    }

    fn held_class(&self) -> &'static str {
        match self.state {
            State::Up | State::Behind | State::Settled => "held",
            State::CutOff | State::Unknown => "maybe",
            State::Fenced => "maybe-limbo",
        }
    }

    /// Draws the node's own row: used, held and returned rights, one cell each.
    fn row(&self, most: u32) -> String {
        let pitch = 320 / most.clamp(6, 320);
        let mut out = cells(self.used_class(), 0, self.used, pitch, 22);
        out += &cells(self.held_class(), self.used, self.held(), pitch, 22);
        out += &cells("back", self.used + self.held(), self.returned, pitch, 22);
        out
    }
}

fn cells(class: &str, first: u32, count: u32, pitch: u32, height: u32) -> String {
    let inset = if class.starts_with("maybe") || class == "pool" { 1 } else { 0 };
    let gap = if pitch > 6 { 2 } else { 1 };
    let width = pitch.saturating_sub(gap + 2 * inset).max(1);
    let (top, tall) = if class == "back" { (height / 2 - 3, 6) } else { (inset, height - 2 * inset) };
    let mut out = String::new();
    for cell in first..first + count {
        let x = cell * pitch + inset;
        // Writing to a String cannot fail.
        let _ = write!(out, r#"<rect class="s-{class}" x="{x}" y="{top}" width="{width}" height="{tall}"/>"#);
    }
    out
}

/// Above this many places the bar's cells would be too thin to count.
const BAR_CELLS_MAX: u32 = 200;
const BAR_WIDTH: u32 = 1376;

/// The seats of one job by node.
#[derive(Debug, Clone, Template)]
#[template(path = "console/seats.html")]
pub(crate) struct SeatsPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// The job.
    pub(crate) job: JobRow,
    /// Every node with rights of the job, by region.
    pub(crate) nodes: Vec<NodeSeats>,
    /// Confirmed sign-ups beyond what may be valid; must be 0.
    pub(crate) oversold: u32,
    /// Confirmed sign-ups beyond a cap that was lowered under them.
    pub(crate) above_cap: u32,
    /// Whether the job takes sign-ups.
    pub(crate) open: bool,
    /// Sign-ups that others than their worker's kiosk ended, latest first.
    pub(crate) endings: Vec<EndingRow>,
}

/// A sign-up that is to end or was ended.
#[derive(Debug, Clone)]
pub(crate) struct EndingRow {
    /// Its number.
    pub(crate) sign_up: String,
    /// The node that was asked to end it.
    pub(crate) holder: String,
    /// Why, in words.
    pub(crate) reason: &'static str,
    /// Wall clock as shown.
    pub(crate) asked_at: String,
    /// Whether the holder has reported it.
    pub(crate) done: bool,
}

impl SeatsPage {
    fn tab(&self) -> Tab {
        Tab::Jobs
    }

    fn out(&self) -> u32 {
        self.nodes.iter().map(|node| node.used + node.held()).sum()
    }

    /// How the cap is shared out, in words that add up.
    fn shares(&self) -> String {
        let (cap, out) = (self.job.cap, self.out());
        if out > cap {
            format!("cap {cap}, out {out}: {} more than the cap, on their way back", out - cap)
        } else {
            format!("cap {cap} = pool {} + out {out}", self.job.pool)
        }
    }

    fn known_used(&self) -> u32 {
        self.nodes.iter().map(|node| node.used).sum()
    }

    fn most_used(&self) -> u32 {
        let unseen = |node: &&NodeSeats| node.state.is_bound();
        let hidden: u32 = self.nodes.iter().filter(unseen).map(NodeSeats::held).sum();
        self.known_used() + hidden
    }

    fn widest(&self) -> u32 {
        self.nodes.iter().map(|node| node.granted).max().unwrap_or(1)
    }

    fn sums(&self) -> (u32, u32, u32) {
        let sum = |of: fn(&NodeSeats) -> u32| self.nodes.iter().map(of).sum();
        (sum(|n| n.granted), sum(|n| n.returned), sum(NodeSeats::held))
    }

    fn endings_open(&self) -> usize {
        self.endings.iter().filter(|ending| !ending.done).count()
    }

    fn has_cells(&self) -> bool {
        self.job.cap > 0 && self.job.cap <= BAR_CELLS_MAX
    }

    fn pitch(&self) -> u32 {
        (BAR_WIDTH / self.job.cap.max(1)).clamp(4, 48)
    }

    fn bar_width(&self) -> u32 {
        self.pitch() * self.job.cap
    }

    /// Draws the bar of `cap` cells: the hub's pool, then each node's used and held rights.
    fn bar(&self) -> String {
        let pitch = self.pitch();
        let mut out = cells("pool", 0, self.job.pool, pitch, 28);
        let mut at = self.job.pool;
        for node in &self.nodes {
            out += &cells(node.used_class(), at, node.used, pitch, 28);
            out += &cells(node.held_class(), at + node.used, node.held(), pitch, 28);
            at += node.used + node.held();
        }
        out
    }

    /// Returns the holders under the bar: name, start, width in the bar's units.
    fn holders(&self) -> Vec<(String, u32, u32)> {
        let pitch = self.pitch();
        let mut all = Vec::new();
        let mut at = 0;
        let pool = ("hub pool".to_owned(), self.job.pool);
        let nodes = self.nodes.iter().map(|node| (node.node.clone(), node.used + node.held()));
        for (name, count) in std::iter::once(pool).chain(nodes) {
            if count > 0 {
                let width = count * pitch;
                // A name is cut to what fits over its cells; the table below has it whole.
                let fits = usize::try_from(width / 7).unwrap_or_default();
                let label: String = format!("{name} {count}").chars().take(fits).collect();
                all.push((label, at * pitch, width.saturating_sub(4)));
                at += count;
            }
        }
        all
    }
}
