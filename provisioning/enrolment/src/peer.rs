//! The name that a node's certificate carries, written by the authority and read from a peer's certificate.

use sync_protocol::ids::Writer;
use x509_parser::{
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
};

use crate::{authority::Serial, limits::NAME_CHARS_MAX};

/// What a node's certificate says about its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSubject {
    /// The operator-named region: residency and rights.
    pub region: String,
    /// Node and incarnation.
    pub writer: Writer,
}

/// A peer as its verified certificate names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerIdentity {
    /// The cluster's name, as in the root certificate.
    pub trust_domain: String,
    /// The operator-named region: residency and rights.
    pub region: String,
    /// Node and incarnation.
    pub writer: Writer,
    /// Last second of validity, Unix time.
    pub not_after: u64,
    /// Names this one certificate, for the denylist.
    pub serial: Serial,
}

/// Why a certificate names no node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// The bytes are not one DER certificate.
    #[error("not an X.509 certificate")]
    Malformed,
    /// There is no URI among the alternative names, or more than one.
    #[error("the certificate has no URI name, or several")]
    Name,
    /// The URI is not `dayshift://<trust-domain>/region/<r>/node/<id>/incarnation/<i>`.
    #[error("the certificate's URI does not name a node")]
    NotANode,
    /// The serial is not one of the authority's 16-byte serials.
    #[error("the certificate's serial is not one that an authority gives")]
    Serial,
}

/// Reads the name from a certificate whose chain has been verified elsewhere; it verifies nothing itself.
pub fn parse_peer_certificate(der: &[u8]) -> Result<PeerIdentity, PeerError> {
    let certificate = parse_certificate(der)?;
    let uri = single_uri(&certificate)?;
    let (trust_domain, subject) = parse_node_uri(uri).ok_or(PeerError::NotANode)?;
    let not_after = certificate.validity().not_after.timestamp();
    Ok(PeerIdentity {
        trust_domain: trust_domain.to_owned(),
        region: subject.region,
        writer: subject.writer,
        not_after: u64::try_from(not_after).unwrap_or(0),
        serial: Serial::from_bytes(certificate.raw_serial()).ok_or(PeerError::Serial)?,
    })
}

/// Parses one certificate and nothing after it.
pub(crate) fn parse_certificate(der: &[u8]) -> Result<X509Certificate<'_>, PeerError> {
    match x509_parser::parse_x509_certificate(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(PeerError::Malformed),
    }
}

/// The only URI among the alternative names.
pub(crate) fn single_uri<'a>(certificate: &'a X509Certificate<'_>) -> Result<&'a str, PeerError> {
    let names = certificate.extensions().iter().flat_map(|extension| {
        if let ParsedExtension::SubjectAlternativeName(names) = extension.parsed_extension() {
            names.general_names.as_slice()
        } else {
            &[]
        }
    });
    let mut uris = names.filter_map(|name| if let GeneralName::URI(uri) = name { Some(*uri) } else { None });
    match (uris.next(), uris.next()) {
        (Some(uri), None) => Ok(uri),
        _ => Err(PeerError::Name),
    }
}

/// The URI of a node in a trust domain.
pub(crate) fn node_uri(trust_domain: &str, subject: &NodeSubject) -> String {
    let Writer { node, incarnation } = subject.writer;
    format!(
        "dayshift://{trust_domain}/region/{}/node/{}/incarnation/{}",
        subject.region, node.0, incarnation.0
    )
}

/// Whether the text can name a cluster or region: letters, digits, `.`, `_` and `-`, starting with a letter or digit.
#[must_use]
pub fn is_name(text: &str) -> bool {
    text.len() <= NAME_CHARS_MAX
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

fn parse_node_uri(uri: &str) -> Option<(&str, NodeSubject)> {
    let mut parts = uri.strip_prefix("dayshift://")?.split('/');
    let trust_domain = parts.next()?;
    let mut field = |label| (parts.next()? == label).then(|| parts.next()).flatten();
    let region = field("region")?.to_owned();
    let writer = Writer::new(field("node")?.parse().ok()?, field("incarnation")?.parse().ok()?);
    let subject = NodeSubject { region, writer };
    // Writing it again refuses every second spelling: leading zeros, signs, trailing parts.
    let sound = is_name(trust_domain) && is_name(&subject.region) && !writer.is_hub();
    (sound && node_uri(trust_domain, &subject) == uri).then_some((trust_domain, subject))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, node: Option<(&str, u32, u16)>) {
        let parsed = parse_node_uri(uri).map(|(_, s)| s);
        let expected = node.map(|(r, n, i)| NodeSubject { region: r.to_owned(), writer: Writer::new(n, i) });
        assert_eq!(parsed, expected, "{uri}");
    }

    #[test]
    fn only_one_spelling_names_a_node() {
        check("dayshift://c/region/north/node/7/incarnation/2", Some(("north", 7, 2)));
        check("dayshift://c/region/north/node/07/incarnation/2", None);
        check("dayshift://c/region/north/node/+7/incarnation/2", None);
        check("dayshift://c/region/north/node/0/incarnation/2", None);
        check("dayshift://c/region/north/node/7/incarnation/2/", None);
        check("dayshift://c/region//node/7/incarnation/2", None);
        check("dayshift://c/region/a b/node/7/incarnation/2", None);
        check("dayshift://c/hub", None);
        check("https://c/region/north/node/7/incarnation/2", None);
        check("dayshift://c/region/north/node/7/incarnation/65536", None);
    }
}
