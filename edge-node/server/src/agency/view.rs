//! What the pages of the agency show: plain models, each an askama template. Words come from the Fluent files.

use super::gate::Verdict;
use crate::http::Problem;
use askama::{Template, filters::Safe};
use axum::{http::StatusCode, response::Response};
use pages::agency::{
    Frame,
    view::{Left, ShiftLine, TroublePage, show},
};

/// Says in plain words what went wrong.
pub(super) fn trouble(f: Frame, problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let said = trouble_words(&f, problem);
    show(status, &TroublePage { f, said })
}

/// A problem in the clerk's words.
pub(super) fn trouble_words(f: &Frame, problem: &Problem) -> Safe<String> {
    let key = match problem.code {
        "unknown-job" | "unknown-sign-up" | "unknown-route" => "a-trouble-unknown",
        "busy" | "in-flight" | "too-many-requests" => "a-trouble-busy",
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
    f.t(key)
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
    /// Who gets a freed place, where that is not the next in line.
    pub(super) wait: Option<Safe<String>>,
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

/// The number of seats of a shift, and its end.
#[derive(Template)]
#[template(path = "agency/seats.html")]
pub(super) struct SeatsPage {
    pub(super) f: Frame,
    pub(super) line: ShiftLine,
    pub(super) day: String,
    /// Makes a form that is sent twice one order.
    pub(super) key: String,
    /// Why nothing was changed.
    pub(super) said: Option<Safe<String>>,
    pub(super) lowest: u32,
    pub(super) most: u32,
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
