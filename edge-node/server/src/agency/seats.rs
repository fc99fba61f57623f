//! The number of seats of a shift, and closing it: one page with both, and the centre's refusal in plain words.

use super::{
    Clerk, Sent,
    board::{self, line},
    view::trouble_words,
};
use crate::http::{Problem, commands};
use askama::filters::Safe;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use pages::agency::{
    Frame,
    rows::Row,
    view::{Fewer, SeatsPage, done_pair, show},
};
use sync_protocol::{command::Change, limits::CAP_MAX, seats::Excess};

/// `GET /agency/seats?shift=`.
pub(super) async fn ask(clerk: Clerk) -> Response {
    let shift = clerk.query.get("shift").to_owned();
    let day = board::day_of(&clerk.app, clerk.query.get("day")).to_string();
    page(&clerk, &shift, day, None, 0)
}

/// The page; `asked` is the number of seats that was refused.
fn page(clerk: &Clerk, shift: &str, day: String, refused: Option<&Problem>, asked: u32) -> Response {
    let f = clerk.frame("/agency");
    let status = refused.map_or(StatusCode::OK, |problem| {
        StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    });
    let said = refused.map(|problem| said(&f, problem));
    let found = commands::of_tenant(&clerk.app, &clerk.scope, shift)
        .and_then(|view| Ok(clerk.app.shared.readers.read(|tx| clerk.scope.shift(tx, view))?));
    let shift = match found {
        Ok(shift) => shift,
        Err(problem) => return clerk.explain(&problem),
    };
    let lowest = shift.confirmed().max(1);
    let page = SeatsPage {
        line: line(&clerk.app, &shift, &day, "rows", true),
        key: Row::new().key,
        most: CAP_MAX,
        f,
        day,
        said,
        lowest,
        fewer: refused.and_then(|problem| Fewer::than(problem.smallest_cap?.get(), asked)),
    };
    show(status, &page)
}

/// The refusal in the clerk's words.
fn said(f: &Frame, problem: &Problem) -> Safe<String> {
    match (problem.code, problem.smallest_cap) {
        (_, Some(smallest)) => f.t_n("a-seats-below", smallest.get()),
        ("no-line", _) => f.t("a-seats-no-line"),
        ("no-answer", _) => f.t("a-seats-no-answer"),
        ("closed", _) => f.t("a-seats-closed"),
        ("bad-request", _) => f.t_n("a-seats-range", CAP_MAX),
        _ => trouble_words(f, problem),
    }
}

/// `POST /agency/seats`.
pub(super) async fn send(Sent { clerk, form }: Sent) -> Response {
    let shift = form.get("shift");
    let day = board::day_of(&clerk.app, form.get("day")).to_string();
    let asked = form.get("cap").trim().parse();
    let change = match (form.get("do"), asked.clone()) {
        ("close", _) => Ok(Change::Close),
        ("cap", Ok(cap)) => Ok(Change::Cap { cap, excess: Excess::Keep }),
        ("bump", Ok(cap)) => Ok(Change::Cap { cap, excess: Excess::BumpLatest }),
        _ => Err(Problem::new("bad-request", "cap")),
    };
    let ordered = match (change, commands::of_tenant(&clerk.app, &clerk.scope, shift)) {
        (Ok(change), Ok(view)) => {
            let key = format!("page:{}", form.get("key"));
            commands::order(&clerk.app, &clerk.scope, &view, &key, change).await
        }
        (Err(problem), _) | (_, Err(problem)) => Err(problem),
    };
    match ordered {
        Ok(_) => {
            let done = done_pair(form.get("do") == "close", asked.unwrap_or_default());
            Redirect::to(&format!("/agency?shift={shift}&day={day}&{done}")).into_response()
        }
        Err(problem) => page(&clerk, shift, day, Some(&problem), asked.unwrap_or_default()),
    }
}
