//! Documents against Automerge itself, which is the oracle.

use automerge::{ActorId, Automerge, Change, ReadDoc, ScalarValue, transaction::Transactable};
use proptest::prelude::*;
use sync_protocol::{
    documents::{Applied, Document, Refused, Value},
    ids::Writer,
    limits::ENTRY_BYTES_MAX,
};

const NAMES: [&str; 4] = ["title", "pay", "open", "start_at"];

fn writer(n: usize) -> Writer {
    Writer::new(u32::try_from(n).unwrap() + 1, 1)
}

fn oracle(changes: &[Vec<u8>]) -> Automerge {
    let mut doc = Automerge::new();
    doc.apply_changes(changes.iter().map(|c| Change::from_bytes(c.clone()).unwrap())).unwrap();
    doc
}

fn value(n: i64) -> Value {
    match n % 3 {
        0 => Value::Int(n),
        1 => Value::Text(format!("text {n}")),
        _ => Value::Bool(n % 2 == 0),
    }
}

fn same(document: &Document, doc: &Automerge) {
    let names: Vec<_> = doc.keys(automerge::ROOT).collect();
    let ours: Vec<_> = document.field_names().map(str::to_owned).collect();
    assert_eq!(ours, names);
    for name in names {
        let (found, _) = doc.get(automerge::ROOT, &name).unwrap().unwrap();
        let expected = match found.as_scalar().unwrap() {
            ScalarValue::Int(int) => Value::Int(*int),
            ScalarValue::Str(text) => Value::Text(text.to_string()),
            ScalarValue::Boolean(bool) => Value::Bool(*bool),
            other => panic!("{other:?}"),
        };
        assert_eq!(document.value(&name), Some(&expected), "{name}");
        assert_eq!(
            document.visible(&name).len(),
            doc.get_all(automerge::ROOT, &name).unwrap().len(),
            "{name}"
        );
    }
    let heads: Vec<[u8; 32]> = document.heads().iter().map(|h| h.0).collect();
    let mut expected: Vec<[u8; 32]> = doc.get_heads().iter().map(|h| h.0).collect();
    expected.sort_unstable();
    assert_eq!(heads, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Replicas edit, exchange some changes in causal order, and agree with Automerge on values, conflicts and heads.
    #[test]
    fn any_history_equals_automerge(steps in prop::collection::vec((0..3usize, 0..3usize, 0..4usize, 0..30i64), 1..40)) {
        let mut replicas = vec![(Document::default(), Vec::<Vec<u8>>::new()); 3];
        for (to, from, field, n) in steps {
            if to == from {
                let (document, log) = &mut replicas[to];
                let fields = [(NAMES[field], value(n)), (NAMES[(field + 1) % 4], value(n + 1))];
                if let Some(change) = document.edit(writer(to), &fields, n) {
                    prop_assert_eq!(document.apply(&change, Some(writer(to))), Ok(Applied::New));
                    log.push(change);
                }
            } else {
                for change in replicas[from].1.clone() {
                    let (document, log) = &mut replicas[to];
                    if document.apply(&change, None).unwrap() == Applied::New {
                        log.push(change);
                    }
                }
            }
            let (document, log) = &replicas[to];
            same(document, &oracle(log));
        }
    }

    /// Flipped bits are refused or make another change; they never panic.
    #[test]
    fn damaged_changes_never_panic(at in 0..400usize, bit in 0..8u32) {
        let fields = [("title", Value::Text("分拣员".into())), ("pay", Value::Int(2_000))];
        let mut damaged = Document::default().edit(writer(0), &fields, 7).unwrap();
        let at = at % damaged.len();
        damaged[at] ^= 1 << bit;
        prop_assert!(Document::default().apply(&damaged, Some(writer(0))).is_err(), "the checksum must notice byte {}", at);
    }
}

#[test]
fn a_built_change_is_what_automerge_writes() {
    let fields =
        [("title", Value::Text("装卸工".into())), ("pay", Value::Int(2_600)), ("meal", Value::Bool(true))];
    let ours = Document::default().edit(writer(0), &fields, 0).unwrap();
    let mut doc = Automerge::new().with_actor(ActorId::from(&writer(0).to_bytes()[..]));
    let mut tx = doc.transaction();
    tx.put(automerge::ROOT, "title", "装卸工").unwrap();
    tx.put(automerge::ROOT, "pay", 2_600_i64).unwrap();
    tx.put(automerge::ROOT, "meal", true).unwrap();
    tx.commit();
    assert_eq!(ours, doc.get_last_local_change().unwrap().raw_bytes());
}

fn check(change: &[u8], author: Option<Writer>, expected: &Refused) {
    let mut document = Document::default();
    assert_eq!(document.apply(change, author).unwrap_err(), *expected);
    assert!(document.is_empty(), "a refused change leaves nothing");
}

#[test]
fn what_a_hostile_writer_sends_is_refused() {
    let mut document = Document::default();
    let first = document.edit(writer(0), &[("pay", Value::Int(1))], 0).unwrap();
    document.apply(&first, None).unwrap();
    let second = document.edit(writer(0), &[("pay", Value::Int(2))], 0).unwrap();
    check(&first, Some(writer(1)), &Refused::WrongActor("1.1".into()));
    check(&second, Some(writer(0)), &Refused::SequenceGap { found: 2, expected: 1 });
    check(&[0; 40], None, &Refused::Malformed);
    check(&vec![0x85; ENTRY_BYTES_MAX + 1], None, &Refused::TooLong(ENTRY_BYTES_MAX + 1));
    let mut other = Document::default();
    let orphan_base = other.edit(writer(1), &[("pay", Value::Int(9))], 0).unwrap();
    other.apply(&orphan_base, None).unwrap();
    let orphan = other.edit(writer(2), &[("pay", Value::Int(10))], 0).unwrap();
    check(&orphan, Some(writer(2)), &Refused::MissingDependency);
    let mut nested = Automerge::new().with_actor(ActorId::from(&writer(0).to_bytes()[..]));
    let mut tx = nested.transaction();
    tx.put_object(automerge::ROOT, "map", automerge::ObjType::Map).unwrap();
    tx.commit();
    check(nested.get_last_local_change().unwrap().raw_bytes(), Some(writer(0)), &Refused::NotFlat);
}
