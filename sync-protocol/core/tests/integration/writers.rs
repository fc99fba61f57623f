//! Who may write what into a document, and how much room each has.

use automerge::{ActorId, Automerge};
use sync_protocol::{
    documents::{
        ATTENDANCE, Applied, Demands, Document, Draw, JobFields, PayUnit, Refused, SHIFT_SECONDS_MAX,
        SignUpFields, Status, TIMES, TenantKey, Value, WaitOrder, WaitRule,
    },
    ids::{DocumentId, JobId, SignUpId, WorkerId, Writer},
    limits::{
        DOCUMENT_BYTES_MAX, DOCUMENT_CHANGES_MAX, DOCUMENT_HEADS_MAX, FIELD_NAME_BYTES_MAX,
        FOREIGN_CHANGES_MAX, JOB_VALUE_BYTES_MAX, SIGN_UP_VALUE_BYTES_MAX, UNKNOWN_FIELDS_MAX,
    },
};

const HUB: Writer = Writer::hub(1);
const MINTER: Writer = Writer::new(1, 1);
const NEXT_LIFE: Writer = Writer::new(1, 2);
const OTHER: Writer = Writer::new(2, 1);

fn job() -> DocumentId {
    JobId::job(MINTER, 1)
}

fn sign_up() -> DocumentId {
    SignUpId::sign_up(MINTER, 2)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn new_job() -> Vec<(&'static str, Value)> {
    vec![
        ("title", text("sorter")),
        ("start_at", Value::Int(1)),
        ("end_at", Value::Int(2)),
        ("tenant", Value::Int(1)),
        ("region", text("hangzhou")),
    ]
}

fn new_sign_up() -> Vec<(&'static str, Value)> {
    let fields = SignUpFields {
        job: job(),
        worker: WorkerId([3; 16]),
        status: Status::Confirmed,
        code: "123456".into(),
        idempotency: [4; 16],
        body_hash: [5; 16],
        created_at: 6,
        reason: String::new(),
    };
    fields.to_fields()
}

fn edit(
    document: &mut Document,
    doc: DocumentId,
    writer: Writer,
    fields: &[(&str, Value)],
) -> Result<Applied, Refused> {
    let change = document.edit(writer, fields, 0).unwrap();
    document.take(doc, &change, writer)
}

fn made(doc: DocumentId, fields: &[(&str, Value)]) -> Document {
    let mut document = Document::default();
    assert_eq!(edit(&mut document, doc, doc.writer, fields), Ok(Applied::New));
    document
}

#[test]
fn a_document_is_its_minters_and_the_hubs_and_others_say_who_came() {
    let check = |doc: DocumentId, new: Vec<(&'static str, Value)>, field: &str, writers: [bool; 4]| {
        for (writer, is_allowed) in [HUB, MINTER, NEXT_LIFE, OTHER].into_iter().zip(writers) {
            let value = match new.iter().find(|(name, _)| *name == field) {
                Some((_, Value::Bytes(bytes))) => Value::Bytes(vec![9; bytes.len()]),
                Some((_, Value::Int(_))) => Value::Int(77),
                Some(_) | None => text("other"),
            };
            let mut document = made(doc, &new);
            let found = edit(&mut document, doc, writer, &[(field, value)]);
            let expected =
                if is_allowed { Ok(Applied::New) } else { Err(Refused::NotItsField(field.to_owned())) };
            assert_eq!(found, expected, "{field} of {doc} by {writer}");
        }
    };
    for field in ATTENDANCE {
        check(sign_up(), new_sign_up(), field, [true; 4]);
    }
    for field in ["status", "reason", "of_a_later_version"] {
        check(sign_up(), new_sign_up(), field, [true, true, false, false]);
    }
    check(sign_up(), new_sign_up(), "receipt", [true, false, false, false]);
    for field in ["job", "worker", "code", "key", "body", "created_at"] {
        check(sign_up(), new_sign_up(), field, [false; 4]);
    }
    for field in ["title", "start_at", "pay", "of_a_later_version"] {
        check(job(), new_job(), field, [true, true, true, false]);
    }
    for field in ["tenant", "region"] {
        check(job(), new_job(), field, [true, false, false, false]);
    }
}

#[test]
fn only_its_minter_creates_a_document() {
    for (doc, new) in [(job(), new_job()), (sign_up(), new_sign_up())] {
        for writer in [HUB, NEXT_LIFE, OTHER] {
            let found = edit(&mut Document::default(), doc, writer, &new);
            assert_eq!(found, Err(Refused::NotItsMinter), "{doc} by {writer}");
        }
    }
}

#[test]
fn a_change_that_says_nothing_is_refused() {
    let mut doc = Automerge::new().with_actor(ActorId::from(&MINTER.to_bytes()[..]));
    doc.empty_commit(automerge::transaction::CommitOptions::default());
    let empty = doc.get_last_local_change().unwrap().raw_bytes().to_vec();
    assert_eq!(Document::default().take(job(), &empty, MINTER), Err(Refused::Empty));
}

#[test]
fn each_value_and_name_has_its_length() {
    let check = |doc: DocumentId, new: Vec<(&'static str, Value)>, most: usize| {
        let mut document = made(doc, &new);
        let long = |bytes: usize| [("later", text(&"x".repeat(bytes)))];
        assert_eq!(edit(&mut document, doc, MINTER, &long(most)), Ok(Applied::New));
        let full = Err(Refused::DocumentFull("bytes of a value"));
        assert_eq!(edit(&mut document, doc, MINTER, &long(most + 1)), full);
        assert_eq!(edit(&mut document, doc, HUB, &long(most + 1)), full);
    };
    check(job(), new_job(), JOB_VALUE_BYTES_MAX);
    check(sign_up(), new_sign_up(), SIGN_UP_VALUE_BYTES_MAX);
    let mut document = made(job(), &new_job());
    let named = |bytes: usize| "n".repeat(bytes);
    assert!(edit(&mut document, job(), MINTER, &[(&named(FIELD_NAME_BYTES_MAX), Value::Null)]).is_ok());
    let full = Err(Refused::DocumentFull("bytes of a field's name"));
    assert_eq!(edit(&mut document, job(), MINTER, &[(&named(FIELD_NAME_BYTES_MAX + 1), Value::Null)]), full);
}

#[test]
fn fields_of_later_versions_are_carried_up_to_a_number_and_known_ones_fit_beside_them() {
    let mut document = made(sign_up(), &new_sign_up());
    let names: Vec<String> = (0..=UNKNOWN_FIELDS_MAX).map(|n| format!("later{n}")).collect();
    let unknown: Vec<_> = names.iter().map(|name| (name.as_str(), Value::Null)).collect();
    let full = Err(Refused::DocumentFull("unknown fields"));
    assert_eq!(edit(&mut document, sign_up(), MINTER, &unknown), full);
    assert_eq!(edit(&mut document, sign_up(), MINTER, &unknown[1..]), Ok(Applied::New));
    let known = [("receipt", Value::Bytes(vec![1; 400])), ("reason", text("closed"))];
    assert_eq!(edit(&mut document, sign_up(), HUB, &known), Ok(Applied::New));
    for name in ATTENDANCE {
        assert_eq!(edit(&mut document, sign_up(), OTHER, &[(name, Value::Int(1))]), Ok(Applied::New));
    }
}

#[test]
fn what_others_write_leaves_room_for_the_minter_and_what_nodes_write_for_the_hub() {
    let mut document = made(sign_up(), &new_sign_up());
    let came = |n: usize| [("checked_in_at", Value::Int(i64::try_from(n).unwrap()))];
    for n in 0..FOREIGN_CHANGES_MAX {
        assert_eq!(edit(&mut document, sign_up(), OTHER, &came(n)), Ok(Applied::New));
    }
    let full = Refused::DocumentFull("changes of one node that did not make it");
    assert_eq!(edit(&mut document, sign_up(), OTHER, &came(0)), Err(full));
    let status = |n: usize| [("reason", text(&n.to_string()))];
    let minters = DOCUMENT_CHANGES_MAX / 8 * 7;
    for n in 0..minters - FOREIGN_CHANGES_MAX - 1 {
        assert_eq!(edit(&mut document, sign_up(), MINTER, &status(n)), Ok(Applied::New));
    }
    let full = Err(Refused::DocumentFull("changes"));
    assert_eq!(edit(&mut document, sign_up(), MINTER, &status(0)), full);
    assert_eq!(edit(&mut document, sign_up(), Writer::new(3, 1), &came(0)), full);
    assert_eq!(edit(&mut document, sign_up(), HUB, &status(0)), Ok(Applied::New));
}

#[test]
fn bytes_and_heads_are_shared_out_as_well() {
    let mut document = made(job(), &new_job());
    let long = text(&"x".repeat(JOB_VALUE_BYTES_MAX));
    for name in ["text", "place", "requirements"] {
        assert_eq!(edit(&mut document, job(), MINTER, &[(name, long.clone())]), Ok(Applied::New));
    }
    let full = Err(Refused::DocumentFull("bytes of values"));
    assert_eq!(edit(&mut document, job(), MINTER, &[("category", long.clone())]), full);
    assert_eq!(edit(&mut document, job(), HUB, &[("category", long)]), Ok(Applied::New));
    let rest = text(&"x".repeat(DOCUMENT_BYTES_MAX - document.value_bytes() - "employer".len()));
    assert_eq!(edit(&mut document, job(), HUB, &[("employer", rest)]), Ok(Applied::New));
    assert_eq!(document.value_bytes(), DOCUMENT_BYTES_MAX);
    assert_eq!(edit(&mut document, job(), HUB, &[("currency", Value::Null)]), full);

    // Changes that know of nothing but the first one.
    let first = made(job(), &new_job());
    let mut document = first.clone();
    let mut apart = |n: u16| {
        let change = first.edit(Writer::new(1, n), &[("pay", Value::Int(i64::from(n)))], 0).unwrap();
        document.take(job(), &change, Writer::new(1, n))
    };
    let most = u16::try_from(DOCUMENT_HEADS_MAX / 8 * 7).unwrap();
    for n in 2..most + 2 {
        assert_eq!(apart(n), Ok(Applied::New), "{n}");
    }
    assert_eq!(apart(most + 2), Err(Refused::DocumentFull("heads")));
    assert_eq!(edit(&mut document, job(), HUB, &[("pay", Value::Int(1))]), Ok(Applied::New));
    assert_eq!(document.heads().len(), 1);
}

#[test]
fn times_and_pay_that_no_shift_has_are_no_job() {
    let is_job = |changes: &[(&str, Value)]| {
        let fields = new_job().into_iter().filter(|(name, _)| changes.iter().all(|(other, _)| other != name));
        let fields: Vec<_> = fields.chain(changes.iter().cloned()).collect();
        let mut document = Document::default();
        let change = document.edit(MINTER, &fields, 0).unwrap();
        document.apply(&change, None).unwrap();
        JobFields::read(&document)
    };
    let shift = |start: i64, end: i64| {
        is_job(&[("start_at", Value::Int(start)), ("end_at", Value::Int(end))]).is_some()
    };
    for (start, end, is_shift) in [
        (0, SHIFT_SECONDS_MAX, true),
        (0, SHIFT_SECONDS_MAX + 1, false),
        (5, 5, false),
        (i64::MAX - 1, i64::MAX, false),
        (i64::MIN, i64::MAX, false),
        (-1, 5, false),
        (*TIMES.end() - 1, *TIMES.end(), true),
        (*TIMES.end(), *TIMES.end() + 1, false),
    ] {
        assert_eq!(shift(start, end), is_shift, "{start} to {end}");
    }
    for (pay, is_pay) in
        [(0, true), (8_784_000_000, true), (8_784_000_001, false), (-1, false), (i64::MIN, false)]
    {
        for name in ["pay", "pay_hour"] {
            assert_eq!(is_job(&[(name, Value::Int(pay))]).is_some(), is_pay, "{name} {pay}");
        }
    }
    let at =
        |lat: i64, lon: i64| is_job(&[("lat", Value::Int(lat)), ("lon", Value::Int(lon))]).unwrap().position;
    assert_eq!(at(90_000_000, -180_000_000), Some((90_000_000, -180_000_000)));
    assert_eq!((at(90_000_001, 0), at(0, i64::from(i32::MIN))), (None, None), "shown without a place");
    assert_eq!(is_job(&[("created_at", Value::Int(i64::MAX))]).unwrap().created_at, 0);
}

#[test]
fn the_rule_of_a_wait_list_stays_and_the_hub_alone_draws() {
    let lottery = sorter();
    let arrival = JobFields { wait: WaitOrder::default(), ..sorter() };
    let born = |fields: &JobFields| {
        let mut document = Document::default();
        let change = document.edit(MINTER, &fields.to_fields(), 0).unwrap();
        document.take(job(), &change, MINTER).unwrap();
        document
    };
    let check = |was: &JobFields, writer: Writer, field: (&str, Value), may: bool| {
        let mut document = born(was);
        let change = document.edit(writer, std::slice::from_ref(&field), 0).unwrap();
        assert_eq!(document.take(job(), &change, writer).is_ok(), may, "{field:?} by {writer}");
    };
    let rule = |name: &str| ("wait_rule", Value::Text(name.to_owned()));
    check(&lottery, MINTER, rule("seniority"), false);
    check(&arrival, MINTER, rule("lottery"), false);
    check(&lottery, MINTER, ("draw_before_min", Value::Int(5)), false);
    for field in Draw::held(&[7; 32], &[], 0).into_iter().chain(Draw::committed(&[7; 32])) {
        check(&lottery, MINTER, field.clone(), false);
        check(&lottery, Writer::hub(1), field, true);
    }
    let read = JobFields::read(&born(&lottery)).unwrap();
    assert_eq!((read.wait, read.draw_at()), (lottery.wait, Some(lottery.start_at - 60 * 60)));
    let later = ("wait_rule", Value::Text("by-the-moon".to_owned()));
    let mut document = born(&arrival);
    let change = document.edit(Writer::hub(1), &[later], 0).unwrap();
    document.take(job(), &change, Writer::hub(1)).unwrap();
    assert_eq!(JobFields::read(&document).unwrap().wait, WaitOrder::default(), "a rule of a later version");
}

#[test]
fn what_is_written_is_known() {
    let fields = JobFields { position: Some((1, 2)), redated: true, ..sorter() };
    let names: Vec<_> = fields.to_fields().into_iter().map(|(name, _)| name).collect();
    assert!(names.iter().all(|name| JobFields::NAMES.contains(name)), "{names:?}");
    assert_eq!(
        names.len() + 3 + Draw::FIELDS.len(),
        JobFields::NAMES.len(),
        "and the signature, the key of the import, the seal, and what was drawn"
    );
    assert!(new_sign_up().iter().all(|(name, _)| SignUpFields::NAMES.contains(name)));
}

fn sorter() -> JobFields {
    JobFields {
        title: "sorter".into(),
        text: String::new(),
        category: String::new(),
        employer: String::new(),
        place: String::new(),
        position: None,
        start_at: 1,
        end_at: 2,
        pay_minor: 1,
        pay_unit: PayUnit::Hour,
        pay_minor_per_hour: 1,
        currency: "CNY".into(),
        meal: false,
        bed: false,
        daily_pay: false,
        language: "zh".into(),
        requirements: String::new(),
        synthetic: false,
        redated: false,
        created_at: 1,
        tenant: 1,
        region: "hangzhou".into(),
        demands: Demands {
            min_age: Some(18),
            certificates: ["health".into()].into(),
            languages: ["zh".into()].into(),
        },
        no_show_after_min: 15,
        wait: WaitOrder { rule: WaitRule::Lottery, draw_before_min: 60 },
    }
}

#[test]
fn whoever_has_a_tenants_key_edits_its_jobs_from_anywhere() {
    let [present, former, others] = ["present", "former", "others"].map(TenantKey::of_api_key);
    let keys = [present.public(), former.public()].concat();
    let mut document = Document::default();
    let unsigned = document.edit(MINTER, &new_job(), 0).unwrap();
    assert_eq!(document.take_signed(job(), &unsigned, MINTER, &keys), Err(Refused::NotSigned));
    let born = |key: &TenantKey| {
        let mut document = Document::default();
        let change = document.edit_signed(job(), MINTER, &new_job(), 0, key).unwrap();
        document.take_signed(job(), &change, MINTER, &keys)
    };
    assert_eq!(born(&others), Err(Refused::NotSigned));
    assert_eq!((born(&former), born(&present)), (Ok(Applied::New), Ok(Applied::New)), "posted while cut off");

    let document = made(job(), &new_job());
    let title = [("title", text("packer"))];
    let foreign = Err(Refused::NotItsField("title".into()));
    let take = |change: &[u8], doc: DocumentId, writer: Writer, keys: &[u8]| {
        document.clone().take_signed(doc, change, writer, keys)
    };
    for (what, key, keys, expected) in [
        ("the present key", &present, &keys[..], Ok(Applied::New)),
        ("a former key", &former, &keys[..], foreign.clone()),
        ("another tenant's key", &others, &keys[..], foreign.clone()),
        ("a tenant without a public key", &present, &[], foreign.clone()),
    ] {
        let change = document.edit_signed(job(), OTHER, &title, 0, key).unwrap();
        assert_eq!(take(&change, job(), OTHER, keys), expected, "{what}");
    }
    let change = document.edit(OTHER, &title, 0).unwrap();
    assert_eq!(take(&change, job(), OTHER, &keys), foreign, "no signature");
    let tenant = [("tenant", Value::Int(9))];
    let change = document.edit_signed(job(), OTHER, &tenant, 0, &present).unwrap();
    assert_eq!(take(&change, job(), OTHER, &keys), Err(Refused::NotItsField("tenant".into())));

    // A signature is for one change of one job by one writer.
    let signature = |doc: DocumentId, writer: Writer, fields: &[(&str, Value)]| {
        let mut copy = document.clone();
        let change = copy.edit_signed(doc, writer, fields, 0, &present).unwrap();
        copy.apply(&change, None).unwrap();
        copy.value("signed").unwrap().clone()
    };
    let elsewhere = JobId::job(MINTER, 77);
    for (what, stolen) in [
        ("of another job", signature(elsewhere, OTHER, &title)),
        ("by another writer", signature(job(), NEXT_LIFE, &title)),
        ("of another title", signature(job(), OTHER, &[("title", text("loader"))])),
        ("of more", signature(job(), OTHER, &[("title", text("packer")), ("pay", Value::Int(3))])),
    ] {
        let change = document.edit(OTHER, &[title[0].clone(), ("signed", stolen)], 0).unwrap();
        assert_eq!(take(&change, job(), OTHER, &keys), foreign, "{what}");
    }
    let mut twice = document.clone();
    let first = twice.edit_signed(job(), OTHER, &title, 0, &present).unwrap();
    assert_eq!(twice.take_signed(job(), &first, OTHER, &keys), Ok(Applied::New));
    let used = twice.value("signed").unwrap().clone();
    twice
        .apply(&twice.edit(MINTER, &[("title", text("sorter")), ("signed", Value::Null)], 0).unwrap(), None)
        .unwrap();
    let again = twice.edit(OTHER, &[title[0].clone(), ("signed", used)], 0).unwrap();
    assert_eq!(twice.take_signed(job(), &again, OTHER, &keys), foreign, "a second time");
}
