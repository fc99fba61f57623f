//! The node's HTTP interface. Bad input ends here as problem+json; decisions are made behind it.

use crate::{app::App, kiosk, limits};
use anyhow::Context;
use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    routing::{get, post},
};
use std::{future::Future, net::SocketAddr};
use tokio::{net::TcpListener, sync::watch};
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};
use utoipa::OpenApi;

mod carry;
pub(crate) mod crews;
mod events;
mod jobs;
mod node;
mod post_job;
mod problem;
pub(crate) mod search;
pub(crate) mod sign_ups;

pub(crate) use carry::Desk;
pub(crate) use events::Changes;
pub(crate) use problem::Problem;
pub(crate) use sign_ups::{SignUpBody, base64url, submit};

#[derive(OpenApi)]
#[openapi(
    info(title = "Dayshift edge node", description = "Local job search and sign-ups."),
    paths(
        search::search,
        jobs::show,
        post_job::create,
        crews::create,
        sign_ups::create,
        sign_ups::show,
        sign_ups::find,
        sign_ups::command,
        events::listen,
        carry::take,
        node::show,
        node::livez,
        node::readyz
    )
)]
struct Description;

/// The OpenAPI 3.1 description of this interface.
pub(crate) fn openapi_json() -> anyhow::Result<String> {
    let mut text = Description::openapi().to_pretty_json().context("cannot write the description")?;
    text.push('\n');
    Ok(text)
}

async fn openapi(State(_): State<App>) -> Result<([(&'static str, &'static str); 1], String), Problem> {
    let text = openapi_json().map_err(|error| Problem::internal(&error))?;
    Ok(([("content-type", "application/json")], text))
}

/// Serves until `stop`, then lets running requests end.
pub(crate) async fn serve(
    app: App,
    desk: Desk,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let router = Router::new()
        .route("/v1/jobs", get(search::search).post(post_job::create))
        .route("/v1/jobs/{id}", get(jobs::show))
        .route("/v1/sign_ups", get(sign_ups::find).post(sign_ups::create))
        .route("/v1/crews", post(crews::create))
        .route("/v1/sign_ups/{id}", get(sign_ups::show).post(sign_ups::command))
        .route("/v1/events", get(events::listen))
        .route("/v1/node", get(node::show))
        .route("/livez", get(node::livez))
        .route("/readyz", get(node::readyz))
        .route("/metrics", get(node::metrics))
        .route("/openapi.json", get(openapi))
        .route("/problems/{code}", get(problem::explain))
        .route("/v1/{*rest}", post(problem::unknown).get(problem::unknown))
        .merge(kiosk::routes::routes())
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, limits::REQUEST_WAIT))
        .with_state(app)
        .merge(desk.router())
        .layer(CatchPanicLayer::new());
    let (tell, mut told) = watch::channel(false);
    let draining = async move {
        stop.await;
        tell.send_replace(true);
    };
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, router).with_graceful_shutdown(draining);
    let late = async move {
        if told.wait_for(|draining| *draining).await.is_ok() {
            tokio::time::sleep(limits::DRAIN_WAIT).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        served = server => served.context("HTTP failed"),
        // Event streams end when their listeners do.
        () = late => Ok(()),
    }
}
