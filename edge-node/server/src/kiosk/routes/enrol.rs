//! Enrolling a worker at the kiosk: number, PIN twice, day of birth, ticks and agreement, then the card.

use axum::{extract::State, http::StatusCode, response::Response};

use super::{
    ask::{Ask, Filled, Pairs, phone_plan},
    explain,
    me::{self, Steps, Told, on_to_job, typed_in},
    see, unread,
};
use crate::{
    app::App,
    http::workers::{self, ProfileBody},
    kiosk::{
        link::{self, Link},
        view::{Done, Purpose, Step, StepError},
    },
    person::Known,
};
use sync_protocol::ids::WorkerId;

fn steps<'a>(app: &'a App, ask: &'a Ask) -> Steps<'a> {
    let action = on_to_job(ask, Link::to(link::ENROL));
    Steps { app, ask, purpose: Purpose::Enrol, action, kept: Vec::new() }
}

/// `GET /enrol`.
pub(super) async fn form(State(app): State<App>, ask: Ask) -> Response {
    match me::gate(&app, &ask) {
        Some(response) => response,
        None => steps(&app, &ask).ask_for(Step::Phone),
    }
}

/// `POST /enrol`: a step, a key of the pad, or the agreement that enrols.
pub(super) async fn send(State(app): State<App>, mut ask: Ask, Filled(filled): Filled) -> Response {
    let filled = match filled {
        Ok(filled) => filled,
        Err(status) => return unread(&app, &ask, status),
    };
    if app.shared.frozen().is_some() || ask.is_over() {
        return me::gate(&app, &ask).unwrap_or_else(|| see(&ask, &Link::to(link::ENROL)));
    }
    let (agreed, worker) = match told(steps(&app, &ask), &filled).await {
        Ok(agreed) => agreed,
        Err(response) => return *response,
    };
    // A number that a code has proved and that is enrolled already: it needs no PIN to be let in.
    if me::has_pass(&app, worker, &filled) && workers::read(&app, worker).is_ok() {
        return match ask.begin_as(&app, Known { worker, proved: true }) {
            Ok(()) => see(&ask, &Link::to(link::ME).with("done", Done::KnownBefore.code())),
            Err(problem) => explain(&app, &ask, &problem),
        };
    }
    match workers::enrol(&app, &agreed, ask.peer).await {
        Ok((worker, card)) => {
            if let Err(problem) = ask.begin_as(&app, Known { worker, proved: true }) {
                return explain(&app, &ask, &problem);
            }
            match card {
                Some(text) => me::show_card(&app, &ask, worker, text),
                None => see(&ask, &Link::to(link::ME).with("done", Done::KnownBefore.code())),
            }
        }
        // Somebody is enrolled under the number, by another PIN.
        Err(problem) => {
            let again = steps(&app, &ask);
            again.explain(Step::Phone, &problem)
        }
    }
}

/// What is told once all steps are done; until then the next one.
async fn told(mut steps: Steps<'_>, filled: &Pairs) -> Result<(ProfileBody, WorkerId), Box<Response>> {
    let (at, plan) = (filled.get("at"), phone_plan(steps.app));
    let mut phone = typed_in(Step::Phone, filled);
    if let Some(key) = filled.find("key").filter(|_| at == Step::Phone.name()) {
        Step::Phone.press(&mut phone, key, plan);
        return Err(Box::new(steps.show(Step::Phone, phone, StatusCode::OK, None)));
    }
    let Some(number) = plan.read(&phone) else {
        return Err(Box::new(steps.refuse(Step::Phone, phone, StepError::Phone)));
    };
    let worker = WorkerId::of_phone(&steps.app.shared.region_key, &number);
    steps.kept.push((Step::Phone.name(), phone.clone()));
    if !me::has_proved_number(steps.app, worker, filled) {
        return Err(Box::new(me::prove_number(&mut steps, worker, &number, filled).await));
    }
    me::keep_pass(&mut steps, filled);
    if at == Step::Phone.name() || at == Step::Code.name() {
        return Err(Box::new(steps.ask_for(Step::NewPin)));
    }
    if at == Step::NewPin.name() || at == Step::Again.name() {
        me::choose(&mut steps, filled)?;
        return Err(Box::new(steps.ask_for(Step::Born)));
    }
    let pin = typed_in(Step::NewPin, filled);
    if let Some(error) = me::unfit(&pin) {
        return Err(Box::new(steps.refuse(Step::NewPin, String::new(), error)));
    }
    steps.kept.push((Step::NewPin.name(), pin.clone()));
    let born = me::born(&steps, filled)?;
    steps.kept.push((Step::Born.name(), born.clone()));
    let told = Told::read(filled);
    if at != "about" || filled.find("key").is_some() {
        return Err(Box::new(told.page(&steps)));
    }
    let lang = Some(steps.ask.choice.lang.code().to_owned());
    Ok((ProfileBody { phone: Some(phone), pin: Some(pin), lang, ..told.body(born) }, worker))
}
