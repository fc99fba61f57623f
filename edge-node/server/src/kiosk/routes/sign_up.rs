//! The sign-up form: number pad and submission, both plain POSTs.
//!
//! Every form carries a random key of its own, so that sending it twice, by a second press or after a cut, gives one place.

use std::{net::IpAddr, time::Duration};

use axum::{extract::State, http::StatusCode, response::Response};
use edge_core::node::{Answer, Holder, JobView};
use jiff::civil::Time;
use sync_protocol::ids::SignUpId;

use super::{
    aloud,
    ask::{Ask, Filled, Pairs, phone_plan},
    cards::{card, local},
    explain, list, not_found, one, see, show, start, unread,
};
use crate::{
    app::App,
    http::{
        Problem, SignUpBody, base64url, holds,
        sign_ups::{Asker, first16},
        submit,
    },
    kiosk::link::{self, Link},
    kiosk::view::{Asked, SignUpError, SignUpPage, Typed, spoken},
    limits::KEY_CHARS_MAX,
    person::record::random,
    phone::digits,
};

/// How often and after which time a second press looks for the answer to the first.
const SECOND_LOOKS: u32 = 10;
const SECOND_LOOK_WAIT: Duration = Duration::from_millis(150);
/// Digits that are looked at in what was typed; more cannot be a phone number.
const TYPED_MAX: usize = 20;

/// What the form holds between two presses.
struct Form {
    view: JobView,
    key: String,
    typed: Typed,
    /// Local time until which a place is held for this form.
    hold_until: Option<Time>,
}

impl Form {
    fn page(&self, app: &App, ask: &Ask, error: Option<SignUpError>) -> Result<SignUpPage, Problem> {
        let card = card(app, &self.view, ask.choice.lang);
        let (trail, is_known) = (list::trail(ask), ask.known.is_some());
        let mut frame = ask.typing_frame(app, trail.sign_up(&card.id))?;
        frame.synthetic = self.view.fields.synthetic;
        frame.listen = aloud::clip(app, ask.choice.lang, spoken::sign_up(ask.choice.lang, is_known));
        Ok(SignUpPage {
            frame,
            card,
            idempotency: self.key.clone(),
            typed: self.typed.clone(),
            is_known,
            hold_until: self.hold_until,
            error,
            trail,
        })
    }

    fn show(&self, app: &App, ask: &Ask, status: StatusCode, error: Option<SignUpError>) -> Response {
        match self.page(app, ask, error) {
            Ok(page) => show(status, &page),
            Err(problem) => explain(app, ask, &problem),
        }
    }
}

/// The token under which a form holds its place: it does not know its worker yet.
fn token(key: &str) -> [u8; 16] {
    first16("dayshift form v1", &[key.as_bytes()])
}

/// Holds a place for the form. Without one it goes on as well: a hold is no promise.
async fn held(app: &App, ask: &Ask, view: &mut JobView, key: Option<&str>) -> Option<Time> {
    let key = key.filter(|_| !one::is_closed(app, view))?;
    let hold = holds::take(app, view.job, Holder::Form(token(key)), ask.peer).await.ok()?;
    // The right that is held is free for this form, whether or not the view was read before it was set aside.
    if view.seats.avail() == 0 && view.seats.returned > 0 {
        view.seats.returned -= 1;
    }
    Some(local(app, holds::ends_at(app, &hold)).time())
}

/// The key that a form was sent with, or a fresh one.
pub(super) fn key_or_fresh(sent: Option<&str>) -> Result<String, Problem> {
    if let Some(key) = sent.filter(|key| !key.is_empty() && key.len() <= KEY_CHARS_MAX) {
        return Ok(key.to_owned());
    }
    Ok(base64url(&random::<16>()?))
}

/// Whether a form holds a place. Whoever only reads takes one from nobody, but for who stands at the box's own screen: elsewhere
/// the first press does, and presses are counted. A phone that comes through a proxy on the box is not its screen.
fn takes_a_place(is_pressed: bool, from: IpAddr, is_own_phone: bool) -> bool {
    is_pressed || (from.to_canonical().is_loopback() && !is_own_phone)
}

async fn open(
    app: &App,
    ask: &Ask,
    job: &str,
    key: Option<&str>,
    phone: &str,
) -> Result<Option<Form>, Problem> {
    let Some(mut view) = one::read(app, job)? else { return Ok(None) };
    let may_hold = takes_a_place(key.is_some(), ask.peer, ask.is_own_phone);
    let key = key_or_fresh(key)?;
    let hold_until = held(app, ask, &mut view, may_hold.then_some(&key)).await;
    Ok(Some(Form { view, key, typed: typed(app, Asked::New, phone), hold_until }))
}

/// The field for a phone number with what was sent in it.
pub(super) fn typed(app: &App, asked: Asked, phone: &str) -> Typed {
    Typed { asked, phone: digits(phone).chars().take(TYPED_MAX).collect(), plan: phone_plan(app) }
}

/// `GET /sign_up?job=`.
pub(super) async fn form(State(app): State<App>, ask: Ask) -> Response {
    if app.shared.takes_nobody().is_some() {
        return start::out_of_order(&app, &ask);
    }
    match open(&app, &ask, ask.pairs.get("job"), None, "").await {
        Ok(Some(form)) => {
            let error = one::is_closed(&app, &form.view).then_some(SignUpError::Closed);
            form.show(&app, &ask, StatusCode::OK, error)
        }
        Ok(None) => not_found(&app, &ask),
        Err(problem) => explain(&app, &ask, &problem),
    }
}

/// `POST /sign_up`: a key of the pad, or the sign-up itself.
pub(super) async fn send(State(app): State<App>, ask: Ask, Filled(filled): Filled) -> Response {
    let filled = match filled {
        Ok(filled) => filled,
        Err(status) => return unread(&app, &ask, status),
    };
    if app.shared.is_frozen() {
        return start::out_of_order(&app, &ask);
    }
    if ask.is_over() {
        return see(&ask, &list::trail(&ask).sign_up(filled.get("job")));
    }
    let form = open(&app, &ask, filled.get("job"), filled.find("idempotency"), filled.get("phone")).await;
    match form {
        Ok(Some(form)) => filled_in(&app, &ask, form, &filled).await,
        Ok(None) => not_found(&app, &ask),
        Err(problem) => explain(&app, &ask, &problem),
    }
}

async fn filled_in(app: &App, ask: &Ask, mut form: Form, filled: &Pairs) -> Response {
    if let Some(pad) = filled.find("key") {
        form.typed.press(pad);
        return form.show(app, ask, StatusCode::OK, None);
    }
    let phone = form.typed.plan.read(&form.typed.phone);
    if ask.known.is_none() && phone.is_none() {
        return form.show(app, ask, StatusCode::UNPROCESSABLE_ENTITY, Some(SignUpError::Phone));
    }
    // Whom the visit names is asked for no number, and what was typed before is not theirs.
    let phone = phone.filter(|_| ask.known.is_none());
    // Who goes back in the browser and types a friend's number sends the same form, but it is another request.
    let key = match ask.known {
        Some(known) => format!("{} {}", form.key, base64url(&known.worker.0)),
        None => format!("{} {}", form.key, form.typed.phone),
    };
    let body = SignUpBody { job: form.view.job.to_string(), phone };
    let asker = Asker { form: Some(token(&form.key)), known: ask.known };
    match submit_once(app, &key, &body, asker).await {
        Ok(answer) => see_ticket(app, ask, &answer.code),
        Err(problem) => refused(app, ask, &form, &problem),
    }
}

/// Submits; where the same form is being answered already, waits for that answer.
async fn submit_once(app: &App, key: &str, body: &SignUpBody, asker: Asker) -> Result<Answer, Problem> {
    for _ in 0..SECOND_LOOKS {
        match submit(app, key, body, asker).await {
            Err(problem) if problem.code == "in-flight" => tokio::time::sleep(SECOND_LOOK_WAIT).await,
            answered => return answered,
        }
    }
    submit(app, key, body, asker).await
}

/// Sends the browser on to a ticket, so that loading the page again submits nothing.
pub(super) fn see_ticket(app: &App, ask: &Ask, code: &str) -> Response {
    match ask.ticket(app, code) {
        Ok(ticket) => see(ask, &ticket),
        Err(problem) => explain(app, ask, &problem),
    }
}

/// The ticket that is in the way, for the worker who has proved to be its worker; for whoever knows a number, the page that
/// asks for its digits.
fn ticket_of(app: &App, ask: &Ask, id: &str) -> Option<Link> {
    let sign_up: SignUpId = id.parse().ok()?;
    let row = app.shared.readers.read(|tx| tx.sign_up(sign_up)).ok()??;
    if ask.proved() != Some(row.fields.worker) {
        return Some(Link::to(link::MINE));
    }
    ask.ticket(app, &row.fields.code).ok()
}

fn refused(app: &App, ask: &Ask, form: &Form, problem: &Problem) -> Response {
    let error = match problem.code {
        "closed" => Some(SignUpError::Closed),
        "busy" | "in-flight" | "too-many-requests" => Some(SignUpError::TooMany),
        "already-signed-up" => {
            ticket_of(app, ask, &problem.detail).map(|ticket| SignUpError::Again { ticket })
        }
        "overlap" => ticket_of(app, ask, &problem.detail).map(|ticket| SignUpError::Overlap { ticket }),
        "bad-request" => Some(SignUpError::Phone),
        _ => SignUpError::of_demand(problem),
    };
    match error {
        Some(error) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::CONFLICT);
            form.show(app, ask, status, Some(error))
        }
        None => explain(app, ask, problem),
    }
}

#[cfg(test)]
mod tests {
    use super::takes_a_place;

    #[test]
    fn a_page_that_is_only_read_takes_nobodys_place() {
        let (screen, phone) = ("127.0.0.1".parse().unwrap(), "192.0.2.7".parse().unwrap());
        let table = [
            (false, screen, false, true),
            (false, screen, true, false),
            (false, phone, false, false),
            (true, phone, false, true),
            (true, screen, true, true),
            (true, screen, false, true),
        ];
        for (is_pressed, from, is_own_phone, holds) in table {
            let takes = takes_a_place(is_pressed, from, is_own_phone);
            assert_eq!(takes, holds, "{is_pressed} {from} {is_own_phone}");
        }
    }
}
