//! The node about itself: state, health, metrics.

use super::Problem;
use crate::{
    app::App,
    plugins::{self, PluginStatus},
};
use axum::{
    Json,
    extract::{RawQuery, State},
    http::StatusCode,
};
use edge_core::node::Uplink;
use serde::Serialize;
use sync_store::StoreError;

/// How the node is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct NodeJson {
    node: u32,
    incarnation: u16,
    name: String,
    region: String,
    /// Where it stands, in degrees; nothing where its operator has not said.
    lat: Option<f64>,
    lon: Option<f64>,
    /// up or down.
    link: &'static str,
    /// Epoch seconds since when.
    link_since: u64,
    /// Epoch seconds; 0 where there never was a session.
    last_contact_at: u64,
    /// Own log entries that the hub has not acknowledged.
    pending: u64,
    jobs: usize,
    /// Why this node signs nobody up, where it is so.
    frozen: Option<String>,
    /// Whether an operator drains this node: it takes nobody new and gives its rights back.
    draining: bool,
    /// Received entries that could not be applied.
    parked: u64,
    plugins: Vec<PluginStatus>,
    /// Bytes to and from the hub since the start.
    bytes_sent: u64,
    bytes_received: u64,
}

/// Reads how much is pending and parked into the metrics; where the database cannot be read, what was last known stays.
fn count(app: &App) -> Result<(), StoreError> {
    let (pending, parked, given_up) = app.shared.readers.read(|tx| {
        let mut pending = 0;
        for (vshard, head) in tx.own_heads()? {
            pending += head.wseq - tx.acked(vshard)?.min(head.wseq);
        }
        Ok((pending, tx.parked()?, tx.message_counts()?.1))
    })?;
    app.shared.metrics.pending_changes.set(i64::try_from(pending).unwrap_or(i64::MAX));
    app.shared.metrics.parked_changes.set(i64::try_from(parked).unwrap_or(i64::MAX));
    app.shared.metrics.messages_given_up.set(i64::try_from(given_up).unwrap_or(i64::MAX));
    Ok(())
}

/// Counts anew; a damaged database is told by `frozen`, any other failure fails the request.
fn counted(app: &App) -> Result<(u64, u64), Problem> {
    match count(app) {
        Err(error) if !error.is_corrupt() => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    let metrics = &app.shared.metrics;
    metrics.frozen.set(i64::from(app.shared.frozen().is_some()));
    Ok((metrics.pending_changes.get().unsigned_abs(), metrics.parked_changes.get().unsigned_abs()))
}

/// Describes this node.
#[utoipa::path(get, path = "/v1/node", responses((status = 200, body = NodeJson)))]
pub(crate) async fn show(State(app): State<App>) -> Result<Json<NodeJson>, Problem> {
    let shared = &app.shared;
    let (pending, parked) = counted(&app)?;
    let (link_since, last_contact_at) = shared.link_times();
    let (bytes_sent, bytes_received) = shared.traffic();
    Ok(Json(NodeJson {
        node: shared.node,
        incarnation: shared.incarnation,
        name: shared.name.clone(),
        region: shared.region.clone(),
        lat: shared.position.map(|(lat, _)| f64::from(lat) / 1e6),
        lon: shared.position.map(|(_, lon)| f64::from(lon) / 1e6),
        link: if shared.uplink() == Uplink::Up { "up" } else { "down" },
        link_since,
        last_contact_at,
        pending,
        jobs: shared.index().len(),
        frozen: shared.frozen(),
        draining: shared.is_draining(),
        parked,
        plugins: plugins::statuses(shared),
        bytes_sent,
        bytes_received,
    }))
}

/// The process answers.
#[utoipa::path(get, path = "/livez", responses((status = 200, body = String)))]
pub(crate) async fn livez() -> &'static str {
    "ok\n"
}

/// The node can sign workers up; the hub is not needed for that.
#[utoipa::path(get, path = "/readyz",
    params(("verbose" = Option<String>, Query, description = "List each check, a line each.")),
    responses((status = 200, body = String),
    (status = 503, body = String, description = "Frozen, drained or stopping; the text says why.")))]
pub(crate) async fn readyz(State(app): State<App>, RawQuery(query): RawQuery) -> (StatusCode, String) {
    let shared = &app.shared;
    let draining = || "draining: an operator is about to take this node away".to_owned();
    let checks = [
        ("storage", shared.frozen().map(|reason| format!("frozen: {reason}"))),
        ("event loop", app.events.is_closed().then(|| "stopping: the event loop has ended".to_owned())),
        ("takes people", shared.is_draining().then(draining)),
    ];
    let failed = checks.iter().find_map(|(_, fault)| fault.clone());
    let status = if failed.is_some() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let mut text = String::new();
    if query.is_some_and(|query| query.split('&').any(|name| name.split('=').next() == Some("verbose"))) {
        for (name, fault) in &checks {
            let line = fault
                .as_ref()
                .map_or_else(|| format!("ok {name}\n"), |fault| format!("failed {name}: {fault}\n"));
            text.push_str(&line);
        }
    }
    text.push_str(failed.as_deref().unwrap_or("ok"));
    text.push('\n');
    (status, text)
}

/// Metrics in the Prometheus text form.
pub(crate) async fn metrics(State(app): State<App>) -> Result<String, Problem> {
    counted(&app)?;
    Ok(app.shared.metrics.render())
}
