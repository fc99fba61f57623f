//! Holds: a place set aside while its worker is typing.

use super::{Problem, base64url, jobs::rfc3339, sign_ups, workers};
use crate::{
    app::{App, boot_ms},
    event_loop::Event,
    person::record::random,
    rates::Counted,
};
use axum::{
    Json,
    extract::{ConnectInfo, Path, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
};
use edge_core::node::{Hold, HoldId, HoldRefusal, HoldRequest, Holder};
use pages::guesses::whole;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use sync_protocol::ids::JobId;
use tokio::sync::oneshot;

/// A worker is about to sign up.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HoldBody {
    job: String,
    /// The worker's phone number, as in a sign-up; may be left out by a worker who is logged in.
    phone: Option<String>,
}

/// A place that is set aside. It is no promise: a restart of the node ends it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct HoldJson {
    id: String,
    job: String,
    /// RFC 3339, by the node's wall clock.
    expires_at: String,
}

fn refused(refusal: HoldRefusal) -> Problem {
    match refusal {
        HoldRefusal::UnknownJob => Problem::new("unknown-job", refusal.to_string()),
        HoldRefusal::Closed => Problem::new("closed", refusal.to_string()),
        HoldRefusal::Draining => Problem::new("draining", refusal.to_string()),
        HoldRefusal::NothingFree => Problem::new("nothing-free", refusal.to_string()),
        HoldRefusal::DeviceFull | HoldRefusal::NodeFull => {
            Problem::new("too-many-holds", refusal.to_string())
        }
        HoldRefusal::Store(error) => Problem::from(error),
    }
}

/// The device that an address stands for.
fn device(peer: IpAddr) -> [u8; 16] {
    sign_ups::first16("dayshift device v1", &[whole(peer).to_string().as_bytes()])
}

/// Sets a right of a job aside; also what the kiosk's form does when it opens.
pub(crate) async fn take(app: &App, job: JobId, holder: Holder, peer: IpAddr) -> Result<Hold, Problem> {
    let wish = HoldRequest { id: random()?, job, holder, device: device(peer) };
    let (reply, answer) = oneshot::channel();
    app.send(Event::Hold(wish, reply))?;
    app.wait(answer).await?.map_err(refused)
}

/// When a hold ends, epoch seconds.
pub(crate) fn ends_at(app: &App, hold: &Hold) -> i64 {
    let left_ms = hold.until_ms.saturating_sub(boot_ms());
    app.shared.now().saturating_add(i64::try_from(left_ms / 1_000).unwrap_or(0))
}

/// Sets a place of a job aside for 120 seconds. Asked again for the same worker and job, it is the same hold.
#[utoipa::path(post, path = "/v1/holds", request_body = HoldBody, responses(
    (status = 201, body = HoldJson), (status = 400, body = Problem), (status = 404, body = Problem),
    (status = 409, body = Problem, description = "Closed, or nothing is free here"),
    (status = 429, body = Problem, description = "This device or this node holds as many places as it may"),
    (status = 503, body = Problem)))]
pub(crate) async fn create(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Result<Json<HoldBody>, JsonRejection>,
) -> Result<(StatusCode, Json<HoldJson>), Problem> {
    let Json(body) = body.map_err(|error| Problem::body(&error))?;
    let job = sign_ups::job_of(&body.job)?;
    let proved = workers::logged_in(&app, workers::bearer(&headers).as_ref());
    let worker = match body.phone {
        Some(phone) => sign_ups::worker_of(&app, &phone)?,
        None => proved.ok_or_else(sign_ups::no_phone)?,
    };
    if proved != Some(worker) {
        Counted::take(&app, vec![worker])?;
    }
    let hold = take(&app, job, Holder::Worker(worker), peer.ip()).await?;
    let expires_at = rfc3339(ends_at(&app, &hold));
    Ok((
        StatusCode::CREATED,
        Json(HoldJson { id: base64url(&hold.id), job: hold.job.to_string(), expires_at }),
    ))
}

/// Ends a hold.
#[utoipa::path(delete, path = "/v1/holds/{id}", params(("id" = String, Path, description = "Hold id")), responses(
    (status = 204), (status = 404, body = Problem)))]
pub(crate) async fn end(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let unknown = || Problem::new("unknown-hold", "no such hold; it may have ended");
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let read = base64::Engine::decode(&engine, &id).ok().and_then(|bytes| HoldId::try_from(bytes).ok());
    let id = read.ok_or_else(unknown)?;
    let (reply, answer) = oneshot::channel();
    app.send(Event::EndHold(id, reply))?;
    if app.wait(answer).await? { Ok(StatusCode::NO_CONTENT) } else { Err(unknown()) }
}
