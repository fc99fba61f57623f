//! What the hub does, in the order in which hub-core does it: one transaction each.

use super::{
    instance::Instance,
    log::{Event, Log},
    state::{MESSAGES_MAX, SLOTS, State},
    step::Broken,
};
use sync_protocol::{
    log::goes_on,
    seats::{EndReason, Excess, HubJob, Merged, SeatState, Standing, out_total},
};

pub(super) fn grant(state: &mut State, at: usize) {
    let Some(job) = state.hub.job else { return };
    let out = out_total(&state.holdings());
    let view = &mut state.sites[at].view;
    if job.grant(&mut view.holding, view.standing, out, 1) > 0 {
        state.hub.left.grants -= 1;
        view.recall_keep = None;
    }
}

pub(super) fn recall(state: &mut State, at: usize, keep: u8) {
    let owed = state.hub.job.is_some_and(|job| job.owed(state.out()) > 0);
    if !owed {
        state.hub.left.recalls -= 1;
    }
    state.sites[at].view.recall_keep = Some(keep);
}

pub(super) fn ask_end(state: &mut State, at: usize, slot: usize, reason: EndReason) {
    if matches!(reason, EndReason::Worker | EndReason::Duplicate) {
        state.hub.left.ends -= 1;
    }
    let view = &mut state.sites[at].view;
    view.ends[slot] = Some(reason);
    view.holding.ask_end(view.seats[slot]);
}

/// Ends a sign-up that the hub's own node holds; its right is back in the pool at once.
pub(super) fn end_here(state: &mut State, at: usize, slot: usize) {
    state.hub.own.live -= 1;
    state.hub.own.returned += 1;
    state.sites[at].view.seats[slot] = Some(SeatState::Cancelled);
}

pub(super) fn set_cap(state: &mut State, cap: u32, excess: Excess) {
    let (confirmed, out) = (state.confirmed(), out_total(&state.holdings()));
    let Some(job) = &mut state.hub.job else { return };
    if job.set_cap(cap, confirmed, out, excess).is_ok() {
        state.hub.left.caps -= 1;
    }
}

pub(super) fn close(state: &mut State) {
    if let Some(job) = &mut state.hub.job {
        job.close();
        state.hub.left.closes -= 1;
    }
    enforce(state);
}

/// Brings a closed job to its end. What goes beyond a lowered cap is asked for step by step, as the order is the hub's choice.
fn enforce(state: &mut State) {
    if state.hub.job.is_none_or(|job| job.open) {
        return;
    }
    for at in 0..state.sites.len() {
        for slot in 0..SLOTS {
            let view = &state.sites[at].view;
            if view.seats[slot] != Some(SeatState::Live) {
                continue;
            }
            if state.sites[at].handed_over() {
                end_here(state, at, slot);
            } else if view.ends[slot].is_none() {
                ask_end(state, at, slot, EndReason::Closed);
            }
        }
        let view = &mut state.sites[at].view;
        if view.standing.takes_grants() && view.holding.idle() > 0 {
            view.recall_keep = Some(0);
        }
    }
}

pub(super) fn fence(state: &mut State, instance: &Instance, at: usize) {
    let view = &mut state.sites[at].view;
    if view.standing == Standing::Live {
        view.standing = Standing::Fenced;
        view.holding.fence(instance.policy);
    }
}

/// Makes the hub's own node the holder of what is live, and carries out the ends that the old holder was asked for.
fn hand_over(state: &mut State, at: usize) {
    let view = &mut state.sites[at].view;
    view.holding.hand_over(&mut state.hub.own);
    for slot in 0..SLOTS {
        let view = &state.sites[at].view;
        if view.seats[slot] == Some(SeatState::Live) && view.ends[slot].is_some() {
            end_here(state, at, slot);
        }
    }
}

/// The whole log of a fenced node is here, from its disk or from a file.
pub(super) fn settle(state: &mut State, instance: &Instance, at: usize) -> Result<(), Broken> {
    let log = state.sites[at].node.log;
    merge_from(state, instance, at, log)?;
    enforce(state);
    Ok(())
}

pub(super) fn reclaim(state: &mut State, at: usize) {
    // Whether the lease is over is left to chance: safety must not rest on a clock.
    if !state.sites[at].view.standing.may_reclaim(true) {
        return;
    }
    hand_over(state, at);
    let view = &mut state.sites[at].view;
    view.reclaimed = view.standing == Standing::Fenced;
    enforce(state);
}

/// Merges a report: what is known is passed over, what does not go on from it fences its author.
pub(super) fn merge(state: &mut State, instance: &Instance, at: usize, log: Log) -> Result<(), Broken> {
    let known = state.sites[at].view.log;
    if !state.sites[at].view.standing.merges() {
        return Ok(());
    }
    if log.len() > known.len() && log.prefix(known.len()) != known {
        return Err(Broken::new("I2", "an honest node's report does not go on from what the hub has"));
    }
    merge_from(state, instance, at, log)?;
    enforce(state);
    Ok(())
}

fn merge_from(state: &mut State, instance: &Instance, at: usize, log: Log) -> Result<(), Broken> {
    let known = state.sites[at].view.log.len();
    let mut returned = u32::from(state.sites[at].node.base);
    for (index, event) in (0..).zip(log.events()) {
        returned += u32::from(event.gives_back());
        if index < known {
            continue;
        }
        merge_event(state, instance, at, event, returned)?;
        state.sites[at].view.log.push(event);
    }
    Ok(())
}

fn merge_event(
    state: &mut State,
    instance: &Instance,
    at: usize,
    event: Event,
    returned: u32,
) -> Result<(), Broken> {
    let accused =
        |violation| Broken::new("I2", format!("the hub refuses an honest node's {event:?}: {violation}"));
    match event {
        Event::Birth => {
            let (job, holding) = HubJob::born(instance.cap, instance.policy).map_err(accused)?;
            state.hub.job = Some(job);
            state.sites[at].view.holding = holding;
        }
        Event::Final => {
            fence(state, instance, at);
            state.sites[at].view.standing = Standing::Settled;
            hand_over(state, at);
        }
        Event::Accept(_)
        | Event::AcceptAgain(_)
        | Event::Cancel(_)
        | Event::Bump(_)
        | Event::BumpIdle(_)
        | Event::Return(_) => {
            let view = &mut state.sites[at].view;
            let slot = event.slot().map(usize::from);
            let known = slot.and_then(|slot| view.seats[slot]);
            let row = event.row(instance.cap, returned);
            let merged = view.holding.merge(&row, known).map_err(accused)?;
            if let (Merged::Seat(seat), Some(slot)) = (merged, slot) {
                view.seats[slot] = Some(seat);
            }
        }
    }
    Ok(())
}

/// The first session after a disk went back: the hello is judged, then the log goes on from what the hub has, or not.
/// The session takes the place of older ones, so what they had under way is gone.
pub(super) fn meet(state: &mut State, instance: &Instance, at: usize, answered: bool) -> Result<(), Broken> {
    let site = &mut state.sites[at];
    site.up = [None; MESSAGES_MAX];
    let (known, told) = (site.view.log, site.node.log);
    let extends = told.prefix(known.len()) == known;
    let apart = told.len() > known.len() && !extends;
    let welcome =
        site.view.standing.takes_grants() && goes_on(&known.head(), Some(&told.head())).is_ok() && !apart;
    if !welcome {
        fence(state, instance, at);
        let node = &mut state.sites[at].node;
        if answered {
            (node.frozen, node.restored) = (true, false);
        }
        return Ok(());
    }
    // From here on this disk is the node for the hub, whether the node hears of it or not: what it sold counts, and of the
    // receipts that it forgot those count that the hub has.
    let (node, view) = (&mut site.node, &site.view);
    let counted = |slot: &usize| {
        let known = view.seats[*slot] == Some(SeatState::Live);
        !extends && known && (node.seats[*slot] != Some(SeatState::Live) || node.copied[*slot])
    };
    node.forgotten = u8::try_from((0..SLOTS).filter(counted).count()).unwrap_or(0);
    node.restored = false;
    node.copied = [false; SLOTS];
    merge_from(state, instance, at, told)?;
    enforce(state);
    Ok(())
}
