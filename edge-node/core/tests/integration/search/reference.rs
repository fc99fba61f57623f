//! The search as a scan over all jobs, written for being obviously right.

use edge_core::search::{
    Availability, FacetCounts, Flags, Hit, JobRow, Near, Page, QueryFields, Sort, WIDENED_RADIUS_M_MAX,
    Widened,
};
use std::collections::BTreeMap;
use sync_protocol::ids::JobId;

/// All jobs by id.
pub(crate) type Jobs = BTreeMap<JobId, JobRow>;

/// What all pages of a query hold together; facets are always counted.
pub(crate) fn search(jobs: &Jobs, fields: &QueryFields, now: i64, keeps: impl Fn(&JobRow) -> bool) -> Page {
    let page = attempt(jobs, fields, now, &keeps, None);
    if page.total > 0 {
        return page;
    }
    let mut radius_m = fields.near.map(|near| near.radius_m);
    let mut last = None;
    while let Some(narrow) = radius_m.filter(|&radius_m| radius_m < WIDENED_RADIUS_M_MAX) {
        radius_m = Some((narrow * 2).min(WIDENED_RADIUS_M_MAX));
        last = radius_m;
        let wider = attempt(jobs, fields, now, &keeps, Some(Widened { radius_m, any_term: false }));
        if wider.total > 0 {
            return wider;
        }
    }
    if terms(fields).len() > 1 {
        let wider = attempt(jobs, fields, now, &keeps, Some(Widened { radius_m: last, any_term: true }));
        if wider.total > 0 {
            return wider;
        }
    }
    page
}

fn attempt(
    jobs: &Jobs,
    fields: &QueryFields,
    now: i64,
    keeps: &impl Fn(&JobRow) -> bool,
    widened: Option<Widened>,
) -> Page {
    let near = fields.near.map(|near| Near {
        radius_m: widened.and_then(|widened| widened.radius_m).unwrap_or(near.radius_m),
        ..near
    });
    let any_term = widened.is_some_and(|widened| widened.any_term);
    let mut found = Vec::new();
    for row in jobs.values().filter(|row| passes(row, fields, now) && keeps(row)) {
        let distance_m = near.and_then(|near| distance_m(row, near));
        if near.is_some_and(|near| distance_m.map_or(!fields.placeless, |metres| metres > near.radius_m)) {
            continue;
        }
        if let Some(points) = points(row, &terms(fields), any_term) {
            found.push((row, points, distance_m));
        }
    }
    found.sort_by_key(|&(row, points, distance_m)| {
        // Who says no position is as far away as may be.
        let distance = distance_m.or_else(|| near.map(|near| near.radius_m)).map(i64::from);
        let (first, second) = match fields.sort {
            Sort::Relevance => {
                let score = i64::from(points * 2 + u32::from(row.offerable > 0));
                (-score, distance.unwrap_or(row.start_at))
            }
            Sort::Distance => (distance.unwrap(), 0),
            Sort::Pay => (-row.pay_minor_per_hour, row.start_at),
            Sort::Start => (row.start_at, 0),
            Sort::Newest => (-row.created_at, 0),
        };
        (first, second, row.job)
    });
    let hit = |&(row, _, distance_m): &(&JobRow, u32, Option<u32>)| Hit {
        job: row.job,
        distance_m,
        offerable: row.offerable,
    };
    Page {
        hits: found.iter().map(hit).collect(),
        total: found.len(),
        facets: facets(found.iter().map(|found| found.0), i64::from(fields.utc_offset_s)),
        widened,
        ..Page::default()
    }
}

fn facets<'a>(rows: impl Iterator<Item = &'a JobRow>, utc_offset_s: i64) -> FacetCounts {
    let mut counts = FacetCounts::default();
    for row in rows {
        *counts.categories.entry(row.category.clone()).or_default() += 1;
        *counts.languages.entry(row.language.clone()).or_default() += 1;
        *counts.days.entry((row.start_at + utc_offset_s).div_euclid(86_400)).or_default() += 1;
        for (count, flag) in counts.flags.iter_mut().zip(Flags::EACH) {
            *count += usize::from(row.flags.contains(flag));
        }
    }
    counts
}

fn passes(row: &JobRow, fields: &QueryFields, now: i64) -> bool {
    row.open
        && row.start_at > now
        && fields.start_after.is_none_or(|after| row.start_at >= after)
        && fields.start_before.is_none_or(|before| row.start_at < before)
        && fields.pay_min.is_none_or(|least| row.pay_minor_per_hour >= least)
        && fields.category.as_ref().is_none_or(|category| row.category == *category)
        && fields.language.as_ref().is_none_or(|language| row.language == *language)
        && row.flags.contains(fields.flags_all)
        && (fields.availability == Availability::Open || row.offerable > 0)
}

fn distance_m(row: &JobRow, near: Near) -> Option<u32> {
    let at = row.position?;
    let metres_per_e6 = 0.111_319_490_793;
    let lon_e6 = at.lon_e6.abs_diff(near.position.lon_e6);
    let lon_e6 = lon_e6.min(360_000_000 - lon_e6);
    let scale = metres_per_e6 * (f64::from(near.position.lat_e6) / 1e6).to_radians().cos().max(0.0);
    let y = f64::from(at.lat_e6.abs_diff(near.position.lat_e6)) * metres_per_e6;
    let x = f64::from(lon_e6) * scale;
    format!("{:.0}", (x * x + y * y).sqrt().floor()).parse().ok()
}

/// The runs of the words: a run of Han characters, or a word of other letters and digits.
fn terms(fields: &QueryFields) -> Vec<String> {
    let mut terms = Vec::new();
    for run in runs(fields.words.as_deref().unwrap_or_default()) {
        if !terms.contains(&run) {
            terms.push(run);
        }
    }
    terms
}

fn points(row: &JobRow, terms: &[String], any_term: bool) -> Option<u32> {
    let has = |field: &str, term: &String| {
        let han = term.chars().all(is_han);
        runs(field).iter().any(|run| if han { run.contains(term) } else { run == term })
    };
    let mut sum = 0;
    let mut found = 0;
    for term in terms {
        let points = if has(&row.title, term) { 3 } else { u32::from(has(&row.text, term)) };
        found += usize::from(points > 0);
        sum += points;
    }
    let enough = if any_term { found > 0 } else { found == terms.len() };
    enough.then_some(sum)
}

fn runs(field: &str) -> Vec<String> {
    let mut runs: Vec<String> = Vec::new();
    let mut last = ' ';
    for c in field.to_lowercase().chars().map(simplified) {
        let joins = c.is_alphanumeric() && last.is_alphanumeric() && is_han(c) == is_han(last);
        match runs.last_mut() {
            Some(run) if joins => run.push(c),
            Some(_) | None if c.is_alphanumeric() => runs.push(c.into()),
            Some(_) | None => {}
        }
        last = c;
    }
    runs
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

fn simplified(c: char) -> char {
    match c {
        '倉' => '仓',
        '庫' => '库',
        '揀' => '拣',
        other => other,
    }
}
