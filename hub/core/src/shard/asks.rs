//! A node without a free right asks for one.

use super::{Order, Shard, line::join, plan::is_anyone_in_line};
use sync_protocol::{
    ids::Writer,
    seats::SeatState,
    wire::v1::{Ask, Outcome},
};
use sync_store::{SeatRow, StoreError, WaitRow};

/// Decides an Ask of `writer`: a right where one is free and nobody waits for it, else the next place on the wait list.
/// Asking again gives the answer that stands.
pub fn ask(shard: &mut Shard<'_>, writer: Writer, ask: &Ask) -> Result<Outcome, StoreError> {
    let Some(seats) = shard.tx.hub_job(shard.vshard, ask.job)?.filter(|seats| seats.open) else {
        return Ok(Outcome::Closed);
    };
    if shard.tx.wait(shard.vshard, ask.job, ask.sign_up)?.is_some() {
        let position = shard.tx.place_in_line(shard.vshard, ask.job, ask.sign_up)?;
        return Ok(Outcome::WaitListed { position });
    }
    if shard.tx.seat(shard.vshard, ask.job, ask.sign_up)?.is_some() {
        // Merged before the question came: the node's own log has overtaken it.
        let granted = shard.tx.holding(shard.vshard, ask.job, writer)?.granted;
        return Ok(Outcome::Granted { granted });
    }
    if !is_anyone_in_line(shard, ask.job)? && shard.grant(ask.job, &seats, writer, 1, Order::default())? > 0 {
        let granted = shard.tx.holding(shard.vshard, ask.job, writer)?.granted;
        return Ok(Outcome::Granted { granted });
    }
    let wait =
        WaitRow { sign_up: ask.sign_up, holder: writer, worker: ask.worker, promoted: false, position: 0 };
    let position = join(shard, ask.job, &wait)?;
    let seat =
        SeatRow { sign_up: ask.sign_up, holder: writer, worker: ask.worker, state: SeatState::Waiting };
    shard.tx.put_seat(shard.vshard, ask.job, &seat)?;
    Ok(Outcome::WaitListed { position })
}
