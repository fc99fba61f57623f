//! What each writer may write into a document, and how much.
//!
//! Judged alike by the hub before it merges, by a node for what the hub relays (carried files and older hubs exist) and by
//! whoever edits. A document has one minter, whose id it carries. Nodes that did not mint it may only say of a sign-up who
//! came, in [`ATTENDANCE`]; the hub may write everywhere, and it alone what was drawn. Room is kept in that order too, so that what others write never
//! keeps the minter out, and what nodes write never keeps the hub out. An edit that a job's tenant has signed counts as its
//! minter's, whoever brings it.

use super::{Document, Draw, JobFields, Refused, SignUpFields, Value, WaitOrder, signed};
use crate::{
    ids::{DocumentId, DocumentKind, Writer},
    limits::{
        DOCUMENT_BYTES_MAX, DOCUMENT_CHANGES_MAX, DOCUMENT_FIELDS_MAX, DOCUMENT_HEADS_MAX,
        FIELD_NAME_BYTES_MAX, FOREIGN_CHANGES_MAX, JOB_VALUE_BYTES_MAX, SIGN_UP_VALUE_BYTES_MAX,
        UNKNOWN_FIELDS_MAX,
    },
};
use automerge::{
    ExpandedChange,
    legacy::{Key, OpType},
};

/// Fields of a sign-up that every node of its region may write: who came, and for how long.
pub const ATTENDANCE: [&str; 4] = ["checked_in_at", "checked_out_at", "agency_minutes", "worker_minutes"];

const _: () = assert!(JobFields::NAMES.len() + UNKNOWN_FIELDS_MAX <= DOCUMENT_FIELDS_MAX);
const _: () =
    assert!(SignUpFields::NAMES.len() + ATTENDANCE.len() + UNKNOWN_FIELDS_MAX <= DOCUMENT_FIELDS_MAX);

/// Who a writer is to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Hub,
    Minter,
    Other,
}

impl Role {
    fn of(doc: DocumentId, writer: Writer) -> Self {
        let is_minter = match doc.kind {
            // A box that joined again goes on with its own jobs.
            DocumentKind::Job => doc.writer.node == writer.node,
            // What an incarnation that is over has signed up is the hub's.
            DocumentKind::SignUp => doc.writer == writer,
        };
        match (writer.is_hub(), is_minter) {
            (true, _) => Self::Hub,
            (false, true) => Self::Minter,
            (false, false) => Self::Other,
        }
    }

    /// The part of a limit that writers of this role may fill, in eighths.
    const fn share(self, limit: usize) -> usize {
        match self {
            Self::Hub => limit,
            Self::Minter => limit / 8 * 7,
            Self::Other => limit / 8 * 6,
        }
    }
}

/// Judges a change by what was there before and what it makes of it.
pub(super) fn judge(
    (doc, writer, tenant_keys): (DocumentId, Writer, &[u8]),
    change: &ExpandedChange,
    before: &Document,
    after: &Document,
) -> Result<(), Refused> {
    let mut role = Role::of(doc, writer);
    // A restored hub makes what its backup lacks of its own jobs anew, in another history.
    let is_own = doc.writer == writer || (doc.writer.is_hub() && writer.is_hub());
    if before.is_empty() && !is_own {
        return Err(Refused::NotItsMinter);
    }
    if change.operations.is_empty() {
        return Err(Refused::Empty);
    }
    if doc.kind == DocumentKind::Job && role != Role::Hub && !tenant_keys.is_empty() {
        match signed::signer_of(doc, writer, change, tenant_keys)? {
            Some(0) => role = Role::Minter,
            None if before.is_empty() => return Err(Refused::NotSigned),
            // By a key that the tenant had when it posted the job.
            Some(_) | None => {}
        }
    }
    for op in &change.operations {
        let Key::Map(name) = &op.key else { return Err(Refused::NotFlat) };
        may_write(doc.kind, role, name, before)?;
        if name.len() > FIELD_NAME_BYTES_MAX {
            return Err(Refused::DocumentFull("bytes of a field's name"));
        }
        if let OpType::Put(scalar) = &op.action
            && value_bytes(&Value::from_scalar(scalar)?) > value_bytes_max(doc.kind)
        {
            return Err(Refused::DocumentFull("bytes of a value"));
        }
    }
    has_room(doc.kind, role, writer, after)
}

/// Judges one field of an edit that somebody else makes anew.
pub(super) fn may_tell(
    doc: DocumentId,
    writer: Writer,
    name: &str,
    before: &Document,
) -> Result<(), Refused> {
    may_write(doc.kind, Role::of(doc, writer), name, before)
}

fn may_write(kind: DocumentKind, role: Role, name: &str, before: &Document) -> Result<(), Refused> {
    let is_there = !before.visible(name).is_empty();
    let allowed = match (kind, role) {
        (DocumentKind::SignUp, Role::Other) => ATTENDANCE.contains(&name),
        (DocumentKind::Job, Role::Other) => false,
        (DocumentKind::SignUp, Role::Minter | Role::Hub) => {
            // Whom and what a sign-up is for is said once: the ledger and the wait list hold the same.
            !(is_there && SignUpFields::FIXED.contains(&name))
                && (role == Role::Hub || name != SignUpFields::RECEIPT)
        }
        (DocumentKind::Job, Role::Minter) => {
            // People wait by the rule that stood there when they signed up; what was drawn is the hub's to say.
            let is_fixed = (is_there && JobFields::FIXED.contains(&name))
                || (!before.is_empty() && WaitOrder::AT_BIRTH.contains(&name));
            !is_fixed && !Draw::FIELDS.contains(&name)
        }
        (DocumentKind::Job, Role::Hub) => true,
    };
    if allowed {
        Ok(())
    } else {
        Err(Refused::NotItsField(name.chars().take(FIELD_NAME_BYTES_MAX).collect()))
    }
}

fn has_room(kind: DocumentKind, role: Role, writer: Writer, after: &Document) -> Result<(), Refused> {
    let is_known = |name: &str| match kind {
        DocumentKind::Job => JobFields::NAMES.contains(&name),
        DocumentKind::SignUp => SignUpFields::NAMES.contains(&name) || ATTENDANCE.contains(&name),
    };
    let changes = usize::try_from(after.seqs.get(&writer).copied().unwrap_or(0)).unwrap_or(usize::MAX);
    let full = [
        (role == Role::Other && changes > FOREIGN_CHANGES_MAX, "changes of one node that did not make it"),
        (after.known.len() > role.share(DOCUMENT_CHANGES_MAX), "changes"),
        (after.heads.len() > role.share(DOCUMENT_HEADS_MAX), "heads"),
        (after.value_bytes() > role.share(DOCUMENT_BYTES_MAX), "bytes of values"),
        (after.field_names().filter(|name| !is_known(name)).count() > UNKNOWN_FIELDS_MAX, "unknown fields"),
    ];
    full.iter().find(|(is_full, _)| *is_full).map_or(Ok(()), |(_, what)| Err(Refused::DocumentFull(what)))
}

const fn value_bytes_max(kind: DocumentKind) -> usize {
    match kind {
        DocumentKind::Job => JOB_VALUE_BYTES_MAX,
        DocumentKind::SignUp => SIGN_UP_VALUE_BYTES_MAX,
    }
}

pub(super) const fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Int(_) | Value::Bool(_) | Value::Null => size_of::<i64>(),
    }
}
