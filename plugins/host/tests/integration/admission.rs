//! Who may take a place, by plugins that behave and by plugins that do not.

use crate::{admitting, guest};
use edge_core::admit::{Admission, Occasion, Question, SHIFTS_MAX, Shift};
use plugin_host::{
    AdmissionRow, Admitter, CallError, Guest, Host, Metering, PluginFolder, Refusal, Settings,
    limits::ADMISSION_DEADLINE,
};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::Arc,
    time::{Duration, Instant},
};

const HOUR: i64 = 3_600;
const ADMIT: u8 = 0;
const REFUSE: u8 = 1;
/// What a busy machine may add to a deadline.
const LATENESS: Duration = Duration::from_millis(60);

/// A question about a shift of eight hours that begins at 0.
fn question<'a>(pay: u32, shifts: &'a [Shift]) -> Question<'a> {
    Question {
        occasion: Occasion::Promotion,
        now: 0,
        utc_offset_s: 28_800,
        start_at: 0,
        end_at: 8 * HOUR,
        employer: 1,
        category: "sorting",
        job_flags: 0,
        pay_minor_per_hour: pay,
        title: "分拣员",
        shifts,
    }
}

fn shift(start_h: i64, end_h: i64) -> Shift {
    Shift { start_at: start_h * HOUR, end_at: end_h * HOUR, employer: 2 }
}

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shipped/rest-hours.wasm")
}

fn rest_hours(settings: &str) -> Arc<Admitter> {
    let settings = Settings::parse(settings).unwrap();
    let bytes = fs::read(shipped()).unwrap();
    Arc::new(Admitter::load(&Host::new(Metering::Off).unwrap(), &bytes, settings).unwrap())
}

fn hostile(body: &str, on_failure: u8) -> Arc<Admitter> {
    let bytes = admitting::hostile_admitter(body, on_failure);
    Arc::new(Admitter::load(&Host::new(Metering::Off).unwrap(), &bytes, Settings::default()).unwrap())
}

/// Asks with a deadline that no busy machine comes near.
fn ask(row: &AdmissionRow, pay: u32, shifts: &[Shift]) -> (Admission, usize) {
    let asked = row.ask(&question(pay, shifts), Duration::from_secs(2));
    (asked.admission, asked.failed.len())
}

#[test]
fn hours_of_rest_are_kept_between_two_shifts() {
    for (settings, start_h, end_h, hours) in [
        ("", -19, -11, None),
        ("", 19, 27, None),
        ("", 18, 26, Some("11")),
        ("", -18, -10, Some("11")),
        ("hours = 12", 19, 27, Some("12")),
        ("hours = 10", 18, 26, None),
    ] {
        let row = AdmissionRow::new(vec![rest_hours(settings)]);
        let (admission, failed) = ask(&row, 2_000, &[shift(start_h, end_h)]);
        let Some(hours) = hours else {
            assert_eq!((admission, failed), (Admission::Admitted, 0), "{settings} {start_h}");
            continue;
        };
        let Admission::Denied(denial) = admission else { panic!("{settings} {start_h}: {admission:?}") };
        assert_eq!((denial.plugin.as_str(), denial.reason), ("rest-hours", 1));
        for language in ["zh", "en", "es"] {
            assert!(denial.words(language).contains(hours), "{denial:?}");
        }
        assert_eq!(denial.words("vi"), denial.words("en"), "who speaks another language reads English");
    }
}

#[test]
fn who_has_no_other_shift_or_as_many_as_are_told_is_asked_about_all_the_same() {
    let row = AdmissionRow::new(vec![rest_hours("")]);
    assert_eq!(ask(&row, 2_000, &[]), (Admission::Admitted, 0));
    assert_eq!(ask(&row, 2_000, &[shift(19, 27); SHIFTS_MAX]), (Admission::Admitted, 0));
}

#[test]
fn settings_that_the_plugin_does_not_take_are_refused_in_its_words() {
    for (settings, told) in [
        ("hours = 0", "hours is 0: write a whole number from 1 to 72"),
        ("hours = \"ten\"", "hours is ten"),
        ("ours = 12", "ours is no setting of the plugin; it has hours"),
    ] {
        let refusal = rest_hours("").under(Settings::parse(settings).unwrap()).unwrap_err().to_string();
        assert!(refusal.contains(told), "{refusal}");
    }
}

/// A plugin that misbehaves on a question is named; the question stays open, or nobody objects, as the plugin says of itself.
/// The next one is asked all the same, and what it denies is denied.
fn check_hostile(body: &str) {
    for (on_failure, becomes) in
        [(ADMIT, Admission::Admitted), (REFUSE, Admission::Unanswered("hostile".to_owned()))]
    {
        let alone = AdmissionRow::new(vec![hostile(body, on_failure)]);
        assert_eq!(ask(&alone, 13, &[shift(9, 10)]), (becomes, 1), "{body}");
        assert_eq!(ask(&alone, 14, &[shift(9, 10)]), (Admission::Admitted, 0), "{body}");
        let both = AdmissionRow::new(vec![hostile(body, on_failure), rest_hours("")]);
        let (admission, failed) = ask(&both, 13, &[shift(9, 10)]);
        assert!(matches!(admission, Admission::Denied(_)) && failed == 1, "{body}: {admission:?}");
    }
}

#[test]
fn a_plugin_that_fails_does_what_it_said_and_is_named() {
    check_hostile("unreachable");
    // A denial of reason 0, one without words, and words from beyond the memory.
    check_hostile("(i32.store8 (i32.const 256) (i32.const 1)) (return (i32.const 256))");
    check_hostile(
        "(i32.store8 (i32.const 256) (i32.const 1)) (i32.store8 (i32.const 260) (i32.const 7)) \
         (return (i32.const 256))",
    );
    check_hostile(
        "(i32.store8 (i32.const 256) (i32.const 1)) (i32.store8 (i32.const 260) (i32.const 7)) \
         (i32.store (i32.const 264) (i32.const -8)) (i32.store (i32.const 268) (i32.const 64)) \
         (return (i32.const 256))",
    );
    // More languages than memory could hold, all of it zeros.
    check_hostile(
        "(i32.store8 (i32.const 256) (i32.const 1)) (i32.store8 (i32.const 260) (i32.const 7)) \
         (i32.store (i32.const 264) (i32.const 0)) (i32.store (i32.const 268) (i32.const 20000)) \
         (return (i32.const 256))",
    );
    // Memory without end, and a stack without end.
    check_hostile("(loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable");
}

#[test]
fn an_endless_loop_is_cut_off() {
    let alone = AdmissionRow::new(vec![hostile("(loop (br 0))", REFUSE)]);
    let begin = Instant::now();
    let asked = alone.ask(&question(13, &[]), ADMISSION_DEADLINE);
    assert_eq!(asked.admission, Admission::Unanswered("hostile".to_owned()));
    assert!(begin.elapsed() < ADMISSION_DEADLINE + LATENESS);
}

#[test]
fn whoever_fails_again_and_again_is_left_out_and_holds_nobody_up() {
    let plugin = hostile("(loop (br 0))", REFUSE);
    let row = AdmissionRow::new(vec![Arc::clone(&plugin)]);
    for _ in 0..3 {
        assert!(!plugin.is_breaker_open());
        assert_eq!(row.ask(&question(13, &[]), ADMISSION_DEADLINE).failed, ["hostile"]);
    }
    assert!(plugin.is_breaker_open());
    let unanswered = (Admission::Unanswered("hostile".to_owned()), 1);
    let begin = Instant::now();
    for _ in 0..1_000 {
        assert_eq!(ask(&row, 14, &[]), unanswered, "left out, also where it would have answered");
    }
    assert!(begin.elapsed() < ADMISSION_DEADLINE * 100, "nobody waits for it");
    assert!(matches!(plugin.measure(&question(13, &[]), ADMISSION_DEADLINE), Err(CallError::Late)));
}

#[test]
fn a_component_is_of_one_kind() {
    let host = Host::new(Metering::Off).unwrap();
    let (filter, admit) = (guest::hostile_on_two("nop"), admitting::hostile_admitter("nop", ADMIT));
    let none = Settings::default;
    assert!(matches!(Guest::load(&host, &filter, none()).unwrap(), Guest::Filter(_)));
    assert!(matches!(Guest::load(&host, &admit, none()).unwrap(), Guest::Admit(_)));
    assert!(matches!(Admitter::load(&host, &filter, none()), Err(Refusal::WrongWorld)));
    let set = Settings::parse("hours = 1").unwrap();
    assert!(matches!(Guest::load(&host, &filter, set), Err(Refusal::BadSettings(_))));
}

#[test]
fn a_rule_in_force_stays_while_its_files_are_refused_and_ends_with_them() {
    let dir = env::temp_dir().join(format!("admission-folder-{}", process::id()));
    fs::create_dir_all(&dir).unwrap();
    let (component, settings) = (dir.join("rest-hours.wasm"), dir.join("rest-hours.toml"));
    fs::copy(shipped(), &component).unwrap();
    fs::write(&settings, "hours = 12").unwrap();
    let mut folder = PluginFolder::new(&Host::new(Metering::Off).unwrap(), &dir);
    let denies = |row: Vec<Arc<Admitter>>, start_h: i64| {
        let (admission, _) = ask(&AdmissionRow::new(row), 2_000, &[shift(start_h, start_h + 8)]);
        matches!(admission, Admission::Denied(_))
    };
    let mut scan = || folder.scan().unwrap();
    let first = scan();
    assert!(first.refused.is_empty() && denies(first.admitters.clone(), 19));
    assert!(
        Arc::ptr_eq(&scan().admitters[0], &first.admitters[0]),
        "what did not change is not loaded again"
    );

    fs::write(&settings, "hours = 11").unwrap();
    assert!(!denies(scan().admitters, 19), "other settings hold at once");
    fs::write(&settings, "hours = none").unwrap();
    let torn = scan();
    assert!(torn.refused[0].refusal.to_string().contains("settings"), "{:?}", torn.refused);
    assert!(!denies(torn.admitters.clone(), 19) && denies(torn.admitters, 18), "the rule before stays");
    fs::write(&component, "half a file").unwrap();
    assert!(denies(scan().admitters, 18));

    fs::remove_file(&component).unwrap();
    let gone = scan();
    assert!(gone.admitters.is_empty() && gone.refused.is_empty());
    fs::remove_dir_all(&dir).unwrap();
}
