//! `cargo xtask test`: runs the suites one after the other, with live output, and counts. The longest, which waits for
//! nothing, runs beside all that follow the tests: many of them, such as those in a browser, mostly wait.
//!
//! A failed suite does not stop the others. The last line is always `N passed, M failed`, where both numbers
//! count suites and the single tests in them.

use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::workspace::{BUILD, Workspace, on_path};
use crate::{child, openapi, out, plugins, tidy};

mod counts;
mod needs;

use counts::Counts;
use needs::Need;
pub(crate) use needs::describe;

/// Seeds that a run with `--all` simulates; larger runs are recorded in simulations/TRACK-RECORD.md.
const SIMULATED_SEEDS: &str = "500";
/// Times that it kills a process of a cluster under load.
const KILLS: &str = "200";
/// Seeds that it runs twice, where both must do the same; none of them is among the others.
const SEEDS_TWICE: [&str; 2] = ["50", "10001"];

/// How far a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// What can run here; the rest is named.
    Here,
    /// All of it; what is needed is installed first.
    All,
}

impl Reach {
    /// The reach that `--all` stands for.
    pub(crate) fn from_flag(all: bool) -> Self {
        if all { Self::All } else { Self::Here }
    }
}

/// What a suite does.
enum Work {
    Tidy,
    /// A program of the search path.
    Program(&'static str, Vec<String>),
    Cargo(Vec<&'static str>),
    /// A program of this workspace.
    Built(&'static str, Vec<&'static str>),
    Xtask(Vec<&'static str>),
}

struct Suite {
    name: &'static str,
    work: Work,
    needs: &'static [Need],
    /// Why the suite is left out whatever the reach.
    absent: Option<String>,
    only_with_all: bool,
    /// Takes what the suites behind it leave of the processors; its output comes when it has ended.
    beside: bool,
}

enum Verdict {
    Passed,
    Failed(String),
    LeftOut(String),
}

struct Report {
    name: &'static str,
    verdict: Verdict,
    counts: Counts,
    took: Duration,
}

/// Runs the suites and fails if one of them, or one test, failed.
pub(crate) fn run(workspace: &Workspace, reach: Reach) -> anyhow::Result<ExitCode> {
    let suites = suites(workspace)?;
    needs::empty_rendered(workspace)?;
    let mut reports = Vec::new();
    if reach == Reach::All {
        let wanted = suites.iter().filter(|suite| suite.absent.is_none()).flat_map(|suite| suite.needs);
        reports.extend(needs::install(workspace, wanted).map(|(name, took, error)| Report {
            name,
            verdict: Verdict::Failed(format!("{error:#}")),
            counts: Counts::default(),
            took,
        }));
    }
    let title = |index: usize| format!("\n=== {} of {}: {}", index + 1, suites.len(), suites[index].name);
    thread::scope(|scope| {
        let mut beside = Vec::new();
        for (index, suite) in suites.iter().enumerate() {
            if suite.beside && suite.left_out(workspace, reach).is_none() {
                out::note(&format!("{}, beside those that follow", title(index)));
                beside.push((index, Instant::now(), scope.spawn(|| suite.run_beside(workspace))));
            } else {
                out::note(&title(index));
                reports.push(suite.run(workspace, reach));
            }
        }
        for (index, started, run) in beside {
            out::note(&title(index));
            let (verdict, lines) =
                run.join().unwrap_or_else(|_| (Verdict::Failed("xtask panicked".to_owned()), Vec::new()));
            lines.iter().for_each(child::pass_on);
            reports.push(Report {
                name: suites[index].name,
                verdict,
                counts: Counts::default(),
                took: started.elapsed(),
            });
        }
    });
    Ok(conclude(&reports))
}

fn suites(workspace: &Workspace) -> anyhow::Result<Vec<Suite>> {
    let tests = if on_path("cargo-nextest") {
        vec!["nextest", "run", "--workspace", "--no-fail-fast", "--no-tests=pass"]
    } else {
        vec!["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]
    };
    let no_guests = plugins::shipped(workspace.root())?.is_empty();
    let no_openapi = !workspace.root().join(openapi::FOLDER).is_dir();
    let absent = |absent: bool, what: &str| absent.then(|| what.to_owned());
    let clippy = vec!["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    let mut suites = vec![
        suite("fmt", Work::Cargo(vec!["fmt", "--all", "--check"])),
        suite("tidy", Work::Tidy),
        Suite { only_with_all: true, ..suite("clippy", Work::Cargo(clippy)) },
        suite("build", Work::Cargo(BUILD.to_vec())),
        suite("tests", Work::Cargo(tests)),
        Suite {
            beside: true,
            only_with_all: true,
            ..suite(
                "simulation",
                Work::Built("simulate", vec!["run", "--seeds", SIMULATED_SEEDS, "--sometimes"]),
            )
        },
        suite("doc tests", Work::Cargo(vec!["test", "--workspace", "--doc", "--no-fail-fast"])),
        suite("demo", Work::Built("dayshift", vec!["demo", "--check"])),
        suite("model mutants", Work::Built("simulate", vec!["model", "--mutant", "all"])),
        suite("simulation mutants", Work::Built("simulate", vec!["mutants"])),
    ];
    let twice = vec!["run", "--seeds", SEEDS_TWICE[0], "--start", SEEDS_TWICE[1], "--doublecheck"];
    let proofs = [
        suite("killed processes", Work::Built("dayshift", vec!["live", "--kills", KILLS, "--seed", "2"])),
        suite("model", Work::Built("simulate", vec!["model", "--instance", "all"])),
        suite("simulation twice", Work::Built("simulate", twice)),
        suite("disk trials", Work::Built("simulate", vec!["disk"])),
    ];
    suites.extend(proofs.map(|suite| Suite { only_with_all: true, ..suite }));
    let in_a_browser = &[Need::Node, Need::Chromium, Need::Fonts, Need::Playwright, Need::Axe];
    let browser = &[Need::Node, Need::Chromium, Need::Fonts, Need::Playwright, Need::Axe, Need::Speech];
    suites.push(script(workspace, "browser", needs::BROWSER_SUITE, browser)?);
    suites.push(script(workspace, "working day", needs::DAY_SUITE, in_a_browser)?);
    suites.push(script(workspace, "local app", needs::APP_SUITE, in_a_browser)?);
    suites.push(script(workspace, "trace page", needs::TRACE_SUITE, in_a_browser)?);
    let contract = &[Need::Node, Need::Python, Need::Schemathesis];
    suites.push(script(workspace, "contract", needs::CONTRACT_SUITE, contract)?);
    suites.push(Suite {
        needs: &[Need::WasmTarget],
        absent: absent(no_guests, "plugins/shipped holds no guests"),
        ..suite("plugins", Work::Xtask(vec!["plugins", "--check"]))
    });
    suites.push(Suite {
        absent: absent(no_openapi, "docs/openapi is not there"),
        ..suite("openapi", Work::Xtask(vec!["openapi", "--check"]))
    });
    Ok(suites)
}

/// A suite that node runs from a file of the checkout.
fn script(
    workspace: &Workspace,
    name: &'static str,
    path: &str,
    needs: &'static [Need],
) -> anyhow::Result<Suite> {
    let file = workspace.root().join(path);
    let text = file.to_str().context("the path of the checkout is not UTF-8")?.to_owned();
    let absent = (!file.is_file()).then(|| format!("{path} is not there"));
    Ok(Suite { needs, absent, ..suite(name, Work::Program("node", vec![text])) })
}

fn suite(name: &'static str, work: Work) -> Suite {
    Suite { name, work, needs: &[], absent: None, only_with_all: false, beside: false }
}

impl Suite {
    fn run(&self, workspace: &Workspace, reach: Reach) -> Report {
        let started = Instant::now();
        let mut counts = Counts::default();
        let verdict = match self.left_out(workspace, reach) {
            Some(why) => Verdict::LeftOut(why),
            None => verdict(self.work.run(self.name, workspace, &mut counts)),
        };
        Report { name: self.name, verdict, counts, took: started.elapsed() }
    }

    /// The verdict with the lines that the program wrote. It gives way to whatever else wants to run.
    fn run_beside(&self, workspace: &Workspace) -> (Verdict, Vec<child::Line>) {
        let mut lines = Vec::new();
        let ran = self.work.command(workspace).and_then(|command| {
            let mut nice = workspace.command("nice");
            nice.args(["-n", "19"]).arg(command.get_program()).args(command.get_args());
            describe(workspace, &mut nice);
            child::run(self.name, &mut nice, None, |line| lines.push(line))
        });
        (verdict(ran), lines)
    }

    fn left_out(&self, workspace: &Workspace, reach: Reach) -> Option<String> {
        if self.absent.is_some() || reach == Reach::All {
            return self.absent.clone();
        }
        if self.only_with_all {
            return Some("runs with --all".to_owned());
        }
        let missing = self.needs.iter().filter(|need| !need.is_met(workspace));
        let missing: Vec<&str> = missing.map(|need| need.name()).collect();
        (!missing.is_empty()).then(|| format!("needs {}; --all installs it", missing.join(", ")))
    }
}

impl Work {
    fn run(&self, name: &str, workspace: &Workspace, counts: &mut Counts) -> anyhow::Result<bool> {
        if matches!(self, Self::Tidy) {
            return Ok(tidy::run(workspace)? == ExitCode::SUCCESS);
        }
        let mut command = self.command(workspace)?;
        describe(workspace, &mut command);
        // The tests write what the suite in a browser reads.
        command.env("DAYSHIFT_RENDER_DIR", needs::rendered(workspace));
        child::stream(name, &mut command, |line| counts.read(line))
    }

    fn command(&self, workspace: &Workspace) -> anyhow::Result<Command> {
        Ok(match self {
            Self::Tidy => bail!("tidy is no program of its own"),
            Self::Program(program, arguments) => {
                let mut command = workspace.command(program);
                command.args(arguments);
                command
            }
            Self::Cargo(arguments) => {
                let mut command = workspace.cargo();
                command.args(arguments);
                command
            }
            Self::Built(program, arguments) => {
                let mut command = workspace.command(workspace.binary(program));
                command.args(arguments);
                command
            }
            Self::Xtask(arguments) => {
                // The tests may have linked this program anew: what runs is the file, not the process.
                let mut command = workspace.command(workspace.binary("xtask"));
                command.args(arguments);
                command
            }
        })
    }
}

fn verdict(ran: anyhow::Result<bool>) -> Verdict {
    match ran {
        Ok(true) => Verdict::Passed,
        Ok(false) => Verdict::Failed("see above".to_owned()),
        Err(error) => Verdict::Failed(format!("{error:#}")),
    }
}

fn conclude(reports: &[Report]) -> ExitCode {
    let mut rows = vec![["suite", "verdict", "tests", "failed", "seconds", ""].map(str::to_owned).to_vec()];
    let (mut passed, mut failed) = (0, 0);
    for report in reports {
        let (verdict, why) = match &report.verdict {
            Verdict::Passed => {
                passed += 1;
                ("passed", "")
            }
            Verdict::Failed(why) => {
                failed += 1;
                ("FAILED", why.as_str())
            }
            Verdict::LeftOut(why) => ("left out", why.as_str()),
        };
        passed += report.counts.passed;
        failed += report.counts.failed;
        rows.push(vec![
            report.name.to_owned(),
            verdict.to_owned(),
            (report.counts.passed + report.counts.failed).to_string(),
            report.counts.failed.to_string(),
            format!("{:.1}", report.took.as_secs_f64()),
            why.to_owned(),
        ]);
    }
    out::line("");
    out::table(&rows);
    out::line("");
    out::line(&format!("{passed} passed, {failed} failed"));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
