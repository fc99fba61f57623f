//! One loaded component: what it must be to be loaded, and a call into it.

use crate::{
    breaker::Breaker,
    canned,
    code::{Code, Usage, call_error},
    contract::{
        ADMISSION, ContextRecord, DescriptionRecord, FactRecord, FilterParams, FilterResult, INTERFACE, Kind,
        OnFailure, PageRecord,
    },
    engine::Host,
    limits::{COMPONENT_BYTES_MAX, LOAD_DEADLINE, METERED_FUEL, NAME_BYTES_MAX},
};
use edge_core::filter::{ColumnSet, Context, Page, REASON_FILTER_FAILED};
use std::{
    fmt, io,
    time::{Duration, Instant},
};
use wasmtime::{Store, component::ComponentExportIndex};

/// A filter that has kept the contract on the canned queries.
pub struct Plugin {
    code: Code,
    exports: Exports,
    description: Description,
    breaker: Breaker,
}

/// What a plugin says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Lower-case letters, digits and hyphens.
    pub name: String,
    /// The plugin's own version.
    pub version: String,
    /// The columns that it reads.
    pub columns: ColumnSet,
    /// What becomes of a page when it fails.
    pub on_failure: OnFailure,
}

/// Why a component is not loaded.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The file could not be read.
    #[error("the file cannot be read")]
    Unreadable(#[source] io::Error),
    /// Above [`COMPONENT_BYTES_MAX`].
    #[error("the component has more than {COMPONENT_BYTES_MAX} bytes")]
    TooLarge,
    /// Not WebAssembly.
    #[error("this is not WebAssembly")]
    NotWasm,
    /// A core module, not yet encoded.
    #[error("this is a core module, not a component; `dayshift plugin build` makes one of it")]
    NotComponent,
    /// The component is malformed or uses what the engine does not give.
    #[error("the component does not compile: {0}")]
    Invalid(String),
    /// It imports something; plugins get nothing.
    #[error("the component imports `{0}`; a plugin imports nothing (build it for wasm32-unknown-unknown)")]
    Imports(String),
    /// It exports no interface of the contract.
    #[error("the component does not export `{INTERFACE}`")]
    WrongWorld,
    /// It exports the contract in another version.
    #[error("the component exports `{0}`, this node speaks `{INTERFACE}`")]
    WrongVersion(String),
    /// It exports the interface with other types, or traps before it can be asked anything.
    #[error("the plugin cannot describe itself: {0}")]
    NoDescription(CallError),
    /// Its description is out of bounds.
    #[error("the plugin's {0} is empty, too long or has characters other than a-z, 0-9, - . +")]
    BadDescription(&'static str),
    /// What the operator has set beside the file cannot be used.
    #[error("its settings cannot be used: {0}")]
    BadSettings(String),
    /// It fails one of the host's own queries.
    #[error("the plugin fails the canned query `{query}`: {error}")]
    Canned {
        /// The query's name.
        query: &'static str,
        /// What went wrong.
        error: CallError,
    },
}

/// Why one call gave no verdicts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The deadline passed.
    #[error("it was cut off at its deadline")]
    Late,
    /// The guest trapped.
    #[error("it trapped: {0}")]
    Trap(String),
    /// The guest answered with another number of verdicts.
    #[error("it gave {given} verdicts for {candidates} candidates")]
    Length {
        /// Candidates on the page.
        candidates: usize,
        /// Verdicts in the answer.
        given: usize,
    },
    /// The guest used the reason that is the node's.
    #[error("it used the reason {REASON_FILTER_FAILED}, which is reserved")]
    ReservedReason,
    /// A denial out of the contract's bounds.
    #[error("its denial lacks words in zh or en, has too many of them, or a reason outside 1 to 254")]
    BadDenial,
    /// All instances of the pool are in use.
    #[error("no instance is free")]
    Busy,
}

/// What one call came to, and took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured<T> {
    /// Of a filter one code per candidate: 0 keeps, others hide. Of an admission plugin its denial; none where the worker
    /// may take the place.
    pub said: T,
    /// Wall clock, with making the instance.
    pub took: Duration,
    /// Linear memory of the instance at its largest.
    pub memory_bytes: usize,
    /// Fuel burnt, where the host is metered.
    pub fuel: Option<u64>,
}

impl<T> Measured<T> {
    /// What a call took that began then, in an instance that stands as it left it.
    pub(crate) fn since(begin: Instant, store: &Store<Usage>, said: T) -> Self {
        let took = begin.elapsed();
        let fuel = store.get_fuel().ok().map(|left| METERED_FUEL.saturating_sub(left));
        Self { said, took, memory_bytes: store.data().memory_bytes, fuel }
    }
}

struct Exports {
    describe: ComponentExportIndex,
    filter: ComponentExportIndex,
}

impl Plugin {
    /// Compiles a component and asks it the canned queries; takes tens of milliseconds, so it
    /// belongs off the event loop.
    ///
    /// # Errors
    /// A [`Refusal`] that says what the author can change.
    pub fn load(host: &Host, bytes: &[u8]) -> Result<Self, Refusal> {
        Self::of(Code::compile(host, bytes)?)
    }

    pub(crate) fn of(code: Code) -> Result<Self, Refusal> {
        let Some(exports) = find_exports(&code) else {
            let other = code.contract_exports().find(|name| name != INTERFACE && name != ADMISSION);
            return Err(other.map_or(Refusal::WrongWorld, Refusal::WrongVersion));
        };
        let mut plugin =
            Self { code, exports, description: Description::empty(), breaker: Breaker::default() };
        let record = plugin.describe().map_err(Refusal::NoDescription)?;
        plugin.description = Description::new(record)?;
        canned::ask(&plugin)?;
        Ok(plugin)
    }

    /// What the plugin says of itself.
    #[must_use]
    pub const fn description(&self) -> &Description {
        &self.description
    }

    /// BLAKE3 of the component.
    #[must_use]
    pub const fn hash(&self) -> &[u8; 32] {
        self.code.hash()
    }

    /// Whether the plugin is left out of its chain for having failed too often.
    #[must_use]
    pub fn is_breaker_open(&self) -> bool {
        self.breaker.is_open()
    }

    /// Judges a page outside of a chain and says what it took.
    ///
    /// # Errors
    /// When the call gave no verdicts; the breaker takes no notice.
    pub fn measure(
        &self,
        context: &Context<'_>,
        page: &Page,
        deadline: Duration,
    ) -> Result<Measured<Vec<u8>>, CallError> {
        let begin = Instant::now();
        let mut codes = Vec::new();
        let store = self.judge(context, page, deadline, &mut codes)?;
        Ok(Measured::since(begin, &store, codes))
    }

    pub(crate) fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    /// Replaces `codes` by the guest's verdicts.
    pub(crate) fn call(
        &self,
        context: &Context<'_>,
        page: &Page,
        deadline: Duration,
        codes: &mut Vec<u8>,
    ) -> Result<(), CallError> {
        self.judge(context, page, deadline, codes).map(|_store| ())
    }

    fn judge(
        &self,
        context: &Context<'_>,
        page: &Page,
        deadline: Duration,
        codes: &mut Vec<u8>,
    ) -> Result<Store<Usage>, CallError> {
        codes.clear();
        let (mut store, instance) = self.code.instantiate(deadline)?;
        let filter = instance
            .get_typed_func::<FilterParams<'_>, FilterResult>(&mut store, &self.exports.filter)
            .map_err(|error| call_error(&error))?;
        let facts: Vec<_> = context.facts.iter().copied().map(FactRecord::new).collect();
        let params = (ContextRecord::new(context, &facts), PageRecord::new(page, self.description.columns));
        let (verdicts,) = filter.call(&mut store, params).map_err(|error| call_error(&error))?;
        let verdicts = verdicts.as_le_slice(&store);
        if verdicts.len() != page.len() {
            return Err(CallError::Length { candidates: page.len(), given: verdicts.len() });
        }
        if verdicts.contains(&REASON_FILTER_FAILED) {
            return Err(CallError::ReservedReason);
        }
        codes.extend_from_slice(verdicts);
        Ok(store)
    }

    fn describe(&self) -> Result<DescriptionRecord, CallError> {
        let (mut store, instance) = self.code.instantiate(LOAD_DEADLINE)?;
        let describe = instance
            .get_typed_func::<(), (DescriptionRecord,)>(&mut store, &self.exports.describe)
            .map_err(|error| call_error(&error))?;
        let (record,) = describe.call(&mut store, ()).map_err(|error| call_error(&error))?;
        Ok(record)
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin").field("description", &self.description).finish_non_exhaustive()
    }
}

impl Description {
    const fn empty() -> Self {
        Self {
            name: String::new(),
            version: String::new(),
            columns: ColumnSet::NONE,
            on_failure: OnFailure::NoOpinion,
        }
    }

    fn new(record: DescriptionRecord) -> Result<Self, Refusal> {
        check_names(&record.name, &record.version)?;
        match record.kind {
            Kind::Filter => Ok(Self {
                name: record.name,
                version: record.version,
                columns: record.columns.to_set(),
                on_failure: record.on_failure,
            }),
        }
    }
}

/// Holds what a plugin calls itself against the contract.
pub(crate) fn check_names(name: &str, version: &str) -> Result<(), Refusal> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let in_bounds = |text: &str| !text.is_empty() && text.len() <= NAME_BYTES_MAX;
    if !in_bounds(name) || !name.bytes().all(is_plain) {
        return Err(Refusal::BadDescription("name"));
    }
    let in_version = |byte: u8| is_plain(byte) || byte == b'.' || byte == b'+';
    if !in_bounds(version) || !version.bytes().all(in_version) {
        return Err(Refusal::BadDescription("version"));
    }
    Ok(())
}

fn find_exports(code: &Code) -> Option<Exports> {
    let [describe, filter] = code.functions(INTERFACE, ["describe", "filter"])?;
    Some(Exports { describe, filter })
}
