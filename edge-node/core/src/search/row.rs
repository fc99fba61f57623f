//! A job as the index takes it, and the slim columns that a scan reads instead of it.
//!
//! [`JobRow`] is what the node's materialiser upserts. [`Hot`] and [`Cold`] are derived from it and never disagree with it.

use super::{
    live,
    place::{self, Position},
    text,
};
use std::{
    ops::{BitOr, BitOrAssign},
    sync::Arc,
};
use sync_protocol::ids::{JobId, TenantId};

/// What a job offers besides pay, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flags(u8);

impl Flags {
    /// No flag at all.
    pub const NONE: Self = Self(0);
    /// A meal is given.
    pub const MEAL: Self = Self(1);
    /// A bed is given.
    pub const BED: Self = Self(2);
    /// The wage is paid on the day.
    pub const DAILY_PAY: Self = Self(4);
    /// The shift is at night.
    pub const NIGHT: Self = Self(8);
    /// Every single flag, in the order of its bit.
    pub const EACH: [Self; 4] = [Self::MEAL, Self::BED, Self::DAILY_PAY, Self::NIGHT];

    /// Says whether every flag of `wanted` is in this set.
    #[must_use]
    pub const fn contains(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// The set as bits, as stored and hashed.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// One job with all that can be searched, filtered, ranked or judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    pub job: JobId,
    pub title: String,
    /// Other searchable words: description, employer, place.
    pub text: String,
    pub category: String,
    pub tenant: TenantId,
    /// Where the work is; a position outside the globe counts as none.
    pub position: Option<Position>,
    /// Epoch seconds.
    pub start_at: i64,
    /// Epoch seconds.
    pub end_at: i64,
    /// Comparable across jobs: one currency, minor units per hour.
    pub pay_minor_per_hour: i64,
    /// Epoch seconds.
    pub created_at: i64,
    pub flags: Flags,
    pub language: String,
    pub open: bool,
    /// Rights to fill a seat that this node holds, as of the upsert; later values come by `Index::set_offerable`.
    pub offerable: u32,
}

/// The columns that every scan reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hot {
    pub(super) lat_e6: i32,
    pub(super) lon_e6: i32,
    pub(super) start_at: i64,
    pub(super) flags: Flags,
    pub(super) open: bool,
    pub(super) placed: bool,
}

/// The columns that only some queries read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cold {
    pub(super) pay: i64,
    pub(super) created_at: i64,
    pub(super) category: u64,
    pub(super) language: u64,
}

/// A job prepared for the index: its columns and its sorted terms.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) job: JobId,
    pub(super) offerable: u32,
    pub(super) row: Arc<JobRow>,
    pub(super) cell: u64,
    pub(super) hot: Hot,
    pub(super) cold: Cold,
    /// Sorted by key; true where the title has the term.
    pub(super) terms: Arc<[(u64, bool)]>,
}

impl Draft {
    pub(super) fn of(row: JobRow) -> Self {
        let position = row.position.filter(|position| position.is_on_globe());
        let at = position.unwrap_or(Position { lat_e6: 0, lon_e6: 0 });
        let hot = Hot {
            lat_e6: at.lat_e6,
            lon_e6: at.lon_e6,
            start_at: row.start_at,
            flags: row.flags,
            open: row.open,
            placed: position.is_some(),
        };
        let cold = Cold {
            pay: row.pay_minor_per_hour,
            created_at: row.created_at,
            category: text::category_key(&row.category),
            language: text::word_key(&row.language),
        };
        let terms = text::row_terms(&row.title, &row.text, cold.category);
        let cell = position.map_or(place::NOWHERE, place::cell);
        Self {
            job: row.job,
            offerable: live::clamp(row.offerable),
            row: Arc::new(row),
            cell,
            hot,
            cold,
            terms: terms.into(),
        }
    }
}
