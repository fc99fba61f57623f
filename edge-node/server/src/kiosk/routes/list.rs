//! The start page and the list near the hall: both ask the search index that the interface asks.

use axum::{extract::State, http::StatusCode, response::Response};
use edge_core::search::{Availability, Flags, Hit, Near, Page, Position, Query, QueryFields};
use jiff::civil::Date;

use super::{
    ask::Ask,
    cards::{WALK_M_PER_MIN, card, local, shortened},
    explain, show,
};
use crate::{
    app::App,
    http::{Problem, search},
    kiosk::{
        link::{self, Link},
        text::Lang,
        view::{Filter, JobCard, NearPage, OutOfOrderPage, StartPage, When, Widened, near_page_size},
    },
};

/// Minutes on foot that "near" means at first.
const NEAR_MIN: u32 = 60;
/// Cards that can be paged through; whoever wants more narrows the search.
const LIST_MAX: usize = 96;
const WORDS_CHARS_MAX: usize = 40;
const SUGGESTED: [(Lang, [&str; 8]); 2] = [
    (Lang::Zh, ["分拣", "搬运", "保洁", "装卸", "服务员", "保安", "打包", "洗碗"]),
    (Lang::En, ["sorter", "porter", "cleaner", "loader", "waiter", "guard", "packer", "cook"]),
];

/// What is asked of the index.
struct Wanted<'a> {
    when: When,
    here_only: bool,
    words: &'a str,
    most: usize,
}

fn midnight(app: &App, date: Date) -> Option<i64> {
    date.to_zoned(app.shared.time_zone.clone()).ok().map(|start| start.timestamp().as_second())
}

/// Epoch seconds between which shifts start.
fn span(app: &App, when: When) -> Option<(i64, i64)> {
    let today = local(app, app.shared.now()).date();
    let tomorrow = today.tomorrow().ok()?;
    let after = tomorrow.tomorrow().ok()?;
    let (first, end) = match when {
        When::Today => (today, tomorrow),
        When::Tomorrow => (tomorrow, after),
        When::Night => (today, after),
    };
    Some((midnight(app, first)?, midnight(app, end)?))
}

fn find(app: &App, wanted: &Wanted<'_>) -> Page {
    // Who types a word looks for that work on any day.
    let span = if wanted.words.is_empty() { span(app, wanted.when) } else { None };
    let near = app.shared.position.map(|(lat_e6, lon_e6)| Near {
        position: Position { lat_e6, lon_e6 },
        radius_m: NEAR_MIN * WALK_M_PER_MIN,
    });
    let fields = |words: &str| QueryFields {
        words: (!words.is_empty()).then(|| words.to_owned()),
        near,
        start_after: span.map(|span| span.0),
        start_before: span.map(|span| span.1),
        flags_all: if wanted.when == When::Night { Flags::NIGHT } else { Flags::NONE },
        availability: if wanted.here_only { Availability::ConfirmableHere } else { Availability::Open },
        page_size: wanted.most,
        utc_offset_s: app.shared.utc_offset_s,
        ..QueryFields::default()
    };
    // Too many words are refused by the index: fewer of them still find what was meant.
    let fewer = [usize::MAX, 16, 8].into_iter();
    let query = fewer
        .map(|most| wanted.words.chars().take(most).collect::<String>())
        .find_map(|words| Query::new(fields(&words)).ok());
    query.map(|query| search::run(app, &query)).unwrap_or_default()
}

fn count(total: usize) -> u32 {
    u32::try_from(total).unwrap_or(u32::MAX)
}

/// Today, or tomorrow once nothing more starts today.
fn best_day(app: &App) -> When {
    let today = find(app, &Wanted { when: When::Today, here_only: false, words: "", most: 1 });
    if today.hits.is_empty() { When::Tomorrow } else { When::Today }
}

/// How many jobs can be confirmed at this kiosk on the day that the list begins with.
pub(super) fn here_total(app: &App) -> u32 {
    count(find(app, &Wanted { when: best_day(app), here_only: true, words: "", most: 1 }).total)
}

/// The cards of some hits, and whether one of them is made up.
fn cards(app: &App, hits: &[Hit], lang: Lang) -> Result<(Vec<JobCard>, bool), Problem> {
    let views: Vec<_> = app.shared.views(hits.iter().map(|hit| hit.job))?.into_iter().flatten().collect();
    let synthetic = views.iter().any(|view| view.fields.synthetic);
    Ok((views.iter().map(|view| card(app, view, lang)).collect(), synthetic))
}

/// `GET /`.
pub(super) async fn start(State(app): State<App>, ask: Ask) -> Response {
    if app.shared.frozen().is_some() {
        return out_of_order(&app, &ask);
    }
    start_page(&app, &ask).unwrap_or_else(|problem| explain(&app, &ask, &problem))
}

/// Says that nobody is signed up here for now, and what works still.
pub(super) fn out_of_order(app: &App, ask: &Ask) -> Response {
    let frame = ask.frame(app, Link::to(link::START));
    show(
        StatusCode::SERVICE_UNAVAILABLE,
        &OutOfOrderPage {
            frame,
            can_list: !app.shared.index().is_empty(),
            can_find: app.shared.readers.damage().is_none(),
            call: None,
            reason: app.shared.frozen(),
        },
    )
}

fn start_page(app: &App, ask: &Ask) -> Result<Response, Problem> {
    let found = find(app, &Wanted { when: best_day(app), here_only: true, words: "", most: 1 });
    let (cards, synthetic) = cards(app, &found.hits, ask.choice.lang)?;
    let mut frame = ask.frame(app, Link::to(link::START));
    frame.synthetic = synthetic;
    let sample = match (cards.first(), ask.choice.lang) {
        (Some(card), _) => (shortened(&card.title, 8), format!("{}{}", card.sign, card.pay.major())),
        (None, Lang::Zh) => ("分拣员".to_owned(), String::new()),
        (None, Lang::En) => ("Sorter".to_owned(), String::new()),
    };
    Ok(show(StatusCode::OK, &StartPage { frame, here_total: count(found.total), sample }))
}

fn filter(app: &App, ask: &Ask) -> Filter {
    let q: String =
        ask.pairs.get("q").trim().chars().filter(|c| !c.is_control()).take(WORDS_CHARS_MAX).collect();
    Filter {
        when: When::from_code(ask.pairs.get("when")).unwrap_or_else(|| best_day(app)),
        here_only: ask.pairs.get("here") == "1",
        q,
        page: ask.pairs.get("page").parse().unwrap_or(1),
    }
}

/// `GET /near`.
pub(super) async fn near(State(app): State<App>, ask: Ask) -> Response {
    near_page(&app, &ask).unwrap_or_else(|problem| explain(&app, &ask, &problem))
}

fn near_page(app: &App, ask: &Ask) -> Result<Response, Problem> {
    let mut filter = filter(app, ask);
    let wanted = Wanted { when: filter.when, here_only: filter.here_only, words: &filter.q, most: LIST_MAX };
    let found = find(app, &wanted);
    let here_total = if filter.here_only {
        found.total
    } else {
        // A search that finds none of these near by looks farther away than the list that it is counted for.
        let here = find(app, &Wanted { here_only: true, most: 1, ..wanted });
        if here.widened == found.widened { here.total } else { 0 }
    };
    let size = near_page_size(ask.choice);
    let pages = found.hits.len().div_ceil(size).max(1);
    filter.page = filter.page.clamp(1, count(pages));
    let first = usize::try_from(filter.page - 1).unwrap_or_default() * size;
    let shown: Vec<Hit> = found.hits.iter().skip(first).take(size).copied().collect();
    let (jobs, synthetic) = cards(app, &shown, ask.choice.lang)?;
    let mut frame = ask.frame(app, filter.link());
    frame.synthetic = synthetic;
    let suggested = SUGGESTED.iter().find(|(lang, _)| *lang == ask.choice.lang);
    let page = NearPage {
        frame,
        total: count(found.total),
        here_total: count(here_total),
        pages: count(pages),
        jobs,
        categories: suggested.iter().flat_map(|(_, words)| words).map(|word| (*word).to_owned()).collect(),
        widened: found
            .widened
            .and_then(|widened| widened.radius_m)
            .map(|radius_m| Widened { asked_min: NEAR_MIN, shown_min: radius_m / WALK_M_PER_MIN }),
        filter,
    };
    Ok(show(StatusCode::OK, &page))
}
