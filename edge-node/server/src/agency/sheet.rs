//! The timesheet: what the gate measured, what the agency confirms, what the worker says.

use super::{Clerk, Sent, today, view::SheetPage};
use crate::{
    app::App,
    http::{Problem, attendance},
    timesheet,
};
use askama::filters::Safe;
use axum::{http::StatusCode, response::Response};
use edge_core::node::Act;
use jiff::civil::Date;
use pages::agency::{hours, view::show as show_page};
use sync_protocol::ids::SignUpId;

fn day_of(app: &App, text: &str) -> Date {
    attendance::day(app, text).unwrap_or_else(|| today(app))
}

/// `GET /agency/timesheet?date=`.
pub(super) async fn show(clerk: Clerk) -> Response {
    let day = day_of(&clerk.app, clerk.query.get("date"));
    page(&clerk, day, None)
}

fn page(clerk: &Clerk, day: Date, said: Option<Safe<String>>) -> Response {
    let lines = match timesheet::of_day(&clerk.app, &clerk.scope, day) {
        Ok(lines) => lines,
        Err(error) => return clerk.explain(&error.into()),
    };
    let f = clerk.frame("/agency/timesheet");
    let lines =
        lines.iter().map(|hours| hours::line(&f, &hours.said(), &clerk.app.shared.time_zone)).collect();
    let can_send = clerk.app.senders.reaches(&clerk.scope.name);
    show_page(StatusCode::OK, &SheetPage { f, date: day.to_string(), lines, said, can_send })
}

/// `POST /agency/timesheet`: confirms one line, or all that have hours.
pub(super) async fn send(Sent { clerk, form }: Sent) -> Response {
    let day = day_of(&clerk.app, form.get("date"));
    if form.get("do") == "send" {
        return match clerk.scope.send_timesheet(&clerk.app, day).await {
            Ok(()) => {
                let said = clerk.frame("/agency/timesheet").t("a-sheet-sent");
                page(&clerk, day, Some(said))
            }
            Err(problem) => clerk.explain(&problem),
        };
    }
    let one: Option<SignUpId> = form.get("do").strip_prefix("one_").and_then(|id| id.parse().ok());
    let mut confirmed = 0;
    for (name, text) in form.iter() {
        let Some(sign_up) = name.strip_prefix("minutes_").and_then(|id| id.parse::<SignUpId>().ok()) else {
            continue;
        };
        if text.trim().is_empty() || one.is_some_and(|one| one != sign_up) {
            continue;
        }
        let Some(minutes) = hours::minutes(text) else {
            return clerk.explain(&Problem::new("bad-request", "minutes"));
        };
        if let Err(problem) = clerk.scope.order(&clerk.app, sign_up, Act::Minutes(minutes)).await {
            return clerk.explain(&problem);
        }
        confirmed += 1;
    }
    let said = clerk.frame("/agency/timesheet").t_n("a-sheet-confirmed", confirmed);
    page(&clerk, day, Some(said))
}

/// `GET /agency/timesheet.csv?date=`.
pub(super) async fn csv(clerk: Clerk) -> Response {
    let day = day_of(&clerk.app, clerk.query.get("date"));
    match timesheet::of_day(&clerk.app, &clerk.scope, day) {
        Ok(lines) => attendance::file(&clerk.app, day, &lines),
        Err(error) => clerk.explain(&error.into()),
    }
}
