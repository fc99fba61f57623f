//! One job, and the help page.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use edge_core::node::{JobView, Turn};
use sync_protocol::ids::{DocumentKind, JobId};

use super::{
    aloud,
    ask::Ask,
    cards::{bring, card, local, shortened, sketch},
    explain, list, not_found, show,
};
use crate::{
    app::App,
    http::Problem,
    kiosk::{
        link::{self, Link},
        view::{HelpPage, JobPage, spoken},
    },
};
use pages::Lang;

/// Characters of the poster's own words that fit beside the pay.
const WORDS_SHOWN_MAX: usize = 160;
const DAY_MIN: i64 = 24 * 60;

/// Reads the job of an id as it stands in an address.
pub(super) fn read(app: &App, id: &str) -> Result<Option<JobView>, Problem> {
    let Some(job) = id.parse::<JobId>().ok().filter(|id| id.kind == DocumentKind::Job) else {
        return Ok(None);
    };
    Ok(app.shared.views([job])?.pop().flatten())
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
    frame.redated = view.fields.redated;
    frame.listen = aloud::clip(app, ask.choice.lang, spoken::card(ask.choice.lang, &card));
    let turn = Turn::of(&view.fields, &view.draw);
    let left_min = (view.fields.start_at - app.shared.now()) / 60;
    JobPage {
        frame,
        demands: view.fields.demands.clone(),
        words: shortened(&own_words(&view.fields.text, ask.choice.lang), WORDS_SHOWN_MAX),
        starts_in_min: (0..DAY_MIN).contains(&left_min).then(|| u32::try_from(left_min).unwrap_or_default()),
        address: view.fields.place.clone(),
        sketch: sketch(app, &view.fields),
        bring: bring(&view.fields.requirements),
        wait_rule: turn.rule,
        draw_at: turn.draw_at.map(|at| local(app, at)),
        closed: is_closed(app, &view),
        trail,
        employer: view.fields.employer,
        card,
    }
}

/// Of a text that is written in two languages, line by line, the lines in the reader's; else all of it.
fn own_words(text: &str, lang: Lang) -> String {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_own = |line: &&str| line.is_ascii() == (lang != Lang::ZH);
    let own: Vec<&str> = lines().filter(is_own).collect();
    if own.is_empty() { lines().collect::<Vec<_>>().join(" ") } else { own.join(" ") }
}

/// `GET /help`.
pub(super) async fn help(State(app): State<App>, ask: Ask) -> Response {
    let mut frame = ask.frame(&app, Link::to(link::HELP));
    frame.listen = aloud::clip(&app, ask.choice.lang, spoken::help(ask.choice.lang));
    let help = app.shared.help.clone();
    show(StatusCode::OK, &HelpPage { frame, call: help.phone, desk: help.desk })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_languages_the_readers_is_shown() {
        let both = "快递分拣，8小时。\nSorting, 8 hours.\n";
        assert_eq!(own_words(both, Lang::ZH), "快递分拣，8小时。");
        assert_eq!(own_words(both, Lang::EN), "Sorting, 8 hours.");
        assert_eq!(own_words("快递分拣\n不加班", Lang::EN), "快递分拣 不加班");
    }
}
