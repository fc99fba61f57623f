//! Posting shifts: copied from yesterday, pasted, or row by row. Good rows go out; rows in doubt stay and ask.

use super::{Clerk, Pairs, Sent, board, bounds, local};
use crate::{
    app::App,
    http::{Problem, post_job, tenant::TenantScope},
};
use axum::response::{IntoResponse, Redirect, Response};
use edge_core::node::JobEdit;
use jiff::civil::Date;
use pages::{
    agency::{
        post::{self, Judged, Posted, key_of},
        rows::{Cell, Doubt, Good, Row},
        view::Left,
    },
    limits::ROWS_MAX,
};
use sync_protocol::{
    documents::{JobFields, NO_SHOW_AFTER_MIN},
    ids::JobId,
};

/// The left side as a clerk finds it: what was posted for the day before, or what he asks for.
pub(super) fn fresh(clerk: &Clerk, way: &str, day: Date) -> Result<Left, Problem> {
    let way = post::way_of(way);
    let copied = match way {
        Some("paste" | "rows") => Vec::new(),
        _ => yesterday(&clerk.app, &clerk.scope, day)?,
    };
    let f = clerk.frame("/agency");
    let (way, rows, said) = post::begin(&f, way, copied);
    let judged = judge(clerk, &rows, day, Ids::Unseen)?;
    let left = post::left(&f, way, day, &rows, &judged, said);
    Ok(Left { waits: post::waits(&f, way, ""), ..left })
}

/// The shifts of the day before, as rows to change.
fn yesterday(app: &App, scope: &TenantScope, day: Date) -> Result<Vec<Row>, Problem> {
    let (begins, ends) = bounds(app, day.yesterday().unwrap_or(day));
    let views = app.shared.readers.read(|tx| scope.jobs(tx, begins, ends))?;
    // What was called off is not wanted again.
    let views = views.iter().filter(|view| !view.seats.closed).take(ROWS_MAX);
    let copies = views.map(|view| {
        let seats = view.said.cap.max(view.seats.granted);
        post::copy(&view.fields, seats, &view.job.to_string(), &app.shared.time_zone)
    });
    Ok(copies.collect())
}

/// Whether keys of the rows may be known here already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ids {
    Unseen,
    Sent,
}

fn judge(clerk: &Clerk, rows: &[Row], day: Date, ids: Ids) -> Result<Vec<Judged>, Problem> {
    let app = &clerk.app;
    let (begins, _) = bounds(app, day);
    let (_, ends) = bounds(app, day.tomorrow().unwrap_or(day));
    let (views, out) = app.shared.readers.read(|tx| {
        let mut out = Vec::new();
        for row in rows {
            out.push(ids == Ids::Sent && clerk.scope.has_posted(tx, &key_of(row))?);
        }
        Ok((clerk.scope.jobs(tx, begins, ends)?, out))
    })?;
    let open = views.into_iter().filter(|view| !view.seats.closed);
    let posted: Vec<Posted> = open
        .map(|view| Posted {
            start: local(app, view.fields.start_at),
            end: local(app, view.fields.end_at),
            title: view.fields.title,
            place: view.fields.place,
        })
        .collect();
    Ok(post::judge(rows, &out, &posted, day, local(app, app.shared.now())))
}

/// `POST /agency/rows`: any press of the form.
pub(super) async fn send(Sent { clerk, form }: Sent) -> Response {
    match press(&clerk, &form).await {
        Ok((left, day)) => board::page(&clerk, left, day, form.get("shift"), false),
        Err(problem) => clerk.explain(&problem),
    }
}

async fn press(clerk: &Clerk, form: &Pairs) -> Result<(Left, Date), Problem> {
    let day = board::day_of(&clerk.app, form.get("day"));
    let way = post::way_of(form.get("way")).unwrap_or("rows");
    let f = clerk.frame("/agency");
    let (mut rows, said) = post::pressed(&f, form);
    let mut judged = judge(clerk, &rows, day, Ids::Sent)?;
    if form.get("do") == "send" {
        for (row, verdict) in rows.iter().zip(&mut judged) {
            let Judged::Good(good) = verdict else { continue };
            *verdict = post(clerk, row, good, form.get("wait")).await;
        }
    }
    let sent = post::keep(&f, &mut rows, &mut judged);
    let said = if form.get("do") == "send" { sent.or(said) } else { said };
    let left = post::left(&f, way, day, &rows, &judged, said);
    Ok((Left { waits: post::waits(&f, way, form.get("wait")), ..left }, day))
}

/// Posts a good row; what the rule of all jobs says against it becomes its doubt.
async fn post(clerk: &Clerk, row: &Row, good: &Good, wait: &str) -> Judged {
    let app = &clerk.app;
    let from = row.from.parse().ok();
    let base =
        from.and_then(|job: JobId| app.shared.readers.read(|tx| clerk.scope.job(tx, job)).ok().flatten());
    let money =
        base.as_ref().map_or_else(|| app.shared.country.currency(), |view| view.fields.currency.as_str());
    let Some(body) = row.body(good, &app.shared.time_zone, money) else {
        return Judged::Doubt(Doubt::Unreadable(Cell::Start));
    };
    let now = app.shared.now();
    let like = |fields: &mut JobFields| {
        let before = base.as_ref().map(|view| view.fields.wait).unwrap_or_default();
        fields.wait = post::wait_order(row, wait, before, now, fields.start_at);
        if let Some(base) = &base {
            post::complete(fields, &base.fields);
        }
    };
    match post_job::submit(app, &clerk.scope, body, key_of(row), like).await {
        Ok(_) => Judged::Out,
        Err(problem) => Judged::Doubt(Doubt::Refused(problem.detail)),
    }
}

/// `POST /agency/rule`: after how many minutes a place goes to the next.
pub(super) async fn rule(Sent { clerk, form }: Sent) -> Response {
    let day = board::day_of(&clerk.app, form.get("day"));
    match set_rule(&clerk, form.get("shift"), form.get("minutes")).await {
        Ok(job) => Redirect::to(&format!("/agency?shift={job}&day={day}")).into_response(),
        Err(problem) => clerk.explain(&problem),
    }
}

async fn set_rule(clerk: &Clerk, shift: &str, minutes: &str) -> Result<JobId, Problem> {
    let unknown = || Problem::new("unknown-job", "no such shift");
    let minutes: u32 = minutes.parse().map_err(|_| Problem::new("bad-request", "minutes"))?;
    if minutes != 0 && !NO_SHOW_AFTER_MIN.contains(&minutes) {
        return Err(Problem::new("bad-request", "minutes"));
    }
    let job: JobId = shift.parse().map_err(|_| unknown())?;
    let view = clerk.app.shared.readers.read(|tx| clerk.scope.job(tx, job))?.ok_or_else(unknown)?;
    let fields = JobFields { no_show_after_min: minutes, ..view.fields };
    clerk.scope.edit(&clerk.app, JobEdit { tenant: clerk.scope.tenant, job, fields }).await?;
    Ok(job)
}
