//! One pass of a search over the index: every match is offered to a collector.
//!
//! In a segment the shortest list of postings drives, cut to the runs of rows that the circle covers; the cheap columns are
//! tested before the other lists are probed. Without a list the covered rows themselves are read.

use super::{
    index::Index,
    live::DEAD,
    place::{self, Circle, Span},
    query::{Availability, Query, Sort},
    rank::{Collector, Place, Standing},
    row::{Cold, Hot, JobRow},
    segment::{Part, Segment},
    tail,
    text::{self, Term},
};
use std::{borrow::Cow, slice};

/// Points of a term that the title has.
pub(super) const TITLE_POINTS: u32 = 3;
/// Points of a term that only the other text has.
pub(super) const TEXT_POINTS: u32 = 1;
/// Below this a list of postings is shorter to walk than to cut.
const SHORT_LIST: usize = 256;

/// A query made ready for one pass.
#[derive(Debug)]
pub(super) struct Pass<'q> {
    query: &'q Query,
    now: i64,
    pub(super) circle: Option<Circle>,
    any_term: bool,
    category: Option<u64>,
    language: Option<u64>,
    ranks_by_distance: bool,
    reads_cold: bool,
}

impl<'q> Pass<'q> {
    pub(super) fn new(query: &'q Query, now: i64, circle: Option<Circle>, any_term: bool) -> Self {
        let fields = &query.fields;
        Self {
            query,
            now,
            circle,
            any_term,
            category: fields.category.as_deref().map(text::category_key),
            language: fields.language.as_deref().map(text::word_key),
            ranks_by_distance: matches!(fields.sort, Sort::Relevance | Sort::Distance),
            reads_cold: fields.pay_min.is_some() || fields.category.is_some() || fields.language.is_some(),
        }
    }

    /// Offers every match in the index.
    pub(super) fn run<'i>(&self, index: &'i Index, collector: &mut Collector<'i>) {
        for (number, part) in index.parts.iter().enumerate() {
            self.scan_part(number, part, collector);
        }
        for (at, draft) in index.tail.iter().enumerate() {
            let Some(distance_m) = self.admit(&draft.hot, &draft.cold, draft.offerable, false) else {
                continue;
            };
            let Some(points) = tail::points(draft, &self.query.terms, self.any_term) else { continue };
            let standing =
                standing(points, draft.offerable, self.circle.map(|_| distance_m), &draft.hot, &draft.cold);
            collector.offer(standing.key(self.query.fields.sort), Place::Tail(at), || draft.job);
            collector.counter.add(&draft.hot, &draft.cold, &draft.row);
        }
    }

    fn scan_part<'i>(&self, number: usize, part: &'i Part, collector: &mut Collector<'i>) {
        let segment = &*part.segment;
        let admit = |at: usize, inside: bool| {
            self.admit(&segment.hot[at], &segment.cold[at], part.live.value(at), inside)
        };
        let mut take = |at: usize, points: u32, distance_m: u32| {
            let (hot, cold, offerable) = (&segment.hot[at], &segment.cold[at], part.live.value(at));
            let standing = standing(points, offerable, self.circle.map(|_| distance_m), hot, cold);
            collector
                .offer(standing.key(self.query.fields.sort), Place::Part(number, at), || segment.jobs[at]);
            collector.counter.add(hot, cold, &segment.rows[at]);
        };
        if self.any_term {
            for (at, points) in any_matches(segment, &self.query.terms) {
                if let Some(distance_m) = admit(at, false) {
                    take(at, points, distance_m);
                }
            }
            return;
        }
        let Some(lists) = Lists::of(segment, &self.query.terms, self.category) else { return };
        let shortest = lists.probes.first().map(|probe| probe.list.len());
        let spans = match &self.circle {
            Some(circle) if shortest.is_none_or(|length| length > SHORT_LIST) => {
                place::cover(&segment.cells, circle)
            }
            Some(_) | None => vec![segment.everywhere()],
        };
        let covered: usize = spans.iter().map(|span| span.to - span.from).sum();
        if self.query.terms.is_empty() && shortest.is_none_or(|length| length > covered) {
            for span in spans {
                for at in span.from..span.to {
                    if let Some(distance_m) = admit(at, span.inside) {
                        take(at, 0, distance_m);
                    }
                }
            }
            return;
        }
        lists.each_match(&spans, admit, take);
    }

    /// Tests all but the words; gives the distance, or 0 where the order does not need it.
    #[inline]
    fn admit(&self, hot: &Hot, cold: &Cold, offerable: u32, inside: bool) -> Option<u32> {
        let fields = &self.query.fields;
        if offerable == DEAD || !hot.open || hot.start_at <= self.now || !hot.flags.contains(fields.flags_all)
        {
            return None;
        }
        if offerable == 0 && fields.availability == Availability::ConfirmableHere {
            return None;
        }
        if fields.start_after.is_some_and(|after| hot.start_at < after)
            || fields.start_before.is_some_and(|before| hot.start_at >= before)
        {
            return None;
        }
        if self.reads_cold
            && (fields.pay_min.is_some_and(|least| cold.pay < least)
                || self.category.is_some_and(|category| cold.category != category)
                || self.language.is_some_and(|language| cold.language != language))
        {
            return None;
        }
        let Some(circle) = &self.circle else { return Some(0) };
        if inside && !self.ranks_by_distance {
            return Some(0);
        }
        if !hot.placed {
            return circle.placeless.then_some(circle.radius_m);
        }
        let distance_m = circle.distance_m(hot.lat_e6, hot.lon_e6);
        (distance_m <= circle.radius_m).then_some(distance_m)
    }
}

#[inline]
fn standing(points: u32, offerable: u32, distance_m: Option<u32>, hot: &Hot, cold: &Cold) -> Standing {
    Standing {
        points,
        confirmable: offerable > 0,
        distance_m,
        start_at: hot.start_at,
        pay: cold.pay,
        created_at: cold.created_at,
    }
}

/// The points of a row for a phrase, by reading its text.
pub(super) fn phrase_points(row: &JobRow, phrase: &[char]) -> Option<u32> {
    if text::has_phrase(&row.title, phrase) {
        return Some(TITLE_POINTS);
    }
    text::has_phrase(&row.text, phrase).then_some(TEXT_POINTS)
}

/// Every row that has at least one of the terms, with its points, ascending.
fn any_matches(segment: &Segment, terms: &[Term]) -> Vec<(usize, u32)> {
    let mut matches = Vec::new();
    for term in terms {
        if let Some(lists) = Lists::of(segment, slice::from_ref(term), None) {
            lists.each_match(
                &[segment.everywhere()],
                |_, _| Some(0),
                |at, points, _| matches.push((at, points)),
            );
        }
    }
    matches.sort_unstable();
    matches.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        kept.1 += if same { next.1 } else { 0 };
        same
    });
    matches
}

struct Probe<'s> {
    list: Cow<'s, [u32]>,
    /// Whether the list stands for a whole term, so that its postings give points.
    scores: bool,
}

/// The postings that a row must be in, the shortest first, and the phrases that its text must have.
struct Lists<'s, 'q> {
    segment: &'s Segment,
    probes: Vec<Probe<'s>>,
    phrases: Vec<&'q [char]>,
}

impl<'s, 'q> Lists<'s, 'q> {
    /// Finds the lists; none where one of them is empty.
    fn of(segment: &'s Segment, terms: &'q [Term], category: Option<u64>) -> Option<Self> {
        let mut probes = Vec::new();
        let mut phrases = Vec::new();
        let mut add = |list: Cow<'s, [u32]>, scores| {
            let found = !list.is_empty();
            probes.push(Probe { list, scores });
            found.then_some(())
        };
        if let Some(key) = category {
            add(segment.postings(key).into(), false)?;
        }
        for term in terms {
            match term {
                Term::Key(key) => add(segment.postings(*key).into(), true)?,
                Term::Character(c) => {
                    let (first, last) = text::keys_of_character(*c);
                    add(segment.postings_within(first, last), true)?;
                }
                Term::Phrase(phrase, keys) => {
                    keys.iter().try_for_each(|&key| add(segment.postings(key).into(), false))?;
                    phrases.push(&phrase[..]);
                }
            }
        }
        probes.sort_by_key(|probe| probe.list.len());
        Some(Self { segment, probes, phrases })
    }

    /// Visits the rows within the spans that are in every list: first asks to admit, then probes, then gives away.
    fn each_match(
        &self,
        spans: &[Span],
        admit: impl Fn(usize, bool) -> Option<u32>,
        mut take: impl FnMut(usize, u32, u32),
    ) {
        let Some((driver, others)) = self.probes.split_first() else { return };
        let mut rest: Vec<&[u32]> = others.iter().map(|probe| &probe.list[..]).collect();
        let mut driving = &driver.list[..];
        for span in spans {
            driving = skip_to(driving, span.from);
            while let Some((&posting, next)) = driving.split_first() {
                let at = (posting >> 1) as usize;
                if at >= span.to {
                    break;
                }
                driving = next;
                let Some(distance_m) = admit(at, span.inside) else { continue };
                let first = if driver.scores { posting_points(posting) } else { 0 };
                let Some(points) = probe(others, &mut rest, at) else { continue };
                let Some(verified) = self.verify(at) else { continue };
                take(at, first + points + verified, distance_m);
            }
        }
    }

    fn verify(&self, at: usize) -> Option<u32> {
        let row = &self.segment.rows[at];
        self.phrases.iter().map(|phrase| phrase_points(row, phrase)).sum()
    }
}

/// Moves every list up to the row and sums its points; none where a list does not have the row.
fn probe(probes: &[Probe<'_>], rest: &mut [&[u32]], at: usize) -> Option<u32> {
    let mut points = 0;
    for (probe, list) in probes.iter().zip(rest) {
        *list = skip_to(list, at);
        let posting = *list.first().filter(|&&posting| (posting >> 1) as usize == at)?;
        points += if probe.scores { posting_points(posting) } else { 0 };
    }
    Some(points)
}

fn posting_points(posting: u32) -> u32 {
    if posting & 1 == 1 { TITLE_POINTS } else { TEXT_POINTS }
}

/// Drops the postings before a row, by steps that double.
fn skip_to(list: &[u32], at: usize) -> &[u32] {
    let before = |posting: &u32| ((*posting >> 1) as usize) < at;
    let mut step = 1;
    while list.get(step - 1).is_some_and(before) {
        step *= 2;
    }
    let from = step / 2;
    let to = step.min(list.len());
    let from = from.min(to);
    &list[from + list[from..to].partition_point(before)..]
}
