//! Jobs that come in at the hub: imports, safe to repeat.

use super::{Edited, Shard};
use sync_protocol::{
    documents::{Document, JobFields, Value, WaitRule},
    ids::{JobId, TenantId, TopicId},
    limits::CAP_MAX,
    seats::{HubJob, JobRow, JobText, LossPolicy},
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
    if let Err(fault) = post.fields.check() {
        return Ok(Imported::Refused(fault));
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

/// Nodes give it back to a hub that lost it, so that a job that is imported again is the same one.
fn import_key(post: &JobPost) -> (&'static str, Value) {
    (JobFields::IMPORT_KEY, Value::Text(post.key.clone()))
}

fn create(shard: &mut Shard<'_>, topic: TopicId, post: &JobPost) -> Result<Imported, StoreError> {
    let counter = shard.tx.next_counter()?;
    // Each vshard's file counts on its own: the vshard keeps the ids of two files apart.
    let job = JobId::job(shard.writer()?, counter << 10 | u64::from(shard.vshard.0));
    let mut document = Document::default();
    let mut fields = post.fields.to_fields();
    fields.push(import_key(post));
    if let Edited::NoRoom(refused) = shard.edit(job, topic, &mut document, &fields)? {
        return Ok(Imported::Refused(format!("{refused}; shorten its texts")));
    }
    shard.tx.put_job_summary(shard.vshard, &summary(job, topic, post, &post.fields))?;
    shard.tx.put_hub_job(shard.vshard, job, &HubJob::new(post.seats, post.policy))?;
    let row = JobRow {
        job,
        cap: post.seats,
        open: true,
        version: 1,
        free: post.seats,
        waiting: 0,
        policy: Some(post.policy),
        seal: None,
    };
    shard.append_job_row(job, topic, &row)?;
    Ok(Imported::Created(job))
}

fn update(shard: &mut Shard<'_>, topic: TopicId, job: JobId, post: &JobPost) -> Result<Imported, StoreError> {
    let Some(mut stored) = shard.tx.document(shard.vshard, job)? else {
        return Err(StoreError::BadRow("job without document"));
    };
    let Some(before) = JobFields::read(&stored.document) else {
        let reason = format!(
            "the document of {job} cannot be read as a job any more; post this one under another key"
        );
        return Ok(Imported::Refused(reason));
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
    let (told, stands) = (post.fields.wait.rule, before.wait.rule);
    if told != WaitRule::default() && told != stands {
        let reason = format!(
            "wait_rule: people wait by {} since the job was posted; leave it out, or post under another key",
            stands.as_str()
        );
        return Ok(Imported::Refused(reason));
    }
    let mut fields = post.fields.clone();
    fields.created_at = before.created_at;
    // People wait by it.
    fields.wait = before.wait;
    if post.keep_dates {
        (fields.start_at, fields.end_at) = (before.start_at, before.end_at);
    }
    let raised = post.seats > seats.cap;
    if raised {
        let out = shard.out_total(job)?;
        if let Err(refusal) = seats.set_cap(post.seats, 0, out, seats.excess) {
            return Ok(Imported::Refused(refusal.to_string()));
        }
    }
    let mut values = fields.to_fields();
    values.extend(before.demands.dropped_by(&fields.demands));
    values.push(import_key(post));
    let edited = shard.edit(job, topic, &mut stored.document, &values)?;
    match &edited {
        Edited::NoRoom(refused) => {
            let fix = "shorten its texts, or close the job and post it under another key";
            return Ok(Imported::Refused(format!("{job}: {refused}; {fix}")));
        }
        Edited::Written => shard.tx.put_job_summary(shard.vshard, &summary(job, topic, post, &fields))?,
        Edited::Same => {}
    }
    if raised {
        shard.tx.put_hub_job(shard.vshard, job, &seats)?;
    }
    let is_changed = raised || edited == Edited::Written;
    Ok(if is_changed { Imported::Updated(job) } else { Imported::Unchanged(job) })
}

/// Makes a job's document anew from the text that a node gave back, which is the hub's own.
pub(super) fn take_back(
    shard: &mut Shard<'_>,
    job: JobId,
    topic: TopicId,
    text: &JobText,
) -> Result<(), StoreError> {
    let mut document = Document::default();
    let fields: Vec<_> = text.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    if shard.edit(job, topic, &mut document, &fields)? != Edited::Written {
        return Ok(());
    }
    let Some(fields) = JobFields::read(&document) else { return Ok(()) };
    let key = match text.get(JobFields::IMPORT_KEY) {
        Some(Value::Text(key)) => key.clone(),
        Some(Value::Int(_) | Value::Bool(_) | Value::Bytes(_) | Value::Null) | None => String::new(),
    };
    let tenant = TenantId(fields.tenant);
    let JobFields { title, start_at, end_at, .. } = fields;
    shard.tx.put_job_summary(shard.vshard, &JobSummary { job, topic, tenant, key, title, start_at, end_at })
}
