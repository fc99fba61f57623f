//! Who comes to the kiosks: people with numbers that no one can own, in an order of the seed.

use crate::jobs::generate::splitmix::SplitMix64;

/// No phone number of China begins with 100 and has eleven digits; the demo's people have these.
const FIRST_NUMBER: u64 = 10_000_000_000;
const NUMBERS: u32 = 90_000_000;

/// The people of one run and all its other choices.
#[derive(Debug)]
pub(crate) struct People {
    random: SplitMix64,
    first: u64,
    came: u64,
    seed: u64,
}

impl People {
    /// The people of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = SplitMix64::new(seed);
        let first = FIRST_NUMBER + u64::from(random.below(NUMBERS));
        Self { random, first, came: 0, seed }
    }

    /// The next person: a phone and the key under which a kiosk repeats the request.
    pub(crate) fn next(&mut self) -> (String, String) {
        self.came += 1;
        ((self.first + self.came).to_string(), format!("demo-{}-{}", self.seed, self.came))
    }

    /// A number from `least` to `most`.
    pub(crate) fn between(&mut self, least: u32, most: u32) -> u32 {
        least + self.random.below(most - least + 1)
    }

    /// One of `choices`, which must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        self.random.pick(choices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_fixes_people_who_are_all_different() {
        let come = |seed| {
            let mut people = People::new(seed);
            (0..200).map(|_| people.next()).collect::<Vec<_>>()
        };
        assert_eq!(come(7), come(7));
        assert_ne!(come(7), come(8));
        let mut phones: Vec<_> = come(7).into_iter().map(|(phone, _)| phone).collect();
        phones.sort_unstable();
        phones.dedup();
        assert_eq!(phones.len(), 200);
        assert!(phones.iter().all(|phone| phone.len() == 11 && phone.starts_with("100")));
    }
}
