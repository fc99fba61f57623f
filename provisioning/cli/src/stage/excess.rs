//! Who of a kiosk with two disks holds a ticket that no right stands behind.

use super::play::Person;
use super::snapshot::{Standing, Told};
use std::cmp::Reverse;

/// Marks the people of one kiosk, which runs on its disk number `disk`. `rights` went out to its incarnation and did not come back: so many of the people
/// whom its disks signed up have a seat, whichever disk counts in the end. Those beyond are the latest ones of the
/// latest disk; whoever else the hub does not know of is not settled yet. A kiosk whose line works still reports the
/// people of the disk that it runs on.
pub(super) fn judge(people: &mut [Person], kiosk: usize, disk: u32, standing: Standing, rights: u64) {
    let is_over = standing == Standing::Fenced;
    let in_step = standing == Standing::InStep;
    let mut sold: Vec<_> = people
        .iter_mut()
        .filter(|person| person.tap.kiosk == kiosk)
        .filter_map(|person| {
            (person.tap.excess, person.tap.unsettled) = (false, false);
            (person.tap.told == Told::Confirmed).then_some(person)
        })
        .collect();
    let mut excess = (sold.len() as u64).saturating_sub(rights);
    sold.sort_by_key(|person| Reverse((person.disk, person.tap.number)));
    let is_silent = |person: &&mut Person| is_over || in_step && person.disk < disk;
    for person in sold.into_iter().filter(is_silent).filter(|person| !person.tap.known) {
        person.tap.excess = excess > 0;
        person.tap.unsettled = excess == 0;
        excess = excess.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::name_of;
    use super::super::snapshot::Tap;
    use super::*;

    fn confirmed(number: u64, disk: u32, known: bool) -> Person {
        let tap = Tap {
            number,
            name: name_of(number),
            kiosk: 0,
            told: Told::Confirmed,
            known,
            excess: false,
            unsettled: false,
            last_write: true,
            last_write_excess: false,
        };
        Person { tap, id: None, phone: String::new(), code: String::new(), disk, listed: false }
    }

    /// Sold on the first disk, then on the copy, with what the hub knows of each.
    fn sold(known: &[(u32, bool)]) -> Vec<Person> {
        (1..).zip(known).map(|(number, (disk, known))| confirmed(number, *disk, *known)).collect()
    }

    fn marked(people: &[Person], of: fn(&Person) -> bool) -> Vec<u64> {
        people.iter().filter(|person| of(person)).map(|person| person.tap.number).collect()
    }

    #[test]
    fn only_what_goes_beyond_the_rights_is_excess() {
        let unknown: Vec<(u32, bool)> = [0, 0, 0, 1, 1, 1, 1].map(|disk| (disk, false)).to_vec();
        let mut people = sold(&unknown);
        judge(&mut people, 0, 1, Standing::Fenced, 5);
        assert_eq!(marked(&people, |person| person.tap.excess), [6, 7]);
        assert_eq!(marked(&people, |person| person.tap.unsettled), [1, 2, 3, 4, 5]);
        judge(&mut people, 0, 1, Standing::CutOff, 5);
        assert_eq!(marked(&people, |person| person.tap.excess || person.tap.unsettled), [0; 0]);
    }

    #[test]
    fn a_copy_that_sells_all_again_is_excess_as_a_whole() {
        let mut people = sold(&[(0, true), (0, true), (1, false), (1, false)]);
        judge(&mut people, 0, 1, Standing::Fenced, 2);
        assert_eq!(marked(&people, |person| person.tap.excess), [3, 4]);
        assert_eq!(marked(&people, |person| person.tap.unsettled), [0; 0]);
    }

    #[test]
    fn a_copy_in_step_still_reports_its_own_people() {
        let mut people = sold(&[(0, false), (0, false), (1, false)]);
        judge(&mut people, 0, 1, Standing::InStep, 2);
        assert_eq!(marked(&people, |person| person.tap.excess), [2]);
        assert_eq!(marked(&people, |person| person.tap.unsettled), [1]);
    }
}
