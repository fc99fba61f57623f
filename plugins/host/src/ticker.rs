//! The thread that advances the engine's epoch, by which running guests see their deadline.
//!
//! It ticks while plugins are called and sleeps otherwise, so that an idle node is not woken a
//! thousand times a second.

use crate::limits::{IDLE_TICKS_MAX, TICK_SLEEP};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};
use wasmtime::Engine;

/// Owns the ticking thread and ends it when dropped.
#[derive(Debug)]
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    has_call: AtomicBool,
    is_asleep: AtomicBool,
    is_stopped: AtomicBool,
}

impl Ticker {
    /// Starts ticking `engine`.
    pub(crate) fn start(engine: &Engine) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        let engine = engine.clone();
        let thread = thread::Builder::new()
            .name("plugin-ticker".to_owned())
            .stack_size(64 * 1024)
            .spawn(move || of_thread.tick(&engine))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Makes sure that epochs advance for a call that is about to start.
    pub(crate) fn wake(&self) {
        self.shared.has_call.store(true, Ordering::SeqCst);
        if self.shared.is_asleep.load(Ordering::SeqCst)
            && let Some(thread) = &self.thread
        {
            thread.thread().unpark();
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic of the ticker has been reported by its thread already.
            let _ended = thread.join();
        }
    }
}

impl Shared {
    fn tick(&self, engine: &Engine) {
        let mut idle_ticks = 0;
        while !self.is_stopped.load(Ordering::SeqCst) {
            thread::sleep(TICK_SLEEP);
            engine.increment_epoch();
            idle_ticks = if self.has_call.swap(false, Ordering::SeqCst) { 0 } else { idle_ticks + 1 };
            if idle_ticks >= IDLE_TICKS_MAX {
                self.sleep_until_called();
                idle_ticks = 0;
            }
        }
    }

    fn sleep_until_called(&self) {
        self.is_asleep.store(true, Ordering::SeqCst);
        while !self.has_call.load(Ordering::SeqCst) && !self.is_stopped.load(Ordering::SeqCst) {
            thread::park();
        }
        self.is_asleep.store(false, Ordering::SeqCst);
    }
}
