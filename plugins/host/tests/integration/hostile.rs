//! Guests that pass the canned queries and misbehave on a live page of two jobs.

use crate::guest;
use edge_core::filter::{
    ChainReport, Context, FilterChain, PAGE_CANDIDATES_MAX, REASON_FILTER_FAILED, Verdict,
};
use plugin_host::{Chain, ChainSlot, Host, Metering, Plugin, limits::CHAIN_DEADLINE};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const ENDLESS: &str = "(loop (br 0))";
const FAILED: ChainReport = ChainReport { judged: 0, failed: 1, late: 0, skipped: 0 };
const LATE: ChainReport = ChainReport { judged: 0, failed: 0, late: 1, skipped: 0 };
const JUDGED: ChainReport = ChainReport { judged: 1, failed: 0, late: 0, skipped: 0 };

/// What the machine's own scheduler may add to a deadline while other tests run.
const SCHEDULING: Duration = Duration::from_millis(60);

fn load(component: &[u8]) -> Arc<Plugin> {
    let host = Host::new(Metering::Off).unwrap();
    Arc::new(Plugin::load(&host, component).unwrap())
}

/// Runs a guest with this body and says how it fared; the jobs stay visible whatever it does.
fn check(body: &str, expected: ChainReport) {
    let chain = Chain::new(vec![load(&guest::hostile_on_two(body))], CHAIN_DEADLINE);
    let page = guest::page(2, chain.wanted());
    let mut verdicts = Vec::new();
    let begin = Instant::now();
    let report = chain.filter(&Context::default(), &page, &mut verdicts);
    let took = begin.elapsed();
    assert_eq!(report, expected, "{body}");
    assert_eq!(verdicts, [Verdict::Keep; 2], "{body}");
    assert!(took < CHAIN_DEADLINE + SCHEDULING, "{body} took {took:?}");
}

#[test]
fn endless_loop() {
    check(ENDLESS, LATE);
}

#[test]
fn memory_growth_is_refused_to_the_guest() {
    // Grows page by page until it is refused, and answers if that happened within 16 MiB.
    check(
        "(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
         (if (i32.gt_u (memory.size) (i32.const 256)) (then unreachable))",
        JUDGED,
    );
}

#[test]
fn memory_growth_without_end() {
    check("(loop (drop (memory.grow (i32.const 1))) (br 0))", LATE);
}

#[test]
fn deep_recursion() {
    check("(drop (call $deep (i32.const 0)))", FAILED);
}

#[test]
fn trap() {
    check("unreachable", FAILED);
}

#[test]
fn access_out_of_bounds() {
    check("(drop (i32.load (i32.const -8)))", FAILED);
}

#[test]
fn answers_with_lying_lengths() {
    for length in [0, 1, 3, PAGE_CANDIDATES_MAX, 400_000] {
        check(&format!("(return (call $keep_all (i32.const {length})))"), FAILED);
    }
}

#[test]
fn answers_that_lie_outside_of_memory() {
    let far = "(return (call $keep_all (i32.const -1)))";
    check(far, FAILED);
    check("(return (i32.const -4))", FAILED);
    check("(return (i32.const 3))", FAILED);
}

#[test]
fn answers_with_the_reserved_reason() {
    check("(i32.store8 (i32.const 1025) (i32.const 255))", FAILED);
}

#[test]
fn three_traps_leave_a_plugin_out_of_its_chain() {
    let plugin = load(&guest::hostile_on_two("unreachable"));
    let chain = Chain::new(vec![Arc::clone(&plugin)], CHAIN_DEADLINE);
    let page = guest::page(2, chain.wanted());
    let mut verdicts = Vec::new();
    for _ in 0..3 {
        assert!(!plugin.is_breaker_open());
        assert_eq!(chain.filter(&Context::default(), &page, &mut verdicts), FAILED);
    }
    assert!(plugin.is_breaker_open());
    let report = chain.filter(&Context::default(), &page, &mut verdicts);
    assert_eq!(report, ChainReport { skipped: 1, ..ChainReport::default() });
    assert_eq!(verdicts, [Verdict::Keep; 2]);
}

#[test]
fn a_safety_filter_that_fails_hides_the_page() {
    for body in ["unreachable", ENDLESS] {
        let plugin = load(&guest::hostile_safety_filter(body));
        let chain = Chain::new(vec![plugin], CHAIN_DEADLINE);
        let mut verdicts = Vec::new();
        chain.filter(&Context::default(), &guest::page(2, chain.wanted()), &mut verdicts);
        assert_eq!(verdicts, [Verdict::Hide { reason: REASON_FILTER_FAILED }; 2]);
        chain.filter(&Context::default(), &guest::page(1, chain.wanted()), &mut verdicts);
        assert_eq!(verdicts, [Verdict::Keep]);
    }
}

#[test]
fn a_chain_has_one_deadline_and_the_innocent_are_not_blamed() {
    let endless = load(&guest::hostile_on_two(ENDLESS));
    let good = load(&guest::hostile_on_two("nop"));
    let plugins = vec![endless; 3].into_iter().chain([Arc::clone(&good)]).collect();
    let chain = Chain::new(plugins, CHAIN_DEADLINE);
    let page = guest::page(2, chain.wanted());
    let mut verdicts = Vec::new();
    let begin = Instant::now();
    let report = chain.filter(&Context::default(), &page, &mut verdicts);
    assert!(begin.elapsed() < CHAIN_DEADLINE + SCHEDULING);
    assert_eq!(report.judged + report.late, 4);
    assert!(report.late >= 1 && report.failed == 0);
    assert!(!good.is_breaker_open());
}

#[test]
fn the_first_that_hides_gives_the_reason_and_a_chain_is_swapped_whole() {
    let host = Host::new(Metering::Off).unwrap();
    let hides = |reason: u8| {
        let body = format!(
            "(memory.fill (i32.const 1024) (i32.const {reason}) (i32.load offset=32 (local.get 0)))
             (call $keep_all (i32.load offset=32 (local.get 0)))"
        );
        Arc::new(Plugin::load(&host, &guest::component(&body)).unwrap())
    };
    let slot = ChainSlot::new(Chain::new(vec![hides(7), hides(9)], CHAIN_DEADLINE));
    let page = guest::page(1, slot.wanted());
    let mut verdicts = Vec::new();
    slot.filter(&Context::default(), &page, &mut verdicts);
    assert_eq!(verdicts, [Verdict::Hide { reason: 7 }]);
    slot.swap(Chain::new(Vec::new(), CHAIN_DEADLINE));
    slot.filter(&Context::default(), &page, &mut verdicts);
    assert_eq!(verdicts, [Verdict::Keep]);
}

#[test]
fn a_woken_ticker_still_cuts_off() {
    let plugin = load(&guest::hostile_on_two(ENDLESS));
    // Longer than the ticker stays awake without calls.
    let idle = Instant::now() + Duration::from_millis(400);
    while Instant::now() < idle {
        std::thread::park_timeout(Duration::from_millis(50));
    }
    let chain = Chain::new(vec![plugin], CHAIN_DEADLINE);
    let mut verdicts = Vec::new();
    let report = chain.filter(&Context::default(), &guest::page(2, chain.wanted()), &mut verdicts);
    assert_eq!(report, LATE);
}
