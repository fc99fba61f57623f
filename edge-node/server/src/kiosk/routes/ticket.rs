//! Tickets: shown by their six digits, found under "mine", given back with the phone number they were taken with.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use edge_core::node::{self, JobView, job_view};
use sync_protocol::{documents::Status, ids::WorkerId, seats::EndReason};

use super::{
    ask::{Ask, Filled, Pairs, phone_plan},
    cards::{card, local},
    explain, list, not_found, retry_after, show, sign_up, unread,
};
use crate::{
    app::App,
    http::{Problem, base64url, sign_ups},
    kiosk::{
        link::{self, Link},
        view::{Answer, GiveBackError, MineError, MinePage, TicketPage, Why, press_code},
    },
    phone::digits,
};

const CODE_DIGITS: usize = 6;
/// Minutes before the start by which to be there.
const EARLY_MIN: u32 = 10;

/// A sign-up with its job and its worker's pseudonym.
struct Found {
    answer: node::Answer,
    view: JobView,
    worker: WorkerId,
}

fn is_code(text: &str) -> bool {
    text.len() == CODE_DIGITS && text.bytes().all(|b| b.is_ascii_digit())
}

async fn read(app: &App, ask: &Ask, code: &str) -> Result<Option<Found>, Problem> {
    if !is_code(code) {
        return Ok(None);
    }
    let Some(answer) = sign_ups::by_code(app, ask.peer, code).await? else { return Ok(None) };
    let read = app.shared.readers.read(|tx| Ok((tx.sign_up(answer.sign_up)?, job_view(tx, answer.job)?)))?;
    let (Some(row), Some(view)) = read else { return Ok(None) };
    Ok(Some(Found { answer, view, worker: row.fields.worker }))
}

fn status_of(answer: &node::Answer) -> Answer {
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
        Status::Cancelled => Answer::Cancelled,
        Status::Bumped => Answer::Bumped(match EndReason::parse(&answer.reason) {
            Some(EndReason::Closed) => Why::Closed,
            Some(EndReason::Duplicate) => Why::Twice,
            Some(EndReason::Voided) => Why::Void,
            Some(EndReason::CapLowered | EndReason::Worker) | None => Why::Fewer,
        }),
    }
}

fn page(app: &App, ask: &Ask, found: &Found, give_back: Option<GiveBackError>) -> TicketPage {
    let answer = &found.answer;
    let mut frame = ask.frame(app, Link::below(link::TICKET, &answer.code));
    frame.synthetic = found.view.fields.synthetic;
    TicketPage {
        frame,
        answer: status_of(answer),
        final_by: answer.provisional.then(|| local(app, app.shared.lease_ends_at())),
        code: answer.code.clone(),
        qr: answer.receipt.as_deref().map_or_else(|| answer.code.clone(), base64url),
        card: card(app, &found.view, ask.choice.lang),
        address: found.view.fields.place.clone(),
        gate: None,
        early_min: EARLY_MIN,
        here_total: list::here_total(app, ask),
        printer: false,
        can_cancel: answer.status.is_current(),
        plan: phone_plan(app),
        give_back,
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
        Ok(Some(found)) => show(StatusCode::OK, &page(&app, &ask, &found, None)),
        Ok(None) => not_found(&app, &ask),
        Err(problem) => explain(&app, &ask, &problem),
    }
}

/// `POST /ticket/{code}/cancel`.
pub(super) async fn cancel(
    State(app): State<App>,
    ask: Ask,
    code: Result<Path<String>, PathRejection>,
    Filled(filled): Filled,
) -> Response {
    let Ok(Path(code)) = code else { return not_found(&app, &ask) };
    let filled = match filled {
        Ok(filled) => filled,
        Err(status) => return unread(&app, &ask, status),
    };
    match read(&app, &ask, &code).await {
        Ok(Some(found)) => give_back(&app, &ask, &found, &filled).await,
        Ok(None) => not_found(&app, &ask),
        Err(problem) => explain(&app, &ask, &problem),
    }
}

async fn give_back(app: &App, ask: &Ask, found: &Found, filled: &Pairs) -> Response {
    let again = |status, error| show(status, &page(app, ask, found, Some(error)));
    let phone = phone_plan(app).read(filled.get("phone"));
    let worker = phone.map(|phone| WorkerId::of_phone(&app.shared.region_key, &phone));
    if worker != Some(found.worker) {
        return again(StatusCode::UNPROCESSABLE_ENTITY, GiveBackError::Phone);
    }
    match sign_ups::cancel(app, found.answer.sign_up).await {
        Ok(answer) => sign_up::see_ticket(ask, &answer.code),
        Err(problem) => match problem.code {
            "busy" => again(StatusCode::SERVICE_UNAVAILABLE, GiveBackError::TooBusy),
            "frozen" => list::out_of_order(app, ask),
            _ => explain(app, ask, &problem),
        },
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
