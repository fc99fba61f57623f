//! Which disks the numbers of contacts let in: each story is what disks show, one after the other.

use sync_protocol::contact::{Contacts, OlderDisk};

/// What a disk does at a contact.
#[derive(Clone, Copy, Debug)]
enum Shows {
    /// It shows this number and says that it holds the one it is given.
    AndHolds(u64),
    /// It shows this number and is not heard of again before its next contact.
    AndIsCut(u64),
}
use Shows::{AndHolds, AndIsCut};

/// The number given at each contact, or the refusal.
fn told(stories: &[Shows]) -> Vec<Result<u64, OlderDisk>> {
    let mut contacts = Contacts::default();
    stories
        .iter()
        .map(|story| {
            let (AndHolds(shown) | AndIsCut(shown)) = *story;
            contacts = contacts.meet(shown)?;
            if matches!(story, AndHolds(_)) {
                contacts = contacts.holds(contacts.given);
            }
            Ok(contacts.given)
        })
        .collect()
}

#[test]
fn a_disk_that_goes_on_is_let_in_and_an_older_one_is_not() {
    let check = |stories: &[Shows], expected: &[Result<u64, OlderDisk>]| {
        assert_eq!(told(stories), expected, "{stories:?}");
    };
    let older = |shown, held| Err(OlderDisk { shown, held });
    // One disk, contact after contact.
    check(&[AndHolds(0), AndHolds(1), AndHolds(2)], &[Ok(1), Ok(2), Ok(3)]);
    // A line cut before the number was kept, or before the hub heard that it was.
    check(&[AndHolds(0), AndIsCut(1), AndHolds(1)], &[Ok(1), Ok(2), Ok(3)]);
    check(&[AndHolds(0), AndIsCut(1), AndHolds(2)], &[Ok(1), Ok(2), Ok(3)]);
    // A copy made after the first contact comes behind its original, and before it.
    check(&[AndHolds(0), AndHolds(1), AndHolds(1)], &[Ok(1), Ok(2), older(1, 2)]);
    check(&[AndHolds(0), AndIsCut(1), AndHolds(1), AndHolds(2)], &[Ok(1), Ok(2), Ok(3), older(2, 3)]);
    // A copy made before any contact.
    check(&[AndHolds(0), AndHolds(0)], &[Ok(1), older(0, 1)]);
    // The hub is from a backup.
    check(&[AndHolds(7), AndHolds(8), AndHolds(7)], &[Ok(8), Ok(9), older(7, 9)]);
}

#[test]
fn a_number_that_was_not_given_is_not_held() {
    let contacts = Contacts { held: 1, given: 2 };
    assert_eq!(contacts.holds(9), contacts);
    assert_eq!(contacts.holds(0), contacts);
    assert_eq!(Contacts::default().meet(u64::MAX).unwrap().given, u64::MAX);
}
