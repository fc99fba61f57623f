//! Forms: what a browser sent, whether one of our own pages sent it, and what each page's answer carries.

use axum::{
    extract::{ConnectInfo, Request},
    http::{HeaderMap, HeaderValue, Uri, header},
    middleware::Next,
    response::Response,
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Name and value pairs of a query or a form; of several with one name the first counts.
#[derive(Debug, Clone, Default)]
pub struct Pairs(Vec<(String, String)>);

impl Pairs {
    pub fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// The value of a name; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Whether a form was sent by another site's page.
///
/// Pages that send no referrer make browsers write `Origin: null`, so `Sec-Fetch-Site` decides where there is one.
pub fn is_foreign(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return !matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    match (origin.as_ref().and_then(Uri::authority), host) {
        (Some(origin), Some(host)) => !origin.as_str().eq_ignore_ascii_case(host),
        _ => true,
    }
}

/// Who sends a request. What a proxy on the same machine writes last into `X-Forwarded-For` is whom it had the request from.
pub fn caller(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let told = request.headers().get_all("x-forwarded-for").iter().next_back();
    let told = told.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
    // Nobody has it from the machine itself: a word that says so is its reader's own.
    let told = told.filter(|told| !told.to_canonical().is_loopback());
    if peer.is_loopback() { told.unwrap_or(peer) } else { peer }
}

/// Whether a proxy says that its reader came by HTTPS.
pub fn came_by_https(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|scheme| scheme.as_bytes().eq_ignore_ascii_case(b"https"))
}

/// Gives each answer the headers of a page.
pub async fn guard(request: Request, next: Next) -> Response {
    guarded(next.run(request).await)
}

/// The headers of a page: no script, nothing of other sites, no copy kept.
pub fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        is_foreign(&headers)
    }

    #[test]
    fn a_proxy_of_the_same_machine_names_its_reader() {
        let ask = |peer: &str, told: &[&'static str]| {
            let mut request = Request::new(axum::body::Body::empty());
            request.extensions_mut().insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
            for told in told {
                request.headers_mut().append("x-forwarded-for", HeaderValue::from_static(told));
            }
            caller(&request).to_string()
        };
        assert_eq!(ask("127.0.0.1:9", &[]), "127.0.0.1");
        assert_eq!(ask("127.0.0.1:9", &["1.2.3.4, 10.0.0.7"]), "10.0.0.7");
        assert_eq!(ask("127.0.0.1:9", &["1.2.3.4", "10.0.0.8"]), "10.0.0.8");
        assert_eq!(ask("127.0.0.1:9", &["nonsense"]), "127.0.0.1");
        assert_eq!(ask("127.0.0.1:9", &["127.0.0.7"]), "127.0.0.1");
        assert_eq!(ask("127.0.0.1:9", &["::ffff:127.0.0.7"]), "127.0.0.1");
        assert_eq!(ask("10.0.0.9:9", &["1.2.3.4"]), "10.0.0.9");
    }

    #[test]
    fn forms_of_other_sites_are_told_apart() {
        let host = ("host", "127.0.0.1:7080");
        assert!(!foreign(&[host]));
        assert!(!foreign(&[host, ("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(foreign(&[host, ("sec-fetch-site", "cross-site")]));
        assert!(foreign(&[host, ("sec-fetch-site", "same-site")]));
        assert!(!foreign(&[host, ("origin", "http://127.0.0.1:7080")]));
        assert!(foreign(&[host, ("origin", "http://127.0.0.1:7081")]));
        assert!(foreign(&[host, ("origin", "https://example.org")]));
        assert!(foreign(&[host, ("origin", "null")]));
        assert!(foreign(&[("origin", "http://127.0.0.1:7080")]));
    }
}
