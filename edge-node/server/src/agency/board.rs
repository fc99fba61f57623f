//! The clerk's first page: shifts to post on the left, who comes on the right.

use super::{
    Clerk, bounds, local, post, today,
    view::{BoardPage, Rule},
};
use crate::{
    app::App,
    http::{
        Problem,
        tenant::{Guest, Shift, TenantScope},
    },
};
use askama::filters::Safe;
use axum::{http::StatusCode, response::Response};
use edge_core::node::Turn;
use jiff::civil::Date;
use pages::{
    agency::{
        Frame,
        view::{Chosen, Day, Left, ShiftLine, done, show as show_page},
        who::{self, Person, Showing},
    },
    hm,
};
use std::fmt::Display;
use sync_protocol::ids::JobId;

/// Minutes after the start that a rule may name, and 0 for none.
const RULES: [u32; 10] = [0, 5, 10, 15, 20, 30, 45, 60, 90, 120];

/// `GET /agency`.
pub(super) async fn show(clerk: Clerk) -> Response {
    let day = day_of(&clerk.app, clerk.query.get("day"));
    match post::fresh(&clerk, clerk.query.get("way"), day) {
        Ok(left) => page(&clerk, left, day, clerk.query.get("shift"), clerk.query.get("all") == "1"),
        Err(problem) => clerk.explain(&problem),
    }
}

/// The day that an address or a form names; today where it names none.
pub(super) fn day_of(app: &App, text: &str) -> Date {
    text.parse().unwrap_or_else(|_| today(app))
}

/// The shifts of a day, and those of the day before that are still going on.
pub(super) fn shifts(app: &App, scope: &TenantScope, day: Date) -> Result<Vec<Shift>, Problem> {
    let (begins, ends) = bounds(app, day);
    let (before, _) = bounds(app, day.yesterday().unwrap_or(day));
    let now = app.shared.now();
    let is_today = day == today(app);
    Ok(app.shared.readers.read(|tx| {
        let views = scope.jobs(tx, before, ends)?;
        let views = views
            .into_iter()
            .filter(|view| view.fields.start_at >= begins || (is_today && view.fields.end_at > now));
        views.map(|view| scope.shift(tx, view)).collect()
    })?)
}

/// The whole page around its left side.
pub(super) fn page(clerk: &Clerk, mut left: Left, day: Date, chosen: &str, all: bool) -> Response {
    let shifts = match shifts(&clerk.app, &clerk.scope, day) {
        Ok(shifts) => shifts,
        Err(problem) => return clerk.explain(&problem),
    };
    let f = clerk.frame("/agency");
    let id: Option<JobId> = chosen.parse().ok();
    let at = shifts.iter().position(|shift| Some(shift.view.job) == id);
    let at = at.or_else(|| next(&clerk.app, &shifts)).or_else(|| (!shifts.is_empty()).then_some(0));
    let way = left.way;
    let lines = shifts
        .iter()
        .enumerate()
        .map(|(n, shift)| line(&clerk.app, shift, day, way, at == Some(n)))
        .collect();
    let chosen = at.and_then(|n| shifts.get(n));
    left.shift = chosen.map_or_else(String::new, |shift| shift.view.job.to_string());
    let rule = chosen.map(|shift| rule(&clerk.app, &f, shift));
    let chosen = chosen.map(|shift| chosen_of(&clerk.app, &f, shift, day, all));
    let today = today(&clerk.app);
    let title = if day == today { f.t("a-who-today") } else { f.t_a("a-who-day", day.to_string()) };
    let days = [today.yesterday().unwrap_or(today), today, today.tomorrow().unwrap_or(today)]
        .into_iter()
        .zip(["a-yesterday", "a-today", "a-tomorrow"])
        .map(|(of, key)| (format!("/agency?day={of}"), f.t(key), of == day))
        .collect();
    let right =
        Day { done: done(&f, &clerk.query), title, days, day: day.to_string(), shifts: lines, chosen };
    show_page(StatusCode::OK, &BoardPage { f, left, right, rule })
}

/// The shift that a clerk looks at next: the one that begins next or goes on.
fn next(app: &App, shifts: &[Shift]) -> Option<usize> {
    let now = app.shared.now();
    shifts.iter().position(|shift| shift.view.fields.end_at > now)
}

/// A line of the list, whose link goes on with the post form as it is.
pub(super) fn line(app: &App, shift: &Shift, day: impl Display, way: &str, is_chosen: bool) -> ShiftLine {
    let fields = &shift.view.fields;
    ShiftLine {
        id: shift.view.job.to_string(),
        start: hm(&local(app, fields.start_at)),
        title: fields.title.clone(),
        place: fields.place.clone(),
        href: format!("/agency?shift={}&day={day}&way={way}", shift.view.job),
        is_chosen,
        is_open: !shift.view.seats.closed,
        cap: shift.cap(),
        confirmed: shift.confirmed(),
        arrived: shift.arrived(),
        waiting: shift.waiting(),
    }
}

fn chosen_of(app: &App, f: &Frame, shift: &Shift, day: Date, all: bool) -> Chosen {
    let (fields, now) = (&shift.view.fields, app.shared.now());
    let people: Vec<Person> = shift.guests.iter().map(Guest::person).collect();
    let how = Showing {
        zone: &app.shared.time_zone,
        has_begun: fields.start_at <= now,
        may_end: fields.end_at > now,
        all,
    };
    let (guests, folded) = who::lines(f, &people, how);
    let all_href = format!("/agency?shift={}&day={day}&all=1", shift.view.job);
    let turn = Turn::of(fields, &shift.view.draw);
    let wait = who::turn(f, fields, turn.draw_at, &app.shared.time_zone);
    Chosen { line: line(app, shift, day, "rows", true), guests, folded, all_href, wait }
}

/// What happens to the places of those who do not come, in two lines.
fn rule(app: &App, f: &Frame, shift: &Shift) -> Rule {
    let minutes = RULES.map(|minutes| (minutes, minutes == shift.view.fields.no_show_after_min)).to_vec();
    let (said, note) = rule_words(app, f, shift);
    Rule { said, note, minutes }
}

fn rule_words(app: &App, f: &Frame, shift: &Shift) -> (Safe<String>, Safe<String>) {
    let fields = &shift.view.fields;
    if fields.no_show_after_min == 0 {
        return (f.t("a-rule-off"), f.t("a-rule-off-note"));
    }
    let due = fields.start_at + i64::from(fields.no_show_after_min) * 60;
    let said = f.t_a("a-rule", hm(&local(app, due)));
    let left = due - app.shared.now();
    if shift.arrived() == 0 && shift.count(|guest| guest.attendance.gate.is_some()) == 0 {
        return (said, f.t("a-rule-scan-first"));
    }
    if left <= 0 {
        return (said, f.t("a-rule-over"));
    }
    (said, f.t_n("a-rule-left", u32::try_from((left + 59) / 60).unwrap_or(u32::MAX)))
}
