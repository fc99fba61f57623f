//! Web pages of other origins that may call the interface from a browser: those that the operator names, and no others.
//!
//! No cookie or other credential that the browser keeps takes part: an origin is let in to what any program on this machine
//! may ask. A page that knows a key or a worker's session sends it itself.

use super::Problem;
use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use pages::forms::is_foreign;
use std::{sync::Arc, time::Duration};
use tower_http::cors::CorsLayer;

/// What a page has to know of a bookmark of its own writes.
const BOOKMARK: HeaderName = HeaderName::from_static("dayshift-bookmark");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// How long a browser remembers what it may do.
const PREFLIGHT_AGE: Duration = Duration::from_secs(600);

/// Reads an origin as browsers write it: scheme, host and port, and nothing behind.
pub(crate) fn parse_origin(text: &str) -> Result<HeaderValue, String> {
    let wrong = || {
        format!(
            "`{text}` is no origin; give scheme, host and port as a browser shows them, such as https://jobs.example or http://127.0.0.1:8000"
        )
    };
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https")).ok_or_else(wrong)?;
    let host = uri.authority().filter(|host| !host.as_str().contains('@')).ok_or_else(wrong)?;
    // Browsers write an origin in small letters and leave the port of its scheme out.
    let usual = match scheme {
        "http" => ":80",
        _ => ":443",
    };
    let host = host.as_str().to_ascii_lowercase();
    let written = format!("{scheme}://{}", host.strip_suffix(usual).unwrap_or(&host));
    if text != written {
        return Err(wrong());
    }
    HeaderValue::from_str(&written).map_err(|_| wrong())
}

/// Turns away what another site's page sends, but for those that are named. What needs no leave of the server, as a form with
/// plain text does, is sent by browsers before anybody is asked.
pub(super) async fn guard(State(named): State<Arc<[HeaderValue]>>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let is_named = request.headers().get(header::ORIGIN).is_some_and(|origin| named.contains(origin));
    if !reads && !is_named && is_foreign(request.headers()) {
        let what = "a page of an origin that is not named may not write here";
        return Problem::new("foreign-origin", what).into_response();
    }
    next.run(request).await
}

/// Lets pages of these origins call, with the headers that the interface reads and writes.
pub(crate) fn layer(origins: &[HeaderValue]) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(origins.to_vec())
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            IDEMPOTENCY_KEY,
            LAST_EVENT_ID,
            BOOKMARK,
            TRACEPARENT,
        ])
        .expose_headers([header::ETAG, header::RETRY_AFTER, header::WWW_AUTHENTICATE, BOOKMARK, TRACEPARENT])
        .max_age(PREFLIGHT_AGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: bool) {
        assert_eq!(parse_origin(text).is_ok(), expected, "{text}");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        check("https://jobs.example", true);
        check("http://127.0.0.1:8000", true);
        check("http://[::1]:8000", true);
        check("https://jobs.example/", false);
        check("https://jobs.example/app", false);
        check("https://jobs.example:443", false);
        check("https://Jobs.Example", false);
        check("https://me@jobs.example", false);
        check("jobs.example", false);
        check("ftp://jobs.example", false);
        check("*", false);
        check("null", false);
        check("", false);
    }
}
