//! Messages with their numbers and names put in, and how pages write times and icons.

use crate::Lang;
use askama::filters::Safe;
use fluent_bundle::{FluentArgs, FluentValue};
use jiff::civil::{Date, DateTime};
use std::borrow::Borrow;

/// The words of one language, with the numbers and names of a page put in.
#[derive(Debug, Clone, Copy)]
pub struct Words(pub Lang);

impl Words {
    pub fn t(self, key: &str) -> Safe<String> {
        self.with(key, &[])
    }

    pub fn t_n(self, key: &str, n: impl Borrow<u32>) -> Safe<String> {
        self.with(key, &[("n", FluentValue::from(*n.borrow()))])
    }

    pub fn t_a(self, key: &str, a: impl AsRef<str>) -> Safe<String> {
        self.with(key, &[("a", FluentValue::from(a.as_ref()))])
    }

    pub fn t_ab(self, key: &str, a: impl AsRef<str>, b: impl AsRef<str>) -> Safe<String> {
        self.with(key, &[("a", FluentValue::from(a.as_ref())), ("b", FluentValue::from(b.as_ref()))])
    }

    pub fn date(self, date: Date) -> String {
        let args = [
            ("m", FluentValue::from(date.month())),
            ("d", FluentValue::from(date.day())),
            ("w", FluentValue::from(date.weekday().to_monday_one_offset())),
        ];
        self.with("date", &args).0
    }

    /// Fills a message; its own markup is kept and what is put in is escaped.
    pub fn with(self, key: &str, values: &[(&str, FluentValue<'_>)]) -> Safe<String> {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            if let FluentValue::String(text) = value {
                args.set(*name, escape(text));
            } else {
                args.set(*name, value.clone());
            }
        }
        Safe(self.0.say(key, &args))
    }
}

/// Text as it may stand in a page.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            plain => out.push(plain),
        }
    }
    out
}

/// Draws a named icon of the sprite; the word beside it carries the meaning.
pub fn icon(name: &str) -> Safe<String> {
    Safe(format!(r##"<svg class="i" aria-hidden="true"><use href="#{name}"/></svg>"##))
}

/// A time of day as every page writes it.
pub fn hm(at: &DateTime) -> String {
    at.strftime("%H:%M").to_string()
}

/// Base64 with the URL alphabet, without padding (RFC 4648, section 5).
pub fn base64url(bytes: &[u8]) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes)
}
