//! The clerk's first page: shifts to post on the left, who comes on the right.

use super::{
    Clerk, bounds, local, post, today,
    view::{BoardPage, Chosen, GuestLine},
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
        view::{Left, ShiftLine, show as show_page},
    },
    hm,
};
use sync_protocol::{
    documents::{Status, WaitRule},
    ids::JobId,
    seats::EndReason,
};

/// Of those who are in, so many are shown before the rest is folded.
const ARRIVED_SHOWN: usize = 3;

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
    let lines = shifts.iter().enumerate().map(|(n, shift)| line(&clerk.app, shift, at == Some(n))).collect();
    let chosen = at.map(|n| chosen_of(&clerk.app, &f, &shifts[n], all));
    left.shift = at.map_or_else(String::new, |n| shifts[n].view.job.to_string());
    let today = today(&clerk.app);
    let title = if day == today { f.t("a-who-today") } else { f.t_a("a-who-day", day.to_string()) };
    let days = [today.yesterday().unwrap_or(today), today, today.tomorrow().unwrap_or(today)]
        .into_iter()
        .zip(["a-yesterday", "a-today", "a-tomorrow"])
        .map(|(of, key)| (format!("/agency?day={of}"), f.t(key), of == day))
        .collect();
    show_page(
        StatusCode::OK,
        &BoardPage { f, left, shifts: lines, chosen, title, days, day: day.to_string() },
    )
}

/// The shift that a clerk looks at next: the one that begins next or goes on.
fn next(app: &App, shifts: &[Shift]) -> Option<usize> {
    let now = app.shared.now();
    shifts.iter().position(|shift| shift.view.fields.end_at > now)
}

pub(super) fn line(app: &App, shift: &Shift, is_chosen: bool) -> ShiftLine {
    let fields = &shift.view.fields;
    ShiftLine {
        id: shift.view.job.to_string(),
        start: hm(&local(app, fields.start_at)),
        title: fields.title.clone(),
        place: fields.place.clone(),
        is_chosen,
        is_open: !shift.view.seats.closed,
        cap: shift.cap(),
        confirmed: shift.confirmed(),
        arrived: shift.arrived(),
        waiting: shift.waiting(),
    }
}

fn chosen_of(app: &App, f: &Frame, shift: &Shift, all: bool) -> Chosen {
    let mut arrived: Vec<&Guest> =
        shift.guests.iter().filter(|guest| matches!(guest.rank(), 2 | 3)).collect();
    arrived.sort_by_key(|guest| guest.attendance.checked_in_at);
    let folded = if all { 0 } else { arrived.len().saturating_sub(ARRIVED_SHOWN + 1) };
    let shown = arrived.len() - folded;
    let others = |ranks: &'static [u8]| shift.guests.iter().filter(|guest| ranks.contains(&guest.rank()));
    let mut number = 0;
    let mut guests = Vec::new();
    let people = arrived.iter().copied().chain(others(&[0])).chain(others(&[1])).chain(others(&[4]));
    for guest in people {
        let order = match (guest.rank(), guest.position) {
            (_, Some(position)) => f.t_n("a-queue", position),
            (4, _) => Safe(String::new()),
            (1, None) => Safe("–".to_owned()),
            _ => {
                number += 1;
                Safe(number.to_string())
            }
        };
        guests.push(guest_line(app, f, shift, guest, order));
    }
    // Those who are folded stand behind the first ones who came.
    guests.drain(shown.min(guests.len())..(shown + folded).min(guests.len()));
    let (rule, rule_note) = rule(app, f, shift);
    let minutes = RULES.map(|minutes| (minutes, minutes == shift.view.fields.no_show_after_min)).to_vec();
    let folded = u32::try_from(folded).unwrap_or(u32::MAX);
    let wait = wait_rule(app, f, shift);
    Chosen { line: line(app, shift, true), guests, folded, rule, rule_note, wait, minutes }
}

/// Who gets a freed place, where that is not simply the next in line.
fn wait_rule(app: &App, f: &Frame, shift: &Shift) -> Option<Safe<String>> {
    let turn = Turn::of(&shift.view.fields, &shift.view.draw);
    match (turn.rule, turn.draw_at) {
        (WaitRule::Arrival, _) => None,
        (WaitRule::Seniority, _) => Some(f.t("a-wait-by-seniority")),
        (WaitRule::Lottery, Some(at)) => {
            let at = local(app, at);
            let is_its_day = at.date() == local(app, shift.view.fields.start_at).date();
            let said = if is_its_day { hm(&at) } else { format!("{} {}", at.date(), hm(&at)) };
            Some(f.t_a("a-wait-by-draw", said))
        }
        (WaitRule::Lottery, None) => Some(f.t("a-wait-was-drawn")),
    }
}

fn guest_line(app: &App, f: &Frame, shift: &Shift, guest: &Guest, order: Safe<String>) -> GuestLine {
    let at = |time: Option<i64>| time.map_or_else(String::new, |time| hm(&local(app, time)));
    let has_begun = shift.view.fields.start_at <= app.shared.now();
    let (icon, class, state) = match (guest.row.status(), guest.rank()) {
        _ if guest.is_ending => ("glass", "st--ask", f.t("a-state-ending")),
        (_, 3) => ("back", "", f.t_a("a-state-out", at(guest.attendance.checked_out_at))),
        (_, 2) => ("tick", "st--in", f.t_a("a-state-in", at(guest.attendance.checked_in_at))),
        (_, 0) if has_begun => ("clock", "st--late", f.t("a-state-late")),
        (_, 0) => ("", "", f.t("a-state-confirmed")),
        (Status::Requested, _) => ("glass", "st--ask", f.t("a-state-requested")),
        (Status::WaitListed, _) if guest.position.is_none() => ("glass", "", f.t("a-state-draw")),
        (Status::WaitListed, _) if guest.position == Some(1) => ("queue", "", f.t("a-state-first")),
        (Status::WaitListed, _) => ("queue", "", f.t_n("a-state-waits", guest.position.unwrap_or(1) - 1)),
        (Status::Cancelled, _) => ("back", "st--off", f.t("a-state-cancelled")),
        (Status::Bumped, _) => match EndReason::parse(&guest.row.fields.reason) {
            Some(EndReason::NoShow) => ("warn", "st--off", f.t("a-state-no-show")),
            Some(EndReason::Employer) => ("back", "st--off", f.t("a-state-employer")),
            _ => ("back", "st--off", f.t("a-state-ended")),
        },
        (Status::Confirmed, _) => ("", "", f.t("a-state-confirmed")),
    };
    GuestLine {
        order,
        code: grouped(&guest.row.fields.code),
        sign_up: guest.row.sign_up.to_string(),
        icon,
        class,
        state,
        is_waiting: guest.rank() == 1,
        can_end: matches!(guest.rank(), 0 | 1)
            && !guest.is_ending
            && shift.view.fields.end_at > app.shared.now(),
    }
}

/// Digits of a ticket as people say them.
pub(super) fn grouped(code: &str) -> String {
    code.split_at_checked(3).map_or_else(|| code.to_owned(), |(first, rest)| format!("{first} {rest}"))
}

/// What happens to the places of those who do not come, in two lines.
fn rule(app: &App, f: &Frame, shift: &Shift) -> (Safe<String>, Safe<String>) {
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
