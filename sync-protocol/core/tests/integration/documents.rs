//! Documents against Automerge itself, which is the oracle.

use automerge::{ActorId, Automerge, Change, ReadDoc, ScalarValue, transaction::Transactable};
use proptest::prelude::*;
use sync_protocol::{
    documents::{Applied, Document, JobFields, PayUnit, Refused, SignUpFields, Status, Value},
    ids::{JobId, WorkerId, Writer},
    limits::{DOCUMENT_CHANGES_MAX, DOCUMENT_FIELDS_MAX, ENTRY_BYTES_MAX, FIELD_VALUES_MAX},
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

/// The last change of a document that `make` writes with Automerge itself, as writer 0.
fn written(make: impl FnOnce(&mut automerge::transaction::Transaction<'_>)) -> Vec<u8> {
    let mut doc = Automerge::new().with_actor(ActorId::from(&writer(0).to_bytes()[..]));
    let mut tx = doc.transaction();
    make(&mut tx);
    tx.commit();
    doc.get_last_local_change().unwrap().raw_bytes().to_vec()
}

#[test]
fn only_scalars_that_a_field_can_be_are_taken() {
    let check = |scalar: ScalarValue, expected: Result<Value, Refused>| {
        let change = written(|tx| tx.put(automerge::ROOT, "pay", scalar.clone()).unwrap());
        let mut document = Document::default();
        let found = document.apply(&change, Some(writer(0))).map(|_| document.value("pay").unwrap().clone());
        assert_eq!(found, expected, "{scalar:?}");
    };
    check(ScalarValue::Uint(7), Ok(Value::Int(7)));
    check(ScalarValue::Timestamp(-7), Ok(Value::Int(-7)));
    check(ScalarValue::Bytes(vec![1, 2]), Ok(Value::Bytes(vec![1, 2])));
    check(ScalarValue::Null, Ok(Value::Null));
    check(ScalarValue::Uint(u64::MAX), Err(Refused::NotFlat));
    check(ScalarValue::F64(0.5), Err(Refused::NotFlat));
    check(ScalarValue::counter(1), Err(Refused::NotFlat));
}

#[test]
fn a_field_that_is_deleted_is_gone() {
    let mut doc = Automerge::new().with_actor(ActorId::from(&writer(0).to_bytes()[..]));
    let mut document = Document::default();
    for delete in [false, true] {
        let mut tx = doc.transaction();
        if delete {
            tx.delete(automerge::ROOT, "pay").unwrap();
        } else {
            tx.put(automerge::ROOT, "pay", 1).unwrap();
        }
        tx.commit();
        document.apply(doc.get_last_local_change().unwrap().raw_bytes(), None).unwrap();
        same(&document, &doc);
    }
    assert_eq!(document.field_names().count(), 0);
}

#[test]
fn a_document_has_room_for_so_much() {
    let put = |fields: usize| {
        written(|tx| (0..fields).for_each(|n| tx.put(automerge::ROOT, format!("f{n}"), 1).unwrap()))
    };
    assert_eq!(Document::default().apply(&put(DOCUMENT_FIELDS_MAX), None), Ok(Applied::New));
    check(&put(DOCUMENT_FIELDS_MAX + 1), None, &Refused::DocumentFull("fields"));
    check(&put(DOCUMENT_FIELDS_MAX * 4 + 1), None, &Refused::DocumentFull("ops"));

    // Writers who do not know of each other: every value stays visible.
    let mut document = Document::default();
    let alone = |n: usize| Document::default().edit(writer(n), &[("pay", value(1))], 0).unwrap();
    for n in 0..FIELD_VALUES_MAX {
        document.apply(&alone(n), Some(writer(n))).unwrap();
    }
    assert_eq!(document.visible("pay").len(), FIELD_VALUES_MAX);
    let before = document.clone();
    let one_more = document.apply(&alone(FIELD_VALUES_MAX), None);
    assert_eq!((one_more, document), (Err(Refused::DocumentFull("values")), before));
}

#[test]
fn a_history_ends_at_its_limit() {
    let mut document = Document::default();
    let mut edit = |n: usize| {
        let change = document.edit(writer(0), &[("pay", Value::Int(i64::try_from(n).unwrap()))], 0).unwrap();
        document.apply(&change, None)
    };
    for n in 0..DOCUMENT_CHANGES_MAX {
        assert_eq!(edit(n), Ok(Applied::New));
    }
    assert_eq!(edit(DOCUMENT_CHANGES_MAX), Err(Refused::DocumentFull("changes")));
}

#[test]
fn fields_of_another_form_are_no_job_and_no_sign_up() {
    let document = |fields: &[(&str, Value)]| {
        let mut document = Document::default();
        let change = document.edit(writer(0), fields, 0).unwrap();
        document.apply(&change, None).unwrap();
        document
    };
    let text = |text: &str| Value::Text(text.to_owned());
    let times = [("start_at", Value::Int(1)), ("end_at", Value::Int(2))];
    let job = |fields: &[(&str, Value)]| JobFields::read(&document(&[&times[..], fields].concat()));
    assert_eq!(job(&[("title", Value::Int(1))]), None, "a title that is no text");
    assert_eq!(job(&[("meal", Value::Bool(true))]), None, "no title");
    assert_eq!(JobFields::read(&document(&[("title", text("分拣员"))])), None, "no times");
    let found =
        job(&[("title", text("分拣员")), ("lat", Value::Int(i64::MAX)), ("tenant", Value::Int(-1))]).unwrap();
    assert_eq!((found.position, found.tenant, found.pay_unit), (None, 0, PayUnit::Hour));

    let whole = SignUpFields {
        job: JobId::job(writer(0), 1),
        worker: WorkerId([3; 16]),
        status: Status::Bumped,
        code: "123456".into(),
        idempotency: [4; 16],
        body_hash: [5; 16],
        created_at: 6,
        reason: "closed".into(),
    };
    assert_eq!(SignUpFields::read(&document(&whole.to_fields())), Some(whole.clone()));
    for (name, wrong) in [
        ("job", text("j1-1-1")),
        ("job", Value::Bytes(vec![1; 14])),
        ("worker", Value::Bytes(vec![1; 15])),
        ("status", text("seated")),
        ("key", Value::Null),
        ("body", Value::Bytes(Vec::new())),
        ("created_at", text("6")),
    ] {
        let mut fields = whole.to_fields();
        fields.iter_mut().filter(|(field, _)| *field == name).for_each(|field| field.1 = wrong.clone());
        assert_eq!(SignUpFields::read(&document(&fields)), None, "{name}: {wrong:?}");
    }
}
