//! Errors as RFC 9457 problem+json. Two messages: what the caller may know, and what the log must know.

use crate::event_loop::{Failure, damaged};
use axum::{
    extract::rejection::JsonRejection,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use edge_core::admit::Denial;
use http_face::{Known, Refusal};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    num::{NonZeroU32, NonZeroU64},
};

/// What is missing or wrong in one field of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct FieldError {
    pub(crate) field: String,
    /// A word for programs: missing, unknown, malformed, wrong_type, too_long, or one that the importer uses as well.
    pub(crate) reason: &'static str,
    /// What is wrong and what to write.
    pub(crate) detail: String,
}

/// A problem with a stable type; `/problems/{code}` explains it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct Problem {
    #[serde(rename = "type")]
    kind: String,
    pub(crate) title: &'static str,
    pub(crate) status: u16,
    pub(crate) detail: String,
    /// Each field that is missing or wrong, where the body's fields are the matter.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) errors: Box<[FieldError]>,
    /// Of `below-confirmed`: the smallest number of seats that is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    pub(crate) smallest_cap: Option<NonZeroU32>,
    /// Of `not-admitted`: the rule that keeps the worker from the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<Box<Rule>>,
    #[serde(skip)]
    pub(crate) code: &'static str,
    /// Seconds after which to ask again, where that helps.
    #[serde(skip)]
    wait_s: Option<NonZeroU64>,
}

/// A plugin's denial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct Rule {
    /// Name of the plugin.
    pub(crate) plugin: String,
    /// The plugin's own number of its reason, 1 to 254.
    pub(crate) reason: u8,
    /// What to show the worker, by language; `en` and `zh` are always there.
    pub(crate) words: BTreeMap<String, String>,
}

impl Rule {
    fn of(denial: &Denial) -> Self {
        let words = denial.words.iter().cloned().collect();
        Self { plugin: denial.plugin.clone(), reason: denial.reason, words }
    }

    /// The words in a language, or in English.
    pub(crate) fn words(&self, language: &str) -> &str {
        self.words.get(language).or_else(|| self.words.get("en")).map_or("", String::as_str)
    }
}

/// Code, status, title, and what to do about it.
const KNOWN: &[(&str, StatusCode, &str, &str)] = &[
    (
        "bad-request",
        StatusCode::BAD_REQUEST,
        "The request is malformed",
        "Read the errors, or the detail; they name each field and what it may hold.",
    ),
    (
        "bad-file",
        StatusCode::BAD_REQUEST,
        "The carried file cannot be used",
        "Export it again, and check that the whole file was copied.",
    ),
    (
        "wrong-file",
        StatusCode::CONFLICT,
        "The carried file is not for this node",
        "Import it where the detail says; each file is for one node or for the hub.",
    ),
    (
        "misdirected",
        StatusCode::MISDIRECTED_REQUEST,
        "The request was sent to a name that is not this server's",
        "Ask for it by its address. The operator names names with --host-name; those of the certificate for --https count by themselves.",
    ),
    ("too-large", StatusCode::PAYLOAD_TOO_LARGE, "The request's body is too large", "Send at most 64 KiB."),
    (
        "unsupported-media-type",
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "The body's media type is not taken here",
        "Send Content-Type: application/json.",
    ),
    (
        "method-not-allowed",
        StatusCode::METHOD_NOT_ALLOWED,
        "This address does not take that method",
        "The Allow header names those that it takes.",
    ),
    (
        "bad-query",
        StatusCode::BAD_REQUEST,
        "The query cannot be used",
        "Read the detail; it names the parameter and its limits.",
    ),
    (
        "bad-page-token",
        StatusCode::BAD_REQUEST,
        "The page token is not for this query",
        "Begin again without page_token.",
    ),
    (
        "key-missing",
        StatusCode::BAD_REQUEST,
        "Idempotency-Key is missing",
        "Send a fresh random key with each new sign-up, crew, job or command, and the same one with each retry of it.",
    ),
    (
        "key-reused",
        StatusCode::UNPROCESSABLE_ENTITY,
        "The key was used with another request",
        "Use a fresh key for another request.",
    ),
    (
        "crew-short",
        StatusCode::CONFLICT,
        "Not all of the crew can be confirmed here",
        "Nothing was taken. The detail says how many can be: ask for so many under a fresh key, or sign each up alone.",
    ),
    (
        "in-flight",
        StatusCode::CONFLICT,
        "The first request under this key is not answered yet",
        "Ask again in a second.",
    ),
    (
        "unauthorised",
        StatusCode::UNAUTHORIZED,
        "The tenant's key is missing, wrong or of another region",
        "Send Authorization: Bearer with the key that `dayshift tenant create` printed, at a node of the tenant's regions.",
    ),
    (
        "unknown-job",
        StatusCode::NOT_FOUND,
        "There is no such job here",
        "Search again; the job may have ended.",
    ),
    (
        "unknown-sign-up",
        StatusCode::NOT_FOUND,
        "There is no such sign-up here",
        "Check the id or the six digits.",
    ),
    (
        "shared-digits",
        StatusCode::CONFLICT,
        "Two tickets have these digits",
        "Show the QR code of the ticket, log in, or ask for the sign-up by its id.",
    ),
    (
        "too-many-guesses",
        StatusCode::TOO_MANY_REQUESTS,
        "Too many wrong ticket digits",
        "Wait as long as Retry-After says. Right digits are not counted.",
    ),
    (
        "too-many-requests",
        StatusCode::TOO_MANY_REQUESTS,
        "Asked too often",
        "Wait as long as Retry-After says. The detail says who is counted: the tenant, the device, or the phone number. The operator raises the limits with --tenant-writes-per-minute, --device-writes-per-minute and --phone-requests-per-hour.",
    ),
    ("unknown-route", StatusCode::NOT_FOUND, "There is nothing here", "See /openapi.json."),
    (
        "foreign-origin",
        StatusCode::FORBIDDEN,
        "Pages of this origin may not write here",
        "The operator names origins with --allow-origin.",
    ),
    (
        "checked-in",
        StatusCode::CONFLICT,
        "Who was checked in has no place to give back",
        "Check out at the end; the agency can end the place before.",
    ),
    ("closed", StatusCode::CONFLICT, "The job is closed or has begun", "Choose another job."),
    (
        "already-signed-up",
        StatusCode::CONFLICT,
        "The worker has signed up for this job",
        "Its six digits show the ticket. A worker who is logged in finds it named in the detail.",
    ),
    (
        "overlap",
        StatusCode::CONFLICT,
        "The worker has a confirmed place at this time",
        "Its six digits show that ticket, and it can be given back. A worker who is logged in finds it named in the detail.",
    ),
    (
        "profile-needed",
        StatusCode::CONFLICT,
        "The job asks for things that this node does not know of the worker",
        "Enrol at /v1/workers/me, or log in with phone or card and PIN, and sign up with that session.",
    ),
    (
        "not-admitted",
        StatusCode::CONFLICT,
        "A rule of this node keeps the worker from this job",
        "rule says why: its plugin, the number of its reason, and words for the worker by language. Choose another job.",
    ),
    (
        "rule-unanswered",
        StatusCode::SERVICE_UNAVAILABLE,
        "A rule of this node could not be asked",
        "Nothing was taken. Ask again; where it stays so, the operator reads in the node's log which plugin fails.",
    ),
    ("too-young", StatusCode::CONFLICT, "The worker is too young for this job", "Choose another job."),
    (
        "age-unknown",
        StatusCode::CONFLICT,
        "The job asks for an age, and the profile says no date of birth",
        "Add born to the profile with PATCH /v1/workers/me, or choose another job.",
    ),
    (
        "certificate-missing",
        StatusCode::CONFLICT,
        "The worker lacks a certificate",
        "The detail names it; add it to the profile, or choose another job.",
    ),
    (
        "language-missing",
        StatusCode::CONFLICT,
        "The worker lacks a language",
        "The detail names it; add it to the profile, or choose another job.",
    ),
    (
        "too-far",
        StatusCode::CONFLICT,
        "The place is farther away than the worker wants to go",
        "Raise the distance in the profile, or choose another job.",
    ),
    (
        "unknown-hold",
        StatusCode::NOT_FOUND,
        "There is no such hold",
        "It may have ended; sign up without it.",
    ),
    (
        "nothing-free",
        StatusCode::CONFLICT,
        "No place can be set aside here",
        "Sign up without a hold: the hub may have a place, or there is a line to stand in.",
    ),
    (
        "too-many-holds",
        StatusCode::TOO_MANY_REQUESTS,
        "As many places are held as may be",
        "Sign up without a hold, or ask again in two minutes.",
    ),
    (
        "behind",
        StatusCode::SERVICE_UNAVAILABLE,
        "This node has not heard of the bookmark's write yet",
        "Ask again as Retry-After says, ask the node that wrote it, or leave the bookmark out.",
    ),
    (
        "unproved",
        StatusCode::UNAUTHORIZED,
        "The worker is not proved",
        "Log in at /v1/sessions with phone or card and PIN. Unknown and wrong are answered alike.",
    ),
    (
        "no-sender",
        StatusCode::CONFLICT,
        "Nothing is sent to this agency from this node",
        "The operator adds [tenants.\"NAME\"] with url and secret_file to senders.toml in the node's data folder, and restarts the node.",
    ),
    (
        "not-yours",
        StatusCode::FORBIDDEN,
        "The sign-up is another worker's, as far as can be told",
        "Send the phone number that it was made with, or log in.",
    ),
    (
        "code-needed",
        StatusCode::CONFLICT,
        "The phone number is proved by a code",
        "Six digits were sent to it: send the same with them as code, within five minutes. Without code another is sent.",
    ),
    (
        "too-many-tries",
        StatusCode::TOO_MANY_REQUESTS,
        "Too many wrong PINs",
        "Wait as long as Retry-After says; each further wrong PIN doubles it, up to an hour.",
    ),
    (
        "changed-meanwhile",
        StatusCode::CONFLICT,
        "The profile was changed or erased meanwhile",
        "Read it again.",
    ),
    (
        "enrol-again",
        StatusCode::CONFLICT,
        "The worker's record is damaged",
        "Enrol again; nothing else of the node is concerned.",
    ),
    (
        "no-topic",
        StatusCode::FORBIDDEN,
        "The tenant may not post in this region",
        "Ask the operator to add the region to the tenant.",
    ),
    (
        "not-confirmed",
        StatusCode::CONFLICT,
        "The place is not confirmed",
        "Only a confirmed place is checked in or missed; the detail says how this one stands.",
    ),
    (
        "came-already",
        StatusCode::CONFLICT,
        "The worker has been checked in",
        "A place is not taken from somebody who came; check the worker out.",
    ),
    ("not-in", StatusCode::CONFLICT, "The worker has not been checked in", "Check the worker in first."),
    (
        "too-early",
        StatusCode::CONFLICT,
        "The shift does not begin yet",
        "From 30 minutes before the start on somebody may be marked; before that, dismiss the worker.",
    ),
    (
        "begun",
        StatusCode::CONFLICT,
        "The shift has begun",
        "Its times stay as they are; everything else of the job may be changed.",
    ),
    (
        "no-line",
        StatusCode::SERVICE_UNAVAILABLE,
        "This needs the line to the centre; nothing was changed",
        "The number of seats and whether a job is open are decided at the hub alone. Ask again when the line is up; sign-ups go on.",
    ),
    (
        "no-answer",
        StatusCode::SERVICE_UNAVAILABLE,
        "The centre did not answer in time",
        "It may have been carried out. Ask again under the same Idempotency-Key: then it is carried out once.",
    ),
    (
        "below-confirmed",
        StatusCode::CONFLICT,
        "More sign-ups are confirmed than the new number of seats",
        "smallest_cap is the smallest number that is taken; with \"excess\": \"bump_latest\" the latest sign-ups end.",
    ),
    (
        "foreign-form",
        StatusCode::FORBIDDEN,
        "The form was sent by another site's page, or under a log-in that is over",
        "Open /agency again and send it from there.",
    ),
    ("busy", StatusCode::SERVICE_UNAVAILABLE, "Too many requests are waiting", "Ask again in a second."),
    (
        "frozen",
        StatusCode::SERVICE_UNAVAILABLE,
        "This node signs nobody up",
        "Searching still works; call the operator.",
    ),
    (
        "draining",
        StatusCode::SERVICE_UNAVAILABLE,
        "This node takes nobody new",
        "An operator is about to take it away: sign up, or post, at another node. What it has given counts, and is given back here too.",
    ),
    (
        "disk-full",
        StatusCode::INSUFFICIENT_STORAGE,
        "The node's disk is full",
        "Nothing was changed; ask again when there is room.",
    ),
    (
        "timeout",
        StatusCode::SERVICE_UNAVAILABLE,
        "The request took too long",
        "Ask again, with the same Idempotency-Key where there was one: what was done meanwhile is answered and not done twice.",
    ),
    ("internal", StatusCode::INTERNAL_SERVER_ERROR, "The node failed", "Nothing was promised; ask again."),
];

impl Problem {
    /// The problem of a known code, with what the caller may know.
    pub(crate) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        let (code, status, title, _) =
            KNOWN.iter().find(|known| known.0 == code).unwrap_or(&KNOWN[KNOWN.len() - 1]);
        Self {
            kind: format!("/problems/{code}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            errors: Box::default(),
            smallest_cap: None,
            rule: None,
            code,
            wait_s: NonZeroU64::new(match *code {
                "busy" | "in-flight" | "disk-full" | "behind" | "timeout" | "no-answer" => 1,
                "no-line" => 10,
                "rule-unanswered" => 5,
                "too-many-holds" => 120,
                _ => 0,
            }),
        }
    }

    /// Fields of the body are missing or wrong: all of them, so that one more try is enough.
    pub(crate) fn fields(errors: Vec<FieldError>) -> Self {
        let named: Vec<_> = errors.iter().map(|error| format!("{}: {}", error.field, error.detail)).collect();
        Self { errors: errors.into(), ..Self::new("bad-request", named.join("; ")) }
    }

    /// With the smallest number of seats that is taken.
    pub(crate) fn smallest_cap(self, cap: u32) -> Self {
        Self { smallest_cap: NonZeroU32::new(cap), ..self }
    }

    /// Seconds after which to ask again, where that helps.
    pub(crate) fn retry_after_s(&self) -> Option<u64> {
        self.wait_s.map(NonZeroU64::get)
    }

    /// With the plugin's denial.
    pub(crate) fn rule(self, denial: &Denial) -> Self {
        Self { rule: Some(Box::new(Rule::of(denial))), ..self }
    }

    /// The same of one member of a crew, counted from 1.
    pub(crate) fn of_member(self, member: usize) -> Self {
        Self { detail: format!("member {member} may not take this place: {}", self.detail), ..self }
    }

    /// Ticket digits were wrong too often.
    pub(crate) fn too_many_guesses(wait_s: u64) -> Self {
        let detail = format!("ask again in {wait_s} seconds");
        Self { wait_s: NonZeroU64::new(wait_s), ..Self::new("too-many-guesses", detail) }
    }

    /// Somebody asked too often.
    pub(crate) fn too_many_requests(whose: &str, wait_s: u64) -> Self {
        let detail = format!("too many requests {whose}; ask again in {wait_s} seconds");
        Self { wait_s: NonZeroU64::new(wait_s), ..Self::new("too-many-requests", detail) }
    }

    /// PINs were wrong too often.
    pub(crate) fn too_many_tries(wait_s: u64) -> Self {
        let detail = format!("ask again in {wait_s} seconds");
        Self { wait_s: NonZeroU64::new(wait_s), ..Self::new("too-many-tries", detail) }
    }

    /// A body that is no JSON of the expected form, or too large.
    pub(crate) fn body(rejection: &JsonRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::new("too-large", rejection.body_text());
        }
        if rejection.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            return Self::new("unsupported-media-type", "send Content-Type: application/json");
        }
        let is_syntax = matches!(rejection, JsonRejection::JsonSyntaxError(_));
        let reason = if is_syntax { "malformed" } else { "wrong_type" };
        Self::fields(vec![FieldError { field: "body".to_owned(), reason, detail: rejection.body_text() }])
    }

    /// Something failed that the caller cannot mend; the chain of causes goes to the log alone.
    pub(crate) fn internal(error: &anyhow::Error) -> Self {
        tracing::error!("{error:#}");
        Self::new("internal", "see the node's log")
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let code = match failure {
            Failure::DiskFull => "disk-full",
            Failure::Frozen(_) => "frozen",
            Failure::Storage => "internal",
            Failure::Busy => "busy",
        };
        Self::new(code, failure.to_string())
    }
}

impl From<sync_store::StoreError> for Problem {
    fn from(error: sync_store::StoreError) -> Self {
        if error.is_corrupt() {
            return Self::new("frozen", damaged(&error));
        }
        Self::internal(&anyhow::Error::new(error))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self).unwrap_or_default();
        let mut response =
            (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(wait_s) = self.retry_after_s() {
            response.headers_mut().insert(header::RETRY_AFTER, wait_s.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// All problems of this interface, as its description explains them.
pub(crate) fn known() -> Vec<Known> {
    let of = |(code, status, title, remedy): &(&'static str, StatusCode, &'static str, &'static str)| Known {
        code,
        status: status.as_u16(),
        title,
        remedy,
    };
    KNOWN.iter().map(of).collect()
}

/// A request that no handler answered. The problem goes along, for pages.
pub(crate) fn answer(refusal: Refusal) -> Response {
    let problem = match refusal {
        Refusal::TimedOut => Problem::new("timeout", "the node did not answer in time; ask again"),
        Refusal::Panicked => Problem::new("internal", "see the node's log"),
        Refusal::Refused { status, detail } => {
            let code = match status {
                StatusCode::NOT_FOUND => "unknown-route",
                StatusCode::METHOD_NOT_ALLOWED => "method-not-allowed",
                StatusCode::MISDIRECTED_REQUEST => "misdirected",
                StatusCode::PAYLOAD_TOO_LARGE => "too-large",
                StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported-media-type",
                status if status.is_server_error() => "internal",
                _ => "bad-request",
            };
            Problem::new(code, detail)
        }
    };
    let mut response = problem.clone().into_response();
    response.extensions_mut().insert(problem);
    response
}

/// Whatever no other route takes.
pub(crate) async fn unknown() -> Problem {
    Problem::new("unknown-route", "no such route")
}
