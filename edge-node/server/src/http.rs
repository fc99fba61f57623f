//! The node's HTTP interface. Bad input ends here as problem+json; decisions are made behind it.

use crate::{agency, app::App, kiosk, limits, rates};
use anyhow::Context;
use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, header},
    middleware,
    response::Response,
    routing::{any, delete, get, post},
};
use http_face::{Answer, Docs, Hosts, Limit};
use std::{future::Future, sync::Arc};
use sync_quic::HttpsListener;
use tokio::{net::TcpListener, sync::watch};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi;

pub(crate) mod attendance;
mod bookmark;
mod carry;
pub(crate) mod codes;
pub(crate) mod commands;
mod counts;
pub(crate) mod crews;
mod draw;
mod events;
pub(crate) mod holds;
mod jobs;
mod messages;
mod node;
mod origins;
mod patch_job;
mod pins;
pub(crate) mod post_job;
mod posting;
mod problem;
pub(crate) mod search;
mod serve;
pub(crate) mod sign_ups;
pub(crate) mod tenant;
mod unread;
mod upkeep;
pub(crate) mod workers;

pub(crate) use carry::Desk;
pub(crate) use events::{Change, Changes, SeatsOf};
pub(crate) use origins::parse_origin;
pub(crate) use pages::base64url;
pub(crate) use problem::{Problem, Rule};
pub(crate) use sign_ups::{SignUpBody, submit};

/// On each request that came by --https: there the caller's address says nothing of whether it is the box's own screen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DoorForPhones;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Dayshift edge node",
        description = "Local job search and sign-ups. An answer to a write has a `Dayshift-Bookmark`: a client sends the latest one with each request. A read that shows it is answered with nothing older than those writes, at any node of the region, or after 800 ms with 503 `behind`; a write that shows it is answered with one that covers both. It remembers the latest 16 writes."
    ),
    paths(
        search::search,
        jobs::show,
        draw::show,
        counts::regions,
        counts::categories,
        post_job::create,
        workers::create,
        workers::show,
        workers::update,
        workers::erase,
        workers::log_in,
        workers::log_out,
        pins::reset,
        holds::create,
        holds::end,
        crews::create,
        sign_ups::create,
        sign_ups::show,
        sign_ups::find,
        sign_ups::command,
        attendance::roster,
        attendance::sheet,
        patch_job::change,
        commands::command,
        events::listen,
        carry::take,
        messages::list,
        messages::again,
        upkeep::drain,
        upkeep::resume,
        upkeep::resync,
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
fn interface(app: &App, origins: &[HeaderValue]) -> anyhow::Result<Router<App>> {
    let docs = Docs::new(&description()?, problem::known(), problem::answer);
    let docs = docs.context("cannot draw the page of the description")?;
    let routes = Router::new()
        .route("/v1/jobs", get(search::search).post(post_job::create))
        .route("/v1/jobs/{id}", get(jobs::show).patch(patch_job::change).post(commands::command))
        .route("/v1/jobs/{id}/draw", get(draw::show))
        .route("/v1/jobs/{id}/roster", get(attendance::roster))
        .route("/v1/timesheet", get(attendance::sheet))
        .route("/v1/regions", get(counts::regions))
        .route("/v1/categories", get(counts::categories))
        .route(
            "/v1/workers/me",
            get(workers::show).post(workers::create).patch(workers::update).delete(workers::erase),
        )
        .route("/v1/sessions", post(workers::log_in).delete(workers::log_out))
        .route("/v1/holds", post(holds::create))
        .route("/v1/holds/{id}", delete(holds::end))
        .route("/v1/sign_ups", get(sign_ups::find).post(sign_ups::create))
        .route("/v1/crews", post(crews::create))
        .route("/v1/sign_ups/{id}", get(sign_ups::show).post(sign_ups::command))
        .route("/v1/events", get(events::listen))
        .route("/v1/node", get(node::show))
        .route("/livez", get(node::livez))
        .route("/readyz", get(node::readyz))
        .route("/v1", any(problem::unknown))
        .route("/v1/{*rest}", any(problem::unknown))
        .layer(middleware::from_fn_with_state(app.clone(), bookmark::keep))
        .layer(middleware::from_fn_with_state(app.clone(), rates::guard))
        .layer(middleware::from_fn_with_state(Arc::from(origins), origins::guard))
        .merge(docs.router());
    Ok(if origins.is_empty() { routes } else { routes.layer(origins::layer(origins)) })
}

/// Serves until `stop`, then lets running requests end.
pub(crate) async fn serve(
    app: App,
    desk: Desk,
    (origins, hosts): (&[HeaderValue], Hosts),
    listener: TcpListener,
    phones: Option<HttpsListener>,
    stop: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let limit = Limit { wait: limits::REQUEST_WAIT, answer: problem::answer };
    let pages = agency::routes()
        .merge(kiosk::routes::routes())
        .layer(middleware::from_fn_with_state(app.clone(), rates::guard));
    let router = interface(&app, origins)?
        .merge(pages)
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(limit, http_face::in_time))
        .with_state(app.clone());
    let own =
        Router::new().route("/metrics", get(node::metrics)).with_state(app.clone()).merge(desk.router());
    let whole = |router: Router| {
        router
            .layer(middleware::from_fn_with_state(problem::answer as Answer, http_face::whole))
            .layer(middleware::from_fn_with_state(app.clone(), kiosk::routes::outermost_as_page))
            .layer(middleware::from_fn_with_state(
                (hosts.clone(), problem::answer as Answer),
                http_face::own_host,
            ))
            .layer(middleware::from_fn(http_face::pack))
    };
    // Browsers that came by HTTPS once come so for half a year (RFC 6797).
    let strict = HeaderValue::from_static("max-age=15552000");
    let strict = SetResponseHeaderLayer::overriding(header::STRICT_TRANSPORT_SECURITY, strict);
    // What was set over HTTPS is never sent without it.
    let secure = middleware::map_response(|mut response: Response| async move {
        if let Some(cookie) = response.headers().get(header::SET_COOKIE) {
            let cookie = [cookie.as_bytes(), b"; Secure"].concat();
            if let Ok(cookie) = HeaderValue::from_bytes(&cookie) {
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
        }
        response
    });
    let of_phones = whole(router.clone()).layer(secure).layer(strict).layer(Extension(DoorForPhones));
    let router = whole(router.merge(own));
    let (tell, told) = watch::channel(false);
    let stopped = || {
        let mut told = told.clone();
        async move { drop(told.wait_for(|stopped| *stopped).await) }
    };
    let phones = async {
        if let Some(listener) = phones {
            serve::serve(listener, of_phones, stopped()).await;
        }
    };
    let served = async { tokio::join!(serve::serve(listener, router, stopped()), phones) };
    let stopping = async {
        stop.await;
        tell.send_replace(true);
        tokio::time::sleep(limits::DRAIN_WAIT).await;
    };
    tokio::select! {
        _ = served => {}
        // Event streams end when their listeners do.
        () = stopping => {}
    }
    Ok(())
}
