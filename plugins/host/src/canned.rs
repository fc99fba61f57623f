//! Queries that every plugin must survive before it sees a real one.

use crate::{
    limits::LOAD_DEADLINE,
    plugin::{Plugin, Refusal},
};
use edge_core::filter::{Candidate, Context, Fact, PAGE_CANDIDATES_MAX, Page};

const TITLES: [&str; 5] = ["", "分拣 夜班", "Loader (m/w/d) – Tagesjob", "👷🏽 site hand", "x"];

/// Asks the canned queries; each must be answered in full and in time.
pub(crate) fn ask(plugin: &Plugin) -> Result<(), Refusal> {
    for (query, candidates) in [("empty page", 0), ("one job", 1), ("full page", PAGE_CANDIDATES_MAX)] {
        let mut page = Page::new(plugin.description().columns);
        for row in 0..candidates {
            // The canned titles are far too short to fill the page before its last row.
            let _pushed = page.push(&candidate(row));
        }
        let context = Context {
            now: 1_800_000_000,
            utc_offset_s: 28_800,
            hall_lat_e7: 302_741_000,
            hall_lon_e7: 1_201_551_000,
            facts: &[Fact { key: 1, value: 0 }, Fact { key: u16::MAX, value: i64::MIN }],
        };
        plugin.measure(&context, &page, LOAD_DEADLINE).map_err(|error| Refusal::Canned { query, error })?;
    }
    Ok(())
}

fn candidate(row: usize) -> Candidate<'static> {
    let small = u16::try_from(row).unwrap_or(u16::MAX);
    let is_extreme = row.is_multiple_of(7);
    Candidate {
        pay_minor_per_hour: if is_extreme { u32::MAX } else { u32::from(small) * 20 },
        currency: if row.is_multiple_of(2) { 156 } else { 978 },
        distance_m: if is_extreme { u32::MAX } else { u32::from(small) * 13 },
        category: small % 40,
        start_at: if is_extreme { i64::MIN } else { 1_800_000_000 + i64::from(small) * 600 },
        end_at: if is_extreme { i64::MAX } else { 1_800_028_800 + i64::from(small) * 600 },
        offerable: small % 5,
        seats: small % 60,
        job_flags: if is_extreme { u32::MAX } else { u32::from(small) },
        min_age: if is_extreme { u8::MAX } else { 18 },
        employer: u64::from(small).wrapping_mul(0x9E37_79B9_7F4A_7C15),
        title: TITLES[row % TITLES.len()],
    }
}
