//! The order in which those who wait at this node are served, by the rule of their job and with what the node knows.

use std::collections::BTreeSet;
use sync_protocol::{
    documents::{Draw, JobFields, WaitOrder, WaitRule, draw_key},
    ids::{JobId, SignUpId, TenantId, VshardId, WorkerId},
};
use sync_store::{ShardTx, StoreError, WaitRow, first_worked, seniority};

/// By which rule somebody who waits is served, and until when nobody is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turn {
    pub rule: WaitRule,
    /// Epoch seconds of the draw, while it is to come: nobody has a place in line before it.
    pub draw_at: Option<i64>,
}

impl Turn {
    /// The turn of a job's wait list, with what the hub has published of its draw.
    #[must_use]
    pub fn of(fields: &JobFields, draw: &Draw) -> Self {
        let WaitOrder { rule, .. } = fields.wait;
        Self { rule, draw_at: fields.draw_at().filter(|_| draw.seed.is_none()) }
    }
}

/// The turn of a job, from its document.
pub(super) fn turn(tx: &mut dyn ShardTx, vshard: VshardId, job: JobId) -> Result<Turn, StoreError> {
    let Some(stored) = tx.document(vshard, job)? else { return Ok(Turn::default()) };
    let fields = JobFields::read(&stored.document);
    Ok(fields.map(|fields| Turn::of(&fields, &Draw::read(&stored.document))).unwrap_or_default())
}

/// Those who wait at this node, in order; `None` where a draw is to come, before which nobody stands before another.
pub(super) fn line(
    tx: &mut dyn ShardTx,
    vshard: VshardId,
    job: JobId,
) -> Result<Option<Vec<WaitRow>>, StoreError> {
    let waiting = tx.waiting(vshard, job)?;
    in_order(tx, vshard, job, waiting, |wait| (wait.sign_up, wait.worker))
}

/// Brings people who wait for a job, given as they came, into the order of its rule; `None` before a draw.
pub fn in_order<T>(
    tx: &mut dyn ShardTx,
    vshard: VshardId,
    job: JobId,
    mut waiting: Vec<T>,
    who: impl Fn(&T) -> (SignUpId, WorkerId),
) -> Result<Option<Vec<T>>, StoreError> {
    let Some(stored) = tx.document(vshard, job)? else { return Ok(Some(waiting)) };
    let Some(fields) = JobFields::read(&stored.document) else { return Ok(Some(waiting)) };
    match fields.wait.rule {
        WaitRule::Arrival => {}
        WaitRule::Seniority => {
            let tenant = TenantId(fields.tenant);
            let mut known = Vec::with_capacity(waiting.len());
            for one in waiting {
                known.push((seniority(first_worked(tx, vshard, tenant, who(&one).1)?), one));
            }
            known.sort_by_key(|(since, _)| *since);
            waiting = known.into_iter().map(|(_, one)| one).collect();
        }
        WaitRule::Lottery => {
            let draw = Draw::read(&stored.document);
            let Some(seed) = draw.seed else { return Ok(None) };
            let drawn: BTreeSet<SignUpId> = draw.drawn.iter().copied().collect();
            // Whoever came after the draw stands behind those who were drawn, by arrival.
            waiting.sort_by_cached_key(|one| {
                let (sign_up, _) = who(one);
                let key = drawn.contains(&sign_up).then(|| draw_key(&seed, sign_up));
                (key.is_none(), key)
            });
        }
    }
    Ok(Some(waiting))
}
