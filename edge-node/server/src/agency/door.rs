//! The door: who is logged in, and how one gets in and out.

use super::{
    Pairs,
    session::Token,
    view::{Frame, LoginPage, show},
};
use crate::{
    app::App,
    http::{Problem, tenant::TenantScope},
    kiosk::{routes::is_foreign, text::Lang},
};
use axum::{
    Form,
    extract::{FromRequest, FromRequestParts, Query, Request, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use std::time::Instant;

/// A clerk who is logged in, with what his address says.
#[derive(Debug, Clone)]
pub(crate) struct Clerk {
    pub(super) app: App,
    pub(super) scope: TenantScope,
    pub(super) lang: Lang,
    pub(super) query: Pairs,
    token: Token,
}

impl Clerk {
    /// What surrounds a page at `here`.
    pub(super) fn frame(&self, here: &'static str) -> Frame {
        Frame::new(&self.app, self.lang, here, self.scope.name.clone(), self.token.form_token())
    }

    /// A problem in the clerk's words.
    pub(super) fn explain(&self, problem: &Problem) -> Response {
        super::view::trouble(self.frame("/agency"), problem)
    }
}

/// The form of a clerk who is logged in, sent from one of our own pages.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(super) clerk: Clerk,
    pub(super) form: Pairs,
}

fn home_lang(app: &App) -> Lang {
    if app.shared.country == crate::country::Country::UnitedStates { Lang::EN } else { Lang::ZH }
}

fn query(parts: &Parts) -> Pairs {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|query| query.0);
    Pairs::of(pairs.unwrap_or_default())
}

fn token(headers: &HeaderMap) -> Option<Token> {
    headers.get_all(header::COOKIE).iter().filter_map(|cookie| cookie.to_str().ok()).find_map(Token::read)
}

impl FromRequestParts<App> for Clerk {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let query = query(parts);
        let asked = Lang::from_code(query.get("lang"));
        let refused = || login_page(app, asked.unwrap_or_else(|| home_lang(app)), false);
        let token = token(&parts.headers).ok_or_else(refused)?;
        let login = app.clerks(|clerks| {
            if let Some(lang) = asked {
                clerks.speak(&token, lang);
            }
            clerks.find(&token, Instant::now())
        });
        let login = login.ok_or_else(refused)?;
        let scope = TenantScope::of_login(app, &login.key_hash, login.key).ok_or_else(refused)?;
        Ok(Self { app: app.clone(), scope, lang: login.lang, query, token })
    }
}

impl FromRequest<App> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let clerk = Clerk::from_request_parts(&mut parts, app).await?;
        let foreign = || {
            clerk.explain(&Problem::new("foreign-form", "the form is of another site or of an old log-in"))
        };
        if is_foreign(&parts.headers) {
            return Err(foreign());
        }
        let form = read(Request::from_parts(parts, body), app).await?;
        if !clerk.token.is_form_token(form.get("csrf")) {
            return Err(foreign());
        }
        Ok(Self { clerk, form })
    }
}

async fn read(request: Request, app: &App) -> Result<Pairs, Response> {
    let form: Result<Form<Vec<(String, String)>>, FormRejection> = Form::from_request(request, app).await;
    form.map(|Form(pairs)| Pairs::of(pairs)).map_err(IntoResponse::into_response)
}

fn login_page(app: &App, lang: Lang, wrong: bool) -> Response {
    let frame = Frame::new(app, lang, "/agency", String::new(), String::new());
    show(StatusCode::UNAUTHORIZED, &LoginPage { f: frame, wrong })
}

/// `POST /agency/login`: the tenant's key for a cookie.
pub(super) async fn log_in(State(app): State<App>, request: Request) -> Response {
    if is_foreign(request.headers()) {
        return Problem::new("foreign-form", "the form is of another site").into_response();
    }
    let form = match read(request, &app).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let lang = Lang::from_code(form.get("lang")).unwrap_or_else(|| home_lang(&app));
    let key = form.get("key").trim();
    if TenantScope::of_key(&app, key).is_none() {
        return login_page(&app, lang, true);
    }
    match app.clerks(|clerks| clerks.begin(key, lang, Instant::now())) {
        Ok(token) => ([(header::SET_COOKIE, token.cookie())], Redirect::to("/agency")).into_response(),
        Err(error) => Problem::internal(&anyhow::Error::new(error)).into_response(),
    }
}

/// `POST /agency/logout`.
pub(super) async fn log_out(Sent { clerk, .. }: Sent) -> Response {
    clerk.app.clerks(|clerks| clerks.end(&clerk.token));
    ([(header::SET_COOKIE, Token::no_cookie())], Redirect::to("/agency")).into_response()
}
