//! `dayshift stage`: a hub and two kiosks as real processes behind one page, on which lines are cut,
//! plugs pulled and old disks booted; beside it the same taps on a last-write-wins counter.

mod check;
mod director;
pub(crate) mod disk;
mod excess;
mod lww;
mod names;
mod play;
mod serve;
mod snapshot;
mod view;
mod words;

use crate::demo::wait;
use crate::{Outcome, output};
use anyhow::{Context, Result, ensure};
use clap::Args;
use director::Director;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::TcpListener;

/// How often the server looks whether somebody asked it to end.
const END_LOOK_PAUSE: Duration = Duration::from_millis(50);

/// Arguments of `dayshift stage`.
#[derive(Debug, Args)]
pub(crate) struct StageArgs {
    /// Folder for all files, new or empty, which stays; a temporary one when left out.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Port of the page on the loopback address; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Play a written sequence through the page's own requests, print one JSON line for each step and end.
    #[arg(long)]
    check: bool,
}

/// Runs the stage until somebody ends it, or until the sequence is played.
pub(crate) fn run(args: &StageArgs) -> Result<Outcome> {
    wait::watch_signals()?;
    let folder = choose_folder(args)?;
    let outcome = show(args, &folder);
    if args.data.is_none() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("remove {}", folder.display()))?;
    }
    outcome.map(|()| Outcome::Done)
}

fn show(args: &StageArgs, folder: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.context("start the page's server")?;
    let listener = runtime.block_on(serve::bind(args.port))?;
    let address = listener.local_addr().context("the page's address")?;
    if !args.check {
        output::note("Starting a hub and two kiosks.");
    }
    let (director, thread) = Director::start(folder.to_owned())?;
    let played = if args.check {
        let server = runtime.spawn(serve::serve(listener, director, std::future::pending()));
        let played = check::run(&format!("http://{address}"));
        server.abort();
        drop(runtime.block_on(server));
        played
    } else {
        output::result(&format!("The stage is at http://{address}/ until Ctrl-C."));
        runtime.block_on(until_stopped(listener, director))
    };
    drop(runtime);
    ensure!(thread.join().is_ok(), "the director panicked");
    played
}

async fn until_stopped(listener: TcpListener, director: Director) -> Result<()> {
    let end = async {
        while !wait::stopped() {
            tokio::time::sleep(END_LOOK_PAUSE).await;
        }
    };
    serve::serve(listener, director, end).await
}

fn choose_folder(args: &StageArgs) -> Result<PathBuf> {
    let temporary = || std::env::temp_dir().join(format!("dayshift-stage-{}", std::process::id()));
    crate::demo::new_folder(args.data.clone().unwrap_or_else(temporary), "--data")
}
