//! A crew at the screen: the list of its numbers, the press that confirms all of them, and their tickets on one page.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use edge_core::node::{CREW_MAX, CREW_MIN, JobView};
use std::collections::BTreeSet;

use super::{
    ask::{Ask, Filled, Pairs},
    cards::card,
    explain, list, not_found, one, print, see, show,
    sign_up::{key_or_fresh, typed},
    start, ticket, unread,
};
use crate::{
    app::App,
    http::{Problem, SignUpBody, crews, sign_ups::Asker, submit},
    kiosk::{
        link::{self, Link},
        view::{Asked, CrewError, CrewPage, CrewTicketsPage, Lack, Thing, TicketPage, Typed},
    },
};

/// What the list holds between two presses.
struct Form {
    view: JobView,
    key: String,
    typed: Typed,
    members: Vec<String>,
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
        let (idempotency, typed, members) = (self.key.clone(), self.typed.clone(), self.members.clone());
        show(status, &CrewPage { frame, card, idempotency, typed, members, error, trail })
    }

    /// Puts the number that is typed on the list.
    fn add(&mut self) -> Result<(), CrewError> {
        let phone = self.typed.plan.read(&self.typed.phone).ok_or(CrewError::Phone)?;
        if self.members.contains(&phone) {
            return Err(CrewError::Twice);
        }
        if self.members.len() == CREW_MAX {
            return Err(CrewError::Size);
        }
        self.members.push(phone);
        self.typed.phone.clear();
        Ok(())
    }
}

fn open(app: &App, job: &str, filled: Option<&Pairs>) -> Result<Option<Form>, Problem> {
    let Some(view) = one::read(app, job)? else { return Ok(None) };
    let plan = super::ask::phone_plan(app);
    let sent = filled.into_iter().flat_map(|filled| filled.all("member")).take(CREW_MAX);
    let members = sent.filter_map(|phone| plan.read(phone)).collect();
    let key = key_or_fresh(filled.and_then(|filled| filled.find("idempotency")))?;
    let phone = filled.map(|filled| filled.get("phone")).unwrap_or_default();
    Ok(Some(Form { view, key, typed: typed(app, Asked::New, phone), members }))
}

/// `GET /crew?job=`.
pub(super) async fn form(State(app): State<App>, ask: Ask) -> Response {
    if app.shared.takes_nobody().is_some() {
        return start::out_of_order(&app, &ask);
    }
    match open(&app, ask.pairs.get("job"), None) {
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
    match open(&app, filled.get("job"), Some(&filled)) {
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
    if (!confirms || !form.typed.phone.is_empty())
        && let Err(error) = form.add()
    {
        return form.show(app, ask, StatusCode::UNPROCESSABLE_ENTITY, Some(error));
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
        let key = format!("{} {}", form.key, form.members.join(" "));
        let body = crews::CrewBody { job: form.view.job.to_string(), phones: form.members.clone() };
        let answers = crews::submit(app, &key, &body).await;
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
    for (place, phone) in form.members.iter().enumerate() {
        let body = SignUpBody { job: form.view.job.to_string(), phone: Some(phone.clone()) };
        let answer = submit(app, &format!("{} {phone}", form.key), &body, Asker::default()).await;
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
    let mut frame = ask.typing_frame(app, here.clone())?;
    frame.synthetic = tickets.iter().any(|ticket| ticket.frame.synthetic);
    let print = if tickets.iter().any(|ticket| ticket.answer.holds_something()) {
        print::button(app, ask, Thing::Crew, here.print(), ask.pairs.get("print"))?
    } else {
        None
    };
    let page = CrewTicketsPage { frame, tickets, print };
    Ok(print::looks_again(page.print.as_ref(), show(StatusCode::OK, &page)))
}
