//! `cargo xtask bench NAME`: measures one set of figures and holds them against peers and targets.
//!
//! A bench is a module that implements [`Bench`] and stands in `BENCHES`; it measures the built programs or the
//! machine, and gives [`Figure`] lines. All benches share one form, so that figures can be compared by program.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde::{Serialize, Serializer};

use crate::out;
use crate::workspace::Workspace;

mod cluster;
mod fdatasync;
mod first_light;
mod http;
mod kiosk;

const BENCHES: &[&dyn Bench] = &[&first_light::FirstLight, &kiosk::Kiosk];

/// One set of figures.
trait Bench {
    /// How the command line calls it.
    fn name(&self) -> &'static str;

    /// Measures, and gives each figure to the report as soon as it is known.
    fn measure(&self, bed: &Bed<'_>, report: &mut Report) -> anyhow::Result<()>;
}

/// What a bench may use: the checkout, its programs and a folder of its own that is removed afterwards.
#[derive(Debug)]
struct Bed<'a> {
    workspace: &'a Workspace,
    folder: PathBuf,
}

impl Drop for Bed<'_> {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// How figures are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// One table at the end.
    Table,
    /// One JSON object a line, as soon as each is known.
    Json,
}

impl Form {
    /// The form that `--json` stands for.
    pub(crate) fn from_flag(json: bool) -> Self {
        if json { Self::Json } else { Self::Table }
    }
}

/// The bound that a figure must keep.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    AtMost(f64),
    AtLeast(f64),
}

impl Target {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtMost(bound) => value <= bound,
            Self::AtLeast(bound) => value >= bound,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtMost(bound) => format!("<= {bound}"),
            Self::AtLeast(bound) => format!(">= {bound}"),
        }
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

/// The same figure of a comparable product, measured on the same machine.
#[derive(Clone, Debug)]
struct Peer {
    name: String,
    value: f64,
}

/// One measured value.
#[derive(Clone, Debug)]
struct Figure {
    name: &'static str,
    /// The load or size at which it was measured.
    at: String,
    unit: &'static str,
    value: f64,
    peer: Option<Peer>,
    target: Option<Target>,
}

#[derive(Debug, Serialize)]
struct Line {
    bench: &'static str,
    figure: &'static str,
    at: String,
    unit: &'static str,
    ours: f64,
    peer: Option<String>,
    theirs: Option<f64>,
    ratio: Option<f64>,
    target: Option<Target>,
    ok: bool,
}

/// Collects the figures of one bench.
#[derive(Debug)]
struct Report {
    bench: &'static str,
    form: Form,
    lines: Vec<Line>,
}

impl Report {
    /// Takes one figure.
    fn figure(&mut self, figure: Figure) -> anyhow::Result<()> {
        let theirs = figure.peer.as_ref().map(|peer| peer.value);
        let line = Line {
            bench: self.bench,
            figure: figure.name,
            at: figure.at,
            unit: figure.unit,
            ours: figure.value,
            theirs,
            peer: figure.peer.map(|peer| peer.name),
            ratio: theirs.filter(|value| *value != 0.0).map(|value| figure.value / value),
            target: figure.target,
            ok: figure.target.is_none_or(|target| target.is_met(figure.value)),
        };
        if self.form == Form::Json {
            out::line(&serde_json::to_string(&line).context("cannot write a figure as JSON")?);
        } else {
            out::note(&format!("   {} at {}: {:.3} {}", line.figure, line.at, line.ours, line.unit));
        }
        self.lines.push(line);
        Ok(())
    }

    fn table(&self) -> Vec<Vec<String>> {
        let titles = ["figure", "at", "unit", "ours", "peer", "theirs", "ratio", "target", "ok"];
        let mut rows = vec![titles.map(str::to_owned).to_vec()];
        let number = |value: Option<f64>| value.map(|value| format!("{value:.3}")).unwrap_or_default();
        for line in &self.lines {
            rows.push(vec![
                line.figure.to_owned(),
                line.at.clone(),
                line.unit.to_owned(),
                number(Some(line.ours)),
                line.peer.clone().unwrap_or_default(),
                number(line.theirs),
                number(line.ratio),
                line.target.map(Target::text).unwrap_or_default(),
                if line.ok { "ok" } else { "MISSED" }.to_owned(),
            ]);
        }
        rows
    }
}

/// Runs the bench called `name`; a missed target fails the command.
pub(crate) fn run(workspace: &Workspace, name: &str, form: Form) -> anyhow::Result<ExitCode> {
    let Some(bench) = BENCHES.iter().find(|bench| bench.name() == name) else {
        let names: Vec<&str> = BENCHES.iter().map(|bench| bench.name()).collect();
        bail!("there is no bench {name}; there are: {}", names.join(", "));
    };
    workspace.build()?;
    let folder = workspace.target().join("bench").join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let bed = Bed { workspace, folder };
    let mut report = Report { bench: bench.name(), form, lines: Vec::new() };
    bench.measure(&bed, &mut report).with_context(|| format!("bench {name}"))?;
    if form == Form::Table {
        out::table(&report.table());
    }
    Ok(if report.lines.iter().all(|line| line.ok) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::{Figure, Form, Peer, Report, Target};

    #[test]
    fn a_figure_is_held_against_its_peer_and_its_target() {
        let mut report = Report { bench: "b", form: Form::Table, lines: Vec::new() };
        let peer = Some(Peer { name: "p".to_owned(), value: 4.0 });
        let target = Some(Target::AtMost(1.5));
        let figure = Figure { name: "f", at: "1".to_owned(), unit: "ms", value: 2.0, peer, target };
        report.figure(figure.clone()).unwrap();
        report.figure(Figure { peer: None, target: Some(Target::AtMost(2.0)), ..figure }).unwrap();
        let lines: Vec<String> =
            report.lines.iter().map(|line| serde_json::to_string(line).unwrap()).collect();
        let missed = r#"{"bench":"b","figure":"f","at":"1","unit":"ms","ours":2.0,"peer":"p","theirs":4.0,"#;
        assert_eq!(lines[0], format!("{missed}{}", r#""ratio":0.5,"target":"<= 1.5","ok":false}"#));
        assert!(lines[1].ends_with(r#""peer":null,"theirs":null,"ratio":null,"target":"<= 2","ok":true}"#));
    }
}
