//! What an author of a Dayshift plugin writes against.
//!
//! The contract hands over a page of jobs as columns; here they are an iterator of [`Job`] views.
//! An author writes one function and names it in [`filter!`]:
//!
//! ```
//! use plugin_sdk::{Column, Context, Job, OnFailure, Verdict};
//!
//! fn keep(job: &Job<'_>, _context: &Context<'_>) -> Verdict {
//!     if job.pay_minor_per_hour() < 2_000 { Verdict::Hide(1) } else { Verdict::Keep }
//! }
//!
//! plugin_sdk::filter! {
//!     name: "example",
//!     columns: [Column::PayMinorPerHour],
//!     on_failure: OnFailure::NoOpinion,
//!     keep: keep,
//! }
//! # fn main() {}
//! ```
//!
//! Outside of WebAssembly the same function can be called in ordinary unit tests with a
//! [`Job`] made by [`JobFields`].

pub mod admission;
mod job;

pub use job::{Context, Job, JobFields, Jobs};

/// The code that `filter!` names; no author's concern.
#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../contract/v1",
        world: "filter",
        pub_export_macro: true,
        default_bindings_module: "plugin_sdk::bindings",
    });
}

/// The code that `admit!` names; no author's concern.
#[doc(hidden)]
pub mod admit_bindings {
    wit_bindgen::generate!({
        path: "../contract/v1",
        world: "admit",
        pub_export_macro: true,
        default_bindings_module: "plugin_sdk::admit_bindings",
    });
}

#[doc(hidden)]
pub use bindings::exports::dayshift::plugin::filtering as contract;

pub use contract::{Fact, OnFailure};

/// A column that a plugin can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// [`Job::pay_minor_per_hour`].
    PayMinorPerHour,
    /// [`Job::currency`].
    Currency,
    /// [`Job::distance_m`].
    DistanceM,
    /// [`Job::category`].
    Category,
    /// [`Job::start_at`].
    StartAt,
    /// [`Job::end_at`].
    EndAt,
    /// [`Job::offerable`].
    Offerable,
    /// [`Job::seats`].
    Seats,
    /// [`Job::flags`] and what is read from them.
    JobFlags,
    /// [`Job::min_age`].
    MinAge,
    /// [`Job::employer`].
    Employer,
    /// [`Job::title`].
    Titles,
}

/// What a filter says about one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The job may be shown.
    Keep,
    /// The job is hidden, with the plugin's own reason from 1 to 254 (others are brought into it).
    Hide(u8),
}

impl Verdict {
    fn code(self) -> u8 {
        match self {
            Self::Keep => 0,
            Self::Hide(reason) => reason.clamp(1, 254),
        }
    }
}

/// Makes a filter component of one function `fn(&Job<'_>, &Context<'_>) -> Verdict`.
///
/// The version is the author's package version.
#[macro_export]
macro_rules! filter {
    (
        name: $name:expr,
        columns: [$($column:expr),* $(,)?],
        on_failure: $on_failure:expr,
        keep: $keep:expr $(,)?
    ) => {
        struct DayshiftFilter;

        impl $crate::contract::Guest for DayshiftFilter {
            fn describe() -> $crate::contract::Description {
                $crate::describe($name, env!("CARGO_PKG_VERSION"), &[$($column),*], $on_failure)
            }

            fn filter(
                context: $crate::contract::Context,
                page: $crate::contract::Page,
            ) -> Vec<u8> {
                $crate::judge(&context, &page, $keep)
            }
        }

        #[cfg(target_arch = "wasm32")]
        $crate::bindings::export!(DayshiftFilter with_types_in $crate::bindings);
    };
}

/// What `filter!` answers to `describe`.
#[doc(hidden)]
#[must_use]
pub fn describe(
    name: &str,
    version: &str,
    columns: &[Column],
    on_failure: OnFailure,
) -> contract::Description {
    contract::Description {
        name: name.to_owned(),
        version: version.to_owned(),
        kind: contract::Kind::Filter,
        columns: columns.iter().fold(contract::Columns::empty(), |set, column| set | column.flag()),
        on_failure,
    }
}

/// What `filter!` answers to `filter`.
#[doc(hidden)]
pub fn judge(
    context: &contract::Context,
    page: &contract::Page,
    keep: impl Fn(&Job<'_>, &Context<'_>) -> Verdict,
) -> Vec<u8> {
    let context = Context::new(context);
    Jobs::new(page).map(|job| keep(&job, &context).code()).collect()
}

impl Column {
    fn flag(self) -> contract::Columns {
        match self {
            Self::PayMinorPerHour => contract::Columns::PAY_MINOR_PER_HOUR,
            Self::Currency => contract::Columns::CURRENCY,
            Self::DistanceM => contract::Columns::DISTANCE_M,
            Self::Category => contract::Columns::CATEGORY,
            Self::StartAt => contract::Columns::START_AT,
            Self::EndAt => contract::Columns::END_AT,
            Self::Offerable => contract::Columns::OFFERABLE,
            Self::Seats => contract::Columns::SEATS,
            Self::JobFlags => contract::Columns::JOB_FLAGS,
            Self::MinAge => contract::Columns::MIN_AGE,
            Self::Employer => contract::Columns::EMPLOYER,
            Self::Titles => contract::Columns::TITLES,
        }
    }
}
