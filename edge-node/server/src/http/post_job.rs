//! `POST /v1/jobs`: a tenant creates a job at this node; it is open here at once, also while the line is cut.

use super::Problem;
use crate::{app::App, event_loop::Event};
use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header},
};
use edge_core::node::{JobRefusal, NewJob};
use serde::Serialize;
use sync_protocol::{documents::TenantKey, seats::LossPolicy, wire::v1::Tenant};
use tokio::sync::oneshot;

mod body;

pub(crate) use body::JobBody;
use body::{Posted, Poster};

/// The created job's id.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Created {
    id: String,
}

fn bad(detail: impl Into<String>) -> Problem {
    Problem::new("bad-request", detail)
}

/// Finds the tenant by its key, and what signs in its name.
fn tenant(app: &App, headers: &HeaderMap) -> Result<(u32, String, TenantKey), Problem> {
    let missing = || Problem::new("unauthorised", "send Authorization: Bearer and the tenant's key");
    let key = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .ok_or_else(missing)?;
    // The key has 128 random bits: comparing hashes leaks nothing that can be used.
    let hash = blake3::hash(key.trim().as_bytes());
    let interest = app.shared.interest();
    let tenant = interest.tenants.iter().find(|tenant| tenant.key_hash == hash.as_bytes());
    let named = |tenant: &Tenant| (tenant.id, tenant.name.clone(), TenantKey::of_api_key(key.trim()));
    tenant.map(named).ok_or_else(|| {
        let region = &app.shared.region;
        Problem::new("unauthorised", format!("no tenant that may post in {region} has this key"))
    })
}

/// Creates a job.
#[utoipa::path(post, path = "/v1/jobs", request_body = JobBody, responses(
    (status = 201, body = Created), (status = 400, body = Problem), (status = 401, body = Problem),
    (status = 403, body = Problem)))]
pub(crate) async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Json<serde_json::Value>, JsonRejection>,
) -> Result<(StatusCode, Json<Created>), Problem> {
    let (tenant, employer, key_of_tenant) = tenant(&app, &headers)?;
    let Json(body) = body.map_err(|error| Problem::body(&error))?;
    let poster = Poster { tenant, employer: &employer, region: &app.shared.region, now: app.shared.now() };
    let Posted { fields, seats, reclaim_lost } = body::read(body, poster)?;
    let key = match headers.get("idempotency-key").map(|key| key.to_str()) {
        Some(Ok(key)) if key.len() <= crate::limits::KEY_CHARS_MAX => format!("api:{key}"),
        Some(_) => return Err(bad("Idempotency-Key: at most 128 ASCII characters")),
        None => String::new(),
    };
    let policy = if reclaim_lost { LossPolicy::Reclaim } else { LossPolicy::WriteOff };
    let new = NewJob { fields, seats, policy, key };
    let (reply, answer) = oneshot::channel();
    let event = Event::CreateJob(Box::new(new), key_of_tenant, reply);
    app.send(event)?;
    let job = app.wait(answer).await?.map_err(|refusal| match refusal {
        JobRefusal::NoTopic => Problem::new("no-topic", refusal.to_string()),
        JobRefusal::Seats | JobRefusal::Times | JobRefusal::Absurd(_) | JobRefusal::Document(_) => {
            bad(refusal.to_string())
        }
        JobRefusal::Retired => Problem::new("frozen", refusal.to_string()),
        JobRefusal::Store(error) => Problem::from(error),
    })?;
    Ok((StatusCode::CREATED, Json(Created { id: job.to_string() })))
}
