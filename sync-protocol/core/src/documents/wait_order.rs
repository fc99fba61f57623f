//! In which order a job's wait list is served, and the public draw.
//!
//! A draw can be checked by anybody: the hub publishes the hash of a seed when it first sees the job, and the seed and who
//! was drawn when the time has come. The order is a pure function of both, [`draw_key`]; no program has a say in it.

use super::{Document, JobFields, Value};
use crate::ids::SignUpId;
use std::ops::RangeInclusive;

/// Minutes before the start at which a draw may be: up to a week.
pub const DRAW_BEFORE_MIN: RangeInclusive<u32> = 5..=10_080;
/// Where the poster says nothing.
pub const DRAW_BEFORE_MIN_DEFAULT: u32 = 60;
/// Places of a draw that are published, from the first. Whoever stands behind the last of them knows it by his own key.
pub const DRAWN_MAX: usize = 1_000;

/// Of a rule that is none so much is shown again.
const SHOWN_CHARS_MAX: usize = 40;

const ID_BYTES: usize = 15;
const _: () = assert!(DRAWN_MAX * ID_BYTES <= crate::limits::JOB_VALUE_BYTES_MAX);

/// By what a job's wait list is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaitRule {
    /// As sign-ups came to the hub.
    #[default]
    Arrival,
    /// By the day of the worker's first worked shift for the tenant.
    Seniority,
    /// By a public draw.
    Lottery,
}

impl WaitRule {
    pub const ALL: [Self; 3] = [Self::Arrival, Self::Seniority, Self::Lottery];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Arrival => "arrival",
            Self::Seniority => "seniority",
            Self::Lottery => "lottery",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == text)
    }

    /// Reads a rule as people write it into tables: by its code, or by words for it in Chinese or English.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase().replace(['-', '_'], " ");
        WORDS.into_iter().find(|(_, words)| words.contains(&text.as_str())).map(|(rule, _)| rule)
    }
}

const WORDS: [(WaitRule, &[&str]); 3] = [
    (
        WaitRule::Arrival,
        &[
            "arrival",
            "first come",
            "first come first served",
            "first come, first served",
            "next in line",
            "the next in line",
            "先到先得",
            "先来后到",
            "按先来后到",
            "排队",
        ],
    ),
    (WaitRule::Seniority, &["seniority", "by seniority", "工龄", "按工龄", "资历", "按资历", "老员工优先"]),
    (WaitRule::Lottery, &["lottery", "draw", "public draw", "a public draw", "抽签", "公开抽签", "摇号"]),
];

/// What a job says of its wait list when it is posted. It never changes: people wait by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitOrder {
    pub rule: WaitRule,
    /// Minutes before the start at which places are drawn; 0 where nothing is drawn.
    pub draw_before_min: u32,
}

const RULE: &str = "wait_rule";
const BEFORE: &str = "draw_before_min";
const COMMITMENT: &str = "draw_commitment";
const SEED: &str = "draw_seed";
const LIST: &str = "draw_list";
const COUNT: &str = "draw_count";

impl WaitOrder {
    /// Fields that are written with the job and by nobody later.
    pub const AT_BIRTH: [&str; 2] = [RULE, BEFORE];

    /// What a poster says, checked: the rule by its code and, of a draw alone, the minutes before the start. An error names the
    /// field at fault, and what to write. `start_at` is `None` where it could not be read.
    pub fn check(
        rule: Option<&str>,
        minutes: Option<i64>,
        now: i64,
        start_at: Option<i64>,
    ) -> Result<Self, (&'static str, String)> {
        let rule = match rule {
            None => WaitRule::Arrival,
            Some(name) => WaitRule::parse(name).ok_or_else(|| {
                let shown: String = name.chars().take(SHOWN_CHARS_MAX).collect();
                (RULE, format!("`{shown}` is no rule; write arrival, seniority or lottery"))
            })?,
        };
        let wrong = |fault: &str| Err((BEFORE, fault.to_owned()));
        match (rule, minutes) {
            (WaitRule::Arrival | WaitRule::Seniority, None) => Ok(Self { rule, draw_before_min: 0 }),
            (WaitRule::Arrival | WaitRule::Seniority, Some(_)) => {
                wrong("is of a draw alone; write wait_rule lottery, or leave it out")
            }
            (WaitRule::Lottery, None) => Ok(Self::lottery(None, now, start_at.unwrap_or(now))),
            (WaitRule::Lottery, Some(minutes)) => {
                let known = u32::try_from(minutes).ok().filter(|minutes| DRAW_BEFORE_MIN.contains(minutes));
                let Some(minutes) = known else { return wrong("is outside 5 to 10080 minutes") };
                if start_at.is_some_and(|start_at| start_at - i64::from(minutes) * 60 <= now) {
                    return wrong("puts the draw into the past; write fewer minutes");
                }
                Ok(Self { rule, draw_before_min: minutes })
            }
        }
    }

    /// A draw `minutes` before the start. Without them an hour before it, or halfway to it from `now` where that is later.
    #[must_use]
    pub fn lottery(minutes: Option<u32>, now: i64, start_at: i64) -> Self {
        let halfway = u32::try_from((start_at - now) / 120).unwrap_or(0);
        let usual = DRAW_BEFORE_MIN_DEFAULT.min(halfway).max(*DRAW_BEFORE_MIN.start());
        Self { rule: WaitRule::Lottery, draw_before_min: minutes.unwrap_or(usual) }
    }

    pub(super) fn to_fields(self) -> Vec<(&'static str, Value)> {
        let rule = || (RULE, Value::Text(self.rule.as_str().to_owned()));
        match self.rule {
            WaitRule::Arrival => Vec::new(),
            WaitRule::Seniority => vec![rule()],
            WaitRule::Lottery => vec![rule(), (BEFORE, Value::Int(i64::from(self.draw_before_min)))],
        }
    }

    /// A rule of a later version is served by arrival.
    pub(super) fn read(document: &Document) -> Self {
        let rule = WaitRule::parse(&document.text(RULE)).unwrap_or_default();
        let minutes = document.int(BEFORE).and_then(|minutes| u32::try_from(minutes).ok());
        let minutes = minutes.filter(|minutes| DRAW_BEFORE_MIN.contains(minutes));
        match rule {
            WaitRule::Arrival | WaitRule::Seniority => Self { rule, draw_before_min: 0 },
            WaitRule::Lottery => Self { rule, draw_before_min: minutes.unwrap_or(DRAW_BEFORE_MIN_DEFAULT) },
        }
    }
}

impl JobFields {
    /// Epoch seconds of the draw; `None` where nothing is drawn.
    #[must_use]
    pub fn draw_at(&self) -> Option<i64> {
        (self.wait.rule == WaitRule::Lottery)
            .then(|| self.start_at - i64::from(self.wait.draw_before_min) * 60)
    }
}

/// What the hub has published of a job's draw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draw {
    /// [`commitment`] of the seed, published before the draw.
    pub commitment: Option<[u8; 32]>,
    /// The seed, published with the draw: before it nothing is drawn.
    pub seed: Option<[u8; 32]>,
    /// Who was drawn, in order; the first [`DRAWN_MAX`] of them.
    pub drawn: Vec<SignUpId>,
    /// How many were drawn in all.
    pub count: u32,
}

impl Draw {
    /// Fields that the hub alone writes.
    pub const FIELDS: [&str; 4] = [COMMITMENT, SEED, LIST, COUNT];

    /// Reads what a job's document says; what is of another form counts as not said.
    #[must_use]
    pub fn read(document: &Document) -> Self {
        let bytes = |field| match document.value(field) {
            Some(Value::Bytes(bytes)) => Some(bytes.as_slice()),
            Some(Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::Null) | None => None,
        };
        let hash = |field| bytes(field).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let (ids, _) = bytes(LIST).unwrap_or_default().as_chunks::<ID_BYTES>();
        Self {
            commitment: hash(COMMITMENT),
            seed: hash(SEED),
            drawn: ids.iter().filter_map(|id| SignUpId::from_bytes(id)).collect(),
            count: document.int(COUNT).and_then(|count| u32::try_from(count).ok()).unwrap_or(0),
        }
    }

    /// The field of a commitment.
    #[must_use]
    pub fn committed(seed: &[u8; 32]) -> [(&'static str, Value); 1] {
        [(COMMITMENT, Value::Bytes(commitment(seed).to_vec()))]
    }

    /// The fields of a draw. `order` is all who were drawn; the first `most` of them are published, [`DRAWN_MAX`] at most.
    #[must_use]
    pub fn held(seed: &[u8; 32], order: &[SignUpId], most: usize) -> Vec<(&'static str, Value)> {
        let published = &order[..order.len().min(most).min(DRAWN_MAX)];
        vec![
            (SEED, Value::Bytes(seed.to_vec())),
            (LIST, Value::Bytes(published.iter().flat_map(|id| id.to_bytes()).collect())),
            (COUNT, Value::Int(i64::try_from(order.len()).unwrap_or(i64::MAX))),
        ]
    }

    /// Says what is wrong with a draw that was held, as anybody may check it.
    pub fn verify(&self) -> Result<(), DrawFault> {
        let (Some(published), Some(seed)) = (self.commitment, self.seed) else {
            return Err(DrawFault::NotHeld);
        };
        if commitment(&seed) != published {
            return Err(DrawFault::OtherSeed);
        }
        let wrong =
            self.drawn.windows(2).position(|pair| draw_key(&seed, pair[0]) >= draw_key(&seed, pair[1]));
        if let Some(wrong) = wrong {
            return Err(DrawFault::OutOfOrder(wrong + 2));
        }
        let shown = u32::try_from(self.drawn.len()).unwrap_or(u32::MAX);
        let is_whole = shown == self.count || (self.drawn.len() == DRAWN_MAX && shown < self.count);
        if is_whole { Ok(()) } else { Err(DrawFault::Count { shown, told: self.count }) }
    }
}

/// Why a published draw is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DrawFault {
    #[error("the draw was not held yet, or its seed is not published")]
    NotHeld,
    #[error("the seed is not the one whose hash was published before the draw")]
    OtherSeed,
    #[error("place {0} stands before one that was drawn ahead of it, or twice")]
    OutOfOrder(usize),
    #[error("{shown} places are shown, and {told} were drawn")]
    Count { shown: u32, told: u32 },
}

/// What is published of a seed before the draw: its BLAKE3 hash.
#[must_use]
pub fn commitment(seed: &[u8; 32]) -> [u8; 32] {
    *blake3::hash(seed).as_bytes()
}

/// What a sign-up is drawn by: BLAKE3 over the seed and the 15 bytes of its id. The smallest comes first.
#[must_use]
pub fn draw_key(seed: &[u8; 32], sign_up: SignUpId) -> [u8; 32] {
    *blake3::Hasher::new().update(seed).update(&sign_up.to_bytes()).finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Writer;

    const SEED: [u8; 32] = [7; 32];

    fn people(count: u64) -> Vec<SignUpId> {
        let mut people: Vec<_> = (1..=count).map(|n| SignUpId::sign_up(Writer::new(3, 1), n)).collect();
        people.sort_by_key(|sign_up| draw_key(&SEED, *sign_up));
        people
    }

    fn draw(order: &[SignUpId]) -> Draw {
        let shown = &order[..order.len().min(DRAWN_MAX)];
        let count = u32::try_from(order.len()).unwrap();
        Draw { commitment: Some(commitment(&SEED)), seed: Some(SEED), drawn: shown.to_vec(), count }
    }

    /// Held against a published draw, this is what is found wrong with it.
    fn check(name: &str, draw: &Draw, expected: Result<(), DrawFault>) {
        assert_eq!(draw.verify(), expected, "{name}");
    }

    #[test]
    fn anybody_can_check_a_draw() {
        let five = people(5);
        let honest = draw(&five);
        check("as it was drawn", &honest, Ok(()));
        check("of nobody", &draw(&[]), Ok(()));
        check("of more than are published", &draw(&people(1_200)), Ok(()));
        check("before the draw", &Draw { seed: None, ..honest.clone() }, Err(DrawFault::NotHeld));
        check("never announced", &Draw { commitment: None, ..honest.clone() }, Err(DrawFault::NotHeld));
        check("another seed", &Draw { seed: Some([8; 32]), ..honest.clone() }, Err(DrawFault::OtherSeed));
        let swapped = [five[1], five[0], five[2], five[3], five[4]];
        check("a friend first", &draw(&swapped), Err(DrawFault::OutOfOrder(2)));
        let twice = [five[0], five[1], five[1], five[2], five[3]];
        check("somebody twice", &draw(&twice), Err(DrawFault::OutOfOrder(3)));
        let short = Draw { drawn: five[..4].to_vec(), ..honest };
        check("somebody left out", &short, Err(DrawFault::Count { shown: 4, told: 5 }));
    }

    #[test]
    fn a_draw_is_an_hour_before_the_start_or_halfway_to_it() {
        let minutes = |given, start_in_min: i64| {
            WaitOrder::lottery(given, 1_000, 1_000 + start_in_min * 60).draw_before_min
        };
        assert_eq!((minutes(None, 600), minutes(None, 120), minutes(None, 90)), (60, 60, 45));
        assert_eq!((minutes(None, 3), minutes(Some(15), 600)), (5, 15));
    }

    #[test]
    fn the_order_is_that_of_the_published_recipe() {
        let id = SignUpId::sign_up(Writer::new(3, 1), 9);
        let written = [&SEED[..], &[2, 0, 0, 0, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9]].concat();
        assert_eq!(draw_key(&SEED, id), *blake3::hash(&written).as_bytes());
        assert_ne!(people(5), (1..=5).map(|n| SignUpId::sign_up(Writer::new(3, 1), n)).collect::<Vec<_>>());
    }
}
