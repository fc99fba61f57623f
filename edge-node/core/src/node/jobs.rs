//! Jobs that a tenant creates at this node: open here at once, also while cut off.

use super::Batch;
use sync_protocol::{
    documents::{Document, JobFields, Refused},
    ids::{JobId, TenantId},
    limits::CAP_MAX,
    seats::{LossPolicy, NodeEvent, NodeJob},
};
use sync_store::{HubSaid, JobSummary, StoreError};

/// A job as a tenant gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    pub fields: JobFields,
    pub seats: u32,
    /// What becomes of the rights of a node that is lost; fixed when the job is created.
    pub policy: LossPolicy,
    /// The client's idempotency key, hashed with the tenant; empty where there is none.
    pub key: String,
}

/// Why a job is not created.
#[derive(Debug, thiserror::Error)]
pub enum JobRefusal {
    #[error("this tenant may not post in this region; ask the hub's operator to add the region")]
    NoTopic,
    #[error("this node's incarnation is over; it must join again before it takes jobs")]
    Retired,
    #[error("a job has 1 to {CAP_MAX} seats")]
    Seats,
    #[error("the shift must end after it starts, and start in the future")]
    Times,
    #[error("{0}")]
    Absurd(String),
    #[error("the job is refused: {0}")]
    Document(Refused),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Batch<'_> {
    /// Creates a job with all of its rights here. A repetition under the same key gives the same job.
    pub fn create_job(&mut self, new: &NewJob) -> Result<JobId, JobRefusal> {
        let tenant = TenantId(new.fields.tenant);
        if self.over {
            return Err(JobRefusal::Retired);
        }
        let (topic, vshard) = *self.node.topics.get(&tenant).ok_or(JobRefusal::NoTopic)?;
        if new.seats == 0 || new.seats > CAP_MAX {
            return Err(JobRefusal::Seats);
        }
        if new.fields.end_at <= new.fields.start_at || new.fields.start_at <= self.now {
            return Err(JobRefusal::Times);
        }
        new.fields.check().map_err(JobRefusal::Absurd)?;
        if let Some(job) = self.tx.job_by_key(vshard, tenant, &new.key)? {
            return Ok(job);
        }
        let job = JobId::job(self.node.writer, self.tx.next_counter()?);
        let fields = &new.fields;
        let summary = JobSummary {
            job,
            topic,
            tenant,
            key: new.key.clone(),
            title: fields.title.clone(),
            start_at: fields.start_at,
            end_at: fields.end_at,
        };
        self.edit(vshard, topic, job, &mut Document::default(), &fields.to_fields())?
            .map_err(JobRefusal::Document)?;
        self.tx.put_job_summary(vshard, &summary)?;
        self.append_row(vshard, topic, job, NodeEvent::Birth { cap: new.seats, policy: Some(new.policy) })?;
        let said = HubSaid { cap: new.seats, version: 0, free: new.seats, waiting: 0 };
        self.tx.put_node_job(vshard, job, &NodeJob::birth(new.seats, new.policy), &said)?;
        Ok(job)
    }
}
