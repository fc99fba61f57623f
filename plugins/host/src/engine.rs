//! The one engine of a process: configuration, pool and ticker.

use crate::{
    limits::{INSTANCES_MAX, MEMORY_BYTES_MAX, STACK_BYTES_MAX, TABLE_ELEMENTS_MAX},
    ticker::Ticker,
};
use std::{fmt, io, sync::Arc};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// Compiles and runs plugins; cheap to clone, one per process is enough.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    ticker: Ticker,
    metering: Metering,
}

/// Whether calls count the instructions that they execute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metering {
    /// Deadlines only: what nodes run.
    Off,
    /// Fuel too, which is the same on every machine: for tests and authors.
    Fuel,
}

/// The host could not be made.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The engine refused this machine or the pool's reservation.
    #[error("the plugin engine cannot start: {0}")]
    Engine(String),
    /// The ticker's thread could not be started.
    #[error("the plugin ticker cannot start")]
    Ticker(#[source] io::Error),
}

impl Host {
    /// Makes the engine and starts its ticker.
    ///
    /// # Errors
    /// When the machine gives neither the address space nor the thread.
    pub fn new(metering: Metering) -> Result<Self, HostError> {
        let engine =
            Engine::new(&config(metering)).map_err(|error| HostError::Engine(format!("{error:#}")))?;
        let ticker = Ticker::start(&engine).map_err(HostError::Ticker)?;
        Ok(Self { inner: Arc::new(Inner { engine, ticker, metering }) })
    }

    /// Whether calls are metered.
    #[must_use]
    pub fn metering(&self) -> Metering {
        self.inner.metering
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(crate) fn ticker(&self) -> &Ticker {
        &self.inner.ticker
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("metering", &self.inner.metering).finish_non_exhaustive()
    }
}

fn config(metering: Metering) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES_MAX)
        .total_core_instances(INSTANCES_MAX)
        .total_memories(INSTANCES_MAX)
        .total_tables(INSTANCES_MAX)
        .max_core_instances_per_component(1)
        .max_memories_per_component(1)
        .max_tables_per_component(1)
        .max_memory_size(MEMORY_BYTES_MAX)
        .table_elements(TABLE_ELEMENTS_MAX)
        // Zeroing a few pages costs less than giving them back and faulting them in again.
        .linear_memory_keep_resident(128 * 1024)
        .table_keep_resident(16 * 1024);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .consume_fuel(metering == Metering::Fuel)
        .max_wasm_stack(STACK_BYTES_MAX)
        // Small reservations: a node must start where address space is limited.
        .memory_reservation(MEMORY_BYTES_MAX as u64)
        .memory_reservation_for_growth(0)
        .memory_guard_size(64 * 1024)
        .guard_before_linear_memory(false)
        .wasm_backtrace_max_frames(None)
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false);
    config
}
