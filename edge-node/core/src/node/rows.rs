//! Searchable rows and job views, made from stored documents and counters.

use crate::search::{Flags, JobRow, Position};
use sync_protocol::{
    documents::JobFields,
    ids::{JobId, TenantId, VshardId},
    seats::NodeJob,
};
use sync_store::{HubSaid, ShardTx, StoreError};

/// A job as pages and API show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobView {
    pub job: JobId,
    pub vshard: VshardId,
    pub fields: JobFields,
    pub seats: NodeJob,
    pub said: HubSaid,
}

/// Reads a job; `None` where it is not here.
pub fn job_view(tx: &mut dyn ShardTx, job: JobId) -> Result<Option<JobView>, StoreError> {
    let Some(vshard) = tx.vshard_of(job)? else { return Ok(None) };
    let Some(stored) = tx.document(vshard, job)? else { return Ok(None) };
    let Some(fields) = JobFields::read(&stored.document) else { return Ok(None) };
    let (seats, said) = tx.node_job(vshard, job)?.unwrap_or_default();
    Ok(Some(JobView { job, vshard, fields, seats, said }))
}

/// Makes the row that the search index takes.
#[must_use]
pub fn job_row(view: &JobView, utc_offset_s: i32) -> JobRow {
    let fields = &view.fields;
    let mut flags = Flags::NONE;
    for (is_set, flag) in [
        (fields.meal, Flags::MEAL),
        (fields.bed, Flags::BED),
        (fields.daily_pay, Flags::DAILY_PAY),
        (is_night(fields.start_at, utc_offset_s), Flags::NIGHT),
    ] {
        if is_set {
            flags |= flag;
        }
    }
    JobRow {
        job: view.job,
        title: fields.title.clone(),
        text: [fields.text.as_str(), &fields.employer, &fields.place].join("\n"),
        category: fields.category.clone(),
        tenant: TenantId(fields.tenant),
        position: fields.position.map(|(lat_e6, lon_e6)| Position { lat_e6, lon_e6 }),
        start_at: fields.start_at,
        end_at: fields.end_at,
        pay_minor_per_hour: fields.pay_minor_per_hour,
        created_at: fields.created_at,
        flags,
        language: fields.language.clone(),
        open: !view.seats.closed,
        offerable: view.seats.avail(),
    }
}

/// A shift that starts from 18:00 to 04:59 local time.
fn is_night(start_at: i64, utc_offset_s: i32) -> bool {
    let hour = (start_at + i64::from(utc_offset_s)).rem_euclid(86_400) / 3_600;
    !(5..18).contains(&hour)
}
