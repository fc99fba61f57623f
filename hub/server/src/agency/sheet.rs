//! The timesheet at the hub: what the gates of a region measured and both sides confirmed there, to look at and to export.
//! Hours are confirmed at a node, and by workers at kiosks.

use super::{Clerk, board, day_of, view::SheetPage};
use crate::{http::Problem, live};
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::civil::Date;
use pages::agency::{
    hours::{self, Hours},
    view::show as show_page,
};

async fn of_day(clerk: &Clerk, day: Date) -> Result<Vec<Hours>, Problem> {
    let (from, until) = clerk.scope.region.bounds(day);
    Ok(clerk.scope.hours(&clerk.app, from, until).await?)
}

/// `GET /agency/timesheet?date=`.
pub(super) async fn show(clerk: Clerk) -> Response {
    match page(&clerk).await {
        Ok(page) => show_page(StatusCode::OK, &page),
        Err(problem) => clerk.explain(&problem),
    }
}

async fn page(clerk: &Clerk) -> Result<SheetPage, Problem> {
    let day = day_of(clerk, &clerk.query, "date");
    let found = of_day(clerk, day).await?;
    let known = board::region(clerk, &live::nodes(&clerk.app).await?);
    let f = clerk.frame("/agency/timesheet");
    let lines = found.iter().map(|hours| hours::line(&f, hours, &clerk.scope.region.zone)).collect();
    Ok(SheetPage { f, date: day.to_string(), lines, known })
}

/// `GET /agency/timesheet.csv?date=`.
pub(super) async fn csv(clerk: Clerk) -> Response {
    let day = day_of(&clerk, &clerk.query, "date");
    let lines = match of_day(&clerk, day).await {
        Ok(lines) => lines,
        Err(problem) => return clerk.explain(&problem),
    };
    let name = format!("attachment; filename=\"timesheet-{day}.csv\"");
    let head =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    let file = hours::csv(day, &clerk.scope.region.zone, &lines);
    let signer = &clerk.app.signer;
    (head, hours::sealed(&file, &signer.key, &signer.certificate)).into_response()
}
