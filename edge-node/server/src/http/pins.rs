//! A PIN that its worker has forgotten: whoever can read the node's data folder ends it, and is given six digits that are
//! good for choosing another at this node's kiosk and for nothing else.

use super::{Problem, carry::Desk, jobs::rfc3339, sign_ups};
use crate::{
    limits::GIVEN_PIN_S,
    person::{
        Pin,
        codes::six,
        record::{give_pin, random},
    },
};
use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::HeaderMap,
};
use serde::{Deserialize, Serialize};

/// Whose PIN is forgotten.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgottenBody {
    /// As in a sign-up.
    phone: String,
}

/// What the operator hands to the worker, and to nobody else.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct GivenJson {
    /// Six digits to type in place of the PIN.
    pin: String,
    /// RFC 3339.
    until: String,
}

/// Ends a worker's PIN and log-ins at this node.
#[utoipa::path(post, path = "/v1/workers:reset_pin", operation_id = "reset_pin", request_body = ForgottenBody, responses(
    (status = 200, body = GivenJson, description = "The same whether or not somebody is enrolled here under the number"),
    (status = 400, body = Problem), (status = 401, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn reset(
    State(desk): State<Desk>,
    headers: HeaderMap,
    body: Result<Json<ForgottenBody>, JsonRejection>,
) -> Result<Json<GivenJson>, Problem> {
    desk.admit(&headers)?;
    let Json(body) = body.map_err(|error| Problem::body(&error))?;
    let app = desk.app();
    let worker = sign_ups::worker_of(app, &body.phone)?;
    let digits = six(random()?);
    let pin =
        Pin::read(&digits).ok_or_else(|| Problem::internal(&anyhow::anyhow!("six digits are no PIN")))?;
    let until = app.shared.now() + GIVEN_PIN_S;
    give_pin(app, worker, pin, until).await?;
    Ok(Json(GivenJson { pin: digits, until: rfc3339(until) }))
}
