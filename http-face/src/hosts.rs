//! Under which names a server answers. A name that another site made to point here (DNS rebinding) is none of them: a page
//! of that site would else read what it says, as if it were its own.

use crate::outermost::{Answer, Refusal};
use axum::{
    extract::{Request, State},
    http::{StatusCode, header, uri::Authority},
    middleware::Next,
    response::Response,
};
use std::{fmt, net::IpAddr, sync::Arc};

/// Whether somebody vouches for a name, as a certificate does.
type IsVouched = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// The names of a server beside those that every one has: addresses, `localhost`, and names of the hall's own network
/// (`*.local`), which no other site can give.
#[derive(Clone)]
pub struct Hosts {
    named: Arc<[String]>,
    is_vouched: IsVouched,
}

impl Hosts {
    /// Names that the operator gave, each from [`host_name`].
    #[must_use]
    pub fn named(names: &[String]) -> Self {
        Self { named: names.into(), is_vouched: Arc::new(|_| false) }
    }

    /// The same, and each name that is vouched for when it is asked about.
    #[must_use]
    pub fn or_vouched(self, is_vouched: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self { is_vouched: Arc::new(is_vouched), ..self }
    }

    /// Whether a host, perhaps with a port, is this server.
    fn is_own(&self, host: &Authority) -> bool {
        // Who is named before an @ is no part of a host, and no browser sends it.
        if host.as_str().contains('@') {
            return false;
        }
        let name = host.host().to_ascii_lowercase();
        let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&name);
        if address.parse::<IpAddr>().is_ok() {
            return true;
        }
        let name = name.strip_suffix('.').unwrap_or(&name);
        name == "localhost"
            || name.strip_suffix(".local").is_some_and(|label| !label.is_empty())
            || self.named.iter().any(|known| known == name)
            || (self.is_vouched)(name)
    }

    /// The first host of a request that is not this server, as far as it can be told; empty where it names none.
    fn foreign(&self, request: &Request) -> Option<String> {
        let heads = request.headers().get_all(header::HOST).iter();
        let mut hosts: Vec<Result<Authority, String>> = heads
            .map(|host| {
                Authority::try_from(host.as_bytes())
                    .map_err(|_| String::from_utf8_lossy(host.as_bytes()).into_owned())
            })
            .collect();
        // In HTTP/2, and where a whole address is asked for, it stands there.
        hosts.extend(request.uri().authority().cloned().map(Ok));
        if hosts.is_empty() {
            return Some(String::new());
        }
        hosts.into_iter().find_map(|host| match host {
            Ok(host) if self.is_own(&host) => None,
            Ok(host) => Some(host.to_string()),
            Err(text) => Some(text),
        })
    }
}

impl fmt::Debug for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hosts").field(&self.named).finish()
    }
}

/// Reads a name that an operator gives.
///
/// # Errors
/// Says what to give where it is no name alone.
pub fn host_name(text: &str) -> Result<String, String> {
    let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
    let is_name = !name.is_empty()
        && name.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        });
    if is_name {
        Ok(name)
    } else {
        Err(format!("`{text}` is no name; give one without scheme, port and path, such as jobs.example"))
    }
}

/// Longest host that is repeated in an answer, characters.
const HOST_CHARS_MAX: usize = 80;

/// Turns away what was sent to a name that is not this server's (RFC 9110, 15.5.20), before anything else looks at it.
pub async fn own_host(
    State((hosts, answer)): State<(Hosts, Answer)>,
    request: Request,
    next: Next,
) -> Response {
    let Some(host) = hosts.foreign(&request) else { return next.run(request).await };
    let host: String = host.chars().take(HOST_CHARS_MAX).collect();
    let detail = if host.is_empty() {
        "the request names no host; send Host with the address or the name that was asked for".to_owned()
    } else {
        let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
        format!(
            "this server does not know itself as {host}; ask for it by its address, or let the operator start it with --host-name {name}"
        )
    };
    answer(Refusal::Refused { status: StatusCode::MISDIRECTED_REQUEST, detail })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Router, body::Body, middleware, response::IntoResponse, routing::get};
    use tower::ServiceExt;

    fn answer(refusal: Refusal) -> Response {
        let Refusal::Refused { status, detail } = refusal else { panic!("{refusal:?}") };
        (status, detail).into_response()
    }

    async fn ask(uri: &str, hosts: &[&str]) -> (u16, String) {
        let own =
            Hosts::named(&[host_name("Jobs.Example").unwrap()]).or_vouched(|name| name == "hall.example");
        let router = Router::new().route("/near", get(|| async { "jobs near me" }));
        let router = router.layer(middleware::from_fn_with_state((own, answer as Answer), own_host));
        let mut request = Request::get(uri);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        let answered = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = answered.status().as_u16();
        let body = axum::body::to_bytes(answered.into_body(), 1 << 16).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_server_answers_under_its_own_names_alone() {
        for (host, why, status) in [
            ("127.0.0.1:7080", "the kiosk's screen", 200),
            ("192.0.2.7", "a phone in the hall, by address", 200),
            ("[::1]:7080", "the same in six", 200),
            ("[2001:db8::7]", "without a port", 200),
            ("localhost:7080", "the box itself", 200),
            ("LOCALHOST", "in any letters", 200),
            ("hall-3.local:8443", "a name that the hall's network gives", 200),
            ("jobs.example", "the operator's --host-name", 200),
            ("JOBS.example.:443", "the same as some write it", 200),
            ("hall.example:8443", "a name of the certificate", 200),
            ("rebound.example:7080", "a foreign name that points here", 421),
            ("127.0.0.1.rebound.example", "one that looks like an address", 421),
            ("localhost.rebound.example", "one that looks like the box", 421),
            ("my.jobs.example", "below the operator's name", 421),
            ("notlocal", "no name of a network", 421),
            (".local", "no label", 421),
            ("jobs.example@rebound.example", "with somebody before it", 421),
            ("rebound.example@127.0.0.1", "the other way round", 421),
            ("jobs example", "no host", 421),
            ("", "empty", 421),
        ] {
            assert_eq!(ask("/near", &[host]).await.0, status, "{host}: {why}");
        }
    }

    #[tokio::test]
    async fn every_host_that_a_request_names_is_this_server() {
        for (uri, hosts, status) in [
            ("http://127.0.0.1:7080/near", &["127.0.0.1:7080"][..], 200),
            ("http://127.0.0.1:7080/near", &[], 200),
            ("http://rebound.example/near", &["127.0.0.1:7080"], 421),
            ("http://127.0.0.1:7080/near", &["rebound.example"], 421),
            ("/near", &["127.0.0.1", "rebound.example"], 421),
            ("/near", &[], 421),
        ] {
            assert_eq!(ask(uri, hosts).await.0, status, "{uri} {hosts:?}");
        }
    }

    #[tokio::test]
    async fn who_is_turned_away_reads_what_mends_it() {
        let (_, said) = ask("/near", &["hall-9.example:8443"]).await;
        assert!(said.contains("--host-name hall-9.example"), "{said}");
        assert!(ask("/near", &[]).await.1.contains("send Host"));
        assert!(ask("/near", &[&"a".repeat(4_000)]).await.1.len() < 400);
    }

    #[test]
    fn an_operator_gives_names_alone() {
        for (text, expected) in [
            ("jobs.example", Some("jobs.example")),
            ("Jobs.Example.", Some("jobs.example")),
            ("hall-3", Some("hall-3")),
            ("https://jobs.example", None),
            ("jobs.example:443", None),
            ("*.example", None),
            ("jobs..example", None),
            ("", None),
        ] {
            assert_eq!(host_name(text).ok().as_deref(), expected, "{text}");
        }
    }
}
