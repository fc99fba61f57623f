//! The `simulate` command.

fn main() {
    for seed in 1..=20 {
        let scenario = simulations::scenario::find("commute-rush").unwrap();
        let steps = simulations::schedule::draw(&scenario, seed);
        let began = std::time::Instant::now();
        let outcome = simulations::world::run(&scenario, seed, steps, false);
        println!(
            "{seed} {:x} {:?} {:?} {:?}",
            outcome.hash,
            outcome.violation,
            outcome.tally,
            began.elapsed()
        );
    }
}
