//! The pages of an agency's clerk at the hub: shifts to post in a region, who comes in all of its halls, the hours.
//!
//! The same desk as at a node. What a page shows is what nodes have told by now, and it says of when. Each handler takes a
//! [`Clerk`] with its [`scope::TenantScope`], so that no page is without a log-in and none looks at what is another's.

mod board;
mod desk;
mod end;
mod post;
mod scope;
mod seats;
mod sheet;
mod view;

pub(crate) use desk::Office;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn,
    routing::{get, post},
};
use jiff::civil::Date;
use pages::{
    agency::{self, door},
    forms::{Pairs, guard},
    limits::FORM_BYTES_MAX,
};

type Clerk = agency::Clerk<Office>;
type Sent = agency::Sent<Office>;

/// All routes of the agency's pages.
pub(crate) fn routes() -> Router<Office> {
    Router::new()
        .route("/agency", get(board::show))
        .route("/agency/rows", post(post::send))
        .route("/agency/end", get(end::ask).post(end::send))
        .route("/agency/seats", get(seats::ask).post(seats::send))
        .route("/agency/who", get(board::who))
        .route("/agency/gate", get(board::gate))
        .route("/agency/timesheet", get(sheet::show))
        .route("/agency/timesheet.csv", get(sheet::csv))
        .merge(door::routes())
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(from_fn(guard))
}

/// The day that an address or a form names; today where it names none.
fn day_of(clerk: &Clerk, pairs: &Pairs, name: &str) -> Date {
    pairs.get(name).parse().unwrap_or_else(|_| clerk.scope.region.now().date())
}
