//! Traces as files: JSON lines with the scenario, every operation and everything that happened. They replay and shrink.

use crate::{
    COMMIT, bugs,
    model::Violation,
    picture,
    scenario::Scenario,
    schedule::{self, Step},
    world::{self, Outcome},
};
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use std::{fmt::Write as _, mem::discriminant, path::Path};
use sync_protocol::mutant::{self, Mutant};

/// The first line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    pub scenario: Scenario,
    /// The scenario's name; the rest of it stands beside.
    pub name: String,
    pub seed: u64,
    /// Hash over all that happened, hexadecimal.
    pub hash: String,
    /// Kind and words of the promise that was broken.
    pub violation: Option<(String, String)>,
    /// The known bug that was switched on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutant: Option<String>,
    /// The commit of the program that ran it (see [`crate::COMMIT`]), where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

impl Head {
    fn of(scenario: &Scenario, seed: u64, outcome: &Outcome) -> Self {
        let violation = outcome.violation.as_ref();
        Self {
            scenario: scenario.clone(),
            name: scenario.name.clone(),
            seed,
            hash: format!("{:016x}", outcome.hash),
            violation: violation.map(|Violation { kind, text }| ((*kind).to_owned(), text.clone())),
            mutant: None,
            commit: COMMIT.map(str::to_owned),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Step { step: Step },
    Event { at: u64, event: String },
}

/// A trace in memory.
#[derive(Debug, Clone)]
pub struct TraceFile {
    pub head: Head,
    pub steps: Vec<Step>,
    /// What happened: virtual milliseconds and words.
    pub events: Vec<(u64, String)>,
}

impl TraceFile {
    /// Runs a seed and keeps all that happened.
    pub fn record(scenario: &Scenario, seed: u64) -> anyhow::Result<Self> {
        Ok(Self::of(scenario, seed, schedule::draw(scenario, seed)))
    }

    /// Runs some steps and keeps all that happened.
    #[must_use]
    pub fn of(scenario: &Scenario, seed: u64, steps: Vec<Step>) -> Self {
        let outcome = world::run(scenario, seed, steps.clone(), true);
        Self { head: Head::of(scenario, seed, &outcome), steps, events: outcome.lines }
    }

    /// Reads a file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is no trace", path.display()))
    }

    /// Reads the text of a file.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let mut lines = text.lines();
        let head = lines.next().context("it is empty")?;
        let mut head: Head =
            serde_json::from_str(head).context("the first line is not the head of a trace")?;
        head.scenario.name.clone_from(&head.name);
        let most = |name: &str| match name {
            "node" => head.scenario.regions.saturating_mul(head.scenario.nodes_per_region),
            _ => head.scenario.regions,
        };
        let (mut steps, mut events) = (Vec::new(), Vec::new());
        for (number, line) in lines.enumerate() {
            match serde_json::from_str(line)
                .with_context(|| format!("line {} is not of a trace", number + 2))?
            {
                Line::Step { step } => {
                    let fields: serde_json::Value = serde_json::from_str(line)?;
                    for name in ["node", "region"] {
                        let given = fields["step"][name].as_u64().filter(|given| *given >= most(name));
                        if let Some(given) = given {
                            bail!("line {} names {name} {given}, and there are {}", number + 2, most(name));
                        }
                    }
                    steps.push(step);
                }
                Line::Event { at, event } => events.push((at, event)),
            }
        }
        Ok(Self { head, steps, events })
    }

    /// The operations alone, with the known bug that they show: what happens in a later version is its own.
    #[must_use]
    pub fn operations(self, mutant: Option<Mutant>) -> Self {
        let head = Head { mutant: mutant.map(|bug| format!("{bug:?}")), ..self.head };
        Self { head, events: Vec::new(), ..self }
    }

    /// Writes a file; its folder is made where it is missing.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let mut text = serde_json::to_string(&self.head)? + "\n";
        for step in &self.steps {
            writeln!(text, "{}", serde_json::to_string(&Line::Step { step: step.clone() })?)?;
        }
        for (at, event) in &self.events {
            writeln!(text, "{}", serde_json::to_string(&Line::Event { at: *at, event: event.clone() })?)?;
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// The known bug that was switched on, which has to be on for all that is done with the trace. An error where this version
    /// does not know it.
    pub fn bug(&self) -> anyhow::Result<Option<Mutant>> {
        let Some(name) = &self.head.mutant else { return Ok(None) };
        let known = bugs::find(name);
        known
            .map(Some)
            .with_context(|| format!("the trace shows the bug {name}, which this version does not know"))
    }

    /// Runs it again and draws it as a page of HTML: what this version makes of its operations.
    pub fn draw(&self) -> anyhow::Result<String> {
        let Head { scenario, seed, mutant, .. } = &self.head;
        let outcome = world::run(scenario, *seed, self.steps.clone(), true);
        let head = Head { mutant: mutant.clone(), ..Head::of(scenario, *seed, &outcome) };
        picture::page(&head, &self.steps, &outcome)
    }

    /// Runs it again. Where this version does something else than the trace says: from which event on, and what. A file of
    /// operations alone says nothing of events.
    pub fn replay(&self) -> (Self, Option<(usize, String)>) {
        let mut again = Self::of(&self.head.scenario, self.head.seed, self.steps.clone());
        again.head.mutant.clone_from(&self.head.mutant);
        if self.events.is_empty() {
            return (again, None);
        }
        for (number, (before, now)) in self.events.iter().zip(&again.events).enumerate() {
            if before != now {
                let words = format!(
                    "this version does something else from event {number} on\n  trace: {} ms {}\n  now:   {} ms {}",
                    before.0, before.1, now.0, now.1
                );
                return (again, Some((number, words)));
            }
        }
        let (told, now) = (self.events.len(), again.events.len());
        let differs = self.head.hash != again.head.hash;
        let words = format!("this version differs: the trace has {told} events, its replay {now}");
        (again, differs.then_some((told.min(now), words)))
    }

    /// The fewest steps found that break the same kind of promise: whole stretches are left out, then shorter ones. `None`
    /// where nothing is broken, or this version does not break it any more. After `runs_max` runs what is left by
    /// then. Of a planted bug, which is switched on, nothing is left that breaks without it.
    #[must_use]
    pub fn shrink(
        &self,
        bug: Option<Mutant>,
        runs_max: u32,
        mut progress: impl FnMut(usize),
    ) -> Option<Self> {
        let kind = self.head.violation.as_ref()?.0.clone();
        let mut left = runs_max;
        let mut breaks = |steps: &[Step]| {
            if left == 0 {
                return false;
            }
            left -= 1;
            let run = || world::run(&self.head.scenario, self.head.seed, steps.to_vec(), false).violation;
            if run().is_none_or(|violation| violation.kind != kind) {
                return false;
            }
            // What also breaks without the bug says nothing about it.
            bug.is_none_or(|bug| {
                mutant::switch_on(None);
                let is_sound = run().is_none();
                mutant::switch_on(Some(bug));
                is_sound
            })
        };
        let mut steps = self.steps.clone();
        if !breaks(&steps) {
            return None;
        }
        // Most of a day is of kinds that have nothing to do with it.
        let mut kinds = Vec::new();
        for kind in steps.iter().map(|step| discriminant(&step.act)) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        for kind in kinds {
            let fewer: Vec<Step> =
                steps.iter().filter(|step| discriminant(&step.act) != kind).cloned().collect();
            if breaks(&fewer) {
                steps = fewer;
                progress(steps.len());
            }
        }
        let mut stretch = steps.len().div_ceil(2);
        while stretch > 0 {
            let mut from = 0;
            while from < steps.len() {
                let mut fewer = steps.clone();
                fewer.drain(from..(from + stretch).min(steps.len()));
                if breaks(&fewer) {
                    steps = fewer;
                    progress(steps.len());
                } else {
                    from += stretch;
                }
            }
            stretch = if stretch == 1 { 0 } else { stretch.div_ceil(2) };
        }
        let mut short = Self::of(&self.head.scenario, self.head.seed, steps);
        short.head.mutant.clone_from(&self.head.mutant);
        Some(short)
    }
}
