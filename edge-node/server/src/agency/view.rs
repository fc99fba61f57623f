//! What the pages of the agency show: plain models, each an askama template. Words come from the Fluent files.

use super::gate::Verdict;
use crate::http::Problem;
use askama::{Template, filters::Safe};
use axum::{http::StatusCode, response::Response};
use pages::agency::{
    Frame,
    view::{Day, HoursLine, Left, TroublePage, show},
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

/// What happens to the places of those who do not come, and when.
pub(super) struct Rule {
    pub(super) said: Safe<String>,
    pub(super) note: Safe<String>,
    /// Minutes to choose from, and which counts.
    pub(super) minutes: Vec<(u32, bool)>,
}

/// Shifts to post, and who comes.
#[derive(Template)]
#[template(path = "agency/board.html")]
pub(super) struct BoardPage {
    pub(super) f: Frame,
    pub(super) left: Left,
    pub(super) right: Day,
    /// Of the chosen shift.
    pub(super) rule: Option<Rule>,
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
