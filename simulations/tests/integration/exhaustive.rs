//! The exhaustive model: mutants caught, instances clean, names without meaning, traces that replay.

use simulations::exhaustive::{
    self as model, Action, Budget, INSTANCES, Instance, MUTANTS, State, actions, canonical, pack, step,
};
use sync_protocol::seats::{LossPolicy, Standing};

/// States of each world that mixes events.
const MIXED_STATES: u64 = 40_000;

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

#[test]
fn no_instance_breaks_a_promise() {
    model::with_mutant(None, || {
        for instance in &INSTANCES {
            let walked = model::walk(instance, 100_000, 2, |_| ());
            assert!(!walked.broken, "{}", instance.name);
            assert!(walked.exhausted || walked.progress.states >= 100_000, "{}", instance.name);
        }
    });
}

#[test]
fn every_mutant_is_caught_and_its_trace_replays() {
    let check = |number: u8, steps_max: usize, invariant: &str| {
        let (_, mutant, home) = MUTANTS.into_iter().find(|(found, ..)| *found == number).unwrap();
        let instance = model::find(home).unwrap();
        let trace = model::with_mutant(Some(mutant), || {
            let trace =
                model::shortest(instance, 200_000).trace.unwrap_or_else(|| panic!("m{number} is not caught"));
            assert_eq!(model::replay(instance, &trace.actions), Some(trace.broken.clone()), "m{number}");
            let (_, all_but_last) = trace.actions.split_last().unwrap();
            assert_eq!(model::replay(instance, all_but_last), None, "m{number}: the last step breaks it");
            trace
        });
        assert_eq!(trace.broken.invariant, invariant, "m{number}: {}", trace.broken.what);
        assert!(trace.actions.len() <= steps_max, "m{number} takes {} steps", trace.actions.len());
        // The same walk without the bug breaks nothing.
        assert_eq!(model::with_mutant(None, || model::replay(instance, &trace.actions)), None, "m{number}");
    };
    check(1, 4, "I2");
    check(2, 7, "I2");
    check(3, 12, "I4");
    check(4, 8, "I2");
    check(5, 3, "I1");
    check(6, 2, "I2");
    check(7, 7, "I6");
    check(8, 7, "I6");
    check(9, 3, "I2");
    check(10, 7, "I8");
    check(11, 3, "I5");
    check(12, 4, "I2");
}

#[test]
fn threads_do_not_change_what_is_found() {
    model::with_mutant(None, || {
        let three = model::find("K").unwrap();
        let instance =
            Instance { budget: Budget { grants: 2, ends: 0, recalls: 0, ..three.budget }, ..*three };
        let one = model::walk(&instance, 200_000, 1, |_| ());
        let two = model::walk(&instance, 200_000, 2, |_| ());
        assert_eq!(one, two);
        assert!(one.exhausted);
    });
}

/// What no instance has together, each in a world of its own.
#[test]
fn mixed_worlds_break_no_promise() {
    let base = *model::find("E").unwrap();
    let none = Budget::default();
    let check = |title, policy, messages, budget| {
        let instance = Instance { title, policy, messages, budget, ..base };
        let walked = model::with_mutant(None, || model::walk(&instance, MIXED_STATES, 2, |_| ()));
        if walked.broken {
            let found = model::with_mutant(None, || model::shortest(&instance, MIXED_STATES));
            panic!("{title}: {:?}", found.trace);
        }
    };
    let (w, r) = (LossPolicy::WriteOff, LossPolicy::Reclaim);
    check("fence, cap", w, 1, Budget { grants: 3, fences: 1, caps: 2, ..none });
    check("reclaim, cap", r, 1, Budget { grants: 3, fences: 1, caps: 2, ..none });
    check("fence, close", w, 1, Budget { grants: 2, fences: 1, closes: 1, ends: 1, ..none });
    check("reclaim, close", r, 1, Budget { grants: 2, fences: 1, closes: 1, ends: 1, ..none });
    check("both nodes lost", r, 1, Budget { grants: 3, fences: 2, ..none });
    check("birth, cap", w, 1, Budget { grants: 2, births: 1, caps: 2, ..none });
    check("birth, fence, close", w, 1, Budget { grants: 2, births: 1, fences: 1, closes: 1, ..none });
    check("birth, reclaim", r, 1, Budget { grants: 2, births: 1, fences: 1, ..none });
    check("restore, cap", w, 1, Budget { grants: 2, restores: 1, caps: 1, ..none });
    check("birth, restore", w, 1, Budget { grants: 2, restores: 1, births: 1, ..none });
    check("cap, two messages", w, 2, Budget { grants: 3, caps: 2, ..none });
    check("close, two messages", w, 2, Budget { grants: 2, ends: 1, closes: 1, ..none });
}

/// The honest limit of copies: where the hub saw nothing of what a disk forgot, there is nothing to compare.
#[test]
fn a_disk_that_went_back_is_fenced_where_the_hub_saw_what_it_forgot() {
    let (node, slot, message) = (0, 0, 0);
    let told = [Action::SendReport { node, message }, Action::ReportArrives { node, message }];
    let again = [Action::Accept { node, slot }];
    let check = |reported: &[Action], sold_again: &[Action], expected| {
        let before = [
            Action::Grant { node },
            Action::SendRow { node, message },
            Action::RowArrives { node, message },
            Action::BackUp { node },
            Action::Accept { node, slot },
        ];
        let after = [Action::GoBack { node }];
        let meets = [Action::Meet { node, answered: true }];
        let parts: [&[Action]; 5] = [&before, reported, &after, sold_again, &meets];
        let instance = model::find("G").unwrap();
        let end = model::with_mutant(None, || {
            parts.concat().into_iter().fold(State::initial(instance), |state, action| {
                step(&state, instance, action).unwrap().unwrap_or(state)
            })
        });
        assert_eq!(end.sites[0].view.standing, expected, "{reported:?} {sold_again:?}");
    };
    check(&told, &[], Standing::Fenced);
    check(&told, &again, Standing::Fenced);
    check(&[], &[], Standing::Live);
    check(&[], &again, Standing::Live);
}
