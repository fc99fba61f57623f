//! The invariants of the design, after each step.

use super::{
    action::Action,
    instance::Instance,
    state::{SLOTS, Site, State},
    step::Broken,
};
use sync_protocol::seats::{LossPolicy, SeatState, Standing};

type Checked = Result<(), Broken>;

fn must(holds: bool, invariant: &'static str, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(Broken::new(invariant, what())) }
}

/// Holds a step against all invariants.
pub(super) fn check(before: &State, instance: &Instance, action: Action, after: &State) -> Checked {
    let sites = before.sites.iter().zip(&after.sites).take(instance.nodes).enumerate();
    for (at, (old, new)) in sites {
        if old != new {
            fences_free_nothing(at, old, new, action)?;
            known_is_true(at, new, after, instance)?;
            receipts_end_with_reason(at, old, new, after, instance, action)?;
        }
    }
    rights_out(before, after)?;
    nothing_is_oversold(before, instance, after)?;
    counted_once(after)?;
    at_rest(after, instance)
}

/// I1: rights go out only within the cap. (The pool is the cap less what is out.)
fn rights_out(before: &State, after: &State) -> Checked {
    let Some(job) = &after.hub.job else { return Ok(()) };
    let out = after.out();
    must(out <= before.out() || out <= job.cap, "I1", || {
        format!("{out} rights are out of a cap of {}", job.cap)
    })
}

/// I2: what the hub has of a node is what the node said, and I3: no node spends more than it was granted.
fn known_is_true(at: usize, site: &Site, state: &State, instance: &Instance) -> Checked {
    let (node, view) = (&site.node, &site.view);
    // Asserts I3 itself, too.
    let idle = node.job.avail();
    let live = |seats: &[Option<SeatState>; SLOTS]| {
        seats.iter().filter(|seat| **seat == Some(SeatState::Live)).map(|_| 1).sum::<u32>()
    };
    must(idle <= node.job.granted && node.job.live == live(&node.seats), "I3", || {
        format!("node {} miscounts its live sign-ups", at + 1)
    })?;
    // A disk that went back is judged when it meets the hub.
    if site.handed_over()
        || node.restored
        || (instance.budget.restores > 0 && view.standing != Standing::Live)
    {
        return Ok(());
    }
    let holding = &view.holding;
    must(holding.returned <= node.job.returned, "I2", || {
        format!(
            "the hub has {} rights of node {} as returned, which returned {}",
            holding.returned,
            at + 1,
            node.job.returned
        )
    })?;
    let granted = state.hub.job.map_or(instance.cap, |_| holding.granted);
    must(node.job.granted <= granted, "I2", || {
        format!("node {} counts {} rights as granted, the hub granted {granted}", at + 1, node.job.granted)
    })?;
    must(holding.live == live(&view.seats), "I2", || {
        format!("the hub miscounts what is live at node {}", at + 1)
    })?;
    if view.log == node.log && state.hub.job.is_some() {
        let same = view.seats == node.seats && holding.returned == node.job.returned;
        must(same, "I2", || format!("the hub has all of node {}'s log and another picture of it", at + 1))?;
    }
    must(view.log.len() <= node.log.len() && node.log.prefix(view.log.len()) == view.log, "I2", || {
        format!("the hub has a log of node {} that is not the node's", at + 1)
    })
}

/// I4: no oversell, and the bound never rises but with the cap.
fn nothing_is_oversold(before: &State, instance: &Instance, after: &State) -> Checked {
    let most = |state: &State| state.hub.job.map_or(instance.cap, |job| job.most_valid(state.out()));
    let mut valid = 0;
    for site in &after.sites {
        valid += u32::from(site.node.forgotten);
        valid += (0..SLOTS).map(|slot| u32::from(site.stands(slot))).sum::<u32>();
    }
    let bound = most(after);
    must(valid <= bound, "I4", || format!("oversold: {valid} valid receipts, at most {bound} may be"))?;
    let (Some(old), Some(new)) = (before.hub.job, after.hub.job) else { return Ok(()) };
    must(bound <= most(before) || new.cap > old.cap, "I4", || {
        format!("the bound rises from {} to {bound} without the cap", most(before))
    })
}

/// I5: a final receipt ends only by its worker or with a reason; I6: a fence voids nothing of class W.
fn receipts_end_with_reason(
    at: usize,
    old: &Site,
    new: &Site,
    after: &State,
    instance: &Instance,
    action: Action,
) -> Checked {
    if action.may_end() || matches!(action, Action::GoBack { .. }) {
        return Ok(());
    }
    for slot in 0..SLOTS {
        let known = old.view.seats[slot] == Some(SeatState::Live);
        let is_final = instance.policy == LossPolicy::WriteOff || known;
        // An heir carries out what the holder was asked for, with the reason that was given then, and ends what it inherits
        // of a closed job.
        let closed = after.hub.job.is_some_and(|job| !job.open) && new.view.seats[slot].is_some();
        let asked = new.handed_over() && (old.view.ends[slot].is_some() || closed);
        let ended = old.stands(slot) && !new.stands(slot) && is_final && !asked;
        let by_fence =
            matches!(action, Action::Fence { .. } | Action::Settle { .. } | Action::Reclaim { .. });
        must(!ended, if by_fence { "I6" } else { "I5" }, || {
            format!("the final receipt s{}.{} is void, and nobody ended it", at + 1, slot + 1)
        })?;
    }
    Ok(())
}

/// I6: what a fenced node holds stays reserved until it is settled or reclaimed, and I10: fences only rise.
fn fences_free_nothing(at: usize, old: &Site, new: &Site, action: Action) -> Checked {
    must(new.view.standing >= old.view.standing, "I10", || {
        format!("the fence of node {} went back", at + 1)
    })?;
    let limbo = !old.handed_over()
        && !new.handed_over()
        && new.view.standing == Standing::Fenced
        && (old.view.standing == Standing::Fenced
            || matches!(action, Action::Fence { .. } | Action::Meet { .. }));
    must(!limbo || old.view.holding == new.view.holding, "I6", || {
        format!("node {} is fenced, and what it holds changed without a settlement", at + 1)
    })
}

/// I9: each sign-up counts once, at its node or at its heir.
fn counted_once(state: &State) -> Checked {
    let mut known = 0;
    for site in &state.sites {
        known += site.view.seats.iter().filter(|seat| **seat == Some(SeatState::Live)).count();
    }
    let counted: u32 = state.holdings().iter().map(|holding| holding.live).sum();
    must(known == counted as usize, "I9", || {
        format!("{known} sign-ups are live at the hub, {counted} are counted")
    })
}

/// I7 and I8: with nothing under way and all nodes alive, every right is accounted for, and a closed job has no live sign-up.
fn at_rest(state: &State, instance: &Instance) -> Checked {
    let Some(job) = &state.hub.job else { return Ok(()) };
    for site in &state.sites[..instance.nodes] {
        let silent = site.up.iter().all(Option::is_none) && site.down.iter().all(Option::is_none);
        let alive = site.view.standing == Standing::Live && !site.node.restored && !site.node.finished;
        let merged = site.node.log == site.view.log;
        if !silent || !alive || !merged || site.moves(&site.row(job)) {
            return Ok(());
        }
    }
    let mut held = 0;
    for (at, site) in state.sites[..instance.nodes].iter().enumerate() {
        let here = site.node.job.live + site.node.job.avail();
        must(here == site.view.holding.out(), "I7", || {
            format!("at rest node {} has {here} rights, the hub counts {}", at + 1, site.view.holding.out())
        })?;
        must(job.open || site.node.job.live == 0, "I8", || {
            format!("the job is closed and all have heard of it, and node {} has a live sign-up", at + 1)
        })?;
        held += i64::from(here);
    }
    must(held + job.pool(state.out()) == i64::from(job.cap), "I7", || {
        format!("at rest {held} rights are with the nodes, which is not what is out")
    })
}
