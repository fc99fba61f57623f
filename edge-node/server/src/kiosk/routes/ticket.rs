//! Tickets: shown by their six digits, and found under "mine".

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use edge_core::node::{self, JobView, job_view};
use sync_protocol::{documents::Status, ids::WorkerId, seats::EndReason};

use super::{
    ask::{Ask, Filled},
    cards::{card, local},
    explain, hours, list, not_found, retry_after, show, sign_up, unread,
};
use crate::{
    app::App,
    http::{Problem, base64url, sign_ups},
    kiosk::{
        link::{self, Link},
        view::{Answer, Hours, MineError, MinePage, TicketPage, Why, press_code},
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

fn status_of(found: &Found) -> Answer {
    let answer = &found.answer;
    if answer.cancel_asked {
        return Answer::GivingBack;
    }
    match answer.status {
        Status::Confirmed => Answer::Confirmed,
        Status::WaitListed => Answer::WaitListed {
            position: answer.position.unwrap_or(1),
            at_this_kiosk: answer.at_this_node || answer.position.is_none(),
        },
        Status::Requested => Answer::Requested,
        Status::Cancelled => Answer::Cancelled { was_place: found.was_place },
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

fn page(app: &App, ask: &Ask, found: &Found) -> TicketPage {
    let answer = &found.answer;
    let mut frame = ask.frame(app, Link::below(link::TICKET, &answer.code));
    frame.synthetic = found.view.fields.synthetic;
    TicketPage {
        frame,
        answer: status_of(found),
        final_by: answer.provisional.then(|| local(app, app.shared.lease_ends_at())),
        code: answer.code.clone(),
        qr: answer.receipt.as_deref().map_or_else(|| answer.code.clone(), base64url),
        card: card(app, &found.view, ask.choice.lang),
        address: found.view.fields.place.clone(),
        gate: None,
        early_min: EARLY_MIN,
        here_total: list::here_total(app, ask),
        printer: false,
        can_cancel: answer.status.is_current() && found.hours.is_none(),
        hours: found.hours,
    }
}

/// `GET /ticket/{code}`.
pub(super) async fn ticket(
    State(app): State<App>,
    ask: Ask,
    code: Result<Path<String>, PathRejection>,
) -> Response {
    let Ok(Path(code)) = code else { return not_found(&app, &ask) };
    match read(&app, &ask, &code).await {
        Ok(Some(found)) => show(StatusCode::OK, &page(&app, &ask, &found)),
        Ok(None) => not_found(&app, &ask),
        Err(problem) => explain(&app, &ask, &problem),
    }
}

fn mine_page(app: &App, ask: &Ask, code: String, error: Option<MineError>) -> MinePage {
    MinePage { frame: ask.frame(app, Link::to(link::MINE)), code, error }
}

/// `GET /mine`.
pub(super) async fn mine(State(app): State<App>, ask: Ask) -> Response {
    show(StatusCode::OK, &mine_page(&app, &ask, String::new(), None))
}

/// `POST /mine`: a key of the pad, or six digits to look up.
pub(super) async fn find(State(app): State<App>, ask: Ask, Filled(filled): Filled) -> Response {
    let filled = match filled {
        Ok(filled) => filled,
        Err(status) => return unread(&app, &ask, status),
    };
    let mut code: String = digits(filled.get("code")).chars().take(CODE_DIGITS).collect();
    if let Some(key) = filled.find("key") {
        press_code(&mut code, key);
        return show(StatusCode::OK, &mine_page(&app, &ask, code, None));
    }
    if code.len() < CODE_DIGITS {
        return show(StatusCode::UNPROCESSABLE_ENTITY, &mine_page(&app, &ask, code, Some(MineError::Short)));
    }
    match read(&app, &ask, &code).await {
        Ok(Some(found)) => sign_up::see_ticket(&ask, &found.answer.code),
        Ok(None) => show(StatusCode::NOT_FOUND, &mine_page(&app, &ask, code, Some(MineError::Unknown))),
        Err(problem) if problem.code == "too-many-guesses" => {
            let page = mine_page(&app, &ask, code, Some(MineError::TooMany));
            retry_after(&problem, show(StatusCode::TOO_MANY_REQUESTS, &page))
        }
        Err(problem) => explain(&app, &ask, &problem),
    }
}
