//! The cases of `tests/*.toml`: pages of jobs in the author's words, a verdict on each line.

use anyhow::{Context as _, bail};
use edge_core::filter::{Candidate, ColumnSet, Fact, Page};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use std::{fs, path::Path};

/// One case: a context, jobs and what is expected of each.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) name: String,
    #[serde(default, deserialize_with = "moment")]
    pub(super) now: jiff::Timestamp,
    #[serde(default)]
    pub(super) utc_offset_s: i32,
    #[serde(default)]
    pub(super) hall_lat_e7: i32,
    #[serde(default)]
    pub(super) hall_lon_e7: i32,
    #[serde(default)]
    facts: Vec<(u16, i64)>,
    pub(super) job: Vec<Job>,
}

/// One job; fields that are left out are zero.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Job {
    #[serde(default)]
    pay_minor_per_hour: u32,
    #[serde(default)]
    currency: u16,
    #[serde(default)]
    distance_m: u32,
    #[serde(default)]
    category: u16,
    #[serde(default, deserialize_with = "moment")]
    start_at: jiff::Timestamp,
    #[serde(default, deserialize_with = "moment")]
    end_at: jiff::Timestamp,
    #[serde(default)]
    offerable: u16,
    #[serde(default)]
    seats: u16,
    #[serde(default)]
    job_flags: u32,
    #[serde(default)]
    min_age: u8,
    #[serde(default)]
    employer: u64,
    #[serde(default)]
    title: String,
    expect: Expect,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Expect {
    Reason(u8),
    Word(Word),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Keep,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    case: Vec<Case>,
}

pub(super) fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<jiff::Timestamp, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

/// Reads all cases of the project in `dir`, in the order of file names.
pub(super) fn read(dir: &Path) -> anyhow::Result<Vec<Case>> {
    read_as(dir, |file: CaseFile| file.case, "write one as [[case]] with [[case.job]]")
}

/// Reads all case files of a project in a form of their own.
pub(super) fn read_as<F: DeserializeOwned, C>(
    dir: &Path,
    of: impl Fn(F) -> Vec<C>,
    form: &str,
) -> anyhow::Result<Vec<C>> {
    let folder = dir.join("tests");
    let entries = folder.read_dir().with_context(|| format!("no folder {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path)?;
        let file: F = toml::from_str(&text).with_context(|| format!("{} is malformed", path.display()))?;
        cases.extend(of(file));
    }
    if cases.is_empty() {
        bail!("{} has no case; {form}", folder.display());
    }
    Ok(cases)
}

impl Case {
    /// The facts of the case's context.
    pub(super) fn facts(&self) -> Vec<Fact> {
        self.facts.iter().map(|&(key, value)| Fact { key, value }).collect()
    }

    /// The code expected of each job.
    pub(super) fn expected(&self) -> Vec<u8> {
        self.job
            .iter()
            .map(|job| match job.expect {
                Expect::Reason(reason) => reason,
                Expect::Word(Word::Keep) => 0,
            })
            .collect()
    }

    /// The case's jobs as a page, repeated up to `candidates`.
    pub(super) fn page(&self, wanted: ColumnSet, candidates: usize) -> anyhow::Result<Page> {
        let mut page = Page::new(wanted);
        for job in self.job.iter().cycle().take(candidates) {
            page.push(&job.candidate()).with_context(|| format!("case `{}`", self.name))?;
        }
        Ok(page)
    }
}

impl Job {
    fn candidate(&self) -> Candidate<'_> {
        Candidate {
            pay_minor_per_hour: self.pay_minor_per_hour,
            currency: self.currency,
            distance_m: self.distance_m,
            category: self.category,
            start_at: self.start_at.as_second(),
            end_at: self.end_at.as_second(),
            offerable: self.offerable,
            seats: self.seats,
            job_flags: self.job_flags,
            min_age: self.min_age,
            employer: self.employer,
            title: &self.title,
        }
    }
}
