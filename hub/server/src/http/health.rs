//! Whether the hub lives and is ready, its figures, and the description of this API.

use super::problem::Problem;
use crate::{app::App, telemetry};
use axum::{
    extract::{RawQuery, State},
    http::{StatusCode, header},
    response::IntoResponse,
};
use std::sync::Arc;

/// The process lives.
#[utoipa::path(get, path = "/livez", responses((status = 200, body = String, description = "The process lives.")))]
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// All shards answer.
#[utoipa::path(get, path = "/readyz",
    params(("verbose" = Option<String>, Query, description = "List each check, a line each; the problem names the one that failed.")),
    responses((status = 200, body = String, description = "Ready."),
    (status = 503, description = "`stopping`, or `storage`: a shard does not answer.", body = super::problem::ProblemBody)
))]
pub(super) async fn readyz(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
) -> Result<&'static str, Problem> {
    let stopping = |what| Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", what));
    if app.stop.is_cancelled() {
        return stopping("the hub is going down");
    }
    if !app.shards.is_alive() {
        return stopping("a shard has ended, and the hub is going down");
    }
    app.shards.read_all(|tx| tx.meta("ready")).await?;
    let lists =
        query.is_some_and(|query| query.split('&').any(|name| name.split('=').next() == Some("verbose")));
    Ok(if lists { "ok running\nok shards\nok storage\nready\n" } else { "ready\n" })
}

/// Figures in the OpenMetrics text format.
#[utoipa::path(get, path = "/metrics", responses((status = 200, body = String,
    content_type = "application/openmetrics-text", description = "OpenMetrics text.")))]
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Result<impl IntoResponse, Problem> {
    let text = telemetry::metrics(&app).await?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text))
}
