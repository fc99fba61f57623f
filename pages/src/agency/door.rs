//! The door: who is logged in, and how one gets in and out.

use super::{
    SHEET,
    logins::{Clerks, Login, Token},
    view::{Frame, LoginPage, show},
};
use crate::{
    Lang,
    forms::{Pairs, caller, came_by_https, is_foreign},
    guesses::Guesses,
};
use axum::{
    Form, Router,
    extract::{FromRequest, FromRequestParts, Query, Request, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use std::{
    fmt::Debug,
    sync::{LazyLock, Mutex, PoisonError},
    time::Instant,
};

/// A server at which clerks log in.
pub trait Desk: Clone + Send + Sync + 'static {
    /// What of the server's data is a tenant's.
    type Scope: Debug + Clone + Send + Sync;
    /// How the server says what went wrong.
    type Problem: Send;

    /// Who is logged in.
    fn clerks(&self) -> &Mutex<Clerks>;

    /// How often keys were tried in vain.
    fn guesses(&self) -> &Mutex<Guesses>;

    /// Whose key this is; `None` where nobody's who may post here.
    fn scope_of_key(&self, key: &str) -> Option<Self::Scope>;

    /// The same of a log-in, with what its address asks for: a key that was replaced in the meantime is nobody's.
    fn scope_of(&self, login: &Login, query: &Pairs) -> Option<Self::Scope>;

    /// The language of the door.
    fn home_lang(&self) -> Lang;

    /// What surrounds a page at `here`; at the door there is no scope and no token of forms.
    fn frame(&self, lang: Lang, here: &'static str, scope: Option<&Self::Scope>, csrf: String) -> Frame;

    /// A form that is of another site or of an old log-in.
    fn foreign_form() -> Self::Problem;

    /// A problem in the clerk's words.
    fn explain(frame: Frame, problem: &Self::Problem) -> Response;
}

/// The routes of the door.
pub fn routes<D: Desk>() -> Router<D> {
    Router::new()
        .route("/agency/login", post(log_in::<D>))
        .route("/agency/logout", post(log_out::<D>))
        .route("/assets/agency.css", get(style))
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], SHEET)
        .into_response()
}

/// Looks at, or changes, who is logged in.
fn clerks<D: Desk, T>(desk: &D, work: impl FnOnce(&mut Clerks) -> T) -> T {
    work(&mut desk.clerks().lock().unwrap_or_else(PoisonError::into_inner))
}

fn guesses<D: Desk, T>(desk: &D, work: impl FnOnce(&mut Guesses) -> T) -> T {
    work(&mut desk.guesses().lock().unwrap_or_else(PoisonError::into_inner))
}

/// Milliseconds of a clock that does not go back.
fn now_ms() -> u64 {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(BEGAN.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// A clerk who is logged in, with what his address says.
#[derive(Debug, Clone)]
pub struct Clerk<D: Desk> {
    pub app: D,
    pub scope: D::Scope,
    pub lang: Lang,
    pub query: Pairs,
    token: Token,
}

impl<D: Desk> Clerk<D> {
    /// What surrounds a page at `here`.
    pub fn frame(&self, here: &'static str) -> Frame {
        self.app.frame(self.lang, here, Some(&self.scope), self.token.form_token())
    }

    /// A problem in the clerk's words.
    pub fn explain(&self, problem: &D::Problem) -> Response {
        D::explain(self.frame("/agency"), problem)
    }
}

/// The form of a clerk who is logged in, sent from one of our own pages.
#[derive(Debug)]
pub struct Sent<D: Desk> {
    pub clerk: Clerk<D>,
    pub form: Pairs,
}

fn query(parts: &Parts) -> Pairs {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|query| query.0);
    Pairs::of(pairs.unwrap_or_default())
}

fn token(headers: &HeaderMap) -> Option<Token> {
    headers.get_all(header::COOKIE).iter().filter_map(|cookie| cookie.to_str().ok()).find_map(Token::read)
}

/// What is the tenant's whose clerk's log-in a request shows.
pub fn shown<D: Desk>(desk: &D, headers: &HeaderMap) -> Option<D::Scope> {
    let token = token(headers)?;
    let login = clerks(desk, |clerks| clerks.find(&token, Instant::now()))?;
    desk.scope_of(&login, &Pairs::default())
}

impl<D: Desk> FromRequestParts<D> for Clerk<D> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, desk: &D) -> Result<Self, Response> {
        let query = query(parts);
        let asked = Lang::from_code(query.get("lang"));
        let refused = || login_page(desk, asked.unwrap_or_else(|| desk.home_lang()), None);
        let token = token(&parts.headers).ok_or_else(refused)?;
        let login = clerks(desk, |clerks| {
            if let Some(lang) = asked {
                clerks.speak(&token, lang);
            }
            clerks.find(&token, Instant::now())
        });
        let login = login.ok_or_else(refused)?;
        let scope = desk.scope_of(&login, &query).ok_or_else(refused)?;
        Ok(Self { app: desk.clone(), scope, lang: login.lang, query, token })
    }
}

impl<D: Desk> FromRequest<D> for Sent<D> {
    type Rejection = Response;

    async fn from_request(request: Request, desk: &D) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let clerk = Clerk::from_request_parts(&mut parts, desk).await?;
        if is_foreign(&parts.headers) {
            return Err(clerk.explain(&D::foreign_form()));
        }
        let form = read(Request::from_parts(parts, body), desk).await?;
        if !clerk.token.is_form_token(form.get("csrf")) {
            return Err(clerk.explain(&D::foreign_form()));
        }
        Ok(Self { clerk, form })
    }
}

async fn read<D: Desk>(request: Request, desk: &D) -> Result<Pairs, Response> {
    let form: Result<Form<Vec<(String, String)>>, FormRejection> = Form::from_request(request, desk).await;
    form.map(|Form(pairs)| Pairs::of(pairs)).map_err(IntoResponse::into_response)
}

/// Why a key was not taken.
#[derive(Debug, Clone, Copy)]
enum Denied {
    Wrong,
    /// Too many wrong ones came from there; seconds until there is a try again.
    TooMany(u64),
}

fn login_page<D: Desk>(desk: &D, lang: Lang, denied: Option<Denied>) -> Response {
    let f = desk.frame(lang, "/agency", None, String::new());
    let said = denied.map(|denied| match denied {
        Denied::Wrong => f.t("a-login-wrong"),
        Denied::TooMany(wait_s) => f.t_n("a-login-wait", u32::try_from(wait_s).unwrap_or(u32::MAX)),
    });
    let page = LoginPage { f, said };
    match denied {
        Some(Denied::TooMany(wait_s)) => {
            ([(header::RETRY_AFTER, wait_s)], show(StatusCode::TOO_MANY_REQUESTS, &page)).into_response()
        }
        Some(Denied::Wrong) | None => show(StatusCode::UNAUTHORIZED, &page),
    }
}

/// `POST /agency/login`: the tenant's key for a cookie.
async fn log_in<D: Desk>(State(desk): State<D>, request: Request) -> Response {
    if is_foreign(request.headers()) {
        let frame = desk.frame(desk.home_lang(), "/agency", None, String::new());
        return D::explain(frame, &D::foreign_form());
    }
    let (from, is_secure) = (caller(&request), came_by_https(request.headers()));
    let form = match read(request, &desk).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let lang = Lang::from_code(form.get("lang")).unwrap_or_else(|| desk.home_lang());
    let key = form.get("key").trim();
    let tried = guesses(&desk, |guesses| guesses.take(from, now_ms()));
    if let Err(wait_s) = tried {
        return login_page(&desk, lang, Some(Denied::TooMany(wait_s)));
    }
    if desk.scope_of_key(key).is_none() {
        return login_page(&desk, lang, Some(Denied::Wrong));
    }
    guesses(&desk, |guesses| guesses.was_right(from));
    match clerks(&desk, |clerks| clerks.begin(key, lang, Instant::now())) {
        Ok(token) => {
            ([(header::SET_COOKIE, token.cookie(is_secure))], Redirect::to("/agency")).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "no random bytes for a log-in");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// `POST /agency/logout`.
async fn log_out<D: Desk>(Sent { clerk, .. }: Sent<D>) -> Response {
    clerks(&clerk.app, |clerks| clerks.end(&clerk.token));
    ([(header::SET_COOKIE, Token::no_cookie())], Redirect::to("/agency")).into_response()
}
