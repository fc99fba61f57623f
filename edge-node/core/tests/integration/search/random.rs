//! Random jobs, writes and queries: the index must answer as the reference does, page by page.

use super::{
    all_pages,
    reference::{self, Jobs},
};
use edge_core::search::{
    Availability, Candidate, Facets, Flags, Index, JobRow, Judge, KeepAll, Near, Position, QueryFields, Sort,
};
use proptest::{collection::vec, prelude::*};
use sync_protocol::ids::{JobId, TenantId, Writer};

const NOW: i64 = 1_800_000_000;
const DAY_S: i64 = 86_400;
const JOBS: u64 = 1_200;
const PIECES: [&str; 20] = [
    "分拣",
    "仓库",
    "倉庫",
    "揀货",
    "夜班",
    "包吃住",
    "日结",
    "白班",
    "拣",
    "住",
    "工",
    "CNC",
    "driver",
    "Forklift",
    "packaging",
    "2",
    "，",
    " ",
    " ",
    "-",
];
const CATEGORIES: [&str; 4] = ["warehouse", "kitchen", "Kitchen", "搬运"];
const LANGUAGES: [&str; 3] = ["zh", "en", "zh-Hant-TW"];

/// The numbers that one seed gives.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn number(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.roll(u64::try_from(to - from).unwrap())).unwrap()
    }

    fn one<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.roll(choices.len() as u64)).unwrap()]
    }

    fn sometimes<T>(&mut self, one_in: u64, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.roll(one_in) == 0).then(|| value(self))
    }

    fn job(&mut self) -> JobId {
        let counter = self.roll(JOBS);
        JobId::job(Writer::new(u32::try_from(counter % 3).unwrap(), 1), counter)
    }

    fn position(&mut self) -> Position {
        let (lat_e6, lon_e6) =
            self.one(&[(30_250_000, 120_160_000), (30_250_000, 120_160_000), (-5_000, 180_000_000)]);
        let spread = self.one(&[1, 3_000, 40_000, 300_000]);
        let lon_e6 = lon_e6 + self.number(-spread, spread);
        let lon_e6 = if lon_e6 > 180_000_000 { lon_e6 - 360_000_000 } else { lon_e6 };
        Position {
            lat_e6: i32::try_from(lat_e6 + self.number(-spread, spread)).unwrap(),
            lon_e6: i32::try_from(lon_e6).unwrap(),
        }
    }

    fn words(&mut self, pieces: u64) -> String {
        (0..self.roll(pieces + 1)).map(|_| self.one(&PIECES)).collect()
    }

    fn flags(&mut self, one_in: u64) -> Flags {
        let mut flags = Flags::NONE;
        for flag in Flags::EACH {
            flags |= self.sometimes(one_in, |_| flag).unwrap_or_default();
        }
        flags
    }

    fn row(&mut self) -> JobRow {
        let start_at = NOW + self.number(-DAY_S, 4 * DAY_S);
        JobRow {
            job: self.job(),
            title: self.words(5),
            text: self.words(12),
            category: self.one(&CATEGORIES).to_owned(),
            tenant: TenantId(1),
            position: (self.roll(12) > 0).then(|| self.position()),
            start_at,
            end_at: start_at + 8 * 3600,
            pay_minor_per_hour: self.number(-2, 8) * 500,
            created_at: NOW - self.number(0, 50),
            flags: self.flags(2),
            language: self.one(&LANGUAGES).to_owned(),
            open: self.roll(8) > 0,
            offerable: self.one(&[0, 0, 1, 5]),
        }
    }

    fn query(&mut self) -> QueryFields {
        let near = self.sometimes(2, |dice| Near {
            position: dice.position(),
            radius_m: dice.one(&[1, 40, 900, 3_000, 12_000, 60_000, 200_000]),
        });
        let sorts = [Sort::Relevance, Sort::Pay, Sort::Start, Sort::Newest, Sort::Distance];
        QueryFields {
            words: self.sometimes(2, |dice| dice.words(3)),
            near,
            placeless: self.sometimes(2, |_| ()).is_some(),
            start_after: self.sometimes(6, |dice| NOW + dice.number(-DAY_S, 3 * DAY_S)),
            start_before: self.sometimes(6, |dice| NOW + dice.number(3 * DAY_S, 4 * DAY_S)),
            pay_min: self.sometimes(5, |dice| dice.number(0, 9) * 500),
            category: self.sometimes(4, |dice| dice.one(&CATEGORIES).to_owned()),
            language: self.sometimes(5, |dice| dice.one(&LANGUAGES).to_owned()),
            flags_all: self.flags(8),
            availability: self.one(&[Availability::Open, Availability::Open, Availability::ConfirmableHere]),
            sort: self.one(&sorts[..if near.is_some() { 5 } else { 4 }]),
            page_size: self.one(&[1, 7, 20, 100, 100, 100]),
            page_token: None,
            facets: Facets::CATEGORIES | Facets::LANGUAGES | Facets::DAYS | Facets::FLAGS,
            utc_offset_s: self.one(&[0, 8 * 3600, -5 * 3600]),
        }
    }
}

#[derive(Clone, Debug)]
enum Write {
    Upsert { seed: u64, rows: usize },
    Remove { seed: u64, jobs: usize },
    Offer { seed: u64, jobs: usize },
    Purge,
    Merge { budget: usize },
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        4 => (any::<u64>(), 1..400_usize).prop_map(|(seed, rows)| Write::Upsert { seed, rows }),
        2 => (any::<u64>(), 1..200_usize).prop_map(|(seed, jobs)| Write::Remove { seed, jobs }),
        2 => (any::<u64>(), 1..200_usize).prop_map(|(seed, jobs)| Write::Offer { seed, jobs }),
        1 => Just(Write::Purge),
        6 => (1..20_000_usize).prop_map(|budget| Write::Merge { budget }),
    ]
}

fn apply(write: &Write, index: &mut Index, jobs: &mut Jobs) {
    match *write {
        Write::Upsert { seed, rows } => {
            let mut dice = Dice(seed);
            for row in (0..rows).map(|_| dice.row()) {
                index.upsert(row.clone());
                jobs.insert(row.job, row);
            }
        }
        Write::Remove { seed, jobs: count } => {
            let mut dice = Dice(seed);
            for job in (0..count).map(|_| dice.job()) {
                assert_eq!(index.remove(job), jobs.remove(&job).is_some());
            }
        }
        Write::Offer { seed, jobs: count } => {
            let mut dice = Dice(seed);
            for _ in 0..count {
                let job = dice.job();
                let offerable = u32::try_from(dice.roll(3)).unwrap();
                let known = jobs.get_mut(&job).map(|row| row.offerable = offerable);
                assert_eq!(index.set_offerable(job, offerable), known.is_some());
            }
        }
        Write::Purge => {
            let before = jobs.len();
            jobs.retain(|_, row| row.start_at > NOW - DAY_S / 2);
            assert_eq!(index.purge_started(NOW - DAY_S / 2), before - jobs.len());
        }
        Write::Merge { budget } => {
            index.merge_step(budget);
        }
    }
}

/// Hides every third job.
struct HideThirds;

fn is_third(row: &JobRow) -> bool {
    row.job.counter.is_multiple_of(3)
}

impl Judge for HideThirds {
    fn judge(&mut self, candidates: &[Candidate<'_>], out: &mut Vec<bool>) {
        out.extend(candidates.iter().map(|candidate| !is_third(candidate.row)));
    }
}

fn check(index: &Index, jobs: &Jobs, seed: u64) {
    assert_eq!(index.len(), jobs.len());
    let fields = Dice(seed).query();
    let found = all_pages(index, &fields, NOW, &mut KeepAll);
    assert_eq!(found, reference::search(jobs, &fields, NOW, |_| true), "{fields:?}");
    let judged = all_pages(index, &fields, NOW, &mut HideThirds);
    assert_eq!(judged, reference::search(jobs, &fields, NOW, |row| !is_third(row)), "{fields:?}");
    let job = Dice(seed).job();
    assert_eq!(index.get(job).map(|found| found.offerable), jobs.get(&job).map(|row| row.offerable));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn answers_equal_a_scan(
        built in (any::<u64>(), 0..900_usize),
        rounds in vec((vec(write(), 0..6), vec(any::<u64>(), 1..8)), 1..6),
    ) {
        let mut dice = Dice(built.0);
        let rows: Vec<JobRow> = (0..built.1).map(|_| dice.row()).collect();
        let mut index = Index::build(rows.iter().cloned());
        let mut jobs: Jobs = rows.into_iter().map(|row| (row.job, row)).collect();
        let mut published = Vec::new();
        for (writes, queries) in rounds {
            for write in &writes {
                apply(write, &mut index, &mut jobs);
            }
            for &query in &queries {
                check(&index, &jobs, query);
            }
            published.push((index.clone(), jobs.clone(), queries));
        }
        for (index, jobs, queries) in published {
            queries.into_iter().for_each(|query| check(&index, &jobs, query));
        }
    }
}
