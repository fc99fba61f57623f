//! Which row of a file stands for a key. A first reading notes keys as hashes, so that the second
//! can drop repeats and fold twins without holding rows; after it only keys that occur more than
//! once are kept.

use super::import::RecordReader;
use super::map::{Map, Rules};
use super::verdict::Reason;
use anyhow::Result;
use std::collections::{BTreeMap, HashMap};
use std::io::Read;

/// The lines that share a key.
#[derive(Debug, Clone)]
struct Group {
    chosen_line: u64,
    preferred: bool,
    rows: u32,
    /// Hashes of the records met in the second reading with the line of the first of each.
    seen: BTreeMap<u128, u64>,
}

/// Keys that occur more than once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Twins {
    groups: HashMap<u128, Group>,
}

/// What a row is among the rows of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It stands for the key.
    Chosen,
    /// The same record was met before.
    Duplicate,
    /// Another row stands for the key.
    Folded {
        /// The line of that row.
        chosen_line: u64,
    },
}

impl Twins {
    /// Reads a whole file for its keys; rows that cannot be read are left to the second reading.
    pub(crate) fn scan(source: impl Read, map: &Map) -> Result<Self> {
        let mut records = RecordReader::new(source, map)?;
        let mut groups: HashMap<u128, Group> = HashMap::new();
        while let Some(record) = records.next_record()? {
            let Ok(record) = record else { continue };
            let Some(key) = record.key(map) else { continue };
            let preferred = match &map.rules {
                Rules::Native(_) => false,
                Rules::Columns(rules) => {
                    rules.twins.as_ref().is_some_and(|twins| record.field(&twins.column) == twins.prefer)
                }
            };
            let line = record.line();
            let group = groups.entry(hash(&key)).or_insert_with(|| Group {
                chosen_line: line,
                preferred,
                rows: 0,
                seen: BTreeMap::new(),
            });
            group.rows = group.rows.saturating_add(1);
            if preferred && !group.preferred {
                group.chosen_line = line;
                group.preferred = true;
            }
        }
        groups.retain(|_, group| group.rows > 1);
        groups.shrink_to_fit();
        Ok(Self { groups })
    }

    /// Places one row in the second reading; `record` is its text as read.
    pub(crate) fn standing(&mut self, key: &str, line: u64, record: &str) -> Standing {
        let Some(group) = self.groups.get_mut(&hash(key)) else {
            return Standing::Chosen;
        };
        let first_line = *group.seen.entry(hash(record)).or_insert(line);
        if first_line != line {
            Standing::Duplicate
        } else if group.chosen_line == line {
            Standing::Chosen
        } else {
            Standing::Folded { chosen_line: group.chosen_line }
        }
    }
}

/// The message for a key that another row holds, where no twins rule says what to do.
pub(crate) fn key_taken(key: &str, chosen_line: u64) -> (Reason, String) {
    let message = format!(
        "key `{key}` is used by line {chosen_line} with other content; make the keys differ, or \
         give the map a [twins] rule"
    );
    (Reason::KeyTaken, message)
}

/// The first 128 bits of the BLAKE3 hash.
fn hash(text: &str) -> u128 {
    let whole = blake3::hash(text.as_bytes());
    let mut first = [0; 16];
    first.copy_from_slice(&whole.as_bytes()[..16]);
    u128::from_le_bytes(first)
}
