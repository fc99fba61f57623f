//! The HTTP API, on the loopback only: routes, limits and the description of the API.

mod access;
mod carry;
mod commands;
mod erasures;
mod health;
mod import;
mod jobs;
mod limbo;
mod nodes;
mod order;
mod pages;
mod problem;
mod seats;

use crate::{
    agency::{self, Office},
    app::App,
    console::view,
    limits::{REQUEST_BYTES_MAX, REQUEST_TIME_MAX},
    rates,
};
pub(crate) use access::{Caller, caller};
use anyhow::Context;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware,
    routing::{get, post},
};
use http_face::{Answer, Docs, Hosts, Limit};
pub(crate) use import::{ImportRow, store_posts};
pub(crate) use problem::Problem;
use problem::{KNOWN, answer};
use std::sync::Arc;
use utoipa::OpenApi;

/// The description of the API, from the handlers themselves.
#[derive(Debug, OpenApi)]
#[openapi(
    info(title = "Dayshift hub", description = "What operators and importers ask of the hub."),
    paths(
        health::livez,
        health::readyz,
        health::metrics,
        nodes::list,
        nodes::peers,
        jobs::list,
        seats::of_job,
        seats::waiting,
        seats::totals,
        import::import,
        carry::import,
        commands::job,
        commands::node,
        limbo::list,
        erasures::list,
        limbo::endings
    ),
    components(schemas(problem::ProblemBody, ImportRow))
)]
struct Api;

/// The description of the interface.
pub(crate) fn description() -> anyhow::Result<serde_json::Value> {
    let of_handlers = serde_json::to_value(Api::openapi()).context("write the description")?;
    Ok(http_face::complete(of_handlers, KNOWN))
}

/// All routes. An error is a description of them that cannot be drawn.
pub(crate) fn router(app: Arc<App>, hosts: Hosts) -> anyhow::Result<Router> {
    let docs =
        Docs::new(&description()?, KNOWN.to_vec(), answer).context("draw the page of the description")?;
    let limit = Limit { wait: REQUEST_TIME_MAX, answer };
    let router = Router::new()
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/v1/nodes", get(nodes::list))
        .route("/v1/sync/peers", get(nodes::peers))
        .route("/v1/jobs", get(jobs::list))
        .route("/v1/jobs/{id}", post(commands::job))
        .route("/v1/nodes/{node}", post(commands::node))
        .route("/v1/jobs/{id}/seats", get(seats::of_job))
        .route("/v1/jobs/{id}/waiting", get(seats::waiting))
        .route("/v1/jobs/{id}/endings", get(limbo::endings))
        .route("/v1/erasures", get(erasures::list))
        .route("/v1/limbo", get(limbo::list))
        .route("/v1/seats", get(seats::totals))
        .route("/v1/jobs:import", post(import::import))
        .route(view::OVERVIEW, get(pages::overview))
        .route(view::NODES, get(pages::nodes))
        .route(view::INCARNATIONS, get(pages::incarnations))
        .route(view::JOBS, get(pages::jobs))
        .route(&format!("{}/{{id}}", view::JOBS), get(pages::seats))
        .route(view::SYNC, get(pages::sync))
        .route(view::SHEET_PATH, get(pages::sheet))
        .route("/favicon.ico", get(pages::icon))
        .merge(agency::routes().with_state(Office(app.clone())))
        .merge(docs.router())
        .fallback(no_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .layer(middleware::from_fn_with_state(limit, http_face::in_time))
        .merge(carry::router())
        .layer(middleware::from_fn_with_state(Arc::clone(&app), rates::guard))
        .layer(middleware::from_fn_with_state(answer as Answer, http_face::whole))
        .layer(middleware::from_fn_with_state(app.clone(), pages::problem_as_page))
        .layer(middleware::from_fn_with_state((hosts, answer as Answer), http_face::own_host))
        .layer(middleware::from_fn(http_face::pack))
        .with_state(app);
    Ok(router)
}

async fn no_route() -> Problem {
    Problem::not_found("there is nothing at this address")
}

async fn wrong_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "this address does not take that method",
    )
}
