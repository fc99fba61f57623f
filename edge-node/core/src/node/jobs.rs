//! Jobs that a tenant creates at this node: open here at once, also while cut off.

use super::Batch;
use sync_protocol::{
    documents::{Document, JobFields, Refused, Value, Visible, WaitOrder},
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
    /// The client's idempotency key; empty where there is none. A retry at another node is known by it once the job is there.
    pub key: String,
    /// Hash over the request; a repetition under the key has the same one.
    pub body_hash: [u8; 16],
}

/// Why a job is not created.
#[derive(Debug, thiserror::Error)]
pub enum JobRefusal {
    #[error("this tenant may not post in this region; ask the hub's operator to add the region")]
    NoTopic,
    #[error("this node's incarnation is over; it must join again before it takes jobs")]
    Retired,
    #[error("this node takes no new jobs: an operator drains it; post at another node or at the hub")]
    Draining,
    #[error("a job has 1 to {CAP_MAX} seats")]
    Seats,
    #[error("the shift must end after it starts, and start in the future")]
    Times,
    #[error("the idempotency key was used with another job")]
    KeyReused,
    #[error("{0}")]
    Absurd(String),
    #[error("the job is refused: {0}")]
    Document(Refused),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A change of a tenant's own job; what is not given stays. Seats and state are the ledger's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobEdit {
    pub tenant: TenantId,
    pub job: JobId,
    /// The whole job as it is to be; who and where stay as they are.
    pub fields: JobFields,
}

/// Why a job is not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditRefusal {
    #[error("there is no such job of this agency here")]
    Unknown,
    #[error("this node's incarnation is over; it must join again before it changes jobs")]
    Retired,
    #[error("the shift has begun; its times stay as they are")]
    Begun,
    #[error("the shift must end after it starts, and start in the future")]
    Times,
    #[error("{0}")]
    Absurd(String),
    #[error("the change is refused: {0}")]
    Document(Refused),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where the hash of a keyed job's request is kept.
/// Fields of a job that was posted at a node: the caller's idempotency key and the hash of the body, by which any node of the
/// region knows a retry.
const POSTED_KEY: &str = "posted_key";
const POSTED_HASH: &str = "posted_hash";

/// Longer keys than a node takes are not looked for.
const POSTED_KEY_BYTES_MAX: usize = 256;

/// The key under which a job was posted, wherever that was; empty where nobody gave one.
pub(super) fn posted_key(document: &Document) -> String {
    match document.visible(POSTED_KEY) {
        [Visible { value: Value::Text(key), .. }, ..] if key.len() <= POSTED_KEY_BYTES_MAX => key.clone(),
        _ => String::new(),
    }
}

fn posted_hash(document: &Document) -> Option<&[u8]> {
    match document.visible(POSTED_HASH) {
        [Visible { value: Value::Bytes(hash), .. }, ..] => Some(hash),
        _ => None,
    }
}

impl Batch<'_> {
    /// Changes a job's document, as any node of its region may. Only the fields that differ are written.
    pub fn edit_job(&mut self, edit: &JobEdit) -> Result<(), EditRefusal> {
        if self.over {
            return Err(EditRefusal::Retired);
        }
        let vshard = self.tx.vshard_of(edit.job)?.ok_or(EditRefusal::Unknown)?;
        let summary = self.tx.job_summary(vshard, edit.job)?;
        let summary = summary.filter(|job| job.tenant == edit.tenant).ok_or(EditRefusal::Unknown)?;
        let mut stored = self.tx.document(vshard, edit.job)?.ok_or(EditRefusal::Unknown)?;
        let before = JobFields::read(&stored.document).ok_or(EditRefusal::Unknown)?;
        let after = &edit.fields;
        if (before.start_at, before.end_at) != (after.start_at, after.end_at) {
            if before.start_at <= self.now {
                return Err(EditRefusal::Begun);
            }
            if after.end_at <= after.start_at || after.start_at <= self.now {
                return Err(EditRefusal::Times);
            }
        }
        let mut fields = after.to_fields();
        // A rule that is taken back must be written over, where a new document leaves it out.
        if before.no_show_after_min > 0 && after.no_show_after_min == 0 {
            fields.push(("no_show_after_min", Value::Int(0)));
        }
        let fixed = ["tenant", "region", "created_at", "employer", "synthetic", "redated"];
        fields.retain(|(name, _)| !fixed.contains(name) && !WaitOrder::AT_BIRTH.contains(name));
        after.check().map_err(EditRefusal::Absurd)?;
        self.edit(vshard, stored.topic, edit.job, &mut stored.document, &fields)?
            .map_err(EditRefusal::Document)?;
        self.tell_of_change(vshard, edit.job, Some(&before), after)?;
        let changed = JobSummary {
            title: after.title.clone(),
            start_at: after.start_at,
            end_at: after.end_at,
            ..summary
        };
        self.tx.put_job_summary(vshard, &changed)?;
        self.changed.insert(edit.job);
        Ok(())
    }

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
            let stored = self.tx.document(vshard, job)?;
            let hash = stored.as_ref().and_then(|stored| posted_hash(&stored.document));
            let is_same = hash.is_none_or(|hash| hash == new.body_hash);
            return if is_same { Ok(job) } else { Err(JobRefusal::KeyReused) };
        }
        if self.draining {
            return Err(JobRefusal::Draining);
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
        let mut written = fields.to_fields();
        if !new.key.is_empty() {
            written.push((POSTED_KEY, Value::Text(new.key.clone())));
            written.push((POSTED_HASH, Value::Bytes(new.body_hash.to_vec())));
        }
        self.edit(vshard, topic, job, &mut Document::default(), &written)?.map_err(JobRefusal::Document)?;
        self.tx.put_job_summary(vshard, &summary)?;
        self.append_row(vshard, topic, job, NodeEvent::Birth { cap: new.seats, policy: Some(new.policy) })?;
        let said = HubSaid { cap: new.seats, free: new.seats, ..HubSaid::default() };
        self.tx.put_node_job(vshard, job, &NodeJob::birth(new.seats, new.policy), &said)?;
        Ok(job)
    }
}
