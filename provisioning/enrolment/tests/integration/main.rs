//! Enrolment seen from outside: a cluster is made, nodes are certified, tokens redeemed, identities kept.

#![expect(clippy::unwrap_used, reason = "a panic is how a test helper fails")]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use ed25519_dalek::SigningKey;
use enrolment::{
    Authority, AuthorityError, IdentityError, IssueError, JoinSecret, JoinToken, LogKeyCertificate,
    LogKeyError, NodeIdentity, NodeKey, NodeSubject, Serial, TokenError, TokenId, TokenRecord, TokenRefusal,
    cluster_id, parse_peer_certificate, redeem,
};
use sync_protocol::ids::Writer;

const NOW: u64 = 1_800_000_000;

/// A folder of one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn serial(n: u8) -> Serial {
    Serial::from_random([n; 16])
}

fn subject() -> NodeSubject {
    NodeSubject { region: "north".to_owned(), writer: Writer::new(7, 2) }
}

fn identity(authority: &Authority) -> NodeIdentity {
    let key = NodeKey::generate().unwrap();
    let NodeSubject { region, writer } = subject();
    let leaf = authority.issue_node_certificate(&key.request().unwrap(), &subject(), serial(3), NOW).unwrap();
    let log_key = [9; 32];
    let log_public_key = SigningKey::from_bytes(&log_key).verifying_key().to_bytes();
    NodeIdentity {
        writer,
        region,
        name: "kiosk-1".to_owned(),
        cluster_id: authority.cluster_id(),
        hub_address: "hub.example:7443".to_owned(),
        tls_key: key.to_der(),
        certificate_chain: vec![leaf],
        root_certificate: authority.root_certificate().to_vec(),
        log_key,
        log_key_certificate: authority.certify_log_key(writer, log_public_key).unwrap(),
    }
}

#[test]
fn an_authority_opens_as_it_was_created_and_is_never_overwritten() {
    let folder = Folder::new("authority");
    let made = Authority::create(&folder.0, "city", NOW).unwrap();
    let opened = Authority::open(&folder.0).unwrap();
    assert_eq!(opened.root_certificate(), made.root_certificate());
    assert_eq!(opened.root_spki_sha256(), made.root_spki_sha256());
    assert_eq!(opened.trust_domain(), "city");
    assert_eq!(cluster_id(made.root_certificate()), Some(made.cluster_id()));
    assert!(matches!(Authority::create(&folder.0, "city", NOW), Err(AuthorityError::Exists(_))));
    assert!(matches!(Authority::create(&folder.0, "a b", NOW), Err(AuthorityError::ClusterName(_))));
    for file in fs::read_dir(&folder.0).unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn the_certificate_names_what_the_hub_chose() {
    let folder = Folder::new("names");
    let authority = Authority::create(&folder.0, "city", NOW).unwrap();
    let request = NodeKey::generate().unwrap().request().unwrap();
    let leaf = authority.issue_node_certificate(&request, &subject(), serial(200), NOW).unwrap();
    let peer = parse_peer_certificate(&leaf).unwrap();
    assert_eq!((peer.trust_domain.as_str(), peer.region.as_str()), ("city", "north"));
    assert_eq!(peer.writer, Writer::new(7, 2));
    assert_eq!(peer.not_after, NOW + 7 * 86_400);
    assert_eq!(peer.serial, serial(200));
    let hub = authority.issue_hub_certificate(serial(1), NOW).unwrap();
    assert!(parse_peer_certificate(&hub.certificate).is_err());
    assert!(parse_peer_certificate(authority.root_certificate()).is_err());
}

#[test]
fn bad_requests_get_no_certificate() {
    let folder = Folder::new("requests");
    let authority = Authority::create(&folder.0, "city", NOW).unwrap();
    let request = NodeKey::generate().unwrap().request().unwrap();
    let issue = |request: &[u8], subject: &NodeSubject| {
        authority.issue_node_certificate(request, subject, serial(1), NOW).unwrap_err()
    };
    let mut forged = request.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert!(matches!(issue(&forged, &subject()), IssueError::Request(_)));
    assert!(matches!(issue(b"nonsense", &subject()), IssueError::Request(_)));
    assert!(matches!(issue(&[0x30; 5000], &subject()), IssueError::RequestTooLong(5000)));
    let slash = NodeSubject { region: "a/node/1".to_owned(), ..subject() };
    assert!(matches!(issue(&request, &slash), IssueError::Subject(_)));
    let hub = NodeSubject { writer: Writer::hub(1), ..subject() };
    assert!(matches!(issue(&request, &hub), IssueError::Subject(_)));
}

#[test]
fn a_log_key_certificate_holds_for_its_writer_and_key_only() {
    let folder = Folder::new("log-key");
    let authority = Authority::create(&folder.0, "city", NOW).unwrap();
    let root = authority.root_public_key();
    let key = SigningKey::from_bytes(&[5; 32]).verifying_key().to_bytes();
    let certificate = authority.certify_log_key(Writer::new(7, 2), key).unwrap();
    assert_eq!(LogKeyCertificate::decode(&certificate.encode()), Ok(certificate));
    assert_eq!(certificate.verify(&root), Ok(()));
    let other_writer = LogKeyCertificate { writer: Writer::new(7, 3), ..certificate };
    assert_eq!(other_writer.verify(&root), Err(LogKeyError::Signature));
    let other_key = SigningKey::from_bytes(&[6; 32]).verifying_key().to_bytes();
    assert_eq!(
        LogKeyCertificate { key: other_key, ..certificate }.verify(&root),
        Err(LogKeyError::Signature)
    );
    assert_eq!(certificate.verify(&key), Err(LogKeyError::Signature));
    assert_eq!(LogKeyCertificate::decode(&[0; 101]), Err(LogKeyError::Length(101)));
    assert_eq!(LogKeyCertificate::decode(&[0; 103]), Err(LogKeyError::Length(103)));
}

fn token(address: &str) -> Result<JoinToken, TokenError> {
    JoinToken::new([0xfb; 32], address, TokenId([0, 1, 2, 3, 4, 5, 6, 0xff]), JoinSecret([7; 16]))
}

#[test]
fn tokens_survive_copying_and_damage_is_named() {
    for address in ["hub.example.org:7443", "10.1.2.3:7443", "[::1]:7443"] {
        let token = token(address).unwrap();
        assert_eq!(token.to_string().parse::<JoinToken>().as_ref(), Ok(&token));
        assert_eq!(format!(" {token}\n").parse::<JoinToken>(), Ok(token));
    }
    for address in ["hub", "hub:0", ":7443", "hub:70000", "::1:7443", "h b:1"] {
        assert_eq!(token(address), Err(TokenError::Address), "{address}");
    }
    let text = token("hub:7443").unwrap().to_string();
    let check = |text: &str, error| assert_eq!(text.parse::<JoinToken>(), Err(error), "{text}");
    check("", TokenError::Prefix);
    check(&text[..70], TokenError::PartCount);
    check(&text[..text.len() - 1], TokenError::Part("secret"));
    check(&text.replace("00010203", "0001020g"), TokenError::Part("token id"));
    check(&text.replacen("ds1.", "ds1.A", 1), TokenError::Part("root hash"));
    check(&"x".repeat(600), TokenError::TooLong);
    assert!(!format!("{:?}", token("hub:7443")).contains("7, 7"));
}

#[test]
fn a_token_admits_once_in_time_with_its_secret() {
    let secret = JoinSecret([7; 16]);
    let fresh = TokenRecord::new(TokenId([1; 8]), &secret, "north", "kiosk-1", NOW + 3600);
    let used = TokenRecord { used_at: Some(NOW), ..fresh.clone() };
    let wrong = JoinSecret([8; 16]);
    assert_eq!(redeem(Some(&fresh), &secret, NOW), Ok(()));
    assert_eq!(redeem(None, &secret, NOW), Err(TokenRefusal::Unknown));
    assert_eq!(redeem(Some(&fresh), &secret, NOW + 3600), Err(TokenRefusal::Expired));
    assert_eq!(redeem(Some(&used), &secret, NOW), Err(TokenRefusal::AlreadyUsed));
    assert_eq!(redeem(Some(&used), &wrong, NOW + 3600), Err(TokenRefusal::WrongSecret));
}

#[test]
fn an_identity_loads_as_stored_and_its_parts_belong_together() {
    let folder = Folder::new("identity");
    let authority = Authority::create(&folder.0.join("hub"), "city", NOW).unwrap();
    let node = folder.0.join("node");
    assert!(matches!(NodeIdentity::load(&node), Err(IdentityError::NotJoined(_))));
    let sound = identity(&authority);
    sound.store(&node).unwrap();
    assert_eq!(NodeIdentity::load(&node).unwrap(), sound);
    let mode = fs::metadata(node.join("node-identity.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let refused = |change: fn(&mut NodeIdentity)| {
        let mut identity = sound.clone();
        change(&mut identity);
        identity.store(&node).unwrap_err()
    };
    let other_key = |i: &mut NodeIdentity| i.tls_key = NodeKey::generate().unwrap().to_der();
    assert!(matches!(refused(other_key), IdentityError::KeyMismatch));
    assert!(matches!(refused(|i| i.writer = Writer::new(7, 3)), IdentityError::NameMismatch));
    assert!(matches!(refused(|i| i.cluster_id.0[0] ^= 1), IdentityError::ClusterMismatch));
    assert!(matches!(refused(|i| i.log_key[0] ^= 1), IdentityError::LogKeyMismatch));
    assert!(matches!(refused(|i| i.log_key_certificate.signature[0] ^= 1), IdentityError::LogKey(_)));
    assert!(matches!(refused(|i| i.hub_address.clear()), IdentityError::Field("hub_address")));
    assert_eq!(NodeIdentity::load(&node).unwrap(), sound);

    fs::write(node.join("node-identity.toml"), "version = 1").unwrap();
    assert!(matches!(NodeIdentity::load(&node), Err(IdentityError::Format { .. })));
}
