//! Whether the hub lives and is ready, its figures, and the description of this API.

use super::problem::Problem;
use crate::{app::App, telemetry};
use axum::{
    extract::State,
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
#[utoipa::path(get, path = "/readyz", responses(
    (status = 200, body = String, description = "Ready."),
    (status = 503, description = "`stopping`, or `storage`: a shard does not answer.", body = super::problem::ProblemBody)
))]
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    if app.stop.is_cancelled() || !app.shards.is_alive() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the hub is going down"));
    }
    app.shards.read_all(|tx| tx.meta("ready")).await?;
    Ok("ready\n")
}

/// Figures in the OpenMetrics text format.
#[utoipa::path(get, path = "/metrics", responses((status = 200, body = String,
    content_type = "application/openmetrics-text", description = "OpenMetrics text.")))]
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Result<impl IntoResponse, Problem> {
    let text = telemetry::metrics(&app).await?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text))
}
