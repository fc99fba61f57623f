//! Sessions that came in a file: what a person carries between a node without a line and the hub.

use super::{
    access::require_admin,
    problem::{Problem, answer},
};
use crate::{
    app::App,
    limits::{CARRIES_MAX, CARRY_TIME_MAX},
    peers::{self, Account, Refusal, Word},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{
        DefaultBodyLimit, Query, State,
        rejection::{BytesRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode},
    middleware,
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use http_face::Limit;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use sync_protocol::{
    ids::{JobId, SignUpId},
    limits::CARRY_BYTES_MAX,
};
use tokio::sync::Semaphore;
use utoipa::ToSchema;

/// The operator's word about the file's node.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CarryQuery {
    /// End the incarnation first, for this reason.
    #[serde(default)]
    retire: Option<String>,
    /// Of two machines with one name, this is the one whose log counts.
    #[serde(default)]
    this_is_the_one: bool,
}

/// What became of a carried session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CarryAnswer {
    /// Node and incarnation.
    node: String,
    /// Entries of its log that were new here.
    merged: u64,
    /// Of those, entries that it may not write.
    parked: u32,
    /// Confirmed sign-ups that the hub had not known.
    saved: Vec<CarriedSignUp>,
    /// Rights that came back.
    back: Vec<CarriedRights>,
    /// Confirmed sign-ups of a log that does not count: people who hold a receipt of a copied or restored disk.
    strangers: Vec<CarriedStranger>,
    /// Why the incarnation is over, where it is.
    retired: Option<String>,
    /// Its whole log is here, and nothing is reserved for it.
    settled: bool,
    /// Where its logs stand here.
    acked: Vec<CarriedLog>,
    /// The file for the node, in base64.
    answer: String,
    /// More waits for the node than the file holds: carry again.
    more: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct CarriedSignUp {
    job: String,
    sign_up: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct CarriedRights {
    job: String,
    rights: u32,
}

#[derive(Debug, Serialize, ToSchema)]
struct CarriedStranger {
    job: String,
    sign_up: String,
    /// The worker's pseudonym.
    worker: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct CarriedLog {
    vshard: u16,
    wseq: u64,
}

/// The route with limits of its own: a file is longer than any other request and takes longer.
pub(super) fn router() -> Router<Arc<App>> {
    let limit = Arc::new(Semaphore::new(CARRIES_MAX));
    let handler = move |state, headers, query, body| import(state, headers, query, body, limit.clone());
    let time = Limit { wait: CARRY_TIME_MAX, answer };
    Router::new()
        .route("/v1/sync/carry", post(handler))
        .layer(DefaultBodyLimit::max(CARRY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(time, http_face::in_time))
}

/// Takes a node's session from a file, and answers with the one to carry back.
#[utoipa::path(post, path = "/v1/sync/carry", operation_id = "carry", params(
        ("retire" = Option<String>, Query, description = "End the incarnation first, for this reason."),
        ("this_is_the_one" = Option<bool>, Query, description = "Of two machines with one name, this is the one whose log counts.")
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file that `dayshift sync carry export` wrote."),
    responses((status = 200, body = CarryAnswer), (status = 400, description = "`bad-file`.", body = super::problem::ProblemBody),
        (status = 401, body = super::problem::ProblemBody), (status = 404, description = "`unknown-node`.", body = super::problem::ProblemBody),
        (status = 409, description = "`wrong-file`: of another cluster, or the hub's own. `connected`: the node has a line. `gap`: entries before the file's are missing. `over-limit`.", body = super::problem::ProblemBody),
        (status = 413, body = super::problem::ProblemBody)))]
pub(super) async fn import(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: Result<Query<CarryQuery>, QueryRejection>,
    body: Result<Bytes, BytesRejection>,
    limit: Arc<Semaphore>,
) -> Result<Json<CarryAnswer>, Problem> {
    require_admin(&app, &headers)?;
    let Query(query) = query.map_err(|error| Problem::bad_request(error.body_text()))?;
    let _permit = limit.acquire().await.map_err(|error| Problem::internal(&error.into()))?;
    let body = body.map_err(|error| Problem::bytes(&error, error.body_text()))?;
    let word = Word { retire: query.retire, is_the_one: query.this_is_the_one };
    Ok(Json(peers::import(&app, &body, &word).await.map_err(problem)?.into()))
}

fn problem(refusal: Refusal) -> Problem {
    match &refusal {
        Refusal::Failed(error) => Problem::internal(error),
        Refusal::Unknown(_) => Problem::new(StatusCode::NOT_FOUND, "unknown-node", refusal.to_string()),
        Refusal::Connected => Problem::new(StatusCode::CONFLICT, "connected", refusal.to_string()),
        Refusal::OverLimit(_) => Problem::new(StatusCode::CONFLICT, "over-limit", refusal.to_string()),
        Refusal::Gap { .. } => Problem::new(StatusCode::CONFLICT, "gap", refusal.to_string()),
        Refusal::WrongCluster | Refusal::NotANode(_) => {
            Problem::new(StatusCode::CONFLICT, "wrong-file", refusal.to_string())
        }
        Refusal::File(_) | Refusal::WrongKey | Refusal::Protocol(_) => {
            Problem::new(StatusCode::BAD_REQUEST, "bad-file", refusal.to_string())
        }
    }
}

impl From<Account> for CarryAnswer {
    fn from(account: Account) -> Self {
        let sign_up = |(job, sign_up): (JobId, SignUpId)| CarriedSignUp {
            job: job.to_string(),
            sign_up: sign_up.to_string(),
        };
        let strangers = account.strangers.into_iter().map(|stranger| CarriedStranger {
            job: stranger.job.to_string(),
            sign_up: stranger.sign_up.to_string(),
            worker: stranger.worker.0.iter().map(|byte| format!("{byte:02x}")).collect(),
        });
        Self {
            node: account.node.map(|node| node.to_string()).unwrap_or_default(),
            merged: account.merged,
            parked: account.parked,
            saved: account.saved.into_iter().map(sign_up).collect(),
            back: account
                .back
                .into_iter()
                .map(|(job, rights)| CarriedRights { job: job.to_string(), rights })
                .collect(),
            strangers: strangers.collect(),
            retired: account.retired,
            settled: account.settled,
            acked: account
                .acked
                .iter()
                .map(|ack| CarriedLog { vshard: ack.vshard, wseq: ack.wseq })
                .collect(),
            answer: STANDARD.encode(&account.answer),
            more: account.more,
        }
    }
}
