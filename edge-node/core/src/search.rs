//! The in-memory search index over open jobs.
//!
//! The writer of a node owns one [`Index`], feeds it after each committed batch and publishes a clone; readers search the
//! clones in parallel. A clone is immutable and shares all large parts with its origin. Results are exact: they equal a
//! scan over all jobs, and nothing here reads a clock, a random source or an unordered map.

mod facets;
mod index;
mod judge;
mod live;
mod merge;
mod place;
mod query;
mod rank;
mod row;
mod run;
mod scan;
mod segment;
mod tail;
mod text;
mod token;

pub use facets::{CategoryCount, FacetCounts, Facets};
pub use index::{Index, MergeProgress};
pub use judge::{Candidate, JUDGE_BATCH_MAX, JUDGED_MAX, Judge, KeepAll};
pub use place::{Near, Position};
pub use query::{
    Availability, PAGE_SIZE_MAX, Query, QueryError, QueryFields, RADIUS_M_MAX, Sort, TERMS_MAX,
    WORDS_CHARS_MAX,
};
pub use row::{Flags, JobRow};
pub use run::{Hit, Page, WIDENED_RADIUS_M_MAX, Widened};
pub use token::{InvalidPageToken, PageToken};
