//! What surrounds every page of the desk, the door, and the form of shifts: plain models, each an askama template. Words
//! come from the Fluent files.

use crate::{Lang, Words, forms::Pairs, hm, icon};
use askama::{Template, filters::Safe};
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use fluent_bundle::FluentValue;
use jiff::civil::DateTime;
use std::{borrow::Borrow, fmt};
use sync_protocol::limits::CAP_MAX;

/// What the head of a page says of the line to the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    Up,
    Cut,
    /// The page is the centre's own.
    Centre,
}

/// What surrounds every page.
#[derive(Debug, Clone)]
pub struct Frame {
    pub lang: Lang,
    /// Address of the page, which the bar marks.
    pub here: &'static str,
    pub tenant: String,
    /// The hall of a node; the hub and its region.
    pub hall: String,
    pub now: DateTime,
    pub line: Line,
    /// The region that the page is about, where the server has several; empty where it has one.
    pub region: String,
    /// The regions to choose from.
    pub regions: Vec<String>,
    /// Seconds after which the page asks for itself again.
    pub refresh_s: Option<u32>,
    /// Pages of the bar: address, and key of the name.
    pub tabs: &'static [(&'static str, &'static str)],
    pub csrf: String,
}

impl Frame {
    pub fn is_cut(&self) -> bool {
        self.line == Line::Cut
    }

    /// The page is the centre's own.
    pub fn is_centre(&self) -> bool {
        self.line == Line::Centre
    }

    pub fn is_up(&self) -> bool {
        self.line == Line::Up
    }

    pub fn words(&self) -> Words {
        Words(self.lang)
    }

    pub fn t(&self, key: &str) -> Safe<String> {
        self.words().t(key)
    }

    pub fn t_n(&self, key: &str, n: impl Borrow<u32>) -> Safe<String> {
        self.words().t_n(key, n)
    }

    pub fn t_a(&self, key: &str, a: impl AsRef<str>) -> Safe<String> {
        self.words().with(key, &[("a", FluentValue::from(a.as_ref()))])
    }

    pub fn t_ab(&self, key: &str, a: impl AsRef<str>, b: impl AsRef<str>) -> Safe<String> {
        let args = [("a", FluentValue::from(a.as_ref())), ("b", FluentValue::from(b.as_ref()))];
        self.words().with(key, &args)
    }

    pub fn t_na(&self, key: &str, n: impl Borrow<usize>, a: impl AsRef<str>) -> Safe<String> {
        let n = u32::try_from(*n.borrow()).unwrap_or(u32::MAX);
        self.words().with(key, &[("n", FluentValue::from(n)), ("a", FluentValue::from(a.as_ref()))])
    }

    pub fn t_nm(&self, key: &str, n: impl Borrow<u32>, m: impl Borrow<u32>) -> Safe<String> {
        let args = [("n", FluentValue::from(*n.borrow())), ("m", FluentValue::from(*m.borrow()))];
        self.words().with(key, &args)
    }

    /// The region as a further pair of an address. Its name is of letters that an address takes.
    pub fn and_region(&self) -> Safe<String> {
        Safe(if self.region.is_empty() { String::new() } else { format!("&amp;region={}", self.region) })
    }

    /// The region as the first pair of an address.
    pub fn only_region(&self) -> Safe<String> {
        Safe(if self.region.is_empty() { String::new() } else { format!("?region={}", self.region) })
    }

    /// Time of day, as every page writes it.
    pub fn time(&self) -> String {
        hm(&self.now)
    }

    pub fn i(&self, name: &str) -> Safe<String> {
        icon(name)
    }

    pub fn clock(&self) -> String {
        let now = &self.now;
        let args = [
            ("m", FluentValue::from(now.month())),
            ("d", FluentValue::from(now.day())),
            ("a", FluentValue::from(hm(now))),
        ];
        self.words().with("a-clock", &args).0
    }

    pub fn other_lang_name(&self) -> Safe<String> {
        Words(self.lang.next()).t("lang-short")
    }
}

/// Renders a page.
pub fn show(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be drawn");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The page in place of what failed.
#[derive(Template)]
#[template(path = "agency/trouble.html")]
pub struct TroublePage {
    pub f: Frame,
    pub said: Safe<String>,
}

/// The door.
#[derive(Template)]
#[template(path = "agency/login.html")]
pub struct LoginPage {
    pub f: Frame,
    /// Why the key was not taken.
    pub said: Option<Safe<String>>,
}

/// A cell of a row: its text, and how it looks.
#[derive(Debug)]
pub struct CellView {
    pub name: &'static str,
    pub label: &'static str,
    pub text: String,
    pub class: &'static str,
}

/// A box to tick: paid daily, meal, bed.
#[derive(Debug)]
pub struct PerkView {
    pub name: &'static str,
    pub short: &'static str,
    pub label: &'static str,
    pub is_on: bool,
    pub is_changed: bool,
}

/// One row of the form.
pub struct RowView {
    pub cells: Vec<CellView>,
    pub perks: Vec<PerkView>,
    /// Hidden fields: name and value.
    pub carried: Vec<(&'static str, String)>,
    /// What is asked or wrong.
    pub asks: Option<Safe<String>>,
    /// The button that answers: its value and its words.
    pub answer: Option<(String, Safe<String>)>,
    /// Words for a row that goes out on another day or by the hour.
    pub note: Option<Safe<String>>,
}

/// The left side: shifts to post.
pub struct Left {
    pub way: &'static str,
    pub day: String,
    /// The chosen shift, which the form carries on; empty for none.
    pub shift: String,
    pub rows: Vec<RowView>,
    /// What came of the last press.
    pub said: Option<Safe<String>>,
    pub changed: String,
    pub good: u32,
    pub people: u32,
    /// Numbers of the rows that stay, in words.
    pub kept: String,
    /// Who gets a freed place of these shifts: value, words, and whether it is chosen. Empty where it cannot be said.
    pub waits: Vec<(&'static str, Safe<String>, bool)>,
}

impl fmt::Debug for TroublePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TroublePage").field("said", &self.said.0).finish_non_exhaustive()
    }
}

impl fmt::Debug for LoginPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginPage").field("f", &self.f).finish_non_exhaustive()
    }
}

impl fmt::Debug for RowView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowView").field("cells", &self.cells).finish_non_exhaustive()
    }
}

impl fmt::Debug for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Left").field("way", &self.way).field("rows", &self.rows).finish_non_exhaustive()
    }
}

/// One shift of the day.
#[derive(Debug)]
pub struct ShiftLine {
    pub id: String,
    pub start: String,
    pub title: String,
    pub place: String,
    /// Address of the page that shows it.
    pub href: String,
    pub is_chosen: bool,
    pub is_open: bool,
    pub cap: u32,
    pub confirmed: u32,
    pub arrived: u32,
    pub waiting: u32,
}

/// Most cells that a bar draws; a shift of more people is drawn to scale.
const BAR_CELLS_MAX: u32 = 40;
const BAR_WIDTH: f64 = 132.0;

/// Shifts that the list shows without being scrolled.
const IN_SIGHT: usize = 6;

impl Day {
    /// Whether some of the shifts have to be scrolled to.
    pub const fn is_long(&self) -> bool {
        self.shifts.len() > IN_SIGHT
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        u32::try_from(self.shifts.len()).unwrap_or(u32::MAX)
    }
}

impl ShiftLine {
    /// Cells of the bar: class, place and width.
    pub fn bar(&self) -> Vec<(&'static str, String, String)> {
        let whole = self.cap.max(self.confirmed).max(1);
        let cells = whole.min(BAR_CELLS_MAX);
        let scaled = |n: u32| u64::from(n) * u64::from(cells) / u64::from(whole);
        let (arrived, confirmed) = (scaled(self.arrived), scaled(self.confirmed));
        let step = BAR_WIDTH / f64::from(cells);
        (0..cells)
            .map(|n| {
                let class = match u64::from(n) {
                    n if n < arrived => "f-in",
                    n if n < confirmed => "f-ok",
                    _ => "f-no",
                };
                let x = f64::from(n).mul_add(step, 0.8);
                (class, format!("{x:.1}"), format!("{:.1}", (step - 1.6).max(0.8)))
            })
            .collect()
    }
}

/// One person of the chosen shift.
pub struct GuestLine {
    pub order: Safe<String>,
    pub code: String,
    pub sign_up: String,
    pub icon: &'static str,
    pub class: &'static str,
    pub state: Safe<String>,
    pub is_waiting: bool,
    /// The clerk can end it.
    pub can_end: bool,
}

/// The chosen shift.
pub struct Chosen {
    pub line: ShiftLine,
    pub guests: Vec<GuestLine>,
    /// How many of those who arrived are folded away.
    pub folded: u32,
    /// Address of the page on which nobody is.
    pub all_href: String,
    /// Who gets a freed place, where that is not the next in line.
    pub wait: Option<Safe<String>>,
}

/// What was ordered and is done, as the address says it to which the order leads: the page behind it tells the clerk.
pub fn done_pair(closes: bool, cap: u32) -> String {
    if closes { "done=closed".to_owned() } else { format!("done={cap}") }
}

/// The same in words, read from the address.
pub fn done(f: &Frame, query: &Pairs) -> Option<Safe<String>> {
    match query.get("done") {
        "closed" => Some(f.t("a-done-closed")),
        cap => Some(f.t_n("a-done-cap", cap.parse::<u32>().ok().filter(|cap| (1..=CAP_MAX).contains(cap))?)),
    }
}

/// A day's shifts, and who comes to one of them.
pub struct Day {
    /// What was just done to one of them.
    pub done: Option<Safe<String>>,
    pub title: Safe<String>,
    /// Other days: address and words, and whether it is shown.
    pub days: Vec<(String, Safe<String>, bool)>,
    pub day: String,
    pub shifts: Vec<ShiftLine>,
    pub chosen: Option<Chosen>,
}

/// One row of the timesheet.
pub struct HoursLine {
    pub sign_up: String,
    pub code: String,
    pub title: String,
    pub came: String,
    pub left: String,
    pub measured: String,
    /// What stands in the field: what the agency confirmed, or else what was measured.
    pub field: String,
    pub agency: String,
    pub is_confirmed: bool,
    pub worker: String,
    pub state: Safe<String>,
    pub class: &'static str,
    pub icon: &'static str,
}

impl fmt::Debug for GuestLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuestLine").field("code", &self.code).finish_non_exhaustive()
    }
}

impl fmt::Debug for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chosen").field("line", &self.line).finish_non_exhaustive()
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Day").field("shifts", &self.shifts).finish_non_exhaustive()
    }
}

impl fmt::Debug for HoursLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HoursLine").field("sign_up", &self.sign_up).finish_non_exhaustive()
    }
}

/// The number of seats of a shift, and its end.
#[derive(Template)]
#[template(path = "agency/seats.html")]
pub struct SeatsPage {
    pub f: Frame,
    pub line: ShiftLine,
    pub day: String,
    /// Makes a form that is sent twice one order.
    pub key: String,
    /// Why nothing was changed.
    pub said: Option<Safe<String>>,
    pub lowest: u32,
    pub most: u32,
    /// The number that was refused, to be had by ending places.
    pub fewer: Option<Fewer>,
}

/// Fewer seats than are confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fewer {
    pub cap: u32,
    /// So many places end for it.
    pub ends: u32,
}

impl Fewer {
    /// What it takes to come to `cap` seats where `confirmed` are taken.
    #[must_use]
    pub fn than(confirmed: u32, cap: u32) -> Option<Self> {
        let ends = confirmed.checked_sub(cap).filter(|ends| *ends > 0 && cap > 0)?;
        Some(Self { cap, ends })
    }
}

/// Asks once before a place is taken.
#[derive(Template)]
#[template(path = "agency/end.html")]
pub struct EndPage {
    pub f: Frame,
    pub code: String,
    pub sign_up: String,
    pub shift: String,
    pub day: String,
    pub job: String,
    pub waiting: u32,
    pub is_confirmed: bool,
    /// There is something to press.
    pub can_end: bool,
    /// Where the place is held and nobody is heard.
    pub unheard: Option<Safe<String>>,
    /// Why nothing was done, or can be.
    pub said: Option<Safe<String>>,
}

impl fmt::Debug for EndPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndPage").field("code", &self.code).finish_non_exhaustive()
    }
}

impl fmt::Debug for SeatsPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeatsPage").field("line", &self.line).finish_non_exhaustive()
    }
}
