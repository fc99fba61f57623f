//! The number of seats of a shift, and closing it: ordered where it is decided, with the refusal in plain words.

use super::{Clerk, Sent, board::line, day_of, desk::trouble_words};
use crate::{http::Problem, orders};
use askama::filters::Safe;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use hub_core::shard::CapRefusal;
use pages::agency::{
    Frame,
    rows::Row,
    view::{Fewer, SeatsPage, done_pair, show},
};
use sync_protocol::{
    command::Change,
    ids::JobId,
    limits::CAP_MAX,
    seats::{BelowConfirmed, Excess},
};

/// Why nothing was changed.
enum Refused {
    /// The form names no number.
    Unreadable,
    Cap(CapRefusal),
    Problem(Problem),
}

/// `GET /agency/seats?shift=`.
pub(super) async fn ask(clerk: Clerk) -> Response {
    let day = day_of(&clerk, &clerk.query, "day").to_string();
    page(&clerk, clerk.query.get("shift"), day, None, 0).await
}

/// The page; `asked` is the number of seats that was refused.
async fn page(clerk: &Clerk, shift: &str, day: String, refused: Option<Refused>, asked: u32) -> Response {
    let f = clerk.frame("/agency");
    let fewer = match &refused {
        Some(Refused::Cap(CapRefusal::BelowConfirmed(below))) => Fewer::than(below.confirmed, asked),
        _ => None,
    };
    let (status, said) = match refused {
        Some(refused) => (status(&refused), Some(said(&f, &refused))),
        None => (StatusCode::OK, None),
    };
    let found = match job(shift) {
        Ok(job) => clerk.scope.shift(&clerk.app, job).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match found {
        Ok(Some(shift)) => {
            let lowest = shift.confirmed().max(1);
            let line = line(clerk, &shift, String::new(), true);
            let key = Row::new().key;
            show(status, &SeatsPage { line, key, most: CAP_MAX, f, day, said, lowest, fewer })
        }
        Ok(None) => clerk.explain(&unknown()),
        Err(problem) => clerk.explain(&problem),
    }
}

fn unknown() -> Problem {
    Problem::not_found("there is no such shift")
}

fn job(shift: &str) -> Result<JobId, Problem> {
    shift.parse().map_err(|_| unknown())
}

const fn status(refused: &Refused) -> StatusCode {
    match refused {
        Refused::Unreadable | Refused::Cap(CapRefusal::OutOfRange) => StatusCode::BAD_REQUEST,
        Refused::Cap(_) => StatusCode::CONFLICT,
        Refused::Problem(problem) => problem.status(),
    }
}

/// The refusal in the clerk's words.
fn said(f: &Frame, refused: &Refused) -> Safe<String> {
    match refused {
        Refused::Cap(CapRefusal::BelowConfirmed(BelowConfirmed { confirmed })) => {
            f.t_n("a-seats-below", *confirmed)
        }
        Refused::Cap(CapRefusal::Closed) => f.t("a-seats-closed"),
        Refused::Unreadable | Refused::Cap(CapRefusal::OutOfRange) => f.t_n("a-seats-range", CAP_MAX),
        Refused::Cap(CapRefusal::UnknownJob) => f.t("a-trouble-unknown"),
        Refused::Cap(CapRefusal::Store(_)) => f.t("a-trouble-busy"),
        Refused::Problem(problem) => trouble_words(f, problem),
    }
}

/// `POST /agency/seats`.
pub(super) async fn send(Sent { clerk, form }: Sent) -> Response {
    let (shift, day) = (form.get("shift"), day_of(&clerk, &form, "day").to_string());
    let asked = form.get("cap").trim().parse();
    let change = match (form.get("do"), asked.clone()) {
        ("close", _) => Ok(Change::Close),
        ("cap", Ok(cap)) => Ok(Change::Cap { cap, excess: Excess::Keep }),
        ("bump", Ok(cap)) => Ok(Change::Cap { cap, excess: Excess::BumpLatest }),
        _ => Err(Refused::Unreadable),
    };
    let ordered = match change {
        Ok(change) => order(&clerk, shift, change).await,
        Err(refused) => Err(refused),
    };
    match ordered {
        Ok(()) => {
            let region = &clerk.scope.region.name;
            let done = done_pair(form.get("do") == "close", asked.unwrap_or_default());
            Redirect::to(&format!("/agency?shift={shift}&day={day}&region={region}&{done}")).into_response()
        }
        Err(refused) => page(&clerk, shift, day, Some(refused), asked.unwrap_or_default()).await,
    }
}

/// Changes one of the tenant's own jobs.
async fn order(clerk: &Clerk, shift: &str, change: Change) -> Result<(), Refused> {
    let job = job(shift).map_err(Refused::Problem)?;
    let known = clerk.scope.job(&clerk.app, job).await.map_err(|error| Refused::Problem(error.into()))?;
    if known.is_none() {
        return Err(Refused::Problem(unknown()));
    }
    let done = orders::change(&clerk.app, clerk.scope.vshard, job, change).await;
    done.map_err(|error| Refused::Problem(error.into()))?.map(drop).map_err(Refused::Cap)
}
