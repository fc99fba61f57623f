//! A worker's record: read and opened for its worker, changed, sealed again. Sealing happens here, outside the event loop,
//! which stores what it is given if nobody was faster.

use crate::{
    app::App,
    event_loop::Event,
    http::Problem,
    person::{Pin, card},
};
use edge_core::{
    node::{PersonChange, PersonRefusal},
    person::{Contact, DataKey, Facts, NONCE_BYTES, Opened, Proof, Regional, Sealer},
};
use pages::Lang;
use sync_protocol::{erasure::EraseOrder, ids::WorkerId};
use sync_store::{Kept, ShardTx, StoreError};
use tokio::sync::oneshot;

/// Random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Problem::internal(&anyhow::anyhow!("no random bytes: {error}")))?;
    Ok(bytes)
}

/// What is known of a worker, opened.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) worker: WorkerId,
    wrapped: Vec<u8>,
    key: DataKey,
    pub(crate) contact: Regional<Contact>,
    pub(crate) facts: Regional<Facts>,
    proof: Regional<Proof>,
    /// The same as it is stored.
    proof_row: Vec<u8>,
}

/// What the store has of a worker.
#[derive(Debug)]
pub(crate) enum Found {
    Nothing,
    Record(Box<Record>),
    /// A row is damaged, or does not open: its worker enrols again.
    Damaged(Option<Kept>),
}

fn sealer(app: &App) -> Sealer {
    Sealer::of_region(&app.shared.region_key)
}

/// Reads and opens a worker's record.
pub(crate) fn find(app: &App, worker: WorkerId) -> Result<Found, Problem> {
    let sealer = sealer(app);
    Ok(app.shared.readers.read(|tx| open(tx, &sealer, worker))?)
}

/// How to reach a worker who enrolled here; `None` of others, and of a record that cannot be read.
pub(crate) fn contact(app: &App, worker: WorkerId) -> Result<Option<Regional<Contact>>, StoreError> {
    let sealer = sealer(app);
    let found = app.shared.readers.read(|tx| open(tx, &sealer, worker))?;
    Ok(match found {
        Found::Record(record) if !record.contact.reveal().phone.is_empty() => Some(record.contact),
        Found::Record(_) | Found::Nothing | Found::Damaged(_) => None,
    })
}

fn open(tx: &mut dyn ShardTx, sealer: &Sealer, worker: WorkerId) -> Result<Found, StoreError> {
    let Some(kept) = tx.person_key(worker)? else { return Ok(Found::Nothing) };
    let Kept::Whole(wrapped) = &kept else { return Ok(Found::Damaged(Some(kept))) };
    let Some(key) = sealer.unwrap_key(worker, wrapped) else { return Ok(Found::Damaged(Some(kept))) };
    let (contact, facts, proof) =
        (class(tx, &key, worker)?, class(tx, &key, worker)?, class(tx, &key, worker)?);
    Ok(match (contact, facts, proof) {
        (Some((contact, _)), Some((facts, _)), Some((proof, proof_row))) => {
            let wrapped = wrapped.clone();
            Found::Record(Box::new(Record { worker, wrapped, key, contact, facts, proof, proof_row }))
        }
        _ => Found::Damaged(Some(kept)),
    })
}

/// A class of what is known of a worker: opened, and sealed as it is stored.
type Stored<T> = (Regional<T>, Vec<u8>);

fn class<T: Opened>(
    tx: &mut dyn ShardTx,
    key: &DataKey,
    worker: WorkerId,
) -> Result<Option<Stored<T>>, StoreError> {
    Ok(match tx.person(worker, T::CLASS.number())? {
        Some(Kept::Whole(sealed)) => key.open(worker, &sealed).map(|opened| (opened, sealed)),
        Some(Kept::Damaged) | None => None,
    })
}

/// The language in which a worker enrolled, where this node speaks it.
pub(crate) fn lang_of(contact: &Contact) -> Option<Lang> {
    contact.lang.as_deref().and_then(Lang::from_code)
}

/// Whose a PIN is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fits {
    /// Nobody's, or over.
    No,
    /// The worker's own.
    Own,
    /// Given by the operator: good for choosing another.
    Given,
}

/// Whether the PIN is the worker's. A worker whom nobody knows takes as long and is not proved.
pub(crate) async fn proves(app: &App, worker: WorkerId, pin: Pin) -> Result<Fits, Problem> {
    let (proof, row) = proof_of(app, worker)?.unzip();
    let given_until = proof.as_ref().and_then(|proof| proof.reveal().given_until);
    let fits = app.persons.pins.fits(pin, proof).await?;
    // A PIN that was changed or ended while it was compared opens nothing any more.
    let fits = fits && proof_of(app, worker)?.map(|(_, row)| row) == row;
    Ok(if fits { Fits::at(given_until, app.shared.now()) } else { Fits::No })
}

fn proof_of(app: &App, worker: WorkerId) -> Result<Option<Stored<Proof>>, Problem> {
    Ok(match find(app, worker)? {
        Found::Record(record) => Some((record.proof, record.proof_row)),
        Found::Nothing | Found::Damaged(_) => None,
    })
}

impl Fits {
    /// Of the right digits: given until then (epoch seconds), or the worker's own.
    const fn at(given_until: Option<i64>, now: i64) -> Self {
        match given_until {
            None => Self::Own,
            Some(until) if now < until => Self::Given,
            Some(_) => Self::No,
        }
    }
}

/// Ends a worker's PIN and log-ins, and puts one in its place that is good until then for choosing another. Where nobody is
/// enrolled nothing is done, in much the same time.
pub(crate) async fn give_pin(app: &App, worker: WorkerId, pin: Pin, until: i64) -> Result<(), Problem> {
    let proof = app.persons.pins.proof_of(pin).await?.into_revealed();
    let Found::Record(record) = find(app, worker)? else { return Ok(()) };
    let proof = Regional::new(Proof { given_until: Some(until), ..proof });
    let rows = vec![sealed(&record.key, worker, &proof)?];
    let known = Some(Kept::Whole(record.wrapped.clone()));
    store(app, PersonChange { worker, known, proof: None, wrapped: record.wrapped, rows, card: None })
        .await?;
    app.persons.sessions().end_all_of(worker);
    app.persons.tries().begin_anew(worker);
    Ok(())
}

/// What a worker tells, new or changed; what is `None` stays.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) contact: Option<Regional<Contact>>,
    pub(crate) facts: Option<Regional<Facts>>,
    pub(crate) pin: Option<Pin>,
    pub(crate) new_card: bool,
}

fn unsealed() -> Problem {
    Problem::internal(&anyhow::anyhow!("a record could not be sealed"))
}

/// Enrols a worker under a fresh key. `in_place_of` is what is stored and cannot be read. Returns the card's text.
pub(crate) async fn enrol(
    app: &App,
    worker: WorkerId,
    told: Told,
    in_place_of: Option<Kept>,
) -> Result<String, Problem> {
    let pin = told.pin.ok_or_else(|| Problem::new("bad-request", "pin: choose one"))?;
    let proof = app.persons.pins.proof_of(pin).await?;
    let key = DataKey::from_random(random()?);
    let wrapped = sealer(app).wrap(worker, &key, random::<NONCE_BYTES>()?).ok_or_else(unsealed)?;
    let (contact, facts) = (told.contact.unwrap_or_default(), told.facts.unwrap_or_default());
    let rows =
        vec![sealed(&key, worker, &contact)?, sealed(&key, worker, &facts)?, sealed(&key, worker, &proof)?];
    let (text, card) = card::fresh(&app.shared.region_key)?;
    store(app, PersonChange { worker, known: in_place_of, proof: None, wrapped, rows, card: Some(card) })
        .await?;
    Ok(text)
}

/// Changes a record. Returns the text of the new card where one was asked for.
pub(crate) async fn change(app: &App, record: &Record, told: Told) -> Result<Option<String>, Problem> {
    let (key, worker) = (&record.key, record.worker);
    let mut rows = Vec::new();
    if let Some(contact) = &told.contact {
        rows.push(sealed(key, worker, contact)?);
    }
    if let Some(facts) = &told.facts {
        rows.push(sealed(key, worker, facts)?);
    }
    if let Some(pin) = told.pin {
        rows.push(sealed(key, worker, &app.persons.pins.proof_of(pin).await?)?);
    }
    let fresh = told.new_card.then(|| card::fresh(&app.shared.region_key)).transpose()?;
    let (text, card) = fresh.unzip();
    let known = Some(Kept::Whole(record.wrapped.clone()));
    let (proof, wrapped) = (Some(record.proof_row.clone()), record.wrapped.clone());
    store(app, PersonChange { worker, known, proof, wrapped, rows, card }).await?;
    Ok(text)
}

fn sealed<T: Opened>(
    key: &DataKey,
    worker: WorkerId,
    value: &Regional<T>,
) -> Result<(edge_core::person::Class, Vec<u8>), Problem> {
    let row = key.seal(worker, value, random()?).ok_or_else(unsealed)?;
    Ok((T::CLASS, row))
}

async fn store(app: &App, change: PersonChange) -> Result<(), Problem> {
    let (reply, answer) = oneshot::channel();
    app.send(Event::Person(Box::new(change), reply))?;
    app.wait(answer).await?.map_err(|refusal| match refusal {
        PersonRefusal::Changed => Problem::new("changed-meanwhile", refusal.to_string()),
        PersonRefusal::Retired => Problem::new("frozen", refusal.to_string()),
        PersonRefusal::Store(error) => Problem::from(error),
    })
}

/// Erases a worker here and orders it everywhere else. Returns the order and this node's signed receipt.
pub(crate) async fn erase(app: &App, worker: WorkerId) -> Result<(EraseOrder, Vec<u8>), Problem> {
    let order = EraseOrder { id: random()?, worker, at: app.shared.now() };
    let (reply, answer) = oneshot::channel();
    app.send(Event::Erase(order, reply))?;
    let receipt = app.wait(answer).await?;
    app.persons.sessions().end_all_of(worker);
    Ok((order, receipt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_operator_gave_is_good_for_its_time() {
        for (given_until, now, fits) in [
            (None, 1_000, Fits::Own),
            (Some(1_001), 1_000, Fits::Given),
            (Some(1_000), 1_000, Fits::No),
            (Some(0), 1_000, Fits::No),
        ] {
            assert_eq!(Fits::at(given_until, now), fits, "{given_until:?}");
        }
    }
}
