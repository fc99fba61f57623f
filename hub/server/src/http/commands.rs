//! What operators and tenants order: a cap, a close, the end of an incarnation.

use super::{
    access::{Caller, require_admin, require_caller},
    order::Order,
    problem::Problem,
};
use crate::{
    app::App,
    fencing::{self, Reclaim},
    incarnations::{self, Reserved},
    live, orders,
};
use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
};
use hub_core::shard::{CapRefusal, Changed};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use sync_protocol::{
    command::Change,
    ids::{JobId, NodeId, Writer},
    limits::{LEASE_MS, lease_at_hub},
    seats::{BelowConfirmed, Excess, LossPolicy, Standing},
};
use sync_store::FenceCause;
use utoipa::ToSchema;

/// A new number of seats.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "cap": 12, "excess": "refuse" }))]
pub(crate) struct CapBody {
    cap: u32,
    /// What becomes of confirmed sign-ups beyond the new cap: `refuse` the command (the default), or `bump_latest`.
    #[serde(default)]
    excess: Option<String>,
}

/// A job's seats after a command.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobState {
    job: String,
    cap: u32,
    open: bool,
    version: u32,
    /// Sign-ups that this command ends; each ends once its node has heard of it.
    ended: Vec<Ended>,
    /// Nodes without a line that hold free rights to the job: so many more may be confirmed there before they hear of this.
    unheard: Vec<Unheard>,
}

/// A sign-up that a command ends.
#[derive(Debug, Serialize, ToSchema)]
struct Ended {
    sign_up: String,
    /// The node that holds its place.
    node: String,
    /// `closed` or `cap_lowered`.
    reason: &'static str,
}

/// A node that does not hear.
#[derive(Debug, Serialize, ToSchema)]
struct Unheard {
    node: String,
    rights: u32,
}

/// Why a node's incarnation is ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "stolen" }))]
pub(crate) struct FenceBody {
    reason: String,
}

/// How a command is meant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NodeQuery {
    /// Say what a reclaim would bring back, and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Rights that a reclaim brought back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReclaimAnswer {
    jobs: Vec<ReclaimedJob>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ReclaimedJob {
    job: String,
    rights: u32,
}

/// Commands on a job: `{id}:cap` and `{id}:close`, by operators, and by its tenant with its API key.
#[utoipa::path(post, path = "/v1/jobs/{id}", params(("id" = String, Path, description = "A job's id and `:cap` or `:close`.", example = "j0-1-1024:cap")),
    request_body(content = Option<CapBody>, description = "For `:cap`; `:close` needs none."),
    responses((status = 200, body = JobState), (status = 400, body = super::problem::ProblemBody),
        (status = 401, body = super::problem::ProblemBody), (status = 404, body = super::problem::ProblemBody),
        (status = 409, description = "`below-confirmed` or `closed`.", body = super::problem::ProblemBody)))]
pub(super) async fn job(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    order: Order,
) -> Result<Json<JobState>, Problem> {
    let caller = require_caller(&app, &headers)?;
    let Some((id, command)) = id.split_once(':') else { return Err(unknown_command(":cap, :close")) };
    let job: JobId = id.parse().map_err(|_| Problem::bad_request("a job's id looks like j0-1-1024"))?;
    let change = match command {
        "cap" => {
            let body: CapBody = order.read()?;
            let excess = match body.excess.as_deref() {
                None | Some("refuse") => Excess::Keep,
                Some("bump_latest") => Excess::BumpLatest,
                Some(_) => return Err(Problem::bad_request("excess: refuse or bump_latest")),
            };
            Change::Cap { cap: body.cap, excess }
        }
        "close" => {
            order.without_words()?;
            Change::Close
        }
        _ => return Err(unknown_command(":cap, :close")),
    };
    let Changed { seats, ended } = change_job(&app, caller, job, change).await?;
    let unheard = orders::unheard(&app, job).await?;
    let ended = ended.iter().map(|(row, holder)| Ended {
        sign_up: row.ending.sign_up.to_string(),
        node: live::name_of(&app, *holder),
        reason: row.ending.reason.as_str(),
    });
    Ok(Json(JobState {
        job: job.to_string(),
        cap: seats.cap,
        open: seats.open,
        version: seats.version,
        ended: ended.collect(),
        unheard: unheard
            .into_iter()
            .map(|(writer, rights)| Unheard { node: live::name_of(&app, writer), rights })
            .collect(),
    }))
}

fn unknown_command(known: &str) -> Problem {
    Problem::not_found(format!("the commands are: {known}"))
}

async fn change_job(app: &App, caller: Caller, job: JobId, change: Change) -> Result<Changed, Problem> {
    let place = orders::place_of(app, job, |topic| caller.owns(app, topic)).await?;
    let vshard = place.ok_or_else(|| Problem::not_found(format!("there is no job {job}")))?;
    orders::change(app, vshard, job, change).await?.map_err(|refusal| match refusal {
        CapRefusal::UnknownJob => Problem::not_found(refusal.to_string()),
        CapRefusal::OutOfRange => Problem::bad_request(refusal.to_string()),
        CapRefusal::Closed => Problem::new(StatusCode::CONFLICT, "closed", refusal.to_string()),
        CapRefusal::BelowConfirmed(BelowConfirmed { confirmed }) => {
            Problem::new(StatusCode::CONFLICT, "below-confirmed", refusal.to_string()).smallest_cap(confirmed)
        }
        CapRefusal::Store(error) => Problem::internal(&error.into()),
    })
}

/// Commands on a node: `{node}:fence` and `{node}:reclaim`.
#[utoipa::path(post, path = "/v1/nodes/{node}", params(
        ("node" = String, Path, description = "A node's number and `:fence` or `:reclaim`.", example = "7:fence"),
        ("dry_run" = Option<bool>, Query, description = "Of `:reclaim`: say what would come back, and change nothing.")),
    request_body(content = Option<FenceBody>, description = "For `:fence`; `:reclaim` needs none."),
    responses((status = 200, body = ReclaimAnswer), (status = 400, body = super::problem::ProblemBody),
        (status = 401, body = super::problem::ProblemBody), (status = 404, body = super::problem::ProblemBody),
        (status = 409, description = "`not-fenced`, or `leased`: its lease may still run.", body = super::problem::ProblemBody)))]
pub(super) async fn node(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(node): Path<String>,
    query: Result<Query<NodeQuery>, QueryRejection>,
    order: Order,
) -> Result<Json<ReclaimAnswer>, Problem> {
    require_admin(&app, &headers)?;
    let Query(NodeQuery { dry_run }) = query.map_err(|error| Problem::bad_request(error.body_text()))?;
    let Some((number, command)) = node.split_once(':') else {
        return Err(unknown_command(":fence, :reclaim"));
    };
    let number = number.parse().map_err(|_| Problem::bad_request("a node is named by its number"))?;
    let Some(record) = app.directory.picture().nodes.get(&NodeId(number)).cloned() else {
        return Err(Problem::not_found(format!("there is no node {number}")));
    };
    match command {
        "fence" if dry_run => Err(Problem::bad_request("dry_run is of :reclaim; a fence has none")),
        "fence" => {
            let body: FenceBody = order.read()?;
            let fenced = fencing::fence(&app, record.writer, FenceCause::Retired, &body.reason).await;
            fenced.map_err(|error| Problem::internal(&error))?;
            Ok(Json(ReclaimAnswer { jobs: Vec::new() }))
        }
        "reclaim" => {
            order.without_words()?;
            let mode = if dry_run { Reclaim::Rehearsal } else { Reclaim::ForGood };
            reclaim(&app, record.writer, mode).await
        }
        _ => Err(unknown_command(":fence, :reclaim")),
    }
}

/// Reclaims from every incarnation of the node that is fenced and not settled.
async fn reclaim(app: &App, current: Writer, mode: Reclaim) -> Result<Json<ReclaimAnswer>, Problem> {
    let mut fenced = Vec::new();
    for incarnation in 1..=current.incarnation.0 {
        let writer = Writer::new(current.node.0, incarnation);
        let rows = fencing::standings(app, writer).await?;
        if rows.iter().any(|(_, row)| row.standing == Standing::Fenced) {
            fenced.push(writer);
        }
    }
    if fenced.is_empty() {
        let node = current.node.0;
        let detail = format!("no incarnation of node {node} is fenced and unsettled; fence it first");
        return Err(Problem::new(StatusCode::CONFLICT, "not-fenced", detail));
    }
    let limbo = incarnations::read_all(app).await?.limbo;
    let can_come_back =
        |reserved: &Reserved| reserved.policy == LossPolicy::Reclaim && fenced.contains(&reserved.row.writer);
    // Nobody waits for a lease after which nothing comes back.
    if !limbo.iter().any(can_come_back) {
        return Ok(Json(ReclaimAnswer { jobs: Vec::new() }));
    }
    if fenced.iter().any(|writer| !app.board.lease_is_over(*writer)) {
        let detail =
            format!("its lease may still run; try again in {} s", lease_at_hub(LEASE_MS).div_ceil(1_000));
        return Err(Problem::new(StatusCode::CONFLICT, "leased", detail));
    }
    let mut jobs = Vec::new();
    for writer in fenced {
        let back = fencing::reclaim(app, writer, mode).await?;
        jobs.extend(back.into_iter().map(|(job, rights)| ReclaimedJob { job: job.to_string(), rights }));
    }
    Ok(Json(ReclaimAnswer { jobs }))
}

#[cfg(test)]
mod tests;
