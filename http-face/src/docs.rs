//! Serves the description: `/openapi.json`, the page `/docs` with its style sheet, and `/problems/{code}`.

use crate::{
    asked::{Has, has},
    describe::Known,
    outermost::{Answer, Refusal},
    pack::Public,
    page::Page,
};
use askama::Template;
use axum::{
    Extension, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::Value;
use std::sync::Arc;

const SHEET: &str = include_str!("../assets/docs.css");
const HTML: &str = "text/html; charset=utf-8";
/// The page has no script, no form and no picture.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// What the routes serve, made once from one description, so that page and JSON never differ.
#[derive(Debug)]
pub struct Docs {
    json: Fixed,
    page: Fixed,
    sheet: Fixed,
    known: Vec<Known>,
    answer: Answer,
}

/// A text with its type and its tag.
#[derive(Debug)]
struct Fixed {
    text: String,
    kind: &'static str,
    tag: String,
}

impl Fixed {
    fn new(text: String, kind: &'static str) -> Self {
        let tag = format!("\"{}\"", &blake3::hash(text.as_bytes()).to_hex()[..16]);
        Self { text, kind, tag }
    }

    fn serve(&self, headers: &HeaderMap) -> Response {
        let head = [
            (header::ETAG, self.tag.as_str()),
            (header::CACHE_CONTROL, "no-cache"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::CONTENT_TYPE, self.kind),
        ];
        if has(headers, &self.tag) != Has::Other {
            return (StatusCode::NOT_MODIFIED, head).into_response();
        }
        (head, Extension(Public), self.text.clone()).into_response()
    }
}

impl Docs {
    /// Draws the page of a completed description. An error is a page that cannot be drawn.
    pub fn new(description: &Value, known: Vec<Known>, answer: Answer) -> Result<Self, askama::Error> {
        Ok(Self {
            json: Fixed::new(format!("{description:#}\n"), "application/json"),
            page: Fixed::new(Page::of(description, &known).render()?, HTML),
            sheet: Fixed::new(SHEET.to_owned(), "text/css; charset=utf-8"),
            known,
            answer,
        })
    }

    /// The routes, whatever the state of the others.
    pub fn router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        Router::new()
            .route(
                "/openapi.json",
                get(async |State(docs): State<Arc<Self>>, headers: HeaderMap| docs.json.serve(&headers)),
            )
            .route(
                "/docs",
                get(async |State(docs): State<Arc<Self>>, headers: HeaderMap| docs.page.serve(&headers)),
            )
            .route(
                "/docs.css",
                get(async |State(docs): State<Arc<Self>>, headers: HeaderMap| docs.sheet.serve(&headers)),
            )
            .route("/problems/{code}", get(explain))
            .with_state(Arc::new(self))
    }
}

/// `GET /problems/{code}`: the explanation behind a problem's type.
async fn explain(State(docs): State<Arc<Docs>>, Path(code): Path<String>) -> Response {
    match docs.known.iter().find(|known| known.code == code) {
        Some(Known { code, status, title, remedy }) => {
            format!("{code} ({status})\n{title}.\n{remedy}\n").into_response()
        }
        None => (docs.answer)(Refusal::Refused {
            status: StatusCode::NOT_FOUND,
            detail: "no such problem".to_owned(),
        }),
    }
}
