//! How long a worker has been with a tenant, as hub and nodes know it alike: from the sign-up documents.

use crate::{error::StoreError, shard::ShardTx};
use sync_protocol::{
    documents::{Attendance, Status},
    ids::{TenantId, VshardId, WorkerId},
};

/// Start (epoch seconds) of the first shift of a tenant, within a vshard, that a worker was checked in to. The shift's own
/// start counts and not the moment of the check-in: clocks of gates differ.
pub fn first_worked(
    tx: &mut dyn ShardTx,
    vshard: VshardId,
    tenant: TenantId,
    worker: WorkerId,
) -> Result<Option<i64>, StoreError> {
    let mut shifts = Vec::new();
    for row in tx.sign_ups_of_worker(worker)? {
        if row.vshard != vshard || row.status() != Status::Confirmed {
            continue;
        }
        let job = tx.job_summary(vshard, row.fields.job)?.filter(|job| job.tenant == tenant);
        shifts.extend(job.map(|job| (job.start_at, row.sign_up)));
    }
    shifts.sort_unstable();
    for (start_at, sign_up) in shifts {
        let document = tx.document(vshard, sign_up)?;
        if document.is_some_and(|stored| Attendance::read(&stored.document).checked_in_at.is_some()) {
            return Ok(Some(start_at));
        }
    }
    Ok(None)
}

/// The place of a first shift in an order of seniority: the earlier the smaller, and whoever has none behind all others.
#[must_use]
pub const fn seniority(first_worked: Option<i64>) -> i64 {
    match first_worked {
        Some(at) => at,
        None => i64::MAX,
    }
}
