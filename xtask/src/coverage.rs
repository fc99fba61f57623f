//! `cargo xtask coverage`: which lines of the sync protocol and of the ledger the tests run, held against a target.
//!
//! `counted` builds and runs the tests with counters, `lines` makes lines of what was counted, `pages` writes them as
//! HTML. Lines that only tests compile, and attributes, count for nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use serde::Serialize;

use crate::out;
use crate::tidy::source::Source;
use crate::workspace::Workspace;

mod counted;
mod lines;
mod pages;

use lines::Regions;

/// The percentage of lines that the tests of each group must run.
const TARGET: f64 = 95.0;

/// Files that are measured together.
struct Group {
    name: &'static str,
    /// What the paths of its files begin with.
    places: &'static [&'static str],
}

const GROUPS: [Group; 2] = [
    Group { name: "sync protocol", places: &["sync-protocol/core/src/"] },
    Group {
        name: "ledger",
        places: &[
            "sync-protocol/core/src/seats",
            "hub/core/src/shard",
            "edge-node/core/src/node",
            "sync-protocol/store/src/sqlite/ledger.rs",
            "sync-protocol/store/src/sqlite/standing.rs",
            "sync-protocol/store/src/sqlite/log.rs",
        ],
    },
];

/// How the figures are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Table {
        /// Whether the lines that no test runs are listed below it.
        missing: bool,
    },
    /// One JSON object a line.
    Json,
}

/// One file of the product.
#[derive(Debug)]
struct Measured {
    path: String,
    text: String,
    /// How often each line that counts ran.
    lines: BTreeMap<usize, u64>,
}

/// The figure of one file, or of a whole group.
#[derive(Debug, Serialize)]
struct Figure<'a> {
    group: &'static str,
    file: Option<&'a str>,
    lines: usize,
    run: usize,
    percent: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<Vec<usize>>,
    /// Only of a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    ok: Option<bool>,
}

impl Measured {
    fn new(root: &Path, path: &str, regions: &Regions) -> anyhow::Result<Self> {
        let text = fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))?;
        let apart: BTreeSet<usize> = Source::parse(&text).lines_apart();
        let mut lines = regions.lines();
        lines.retain(|line, _| !apart.contains(line));
        Ok(Self { path: path.to_owned(), text, lines })
    }

    fn missing(&self) -> Vec<usize> {
        self.lines.iter().filter(|(_, count)| **count == 0).map(|(line, _)| *line).collect()
    }

    fn figure(&self, group: &'static str) -> Figure<'_> {
        let missing = self.missing();
        let (lines, run) = (self.lines.len(), self.lines.len() - missing.len());
        let percent = percent(run, lines);
        Figure { group, file: Some(&self.path), lines, run, percent, missing: Some(missing), ok: None }
    }
}

impl Group {
    fn holds(&self, path: &str) -> bool {
        self.places.iter().any(|place| path.starts_with(place)) && !path.ends_with("/tests.rs")
    }

    /// The figures of its files and then its own.
    fn figures<'a>(&self, files: &'a [Measured]) -> Vec<Figure<'a>> {
        let mine = files.iter().filter(|file| self.holds(&file.path));
        let mut figures: Vec<Figure<'_>> = mine.map(|file| file.figure(self.name)).collect();
        let sum = |value: fn(&Figure<'_>) -> usize| figures.iter().map(value).sum::<usize>();
        let (lines, run) = (sum(|figure| figure.lines), sum(|figure| figure.run));
        let percent = percent(run, lines);
        let ok = Some(percent >= TARGET);
        figures.push(Figure { group: self.name, file: None, lines, run, percent, missing: None, ok });
        figures
    }
}

/// Rounded down to a tenth, so that no figure claims a target that it misses. Nothing at all is nothing run.
fn percent(run: usize, lines: usize) -> f64 {
    let permille = u32::try_from((run * 1000).checked_div(lines).unwrap_or(0)).unwrap_or(0);
    f64::from(permille) / 10.0
}

/// Measures, prints the figures and fails if a group is below the target.
pub(crate) fn run(workspace: &Workspace, form: Form, html: Option<&Path>) -> anyhow::Result<ExitCode> {
    let counted = counted::count(workspace)?;
    let wanted = counted.iter().filter(|(path, _)| GROUPS.iter().any(|group| group.holds(path)));
    let files: Vec<Measured> = wanted
        .map(|(path, regions)| Measured::new(workspace.root(), path, regions))
        .collect::<anyhow::Result<_>>()?;
    ensure!(!files.is_empty(), "no program of tests counted a line of the files that are measured");
    if let Some(folder) = html {
        pages::write(folder, &files)?;
    }
    let figures: Vec<Figure<'_>> = GROUPS.iter().flat_map(|group| group.figures(&files)).collect();
    match form {
        Form::Json => {
            for figure in &figures {
                out::line(&serde_json::to_string(figure).context("cannot write a figure as JSON")?);
            }
        }
        Form::Table { missing } => {
            out::table(&rows(&figures));
            if missing {
                list_missing(&files);
            }
        }
    }
    let met = figures.iter().all(|figure| figure.ok != Some(false));
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn rows(figures: &[Figure<'_>]) -> Vec<Vec<String>> {
    let mut rows = vec![["group", "file", "lines", "run", "%", "target"].map(str::to_owned).to_vec()];
    for figure in figures {
        let verdict = match figure.ok {
            Some(true) => format!(">= {TARGET} ok"),
            Some(false) => format!(">= {TARGET} MISSED"),
            None => String::new(),
        };
        rows.push(vec![
            figure.group.to_owned(),
            figure.file.unwrap_or("all of it").to_owned(),
            figure.lines.to_string(),
            figure.run.to_string(),
            format!("{:.1}", figure.percent),
            verdict,
        ]);
    }
    rows
}

fn list_missing(files: &[Measured]) {
    out::line("\nnot run by any test:");
    for file in files {
        let missing = lines::ranges(&file.missing(), |line| file.lines.contains_key(&line));
        if !missing.is_empty() {
            out::line(&format!("  {}: {missing}", file.path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{GROUPS, Measured, percent};

    #[test]
    fn a_figure_is_never_rounded_up_to_its_target() {
        let cases = [(0, 0, 0.0), (9_499, 10_000, 94.9), (19, 20, 95.0), (7, 7, 100.0)];
        for (run, lines, expected) in cases {
            assert!((percent(run, lines) - expected).abs() < 1e-9, "{run} of {lines}");
        }
    }

    #[test]
    fn a_group_is_the_sum_of_its_files() {
        let file = |path: &str, counts: &[u64]| Measured {
            path: path.to_owned(),
            text: String::new(),
            lines: counts.iter().enumerate().map(|(line, count)| (line + 1, *count)).collect(),
        };
        let files = [
            file("sync-protocol/core/src/log.rs", &[1; 38]),
            file("sync-protocol/core/src/seats/row.rs", &[0, 7]),
            file("edge-node/core/src/search.rs", &[0]),
        ];
        let summary = |group: usize| {
            let figures = GROUPS[group].figures(&files);
            let text =
                |figure: &super::Figure<'_>| format!("{}/{} {:?}", figure.run, figure.lines, figure.ok);
            figures.iter().map(text).collect::<Vec<_>>()
        };
        assert_eq!(summary(0), ["38/38 None", "1/2 None", "39/40 Some(true)"]);
        assert_eq!(summary(1), ["1/2 None", "1/2 Some(false)"]);
    }
}
