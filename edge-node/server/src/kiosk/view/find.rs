//! Tiles that find work: days first, then kinds of work, then words of titles. No keyboard is needed.

use std::borrow::Borrow;

use askama::{Template, filters::Safe};

use super::{Filter, Frame, Line, When, Words};
use crate::kiosk::link;

/// Something to look for, and how many jobs near by have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tile {
    /// A category as jobs name it, or a word of their titles.
    pub(crate) name: String,
    /// Jobs that have it.
    pub(crate) total: u32,
}

/// The tiles.
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/find.html")]
pub(crate) struct FindPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// Day and "only on the spot", which every tile keeps.
    pub(crate) filter: Filter,
    /// Jobs under that filter.
    pub(crate) total: u32,
    /// Kinds of work that there are, most first.
    pub(crate) kinds: Vec<Tile>,
    /// Words of titles, most frequent first.
    pub(crate) words: Vec<Tile>,
}

impl FindPage {
    fn when_href(&self, when: impl Borrow<When>) -> String {
        Filter { when: *when.borrow(), ..self.filter.clone() }.tiles().href(self.frame.choice)
    }

    fn here_href(&self) -> String {
        Filter { here_only: !self.filter.here_only, ..self.filter.clone() }.tiles().href(self.frame.choice)
    }

    fn all_href(&self) -> String {
        self.filter.link().href(self.frame.choice)
    }

    fn kind_href(&self, kind: &str) -> String {
        Filter { kind: kind.to_owned(), ..self.filter.clone() }.link().href(self.frame.choice)
    }

    fn word_href(&self, word: &str) -> String {
        Filter { q: word.to_owned(), ..self.filter.clone() }.link().href(self.frame.choice)
    }

    fn when_words(&self, when: &When) -> Safe<String> {
        when.words(&self.frame)
    }

    fn kind_words(&self, kind: &str) -> Safe<String> {
        kind_words(self.frame.words(), kind)
    }
}

/// Names a kind of work as the reader would; one that is not known here by its own name.
pub(crate) fn kind_words(words: Words, kind: &str) -> Safe<String> {
    match kind {
        "cleaning" => words.t("kind-cleaning"),
        "construction" => words.t("kind-construction"),
        "delivery" => words.t("kind-delivery"),
        "factory" => words.t("kind-factory"),
        "farming" => words.t("kind-farming"),
        "kitchen" => words.t("kind-kitchen"),
        "loading" => words.t("kind-loading"),
        "moving" => words.t("kind-moving"),
        "packing" => words.t("kind-packing"),
        "retail" => words.t("kind-retail"),
        "security" => words.t("kind-security"),
        "serving" => words.t("kind-serving"),
        "sorting" => words.t("kind-sorting"),
        "warehouse" => words.t("kind-warehouse"),
        "other" => words.t("kind-other"),
        named => Safe(super::escape(named)),
    }
}
