//! The languages that this process speaks: two that are built in, and what an operator adds as files.
//!
//! Templates name a message by its key. A language that lacks one says it in English.

use std::sync::OnceLock;

use fluent_bundle::FluentArgs;

use crate::languages::{self, Language};

/// A language that the kiosk speaks: its place among those installed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lang(u8);

/// A process that installs none speaks all that are shipped.
static INSTALLED: OnceLock<Vec<Language>> = OnceLock::new();

fn installed() -> &'static [Language] {
    INSTALLED.get_or_init(languages::shipped)
}

/// Installs the languages of this process, once and before its first page.
pub fn install(added: Vec<Language>) {
    let all = languages::built_in().into_iter().chain(added).take(languages::INSTALLED_MAX).collect();
    // A second call would change nothing: pages hold places in the first list.
    drop(INSTALLED.set(all));
}

impl Lang {
    /// Simplified Chinese, which a kiosk speaks until asked otherwise.
    pub const ZH: Self = Self(0);
    /// English, which every other language falls back to.
    pub const EN: Self = Self(1);

    /// Every language, in the order in which the start page offers them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..installed().len()).filter_map(|place| u8::try_from(place).ok()).map(Self)
    }

    fn language(self) -> &'static Language {
        let all = installed();
        all.get(usize::from(self.0)).unwrap_or(&all[0])
    }

    /// Returns the value used for this language in addresses.
    pub fn code(self) -> &'static str {
        &self.language().code
    }

    /// Returns the BCP 47 tag for the `lang` attribute.
    pub fn tag(self) -> &'static str {
        &self.language().tag
    }

    /// Returns the direction of its script for the `dir` attribute.
    pub fn direction(self) -> &'static str {
        if self.language().is_rtl { "rtl" } else { "ltr" }
    }

    /// Reads the `lang` value of an address, or `None` for a language that is not installed.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::all().find(|lang| lang.code() == code)
    }

    /// Returns the language that the head of a page offers to switch to.
    pub fn next(self) -> Self {
        let place = usize::from(self.0) + 1;
        if place < installed().len() { u8::try_from(place).map_or(Self::ZH, Self) } else { Self::ZH }
    }

    /// Returns the message `key` with its arguments filled in; in English where this language lacks it, and the key
    /// itself if there is none.
    pub fn say(self, key: &str, args: &FluentArgs<'_>) -> String {
        let said = self.language().say(key, args).or_else(|| Self::EN.language().say(key, args));
        said.unwrap_or_else(|| key.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_key_is_used_and_every_used_key_exists() {
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/../edge-node/server");
        let mut used = BTreeSet::new();
        let mut texts = Vec::new();
        texts.push(include_str!("words.rs").to_owned());
        for dir in ["templates/kiosk", "src/kiosk/view", "src/kiosk"] {
            for entry in std::fs::read_dir(format!("{here}/{dir}")).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() && !path.ends_with("tests.rs") {
                    texts.push(std::fs::read_to_string(path).unwrap());
                }
            }
        }
        for text in &texts {
            for call in [".t(", ".t_n(", ".t_a(", ".t_ab(", ".t_na(", ".with("] {
                let calls = text.split(call).skip(1);
                let quoted = calls.filter_map(|after| after.trim_start().strip_prefix('"'));
                used.extend(quoted.filter_map(|after| after.split('"').next()));
            }
        }
        for pair in ["done", "here", "job", "kind", "page", "q", "view", "when"] {
            // Query pairs of links are added by a method of the same name.
            used.remove(pair);
        }
        let known = [languages::english_keys(), languages::worker_keys()].concat();
        let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
        // What messages say, for which there is no page.
        used.extend(["message-confirmed", "message-cancelled", "message-changed", "message-code"]);
        // What a file says of itself, where no page shows it.
        used.extend(["language-direction", "language-tag"]);
        assert_eq!(used.difference(&known).collect::<Vec<_>>(), [&""; 0]);
        assert_eq!(known.difference(&used).collect::<Vec<_>>(), [&""; 0]);
    }

    #[test]
    fn counts_agree() {
        let mut args = FluentArgs::new();
        args.set("n", 1);
        assert_eq!(Lang::EN.say("count-today", &args), "1 job today");
        args.set("n", 7);
        assert_eq!(Lang::EN.say("count-today", &args), "7 jobs today");
        let spanish = Lang::from_code("es").unwrap();
        assert_eq!(spanish.say("count-today", &args), "7 trabajos hoy");
        assert_eq!((spanish.next(), Lang::ZH.next()), (Lang::ZH, Lang::EN));
    }
}
