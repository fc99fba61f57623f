//! A job as the API shows it, and `GET /v1/jobs/{id}`.

use super::{
    Problem, bookmark,
    posting::{JSON_LD, JobPosting},
    search::unless_known,
};
use crate::app::App;
use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use edge_core::node::{JobView, Turn};
use serde::Serialize;
use sync_protocol::ids::JobId;

/// Seats of a job as this node knows them.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct SeatsJson {
    /// Rights that this node can use now.
    pub(crate) here: u32,
    /// Places in all, as the hub last said.
    pub(crate) cap: u32,
    /// Places free in all, as the hub last said.
    pub(crate) free: u32,
    /// Workers waiting, as the hub last said.
    pub(crate) waiting: u32,
}

/// A job.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct JobJson {
    pub(crate) id: String,
    title: String,
    text: String,
    category: String,
    employer: String,
    place: String,
    lat: Option<f64>,
    lon: Option<f64>,
    distance_m: Option<u32>,
    start_at: String,
    end_at: String,
    pay_minor: i64,
    currency: String,
    pay_unit: &'static str,
    pay_minor_per_hour: i64,
    meal: bool,
    bed: bool,
    daily_pay: bool,
    language: String,
    requirements: String,
    /// Years that a worker must have at the start; none where any age will do.
    min_age: Option<u8>,
    /// Codes of the certificates that a worker must have.
    certificates: Vec<String>,
    /// Codes of the languages that a worker must speak.
    languages: Vec<String>,
    /// Shift, pay and seats were made by a seeded generator for demonstration.
    synthetic: bool,
    /// A real posting of years ago; its day and its hours are made up.
    redated: bool,
    /// In which order whoever waits is served: arrival, seniority or lottery.
    wait_rule: &'static str,
    /// When a lottery is drawn, while that is to come: nobody is promoted before it.
    draw_at: Option<String>,
    open: bool,
    confirmable_here: bool,
    pub(crate) seats: SeatsJson,
}

pub(super) fn rfc3339(epoch_s: i64) -> String {
    jiff::Timestamp::from_second(epoch_s).map_or_else(|_| epoch_s.to_string(), |time| time.to_string())
}

impl SeatsJson {
    /// Of what is free here, so many are set aside.
    pub(super) fn of(view: &JobView, held: u32) -> Self {
        let here = if view.seats.closed { 0 } else { view.seats.avail().saturating_sub(held) };
        Self { here, cap: view.said.cap, free: view.said.free, waiting: view.said.waiting }
    }
}

impl JobJson {
    pub(crate) fn of(view: &JobView, distance_m: Option<u32>) -> Self {
        let fields = view.fields.clone();
        let turn = Turn::of(&fields, &view.draw);
        let seats = SeatsJson::of(view, 0);
        Self {
            id: view.job.to_string(),
            title: fields.title,
            text: fields.text,
            category: fields.category,
            employer: fields.employer,
            place: fields.place,
            lat: fields.position.map(|(lat, _)| f64::from(lat) / 1e6),
            lon: fields.position.map(|(_, lon)| f64::from(lon) / 1e6),
            distance_m,
            start_at: rfc3339(fields.start_at),
            end_at: rfc3339(fields.end_at),
            pay_minor: fields.pay_minor,
            currency: fields.currency,
            pay_unit: fields.pay_unit.as_str(),
            pay_minor_per_hour: fields.pay_minor_per_hour,
            meal: fields.meal,
            bed: fields.bed,
            daily_pay: fields.daily_pay,
            language: fields.language,
            requirements: fields.requirements,
            min_age: fields.demands.min_age,
            certificates: fields.demands.certificates.into_iter().collect(),
            languages: fields.demands.languages.into_iter().collect(),
            synthetic: fields.synthetic,
            redated: fields.redated,
            wait_rule: turn.rule.as_str(),
            draw_at: turn.draw_at.map(rfc3339),
            open: !view.seats.closed,
            confirmable_here: seats.here > 0,
            seats,
        }
    }
}

/// Reads one job.
#[utoipa::path(get, path = "/v1/jobs/{id}",
    params(("id" = String, Path, description = "A job's id.", example = "j0-1-1024"),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of an earlier answer.")),
    responses((status = 200, content((JobJson = "application/json"), (JobPosting = "application/ld+json")),
            headers(("ETag" = String, description = "Changes with what is here.")),
            description = "The job; as schema.org's JobPosting for who would rather have application/ld+json."),
        (status = 304, description = "As the ETag has it."), (status = 404, body = Problem, description = "`unknown-job`.")))]
pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let unknown = || Problem::new("unknown-job", format!("no job {id} here"));
    let job: JobId = id.parse().map_err(|_| unknown())?;
    let is_linked = http_face::prefers(&headers, JSON_LD, "application/json");
    let form = if is_linked { JSON_LD } else { "" };
    let mut response = unless_known(&app, &format!("job {job} {form}"), &headers, || {
        let view = app.shared.views([job])?.pop().flatten().ok_or_else(unknown)?;
        if !is_linked {
            return Ok(Json(JobJson::of(&view, None)).into_response());
        }
        let posting = Json(JobPosting::of(&view, app.shared.country));
        Ok(([(header::CONTENT_TYPE, JSON_LD)], posting).into_response())
    })?;
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
    response.headers_mut().extend(bookmark::header(&app, [job]));
    Ok(response)
}
