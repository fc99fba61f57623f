//! Rows in, verdicts out; the whole New York file with its exact counts.

use super::*;
use jiff::civil::date;
use std::io;

const NYC_MAP: &str = include_str!("../../../../../data/maps/nyc.toml");
const NYC_FILE: &str = "../../data/nyc_jobs_to_2019-06-14.csv";

/// Keeps what it is given.
#[derive(Debug, Default)]
struct Kept {
    rows: Vec<JobRow>,
    refused: Vec<String>,
}

impl Sink for Kept {
    fn row(&mut self, row: JobRow, _json: &str) -> Result<()> {
        self.rows.push(row);
        Ok(())
    }

    fn refused(&mut self, refusal: &Refusal) {
        self.refused.push(refusal.to_string());
    }

    fn finish(&mut self) -> Result<HubCounts> {
        Ok(HubCounts { created: self.rows.len() as u64, ..HubCounts::default() })
    }
}

fn import(source: &[u8], map: &Map) -> Result<(Summary, Kept)> {
    let twins = Twins::scan(source, map)?;
    let mut kept = Kept::default();
    let summary = run(source, map, twins, date(2026, 5, 1), &mut kept)?;
    Ok((summary, kept))
}

fn small_map() -> Map {
    Map::parse(
        r#"
        format = "csv"
        repair_mojibake = true
        record_bytes_max = 4096
        time_zone = "Asia/Shanghai"
        key = { columns = ["id"] }
        fields = { title = ["title"] }
        constants = { category = "moving" }
        pay = { column = "pay", unit_column = "per", currency = "CNY", minor_per_major = 100, units = { h = { unit = "hour" }, d = { unit = "day" }, y = { leave_out = "yearly" } } }
        seats = { column = "seats", default = 1 }
        dates = { rule = "columns", start_column = "start", hours = 8.0 }
        position = { lat_column = "lat", lon_column = "lon" }
        bounds = { pay_minor_per_hour_min = 500, pay_minor_per_hour_max = 20000, seats_max = 100 }
        "#,
    )
    .unwrap()
}

const HEADER: &str = "id,title,pay,per,seats,start,lat,lon\n";

#[test]
fn a_column_says_who_gets_a_freed_place() {
    let text = "format = \"csv\"\ntime_zone = \"UTC\"\nkey = { columns = [\"id\"] }\n\
        fields = { title = [\"title\"], wait_rule = [\"wait\"] }\nconstants = { category = \"moving\", wait_rule = \"first come\" }\n\
        pay = { column = \"pay\", unit = \"hour\", currency = \"CNY\", minor_per_major = 100 }\nseats = { default = 1 }\n\
        dates = { rule = \"columns\", start_column = \"start\", hours = 8.0 }\n\
        bounds = { pay_minor_per_hour_min = 500, pay_minor_per_hour_max = 20000, seats_max = 100 }\n";
    let map = Map::parse(text).unwrap();
    let source = "id,title,pay,start,wait\n1,Cook,20,2026-05-01 08:00,抽签\n2,Cook,20,2026-05-01 08:00,Seniority\n\
        3,Cook,20,2026-05-01 08:00,\n4,Cook,20,2026-05-01 08:00,by the moon\n";
    let (_, kept) = import(source.as_bytes(), &map).unwrap();
    let rules: Vec<_> = kept.rows.iter().map(|row| row.wait_rule.as_deref().unwrap()).collect();
    assert_eq!(rules, ["lottery", "seniority", "arrival"]);
    let refused = "5:28: wait: `by the moon` is no rule for who gets a freed place; write arrival, seniority or lottery";
    assert_eq!(kept.refused, [refused]);
    let wrong = Map::parse(&text.replace("first come", "by the moon")).unwrap_err();
    assert!(wrong.to_string().contains("constants.wait_rule: `by the moon` is no rule"), "{wrong:#}");
}

/// One row after the header: the row as sent, the reason it was left out, or place and message.
fn check(row: &[u8], expected: &str) {
    let source = [HEADER.as_bytes(), row].concat();
    let (summary, kept) = import(&source, &small_map()).unwrap();
    let got = match (kept.rows.first(), kept.refused.first()) {
        (Some(row), _) => format!(
            "{} {} {} {}/h x{} {} {:?}",
            row.key, row.title, row.pay_minor, row.pay_minor_per_hour, row.seats, row.start_at, row.lat
        ),
        (None, Some(refusal)) => refusal.clone(),
        (None, None) => format!("left out: {}", summary.left_out.keys().next().unwrap()),
    };
    assert!(got.starts_with(expected), "{}\n  got {got}", String::from_utf8_lossy(row));
}

#[test]
fn one_row_one_verdict() {
    let at = "2026-05-02T08:00";
    let full = |row: &str| row.replace('@', at).into_bytes();
    let c = |row: &str, expected: &str| check(&full(row), expected);
    c("1,搬运,20,h,3,@,30.2,120.1", "1 搬运 2000 2000/h x3 2026-05-02T08:00:00+08:00 Some(30.2)");
    c("1,搬运,200,d,,@,,", "1 搬运 20000 2500/h x1 2026-05-02T08:00:00+08:00 None");
    c("1,cafÃ©,20,h,3,@,,", "1 café 2000");
    c("1,a,20,y,3,@,,", "left out: yearly");
    c(",a,20,h,3,@,,", "2:1: id: the job has no key");
    c("1,,20,h,3,@,,", "2:3: title: the job has no title");
    c("1,a,,h,3,@,,", "2:5: pay: the job has no pay");
    c("1,a,lots,h,3,@,,", "2:5: pay: `lots` is not an amount");
    c("1,a,9999999,h,3,@,,", "2:5: pay: 999999900 minor units an hour is outside 500 to 20000");
    c("1,a,0.01,h,3,@,,", "2:5: pay: 1 minor units");
    c("1,a,20,week,3,@,,", "2:8: per: the map knows no unit `week`");
    c("1,a,20,h,0,@,,", "2:10: seats: 0 is outside 1 to 100");
    c("1,a,20,h,many,@,,", "2:10: seats: `many` is not a whole number");
    c("1,a,20,h,3,soon,,", "2:12: start: `soon` is not a date and time");
    c("1,a,20,h,3,@,north,1", "2:29: lat, lon: `north`, `1` is not a position");
    c("1,a,20,h,3,@", "2:12: the row has 6 fields and the header has 8");
    c("1,\"a,20,h,3,@,,", "2:1: a quote is opened on the last line and not closed");
    check(b"1,caf\xE9,20,h,3,2026-05-02T08:00,,", "2:6: byte 0xE9 is not UTF-8");
}

#[test]
fn good_rows_go_in_around_bad_ones() {
    let long = "x".repeat(5_000);
    let source = format!(
        "{HEADER}1,a,20,h,1,2026-05-02T08:00,,\n2,{long},20,h,1,2026-05-02T08:00,,\n\
         3,a,20,h,1,2026-05-02T08:00,,\n1,a,20,h,1,2026-05-02T08:00,,\n\
         3,other,20,h,1,2026-05-02T08:00,,\n"
    );
    let (summary, kept) = import(source.as_bytes(), &small_map()).unwrap();
    assert_eq!(kept.rows.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["1", "3"]);
    assert_eq!((summary.read, summary.imported, summary.duplicates), (5, 2, 1));
    assert!(kept.refused[0].starts_with("3:1: the line has "), "{:?}", kept.refused);
    assert!(kept.refused[1].starts_with("6:1: key `3` is used by line 4"), "{:?}", kept.refused);
}

#[test]
fn a_missing_column_ends_the_import_with_its_name() {
    let error = import(b"id,title,wage\n", &small_map()).unwrap_err().to_string();
    assert!(error.contains("no column lat, lon, pay, per, seats, start; it has id"), "{error}");
}

#[test]
fn native_rows_need_no_map() {
    let row = r#"{"key":"k","title":"t","category":"c","start_at":"2026-05-02T08:00:00+08:00","end_at":"2026-05-02T16:00:00+08:00","pay_minor":2000,"currency":"CNY","pay_unit":"hour","pay_minor_per_hour":2000,"seats":2}"#;
    let source = format!(
        "{row}\n{}\n{{\"key\":1}}\n",
        row.replace("\"seats\":2", "\"seats\":0").replace("\"k\"", "\"l\"")
    );
    let (summary, kept) = import(source.as_bytes(), &Map::native()).unwrap();
    assert_eq!(summary.imported, 1);
    assert!(kept.refused[0].starts_with("2:1: seats: 0"), "{:?}", kept.refused);
    assert!(kept.refused[1].starts_with("3:8: invalid type"), "{:?}", kept.refused);
}

/// A source of one line of `left` bytes between two good rows.
struct LongLine {
    before: &'static [u8],
    left: usize,
    after: &'static [u8],
}

impl Read for LongLine {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.before.is_empty() {
            return self.before.read(buffer);
        }
        if self.left > 0 {
            let count = buffer.len().min(self.left);
            buffer[..count].fill(b'x');
            self.left -= count;
            return Ok(count);
        }
        self.after.read(buffer)
    }
}

#[test]
fn a_line_of_100_mb_is_skipped_without_being_held() {
    let source = LongLine {
        before: b"id,title,pay,per,seats,start,lat,lon\n1,a,20,h,1,2026-05-02T08:00,,\n",
        left: 100_000_000,
        after: b"\n3,a,20,h,1,2026-05-02T08:00,,\n",
    };
    let mut kept = Kept::default();
    let before = memory_peak_kib();
    let summary = run(source, &small_map(), Twins::default(), date(2026, 5, 1), &mut kept).unwrap();
    let grown = memory_peak_kib() - before;
    assert_eq!((summary.read, summary.imported, kept.rows[1].line), (3, 2, 4));
    assert!(kept.refused[0].contains("100000000 bytes"), "{:?}", kept.refused);
    // Other tests run beside this one; the line alone would be 97,656 KiB.
    assert!(grown < 60_000, "{grown} KiB");
}

/// Peak resident memory of this process; 0 where the system does not tell.
fn memory_peak_kib() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("VmHWM:"))?.to_owned();
            line.split_whitespace().nth(1)?.parse().ok()
        })
        .unwrap_or(0)
}

#[test]
fn the_new_york_file_gives_these_counts() {
    let file = std::fs::read(NYC_FILE).unwrap();
    let map = Map::parse(NYC_MAP).unwrap();
    let (summary, kept) = import(&file, &map).unwrap();
    let expected = Summary {
        read: 2_222,
        imported: 95,
        created: 95,
        duplicates: 17,
        twins_folded: 979,
        repaired: 1_895,
        left_out: [("not hourly or daily".to_owned(), 1_131)].into(),
        position_by_words: 86,
        without_position: 9,
        hours_by_default: 88,
        seats: 943,
        ..Summary::default()
    };
    assert_eq!(summary, expected);
    assert!(kept.rows.iter().all(|row| row.dates_kept && row.redated && !row.text.contains("â€™")));

    let (_, again) = import(&file, &map).unwrap();
    assert_eq!(again.rows, kept.rows);
}

#[test]
fn yearly_posts_come_in_by_an_option_of_the_map() {
    let file = std::fs::read(NYC_FILE).unwrap();
    let text = NYC_MAP.replace("leave_out = \"not hourly or daily\"", "unit = \"hour\"\ndivide_by = 1820");
    let (summary, _) = import(&file, &Map::parse(&text).unwrap()).unwrap();
    assert_eq!(summary.imported + summary.refused_count(), 1_226);
    assert_eq!(summary.refused.get("pay_absurd"), Some(&3));
}

#[test]
fn a_map_says_for_all_rows_that_a_lost_nodes_rights_may_be_reclaimed() {
    let file = std::fs::read(NYC_FILE).unwrap();
    let allowed = |text: &str| {
        let (_, kept) = import(&file, &Map::parse(text).unwrap()).unwrap();
        kept.rows.iter().filter(|row| row.reclaim_lost).count()
    };
    assert_eq!(allowed(NYC_MAP), 0);
    assert_eq!(allowed(&NYC_MAP.replace("redated = true", "redated = true\nreclaim_lost = true")), 95);
}
