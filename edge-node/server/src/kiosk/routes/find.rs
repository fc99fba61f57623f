//! Finding work without a keyboard: the kinds of work that there are here, and the words of their titles.

use std::collections::BTreeMap;

use axum::{extract::State, http::StatusCode, response::Response};
use edge_core::search::{Facets, Page};

use super::{
    aloud,
    ask::Ask,
    cards::title,
    list::{Wanted, around, best_day, count, filter},
    show,
};
use crate::{
    app::App,
    kiosk::view::{Filter, FindPage, Tile, near_page_size, spoken},
};
use pages::Lang;

/// Titles that are looked through for words: those of the nearest jobs.
const TITLES_MAX: usize = 100;
const KINDS_SHOWN_MAX: usize = 14;
const WORDS_SHOWN_MAX: usize = 12;
/// Characters of a word that fits a tile.
const WORD_CHARS_MAX: usize = 16;
/// Shorter words of an alphabet are articles and abbreviations.
const WORD_CHARS_MIN: usize = 4;

/// `GET /find`.
pub(super) async fn find(State(app): State<App>, ask: Ask) -> Response {
    let (when, mut filter) = filter(&ask);
    filter.here_only &= app.shared.takes_nobody().is_none();
    // A tile replaces the words and the kind that were looked for before it.
    filter = Filter {
        when: when.unwrap_or_else(|| best_day(&app)),
        here_only: filter.here_only,
        page: 1,
        ..Filter::default()
    };
    let wanted = Wanted { facets: Facets::CATEGORIES, most: TITLES_MAX, ..Wanted::filtered(&filter) };
    let found = around(&app, &wanted, near_page_size(ask.choice)).found;
    let mut frame = ask.frame(&app, filter.tiles());
    let index = app.shared.index();
    let rows = || found.hits.iter().filter_map(|hit| index.row(hit.job)).map(|(row, _)| row);
    frame.synthetic = app.shared.has_made_up_jobs();
    let words = words(rows().map(|row| title(&row.title, ask.choice.lang)), ask.choice.lang);
    let (kinds, lang) = (kinds(&found), ask.choice.lang);
    let said =
        std::iter::once(spoken::find(lang)).chain(kinds.iter().map(|kind| spoken::kind(lang, &kind.name)));
    frame.listen = aloud::clips(&app, lang, said);
    let page = FindPage { frame, kinds, words, total: count(found.total), filter };
    show(StatusCode::OK, &page)
}

/// The kinds of work with their counts, most first.
pub(super) fn kinds(found: &Page) -> Vec<Tile> {
    let mut kinds: Vec<Tile> = found
        .facets
        .categories
        .iter()
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, total)| Tile { name: name.clone(), total: count(*total) })
        .collect();
    kinds.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.name.cmp(&b.name)));
    kinds.truncate(KINDS_SHOWN_MAX);
    kinds
}

/// The most frequent words of some titles: whole titles of a script without spaces, else their longer words.
fn words(titles: impl Iterator<Item = String>, lang: Lang) -> Vec<Tile> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for title in titles {
        if title.is_ascii() || lang != Lang::ZH {
            let long = |word: &&str| (WORD_CHARS_MIN..=WORD_CHARS_MAX).contains(&word.chars().count());
            for word in title.split(|c: char| !c.is_alphanumeric()).filter(long) {
                *counts.entry(word.to_lowercase()).or_default() += 1;
            }
        } else if title.chars().count() <= WORD_CHARS_MAX / 2 {
            *counts.entry(title).or_default() += 1;
        }
    }
    let mut tiles: Vec<Tile> = counts.into_iter().map(|(name, total)| Tile { name, total }).collect();
    tiles.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.name.cmp(&b.name)));
    tiles.truncate(WORDS_SHOWN_MAX);
    tiles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(titles: &[&str], lang: Lang) -> Vec<String> {
        words(titles.iter().map(|title| (*title).to_owned()), lang)
            .into_iter()
            .map(|tile| tile.name)
            .collect()
    }

    #[test]
    fn words_of_titles_are_taken_by_script_and_by_number() {
        assert_eq!(found(&["分拣员", "搬运工", "分拣员"], Lang::ZH), ["分拣员", "搬运工"]);
        assert_eq!(
            found(&["School Nurse", "Nurse at a school", "Cook"], Lang::EN),
            ["nurse", "school", "cook"]
        );
        assert_eq!(found(&["Peón de la obra", "Peón"], Lang::EN), ["peón", "obra"]);
        assert_eq!(found(&["一个写了很多很多字的题目"], Lang::ZH), [""; 0]);
    }
}
