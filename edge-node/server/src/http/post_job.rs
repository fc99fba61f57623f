//! `POST /v1/jobs`: a tenant creates a job at this node; it is open here at once, also while the line is cut.

use super::Problem;
use crate::{app::App, event_loop::Event};
use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header},
};
use edge_core::node::{JobRefusal, NewJob};
use serde::{Deserialize, Serialize};
use sync_protocol::{
    documents::{JobFields, PayUnit},
    seats::LossPolicy,
};
use tokio::sync::oneshot;

/// A job as a tenant posts it.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobBody {
    title: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    place: String,
    lat: Option<f64>,
    lon: Option<f64>,
    /// RFC 3339.
    start_at: String,
    /// RFC 3339.
    end_at: String,
    pay_minor: i64,
    currency: String,
    /// hour, day or shift.
    pay_unit: String,
    pay_minor_per_hour: i64,
    seats: u32,
    /// Whether the rights of a node that is lost for ever are given to others after its lease. Receipts that the hub did
    /// not hold by then are void. Without it they stay reserved until the job starts.
    #[serde(default)]
    reclaim_lost: bool,
    #[serde(default)]
    meal: bool,
    #[serde(default)]
    bed: bool,
    #[serde(default)]
    daily_pay: bool,
    #[serde(default)]
    language: String,
    #[serde(default)]
    requirements: String,
}

/// The created job's id.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Created {
    id: String,
}

const TITLE_CHARS_MAX: usize = 120;
const TEXT_CHARS_MAX: usize = 4_000;
const PAY_MINOR_MAX: i64 = 1_000_000_000;

fn bad(detail: impl Into<String>) -> Problem {
    Problem::new("bad-request", detail)
}

fn seconds(name: &str, text: &str) -> Result<i64, Problem> {
    let time: jiff::Timestamp = text
        .parse()
        .map_err(|_| bad(format!("{name}: expected RFC 3339, such as 2026-11-23T06:30:00+08:00")))?;
    Ok(time.as_second())
}

fn position(body: &JobBody) -> Result<Option<(i32, i32)>, Problem> {
    let e6 = |degrees: f64, max: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "at most 180 million")]
        (degrees.abs() <= max).then(|| (degrees * 1e6).round() as i32)
    };
    match (body.lat, body.lon) {
        (None, None) => Ok(None),
        (Some(lat), Some(lon)) => {
            let place = e6(lat, 90.0).zip(e6(lon, 180.0));
            place.map(Some).ok_or_else(|| bad("lat, lon: not on the globe"))
        }
        (None, Some(_)) | (Some(_), None) => Err(bad("lat, lon: give both or neither")),
    }
}

impl JobBody {
    fn to_fields(&self, tenant: u32, employer: &str, region: &str, now: i64) -> Result<JobFields, Problem> {
        let title = self.title.trim();
        if title.is_empty() || title.chars().count() > TITLE_CHARS_MAX {
            return Err(bad(format!("title: 1 to {TITLE_CHARS_MAX} characters")));
        }
        if [&self.text, &self.place, &self.requirements]
            .iter()
            .any(|text| text.chars().count() > TEXT_CHARS_MAX)
        {
            return Err(bad(format!("text, place, requirements: at most {TEXT_CHARS_MAX} characters each")));
        }
        if !(0..=PAY_MINOR_MAX).contains(&self.pay_minor)
            || !(0..=PAY_MINOR_MAX).contains(&self.pay_minor_per_hour)
        {
            return Err(bad(format!("pay_minor, pay_minor_per_hour: 0 to {PAY_MINOR_MAX}")));
        }
        Ok(JobFields {
            title: title.to_owned(),
            text: self.text.clone(),
            category: self.category.clone(),
            employer: employer.to_owned(),
            place: self.place.clone(),
            position: position(self)?,
            start_at: seconds("start_at", &self.start_at)?,
            end_at: seconds("end_at", &self.end_at)?,
            pay_minor: self.pay_minor,
            pay_unit: PayUnit::parse(&self.pay_unit).ok_or_else(|| bad("pay_unit: hour, day or shift"))?,
            pay_minor_per_hour: self.pay_minor_per_hour,
            currency: self.currency.clone(),
            meal: self.meal,
            bed: self.bed,
            daily_pay: self.daily_pay,
            language: self.language.clone(),
            requirements: self.requirements.clone(),
            synthetic: false,
            created_at: now,
            tenant,
            region: region.to_owned(),
        })
    }
}

/// Finds the tenant by its key.
fn tenant(app: &App, headers: &HeaderMap) -> Result<(u32, String), Problem> {
    let denied = || Problem::new("unauthorised", "no tenant has this key");
    let key = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .ok_or_else(denied)?;
    // The key has 128 random bits: comparing hashes leaks nothing that can be used.
    let hash = blake3::hash(key.trim().as_bytes());
    let interest = app.shared.interest();
    let tenant = interest.tenants.iter().find(|tenant| tenant.key_hash == hash.as_bytes());
    tenant.map(|tenant| (tenant.id, tenant.name.clone())).ok_or_else(denied)
}

/// Creates a job.
#[utoipa::path(post, path = "/v1/jobs", request_body = JobBody, responses(
    (status = 201, body = Created), (status = 400, body = Problem), (status = 401, body = Problem),
    (status = 403, body = Problem)))]
pub(crate) async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Json<JobBody>, JsonRejection>,
) -> Result<(StatusCode, Json<Created>), Problem> {
    let (tenant, employer) = tenant(&app, &headers)?;
    let Json(body) = body.map_err(|error| Problem::body(&error))?;
    let fields = body.to_fields(tenant, &employer, &app.shared.region, app.shared.now())?;
    let key = match headers.get("idempotency-key").map(|key| key.to_str()) {
        Some(Ok(key)) if key.len() <= crate::limits::KEY_CHARS_MAX => format!("api:{key}"),
        Some(_) => return Err(bad("Idempotency-Key: at most 128 ASCII characters")),
        None => String::new(),
    };
    let policy = if body.reclaim_lost { LossPolicy::Reclaim } else { LossPolicy::WriteOff };
    let new = NewJob { fields, seats: body.seats, policy, key };
    let (reply, answer) = oneshot::channel();
    let event = Event::CreateJob(Box::new(new), reply);
    app.send(event)?;
    let job = app.wait(answer).await?.map_err(|refusal| match refusal {
        JobRefusal::NoTopic => Problem::new("no-topic", refusal.to_string()),
        JobRefusal::Seats | JobRefusal::Times => bad(refusal.to_string()),
        JobRefusal::Retired => Problem::new("frozen", refusal.to_string()),
        JobRefusal::Store(error) => Problem::from(error),
    })?;
    Ok((StatusCode::CREATED, Json(Created { id: job.to_string() })))
}
