//! What a worker tells of himself: day of birth, papers, languages, a name. To enrol, and to change it later.

use std::collections::BTreeSet;

use axum::{extract::State, http::StatusCode, response::Response};
use edge_core::person::Born;
use sync_protocol::documents::demands::CODES_MAX;

use super::super::{
    ask::{Ask, Filled, Pairs, phone_plan},
    explain, see, show,
};
use super::{Steps, filled_in, proved, typed_in};
use crate::{
    app::App,
    http::workers::{self, ProfileBody},
    kiosk::{
        link::{self, Link},
        view::{AboutPage, Done, Purpose, Step, StepError},
    },
    phone::digits,
};

/// Name and ticks of the page, as they stand.
#[derive(Default)]
pub(in super::super) struct Told {
    name: String,
    certificates: BTreeSet<String>,
    languages: BTreeSet<String>,
}

impl Told {
    /// What a form says.
    pub(in super::super) fn read(filled: &Pairs) -> Self {
        let codes = |name| filled.all(name).take(CODES_MAX).map(str::to_owned).collect();
        Self {
            name: filled.get("name").to_owned(),
            certificates: codes("certificate"),
            languages: codes("language"),
        }
    }

    /// As the interface takes it, with a day of birth.
    pub(in super::super) fn body(self, born: String) -> ProfileBody {
        ProfileBody {
            name: Some(self.name),
            born: Some(born),
            certificates: Some(self.certificates.into_iter().collect()),
            languages: Some(self.languages.into_iter().collect()),
            ..ProfileBody::default()
        }
    }

    /// The page of ticks, behind the steps.
    pub(in super::super) fn page(self, steps: &Steps<'_>) -> Response {
        let Steps { app, ask, purpose, .. } = *steps;
        let frame = match ask.typing_frame(app, steps.action.clone()) {
            Ok(frame) => frame,
            Err(problem) => return explain(app, ask, &problem),
        };
        let is_new = purpose == Purpose::Enrol;
        let page = AboutPage {
            frame,
            is_new,
            name: self.name,
            certificates: self.certificates,
            languages: self.languages,
            kept: steps.kept.clone(),
            action: steps.action.clone(),
            back: Link::to(if is_new { link::NEAR } else { link::ME }),
        };
        show(StatusCode::OK, &page)
    }
}

/// The step of the day of birth: what to show, until there is a day or none is told, which it then gives.
pub(in super::super) fn born(steps: &Steps<'_>, filled: &Pairs) -> Result<String, Box<Response>> {
    let mut typed = typed_in(Step::Born, filled);
    if let Some(key) = filled.find("key").filter(|_| filled.get("at") == Step::Born.name()) {
        Step::Born.press(&mut typed, key, phone_plan(steps.app));
        return Err(Box::new(steps.show(Step::Born, typed, StatusCode::OK, None)));
    }
    if !typed.is_empty() && Born::parse(&typed).is_none() {
        return Err(Box::new(steps.refuse(Step::Born, typed, StepError::Born)));
    }
    Ok(typed)
}

fn steps<'a>(app: &'a App, ask: &'a Ask) -> Steps<'a> {
    Steps { app, ask, purpose: Purpose::About, action: Link::to(link::ME_ABOUT), kept: Vec::new() }
}

/// `GET /me/about`: the first step, with what is known.
pub(in super::super) async fn form(State(app): State<App>, ask: Ask) -> Response {
    let worker = match proved(&app, &ask) {
        Ok(worker) => worker,
        Err(response) => return *response,
    };
    match workers::read(&app, worker) {
        Ok(record) => {
            let born = record.facts.reveal().born.map(|born| digits(&born.to_string()));
            steps(&app, &ask).show(Step::Born, born.unwrap_or_default(), StatusCode::OK, None)
        }
        Err(problem) => explain(&app, &ask, &problem),
    }
}

/// `POST /me/about`: the day of birth, then name and ticks.
pub(in super::super) async fn send(State(app): State<App>, ask: Ask, Filled(filled): Filled) -> Response {
    let (worker, filled) = match filled_in(&app, &ask, filled) {
        Ok(both) => both,
        Err(response) => return *response,
    };
    let mut steps = steps(&app, &ask);
    let day = match born(&steps, &filled) {
        Ok(day) => day,
        Err(response) => return *response,
    };
    let record = match workers::read(&app, worker) {
        Ok(record) => record,
        Err(problem) => return explain(&app, &ask, &problem),
    };
    steps.kept.push((Step::Born.name(), day.clone()));
    if filled.get("at") != "about" {
        let facts = record.facts.reveal().clone();
        let name = record.contact.reveal().name.clone();
        return Told { name, certificates: facts.certificates, languages: facts.languages }.page(&steps);
    }
    let told = Told::read(&filled);
    if filled.find("key").is_some() {
        return told.page(&steps);
    }
    match workers::change(&app, &record, &told.body(day)).await {
        Ok(_) => see(&ask, &Link::to(link::ME).with("done", Done::About.code())),
        Err(problem) => explain(&app, &ask, &problem),
    }
}
