//! The outermost layers of an interface: what is answered where no handler did.
//!
//! Programs get a problem document wherever they are refused: a panic, a request that takes too long, and what the framework
//! refuses by itself (a wrong method, a path that is no UTF-8) end in the server's own form.

use crate::trace::Trace;
use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};
use futures_util::FutureExt;
use std::{any::Any, panic::AssertUnwindSafe, time::Duration};
use tracing::Instrument;

/// Why no handler answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The request took longer than it may.
    TimedOut,
    /// The handler failed in a way that it does not know of; the log says more.
    Panicked,
    /// The framework refused it, with this status and these words.
    Refused { status: StatusCode, detail: String },
}

/// How a server says it.
pub type Answer = fn(Refusal) -> Response;

/// How long a request may take.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    pub wait: Duration,
    pub answer: Answer,
}

/// Longest text of a refusal that is passed on.
const DETAIL_BYTES_MAX: usize = 4 << 10;

/// Ends a request at its limit.
pub async fn in_time(State(limit): State<Limit>, request: Request, next: Next) -> Response {
    let answered = tokio::time::timeout(limit.wait, next.run(request)).await;
    answered.unwrap_or_else(|_| (limit.answer)(Refusal::TimedOut))
}

/// Answers each request in the server's own form, and with the caller's trace.
pub async fn whole(State(answer): State<Answer>, request: Request, next: Next) -> Response {
    let is_of_the_interface = is_of_the_interface(request.uri().path());
    let trace = Trace::of(request.headers());
    let span = match &trace {
        Some(trace) => tracing::info_span!("request", trace_id = trace.id()),
        None => tracing::Span::none(),
    };
    let handled = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
    let mut response = match handled {
        Ok(response) if is_of_the_interface => spoken(answer, response).await,
        Ok(response) => response,
        Err(panic) => {
            span.in_scope(|| tracing::error!(panic = words(panic.as_ref()), "a request handler failed"));
            answer(Refusal::Panicked)
        }
    };
    if let Some(trace) = trace {
        trace.tell(response.headers_mut());
    }
    response
}

fn is_of_the_interface(path: &str) -> bool {
    path == "/v1" || ["/v1/", "/problems/"].iter().any(|under| path.starts_with(under))
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no words")
}

/// Puts a refusal that no handler made into the server's form; which methods there are, and when to ask again, stays.
async fn spoken(answer: Answer, response: Response) -> Response {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_plain = kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !(status.is_client_error() || status.is_server_error()) || !is_plain {
        return response;
    }
    let (head, body) = response.into_parts();
    let detail =
        detail(body).await.unwrap_or_else(|| status.canonical_reason().unwrap_or("refused").to_owned());
    let mut response = answer(Refusal::Refused { status, detail });
    for name in [header::ALLOW, header::RETRY_AFTER] {
        let kept: Vec<HeaderValue> = head.headers.get_all(&name).iter().cloned().collect();
        for value in kept {
            response.headers_mut().insert(name.clone(), value);
        }
    }
    response
}

async fn detail(body: Body) -> Option<String> {
    let bytes = to_bytes(body, DETAIL_BYTES_MAX).await.ok()?;
    let text = std::str::from_utf8(&bytes).ok()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Router, extract::Path, middleware, response::IntoResponse, routing::get};
    use tower::ServiceExt;

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn answer(refusal: Refusal) -> Response {
        let (status, said) = match refusal {
            Refusal::TimedOut => (StatusCode::SERVICE_UNAVAILABLE, "timeout".to_owned()),
            Refusal::Panicked => (StatusCode::INTERNAL_SERVER_ERROR, "internal".to_owned()),
            Refusal::Refused { status, detail } => (status, format!("own: {detail}")),
        };
        (status, [(header::CONTENT_TYPE, "application/problem+json")], said).into_response()
    }

    async fn fails() -> &'static str {
        let (none, text): (Option<&str>, _) = (None, "a seat too many");
        none.expect(text)
    }

    fn router() -> Router {
        let limit = Limit { wait: Duration::from_millis(20), answer };
        Router::new()
            .route("/v1/fails", get(fails))
            .route("/v1/hangs", get(std::future::pending::<&'static str>))
            .route("/v1/things/{id}", get(|Path(id): Path<String>| async move { id }))
            .route("/page", get(|| async { (StatusCode::BAD_REQUEST, "a page's own") }))
            .layer(middleware::from_fn_with_state(limit, in_time))
            .layer(middleware::from_fn_with_state(answer as Answer, whole))
    }

    async fn ask(method: &str, path: &str) -> (u16, String, Response<()>) {
        let request = Request::builder().method(method).uri(path).header("traceparent", TRACE);
        let response = router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let text = String::from_utf8(to_bytes(body, 1 << 16).await.unwrap().to_vec()).unwrap();
        (head.status.as_u16(), text, Response::from_parts(head, ()))
    }

    #[tokio::test]
    async fn whatever_ends_a_request_has_one_form() {
        for (method, path, status, text) in [
            ("GET", "/v1/fails", 500, "internal"),
            ("GET", "/v1/hangs", 503, "timeout"),
            ("GET", "/v1/things/7", 200, "7"),
            ("PUT", "/v1/things/7", 405, "own: Method Not Allowed"),
            ("GET", "/v1/things/%FF", 400, "own: Invalid URL: Invalid UTF-8 in `id`"),
            ("GET", "/v1/nothing", 404, "own: Not Found"),
            ("GET", "/page", 400, "a page's own"),
        ] {
            let (answered, said, head) = ask(method, path).await;
            assert_eq!((answered, said.as_str()), (status, text), "{method} {path}");
            assert_eq!(head.headers()["traceparent"], TRACE, "{method} {path}");
        }
    }

    #[tokio::test]
    async fn a_wrong_method_names_the_right_ones() {
        assert_eq!(ask("PUT", "/v1/things/7").await.2.headers()[header::ALLOW], "GET,HEAD");
    }
}
