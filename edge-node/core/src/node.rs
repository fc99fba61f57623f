//! What a node does with sign-ups, jobs and what the hub sends, inside one storage transaction per batch.
//!
//! The event loop opens a transaction, makes a [`Batch`] of it, handles a batch of events, commits, records
//! [`Batch::heads`] in the witness, and only then answers. Seat decisions read the ledger, never a document.

mod answer;
mod attendance;
mod crew;
mod drain;
mod fitness;
mod gate;
mod holds;
mod jobs;
mod line;
mod outbox;
mod over;
mod persons;
mod place;
mod receive;
mod rows;
mod sign_up;

pub use answer::{Answer, answer_of};
pub use attendance::{Act, Attend, AttendRefusal, Attended, attendance_of};
pub use crew::{CREW_MAX, CREW_MIN, CrewDecision, CrewRefusal, CrewRequest};
pub use fitness::Unfit;
pub use gate::EARLY_MAX;
pub use holds::{Claim, Hold, HoldId, HoldRefusal, HoldRequest, Holder, Holds};
pub use jobs::{EditRefusal, JobEdit, JobRefusal, NewJob};
pub use line::{Turn, in_order};
pub use persons::{PersonChange, PersonRefusal};
pub use place::place_question;
pub use rows::{JobView, job_row, job_view, remembered_view};
pub use sign_up::{CancelRefusal, Decision, PendingAsk, SignUpRefusal, SignUpRequest};

use crate::{admit::Admit, person::Sealer};
use ed25519_dalek::{Signer, SigningKey};
use std::collections::{BTreeMap, BTreeSet};
use sync_protocol::{
    contact::Contacts,
    documents::{Document, Refused, SignUpFields, Status, TenantKey, Value},
    ids::{DocumentId, DocumentKind, JobId, SignUpId, TenantId, TopicId, VshardId, Writer},
    log::{Entry, EntryKind, LogHead},
    mutant::{self, Mutant},
    seats::{Footing, NodeEvent, NodeRow},
    wire::v1::Interest,
};
use sync_store::{ShardTx, StoreError};

/// Whether the hub can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uplink {
    Up,
    Down,
}

/// The node's identity and what it knows of tenants and topics.
pub struct EdgeNode {
    pub writer: Writer,
    pub region: String,
    signer: SigningKey,
    certificate: Vec<u8>,
    /// Makes the digits of tickets.
    digits_key: [u8; 32],
    /// Seconds that local time is ahead of UTC; decides what a night shift is.
    pub utc_offset_s: i32,
    /// Opens what is kept of persons; none on a node that keeps nothing of them.
    sealer: Option<Sealer>,
    /// Where the hall is, millionths of a degree.
    position: Option<(i32, i32)>,
    interest: Interest,
    topics: BTreeMap<TenantId, (TopicId, VshardId)>,
    /// Ids up to this counter were minted by an earlier run: what is not stored of them never will be.
    minted_before: u64,
    /// Why this incarnation uses no right any more, where that is so.
    retired: Option<String>,
    /// An operator has said that nobody new is to be taken here.
    draining: bool,
}

impl std::fmt::Debug for EdgeNode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EdgeNode")
            .field("writer", &self.writer)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

const INTEREST: &str = "interest";

impl EdgeNode {
    /// A node with the log key `seed` and its certificate, which goes into each receipt.
    #[must_use]
    pub fn new(writer: Writer, region: &str, seed: &[u8; 32], certificate: &[u8], utc_offset_s: i32) -> Self {
        Self {
            writer,
            region: region.to_owned(),
            signer: SigningKey::from_bytes(seed),
            certificate: certificate.to_vec(),
            digits_key: blake3::derive_key("dayshift ticket digits v1", seed),
            utc_offset_s,
            sealer: None,
            position: None,
            interest: Interest::default(),
            topics: BTreeMap::new(),
            minted_before: 0,
            retired: None,
            draining: false,
        }
    }

    /// Lets the node read what it keeps of persons, and tells it where its hall is.
    #[must_use]
    pub fn with_persons(self, sealer: Sealer, position: Option<(i32, i32)>) -> Self {
        Self { sealer: Some(sealer), position, ..self }
    }

    /// Reads what was stored of tenants, topics and its own end, so that a node starts without its hub. Questions that
    /// were open before are lost from here on: call it before the first [`Batch`].
    pub fn load(&mut self, tx: &mut dyn ShardTx) -> Result<(), StoreError> {
        self.minted_before = tx.last_counter()?;
        self.retired = over::stored(tx)?;
        self.draining = drain::stored(tx)?;
        if let Some(bytes) = tx.meta(INTEREST)? {
            self.learn(minicbor::decode(&bytes).map_err(|_| StoreError::BadRow("interest"))?);
        }
        Ok(())
    }

    /// Stores what the hub told of tenants and topics; call [`EdgeNode::learn`] once it is durable.
    pub fn store_interest(tx: &mut dyn ShardTx, interest: &Interest) -> Result<(), StoreError> {
        tx.put_meta(INTEREST, &minicbor::to_vec(interest).map_err(|_| StoreError::BadRow("interest"))?)
    }

    /// Number of the latest contact with the hub that this disk holds, 0 before the first.
    pub fn contact(tx: &mut dyn ShardTx, writer: Writer) -> Result<u64, StoreError> {
        Ok(tx.contacts(VshardId::of_node(writer.node), writer)?.held)
    }

    /// Keeps the number of a contact; what follows in its session is applied behind it.
    pub fn store_contact(&self, tx: &mut dyn ShardTx, number: u64) -> Result<(), StoreError> {
        let contacts = Contacts { held: number, given: number };
        tx.put_contacts(VshardId::of_node(self.writer.node), self.writer, contacts)
    }

    /// Uses new tenants and topics from here on.
    pub fn learn(&mut self, interest: Interest) {
        self.topics = interest
            .topics
            .iter()
            .map(|(topic, tenant, vshard)| (TenantId(*tenant), (TopicId(*topic), VshardId(*vshard))))
            .collect();
        self.interest = interest;
    }

    /// From here on no right is used; call it once [`Batch::retire`] is durable.
    pub fn retire(&mut self, reason: &str) {
        self.retired = Some(reason.to_owned());
    }

    /// Whether nobody new is taken from here on; call it once [`Batch::drain`] is durable.
    pub const fn set_draining(&mut self, draining: bool) {
        self.draining = draining;
    }

    /// Whether nobody new is taken here.
    #[must_use]
    pub const fn is_draining(&self) -> bool {
        self.draining
    }

    /// Why this incarnation uses no right any more.
    #[must_use]
    pub fn retired(&self) -> Option<&str> {
        self.retired.as_deref()
    }

    /// The public keys that sign in the name of a topic's tenant, the present one first.
    #[must_use]
    pub fn sign_keys(&self, topic: TopicId) -> &[u8] {
        let tenant =
            self.interest.topics.iter().find(|(of, ..)| *of == topic.0).map(|(_, tenant, _)| *tenant);
        let found = self.interest.tenants.iter().find(|known| Some(known.id) == tenant);
        found.map_or(&[], |tenant| tenant.sign_keys.as_slice())
    }

    /// The tenants that the hub told of.
    #[must_use]
    pub fn interest(&self) -> &Interest {
        &self.interest
    }

    /// Signs a head of one of this node's logs.
    #[must_use]
    pub fn sign_head(&self, vshard: VshardId, head: &LogHead) -> Vec<u8> {
        self.signer.sign(&head.head.signed_bytes(self.writer, vshard, head.wseq)).to_bytes().to_vec()
    }
}

/// A batch of events in one open transaction.
pub struct Batch<'a> {
    pub node: &'a EdgeNode,
    pub tx: &'a mut dyn ShardTx,
    /// Epoch seconds.
    pub now: i64,
    pub uplink: Uplink,
    /// Whether the node's lease runs; jobs whose rights may be reclaimed need it.
    pub leased: bool,
    /// When the lease ends unless the hub renews it, epoch seconds: what receipts of those jobs say.
    pub lease_ends_at: i64,
    /// Plugins that say who may take a place; none where there are none.
    pub admit: Option<&'a dyn Admit>,
    /// The tenant in whose name jobs are posted and changed, where its API key was shown.
    pub in_name_of: Option<TenantKey>,
    /// The incarnation is over, maybe by this very batch.
    over: bool,
    /// Nobody new is taken, maybe from this very batch on.
    draining: bool,
    /// Somebody was erased: what the store holds beside its data is to be given back.
    pub erased: bool,
    /// Rights that are set aside; as they are after the batch, once it is durable.
    pub holds: Holds,
    /// Own log heads that this batch moved: to be witnessed and announced after the commit.
    pub heads: BTreeMap<VshardId, LogHead>,
    /// Jobs whose searchable row changed.
    pub changed: BTreeSet<JobId>,
    /// Sign-ups that are new here or stand otherwise than before, as they stand.
    pub stands: BTreeMap<SignUpId, (JobId, Status)>,
    /// The outbox has something to send.
    pub told: bool,
}

impl std::fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batch").field("now", &self.now).field("heads", &self.heads).finish_non_exhaustive()
    }
}

impl<'a> Batch<'a> {
    #[must_use]
    pub fn new(node: &'a EdgeNode, tx: &'a mut dyn ShardTx, now: i64, uplink: Uplink) -> Self {
        let over = node.retired.is_some();
        Self {
            node,
            tx,
            now,
            uplink,
            leased: true,
            lease_ends_at: now,
            admit: None,
            in_name_of: None,
            over,
            draining: node.draining,
            erased: false,
            holds: Holds::default(),
            heads: BTreeMap::new(),
            changed: BTreeSet::new(),
            stands: BTreeMap::new(),
            told: false,
        }
    }

    fn footing(&self) -> Footing {
        Footing { frozen: self.over, leased: self.leased || mutant::is(Mutant::LeaseNotNeeded) }
    }

    fn append(&mut self, vshard: VshardId, entry: &Entry) -> Result<LogHead, StoreError> {
        let head = self.tx.append_own(vshard, self.node.writer, entry)?;
        self.heads.insert(vshard, head);
        Ok(head)
    }

    fn append_row(
        &mut self,
        vshard: VshardId,
        topic: TopicId,
        job: JobId,
        event: NodeEvent,
    ) -> Result<LogHead, StoreError> {
        let body = minicbor::to_vec(NodeRow { job, event }).map_err(|_| StoreError::BadRow("ledger row"))?;
        self.changed.insert(job);
        self.append(vshard, &Entry::new(EntryKind::NodeLedger, topic, job, body))
    }

    /// Makes, applies and logs this node's own edit of a document; nothing where it changes nothing. One that others left
    /// no room for, or that is not this node's to make, is refused, which is no damage of this disk, and nothing is written.
    fn edit(
        &mut self,
        vshard: VshardId,
        topic: TopicId,
        doc: DocumentId,
        document: &mut Document,
        fields: &[(&str, Value)],
    ) -> Result<Result<(), Refused>, StoreError> {
        let (writer, keys) = (self.node.writer, self.node.sign_keys(topic));
        let change = match self.in_name_of.as_ref().filter(|_| doc.kind == DocumentKind::Job) {
            Some(key) => document.edit_signed(doc, writer, fields, self.now, key),
            None => document.edit(writer, fields, self.now),
        };
        let Some(change) = change else { return Ok(Ok(())) };
        if let Err(refused) = document.take_signed(doc, &change, writer, keys) {
            return Ok(Err(refused));
        }
        self.tx.put_document(vshard, doc, topic, document)?;
        self.append(vshard, &Entry::new(EntryKind::Change, topic, doc, change))?;
        Ok(Ok(()))
    }

    /// Keeps the row of a sign-up, and tells its worker what others changed.
    fn put_sign_up(
        &mut self,
        vshard: VshardId,
        sign_up: SignUpId,
        fields: &SignUpFields,
    ) -> Result<(), StoreError> {
        let before = self.tx.sign_up(sign_up)?.map(|row| row.status());
        self.tell_of_status(vshard, sign_up, before, fields)?;
        if before != Some(fields.status) {
            self.stands.insert(sign_up, (fields.job, fields.status));
        }
        self.tx.put_sign_up(vshard, sign_up, fields)
    }
}
