//! Cases of admission plugins, `tests/*.toml`, and their trial in the real host.

use super::{
    build, cases,
    manifest::Manifest,
    trial::{TIMED_CALLS, microseconds},
};
use crate::Outcome;
use anyhow::{Context as _, bail};
use edge_core::admit::{Occasion, Question, Shift};
use plugin_host::{
    Admitter, Guest, Host, Metering, Settings,
    limits::{ADMISSION_DEADLINE, MEMORY_BYTES_MAX},
};
use serde::Deserialize;
use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    sync::Arc,
    time::Duration,
};

/// One question, and what is expected of it; fields that are left out are zero.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) name: String,
    #[serde(default)]
    occasion: Word,
    #[serde(default, deserialize_with = "cases::moment")]
    now: jiff::Timestamp,
    #[serde(default)]
    utc_offset_s: i32,
    #[serde(deserialize_with = "cases::moment")]
    start_at: jiff::Timestamp,
    #[serde(deserialize_with = "cases::moment")]
    end_at: jiff::Timestamp,
    #[serde(default)]
    employer: u64,
    #[serde(default)]
    category: String,
    #[serde(default)]
    job_flags: u32,
    #[serde(default)]
    pay_minor_per_hour: u32,
    #[serde(default)]
    title: String,
    /// As in the file that an operator puts beside the component.
    #[serde(default)]
    settings: toml::Table,
    #[serde(default)]
    shift: Vec<OtherShift>,
    expect: Expect,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    #[default]
    SignUp,
    Promotion,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OtherShift {
    #[serde(deserialize_with = "cases::moment")]
    start_at: jiff::Timestamp,
    #[serde(deserialize_with = "cases::moment")]
    end_at: jiff::Timestamp,
    #[serde(default)]
    employer: u64,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Expect {
    Reason(u8),
    Word(Admitted),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Admitted {
    Admit,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    case: Vec<Case>,
}

/// Reads all cases of the project in `dir`.
pub(super) fn read(dir: &Path) -> anyhow::Result<Vec<Case>> {
    let form = "write one as [[case]] with start_at, end_at and expect";
    cases::read_as(dir, |file: CaseFile| file.case, form)
}

/// Builds the project in `dir`, or takes a component that is built, tries the project's cases and times it.
pub(super) fn run(dir: &Path, manifest: &Manifest, built: Option<&Path>) -> anyhow::Result<Outcome> {
    let cases = read(dir)?;
    let component = match built {
        None => build::run(dir, None)?,
        Some(file) => fs::read(file).with_context(|| format!("cannot read {}", file.display()))?,
    };
    let load = |metering| -> anyhow::Result<Arc<Admitter>> {
        let guest = Guest::load(&Host::new(metering)?, &component, Settings::default());
        let guest = guest.context("a node would refuse this plugin")?;
        manifest.check(&guest)?;
        match guest {
            Guest::Admit(plugin) => Ok(plugin),
            Guest::Filter(_) => bail!("the component is a filter"),
        }
    };
    let (plugin, metered) = (load(Metering::Off)?, load(Metering::Fuel)?);
    let mut out = io::stdout();
    let mut failed = 0;
    for case in &cases {
        let wrong = case.judge(&plugin);
        failed += usize::from(wrong.is_some());
        writeln!(out, "{} {}", if wrong.is_some() { "FAILED" } else { "ok    " }, case.name)?;
        if let Some(why) = wrong {
            writeln!(out, "       {why}")?;
        }
    }
    if let Some(case) = cases.first() {
        writeln!(out, "{}", case.measure(&plugin, &metered)?)?;
    }
    writeln!(out, "{} passed, {failed} failed", cases.len() - failed)?;
    Ok(if failed == 0 { Outcome::Done } else { Outcome::Degraded })
}

impl Case {
    fn shifts(&self) -> Vec<Shift> {
        let shift = |shift: &OtherShift| Shift {
            start_at: shift.start_at.as_second(),
            end_at: shift.end_at.as_second(),
            employer: shift.employer,
        };
        self.shift.iter().map(shift).collect()
    }

    fn question<'a>(&'a self, shifts: &'a [Shift]) -> Question<'a> {
        Question {
            occasion: match self.occasion {
                Word::SignUp => Occasion::SignUp,
                Word::Promotion => Occasion::Promotion,
            },
            now: self.now.as_second(),
            utc_offset_s: self.utc_offset_s,
            start_at: self.start_at.as_second(),
            end_at: self.end_at.as_second(),
            employer: self.employer,
            category: &self.category,
            job_flags: self.job_flags,
            pay_minor_per_hour: self.pay_minor_per_hour,
            title: &self.title,
            shifts,
        }
    }

    /// Says what is wrong, if something is.
    fn judge(&self, plugin: &Admitter) -> Option<String> {
        let plugin = match Settings::of(&self.settings).map(|settings| plugin.under(settings)) {
            Ok(Ok(plugin)) => plugin,
            Ok(Err(refusal)) => return Some(refusal.to_string()),
            Err(wrong) => return Some(wrong),
        };
        let shifts = self.shifts();
        let judged = match plugin.measure(&self.question(&shifts), ADMISSION_DEADLINE) {
            Ok(judged) => judged,
            Err(error) => return Some(error.to_string()),
        };
        let given = judged.said.as_ref().map(|denial| denial.reason);
        let expected = match self.expect {
            Expect::Reason(reason) => Some(reason),
            Expect::Word(Admitted::Admit) => None,
        };
        let word = |reason: Option<u8>| {
            reason.map_or_else(|| "admit".to_owned(), |reason| format!("deny with reason {reason}"))
        };
        (given != expected).then(|| format!("expected {}, got {}", word(expected), word(given)))
    }

    fn measure(&self, plugin: &Admitter, metered: &Admitter) -> anyhow::Result<String> {
        let shifts = self.shifts();
        let question = self.question(&shifts);
        let (mut took, mut memory_bytes, mut failures) = (Vec::with_capacity(TIMED_CALLS), 0, 0);
        for _ in 0..TIMED_CALLS {
            // A call may be late because the machine is busy; it counts as the slowest.
            if let Ok(judged) = plugin.measure(&question, ADMISSION_DEADLINE) {
                took.push(judged.took);
                memory_bytes = memory_bytes.max(judged.memory_bytes);
            } else {
                took.push(ADMISSION_DEADLINE);
                failures += 1;
            }
        }
        took.sort_unstable();
        let metered =
            metered.measure(&question, Duration::from_secs(1)).context("the metered call failed")?;
        Ok(format!(
            "a question: p50 {:.1} us, p99 {:.1} us ({failures} of {TIMED_CALLS} failed, deadline {} ms), \
             {} KiB of {} KiB memory, fuel {}",
            microseconds(took[TIMED_CALLS / 2]),
            microseconds(took[TIMED_CALLS * 99 / 100]),
            ADMISSION_DEADLINE.as_millis(),
            memory_bytes / 1024,
            MEMORY_BYTES_MAX / 1024,
            metered.fuel.unwrap_or_default(),
        ))
    }
}
