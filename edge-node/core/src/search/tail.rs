//! Matching of single rows by their own terms, for the rows that no segment holds yet.

use super::{
    row::Draft,
    scan::{self, TEXT_POINTS, TITLE_POINTS},
    text::{self, Term},
};

/// The points of a row, or none where it does not have what the terms ask for.
pub(super) fn points(draft: &Draft, terms: &[Term], any_term: bool) -> Option<u32> {
    let mut sum = 0;
    let mut any = terms.is_empty();
    for term in terms {
        match term_points(draft, term) {
            Some(points) => {
                sum += points;
                any = true;
            }
            None if any_term => {}
            None => return None,
        }
    }
    any.then_some(sum)
}

fn term_points(draft: &Draft, term: &Term) -> Option<u32> {
    match term {
        Term::Key(key) => within(draft, *key, *key),
        Term::Character(c) => {
            let (first, last) = text::keys_of_character(*c);
            within(draft, first, last)
        }
        Term::Phrase(phrase, keys) => {
            let has_pairs = keys.iter().all(|&key| within(draft, key, key).is_some());
            has_pairs.then(|| scan::phrase_points(&draft.row, phrase)).flatten()
        }
    }
}

fn within(draft: &Draft, first: u64, last: u64) -> Option<u32> {
    let from = draft.terms.partition_point(|&(key, _)| key < first);
    let found = draft.terms[from..].iter().take_while(|&&(key, _)| key <= last);
    found.map(|&(_, in_title)| if in_title { TITLE_POINTS } else { TEXT_POINTS }).max()
}
