//! What the shared screen shows before and after a person: start, the page that it turns into, out of order, leaving.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use edge_core::search::{RADIUS_M_MAX, Sort};

use super::{
    aloud,
    ask::Ask,
    cards::shortened,
    explain,
    list::{Wanted, around, best_day, cards, count_here, find},
    show,
};
use crate::{
    app::App,
    http::Problem,
    kiosk::{
        link::{self, Link},
        view::{AttractPage, Fact, JobCard, OutOfOrderPage, StartPage, near_page_size, spoken},
    },
};

/// Characters of a title that fit the two samples of a size.
const SAMPLE_CHARS_MAX: usize = 8;

/// `GET /`.
pub(super) async fn start(State(app): State<App>, ask: Ask) -> Response {
    if app.shared.takes_nobody().is_some() {
        return out_of_order(&app, &ask);
    }
    start_page(&app, &ask).unwrap_or_else(|problem| explain(&app, &ask, &problem))
}

/// Says that nobody is signed up here, and what works still.
pub(super) fn out_of_order(app: &App, ask: &Ask) -> Response {
    let frame = ask.frame(app, Link::to(link::START));
    show(
        StatusCode::SERVICE_UNAVAILABLE,
        &OutOfOrderPage {
            frame,
            can_list: !app.shared.index().is_empty(),
            can_find: app.shared.readers.damage().is_none(),
            call: app.shared.help.phone.clone(),
            desk: app.shared.help.desk.clone(),
            reason: app.shared.takes_nobody(),
        },
    )
}

fn start_page(app: &App, ask: &Ask) -> Result<Response, Problem> {
    let wanted = Wanted::on(best_day(app));
    let around = around(app, &wanted, near_page_size(ask.choice));
    let (cards, synthetic) = cards(app, &around.found.hits, ask.choice.lang)?;
    let mut frame = ask.open_frame(app, Link::to(link::START));
    frame.synthetic = synthetic;
    frame.redated = cards.iter().any(|card| card.redated);
    frame.listen = aloud::clip(app, ask.choice.lang, spoken::start(ask.choice.lang));
    let sample = cards
        .first()
        .map(|card| (shortened(&card.title, SAMPLE_CHARS_MAX), format!("{}{}", card.sign, card.pay.major())));
    Ok(show(StatusCode::OK, &StartPage { frame, here_total: count_here(app, &wanted, &around), sample }))
}

/// `GET /attract`: what there is, in large letters, for people who pass by.
pub(super) async fn attract(State(app): State<App>, ask: Ask) -> Response {
    if app.shared.takes_nobody().is_some() {
        return out_of_order(&app, &ask);
    }
    attract_page(&app, &ask).unwrap_or_else(|problem| explain(&app, &ask, &problem))
}

fn attract_page(app: &App, ask: &Ask) -> Result<Response, Problem> {
    let when = best_day(app);
    let wanted = Wanted::on(when);
    let around = around(app, &wanted, near_page_size(ask.choice));
    let first = |sort| -> Result<(Option<JobCard>, bool), Problem> {
        let found = find(app, &Wanted { sort, ..wanted }, RADIUS_M_MAX);
        let (mut cards, synthetic) = cards(app, &found.hits, ask.choice.lang)?;
        Ok((cards.pop(), synthetic))
    };
    let (best, best_synthetic) = first(Sort::Pay)?;
    let (next, next_synthetic) = first(Sort::Start)?;
    let mut frame = ask.open_frame(app, Link::to(link::ATTRACT));
    frame.synthetic = best_synthetic || next_synthetic;
    frame.redated = [&best, &next].into_iter().flatten().any(|card| card.redated);
    let here = count_here(app, &wanted, &around);
    let facts = [
        (here > 0).then_some(Fact::Here { total: here }),
        best.map(Fact::Best),
        next.map(Fact::Next),
        Some(Fact::Promise),
    ];
    let facts = facts.into_iter().flatten().collect();
    Ok(show(StatusCode::OK, &AttractPage { frame, facts }))
}

/// `GET /next?view=`: the one before has left, by hand or by leaving the page untouched.
pub(super) async fn leave(State(app): State<App>, ask: Ask) -> Response {
    ask.leave(&app);
    // The next person chooses language and size anew.
    (StatusCode::SEE_OTHER, [(header::LOCATION, link::START)]).into_response()
}
