//! Waiting for a condition, never for a time alone; and the signal that ends all waiting.

use anyhow::{Context, Result, bail};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};

/// Short against every time that the demo measures, long against the cost of one request.
const POLL_PAUSE: Duration = Duration::from_millis(5);

static STOP: AtomicBool = AtomicBool::new(false);

/// Polls until there is an answer; a poll that fails is repeated like one that finds nothing.
pub(crate) fn wait_until<T>(
    what: &str,
    limit: Duration,
    mut poll: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        let outcome = poll();
        if let Ok(Some(found)) = outcome {
            return Ok(found);
        }
        if stopped() {
            bail!("stopped by a signal while waiting for {what}");
        }
        if Instant::now() >= deadline {
            let message = format!("{what}: not within {} s", limit.as_secs_f32());
            return match outcome {
                Err(error) => Err(error.context(message)),
                Ok(_) => bail!(message),
            };
        }
        std::thread::sleep(POLL_PAUSE);
    }
}

/// Whether somebody asked the demo to end.
pub(crate) fn stopped() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// Stays until somebody asks the demo to end.
pub(crate) fn until_stopped() {
    while !stopped() {
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Turns the ending signals into [`stopped`], so that every child is ended by its owner's drop.
pub(crate) fn watch_signals() -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("watch signals")?;
    let guard = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    drop(guard);
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
        });
        STOP.store(true, Ordering::Relaxed);
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_for_the_condition_and_names_it_when_it_fails() {
        let mut left = 3;
        let found = wait_until("three polls", Duration::from_secs(5), || {
            left -= 1;
            Ok((left == 0).then_some("done"))
        });
        assert_eq!(found.unwrap(), "done");
        let never = wait_until("nothing", Duration::ZERO, || Ok(None::<()>));
        assert!(never.unwrap_err().to_string().contains("nothing"));
    }
}
