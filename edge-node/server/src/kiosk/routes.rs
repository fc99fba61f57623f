//! The kiosk's pages over HTTP: plain forms and links, every answer made from live state.

mod aloud;
mod ask;
mod cards;
mod crew;
mod enrol;
mod find;
mod give_back;
mod hours;
mod list;
mod me;
mod one;
mod print;
mod sign_up;
mod start;
mod ticket;

use std::sync::LazyLock;

use askama::Template;
use axum::{
    Router,
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};

pub(crate) use self::aloud::keep_speaking;
use self::ask::Ask;
use super::{
    link,
    view::{ErrorPage, SHEET, Trouble},
};
use crate::{app::App, http::Problem};
use http_face::{Has, has};
use pages::forms::{guard, guarded};

/// The tick that means "certain" on every page.
const ICON: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" rx="4" fill="#006347"/><path d="m5 13 5 5 9-12" fill="none" stroke="#fff" stroke-width="3.2" stroke-linecap="round" stroke-linejoin="round"/></svg>"##;

static SHEET_TAG: LazyLock<String> =
    LazyLock::new(|| format!("\"{}\"", &blake3::hash(SHEET.as_bytes()).to_hex()[..16]));

/// All routes of the kiosk, with the page for addresses that nothing else serves.
pub(crate) fn routes() -> Router<App> {
    let below = |path: &str, rest: &str| format!("{path}/{rest}");
    Router::new()
        .route(link::START, get(start::start))
        .route(link::ATTRACT, get(start::attract))
        .route(link::LEAVE, get(start::leave))
        .route(link::FIND, get(find::find))
        .route(link::NEAR, get(list::near))
        .route(&below(link::JOB, "{id}"), get(one::job))
        .route(link::SIGN_UP, get(sign_up::form).post(sign_up::send))
        .route(link::CREW, get(crew::form).post(crew::send))
        .route(&below(link::CREW, "{codes}"), get(crew::tickets))
        .route(&below(link::CREW, "{codes}/print"), post(print::crew))
        .route(&below(link::TICKET, "{code}"), get(ticket::ticket))
        .route(&below(link::TICKET, "{code}/cancel"), get(give_back::form).post(give_back::send))
        .route(&below(link::TICKET, "{code}/hours"), get(hours::form).post(hours::send))
        .route(&below(link::TICKET, "{code}/print"), post(print::ticket))
        .route(link::MINE, get(ticket::mine).post(ticket::find))
        .route(link::ME, get(me::me).post(me::log_in))
        .route(link::ME_ABOUT, get(me::about).post(me::send_about))
        .route(link::ME_CARD, get(me::card).post(me::send_card))
        .route(&below(link::ME_CARD, "print"), post(me::print_card))
        .route(link::ME_CODE, get(me::code).post(me::send_code))
        .route(link::ME_ERASE, get(me::erase).post(me::send_erase))
        .route(link::ME_PIN, get(me::pin).post(me::send_pin))
        .route(link::ENROL, get(enrol::form).post(enrol::send))
        .route(link::HELP, get(one::help))
        .route(&below(link::AUDIO, "{name}"), get(aloud::audio))
        .route(link::SHEET, get(sheet))
        .route(link::ICON, get(icon))
        .fallback(lost)
        .method_not_allowed_fallback(not_so)
        .layer(middleware::from_fn(guard))
}

/// Renders a page.
fn show(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => Problem::internal(&anyhow::Error::new(error)).into_response(),
    }
}

/// Says in plain words what went wrong.
fn trouble(app: &App, ask: &Ask, status: StatusCode, trouble: Trouble) -> Response {
    show(status, &ErrorPage { frame: ask.frame(app, link::Link::to(link::NEAR)), trouble })
}

fn not_found(app: &App, ask: &Ask) -> Response {
    trouble(app, ask, StatusCode::NOT_FOUND, Trouble::NotFound)
}

/// Sends the browser on, so that loading or going back to a page submits nothing.
fn see(ask: &Ask, link: &link::Link) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, link.href(ask.choice))]).into_response()
}

/// Puts a refusal of the interface into the words of the error page.
fn explain(app: &App, ask: &Ask, problem: &Problem) -> Response {
    if matches!(problem.code, "frozen" | "draining") {
        return start::out_of_order(app, ask);
    }
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let said = match problem.code {
        "unknown-job" | "unknown-sign-up" | "unknown-route" => Trouble::NotFound,
        "closed" => Trouble::JobClosed,
        "busy" | "in-flight" | "timeout" | "too-many-requests" => Trouble::TooBusy,
        "too-many-guesses" => Trouble::TooManyGuesses,
        "shared-digits" => Trouble::SharedDigits,
        _ => Trouble::Broken,
    };
    retry_after(problem, trouble(app, ask, status, said))
}

/// Says in the head as well when to ask again.
fn retry_after(problem: &Problem, mut response: Response) -> Response {
    if let Some(wait_s) = problem.retry_after_s() {
        response.headers_mut().insert(header::RETRY_AFTER, wait_s.into());
    }
    response
}

/// Why a form could not be read.
fn unread(app: &App, ask: &Ask, status: StatusCode) -> Response {
    let said = if status == StatusCode::FORBIDDEN { Trouble::Foreign } else { Trouble::Broken };
    trouble(app, ask, status, said)
}

async fn lost(State(app): State<App>, ask: Ask) -> Response {
    not_found(&app, &ask)
}

async fn not_so(State(app): State<App>, ask: Ask) -> Response {
    trouble(&app, &ask, StatusCode::METHOD_NOT_ALLOWED, Trouble::NotFound)
}

async fn sheet(headers: HeaderMap) -> Response {
    let tag = SHEET_TAG.as_str();
    let fixed = [
        (header::CACHE_CONTROL, "no-cache"),
        (header::ETAG, tag),
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
    ];
    if has(&headers, tag) != Has::Other {
        return (StatusCode::NOT_MODIFIED, fixed).into_response();
    }
    (fixed, SHEET.as_str()).into_response()
}

async fn icon() -> Response {
    let fixed = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "max-age=86400")];
    (fixed, ICON).into_response()
}

/// Puts what no handler answered into a page where a browser asked for one: programs keep the problem.
pub(crate) async fn outermost_as_page(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(ask) = Ask::from_request_parts(&mut parts, &app).await;
    let accepts = parts.headers.get(header::ACCEPT).and_then(|accepts| accepts.to_str().ok());
    let is_page = !["/v1", "/problems/"].iter().any(|under| parts.uri.path().starts_with(under));
    let wants_page = is_page && accepts.is_some_and(|accepts| accepts.contains("text/html"));
    let mut response = next.run(Request::from_parts(parts, body)).await;
    match response.extensions_mut().remove::<Problem>().filter(|_| wants_page) {
        Some(problem) => guarded(explain(&app, &ask, &problem)),
        None => response,
    }
}
