//! Posting shifts at the hub: the form of every desk, posted by the rule of imports. Good rows go out together; rows in doubt
//! stay and ask.

use super::{Clerk, Pairs, Sent, board, day_of};
use crate::{
    clock,
    http::{ImportRow, Problem, store_posts},
};
use axum::response::Response;
use jiff::civil::Date;
use pages::{
    agency::{
        Frame,
        post::{self, Judged, Posted, key_of},
        rows::{Cell, Doubt, Good, Row},
        view::Left,
    },
    limits::ROWS_MAX,
};
use std::collections::BTreeMap;
use sync_protocol::documents::JobFields;

/// The left side as a clerk finds it: what was posted for the day before, or what he asks for.
pub(super) async fn fresh(clerk: &Clerk, f: &Frame, day: Date) -> Result<Left, Problem> {
    let way = post::way_of(clerk.query.get("way"));
    let copied = match way {
        Some("paste" | "rows") => Vec::new(),
        _ => yesterday(clerk, day).await?,
    };
    let (way, rows, said) = post::begin(f, way, copied);
    // Keys that were made a moment ago are known nowhere.
    let judged = judge(clerk, &rows, &vec![false; rows.len()], day).await?;
    let left = post::left(f, way, day, &rows, &judged, said);
    Ok(Left { waits: post::waits(f, way, ""), ..left })
}

/// The shifts of the day before, as rows to change.
async fn yesterday(clerk: &Clerk, day: Date) -> Result<Vec<Row>, Problem> {
    let scope = &clerk.scope;
    let (begins, ends) = scope.region.bounds(day.yesterday().unwrap_or(day));
    let jobs = scope.jobs(&clerk.app, begins, ends).await?;
    // What was called off is not wanted again.
    let wanted = jobs.iter().filter(|(view, _)| view.seats.open);
    let copies = wanted.take(ROWS_MAX).map(|(view, fields)| {
        post::copy(fields, view.seats.cap, &view.summary.job.to_string(), &scope.region.zone)
    });
    Ok(copies.collect())
}

async fn judge(clerk: &Clerk, rows: &[Row], out: &[bool], day: Date) -> Result<Vec<Judged>, Problem> {
    let scope = &clerk.scope;
    let (begins, _) = scope.region.bounds(day);
    let (_, ends) = scope.region.bounds(day.tomorrow().unwrap_or(day));
    let jobs = scope.jobs(&clerk.app, begins, ends).await?;
    let open = jobs.into_iter().filter(|(view, _)| view.seats.open);
    let posted: Vec<Posted> = open
        .map(|(_, fields)| Posted {
            start: scope.region.local(fields.start_at),
            end: scope.region.local(fields.end_at),
            title: fields.title,
            place: fields.place,
        })
        .collect();
    Ok(post::judge(rows, out, &posted, day, scope.region.now()))
}

/// `POST /agency/rows`: any press of the form.
pub(super) async fn send(Sent { clerk, form }: Sent) -> Response {
    let f = clerk.frame("/agency");
    match press(&clerk, &f, &form).await {
        Ok((left, day)) => board::page(&clerk, f, left, day, form.get("shift"), false).await,
        Err(problem) => clerk.explain(&problem),
    }
}

async fn press(clerk: &Clerk, f: &Frame, form: &Pairs) -> Result<(Left, Date), Problem> {
    let day = day_of(clerk, form, "day");
    let way = post::way_of(form.get("way")).unwrap_or("rows");
    let (mut rows, said) = post::pressed(f, form);
    let out = clerk.scope.posted(&clerk.app, rows.iter().map(key_of).collect()).await?;
    let mut judged = judge(clerk, &rows, &out, day).await?;
    let is_sent = form.get("do") == "send";
    if is_sent {
        post_good(clerk, &rows, &mut judged, form.get("wait")).await?;
    }
    let sent = post::keep(f, &mut rows, &mut judged);
    let said = if is_sent { sent.or(said) } else { said };
    let left = post::left(f, way, day, &rows, &judged, said);
    Ok((Left { waits: post::waits(f, way, form.get("wait")), ..left }, day))
}

/// Posts the good rows as an import does; what its rule says against one becomes its doubt.
async fn post_good(clerk: &Clerk, rows: &[Row], judged: &mut [Judged], wait: &str) -> Result<(), Problem> {
    let scope = &clerk.scope;
    let (now, mut posts, mut refused) = (clock::now(), Vec::new(), BTreeMap::new());
    for (number, (row, verdict)) in (0..).zip(rows.iter().zip(&*judged)) {
        let Judged::Good(good) = verdict else { continue };
        let base = match row.from.parse() {
            Ok(job) => scope.job(&clerk.app, job).await?,
            Err(_) => None,
        };
        match import_row(clerk, row, good, base.as_ref()) {
            Ok(import) => match import.into_post(scope.tenant, &scope.region.name, now) {
                Ok(mut post) => {
                    let before = base.as_ref().map(|base| base.wait).unwrap_or_default();
                    post.fields.wait = post::wait_order(row, wait, before, now, post.fields.start_at);
                    if let Some(base) = &base {
                        post::complete(&mut post.fields, base);
                    }
                    posts.push((number, post));
                }
                Err(why) => {
                    refused.insert(number, Doubt::Refused(why));
                }
            },
            Err(doubt) => {
                refused.insert(number, doubt);
            }
        }
    }
    let done = store_posts(&clerk.app, scope.topic, scope.vshard, posts).await?;
    refused.extend(done.into_iter().map(|(number, why)| (number, Doubt::Refused(why))));
    for (number, verdict) in (0..).zip(judged) {
        if matches!(verdict, Judged::Good(_)) {
            *verdict = refused.remove(&number).map_or(Judged::Out, Judged::Doubt);
        }
    }
    Ok(())
}

/// A good row as a row of an import.
fn import_row(clerk: &Clerk, row: &Row, good: &Good, base: Option<&JobFields>) -> Result<ImportRow, Doubt> {
    let region = &clerk.scope.region;
    let money = base.map_or_else(|| region.country.currency(), |base| base.currency.as_str());
    let mut body = row.body(good, &region.zone, money).ok_or(Doubt::Unreadable(Cell::Start))?;
    body["key"] = key_of(row).into();
    body["employer"] = clerk.scope.name.clone().into();
    serde_json::from_value(body).map_err(|error| Doubt::Refused(error.to_string()))
}
