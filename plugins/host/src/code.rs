//! The compiled code of a component, whatever it exports: what it may use, and an instance for each call.

use crate::{
    contract::PACKAGE,
    engine::{Host, Metering},
    limits::{COMPONENT_BYTES_MAX, MEMORY_BYTES_MAX, METERED_FUEL, TABLE_ELEMENTS_MAX, TICK},
    plugin::{CallError, Refusal},
};
use std::time::Duration;
use wasmtime::{
    PoolConcurrencyLimitError, ResourceLimiter, Store, Trap,
    component::{Component, ComponentExportIndex, Instance, InstancePre, Linker},
};

/// A component that imports nothing.
#[derive(Clone)]
pub(crate) struct Code {
    host: Host,
    component: Component,
    pre: InstancePre<Usage>,
    hash: [u8; 32],
}

/// Bounds one instance and keeps its largest memory.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    pub(crate) memory_bytes: usize,
}

impl ResourceLimiter for Usage {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let is_allowed = desired <= MEMORY_BYTES_MAX;
        if is_allowed {
            self.memory_bytes = self.memory_bytes.max(desired);
        }
        Ok(is_allowed)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS_MAX)
    }
}

impl Code {
    /// Compiles a component and refuses what no plugin may be.
    pub(crate) fn compile(host: &Host, bytes: &[u8]) -> Result<Self, Refusal> {
        check_header(bytes)?;
        let invalid = |error: wasmtime::Error| Refusal::Invalid(format!("{error:#}"));
        let component = Component::from_binary(host.engine(), bytes).map_err(invalid)?;
        if let Some((name, _)) = component.component_type().imports(host.engine()).next() {
            return Err(Refusal::Imports(name.to_owned()));
        }
        let pre = Linker::new(host.engine()).instantiate_pre(&component).map_err(invalid)?;
        Ok(Self { host: host.clone(), component, pre, hash: *blake3::hash(bytes).as_bytes() })
    }

    /// BLAKE3 of the component.
    pub(crate) const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// Interfaces of the contract, of any version, that it exports.
    pub(crate) fn contract_exports(&self) -> impl Iterator<Item = String> {
        let names = self.component.component_type();
        let names: Vec<String> = names.exports(self.host.engine()).map(|(name, _)| name.to_owned()).collect();
        names.into_iter().filter(|name| name.starts_with(PACKAGE))
    }

    /// Functions of an interface that it exports; `None` where one is missing.
    pub(crate) fn functions<const N: usize>(
        &self,
        interface: &str,
        names: [&str; N],
    ) -> Option<[ComponentExportIndex; N]> {
        let interface = self.component.get_export_index(None, interface)?;
        let found = names.map(|name| self.component.get_export_index(Some(&interface), name));
        let found: Option<Vec<_>> = found.into_iter().collect();
        found?.try_into().ok()
    }

    /// A fresh instance that is cut off at its deadline.
    pub(crate) fn instantiate(&self, deadline: Duration) -> Result<(Store<Usage>, Instance), CallError> {
        // Rounded down: a guest is cut off between one tick before its deadline and the deadline.
        let ticks = u64::try_from(deadline.as_nanos() / TICK.as_nanos()).unwrap_or(u64::MAX / 2);
        if ticks == 0 {
            return Err(CallError::Late);
        }
        let mut store = Store::new(self.host.engine(), Usage::default());
        store.limiter(|usage| usage);
        self.host.ticker().wake();
        store.set_epoch_deadline(ticks);
        // A description is a few hundred bytes and verdicts are not copied before their check.
        store.set_hostcall_fuel(64 * 1024);
        if self.host.metering() == Metering::Fuel {
            store.set_fuel(METERED_FUEL).map_err(|error| call_error(&error))?;
        }
        let instance = self.pre.instantiate(&mut store).map_err(|error| call_error(&error))?;
        Ok((store, instance))
    }
}

fn check_header(bytes: &[u8]) -> Result<(), Refusal> {
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(Refusal::TooLarge);
    }
    match bytes.get(..8) {
        Some([0, b'a', b's', b'm', _, _, 1, 0]) => Ok(()),
        Some([0, b'a', b's', b'm', ..]) => Err(Refusal::NotComponent),
        Some(_) | None => Err(Refusal::NotWasm),
    }
}

pub(crate) fn call_error(error: &wasmtime::Error) -> CallError {
    if error.downcast_ref::<Trap>() == Some(&Trap::Interrupt) {
        CallError::Late
    } else if error.is::<PoolConcurrencyLimitError>() {
        CallError::Busy
    } else {
        CallError::Trap(format!("{error:#}"))
    }
}
