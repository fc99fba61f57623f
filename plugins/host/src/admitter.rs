//! Admission plugins: one of them, and all of them in a row under one deadline.
//!
//! What becomes of a question that a plugin does not answer is the plugin's own word: it has no objection, or the question
//! stays unanswered. It is never silent: whoever asks is told which plugins failed. Whoever fails too often is left out for
//! a while, so that it does not hold up every sign-up until its deadline.

use crate::{
    breaker::Breaker,
    code::{Code, call_error},
    contract::{ADMISSION, AboutRecord, AdmitParams, AdmitResult, OnSilence, QuestionRecord, ShiftRecord},
    engine::Host,
    limits::{ADMISSION_DEADLINE, LOAD_DEADLINE, SETTING_NAME_BYTES_MAX},
    plugin::{CallError, Measured, Refusal, check_names},
    settings::Settings,
};
use edge_core::admit::{
    Admission, DENIAL_BYTES_MAX, DENIAL_LANGUAGES, DENIAL_LANGUAGES_MAX, Denial, Occasion, Question,
    SHIFTS_MAX, Shift,
};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};
use wasmtime::{
    Store,
    component::{ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower},
};

/// An admission plugin that has kept the contract on the canned questions, with its settings.
pub struct Admitter {
    code: Code,
    exports: Exports,
    name: String,
    version: String,
    on_failure: OnSilence,
    settings: Settings,
    breaker: Breaker,
}

#[derive(Clone, Copy)]
struct Exports {
    describe: ComponentExportIndex,
    check: ComponentExportIndex,
    admit: ComponentExportIndex,
}

impl Admitter {
    /// Compiles a component, shows it its settings and asks it the canned questions.
    ///
    /// # Errors
    /// A [`Refusal`] that says what the author or the operator can change.
    pub fn load(host: &Host, bytes: &[u8], settings: Settings) -> Result<Self, Refusal> {
        Self::of(Code::compile(host, bytes)?, settings).unwrap_or_else(|_code| Err(Refusal::WrongWorld))
    }

    /// Gives code and settings back where the code exports no admission of this version.
    pub(crate) fn of(code: Code, settings: Settings) -> Result<Result<Self, Refusal>, (Code, Settings)> {
        let Some([describe, check, admit]) = code.functions(ADMISSION, ["describe", "check", "admit"]) else {
            return Err((code, settings));
        };
        Ok(Self::introduced(code, Exports { describe, check, admit }, settings))
    }

    fn introduced(code: Code, exports: Exports, settings: Settings) -> Result<Self, Refusal> {
        let (mut store, instance) = code.instantiate(LOAD_DEADLINE).map_err(Refusal::NoDescription)?;
        let (AboutRecord { name, version, on_failure },) =
            call(&mut store, &instance, &exports.describe, ()).map_err(Refusal::NoDescription)?;
        check_names(&name, &version)?;
        let plugin = Self { code, exports, name, version, on_failure, settings, breaker: Breaker::default() };
        plugin.check_settings()?;
        plugin.ask_canned()?;
        Ok(plugin)
    }

    /// The same plugin under other settings, without compiling it again.
    ///
    /// # Errors
    /// The plugin does not take them.
    pub fn under(&self, settings: Settings) -> Result<Self, Refusal> {
        Self::introduced(self.code.clone(), self.exports, settings)
    }

    /// The name that it gives itself.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its own version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What becomes of a question that it does not answer.
    #[must_use]
    pub const fn on_failure(&self) -> OnSilence {
        self.on_failure
    }

    /// What its operator has set.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// BLAKE3 of the component.
    #[must_use]
    pub const fn hash(&self) -> &[u8; 32] {
        self.code.hash()
    }

    /// Whether it is left out for having failed too often.
    #[must_use]
    pub fn is_breaker_open(&self) -> bool {
        self.breaker.is_open()
    }

    /// Asks outside of a row and says what it took.
    ///
    /// # Errors
    /// When there was no answer; the breaker takes no notice.
    pub fn measure(
        &self,
        question: &Question<'_>,
        deadline: Duration,
    ) -> Result<Measured<Option<Denial>>, CallError> {
        let begin = Instant::now();
        let (mut store, instance) = self.code.instantiate(deadline)?;
        let shifts: Vec<_> = question.shifts.iter().map(ShiftRecord::new).collect();
        let settings = self.settings.pairs();
        let params: AdmitParams<'_> = (QuestionRecord::new(question, &shifts), &settings);
        let (record,): AdmitResult = call(&mut store, &instance, &self.exports.admit, params)?;
        let denial = record.map(|record| self.denial(record.reason, record.words)).transpose()?;
        Ok(Measured::since(begin, &store, denial))
    }

    fn denial(&self, reason: u8, words: Vec<(String, String)>) -> Result<Denial, CallError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let is_said = |(language, text): &(String, String)| {
            let is_language = (1..=SETTING_NAME_BYTES_MAX).contains(&language.len());
            let is_short = !text.trim().is_empty() && text.len() <= DENIAL_BYTES_MAX;
            is_language && language.bytes().all(is_plain) && is_short && !text.chars().any(char::is_control)
        };
        let speaks = |wanted: &str| words.iter().any(|(language, _)| language == wanted);
        let is_whole = words.len() <= DENIAL_LANGUAGES_MAX && DENIAL_LANGUAGES.into_iter().all(speaks);
        if !(1..=254).contains(&reason) || !is_whole || !words.iter().all(is_said) {
            return Err(CallError::BadDenial);
        }
        Ok(Denial { plugin: self.name.clone(), reason, words })
    }

    fn check_settings(&self) -> Result<(), Refusal> {
        let (mut store, instance) = self.code.instantiate(LOAD_DEADLINE).map_err(Refusal::NoDescription)?;
        let settings = self.settings.pairs();
        let wrong: Result<(Option<String>,), _> =
            call(&mut store, &instance, &self.exports.check, (settings.as_slice(),));
        match wrong {
            Ok((None,)) => Ok(()),
            Ok((Some(wrong),)) => Err(Refusal::BadSettings(wrong.chars().take(DENIAL_BYTES_MAX).collect())),
            Err(error) => Err(Refusal::Canned { query: "its settings", error }),
        }
    }

    fn ask_canned(&self) -> Result<(), Refusal> {
        let extreme = [Shift { start_at: i64::MIN, end_at: i64::MAX, employer: u64::MAX }; SHIFTS_MAX];
        for (query, shifts) in [("no other shift", &extreme[..0]), ("many shifts", &extreme[..])] {
            let question = Question {
                occasion: Occasion::SignUp,
                now: 1_800_000_000,
                utc_offset_s: 28_800,
                start_at: 1_800_010_000,
                end_at: 1_800_040_000,
                employer: 1,
                category: "sorting",
                job_flags: u32::MAX,
                pay_minor_per_hour: u32::MAX,
                title: "分拣 夜班",
                shifts,
            };
            self.measure(&question, LOAD_DEADLINE).map_err(|error| Refusal::Canned { query, error })?;
        }
        Ok(())
    }

    /// Asks where the breaker lets it, and notes how that went.
    fn ask(&self, question: &Question<'_>, left: Duration) -> Option<Option<Denial>> {
        if !self.breaker.admits(Instant::now()) {
            return None;
        }
        let answer = self.measure_when_free(question, left);
        let is_its_own = match &answer {
            Ok(_) => false,
            Err(CallError::Busy) => return None,
            // A plugin that was left little by those before it is not to blame.
            Err(CallError::Late) => left >= ADMISSION_DEADLINE / 2,
            Err(
                CallError::Trap(_)
                | CallError::Length { .. }
                | CallError::ReservedReason
                | CallError::BadDenial,
            ) => true,
        };
        let is_left_out = self.breaker.record(is_its_own, Instant::now());
        match answer {
            Ok(judged) => Some(judged.said),
            Err(error) => {
                tracing::warn!(plugin = %self.name, %error, "an admission plugin gave no answer");
                if is_left_out {
                    tracing::error!(
                        plugin = %self.name,
                        on_failure = ?self.on_failure,
                        "an admission plugin is left out after repeated failures and tried again later; without its file the node goes on without it"
                    );
                }
                None
            }
        }
    }

    /// Searches have the instances for milliseconds: a sign-up waits for one rather than go without its answer.
    fn measure_when_free(
        &self,
        question: &Question<'_>,
        left: Duration,
    ) -> Result<Measured<Option<Denial>>, CallError> {
        let begin = Instant::now();
        loop {
            let left = left.saturating_sub(begin.elapsed());
            match self.measure(question, left) {
                Err(CallError::Busy) if !left.is_zero() => std::thread::yield_now(),
                answer => return answer,
            }
        }
    }
}

fn call<P: ComponentNamedList + Lower, R: ComponentNamedList + Lift + 'static>(
    store: &mut Store<crate::code::Usage>,
    instance: &Instance,
    function: &ComponentExportIndex,
    params: P,
) -> Result<R, CallError> {
    let function =
        instance.get_typed_func::<P, R>(&mut *store, function).map_err(|error| call_error(&error))?;
    function.call(store, params).map_err(|error| call_error(&error))
}

impl fmt::Debug for Admitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admitter").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a row of admission plugins came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What becomes of the question.
    pub admission: Admission,
    /// Names of plugins that failed, were late or were left out.
    pub failed: Vec<String>,
}

/// Admission plugins in the order in which they are asked; never changed, only swapped whole.
#[derive(Debug, Default)]
pub struct AdmissionRow(Vec<Arc<Admitter>>);

impl AdmissionRow {
    /// A row of these plugins.
    #[must_use]
    pub const fn new(plugins: Vec<Arc<Admitter>>) -> Self {
        Self(plugins)
    }

    /// The plugins, in the order in which they are asked.
    #[must_use]
    pub fn plugins(&self) -> &[Arc<Admitter>] {
        &self.0
    }

    /// Asks until one denies; all together have this deadline.
    #[must_use]
    pub fn ask(&self, question: &Question<'_>, deadline: Duration) -> Asked {
        let begin = Instant::now();
        let mut asked = Asked { admission: Admission::Admitted, failed: Vec::new() };
        for plugin in &self.0 {
            match plugin.ask(question, deadline.saturating_sub(begin.elapsed())) {
                Some(None) => {}
                Some(Some(denial)) => {
                    asked.admission = Admission::Denied(denial);
                    return asked;
                }
                None => {
                    asked.failed.push(plugin.name.clone());
                    if plugin.on_failure == OnSilence::Refuse && asked.admission == Admission::Admitted {
                        asked.admission = Admission::Unanswered(plugin.name.clone());
                    }
                }
            }
        }
        asked
    }
}
