//! The pages of an agency's clerk: today's shifts, who comes, the gate, the timesheet.
//!
//! Plain forms and links under `/agency`. Each handler takes a [`Clerk`], so that no page is without a log-in, and
//! each form a [`Sent`], so that none is taken from another site.

mod board;
mod door;
mod end;
mod gate;
mod post;
mod seats;
mod sheet;
mod view;

use crate::app::App;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
};
use pages::{
    agency,
    forms::{Pairs, guard},
    limits::FORM_BYTES_MAX,
};

type Clerk = agency::Clerk<App>;
type Sent = agency::Sent<App>;

/// All routes of the agency's pages.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/agency", get(board::show))
        .route("/agency/rows", post(post::send))
        .route("/agency/end", get(end::ask).post(end::send))
        .route("/agency/rule", post(post::rule))
        .route("/agency/seats", get(seats::ask).post(seats::send))
        .route("/agency/gate", get(gate::show).post(gate::send))
        .route("/agency/timesheet", get(sheet::show).post(sheet::send))
        .route("/agency/timesheet.csv", get(sheet::csv))
        .merge(agency::door::routes())
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(axum::middleware::from_fn(guard))
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
