//! Giving a ticket back, with the phone number that the sign-up was made with: number pad and submission, both plain POSTs.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};

use super::{
    ask::{Ask, Filled, Pairs},
    cards::card,
    explain, not_found, show,
    sign_up::{see_ticket, typed},
    start,
    ticket::{Found, closed, read},
    unread,
};
use crate::{
    app::App,
    http::sign_ups,
    kiosk::{
        link,
        view::{Asked, GiveBackError, GiveBackPage, Typed},
    },
};

/// The step as it stands after `status`.
fn step(
    app: &App,
    ask: &Ask,
    found: &Found,
    typed: Typed,
    status: StatusCode,
    error: Option<GiveBackError>,
) -> Response {
    let code = found.answer.code.clone();
    let mut frame = match ask.typing_frame(app, link::cancel(&code)) {
        Ok(frame) => frame,
        Err(problem) => return explain(app, ask, &problem),
    };
    frame.synthetic = found.view.fields.synthetic;
    let card = card(app, &found.view, ask.choice.lang);
    let is_proved = ask.proved() == Some(found.worker);
    show(status, &GiveBackPage { frame, code, card, typed, is_proved, error })
}

/// `GET /ticket/{code}/cancel`.
pub(super) async fn form(
    State(app): State<App>,
    ask: Ask,
    code: Result<Path<String>, PathRejection>,
) -> Response {
    match open(&app, &ask, code).await {
        Ok(found) => {
            let typed = typed(&app, Asked::Same, "");
            step(&app, &ask, &found, typed, StatusCode::OK, None)
        }
        Err(response) => *response,
    }
}

/// `POST /ticket/{code}/cancel`: a key of the pad, or the number itself.
pub(super) async fn send(
    State(app): State<App>,
    ask: Ask,
    code: Result<Path<String>, PathRejection>,
    Filled(filled): Filled,
) -> Response {
    let filled = match filled {
        Ok(filled) => filled,
        Err(status) => return unread(&app, &ask, status),
    };
    match open(&app, &ask, code).await {
        Ok(found) => give_back(&app, &ask, &found, &filled).await,
        Err(response) => *response,
    }
}

/// The ticket, or the page to show where it cannot be given back.
async fn open(
    app: &App,
    ask: &Ask,
    code: Result<Path<String>, PathRejection>,
) -> Result<Found, Box<Response>> {
    if app.shared.is_frozen() {
        return Err(Box::new(start::out_of_order(app, ask)));
    }
    let Ok(Path(code)) = code else { return Err(Box::new(not_found(app, ask))) };
    if !ask.may_see_tickets() {
        return Err(Box::new(closed(ask)));
    }
    match read(app, ask, &code).await {
        Ok(Some(found)) if found.answer.status.is_current() && !found.answer.cancel_asked => Ok(found),
        Ok(Some(found)) => Err(Box::new(see_ticket(app, ask, &found.answer.code))),
        Ok(None) => Err(Box::new(not_found(app, ask))),
        Err(problem) => Err(Box::new(explain(app, ask, &problem))),
    }
}

async fn give_back(app: &App, ask: &Ask, found: &Found, filled: &Pairs) -> Response {
    let mut typed = typed(app, Asked::Same, filled.get("phone"));
    if let Some(key) = filled.find("key") {
        typed.press(key);
        return step(app, ask, found, typed, StatusCode::OK, None);
    }
    let again = |status, error| step(app, ask, found, typed.clone(), status, Some(error));
    match ask.is_of(app, found.worker, &typed) {
        Ok(Some(true)) => {}
        Ok(Some(false)) => return again(StatusCode::UNPROCESSABLE_ENTITY, GiveBackError::Other),
        Ok(None) => return again(StatusCode::UNPROCESSABLE_ENTITY, GiveBackError::Phone),
        Err(problem) => return explain(app, ask, &problem),
    }
    match sign_ups::cancel(app, found.answer.sign_up).await {
        Ok(answer) => see_ticket(app, ask, &answer.code),
        Err(problem) if problem.code == "busy" => {
            again(StatusCode::SERVICE_UNAVAILABLE, GiveBackError::TooBusy)
        }
        Err(problem) => explain(app, ask, &problem),
    }
}
