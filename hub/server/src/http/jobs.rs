//! The list of jobs.

use super::problem::Problem;
use crate::{
    app::App,
    clock,
    limits::{PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX},
    live::{self, JobView, Search},
};
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use sync_protocol::ids::JobId;
use utoipa::ToSchema;

/// Which jobs to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobsQuery {
    /// Words of the title, the region or an id.
    #[serde(default)]
    q: String,
    /// Jobs of one page.
    page_size: Option<usize>,
    /// Where the page begins, as the page before said.
    #[serde(default)]
    page_token: String,
}

/// One page of jobs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Jobs {
    jobs: Vec<Job>,
    /// Jobs found, over all pages.
    total: usize,
    /// Begins the next page, where there is one.
    next_page_token: Option<String>,
}

/// One job.
#[derive(Debug, Serialize, ToSchema)]
struct Job {
    id: String,
    title: String,
    tenant: String,
    region: String,
    cap: u32,
    /// Live sign-ups, as far as reported.
    live: u32,
    waiting: usize,
    open: bool,
    /// RFC 3339.
    start_at: String,
}

fn row(app: &App, view: &JobView) -> Job {
    let (tenant, region) = live::place_of(app, &view.summary);
    Job {
        id: view.summary.job.to_string(),
        title: view.summary.title.clone(),
        tenant,
        region,
        cap: view.seats.cap,
        live: view.live(),
        waiting: view.waiting,
        open: view.seats.open,
        start_at: clock::rfc3339(view.summary.start_at),
    }
}

/// Lists jobs in the order of their start.
#[utoipa::path(get, path = "/v1/jobs", params(
    ("q" = Option<String>, Query, description = "Words of the title, the region or an id."),
    ("page_size" = Option<usize>, Query, description = "Jobs of one page, 50 unless said, 500 at most."),
    ("page_token" = Option<String>, Query, description = "Where the page begins, as the page before said.")
), responses(
    (status = 200, body = Jobs), (status = 400, body = super::problem::ProblemBody)
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<JobsQuery>, QueryRejection>,
) -> Result<Json<Jobs>, Problem> {
    let Query(query) = query.map_err(|error| Problem::bad_request(error.body_text()))?;
    let size = query.page_size.unwrap_or(PAGE_SIZE_DEFAULT);
    if !(1..=PAGE_SIZE_MAX).contains(&size) {
        return Err(Problem::bad_request(format!("page_size is between 1 and {PAGE_SIZE_MAX}")));
    }
    let from = match query.page_token.as_str() {
        "" => None,
        token => Some(
            read_token(token).ok_or_else(|| Problem::bad_request("page_token is not one that was given"))?,
        ),
    };
    let search = Search { words: &query.q, ends_after: i64::MIN };
    let found = live::find_jobs(&app, &search, from, size).await?;
    Ok(Json(Jobs {
        jobs: found.jobs.iter().map(|view| row(&app, view)).collect(),
        total: found.total,
        next_page_token: found.next.map(write_token),
    }))
}

/// A place in the list as text.
pub(crate) fn write_token((start_at, job): (i64, JobId)) -> String {
    format!("{start_at}_{job}")
}

/// Reads what [`write_token`] wrote.
pub(crate) fn read_token(token: &str) -> Option<(i64, JobId)> {
    let (start_at, job) = token.split_once('_')?;
    Some((start_at.parse().ok()?, job.parse().ok()?))
}
