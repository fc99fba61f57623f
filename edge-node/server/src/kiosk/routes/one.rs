//! One job, and the help page.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use edge_core::node::{JobView, job_view};
use sync_protocol::ids::{DocumentKind, JobId};

use super::{
    ask::Ask,
    cards::{bring, card, shortened, sketch},
    explain, list, not_found, show,
};
use crate::{
    app::App,
    http::Problem,
    kiosk::{
        link::{self, Link},
        view::{HelpPage, JobPage},
    },
};

/// Characters of the poster's own words that fit beside the pay.
const WORDS_SHOWN_MAX: usize = 160;
const DAY_MIN: i64 = 24 * 60;

/// Reads the job of an id as it stands in an address.
pub(super) fn read(app: &App, id: &str) -> Result<Option<JobView>, Problem> {
    let Some(job) = id.parse::<JobId>().ok().filter(|id| id.kind == DocumentKind::Job) else {
        return Ok(None);
    };
    Ok(app.shared.readers.read(|tx| job_view(tx, job))?)
}

/// Whether the job takes nobody any more.
pub(super) fn is_closed(app: &App, view: &JobView) -> bool {
    view.seats.closed || view.fields.start_at <= app.shared.now()
}

/// `GET /job/{id}`.
pub(super) async fn job(
    State(app): State<App>,
    ask: Ask,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let Ok(Path(id)) = id else { return not_found(&app, &ask) };
    match read(&app, &id) {
        Ok(Some(view)) => show(StatusCode::OK, &page(&app, &ask, view)),
        Ok(None) => not_found(&app, &ask),
        Err(problem) => explain(&app, &ask, &problem),
    }
}

fn page(app: &App, ask: &Ask, view: JobView) -> JobPage {
    let card = card(app, &view, ask.choice.lang);
    let trail = list::trail(ask);
    let mut frame = ask.frame(app, trail.job(&card.id));
    frame.synthetic = view.fields.synthetic;
    let left_min = (view.fields.start_at - app.shared.now()) / 60;
    JobPage {
        frame,
        words: shortened(&view.fields.text, WORDS_SHOWN_MAX),
        starts_in_min: (0..DAY_MIN).contains(&left_min).then(|| u32::try_from(left_min).unwrap_or_default()),
        rest_min: None,
        address: view.fields.place.clone(),
        gate: None,
        sketch: sketch(app, &view.fields),
        bring: bring(&view.fields.requirements),
        closed: is_closed(app, &view),
        trail,
        employer: view.fields.employer,
        card,
    }
}

/// `GET /help`.
pub(super) async fn help(State(app): State<App>, ask: Ask) -> Response {
    show(StatusCode::OK, &HelpPage { frame: ask.frame(&app, Link::to(link::HELP)), call: None, desk: None })
}
