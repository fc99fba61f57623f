//! As much CBOR (RFC 8949) as a receipt has: one map from small numbers to byte strings and whole numbers.

use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;

/// Keys that a map of a receipt may have; it has ten at most.
const KEYS_MAX: u64 = 64;

/// A map whose values can be asked for.
#[derive(Debug)]
pub(super) struct Cbor<'a>(BTreeMap<u64, Value<'a>>);

#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    Bytes(&'a [u8]),
    Number(u64),
    /// A whole number below 0, which no receipt is asked for.
    Negative,
}

impl<'a> Cbor<'a> {
    /// Reads a whole map; nothing may follow it.
    pub(super) fn map(mut rest: &'a [u8]) -> Result<Self> {
        let (major, count) = head(&mut rest)?;
        ensure!(major == 5 && count <= KEYS_MAX, "not a map of a receipt");
        let mut fields = BTreeMap::new();
        for _ in 0..count {
            let (major, key) = head(&mut rest)?;
            ensure!(major == 0, "a key is not a number");
            let (major, value) = head(&mut rest)?;
            let value = match major {
                0 => Value::Number(value),
                1 => Value::Negative,
                2 => {
                    let length = usize::try_from(value).context("a length")?;
                    let (bytes, after) = rest.split_at_checked(length).context("it ends early")?;
                    rest = after;
                    Value::Bytes(bytes)
                }
                other => bail!("a value of kind {other}"),
            };
            ensure!(fields.insert(key, value).is_none(), "key {key} comes twice");
        }
        ensure!(rest.is_empty(), "something follows the map");
        Ok(Self(fields))
    }

    /// The byte string under a key.
    pub(super) fn bytes(&self, key: u64) -> Result<&'a [u8]> {
        match self.0.get(&key) {
            Some(Value::Bytes(bytes)) => Ok(*bytes),
            Some(Value::Number(_) | Value::Negative) => bail!("key {key} is a number"),
            None => bail!("key {key} is missing"),
        }
    }

    /// The number under a key, where there is that key.
    pub(super) fn number(&self, key: u64) -> Result<Option<u64>> {
        match self.0.get(&key) {
            Some(Value::Number(number)) => Ok(Some(*number)),
            Some(Value::Bytes(_) | Value::Negative) => bail!("key {key} is no whole number"),
            None => Ok(None),
        }
    }
}

/// Major type and argument.
fn head(rest: &mut &[u8]) -> Result<(u8, u64)> {
    let (first, after) = rest.split_first().context("it ends early")?;
    let (major, low) = (first >> 5, first & 31);
    let bytes = match low {
        0..=23 => {
            *rest = after;
            return Ok((major, u64::from(low)));
        }
        24..=27 => 1_usize << (low - 24),
        _ => bail!("a length that no receipt has"),
    };
    let (argument, after) = after.split_at_checked(bytes).context("it ends early")?;
    *rest = after;
    Ok((major, argument.iter().fold(0, |all, byte| all << 8 | u64::from(*byte))))
}
