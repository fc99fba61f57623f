//! `GET /v1/jobs`: the search.

use super::{Problem, jobs::JobJson};
use crate::{agency::bounds, app::App, plugins::ChainJudge};
use axum::{
    Json,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use edge_core::search::{
    Availability, FacetCounts, Facets, Flags, Near, Page, Position, Query, QueryFields, Sort,
};
use http_face::Has;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Instant};

/// The parameters of a search.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchParameters {
    /// Words; several must all match.
    #[param(example = "分拣")]
    q: Option<String>,
    /// `latitude,longitude` in degrees.
    #[param(example = "30.31,120.27")]
    near: Option<String>,
    /// Metres around `near`, without which it says nothing and is refused; 5,000 by default.
    #[param(minimum = 1, maximum = 200_000)]
    radius_m: Option<u32>,
    /// Shifts that begin on this day of the hall, `YYYY-MM-DD`; instead of `start_after` and `start_before`.
    #[param(example = "2026-05-01")]
    date: Option<String>,
    /// Epoch seconds.
    start_after: Option<i64>,
    /// Epoch seconds.
    start_before: Option<i64>,
    /// Least pay per hour, in minor units.
    pay_min: Option<i64>,
    category: Option<String>,
    language: Option<String>,
    /// Comma-separated: meal, bed, daily_pay, night.
    flags: Option<String>,
    /// Only jobs that this node can confirm by itself.
    confirmable_only: Option<bool>,
    /// Open jobs are the only ones that are found; accepted for clients that say so.
    open_only: Option<bool>,
    /// relevance, distance, pay, start or newest.
    sort: Option<String>,
    /// 20 by default.
    #[param(minimum = 1, maximum = 100)]
    page_size: Option<usize>,
    page_token: Option<String>,
    /// Comma-separated: categories, languages, days, flags.
    facets: Option<String>,
}

/// A page of jobs.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SearchAnswer {
    jobs: Vec<JobJson>,
    total: usize,
    /// More match than were counted, because plugins judge a limited number.
    total_is_lower_bound: bool,
    next_page_token: Option<String>,
    /// Nothing matched near by: what was searched instead.
    widened: Option<WidenedJson>,
    facets: Option<FacetsJson>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct WidenedJson {
    radius_m: Option<u32>,
    any_term: bool,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct FacetsJson {
    categories: BTreeMap<String, usize>,
    languages: BTreeMap<String, usize>,
    /// Days since 1970-01-01 in the hall's time.
    days: BTreeMap<i64, usize>,
    flags: BTreeMap<&'static str, usize>,
}

const FLAGS: [(&str, Flags); 4] =
    [("meal", Flags::MEAL), ("bed", Flags::BED), ("daily_pay", Flags::DAILY_PAY), ("night", Flags::NIGHT)];

fn bad(detail: impl Into<String>) -> Problem {
    Problem::new("bad-query", detail)
}

/// Reads `latitude,longitude`.
fn position(text: &str) -> Result<Position, Problem> {
    let e6 = |part: &str, max: f64| -> Option<i32> {
        let degrees: f64 = part.trim().parse().ok()?;
        #[expect(clippy::cast_possible_truncation, reason = "at most 180 million")]
        (degrees.abs() <= max).then(|| (degrees * 1e6).round() as i32)
    };
    text.split_once(',')
        .and_then(|(lat, lon)| Some(Position { lat_e6: e6(lat, 90.0)?, lon_e6: e6(lon, 180.0)? }))
        .ok_or_else(|| bad("near: expected latitude,longitude in degrees, such as 30.31,120.27"))
}

impl SearchParameters {
    /// From when to before when shifts begin, epoch seconds.
    fn starts(&self, app: &App) -> Result<(Option<i64>, Option<i64>), Problem> {
        let Some(date) = &self.date else { return Ok((self.start_after, self.start_before)) };
        if self.start_after.is_some() || self.start_before.is_some() {
            return Err(bad("date: stands alone, without start_after and start_before"));
        }
        let day = date.parse().map_err(|_| bad(format!("date: {date} is no day such as 2026-05-01")))?;
        let (begins, ends) = bounds(app, day);
        Ok((Some(begins), Some(ends)))
    }

    fn to_query(&self, app: &App) -> Result<Query, Problem> {
        let (start_after, start_before) = self.starts(app)?;
        if self.open_only == Some(false) {
            return Err(bad("open_only: closed jobs are not listed"));
        }
        let near = match &self.near {
            None if self.radius_m.is_some() => return Err(bad("radius_m: needs near")),
            None => None,
            Some(text) => Some(Near { position: position(text)?, radius_m: self.radius_m.unwrap_or(5_000) }),
        };
        let mut flags_all = Flags::NONE;
        for name in self.flags.iter().flat_map(|names| names.split(',')) {
            flags_all |= FLAGS
                .iter()
                .find(|flag| flag.0 == name)
                .ok_or_else(|| bad(format!("flags: {name} is none")))?
                .1;
        }
        let availability = if self.confirmable_only == Some(true) {
            Availability::ConfirmableHere
        } else {
            Availability::Open
        };
        let page_token = match &self.page_token {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| Problem::new("bad-page-token", "not a page token"))?),
        };
        let fields = QueryFields {
            placeless: false,
            words: self.q.clone(),
            near,
            start_after,
            start_before,
            pay_min: self.pay_min,
            category: self.category.clone(),
            language: self.language.clone(),
            flags_all,
            availability,
            sort: sort(self.sort.as_deref(), near.is_some())?,
            page_size: self.page_size.unwrap_or(20),
            page_token,
            facets: facets(self.facets.as_deref())?,
            utc_offset_s: app.shared.utc_offset_s,
        };
        Query::new(fields).map_err(|error| bad(error.to_string()))
    }
}

fn sort(name: Option<&str>, near: bool) -> Result<Sort, Problem> {
    Ok(match name {
        None | Some("relevance") => Sort::Relevance,
        Some("distance") if near => Sort::Distance,
        Some("distance") => return Err(bad("sort: distance needs near")),
        Some("pay") => Sort::Pay,
        Some("start") => Sort::Start,
        Some("newest") => Sort::Newest,
        Some(other) => {
            return Err(bad(format!("sort: {other} is none of relevance, distance, pay, start, newest")));
        }
    })
}

fn facets(names: Option<&str>) -> Result<Facets, Problem> {
    let mut wanted = Facets::NONE;
    for name in names.iter().flat_map(|names| names.split(',')) {
        wanted = wanted
            | match name {
                "categories" => Facets::CATEGORIES,
                "languages" => Facets::LANGUAGES,
                "days" => Facets::DAYS,
                "flags" => Facets::FLAGS,
                other => {
                    return Err(bad(format!(
                        "facets: {other} is none of categories, languages, days, flags"
                    )));
                }
            };
    }
    Ok(wanted)
}

fn facets_json(counts: FacetCounts) -> FacetsJson {
    FacetsJson {
        categories: counts.categories,
        languages: counts.languages,
        days: counts.days,
        flags: FLAGS.iter().zip(counts.flags).map(|((name, _), count)| (*name, count)).collect(),
    }
}

/// Runs a query with the node's plugins and counts it. A frozen node confirms nothing, whatever rights its index holds.
pub(crate) fn run(app: &App, query: &Query) -> Page {
    if query.fields().availability == Availability::ConfirmableHere && app.shared.is_frozen() {
        return Page::default();
    }
    let now = app.shared.now();
    let began = Instant::now();
    let page = app.shared.index().search(query, now, &mut ChainJudge::new(&app.shared, now));
    app.shared.metrics.searches.inc();
    app.shared.metrics.search_seconds.observe(began.elapsed().as_secs_f64());
    page
}

/// Searches open jobs at this node.
#[utoipa::path(get, path = "/v1/jobs",
    params(SearchParameters, ("If-None-Match" = Option<String>, Header, description = "The ETag of an earlier answer.")),
    responses((status = 200, body = SearchAnswer, headers(("ETag" = String, description = "Changes with what is here."))),
        (status = 304, description = "As the ETag has it."),
        (status = 400, body = Problem, description = "`bad-query` or `bad-page-token`.")))]
pub(crate) async fn search(
    State(app): State<App>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let raw = raw.unwrap_or_default();
    let parameters: SearchParameters = axum::extract::Query::try_from_uri(
        &format!("/?{raw}").parse().map_err(|_| bad("not a query string"))?,
    )
    .map_err(|error| bad(error.body_text()))?
    .0;
    let query = parameters.to_query(&app)?;
    unless_known(&app, &raw, &headers, || answer(&app, &query, parameters.facets.is_some()))
}

fn answer(app: &App, query: &Query, with_facets: bool) -> Result<Response, Problem> {
    let page = run(app, query);
    let hits: Vec<_> = page.hits.iter().map(|hit| (hit.job, hit.distance_m)).collect();
    let views = app.shared.views(hits.iter().map(|(job, _)| *job))?;
    let jobs = views
        .iter()
        .zip(&hits)
        .filter_map(|(view, (_, distance_m))| Some(JobJson::of(view.as_ref()?, *distance_m)))
        .collect();
    let answer = SearchAnswer {
        jobs,
        total: page.total,
        total_is_lower_bound: page.total_is_lower_bound,
        next_page_token: page.next.map(|token| token.to_string()),
        widened: page
            .widened
            .map(|widened| WidenedJson { radius_m: widened.radius_m, any_term: widened.any_term }),
        facets: with_facets.then(|| facets_json(page.facets)),
    };
    Ok(Json(answer).into_response())
}

/// Answers with a tag of the request and of what is here, or without a body whoever knows that tag.
pub(super) fn unless_known(
    app: &App,
    request: &str,
    headers: &HeaderMap,
    answer: impl FnOnce() -> Result<Response, Problem>,
) -> Result<Response, Problem> {
    let etag = [(header::ETAG, etag(app, request))];
    let unchanged = || (StatusCode::NOT_MODIFIED, etag.clone()).into_response();
    match http_face::has(headers, &etag[0].1) {
        Has::This => Ok(unchanged()),
        // Whatever there is: if there is something.
        Has::Any => answer().map(|_| unchanged()),
        Has::Other => Ok((etag, answer()?).into_response()),
    }
}

/// Changes with each published index, each plugin, each minute (jobs begin), and when the node freezes.
fn etag(app: &App, raw: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(raw.as_bytes());
    hasher.update(&app.shared.generation().to_be_bytes());
    hasher.update(&(app.shared.now() / 60).to_be_bytes());
    hasher.update(&[u8::from(app.shared.is_frozen())]);
    format!("W/\"{}\"", &hasher.finalize().to_hex()[..16])
}
