//! The list near the hall: it asks the search index that the interface asks.

use axum::{extract::State, http::StatusCode, response::Response};
use edge_core::search::{
    Availability, Facets, Flags, Hit, Near, Page, Position, Query, QueryFields, RADIUS_M_MAX, Sort,
};
use jiff::civil::Date;

use super::{
    aloud,
    ask::Ask,
    cards::{card, local},
    explain, show,
};
use crate::{
    app::App,
    http::{Problem, search},
    kiosk::view::{
        Empty, Filter, JobCard, NearPage, Offer, Reach, Trail, When, Widened, near_page_size, spoken,
    },
};
use pages::Lang;

/// Metres that "near" means at first: about an hour on foot.
const NEAR_M: u32 = 5_000;
/// What it is widened to, step by step, while a screen is not full; the last one holds any region.
const WIDER_M: [u32; 5] = [10_000, 25_000, 50_000, 100_000, RADIUS_M_MAX];
/// Cards that can be paged through; whoever wants more narrows the search.
const LIST_MAX: usize = 96;
const WORDS_CHARS_MAX: usize = 40;
const SUGGESTED: [(Lang, [&str; 8]); 2] = [
    (Lang::ZH, ["分拣", "搬运", "保洁", "装卸", "服务员", "保安", "打包", "洗碗"]),
    (Lang::EN, ["sorter", "porter", "cleaner", "loader", "waiter", "guard", "packer", "cook"]),
];

/// What is asked of the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) when: When,
    pub(super) here_only: bool,
    pub(super) words: &'a str,
    /// A category, or all of them where it is empty.
    pub(super) kind: &'a str,
    pub(super) sort: Sort,
    pub(super) facets: Facets,
    pub(super) most: usize,
}

impl<'a> Wanted<'a> {
    /// Any job that starts then, nearest first.
    pub(super) fn on(when: When) -> Self {
        Self {
            when,
            here_only: false,
            words: "",
            kind: "",
            sort: Sort::Relevance,
            facets: Facets::NONE,
            most: 1,
        }
    }

    /// What a reader's filter lets through.
    pub(super) fn filtered(filter: &'a Filter) -> Self {
        Self { here_only: filter.here_only, words: &filter.q, kind: &filter.kind, ..Self::on(filter.when) }
    }
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
        When::Any => return None,
        When::Today => (today, tomorrow),
        When::Tomorrow => (tomorrow, after),
        When::Night => (today, after),
    };
    Some((midnight(app, first)?, midnight(app, end)?))
}

/// The circle around the hall, where the hall knows its place.
fn circle(app: &App, radius_m: u32) -> Option<Near> {
    app.shared.position.map(|(lat_e6, lon_e6)| Near { position: Position { lat_e6, lon_e6 }, radius_m })
}

impl Wanted<'_> {
    /// As the index is asked: by relevance what can be confirmed here comes first, and then the nearest, or without a circle
    /// the soonest. `None` where the words cannot be asked for.
    fn query(&self, near: Option<Near>, span: Option<(i64, i64)>, utc_offset_s: i32) -> Option<Query> {
        let fields = |words: &str| QueryFields {
            words: (!words.is_empty()).then(|| words.to_owned()),
            near,
            placeless: true,
            start_after: span.map(|span| span.0),
            start_before: span.map(|span| span.1),
            flags_all: if self.when == When::Night { Flags::NIGHT } else { Flags::NONE },
            availability: if self.here_only { Availability::ConfirmableHere } else { Availability::Open },
            page_size: self.most,
            utc_offset_s,
            sort: self.sort,
            category: (!self.kind.is_empty()).then(|| self.kind.to_owned()),
            facets: self.facets,
            ..QueryFields::default()
        };
        // Too many words are refused by the index: fewer of them still find what was meant.
        let fewer = [usize::MAX, 16, 8].into_iter();
        fewer
            .map(|most| self.words.chars().take(most).collect::<String>())
            .find_map(|words| Query::new(fields(&words)).ok())
    }
}

/// The jobs within a radius.
pub(super) fn find(app: &App, wanted: &Wanted<'_>, radius_m: u32) -> Page {
    let query = wanted.query(circle(app, radius_m), span(app, wanted.when), app.shared.utc_offset_s);
    query.map(|query| search::run(app, &query)).unwrap_or_default()
}

/// The jobs near by, and the radius within which they lie.
pub(super) struct Around {
    pub(super) found: Page,
    pub(super) radius_m: u32,
    /// Jobs within [`NEAR_M`].
    near_total: usize,
}

/// Looks as far as it takes to fill a screen, and no farther than something more is found.
pub(super) fn around(app: &App, wanted: &Wanted<'_>, screen: usize) -> Around {
    fill(screen, |radius_m| find(app, wanted, radius_m))
}

fn fill(screen: usize, mut find: impl FnMut(u32) -> Page) -> Around {
    // The index widens by itself a search that finds nothing at all.
    let reached = |page: &Page, asked_m| page.widened.and_then(|wider| wider.radius_m).unwrap_or(asked_m);
    let found = find(NEAR_M);
    let near_total = if found.widened.is_none() { found.total } else { 0 };
    let mut best = Around { radius_m: reached(&found, NEAR_M), found, near_total };
    for radius_m in WIDER_M {
        if best.found.total >= screen {
            break;
        }
        if radius_m > best.radius_m {
            let found = find(radius_m);
            if found.total > best.found.total {
                best = Around { radius_m: reached(&found, radius_m), found, near_total };
            }
        }
    }
    best
}

/// How many of the jobs within a radius can be confirmed at this kiosk.
pub(super) fn count_here(app: &App, wanted: &Wanted<'_>, around: &Around) -> u32 {
    let here = find(app, &Wanted { here_only: true, most: 1, ..*wanted }, around.radius_m);
    // A search that finds none of these looks farther away than the list that it is counted for.
    let is_of_list = here.widened.is_none() || here.widened == around.found.widened;
    count(if is_of_list { here.total } else { 0 })
}

pub(super) fn count(total: usize) -> u32 {
    u32::try_from(total).unwrap_or(u32::MAX)
}

/// Today, or tomorrow once nothing more starts today, or any day where tomorrow is empty as well.
pub(super) fn best_day(app: &App) -> When {
    let has = |when| !find(app, &Wanted::on(when), RADIUS_M_MAX).hits.is_empty();
    [When::Today, When::Tomorrow].into_iter().find(|when| has(*when)).unwrap_or(When::Any)
}

/// Why a list without a card has none.
fn emptiness(app: &App, filter: &Filter) -> Result<Empty, Problem> {
    let all = Wanted::on(filter.when);
    if !filter.q.is_empty() || !filter.kind.is_empty() {
        return Ok(Empty::Narrowed);
    }
    if filter.here_only {
        let others = find(app, &all, RADIUS_M_MAX).total;
        if others > 0 {
            return Ok(Empty::NoneHere { others: count(others) });
        }
    }
    let later = QueryFields {
        near: circle(app, RADIUS_M_MAX),
        placeless: true,
        start_after: span(app, filter.when).map(|span| span.0),
        sort: Sort::Start,
        page_size: 1,
        utc_offset_s: app.shared.utc_offset_s,
        ..QueryFields::default()
    };
    let found = Query::new(later).map(|query| search::run(app, &query)).unwrap_or_default();
    let next = app.shared.views(found.hits.iter().map(|hit| hit.job))?.pop().flatten();
    Ok(Empty::NoShift { next: next.map(|view| local(app, view.fields.start_at)) })
}

/// How many jobs can be confirmed at this kiosk on the day that the list begins with.
pub(super) fn here_total(app: &App, ask: &Ask) -> u32 {
    let wanted = Wanted::on(best_day(app));
    count_here(app, &wanted, &around(app, &wanted, near_page_size(ask.choice)))
}

/// The cards of some hits, and whether one of them is made up.
pub(super) fn cards(app: &App, hits: &[Hit], lang: Lang) -> Result<(Vec<JobCard>, bool), Problem> {
    let views: Vec<_> = app.shared.views(hits.iter().map(|hit| hit.job))?.into_iter().flatten().collect();
    let synthetic = views.iter().any(|view| view.fields.synthetic);
    Ok((views.iter().map(|view| card(app, view, lang)).collect(), synthetic))
}

/// What a request asks the list for; the day where it says one.
pub(super) fn filter(ask: &Ask) -> (Option<When>, Filter) {
    let words = |name| {
        let plain = ask.pairs.get(name).trim().chars().filter(|c| !c.is_control());
        plain.take(WORDS_CHARS_MAX).collect::<String>()
    };
    let when = When::from_code(ask.pairs.get("when"));
    let page = ask.pairs.get("page").parse().unwrap_or(1);
    let here_only = ask.pairs.get("here") == "1";
    let when_or_any = when.unwrap_or(When::Any);
    (when, Filter { when: when_or_any, here_only, q: words("q"), kind: words("kind"), page })
}

/// The list that a request says it came from.
pub(super) fn trail(ask: &Ask) -> Trail {
    let (when, filter) = filter(ask);
    Trail(when.is_some().then_some(filter))
}

/// `GET /near`.
pub(super) async fn near(State(app): State<App>, ask: Ask) -> Response {
    near_page(&app, &ask).unwrap_or_else(|problem| explain(&app, &ask, &problem))
}

fn near_page(app: &App, ask: &Ask) -> Result<Response, Problem> {
    let (when, mut filter) = filter(ask);
    // The filter would leave nothing, and the page does not offer it.
    filter.here_only &= app.shared.takes_nobody().is_none();
    // Who types a word looks for that work on any day; who types none begins with the next jobs.
    if when.is_none() && filter.q.is_empty() && filter.kind.is_empty() {
        filter.when = best_day(app);
    }
    let wanted = Wanted { most: LIST_MAX, ..Wanted::filtered(&filter) };
    let size = near_page_size(ask.choice);
    let around = around(app, &wanted, size);
    let here_total =
        if filter.here_only { count(around.found.total) } else { count_here(app, &wanted, &around) };
    let reach = app.shared.position.map(|_| reach(&around));
    let found = around.found;
    let pages = found.hits.len().div_ceil(size).max(1);
    filter.page = filter.page.clamp(1, count(pages));
    let first = usize::try_from(filter.page - 1).unwrap_or_default() * size;
    let shown: Vec<Hit> = found.hits.iter().skip(first).take(size).copied().collect();
    let (jobs, synthetic) = cards(app, &shown, ask.choice.lang)?;
    let empty = if jobs.is_empty() { Some(emptiness(app, &filter)?) } else { None };
    let is_full = |cards: &[JobCard]| cards.iter().all(|card| card.offer == Offer::Queue);
    // Only where all cards of this screen are full is it worth a look at the others.
    let all_taken =
        empty.is_none() && is_full(&jobs) && is_full(&cards(app, &found.hits, ask.choice.lang)?.0);
    let mut frame = ask.frame(app, filter.link());
    frame.synthetic = synthetic;
    frame.redated = jobs.iter().any(|job| job.redated);
    let lang = ask.choice.lang;
    frame.listen = aloud::clips(app, lang, jobs.iter().map(|job| spoken::card(lang, job)));
    // Titles of halls where no other language is written are Chinese or English.
    let titles = if ask.choice.lang == Lang::ZH { Lang::ZH } else { Lang::EN };
    let suggested = SUGGESTED.iter().find(|(lang, _)| *lang == titles);
    let page = NearPage {
        frame,
        total: count(found.total),
        here_total,
        pages: count(pages),
        jobs,
        categories: suggested.iter().flat_map(|(_, words)| words).map(|word| (*word).to_owned()).collect(),
        empty,
        all_taken,
        reach,
        filter,
    };
    Ok(show(StatusCode::OK, &page))
}

fn reach(around: &Around) -> Reach {
    let widened = Widened { asked_km: NEAR_M / 1_000, found: count(around.near_total) };
    Reach { shown_km: around.radius_m / 1_000, widened: (around.radius_m > NEAR_M).then_some(widened) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edge_core::search::{Index, JobRow, KeepAll};
    use sync_protocol::ids::{JobId, TenantId, Writer};

    const NOW: i64 = 1_800_000_000;
    const HALL: Position = Position { lat_e6: 30_250_000, lon_e6: 120_160_000 };

    /// A job that starts in so many hours, so far to the north, of which so many places can be confirmed here.
    fn job(counter: u64, hours: i64, north_e6: i32, offerable: u32) -> JobRow {
        JobRow {
            job: JobId::job(Writer::new(3, 1), counter),
            title: "分拣员".to_owned(),
            text: String::new(),
            category: "sorting".to_owned(),
            tenant: TenantId(1),
            position: Some(Position { lat_e6: HALL.lat_e6 + north_e6, ..HALL }),
            start_at: NOW + hours * 3_600,
            end_at: NOW + (hours + 8) * 3_600,
            pay_minor_per_hour: 2_500,
            created_at: NOW,
            flags: Flags::NONE,
            language: "zh".to_owned(),
            open: true,
            offerable,
        }
    }

    #[test]
    fn what_can_be_confirmed_here_comes_first_with_and_without_a_position() {
        // Foreign jobs, nearer and sooner; then this node's own.
        let jobs = [job(1, 1, 100, 0), job(2, 2, 50, 0), job(3, 9, 9_000, 4), job(4, 5, 9_500, 1)];
        let index = Index::build(jobs);
        let order = |near| {
            let query = Wanted { most: 9, ..Wanted::on(When::Any) }.query(near, None, 0).unwrap();
            let page = index.search(&query, NOW, &mut KeepAll);
            page.hits.iter().map(|hit| hit.job.counter).collect::<Vec<_>>()
        };
        assert_eq!(order(Some(Near { position: HALL, radius_m: 5_000 })), [3, 4, 2, 1], "then the nearest");
        assert_eq!(order(None), [4, 3, 1, 2], "then the soonest");
    }

    /// A world with jobs at these distances.
    fn filled(screen: usize, metres: &[u32]) -> (u32, usize, usize) {
        let around = fill(screen, |radius_m| Page {
            total: metres.iter().filter(|metres| **metres <= radius_m).count(),
            ..Page::default()
        });
        (around.radius_m, around.found.total, around.near_total)
    }

    #[test]
    fn the_list_reaches_as_far_as_a_screen_needs() {
        assert_eq!(filled(6, &[100; 6]), (5_000, 6, 6));
        assert_eq!(filled(6, &[100, 100, 9_000, 9_000, 9_000, 9_000, 30_000]), (10_000, 6, 2));
        assert_eq!(filled(6, &[100, 24_000, 24_000, 60_000]), (100_000, 4, 1));
        assert_eq!(filled(6, &[24_000]), (25_000, 1, 0));
        assert_eq!(filled(6, &[100]), (5_000, 1, 1));
        assert_eq!(filled(6, &[]), (5_000, 0, 0));
    }
}
