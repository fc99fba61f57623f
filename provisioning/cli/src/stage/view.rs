//! The stage's page: one template around the scene, which is sent again whenever it changes.

use super::snapshot::{Kiosk, Snapshot, Standing, Tap, Told};
use super::words::{EN, Words, ZH};
use askama::Template;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

/// The style sheet.
pub(crate) const SHEET: &str = include_str!("../../assets/stage.css");
/// The script: it sends orders and puts each new scene in place of the old one.
pub(crate) const SCRIPT: &str = include_str!("../../assets/stage.js");
/// Columns of the table of taps; the latest ones are shown.
const TAPS_SHOWN: usize = 20;

/// A language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Chinese,
}

/// What the page is made from.
#[derive(Debug)]
pub(crate) struct View<'a> {
    shown: &'a Snapshot,
    words: &'static Words,
}

#[derive(Template)]
#[template(path = "stage/page.html")]
struct Page<'a> {
    w: &'static Words,
    scene: &'a str,
    twenty: String,
}

#[derive(Template)]
#[template(path = "stage/scene.html")]
struct Scene<'a> {
    w: &'static Words,
    s: &'a Snapshot,
    own_bar: Vec<Cell>,
    other_bar: Vec<Cell>,
    /// What the hub knows of each seat.
    known: Vec<Mark>,
    kiosks: Vec<Booth<'a>>,
    taps: Vec<Row<'a>>,
    excess: Vec<&'a Tap>,
    unsettled: Vec<&'a Tap>,
    losers: Vec<&'a Tap>,
}

/// One seat of a bar.
struct Cell {
    class: &'static str,
    /// The last one within the seats.
    edge: bool,
}

/// One seat as the hub knows it.
struct Mark {
    class: &'static str,
    sign: &'static str,
}

/// A kiosk with the people in front of it.
struct Booth<'a> {
    n: usize,
    kiosk: &'a Kiosk,
    sign: &'static str,
    state: String,
    confirmed: Vec<&'a Tap>,
    waiting: Vec<&'a Tap>,
    requested: Vec<&'a Tap>,
    here_only: bool,
    off: bool,
    fenced: bool,
    /// The line is cut and the hub has not noticed.
    believed: bool,
    sold: Vec<&'a Tap>,
}

/// A column of the table of taps.
struct Row<'a> {
    tap: &'a Tap,
    own: &'static str,
    own_word: &'static str,
    other: &'static str,
}

impl Language {
    /// The language that is asked for, else the first that the browser names.
    pub(crate) fn choose(asked: Option<&str>, headers: &HeaderMap) -> Self {
        let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let chosen = asked.or(accepted).unwrap_or_default();
        if chosen.starts_with("zh") { Self::Chinese } else { Self::English }
    }
}

impl<'a> View<'a> {
    /// A view of this moment.
    pub(crate) fn of(shown: &'a Snapshot, language: Language) -> Self {
        let words = match language {
            Language::English => &EN,
            Language::Chinese => &ZH,
        };
        Self { shown, words }
    }

    /// The whole page.
    pub(crate) fn render(&self) -> askama::Result<String> {
        let scene = self.scene()?;
        Page { w: self.words, scene: &scene, twenty: ["tap-1 tap-2"; 10].join(" ") }.render()
    }

    /// The part that changes.
    pub(crate) fn scene(&self) -> askama::Result<String> {
        let (s, w) = (self.shown, self.words);
        let first = s.taps.len().saturating_sub(TAPS_SHOWN);
        Scene {
            w,
            s,
            own_bar: bar(s.dayshift.confirmed, s.seats),
            other_bar: bar(s.last_write.confirmed, s.seats),
            known: known(s),
            kiosks: (0..).zip(&s.kiosks).map(|(place, kiosk)| booth(s, w, place, kiosk)).collect(),
            taps: s.taps[first..].iter().map(|tap| row(w, tap)).collect(),
            excess: s.taps.iter().filter(|tap| tap.excess).collect(),
            unsettled: s.taps.iter().filter(|tap| tap.unsettled).collect(),
            losers: s.taps.iter().filter(|tap| tap.last_write_excess).collect(),
        }
        .render()
    }
}

impl Scene<'_> {
    /// A person's name in the page's language.
    fn name<'t>(&self, tap: &'t Tap) -> &'t str {
        &tap.name[usize::from(self.w.code == "zh")]
    }
}

fn bar(confirmed: u64, seats: u64) -> Vec<Cell> {
    let class = |at| match (at < confirmed, at < seats) {
        (true, true) => "used",
        (true, false) => "over",
        (false, _) => "free",
    };
    (0..confirmed.max(seats)).map(|at| Cell { class: class(at), edge: at + 1 == seats }).collect()
}

/// The pool is not among them: these are the seats that went out.
fn known(s: &Snapshot) -> Vec<Mark> {
    let mut marks: Vec<Mark> = (0..s.hub.live).map(|_| Mark { class: "used", sign: "" }).collect();
    for (kiosk, unknown) in s.kiosks.iter().zip(s.hub.unknown) {
        // While its line works, an unused right is known to be unused; else nobody here can say.
        let lost = matches!(kiosk.standing, Standing::CutOff | Standing::Off | Standing::Fenced);
        let mark = || if lost { Mark { class: "lost", sign: "?" } } else { Mark { class: "free", sign: "" } };
        marks.extend((0..unknown).map(|_| mark()));
    }
    marks
}

fn booth<'a>(s: &'a Snapshot, w: &'static Words, place: usize, kiosk: &'a Kiosk) -> Booth<'a> {
    let own = || s.taps.iter().filter(move |tap| tap.kiosk == place);
    let waits = |tap: &&Tap| matches!(tap.told, Told::Waiting | Told::WaitingHere);
    let (sign, state) = match kiosk.standing {
        Standing::InStep => ("ok", w.in_step),
        Standing::Behind => ("behind", w.behind),
        Standing::CutOff => ("cut", w.cut_off),
        Standing::Off => ("cut", w.off),
        Standing::Fenced => ("fenced", w.fenced),
    };
    let lasts = kiosk.seconds > 0 && matches!(kiosk.standing, Standing::CutOff | Standing::Off);
    let state = if lasts { format!("{state} {} {}", kiosk.seconds, w.seconds) } else { state.to_owned() };
    Booth {
        n: place + 1,
        kiosk,
        sign,
        state,
        confirmed: own().filter(|tap| tap.told == Told::Confirmed).collect(),
        waiting: own().filter(waits).collect(),
        requested: own().filter(|tap| tap.told == Told::Requested).collect(),
        here_only: own().any(|tap| tap.told == Told::WaitingHere),
        off: kiosk.standing == Standing::Off,
        fenced: kiosk.reason.is_some(),
        believed: kiosk.cut && kiosk.heard,
        sold: own().filter(|tap| tap.last_write).collect(),
    }
}

fn row<'a>(w: &'static Words, tap: &'a Tap) -> Row<'a> {
    let (own, own_word) = match tap.told {
        Told::Confirmed if tap.excess => ("tok over", w.oversold),
        Told::Confirmed if tap.unsettled => ("tok used open", w.unsettled),
        Told::Confirmed => ("tok used", w.confirmed),
        Told::Waiting => ("who", w.waiting),
        Told::WaitingHere => ("who here", w.here_only),
        Told::Requested => ("who asked", w.requested),
        Told::Cancelled => ("gone", w.cancelled),
        Told::Refused => ("gone", w.refused),
    };
    let other = match (tap.last_write, tap.last_write_excess) {
        (true, false) => "tok used",
        (true, true) => "tok over",
        (false, _) => "gone",
    };
    Row { tap, own, own_word, other }
}
