//! The pages of an agency's clerk: today's shifts, who comes, the gate, the timesheet.
//!
//! Plain forms and links under `/agency`. Each handler takes a [`door::Clerk`], so that no page is without a log-in, and
//! each form a [`door::Sent`], so that none is taken from another site.

mod board;
mod door;
mod end;
mod gate;
mod paste;
mod post;
mod rows;
mod session;
mod sheet;
mod view;

use crate::{app::App, limits::FORM_BYTES_MAX};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::header,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
};

pub(crate) use session::Clerks;

const SHEET: &str = include_str!("../assets/agency.css");

/// All routes of the agency's pages.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/agency", get(board::show))
        .route("/agency/login", post(door::log_in))
        .route("/agency/logout", post(door::log_out))
        .route("/agency/rows", post(post::send))
        .route("/agency/end", get(end::ask).post(end::send))
        .route("/agency/rule", post(post::rule))
        .route("/agency/gate", get(gate::show).post(gate::send))
        .route("/agency/timesheet", get(sheet::show).post(sheet::send))
        .route("/agency/timesheet.csv", get(sheet::csv))
        .route("/assets/agency.css", get(style))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(axum::middleware::from_fn(crate::kiosk::routes::guard))
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], SHEET)
        .into_response()
}

/// Name and value pairs of a query or a form; of several with one name the first counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pairs(Vec<(String, String)>);

impl Pairs {
    fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// The hall's wall clock at an epoch second.
fn local(app: &App, epoch_s: i64) -> DateTime {
    let time = Timestamp::from_second(epoch_s).unwrap_or(Timestamp::UNIX_EPOCH);
    app.shared.time_zone.to_datetime(time)
}

/// Epoch seconds at which a day of the hall begins and ends.
pub(crate) fn bounds(app: &App, day: Date) -> (i64, i64) {
    let begins = |day: Date| {
        let at = app.shared.time_zone.to_timestamp(day.at(0, 0, 0, 0));
        at.map_or(0, Timestamp::as_second)
    };
    (begins(day), begins(day.tomorrow().unwrap_or(day)))
}

fn today(app: &App) -> Date {
    local(app, app.shared.now()).date()
}

fn hm(at: DateTime) -> String {
    at.strftime("%H:%M").to_string()
}

/// What a job is paid in where its poster does not say.
fn currency(app: &App) -> &'static str {
    // ISO 4217: 840 is the US dollar.
    if app.shared.currency == 840 { "USD" } else { "CNY" }
}
