//! `simulate disk`: what power cuts, failing and full disks and flipped bits do to a node's day.

use super::say;
use simulations::trials::{self, Figures, Flips, Order};
use std::process::ExitCode;

/// What to try.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Power cuts, at each write and sync of the day in turn.
    #[arg(long, default_value_t = 3_000, value_parser = clap::value_parser!(u64).range(1..))]
    power_cuts: u64,
    /// Bits turned over in a node's database, and as many in the hub's: half of them within change and ledger rows.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(2..))]
    flips: u64,
    /// One JSON object instead of words.
    #[arg(long)]
    json: bool,
    /// Threads that share the work.
    #[arg(long)]
    threads: Option<u64>,
}

/// Runs all trials. Exit code 1 where an answer was lost, a database was damaged, or a flipped bit
/// was not noticed: none may change what is read, and each within a row must be noticed.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let threads = args
        .threads
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |count| count.get() as u64))
        .max(1);
    let mut figures = Figures::default();
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let all: Vec<_> = (0..threads)
            .map(|part| {
                let order =
                    Order { power_cuts: args.power_cuts, errors: true, flips: args.flips, part, of: threads };
                scope.spawn(move || trials::run(&order))
            })
            .collect();
        for one in all {
            figures.add(&one.join().map_err(|_| anyhow::anyhow!("a trial stopped by an assert"))?);
        }
        Ok(())
    })?;
    if args.json {
        say(&serde_json::to_string(&figures)?)?;
    } else {
        tell(&figures)?;
    }
    Ok(if figures.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(figures: &Figures) -> anyhow::Result<()> {
    let Figures { writes, syncs, reads, power_cuts, torn_sectors, io_errors, disk_full, .. } = figures;
    say(&format!("the day of one node: {writes} writes, {syncs} syncs, {reads} reads"))?;
    say(&format!("{power_cuts} power cuts at writes and syncs, {torn_sectors} torn sectors"))?;
    say(&format!(
        "{io_errors} I/O errors, one at each write, sync and read; {disk_full} full disks, one at each write"
    ))?;
    say(&format!(
        "{} answers, {} lost; {} databases damaged",
        figures.answers, figures.lost_answers, figures.corrupt_databases
    ))?;
    tell_flips("node", &figures.flips)?;
    tell_flips("hub", &figures.hub)
}

fn tell_flips(whose: &str, flips: &Flips) -> anyhow::Result<()> {
    say(&format!(
        "{} flipped bits in the {whose}'s database: {} noticed, {} without effect, {} unnoticed; {} of {} in change and ledger rows noticed",
        flips.flips,
        flips.flips_noticed,
        flips.flips_without_effect,
        flips.flips_unnoticed,
        flips.flips_in_rows_noticed,
        flips.flips_in_rows
    ))
}
