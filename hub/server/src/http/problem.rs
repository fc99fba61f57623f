//! Errors as callers see them: problem documents (RFC 9457). What only the log may know is written there.

use crate::shard_workers::ShardError;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

/// A problem document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemBody {
    /// `/problems/` and a code.
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: String,
    /// Of `below-confirmed`: the smallest cap that is possible without ending sign-ups.
    #[serde(skip_serializing_if = "Option::is_none")]
    smallest_cap: Option<u32>,
}

/// An error with what the caller may know.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    smallest_cap: Option<u32>,
}

impl Problem {
    /// A problem with a code of its own.
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), smallest_cap: None }
    }

    /// Names the smallest cap that would be taken.
    pub(crate) fn smallest_cap(self, cap: u32) -> Self {
        Self { smallest_cap: Some(cap), ..self }
    }

    /// The request cannot be read.
    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", detail)
    }

    /// What was asked for is not here.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    /// The status in words, and what the caller may know.
    pub(crate) fn words(self) -> (String, String) {
        (self.status.canonical_reason().unwrap_or("Error").to_owned(), self.detail)
    }

    /// The directory could not be changed.
    pub(crate) fn internal(error: &anyhow::Error) -> Self {
        tracing::error!(error = format!("{error:#}"), "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the hub could not answer; its log has the reason",
        )
    }
}

impl From<ShardError> for Problem {
    fn from(error: ShardError) -> Self {
        tracing::error!(error = format!("{:#}", anyhow::Error::new(error)), "a request failed in storage");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "storage", "the storage did not answer; try again later")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let kind = format!("/problems/{}", self.code);
        let shown = self.clone();
        let body = ProblemBody {
            kind,
            title,
            status: self.status.as_u16(),
            detail: self.detail,
            smallest_cap: self.smallest_cap,
        };
        let mut response = (self.status, Json(body)).into_response();
        // For a browser, which is answered with a page instead.
        response.extensions_mut().insert(shown);
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
