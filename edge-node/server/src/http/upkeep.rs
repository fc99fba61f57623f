//! What an operator orders of a node before it is taken away or looked after, for whoever can read its data folder.

use super::{Problem, carry::Desk};
use crate::event_loop::Event;
use axum::{Json, extract::State, http::HeaderMap};
use serde::Serialize;
use sync_protocol::ids::VshardId;

/// How the node is after the order.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct UpkeepJson {
    /// Whether it takes nobody new.
    draining: bool,
    /// Rights of open jobs that lie idle here.
    idle_rights: u64,
    /// Own log entries that the hub has not acknowledged.
    pending: u64,
}

fn account(desk: &Desk) -> Result<Json<UpkeepJson>, Problem> {
    let shared = &desk.app().shared;
    let (idle_rights, pending) = shared.readers.read(|tx| {
        let (mut idle, mut pending) = (0, 0);
        for (vshard, head) in tx.own_heads()? {
            pending += head.wseq.saturating_sub(tx.acked(vshard)?);
        }
        let interest = shared.interest();
        for (_, _, vshard) in &interest.topics {
            for (_, seats, _) in tx.node_jobs(VshardId(*vshard))? {
                idle += u64::from(if seats.closed { 0 } else { seats.avail() });
            }
        }
        Ok((idle, pending))
    })?;
    Ok(Json(UpkeepJson { draining: shared.is_draining(), idle_rights, pending }))
}

async fn set(desk: &Desk, headers: &HeaderMap, draining: bool) -> Result<Json<UpkeepJson>, Problem> {
    desk.admit(headers)?;
    desk.ask(|reply| Event::Drain(draining, reply)).await?;
    account(desk)
}

/// Takes nobody new and gives idle rights back, until `:resume`, also after a restart. Whoever has a place keeps it.
#[utoipa::path(post, path = "/v1/node:drain", operation_id = "drain", responses(
    (status = 200, body = UpkeepJson), (status = 401, body = Problem),
    (status = 503, body = Problem, description = "`busy` or `frozen`."), (status = 507, body = Problem, description = "`disk-full`.")))]
pub(crate) async fn drain(State(desk): State<Desk>, headers: HeaderMap) -> Result<Json<UpkeepJson>, Problem> {
    set(&desk, &headers, true).await
}

/// Takes people again.
#[utoipa::path(post, path = "/v1/node:resume", operation_id = "resume", responses(
    (status = 200, body = UpkeepJson), (status = 401, body = Problem),
    (status = 503, body = Problem, description = "`busy` or `frozen`."), (status = 507, body = Problem, description = "`disk-full`.")))]
pub(crate) async fn resume(
    State(desk): State<Desk>,
    headers: HeaderMap,
) -> Result<Json<UpkeepJson>, Problem> {
    set(&desk, &headers, false).await
}

/// Begins a new session with the hub at once: both compare where all logs stand and send what the other lacks.
#[utoipa::path(post, path = "/v1/node:resync", operation_id = "resync", responses(
    (status = 200, body = UpkeepJson), (status = 401, body = Problem)))]
pub(crate) async fn resync(
    State(desk): State<Desk>,
    headers: HeaderMap,
) -> Result<Json<UpkeepJson>, Problem> {
    desk.admit(&headers)?;
    desk.app().shared.redial();
    account(&desk)
}
