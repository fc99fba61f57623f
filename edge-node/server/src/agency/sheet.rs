//! The timesheet: what the gate measured, what the agency confirms, what the worker says.

use super::{
    Clerk, Sent,
    board::grouped,
    local, today,
    view::{HoursLine, SheetPage},
};
use crate::{
    app::App,
    http::{Problem, attendance},
    timesheet::{self, Hours},
};
use askama::filters::Safe;
use axum::{http::StatusCode, response::Response};
use edge_core::node::Act;
use jiff::civil::Date;
use pages::{
    agency::{Frame, view::show as show_page},
    hm,
};
use sync_protocol::{documents::MINUTES_MAX, ids::SignUpId};

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
    let lines = lines.iter().map(|hours| line(&clerk.app, &f, hours)).collect();
    let can_send = clerk.app.senders.reaches(&clerk.scope.name);
    show_page(StatusCode::OK, &SheetPage { f, date: day.to_string(), lines, said, can_send })
}

/// Hours and minutes as people write them.
fn clock(minutes: u32) -> String {
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

/// Minutes from `9:03` or `543`.
fn minutes(text: &str) -> Option<u32> {
    let text = text.trim().replace('：', ":");
    let minutes = match text.split_once(':') {
        Some((hours, minutes)) => {
            let minutes: u32 = minutes.parse().ok().filter(|minutes| *minutes < 60)?;
            hours.parse::<u32>().ok()?.checked_mul(60)?.checked_add(minutes)?
        }
        None => text.parse().ok()?,
    };
    (minutes <= MINUTES_MAX).then_some(minutes)
}

fn line(app: &App, f: &Frame, Hours { view, guest }: &Hours) -> HoursLine {
    let at = |time: Option<i64>| time.map_or_else(|| "–".to_owned(), |time| hm(&local(app, time)));
    let (known, measured) = (&guest.attendance, guest.attendance.measured_minutes());
    let (state, class, icon) = match (known.agency_minutes, known.worker_minutes) {
        _ if known.checked_out_at.is_none() => (f.t("a-sheet-inside"), "st--ask", "clock"),
        (Some(agency), Some(worker)) if agency == worker => (f.t("a-sheet-agreed"), "st--in", "tick"),
        (_, Some(worker)) if known.agency_minutes.or(measured) != Some(worker) => {
            (f.t("a-sheet-disputed"), "st--late", "warn")
        }
        (None, _) => (f.t("a-sheet-yours"), "", ""),
        (Some(_), _) => (f.t("a-sheet-theirs"), "", "glass"),
    };
    let shown = |minutes: Option<u32>| minutes.map_or_else(|| "–".to_owned(), clock);
    HoursLine {
        sign_up: guest.row.sign_up.to_string(),
        code: grouped(&guest.row.fields.code),
        title: view.fields.title.clone(),
        came: at(known.checked_in_at),
        left: at(known.checked_out_at),
        measured: shown(measured),
        field: known.agency_minutes.or(measured).map_or_else(String::new, clock),
        is_confirmed: known.agency_minutes.is_some(),
        worker: shown(known.worker_minutes),
        state,
        class,
        icon,
    }
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
        let Some(minutes) = minutes(text) else {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_as_they_are_shown() {
        for (text, expected) in [
            ("9:03", Some(543)),
            ("0:00", Some(0)),
            ("543", Some(543)),
            (" 9：03 ", Some(543)),
            ("48:00", Some(2_880)),
            ("48:01", None),
            ("9:60", None),
            ("nine", None),
            ("-1", None),
            ("99999999999:00", None),
            ("71582789:00", None),
        ] {
            assert_eq!(minutes(text), expected, "{text}");
        }
        assert_eq!(clock(543), "9:03");
    }
}
