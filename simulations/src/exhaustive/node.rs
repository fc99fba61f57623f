//! What a node does, in the order in which edge-core does it: one transaction each.

use super::{
    instance::Instance,
    log::Event,
    state::{Backup, Node, Row, SLOTS, Site, is_over},
    step::Broken,
};
use sync_protocol::seats::{EndReason, Footing, NodeJob, SeatState};

fn number(slot: usize) -> u8 {
    u8::try_from(slot).unwrap_or(0)
}

pub(super) fn accept(node: &mut Node, slot: usize) {
    // The lease never runs out here: safety must not rest on a clock.
    let footing = Footing { frozen: node.frozen, leased: true };
    if node.job.accept(node.seats[slot], 0, footing) == Ok(true) {
        node.seats[slot] = Some(SeatState::Live);
        node.copied[slot] = node.restored;
        let event = if node.restored { Event::AcceptAgain } else { Event::Accept };
        node.log.push(event(number(slot)));
    }
}

pub(super) fn cancel(node: &mut Node, slot: usize) {
    if node.job.cancel(node.seats[slot]) {
        node.seats[slot] = Some(SeatState::Cancelled);
        node.log.push(Event::Cancel(number(slot)));
    }
}

pub(super) fn give_back(node: &mut Node, count: u32) {
    if count > 0 {
        node.job.give_back(count);
        node.log.push(Event::Return(u8::try_from(count).unwrap_or(u8::MAX)));
    }
}

pub(super) fn give_birth(node: &mut Node, instance: &Instance) {
    node.job = NodeJob::birth(instance.cap, instance.policy);
    node.log.push(Event::Birth);
}

pub(super) fn finish(node: &mut Node) {
    (node.frozen, node.finished) = (true, true);
    node.log.push(Event::Final);
}

pub(super) fn back_up(node: &mut Node) {
    node.backup = Some(Backup { job: node.job, seats: node.seats, log: node.log });
}

/// The whole disk goes back, witness and all; sessions of the machine as it was are over.
pub(super) fn go_back(site: &mut Site) {
    let node = &mut site.node;
    let Some(backup) = node.backup.take() else { return };
    for slot in 0..SLOTS {
        let (held, restored) = (node.seats[slot] == Some(SeatState::Live), backup.seats[slot]);
        let live_again = restored == Some(SeatState::Live);
        node.forgotten += u8::from(held && !live_again);
        // Ended by its worker, and live again on this disk only.
        node.copied[slot] = live_again && !held;
    }
    (node.job, node.seats, node.log) = (backup.job, backup.seats, backup.log);
    node.restored = true;
    site.down = Default::default();
}

/// Carries out a row of the hub.
pub(super) fn obey(node: &mut Node, row: &Row) -> Result<(), Broken> {
    node.job.learn(row.granted, !row.open);
    for slot in 0..SLOTS {
        match row.ends[slot] {
            None => {}
            Some(EndReason::Worker) => cancel(node, slot),
            Some(_) => bump(node, slot)?,
        }
    }
    let Some(keep) = row.recall_keep else { return Ok(()) };
    let count = node.job.recalled(row.granted, u32::from(keep), 0);
    if count > 0 && row.granted != node.job.granted {
        return Err(Broken::new("I8", "a recall takes rights that were granted after it"));
    }
    give_back(node, count);
    Ok(())
}

fn bump(node: &mut Node, slot: usize) -> Result<(), Broken> {
    let was_live = node.seats[slot] == Some(SeatState::Live);
    if let Some(state) = node.job.apply_bump(node.seats[slot]) {
        node.seats[slot] = Some(state);
        node.log.push(if was_live { Event::Bump } else { Event::BumpIdle }(number(slot)));
    }
    if !is_over(node.seats[slot]) {
        return Err(Broken::new("I5", "a bump was obeyed, and its sign-up can still become live"));
    }
    Ok(())
}
