//! Jobs that come in at the hub: imports, safe to repeat.

use super::Shard;
use sync_protocol::{
    documents::{Document, JobFields},
    ids::{JobId, TenantId, TopicId},
    limits::CAP_MAX,
    seats::{HubJob, JobRow, LossPolicy},
};
use sync_store::{JobSummary, StoreError};

/// A job as an import or a tenant gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobPost {
    /// Unique within the tenant; a second post under it edits the first.
    pub key: String,
    pub fields: JobFields,
    pub seats: u32,
    /// What becomes of the rights of a node that is lost; fixed when the job is created.
    pub policy: LossPolicy,
    /// Dates that the importer moved: those of the first import stay.
    pub keep_dates: bool,
}

/// What an import did with one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    Created(JobId),
    Updated(JobId),
    Unchanged(JobId),
    Refused(String),
}

/// Creates the job, or edits the one that has its key.
pub fn import_job(shard: &mut Shard<'_>, topic: TopicId, post: &JobPost) -> Result<Imported, StoreError> {
    if post.seats == 0 || post.seats > CAP_MAX {
        return Ok(Imported::Refused(format!("{} seats; a job has 1 to {CAP_MAX}", post.seats)));
    }
    let tenant = TenantId(post.fields.tenant);
    match shard.tx.job_by_key(shard.vshard, tenant, &post.key)? {
        Some(job) => update(shard, topic, job, post),
        None => create(shard, topic, post),
    }
}

fn summary(job: JobId, topic: TopicId, post: &JobPost, fields: &JobFields) -> JobSummary {
    JobSummary {
        job,
        topic,
        tenant: TenantId(fields.tenant),
        key: post.key.clone(),
        title: fields.title.clone(),
        start_at: fields.start_at,
        end_at: fields.end_at,
    }
}

fn create(shard: &mut Shard<'_>, topic: TopicId, post: &JobPost) -> Result<Imported, StoreError> {
    let counter = shard.tx.next_counter()?;
    // Each vshard's file counts on its own: the vshard keeps the ids of two files apart.
    let job = JobId::job(shard.writer()?, counter << 10 | u64::from(shard.vshard.0));
    let mut document = Document::default();
    shard.tx.put_job_summary(shard.vshard, &summary(job, topic, post, &post.fields))?;
    shard.edit(job, topic, &mut document, &post.fields.to_fields())?;
    shard.tx.put_hub_job(shard.vshard, job, &HubJob::new(post.seats, post.policy))?;
    let row = JobRow {
        job,
        cap: post.seats,
        open: true,
        version: 1,
        free: post.seats,
        waiting: 0,
        policy: Some(post.policy),
    };
    shard.append_job_row(job, topic, &row)?;
    Ok(Imported::Created(job))
}

fn update(shard: &mut Shard<'_>, topic: TopicId, job: JobId, post: &JobPost) -> Result<Imported, StoreError> {
    let Some(mut stored) = shard.tx.document(shard.vshard, job)? else {
        return Err(StoreError::BadRow("job without document"));
    };
    let Some(before) = JobFields::read(&stored.document) else {
        return Err(StoreError::BadRow("job document"));
    };
    let Some(mut seats) = shard.tx.hub_job(shard.vshard, job)? else {
        return Err(StoreError::BadRow("job without seats"));
    };
    if post.seats < seats.cap {
        let reason = format!(
            "{} seats are fewer than the {} that are open; lowering a cap is a command of its own: dayshift jobs cap",
            post.seats, seats.cap
        );
        return Ok(Imported::Refused(reason));
    }
    let mut fields = post.fields.clone();
    fields.created_at = before.created_at;
    if post.keep_dates {
        (fields.start_at, fields.end_at) = (before.start_at, before.end_at);
    }
    let raised = post.seats > seats.cap;
    if raised {
        let out = shard.out_total(job)?;
        if let Err(refusal) = seats.set_cap(post.seats, 0, out, seats.excess) {
            return Ok(Imported::Refused(refusal.to_string()));
        }
        shard.tx.put_hub_job(shard.vshard, job, &seats)?;
    }
    let mut values = fields.to_fields();
    values.extend(before.demands.dropped_by(&fields.demands));
    let edited = shard.edit(job, topic, &mut stored.document, &values)?;
    if edited {
        shard.tx.put_job_summary(shard.vshard, &summary(job, topic, post, &fields))?;
    }
    Ok(if edited || raised { Imported::Updated(job) } else { Imported::Unchanged(job) })
}
