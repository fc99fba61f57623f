//! Seats: of one job by holder, who waits for them, and of all jobs in sum.

use super::{
    limbo::{policy_word, standing_word},
    problem::Problem,
};
use crate::{app::App, clock, live};
use axum::{
    Json,
    extract::{Path, State},
};
use serde::Serialize;
use std::sync::Arc;
use sync_protocol::{
    ids::Writer,
    seats::{HubHolding, Standing},
};
use sync_store::WaitRow;
use utoipa::ToSchema;

/// The seats of one job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Seats {
    job: String,
    title: String,
    cap: u32,
    open: bool,
    /// Rights at the hub.
    pool: i64,
    /// Rights that stay reserved for incarnations that are over and not settled, among them those of known live sign-ups.
    limbo: u32,
    /// What becomes of the rights of a node that is lost: `write_off` or `reclaim`.
    policy: &'static str,
    live: u32,
    waiting: usize,
    /// Live sign-ups beyond what may be valid: always 0.
    oversold: u32,
    /// Live sign-ups beyond a cap that was lowered under them; they were sold before, and stay valid.
    above_cap: u32,
    holders: Vec<Holder>,
    sign_ups: Vec<SignUp>,
}

/// One node's rights to a job.
#[derive(Debug, Serialize, ToSchema)]
struct Holder {
    node: u32,
    incarnation: u16,
    name: String,
    /// `live`, `fenced`, or `settled` once its whole log is here and nothing is reserved for it.
    standing: &'static str,
    /// Granted since the job began.
    granted: u32,
    /// Came back since the job began.
    returned: u32,
    live: u32,
}

/// One sign-up, by number only.
#[derive(Debug, Serialize, ToSchema)]
struct SignUp {
    id: String,
    /// Node and incarnation.
    holder: String,
    /// `live`, `cancelled`, `bumped`, `waiting` or `requested`.
    state: &'static str,
}

/// Shows who holds the seats of a job.
#[utoipa::path(get, path = "/v1/jobs/{id}/seats", params(("id" = String, Path, description = "A job's id.", example = "j0-1-1024")),
    responses((status = 200, body = Seats), (status = 404, body = super::problem::ProblemBody)))]
pub(super) async fn of_job(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Seats>, Problem> {
    let job = id.parse().map_err(|_| Problem::bad_request("a job's id looks like j0-1-1024"))?;
    let Some((view, sign_ups)) = live::job(&app, job).await? else {
        return Err(Problem::not_found(format!("there is no job {job}")));
    };
    let live = view.live();
    let standings = live::standings(&app, job).await?;
    let standing_of = |writer: &Writer| standings.get(writer).copied().unwrap_or(Standing::Live);
    let holder = |(writer, holding): &(Writer, HubHolding)| Holder {
        node: writer.node.0,
        incarnation: writer.incarnation.0,
        name: live::name_of(&app, *writer),
        standing: standing_word(standing_of(writer)),
        granted: holding.granted,
        returned: holding.returned,
        live: holding.live,
    };
    let reserved = view.holdings.iter().filter(|(writer, _)| standing_of(writer) == Standing::Fenced);
    Ok(Json(Seats {
        job: job.to_string(),
        title: view.summary.title.clone(),
        cap: view.seats.cap,
        open: view.seats.open,
        pool: view.pool(),
        limbo: reserved.map(|(_, holding)| holding.granted.saturating_sub(holding.returned)).sum(),
        policy: policy_word(view.seats.policy),
        live,
        waiting: view.waiting,
        oversold: view.oversold(),
        above_cap: view.above_cap(),
        holders: view.holdings.iter().map(holder).collect(),
        sign_ups: sign_ups
            .iter()
            .map(|seat| SignUp {
                id: seat.sign_up.to_string(),
                holder: seat.holder.to_string(),
                state: live::seat_word(seat.state),
            })
            .collect(),
    }))
}

/// Who waits for a job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WaitList {
    job: String,
    /// RFC 3339; set while the order is still to be drawn, so that nobody has a place yet.
    draw_at: Option<String>,
    /// In the order in which free rights are offered.
    waiting: Vec<Waiting>,
}

/// One place in line.
#[derive(Debug, Serialize, ToSchema)]
struct Waiting {
    sign_up: String,
    /// The node that took it, or `hub` where the hub decides by itself.
    holder: String,
    /// A right was granted for it, and the node has not reported yet what became of it.
    offered: bool,
}

/// Shows who waits for a job, as far as the hub knows, in the order in which free rights are offered.
#[utoipa::path(get, path = "/v1/jobs/{id}/waiting", params(("id" = String, Path, description = "A job's id.", example = "j0-1-1024")),
    responses((status = 200, body = WaitList), (status = 404, body = super::problem::ProblemBody)))]
pub(super) async fn waiting(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<WaitList>, Problem> {
    let job = id.parse().map_err(|_| Problem::bad_request("a job's id looks like j0-1-1024"))?;
    let Some(live::WaitList { waiting, draw_at }) = live::waiting(&app, job).await? else {
        return Err(Problem::not_found(format!("there is no job {job}")));
    };
    let place = |wait: &WaitRow| Waiting {
        sign_up: wait.sign_up.to_string(),
        holder: live::name_of(&app, wait.holder),
        offered: wait.promoted,
    };
    Ok(Json(WaitList {
        job: job.to_string(),
        draw_at: draw_at.map(clock::rfc3339),
        waiting: waiting.iter().map(place).collect(),
    }))
}

/// Sums over all jobs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Totals {
    jobs: u64,
    cap: u64,
    live: u64,
    waiting: u64,
    /// Sum over jobs of live sign-ups beyond what may be valid.
    oversold: u64,
    /// Reports that were kept aside because they could not be applied.
    parked: u64,
}

/// Shows the sums over all jobs.
#[utoipa::path(get, path = "/v1/seats", responses((status = 200, body = Totals)))]
pub(super) async fn totals(State(app): State<Arc<App>>) -> Result<Json<Totals>, Problem> {
    let (sum, parked) = live::totals(&app).await?;
    Ok(Json(Totals {
        jobs: sum.jobs,
        cap: sum.cap,
        live: sum.live,
        waiting: sum.waiting,
        oversold: sum.oversold,
        parked,
    }))
}
