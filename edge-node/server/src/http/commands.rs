//! Commands of an agency on a job of its own: another number of seats, closing. The hub decides them; the node passes them on.

use super::{
    Problem, bookmark,
    problem::FieldError,
    sign_ups::{InFlight, first16, key_of},
    tenant::TenantScope,
};
use crate::{
    app::App,
    limits::BOOKMARK_WAIT,
    uplink::{self, PassedOn},
};
use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
};
use edge_core::node::{JobView, Uplink as Line};
use serde::{Deserialize, Serialize};
use sync_protocol::{
    command::{Change, Command, CommandOutcome, JobStanding},
    ids::JobId,
    limits::CAP_MAX,
    seats::Excess,
};
use tokio::time::timeout;

/// What becomes of confirmed sign-ups beyond a new number of seats.
#[derive(Debug, Clone, Copy, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExcessBody {
    /// The command is refused.
    #[default]
    Refuse,
    /// The latest end.
    BumpLatest,
}

/// A new number of seats.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "cap": 12, "excess": "refuse" }))]
pub(crate) struct CapBody {
    #[schema(minimum = 1, maximum = 10000)]
    cap: u32,
    /// What becomes of confirmed sign-ups beyond the new cap; `refuse` where it is left out.
    #[serde(default)]
    excess: ExcessBody,
}

/// A job's seats after a command.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct JobState {
    job: String,
    cap: u32,
    open: bool,
    /// Rises with each change.
    version: u32,
    /// Sign-ups that the command ends; each ends once its node has heard of it.
    ended: u32,
    /// Free rights at nodes without a line: so many more may be confirmed there before they hear of this.
    unheard: u32,
}

/// Commands on a job, of its tenant: `{id}:set_cap` (with a body `{"cap": 12}`) and `{id}:close`. The hub decides them, so
/// that they need the line to it.
#[utoipa::path(post, path = "/v1/jobs/{id}",
    params(("id" = String, Path, description = "A job's id, a colon and the command", example = "j0-1-1024:close"),
        ("Idempotency-Key" = String, Header, example = "8e03978e-40d5-43dd-bc93-6894a57f9324",
        description = "Fresh and random, 1 to 128 ASCII characters; the same for each retry: then it is carried out once.")),
    request_body(content = Option<CapBody>, description = "Of `:set_cap` alone"),
    responses((status = 200, body = JobState, headers(("Dayshift-Bookmark" = String, description = "See the beginning."))), (status = 400, body = Problem, description = "`bad-request` or `key-missing`."),
        (status = 401, body = Problem, description = "`unauthorised`."), (status = 404, body = Problem, description = "`unknown-job` or `unknown-route`."),
        (status = 409, body = Problem, description = "`below-confirmed` with `smallest_cap`, `closed` or `in-flight`."),
        (status = 422, body = Problem, description = "`key-reused`."),
        (status = 503, body = Problem, description = "`no-line`: nothing was changed; `no-answer`: ask again under the same key.")))]
pub(crate) async fn command(
    State(app): State<App>,
    scope: TenantScope,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(HeaderMap, Json<JobState>), Problem> {
    let known = || Problem::new("unknown-route", "the commands are: :set_cap, :close");
    let (id, command) = id.split_once(':').ok_or_else(known)?;
    if !["set_cap", "close"].contains(&command) {
        return Err(known());
    }
    let view = of_tenant(&app, &scope, id)?;
    let key = key_of(&headers)?;
    let change = if command == "close" {
        if !body.is_empty() {
            return Err(Problem::new("bad-request", ":close has no body"));
        }
        Change::Close
    } else {
        let body: Result<CapBody, _> = serde_json::from_slice(&body);
        let body = body.map_err(|error| {
            let detail = format!("write {{\"cap\": 12}}, as application/json: {error}");
            Problem::fields(vec![FieldError { field: "body".to_owned(), reason: "malformed", detail }])
        })?;
        let excess = match body.excess {
            ExcessBody::Refuse => Excess::Keep,
            ExcessBody::BumpLatest => Excess::BumpLatest,
        };
        Change::Cap { cap: body.cap, excess }
    };
    let standing = order(&app, &scope, &view, key, change).await?;
    let JobStanding { cap, open, version, ended, unheard } = standing;
    let state = JobState { job: view.job.to_string(), cap, open, version, ended, unheard };
    Ok((bookmark::of_seats(view.job, version), Json(state)))
}

/// A job of the tenant; any other is as unknown as one that is not there.
pub(crate) fn of_tenant(app: &App, scope: &TenantScope, id: &str) -> Result<JobView, Problem> {
    let unknown = || Problem::new("unknown-job", format!("no job {id} of this tenant here"));
    let job = id.parse().map_err(|_| unknown())?;
    app.shared.readers.read(|tx| scope.job(tx, job))?.ok_or_else(unknown)
}

/// Has the hub change a job's seats; also what the clerk's pages call. Once it is done, this node has heard of it, unless that
/// takes longer than a reader would wait.
pub(crate) async fn order(
    app: &App,
    scope: &TenantScope,
    view: &JobView,
    key: &str,
    change: Change,
) -> Result<JobStanding, Problem> {
    let job = view.job;
    if let Change::Cap { cap, .. } = change
        && !(1..=CAP_MAX).contains(&cap)
    {
        let detail = format!("is 1 to {CAP_MAX}");
        return Err(Problem::fields(vec![FieldError {
            field: "cap".to_owned(),
            reason: "out_of_range",
            detail,
        }]));
    }
    let id = first16("dayshift command id v1", &[&scope.tenant.0.to_be_bytes(), key.as_bytes()]);
    let _guard = InFlight::enter(&app.in_flight, id)?;
    if app.shared.uplink() == Line::Down {
        return Err(no_line("the line is cut"));
    }
    let signing = scope.signing_key()?;
    let command = Command::signed(&signing, app.shared.writer(), id, scope.tenant, job, change);
    match uplink::order(&app.questions, command).await {
        PassedOn::NotSent => Err(no_line("the line is cut, or too much is under way")),
        PassedOn::Unanswered => Err(Problem::new(
            "no-answer",
            "ask again under the same key; a centre of an earlier version never answers",
        )),
        PassedOn::Decided(outcome) => {
            let standing = decided(outcome, view)?;
            // What was ordered is done, whether this node has heard of it or not.
            let _late = timeout(BOOKMARK_WAIT, heard(app, scope, job, standing.version)).await;
            Ok(standing)
        }
    }
}

fn no_line(why: &str) -> Problem {
    Problem::new("no-line", format!("{why}; this needs the line to the centre, and nothing was changed"))
}

fn decided(outcome: CommandOutcome, view: &JobView) -> Result<JobStanding, Problem> {
    Err(match outcome {
        CommandOutcome::Done(standing) => return Ok(standing),
        CommandOutcome::BelowConfirmed { confirmed } => {
            let detail = format!("{confirmed} are confirmed; the smallest possible is {confirmed}");
            Problem::new("below-confirmed", detail).smallest_cap(confirmed)
        }
        CommandOutcome::Closed => Problem::new("closed", "the job is closed"),
        // A job that was made here a moment ago, or while the line was cut, is still on its way.
        CommandOutcome::Unknown if view.said.version == 0 => {
            no_line("the centre has not heard of this job yet")
        }
        CommandOutcome::Unknown => Problem::new("unknown-job", "the centre knows no such job of this tenant"),
        CommandOutcome::OutOfRange => Problem::new("bad-request", format!("a job has 1 to {CAP_MAX} seats")),
        CommandOutcome::NotProved => Problem::new(
            "unauthorised",
            "the centre does not take this key: it was replaced, or an earlier version made it; `dayshift tenant rekey` makes one",
        ),
        CommandOutcome::TooMany { wait_s } => Problem::too_many_requests("of this tenant", wait_s.into()),
        CommandOutcome::KeyReused => Problem::new("key-reused", "the key was used with another command"),
    })
}

/// Waits until this node knows a version of the hub's row about a job.
async fn heard(app: &App, scope: &TenantScope, job: JobId, version: u32) -> Result<(), Problem> {
    let mut batches = app.shared.batches();
    loop {
        batches.mark_unchanged();
        let view = app.shared.readers.read(|tx| scope.job(tx, job))?;
        if view.is_none_or(|view| view.said.version >= version) || batches.changed().await.is_err() {
            return Ok(());
        }
    }
}
