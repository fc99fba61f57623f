//! The shortest way to a broken promise, told with one name for each node and sign-up from beginning to end.

use super::{
    action::{Action, actions},
    instance::Instance,
    pack::{canonical, pack, unpack},
    search::attempt,
    seen::Seen,
    state::State,
    step::Broken,
};
use std::collections::VecDeque;

/// A counter-example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// From the beginning; the last one breaks the promise.
    pub actions: Vec<Action>,
    pub broken: Broken,
}

/// The result of a search for a counter-example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// States met until then.
    pub states: u64,
    pub trace: Option<Trace>,
}

/// How a state was reached first: from which one, by which of its actions.
struct Reached {
    from: usize,
    by: usize,
}

/// Looks for a broken promise among the first `bound` states, in one thread, so that the first one found is a nearest one
/// and the same each time.
#[must_use]
pub fn shortest(instance: &Instance, bound: u64) -> Found {
    let seen = Seen::with_room_for(bound);
    let first = pack(&State::initial(instance), instance.nodes);
    seen.insert(first.fingerprint());
    let mut reached = vec![Reached { from: 0, by: 0 }];
    let mut waiting = VecDeque::new();
    let mut bytes = Vec::new();
    first.write(&mut bytes);
    waiting.push_back(bytes);
    let mut choices = Vec::new();
    let mut at = 0;
    while let Some(bytes) = waiting.pop_front() {
        let (state, _) = unpack(&bytes, instance);
        actions(&state, instance, &mut choices);
        for (by, action) in choices.iter().enumerate() {
            match attempt(&state, instance, *action) {
                Ok(None) => {}
                Ok(Some(after)) => {
                    let packed = pack(&after, instance.nodes);
                    if seen.insert(packed.fingerprint()) {
                        reached.push(Reached { from: at, by });
                        let mut bytes = Vec::new();
                        packed.write(&mut bytes);
                        waiting.push_back(bytes);
                    }
                }
                Err(broken) => {
                    let trace = Some(tell(instance, &way(&reached, at), broken));
                    return Found { states: reached.len() as u64, trace };
                }
            }
        }
        at += 1;
        if reached.len() as u64 >= bound.min(seen.room()) {
            break;
        }
    }
    Found { states: reached.len() as u64, trace: None }
}

/// The choices that lead from the beginning to a state.
fn way(reached: &[Reached], mut at: usize) -> Vec<usize> {
    let mut choices = Vec::new();
    while at > 0 {
        choices.push(reached[at].by);
        at = reached[at].from;
    }
    choices.reverse();
    choices
}

/// A canonical state renames nodes and sign-ups at each step. This walks the same way again with the first names kept: of
/// all actions it takes one that leads to a state with the same canonical form.
fn tell(instance: &Instance, way: &[usize], broken: Broken) -> Trace {
    let mut state = State::initial(instance);
    let mut image = state;
    let mut told = Vec::new();
    let mut choices = Vec::new();
    for choice in way {
        actions(&image, instance, &mut choices);
        let Ok(Some(next)) = attempt(&image, instance, choices[*choice]) else { break };
        let wanted = pack(&next, instance.nodes);
        image = canonical(&next, instance);
        actions(&state, instance, &mut choices);
        let same = choices.iter().find_map(|action| match attempt(&state, instance, *action) {
            Ok(Some(after)) if pack(&after, instance.nodes) == wanted => Some((*action, after)),
            Ok(_) | Err(_) => None,
        });
        let Some((action, after)) = same else { break };
        told.push(action);
        state = after;
    }
    actions(&state, instance, &mut choices);
    let last = choices.iter().find_map(|action| match attempt(&state, instance, *action) {
        Err(found) if found.invariant == broken.invariant => Some((*action, found)),
        Ok(_) | Err(_) => None,
    });
    let broken = match last {
        Some((action, found)) => {
            told.push(action);
            found
        }
        None => broken,
    };
    Trace { actions: told, broken }
}

/// Walks a trace again. `Some` is the promise that its last step breaks.
#[must_use]
pub fn replay(instance: &Instance, trace: &[Action]) -> Option<Broken> {
    let mut state = State::initial(instance);
    for action in trace {
        match attempt(&state, instance, *action) {
            Ok(Some(after)) => state = after,
            Ok(None) => {}
            Err(broken) => return Some(broken),
        }
    }
    None
}
