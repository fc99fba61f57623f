//! Who worked how long on one day: what both sides confirmed, as the pages, the interface and the file show it.

use crate::{
    agency::bounds,
    app::App,
    http::tenant::{Guest, TenantScope},
};
use edge_core::node::JobView;
use jiff::civil::Date;
use pages::agency::hours;
use sync_protocol::documents::JobFields;
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

impl Hours {
    /// As pages and file say it.
    pub(crate) fn said(&self) -> hours::Hours {
        let JobFields { title, place, .. } = &self.view.fields;
        let (job, person) = (self.view.job.to_string(), self.guest.person());
        hours::Hours { job, title: title.clone(), place: place.clone(), person }
    }
}

/// The file, sealed by this node.
pub(crate) fn sealed_csv(app: &App, day: Date, lines: &[Hours]) -> String {
    let lines: Vec<hours::Hours> = lines.iter().map(Hours::said).collect();
    app.shared.papers.seal(&hours::csv(day, &app.shared.time_zone, &lines))
}
