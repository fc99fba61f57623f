//! A worker's own profile: enrol, log in, look, change, erase. Whoever is not proved learns nothing of anybody.

use super::{Problem, base64url, codes, jobs::rfc3339, problem::FieldError, sign_ups};
use crate::{
    app::App,
    person::{
        Known, Pin, Token, card,
        codes::{CodeWay, Typed},
        record::{self, Fits, Found, Record, Told, random},
    },
    rates::Counted,
};
use axum::{
    Json,
    extract::{ConnectInfo, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header},
};
use edge_core::person::{Born, Contact, Facts, Regional};
use pages::Lang;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
};
use sync_protocol::{
    documents::demands::{CODES_MAX, check_certificate, check_language},
    ids::WorkerId,
};

const NAME_CHARS_MAX: usize = 60;
/// Farther than any hall's workers go.
const DISTANCE_M_MAX: u32 = 200_000;

/// What a worker tells of himself; what is left out stays as it is, or unknown.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ProfileBody {
    /// To enrol. As in a sign-up.
    pub(crate) phone: Option<String>,
    /// Four to eight digits, not all equal or counted.
    pub(crate) pin: Option<String>,
    pub(crate) name: Option<String>,
    /// Year, or day as 1990-05-17. Empty: forget it.
    pub(crate) born: Option<String>,
    /// Codes as in a job.
    pub(crate) certificates: Option<Vec<String>>,
    /// Codes of two or three letters.
    pub(crate) languages: Option<Vec<String>>,
    /// The farthest that the worker wants to go. 0: forget it.
    pub(crate) distance_m_max: Option<u32>,
    /// Where the worker sets out, degrees; together with `lon`.
    pub(crate) lat: Option<f64>,
    pub(crate) lon: Option<f64>,
    /// Make a new card; the one before is void.
    pub(crate) new_card: Option<bool>,
    /// Code of the language in which the kiosk greets whoever shows this worker's card, and in which messages are written, such as
    /// zh. Empty: forget it.
    pub(crate) lang: Option<String>,
    /// To enrol where codes are sent to phones: the six digits that came.
    pub(crate) code: Option<String>,
}

/// How a worker proves who he is.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProofBody {
    phone: Option<String>,
    /// The text of the card's QR code.
    card: Option<String>,
    pin: String,
}

/// A profile, for its worker's eyes.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ProfileJson {
    name: String,
    phone: String,
    born: Option<String>,
    certificates: BTreeSet<String>,
    languages: BTreeSet<String>,
    distance_m_max: Option<u32>,
    lat: Option<f64>,
    lon: Option<f64>,
    lang: Option<String>,
    /// Text of a fresh card, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<String>,
    /// Bearer token, where this request began a log-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
}

/// A log-in.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct LogInJson {
    /// Send it as Authorization: Bearer.
    session: String,
    /// Seconds without a request after which it ends.
    idle_s: u64,
}

/// What remains of an erased worker.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ErasedJson {
    /// Id of the order in hexadecimal digits, under which the hub lists the nodes that have followed it.
    order: String,
    at: String,
    /// This node's signed receipt, base64url.
    receipt: String,
}

pub(crate) fn unproved() -> Problem {
    Problem::new("unproved", "log in with phone or card, and PIN")
}

impl ProfileJson {
    fn of(record: &Record, card: Option<String>, session: Option<&Token>) -> Self {
        let (contact, facts) = (record.contact.reveal().clone(), record.facts.reveal().clone());
        let degrees = |e6: i32| f64::from(e6) / 1e6;
        Self {
            name: contact.name,
            phone: contact.phone,
            born: facts.born.map(|born| born.to_string()),
            certificates: facts.certificates,
            languages: facts.languages,
            distance_m_max: facts.distance_m_max,
            lat: facts.home.map(|(lat, _)| degrees(lat)),
            lon: facts.home.map(|(_, lon)| degrees(lon)),
            lang: contact.lang,
            card,
            session: session.map(|token| base64url(token)),
        }
    }
}

/// The token of a request's bearer, where it has one of that form.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<Token> {
    token(headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?)
}

/// Reads a log-in's token from its text.
pub(crate) fn token(text: &str) -> Option<Token> {
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    base64::Engine::decode(&engine, text.trim()).ok()?.try_into().ok()
}

/// The worker who is logged in under a token.
pub(crate) fn logged_in(app: &App, token: Option<&Token>) -> Option<WorkerId> {
    let known = app.persons.sessions().touch(token?, app.now_ms())?;
    known.proved.then_some(known.worker)
}

fn record_of(app: &App, headers: &HeaderMap) -> Result<Record, Problem> {
    let worker = logged_in(app, bearer(headers).as_ref()).ok_or_else(unproved)?;
    read(app, worker)
}

/// The record of a worker who is logged in.
pub(crate) fn read(app: &App, worker: WorkerId) -> Result<Record, Problem> {
    match record::find(app, worker)? {
        Found::Record(record) => Ok(*record),
        Found::Nothing => Err(unproved()),
        Found::Damaged(_) => Err(Problem::new("enrol-again", "this node's record of the worker is damaged")),
    }
}

/// Begins a log-in for a worker who was proved.
fn begin(app: &App, worker: WorkerId) -> Result<Token, Problem> {
    let (token, now_ms) = (random()?, app.now_ms());
    app.persons.sessions().begin(&token, Known { worker, proved: true }, now_ms);
    Ok(token)
}

/// Checks a PIN, after as many tries as there may be. Unknown and wrong are one answer, after one time.
pub(crate) async fn prove(app: &App, worker: WorkerId, pin: &str, from: IpAddr) -> Result<(), Problem> {
    match prove_or_given(app, worker, pin, from).await? {
        Fits::Own => Ok(()),
        Fits::Given | Fits::No => Err(unproved()),
    }
}

/// The same, and says of a PIN that the operator gave that it is one.
pub(crate) async fn prove_or_given(
    app: &App,
    worker: WorkerId,
    pin: &str,
    from: IpAddr,
) -> Result<Fits, Problem> {
    let now_ms = app.now_ms();
    app.persons.tries().take(worker, from, now_ms).map_err(Problem::too_many_tries)?;
    // What is no PIN is compared as well, as one that nobody can choose.
    let pin = Pin::read(pin).or_else(|| Pin::read("0000")).ok_or_else(unproved)?;
    match record::proves(app, worker, pin).await? {
        Fits::No => Err(unproved()),
        fits @ (Fits::Own | Fits::Given) => {
            app.persons.tries().was_right(worker, from);
            Ok(fits)
        }
    }
}

/// The worker whom a phone number or a card names.
pub(crate) fn named(app: &App, phone: Option<&str>, card: Option<&str>) -> Result<WorkerId, Problem> {
    match (phone, card) {
        (Some(phone), None) => sign_ups::worker_of(app, phone),
        (None, Some(text)) => {
            Ok(app.shared.readers.read(|tx| card::holder(tx, &app.shared.region_key, text))?)
        }
        (Some(_), Some(_)) | (None, None) => {
            Err(Problem::new("bad-request", "give phone or card, and not both"))
        }
    }
}

/// What a body tells, checked; `before` is what is known.
fn told(body: &ProfileBody, before: (Contact, Facts)) -> Result<Told, Problem> {
    let (mut contact, mut facts) = before;
    let mut faults = Vec::new();
    let mut fault = |field: &str, detail: String| {
        faults.push(FieldError { field: field.to_owned(), reason: "profile_wrong", detail });
    };
    if let Some(name) = &body.name {
        contact.name = name.trim().to_owned();
        if contact.name.chars().count() > NAME_CHARS_MAX || contact.name.chars().any(char::is_control) {
            fault("name", format!("write {NAME_CHARS_MAX} characters at most, on one line"));
        }
    }
    if let Some(lang) = &body.lang {
        contact.lang = Some(lang.trim().to_owned()).filter(|lang| !lang.is_empty());
        if contact.lang.as_deref().is_some_and(|lang| Lang::from_code(lang).is_none()) {
            let known: Vec<_> = Lang::all().map(Lang::code).collect();
            fault("lang", format!("write a language of this node: {}", known.join(", ")));
        }
    }
    if let Some(born) = &body.born {
        facts.born = Born::parse(born);
        if facts.born.is_none() && !born.trim().is_empty() {
            fault("born", "write a year such as 1990, or a day such as 1990-05-17".to_owned());
        }
    }
    let mut codes = |field: &str, given: &Option<Vec<String>>, check: fn(&str) -> Result<(), String>| {
        let codes = given.as_ref()?.iter().map(|code| code.trim().to_lowercase()).collect::<BTreeSet<_>>();
        let wrong = codes.iter().find_map(|code| check(code).err());
        let wrong = wrong.or_else(|| (codes.len() > CODES_MAX).then(|| format!("{CODES_MAX} codes at most")));
        if let Some(wrong) = wrong {
            fault(field, wrong);
        }
        Some(codes)
    };
    facts.certificates =
        codes("certificates", &body.certificates, check_certificate).unwrap_or(facts.certificates);
    facts.languages = codes("languages", &body.languages, check_language).unwrap_or(facts.languages);
    if let Some(most) = body.distance_m_max {
        facts.distance_m_max = Some(most).filter(|most| *most > 0);
        if most > DISTANCE_M_MAX {
            fault("distance_m_max", format!("write {DISTANCE_M_MAX} at most"));
        }
    }
    match home(body) {
        Ok(home) => facts.home = home.or(facts.home),
        Err(wrong) => fault("lat", wrong),
    }
    let pin = match body.pin.as_deref().map(Pin::choose) {
        Some(Err(wrong)) => {
            fault("pin", wrong.to_owned());
            None
        }
        Some(Ok(pin)) => Some(pin),
        None => None,
    };
    if !faults.is_empty() {
        return Err(Problem::fields(faults));
    }
    let new_card = body.new_card.unwrap_or_default();
    Ok(Told { contact: Some(Regional::new(contact)), facts: Some(Regional::new(facts)), pin, new_card })
}

fn home(body: &ProfileBody) -> Result<Option<(i32, i32)>, String> {
    #[expect(clippy::cast_possible_truncation, reason = "at most 180 million")]
    let e6 = |degrees: f64| (degrees * 1e6).round() as i32;
    match (body.lat, body.lon) {
        (None, None) => Ok(None),
        (Some(lat), Some(lon)) => {
            sync_protocol::documents::posting::position(lat, lon).map(|()| Some((e6(lat), e6(lon))))
        }
        (Some(_), None) | (None, Some(_)) => Err("give lat and lon, or neither".to_owned()),
    }
}

/// What somebody asks who enrols, checked: who it is, under which number, by which PIN.
fn asked<'a>(app: &App, body: &'a ProfileBody) -> Result<(WorkerId, &'a str, Told), Problem> {
    let wrong = |field: &str, reason, detail: &str| {
        Problem::fields(vec![FieldError { field: field.to_owned(), reason, detail: detail.to_owned() }])
    };
    let phone = body.phone.as_deref().ok_or_else(|| wrong("phone", "missing", "write your phone number"))?;
    let worker = sign_ups::worker_of(app, phone)?;
    let typed =
        body.pin.as_deref().ok_or_else(|| wrong("pin", "missing", "choose a PIN of 4 to 8 digits"))?;
    let plan = crate::phone::PhonePlan::from(app.shared.country);
    let contact = Contact { phone: plan.read(phone).unwrap_or_default(), ..Contact::default() };
    Ok((worker, typed, told(body, (contact, Facts::default()))?))
}

/// Where codes are sent to phones, one proves the number that enrols, as at the kiosk: it is sent where the body has none.
/// Whose number it is; `None` where none can be sent, and a number is taken at its word.
async fn proved_number(app: &App, body: &ProfileBody, from: IpAddr) -> Result<Option<WorkerId>, Problem> {
    if codes::way(app) != CodeWay::Offered {
        return Ok(None);
    }
    // What cannot be taken is told before a code is sent, or used up.
    let (worker, _, told) = asked(app, body)?;
    let contact = told.contact.unwrap_or_default();
    let contact = contact.reveal();
    let Some(typed) = &body.code else {
        let lang = record::lang_of(contact).unwrap_or_else(|| app.shared.country.language());
        codes::send(app, (worker, from), &contact.phone, lang).await?;
        return Err(Problem::new(
            "code-needed",
            "six digits were sent to the phone number; send the same with them as code",
        ));
    };
    match codes::take(app, worker, typed.trim(), &random()?, from).map_err(Problem::too_many_tries)? {
        Typed::Right => Ok(Some(worker)),
        Typed::Wrong => Err(Problem::new("unproved", "code: these are not the digits that were sent")),
        Typed::Over => {
            Err(Problem::new("code-needed", "the code is over; leave code out, and another is sent"))
        }
    }
}

/// Enrols a worker; also what the kiosk's form calls. Returns the text of the card; none for a worker who is enrolled
/// already and proves it, of whom nothing is changed.
pub(crate) async fn enrol(
    app: &App,
    body: &ProfileBody,
    from: IpAddr,
) -> Result<(WorkerId, Option<String>), Problem> {
    let (worker, typed, told) = asked(app, body)?;
    let in_place_of = match record::find(app, worker)? {
        Found::Nothing => None,
        Found::Damaged(kept) => kept,
        Found::Record(_) => {
            prove(app, worker, typed, from).await?;
            return Ok((worker, None));
        }
    };
    Counted::take(app, vec![worker])?;
    let card = record::enrol(app, worker, told, in_place_of).await?;
    Ok((worker, Some(card)))
}

/// Enrols a worker at this node: 201 with a card and a log-in.
///
/// Where the operator has named a sender and the line is up, the number is proved first, as at the kiosk: the first request is
/// answered `code-needed`, and the same again with the `code` that came to the phone enrols. Elsewhere a number is taken at its word.
#[utoipa::path(post, path = "/v1/workers/me", request_body = ProfileBody, security(()), responses(
    (status = 201, body = ProfileJson, description = "Enrolled; the card's text is shown this once"),
    (status = 200, body = ProfileJson,
        description = "Enrolled before, and proved by the PIN or by the code; nothing was changed"),
    (status = 400, body = Problem), (status = 401, body = Problem, description = "`unproved`: PIN or code is wrong."),
    (status = 409, body = Problem,
        description = "`code-needed`: a code was sent to the number, or is over; `changed-meanwhile`: ask again."),
    (status = 429, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn create(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    body: Result<Json<ProfileBody>, JsonRejection>,
) -> Result<(StatusCode, Json<ProfileJson>), Problem> {
    let Json(body) = body.map_err(|error| Problem::body(&error))?;
    let (worker, card) = match proved_number(&app, &body, peer.ip()).await? {
        // Whoever has proved the number by a code needs no PIN to be let in.
        Some(worker) if read(&app, worker).is_ok() => (worker, None),
        Some(_) | None => enrol(&app, &body, peer.ip()).await?,
    };
    let token = begin(&app, worker)?;
    let status = if card.is_some() { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(ProfileJson::of(&read(&app, worker)?, card, Some(&token)))))
}

/// Shows a worker his profile.
#[utoipa::path(get, path = "/v1/workers/me", responses(
    (status = 200, body = ProfileJson), (status = 401, body = Problem)))]
pub(crate) async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Json<ProfileJson>, Problem> {
    Ok(Json(ProfileJson::of(&record_of(&app, &headers)?, None, None)))
}

/// Changes a profile; also what the kiosk's form calls.
pub(crate) async fn change(
    app: &App,
    record: &Record,
    body: &ProfileBody,
) -> Result<Option<String>, Problem> {
    if body.phone.is_some() || body.code.is_some() {
        let detail =
            "phone and code: the number names the worker; enrol the new number, and erase the old one";
        return Err(Problem::new("bad-request", detail));
    }
    let told = told(body, (record.contact.reveal().clone(), record.facts.reveal().clone()))?;
    record::change(app, record, told).await
}

/// Changes what the body names. A new PIN, and a new card, take the place of the old.
#[utoipa::path(patch, path = "/v1/workers/me", request_body = ProfileBody, responses(
    (status = 200, body = ProfileJson), (status = 400, body = Problem), (status = 401, body = Problem),
    (status = 409, body = Problem)))]
pub(crate) async fn update(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Json<ProfileBody>, JsonRejection>,
) -> Result<Json<ProfileJson>, Problem> {
    let record = record_of(&app, &headers)?;
    let Json(body) = body.map_err(|error| Problem::body(&error))?;
    let card = change(&app, &record, &body).await?;
    Ok(Json(ProfileJson::of(&read(&app, record.worker)?, card, None)))
}

/// Erases a worker: here at once, at the region's other nodes as soon as they hear of it.
#[utoipa::path(delete, path = "/v1/workers/me", responses(
    (status = 200, body = ErasedJson), (status = 401, body = Problem)))]
pub(crate) async fn erase(State(app): State<App>, headers: HeaderMap) -> Result<Json<ErasedJson>, Problem> {
    let worker = logged_in(&app, bearer(&headers).as_ref()).ok_or_else(unproved)?;
    let (order, receipt) = record::erase(&app, worker).await?;
    let (order, at) = (order.id.iter().map(|byte| format!("{byte:02x}")).collect(), rfc3339(order.at));
    Ok(Json(ErasedJson { order, at, receipt: base64url(&receipt) }))
}

/// Begins a log-in with phone or card, and PIN.
#[utoipa::path(post, path = "/v1/sessions", request_body = ProofBody, security(()), responses(
    (status = 201, body = LogInJson), (status = 400, body = Problem),
    (status = 401, body = Problem, description = "Unknown or wrong: the answer is the same"),
    (status = 429, body = Problem, description = "Too many wrong PINs; Retry-After says how long to wait")))]
pub(crate) async fn log_in(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    body: Result<Json<ProofBody>, JsonRejection>,
) -> Result<(StatusCode, Json<LogInJson>), Problem> {
    let Json(body) = body.map_err(|error| Problem::body(&error))?;
    let worker = named(&app, body.phone.as_deref(), body.card.as_deref())?;
    prove(&app, worker, &body.pin, peer.ip()).await?;
    let token = begin(&app, worker)?;
    let idle_s = crate::limits::LOG_IN_IDLE_MS / 1_000;
    Ok((StatusCode::CREATED, Json(LogInJson { session: base64url(&token), idle_s })))
}

/// Ends the log-in of the bearer.
#[utoipa::path(delete, path = "/v1/sessions", responses((status = 204)))]
pub(crate) async fn log_out(State(app): State<App>, headers: HeaderMap) -> StatusCode {
    if let Some(token) = bearer(&headers) {
        app.persons.sessions().end(&token);
    }
    StatusCode::NO_CONTENT
}
