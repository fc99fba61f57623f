//! A worker's own pages: who one is, by card or by number and PIN, and the shifts that stand.
//!
//! A card says who, and takes a place without a number to type. What is the worker's alone is shown after the PIN.

mod about;
mod card;
mod code;
mod given;
mod own;

use axum::{extract::State, http::StatusCode, response::Response};
use edge_core::node::{answer_of, attendance_of, job_view};
use sync_protocol::{documents::Status, ids::WorkerId};

pub(super) use self::{
    about::{Told, born, form as about, send as send_about},
    card::{form as card, print_it as print_card, send as send_card, show as show_card},
    code::{
        form as code, has_pass, is_proved as has_proved_number, keep_pass, prove_number, send as send_code,
    },
    own::{choose, erase, pin, send_erase, send_pin, unfit},
};
use super::{
    aloud,
    ask::{Ask, Filled, Pairs, phone_plan},
    cards::{card as job_card, local},
    explain, list, see, show, start,
    ticket::status_of,
    unread,
};
use crate::{
    app::App,
    http::{Problem, codes, sign_ups::worker_of, workers},
    kiosk::{
        link::{self, Link},
        view::{Done, MePage, Purpose, Shift, Step, StepError, StepPage, sparing, spoken},
    },
    person::{
        Known, Pin, card as cards,
        record::{Fits, contact, lang_of},
    },
    phone::digits,
};

/// Sign-ups that one page lists; nobody has more that stand.
const SHIFTS_MAX: usize = 20;
/// How long after its end a shift is listed, for its hours to be confirmed: a week, in seconds.
const LISTED_AFTER_S: i64 = 7 * 86_400;
/// What the form of the first page says under `at`: whoever holds a card to it looks for work. Elsewhere one wants the page of
/// one's own.
const BY_START: &str = "start";
/// Characters that are looked at of what was typed: more than a card's text has.
const TYPED_MAX: usize = 80;

/// A form of steps on its way.
pub(super) struct Steps<'a> {
    pub(super) app: &'a App,
    pub(super) ask: &'a Ask,
    pub(super) purpose: Purpose,
    pub(super) action: Link,
    pub(super) kept: Vec<(&'static str, String)>,
}

impl Steps<'_> {
    /// Asks for a step, for the first time.
    pub(super) fn ask_for(&self, step: Step) -> Response {
        self.show(step, String::new(), StatusCode::OK, None)
    }

    /// Shows a step with what is typed.
    pub(super) fn show(
        &self,
        step: Step,
        typed: String,
        status: StatusCode,
        error: Option<StepError>,
    ) -> Response {
        let Self { app, ask, purpose, .. } = *self;
        let frame = match ask.typing_frame(app, self.action.clone()) {
            Ok(frame) => frame,
            Err(problem) => return explain(app, ask, &problem),
        };
        let is_theirs = ask.proved().is_some();
        let page = StepPage {
            frame,
            purpose,
            step,
            typed,
            plan: phone_plan(app),
            kept: self.kept.clone(),
            action: self.action.clone(),
            back: Link::to(if is_theirs { link::ME } else { link::NEAR }),
            enrol: (purpose == Purpose::LogIn).then(|| on_to_job(ask, Link::to(link::ENROL))),
            code: codes::way(app),
            by_code: on_to_job(ask, Link::to(link::ME_CODE)),
            error,
        };
        show(status, &page)
    }

    pub(super) fn refuse(&self, step: Step, typed: String, error: StepError) -> Response {
        self.show(step, typed, StatusCode::UNPROCESSABLE_ENTITY, Some(error))
    }

    /// Puts a refusal of the interface beside the step that it is about.
    pub(super) fn explain(&self, step: Step, problem: &Problem) -> Response {
        let error = match problem.code {
            "unproved" | "enrol-again" => StepError::Unproved,
            "too-many-tries" => {
                let wait_s = problem.retry_after_s().unwrap_or_default();
                StepError::TooMany { wait_min: u32::try_from(wait_s.div_ceil(60)).unwrap_or(u32::MAX) }
            }
            "busy" | "timeout" => StepError::TooBusy,
            _ => return explain(self.app, self.ask, problem),
        };
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
        super::retry_after(problem, self.show(step, String::new(), status, Some(error)))
    }
}

/// What was typed into the field of a step: digits, and of a card its text.
pub(super) fn typed_in(step: Step, filled: &Pairs) -> String {
    digits(filled.get(step.name())).chars().take(TYPED_MAX).collect()
}

/// Where a job waits for its worker, its id travels along.
pub(super) fn on_to_job(ask: &Ask, link: Link) -> Link {
    match ask.pairs.get("job") {
        "" => link,
        job => link.with("job", job),
    }
}

/// Where somebody goes who is known now: to the job that waits, or else to `otherwise`.
pub(super) fn arrived(ask: &Ask, otherwise: &str) -> Response {
    match ask.pairs.get("job") {
        "" => see(ask, &Link::to(otherwise)),
        job => see(ask, &list::trail(ask).sign_up(job)),
    }
}

/// What stands before every page of a worker's own: the kiosk works, and the form is of a visit that goes on.
pub(super) fn gate(app: &App, ask: &Ask) -> Option<Response> {
    if app.shared.frozen().is_some() {
        return Some(start::out_of_order(app, ask));
    }
    ask.is_over().then(|| see(ask, &Link::to(link::ME)))
}

/// The worker of a page that is shown to its worker alone, or the way to prove it.
pub(super) fn proved(app: &App, ask: &Ask) -> Result<WorkerId, Box<Response>> {
    if let Some(response) = gate(app, ask) {
        return Err(Box::new(response));
    }
    ask.proved().ok_or_else(|| Box::new(see(ask, &Link::to(link::ME))))
}

/// The same, and the form that the worker sent.
fn filled_in(
    app: &App,
    ask: &Ask,
    filled: Result<Pairs, StatusCode>,
) -> Result<(WorkerId, Pairs), Box<Response>> {
    let filled = filled.map_err(|status| Box::new(unread(app, ask, status)))?;
    Ok((proved(app, ask)?, filled))
}

/// `GET /me`: the worker's page, or the step that says who one is.
pub(super) async fn me(State(app): State<App>, ask: Ask) -> Response {
    if app.shared.frozen().is_some() {
        return start::out_of_order(&app, &ask);
    }
    match ask.proved() {
        Some(worker) => page(&app, &ask, worker).unwrap_or_else(|problem| explain(&app, &ask, &problem)),
        None => entrance(&app, &ask).ask_for(if ask.known.is_some() { Step::Pin } else { Step::Who }),
    }
}

fn entrance<'a>(app: &'a App, ask: &'a Ask) -> Steps<'a> {
    let purpose = if ask.known.is_some() { Purpose::Prove } else { Purpose::LogIn };
    Steps { app, ask, purpose, action: on_to_job(ask, Link::to(link::ME)), kept: Vec::new() }
}

/// `POST /me`: a card, a number, a PIN, or a key of the pad.
pub(super) async fn log_in(State(app): State<App>, mut ask: Ask, Filled(filled): Filled) -> Response {
    let filled = match filled {
        Ok(filled) => filled,
        Err(status) => return unread(&app, &ask, status),
    };
    if let Some(response) = gate(&app, &ask) {
        return response;
    }
    if [Step::NewPin, Step::Again].iter().any(|step| step.name() == filled.get("at")) {
        return given::exchange(&app, &mut ask, &filled).await;
    }
    if let Some(card) = scanned(filled.get(Step::Who.name())).filter(|_| filled.find("key").is_none()) {
        let wanted = if filled.get("at") == BY_START { link::NEAR } else { link::ME };
        return by_card(&app, &mut ask, &card, wanted);
    }
    let phone = typed_in(Step::Who, &filled);
    let step = match filled.get("at") {
        "pin" => Step::Pin,
        _ if ask.known.is_some() => Step::Pin,
        _ => Step::Who,
    };
    let mut steps = entrance(&app, &ask);
    if step == Step::Pin && ask.known.is_none() {
        steps.kept.push((Step::Who.name(), phone.clone()));
    }
    if let Some(key) = filled.find("key") {
        let mut typed = typed_in(step, &filled);
        step.press(&mut typed, key, phone_plan(&app));
        return steps.show(step, typed, StatusCode::OK, None);
    }
    if step == Step::Who {
        if phone_plan(&app).read(&phone).is_none() {
            return steps.refuse(Step::Who, phone, StepError::Phone);
        }
        steps.kept.push((Step::Who.name(), phone));
        return steps.ask_for(Step::Pin);
    }
    let pin = typed_in(Step::Pin, &filled);
    if Pin::read(&pin).is_none() {
        return steps.refuse(Step::Pin, pin, StepError::Pin);
    }
    match meant(&app, &ask, &phone, &pin).await {
        Ok((worker, Fits::Own)) => enter(&app, &mut ask, worker),
        Ok((_, Fits::Given)) if ask.is_here() => given::ask_for_own(&app, &ask, phone, pin),
        Ok((_, Fits::Given | Fits::No)) => steps.explain(Step::Pin, &workers::unproved()),
        Err(problem) => steps.explain(Step::Pin, &problem),
    }
}

/// The worker whom card or number name, and whose the PIN is.
async fn meant(app: &App, ask: &Ask, phone: &str, pin: &str) -> Result<(WorkerId, Fits), Problem> {
    let worker = ask.known.map_or_else(|| worker_of(app, phone), |known| Ok(known.worker))?;
    Ok((worker, workers::prove_or_given(app, worker, pin, ask.peer).await?))
}

/// Begins the visit of a worker who was proved.
pub(super) fn enter(app: &App, ask: &mut Ask, worker: WorkerId) -> Response {
    match ask.begin_as(app, Known { worker, proved: true }) {
        Ok(()) => arrived(ask, link::ME),
        Err(problem) => explain(app, ask, &problem),
    }
}

/// The text of a card in what a scanner typed, perhaps behind digits that stood in the field before.
pub(super) fn scanned(typed: &str) -> Option<String> {
    let at = typed.find(cards::PREFIX)?;
    Some(typed[at..].chars().take(TYPED_MAX).collect())
}

/// Begins the visit of a card's worker, in the language in which that worker enrolled.
fn by_card(app: &App, ask: &mut Ask, text: &str, wanted: &str) -> Response {
    let found = app.shared.readers.read(|tx| cards::known(tx, &app.shared.region_key, text));
    let found = found.and_then(|worker| {
        let contact = worker.map(|worker| contact(app, worker)).transpose()?.flatten();
        Ok((worker, contact.and_then(|contact| lang_of(contact.reveal()))))
    });
    match found {
        Ok((Some(worker), lang)) => {
            ask.choice.lang = lang.unwrap_or(ask.choice.lang);
            match ask.begin_as(app, Known { worker, proved: false }) {
                Ok(()) => arrived(ask, wanted),
                Err(problem) => explain(app, ask, &problem),
            }
        }
        Ok((None, _)) => {
            let steps = Steps { purpose: Purpose::LogIn, ..entrance(app, ask) };
            steps.refuse(Step::Who, String::new(), StepError::Card)
        }
        Err(error) => explain(app, ask, &Problem::from(error)),
    }
}

fn page(app: &App, ask: &Ask, worker: WorkerId) -> Result<Response, Problem> {
    let record = workers::read(app, worker)?;
    let (shifts, synthetic) = shifts(app, ask, worker)?;
    let mut frame = ask.ticket_frame(app, Link::to(link::ME))?;
    frame.synthetic = synthetic;
    let lang = ask.choice.lang;
    let said = |shift: &Shift| [spoken::answer(lang, shift.answer), spoken::card(lang, &shift.card)];
    frame.listen = aloud::clips(app, lang, shifts.iter().flat_map(said));
    let contact = record.contact.reveal();
    let page = MePage {
        frame,
        name: sparing(&contact.name, &contact.phone),
        shifts,
        done: Done::from_code(ask.pairs.get("done")),
    };
    Ok(show(StatusCode::OK, &page))
}

/// The sign-ups of a worker that stand, soonest first, and whether one of them is made up.
fn shifts(app: &App, ask: &Ask, worker: WorkerId) -> Result<(Vec<Shift>, bool), Problem> {
    let since = app.shared.now() - LISTED_AFTER_S;
    let mut found = app.shared.readers.read(|tx| {
        let mut found = Vec::new();
        for row in tx.sign_ups_of_worker(worker)?.into_iter().filter(|row| row.status().is_current()) {
            let Some(view) = job_view(tx, row.fields.job)?.filter(|view| view.fields.end_at > since) else {
                continue;
            };
            found.push((answer_of(tx, &row)?, attendance_of(tx, &row)?, view));
        }
        Ok(found)
    })?;
    found.sort_by_key(|(answer, _, view)| (view.fields.start_at, answer.sign_up));
    found.truncate(SHIFTS_MAX);
    let synthetic = found.iter().any(|(_, _, view)| view.fields.synthetic);
    let time = |at: Option<i64>| at.map(|at| local(app, at).strftime("%H:%M").to_string());
    let shift = |(answer, attendance, view): &(edge_core::node::Answer, _, _)| {
        let attendance: &sync_protocol::documents::Attendance = attendance;
        Shift {
            code: answer.code.clone(),
            answer: status_of(app, answer, answer.status == Status::Confirmed),
            card: job_card(app, view, ask.choice.lang),
            came: time(attendance.checked_in_at),
            left: time(attendance.checked_out_at),
            can_cancel: attendance.checked_in_at.is_none() && !answer.cancel_asked,
        }
    };
    Ok((found.iter().map(shift).collect(), synthetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_read_behind_what_was_typed_before() {
        assert_eq!(scanned("139 05dsc1.AbC-_").as_deref(), Some("dsc1.AbC-_"));
        assert_eq!(scanned("139 0571 2916"), None);
        assert_eq!(scanned(&"dsc1.".repeat(99)).map(|text| text.len()), Some(TYPED_MAX));
    }
}
