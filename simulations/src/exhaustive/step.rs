//! One step of a small world. What the hub does stands in [`hub`](super::hub), what a node does in [`node`](super::node).

use super::{action::Action, check, hub, instance::Instance, node, state::State};

/// A promise that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// By its name in the design: `I4`, or `panic` where an assert of the production code said so.
    pub invariant: &'static str,
    pub what: String,
}

impl Broken {
    pub(super) fn new(invariant: &'static str, what: impl Into<String>) -> Self {
        Self { invariant, what: what.into() }
    }
}

/// Carries out one action. `None` where it changes nothing.
pub fn step(before: &State, instance: &Instance, action: Action) -> Result<Option<State>, Broken> {
    let mut after = *before;
    apply(&mut after, instance, action)?;
    if after == *before {
        return Ok(None);
    }
    if let Some(node) = action.node() {
        let site = &mut after.sites[node];
        site.tidy(site.view.standing.merges());
    }
    check::check(before, instance, action, &after)?;
    Ok(Some(after))
}

fn apply(state: &mut State, instance: &Instance, action: Action) -> Result<(), Broken> {
    let at = action.node().unwrap_or(0);
    match action {
        Action::Grant { .. } => hub::grant(state, at),
        Action::Recall { keep, .. } => hub::recall(state, at, keep),
        Action::AskEnd { slot, reason, .. } => hub::ask_end(state, at, usize::from(slot), reason),
        Action::EndHere { slot, .. } => hub::end_here(state, at, usize::from(slot)),
        Action::SetCap { cap, excess } => hub::set_cap(state, u32::from(cap), excess),
        Action::Close => hub::close(state),
        Action::Fence { .. } => {
            state.hub.left.fences -= 1;
            hub::fence(state, instance, at);
        }
        Action::Settle { .. } => return hub::settle(state, instance, at),
        Action::Reclaim { .. } => hub::reclaim(state, at),
        Action::SendRow { message, .. } => {
            let row = state.hub.job.map(|job| state.sites[at].row(&job));
            state.sites[at].down[usize::from(message)] = row;
        }
        // What arrived stays under way: it may arrive again, whenever it likes.
        Action::RowArrives { message, .. } => {
            if let Some(row) = state.sites[at].down[usize::from(message)] {
                return node::obey(&mut state.sites[at].node, &row);
            }
        }
        Action::RowLost { message, .. } => state.sites[at].down[usize::from(message)] = None,
        Action::SendReport { message, .. } => {
            state.sites[at].up[usize::from(message)] = Some(state.sites[at].node.log);
        }
        Action::ReportArrives { message, .. } => {
            if let Some(log) = state.sites[at].up[usize::from(message)] {
                return hub::merge(state, instance, at, log);
            }
        }
        Action::ReportLost { message, .. } => state.sites[at].up[usize::from(message)] = None,
        Action::Accept { slot, .. } => node::accept(&mut state.sites[at].node, usize::from(slot)),
        Action::Cancel { slot, .. } => node::cancel(&mut state.sites[at].node, usize::from(slot)),
        Action::Return { .. } => node::give_back(&mut state.sites[at].node, 1),
        Action::Birth { .. } => {
            state.hub.left.births -= 1;
            node::give_birth(&mut state.sites[at].node, instance);
        }
        Action::Freeze { .. } => state.sites[at].node.frozen = true,
        Action::Finish { .. } => {
            if !state.sites[at].node.frozen {
                state.hub.left.fences -= 1;
            }
            node::finish(&mut state.sites[at].node);
        }
        Action::BackUp { .. } => {
            state.hub.left.restores -= 1;
            node::back_up(&mut state.sites[at].node);
        }
        Action::GoBack { .. } => node::go_back(&mut state.sites[at]),
        Action::Meet { answered, .. } => return hub::meet(state, instance, at, answered),
    }
    Ok(())
}
