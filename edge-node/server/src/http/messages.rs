//! Messages that wait or were given up, for whoever can read the node's data folder.

use super::{Problem, carry::Desk, jobs::rfc3339};
use crate::event_loop::Event;
use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
};
use serde::Serialize;
use sync_protocol::ids::VshardId;
use sync_store::MessageRow;

/// Messages given up that one answer lists.
const LISTED_MAX: usize = 1_000;

/// The outbox as it stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct MessagesJson {
    /// Messages that wait to be sent, or to be tried again.
    waiting: u64,
    /// Messages that no try delivered, oldest first.
    given_up: Vec<MessageJson>,
}

/// A message; whom it is for and what it says is put together only when it is sent.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct MessageJson {
    /// By which it is sent again.
    id: String,
    /// confirmed, cancelled, changed, timesheet or code.
    kind: &'static str,
    /// RFC 3339.
    at: String,
    tries: u32,
    /// Why the last try failed.
    error: String,
}

/// What became of a wish to send again.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct AgainJson {
    id: String,
}

fn shown(row: &MessageRow) -> MessageJson {
    MessageJson {
        id: format!("{}-{}", row.vshard.0, row.n),
        kind: row.kind.as_str(),
        at: rfc3339(row.at),
        tries: row.tries,
        error: row.error.clone(),
    }
}

/// Lists messages that were given up.
#[utoipa::path(get, path = "/v1/messages", operation_id = "messages", responses(
    (status = 200, body = MessagesJson), (status = 401, body = Problem)))]
pub(crate) async fn list(
    State(desk): State<Desk>,
    headers: HeaderMap,
) -> Result<Json<MessagesJson>, Problem> {
    desk.admit(&headers)?;
    let shared = &desk.app().shared;
    let ((waiting, _), rows) =
        shared.readers.read(|tx| Ok((tx.message_counts()?, tx.messages(true, LISTED_MAX)?)))?;
    Ok(Json(MessagesJson { waiting, given_up: rows.iter().map(shown).collect() }))
}

/// Sends a message that was given up once more: `{id}:retry`.
#[utoipa::path(post, path = "/v1/messages/{id}", operation_id = "message_again",
    params(("id" = String, Path, description = "The message's id and `:retry`")), responses(
    (status = 200, body = AgainJson), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn again(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<AgainJson>, Problem> {
    desk.admit(&headers)?;
    let unknown = || Problem::new("unknown-route", "there is no message that was given up with this id");
    let id = id.strip_suffix(":retry").ok_or_else(unknown)?;
    let (vshard, n) = id.split_once('-').ok_or_else(unknown)?;
    let (vshard, n) = (vshard.parse().map_err(|_| unknown())?, n.parse().map_err(|_| unknown())?);
    let known = desk.ask(|reply| Event::SendAgain { vshard: VshardId(vshard), n, reply }).await?;
    if known { Ok(Json(AgainJson { id: id.to_owned() })) } else { Err(unknown()) }
}
