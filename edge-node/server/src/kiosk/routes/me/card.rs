//! A worker's new card: what it means, and the one time that it is shown.

use axum::{extract::State, http::StatusCode, response::Response};
use sync_protocol::ids::WorkerId;

use super::super::{
    ask::{Ask, Filled, Pairs},
    explain,
    print::{self, Wanted},
    show as rendered,
};
use super::{filled_in, proved};
use crate::{
    app::App,
    http::{
        Problem,
        workers::{self, ProfileBody},
    },
    kiosk::{
        link::{self, Link},
        prints::name,
        view::{NewCardPage, PrintBox, Thing, WorkerCardPage, card_slip, sparing},
    },
    person::card as cards,
};

/// `GET /me/card`: the one before will be void.
pub(in super::super) async fn form(State(app): State<App>, ask: Ask) -> Response {
    if let Err(response) = proved(&app, &ask) {
        return *response;
    }
    rendered(StatusCode::OK, &NewCardPage { frame: ask.frame(&app, Link::to(link::ME_CARD)) })
}

/// `POST /me/card`: makes one; or shows the one that was just made for a while longer.
pub(in super::super) async fn send(State(app): State<App>, ask: Ask, Filled(filled): Filled) -> Response {
    let (worker, filled) = match filled_in(&app, &ask, filled) {
        Ok(both) => both,
        Err(response) => return *response,
    };
    let shown = match filled.find("card") {
        Some(text) => still_good(&app, worker, text),
        None => fresh(&app, worker).await,
    };
    shown
        .and_then(|text| show_to(&app, &ask, worker, text))
        .unwrap_or_else(|problem| explain(&app, &ask, &problem))
}

/// A text that is this worker's card; any other is nobody's business here.
fn still_good(app: &App, worker: WorkerId, text: &str) -> Result<String, Problem> {
    let holder = app.shared.readers.read(|tx| cards::known(tx, &app.shared.region_key, text))?;
    if holder == Some(worker) {
        Ok(text.trim().to_owned())
    } else {
        Err(Problem::new("unknown-route", "no such card"))
    }
}

async fn fresh(app: &App, worker: WorkerId) -> Result<String, Problem> {
    let record = workers::read(app, worker)?;
    let body = ProfileBody { new_card: Some(true), ..ProfileBody::default() };
    let card = workers::change(app, &record, &body).await?;
    card.ok_or_else(|| Problem::internal(&anyhow::anyhow!("a card was made and is not told")))
}

fn page(
    app: &App,
    ask: &Ask,
    worker: WorkerId,
    text: String,
    pressed: &str,
) -> Result<WorkerCardPage, Problem> {
    let record = workers::read(app, worker)?;
    let contact = record.contact.reveal();
    let here = Link::to(link::ME_CARD);
    let print = print::button(app, ask, Thing::Card, here.print(), pressed)?;
    let print = print.map(|print| PrintBox { card: Some(text.clone()), ..print });
    let frame = ask.ticket_frame(app, here)?;
    Ok(WorkerCardPage { frame, name: sparing(&contact.name, &contact.phone), text, print })
}

fn show_to(app: &App, ask: &Ask, worker: WorkerId, text: String) -> Result<Response, Problem> {
    Ok(rendered(StatusCode::OK, &page(app, ask, worker, text, "")?))
}

/// Shows a card that was just made.
pub(in super::super) fn show(app: &App, ask: &Ask, worker: WorkerId, text: String) -> Response {
    show_to(app, ask, worker, text).unwrap_or_else(|problem| explain(app, ask, &problem))
}

/// `POST /me/card/print`: prints the card that is on the screen. No address may hold its text, so that the answer is the page
/// itself; the same form sent again prints nothing more.
pub(in super::super) async fn print_it(State(app): State<App>, ask: Ask, Filled(filled): Filled) -> Response {
    let (worker, filled) = match filled_in(&app, &ask, filled) {
        Ok(both) => both,
        Err(response) => return *response,
    };
    printed(&app, &ask, worker, &filled).await.unwrap_or_else(|problem| explain(&app, &ask, &problem))
}

async fn printed(app: &App, ask: &Ask, worker: WorkerId, filled: &Pairs) -> Result<Response, Problem> {
    let (text, id) = (still_good(app, worker, filled.get("card"))?, filled.get("print"));
    let card = page(app, ask, worker, text.clone(), "")?;
    let wanted = || Ok(Wanted { things: vec![name(&[b"card", &worker.0])], slip: card_slip(&card)? });
    print::press(app, ask, &Link::to(link::ME_CARD).print(), id, wanted).await?;
    Ok(rendered(StatusCode::OK, &page(app, ask, worker, text, id)?))
}
