//! `POST /v1/jobs`: a tenant creates a job at this node; it is open here at once, also while the line is cut.

use super::{
    Problem, bookmark,
    sign_ups::{self, key_of},
    tenant::TenantScope,
};
use crate::{app::App, event_loop::Event};
use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
};
use edge_core::node::{JobRefusal, NewJob};
use serde::Serialize;
use sync_protocol::{documents::JobFields, ids::JobId, seats::LossPolicy};
use tokio::sync::oneshot;

mod body;

use body::JobBody;
use body::{Posted, Poster};

/// The created job's id.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Created {
    id: String,
}

fn bad(detail: impl Into<String>) -> Problem {
    Problem::new("bad-request", detail)
}

/// Creates a job.
#[utoipa::path(post, path = "/v1/jobs", request_body = JobBody,
    params(("Idempotency-Key" = String, Header, example = "8e03978e-40d5-43dd-bc93-6894a57f9324",
        description = "Fresh and random, 1 to 128 ASCII characters; the same for each retry: then the job is created once.")),
    responses((status = 201, body = Created, headers(("Dayshift-Bookmark" = String, description = "See the beginning."))), (status = 400, body = Problem, description = "`key-missing`, or `bad-request`; `errors` names each field at fault."),
        (status = 401, body = Problem, description = "`unauthorised`."), (status = 403, body = Problem, description = "`no-topic`."),
        (status = 422, body = Problem, description = "`key-reused`."),
        (status = 503, body = Problem, description = "`busy`, `frozen` or `draining`."), (status = 507, body = Problem, description = "`disk-full`.")))]
pub(crate) async fn create(
    State(app): State<App>,
    scope: TenantScope,
    headers: HeaderMap,
    body: Result<Json<serde_json::Value>, JsonRejection>,
) -> Result<(StatusCode, HeaderMap, Json<Created>), Problem> {
    let key = format!("api:{}", key_of(&headers)?);
    let Json(body) = body.map_err(|error| Problem::body(&error))?;
    let job = submit(&app, &scope, body, key, |_| {}).await?;
    Ok((StatusCode::CREATED, bookmark::header(&app, [job]), Json(Created { id: job.to_string() })))
}

/// A job's fields as a body gives them, held against the rule of all posted jobs.
pub(super) fn judged(
    scope: &TenantScope,
    region: &str,
    now: i64,
    body: serde_json::Value,
) -> Result<JobFields, Problem> {
    let poster = Poster { tenant: scope.tenant.0, employer: &scope.name, region, now };
    body::read(body, poster).map(|posted| posted.fields)
}

/// Creates a job from a body, completed by `like` where it is posted like another; also what the clerk's pages call.
/// Under a key that was used before it is that job.
pub(crate) async fn submit(
    app: &App,
    scope: &TenantScope,
    body: serde_json::Value,
    key: String,
    like: impl FnOnce(&mut JobFields),
) -> Result<JobId, Problem> {
    let poster = Poster {
        tenant: scope.tenant.0,
        employer: &scope.name,
        region: &app.shared.region,
        now: app.shared.now(),
    };
    let body_hash = sign_ups::first16("dayshift posted job v1", &[body.to_string().as_bytes()]);
    let Posted { mut fields, seats, reclaim_lost } = body::read(body, poster)?;
    like(&mut fields);
    let policy = if reclaim_lost { LossPolicy::Reclaim } else { LossPolicy::WriteOff };
    let new = NewJob { fields, seats, policy, key, body_hash };
    let (reply, answer) = oneshot::channel();
    app.send(Event::CreateJob(Box::new(new), scope.signing_key()?, reply))?;
    app.wait(answer).await?.map_err(|refusal| match refusal {
        JobRefusal::NoTopic => Problem::new("no-topic", refusal.to_string()),
        JobRefusal::KeyReused => Problem::new("key-reused", refusal.to_string()),
        JobRefusal::Seats | JobRefusal::Times | JobRefusal::Absurd(_) | JobRefusal::Document(_) => {
            bad(refusal.to_string())
        }
        JobRefusal::Retired => Problem::new("frozen", refusal.to_string()),
        JobRefusal::Draining => Problem::new("draining", refusal.to_string()),
        JobRefusal::Store(error) => Problem::from(error),
    })
}
