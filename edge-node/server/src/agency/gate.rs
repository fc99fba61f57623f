//! The gate, on a phone or a desk: six digits or a receipt go in, one big answer comes out.

use super::{Clerk, Pairs, Sent, bounds, local, today, view::GatePage};
use crate::{
    app::App,
    http::{Problem, tenant::Shift},
};
use axum::{http::StatusCode, response::Response};
use edge_core::node::{Act, Attended, JobView, attendance_of};
use pages::{
    agency::{view::show as show_page, who::grouped},
    hm,
};
use std::cmp::Reverse;
use sync_protocol::{
    documents::{Attendance, SHIFT_SECONDS_MAX, Status},
    ids::SignUpId,
    receipt::ReceiptBody,
    seats::EndReason,
};
use sync_store::SignUpRow;

/// Seconds before the start and after the end in which a shift's people pass this gate.
const AROUND_S: i64 = 6 * 3_600;

/// Whom the gate is open for: the people of the day's shifts, and of those just before and behind it.
#[derive(Debug, Clone, Copy)]
struct Open {
    now: i64,
    /// When the day begins and ends.
    day: (i64, i64),
}

impl Open {
    fn now(app: &App) -> Self {
        Self { now: app.shared.now(), day: bounds(app, today(app)) }
    }

    fn is_for(self, start_at: i64, end_at: i64) -> bool {
        (self.day.0..self.day.1).contains(&start_at)
            || (start_at - AROUND_S..end_at + AROUND_S).contains(&self.now)
    }

    /// From when until when such shifts begin.
    fn starts(self) -> (i64, i64) {
        let longest = AROUND_S + SHIFT_SECONDS_MAX;
        (self.day.0.min(self.now - longest), self.day.1.max(self.now + AROUND_S + 1))
    }
}

/// How a ticket stands at the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stand {
    /// May come in.
    Good,
    /// The same by receipt alone: this node has not heard of the sign-up yet.
    GoodByReceipt,
    In,
    Out,
    WaitListed,
    Requested,
    /// Confirmed, for another day.
    OtherDay,
    GivenBack,
    NoShow,
    Ended,
    Unknown,
    /// Text that is neither six digits nor a receipt of this cluster.
    Unreadable,
}

/// The big answer.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    pub(super) stand: Stand,
    pub(super) code: String,
    pub(super) title: String,
    pub(super) when: String,
    pub(super) at: String,
    pub(super) sign_up: String,
    /// The receipt, where the sign-up is not here: it comes with the next press again.
    pub(super) ticket: String,
    /// It was just now written down.
    pub(super) is_done: bool,
}

impl Verdict {
    fn of(stand: Stand) -> Self {
        let empty = String::new;
        Self {
            stand,
            code: empty(),
            title: empty(),
            when: empty(),
            at: empty(),
            sign_up: empty(),
            ticket: empty(),
            is_done: false,
        }
    }

    pub(super) fn tone(&self) -> &'static str {
        match self.stand {
            Stand::Good | Stand::In | Stand::Out => "go",
            Stand::GoodByReceipt | Stand::WaitListed | Stand::Requested | Stand::OtherDay => "wait",
            Stand::GivenBack | Stand::NoShow | Stand::Ended | Stand::Unknown | Stand::Unreadable => "stop",
        }
    }

    pub(super) fn mark(&self) -> &'static str {
        match self.tone() {
            "go" => "tick",
            "wait" => "glass",
            _ => "warn",
        }
    }

    /// Keys of what is said, large and small.
    pub(super) fn words(&self) -> (&'static str, &'static str) {
        match self.stand {
            Stand::Good => ("a-gate-good", "a-gate-good-means"),
            Stand::GoodByReceipt if self.is_done => ("a-gate-in", "a-gate-receipt-means"),
            Stand::GoodByReceipt => ("a-gate-receipt", "a-gate-receipt-means"),
            Stand::In => ("a-gate-in", "a-gate-in-means"),
            Stand::Out => ("a-gate-out", "a-gate-out-means"),
            Stand::WaitListed => ("a-gate-waits", "a-gate-waits-means"),
            Stand::Requested => ("a-gate-requested", "a-gate-requested-means"),
            Stand::OtherDay => ("a-gate-other-day", "a-gate-other-day-means"),
            Stand::GivenBack => ("a-gate-given-back", "a-gate-given-back-means"),
            Stand::NoShow => ("a-gate-no-show", "a-gate-no-show-means"),
            Stand::Ended => ("a-gate-ended", "a-gate-ended-means"),
            Stand::Unknown => ("a-gate-unknown", "a-gate-unknown-means"),
            Stand::Unreadable => ("a-gate-unreadable", "a-gate-unreadable-means"),
        }
    }

    pub(super) fn can_come_in(&self) -> bool {
        !self.is_done && matches!(self.stand, Stand::Good | Stand::GoodByReceipt)
    }

    pub(super) fn can_leave(&self) -> bool {
        !self.is_done && self.stand == Stand::In
    }
}

/// `GET /agency/gate`.
pub(super) async fn show(clerk: Clerk) -> Response {
    page(&clerk, None)
}

/// The shifts whose people pass this gate now.
fn shifts(clerk: &Clerk) -> Result<Vec<Shift>, Problem> {
    let open = Open::now(&clerk.app);
    let (from, until) = open.starts();
    Ok(clerk.app.shared.readers.read(|tx| {
        let views =
            clerk.scope.jobs_that(tx, from, until, |start_at, end_at| open.is_for(start_at, end_at))?;
        views.into_iter().map(|view| clerk.scope.shift(tx, view)).collect()
    })?)
}

fn page(clerk: &Clerk, verdict: Option<Verdict>) -> Response {
    let shifts = match shifts(clerk) {
        Ok(shifts) => shifts,
        Err(problem) => return clerk.explain(&problem),
    };
    let arrived = shifts.iter().map(Shift::arrived).sum();
    let expected = shifts.iter().map(Shift::confirmed).sum();
    show_page(StatusCode::OK, &GatePage { f: clerk.frame("/agency/gate"), verdict, arrived, expected })
}

/// `POST /agency/gate`: a ticket to look at, or what to do with the one that is shown.
pub(super) async fn send(Sent { clerk, form }: Sent) -> Response {
    let verdict = match form.get("do") {
        "in" | "out" => act(&clerk, &form).await,
        _ => look(&clerk, form.get("ticket")),
    };
    match verdict {
        Ok(verdict) => page(&clerk, Some(verdict)),
        Err(problem) => clerk.explain(&problem),
    }
}

/// Finds what a clerk typed or a scanner wrote.
fn look(clerk: &Clerk, ticket: &str) -> Result<Verdict, Problem> {
    let digits: String = ticket.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit()) {
        return by_code(clerk, &digits);
    }
    match clerk.app.shared.papers.read_receipt(ticket) {
        Some(receipt) => {
            let verdict = by_receipt(clerk, &receipt)?;
            let is_needed = verdict.stand == Stand::GoodByReceipt;
            Ok(Verdict { ticket: if is_needed { ticket.to_owned() } else { String::new() }, ..verdict })
        }
        None => Ok(Verdict::of(Stand::Unreadable)),
    }
}

/// Of several tickets with the same digits the one that is confirmed, and nearest in time.
fn by_code(clerk: &Clerk, code: &str) -> Result<Verdict, Problem> {
    let app = &clerk.app;
    let found = app.shared.readers.read(|tx| {
        let mut found = clerk.scope.by_code(tx, code)?;
        let far = |view: &JobView| (view.fields.start_at - app.shared.now()).abs();
        found.sort_by_key(|(row, view)| (row.status().is_current(), Reverse(far(view))));
        found.pop().map(|(row, view)| Ok((attendance_of(tx, &row)?, row, view))).transpose()
    })?;
    Ok(match found {
        Some((attendance, row, view)) => verdict(clerk, &row, &view, &attendance),
        None => Verdict { code: grouped(code), ..Verdict::of(Stand::Unknown) },
    })
}

fn by_receipt(clerk: &Clerk, receipt: &ReceiptBody) -> Result<Verdict, Problem> {
    let found = clerk.app.shared.readers.read(|tx| {
        let known = clerk.scope.sign_up(tx, receipt.sign_up)?;
        let known = match known {
            Some((row, view)) => Some((attendance_of(tx, &row)?, row, view)),
            None => None,
        };
        Ok((known, clerk.scope.job(tx, receipt.job)?))
    })?;
    Ok(match found {
        (Some((attendance, row, view)), _) => verdict(clerk, &row, &view, &attendance),
        (None, Some(view)) => {
            let stand = if is_today(clerk, &view) { Stand::GoodByReceipt } else { Stand::OtherDay };
            Verdict { sign_up: receipt.sign_up.to_string(), ..shown(clerk, stand, &view) }
        }
        (None, None) => Verdict::of(Stand::Unknown),
    })
}

fn is_today(clerk: &Clerk, view: &JobView) -> bool {
    Open::now(&clerk.app).is_for(view.fields.start_at, view.fields.end_at)
}

fn shown(clerk: &Clerk, stand: Stand, view: &JobView) -> Verdict {
    let (start, end) = (local(&clerk.app, view.fields.start_at), local(&clerk.app, view.fields.end_at));
    let day = if start.date() == today(&clerk.app) { String::new() } else { format!("{} ", start.date()) };
    let when = format!("{day}{}–{}", hm(&start), hm(&end));
    Verdict { title: view.fields.title.clone(), when, ..Verdict::of(stand) }
}

fn verdict(clerk: &Clerk, row: &SignUpRow, view: &JobView, at: &Attendance) -> Verdict {
    let time = |at: i64| hm(&local(&clerk.app, at));
    let (stand, at) = match (row.status(), at.checked_in_at, at.checked_out_at) {
        (_, Some(_), Some(out)) => (Stand::Out, time(out)),
        (Status::Confirmed, Some(came), None) => (Stand::In, time(came)),
        (Status::Confirmed, None, _) if is_today(clerk, view) => (Stand::Good, String::new()),
        (Status::Confirmed, None, _) => (Stand::OtherDay, String::new()),
        (Status::WaitListed, ..) => (Stand::WaitListed, String::new()),
        (Status::Requested, ..) => (Stand::Requested, String::new()),
        (Status::Cancelled, ..) => (Stand::GivenBack, String::new()),
        (Status::Bumped, ..) => match EndReason::parse(&row.fields.reason) {
            Some(EndReason::NoShow) => (Stand::NoShow, String::new()),
            _ => (Stand::Ended, String::new()),
        },
    };
    let code = grouped(&row.fields.code);
    Verdict { code, at, sign_up: row.sign_up.to_string(), ..shown(clerk, stand, view) }
}

async fn act(clerk: &Clerk, form: &Pairs) -> Result<Verdict, Problem> {
    let unknown = || Problem::new("unknown-sign-up", "no such ticket");
    let sign_up: SignUpId = form.get("sign_up").parse().map_err(|_| unknown())?;
    // Only what a receipt proved is taken without a sign-up: the receipt comes with the press again.
    let receipt = clerk.app.shared.papers.read_receipt(form.get("ticket"));
    let act = match receipt.filter(|receipt| receipt.sign_up == sign_up) {
        _ if form.get("do") == "out" => Act::CheckOut,
        Some(receipt) => Act::CheckInByReceipt(receipt.job),
        None => Act::CheckIn,
    };
    let attended = clerk.scope.order(&clerk.app, sign_up, act).await?;
    done(clerk, sign_up, attended, act)
}

fn done(clerk: &Clerk, sign_up: SignUpId, attended: Attended, act: Act) -> Result<Verdict, Problem> {
    let job = match act {
        Act::CheckInByReceipt(job) if attended.is_early => Some(job),
        Act::CheckInByReceipt(_)
        | Act::CheckIn
        | Act::CheckOut
        | Act::Minutes(_)
        | Act::NoShow
        | Act::Dismiss => None,
    };
    let found = clerk.app.shared.readers.read(|tx| match job {
        Some(job) => Ok(clerk.scope.job(tx, job)?.map(|view| (None, view))),
        None => Ok(clerk.scope.sign_up(tx, sign_up)?.map(|(row, view)| (Some(row), view))),
    })?;
    let (row, view) = found.ok_or_else(|| Problem::new("unknown-sign-up", "no such ticket"))?;
    let verdict = match row {
        Some(row) => verdict(clerk, &row, &view, &attended.attendance),
        None => {
            let at = attended.attendance.checked_in_at.unwrap_or_default();
            Verdict { at: hm(&local(&clerk.app, at)), ..shown(clerk, Stand::GoodByReceipt, &view) }
        }
    };
    Ok(Verdict { is_done: true, ..verdict })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600;
    const DAY: (i64, i64) = (0, 24 * HOUR);

    #[test]
    fn the_gate_is_open_for_the_day_and_for_what_is_close_to_it() {
        for (now, start_at, end_at, is_open, what) in [
            (8 * HOUR, 9 * HOUR, 17 * HOUR, true, "a shift of the day"),
            (8 * HOUR, 23 * HOUR, 31 * HOUR, true, "the night shift, early in the morning"),
            (23 * HOUR, 24 * HOUR + 60, 33 * HOUR, true, "just after midnight"),
            (23 * HOUR, 30 * HOUR, 38 * HOUR, false, "tomorrow's, eight hours before"),
            (2 * HOUR, -2 * HOUR, 6 * HOUR, true, "last night's, which goes on"),
            (8 * HOUR, -2 * HOUR, 6 * HOUR, true, "last night's, for those who check out late"),
            (13 * HOUR, -2 * HOUR, 6 * HOUR, false, "the same in the afternoon"),
            (20 * HOUR, -30 * 24 * HOUR, 24 * HOUR, true, "the last day of the longest"),
        ] {
            let open = Open { now, day: DAY };
            assert_eq!(open.is_for(start_at, end_at), is_open, "{what}");
            let (from, until) = open.starts();
            assert!(!is_open || (from..until).contains(&start_at), "{what} is looked for");
        }
    }
}
