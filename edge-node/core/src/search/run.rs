//! A search from query to page: passes over the index, the judge, and the widening when nothing is found.

use super::{
    facets::{Counter, FacetCounts},
    index::Index,
    judge::{Candidate, JUDGE_BATCH_MAX, JUDGED_MAX, Judge},
    place::{Circle, Near},
    query::Query,
    rank::{Collector, Entry, Place, RankKey},
    row::{Cold, Hot},
    scan::Pass,
    token::PageToken,
};
use sync_protocol::ids::JobId;

/// The largest radius to which a search widens by itself.
pub const WIDENED_RADIUS_M_MAX: u32 = 50_000;

/// How a search was widened because it found nothing as asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Widened {
    /// The radius that was searched in place of the one asked for.
    pub radius_m: Option<u32>,
    /// Whether one of the words was enough.
    pub any_term: bool,
}

/// One job on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    pub job: JobId,
    /// Whole metres from the query's position, where it has one.
    pub distance_m: Option<u32>,
    /// Rights to fill a seat that this node holds.
    pub offerable: u32,
}

impl Hit {
    /// Says whether this node can confirm a seat by itself.
    #[must_use]
    pub const fn is_confirmable_here(&self) -> bool {
        self.offerable > 0
    }
}

/// The answer to a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub hits: Vec<Hit>,
    /// Jobs that match and were kept, on all pages together.
    pub total: usize,
    /// Set when more candidates matched than a judge may see; the total then counts those kept in this search.
    pub total_is_lower_bound: bool,
    pub next: Option<PageToken>,
    /// Counts of the jobs in `total`, or of all matches where that is a lower bound.
    pub facets: FacetCounts,
    pub widened: Option<Widened>,
}

pub(super) fn search(index: &Index, query: &Query, now: i64, judge: &mut dyn Judge) -> Page {
    let mut search = Search { index, query, now, judge, judged_left: JUDGED_MAX };
    let token = query.fields.page_token;
    let page = search.attempt(token.and_then(|token| token.widened));
    if token.is_some() || page.total > 0 || page.total_is_lower_bound {
        return page;
    }
    for widened in widenings(query) {
        if search.judged_left == 0 {
            break;
        }
        let wider = search.attempt(Some(widened));
        if wider.total > 0 || wider.total_is_lower_bound {
            return wider;
        }
    }
    page
}

/// The radius doubled up to its limit, then any of the words within the last radius.
fn widenings(query: &Query) -> Vec<Widened> {
    let mut widenings = Vec::new();
    let mut radius_m = query.fields.near.map(|near| near.radius_m);
    while let Some(wider) = radius_m.filter(|&radius_m| radius_m < WIDENED_RADIUS_M_MAX) {
        radius_m = Some((wider * 2).min(WIDENED_RADIUS_M_MAX));
        widenings.push(Widened { radius_m, any_term: false });
    }
    if query.terms.len() > 1 {
        let radius_m = widenings.last().and_then(|last| last.radius_m);
        widenings.push(Widened { radius_m, any_term: true });
    }
    widenings
}

struct Search<'s> {
    index: &'s Index,
    query: &'s Query,
    now: i64,
    judge: &'s mut dyn Judge,
    /// Candidates that the judge may still see.
    judged_left: usize,
}

impl<'s> Search<'s> {
    fn attempt(&mut self, widened: Option<Widened>) -> Page {
        let near = self.query.fields.near.map(|near| {
            let radius_m = widened.and_then(|widened| widened.radius_m).unwrap_or(near.radius_m);
            let mut circle = Circle::of(Near { radius_m, ..near });
            circle.placeless = self.query.fields.placeless;
            circle
        });
        let any_term = widened.is_some_and(|widened| widened.any_term);
        let pass = Pass::new(self.query, self.now, near, any_term);
        let after = self.query.fields.page_token.map(|token| token.after);
        let page_size = self.query.fields.page_size;
        if self.judge.keeps_all() {
            let (entries, total, counter) = self.collect(&pass, page_size + 1, after);
            return self.page(&pass, &entries, total, counter.finish(), widened);
        }
        let (entries, matches, counter) = self.collect(&pass, self.judged_left.max(1), None);
        if matches <= self.judged_left {
            return self.judge_all(&pass, &entries, after, widened);
        }
        let entries = match after {
            None => entries,
            Some(_) => self.collect(&pass, self.judged_left.max(1), after).0,
        };
        self.judge_some(&pass, &entries, counter.finish(), widened)
    }

    fn counter(&self) -> Counter<'s> {
        Counter::new(self.query.fields.facets, self.query.fields.utc_offset_s)
    }

    fn collect(
        &self,
        pass: &Pass<'_>,
        keep: usize,
        after: Option<RankKey>,
    ) -> (Vec<Entry>, usize, Counter<'s>) {
        let mut collector = Collector::new(keep, after, self.counter());
        pass.run(self.index, &mut collector);
        collector.finish()
    }

    /// Judges every match, so that the total and the counts are exact.
    fn judge_all(
        &mut self,
        pass: &Pass<'_>,
        entries: &[Entry],
        after: Option<RankKey>,
        widened: Option<Widened>,
    ) -> Page {
        let mut kept = Vec::new();
        for batch in entries.chunks(JUDGE_BATCH_MAX) {
            kept.extend(self.verdicts(pass, batch));
        }
        let mut counter = self.counter();
        for entry in &kept {
            let (hot, cold) = self.columns(entry.place);
            counter.add(hot, cold, self.index.candidate(entry.place).row);
        }
        let total = kept.len();
        kept.retain(|entry| after.is_none_or(|after| entry.key > after));
        self.page(pass, &kept, total, counter.finish(), widened)
    }

    /// Judges from the page's start until it is full or the judge has seen as much as it may.
    fn judge_some(
        &mut self,
        pass: &Pass<'_>,
        entries: &[Entry],
        facets: FacetCounts,
        widened: Option<Widened>,
    ) -> Page {
        let mut kept = Vec::new();
        let mut last_seen = None;
        for batch in entries.chunks(JUDGE_BATCH_MAX) {
            kept.extend(self.verdicts(pass, batch));
            last_seen = batch.last().copied();
            if kept.len() > self.query.fields.page_size {
                break;
            }
        }
        let mut page = self.page(pass, &kept, kept.len(), facets, widened);
        page.total_is_lower_bound = true;
        if page.next.is_none() {
            page.next = last_seen.map(|entry| self.token(entry.key, widened));
        }
        page
    }

    fn verdicts(&mut self, pass: &Pass<'_>, batch: &[Entry]) -> Vec<Entry> {
        let candidates: Vec<_> = batch.iter().map(|entry| self.candidate(pass, entry)).collect();
        let mut verdicts = Vec::with_capacity(batch.len());
        self.judge.judge(&candidates, &mut verdicts);
        self.judged_left = self.judged_left.saturating_sub(batch.len());
        let verdicts = verdicts.into_iter().chain(std::iter::repeat(true));
        batch.iter().zip(verdicts).filter(|(_, keep)| *keep).map(|(entry, _)| *entry).collect()
    }

    fn page(
        &self,
        pass: &Pass<'_>,
        ranked: &[Entry],
        total: usize,
        facets: FacetCounts,
        widened: Option<Widened>,
    ) -> Page {
        let on_page = &ranked[..ranked.len().min(self.query.fields.page_size)];
        let hits = on_page.iter().map(|entry| {
            let Candidate { row, offerable, distance_m } = self.candidate(pass, entry);
            Hit { job: row.job, distance_m, offerable }
        });
        let more = ranked.len() > on_page.len();
        let next = on_page.last().filter(|_| more).map(|last| self.token(last.key, widened));
        Page { hits: hits.collect(), total, total_is_lower_bound: false, next, facets, widened }
    }

    fn token(&self, after: RankKey, widened: Option<Widened>) -> PageToken {
        PageToken { query_hash: self.query.hash, widened, after }
    }

    fn candidate(&self, pass: &Pass<'_>, entry: &Entry) -> Candidate<'s> {
        let (hot, _) = self.columns(entry.place);
        let circle = pass.circle.filter(|_| hot.placed);
        let distance_m = circle.map(|circle| circle.distance_m(hot.lat_e6, hot.lon_e6));
        Candidate { distance_m, ..self.index.candidate(entry.place) }
    }

    fn columns(&self, place: Place) -> (&'s Hot, &'s Cold) {
        match place {
            Place::Part(part, at) => {
                let segment = &self.index.parts[part].segment;
                (&segment.hot[at], &segment.cold[at])
            }
            Place::Tail(at) => (&self.index.tail[at].hot, &self.index.tail[at].cold),
        }
    }
}
