//! Reads what instrumented programs counted and prints one line per region of the source files below a folder:
//! `path start_line start_column end_line end_column count`, with tabs between. `cargo xtask coverage` builds and calls it.
//!
//! A region that several programs hold stands in several lines; the reader adds them up.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use llvm_profparser::coverage_mapping::read_object_file;
use llvm_profparser::{Counter, CounterType, ExprKind, Expression, FunctionRecordV3, RegionKind};

fn main() -> anyhow::Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let (root, profiles) =
        arguments.next().zip(arguments.next()).context("usage: ROOT PROFILES PROGRAM...")?;
    let mut out = BufWriter::new(io::stdout().lock());
    for program in arguments {
        let context = || format!("cannot read the counters of {}", program.display());
        write_regions(&root, &profiles, &program, &mut out).with_context(context)?;
    }
    out.flush().context("cannot write")
}

/// Each program has a folder of profiles of its own, named like its file: what one of them counted says nothing about
/// functions that another alone holds.
fn write_regions(root: &Path, profiles: &Path, program: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    let name: OsString = program.file_name().context("not a file")?.to_owned();
    let folder = profiles.join(name);
    let files = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let files: Vec<PathBuf> = files.map(|file| Ok(file?.path())).collect::<io::Result<_>>()?;
    ensure!(!files.is_empty(), "it wrote no profile");
    let profile = llvm_profparser::merge_profiles(&files).context("cannot merge its profiles")?;
    let version = profile.version().context("its profile has no version")?;
    let program = read_object_file(program, version)?;
    for function in &program.cov_fun {
        let paths = program.get_files_from_id(function.header.filenames_ref);
        let record = profile.find_record_by_hash(function.header.name_hash);
        let counts = record.map_or(&[][..], |record| record.counts());
        for region in function.regions.iter().filter(|region| region.kind == RegionKind::Code) {
            let Some(path) = paths.get(region.file_id).and_then(|path| path.strip_prefix(root).ok()) else {
                continue;
            };
            let count = Values { counts, function, known: BTreeMap::new() }.of(&region.count).max(0);
            let place = &region.loc;
            let (from, to) = ((place.line_start, place.column_start), (place.line_end, place.column_end));
            writeln!(out, "{}\t{}\t{}\t{}\t{}\t{count}", path.display(), from.0, from.1, to.0, to.1)?;
        }
    }
    Ok(())
}

/// The values of the counters of one function; an expression names counters and other expressions.
struct Values<'a> {
    counts: &'a [u64],
    function: &'a FunctionRecordV3,
    known: BTreeMap<u64, i64>,
}

impl Values<'_> {
    fn of(&mut self, counter: &Counter) -> i64 {
        let counted =
            |counts: &[u64]| usize::try_from(counter.id).ok().and_then(|id| counts.get(id)).copied();
        match counter.kind {
            CounterType::Zero => 0,
            CounterType::ProfileInstrumentation => {
                counted(self.counts).map_or(0, |count| i64::try_from(count).unwrap_or(i64::MAX))
            }
            CounterType::Expression(_) => self.expression(counter.id),
        }
    }

    fn expression(&mut self, id: u64) -> i64 {
        if let Some(known) = self.known.get(&id) {
            return *known;
        }
        // An expression that names itself would be a broken file; zero ends it.
        self.known.insert(id, 0);
        let at = usize::try_from(id).ok();
        let Some(Expression { kind, lhs, rhs }) = at.and_then(|at| self.function.expressions.get(at)) else {
            return 0;
        };
        let (left, right) = (self.of(lhs), self.of(rhs));
        let value = match kind {
            ExprKind::Subtract => left.saturating_sub(right),
            ExprKind::Add => left.saturating_add(right),
        };
        self.known.insert(id, value);
        value
    }
}
