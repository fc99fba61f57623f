//! A code to the phone, where a line and a sender exist: in place of card and PIN, and to prove a number that enrols.

use axum::{extract::State, http::StatusCode, response::Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sync_protocol::ids::WorkerId;

use super::super::{
    ask::{Ask, Filled, Pairs, phone_plan},
    explain, unread,
};
use super::{Steps, enter, entrance, gate, on_to_job, typed_in};
use crate::{
    app::App,
    http::{
        Problem, base64url,
        codes::{self, Unsent},
        sign_ups::worker_of,
    },
    kiosk::{
        link::{self, Link},
        view::{Purpose, Step, StepError},
    },
    person::{
        codes::{CodeWay, Pass, Typed},
        record::{self, Found, random},
    },
};

/// The field that carries a pass through the steps behind the code.
const PASS: &str = "pass";

/// Asks for the code that was just sent, or says at `step` why there is none.
async fn asked(steps: &Steps<'_>, step: Step, worker: WorkerId, phone: &str) -> Response {
    let error = match codes::send(steps.app, (worker, steps.ask.peer), phone, steps.ask.choice.lang).await {
        Ok(()) => return steps.ask_for(Step::Code),
        Err(Unsent::Problem(problem)) => return steps.explain(step, &problem),
        Err(Unsent::NoLine) => StepError::NoLine,
        Err(Unsent::Busy) => StepError::TooBusy,
        Err(Unsent::TooMany(wait_s)) => {
            StepError::TooManyCodes { wait_min: u32::try_from(wait_s.div_ceil(60)).unwrap_or(u32::MAX) }
        }
    };
    steps.refuse(step, String::new(), error)
}

/// The code that was typed: what to show until it is right, and then the pass.
async fn typed_code(
    steps: &Steps<'_>,
    worker: WorkerId,
    phone: &str,
    filled: &Pairs,
) -> Result<Pass, Box<Response>> {
    let Steps { app, ask, .. } = *steps;
    let mut typed = typed_in(Step::Code, filled);
    if filled.find("send").is_some() {
        return Err(Box::new(asked(steps, Step::Code, worker, phone).await));
    }
    if let Some(key) = filled.find("key") {
        Step::Code.press(&mut typed, key, phone_plan(app));
        return Err(Box::new(steps.show(Step::Code, typed, StatusCode::OK, None)));
    }
    let pass = random().map_err(|problem| Box::new(explain(app, ask, &problem)))?;
    let taken = codes::take(app, worker, &typed, &pass, ask.peer);
    let taken =
        taken.map_err(|wait_s| Box::new(steps.explain(Step::Code, &Problem::too_many_tries(wait_s))))?;
    match taken {
        Typed::Right => Ok(pass),
        Typed::Wrong => Err(Box::new(steps.refuse(Step::Code, String::new(), StepError::Code))),
        Typed::Over => Err(Box::new(steps.refuse(Step::Code, String::new(), StepError::CodeOver))),
    }
}

/// Whether whoever fills this form has proved the number by a code, or no code can be asked for.
pub(in super::super) fn is_proved(app: &App, worker: WorkerId, filled: &Pairs) -> bool {
    codes::way(app) != CodeWay::Offered || has_pass(app, worker, filled)
}

/// Whether the form carries the pass of this number.
pub(in super::super) fn has_pass(app: &App, worker: WorkerId, filled: &Pairs) -> bool {
    let pass = URL_SAFE_NO_PAD.decode(filled.get(PASS)).ok().and_then(|bytes| Pass::try_from(bytes).ok());
    pass.is_some_and(|pass| app.persons.codes().has_passed(worker, &pass, app.now_ms()))
}

/// The step of the code in a form that enrols; once it is right, the step behind it.
pub(in super::super) async fn prove_number(
    steps: &mut Steps<'_>,
    worker: WorkerId,
    phone: &str,
    filled: &Pairs,
) -> Response {
    if filled.get("at") != Step::Code.name() {
        return asked(steps, Step::Phone, worker, phone).await;
    }
    match typed_code(steps, worker, phone, filled).await {
        Ok(pass) => {
            steps.kept.push((PASS, base64url(&pass)));
            steps.ask_for(Step::NewPin)
        }
        Err(response) => *response,
    }
}

/// What a form carries of a pass to its next step.
pub(in super::super) fn keep_pass(steps: &mut Steps<'_>, filled: &Pairs) {
    if let Some(pass) = filled.find(PASS) {
        steps.kept.push((PASS, pass.to_owned()));
    }
}

fn steps<'a>(app: &'a App, ask: &'a Ask) -> Steps<'a> {
    Steps {
        app,
        ask,
        purpose: Purpose::ByCode,
        action: on_to_job(ask, Link::to(link::ME_CODE)),
        kept: Vec::new(),
    }
}

/// `GET /me/code`.
pub(in super::super) async fn form(State(app): State<App>, ask: Ask) -> Response {
    if let Some(response) = gate(&app, &ask) {
        return response;
    }
    if codes::way(&app) == CodeWay::Offered {
        return steps(&app, &ask).ask_for(Step::Phone);
    }
    // Card and PIN need no line.
    let step = if ask.known.is_some() { Step::Pin } else { Step::Who };
    entrance(&app, &ask).show(step, String::new(), StatusCode::SERVICE_UNAVAILABLE, Some(StepError::NoLine))
}

/// `POST /me/code`: the number, the code that came, or a key of the pad.
pub(in super::super) async fn send(State(app): State<App>, mut ask: Ask, Filled(filled): Filled) -> Response {
    let filled = match filled {
        Ok(filled) => filled,
        Err(status) => return unread(&app, &ask, status),
    };
    if let Some(response) = gate(&app, &ask) {
        return response;
    }
    let mut steps = steps(&app, &ask);
    let mut phone = typed_in(Step::Phone, &filled);
    let is_code = filled.get("at") == Step::Code.name();
    if let Some(key) = filled.find("key").filter(|_| !is_code) {
        Step::Phone.press(&mut phone, key, phone_plan(&app));
        return steps.show(Step::Phone, phone, StatusCode::OK, None);
    }
    let Some(number) = phone_plan(&app).read(&phone) else {
        return steps.refuse(Step::Phone, phone, StepError::Phone);
    };
    let worker = match worker_of(&app, &number) {
        Ok(worker) => worker,
        Err(problem) => return explain(&app, &ask, &problem),
    };
    steps.kept.push((Step::Phone.name(), phone.clone()));
    if !is_code {
        return asked(&steps, Step::Phone, worker, &number).await;
    }
    let pass = match typed_code(&steps, worker, &number, &filled).await {
        Ok(pass) => pass,
        Err(response) => return *response,
    };
    match record::find(&app, worker) {
        Ok(Found::Record(_)) => enter(&app, &mut ask, worker),
        Ok(Found::Nothing | Found::Damaged(_)) => {
            let kept = vec![(Step::Phone.name(), phone), (PASS, base64url(&pass))];
            let action = on_to_job(&ask, Link::to(link::ENROL));
            Steps { app: &app, ask: &ask, purpose: Purpose::Enrol, action, kept }.ask_for(Step::NewPin)
        }
        Err(problem) => explain(&app, &ask, &problem),
    }
}
