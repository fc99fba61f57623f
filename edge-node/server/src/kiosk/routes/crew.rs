//! A crew at the screen: the list of its members, the press that confirms all of them, and their tickets on one page.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use edge_core::node::{CREW_MAX, CREW_MIN, JobView};
use std::collections::BTreeSet;

use super::{
    aloud,
    ask::{Ask, Filled, Pairs},
    cards::card,
    explain, list, me, not_found, one, print, see, show,
    sign_up::{key_or_fresh, typed},
    start, ticket, unread,
};
use crate::{
    app::App,
    http::{Problem, SignUpBody, crews, sign_ups::Asker, submit},
    kiosk::{
        link::{self, Link},
        view::{Asked, CrewError, CrewPage, CrewTicketsPage, Lack, Member, Thing, TicketPage, Typed, spoken},
    },
    person::{Known, card as worker_cards},
};
use pages::base64url;
use sync_protocol::ids::WorkerId;

/// What the list holds between two presses.
struct Form {
    view: JobView,
    key: String,
    typed: Typed,
    members: Vec<(Member, Known)>,
}

/// Reads somebody of the list, or what was just typed or scanned; `None` where it names nobody.
fn member(app: &App, ask: &Ask, text: &str) -> Result<Option<(Member, Known)>, Problem> {
    if Member::is_known(text) {
        return Ok(ask.known.map(|known| (Member::Known, known)));
    }
    let by_name = |worker| Known { worker, proved: false };
    if let Some(card) = me::scanned(text) {
        let region_key = &app.shared.region_key;
        let worker = app.shared.readers.read(|tx| worker_cards::known(tx, region_key, &card))?;
        return Ok(worker.map(|worker| (Member::Card(card.trim().to_owned()), by_name(worker))));
    }
    let phone = super::ask::phone_plan(app).read(text);
    Ok(phone.map(|phone| {
        let worker = WorkerId::of_phone(&app.shared.region_key, &phone);
        (Member::Phone(phone), by_name(worker))
    }))
}

impl Form {
    fn show(&self, app: &App, ask: &Ask, status: StatusCode, error: Option<CrewError>) -> Response {
        let card = card(app, &self.view, ask.choice.lang);
        let trail = list::trail(ask);
        let mut frame = match ask.typing_frame(app, trail.crew(&card.id)) {
            Ok(frame) => frame,
            Err(problem) => return explain(app, ask, &problem),
        };
        frame.synthetic = self.view.fields.synthetic;
        frame.listen = aloud::clip(app, ask.choice.lang, spoken::crew(ask.choice.lang));
        let members = self.members.iter().map(|(member, _)| member.clone()).collect();
        let (idempotency, typed) = (self.key.clone(), self.typed.clone());
        show(status, &CrewPage { frame, card, idempotency, typed, members, error, trail })
    }

    /// Puts on the list whom the typed number or the scanned card names.
    fn add(&mut self, app: &App, ask: &Ask, text: &str) -> Result<Result<(), CrewError>, Problem> {
        let named = member(app, ask, text)?;
        if me::scanned(text).is_some() {
            // The digits in a card's text are no number.
            self.typed.phone.clear();
        }
        let Some((member, known)) = named else {
            return Ok(Err(if me::scanned(text).is_some() { CrewError::Card } else { CrewError::Phone }));
        };
        if self.members.iter().any(|(_, other)| other.worker == known.worker) {
            return Ok(Err(CrewError::Twice));
        }
        if self.members.len() == CREW_MAX {
            return Ok(Err(CrewError::Size));
        }
        self.members.push((member, known));
        self.typed.phone.clear();
        Ok(Ok(()))
    }

    fn workers(&self) -> Vec<WorkerId> {
        self.members.iter().map(|(_, known)| known.worker).collect()
    }
}

/// The list as it was sent; at first with the one whom the visit names.
fn open(app: &App, ask: &Ask, job: &str, filled: Option<&Pairs>) -> Result<Option<Form>, Problem> {
    let Some(view) = one::read(app, job)? else { return Ok(None) };
    let members = match filled {
        None => ask.known.map(|known| (Member::Known, known)).into_iter().collect(),
        Some(filled) => {
            let read = filled.all("member").take(CREW_MAX).map(|text| member(app, ask, text));
            read.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?
        }
    };
    let key = key_or_fresh(filled.and_then(|filled| filled.find("idempotency")))?;
    let phone = filled.map(|filled| filled.get("phone")).unwrap_or_default();
    Ok(Some(Form { view, key, typed: typed(app, Asked::Member, phone), members }))
}

/// `GET /crew?job=`.
pub(super) async fn form(State(app): State<App>, ask: Ask) -> Response {
    if app.shared.takes_nobody().is_some() {
        return start::out_of_order(&app, &ask);
    }
    match open(&app, &ask, ask.pairs.get("job"), None) {
        Ok(Some(form)) => {
            let error = one::is_closed(&app, &form.view).then_some(CrewError::Closed);
            form.show(&app, &ask, StatusCode::OK, error)
        }
        Ok(None) => not_found(&app, &ask),
        Err(problem) => explain(&app, &ask, &problem),
    }
}

/// `POST /crew`.
pub(super) async fn send(State(app): State<App>, ask: Ask, Filled(filled): Filled) -> Response {
    let filled = match filled {
        Ok(filled) => filled,
        Err(status) => return unread(&app, &ask, status),
    };
    if app.shared.takes_nobody().is_some() {
        return start::out_of_order(&app, &ask);
    }
    if ask.is_over() {
        return see(&ask, &list::trail(&ask).crew(filled.get("job")));
    }
    match open(&app, &ask, filled.get("job"), Some(&filled)) {
        Ok(Some(form)) => pressed(&app, &ask, form, &filled).await,
        Ok(None) => not_found(&app, &ask),
        Err(problem) => explain(&app, &ask, &problem),
    }
}

async fn pressed(app: &App, ask: &Ask, mut form: Form, filled: &Pairs) -> Response {
    if let Some(pad) = filled.find("key") {
        form.typed.press(pad);
        return form.show(app, ask, StatusCode::OK, None);
    }
    if let Some(place) = filled.find("drop") {
        if let Ok(place) = place.parse::<usize>()
            && place < form.members.len()
        {
            form.members.remove(place);
        }
        return form.show(app, ask, StatusCode::OK, None);
    }
    let confirms = filled.find("go").is_some() || filled.find("alone").is_some();
    // Who has typed the last number and presses "confirm" means that number as well.
    if !confirms || !form.typed.phone.is_empty() {
        match form.add(app, ask, filled.get("phone")) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return form.show(app, ask, StatusCode::UNPROCESSABLE_ENTITY, Some(error)),
            Err(problem) => return explain(app, ask, &problem),
        }
    }
    if !confirms {
        return form.show(app, ask, StatusCode::OK, None);
    }
    if !(CREW_MIN..=CREW_MAX).contains(&form.members.len()) {
        return form.show(app, ask, StatusCode::UNPROCESSABLE_ENTITY, Some(CrewError::Size));
    }
    let answered = if filled.find("alone").is_some() {
        each_alone(app, &form).await
    } else {
        // Another list in the same form, after a step back, is another request.
        let workers = form.workers();
        let each: Vec<String> = workers.iter().map(|worker| base64url(&worker.0)).collect();
        let key = format!("{} {}", form.key, each.join(" "));
        let answers = crews::submit(app, &key, form.view.job, workers).await;
        answers.map(|answers| answers.into_iter().map(|answer| answer.code).collect())
    };
    match answered {
        Ok(codes) => see_tickets(app, ask, &codes),
        Err(problem) => refused(app, ask, &form, &problem),
    }
}

/// Signs each member up as if they had come alone: some may be confirmed and others wait.
async fn each_alone(app: &App, form: &Form) -> Result<Vec<String>, Problem> {
    let mut codes = Vec::with_capacity(form.members.len());
    for (place, (_, known)) in form.members.iter().enumerate() {
        let body = SignUpBody { job: form.view.job.to_string(), phone: None };
        let asker = Asker { known: Some(*known), ..Asker::default() };
        let key = format!("{} {}", form.key, base64url(&known.worker.0));
        let answer = submit(app, &key, &body, asker).await;
        codes.push(answer.map_err(|problem| problem.of_member(place + 1))?.code);
    }
    Ok(codes)
}

fn see_tickets(app: &App, ask: &Ask, codes: &[String]) -> Response {
    match ask.on_visit(app, Link::below(link::CREW, &codes.join("-"))) {
        Ok(link) => see(ask, &link),
        Err(problem) => explain(app, ask, &problem),
    }
}

fn refused(app: &App, ask: &Ask, form: &Form, problem: &Problem) -> Response {
    // The interface says the number first.
    let number = |text: &str| text.split(' ').find_map(|word| word.parse().ok());
    let error = match problem.code {
        "closed" => Some(CrewError::Closed),
        "busy" | "in-flight" => Some(CrewError::TooBusy),
        "crew-short" => number(&problem.detail).map(|confirmable| CrewError::Short { confirmable }),
        "already-signed-up" => number(&problem.detail).map(|member| CrewError::Again { member }),
        "bad-request" => Some(CrewError::Phone),
        _ => Lack::of(problem)
            .and_then(|lack| number(&problem.detail).map(|member| CrewError::Unfit { member, lack })),
    };
    match error {
        Some(error) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::CONFLICT);
            form.show(app, ask, status, Some(error))
        }
        None => explain(app, ask, problem),
    }
}

/// The codes of an address that names a crew's tickets.
pub(super) fn each(codes: &str) -> impl Iterator<Item = &str> {
    let mut seen = BTreeSet::new();
    codes.split('-').take(CREW_MAX).filter(move |code| seen.insert(*code))
}

/// `GET /crew/{codes}`: the tickets of a crew.
pub(super) async fn tickets(
    State(app): State<App>,
    ask: Ask,
    codes: Result<Path<String>, PathRejection>,
) -> Response {
    let Ok(Path(codes)) = codes else { return not_found(&app, &ask) };
    if !ask.may_see_tickets() {
        return ticket::closed(&ask);
    }
    let mut tickets = Vec::new();
    for code in each(&codes) {
        match ticket::read(&app, &ask, code).await {
            Ok(Some(found)) => match ticket::page(&app, &ask, &found) {
                Ok(page) => tickets.push(page),
                Err(problem) => return explain(&app, &ask, &problem),
            },
            Ok(None) => return not_found(&app, &ask),
            Err(problem) => return explain(&app, &ask, &problem),
        }
    }
    shown(&app, &ask, &codes, tickets).unwrap_or_else(|problem| explain(&app, &ask, &problem))
}

fn shown(app: &App, ask: &Ask, codes: &str, tickets: Vec<TicketPage>) -> Result<Response, Problem> {
    let here = Link::below(link::CREW, codes);
    let mut frame = ask.ticket_frame(app, here.clone())?;
    frame.synthetic = tickets.iter().any(|ticket| ticket.frame.synthetic);
    if !frame.frozen {
        let lang = ask.choice.lang;
        frame.listen =
            aloud::clips(app, lang, tickets.iter().map(|ticket| spoken::answer(lang, ticket.answer)));
    }
    let print = if tickets.iter().any(|ticket| ticket.answer.holds_something()) {
        print::button(app, ask, Thing::Crew, here.print(), ask.pairs.get("print"))?
    } else {
        None
    };
    let page = CrewTicketsPage { frame, tickets, print };
    Ok(print::looks_again(page.print.as_ref(), show(StatusCode::OK, &page)))
}
