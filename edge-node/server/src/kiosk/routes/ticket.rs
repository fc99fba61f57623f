//! Tickets: shown by their six digits, and found under "mine".

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use edge_core::node::{self, JobView, job_view};
use sync_protocol::{
    documents::{Status, WaitRule},
    ids::WorkerId,
    seats::EndReason,
};

use super::{
    aloud,
    ask::{Ask, Filled},
    cards::{card, local},
    explain, hours, list, not_found, print, retry_after, see, show, sign_up, unread,
};
use crate::{
    app::App,
    http::{Problem, base64url, sign_ups},
    kiosk::{
        link::{self, Link},
        view::{Answer, Hours, MineError, MinePage, Thing, TicketPage, Why, press_code, spoken},
    },
    phone::digits,
};

const CODE_DIGITS: usize = 6;
/// Minutes before the start by which to be there.
const EARLY_MIN: u32 = 10;

/// A sign-up with its job and its worker's pseudonym.
pub(super) struct Found {
    pub(super) answer: node::Answer,
    pub(super) view: JobView,
    pub(super) worker: WorkerId,
    /// Whether this node knows that it was a place at some time.
    was_place: bool,
    hours: Option<Hours>,
}

fn is_code(text: &str) -> bool {
    text.len() == CODE_DIGITS && text.bytes().all(|b| b.is_ascii_digit())
}

/// Finds the ticket of six digits.
pub(super) async fn read(app: &App, ask: &Ask, code: &str) -> Result<Option<Found>, Problem> {
    if !is_code(code) {
        return Ok(None);
    }
    let Some(answer) = sign_ups::by_code(app, ask.peer, code).await? else { return Ok(None) };
    let read = app.shared.readers.read(|tx| {
        let Some(row) = tx.sign_up(answer.sign_up)? else { return Ok(None) };
        let was_place = tx.receipt(row.vshard, row.sign_up)?.is_some();
        Ok(job_view(tx, answer.job)?.map(|view| (row.fields.worker, was_place, view)))
    })?;
    let hours = hours::of(app, answer.sign_up)?.map(|(hours, _)| hours);
    Ok(read.map(|(worker, was_place, view)| Found { answer, view, worker, was_place, hours }))
}

/// How an answer is called on the pages; `was_place` says whether it was a place at some time.
pub(super) fn status_of(app: &App, answer: &node::Answer, was_place: bool) -> Answer {
    if answer.cancel_asked {
        return Answer::GivingBack;
    }
    match answer.status {
        Status::Confirmed if answer.provisional => {
            Answer::Kept { until: local(app, app.shared.lease_ends_at()) }
        }
        Status::Confirmed => Answer::Confirmed,
        Status::WaitListed => match answer.turn.draw_at {
            Some(at) => Answer::InDraw { at: local(app, at) },
            None => answer.position.map_or(Answer::InLine, |position| Answer::WaitListed {
                position,
                at_this_kiosk: answer.at_this_node,
            }),
        },
        Status::Requested => Answer::Requested,
        // A place in line whose worker did not fit when his turn came says what was the matter.
        Status::Cancelled => match answer.reason.as_str() {
            "" => Answer::Cancelled { was_place },
            "overlap" => Answer::Bumped(Why::Twice),
            "not-admitted" => Answer::Bumped(Why::Rule),
            _ => Answer::Bumped(Why::Unfit),
        },
        Status::Bumped => Answer::Bumped(match EndReason::parse(&answer.reason) {
            Some(EndReason::Closed) => Why::Closed,
            Some(EndReason::Duplicate) => Why::Twice,
            Some(EndReason::Voided) => Why::Void,
            Some(EndReason::NoShow) => Why::NotThere,
            Some(EndReason::Employer) => Why::Employer,
            Some(EndReason::CapLowered | EndReason::Worker) | None => Why::Fewer,
        }),
    }
}

pub(super) fn page(app: &App, ask: &Ask, found: &Found) -> Result<TicketPage, Problem> {
    let answer = &found.answer;
    let mut frame = ask.ticket_frame(app, Link::below(link::TICKET, &answer.code))?;
    frame.synthetic = found.view.fields.synthetic;
    let status = status_of(app, answer, found.was_place);
    if !frame.frozen {
        frame.listen = aloud::clip(app, ask.choice.lang, spoken::answer(ask.choice.lang, status));
    }
    Ok(TicketPage {
        frame,
        answer: status,
        by_seniority: answer.turn.rule == WaitRule::Seniority,
        code: answer.code.clone(),
        qr: answer.receipt.as_deref().map_or_else(|| answer.code.clone(), base64url),
        card: card(app, &found.view, ask.choice.lang),
        address: found.view.fields.place.clone(),
        early_min: EARLY_MIN,
        here_total: list::here_total(app, ask),
        print: None,
        can_cancel: answer.status.is_current() && found.hours.is_none(),
        hours: found.hours,
    })
}

/// `GET /ticket/{code}`.
pub(super) async fn ticket(
    State(app): State<App>,
    ask: Ask,
    code: Result<Path<String>, PathRejection>,
) -> Response {
    let Ok(Path(code)) = code else { return not_found(&app, &ask) };
    if !ask.may_see_tickets() {
        return closed(&ask);
    }
    match read(&app, &ask, &code).await {
        Ok(Some(found)) => shown(&app, &ask, &found).unwrap_or_else(|problem| explain(&app, &ask, &problem)),
        Ok(None) => not_found(&app, &ask),
        Err(problem) => explain(&app, &ask, &problem),
    }
}

fn shown(app: &App, ask: &Ask, found: &Found) -> Result<Response, Problem> {
    let mut page = page(app, ask, found)?;
    if page.answer.holds_something() {
        let action = Link::below(link::TICKET, &page.code).print();
        page.print = print::button(app, ask, Thing::Ticket, action, ask.pairs.get("print"))?;
    }
    Ok(print::looks_again(page.print.as_ref(), show(StatusCode::OK, &page)))
}

/// Asks for the digits again: the address of a ticket says nothing once its visit is over.
pub(super) fn closed(ask: &Ask) -> Response {
    see(ask, &Link::to(link::MINE).with("over", 1))
}

/// The page that asks for six digits, as it stands after `status`.
fn ask_digits(app: &App, ask: &Ask, status: StatusCode, code: String, error: Option<MineError>) -> Response {
    match ask.typing_frame(app, Link::to(link::MINE)) {
        Ok(mut frame) => {
            frame.listen = aloud::clip(app, ask.choice.lang, spoken::mine(ask.choice.lang));
            show(status, &MinePage { frame, code, error })
        }
        Err(problem) => explain(app, ask, &problem),
    }
}

/// `GET /mine`.
pub(super) async fn mine(State(app): State<App>, ask: Ask) -> Response {
    let error = (ask.pairs.get("over") == "1").then_some(MineError::Over);
    ask_digits(&app, &ask, StatusCode::OK, String::new(), error)
}

/// `POST /mine`: a key of the pad, or six digits to look up.
pub(super) async fn find(State(app): State<App>, ask: Ask, Filled(filled): Filled) -> Response {
    let filled = match filled {
        Ok(filled) => filled,
        Err(status) => return unread(&app, &ask, status),
    };
    if ask.is_over() {
        return see(&ask, &Link::to(link::MINE));
    }
    let mut code: String = digits(filled.get("code")).chars().take(CODE_DIGITS).collect();
    if let Some(key) = filled.find("key") {
        press_code(&mut code, key);
        return ask_digits(&app, &ask, StatusCode::OK, code, None);
    }
    if code.len() < CODE_DIGITS {
        return ask_digits(&app, &ask, StatusCode::UNPROCESSABLE_ENTITY, code, Some(MineError::Short));
    }
    match read(&app, &ask, &code).await {
        Ok(Some(found)) => sign_up::see_ticket(&app, &ask, &found.answer.code),
        Ok(None) => ask_digits(&app, &ask, StatusCode::NOT_FOUND, code, Some(MineError::Unknown)),
        Err(problem) if problem.code == "too-many-guesses" => {
            let wait = StatusCode::TOO_MANY_REQUESTS;
            retry_after(&problem, ask_digits(&app, &ask, wait, code, Some(MineError::TooMany)))
        }
        Err(problem) => explain(&app, &ask, &problem),
    }
}
