//! A PIN that the operator gave is exchanged for one's own, in the steps of enrolment, and opens nothing before.

use axum::response::Response;

use super::super::{
    ask::{Ask, Pairs},
    explain,
};
use super::{Steps, choose, enter, entrance, meant, on_to_job, typed_in};
use crate::{
    app::App,
    http::workers::{self, ProfileBody},
    kiosk::{
        link::{self, Link},
        view::{Purpose, Step, StepError},
    },
    person::record::Fits,
};

fn steps<'a>(app: &'a App, ask: &'a Ask, phone: &str, given: &str) -> Steps<'a> {
    let mut kept = vec![(Step::Pin.name(), given.to_owned())];
    if ask.known.is_none() {
        kept.push((Step::Who.name(), phone.to_owned()));
    }
    Steps { app, ask, purpose: Purpose::ChangePin, action: on_to_job(ask, Link::to(link::ME)), kept }
}

/// Asks for the worker's own PIN.
pub(super) fn ask_for_own(app: &App, ask: &Ask, phone: String, given: String) -> Response {
    steps(app, ask, &phone, &given).ask_for(Step::NewPin)
}

/// The new PIN, the same again, or a key of the pad. What was given is looked at again: the form is the browser's word.
pub(super) async fn exchange(app: &App, ask: &mut Ask, filled: &Pairs) -> Response {
    let (phone, given) = (typed_in(Step::Who, filled), typed_in(Step::Pin, filled));
    let mut steps = steps(app, ask, &phone, &given);
    let pin = match choose(&mut steps, filled) {
        Ok(pin) => pin,
        Err(response) => return *response,
    };
    if pin == given {
        steps.kept.retain(|(name, _)| *name != Step::NewPin.name());
        return steps.refuse(Step::NewPin, String::new(), StepError::PlainPin);
    }
    let worker = match meant(app, ask, &phone, &given).await {
        // What an operator says to somebody in the hall is of no use outside it.
        Ok((worker, Fits::Given)) if ask.is_here() => worker,
        Ok(_) => return entrance(app, ask).explain(Step::Pin, &workers::unproved()),
        Err(problem) => return entrance(app, ask).explain(Step::Pin, &problem),
    };
    let body = ProfileBody { pin: Some(pin), ..ProfileBody::default() };
    let changed = match workers::read(app, worker) {
        Ok(record) => workers::change(app, &record, &body).await,
        Err(problem) => Err(problem),
    };
    match changed {
        Ok(_) => enter(app, ask, worker),
        Err(problem) => explain(app, ask, &problem),
    }
}
