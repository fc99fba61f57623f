//! Small worlds: a seed decides everything, promises hold, a trace replays, and a broken promise is reported.

use simulations::{
    bugs,
    exhaustive::with_mutant,
    runs::{self, Order, Report},
    scenario::{self, Scenario},
    schedule::{Act, Step},
    trace_file::TraceFile,
};

/// One hour with one region; everything else as the scenario says.
fn small(name: &str) -> Scenario {
    Scenario { hours: 1, regions: 1, ..scenario::find(name).unwrap() }
}

/// No test of this binary that switches a bug on runs meanwhile.
fn run(scenarios: Vec<Scenario>, seeds: u64, twice: bool) -> Report {
    with_mutant(None, || run_sound(scenarios, seeds, twice))
}

fn run_sound(scenarios: Vec<Scenario>, seeds: u64, twice: bool) -> Report {
    let order =
        Order { scenarios, start: 1, seeds, threads: 1, twice, traces: None, keeps_all: false, stops: false };
    runs::run(&order)
}

#[test]
fn fifty_seeds_run_twice_alike() {
    let names = ["commute-rush", "bad-disk", "copied-node", "swizzle-clog", "hub-outage"];
    let report = run(names.map(small).to_vec(), 50, true);
    assert_eq!(report.found.iter().map(|found| (found.seed, &found.text)).collect::<Vec<_>>(), []);
    let mut hashes: Vec<_> = report.hashes.values().collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 50, "different seeds do different things");
}

#[test]
fn every_scenario_keeps_its_promises() {
    let scenarios = scenario::shipped().unwrap();
    let seeds = scenarios.len() as u64;
    let small = scenarios.into_iter().map(|scenario| Scenario { hours: 2, ..scenario }).collect();
    let report = run(small, seeds, false);
    assert_eq!(report.found.iter().map(|found| (found.seed, &found.text)).collect::<Vec<_>>(), []);
    assert!(report.tally.sign_ups > 1_000 && report.tally.confirmed > 300, "{:?}", report.tally);
}

#[test]
fn a_trace_replays_from_its_file() {
    let path = std::env::temp_dir().join(format!("dayshift-trace-{}.jsonl", std::process::id()));
    let trace = TraceFile::record(&small("hot-job"), 7).unwrap();
    trace.write(&path).unwrap();
    let read = TraceFile::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!((&read.steps, &read.events, &read.head), (&trace.steps, &trace.events, &trace.head));
    let (again, difference) = read.replay();
    assert!(again.events.len() > 100);
    assert_eq!(difference, None);
    let mut other = read;
    other.events[40].1.push('!');
    let (at, words) = other.replay().1.unwrap();
    assert_eq!(at, 40);
    assert!(words.contains("trace:") && words.contains("now:"), "{words}");
}

#[test]
fn a_trace_that_breaks_nothing_any_more_is_not_shortened() {
    let mut trace = TraceFile::record(&Scenario { hours: 1, sign_ups: 10, ..small("hot-job") }, 7).unwrap();
    trace.head.violation = Some(("oversold".to_owned(), "of another version".to_owned()));
    let mut tries = 0;
    assert!(trace.shrink(None, u32::MAX, |_| tries += 1).is_none());
    assert_eq!(tries, 0);
}

#[test]
fn a_scenario_that_no_world_could_have_is_refused() {
    for (toml, part) in [
        ("seats = [6, 1]", "seats"),
        ("seats = [0, 1]", "seats"),
        ("cut_minutes = [5, 2]", "cut_minutes"),
        ("group = [0, 0]", "group"),
        ("hours = 0", "hours"),
        ("nodes_per_region = 100", "nodes"),
        ("[faults]\ncut = 1e9", "cut"),
        ("[faults]\neio = -1.0", "eio"),
        ("[faults]\nfire = 1.0", "fire"),
    ] {
        let error = format!("{:#}", scenario::parse("mine", toml).unwrap_err());
        assert!(error.contains(part), "{toml}: {error}");
    }
    assert_eq!(scenario::parse("mine", "seats = [1, 6]").unwrap().seats, (1, 6));
}

/// Operations that once broke a promise, or that show a known bug, shrunk to what it needed.
#[test]
fn what_once_broke_a_promise_breaks_none() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    let files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    let mut shown = 0;
    for path in files.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl")) {
        let TraceFile { head, steps, .. } = TraceFile::read(&path).unwrap();
        let run = |bug| with_mutant(bug, || TraceFile::of(&head.scenario, head.seed, steps.clone()));
        assert_eq!(run(None).head.violation, None, "{}", path.display());
        if let Some(name) = &head.mutant {
            let broken = run(Some(bugs::find(name).unwrap())).head.violation;
            let kind = |violation: Option<(String, String)>| violation.map(|(kind, _)| kind);
            assert_eq!(kind(broken), kind(head.violation), "{name} is to be seen in {}", path.display());
            shown += 1;
        }
    }
    assert_eq!(shown, bugs::BUGS.len(), "each known bug has the operations that show it");
}

#[test]
fn a_run_is_drawn_as_a_page_of_its_own() {
    let trace = TraceFile::record(&Scenario { sign_ups: 10, ..small("hot-job") }, 7).unwrap();
    let page = trace.draw().unwrap();
    assert!(page.contains("\"mark\":\"message\"") && page.contains("\"mark\":\"books\""));
    assert!(
        !page.contains("http") && page.matches("</script>").count() == 1,
        "it needs nothing beside itself"
    );
}

#[test]
fn what_lasts_and_who_holds_what_is_drawn_as_it_was() {
    let trace = (1..20).map(|seed| TraceFile::record(&small("hot-job"), seed).unwrap());
    let is_cut = |step: &&Step| matches!(step.act, Act::Cut { .. });
    let trace = trace.into_iter().find(|trace| trace.steps.iter().filter(is_cut).count() > 1).unwrap();
    let page = trace.draw().unwrap();
    let (_, run) = page.split_once("const run = ").unwrap();
    let run: serde_json::Value = serde_json::from_str(run.split_once(";\n").unwrap().0).unwrap();
    let number = |value: &serde_json::Value| value.as_i64().unwrap();
    let spans = run["spans"].as_array().unwrap();
    for step in trace.steps.iter().filter(is_cut) {
        let at = i64::try_from(step.at).unwrap();
        let holds = |span: &&serde_json::Value| {
            let is_cut = span["kind"].as_str().unwrap().starts_with("cut");
            is_cut && number(&span["from"]) <= at && at < number(&span["until"])
        };
        assert!(spans.iter().any(|span| holds(&span)), "{step:?} is drawn");
    }
    let down = trace.events.iter().filter(|(_, text)| {
        text.starts_with("machine ")
            && (text.ends_with(" lost power") || text.ends_with("the node is killed"))
    });
    // A machine that fails again as it starts was down all the time.
    let (drawn, told) = (spans.iter().filter(|span| span["kind"] == "down").count(), down.count());
    assert!(drawn <= told && (drawn > 0) == (told > 0), "{drawn} of {told}");
    let confirmed = trace.events.iter().filter(|(_, text)| text.ends_with(" confirmed")).count();
    let glyphs = run["glyphs"].as_array().unwrap();
    assert_eq!(glyphs.iter().filter(|glyph| glyph["kind"] == "confirmed").count(), confirmed);
    for transfer in run["transfers"].as_array().unwrap() {
        assert!(transfer["arrived"].as_i64().is_none_or(|at| at >= number(&transfer["left"])), "{transfer}");
    }
    for stack in run["stacks"].as_array().unwrap() {
        for level in stack["levels"].as_array().unwrap() {
            let held: i64 = level["parts"]
                .as_array()
                .unwrap()
                .iter()
                .map(|part| number(&part[0]) + number(&part[1]))
                .sum();
            assert_eq!(held + number(&level["pool"]), number(&level["cap"]), "{} {level}", stack["job"]);
        }
    }
}

#[test]
fn a_lost_promise_is_reported_and_shrinks() {
    // A disk that says "synced" and is not loses what was confirmed: the model must see it.
    let liar = Scenario { lying_sync: true, ..small("bad-disk") };
    let broken = (1..20).map(|seed| TraceFile::record(&liar, seed).unwrap());
    let trace = broken.into_iter().find(|trace| trace.head.violation.is_some()).unwrap();
    let short = trace.shrink(None, u32::MAX, |_| {}).unwrap();
    assert!(short.steps.len() * 4 < trace.steps.len(), "{} of {}", short.steps.len(), trace.steps.len());
    assert_eq!(short.head.violation.unwrap().0, trace.head.violation.unwrap().0);
}
