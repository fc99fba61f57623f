//! Documents as Automerge changes, without loaded Automerge documents.
//!
//! A [`Document`] is what must be kept of a flat document to read it, edit it and apply further changes:
//! heads, highest op counter, the sequence of each actor, and the visible ops of each field. On flat root
//! keys that is exact: an op is visible until a later op names it as predecessor, and the winner is the
//! visible op with the highest (counter, actor). Automerge's own document is the oracle in the tests.

use crate::{
    ids::{DocumentId, Writer},
    limits::{DOCUMENT_CHANGES_MAX, DOCUMENT_FIELDS_MAX, ENTRY_BYTES_MAX, FIELD_VALUES_MAX},
};
use automerge::{
    ActorId, Change, ChangeHash, ExpandedChange, ScalarValue,
    legacy::{Key, ObjectId, Op, OpId, OpType, SortedVec},
};
use minicbor::{Decode, Encode};
use std::{collections::BTreeMap, num::NonZeroU64, panic::catch_unwind};

mod attendance;
pub mod demands;
mod job;
pub mod posting;
mod rules;
mod sign_up;
mod signed;
mod wait_order;

pub use attendance::{Attendance, MINUTES_MAX, NO_SHOW_FROM_S};
pub use demands::Demands;
pub use job::{JobFields, NO_SHOW_AFTER_MIN, PAY_MINOR, PayUnit, SHIFT_SECONDS_MAX, TIMES};
pub use rules::ATTENDANCE;
pub use sign_up::{SignUpFields, Status};
pub use signed::{TENANT_KEY_BYTES, TenantKey};
pub use wait_order::{
    DRAW_BEFORE_MIN, DRAW_BEFORE_MIN_DEFAULT, DRAWN_MAX, Draw, DrawFault, WaitOrder, WaitRule, commitment,
    draw_key,
};

/// A scalar of a document field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Value {
    #[n(0)]
    Text(#[n(0)] String),
    #[n(1)]
    Int(#[n(0)] i64),
    #[n(2)]
    Bool(#[n(0)] bool),
    #[n(3)]
    Bytes(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    #[n(4)]
    Null,
}

impl Value {
    fn to_scalar(&self) -> ScalarValue {
        match self {
            Self::Text(text) => ScalarValue::Str(text.as_str().into()),
            Self::Int(int) => ScalarValue::Int(*int),
            Self::Bool(bool) => ScalarValue::Boolean(*bool),
            Self::Bytes(bytes) => ScalarValue::Bytes(bytes.clone()),
            Self::Null => ScalarValue::Null,
        }
    }

    fn from_scalar(scalar: &ScalarValue) -> Result<Self, Refused> {
        Ok(match scalar {
            ScalarValue::Str(text) => Self::Text(text.to_string()),
            ScalarValue::Int(int) | ScalarValue::Timestamp(int) => Self::Int(*int),
            ScalarValue::Uint(int) => Self::Int(i64::try_from(*int).map_err(|_| Refused::NotFlat)?),
            ScalarValue::Boolean(bool) => Self::Bool(*bool),
            ScalarValue::Bytes(bytes) => Self::Bytes(bytes.clone()),
            ScalarValue::Null => Self::Null,
            ScalarValue::F64(_) | ScalarValue::Counter(_) | ScalarValue::Unknown { .. } => {
                return Err(Refused::NotFlat);
            }
        })
    }
}

/// One visible op of a field: a value that no later op has replaced.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Visible {
    #[n(0)]
    pub counter: u64,
    #[n(1)]
    pub writer: Writer,
    #[n(2)]
    pub value: Value,
}

/// The state of a flat document; see the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Document {
    #[n(0)]
    heads: Vec<Hash>,
    #[n(1)]
    max_op: u64,
    #[n(2)]
    seqs: BTreeMap<Writer, u64>,
    #[n(3)]
    fields: BTreeMap<String, Vec<Visible>>,
    /// First 8 bytes of each applied change's hash, sorted.
    #[n(4)]
    known: Vec<u64>,
}

/// SHA-256 of a change, as Automerge computes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct Hash(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

impl Hash {
    fn first8(&self) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.0[..8]);
        u64::from_be_bytes(first)
    }
}

/// Why a change is not applied; it is parked with this reason and the stream goes on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("change of {0} bytes is longer than {ENTRY_BYTES_MAX}")]
    TooLong(usize),
    #[error("bytes are not an uncompressed Automerge change")]
    Malformed,
    #[error("change writes something other than scalars at root keys")]
    NotFlat,
    #[error("change was made by {0}, which did not send it")]
    WrongActor(String),
    #[error("change depends on one that is missing here")]
    MissingDependency,
    #[error("change has sequence {found}, expected {expected}")]
    SequenceGap { found: u64, expected: u64 },
    #[error("document would exceed its limit of {0}")]
    DocumentFull(&'static str),
    #[error("a document was created under another writer's id")]
    NotItsMinter,
    #[error("field {0:?} of this document is not for this writer to set, or is set once for all")]
    NotItsField(String),
    #[error("change says nothing")]
    Empty,
    #[error("the job is not signed by a key of its tenant")]
    NotSigned,
}

/// What [`Document::apply`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    New,
    Duplicate,
}

impl Document {
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// The winning value of a field: of the visible ops the one with the highest (counter, writer).
    #[must_use]
    pub fn value(&self, field: &str) -> Option<&Value> {
        self.visible(field).iter().max_by_key(|v| (v.counter, v.writer)).map(|v| &v.value)
    }

    /// All visible ops of a field; more than one where writers edited it concurrently.
    #[must_use]
    pub fn visible(&self, field: &str) -> &[Visible] {
        self.fields.get(field).map_or(&[], Vec::as_slice)
    }

    /// Names of the fields with a value.
    pub fn field_names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    #[must_use]
    pub fn heads(&self) -> &[Hash] {
        &self.heads
    }

    /// How many changes of a writer are in it.
    #[must_use]
    pub fn changes_of(&self, writer: Writer) -> u64 {
        self.seqs.get(&writer).copied().unwrap_or(0)
    }

    /// Who has changed it, and how often each.
    pub fn writers(&self) -> impl DoubleEndedIterator<Item = (Writer, u64)> {
        self.seqs.iter().map(|(writer, changes)| (*writer, *changes))
    }

    fn text(&self, field: &str) -> String {
        match self.value(field) {
            Some(Value::Text(text)) => text.clone(),
            Some(Value::Int(_) | Value::Bool(_) | Value::Bytes(_) | Value::Null) | None => String::new(),
        }
    }

    fn int(&self, field: &str) -> Option<i64> {
        match self.value(field) {
            Some(Value::Int(int)) => Some(*int),
            Some(Value::Text(_) | Value::Bool(_) | Value::Bytes(_) | Value::Null) | None => None,
        }
    }

    fn flag(&self, field: &str) -> bool {
        self.value(field) == Some(&Value::Bool(true))
    }

    /// Builds the change that sets `fields` (those that differ), at `at` epoch seconds; `None` where nothing differs.
    /// The bytes equal those that an Automerge document would make; they are not applied here.
    #[must_use]
    pub fn edit(&self, writer: Writer, fields: &[(&str, Value)], at: i64) -> Option<Vec<u8>> {
        let changed = self.changed(fields)?;
        Some(self.change(writer, &changed, at))
    }

    /// The same, signed in a tenant's name. `doc` is the job that this document describes.
    #[must_use]
    pub fn edit_signed(
        &self,
        doc: DocumentId,
        writer: Writer,
        fields: &[(&str, Value)],
        at: i64,
        key: &TenantKey,
    ) -> Option<Vec<u8>> {
        let mut changed = self.changed(fields)?;
        let signature = key.sign(doc, writer, self.next_seq(writer), &changed);
        changed.push((JobFields::SIGNED, Value::Bytes(signature)));
        Some(self.change(writer, &changed, at))
    }

    /// The winning values of all fields, as they are once `fields` are written.
    #[must_use]
    pub fn values_with(&self, fields: &[(&str, Value)]) -> BTreeMap<String, Value> {
        let winners =
            self.field_names().filter_map(|name| Some((name.to_owned(), self.value(name)?.clone())));
        let mut values: BTreeMap<String, Value> = winners.collect();
        values.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        values
    }

    fn changed<'a>(&self, fields: &[(&'a str, Value)]) -> Option<Vec<(&'a str, Value)>> {
        let differs = |(name, value): &&(&str, Value)| self.value(name) != Some(value);
        let changed: Vec<_> = fields.iter().filter(differs).cloned().collect();
        (!changed.is_empty()).then_some(changed)
    }

    fn next_seq(&self, writer: Writer) -> u64 {
        self.seqs.get(&writer).copied().unwrap_or(0) + 1
    }

    fn change(&self, writer: Writer, puts: &[(&str, Value)], at: i64) -> Vec<u8> {
        let operations = puts
            .iter()
            .map(|(name, value)| Op {
                action: OpType::Put(value.to_scalar()),
                obj: ObjectId::Root,
                key: Key::Map((*name).into()),
                pred: self
                    .visible(name)
                    .iter()
                    .map(|v| OpId::new(v.counter, &actor(v.writer)))
                    .collect::<SortedVec<_>>(),
                insert: false,
            })
            .collect();
        let expanded = ExpandedChange {
            operations,
            actor_id: actor(writer),
            hash: None,
            seq: self.next_seq(writer),
            start_op: NonZeroU64::MIN.saturating_add(self.max_op),
            time: at,
            message: None,
            deps: self.heads.iter().map(|h| ChangeHash(h.0)).collect(),
            extra_bytes: Vec::new(),
            author: None,
        };
        Change::from(expanded).raw_bytes().to_vec()
    }

    /// Bytes of all visible values with the names of their fields.
    #[must_use]
    pub fn value_bytes(&self) -> usize {
        let of = |values: &Vec<Visible>| values.iter().map(|v| rules::value_bytes(&v.value)).sum::<usize>();
        self.fields.iter().map(|(name, values)| name.len() + of(values)).sum()
    }

    /// About how many bytes an edit of this document writes: all of its state.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.value_bytes() + self.known.len() * size_of::<u64>() + self.heads.len() * size_of::<Hash>()
    }

    /// Applies a change of `doc` by `writer` as far as the rules of who writes what let it; on an error nothing has changed.
    pub fn take(&mut self, doc: DocumentId, bytes: &[u8], writer: Writer) -> Result<Applied, Refused> {
        self.take_signed(doc, bytes, writer, &[])
    }

    /// The same where the job's tenant has public keys, newest first: then a job is born with a signature by one of them, and
    /// any writer may bring an edit that the newest has signed.
    pub fn take_signed(
        &mut self,
        doc: DocumentId,
        bytes: &[u8],
        writer: Writer,
        tenant_keys: &[u8],
    ) -> Result<Applied, Refused> {
        self.apply_if(bytes, Some(writer), |change, before, after| {
            rules::judge((doc, writer, tenant_keys), change, before, after)
        })
    }

    /// The values that a change of `doc` by `writer` sets, where the change itself cannot be applied because what it depends
    /// on is lost: for whoever makes the same edit anew. The rules of who writes what hold as for [`Self::take`].
    pub fn retold(
        &self,
        doc: DocumentId,
        bytes: &[u8],
        writer: Writer,
    ) -> Result<Vec<(String, Value)>, Refused> {
        let (_, change) = decode(bytes)?;
        if Writer::from_bytes(change.actor_id.to_bytes()) != Some(writer) {
            return Err(Refused::WrongActor(change.actor_id.to_string()));
        }
        let mut values = Vec::with_capacity(change.operations.len());
        for op in &change.operations {
            let (ObjectId::Root, Key::Map(key), OpType::Put(scalar)) = (&op.obj, &op.key, &op.action) else {
                return Err(Refused::NotFlat);
            };
            rules::may_tell(doc, writer, key, self)?;
            values.push((key.to_string(), Value::from_scalar(scalar)?));
        }
        Ok(values)
    }

    /// Applies a change made by `author`, whatever it writes; on an error nothing has changed.
    pub fn apply(&mut self, bytes: &[u8], author: Option<Writer>) -> Result<Applied, Refused> {
        self.apply_if(bytes, author, |_, _, _| Ok(()))
    }

    fn apply_if(
        &mut self,
        bytes: &[u8],
        author: Option<Writer>,
        judge: impl FnOnce(&ExpandedChange, &Self, &Self) -> Result<(), Refused>,
    ) -> Result<Applied, Refused> {
        let (hash, change) = decode(bytes)?;
        let writer = Writer::from_bytes(change.actor_id.to_bytes())
            .ok_or_else(|| Refused::WrongActor(change.actor_id.to_string()))?;
        if author.is_some_and(|author| author != writer) {
            return Err(Refused::WrongActor(writer.to_string()));
        }
        if self.known.binary_search(&hash.first8()).is_ok() {
            return Ok(Applied::Duplicate);
        }
        let expected = self.next_seq(writer);
        if change.seq != expected {
            return Err(Refused::SequenceGap { found: change.seq, expected });
        }
        let deps: Vec<Hash> = change.deps.iter().map(|d| Hash(d.0)).collect();
        if deps.iter().any(|d| self.known.binary_search(&d.first8()).is_err()) {
            return Err(Refused::MissingDependency);
        }
        if self.known.len() >= DOCUMENT_CHANGES_MAX {
            return Err(Refused::DocumentFull("changes"));
        }
        // All that it depends on is here, so an honest change begins at most behind the last operation known.
        if change.start_op.get() > self.max_op + 1 {
            return Err(Refused::SequenceGap { found: change.start_op.get(), expected: self.max_op + 1 });
        }
        let mut next = self.clone();
        next.apply_ops(writer, &change)?;
        next.heads.retain(|h| !deps.contains(h));
        next.heads.push(hash);
        next.heads.sort_unstable();
        next.seqs.insert(writer, change.seq);
        let at = next.known.partition_point(|k| *k < hash.first8());
        next.known.insert(at, hash.first8());
        judge(&change, self, &next)?;
        *self = next;
        Ok(Applied::New)
    }

    fn apply_ops(&mut self, writer: Writer, change: &ExpandedChange) -> Result<(), Refused> {
        for (counter, op) in (change.start_op.get()..).zip(&change.operations) {
            let (ObjectId::Root, Key::Map(key), false) = (&op.obj, &op.key, op.insert) else {
                return Err(Refused::NotFlat);
            };
            let value = match &op.action {
                OpType::Put(scalar) => Some(Value::from_scalar(scalar)?),
                OpType::Delete => None,
                OpType::Make(_) | OpType::Increment(_) | OpType::MarkBegin(_) | OpType::MarkEnd(_) => {
                    return Err(Refused::NotFlat);
                }
            };
            let visible = self.fields.entry(key.to_string()).or_default();
            visible.retain(|v| {
                !op.pred
                    .iter()
                    .any(|p| p.counter() == v.counter && p.actor().to_bytes() == v.writer.to_bytes())
            });
            if let Some(value) = value {
                visible.push(Visible { counter, writer, value });
            }
            if visible.len() > FIELD_VALUES_MAX {
                return Err(Refused::DocumentFull("values"));
            }
            if visible.is_empty() {
                self.fields.remove(key.as_str());
            }
            self.max_op = self.max_op.max(counter);
        }
        if self.fields.len() > DOCUMENT_FIELDS_MAX {
            return Err(Refused::DocumentFull("fields"));
        }
        Ok(())
    }
}

fn actor(writer: Writer) -> ActorId {
    ActorId::from(&writer.to_bytes()[..])
}

/// Magic and chunk type of a stored change: `85 6f 4a 83`, four bytes of checksum, then 1 for "change, not deflated".
fn is_plain_change(bytes: &[u8]) -> bool {
    bytes.get(..4) == Some(&[0x85, 0x6f, 0x4a, 0x83]) && bytes.get(8) == Some(&1)
}

fn decode(bytes: &[u8]) -> Result<(Hash, ExpandedChange), Refused> {
    if bytes.len() > ENTRY_BYTES_MAX {
        return Err(Refused::TooLong(bytes.len()));
    }
    if !is_plain_change(bytes) {
        return Err(Refused::Malformed);
    }
    // Automerge's decoder panics on some op codes that a hostile peer can send.
    catch_unwind(|| {
        let change = Change::from_bytes(bytes.to_vec()).map_err(|_| Refused::Malformed)?;
        // Automerge computes the hash but does not compare it with the chunk's own checksum.
        if bytes.get(4..8) != change.hash().0.get(..4) {
            return Err(Refused::Malformed);
        }
        if change.len() > DOCUMENT_FIELDS_MAX * 4 {
            return Err(Refused::DocumentFull("ops"));
        }
        Ok((Hash(change.hash().0), change.decode()))
    })
    .unwrap_or(Err(Refused::Malformed))
}
