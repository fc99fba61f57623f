//! Incarnations that are over and what is reserved for them, and the sign-ups of a job that others ended.

use super::problem::Problem;
use crate::{
    app::App,
    clock,
    incarnations::{self, Awaiting, Over, Reserved},
    live,
};
use axum::{
    Json,
    extract::{Path, State},
};
use serde::Serialize;
use std::sync::Arc;
use sync_protocol::{
    ids::Writer,
    seats::{LossPolicy, Standing},
};
use utoipa::ToSchema;

/// What is over, what is reserved, and whom the hub waits for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Limbo {
    incarnations: Vec<Incarnation>,
    rights: Vec<ReservedRights>,
    awaited: Vec<AwaitingVshard>,
}

/// An incarnation that is over.
#[derive(Debug, Serialize, ToSchema)]
struct Incarnation {
    node: u32,
    incarnation: u16,
    name: String,
    /// `fenced`, or `settled` once its whole log is here and nothing is reserved for it.
    standing: &'static str,
    /// `retired`, `replaced`, `copied` or `violation`.
    cause: &'static str,
    detail: String,
    /// RFC 3339.
    since: String,
    /// Rights that stay reserved for it, over all jobs.
    reserved: u64,
}

/// Rights to one job that stay reserved for a fenced incarnation.
#[derive(Debug, Serialize, ToSchema)]
struct ReservedRights {
    node: u32,
    incarnation: u16,
    name: String,
    job: String,
    title: String,
    /// RFC 3339; with the job's start they end.
    start_at: String,
    /// `write_off`: they stay until the job starts. `reclaim`: a command brings them back.
    policy: &'static str,
    reserved: u32,
    /// Of those, sign-ups that the hub knows to be live.
    live: u32,
}

/// A restored vshard that grants nothing yet.
#[derive(Debug, Serialize, ToSchema)]
struct AwaitingVshard {
    vshard: u16,
    history: u16,
    nodes: Vec<AwaitedNode>,
}

/// A node that has to tell what it holds.
#[derive(Debug, Serialize, ToSchema)]
struct AwaitedNode {
    node: u32,
    incarnation: u16,
    name: String,
}

/// A standing's word in the API.
pub(super) const fn standing_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Live => "live",
        Standing::Fenced => "fenced",
        Standing::Settled => "settled",
    }
}

pub(super) const fn policy_word(policy: LossPolicy) -> &'static str {
    match policy {
        LossPolicy::WriteOff => "write_off",
        LossPolicy::Reclaim => "reclaim",
    }
}

impl From<&Over> for Incarnation {
    fn from(over: &Over) -> Self {
        Self {
            node: over.writer.node.0,
            incarnation: over.writer.incarnation.0,
            name: over.name.clone(),
            standing: standing_word(over.standing),
            cause: over.cause.as_str(),
            detail: over.detail.clone(),
            since: clock::rfc3339(over.since),
            reserved: over.reserved,
        }
    }
}

impl From<&Reserved> for ReservedRights {
    fn from(reserved: &Reserved) -> Self {
        Self {
            node: reserved.row.writer.node.0,
            incarnation: reserved.row.writer.incarnation.0,
            name: reserved.name.clone(),
            job: reserved.row.job.to_string(),
            title: reserved.title.clone(),
            start_at: clock::rfc3339(reserved.start_at),
            policy: policy_word(reserved.policy),
            reserved: reserved.row.out,
            live: reserved.row.live,
        }
    }
}

impl From<&Awaiting> for AwaitingVshard {
    fn from(awaiting: &Awaiting) -> Self {
        let node = |(writer, name): &(Writer, String)| AwaitedNode {
            node: writer.node.0,
            incarnation: writer.incarnation.0,
            name: name.clone(),
        };
        Self {
            vshard: awaiting.vshard.0,
            history: awaiting.history,
            nodes: awaiting.nodes.iter().map(node).collect(),
        }
    }
}

/// Shows incarnations that are over, rights that stay reserved for them, and restored vshards that await nodes.
#[utoipa::path(get, path = "/v1/limbo", responses((status = 200, body = Limbo)))]
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Json<Limbo>, Problem> {
    let all = incarnations::read_all(&app).await?;
    Ok(Json(Limbo {
        incarnations: all.over.iter().map(Incarnation::from).collect(),
        rights: all.limbo.iter().map(ReservedRights::from).collect(),
        awaited: all.awaiting.iter().map(AwaitingVshard::from).collect(),
    }))
}

/// Who of a job is being ended, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Endings {
    job: String,
    endings: Vec<EndingOf>,
}

/// One sign-up that is to end or has ended.
#[derive(Debug, Serialize, ToSchema)]
struct EndingOf {
    sign_up: String,
    /// The node that was asked, or `hub`.
    holder: String,
    /// `worker`, `closed`, `cap_lowered`, `duplicate` or `voided`.
    reason: &'static str,
    /// RFC 3339.
    asked_at: String,
    /// Whether the holder has reported it.
    done: bool,
}

/// Shows which sign-ups of a job others than their node ended, why, and whether it is done.
#[utoipa::path(get, path = "/v1/jobs/{id}/endings", params(("id" = String, Path, description = "A job's id.", example = "j0-1-1024")),
    responses((status = 200, body = Endings), (status = 404, body = super::problem::ProblemBody)))]
pub(super) async fn endings(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Endings>, Problem> {
    let job = id.parse().map_err(|_| Problem::bad_request("a job's id looks like j0-1-1024"))?;
    let Some(rows) = live::endings(&app, job).await? else {
        return Err(Problem::not_found(format!("there is no job {job}")));
    };
    let ending = |row: &live::EndingView| EndingOf {
        sign_up: row.row.ending.sign_up.to_string(),
        holder: live::name_of(&app, row.holder),
        reason: row.row.ending.reason.as_str(),
        asked_at: clock::rfc3339(row.row.at),
        done: row.row.done,
    };
    Ok(Json(Endings { job: job.to_string(), endings: rows.iter().map(ending).collect() }))
}
