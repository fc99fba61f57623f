//! How long the disk below takes to make 4 KiB durable: the floor of every acknowledged sign-up.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::{Bed, Figure, Report};

/// Appends per run: enough that ten of them lie above p99.
const APPENDS: usize = 1000;

const APPEND_BYTES: usize = 4096;

/// Reports p50 and p99 of one append with `fdatasync`; gives p99 in milliseconds.
pub(super) fn measure(bed: &Bed<'_>, report: &mut Report) -> anyhow::Result<f64> {
    let path = bed.folder.join("fdatasync");
    let file = OpenOptions::new().create(true).append(true).open(&path);
    let mut file = file.with_context(|| format!("cannot create {}", path.display()))?;
    let block = [0x5a; APPEND_BYTES];
    let mut times = Vec::with_capacity(APPENDS);
    for _ in 0..APPENDS {
        let started = Instant::now();
        file.write_all(&block).context("cannot append")?;
        file.sync_data().context("cannot make an append durable")?;
        times.push(started.elapsed());
    }
    let mut last = 0.0;
    for (name, percent) in [("fdatasync_p50", 50), ("fdatasync_p99", 99)] {
        let value = percentile(&mut times, percent).as_secs_f64() * 1e3;
        let at = format!("{APPENDS} appends of {APPEND_BYTES} B");
        report.figure(Figure { name, at, unit: "ms", value, peer: None, target: None })?;
        last = value;
    }
    Ok(last)
}

/// The smallest time that `percent` of all times do not exceed.
pub(super) fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    let rank = (times.len() * percent).div_ceil(100).max(1);
    times.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::percentile;
    use std::time::Duration;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let mut times: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        let percentiles = [50, 99, 100].map(|percent| percentile(&mut times, percent).as_millis());
        assert_eq!(percentiles, [100, 198, 200]);
        assert_eq!(percentile(&mut [], 99), Duration::ZERO);
    }
}
