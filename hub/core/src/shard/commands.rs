//! A tenant's orders about a job's seats, by whichever way they come: the hub's own interface, or a node's session.

use super::{CapRefusal, Shard, SignReceipt, close, set_cap};
use minicbor::{Decode, Encode};
use std::collections::BTreeSet;
use sync_protocol::{
    command::{Change, Command, CommandOutcome, JobStanding},
    ids::{JobId, Writer},
    seats::{BelowConfirmed, HubJob},
};
use sync_store::{EndingRow, StoreError};

/// Orders of a job that are remembered: a retry of one of the latest is answered as the first was, and not done again.
const REMEMBERED_MAX: usize = 8;

/// A job after a change, with the endings that it asked for and who holds them.
#[derive(Debug)]
pub struct Changed {
    pub seats: HubJob,
    pub ended: Vec<(EndingRow, Writer)>,
}

/// Carries a change out.
pub fn change(
    shard: &mut Shard<'_>,
    job: JobId,
    change: Change,
    sign: &SignReceipt<'_>,
) -> Result<Changed, CapRefusal> {
    let vshard = shard.vshard;
    let before: BTreeSet<_> =
        shard.tx.endings(vshard, job)?.into_iter().map(|row| row.ending.sign_up).collect();
    let seats = match change {
        Change::Cap { cap, excess } => set_cap(shard, job, cap, excess, sign)?,
        Change::Close => close(shard, job)?,
    };
    let mut ended = Vec::new();
    for row in shard.tx.endings(vshard, job)? {
        let sign_up = row.ending.sign_up;
        if !before.contains(&sign_up) {
            let holder = shard.tx.seat(vshard, job, sign_up)?.map_or(sign_up.writer, |seat| seat.holder);
            ended.push((row, holder));
        }
    }
    Ok(Changed { seats, ended })
}

/// An order that was carried out.
#[derive(Debug, Clone, Copy, Encode, Decode)]
#[cbor(map)]
struct Remembered {
    #[cbor(n(0), with = "minicbor::bytes")]
    id: [u8; 16],
    #[cbor(n(1), with = "minicbor::bytes")]
    digest: [u8; 16],
    #[n(2)]
    standing: JobStanding,
}

/// The orders of a job that were carried out, oldest first.
#[derive(Debug, Default, Encode, Decode)]
#[cbor(map)]
struct Memory {
    #[n(0)]
    orders: Vec<Remembered>,
}

/// Carries out a tenant's order that a node passed on, once: what it came to is kept in the transaction that changes the job.
/// The caller has checked the signature and that the job is the tenant's.
pub fn command(
    shard: &mut Shard<'_>,
    command: &Command,
    sign: &SignReceipt<'_>,
) -> Result<CommandOutcome, StoreError> {
    let place = format!("job_commands/{}", command.job);
    let kept = shard.tx.meta(&place)?.unwrap_or_default();
    let mut memory: Memory = if kept.is_empty() {
        Memory::default()
    } else {
        minicbor::decode(&kept).map_err(|_| StoreError::BadRow("job commands"))?
    };
    let digest = command.digest();
    if let Some(known) = memory.orders.iter().find(|known| known.id == command.id) {
        let is_same = known.digest == digest;
        return Ok(if is_same { CommandOutcome::Done(known.standing) } else { CommandOutcome::KeyReused });
    }
    let changed = match change(shard, command.job, command.change, sign) {
        Ok(changed) => changed,
        Err(CapRefusal::Store(error)) => return Err(error),
        Err(CapRefusal::UnknownJob) => return Ok(CommandOutcome::Unknown),
        Err(CapRefusal::Closed) => return Ok(CommandOutcome::Closed),
        Err(CapRefusal::OutOfRange) => return Ok(CommandOutcome::OutOfRange),
        Err(CapRefusal::BelowConfirmed(BelowConfirmed { confirmed })) => {
            return Ok(CommandOutcome::BelowConfirmed { confirmed });
        }
    };
    let HubJob { cap, open, version, .. } = changed.seats;
    let ended = u32::try_from(changed.ended.len()).unwrap_or(u32::MAX);
    let standing = JobStanding { cap, open, version, ended, unheard: 0 };
    if memory.orders.len() >= REMEMBERED_MAX {
        memory.orders.remove(0);
    }
    memory.orders.push(Remembered { id: command.id, digest, standing });
    let kept = minicbor::to_vec(&memory).map_err(|_| StoreError::BadRow("job commands"))?;
    shard.tx.put_meta(&place, &kept)?;
    Ok(CommandOutcome::Done(standing))
}
