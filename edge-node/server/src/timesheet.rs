//! Who worked how long on one day: what both sides confirmed, as the pages, the interface and the file show it.

use crate::{
    agency::bounds,
    app::App,
    http::tenant::{Guest, TenantScope},
};
use edge_core::node::JobView;
use jiff::{Timestamp, civil::Date};
use std::fmt::Write;
use sync_store::StoreError;

/// One worker's hours of one shift.
#[derive(Debug)]
pub(crate) struct Hours {
    pub(crate) view: JobView,
    pub(crate) guest: Guest,
}

/// Those who came to the shifts of a tenant that start on a day, by start and arrival.
pub(crate) fn of_day(app: &App, scope: &TenantScope, day: Date) -> Result<Vec<Hours>, StoreError> {
    let (from, until) = bounds(app, day);
    app.shared.readers.read(|tx| {
        let mut lines = Vec::new();
        for view in scope.jobs(tx, from, until)? {
            let mut guests = scope.shift(tx, view.clone())?.guests;
            guests.retain(|guest| guest.attendance.checked_in_at.is_some());
            guests.sort_by_key(|guest| (guest.attendance.checked_in_at, guest.row.sign_up));
            lines.extend(guests.into_iter().map(|guest| Hours { view: view.clone(), guest }));
        }
        Ok(lines)
    })
}

const HEADINGS: &str = "date,job,title,place,sign_up,code,checked_in,checked_out,measured_minutes,agency_minutes,worker_minutes,agreed\r\n";

/// The file, sealed by this node.
pub(crate) fn sealed_csv(app: &App, day: Date, lines: &[Hours]) -> String {
    let mut file = HEADINGS.to_owned();
    let time = |at: Option<i64>| {
        let at = at.and_then(|at| Timestamp::from_second(at).ok());
        at.map_or_else(String::new, |at| {
            at.to_zoned(app.shared.time_zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
        })
    };
    let number = |minutes: Option<u32>| minutes.map_or_else(String::new, |minutes| minutes.to_string());
    for Hours { view, guest } in lines {
        let (fields, at) = (&view.fields, &guest.attendance);
        // Writing to a String cannot fail.
        let _ = write!(
            file,
            "{day},{},{},{},{},{},{},{},{},{},{},{}\r\n",
            view.job,
            quoted(&fields.title),
            quoted(&fields.place),
            guest.row.sign_up,
            guest.row.fields.code,
            time(at.checked_in_at),
            time(at.checked_out_at),
            number(at.measured_minutes()),
            number(at.agency_minutes),
            number(at.worker_minutes),
            at.is_agreed()
        );
    }
    app.shared.papers.seal(&file)
}

/// A cell as RFC 4180 wants it; what a spreadsheet would take for a formula is made a text.
fn quoted(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    let cell: String = cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_texts_whatever_is_in_them() {
        for (cell, expected) in [
            ("分拣员", "\"分拣员\""),
            ("a \"b\", c", "\"a \"\"b\"\", c\""),
            ("=1+1", "\"'=1+1\""),
            ("two\r\nlines", "\"two  lines\""),
        ] {
            assert_eq!(quoted(cell), expected);
        }
    }
}
