//! Sign-ups: create, read, find by code, cancel.

use super::{
    Problem, attendance, bookmark, jobs::rfc3339, problem::FieldError, tenant::TenantScope, workers,
};
use crate::{
    app::App,
    event_loop::{Event, Failure},
    limits::KEY_CHARS_MAX,
    person::Known,
    rates::Counted,
    telemetry::{Outcome as Label, OutcomeLabel},
    uplink,
};
use axum::{
    Json,
    body::Bytes,
    extract::{ConnectInfo, Path, Query, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use edge_core::node::{
    Answer, CancelRefusal, Claim, Decision, SignUpRefusal, SignUpRequest, Unfit, Uplink as Line, answer_of,
    place_question,
};
use pages::base64url;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    sync::{Mutex, PoisonError},
};
use sync_protocol::{
    documents::{SignUpFields, Status},
    ids::{JobId, SignUpId, WorkerId, Writer},
    wire::v1::{Ask, Outcome as HubOutcome},
};
use sync_store::{ShardTx, SignUpRow, StoreError};
use tokio::sync::oneshot;

/// A worker wants a place.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "job": "j0-1-1024", "phone": "13905712916" }))]
pub(crate) struct SignUpBody {
    pub(crate) job: String,
    /// The worker's phone number; kept only as a keyed hash. In China 11 digits, in the United States 10, elsewhere the 7
    /// to 15 of E.164, by the region of the node. May be left out by a worker who is logged in.
    pub(crate) phone: Option<String>,
}

/// What the worker is told.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SignUpJson {
    id: String,
    job: String,
    /// confirmed, wait_listed, requested, cancelled or bumped.
    status: &'static str,
    /// Place on the wait list, from 1.
    position: Option<u32>,
    /// The place counts only those who signed up at this node.
    at_this_node: bool,
    /// By which rule its turn comes while it waits: arrival, seniority or lottery.
    wait_rule: &'static str,
    /// While a draw is to come: when. There is no place before it.
    draw_at: Option<String>,
    /// Six digits for any kiosk; empty where the reader did not show them.
    code: String,
    /// Signed receipt of a confirmed place, base64url.
    receipt: Option<String>,
    /// Set while a confirmed place is provisional: its job lets the hub take rights back from a lost node, and the hub has
    /// not acknowledged the place. It is final once the node has spoken to the hub; before this time nothing can void it.
    provisional_until: Option<String>,
    /// Its end was asked for; the node that holds the place has not reported it yet.
    cancel_asked: bool,
    /// Why it was ended by others than its worker: closed, cap_lowered, duplicate, voided, no_show or employer; else empty.
    reason: String,
}

impl SignUpJson {
    pub(super) fn of(app: &App, answer: Answer) -> Self {
        let provisional_until = answer.provisional.then(|| rfc3339(app.shared.lease_ends_at()));
        Self {
            provisional_until,
            id: answer.sign_up.to_string(),
            job: answer.job.to_string(),
            status: answer.status.as_str(),
            position: answer.position,
            at_this_node: answer.at_this_node,
            wait_rule: answer.turn.rule.as_str(),
            draw_at: answer.turn.draw_at.map(rfc3339),
            code: answer.code,
            receipt: answer.receipt.as_deref().map(base64url),
            cancel_asked: answer.cancel_asked,
            reason: answer.reason,
        }
    }
}

impl App {
    /// Hands an event to the loop, or says that too many wait.
    pub(crate) fn send(&self, event: Event) -> Result<(), Problem> {
        self.events.try_send(event).map_err(|_| Problem::from(Failure::Busy))
    }

    /// Waits for the loop's answer.
    pub(crate) async fn wait<T>(&self, answer: oneshot::Receiver<Result<T, Failure>>) -> Result<T, Problem> {
        answer.await.unwrap_or(Err(Failure::Storage)).map_err(Problem::from)
    }
}

/// The first half of a derived hash over parts.
pub(crate) fn first16(context: &str, parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    for part in parts {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let mut first = [0; 16];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    first
}

/// Reads a job's id.
pub(crate) fn job_of(id: &str) -> Result<JobId, Problem> {
    id.parse().map_err(|_| Problem::new("unknown-job", format!("{id} is no job id")))
}

/// The worker of a phone number.
pub(crate) fn worker_of(app: &App, phone: &str) -> Result<WorkerId, Problem> {
    let plan = crate::phone::PhonePlan::from(app.shared.country);
    let phone = plan.read(phone).ok_or_else(|| {
        let detail = plan.rule().to_owned();
        Problem::fields(vec![FieldError { field: "phone".to_owned(), reason: "phone_wrong", detail }])
    })?;
    Ok(WorkerId::of_phone(&app.shared.region_key, &phone))
}

pub(super) fn no_phone() -> Problem {
    let detail = "write the worker's phone number, or log in".to_owned();
    Problem::fields(vec![FieldError { field: "phone".to_owned(), reason: "missing", detail }])
}

/// Who asks: the token of a form that may hold a place, and the worker whom a log-in or a card names.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asker {
    pub(crate) form: Option<[u8; 16]>,
    pub(crate) known: Option<Known>,
}

fn request(app: &App, key: &str, body: &SignUpBody, asker: Asker) -> Result<SignUpRequest, Problem> {
    let Asker { form, known } = asker;
    let job = job_of(&body.job)?;
    let worker = match (&body.phone, known) {
        (Some(phone), _) => worker_of(app, phone)?,
        (None, Some(known)) => known.worker,
        (None, None) => return Err(no_phone()),
    };
    // Another's number beside the own log-in is another's sign-up, with nothing proved.
    let claim = Claim { form, proved: known == Some(Known { worker, proved: true }) };
    Ok(SignUpRequest {
        job,
        worker,
        idempotency: first16("dayshift idempotency v1", &[key.as_bytes()]),
        body_hash: first16("dayshift body v1", &[body.job.as_bytes(), &worker.0]),
        claim,
    })
}

/// Keeps a second request under the same key out until the first is answered.
pub(super) struct InFlight<'a>(&'a Mutex<BTreeSet<[u8; 16]>>, [u8; 16]);

impl<'a> InFlight<'a> {
    pub(super) fn enter(keys: &'a Mutex<BTreeSet<[u8; 16]>>, key: [u8; 16]) -> Result<Self, Problem> {
        if keys.lock().unwrap_or_else(PoisonError::into_inner).insert(key) {
            Ok(Self(keys, key))
        } else {
            Err(Problem::new("in-flight", "ask again in a second"))
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

pub(super) fn refused(refusal: SignUpRefusal) -> Problem {
    match refusal {
        SignUpRefusal::UnknownJob => Problem::new("unknown-job", refusal.to_string()),
        SignUpRefusal::Closed => Problem::new("closed", refusal.to_string()),
        SignUpRefusal::AlreadySignedUp(other) => Problem::new("already-signed-up", other.to_string()),
        SignUpRefusal::Unfit(unfit) => unfit_of(&unfit),
        SignUpRefusal::KeyReused => Problem::new("key-reused", refusal.to_string()),
        SignUpRefusal::Retired => Problem::new("frozen", refusal.to_string()),
        SignUpRefusal::Draining => Problem::new("draining", refusal.to_string()),
        SignUpRefusal::Store(error) => Problem::from(error),
    }
}

/// What keeps a worker from a job, with a plugin's own words where it is one.
pub(super) fn unfit_of(unfit: &Unfit) -> Problem {
    let problem = Problem::new(unfit.code(), unfit.to_string());
    match unfit {
        Unfit::NotAdmitted(denial) => problem.rule(denial),
        Unfit::Overlap(_)
        | Unfit::ProfileNeeded
        | Unfit::TooYoung(_)
        | Unfit::AgeUnknown(_)
        | Unfit::CertificateMissing(_)
        | Unfit::LanguageMissing(_)
        | Unfit::TooFar { .. }
        | Unfit::RuleUnanswered(_) => problem,
    }
}

/// Signs a worker up; also what the kiosk's form calls.
pub(crate) async fn submit(app: &App, key: &str, body: &SignUpBody, asker: Asker) -> Result<Answer, Problem> {
    let result = decide(app, key, body, asker).await;
    let outcome = match result.as_ref().map(|answer| answer.status) {
        Ok(Status::Confirmed) => Label::Confirmed,
        Ok(Status::WaitListed) => Label::WaitListed,
        Ok(Status::Requested) => Label::Requested,
        Ok(Status::Cancelled | Status::Bumped) | Err(_) => Label::Refused,
    };
    app.shared.metrics.sign_ups.get_or_create(&OutcomeLabel { outcome }).inc();
    result
}

async fn decide(app: &App, key: &str, body: &SignUpBody, asker: Asker) -> Result<Answer, Problem> {
    let request = request(app, key, body, asker)?;
    let _guard = InFlight::enter(&app.in_flight, request.idempotency)?;
    // Whoever is logged in is not shut out by others who type the same number.
    let counted = if request.claim.proved { Vec::new() } else { vec![request.worker] };
    let counted = Counted::take(app, counted)?;
    let decided = carry_out(app, request).await;
    counted.settle(&decided, |answer| answer.repeated);
    decided
}

async fn carry_out(app: &App, request: SignUpRequest) -> Result<Answer, Problem> {
    let (reply, answer) = oneshot::channel();
    app.send(Event::SignUp(request, reply))?;
    let pending = match app.wait(answer).await?.map_err(refused)? {
        Decision::Answer(answer) => return Ok(*answer),
        Decision::Ask(pending) => pending,
    };
    let outcome = uplink::ask(&app.questions, pending.ask.clone()).await;
    let (reply, answer) = oneshot::channel();
    app.send(Event::CompleteAsk(Box::new(pending), outcome, reply))?;
    app.wait(answer).await?.map_err(refused)
}

/// The client's key for a request and all of its retries.
pub(super) fn key_of(headers: &HeaderMap) -> Result<&str, Problem> {
    let key =
        headers.get("idempotency-key").ok_or_else(|| Problem::new("key-missing", "send Idempotency-Key"))?;
    let key = key.to_str().ok().filter(|key| (1..=KEY_CHARS_MAX).contains(&key.len()));
    key.ok_or_else(|| Problem::new("bad-request", "Idempotency-Key: 1 to 128 ASCII characters"))
}

/// Creates a sign-up.
#[utoipa::path(post, path = "/v1/sign_ups", request_body = SignUpBody,
    params(("Idempotency-Key" = String, Header, example = "8e03978e-40d5-43dd-bc93-6894a57f9324",
        description = "Fresh and random, 1 to 128 ASCII characters; the same for each retry.")),
    responses((status = 201, body = SignUpJson, description = "Confirmed, wherever the same key was answered before.", headers(("Dayshift-Bookmark" = String, description = "See the beginning."))),
    (status = 202, body = SignUpJson, description = "Wait-listed or requested.", headers(("Dayshift-Bookmark" = String, description = "See the beginning."))),
    (status = 400, body = Problem, description = "`key-missing`, or `bad-request`; `errors` names each field at fault."),
    (status = 404, body = Problem, description = "`unknown-job`."),
    (status = 409, body = Problem, description = "`closed`, `already-signed-up`, `in-flight`; or what keeps the worker from the job: `overlap`, `profile-needed`, `too-young`, `age-unknown`, `certificate-missing`, `language-missing`, `too-far`, `not-admitted` with `rule`."),
    (status = 422, body = Problem, description = "`key-reused`."),
    (status = 503, body = Problem, description = "`busy`, `frozen`, `draining` or `rule-unanswered`."), (status = 507, body = Problem, description = "`disk-full`.")))]
pub(crate) async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Json<SignUpBody>, JsonRejection>,
) -> Result<(StatusCode, HeaderMap, Json<SignUpJson>), Problem> {
    let key = key_of(&headers)?;
    let Json(body) = body.map_err(|error| Problem::body(&error))?;
    let worker = workers::logged_in(&app, workers::bearer(&headers).as_ref());
    let asker = Asker { form: None, known: worker.map(|worker| Known { worker, proved: true }) };
    let answer =
        submit(&app, key, &body, asker).await.map_err(|problem| hidden(problem, worker.is_some()))?;
    let status = if answer.status == Status::Confirmed { StatusCode::CREATED } else { StatusCode::ACCEPTED };
    Ok((status, bookmark::header(&app, [answer.sign_up]), Json(SignUpJson::of(&app, answer))))
}

/// Which sign-up is in the way is for its worker to know; whoever has typed a number may be somebody else.
pub(super) fn hidden(problem: Problem, is_proved: bool) -> Problem {
    match problem.code {
        "already-signed-up" | "overlap" if !is_proved => {
            Problem::new(problem.code, "the six digits of its ticket show it; or log in")
        }
        _ => problem,
    }
}

fn unknown(id: &str) -> Problem {
    Problem::new("unknown-sign-up", format!("no sign-up {id} here"))
}

/// What a reader of a sign-up shows.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShownParameters {
    /// The six digits of its ticket. Without them the answer has neither digits nor receipt.
    code: Option<String>,
}

/// Reads a sign-up as it stands.
#[utoipa::path(get, path = "/v1/sign_ups/{id}",
    params(("id" = String, Path, description = "A sign-up's id.", example = "s7-1-1"), ShownParameters),
    responses((status = 200, body = SignUpJson), (status = 404, body = Problem, description = "`unknown-sign-up`."),
        (status = 429, body = Problem, description = "Too many wrong digits.")))]
pub(crate) async fn show(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(id): Path<String>,
    Query(shown): Query<ShownParameters>,
) -> Result<(HeaderMap, Json<SignUpJson>), Problem> {
    let sign_up: SignUpId = id.parse().map_err(|_| unknown(&id))?;
    let found = app.shared.readers.read(|tx| {
        let row = tx.sign_up(sign_up)?;
        row.map(|row| stands(tx, &row, app.shared.writer())).transpose()
    })?;
    let (mut answer, question) = found.ok_or_else(|| unknown(&id))?;
    if let Some(code) = shown.code {
        app.take_guess(peer.ip()).map_err(Problem::too_many_guesses)?;
        if code != answer.code {
            return Err(unknown(&id));
        }
        app.guessed_right(peer.ip());
    } else {
        // Ids are dense: who counts them up learns how places stand, and no ticket.
        (answer.code, answer.receipt) = (String::new(), None);
    }
    let answer = placed(&app, answer, question).await;
    Ok((bookmark::header(&app, [sign_up]), Json(SignUpJson::of(&app, answer))))
}

/// How a sign-up stands, and the question to the hub that its place in line is still to be told by.
fn stands(
    tx: &mut dyn ShardTx,
    row: &SignUpRow,
    writer: Writer,
) -> Result<(Answer, Option<Ask>), StoreError> {
    Ok((answer_of(tx, row)?, place_question(tx, row, writer)?))
}

/// The place in line as the hub counts it now: those before have moved on, or others came before. How often somebody looks is
/// no concern of the hub's.
async fn placed(app: &App, answer: Answer, question: Option<Ask>) -> Answer {
    let is_up = app.shared.uplink() == Line::Up;
    let may_ask = |_: &Ask| {
        is_up
            && app
                .places
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(answer.sign_up, app.now_ms())
                .is_ok()
    };
    let Some(question) = question.filter(may_ask) else { return answer };
    let Some(HubOutcome::WaitListed { position }) = uplink::ask(&app.questions, question).await else {
        return answer;
    };
    // Where the loop is too busy to keep it, the next look asks again.
    let _busy = app.send(Event::Placed(answer.sign_up, position));
    Answer { position: Some(position), at_this_node: false, ..answer }
}

/// The six digits of a ticket.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindParameters {
    #[param(example = "482913")]
    code: String,
}

/// Finds a sign-up by its six digits: the latest one that has them. Whoever asks for wrong ones too often waits. Nodes that
/// were cut off from one another may have given the same digits, and then nobody is shown the ticket of somebody else.
pub(crate) async fn by_code(app: &App, from: IpAddr, code: &str) -> Result<Option<Answer>, Problem> {
    app.take_guess(from).map_err(Problem::too_many_guesses)?;
    let found = app.shared.readers.read(|tx| {
        let mut rows = tx.sign_ups_by_code(code)?;
        rows.sort_by_key(|row| (row.status().is_current(), row.fields.created_at));
        let mut stand = 0;
        for row in rows.iter().filter(|row| row.status().is_current()) {
            let job = tx.job_summary(row.vshard, row.fields.job)?;
            stand += usize::from(job.is_none_or(|job| job.end_at > app.shared.now()));
        }
        let last = rows.pop().map(|row| stands(tx, &row, app.shared.writer())).transpose()?;
        Ok(last.map(|last| (last, stand > 1)))
    })?;
    let Some(((answer, question), is_shared)) = found else { return Ok(None) };
    app.guessed_right(from);
    if is_shared {
        return Err(Problem::new("shared-digits", "two nodes that were cut off from one another gave them"));
    }
    Ok(Some(placed(app, answer, question).await))
}

/// Finds a sign-up by its six digits.
#[utoipa::path(get, path = "/v1/sign_ups", params(FindParameters), responses(
    (status = 200, body = SignUpJson), (status = 404, body = Problem, description = "`unknown-sign-up`."),
    (status = 409, body = Problem, description = "`shared-digits`."),
    (status = 429, body = Problem, description = "`too-many-guesses`; Retry-After says how long to wait.")))]
pub(crate) async fn find(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Query(parameters): Query<FindParameters>,
) -> Result<(HeaderMap, Json<SignUpJson>), Problem> {
    let found = by_code(&app, peer.ip(), &parameters.code).await?;
    let answer = found.ok_or_else(|| unknown("with these digits"))?;
    Ok((bookmark::header(&app, [answer.sign_up]), Json(SignUpJson::of(&app, answer))))
}

/// Ends a sign-up at its worker's wish.
pub(crate) async fn cancel(app: &App, sign_up: SignUpId) -> Result<Answer, Problem> {
    let (reply, answer) = oneshot::channel();
    app.send(Event::Cancel(sign_up, reply))?;
    app.wait(answer).await?.map_err(|refusal| match refusal {
        CancelRefusal::Unknown => unknown(&sign_up.to_string()),
        CancelRefusal::Came => Problem::new("checked-in", refusal.to_string()),
        CancelRefusal::Retired => Problem::new("frozen", refusal.to_string()),
        CancelRefusal::Store(error) => Problem::from(error),
    })
}

/// How a worker proves that a sign-up is his.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelBody {
    /// The phone number that it was made with; may be left out by a worker who is logged in.
    phone: Option<String>,
    /// The six digits of its ticket; may be left out by a worker who is logged in.
    code: Option<String>,
}

/// What a command reads: `:cancel` who asks, `:confirm_minutes` the minutes; the others read nothing.
#[derive(utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "each command reads its own; this describes them")]
pub(crate) enum CommandBody {
    Cancel(CancelBody),
    Minutes(attendance::MinutesBody),
}

/// What a command answers: how the sign-up stands, or after an agency's command its attendance.
#[derive(utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "each command answers its own; this describes them")]
pub(crate) enum CommandJson {
    Worker(SignUpJson),
    Agency(attendance::AttendanceJson),
}

/// Lets the worker of a sign-up pass. Ids are dense, and a number may be known to others: whoever has both is not its
/// worker yet.
fn owned(
    app: &App,
    from: IpAddr,
    headers: &HeaderMap,
    sign_up: SignUpId,
    body: &[u8],
) -> Result<(), Problem> {
    let body: CancelBody = if body.is_empty() {
        CancelBody::default()
    } else {
        serde_json::from_slice(body).map_err(|error| Problem::new("bad-request", error.to_string()))?
    };
    let row = app.shared.readers.read(|tx| tx.sign_up(sign_up))?;
    let SignUpFields { worker, code, .. } = row.ok_or_else(|| unknown(&sign_up.to_string()))?.fields;
    if workers::logged_in(app, workers::bearer(headers).as_ref()) == Some(worker) {
        return Ok(());
    }
    app.take_guess(from).map_err(Problem::too_many_guesses)?;
    let phone = body.phone.and_then(|phone| crate::phone::PhonePlan::from(app.shared.country).read(&phone));
    let is_theirs = phone.is_some_and(|phone| WorkerId::of_phone(&app.shared.region_key, &phone) == worker);
    if is_theirs && body.code.as_ref() == Some(&code) {
        app.guessed_right(from);
        return Ok(());
    }
    let what =
        "send the phone number that the place was taken with, and the six digits of its ticket; or log in";
    Err(Problem::new("not-yours", what))
}

/// Commands on a sign-up: `{id}:cancel` of its worker; of the agency, with its key, `:check_in`, `:check_out`,
/// `:confirm_minutes` (with a body `{"minutes": 480}`), `:no_show` and `:dismiss`.
#[utoipa::path(post, path = "/v1/sign_ups/{id}",
    params(("id" = String, Path, description = "Sign-up id, a colon and the command")),
    request_body(content = Option<CommandBody>), security(()),
    responses((status = 200, body = CommandJson, description = "How the sign-up stands; after an agency's command its attendance", headers(("Dayshift-Bookmark" = String, description = "See the beginning."))),
    (status = 400, body = Problem, description = "`bad-request`."), (status = 401, body = Problem, description = "`unauthorised`, of an agency's command."),
    (status = 403, body = Problem, description = "`not-yours`."), (status = 404, body = Problem, description = "`unknown-sign-up` or `unknown-route`."),
    (status = 409, body = Problem, description = "What stands does not allow it."), (status = 429, body = Problem, description = "`too-many-guesses`."),
    (status = 503, body = Problem, description = "`busy` or `frozen`."), (status = 507, body = Problem, description = "`disk-full`.")))]
pub(crate) async fn command(
    State(app): State<App>,
    Path(id): Path<String>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    scope: Result<TenantScope, Problem>,
    body: Bytes,
) -> Result<Response, Problem> {
    let known = || {
        let agency = attendance::COMMANDS.map(|name| format!(":{name}")).join(", ");
        Problem::new("unknown-route", format!("the commands are: :cancel, {agency}"))
    };
    let (id, command) = id.split_once(':').ok_or_else(known)?;
    let of = |id: &str| id.parse::<SignUpId>().map_err(|_| unknown(id));
    if command == "cancel" {
        let sign_up = of(id)?;
        owned(&app, peer.ip(), &headers, sign_up, &body)?;
        let answer = cancel(&app, sign_up).await?;
        return Ok((bookmark::header(&app, [sign_up]), Json(SignUpJson::of(&app, answer))).into_response());
    }
    if !attendance::COMMANDS.contains(&command) {
        return Err(known());
    }
    let scope = scope?;
    let sign_up = of(id)?;
    let done = attendance::command(&app, &scope, sign_up, command, &body).await?;
    Ok((bookmark::header(&app, [sign_up]), Json(done)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_request_under_a_key_waits_for_the_first() {
        let keys = Mutex::default();
        let first = InFlight::enter(&keys, [1; 16]).unwrap();
        let second = InFlight::enter(&keys, [1; 16]).map(drop).unwrap_err();
        assert_eq!((second.status, second.code, second.retry_after_s()), (409, "in-flight", Some(1)));
        assert!(InFlight::enter(&keys, [2; 16]).is_ok(), "another key");
        drop(first);
        assert!(InFlight::enter(&keys, [1; 16]).is_ok(), "the first is answered");
    }
}
