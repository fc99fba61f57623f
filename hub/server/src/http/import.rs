//! Imports of jobs: NDJSON rows, safe to repeat.

mod row;

pub(crate) use row::ImportRow;

use super::{access::require_admin, problem::Problem};
use crate::{
    app::App,
    clock,
    limits::{IMPORT_CHUNK, IMPORT_ROWS_MAX, REQUEST_BYTES_MAX},
};
use axum::{
    Json,
    body::Bytes,
    extract::{
        Query, State,
        rejection::{BytesRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode},
};
use enrolment::is_name;
use hub_core::shard::{Imported, JobPost, Shard, import_job};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use sync_protocol::ids::{TenantId, TopicId, VshardId};
use sync_store::{ShardTx, StoreError};
use utoipa::ToSchema;

/// For whom and where to import.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportQuery {
    /// Region in which the jobs are shown.
    region: String,
    /// Name of the tenant that posts them.
    tenant: String,
    /// Say what would happen, and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What an import did.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ImportAnswer {
    created: u64,
    updated: u64,
    unchanged: u64,
    refused: Vec<Refusal>,
}

/// A row that was not taken.
#[derive(Debug, Serialize, ToSchema)]
struct Refusal {
    /// The row's `line`.
    line: u64,
    reason: String,
}

/// Imports up to 500 jobs; a second import of the same keys changes them.
#[utoipa::path(post, path = "/v1/jobs:import", params(
        ("region" = String, Query, description = "Region in which the jobs are shown."),
        ("tenant" = String, Query, description = "Name of the tenant that posts them."),
        ("dry_run" = Option<bool>, Query, description = "Say what would happen, and change nothing.")
    ),
    request_body(content = ImportRow, content_type = "application/x-ndjson", description = "One row a line."),
    responses(
        (status = 200, body = ImportAnswer),
        (status = 400, body = super::problem::ProblemBody),
        (status = 401, body = super::problem::ProblemBody),
        (status = 403, description = "`no-right-to-region`.", body = super::problem::ProblemBody),
        (status = 404, description = "`unknown-tenant`.", body = super::problem::ProblemBody),
        (status = 413, body = super::problem::ProblemBody)
    ))]
pub(super) async fn import(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: Result<Query<ImportQuery>, QueryRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ImportAnswer>, Problem> {
    require_admin(&app, &headers)?;
    let Query(query) = query.map_err(|error| Problem::bad_request(error.body_text()))?;
    if !is_name(&query.region) {
        return Err(Problem::bad_request("region: use letters, digits, `.`, `_` and `-`, at most 63"));
    }
    let limit = format!("the body is longer than {REQUEST_BYTES_MAX} bytes; send fewer rows");
    let body = body.map_err(|error| Problem::bytes(&error, limit))?;
    let rows = parse(&body)?;
    let tenant = tenant(&app, &query.tenant).await?;
    let (topic, vshard) = place(&app, tenant, &query)?;
    let now = clock::now();
    let (mut answer, mut posts) = (ImportAnswer::default(), Vec::new());
    for row in rows {
        let line = row.line;
        match row.into_post(tenant, &query.region, now) {
            Ok(post) => posts.push((line, post)),
            Err(reason) => answer.refused.push(Refusal { line, reason }),
        }
    }
    let mode = if query.dry_run { Mode::Rehearsal } else { Mode::ForGood };
    store(&app, topic, vshard, posts, mode, &mut answer).await?;
    answer.refused.sort_by_key(|refusal| refusal.line);
    Ok(Json(answer))
}

fn parse(body: &[u8]) -> Result<Vec<ImportRow>, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| Problem::bad_request("the body is not UTF-8"))?;
    let mut rows = Vec::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line): &(usize, &str)| !line.trim().is_empty())
    {
        if rows.len() == IMPORT_ROWS_MAX {
            return Err(Problem::bad_request(format!("a request has at most {IMPORT_ROWS_MAX} rows")));
        }
        let row = serde_json::from_str(line).map_err(|error| {
            Problem::bad_request(format!("row {number} of the body is not a job: {error}"))
        })?;
        rows.push(row);
    }
    if rows.is_empty() { Err(Problem::bad_request("the body has no rows")) } else { Ok(rows) }
}

async fn tenant(app: &App, name: &str) -> Result<TenantId, Problem> {
    // It, or its right to a region, may have been made a moment ago by the command line.
    app.directory.refresh().await.map_err(|error| Problem::internal(&error))?;
    let picture = app.directory.picture();
    let Some(tenant) = picture.tenant(name) else {
        let fix = "create it with `dayshift tenant create NAME --data DIR --region REGION`";
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "unknown-tenant",
            format!("there is no tenant {name:?}; `dayshift tenant list` names those there are, or {fix}"),
        ));
    };
    Ok(tenant.id)
}

/// The topic of a region in which the tenant may post, and its vshard.
fn place(app: &App, tenant: TenantId, query: &ImportQuery) -> Result<(TopicId, VshardId), Problem> {
    let (topic, picture) = (TopicId::of(tenant, &query.region, 0), app.directory.picture());
    if let Some(known) = picture.topics.get(&topic) {
        return Ok((topic, known.vshard));
    }
    let (name, region, regions) = (&query.tenant, &query.region, picture.regions_of(tenant).join(", "));
    let detail = format!(
        "{name} may not post in the region {region:?}; its regions are: {regions}; another is given by `dayshift tenant \
         allow {name:?} --region {region} --data DIR`"
    );
    Err(Problem::new(StatusCode::FORBIDDEN, "no-right-to-region", detail))
}

/// Whether an import is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    ForGood,
    Rehearsal,
}

/// Imports jobs under the numbers that their poster gave them; those that the hub refused, and why.
pub(crate) async fn store_posts(
    app: &App,
    topic: TopicId,
    vshard: VshardId,
    posts: Vec<(u64, JobPost)>,
) -> Result<Vec<(u64, String)>, Problem> {
    let mut answer = ImportAnswer::default();
    store(app, topic, vshard, posts, Mode::ForGood, &mut answer).await?;
    Ok(answer.refused.into_iter().map(|Refusal { line, reason }| (line, reason)).collect())
}

async fn store(
    app: &App,
    topic: TopicId,
    vshard: VshardId,
    posts: Vec<(u64, JobPost)>,
    mode: Mode,
    answer: &mut ImportAnswer,
) -> Result<(), Problem> {
    let posts: Arc<[(u64, JobPost)]> = posts.into();
    let mut begin = 0;
    while begin < posts.len() {
        // A rehearsal is one piece: a key may occur twice.
        let end = if mode == Mode::Rehearsal { posts.len() } else { posts.len().min(begin + IMPORT_CHUNK) };
        let chunk = Arc::clone(&posts);
        let work = move |tx: &mut dyn ShardTx| -> Result<Vec<(u64, Imported)>, StoreError> {
            let mut shard = Shard { tx, vshard, now: clock::now() };
            chunk[begin..end]
                .iter()
                .map(|(line, post)| Ok((*line, import_job(&mut shard, topic, post)?)))
                .collect()
        };
        let done = if mode == Mode::Rehearsal {
            app.shards.rehearse(vshard, work).await?
        } else {
            app.shards.write(vshard, work).await?
        };
        for (line, imported) in done {
            match imported {
                Imported::Created(_) => answer.created += 1,
                Imported::Updated(_) => answer.updated += 1,
                Imported::Unchanged(_) => answer.unchanged += 1,
                Imported::Refused(ref reason) => {
                    answer.refused.push(Refusal { line, reason: reason.clone() })
                }
            }
            if let (Imported::Created(job) | Imported::Updated(job), Mode::ForGood) = (imported, mode) {
                app.scheduler.mark(vshard, [job]);
            }
        }
        begin = end;
    }
    Ok(())
}
