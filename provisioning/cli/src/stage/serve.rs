//! The stage's page and its requests, on the loopback address alone.

use super::director::Director;
use super::play::{Machine, Order};
use super::view::{self, Language, View};
use anyhow::{Context, Result};
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use tokio::net::TcpListener;
use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt};

/// A page of another site can not send it, so that no such page can pull a plug.
const OWN_PAGE: HeaderName = HeaderName::from_static("dayshift-stage");
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Debug, Deserialize)]
struct Asked {
    lang: Option<String>,
}

/// Binds the port on the loopback address; 0 takes a free one.
pub(crate) async fn bind(port: u16) -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.with_context(|| format!("listen on port {port}"))
}

/// Serves until the future ends.
pub(crate) async fn serve(
    listener: TcpListener,
    director: Director,
    end: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let routes = Router::new()
        .route("/", get(page))
        .route("/state", get(state))
        .route("/events", get(events))
        .route("/do/{order}", post(order))
        .route("/stage.css", get(|| async { asset("text/css; charset=utf-8", view::SHEET) }))
        .route("/stage.js", get(|| async { asset("text/javascript; charset=utf-8", view::SCRIPT) }))
        .layer(from_fn(loopback_only))
        .with_state(director);
    tokio::select! {
        served = axum::serve(listener, routes) => served.context("serve the stage"),
        () = end => Ok(()),
    }
}

/// A name that was made to point here by another site is refused.
async fn loopback_only(request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if !matches!(name, "127.0.0.1" | "localhost") {
        return (StatusCode::MISDIRECTED_REQUEST, "the stage is at 127.0.0.1\n").into_response();
    }
    next.run(request).await
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], text).into_response()
}

async fn page(State(director): State<Director>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    let shown = director.shown();
    let view = View::of(&shown, Language::choose(asked.lang.as_deref(), &headers));
    match view.render() {
        Ok(text) => ([(CONTENT_SECURITY_POLICY, POLICY)], Html(text)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

async fn state(State(director): State<Director>) -> Response {
    Json(&*director.shown()).into_response()
}

/// Sends the changing part of the page, in the page's language, at each change.
async fn events(
    State(director): State<Director>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let language = Language::choose(asked.lang.as_deref(), &headers);
    let pictures = WatchStream::new(director.watch()).map(move |shown| {
        let scene = View::of(&shown, language).scene();
        Ok(scene.map_or_else(
            |error| Event::default().event("trouble").data(error.to_string()),
            |scene| Event::default().data(scene),
        ))
    });
    Sse::new(pictures).keep_alive(KeepAlive::default())
}

async fn order(State(director): State<Director>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    if !headers.contains_key(OWN_PAGE) {
        return (StatusCode::FORBIDDEN, "only the stage's own page gives orders\n").into_response();
    }
    let Some(order) = parse(&name) else {
        return (StatusCode::NOT_FOUND, format!("there is no order {name}\n")).into_response();
    };
    match director.order(order).await {
        Ok(seen) => Json(&*seen).into_response(),
        Err(error) => (StatusCode::CONFLICT, format!("{error:#}\n")).into_response(),
    }
}

/// Reads an order such as `tap-1`, `pull-hub` or `start-over`.
fn parse(name: &str) -> Option<Order> {
    if name == "start-over" {
        return Some(Order::StartOver);
    }
    let (verb, object) = name.rsplit_once('-')?;
    let machine = match object {
        "hub" => Machine::Hub,
        "1" => Machine::Kiosk(0),
        "2" => Machine::Kiosk(1),
        _ => return None,
    };
    Some(match (verb, machine) {
        ("pull", machine) => Order::Pull(machine),
        ("plug", machine) => Order::Plug(machine),
        ("tap", Machine::Kiosk(kiosk)) => Order::Tap(kiosk),
        ("cancel", Machine::Kiosk(kiosk)) => Order::Cancel(kiosk),
        ("cut", Machine::Kiosk(kiosk)) => Order::Cut(kiosk),
        ("mend", Machine::Kiosk(kiosk)) => Order::Mend(kiosk),
        ("carry", Machine::Kiosk(kiosk)) => Order::Carry(kiosk),
        ("old-disk", Machine::Kiosk(kiosk)) => Order::OldDisk(kiosk),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_by_name() {
        assert_eq!(parse("tap-1"), Some(Order::Tap(0)));
        assert_eq!(parse("old-disk-2"), Some(Order::OldDisk(1)));
        assert_eq!(parse("pull-hub"), Some(Order::Pull(Machine::Hub)));
        assert_eq!(parse("start-over"), Some(Order::StartOver));
        for wrong in ["tap-hub", "tap-3", "tap", "burn-1", ""] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
