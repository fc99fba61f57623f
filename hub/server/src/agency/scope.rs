//! What of the hub's data is a tenant's, in one region: every look of the desk goes through here, and what belongs to
//! another tenant is as if it were not there.

use crate::{app::App, limits::DESK_JOBS_MAX, live::JobView, regions::Region, shard_workers::ShardError};
use pages::agency::{hours::Hours, who::Person};
use std::collections::BTreeMap;
use subtle::ConstantTimeEq;
use sync_protocol::{
    documents::{Attendance, JobFields, SignUpFields, Status},
    ids::{JobId, SignUpId, TenantId, TopicId, VshardId, Writer},
    seats::{EndReason, SeatState},
};
use sync_store::{JobSummary, SeatRow, ShardTx, StoreError};

/// One tenant, proven by its key, in one of its regions.
#[derive(Debug, Clone)]
pub(crate) struct TenantScope {
    pub(crate) tenant: TenantId,
    pub(crate) name: String,
    /// The region that the page is about.
    pub(crate) region: Region,
    /// All regions in which the tenant may post.
    pub(crate) regions: Vec<String>,
    pub(crate) topic: TopicId,
    pub(crate) vshard: VshardId,
}

/// A shift with those who signed up for it, as the hub knows them.
#[derive(Debug, Clone)]
pub(crate) struct Shift {
    pub(crate) view: JobView,
    pub(crate) fields: JobFields,
    pub(crate) people: Vec<Person>,
}

impl Shift {
    fn count(&self, is: impl Fn(&Person) -> bool) -> u32 {
        u32::try_from(self.people.iter().filter(|person| is(person)).count()).unwrap_or(u32::MAX)
    }

    pub(crate) fn confirmed(&self) -> u32 {
        self.count(|person| person.status == Status::Confirmed)
    }

    pub(crate) fn arrived(&self) -> u32 {
        self.count(Person::is_in)
    }

    pub(crate) fn waiting(&self) -> u32 {
        self.count(|person| person.rank() == 1)
    }

    pub(crate) fn job(&self) -> JobId {
        self.view.summary.job
    }
}

/// The shifts of a time.
#[derive(Debug)]
pub(crate) struct Shifts {
    pub(crate) shown: Vec<Shift>,
    /// Shifts beyond the limit of a page.
    pub(crate) left_out: usize,
}

impl TenantScope {
    /// Whose key has this hash, in `region`, or in the first of its regions where none is named; `None` where nobody's who may
    /// post there.
    pub(crate) fn of_hash(app: &App, hash: &blake3::Hash, region: &str) -> Option<Self> {
        let picture = app.directory.picture();
        let is_known = |key_hash: &[u8]| bool::from(hash.as_bytes().ct_eq(key_hash));
        let tenant = picture.tenants.values().find(|tenant| is_known(&tenant.key_hash))?;
        let regions: Vec<String> = picture.regions_of(tenant.id).into_iter().map(str::to_owned).collect();
        let region = if region.is_empty() { regions.first()?.clone() } else { region.to_owned() };
        let topic = TopicId::of(tenant.id, &region, 0);
        let vshard = picture.topics.get(&topic)?.vshard;
        let (tenant, name, region) = (tenant.id, tenant.name.clone(), app.regions.of(&region));
        Some(Self { tenant, name, region, regions, topic, vshard })
    }

    /// This tenant's jobs of the region that start within `from..until` (epoch seconds), by start, without their people.
    pub(crate) async fn jobs(
        &self,
        app: &App,
        from: i64,
        until: i64,
    ) -> Result<Vec<(JobView, JobFields)>, ShardError> {
        let scope = self.clone();
        let work = move |tx: &mut dyn ShardTx| {
            let summaries = scope.summaries(tx, from, until)?.into_iter().take(DESK_JOBS_MAX);
            summaries.filter_map(|summary| scope.read(tx, summary).transpose()).collect()
        };
        app.shards.read(self.vshard, work).await
    }

    /// This tenant's shifts of the region that start within `from..until` and end after `ends_after` (epoch seconds).
    pub(crate) async fn shifts(
        &self,
        app: &App,
        from: i64,
        until: i64,
        ends_after: i64,
    ) -> Result<Shifts, ShardError> {
        let scope = self.clone();
        let work = move |tx: &mut dyn ShardTx| {
            let mut summaries = scope.summaries(tx, from, until)?;
            summaries.retain(|summary| summary.end_at > ends_after);
            let left_out = summaries.len().saturating_sub(DESK_JOBS_MAX);
            summaries.truncate(DESK_JOBS_MAX);
            let mut shown = Vec::new();
            for summary in summaries {
                let Some((view, fields)) = scope.read(tx, summary)? else { continue };
                let people = scope.people(tx, &view)?;
                shown.push(Shift { view, fields, people });
            }
            Ok(Shifts { shown, left_out })
        };
        app.shards.read(self.vshard, work).await
    }

    /// One of this tenant's jobs of the region.
    pub(crate) async fn job(&self, app: &App, job: JobId) -> Result<Option<JobFields>, ShardError> {
        let scope = self.clone();
        let work = move |tx: &mut dyn ShardTx| {
            let Some(summary) = tx.job_summary(scope.vshard, job)? else { return Ok(None) };
            Ok(scope.read(tx, summary)?.map(|(_, fields)| fields))
        };
        app.shards.read(self.vshard, work).await
    }

    /// One of this tenant's jobs of the region, with its people.
    pub(crate) async fn shift(&self, app: &App, job: JobId) -> Result<Option<Shift>, ShardError> {
        let scope = self.clone();
        let work = move |tx: &mut dyn ShardTx| {
            let Some(summary) = tx.job_summary(scope.vshard, job)? else { return Ok(None) };
            let Some((view, fields)) = scope.read(tx, summary)? else { return Ok(None) };
            let people = scope.people(tx, &view)?;
            Ok(Some(Shift { view, fields, people }))
        };
        app.shards.read(self.vshard, work).await
    }

    /// Who holds a place of a job.
    pub(crate) async fn holder(
        &self,
        app: &App,
        job: JobId,
        sign_up: SignUpId,
    ) -> Result<Option<Writer>, ShardError> {
        let vshard = self.vshard;
        let work = move |tx: &mut dyn ShardTx| Ok(tx.seat(vshard, job, sign_up)?.map(|seat| seat.holder));
        app.shards.read(vshard, work).await
    }

    /// Which of these keys this tenant's jobs of the region have.
    pub(crate) async fn posted(&self, app: &App, keys: Vec<String>) -> Result<Vec<bool>, ShardError> {
        let (vshard, tenant) = (self.vshard, self.tenant);
        let work = move |tx: &mut dyn ShardTx| {
            keys.iter().map(|key| Ok(tx.job_by_key(vshard, tenant, key)?.is_some())).collect()
        };
        app.shards.read(self.vshard, work).await
    }

    /// Those who came to the shifts that start within `from..until` (epoch seconds), by start and arrival.
    pub(crate) async fn hours(&self, app: &App, from: i64, until: i64) -> Result<Vec<Hours>, ShardError> {
        let scope = self.clone();
        let work = move |tx: &mut dyn ShardTx| {
            let mut lines = Vec::new();
            for summary in scope.summaries(tx, from, until)? {
                let Some((view, fields)) = scope.read(tx, summary)? else { continue };
                let mut people = scope.people(tx, &view)?;
                people.retain(|person| person.attendance.checked_in_at.is_some());
                people.sort_by_key(|person| (person.attendance.checked_in_at, person.sign_up));
                lines.extend(people.into_iter().map(|person| Hours {
                    job: view.summary.job.to_string(),
                    title: fields.title.clone(),
                    place: fields.place.clone(),
                    person,
                }));
            }
            Ok(lines)
        };
        app.shards.read(self.vshard, work).await
    }

    fn summaries(&self, tx: &mut dyn ShardTx, from: i64, until: i64) -> Result<Vec<JobSummary>, StoreError> {
        tx.jobs_of(self.vshard, self.tenant, from, until)
    }

    /// A job with its fields, where it is this tenant's and of this region.
    fn read(
        &self,
        tx: &mut dyn ShardTx,
        summary: JobSummary,
    ) -> Result<Option<(JobView, JobFields)>, StoreError> {
        if summary.topic != self.topic || summary.tenant != self.tenant {
            return Ok(None);
        }
        let mut view = JobView::read(tx, self.vshard, summary)?;
        Ok(view.fields.take().map(|fields| (view, fields)))
    }

    fn people(&self, tx: &mut dyn ShardTx, view: &JobView) -> Result<Vec<Person>, StoreError> {
        let job = view.summary.job;
        // Before a draw nobody stands before another.
        let line = if view.draw_at.is_some() { Vec::new() } else { tx.waiting(self.vshard, job)? };
        let position: BTreeMap<SignUpId, u32> = line.iter().map(|row| row.sign_up).zip(1..).collect();
        let mut people = Vec::new();
        for seat in tx.seats(self.vshard, job)? {
            let ending = tx.ending(self.vshard, job, seat.sign_up)?.filter(|ending| !ending.done);
            let document = tx.document(self.vshard, seat.sign_up)?;
            let document = document.as_ref().map(|stored| &stored.document);
            let fields = document.and_then(SignUpFields::read);
            let reason = fields.as_ref().and_then(|fields| EndReason::parse(&fields.reason));
            let status = match (status(&seat), reason) {
                // Its holder tells of any end that was said there as of a cancellation; whose word it was, the document says.
                (Status::Cancelled, Some(EndReason::NoShow | EndReason::Employer)) => Status::Bumped,
                (status, _) => status,
            };
            let attendance = document.map(Attendance::read).unwrap_or_default();
            // The holder takes no place from somebody who came.
            let came = attendance.checked_in_at.is_some();
            let ending = ending.filter(|row| !came || !row.ending.reason.spares_who_came());
            people.push(Person {
                sign_up: seat.sign_up,
                code: fields.as_ref().map_or_else(String::new, |fields| fields.code.clone()),
                status,
                reason,
                attendance,
                is_ending: ending.is_some() && status.is_current(),
                position: position.get(&seat.sign_up).copied(),
            });
        }
        people.sort_by_key(|person| (person.rank(), person.position, person.sign_up));
        Ok(people)
    }
}

/// How the ledger has a sign-up; its document may be behind.
const fn status(seat: &SeatRow) -> Status {
    match seat.state {
        SeatState::Live => Status::Confirmed,
        SeatState::Waiting => Status::WaitListed,
        SeatState::Requested => Status::Requested,
        SeatState::Cancelled => Status::Cancelled,
        SeatState::Bumped => Status::Bumped,
    }
}
