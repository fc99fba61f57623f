//! Taking one place: one page that asks once, with the two reasons that there are. Decided here, and carried out by whoever
//! holds the place once it has heard.

use super::{Clerk, Sent, board, day_of, scope::Shift};
use crate::{http::Problem, live, orders};
use askama::filters::Safe;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use hub_core::shard::DismissRefusal;
use pages::{
    agency::{
        Frame,
        view::{EndPage, show},
        who::{Person, grouped},
    },
    forms::Pairs,
};
use sync_protocol::{
    documents::Status,
    ids::{JobId, SignUpId},
};

/// A ticket of one of the tenant's own shifts.
struct Ticket {
    job: JobId,
    shift: Shift,
    person: Person,
}

fn unknown() -> Problem {
    Problem::not_found("there is no such ticket")
}

async fn ticket(clerk: &Clerk, pairs: &Pairs) -> Result<Ticket, Problem> {
    let job: JobId = pairs.get("shift").parse().map_err(|_| unknown())?;
    let sign_up: SignUpId = pairs.get("sign_up").parse().map_err(|_| unknown())?;
    let shift = clerk.scope.shift(&clerk.app, job).await?.ok_or_else(unknown)?;
    let person = shift.people.iter().find(|person| person.sign_up == sign_up).cloned();
    Ok(Ticket { job, person: person.ok_or_else(unknown)?, shift })
}

/// The refusal in the clerk's words.
fn said(f: &Frame, refusal: &DismissRefusal) -> Safe<String> {
    f.t(match refusal {
        DismissRefusal::Unknown => "a-trouble-unknown",
        DismissRefusal::NotConfirmed => "a-trouble-not-confirmed",
        DismissRefusal::CameAlready => "a-trouble-came",
        DismissRefusal::TooEarly => "a-trouble-early",
        DismissRefusal::Store(_) => "a-trouble-busy",
    })
}

async fn page(
    clerk: &Clerk,
    pairs: &Pairs,
    ticket: Ticket,
    refused: Option<&DismissRefusal>,
) -> Result<Response, Problem> {
    let f = clerk.frame("/agency");
    let Ticket { job, shift, person } = ticket;
    let said = match refused {
        Some(refusal) => Some(said(&f, refusal)),
        None if person.attendance.checked_in_at.is_some() => Some(f.t("a-trouble-came")),
        None if person.is_ending || !person.status.is_current() => Some(f.t("a-end-over")),
        None => None,
    };
    let holder = clerk.scope.holder(&clerk.app, job, person.sign_up).await?;
    let nodes = live::nodes(&clerk.app).await?;
    let silent = nodes.iter().find(|node| Some(node.record.writer) == holder && board::is_silent(node));
    let can_end =
        said.is_none() || refused.is_some_and(|refusal| matches!(refusal, DismissRefusal::TooEarly));
    let page = EndPage {
        code: grouped(&person.code),
        sign_up: person.sign_up.to_string(),
        shift: job.to_string(),
        day: day_of(clerk, pairs, "day").to_string(),
        job: shift.fields.title.clone(),
        waiting: shift.waiting(),
        is_confirmed: person.status == Status::Confirmed,
        can_end,
        unheard: silent.map(|node| f.t_a("a-end-unheard", &node.record.name)),
        said,
        f,
    };
    Ok(show(if refused.is_some() { StatusCode::CONFLICT } else { StatusCode::OK }, &page))
}

/// `GET /agency/end?shift=&sign_up=`.
pub(super) async fn ask(clerk: Clerk) -> Response {
    let shown = async {
        let ticket = ticket(&clerk, &clerk.query).await?;
        page(&clerk, &clerk.query, ticket, None).await
    };
    shown.await.unwrap_or_else(|problem| clerk.explain(&problem))
}

/// `POST /agency/end`.
pub(super) async fn send(Sent { clerk, form }: Sent) -> Response {
    order(&clerk, &form).await.unwrap_or_else(|problem| clerk.explain(&problem))
}

async fn order(clerk: &Clerk, form: &Pairs) -> Result<Response, Problem> {
    let is_no_show = match form.get("do") {
        "no_show" => true,
        "dismiss" => false,
        _ => return Err(Problem::bad_request("do: no_show or dismiss")),
    };
    let ticket = ticket(clerk, form).await?;
    let (job, sign_up) = (ticket.job, ticket.person.sign_up);
    match orders::dismiss(&clerk.app, clerk.scope.vshard, job, sign_up, is_no_show).await? {
        Ok(_) => {
            let (day, region) = (day_of(clerk, form, "day"), &clerk.scope.region.name);
            Ok(Redirect::to(&format!("/agency?shift={job}&day={day}&region={region}")).into_response())
        }
        Err(refusal) => page(clerk, form, ticket, Some(&refusal)).await,
    }
}
