//! The list of jobs near the hall, a screen at a time, and the card that stands for a job.

use std::borrow::Borrow;

use askama::{Template, filters::Safe};
use jiff::civil::DateTime;

use super::{Frame, Line, STALE_MIN, Words};
use crate::kiosk::link::{self, Choice, Link};
use pages::Lang;

/// Returns how many cards fit on one screen.
pub(crate) fn near_page_size(choice: Choice) -> usize {
    match (choice.big, choice.lang) {
        (false, _) => 6,
        (true, Lang::ZH) => 4,
        // Words of an alphabet are wider.
        (true, _) => 3,
    }
}

/// What a person gets who presses the button of a job at this kiosk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// A place for certain: this kiosk holds a right to it.
    Here,
    /// An answer later: places are left, but their rights lie elsewhere.
    AskCentre,
    /// A number in the wait list: every place is taken.
    Queue,
    /// Nothing: this kiosk signs nobody up.
    Nothing,
}

/// The places of a job as this kiosk knows them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seats {
    /// Free places whose rights lie at this kiosk.
    pub(crate) here: u32,
    /// Free places elsewhere, as last heard.
    pub(crate) elsewhere: u32,
    /// All places of the job.
    pub(crate) cap: u32,
    /// People in the wait list, as last heard.
    pub(crate) waiting: u32,
    /// Whether the centre has said anything of this job; a job posted here while cut off is known to nobody else.
    pub(crate) is_said: bool,
}

/// Cells of the bar: above this many places each cell stands for a share.
const BAR_CELLS: u32 = 24;
const SHARE_CELLS: u32 = 20;
const BAR_WIDTH: u32 = 960;

impl Seats {
    pub(super) fn all(&self) -> u32 {
        self.here.saturating_add(self.elsewhere)
    }

    /// Draws the bar: solid cells here, outlined elsewhere, pale taken.
    pub(super) fn bar(&self) -> Safe<String> {
        let cells = if self.cap > BAR_CELLS { SHARE_CELLS } else { self.cap.max(1) };
        let share = |n: u32| match n {
            0 => 0,
            _ if cells == self.cap => n,
            // A place that is left is never rounded away.
            _ => (n * cells / self.cap.max(1)).max(1),
        };
        let here = share(self.here).min(cells);
        let elsewhere = share(self.elsewhere).min(cells - here);
        let pitch = BAR_WIDTH / cells;
        let mut out = String::new();
        for (class, first, count) in [("p-here", 0, here), ("p-else", here, elsewhere)] {
            out.push_str(&run(class, first, count, pitch));
        }
        let free = here + elsewhere;
        out.push_str(&run("p-gone", free, cells - free, pitch));
        Safe(out)
    }
}

fn run(class: &str, first: u32, count: u32, pitch: u32) -> String {
    if count == 0 {
        return String::new();
    }
    // The outline is drawn inwards, so that all three kinds of cell have one size.
    let (inset, top) = if class == "p-else" { (4, 4) } else { (0, 0) };
    let (width, height) = (pitch - 12 - 2 * inset, 80 - 2 * top);
    let cells: String = (first..first + count)
        .map(|cell| format!("M{} {top}h{width}v{height}h-{width}z", cell * pitch + inset))
        .collect();
    format!(r#"<path class="{class}" d="{cells}"/>"#)
}

/// What a job pays, in whole units of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pay {
    /// For one shift of this many hours.
    Shift {
        /// Amount for the shift.
        amount: u32,
        /// Paid hours of the shift.
        hours: u32,
    },
    /// For each hour.
    Hour {
        /// Amount for the hour.
        amount: u32,
    },
    /// For one day.
    Day {
        /// Amount for the day.
        amount: u32,
    },
}

impl Pay {
    /// Returns the figure that is shown large.
    pub(crate) fn major(self) -> u32 {
        match self {
            Self::Shift { amount, .. } | Self::Hour { amount } | Self::Day { amount } => amount,
        }
    }

    pub(super) fn per(&self, frame: &Frame) -> Safe<String> {
        self.said_per(frame.words())
    }

    pub(super) fn said_per(self, words: Words) -> Safe<String> {
        match self {
            Self::Shift { hours, .. } => words.t_n("per-shift", hours),
            Self::Hour { .. } => words.t("per-hour"),
            Self::Day { .. } => words.t("per-day"),
        }
    }

    pub(super) fn hourly(&self) -> Option<u32> {
        match self {
            Self::Shift { amount, hours } => amount.checked_div(*hours),
            Self::Hour { .. } | Self::Day { .. } => None,
        }
    }
}

/// What a job gives besides its pay; shown in this order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Perks {
    /// Paid at the end of the same day.
    pub(crate) daily_pay: bool,
    /// A meal is given.
    pub(crate) meal: bool,
    /// A bed is given.
    pub(crate) bed: bool,
    /// The shift runs through the night.
    pub(crate) night: bool,
}

/// How far a job lies from the hall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Away {
    /// This many minutes on foot.
    Walk(u32),
    /// This many kilometres: farther than people walk.
    Ride(u32),
}

impl Away {
    const WALK_M_PER_MIN: u32 = 80;
    const WALK_MIN_MAX: u32 = 90;

    /// Judges a distance from the hall.
    pub(crate) fn of(distance_m: u32) -> Self {
        match distance_m.div_ceil(Self::WALK_M_PER_MIN).max(1) {
            walk_min @ ..=Self::WALK_MIN_MAX => Self::Walk(walk_min),
            _ => Self::Ride(distance_m.div_ceil(1_000)),
        }
    }

    pub(super) fn words(&self, frame: &Frame) -> Safe<String> {
        match self {
            Self::Walk(walk_min) => frame.t_n("walk", walk_min),
            Self::Ride(ride_km) => frame.t_n("ride", ride_km),
        }
    }

    pub(super) fn long_words(&self, frame: &Frame) -> Safe<String> {
        self.said(frame.words())
    }

    pub(super) fn said(self, words: Words) -> Safe<String> {
        match self {
            Self::Walk(walk_min) => words.t_n("job-walk", walk_min),
            Self::Ride(ride_km) => words.t_n("job-ride", ride_km),
        }
    }
}

/// One job as the list shows it.
#[derive(Debug, Clone)]
pub(crate) struct JobCard {
    /// The job's id as it stands in addresses.
    pub(crate) id: String,
    /// Name of the occupation in the reader's language where known.
    pub(crate) title: String,
    /// Sign of the currency.
    pub(crate) sign: &'static str,
    /// What it pays.
    pub(crate) pay: Pay,
    /// Local start of the shift.
    pub(crate) start: DateTime,
    /// Local end of the shift.
    pub(crate) end: DateTime,
    /// How far it is from the hall, where the place is known.
    pub(crate) away: Option<Away>,
    /// District or street of the place.
    pub(crate) place: String,
    /// What it gives besides.
    pub(crate) perks: Perks,
    /// Whether it is a real posting of years ago with a made day.
    pub(crate) redated: bool,
    /// Its places.
    pub(crate) seats: Seats,
    /// What a press of the button gives here and now.
    pub(crate) offer: Offer,
}

impl JobCard {
    pub(super) fn tone(&self) -> &'static str {
        match self.offer {
            Offer::Here => "go",
            Offer::AskCentre => "ask",
            Offer::Queue => "wait",
            Offer::Nothing => "off",
        }
    }

    pub(super) fn offer_icon(&self) -> &'static str {
        match self.offer {
            Offer::Here => "tick",
            Offer::AskCentre => "glass",
            Offer::Queue => "queue",
            Offer::Nothing => "warn",
        }
    }

    pub(super) fn offer_words(&self, frame: &Frame) -> Safe<String> {
        match self.offer {
            Offer::Here => frame.t("offer-here"),
            Offer::AskCentre => frame.t("offer-ask"),
            Offer::Queue => frame.t("offer-queue"),
            Offer::Nothing => frame.t("offer-nothing"),
        }
    }
}

/// Which shifts the list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum When {
    /// Shifts that start today.
    #[default]
    Today,
    /// Shifts that start tomorrow.
    Tomorrow,
    /// Night shifts, tonight and tomorrow.
    Night,
    /// Shifts of any day: what a typed word is looked for in until a day is chosen.
    Any,
}

impl When {
    /// The filters, in their order.
    pub(crate) const ALL: [Self; 3] = [Self::Today, Self::Tomorrow, Self::Night];

    /// Returns the value of `when` in addresses.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Tomorrow => "tomorrow",
            Self::Night => "night",
            Self::Any => "any",
        }
    }

    pub(super) fn words(self, frame: &Frame) -> Safe<String> {
        match self {
            Self::Today => frame.t("today"),
            Self::Tomorrow => frame.t("tomorrow"),
            Self::Night => frame.t("night"),
            Self::Any => frame.t("any-day"),
        }
    }

    /// Reads the value of `when` in an address.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().chain([Self::Any]).find(|when| when.code() == code)
    }
}

/// What the reader asked the list for; it is carried in the address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Which shifts (`when`).
    pub(crate) when: When,
    /// Only jobs that can be confirmed at this kiosk (`here=1`).
    pub(crate) here_only: bool,
    /// A kind of work as jobs name it, or any where it is empty (`kind`).
    pub(crate) kind: String,
    /// Words of the search box (`q`).
    pub(crate) q: String,
    /// Page of the list, from 1 (`page`).
    pub(crate) page: u32,
}

impl Filter {
    /// Returns the address of the list under this filter.
    pub(crate) fn link(&self) -> Link {
        self.onto(Link::to(link::NEAR))
    }

    /// Returns the address of the tiles that narrow this filter.
    pub(crate) fn tiles(&self) -> Link {
        let kept = Self { when: self.when, here_only: self.here_only, page: 1, ..Self::default() };
        kept.onto(Link::to(link::FIND))
    }

    /// Carries the filter in the address of another page.
    fn onto(&self, link: Link) -> Link {
        let mut link = link.with("when", self.when.code());
        if self.here_only {
            link = link.with("here", 1);
        }
        if !self.kind.is_empty() {
            link = link.with("kind", &self.kind);
        }
        if !self.q.is_empty() {
            link = link.with("q", &self.q);
        }
        if self.page > 1 {
            link = link.with("page", self.page);
        }
        link
    }
}

/// The list that a reader came from, carried through the pages of one job and its sign-up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Trail(pub(crate) Option<Filter>);

impl Trail {
    /// Back to the list as it was, or as it begins.
    pub(crate) fn list(&self) -> Link {
        self.0.as_ref().map_or_else(|| Link::to(link::NEAR), Filter::link)
    }

    /// To a job.
    pub(crate) fn job(&self, id: &str) -> Link {
        self.onto(Link::below(link::JOB, id))
    }

    /// To the sign-up for a job.
    pub(crate) fn sign_up(&self, id: &str) -> Link {
        self.onto(Link::to(link::SIGN_UP).with("job", id))
    }

    /// To the list of a crew for a job.
    pub(crate) fn crew(&self, id: &str) -> Link {
        self.onto(Link::to(link::CREW).with("job", id))
    }

    fn onto(&self, link: Link) -> Link {
        match &self.0 {
            Some(filter) => filter.onto(link),
            None => link,
        }
    }
}

/// How far the list reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Kilometres around the hall within which the shown jobs lie.
    pub(crate) shown_km: u32,
    /// Where the kiosk widened it because a screen was not full: what was asked for, and the jobs found within that.
    pub(crate) widened: Option<Widened>,
}

/// What the list held before it was widened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Widened {
    /// Kilometres that "near" means at first.
    pub(crate) asked_km: u32,
    /// Jobs within them.
    pub(crate) found: u32,
}

/// Why a list is empty, as far as it decides what to offer instead.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Empty {
    /// Words or filters leave nothing.
    Narrowed,
    /// There are this many jobs, but none of which this kiosk holds a place.
    NoneHere {
        /// Jobs without the filter.
        others: u32,
    },
    /// No shift starts then.
    NoShift {
        /// The first that starts afterwards, where one is known.
        next: Option<DateTime>,
    },
}

/// The list of jobs near the hall.
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/near.html")]
pub(crate) struct NearPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// What was asked for.
    pub(crate) filter: Filter,
    /// Jobs that the filter lets through, over all pages.
    pub(crate) total: u32,
    /// Those of them that can be confirmed at this kiosk.
    pub(crate) here_total: u32,
    /// Pages of the list, at least 1.
    pub(crate) pages: u32,
    /// The cards of this page, best first.
    pub(crate) jobs: Vec<JobCard>,
    /// Names of categories that the search box suggests.
    pub(crate) categories: Vec<String>,
    /// Why there is no card.
    pub(crate) empty: Option<Empty>,
    /// There are jobs, and every place of them is taken.
    pub(crate) all_taken: bool,
    /// How far it reaches; `None` where the kiosk does not know where it stands.
    pub(crate) reach: Option<Reach>,
}

impl NearPage {
    fn filter_href(&self, filter: &Filter) -> String {
        filter.link().href(self.frame.choice)
    }

    fn when_href(&self, when: impl Borrow<When>) -> String {
        let filter = Filter { when: *when.borrow(), page: 1, ..self.filter.clone() };
        self.filter_href(&filter)
    }

    fn when_words(&self, when: &When) -> Safe<String> {
        when.words(&self.frame)
    }

    fn tiles_href(&self) -> String {
        self.filter.tiles().href(self.frame.choice)
    }

    fn kind_words(&self) -> Safe<String> {
        super::kind_words(self.frame.words(), &self.filter.kind)
    }

    fn count_words(&self) -> Safe<String> {
        match self.filter.when {
            When::Today => self.frame.t_n("count-today", self.total),
            When::Tomorrow => self.frame.t_n("count-tomorrow", self.total),
            When::Night => self.frame.t_n("count-night", self.total),
            When::Any => self.frame.t_n("count-any", self.total),
        }
    }

    fn job_href(&self, id: &str) -> String {
        Trail(Some(self.filter.clone())).job(id).href(self.frame.choice)
    }

    fn widened(&self) -> Option<(Reach, Widened)> {
        self.reach.and_then(|reach| reach.widened.map(|widened| (reach, widened)))
    }

    fn here_href(&self) -> String {
        let here_only = !self.filter.here_only;
        let filter = Filter { here_only, page: 1, ..self.filter.clone() };
        self.filter_href(&filter)
    }

    fn all_href(&self) -> String {
        match self.filter.when {
            When::Any => self.frame.go(link::NEAR),
            when @ (When::Today | When::Tomorrow | When::Night) => {
                self.filter_href(&Filter { when, ..Filter::default() })
            }
        }
    }

    /// Says near what, or in which order where the kiosk does not know where it stands.
    fn title(&self) -> Safe<String> {
        if self.reach.is_some() { self.frame.t("near-title") } else { self.frame.t("soonest-title") }
    }

    fn none_words(&self) -> Safe<String> {
        match self.filter.when {
            When::Today => self.frame.t("none-today"),
            When::Tomorrow => self.frame.t("none-tomorrow"),
            When::Night => self.frame.t("none-night"),
            When::Any => self.frame.t("none-any"),
        }
    }

    fn next_words(&self, next: &DateTime) -> Safe<String> {
        self.frame.t_ab("empty-next", self.frame.day(next), super::hm(next))
    }

    fn is_tomorrow(&self, at: &DateTime) -> bool {
        self.frame.now.date().tomorrow().is_ok_and(|tomorrow| tomorrow == at.date())
    }

    fn any_href(&self) -> String {
        self.filter_href(&Filter { when: When::Any, ..Filter::default() })
    }

    /// Of the days that have a filter of their own, the next one.
    fn tomorrow_href(&self) -> Option<String> {
        let filter = Filter { when: When::Tomorrow, ..Filter::default() };
        (self.filter.when == When::Today).then(|| self.filter_href(&filter))
    }

    fn page(&self) -> u32 {
        self.filter.page.clamp(1, self.pages.max(1))
    }

    fn page_href(&self, page: impl Borrow<u32>) -> String {
        let filter = Filter { page: *page.borrow(), ..self.filter.clone() };
        self.filter_href(&filter)
    }

    /// Returns the age of other kiosks' figures in minutes once it is worth a note.
    fn stale_min(&self) -> Option<u32> {
        match self.frame.line {
            Line::InStep { age_min } if age_min > STALE_MIN => Some(age_min),
            Line::InStep { .. } | Line::CutOff { .. } | Line::Alone => None,
        }
    }
}
