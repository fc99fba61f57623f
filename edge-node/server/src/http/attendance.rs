//! Who comes: the roster of a shift, check-in and check-out, and the hours of a day.

use super::{Problem, jobs::rfc3339, tenant::TenantScope};
use crate::{
    app::App,
    limits::TIMESHEET_DAYS_MAX,
    timesheet::{self, Hours},
};
use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::header,
    response::{IntoResponse, Response},
};
use edge_core::node::{Act, Turn};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sync_protocol::{documents::Attendance, ids::SignUpId};

/// Attendance of one sign-up.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct AttendanceJson {
    sign_up: String,
    /// confirmed, wait_listed, requested, cancelled or bumped.
    status: &'static str,
    checked_in_at: Option<String>,
    checked_out_at: Option<String>,
    /// From check-in to check-out, rounded to the minute.
    measured_minutes: Option<u32>,
    agency_minutes: Option<u32>,
    worker_minutes: Option<u32>,
    /// Both sides have confirmed the same minutes.
    agreed: bool,
    /// The sign-up has not come to this node yet; its check-in is kept.
    early: bool,
}

impl AttendanceJson {
    fn of(sign_up: SignUpId, status: &'static str, at: &Attendance) -> Self {
        Self {
            sign_up: sign_up.to_string(),
            status,
            checked_in_at: at.checked_in_at.map(rfc3339),
            checked_out_at: at.checked_out_at.map(rfc3339),
            measured_minutes: at.measured_minutes(),
            agency_minutes: at.agency_minutes,
            worker_minutes: at.worker_minutes,
            agreed: at.is_agreed(),
            early: false,
        }
    }
}

/// One person of a roster.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct GuestJson {
    /// Six digits of the ticket.
    code: String,
    /// Place among those who wait as far as this node knows, from 1; none before a draw.
    position: Option<u32>,
    /// Its end was asked for and is not reported yet.
    ending: bool,
    /// Why it was ended by others than its worker; else empty.
    reason: String,
    #[serde(flatten)]
    attendance: AttendanceJson,
}

/// A shift and who comes.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct RosterJson {
    job: String,
    title: String,
    start_at: String,
    end_at: String,
    cap: u32,
    confirmed: u32,
    arrived: u32,
    waiting: u32,
    /// Minutes after the start at which a place goes to the next in line; 0 for never.
    no_show_after_min: u32,
    /// In which order whoever waits is served: arrival, seniority or lottery.
    wait_rule: &'static str,
    /// When a lottery is drawn, while that is to come.
    draw_at: Option<String>,
    /// To call first: those who have not come, those who wait, those who are in, those who left, those who are gone.
    people: Vec<GuestJson>,
}

/// Reads the roster of a shift.
#[utoipa::path(get, path = "/v1/jobs/{id}/roster", params(("id" = String, Path, description = "Job id")), responses(
    (status = 200, body = RosterJson), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn roster(
    State(app): State<App>,
    scope: TenantScope,
    Path(id): Path<String>,
) -> Result<Json<RosterJson>, Problem> {
    let unknown = || Problem::new("unknown-job", format!("no job {id} of this tenant here"));
    let job = id.parse().map_err(|_| unknown())?;
    let shift = app.shared.readers.read(|tx| {
        let Some(view) = scope.job(tx, job)? else { return Ok(None) };
        scope.shift(tx, view).map(Some)
    })?;
    let shift = shift.ok_or_else(unknown)?;
    let people = shift.guests.iter().map(|guest| GuestJson {
        code: guest.row.fields.code.clone(),
        position: guest.position,
        ending: guest.is_ending,
        reason: guest.row.fields.reason.clone(),
        attendance: AttendanceJson::of(guest.row.sign_up, guest.row.status().as_str(), &guest.attendance),
    });
    let fields = &shift.view.fields;
    let turn = Turn::of(fields, &shift.view.draw);
    Ok(Json(RosterJson {
        job: shift.view.job.to_string(),
        title: fields.title.clone(),
        start_at: rfc3339(fields.start_at),
        end_at: rfc3339(fields.end_at),
        cap: shift.cap(),
        confirmed: shift.confirmed(),
        arrived: shift.arrived(),
        waiting: shift.waiting(),
        no_show_after_min: fields.no_show_after_min,
        wait_rule: turn.rule.as_str(),
        draw_at: turn.draw_at.map(rfc3339),
        people: people.collect(),
    }))
}

/// Minutes that the agency confirms.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MinutesBody {
    minutes: u32,
}

/// The commands on a sign-up that are an agency's, after their colon.
pub(super) const COMMANDS: [&str; 5] = ["check_in", "check_out", "confirm_minutes", "no_show", "dismiss"];

/// Carries out an agency's command on a sign-up.
pub(super) async fn command(
    app: &App,
    scope: &TenantScope,
    sign_up: SignUpId,
    command: &str,
    body: &[u8],
) -> Result<AttendanceJson, Problem> {
    let act = match command {
        "check_in" => Act::CheckIn,
        "check_out" => Act::CheckOut,
        "no_show" => Act::NoShow,
        "dismiss" => Act::Dismiss,
        _ => {
            let body: Result<MinutesBody, _> = serde_json::from_slice(body);
            let body = body.map_err(|error| {
                Problem::new("bad-request", format!("write {{\"minutes\": 480}}: {error}"))
            })?;
            Act::Minutes(body.minutes)
        }
    };
    let attended = scope.order(app, sign_up, act).await?;
    let told = AttendanceJson::of(sign_up, attended.status.as_str(), &attended.attendance);
    Ok(AttendanceJson { early: attended.is_early, ..told })
}

/// Which day, and in which form.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SheetParameters {
    /// Day of the hall on which the shifts start, such as 2026-11-23.
    date: String,
    /// json, or csv: a file with a line that seals it.
    format: Option<String>,
}

/// One worker's hours.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct HoursJson {
    job: String,
    title: String,
    code: String,
    #[serde(flatten)]
    attendance: AttendanceJson,
}

/// The hours of a day.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SheetJson {
    date: String,
    lines: Vec<HoursJson>,
}

/// Reads the hours of a day, as JSON or as a sealed CSV file.
#[utoipa::path(get, path = "/v1/timesheet", params(SheetParameters), responses(
    (status = 200, body = SheetJson), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub(crate) async fn sheet(
    State(app): State<App>,
    scope: TenantScope,
    parameters: Result<Query<SheetParameters>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = parameters.map_err(|error| Problem::new("bad-query", error.body_text()))?;
    let day = day(&app, &asked.date).ok_or_else(|| {
        Problem::new("bad-query", "date: write a day within 400 of today, such as 2026-11-23")
    })?;
    let lines = timesheet::of_day(&app, &scope, day)?;
    match asked.format.as_deref() {
        None | Some("json") => {
            let lines = lines.iter().map(hours).collect();
            Ok(Json(SheetJson { date: day.to_string(), lines }).into_response())
        }
        Some("csv") => Ok(file(&app, day, &lines)),
        Some(_) => Err(Problem::new("bad-query", "format: write json or csv")),
    }
}

fn hours(line: &Hours) -> HoursJson {
    let (view, guest) = (&line.view, &line.guest);
    HoursJson {
        job: view.job.to_string(),
        title: view.fields.title.clone(),
        code: guest.row.fields.code.clone(),
        attendance: AttendanceJson::of(guest.row.sign_up, guest.row.status().as_str(), &guest.attendance),
    }
}

/// A day that a timesheet is kept for.
pub(crate) fn day(app: &App, text: &str) -> Option<Date> {
    let day: Date = text.parse().ok()?;
    let today = app.shared.time_zone.to_datetime(jiff::Timestamp::from_second(app.shared.now()).ok()?).date();
    let days = (day - today).get_days();
    (days.abs() <= TIMESHEET_DAYS_MAX).then_some(day)
}

/// The sealed file as a download.
pub(crate) fn file(app: &App, day: Date, lines: &[Hours]) -> Response {
    let name = format!("attachment; filename=\"timesheet-{day}.csv\"");
    let head =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    (head, timesheet::sealed_csv(app, day, lines)).into_response()
}
