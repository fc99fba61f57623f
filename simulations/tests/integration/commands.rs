//! The program `simulate`, as somebody in a shell meets it: what it says, what it writes, and how it ends.

use simulations::trace_file::TraceFile;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A folder of a test's own, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dayshift-simulate-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    /// Runs the program here; its exit code and all that it wrote.
    fn simulate(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_simulate"))
            .args(arguments)
            .current_dir(&self.0)
            .output()
            .unwrap();
        (status.code(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
    }

    fn check(&self, arguments: &[&str], code: i32, words: &[&str]) -> String {
        let (ended, said) = self.simulate(arguments);
        assert_eq!(ended, Some(code), "{arguments:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{arguments:?} says {word:?} nowhere: {said}");
        }
        said
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

const CALM: &str = "about = \"calm\"\nregions = 1\nhours = 1\nsign_ups = 20\njobs = 2\nseats = [1, 6]\n";
/// A disk that says "synced" and is not: the hub finds that a node lacks what it had told.
const LIAR: &str = "about = \"liar\"\njobs = 3\nseats = [1, 6]\nlying_sync = true\n[faults]\ncrash = 1.0\n";

fn regression(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn a_run_that_breaks_nothing_is_drawn() {
    let folder = Folder::new("drawn");
    folder.write("calm.toml", CALM);
    folder.check(
        &["run", "calm.toml", "--start", "3", "--html", "run.html"],
        0,
        &["1 seeds", "run.html shows"],
    );
    let page = fs::read_to_string(folder.0.join("run.html")).unwrap();
    assert!(page.contains("\"seed\":3") && page.contains("\"violation\":null"));
    assert!(!folder.0.join("traces").exists(), "nobody asked for its trace");
    folder.check(&["run", "--html", "run.html"], 2, &["name its scenario"]);
    folder.check(&["run", "calm.toml", "--seeds", "2", "--html", "run.html"], 2, &["--seeds 2 are several"]);
    folder.check(&["run", "calm.toml", "--html", "nowhere/run.html"], 2, &["cannot write nowhere/run.html"]);
}

#[test]
fn traces_of_runs_that_break_nothing_are_kept_where_wanted() {
    let folder = Folder::new("kept");
    folder.write("calm.toml", CALM);
    let run = ["run", "calm.toml", "--seeds", "2", "--json", "--keep-traces", "--traces", "kept"];
    let said = folder.check(&run, 0, &["2 traces of seeds that broke nothing are in kept"]);
    let last: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(last["commit"].as_str(), simulations::COMMIT);
    for seed in [1, 2] {
        let trace = TraceFile::read(&folder.0.join(format!("kept/calm-{seed}.jsonl"))).unwrap();
        assert_eq!((trace.head.seed, trace.head.commit.as_deref()), (seed, simulations::COMMIT));
    }
    folder.check(&["replay", "kept/calm-2.jsonl"], 0, &["equal to the trace; nothing was broken"]);
    folder.write("file", "");
    let run = ["run", "calm.toml", "--seeds", "1", "--keep-traces", "--traces", "file/kept"];
    folder.check(&run, 2, &["1 traces could not be written: cannot make file/kept"]);
}

#[test]
fn a_replay_that_breaks_a_promise_fails() {
    let folder = Folder::new("replayed");
    folder.write("liar.toml", LIAR);
    let said = folder.check(&["run", "liar.toml", "--seeds", "12", "--traces", "."], 1, &["; trace ./liar-"]);
    let trace = said.lines().find_map(|line| line.split("; trace ").nth(1)).unwrap();
    folder.check(&["replay", trace], 1, &["equal to the trace; invariant: "]);
}

#[test]
fn a_trace_of_a_known_bug_is_replayed_with_it() {
    let folder = Folder::new("planted");
    let planted = regression("planted-ReturnKeptHere.jsonl");
    let shown = ["the known bug ReturnKeptHere, which is switched on", "; invariant: "];
    folder.check(&["replay", &planted], 1, &shown);
    fs::copy(planted, folder.0.join("trace.jsonl")).unwrap();
    folder.check(&["shrink", "trace.jsonl"], 0, &["steps are left: trace.short.jsonl"]);
    folder.check(&["replay", "trace.short.jsonl"], 1, &shown);
    folder.check(&["replay", &regression("left-in-a-short-cut.jsonl")], 0, &["; nothing was broken"]);
    let text = fs::read_to_string(folder.0.join("trace.jsonl")).unwrap();
    folder.write("unknown.jsonl", &text.replace("ReturnKeptHere", "NoBodysBug"));
    folder.check(&["replay", "unknown.jsonl"], 2, &["the bug NoBodysBug, which this version does not know"]);
}

#[test]
fn a_known_bug_says_how_many_seeds_it_took() {
    let folder = Folder::new("mutants");
    let json = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&folder.check(arguments, 0, &[])).unwrap()
    };
    let found = json(&["mutants", "PromoteTwice", "--json"]);
    assert_eq!((&found["caught"], &found["directed"]), (&true.into(), &false.into()), "{found}");
    let (seeds, seed) = (found["seeds"].as_u64().unwrap(), found["seed"].as_u64().unwrap());
    assert!((seed..=200).contains(&seeds), "{found}");
    let found = json(&["mutants", "LateStatusParked", "--json"]);
    assert_eq!(
        (&found["caught"], &found["directed"], &found["seeds"]),
        (&true.into(), &true.into(), &1.into())
    );
}

#[test]
fn a_walk_says_where_it_would_have_stopped() {
    let folder = Folder::new("model");
    let said = folder.check(&["model", "--instance", "E", "--bound", "1000", "--json"], 0, &[]);
    let line: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&line["exhausted"], &line["bound"]), (&false.into(), &1_000.into()), "{line}");
}
