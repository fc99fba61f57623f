//! What the pages of the agency show: plain models, each an askama template. Words come from the Fluent files.

use super::{gate::Verdict, hm, local};
use crate::{
    app::App,
    http::Problem,
    kiosk::{
        text::Lang,
        view::{Words, icon},
    },
};
use askama::{Template, filters::Safe};
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use edge_core::node::Uplink;
use fluent_bundle::FluentValue;
use jiff::civil::DateTime;
use std::borrow::Borrow;

/// What surrounds every page.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) lang: Lang,
    /// Address of the page, which the bar marks.
    pub(super) here: &'static str,
    pub(super) tenant: String,
    pub(super) hall: String,
    pub(super) now: DateTime,
    pub(super) is_cut: bool,
    pub(super) csrf: String,
}

impl Frame {
    pub(super) fn new(app: &App, lang: Lang, here: &'static str, tenant: String, csrf: String) -> Self {
        let shared = &app.shared;
        let (hall, now) = (shared.name.clone(), local(app, shared.now()));
        Self { lang, here, tenant, hall, now, is_cut: shared.uplink() == Uplink::Down, csrf }
    }

    pub(super) fn words(&self) -> Words {
        Words(self.lang)
    }

    pub(super) fn t(&self, key: &str) -> Safe<String> {
        self.words().t(key)
    }

    pub(super) fn t_n(&self, key: &str, n: impl Borrow<u32>) -> Safe<String> {
        self.words().t_n(key, n)
    }

    pub(super) fn t_a(&self, key: &str, a: impl AsRef<str>) -> Safe<String> {
        self.words().with(key, &[("a", FluentValue::from(a.as_ref()))])
    }

    pub(super) fn t_ab(&self, key: &str, a: impl AsRef<str>, b: impl AsRef<str>) -> Safe<String> {
        let args = [("a", FluentValue::from(a.as_ref())), ("b", FluentValue::from(b.as_ref()))];
        self.words().with(key, &args)
    }

    pub(super) fn t_na(&self, key: &str, n: impl Borrow<usize>, a: impl AsRef<str>) -> Safe<String> {
        let n = u32::try_from(*n.borrow()).unwrap_or(u32::MAX);
        self.words().with(key, &[("n", FluentValue::from(n)), ("a", FluentValue::from(a.as_ref()))])
    }

    pub(super) fn t_nm(&self, key: &str, n: impl Borrow<u32>, m: impl Borrow<u32>) -> Safe<String> {
        let args = [("n", FluentValue::from(*n.borrow())), ("m", FluentValue::from(*m.borrow()))];
        self.words().with(key, &args)
    }

    #[expect(clippy::unused_self, reason = "templates reach every helper through the frame")]
    fn i(&self, name: &str) -> Safe<String> {
        icon(name)
    }

    fn clock(&self) -> String {
        let now = &self.now;
        let args = [
            ("m", FluentValue::from(now.month())),
            ("d", FluentValue::from(now.day())),
            ("a", FluentValue::from(hm(*now))),
        ];
        self.words().with("a-clock", &args).0
    }

    fn other_lang_name(&self) -> Safe<String> {
        Words(self.lang.next()).t("lang-short")
    }
}

/// Renders a page.
pub(super) fn show(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => Problem::internal(&anyhow::Error::new(error)).into_response(),
    }
}

/// Says in plain words what went wrong.
pub(super) fn trouble(f: Frame, problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let key = match problem.code {
        "unknown-job" | "unknown-sign-up" | "unknown-route" => "a-trouble-unknown",
        "busy" | "in-flight" => "a-trouble-busy",
        "frozen" => "a-trouble-frozen",
        "disk-full" => "a-trouble-full",
        "foreign-form" => "a-trouble-foreign",
        "not-confirmed" => "a-trouble-not-confirmed",
        "came-already" => "a-trouble-came",
        "not-in" => "a-trouble-not-in",
        "too-early" => "a-trouble-early",
        "begun" => "a-trouble-begun",
        "bad-request" => "a-trouble-bad",
        _ => "a-trouble-broken",
    };
    let said = f.t(key);
    show(status, &TroublePage { f, said })
}

/// The page in place of what failed.
#[derive(Template)]
#[template(path = "agency/trouble.html")]
struct TroublePage {
    f: Frame,
    said: Safe<String>,
}

/// The door.
#[derive(Template)]
#[template(path = "agency/login.html")]
pub(super) struct LoginPage {
    pub(super) f: Frame,
    pub(super) wrong: bool,
}

/// A cell of a row: its text, and how it looks.
#[derive(Debug)]
pub(super) struct CellView {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) text: String,
    pub(super) class: &'static str,
}

/// A box to tick: paid daily, meal, bed.
#[derive(Debug)]
pub(super) struct PerkView {
    pub(super) name: &'static str,
    pub(super) short: &'static str,
    pub(super) label: &'static str,
    pub(super) is_on: bool,
    pub(super) is_changed: bool,
}

/// One row of the form.
pub(super) struct RowView {
    pub(super) cells: Vec<CellView>,
    pub(super) perks: Vec<PerkView>,
    /// Hidden fields: name and value.
    pub(super) carried: Vec<(&'static str, String)>,
    /// What is asked or wrong.
    pub(super) asks: Option<Safe<String>>,
    /// The button that answers: its value and its words.
    pub(super) answer: Option<(String, Safe<String>)>,
    /// Words for a row that goes out on another day or by the hour.
    pub(super) note: Option<Safe<String>>,
}

/// The left side: shifts to post.
pub(super) struct Left {
    pub(super) way: &'static str,
    pub(super) day: String,
    pub(super) rows: Vec<RowView>,
    /// What came of the last press.
    pub(super) said: Option<Safe<String>>,
    pub(super) changed: String,
    pub(super) good: u32,
    pub(super) people: u32,
    /// Numbers of the rows that stay, in words.
    pub(super) kept: String,
}

/// One shift of the day.
#[derive(Debug)]
pub(super) struct ShiftLine {
    pub(super) id: String,
    pub(super) start: String,
    pub(super) title: String,
    pub(super) place: String,
    pub(super) is_chosen: bool,
    pub(super) is_open: bool,
    pub(super) cap: u32,
    pub(super) confirmed: u32,
    pub(super) arrived: u32,
    pub(super) waiting: u32,
}

/// Most cells that a bar draws; a shift of more people is drawn to scale.
const BAR_CELLS_MAX: u32 = 40;
const BAR_WIDTH: f64 = 132.0;

impl ShiftLine {
    /// Cells of the bar: class, place and width.
    fn bar(&self) -> Vec<(&'static str, String, String)> {
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
pub(super) struct GuestLine {
    pub(super) order: Safe<String>,
    pub(super) code: String,
    pub(super) sign_up: String,
    pub(super) icon: &'static str,
    pub(super) class: &'static str,
    pub(super) state: Safe<String>,
    pub(super) is_waiting: bool,
    /// The clerk can end it.
    pub(super) can_end: bool,
}

/// The chosen shift.
pub(super) struct Chosen {
    pub(super) line: ShiftLine,
    pub(super) guests: Vec<GuestLine>,
    /// How many of those who arrived are folded away.
    pub(super) folded: u32,
    /// What happens to the places of those who do not come, and when.
    pub(super) rule: Safe<String>,
    pub(super) rule_note: Safe<String>,
    /// Minutes to choose from, and which counts.
    pub(super) minutes: Vec<(u32, bool)>,
}

/// Today's shifts and who comes.
#[derive(Template)]
#[template(path = "agency/board.html")]
pub(super) struct BoardPage {
    pub(super) f: Frame,
    pub(super) left: Left,
    pub(super) shifts: Vec<ShiftLine>,
    pub(super) chosen: Option<Chosen>,
    pub(super) title: Safe<String>,
    /// Other days: address and words.
    pub(super) days: Vec<(String, Safe<String>, bool)>,
    pub(super) day: String,
}

/// Asks once before a place is taken.
#[derive(Template)]
#[template(path = "agency/end.html")]
pub(super) struct EndPage {
    pub(super) f: Frame,
    pub(super) code: String,
    pub(super) sign_up: String,
    pub(super) shift: String,
    pub(super) job: String,
    pub(super) waiting: u32,
    pub(super) is_confirmed: bool,
}

/// The gate.
#[derive(Template)]
#[template(path = "agency/gate.html")]
pub(super) struct GatePage {
    pub(super) f: Frame,
    pub(super) verdict: Option<Verdict>,
    /// Arrived and expected today.
    pub(super) arrived: u32,
    pub(super) expected: u32,
}

impl GatePage {
    /// Whether the next ticket may be typed at once: not while the clerk is to press something about this one.
    fn is_free(&self) -> bool {
        self.verdict.as_ref().is_none_or(|verdict| !verdict.can_come_in())
    }
}

/// One row of the timesheet.
pub(super) struct HoursLine {
    pub(super) sign_up: String,
    pub(super) code: String,
    pub(super) title: String,
    pub(super) came: String,
    pub(super) left: String,
    pub(super) measured: String,
    /// What stands in the field.
    pub(super) field: String,
    pub(super) is_confirmed: bool,
    pub(super) worker: String,
    pub(super) state: Safe<String>,
    pub(super) class: &'static str,
    pub(super) icon: &'static str,
}

/// The timesheet of one day.
#[derive(Template)]
#[template(path = "agency/timesheet.html")]
pub(super) struct SheetPage {
    pub(super) f: Frame,
    pub(super) date: String,
    pub(super) lines: Vec<HoursLine>,
    pub(super) said: Option<Safe<String>>,
    /// Whether the operator gave an address to send it to.
    pub(super) can_send: bool,
}
