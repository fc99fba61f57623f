//! Who asks in an agency's name, and what of the node's data is theirs.
//!
//! Every route of an agency takes a [`TenantScope`], and every look at an agency's data goes through one: what belongs to
//! another tenant is answered as if it were not there.

use super::Problem;
use crate::outbox::{message, sender::SENDERS_FILE};
use crate::{
    app::App,
    event_loop::{Event, Order},
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use edge_core::node::{
    Act, Attend, AttendRefusal, Attended, EditRefusal, JobEdit, JobView, attendance_of, in_order, job_view,
};
use jiff::civil::Date;
use pages::agency::who::{Person, rank};
use std::collections::{BTreeMap, BTreeSet};
use sync_protocol::{
    documents::{Attendance, Status, TenantKey},
    ids::{JobId, SignUpId, TenantId, VshardId},
    seats::EndReason,
};
use sync_store::{MessageKind, ShardTx, SignUpRow, StoreError};
use tokio::sync::oneshot;

/// One tenant, proven by its key.
#[derive(Debug, Clone)]
pub(crate) struct TenantScope {
    pub(crate) tenant: TenantId,
    pub(crate) name: String,
    vshards: BTreeSet<VshardId>,
    /// Signs what is posted and changed in its name; only whoever brought the API key has it.
    key: Option<TenantKey>,
}

/// Of one sign-up what an agency may see: no name, no number, only how the place stands.
#[derive(Debug, Clone)]
pub(crate) struct Guest {
    pub(crate) row: SignUpRow,
    pub(crate) attendance: Attendance,
    /// Its end was asked for here and is not reported yet.
    pub(crate) is_ending: bool,
    /// Place among those who wait as far as this node knows, from 1; none before a draw.
    pub(crate) position: Option<u32>,
}

impl Guest {
    /// In whose order a clerk goes through a list.
    pub(crate) fn rank(&self) -> u8 {
        rank(self.row.status(), &self.attendance)
    }

    /// As pages show them.
    pub(crate) fn person(&self) -> Person {
        Person {
            sign_up: self.row.sign_up,
            code: self.row.fields.code.clone(),
            status: self.row.status(),
            reason: EndReason::parse(&self.row.fields.reason),
            attendance: self.attendance,
            is_ending: self.is_ending,
            position: self.position,
        }
    }

    pub(crate) fn is_in(&self) -> bool {
        self.row.status() == Status::Confirmed && self.attendance.checked_in_at.is_some()
    }
}

/// A shift with those who signed up for it.
#[derive(Debug, Clone)]
pub(crate) struct Shift {
    pub(crate) view: JobView,
    pub(crate) guests: Vec<Guest>,
}

impl Shift {
    /// Places in all.
    pub(crate) fn cap(&self) -> u32 {
        let here = self.view.seats.granted.saturating_sub(self.view.seats.returned);
        self.view.said.cap.max(here)
    }

    pub(crate) fn count(&self, is: impl Fn(&Guest) -> bool) -> u32 {
        u32::try_from(self.guests.iter().filter(|guest| is(guest)).count()).unwrap_or(u32::MAX)
    }

    pub(crate) fn confirmed(&self) -> u32 {
        self.count(|guest| guest.row.status() == Status::Confirmed)
    }

    pub(crate) fn arrived(&self) -> u32 {
        self.count(Guest::is_in)
    }

    pub(crate) fn waiting(&self) -> u32 {
        self.count(|guest| guest.rank() == 1)
    }
}

impl TenantScope {
    /// Whose key this is; `None` where nobody's who may post in the node's region.
    pub(crate) fn of_key(app: &App, key: &str) -> Option<Self> {
        // The key has 128 random bits, and the comparison takes the same time wherever it differs.
        let hash = blake3::hash(key.trim().as_bytes());
        Self::of_login(app, &hash, TenantKey::of_api_key(key.trim()))
    }

    /// The scope of a tenant in whose name this node itself acts.
    pub(crate) fn of_tenant(app: &App, tenant: TenantId) -> Option<Self> {
        let interest = app.shared.interest();
        let tenant = interest.tenants.iter().find(|known| known.id == tenant.0)?;
        let topics = interest.topics.iter().filter(|(_, of, _)| *of == tenant.id);
        let vshards = topics.map(|(_, _, vshard)| VshardId(*vshard)).collect();
        Some(Self { tenant: TenantId(tenant.id), name: tenant.name.clone(), vshards, key: None })
    }

    /// Puts the timesheet of a day into the outbox, for the address that the operator gave the tenant.
    pub(crate) async fn send_timesheet(&self, app: &App, day: Date) -> Result<(), Problem> {
        if !app.senders.reaches(&self.name) {
            let detail =
                format!("the operator of this node has given {} no address in {SENDERS_FILE}", self.name);
            return Err(Problem::new("no-sender", detail));
        }
        let vshard = *self.vshards.first().ok_or_else(|| Problem::new("no-topic", "no region"))?;
        let (reply, answer) = oneshot::channel();
        let order = Order::Send(vshard, MessageKind::Timesheet, message::subject(self.tenant, day), reply);
        app.send(Event::Order(order))?;
        if app.wait(answer).await? { Ok(()) } else { Err(Problem::new("busy", "the outbox is full")) }
    }

    /// The same by the key's hash and what signs for it, as a log-in keeps both: a key that was replaced in the meantime is
    /// nobody's.
    pub(crate) fn of_login(app: &App, hash: &blake3::Hash, key: TenantKey) -> Option<Self> {
        let interest = app.shared.interest();
        let tenant = interest.tenants.iter().find(|tenant| *hash == *tenant.key_hash.as_slice())?;
        Some(Self { key: Some(key), ..Self::of_tenant(app, TenantId(tenant.id))? })
    }

    /// What signs in the tenant's name.
    pub(super) fn signing_key(&self) -> Result<TenantKey, Problem> {
        self.key.clone().ok_or_else(|| Problem::new("unauthorised", "this needs the tenant's key"))
    }

    /// One of this tenant's jobs.
    pub(crate) fn job(&self, tx: &mut dyn ShardTx, job: JobId) -> Result<Option<JobView>, StoreError> {
        Ok(job_view(tx, job)?.filter(|view| view.fields.tenant == self.tenant.0))
    }

    /// This tenant's jobs that start within `from..until` (epoch seconds), by start.
    pub(crate) fn jobs(
        &self,
        tx: &mut dyn ShardTx,
        from: i64,
        until: i64,
    ) -> Result<Vec<JobView>, StoreError> {
        self.jobs_that(tx, from, until, |_, _| true)
    }

    /// The same, of those whose start and end (epoch seconds) are wanted.
    pub(crate) fn jobs_that(
        &self,
        tx: &mut dyn ShardTx,
        from: i64,
        until: i64,
        is_wanted: impl Fn(i64, i64) -> bool,
    ) -> Result<Vec<JobView>, StoreError> {
        let mut found = Vec::new();
        for vshard in &self.vshards {
            for summary in tx.jobs_of(*vshard, self.tenant, from, until)? {
                if is_wanted(summary.start_at, summary.end_at) {
                    found.extend(self.job(tx, summary.job)?);
                }
            }
        }
        found.sort_by_key(|view| (view.fields.start_at, view.job));
        Ok(found)
    }

    /// One sign-up for one of this tenant's jobs.
    pub(crate) fn sign_up(
        &self,
        tx: &mut dyn ShardTx,
        sign_up: SignUpId,
    ) -> Result<Option<(SignUpRow, JobView)>, StoreError> {
        let Some(row) = tx.sign_up(sign_up)? else { return Ok(None) };
        Ok(self.job(tx, row.fields.job)?.map(|view| (row, view)))
    }

    /// Sign-ups for this tenant's jobs that have these six digits.
    pub(crate) fn by_code(
        &self,
        tx: &mut dyn ShardTx,
        code: &str,
    ) -> Result<Vec<(SignUpRow, JobView)>, StoreError> {
        let mut found = Vec::new();
        for row in tx.sign_ups_by_code(code)? {
            found.extend(self.job(tx, row.fields.job)?.map(|view| (row, view)));
        }
        Ok(found)
    }

    /// A job of this tenant with those who signed up, in the order in which a clerk goes through them.
    pub(crate) fn shift(&self, tx: &mut dyn ShardTx, view: JobView) -> Result<Shift, StoreError> {
        let (mut guests, mut waiting) = (Vec::new(), Vec::new());
        for row in tx.sign_ups_for(view.vshard, view.job)? {
            let attendance = attendance_of(tx, &row)?;
            let ending = tx.ending(row.vshard, view.job, row.sign_up)?.filter(|ending| !ending.done);
            let is_withdrawn = attendance.checked_in_at.is_some()
                && ending.is_some_and(|row| row.ending.reason.spares_who_came());
            let is_ending = ending.is_some() && row.status().is_current() && !is_withdrawn;
            let waits = matches!(row.status(), Status::WaitListed | Status::Requested);
            if waits {
                waiting.push((row.sign_up, row.fields.worker));
            }
            guests.push(Guest { row, attendance, is_ending, position: None });
        }
        let ordered = in_order(tx, view.vshard, view.job, waiting, |one| *one)?.unwrap_or_default();
        let places: BTreeMap<SignUpId, u32> = ordered.iter().map(|(sign_up, _)| *sign_up).zip(1..).collect();
        for guest in &mut guests {
            guest.position = places.get(&guest.row.sign_up).copied();
        }
        guests.sort_by_key(|guest| (guest.rank(), guest.position));
        Ok(Shift { view, guests })
    }

    /// Whether a job of this tenant was posted here under this key.
    pub(crate) fn has_posted(&self, tx: &mut dyn ShardTx, key: &str) -> Result<bool, StoreError> {
        for vshard in &self.vshards {
            if tx.job_by_key(*vshard, self.tenant, key)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Changes one of this tenant's jobs.
    pub(crate) async fn edit(&self, app: &App, edit: JobEdit) -> Result<(), Problem> {
        let (reply, answer) = oneshot::channel();
        app.send(Event::Order(Order::EditJob(
            Box::new(JobEdit { tenant: self.tenant, ..edit }),
            self.signing_key()?,
            reply,
        )))?;
        app.wait(answer).await?.map_err(|refusal| {
            let said = refusal.to_string();
            match refusal {
                EditRefusal::Unknown => Problem::new("unknown-job", said),
                EditRefusal::Retired => Problem::new("frozen", said),
                EditRefusal::Begun => Problem::new("begun", said),
                EditRefusal::Times | EditRefusal::Absurd(_) | EditRefusal::Document(_) => {
                    Problem::new("bad-request", said)
                }
                EditRefusal::Store(error) => error.into(),
            }
        })
    }

    /// Orders something about one of this tenant's sign-ups.
    pub(crate) async fn order(&self, app: &App, sign_up: SignUpId, act: Act) -> Result<Attended, Problem> {
        let (reply, answer) = oneshot::channel();
        let order = Attend { tenant: self.tenant, sign_up, act };
        app.send(Event::Order(Order::Attend(order, reply)))?;
        app.wait(answer).await?.map_err(refused)
    }
}

/// The tenant whose key a request shows.
pub(crate) fn shown(app: &App, headers: &HeaderMap) -> Option<TenantId> {
    let hash = blake3::hash(bearer(headers)?.trim().as_bytes());
    let interest = app.shared.interest();
    let tenant = interest.tenants.iter().find(|tenant| hash == *tenant.key_hash.as_slice())?;
    Some(TenantId(tenant.id))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// Why an order about a sign-up was refused, as a problem.
pub(crate) fn refused(refusal: AttendRefusal) -> Problem {
    let said = refusal.to_string();
    match refusal {
        AttendRefusal::Unknown => Problem::new("unknown-sign-up", said),
        AttendRefusal::Retired => Problem::new("frozen", said),
        AttendRefusal::NotConfirmed(_) => Problem::new("not-confirmed", said),
        AttendRefusal::CameAlready => Problem::new("came-already", said),
        AttendRefusal::NotIn => Problem::new("not-in", said),
        AttendRefusal::TooEarly => Problem::new("too-early", said),
        AttendRefusal::Minutes => Problem::new("bad-request", said),
        AttendRefusal::TooManyEarly => Problem::new("busy", said),
        AttendRefusal::NoRoom(_) => Problem::new("not-confirmed", said),
        AttendRefusal::Store(error) => error.into(),
    }
}

impl FromRequestParts<App> for TenantScope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let missing = || Problem::new("unauthorised", "send Authorization: Bearer and the tenant's key");
        let key = bearer(&parts.headers).ok_or_else(missing)?;
        Self::of_key(app, key).ok_or_else(|| {
            let region = &app.shared.region;
            Problem::new("unauthorised", format!("no tenant that may post in {region} has this key"))
        })
    }
}
