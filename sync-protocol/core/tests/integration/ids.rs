//! Ids as text and as bytes: an id reads back as itself, and nothing else reads as one.

use sync_protocol::{
    ids::{DocumentId, InvalidId, JobId, SignUpId, WorkerId, Writer},
    limits::{CLOCK_DRIFT_PERCENT, LEASE_MS, lease_at_hub, lease_at_node},
};

fn check(text: &str, expected: Option<DocumentId>) {
    let read = text.parse::<DocumentId>();
    assert_eq!(read, expected.ok_or(InvalidId), "{text:?}");
    if let Ok(id) = read {
        assert_eq!(id.to_string(), text);
        assert_eq!(DocumentId::from_bytes(&id.to_bytes()), Some(id));
        assert_eq!(minicbor::decode::<DocumentId>(&minicbor::to_vec(id).unwrap()).unwrap(), id);
    }
}

#[test]
fn an_id_reads_back_as_itself() {
    check("j3-1-42", Some(JobId::job(Writer::new(3, 1), 42)));
    check("s0-65535-0", Some(SignUpId::sign_up(Writer::hub(u16::MAX), 0)));
    check("s4294967295-0-18446744073709551615", Some(SignUpId::sign_up(Writer::new(u32::MAX, 0), u64::MAX)));
}

#[test]
fn nothing_else_reads_as_an_id() {
    for text in [
        "",
        "j",
        "x3-1-42",
        "j3",
        "j3-1",
        "j3-1-",
        "j-3-1-42",
        "j3-1-4x",
        "j3-65536-1",
        "j3-1-42-7",
        "J3-1-42",
    ] {
        check(text, None);
    }
    let bytes = JobId::job(Writer::new(3, 1), 42).to_bytes();
    for wrong in [&bytes[..14], &[&bytes[..], &[0]].concat(), &[&[3], &bytes[1..]].concat()] {
        assert_eq!(DocumentId::from_bytes(wrong), None, "{wrong:?}");
    }
    assert_eq!(Writer::from_bytes(&[0; 5]), None);
    assert_eq!(WorkerId::from_bytes(&[0; 17]), None);
    let short = minicbor::to_vec(minicbor::bytes::ByteVec::from(vec![1; 14])).unwrap();
    assert!(minicbor::decode::<DocumentId>(&short).is_err());
}

#[test]
fn the_order_of_bytes_is_the_order_of_ids() {
    let ids =
        ["j1-1-2", "j1-1-300", "j1-2-1", "j2-1-1", "s1-1-1"].map(|text| text.parse::<DocumentId>().unwrap());
    assert!(ids.is_sorted());
    assert!(ids.map(DocumentId::to_bytes).is_sorted());
}

#[test]
fn a_number_is_one_worker_however_it_is_typed() {
    let (key, other) = ([1; 32], [2; 32]);
    let worker = WorkerId::of_phone(&key, "13812345678");
    assert_eq!(WorkerId::of_phone(&key, "138-1234 5678"), worker);
    assert_ne!(WorkerId::of_phone(&key, "13812345679"), worker);
    assert_ne!(WorkerId::of_phone(&other, "13812345678"), worker, "another region");
}

#[test]
fn a_lease_is_over_at_its_node_before_the_hub_counts_on_it() {
    for duration in [0, 1, 99, 1_000, LEASE_MS] {
        // The slowest clock at the node and the fastest at the hub that the limits allow.
        let node_at_latest = lease_at_node(duration) * (100 + CLOCK_DRIFT_PERCENT) / 100;
        let hub_at_earliest = lease_at_hub(duration) * (100 - CLOCK_DRIFT_PERCENT) / 100;
        assert!(node_at_latest < hub_at_earliest, "{duration} ms: {node_at_latest} and {hub_at_earliest}");
    }
}
