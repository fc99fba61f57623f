//! Who comes to a shift, in the order in which a clerk goes through them.

use super::view::{Frame, GuestLine};
use crate::hm;
use askama::filters::Safe;
use jiff::{Timestamp, tz::TimeZone};
use sync_protocol::{
    documents::{Attendance, JobFields, Status, WaitRule},
    ids::SignUpId,
    seats::EndReason,
};

/// Of those who are in, so many are shown before the rest is folded.
const ARRIVED_SHOWN: usize = 3;

/// Of one sign-up what an agency may see: no name, no number, only how the place stands.
#[derive(Debug, Clone)]
pub struct Person {
    pub sign_up: SignUpId,
    /// Six digits of the ticket.
    pub code: String,
    pub status: Status,
    /// Why it was ended by others than its worker.
    pub reason: Option<EndReason>,
    pub attendance: Attendance,
    /// Its end was asked for and is not reported yet.
    pub is_ending: bool,
    /// Place among those who wait as far as this server knows, from 1.
    pub position: Option<u32>,
}

impl Person {
    /// In whose order a clerk goes through a list: who is to be called, who waits, who is in, who left, who is gone.
    pub fn rank(&self) -> u8 {
        rank(self.status, &self.attendance)
    }

    pub fn is_in(&self) -> bool {
        self.status == Status::Confirmed && self.attendance.checked_in_at.is_some()
    }
}

/// The rank of a sign-up with this status and attendance.
pub fn rank(status: Status, at: &Attendance) -> u8 {
    match (status, at.checked_in_at, at.checked_out_at) {
        (Status::Confirmed, None, _) => 0,
        (Status::WaitListed | Status::Requested, ..) => 1,
        (Status::Confirmed, Some(_), None) => 2,
        (Status::Confirmed, Some(_), Some(_)) => 3,
        (Status::Cancelled | Status::Bumped, ..) => 4,
    }
}

/// How a shift's people are shown.
#[derive(Debug, Clone, Copy)]
pub struct Showing<'a> {
    pub zone: &'a TimeZone,
    /// The shift has begun: whoever is not here is late.
    pub has_begun: bool,
    /// A clerk can end a place from here.
    pub may_end: bool,
    /// Nobody is folded away.
    pub all: bool,
}

/// The lines of a shift's people, and how many of those who arrived are folded away behind the first ones.
pub fn lines(f: &Frame, people: &[Person], how: Showing<'_>) -> (Vec<GuestLine>, u32) {
    let mut arrived: Vec<&Person> = people.iter().filter(|person| matches!(person.rank(), 2 | 3)).collect();
    arrived.sort_by_key(|person| person.attendance.checked_in_at);
    let folded = if how.all { 0 } else { arrived.len().saturating_sub(ARRIVED_SHOWN + 1) };
    let shown = arrived.len() - folded;
    let others = |rank: u8| people.iter().filter(move |person| person.rank() == rank);
    let mut number = 0;
    let mut lines = Vec::new();
    for person in arrived.iter().copied().chain(others(0)).chain(others(1)).chain(others(4)) {
        let order = match (person.rank(), person.position) {
            (_, Some(position)) => f.t_n("a-queue", position),
            (4, _) => Safe(String::new()),
            (1, None) => Safe("–".to_owned()),
            _ => {
                number += 1;
                Safe(number.to_string())
            }
        };
        lines.push(line(f, person, order, how));
    }
    lines.drain(shown.min(lines.len())..(shown + folded).min(lines.len()));
    (lines, u32::try_from(folded).unwrap_or(u32::MAX))
}

fn line(f: &Frame, person: &Person, order: Safe<String>, how: Showing<'_>) -> GuestLine {
    let at = |time: Option<i64>| {
        let time = time.and_then(|time| Timestamp::from_second(time).ok());
        time.map_or_else(String::new, |time| hm(&how.zone.to_datetime(time)))
    };
    let (icon, class, state) = match (person.status, person.rank()) {
        _ if person.is_ending => ("glass", "st--ask", f.t("a-state-ending")),
        (_, 3) => ("back", "", f.t_a("a-state-out", at(person.attendance.checked_out_at))),
        (_, 2) => ("tick", "st--in", f.t_a("a-state-in", at(person.attendance.checked_in_at))),
        (_, 0) if how.has_begun => ("clock", "st--late", f.t("a-state-late")),
        (_, 0) => ("", "", f.t("a-state-confirmed")),
        (Status::Requested, _) => ("glass", "st--ask", f.t("a-state-requested")),
        (Status::WaitListed, _) if person.position.is_none() => ("glass", "", f.t("a-state-draw")),
        (Status::WaitListed, _) if person.position == Some(1) => ("queue", "", f.t("a-state-first")),
        (Status::WaitListed, _) => ("queue", "", f.t_n("a-state-waits", person.position.unwrap_or(1) - 1)),
        (Status::Cancelled, _) => ("back", "st--off", f.t("a-state-cancelled")),
        (Status::Bumped, _) => match person.reason {
            Some(EndReason::NoShow) => ("warn", "st--off", f.t("a-state-no-show")),
            Some(EndReason::Employer) => ("back", "st--off", f.t("a-state-employer")),
            _ => ("back", "st--off", f.t("a-state-ended")),
        },
        (Status::Confirmed, _) => ("", "", f.t("a-state-confirmed")),
    };
    GuestLine {
        order,
        code: grouped(&person.code),
        sign_up: person.sign_up.to_string(),
        icon,
        class,
        state,
        is_waiting: person.rank() == 1,
        can_end: how.may_end && matches!(person.rank(), 0 | 1) && !person.is_ending,
    }
}

/// Who gets a freed place of a shift, where that is not simply the next in line; `draw_at` is the draw that is to come.
pub fn turn(f: &Frame, fields: &JobFields, draw_at: Option<i64>, zone: &TimeZone) -> Option<Safe<String>> {
    let local = |at: i64| zone.to_datetime(Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH));
    match (fields.wait.rule, draw_at) {
        (WaitRule::Arrival, _) => None,
        (WaitRule::Seniority, _) => Some(f.t("a-wait-by-seniority")),
        (WaitRule::Lottery, Some(at)) => {
            let at = local(at);
            let is_its_day = at.date() == local(fields.start_at).date();
            let said = if is_its_day { hm(&at) } else { format!("{} {}", at.date(), hm(&at)) };
            Some(f.t_a("a-wait-by-draw", said))
        }
        (WaitRule::Lottery, None) => Some(f.t("a-wait-was-drawn")),
    }
}

/// Digits of a ticket as people say them.
pub fn grouped(code: &str) -> String {
    code.split_at_checked(3).map_or_else(|| code.to_owned(), |(first, rest)| format!("{first} {rest}"))
}
