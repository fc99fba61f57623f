//! Packs answers with gzip for callers who take it.
//!
//! Only what cannot give a secret away by its length is packed (BREACH): data of the interface, to which a browser adds no
//! cookie by itself, style sheets, and pages marked [`Public`]. Other pages may hold the token of a visit or of a form
//! beside what somebody typed, and streams of events are sent event by event: both stay as they are.

use crate::asked::takes_gzip;
use axum::{
    body::{Body, HttpBody, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};
use std::{io, io::Write};

/// Shorter answers fit a datagram as they are.
const BYTES_MIN: usize = 1_024;
/// Longer ones are none of an interface.
const BYTES_MAX: usize = 4 << 20;
/// Kinds of content that are packed, by how they begin.
const KINDS: [&str; 5] =
    ["application/json", "application/ld+json", "application/openmetrics-text", "text/css", "text/plain"];

/// Marks an answer that is the same for everybody who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Public;

/// Packs an answer that is worth it, where its caller takes that, and says in each such answer that there are two forms.
pub async fn pack(request: Request, next: Next) -> Response {
    let takes = takes_gzip(request.headers());
    let mut response = next.run(request).await;
    let packs = is_worth_it(&response);
    if packs || response.status() == StatusCode::NOT_MODIFIED {
        response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if !packs || !takes {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let whole = to_bytes(body, BYTES_MAX).await.map_err(io::Error::other);
    match whole.and_then(|whole| gzip(&whole)) {
        Ok(packed) => {
            head.headers.remove(header::CONTENT_LENGTH);
            head.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            weaken(&mut head.headers);
            Response::from_parts(head, Body::from(packed))
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "an answer broke off");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn is_worth_it(response: &Response) -> bool {
    let headers = response.headers();
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let may =
        response.extensions().get::<Public>().is_some() || KINDS.iter().any(|known| kind.starts_with(known));
    let bytes = response.body().size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok());
    may && !headers.contains_key(header::CONTENT_ENCODING)
        && bytes.is_some_and(|bytes| (BYTES_MIN..=BYTES_MAX).contains(&bytes))
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    packer.write_all(bytes)?;
    packer.finish()
}

/// The tag of an answer whose bytes depend on who asks is a weak one.
fn weaken(headers: &mut HeaderMap) {
    let strong = headers.get(header::ETAG).filter(|tag| tag.as_bytes().starts_with(b"\""));
    let weak = strong.and_then(|tag| HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat()).ok());
    if let Some(weak) = weak {
        headers.insert(header::ETAG, weak);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Extension, Router, middleware, routing::get};
    use flate2::read::GzDecoder;
    use std::io::Read;
    use tower::ServiceExt;

    fn long() -> String {
        "a place for 分拣员 in the hall; ".repeat(100)
    }

    fn of_kind(kind: &'static str) -> impl IntoResponse {
        ([(header::CONTENT_TYPE, kind), (header::ETAG, "\"1\"")], long())
    }

    async fn ask(path: &str, accepts: &str) -> (HeaderMap, Vec<u8>) {
        let router = Router::new()
            .route("/json", get(|| async { of_kind("application/json") }))
            .route("/problem", get(|| async { ([(header::CONTENT_TYPE, "application/json")], "{}") }))
            .route("/page", get(|| async { of_kind("text/html; charset=utf-8") }))
            .route("/public", get(|| async { (Extension(Public), of_kind("text/html; charset=utf-8")) }))
            .route("/events", get(|| async { of_kind("text/event-stream") }))
            .route("/known", get(|| async { StatusCode::NOT_MODIFIED }))
            .layer(middleware::from_fn(pack));
        let request = Request::builder().uri(path).header(header::ACCEPT_ENCODING, accepts);
        let answer = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (head, body) = answer.into_parts();
        (head.headers, to_bytes(body, 1 << 20).await.unwrap().to_vec())
    }

    #[tokio::test]
    async fn what_is_worth_it_is_packed_for_who_takes_it() {
        for path in ["/json", "/public"] {
            let (headers, packed) = ask(path, "br, gzip").await;
            assert_eq!(
                (&headers[header::CONTENT_ENCODING], &headers[header::ETAG]),
                (&"gzip".parse().unwrap(), &"W/\"1\"".parse().unwrap())
            );
            assert_eq!(headers[header::VARY], "accept-encoding");
            let mut text = String::new();
            GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
            assert!(text == long() && packed.len() < text.len() / 4, "{path}");
            let (headers, plain) = ask(path, "br").await;
            assert_eq!((headers.get(header::CONTENT_ENCODING), plain), (None, long().into_bytes()));
            assert_eq!(headers[header::VARY], "accept-encoding", "a cache keeps the two apart");
            assert_eq!(headers[header::ETAG], "\"1\"");
        }
    }

    #[tokio::test]
    async fn pages_with_secrets_streams_and_short_answers_stay_as_they_are() {
        for path in ["/page", "/events", "/problem"] {
            let (headers, _) = ask(path, "gzip").await;
            assert!(
                !headers.contains_key(header::CONTENT_ENCODING) && !headers.contains_key(header::VARY),
                "{path}"
            );
        }
        assert_eq!(ask("/known", "gzip").await.0[header::VARY], "accept-encoding");
    }
}
