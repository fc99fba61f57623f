//! Tables of words, places, refusals and tokens.

use super::all_pages;
use edge_core::search::{
    Candidate, Flags, Index, InvalidPageToken, JUDGED_MAX, JobRow, Judge, KeepAll, Near, PageToken, Position,
    Query, QueryError, QueryFields, Sort, Widened,
};
use sync_protocol::ids::{JobId, TenantId, Writer};

const NOW: i64 = 1_800_000_000;
const HALL: Position = Position { lat_e6: 30_250_000, lon_e6: 120_160_000 };

fn row(counter: u64, title: &str, text: &str) -> JobRow {
    JobRow {
        job: JobId::job(Writer::new(3, 1), counter),
        title: title.to_owned(),
        text: text.to_owned(),
        category: "warehouse".to_owned(),
        tenant: TenantId(1),
        position: Some(HALL),
        start_at: NOW + 3600,
        end_at: NOW + 7200,
        pay_minor_per_hour: 2_500,
        created_at: NOW,
        flags: Flags::NONE,
        language: "zh".to_owned(),
        open: true,
        offerable: 0,
    }
}

fn words(words: &str) -> QueryFields {
    QueryFields { words: Some(words.to_owned()), ..QueryFields::default() }
}

fn near(radius_m: u32) -> QueryFields {
    let near = Some(Near { position: HALL, radius_m });
    QueryFields { near, sort: Sort::Distance, ..QueryFields::default() }
}

/// The counters of the jobs found, in order, in the tail and in a segment alike.
fn found(rows: &[JobRow], fields: &QueryFields) -> String {
    let mut tail = Index::new();
    rows.iter().cloned().for_each(|row| tail.upsert(row));
    let list = |index: &Index| {
        let page = all_pages(index, fields, NOW, &mut KeepAll);
        let counters: Vec<String> = page.hits.iter().map(|hit| hit.job.counter.to_string()).collect();
        let widened = page.widened.map_or("", |widened| if widened.any_term { " any" } else { " wider" });
        counters.join(" ") + widened
    };
    let (in_tail, in_segment) = (list(&tail), list(&Index::build(rows.iter().cloned())));
    assert_eq!(in_tail, in_segment, "{fields:?}");
    in_tail
}

#[test]
fn words_find_jobs() {
    let rows = [
        row(1, "夜班分拣员", "仓库，包吃住，日结"),
        row(2, "CNC操作工", "夜班 2名 near Line 1"),
        row(3, "Forklift driver", "warehouse night shift"),
        row(4, "倉庫揀貨員", "白班"),
        row(5, "吃 住", "分, 拣"),
    ];
    let check = |typed: &str, expected: &str| assert_eq!(found(&rows, &words(typed)), expected, "{typed}");
    check("分拣", "1");
    check("吃住", "1");
    check("白班", "4");
    check("夜班", "1 2");
    check("夜班分拣", "1");
    check("班夜", "");
    check("仓库", "4 1");
    check("倉庫", "4 1");
    check("拣", "1 4 5");
    check("员", "1 4");
    check("分拣夜班", "");
    check("cnc操作", "2");
    check("CNC 夜班", "2");
    check("ＣＮＣ", "2");
    check("2名", "2");
    check("driver", "3");
    check("drive", "");
    check("WAREHOUSE Night", "3");
    check("warehouse 夜班", "1 2 3 any");
    check("！？", "1 2 3 4 5");
}

#[test]
fn confirmable_here_wins_ties_but_not_points() {
    let rows = [
        row(1, "搬运", ""),
        JobRow { offerable: 2, ..row(2, "搬运", "") },
        JobRow { offerable: 9, ..row(3, "装卸", "搬运") },
    ];
    assert_eq!(found(&rows, &words("搬运")), "2 1 3");
}

#[test]
fn a_circle_widens_until_it_finds() {
    let at = |counter, metres: i32| JobRow {
        position: Some(Position { lat_e6: HALL.lat_e6 + metres * 9, ..HALL }),
        ..row(counter, "搬运", "")
    };
    let rows = [at(1, 3_000), at(2, 100), at(3, 60_000), JobRow { position: None, ..row(4, "搬运", "") }];
    let check =
        |fields: &QueryFields, expected: &str| assert_eq!(found(&rows, fields), expected, "{fields:?}");
    check(&near(50), "2 wider");
    check(&near(1_000), "2");
    check(&near(5_000), "2 1");
    check(&near(100_000), "2 1 3");
    check(&QueryFields { placeless: true, ..near(1_000) }, "2 4");
    check(&QueryFields { placeless: true, ..near(100_000) }, "2 1 3 4");
    let far = Near { position: Position { lat_e6: 31_700_000, ..HALL }, radius_m: 1_000 };
    check(&QueryFields { near: Some(far), ..near(1) }, "");
}

#[test]
fn what_started_or_closed_is_not_shown() {
    let rows = [
        JobRow { start_at: NOW, ..row(1, "", "") },
        JobRow { start_at: NOW + 1, ..row(2, "", "") },
        JobRow { open: false, ..row(3, "", "") },
    ];
    assert_eq!(found(&rows, &QueryFields::default()), "2");
}

#[test]
fn queries_that_are_refused() {
    let check = |fields: QueryFields, expected: QueryError| assert_eq!(Query::new(fields), Err(expected));
    let default = QueryFields::default;
    check(QueryFields { page_size: 0, ..default() }, QueryError::PageSize { got: 0 });
    check(QueryFields { page_size: 101, ..default() }, QueryError::PageSize { got: 101 });
    check(QueryFields { sort: Sort::Distance, ..default() }, QueryError::DistanceWithoutNear);
    check(near(0), QueryError::Radius { got: 0 });
    check(near(200_001), QueryError::Radius { got: 200_001 });
    let position = Position { lat_e6: 90_000_001, lon_e6: 0 };
    check(QueryFields { near: Some(Near { position, radius_m: 1 }), ..default() }, QueryError::Position);
    check(QueryFields { start_after: Some(5), start_before: Some(5), ..default() }, QueryError::StartRange);
    check(words(&"工".repeat(129)), QueryError::WordsTooLong { got: 129 });
    check(words("a b c d e f g h i j k l m n o p q"), QueryError::TooManyTerms { got: 17 });
}

fn first_token(index: &Index, fields: QueryFields) -> PageToken {
    index.search(&Query::new(fields).unwrap(), NOW, &mut KeepAll).next.unwrap()
}

#[test]
fn a_page_token_belongs_to_its_query_and_survives_inserts() {
    let mut index = Index::build((1..=5).map(|counter| row(counter, "搬运", "")));
    let fields = QueryFields { page_size: 2, ..words("搬运") };
    let token = first_token(&index, fields.clone());
    let foreign = QueryFields { page_token: Some(token), ..words("搬 运") };
    assert_eq!(Query::new(foreign), Err(QueryError::ForeignPageToken));
    index.upsert(row(0, "搬运", ""));
    index.remove(row(2, "", "").job);
    let next = QueryFields { page_token: Some(token), page_size: 3, ..fields };
    let page = index.search(&Query::new(next).unwrap(), NOW, &mut KeepAll);
    let counters: Vec<u64> = page.hits.iter().map(|hit| hit.job.counter).collect();
    assert_eq!((counters, page.total, page.next), (vec![3, 4, 5], 5, None));
}

#[test]
fn a_widened_search_stays_widened_on_its_next_pages() {
    let index = Index::build([row(1, "白班", ""), row(2, "夜班", "")]);
    let fields = QueryFields { page_size: 1, ..words("白班 夜班") };
    let token = first_token(&index, fields.clone());
    let page = index.search(
        &Query::new(QueryFields { page_token: Some(token), ..fields }).unwrap(),
        NOW,
        &mut KeepAll,
    );
    assert_eq!(page.widened, Some(Widened { radius_m: None, any_term: true }));
    assert_eq!(page.hits[0].job.counter, 2);
}

#[test]
fn texts_that_are_no_page_token() {
    let index = Index::build((1..=5).map(|counter| row(counter, "", "")));
    let token = first_token(&index, QueryFields { page_size: 1, ..QueryFields::default() }).to_string();
    assert!(token.parse::<PageToken>().is_ok());
    for text in
        ["", "01", &token[1..], &token.replacen("01", "02", 1), &token.to_uppercase().replace('0', "g")]
    {
        assert_eq!(text.parse::<PageToken>(), Err(InvalidPageToken), "{text}");
    }
}

/// Keeps the given number of the candidates it sees, and counts the calls.
struct KeepOneIn {
    step: u64,
    seen: usize,
}

impl Judge for KeepOneIn {
    fn judge(&mut self, candidates: &[Candidate<'_>], out: &mut Vec<bool>) {
        self.seen += candidates.len();
        out.extend(candidates.iter().map(|candidate| candidate.row.job.counter.is_multiple_of(self.step)));
    }
}

#[test]
fn a_judge_sees_no_more_than_its_limit_and_paging_goes_on() {
    let index = Index::build((1..=6_000).map(|counter| row(counter, "", "")));
    let fields = QueryFields { page_size: 10, ..QueryFields::default() };
    let mut judge = KeepOneIn { step: 500, seen: 0 };
    let page = index.search(&Query::new(fields.clone()).unwrap(), NOW, &mut judge);
    assert_eq!((page.hits.len(), page.total_is_lower_bound, judge.seen), (4, true, JUDGED_MAX));
    let all = all_pages(&index, &fields, NOW, &mut judge);
    let counters: Vec<u64> = all.hits.iter().map(|hit| hit.job.counter).collect();
    assert_eq!(counters, (1..=12).map(|kept| kept * 500).collect::<Vec<_>>());
}
