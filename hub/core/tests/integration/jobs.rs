//! Imports: safe to repeat, and never a way to take seats away.

use crate::vshard::{TOPIC, VSHARD, Vshard};
use hub_core::shard::{self, Imported, JobPost};
use sync_protocol::{
    documents::{Demands, JobFields, PayUnit, WaitOrder, WaitRule},
    limits::CAP_MAX,
    seats::LossPolicy,
};

pub(crate) fn fields(title: &str, start_at: i64) -> JobFields {
    JobFields {
        title: title.to_owned(),
        text: String::new(),
        category: "sorting".to_owned(),
        employer: "tenant".to_owned(),
        place: "place".to_owned(),
        position: None,
        start_at,
        end_at: start_at + 100,
        pay_minor: 2_000,
        pay_unit: PayUnit::Hour,
        pay_minor_per_hour: 2_000,
        currency: "CNY".to_owned(),
        meal: false,
        bed: false,
        daily_pay: true,
        language: "zh".to_owned(),
        requirements: String::new(),
        demands: Demands::default(),
        synthetic: true,
        redated: false,
        no_show_after_min: 0,
        wait: WaitOrder::default(),
        created_at: 5,
        tenant: 1,
        region: "hangzhou".to_owned(),
    }
}

pub(crate) fn import(
    vshard: &mut Vshard,
    key: &str,
    seats: u32,
    fields: JobFields,
    keep_dates: bool,
) -> Imported {
    let post = JobPost { key: key.to_owned(), fields, seats, policy: LossPolicy::WriteOff, keep_dates };
    vshard.work(|shard| shard::import_job(shard, TOPIC, &post)).unwrap()
}

#[test]
fn an_import_creates_edits_or_leaves_a_job_and_never_lowers_it() {
    let mut vshard = Vshard::new("imports");
    let Imported::Created(job) = import(&mut vshard, "a", 5, fields("sorter", 2_000), false) else {
        panic!("not created")
    };
    let mut check = |seats: u32, title: &str, start_at: i64, keep_dates: bool, expected: &str| {
        let verdict = match import(&mut vshard, "a", seats, fields(title, start_at), keep_dates) {
            Imported::Created(_) => "created",
            Imported::Updated(same) if same == job => "updated",
            Imported::Unchanged(same) if same == job => "unchanged",
            Imported::Refused(_) => "refused",
            Imported::Updated(_) | Imported::Unchanged(_) => "another job",
        };
        let cap = vshard.read(|tx, at| tx.hub_job(at, job)).unwrap().cap;
        let summary = vshard.read(|tx, _| tx.job_summary(VSHARD, job)).unwrap();
        assert_eq!(format!("{verdict}: {cap} seats, {} at {}", summary.title, summary.start_at), expected);
    };
    check(5, "sorter", 2_000, false, "unchanged: 5 seats, sorter at 2000");
    check(5, "packer", 2_000, false, "updated: 5 seats, packer at 2000");
    check(8, "packer", 2_000, false, "updated: 8 seats, packer at 2000");
    check(7, "loader", 2_000, false, "refused: 8 seats, packer at 2000");
    check(0, "loader", 2_000, false, "refused: 8 seats, packer at 2000");
    check(CAP_MAX + 1, "loader", 2_000, false, "refused: 8 seats, packer at 2000");
    check(8, "packer", 9_000, true, "unchanged: 8 seats, packer at 2000");
    check(8, "packer", 9_000, false, "updated: 8 seats, packer at 9000");
}

#[test]
fn the_order_of_a_wait_list_is_said_once() {
    let mut vshard = Vshard::new("import-wait");
    let by = |rule| JobFields { wait: WaitOrder { rule, draw_before_min: 0 }, ..fields("sorter", 2_000) };
    assert!(matches!(import(&mut vshard, "a", 5, by(WaitRule::Seniority), false), Imported::Created(_)));
    for silent in [WaitRule::Seniority, WaitRule::Arrival] {
        assert!(matches!(import(&mut vshard, "a", 5, by(silent), false), Imported::Unchanged(_)));
    }
    let told = import(&mut vshard, "a", 5, by(WaitRule::Lottery), false);
    assert!(matches!(&told, Imported::Refused(why) if why.contains("people wait by seniority")), "{told:?}");
}

#[test]
fn keys_are_a_tenants_own() {
    let mut vshard = Vshard::new("import-keys");
    let of = |tenant| JobFields { tenant, ..fields("sorter", 2_000) };
    let created = |imported| matches!(imported, Imported::Created(_));
    assert!(created(import(&mut vshard, "a", 1, of(1), false)));
    assert!(created(import(&mut vshard, "a", 1, of(2), false)));
    assert!(created(import(&mut vshard, "b", 1, of(1), false)));
    assert!(!created(import(&mut vshard, "b", 1, of(1), false)));
}
