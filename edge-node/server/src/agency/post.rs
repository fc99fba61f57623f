//! Posting shifts: copied from yesterday, pasted, or row by row. Good rows go out; rows in doubt stay and ask.

use super::{
    board, bounds, currency,
    door::{Clerk, Sent},
    hm, local, paste,
    rows::{self, Answer, Cell, Doubt, Good, Row},
    view::{CellView, Frame, Left, PerkView, RowView},
};
use crate::{
    app::App,
    http::{Problem, post_job, tenant::TenantScope},
    limits::ROWS_MAX,
};
use askama::filters::Safe;
use axum::response::{IntoResponse, Redirect, Response};
use edge_core::node::{JobEdit, JobView};
use jiff::civil::{Date, DateTime};
use sync_protocol::{
    documents::{JobFields, NO_SHOW_AFTER_MIN, PayUnit},
    ids::JobId,
};

/// Empty rows of a form that begins empty.
const EMPTY_ROWS: usize = 3;

const CELLS: [(&str, &str); 6] = [
    ("title", "a-col-title"),
    ("place", "a-col-place"),
    ("start", "a-col-start"),
    ("end", "a-col-end"),
    ("pay", "a-col-pay"),
    ("seats", "a-col-seats"),
];

const PERKS: [(&str, &str, &str); 3] = [
    ("daily", "a-perk-daily", "a-perk-daily-long"),
    ("meal", "a-perk-meal", "a-perk-meal-long"),
    ("bed", "a-perk-bed", "a-perk-bed-long"),
];

/// The left side as a clerk finds it: what was posted for the day before, or what he asks for.
pub(super) fn fresh(clerk: &Clerk, way: &str, day: Date) -> Result<Left, Problem> {
    let copied = match way {
        "paste" | "rows" => Vec::new(),
        _ => yesterday(&clerk.app, &clerk.scope, day)?,
    };
    let way = match way {
        "paste" => "paste",
        "yesterday" => "yesterday",
        "rows" => "rows",
        _ if copied.is_empty() => "rows",
        _ => "yesterday",
    };
    let mut rows = copied;
    if way == "rows" {
        rows.resize_with(EMPTY_ROWS, Row::new);
    }
    let f = clerk.frame("/agency");
    let said = match way {
        "yesterday" if rows.is_empty() => Some(f.t("a-nothing-yesterday")),
        "yesterday" => Some(f.t_n("a-copied", u32::try_from(rows.len()).unwrap_or(u32::MAX))),
        _ => None,
    };
    let judged = judge(clerk, &rows, day, Ids::Unseen)?;
    Ok(left(clerk, &f, way, day, &rows, &judged, said))
}

/// The shifts of the day before, as rows to change.
fn yesterday(app: &App, scope: &TenantScope, day: Date) -> Result<Vec<Row>, Problem> {
    let (begins, ends) = bounds(app, day.yesterday().unwrap_or(day));
    let views = app.shared.readers.read(|tx| scope.jobs(tx, begins, ends))?;
    Ok(views.iter().take(ROWS_MAX).map(|view| copy(app, view)).collect())
}

fn copy(app: &App, view: &JobView) -> Row {
    let fields = &view.fields;
    let (start, end) = (local(app, fields.start_at), local(app, fields.end_at));
    let mut row = Row {
        title: fields.title.clone(),
        place: fields.place.clone(),
        start: hm(start),
        end: hm(end),
        pay: paste::plain(fields.pay_minor),
        seats: view.said.cap.max(view.seats.granted).to_string(),
        daily_pay: fields.daily_pay,
        meal: fields.meal,
        bed: fields.bed,
        from: view.job.to_string(),
        ..Row::new()
    };
    // What was answered about it yesterday holds today.
    row.answers.next_day = end.date() > start.date();
    row.answers.hourly = fields.pay_unit == PayUnit::Hour;
    row.copied()
}

/// A row held against the rules, or what became of it.
#[derive(Debug)]
enum Judged {
    Empty,
    /// Posted before under the same key.
    Out,
    Good(Box<Good>),
    Doubt(Doubt),
}

/// Whether keys of the rows may be known here already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ids {
    Unseen,
    Sent,
}

/// Key under which a row's job is kept: another than any of the interface's own.
fn key_of(row: &Row) -> String {
    format!("agency:{}", row.key)
}

fn judge(clerk: &Clerk, rows: &[Row], day: Date, ids: Ids) -> Result<Vec<Judged>, Problem> {
    let app = &clerk.app;
    let now = local(app, app.shared.now());
    let (begins, _) = bounds(app, day);
    let (_, ends) = bounds(app, day.tomorrow().unwrap_or(day));
    let (posted, out) = app.shared.readers.read(|tx| {
        let mut out = Vec::new();
        for row in rows {
            out.push(ids == Ids::Sent && clerk.scope.has_posted(tx, &key_of(row))?);
        }
        Ok((clerk.scope.jobs(tx, begins, ends)?, out))
    })?;
    let is_out_already = |good: &Good| {
        posted.iter().filter(|view| !view.seats.closed).any(|view| {
            let fields = &view.fields;
            good.is_like(&fields.title, &fields.place, local(app, fields.start_at), local(app, fields.end_at))
        })
    };
    let mut judged: Vec<Judged> = Vec::with_capacity(rows.len());
    for (row, is_out) in rows.iter().zip(out) {
        let verdict = if row.is_empty() {
            Judged::Empty
        } else if is_out {
            Judged::Out
        } else {
            match row.judge(day, now) {
                Ok(good) if !row.answers.again && (is_out_already(&good) || is_twice(&judged, &good)) => {
                    Judged::Doubt(Doubt::Asks(Answer::Again))
                }
                Ok(good) => Judged::Good(Box::new(good)),
                Err(doubt) => Judged::Doubt(doubt),
            }
        };
        judged.push(verdict);
    }
    Ok(judged)
}

/// Whether the same shift stands above in the form.
fn is_twice(above: &[Judged], good: &Good) -> bool {
    above.iter().any(|other| match other {
        Judged::Good(other) => good.is_like(&other.title, &other.place, other.start, other.end),
        Judged::Empty | Judged::Out | Judged::Doubt(_) => false,
    })
}

/// `POST /agency/rows`: any press of the form.
pub(super) async fn send(Sent { clerk, form }: Sent) -> Response {
    match press(&clerk, &form).await {
        Ok((left, day)) => board::page(&clerk, left, day, form.get("shift"), false),
        Err(problem) => clerk.explain(&problem),
    }
}

async fn press(clerk: &Clerk, form: &super::Pairs) -> Result<(Left, Date), Problem> {
    let day = board::day_of(&clerk.app, form.get("day"));
    let way = match form.get("way") {
        "paste" => "paste",
        "yesterday" => "yesterday",
        _ => "rows",
    };
    let mut rows = rows::read(form);
    let f = clerk.frame("/agency");
    let mut said = None;
    match form.get("do") {
        "read" => {
            let read = paste::rows(form.get("table"));
            said = Some(f.t_n("a-read", u32::try_from(read.len()).unwrap_or(u32::MAX)));
            rows.extend(read);
            rows.truncate(ROWS_MAX);
        }
        "add" if rows.len() < ROWS_MAX => rows.push(Row::new()),
        press => {
            rows::answer(&mut rows, press);
            let dropped = press.strip_prefix("drop_").and_then(|number| number.parse::<usize>().ok());
            if let Some(dropped) = dropped.filter(|number| *number < rows.len()) {
                rows.remove(dropped);
            }
        }
    }
    let mut judged = judge(clerk, &rows, day, Ids::Sent)?;
    let mut sent = 0;
    if form.get("do") == "send" {
        for (row, verdict) in rows.iter().zip(&mut judged) {
            let Judged::Good(good) = verdict else { continue };
            *verdict = post(clerk, row, good).await;
        }
        sent = u32::try_from(judged.iter().filter(|one| matches!(one, Judged::Out)).count()).unwrap_or(0);
    }
    if sent > 0 {
        said = Some(f.t_n("a-sent", sent));
    }
    let keep: Vec<bool> = judged.iter().map(|one| !matches!(one, Judged::Out)).collect();
    let mut kept = keep.iter();
    rows.retain(|_| *kept.next().unwrap_or(&true));
    judged.retain(|one| !matches!(one, Judged::Out));
    let left = left(clerk, &f, way, day, &rows, &judged, said);
    Ok((left, day))
}

/// Posts a good row; what the rule of all jobs says against it becomes its doubt.
async fn post(clerk: &Clerk, row: &Row, good: &Good) -> Judged {
    let app = &clerk.app;
    let from = row.from.parse().ok();
    let base =
        from.and_then(|job: JobId| app.shared.readers.read(|tx| clerk.scope.job(tx, job)).ok().flatten());
    let money = base.as_ref().map_or_else(|| currency(app), |view| view.fields.currency.as_str());
    let Some(body) = row.body(good, &app.shared.time_zone, money) else {
        return Judged::Doubt(Doubt::Unreadable(Cell::Start));
    };
    let like = |fields: &mut JobFields| {
        let Some(base) = base.as_ref().map(|view| &view.fields) else { return };
        fields.text.clone_from(&base.text);
        fields.category.clone_from(&base.category);
        fields.language.clone_from(&base.language);
        fields.requirements.clone_from(&base.requirements);
        fields.no_show_after_min = base.no_show_after_min;
        // Another place is somewhere else on the map.
        if fields.place == base.place {
            fields.position = base.position;
        }
    };
    match post_job::submit(app, &clerk.scope, body, key_of(row), like).await {
        Ok(_) => Judged::Out,
        Err(problem) => Judged::Doubt(Doubt::Refused(problem.detail)),
    }
}

fn left(
    clerk: &Clerk,
    f: &Frame,
    way: &'static str,
    day: Date,
    rows: &[Row],
    judged: &[Judged],
    said: Option<Safe<String>>,
) -> Left {
    let now = local(&clerk.app, clerk.app.shared.now());
    let (mut good, mut people, mut kept, mut views) = (0, 0, Vec::new(), Vec::new());
    for (number, (row, verdict)) in rows.iter().zip(judged).enumerate() {
        let doubt = match verdict {
            Judged::Good(row) => {
                good += 1;
                people += row.seats;
                None
            }
            Judged::Doubt(doubt) => {
                kept.push((number + 1).to_string());
                Some(doubt)
            }
            Judged::Empty | Judged::Out => None,
        };
        views.push(row_view(f, number, row, doubt, now));
    }
    let changed = rows.iter().filter(|row| (0..9).any(|cell| row.is_changed(cell)));
    let changed = changed.map(|row| row.title.clone()).collect::<Vec<_>>().join(f.t("a-and").0.as_str());
    let kept = kept.join(f.t("a-and").0.as_str());
    Left { way, day: day.to_string(), rows: views, said, changed, good, people, kept }
}

fn row_view(f: &Frame, number: usize, row: &Row, doubt: Option<&Doubt>, now: DateTime) -> RowView {
    let texts = row.cells();
    let bad = doubt.map(Doubt::cell);
    let order =
        [Some(Cell::Title), None, Some(Cell::Start), Some(Cell::End), Some(Cell::Pay), Some(Cell::Seats)];
    let cells = CELLS.iter().zip(order).enumerate().map(|(n, ((name, label), cell))| CellView {
        name,
        label,
        text: texts[n].clone(),
        class: match (cell.is_some() && bad == cell, row.is_changed(n)) {
            (true, _) => "bad",
            (false, true) => "new",
            (false, false) => "",
        },
    });
    let perks = PERKS.iter().enumerate().map(|(n, (name, short, label))| PerkView {
        name,
        short,
        label,
        is_on: !texts[6 + n].is_empty(),
        is_changed: row.is_changed(6 + n),
    });
    let mut carried = vec![("key", row.key.clone()), ("from", row.from.clone()), ("was", row.was.clone())];
    carried.extend(row.answered().into_iter().map(|name| (name, "1".to_owned())));
    let (asks, answer) = doubt.map_or((None, None), |doubt| {
        let (asks, answer) = question(f, row, doubt, now);
        (Some(asks), answer.map(|(answer, words)| (format!("answer_{number}_{}", answer.name()), words)))
    });
    let mut notes = Vec::new();
    if row.answers.tomorrow {
        notes.push(f.t("a-note-tomorrow").0);
    }
    if row.answers.next_day {
        notes.push(f.t("a-note-next-day").0);
    }
    if row.answers.hourly {
        notes.push(f.t("a-note-hourly").0);
    }
    let note = (!notes.is_empty()).then(|| Safe(notes.join(f.t("a-and").0.as_str())));
    RowView { cells: cells.collect(), perks: perks.collect(), carried, asks, answer, note }
}

/// The one question about a row, and its button.
fn question(
    f: &Frame,
    row: &Row,
    doubt: &Doubt,
    now: DateTime,
) -> (Safe<String>, Option<(Answer, Safe<String>)>) {
    let with = |asks, answer, words| (asks, Some((answer, words)));
    match doubt {
        Doubt::Unreadable(cell) => {
            let key = match cell {
                Cell::Title => "a-ask-title",
                Cell::Start | Cell::End => "a-ask-time",
                Cell::Pay => "a-ask-pay",
                Cell::Seats | Cell::Row => "a-ask-seats",
            };
            (f.t(key), None)
        }
        Doubt::Refused(why) => (f.t_a("a-ask-refused", why), None),
        Doubt::Asks(answer @ Answer::NextDay) => {
            with(f.t_ab("a-ask-next-day", &row.end, &row.start), *answer, f.t_a("a-yes-next-day", &row.end))
        }
        Doubt::Asks(answer @ Answer::Tomorrow) => {
            with(f.t_ab("a-ask-tomorrow", &row.start, hm(now)), *answer, f.t_a("a-yes-tomorrow", &row.start))
        }
        Doubt::Asks(answer @ Answer::Hourly) => {
            with(f.t_a("a-ask-hourly", &row.pay), *answer, f.t_a("a-yes-hourly", &row.pay))
        }
        Doubt::Asks(answer @ Answer::Again) => with(f.t("a-ask-again"), *answer, f.t("a-yes-again")),
        Doubt::Asks(answer @ Answer::Long) => {
            with(f.t_ab("a-ask-long", &row.start, &row.end), *answer, f.t("a-yes-long"))
        }
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
