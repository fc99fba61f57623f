//! A worker's PIN, and the end of all that is known of a worker here.

use axum::{extract::State, http::StatusCode, response::Response};

use super::super::{
    ask::{Ask, Filled, Pairs, phone_plan},
    explain, see, show,
};
use super::{Steps, filled_in, proved, typed_in};
use crate::{
    app::App,
    http::{
        Problem,
        workers::{self, ProfileBody},
    },
    kiosk::{
        link::{self, Link},
        view::{Done, ErasedPage, Purpose, Step, StepError},
    },
    person::{Pin, record},
};

/// Why a PIN that somebody chose is not taken.
pub(in super::super) fn unfit(pin: &str) -> Option<StepError> {
    match (Pin::choose(pin), Pin::read(pin)) {
        (Ok(_), _) => None,
        (Err(_), Some(_)) => Some(StepError::PlainPin),
        (Err(_), None) => Some(StepError::Pin),
    }
}

/// The two steps of a new PIN: what to show, until both are one PIN, which it then gives.
pub(in super::super) fn choose(steps: &mut Steps<'_>, filled: &Pairs) -> Result<String, Box<Response>> {
    let is_again = filled.get("at") == Step::Again.name();
    let step = if is_again { Step::Again } else { Step::NewPin };
    let mut typed = typed_in(step, filled);
    let first = typed_in(Step::NewPin, filled);
    if is_again {
        steps.kept.push((Step::NewPin.name(), first.clone()));
    }
    if let Some(key) = filled.find("key") {
        step.press(&mut typed, key, phone_plan(steps.app));
        return Err(Box::new(steps.show(step, typed, StatusCode::OK, None)));
    }
    if let Some(error) = unfit(&first) {
        steps.kept.retain(|(name, _)| *name != Step::NewPin.name());
        return Err(Box::new(steps.refuse(Step::NewPin, String::new(), error)));
    }
    if !is_again {
        steps.kept.push((Step::NewPin.name(), first));
        return Err(Box::new(steps.ask_for(Step::Again)));
    }
    if typed != first {
        return Err(Box::new(steps.refuse(Step::Again, String::new(), StepError::Again)));
    }
    Ok(first)
}

fn steps<'a>(app: &'a App, ask: &'a Ask, purpose: Purpose, path: &str) -> Steps<'a> {
    Steps { app, ask, purpose, action: Link::to(path), kept: Vec::new() }
}

/// `GET /me/pin`.
pub(in super::super) async fn pin(State(app): State<App>, ask: Ask) -> Response {
    match proved(&app, &ask) {
        Ok(_) => steps(&app, &ask, Purpose::ChangePin, link::ME_PIN).ask_for(Step::NewPin),
        Err(response) => *response,
    }
}

/// `POST /me/pin`: the new PIN, the same again, or a key of the pad.
pub(in super::super) async fn send_pin(State(app): State<App>, ask: Ask, Filled(filled): Filled) -> Response {
    let (worker, filled) = match filled_in(&app, &ask, filled) {
        Ok(both) => both,
        Err(response) => return *response,
    };
    let mut steps = steps(&app, &ask, Purpose::ChangePin, link::ME_PIN);
    let pin = match choose(&mut steps, &filled) {
        Ok(pin) => pin,
        Err(response) => return *response,
    };
    let body = ProfileBody { pin: Some(pin), ..ProfileBody::default() };
    let changed = match workers::read(&app, worker) {
        Ok(record) => workers::change(&app, &record, &body).await,
        Err(problem) => Err(problem),
    };
    match changed {
        Ok(_) => see(&ask, &Link::to(link::ME).with("done", Done::Pin.code())),
        Err(problem) => steps.explain(Step::NewPin, &problem),
    }
}

/// `GET /me/erase`: what goes, what stays, and the PIN that it takes.
pub(in super::super) async fn erase(State(app): State<App>, ask: Ask) -> Response {
    match proved(&app, &ask) {
        Ok(_) => steps(&app, &ask, Purpose::Erase, link::ME_ERASE).ask_for(Step::Pin),
        Err(response) => *response,
    }
}

/// `POST /me/erase`: the PIN, or a key of the pad. Whoever finds the page of another open cannot erase that one.
pub(in super::super) async fn send_erase(
    State(app): State<App>,
    mut ask: Ask,
    Filled(filled): Filled,
) -> Response {
    let (worker, filled) = match filled_in(&app, &ask, filled) {
        Ok(both) => both,
        Err(response) => return *response,
    };
    let steps = steps(&app, &ask, Purpose::Erase, link::ME_ERASE);
    let mut typed = typed_in(Step::Pin, &filled);
    if let Some(key) = filled.find("key") {
        Step::Pin.press(&mut typed, key, phone_plan(&app));
        return steps.show(Step::Pin, typed, StatusCode::OK, None);
    }
    if Pin::read(&typed).is_none() {
        return steps.refuse(Step::Pin, typed, StepError::Pin);
    }
    let erased: Result<(), Problem> = match workers::prove(&app, worker, &typed, ask.peer).await {
        Ok(()) => record::erase(&app, worker).await.map(drop),
        Err(problem) => return steps.explain(Step::Pin, &problem),
    };
    match erased {
        Ok(()) => {
            ask.end(&app);
            show(StatusCode::OK, &ErasedPage { frame: ask.frame(&app, Link::to(link::NEAR)) })
        }
        Err(problem) => explain(&app, &ask, &problem),
    }
}
