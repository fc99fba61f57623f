//! Crews: all of them confirmed here and now, or none.

use super::{
    Problem, bookmark,
    problem::FieldError,
    sign_ups::{InFlight, SignUpJson, first16, hidden, job_of, key_of, refused, unfit_of},
};
use crate::{
    app::App,
    event_loop::Event,
    rates::Counted,
    telemetry::{Outcome as Label, OutcomeLabel},
};
use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
};
use edge_core::node::{Answer, CREW_MAX, CREW_MIN, CrewDecision, CrewRefusal, CrewRequest};
use serde::{Deserialize, Serialize};
use sync_protocol::ids::{JobId, WorkerId};
use tokio::sync::oneshot;

/// A crew wants places of one job.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CrewBody {
    pub(crate) job: String,
    /// Phone numbers of 2 to 10 members, the one who leads first; kept only as keyed hashes.
    pub(crate) phones: Vec<String>,
}

/// What the crew is told.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct CrewJson {
    /// In the order of the phone numbers.
    sign_ups: Vec<SignUpJson>,
}

fn wrong(field: String, reason: &'static str, detail: String) -> Problem {
    Problem::fields(vec![FieldError { field, reason, detail }])
}

/// The workers of phone numbers, as many as a crew has.
fn workers_of(app: &App, phones: &[String]) -> Result<Vec<WorkerId>, Problem> {
    if !(CREW_MIN..=CREW_MAX).contains(&phones.len()) {
        return Err(wrong("phones".to_owned(), "crew_size", CrewRefusal::Size.to_string()));
    }
    let plan = crate::phone::PhonePlan::from(app.shared.country);
    let worker = |(place, phone): (usize, &String)| {
        let phone = plan
            .read(phone)
            .ok_or_else(|| wrong(format!("phones[{place}]"), "phone_wrong", plan.rule().to_owned()))?;
        Ok(WorkerId::of_phone(&app.shared.region_key, &phone))
    };
    phones.iter().enumerate().map(worker).collect()
}

fn request(key: &str, job: JobId, workers: Vec<WorkerId>) -> CrewRequest {
    let text = job.to_string();
    let all: Vec<&[u8]> =
        std::iter::once(text.as_bytes()).chain(workers.iter().map(|worker| &worker.0[..])).collect();
    CrewRequest {
        job,
        idempotency: first16("dayshift crew idempotency v1", &[key.as_bytes()]),
        body_hash: first16("dayshift crew body v1", &all),
        workers,
    }
}

/// Nobody of a crew is proved: whoever has typed ten numbers learns of none of them which ticket is in the way.
fn crew_refused(refusal: CrewRefusal) -> Problem {
    match refusal {
        CrewRefusal::Size => wrong("phones".to_owned(), "crew_size", refusal.to_string()),
        CrewRefusal::Twice(member) => {
            wrong(format!("phones[{}]", member - 1), "phone_twice", refusal.to_string())
        }
        CrewRefusal::AlreadySignedUp { .. } => Problem::new("already-signed-up", refusal.to_string()),
        CrewRefusal::Unfit { member, unfit } => hidden(unfit_of(&unfit), false).of_member(member),
        CrewRefusal::SignUp(refusal) => hidden(refused(refusal), false),
    }
}

async fn decide(app: &App, request: CrewRequest) -> Result<CrewDecision, Problem> {
    let (reply, answer) = oneshot::channel();
    app.send(Event::Crew(request, reply))?;
    app.wait(answer).await?.map_err(crew_refused)
}

/// Signs a crew up, the one who leads first.
pub(crate) async fn submit(
    app: &App,
    key: &str,
    job: JobId,
    workers: Vec<WorkerId>,
) -> Result<Vec<Answer>, Problem> {
    let request = request(key, job, workers);
    let _guard = InFlight::enter(&app.in_flight, request.idempotency)?;
    let wanted = request.workers.len();
    let counted = Counted::take(app, request.workers.clone())?;
    let decided = decide(app, request).await;
    counted.settle(&decided, |decision| match decision {
        CrewDecision::Answered(answers) => answers.iter().all(|answer| answer.repeated),
        CrewDecision::Short { .. } => false,
    });
    let (outcome, count) = match &decided {
        Ok(CrewDecision::Answered(answers)) => (Label::Confirmed, answers.len()),
        Ok(CrewDecision::Short { .. }) | Err(_) => (Label::Refused, 1),
    };
    app.shared.metrics.sign_ups.get_or_create(&OutcomeLabel { outcome }).inc_by(count as u64);
    match decided? {
        CrewDecision::Answered(answers) => Ok(answers),
        CrewDecision::Short { confirmable } => {
            let detail =
                format!("{confirmable} of {wanted} can be confirmed at this node now; nothing was taken");
            Err(Problem::new("crew-short", detail))
        }
    }
}

/// Signs a crew up: a place for each of its members, or nothing.
#[utoipa::path(post, path = "/v1/crews", request_body = CrewBody,
    params(("Idempotency-Key" = String, Header, description = "Fresh random key; the same for each retry")),
    responses((status = 201, body = CrewJson, description = "All are confirmed", headers(("Dayshift-Bookmark" = String, description = "See the beginning."))), (status = 400, body = Problem),
    (status = 404, body = Problem), (status = 409, body = Problem, description = "`crew-short`: too few places here, nothing taken; `closed`, `already-signed-up`; or what keeps a member from the job, such as `overlap` or `not-admitted` with `rule`."),
    (status = 422, body = Problem), (status = 503, body = Problem, description = "`busy`, `frozen`, `draining` or `rule-unanswered`."),
    (status = 507, body = Problem)))]
pub(crate) async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Json<CrewBody>, JsonRejection>,
) -> Result<(StatusCode, HeaderMap, Json<CrewJson>), Problem> {
    let key = key_of(&headers)?;
    let Json(body) = body.map_err(|error| Problem::body(&error))?;
    let (job, workers) = (job_of(&body.job)?, workers_of(&app, &body.phones)?);
    let answers = submit(&app, key, job, workers).await?;
    let bookmark = bookmark::header(&app, answers.iter().map(|answer| answer.sign_up));
    let sign_ups = answers.into_iter().map(|answer| SignUpJson::of(&app, answer)).collect();
    Ok((StatusCode::CREATED, bookmark, Json(CrewJson { sign_ups })))
}
