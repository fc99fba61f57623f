//! The button that prints: only at the box's own screen, where the printer stands, and only in the visit that may see what is
//! printed.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use tokio::time::timeout;

use super::{
    ask::{Ask, Filled, Pairs},
    crew, explain, not_found, see, start, ticket, unread,
};
use crate::{
    app::App,
    http::{Problem, base64url},
    kiosk::{
        link::{self, Link},
        prints::{Name, Press, Prints, count, name},
        view::{PrintBox, Slip, Thing, ticket_slip},
        visit::Seen,
    },
    limits::{PRINT_ANSWER_WAIT, PRINT_LOOK_S},
    person::record::random,
    telemetry::PrintOutcome,
};

/// The printer, for who stands before it: a phone's reader would only empty its roll from afar.
fn printer<'a>(app: &'a App, ask: &Ask) -> Option<&'a Prints> {
    app.shared.prints.as_ref().filter(|_| ask.is_here() && !app.shared.is_frozen())
}

/// A press of this visit, by the address that prints and the id that its button had.
fn press_of(app: &App, ask: &Ask, action: &Link, id: &str) -> Option<Name> {
    let Seen::Live(visit) = ask.seen else { return None };
    Some(name(&[&app.visits.log_in(visit), action.path().as_bytes(), id.as_bytes()]))
}

/// The button of a page, with what became of the press `id`.
pub(super) fn button(
    app: &App,
    ask: &Ask,
    thing: Thing,
    action: Link,
    id: &str,
) -> Result<Option<PrintBox>, Problem> {
    let Some(prints) = printer(app, ask) else { return Ok(None) };
    let told = press_of(app, ask, &action, id).and_then(|press| prints.find(&press));
    let told = told.map(|told| *told.borrow());
    Ok(Some(PrintBox { thing, action, card: None, id: base64url(&random::<16>()?), told }))
}

/// Lets a page look again while its slip is on its way.
pub(super) fn looks_again(print: Option<&PrintBox>, mut response: Response) -> Response {
    if print.is_some_and(|print| print.told == Some(Press::UnderWay)) {
        response.headers_mut().insert(header::REFRESH, HeaderValue::from_static(PRINT_LOOK_S));
    }
    response
}

/// What a press is to print, and what it takes from.
pub(super) struct Wanted {
    pub(super) things: Vec<Name>,
    pub(super) slip: Slip,
}

/// Presses the button `id`, and waits a moment for what comes of it. Whether there is a printer for this reader.
pub(super) async fn press(
    app: &App,
    ask: &Ask,
    action: &Link,
    id: &str,
    wanted: impl FnOnce() -> askama::Result<Wanted>,
) -> Result<(), Problem> {
    let (Some(prints), Some(press)) = (printer(app, ask), press_of(app, ask, action, id)) else {
        return Err(Problem::new("unknown-route", "nothing is printed here"));
    };
    let mut told = match prints.find(&press) {
        Some(told) => told,
        None => {
            let Wanted { things, slip } = wanted().map_err(|error| Problem::internal(&error.into()))?;
            prints.make(press, things, slip, app.now_ms(), || count(app, PrintOutcome::Full))
        }
    };
    // Whatever has not ended by then is under way, and the page says so.
    let _late = timeout(PRINT_ANSWER_WAIT, told.wait_for(|told| *told != Press::UnderWay)).await;
    Ok(())
}

/// The id of the button that was pressed, where something may be printed for this visit.
fn pressed(app: &App, ask: &Ask, filled: Result<Pairs, StatusCode>) -> Result<String, Box<Response>> {
    let filled = filled.map_err(|status| Box::new(unread(app, ask, status)))?;
    if app.shared.is_frozen() {
        return Err(Box::new(start::out_of_order(app, ask)));
    }
    if printer(app, ask).is_none() {
        return Err(Box::new(not_found(app, ask)));
    }
    if !ask.may_see_tickets() {
        return Err(Box::new(ticket::closed(ask)));
    }
    Ok(filled.get("print").to_owned())
}

/// `POST /ticket/{code}/print`.
pub(super) async fn ticket(
    State(app): State<App>,
    ask: Ask,
    code: Result<Path<String>, PathRejection>,
    Filled(filled): Filled,
) -> Response {
    let Ok(Path(code)) = code else { return not_found(&app, &ask) };
    print(&app, &ask, &Link::below(link::TICKET, &code), &[&code], filled).await
}

/// `POST /crew/{codes}/print`: the slips of all of them.
pub(super) async fn crew(
    State(app): State<App>,
    ask: Ask,
    codes: Result<Path<String>, PathRejection>,
    Filled(filled): Filled,
) -> Response {
    let Ok(Path(codes)) = codes else { return not_found(&app, &ask) };
    let each: Vec<&str> = crew::each(&codes).collect();
    print(&app, &ask, &Link::below(link::CREW, &codes), &each, filled).await
}

/// Prints the tickets of a page, and leads back to it.
async fn print(
    app: &App,
    ask: &Ask,
    page: &Link,
    codes: &[&str],
    filled: Result<Pairs, StatusCode>,
) -> Response {
    let id = match pressed(app, ask, filled) {
        Ok(id) => id,
        Err(response) => return *response,
    };
    let mut tickets = Vec::with_capacity(codes.len());
    for code in codes {
        match ticket::read(app, ask, code).await {
            Ok(Some(found)) => tickets.push(found),
            Ok(None) => return not_found(app, ask),
            Err(problem) => return explain(app, ask, &problem),
        }
    }
    match print_found(app, ask, page, &tickets, &id).await {
        Ok(back) => see(ask, &back),
        Err(problem) => explain(app, ask, &problem),
    }
}

async fn print_found(
    app: &App,
    ask: &Ask,
    page: &Link,
    found: &[ticket::Found],
    id: &str,
) -> Result<Link, Problem> {
    let pages = found.iter().map(|found| ticket::page(app, ask, found));
    let mut pages = pages.collect::<Result<Vec<_>, _>>()?;
    // What ended in the meantime is nothing to keep; the page says so.
    pages.retain(|page| page.answer.holds_something());
    let back = ask.on_visit(app, page.clone())?;
    let Some(first) = pages.first() else { return Ok(back) };
    let wanted = || {
        let things = pages.iter().map(|page| name(&[b"ticket", page.code.as_bytes()])).collect();
        Ok(Wanted { things, slip: ticket_slip(&first.frame, &pages)? })
    };
    press(app, ask, &page.print(), id, wanted).await?;
    Ok(back.with("print", id))
}
