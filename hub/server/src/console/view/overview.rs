//! The overview and the table of nodes.

use std::borrow::Borrow;

use askama::Template;

use super::{Frame, INCARNATIONS, SHEET_PATH, State, Tab};
use crate::console::draw::{self, Place};

/// One node as the hub sees it.
#[derive(Debug, Clone)]
pub(crate) struct NodeRow {
    /// Name of the hall and kiosk.
    pub(crate) name: String,
    /// Region or district.
    pub(crate) region: String,
    /// Which life of its disk this is.
    pub(crate) incarnation: u64,
    /// How the hub sees it.
    pub(crate) state: State,
    /// Milliseconds from the sending of the last batch to its acknowledgement; `None` where none was sent.
    pub(crate) lag_ms: Option<u64>,
    /// Changes sent to it that it has not acknowledged, as last known; `None` before the first contact.
    pub(crate) pending: Option<u64>,
    /// Rights that lie at the node.
    pub(crate) held: u32,
    /// Rights known to be used up there.
    pub(crate) used: u32,
    /// Seconds since the last contact; `None` for not since this hub began.
    pub(crate) contact_s: Option<u64>,
    /// Seconds since a carried file of it was taken; `None` for not since this hub began.
    pub(crate) carried_s: Option<u64>,
}

impl NodeRow {
    fn lag(&self) -> String {
        match (self.lag_ms, self.state.is_bound()) {
            (Some(ms), false) => draw::lag(ms),
            _ => "not known".to_owned(),
        }
    }

    fn contact(&self) -> String {
        draw::heard(self.contact_s, self.carried_s)
    }

    fn pending(&self) -> String {
        let least = if self.state.is_bound() { "≥ " } else { "" };
        self.pending
            .map_or_else(|| "not known".to_owned(), |pending| format!("{least}{}", draw::count(pending)))
    }

    fn used(&self) -> String {
        if self.state.is_bound() { format!("≥ {}", self.used) } else { self.used.to_string() }
    }

    fn held(&self) -> String {
        if self.state.is_bound() { format!("≤ {}", self.held) } else { self.held.to_string() }
    }

    /// Returns as much of the name as fits into a cell of the map.
    fn short_name(&self) -> String {
        self.name.chars().take(8).collect()
    }

    /// Where the name stands in its cell: in the middle, or below the sign of a state.
    fn name_y(&self, place: &Place) -> f64 {
        if self.state == State::Up { place.y + 3.0 } else { place.y + 13.0 }
    }

    /// Where the sign of a state stands in its cell.
    fn sign_y(&self, place: &Place, is_above_name: impl Borrow<bool>) -> f64 {
        if *is_above_name.borrow() { place.y - 14.0 } else { place.y - 7.0 }
    }

    /// Whether its cell of the map needs light letters.
    fn is_on_dark(&self) -> bool {
        self.lag_step().is_some_and(|step| step > 2)
    }

    /// Returns the step of the lag scale from 0 to 4, for a node whose lag is known.
    fn lag_step(&self) -> Option<usize> {
        let ms = self.lag_ms.filter(|_| !self.state.is_bound())?;
        Some([500, 2_000, 10_000, 60_000].iter().filter(|edge| ms >= **edge).count())
    }
}

/// Something that happened, in words with its reason.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// Wall clock as shown, `17:41`.
    pub(crate) at: String,
    /// What happened and why.
    pub(crate) text: String,
}

/// The node that the hub has not heard for longest, among those that are not connected.
#[derive(Debug, Clone)]
pub(crate) struct Silent {
    /// Seconds since the last contact: no change that waits there is older.
    pub(crate) age_s: u64,
    /// Its name.
    pub(crate) node: String,
    /// How the hub sees it.
    pub(crate) state: State,
}

/// What is over and what waits for it, in figures.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OverCounts {
    /// Rights that stay reserved for incarnations that are over.
    pub(crate) limbo_rights: u64,
    /// Incarnations whose disk was copied or put back.
    pub(crate) copied: u64,
    /// Restored vshards that grant nothing yet.
    pub(crate) awaiting: u64,
}

/// The overview.
#[derive(Debug, Clone, Template)]
#[template(path = "console/overview.html")]
pub(crate) struct OverviewPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// Every node, by region; the order keeps each in its place.
    pub(crate) nodes: Vec<NodeRow>,
    /// Sign-ups of each of the last minutes, oldest first.
    pub(crate) sign_ups: Vec<u32>,
    /// Sign-ups reported since midnight, or since this hub began where that is later.
    pub(crate) sign_ups_today: u64,
    /// Wall clock from which those are counted, as shown.
    pub(crate) since: String,
    /// Jobs that were looked at for `oversold`.
    pub(crate) jobs: u64,
    /// Jobs with more confirmed than places; must be 0.
    pub(crate) oversold: u32,
    /// Who has been out of contact for longest.
    pub(crate) silent: Option<Silent>,
    /// Incarnations that are over.
    pub(crate) over: OverCounts,
    /// What happened, newest first.
    pub(crate) events: Vec<Event>,
}

const MAP_COLUMNS: usize = 9;

impl OverviewPage {
    fn tab(&self) -> Tab {
        Tab::Overview
    }

    fn in_state(&self, state: State) -> usize {
        self.nodes.iter().filter(|node| node.state == state).count()
    }

    fn up(&self) -> usize {
        self.in_state(State::Up)
    }

    /// Returns the states that are not in step and how many nodes are in each.
    fn others(&self) -> Vec<(State, usize)> {
        [State::Behind, State::CutOff, State::Fenced, State::Unknown]
            .into_iter()
            .map(|state| (state, self.in_state(state)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    fn tiles(&self) -> [(State, &'static str, usize); 4] {
        let tile = |state, label| (state, label, self.in_state(state));
        [
            tile(State::Up, "Up"),
            tile(State::Behind, "Behind"),
            tile(State::CutOff, "Cut off"),
            tile(State::Fenced, "Fenced"),
        ]
    }

    fn cells(&self) -> Vec<(&NodeRow, Place)> {
        let places = draw::honeycomb(self.nodes.len(), MAP_COLUMNS);
        self.nodes.iter().zip(places).collect()
    }

    fn map_box(&self) -> String {
        let (width, height) = draw::honeycomb_size(self.nodes.len(), MAP_COLUMNS);
        format!("0 0 {width:.0} {height:.0}")
    }

    /// Width of the map on the screen: few nodes stay small.
    fn map_width(&self) -> u32 {
        let columns = u32::try_from(self.nodes.len().clamp(1, MAP_COLUMNS)).unwrap_or(1);
        columns * 62
    }

    /// Whether there is room for names: one row of cells.
    fn has_names(&self) -> bool {
        self.nodes.len() <= MAP_COLUMNS
    }

    fn regions(&self) -> usize {
        let mut names: Vec<_> = self.nodes.iter().map(|node| &node.region).collect();
        names.sort_unstable();
        names.dedup();
        names.len()
    }

    fn held_cut_off(&self) -> u32 {
        let cut = |node: &&NodeRow| node.state == State::CutOff;
        self.nodes.iter().filter(cut).map(|node| node.held).sum()
    }

    fn per_minute(&self) -> String {
        draw::count(u64::from(self.sign_ups.last().copied().unwrap_or_default()))
    }
}

/// The table of nodes.
#[derive(Debug, Clone, Template)]
#[template(path = "console/nodes.html")]
pub(crate) struct NodesPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// Every node, by region.
    pub(crate) nodes: Vec<NodeRow>,
}

impl NodesPage {
    fn tab(&self) -> Tab {
        Tab::Nodes
    }

    fn up(&self) -> usize {
        self.nodes.iter().filter(|node| node.state == State::Up).count()
    }
}
