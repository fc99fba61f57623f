//! Shifts of Hangzhou: a real title (China's occupation titles cut to day labour) at a real street
//! (administrative divisions), with seats, pay, hours and position drawn. The data files and how
//! they were cut are told in `data/NOTICE.md`.

use super::splitmix::SplitMix64;
use crate::jobs::dates::rfc3339;
use crate::jobs::post::{JobRow, PayUnit};
use anyhow::{Context, Result, anyhow};
use jiff::civil::{Date, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};
use std::collections::{BTreeMap, BTreeSet};

/// IANA name of the region's time zone.
pub(crate) const TIME_ZONE: &str = "Asia/Shanghai";

const TITLES: &str = include_str!("../../../../../data/hangzhou/titles.csv");
const STREETS: &str = include_str!("../../../../../data/hangzhou/streets.csv");
const DISTRICTS: &str = include_str!("../../../../../data/hangzhou/districts.csv");
const WORDS: &str = include_str!("../../../../../data/day_labour_words.txt");

const DAYS: u32 = 14;
const LABOUR_DENSE: [&str; 3] = ["上城区", "钱塘区", "临平区"];
/// Largest distance of a drawn position from the middle of its district.
const OFFSET_KM_MAX: f64 = 3.0;
const KM_PER_DEGREE_LAT: f64 = 111.2;
/// At 30.25 degrees north.
const KM_PER_DEGREE_LON: f64 = 96.1;

/// Seats and how often of 100 they are drawn.
const SEATS: [(u32, u32); 8] = [(1, 25), (2, 25), (3, 12), (4, 10), (6, 10), (10, 10), (20, 6), (40, 2)];
/// Start hour and length in hours of the drawn shifts.
const HOURS: [(i8, i32); 8] = [(6, 8), (7, 8), (8, 8), (8, 10), (9, 4), (10, 10), (17, 5), (22, 8)];

struct Title {
    text: &'static str,
    category: &'static str,
    english: &'static str,
}

struct Street {
    district: &'static str,
    name: &'static str,
    lat: f64,
    lon: f64,
}

/// An endless stream of shifts.
pub(crate) struct Shifts {
    titles: Vec<Title>,
    categories: Vec<&'static str>,
    streets: Vec<Street>,
    stream: SplitMix64,
    seed: u64,
    drawn: u64,
    first_day: Date,
    time_zone: TimeZone,
}

impl Shifts {
    /// Reads the embedded files and starts the stream of `seed`.
    pub(crate) fn new(seed: u64, first_day: Date, time_zone: TimeZone) -> Result<Self> {
        let titles = read_titles()?;
        let categories: BTreeSet<_> = titles.iter().map(|title| title.category).collect();
        Ok(Self {
            titles,
            categories: categories.into_iter().collect(),
            streets: read_streets()?,
            stream: SplitMix64::new(seed),
            seed,
            drawn: 0,
            first_day,
            time_zone,
        })
    }

    /// Draws the next shift.
    pub(crate) fn next_row(&mut self) -> Result<JobRow> {
        let stream = &mut self.stream;
        self.drawn += 1;
        let title = draw_title(&self.titles, &self.categories, stream);
        let street = draw_street(&self.streets, stream);
        let (lat, lon) = near(street, stream);
        let &(hour, length) = stream.pick(&HOURS);
        let day = self.first_day.checked_add(i64::from(draw_day(stream)).days())?;
        let start = day.to_datetime(time(hour, 0, 0, 0)).to_zoned(self.time_zone.clone())?;
        let end = &start + SignedDuration::from_hours(i64::from(length));
        // 18 to 33 yuan an hour in steps of half a yuan, a fifth more at night.
        let mut per_hour = 1_800 + 50 * i64::from(stream.below(31));
        if hour == 22 {
            per_hour += per_hour / 5;
        }
        let (pay_unit, pay_minor) = match stream.below(3) {
            0 => (PayUnit::Hour, per_hour),
            1 => (PayUnit::Day, per_hour * i64::from(length)),
            _ => (PayUnit::Shift, per_hour * i64::from(length)),
        };
        let place = format!("杭州市{}{}", street.district, street.name);
        Ok(JobRow {
            key: format!("hangzhou-{}-{}", self.seed, self.drawn),
            line: self.drawn,
            title: format!("{} ({})", title.text, title.english),
            text: format!(
                "{place}，{}，{length}小时。合成数据：职位和街道真实，人数、工资、时间和位置为随机生成。\n\
                 {} shift of {length} hours. Synthetic: title and street are real; seats, pay, \
                 hours and position are drawn.",
                title.text, title.english
            ),
            category: title.category.to_owned(),
            employer: format!("{}示例用工 (synthetic)", street.district),
            place,
            lat: Some(lat),
            lon: Some(lon),
            start_at: rfc3339(&start),
            end_at: rfc3339(&end),
            dates_kept: false,
            pay_minor,
            currency: "CNY".to_owned(),
            pay_unit,
            pay_minor_per_hour: per_hour,
            seats: draw_seats(stream),
            meal: stream.chance(60),
            bed: stream.chance(20),
            daily_pay: stream.chance(50),
            language: "zh".to_owned(),
            requirements: String::new(),
            min_age: None,
            certificates: Vec::new(),
            languages: Vec::new(),
            wait_rule: None,
            draw_before_min: None,
            synthetic: true,
            reclaim_lost: false,
            redated: false,
        })
    }
}

/// Half of the shifts have a title of an evenly drawn category, so that each category is there.
fn draw_title<'a>(titles: &'a [Title], categories: &[&str], stream: &mut SplitMix64) -> &'a Title {
    let any = stream.pick(titles);
    let category = *stream.pick(categories);
    let same: Vec<_> = titles.iter().filter(|title| title.category == category).collect();
    let one = *stream.pick(&same);
    if stream.chance(50) { one } else { any }
}

/// More than half of the work is in the districts of warehouses and factories.
fn draw_street<'a>(streets: &'a [Street], stream: &mut SplitMix64) -> &'a Street {
    let any = stream.pick(streets);
    let dense: Vec<_> = streets.iter().filter(|street| LABOUR_DENSE.contains(&street.district)).collect();
    let one = *stream.pick(&dense);
    if stream.chance(60) { one } else { any }
}

/// Most shifts are posted for the coming days: the earliest of three draws.
fn draw_day(stream: &mut SplitMix64) -> u32 {
    stream.below(DAYS).min(stream.below(DAYS)).min(stream.below(DAYS))
}

fn draw_seats(stream: &mut SplitMix64) -> u32 {
    let mut left = stream.below(SEATS.iter().map(|(_, weight)| weight).sum());
    for (seats, weight) in SEATS {
        if left < weight {
            return seats;
        }
        left -= weight;
    }
    1
}

/// A point within [`OFFSET_KM_MAX`] of the district's middle, in steps of a metre so that it prints
/// alike everywhere.
fn near(street: &Street, stream: &mut SplitMix64) -> (f64, f64) {
    let metre = |stream: &mut SplitMix64| (f64::from(stream.below(6_001)) - 3_000.0) / 1_000.0;
    loop {
        let (north, east) = (metre(stream), metre(stream));
        if north * north + east * east <= OFFSET_KM_MAX * OFFSET_KM_MAX {
            let lat = street.lat + north / KM_PER_DEGREE_LAT;
            let lon = street.lon + east / KM_PER_DEGREE_LON;
            return ((lat * 1e5).round() / 1e5, (lon * 1e5).round() / 1e5);
        }
    }
}

/// Rows of an embedded CSV file without quotes, its header left out.
fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().skip(1).map(|line| line.split(',').collect())
}

fn read_titles() -> Result<Vec<Title>> {
    let words: Vec<Vec<&str>> =
        WORDS.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect()).collect();
    rows(TITLES)
        .map(|row| {
            let text = row[0];
            let found = words.iter().find(|word| word[1] != "NOT" && text.contains(word[0]));
            let word = found.with_context(|| format!("no day labour word in title {text}"))?;
            Ok(Title { text, category: word[1], english: word[2] })
        })
        .collect()
}

fn read_streets() -> Result<Vec<Street>> {
    let mut middles = BTreeMap::new();
    for row in rows(DISTRICTS) {
        let position: (f64, f64) = (row[2].parse()?, row[3].parse()?);
        middles.insert(row[0], position);
    }
    rows(STREETS)
        .map(|row| {
            let &(lat, lon) = middles.get(row[0]).ok_or_else(|| anyhow!("no district {}", row[0]))?;
            Ok(Street { district: row[1], name: row[2], lat, lon })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::convert::check_native;
    use crate::jobs::map::{Map, Rules};
    use jiff::civil::date;

    fn shifts(seed: u64, count: usize) -> Vec<JobRow> {
        let zone = TimeZone::get(TIME_ZONE).unwrap();
        let mut shifts = Shifts::new(seed, date(2026, 5, 1), zone).unwrap();
        (0..count).map(|_| shifts.next_row().unwrap()).collect()
    }

    #[test]
    fn a_seed_fixes_every_row() {
        assert_eq!(shifts(7, 50), shifts(7, 50));
        assert_ne!(shifts(7, 50), shifts(8, 50));
    }

    #[test]
    fn rows_are_sound_and_marked() {
        let map = Map::native();
        let Rules::Native(bounds) = map.rules else { unreachable!() };
        let rows = shifts(1, 2_000);
        for row in &rows {
            check_native(row, bounds).unwrap();
            assert!(row.synthetic && row.text.contains("合成"));
            assert!((29.4..30.6).contains(&row.lat.unwrap()), "{row:?}");
        }
        let mut categories: Vec<_> = rows.iter().map(|row| row.category.as_str()).collect();
        categories.sort_unstable();
        categories.dedup();
        assert!(categories.len() >= 12, "{categories:?}");
    }

    #[test]
    fn titles_keep_the_rule_of_their_cut() {
        let not: Vec<&str> = WORDS
            .lines()
            .filter_map(|line| line.split_once('\t').filter(|(_, rest)| rest.starts_with("NOT")))
            .map(|(word, _)| word)
            .collect();
        assert!(not.len() > 20);
        for title in read_titles().unwrap() {
            assert!(not.iter().all(|word| !title.text.contains(word)), "{}", title.text);
            assert!(title.text.chars().count() <= 14);
        }
        assert_eq!(read_streets().unwrap().len(), 196);
    }
}
