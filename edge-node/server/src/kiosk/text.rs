//! The words of the kiosk in each language, from Fluent files embedded at compile time.
//!
//! Templates name a message by its key; a test holds the languages to one set of keys.

use std::sync::LazyLock;

use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};

/// A language that the kiosk speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Lang {
    /// Simplified Chinese, which a kiosk speaks until asked otherwise.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    /// Every language, in the order in which the start page offers them.
    pub(crate) const ALL: [Self; 2] = [Self::Zh, Self::En];

    /// Returns the value used for this language in addresses.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    /// Returns the BCP 47 tag for the `lang` attribute.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// Reads the `lang` value of an address, or `None` for a language that is not installed.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.code() == code)
    }

    /// Returns the language that the head of a page offers to switch to.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Zh => Self::En,
            Self::En => Self::Zh,
        }
    }

    fn source(self) -> &'static str {
        match self {
            Self::Zh => concat!(
                include_str!("../../locales/zh.ftl"),
                "\n",
                include_str!("../../locales/worker.zh.ftl")
            ),
            Self::En => concat!(
                include_str!("../../locales/en.ftl"),
                "\n",
                include_str!("../../locales/worker.en.ftl")
            ),
        }
    }

    fn bundle(self) -> &'static Bundle {
        static ZH: LazyLock<Bundle> = LazyLock::new(|| parse(Lang::Zh));
        static EN: LazyLock<Bundle> = LazyLock::new(|| parse(Lang::En));
        match self {
            Self::Zh => &ZH,
            Self::En => &EN,
        }
    }

    /// Returns the message `key` with its arguments filled in, or the key itself if there is none.
    pub(crate) fn say(self, key: &str, args: &FluentArgs<'_>) -> String {
        let bundle = self.bundle();
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        let mut errors = Vec::new();
        bundle.format_pattern(pattern, Some(args), &mut errors).into_owned()
    }
}

type Bundle = FluentBundle<FluentResource>;

fn parse(lang: Lang) -> Bundle {
    // A broken entry loses only itself; the tests read the errors that are dropped here.
    let resource = match FluentResource::try_new(lang.source().to_owned()) {
        Ok(resource) | Err((resource, _)) => resource,
    };
    let mut bundle = Bundle::new_concurrent(vec![lang.tag().parse().unwrap_or_default()]);
    // Isolation marks would show as boxes on the thermal printer and break text search.
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    bundle
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn keys(source: &str) -> BTreeSet<&str> {
        source
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(|line| line.split_once(" ="))
            .map(|(key, _)| key)
            .collect()
    }

    fn variables(source: &str, key: &str) -> BTreeSet<char> {
        let start = format!("{key} =");
        let mut lines = source.lines().skip_while(|line| !line.starts_with(&start));
        let first = lines.next().unwrap_or_default();
        let rest = lines.take_while(|line| line.starts_with([' ', '}']));
        std::iter::once(first)
            .chain(rest)
            .flat_map(|line| line.split('$').skip(1))
            .filter_map(|after| after.chars().next())
            .collect()
    }

    #[test]
    fn every_file_parses_without_an_error() {
        for lang in Lang::ALL {
            let parsed = FluentResource::try_new(lang.source().to_owned());
            assert!(parsed.is_ok(), "{lang:?}: {:?}", parsed.err().map(|e| e.1));
        }
    }

    #[test]
    fn languages_have_the_same_keys_and_variables() {
        let (zh, en) = (Lang::Zh.source(), Lang::En.source());
        assert_eq!(keys(zh), keys(en));
        for key in keys(zh) {
            assert_eq!(variables(zh, key), variables(en, key), "{key}");
        }
    }

    #[test]
    fn every_key_is_used_and_every_used_key_exists() {
        let here = env!("CARGO_MANIFEST_DIR");
        let mut used = BTreeSet::new();
        let mut texts = Vec::new();
        for dir in ["templates/kiosk", "src/kiosk/view", "src/kiosk"] {
            for entry in std::fs::read_dir(format!("{here}/{dir}")).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() && !path.ends_with("tests.rs") && !path.ends_with("text.rs") {
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
        for pair in ["here", "job", "page", "q", "when"] {
            // Query pairs of links are added by a method of the same name.
            used.remove(pair);
        }
        let known = keys(Lang::Zh.source());
        assert_eq!(used.difference(&known).collect::<Vec<_>>(), [&""; 0]);
        assert_eq!(known.difference(&used).collect::<Vec<_>>(), [&""; 0]);
    }

    #[test]
    fn english_counts_agree() {
        let mut args = FluentArgs::new();
        args.set("n", 1);
        assert_eq!(Lang::En.say("count-today", &args), "1 job today");
        args.set("n", 7);
        assert_eq!(Lang::En.say("count-today", &args), "7 jobs today");
    }
}
