//! `dayshift jobs generate`: synthetic shifts of a region from real job titles and real streets.
//! The same region, count, seed and first day give the same bytes; every row says `synthetic`.

mod hangzhou;
pub(crate) mod splitmix;

use crate::Outcome;
use crate::output;
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use jiff::Zoned;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Arguments of `dayshift jobs generate`.
#[derive(Debug, Args)]
pub(crate) struct GenerateArgs {
    /// Region whose titles and streets are used.
    #[arg(long, value_enum)]
    region: Region,
    /// Number of shifts.
    #[arg(long)]
    count: u64,
    /// Seed of all choices.
    #[arg(long)]
    seed: u64,
    /// First day of the two weeks of shifts; tomorrow when left out.
    #[arg(long)]
    from: Option<Date>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Region {
    Hangzhou,
}

/// Writes the rows to standard output.
pub(crate) fn run(args: &GenerateArgs) -> Result<Outcome> {
    let time_zone = match args.region {
        Region::Hangzhou => TimeZone::get(hangzhou::TIME_ZONE).context("time zone")?,
    };
    let first_day = match args.from {
        Some(day) => day,
        None => Zoned::now().with_time_zone(time_zone.clone()).date().tomorrow()?,
    };
    let mut shifts = match args.region {
        Region::Hangzhou => hangzhou::Shifts::new(args.seed, first_day, time_zone)?,
    };
    for _ in 0..args.count {
        output::result(&serde_json::to_string(&shifts.next_row()?)?);
    }
    Ok(Outcome::Done)
}
