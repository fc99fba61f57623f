//! The exhaustive model: mutants caught, instances clean, names without meaning, traces that replay.

use simulations::model::{self, Action, INSTANCES, Instance, MUTANTS, State, actions, canonical, pack, step};

/// Walks a long way by fixed choices and shows each state, with what led there.
fn stroll(instance: &Instance, mut seed: u64, mut see: impl FnMut(&State, Action)) {
    let mut state = State::initial(instance);
    let mut choices = Vec::new();
    for _ in 0..200 {
        actions(&state, instance, &mut choices);
        if choices.is_empty() {
            return;
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let action = choices[usize::try_from(seed >> 33).unwrap() % choices.len()];
        if let Some(after) = step(&state, instance, action).unwrap() {
            state = after;
            see(&state, action);
        }
    }
}

#[test]
fn names_mean_nothing() {
    model::with_mutant(None, || {
        for instance in &INSTANCES {
            for seed in 0..50 {
                stroll(instance, seed, |state, action| {
                    let packed = pack(state, instance.nodes);
                    let image = canonical(state, instance);
                    assert_eq!(pack(&image, instance.nodes), packed, "{} after {action}", instance.name);
                    let mut other = *state;
                    other.sites[..instance.nodes].reverse();
                    for site in &mut other.sites[..instance.nodes] {
                        *site = site.swapped();
                    }
                    assert_eq!(pack(&other, instance.nodes), packed, "{} after {action}", instance.name);
                    // What can happen next is the same, too.
                    assert_eq!(
                        next(&image, instance),
                        next(state, instance),
                        "{} after {action}",
                        instance.name
                    );
                });
            }
        }
    });
}

/// The fingerprints of all next states, in order.
fn next(state: &State, instance: &Instance) -> Vec<[u64; 2]> {
    let mut choices = Vec::new();
    actions(state, instance, &mut choices);
    let after = choices.iter().filter_map(|action| step(state, instance, *action).unwrap());
    let mut all: Vec<_> = after.map(|after| pack(&after, instance.nodes).fingerprint()).collect();
    all.sort_unstable();
    all
}
