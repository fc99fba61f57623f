//! What a caller would rather have, by the lists and weights of RFC 9110, and which tags it knows.

use axum::http::{HeaderMap, HeaderName, header};

/// Members of a list, in small letters, with their weights in thousandths. What cannot be read weighs nothing.
fn weighed(headers: &HeaderMap, name: &HeaderName) -> Vec<(String, u32)> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    let members = lines.flat_map(|line| line.split(',')).filter(|member| !member.trim().is_empty());
    members
        .map(|member| {
            let mut parts = member.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            let told = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            (name, told.map_or(1_000, thousandths))
        })
        .collect()
}

/// A weight of three decimals at most.
fn thousandths(text: &str) -> u32 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    match whole {
        "1" => 1_000,
        "0" if part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{part:0<3}").parse().unwrap_or(0)
        }
        _ => 0,
    }
}

fn weight(of: &[(String, u32)], name: &str) -> Option<u32> {
    of.iter().find(|(known, _)| known == name).map(|(_, weight)| *weight)
}

/// Whether an answer may be packed with gzip.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let codings = weighed(headers, &header::ACCEPT_ENCODING);
    let named = weight(&codings, "gzip").or_else(|| weight(&codings, "x-gzip"));
    let gzip = named.or_else(|| weight(&codings, "*")).unwrap_or(0);
    gzip > 0 && gzip >= weight(&codings, "identity").unwrap_or(0)
}

/// Whether a caller would rather have the one media type than the other; who says nothing has no wish.
#[must_use]
pub fn prefers(headers: &HeaderMap, one: &str, other: &str) -> bool {
    let kinds = weighed(headers, &header::ACCEPT);
    let wish = |kind: &str| {
        let any = kind.split('/').next().map(|family| format!("{family}/*")).unwrap_or_default();
        let named = weight(&kinds, kind).or_else(|| weight(&kinds, &any));
        named.or_else(|| weight(&kinds, "*/*")).unwrap_or(0)
    };
    wish(one) > wish(other)
}

/// What a caller has of an answer already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Has {
    /// Nothing, or something else.
    Other,
    /// This very one.
    This,
    /// Any, whatever its tag (`*`).
    Any,
}

/// Compares `If-None-Match` with the tag of an answer. Tags are compared weakly: what stands in the quotes counts.
#[must_use]
pub fn has(headers: &HeaderMap, tag: &str) -> Has {
    let opaque = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
    let lines = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    for line in lines {
        if line.trim() == "*" {
            return Has::Any;
        }
        if tags(line).any(|known| opaque(known) == opaque(tag)) {
            return Has::This;
        }
    }
    Has::Other
}

/// The tags of a list, which may have commas within their quotes. It ends at what is none.
fn tags(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let begins = if rest.starts_with("W/") { 2 } else { 0 };
        let quoted = rest.get(begins..)?.strip_prefix('"')?;
        let (tag, after) = rest.split_at_checked(begins + 1 + quoted.find('"')? + 1)?;
        rest = after;
        Some(tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn with(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    fn check_tag(known: &'static str, expected: Has) {
        assert_eq!(has(&with(header::IF_NONE_MATCH, known), "W/\"ab,1\""), expected, "{known}");
    }

    #[test]
    fn a_tag_is_known_by_what_stands_in_its_quotes() {
        check_tag("\"ab,1\"", Has::This);
        check_tag("W/\"ab,1\"", Has::This);
        check_tag("\"x\", W/\"y\" ,\"ab,1\"", Has::This);
        check_tag("*", Has::Any);
        check_tag("\"x\", \"ab\"", Has::Other);
        check_tag("ab,1", Has::Other);
        check_tag("\"ab,1", Has::Other);
        check_tag("w/\"ab,1\"", Has::Other);
        check_tag("", Has::Other);
        assert_eq!(has(&HeaderMap::new(), "\"a\""), Has::Other);
    }

    fn check_gzip(accepts: &'static str, expected: bool) {
        assert_eq!(takes_gzip(&with(header::ACCEPT_ENCODING, accepts)), expected, "{accepts}");
    }

    #[test]
    fn gzip_is_taken_where_it_is_asked_for() {
        check_gzip("gzip, deflate, br, zstd", true);
        check_gzip("GZIP;q=0.5", true);
        check_gzip("x-gzip", true);
        check_gzip("*", true);
        check_gzip("br, *;q=0.1", true);
        check_gzip("gzip;q=0, *", false);
        check_gzip("identity, gzip;q=0.5", false);
        check_gzip("br", false);
        check_gzip("gzip;q=much", false);
        check_gzip("", false);
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    fn check_kind(accepts: &'static str, expected: bool) {
        let headers = with(header::ACCEPT, accepts);
        assert_eq!(prefers(&headers, "application/ld+json", "application/json"), expected, "{accepts}");
    }

    #[test]
    fn the_other_form_is_given_to_who_would_rather_have_it() {
        check_kind("application/ld+json", true);
        check_kind("application/ld+json;profile=\"x\", application/json;q=0.9", true);
        check_kind("application/json;q=0.5, */*;q=0.8", true);
        check_kind("application/json, application/ld+json", false);
        check_kind("application/ld+json;q=0", false);
        check_kind("application/*", false);
        check_kind("text/html, */*", false);
        check_kind("", false);
    }
}
