//! The caller's trace (W3C Trace Context): its id stands in the log lines of its request and its header in the answer.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

const HEADER: HeaderName = HeaderName::from_static("traceparent");

/// A trace that a request belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Trace(HeaderValue);

impl Trace {
    /// The request's trace. A header that breaks the rules is passed over, as the standard asks.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(HEADER).iter();
        let value = values.next().filter(|_| values.next().is_none())?;
        is_valid(value.to_str().ok()?).then(|| Self(value.clone()))
    }

    /// 32 hexadecimal digits.
    pub(crate) fn id(&self) -> &str {
        self.0.to_str().ok().and_then(|text| text.split('-').nth(1)).unwrap_or_default()
    }

    /// Says in the answer which trace it belongs to.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        headers.entry(HEADER).or_insert(self.0);
    }
}

/// Version, trace, parent and flags. A later version may have more after them, and is read as far as it is known.
fn is_valid(text: &str) -> bool {
    let hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let named = |part: &str, digits: usize| hex(part, digits) && part.bytes().any(|byte| byte != b'0');
    let mut parts = text.splitn(5, '-');
    let mut next = || parts.next().unwrap_or_default();
    let (version, trace, parent, flags) = (next(), next(), next(), next());
    hex(version, 2)
        && version != "ff"
        && named(trace, 32)
        && named(parent, 16)
        && hex(flags, 2)
        && (version != "00" || parts.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: bool) {
        assert_eq!(is_valid(text), expected, "{text}");
    }

    #[test]
    fn only_what_the_standard_allows_is_passed_through() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        check(&format!("00-{trace}-00f067aa0ba902b7-01"), true);
        check(&format!("01-{trace}-00f067aa0ba902b7-01-more"), true);
        check(&format!("00-{trace}-00f067aa0ba902b7-01-more"), false);
        check(&format!("ff-{trace}-00f067aa0ba902b7-01"), false);
        check(&format!("00-{trace}-0000000000000000-01"), false);
        check("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false);
        check(&format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()), false);
        check(&format!("00-{trace}-00f067aa0ba902b7"), false);
        check("", false);
    }
}
