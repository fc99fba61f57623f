//! A query, and the checks that make one from what a client sent.
//!
//! [`QueryFields`] is what the HTTP route fills in; only [`Query::new`] makes a [`Query`], so a search never meets a bad one.

use super::{
    facets::Facets,
    place::{Near, Position},
    row::Flags,
    text::{self, Term},
    token::PageToken,
};

/// Most hits on one page.
pub const PAGE_SIZE_MAX: usize = 100;
/// Most characters of typed words; longer input is refused.
pub const WORDS_CHARS_MAX: usize = 128;
/// Most distinct terms that the words may have; each costs one probe for each candidate.
pub const TERMS_MAX: usize = 16;
/// Largest radius that a query may ask for; beyond it the plane geometry errs by more than a percent.
pub const RADIUS_M_MAX: u32 = 200_000;

/// The order of the hits; ties go by the second key named here and then by job id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sort {
    /// Most points of words first, then confirmable here, then nearest, or soonest where the query has no circle.
    #[default]
    Relevance,
    /// Nearest first.
    Distance,
    /// Best paid first, then soonest.
    Pay,
    /// Soonest first.
    Start,
    /// Latest created first.
    Newest,
}

/// Which of the open jobs to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Availability {
    /// Every job that is open and starts in the future.
    #[default]
    Open,
    /// Only those of which this node can confirm a seat by itself.
    ConfirmableHere,
}

/// A query as a client sent it, not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryFields {
    /// Words without any letter, digit or character count as none.
    pub words: Option<String>,
    pub near: Option<Near>,
    /// Whether jobs that say no position are near as well; they come behind those that do.
    pub placeless: bool,
    /// Epoch seconds; a job at this second matches.
    pub start_after: Option<i64>,
    /// Epoch seconds; a job at this second does not match.
    pub start_before: Option<i64>,
    /// Minor units per hour; a job that pays this matches.
    pub pay_min: Option<i64>,
    pub category: Option<String>,
    pub language: Option<String>,
    pub flags_all: Flags,
    pub availability: Availability,
    pub sort: Sort,
    pub page_size: usize,
    pub page_token: Option<PageToken>,
    pub facets: Facets,
    /// Where local midnight lies, for the facet of days: seconds east of UTC.
    pub utc_offset_s: i32,
}

impl Default for QueryFields {
    fn default() -> Self {
        Self {
            words: None,
            near: None,
            placeless: false,
            start_after: None,
            start_before: None,
            pay_min: None,
            category: None,
            language: None,
            flags_all: Flags::NONE,
            availability: Availability::Open,
            sort: Sort::Relevance,
            page_size: 20,
            page_token: None,
            facets: Facets::NONE,
            utc_offset_s: 0,
        }
    }
}

/// Why a query is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Zero or above the limit.
    #[error("page size {got} is not between 1 and {PAGE_SIZE_MAX}")]
    PageSize { got: usize },
    /// Too much text.
    #[error("the words have {got} characters, more than {WORDS_CHARS_MAX}")]
    WordsTooLong { got: usize },
    /// Too many distinct words.
    #[error("the words have {got} terms, more than {TERMS_MAX}")]
    TooManyTerms { got: usize },
    /// Latitude or longitude out of range.
    #[error("the position is not on the globe")]
    Position,
    /// Zero or above the limit.
    #[error("radius {got} m is not between 1 and {RADIUS_M_MAX}")]
    Radius { got: u32 },
    /// The order has no meaning without a position.
    #[error("sorting by distance needs a position")]
    DistanceWithoutNear,
    /// Nothing can be at or after one and before the other.
    #[error("start_after is not before start_before")]
    StartRange,
    /// The token was given out for other words, filters or order.
    #[error("the page token belongs to another query")]
    ForeignPageToken,
}

/// A query that a search can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub(super) fields: QueryFields,
    pub(super) terms: Vec<Term>,
    pub(super) hash: u64,
}

impl Query {
    /// Checks the fields; fails with the first reason to refuse them.
    pub fn new(fields: QueryFields) -> Result<Self, QueryError> {
        if !(1..=PAGE_SIZE_MAX).contains(&fields.page_size) {
            return Err(QueryError::PageSize { got: fields.page_size });
        }
        match fields.near {
            Some(near) if !near.position.is_on_globe() => return Err(QueryError::Position),
            Some(near) if !(1..=RADIUS_M_MAX).contains(&near.radius_m) => {
                return Err(QueryError::Radius { got: near.radius_m });
            }
            None if fields.sort == Sort::Distance => return Err(QueryError::DistanceWithoutNear),
            Some(_) | None => {}
        }
        if let (Some(after), Some(before)) = (fields.start_after, fields.start_before)
            && after >= before
        {
            return Err(QueryError::StartRange);
        }
        let words = fields.words.as_deref().unwrap_or_default();
        let characters = words.chars().count();
        if characters > WORDS_CHARS_MAX {
            return Err(QueryError::WordsTooLong { got: characters });
        }
        let terms = text::query_terms(words);
        if terms.len() > TERMS_MAX {
            return Err(QueryError::TooManyTerms { got: terms.len() });
        }
        let hash = hash(&fields);
        if fields.page_token.is_some_and(|token| token.query_hash != hash) {
            return Err(QueryError::ForeignPageToken);
        }
        Ok(Self { fields, terms, hash })
    }

    /// The fields as they were checked.
    #[must_use]
    pub fn fields(&self) -> &QueryFields {
        &self.fields
    }
}

/// Hashes what decides which jobs match and in which order; page size and facets may differ from page to page.
fn hash(fields: &QueryFields) -> u64 {
    let mut hasher = blake3::Hasher::new_derive_key("dayshift search query v1");
    for text in [&fields.words, &fields.category, &fields.language] {
        let length = text.as_ref().map_or(u64::MAX, |text| text.len() as u64);
        hasher.update(&length.to_be_bytes());
        hasher.update(text.as_deref().unwrap_or_default().as_bytes());
    }
    for number in [fields.start_after, fields.start_before, fields.pay_min] {
        hasher.update(&[u8::from(number.is_some())]);
        hasher.update(&number.unwrap_or(0).to_be_bytes());
    }
    if let Some(Near { position: Position { lat_e6, lon_e6 }, radius_m }) = fields.near {
        hasher.update(&lat_e6.to_be_bytes());
        hasher.update(&lon_e6.to_be_bytes());
        hasher.update(&radius_m.to_be_bytes());
        hasher.update(&[u8::from(fields.placeless)]);
    }
    hasher.update(&[fields.flags_all.bits(), fields.availability as u8, fields.sort as u8]);
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_be_bytes(first)
}
