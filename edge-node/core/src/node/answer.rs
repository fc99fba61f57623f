//! What a worker is told of a sign-up, now and whenever it is looked at again.

use super::{Turn, attendance_of, line};
use sync_protocol::{
    documents::Status,
    ids::{JobId, SignUpId, VshardId},
    receipt::Receipt,
    seats::LossPolicy,
};
use sync_store::{ShardTx, SignUpRow, StoreError};

/// What a worker is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub sign_up: SignUpId,
    pub job: JobId,
    pub status: Status,
    pub code: String,
    /// Place on the wait list, from 1.
    pub position: Option<u32>,
    /// The place counts only those who signed up at this node.
    pub at_this_node: bool,
    /// By which rule the place comes, while the worker waits.
    pub turn: Turn,
    /// Signed receipt of a confirmed place.
    pub receipt: Option<Vec<u8>>,
    /// The place is of a job whose rights the hub may take back from a lost node, and the hub has not acknowledged it: where
    /// the node is given up before that, it is void.
    pub provisional: bool,
    /// Its end was asked for here; the node that holds the place has not reported it yet.
    pub cancel_asked: bool,
    /// Why it was ended by others than its worker; empty where it was not.
    pub reason: String,
    /// The request was answered before; this is that answer as it stands.
    pub repeated: bool,
}

/// So many digits are tried; with a tenth of them taken the last try is taken too once in 10^16 sign-ups.
const CODES_TRIED: u8 = 16;

/// Six digits that a worker can say at a kiosk, and that no standing sign-up has which this node knows of. Ids are dense, so
/// that nobody without the node's key may know them by the id.
pub(super) fn free_code(
    tx: &mut dyn ShardTx,
    key: &[u8; 32],
    sign_up: SignUpId,
) -> Result<String, StoreError> {
    let mut code = String::new();
    for turn in 0..CODES_TRIED {
        let hash = blake3::keyed_hash(key, &[sign_up.to_bytes().as_slice(), &[turn]].concat());
        let [a, b, c, d, ..] = *hash.as_bytes();
        code = format!("{:06}", u32::from_be_bytes([a, b, c, d]) % 1_000_000);
        if !tx.sign_ups_by_code(&code)?.iter().any(|row| row.status().is_current()) {
            break;
        }
    }
    Ok(code)
}

pub(super) fn answer(
    sign_up: SignUpId,
    code: String,
    job: JobId,
    status: Status,
    place: Option<(u32, bool)>,
    receipt: Option<Vec<u8>>,
) -> Answer {
    Answer {
        sign_up,
        job,
        status,
        code,
        position: place.map(|(position, _)| position),
        at_this_node: place.is_some_and(|(_, here)| here),
        turn: Turn::default(),
        receipt,
        provisional: false,
        cancel_asked: false,
        reason: String::new(),
        repeated: false,
    }
}

pub(super) fn local_place(
    tx: &mut dyn ShardTx,
    vshard: VshardId,
    job: JobId,
    sign_up: SignUpId,
) -> Result<Option<u32>, StoreError> {
    let listed = line::line(tx, vshard, job)?.unwrap_or_default();
    let place = listed.iter().position(|wait| wait.sign_up == sign_up);
    Ok(place.and_then(|place| u32::try_from(place + 1).ok()))
}

/// Whether an end was asked for that its worker's coming has made void.
fn is_withdrawn(tx: &mut dyn ShardTx, row: &SignUpRow) -> Result<bool, StoreError> {
    let ending = tx.ending(row.vshard, row.fields.job, row.sign_up)?;
    let is_spared = ending.is_some_and(|row| row.ending.reason.spares_who_came());
    Ok(is_spared && attendance_of(tx, row)?.checked_in_at.is_some())
}

/// What a worker who comes back is told about a sign-up.
pub fn answer_of(tx: &mut dyn ShardTx, row: &SignUpRow) -> Result<Answer, StoreError> {
    let job = row.fields.job;
    let turn = match row.status() {
        Status::WaitListed | Status::Requested => line::turn(tx, row.vshard, job)?,
        Status::Confirmed | Status::Cancelled | Status::Bumped => Turn::default(),
    };
    let place = match row.status() {
        Status::WaitListed if turn.draw_at.is_none() => {
            let told = tx.wait(row.vshard, job, row.sign_up)?;
            match told {
                Some(wait) if wait.position > 0 => Some((wait.position, false)),
                Some(_) => local_place(tx, row.vshard, job, row.sign_up)?.map(|place| (place, true)),
                None => None,
            }
        }
        Status::WaitListed | Status::Confirmed | Status::Requested | Status::Cancelled | Status::Bumped => {
            None
        }
    };
    let receipt = tx.receipt(row.vshard, row.sign_up)?.filter(|_| row.status() == Status::Confirmed);
    let asked = tx.ending(row.vshard, job, row.sign_up)?.is_some_and(|ending| !ending.done);
    let asked = asked && !is_withdrawn(tx, row)?;
    Ok(Answer {
        turn,
        provisional: is_provisional(tx, row.vshard, job, receipt.as_deref())?,
        cancel_asked: asked && row.status().is_current(),
        reason: row.fields.reason.clone(),
        ..answer(row.sign_up, row.fields.code.clone(), job, row.status(), place, receipt)
    })
}

/// Whether a receipt of this node could still be voided by a reclaim of its job's rights.
fn is_provisional(
    tx: &mut dyn ShardTx,
    vshard: VshardId,
    job: JobId,
    receipt: Option<&[u8]>,
) -> Result<bool, StoreError> {
    let Some(receipt) = receipt else { return Ok(false) };
    let policy = tx.node_job(vshard, job)?.map(|(seats, _)| seats.policy);
    if policy != Some(LossPolicy::Reclaim) {
        return Ok(false);
    }
    // A receipt of the hub came from outside: one that cannot be read is none of this node's.
    let body = Receipt::from_bytes(receipt).and_then(|receipt| receipt.body_unchecked());
    let acked = tx.acked(vshard)?;
    Ok(body.is_ok_and(|body| body.wseq > acked))
}
