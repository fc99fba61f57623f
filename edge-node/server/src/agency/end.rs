//! Taking a place from somebody who has not come: one page that asks once, with the two reasons that there are.

use super::{Clerk, Sent, board::day_of};
use crate::http::Problem;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use edge_core::node::Act;
use pages::agency::{
    view::{EndPage, show},
    who::grouped,
};
use sync_protocol::{
    documents::Status,
    ids::{JobId, SignUpId},
};

fn unknown() -> Problem {
    Problem::new("unknown-sign-up", "no such ticket")
}

fn page(clerk: &Clerk) -> Result<EndPage, Problem> {
    let sign_up: SignUpId = clerk.query.get("sign_up").parse().map_err(|_| unknown())?;
    let found = clerk.app.shared.readers.read(|tx| {
        let Some((row, view)) = clerk.scope.sign_up(tx, sign_up)? else { return Ok(None) };
        Ok(Some((row, clerk.scope.shift(tx, view)?)))
    })?;
    let (row, shift) = found.ok_or_else(unknown)?;
    Ok(EndPage {
        f: clerk.frame("/agency"),
        code: grouped(&row.fields.code),
        sign_up: sign_up.to_string(),
        shift: shift.view.job.to_string(),
        job: shift.view.fields.title.clone(),
        waiting: shift.waiting(),
        day: day_of(&clerk.app, clerk.query.get("day")).to_string(),
        is_confirmed: row.status() == Status::Confirmed,
        can_end: true,
        unheard: None,
        said: None,
    })
}

/// `GET /agency/end?sign_up=`.
pub(super) async fn ask(clerk: Clerk) -> Response {
    match page(&clerk) {
        Ok(page) => show(StatusCode::OK, &page),
        Err(problem) => clerk.explain(&problem),
    }
}

/// `POST /agency/end`.
pub(super) async fn send(Sent { clerk, form }: Sent) -> Response {
    let act = match form.get("do") {
        "no_show" => Act::NoShow,
        "dismiss" => Act::Dismiss,
        _ => return clerk.explain(&Problem::new("bad-request", "do")),
    };
    let Ok(sign_up) = form.get("sign_up").parse::<SignUpId>() else { return clerk.explain(&unknown()) };
    match clerk.scope.order(&clerk.app, sign_up, act).await {
        Ok(_) => {
            let shift: Option<JobId> = form.get("shift").parse().ok();
            let shift = shift.map_or_else(String::new, |shift| format!("&shift={shift}"));
            let day = day_of(&clerk.app, form.get("day"));
            Redirect::to(&format!("/agency?day={day}{shift}")).into_response()
        }
        Err(problem) => clerk.explain(&problem),
    }
}
