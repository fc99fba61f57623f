//! The node's HTTP interface. Bad input ends here as problem+json; decisions are made behind it.

use crate::{app::App, kiosk, limits};
use anyhow::Context;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::HeaderValue,
    middleware,
    routing::{any, get},
};
use http_face::{Answer, Docs, Limit};
use std::{future::Future, net::SocketAddr};
use tokio::{net::TcpListener, sync::watch};
use utoipa::OpenApi;

mod carry;
mod counts;
mod events;
mod jobs;
mod node;
mod origins;
mod post_job;
mod problem;
pub(crate) mod search;
pub(crate) mod sign_ups;

pub(crate) use carry::Desk;
pub(crate) use events::Changes;
pub(crate) use origins::parse_origin;
pub(crate) use problem::Problem;
pub(crate) use sign_ups::{SignUpBody, base64url, submit};

#[derive(OpenApi)]
#[openapi(
    info(title = "Dayshift edge node", description = "Local job search and sign-ups."),
    paths(
        search::search,
        jobs::show,
        counts::regions,
        counts::categories,
        post_job::create,
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
pub(crate) fn description() -> anyhow::Result<serde_json::Value> {
    let of_handlers = serde_json::to_value(Description::openapi()).context("cannot write the description")?;
    Ok(http_face::complete(of_handlers, &problem::known()))
}

/// The routes for programs. Pages of the origins may call these and no others.
fn interface(origins: &[HeaderValue]) -> anyhow::Result<Router<App>> {
    let docs = Docs::new(&description()?, problem::known(), problem::answer);
    let docs = docs.context("cannot draw the page of the description")?;
    let routes = Router::new()
        .route("/v1/jobs", get(search::search).post(post_job::create))
        .route("/v1/jobs/{id}", get(jobs::show))
        .route("/v1/regions", get(counts::regions))
        .route("/v1/categories", get(counts::categories))
        .route("/v1/sign_ups", get(sign_ups::find).post(sign_ups::create))
        .route("/v1/sign_ups/{id}", get(sign_ups::show).post(sign_ups::command))
        .route("/v1/events", get(events::listen))
        .route("/v1/node", get(node::show))
        .route("/livez", get(node::livez))
        .route("/readyz", get(node::readyz))
        .route("/metrics", get(node::metrics))
        .route("/v1", any(problem::unknown))
        .route("/v1/{*rest}", any(problem::unknown))
        .merge(docs.router());
    Ok(if origins.is_empty() { routes } else { routes.layer(origins::layer(origins)) })
}

/// Serves until `stop`, then lets running requests end.
pub(crate) async fn serve(
    app: App,
    desk: Desk,
    origins: &[HeaderValue],
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let limit = Limit { wait: limits::REQUEST_WAIT, answer: problem::answer };
    let router = interface(origins)?
        .merge(kiosk::routes::routes())
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(limit, http_face::in_time))
        .with_state(app.clone())
        .merge(desk.router())
        .layer(middleware::from_fn_with_state(problem::answer as Answer, http_face::whole))
        .layer(middleware::from_fn_with_state(app, kiosk::routes::outermost_as_page));
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
