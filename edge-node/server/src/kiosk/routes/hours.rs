//! Confirming the hours of a shift, with the phone number that the sign-up was made with: plain POSTs, as giving back.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use edge_core::node::attendance_of;
use sync_protocol::{
    documents::{Attendance, MINUTES_MAX},
    ids::SignUpId,
};
use tokio::sync::oneshot;

use super::{
    ask::{Ask, Filled, Pairs},
    cards::{card, local},
    explain, not_found, show,
    sign_up::{see_ticket, typed},
    start,
    ticket::{Found, closed, read},
    unread,
};
use crate::{
    app::App,
    event_loop::{Event, Order},
    http::{Problem, tenant::refused},
    kiosk::{
        link,
        view::{Asked, Hours, HoursError, HoursPage, Typed},
    },
};

/// What one press of less or more changes.
const STEP_MIN: u32 = 15;

/// What stands about a sign-up's hours; `None` until its worker has left.
pub(super) fn of(app: &App, sign_up: SignUpId) -> Result<Option<(Hours, Attendance)>, Problem> {
    let attendance = app.shared.readers.read(|tx| {
        let row = tx.sign_up(sign_up)?;
        row.map(|row| attendance_of(tx, &row)).transpose()
    })?;
    Ok(attendance.and_then(|at| {
        let told = at.agency_minutes.or_else(|| at.measured_minutes())?;
        Some((Hours { told, said: at.worker_minutes }, at))
    }))
}

/// A ticket whose shift is over.
struct Worked {
    found: Found,
    attendance: Attendance,
    minutes: u32,
}

fn step(
    app: &App,
    ask: &Ask,
    worked: &Worked,
    typed: Typed,
    status: StatusCode,
    error: Option<HoursError>,
) -> Response {
    let Worked { found, attendance: at, .. } = worked;
    let code = found.answer.code.clone();
    let mut frame = match ask.typing_frame(app, link::hours(&code)) {
        Ok(frame) => frame,
        Err(problem) => return explain(app, ask, &problem),
    };
    frame.synthetic = found.view.fields.synthetic;
    let time =
        |at: Option<i64>| at.map_or_else(String::new, |at| local(app, at).strftime("%H:%M").to_string());
    let page = HoursPage {
        frame,
        code,
        card: card(app, &found.view, ask.choice.lang),
        from_to: (time(at.checked_in_at), time(at.checked_out_at)),
        minutes: worked.minutes,
        typed,
        is_proved: ask.proved() == Some(found.worker),
        error,
    };
    show(status, &page)
}

/// `GET /ticket/{code}/hours`.
pub(super) async fn form(
    State(app): State<App>,
    ask: Ask,
    code: Result<Path<String>, PathRejection>,
) -> Response {
    match open(&app, &ask, code).await {
        Ok(worked) => {
            let typed = typed(&app, Asked::Same, "");
            step(&app, &ask, &worked, typed, StatusCode::OK, None)
        }
        Err(response) => *response,
    }
}

/// `POST /ticket/{code}/hours`: a key of the pad, less or more, or the number itself.
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
        Ok(mut worked) => {
            let sent = filled.get("minutes").parse().ok().filter(|minutes| *minutes <= MINUTES_MAX);
            worked.minutes = sent.unwrap_or(worked.minutes);
            confirm(&app, &ask, worked, &filled).await
        }
        Err(response) => *response,
    }
}

/// The ticket, or the page to show where there are no hours to confirm.
async fn open(
    app: &App,
    ask: &Ask,
    code: Result<Path<String>, PathRejection>,
) -> Result<Worked, Box<Response>> {
    if app.shared.is_frozen() {
        return Err(Box::new(start::out_of_order(app, ask)));
    }
    let Ok(Path(code)) = code else { return Err(Box::new(not_found(app, ask))) };
    if !ask.may_see_tickets() {
        return Err(Box::new(closed(ask)));
    }
    let found = match read(app, ask, &code).await {
        Ok(Some(found)) => found,
        Ok(None) => return Err(Box::new(not_found(app, ask))),
        Err(problem) => return Err(Box::new(explain(app, ask, &problem))),
    };
    match of(app, found.answer.sign_up) {
        Ok(Some((hours, attendance))) => {
            Ok(Worked { found, attendance, minutes: hours.said.unwrap_or(hours.told) })
        }
        Ok(None) => Err(Box::new(see_ticket(app, ask, &found.answer.code))),
        Err(problem) => Err(Box::new(explain(app, ask, &problem))),
    }
}

async fn confirm(app: &App, ask: &Ask, mut worked: Worked, filled: &Pairs) -> Response {
    let mut typed = typed(app, Asked::Same, filled.get("phone"));
    if let Some(key) = filled.find("key") {
        worked.minutes = match key {
            "less" => worked.minutes.saturating_sub(STEP_MIN),
            "more" => (worked.minutes + STEP_MIN).min(MINUTES_MAX),
            _ => worked.minutes,
        };
        typed.press(key);
        return step(app, ask, &worked, typed, StatusCode::OK, None);
    }
    let again = |status, error| step(app, ask, &worked, typed.clone(), status, Some(error));
    match ask.is_of(app, worked.found.worker, &typed) {
        Ok(Some(true)) => {}
        Ok(Some(false)) => return again(StatusCode::UNPROCESSABLE_ENTITY, HoursError::Other),
        Ok(None) => return again(StatusCode::UNPROCESSABLE_ENTITY, HoursError::Phone),
        Err(problem) => return explain(app, ask, &problem),
    }
    match order(app, worked.found.answer.sign_up, worked.minutes).await {
        Ok(()) => see_ticket(app, ask, &worked.found.answer.code),
        Err(problem) if problem.code == "busy" => again(StatusCode::SERVICE_UNAVAILABLE, HoursError::TooBusy),
        Err(problem) => explain(app, ask, &problem),
    }
}

async fn order(app: &App, sign_up: SignUpId, minutes: u32) -> Result<(), Problem> {
    let (reply, answer) = oneshot::channel();
    app.send(Event::Order(Order::WorkerMinutes(sign_up, minutes, reply)))?;
    app.wait(answer).await?.map_err(refused)?;
    Ok(())
}
