//! Errors as callers see them: problem documents (RFC 9457). What only the log may know is written there.

use crate::shard_workers::ShardError;
use axum::{
    Json,
    extract::rejection::BytesRejection,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use http_face::{Known, Refusal};
use serde::Serialize;
use utoipa::ToSchema;

const fn known_as(code: &'static str, status: u16, title: &'static str, remedy: &'static str) -> Known {
    Known { code, status, title, remedy }
}

/// All problems of this interface.
pub(crate) const KNOWN: &[Known] = &[
    known_as(
        "bad-request",
        400,
        "The request is malformed",
        "Read the detail; it names what is wrong and what to write.",
    ),
    known_as(
        "bad-file",
        400,
        "The carried file cannot be used",
        "Export it again, and check that the whole file was copied.",
    ),
    known_as(
        "wrong-file",
        409,
        "The carried file is not for this hub",
        "Import it where the detail says; each file is for one node or for the hub.",
    ),
    known_as(
        "unauthorized",
        401,
        "The token or key is missing or wrong",
        "Send Authorization: Bearer with the content of admin.token, or with the tenant's key where the detail says so.",
    ),
    known_as(
        "no-right-to-region",
        403,
        "The tenant may not post in this region",
        "Give it the region with `dayshift tenant allow`.",
    ),
    known_as(
        "not-found",
        404,
        "There is nothing here",
        "Check the id, or see /docs for the addresses that there are.",
    ),
    known_as(
        "unknown-tenant",
        404,
        "There is no such tenant",
        "`dayshift tenant list` names those that there are.",
    ),
    known_as(
        "unknown-node",
        404,
        "There is no such node",
        "`dayshift node list` names those that there are.",
    ),
    known_as(
        "method-not-allowed",
        405,
        "This address does not take that method",
        "The Allow header names those that it takes.",
    ),
    known_as("closed", 409, "The job is closed", "A closed job stays closed; post another."),
    known_as(
        "below-confirmed",
        409,
        "Fewer seats than confirmed sign-ups",
        "Choose a higher cap, or `bump_latest` to end the latest sign-ups.",
    ),
    known_as(
        "not-fenced",
        409,
        "The node is not fenced",
        "Fence it first: its rights come back from nobody who may still use them.",
    ),
    known_as(
        "leased",
        409,
        "The node's lease may still run",
        "Ask again after the seconds that the detail names.",
    ),
    known_as("connected", 409, "The node has a line", "It syncs by itself; carry for nodes without a line."),
    known_as(
        "over-limit",
        409,
        "The node holds more than the hub takes",
        "Read the detail; it names the limit.",
    ),
    known_as(
        "gap",
        409,
        "Entries before the file's are missing",
        "Export again and carry the files in their order.",
    ),
    known_as(
        "too-many-requests",
        429,
        "Asked too often",
        "Wait as long as Retry-After says. The operator raises the limits with --tenant-writes-per-minute and --operator-writes-per-minute.",
    ),
    known_as(
        "misdirected",
        421,
        "The request was sent to a name that is not this server's",
        "Ask for it by its address. The operator names names with --host-name, such as that of a proxy before it.",
    ),
    known_as(
        "too-large",
        413,
        "The request's body is too large",
        "Send less at a time; the detail names the limit.",
    ),
    known_as(
        "unsupported-media-type",
        415,
        "The body's media type is not taken here",
        "Send Content-Type: application/json.",
    ),
    known_as("storage", 503, "The storage did not answer", "Ask again in a second."),
    known_as("stopping", 503, "The hub is going down", "Ask again once it is back."),
    known_as(
        "timeout",
        503,
        "The request took too long",
        "Ask again; an import and a command may be repeated.",
    ),
    known_as("internal", 500, "The hub failed", "Its log has the reason."),
];

/// A request that no handler answered.
pub(crate) fn answer(refusal: Refusal) -> Response {
    let problem = match refusal {
        Refusal::TimedOut => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "timeout",
            "the hub did not answer in time; ask again",
        ),
        Refusal::Panicked => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", FAILED),
        Refusal::Refused { status, detail } => {
            let code = match status {
                StatusCode::NOT_FOUND => "not-found",
                StatusCode::METHOD_NOT_ALLOWED => "method-not-allowed",
                StatusCode::MISDIRECTED_REQUEST => "misdirected",
                StatusCode::PAYLOAD_TOO_LARGE => "too-large",
                StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported-media-type",
                status if status.is_server_error() => "internal",
                _ => "bad-request",
            };
            Problem::new(status, code, detail)
        }
    };
    problem.into_response()
}

const FAILED: &str = "the hub could not answer; its log has the reason";

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
    /// Seconds after which to ask again, where that helps.
    retry_after_s: Option<u64>,
}

impl Problem {
    /// A tenant, or the operators, write too often.
    pub(crate) fn too_many_requests(wait_s: u64) -> Self {
        let detail = format!("too many requests with this key; ask again in {wait_s} seconds");
        Self {
            retry_after_s: Some(wait_s),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail)
        }
    }

    /// A problem with a code of its own.
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), smallest_cap: None, retry_after_s: None }
    }

    /// Names the smallest cap that would be taken.
    pub(crate) fn smallest_cap(self, cap: u32) -> Self {
        Self { smallest_cap: Some(cap), ..self }
    }

    /// The request cannot be read.
    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", detail)
    }

    /// The body is not called JSON.
    pub(crate) fn not_json() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "send Content-Type: application/json",
        )
    }

    /// A body that could not be read whole; `limit` says how long it may be.
    pub(crate) fn bytes(rejection: &BytesRejection, limit: impl Into<String>) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large(limit),
            _ => Self::bad_request("the body could not be read"),
        }
    }

    fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
    }

    /// What was asked for is not here.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    /// Its code, as `/problems/` explains it.
    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// The status in words, and what the caller may know.
    pub(crate) fn words(self) -> (String, String) {
        (self.status.canonical_reason().unwrap_or("Error").to_owned(), self.detail)
    }

    /// The directory could not be changed.
    pub(crate) fn internal(error: &anyhow::Error) -> Self {
        tracing::error!(error = format!("{error:#}"), "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", FAILED)
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
        let known = KNOWN.iter().find(|known| known.code == self.code);
        let title =
            known.map_or_else(|| self.status.canonical_reason().unwrap_or("Error"), |known| known.title);
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
        if let Some(wait_s) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, wait_s.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    /// The codes that the handlers of a file make problems with.
    fn codes(source: &str) -> Vec<String> {
        let made = source.split("Problem::new(").skip(1).filter_map(|call| call.split('"').nth(1));
        made.map(str::to_owned).collect()
    }

    #[test]
    fn every_problem_of_a_handler_is_explained() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
        let mut seen = 0;
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|kind| kind != "rs") || path.ends_with("problem.rs") {
                continue;
            }
            for code in codes(&fs::read_to_string(&path).unwrap()) {
                let is_known = KNOWN.iter().any(|known| known.code == code);
                assert!(is_known, "{}: give the problem `{code}` a row in KNOWN", path.display());
                seen += 1;
            }
        }
        assert!(seen > 8, "the sources were not read");
    }
}
