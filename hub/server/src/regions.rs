//! Regions as an agency's desk shows them: their wall clock, their money, the language of their clerks.

use crate::clock;
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use pages::{
    Lang,
    country::{Country, zone_of},
};
use std::collections::BTreeMap;

/// One region.
#[derive(Debug, Clone)]
pub(crate) struct Region {
    pub(crate) name: String,
    pub(crate) zone: TimeZone,
    pub(crate) country: Country,
    /// Nobody said its time zone: its times are UTC.
    is_assumed: bool,
}

impl Region {
    /// Its wall clock at an epoch second.
    pub(crate) fn local(&self, at: i64) -> DateTime {
        self.zone.to_datetime(Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    /// Its wall clock.
    pub(crate) fn now(&self) -> DateTime {
        self.local(clock::now())
    }

    /// Epoch seconds at which one of its days begins and ends.
    pub(crate) fn bounds(&self, day: Date) -> (i64, i64) {
        let begins = |day: Date| self.zone.to_timestamp(day.at(0, 0, 0, 0)).map_or(0, Timestamp::as_second);
        (begins(day), begins(day.tomorrow().unwrap_or(day)))
    }

    /// Its name, and which times are shown where nobody said.
    pub(crate) fn said(&self) -> String {
        if self.is_assumed { format!("{} (UTC)", self.name) } else { self.name.clone() }
    }
}

/// Time zones of regions, as the operator told them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Regions(BTreeMap<String, TimeZone>);

impl Regions {
    /// Reads `REGION=ZONE`, each a time zone of the IANA database.
    pub(crate) fn read(told: &[String]) -> Result<Self, String> {
        let mut zones = BTreeMap::new();
        for text in told {
            let fix =
                || format!("--time-zone {text}: write a region and its zone, such as my-city=Asia/Shanghai");
            let (region, name) = text.split_once('=').ok_or_else(fix)?;
            let zone = TimeZone::get(name).map_err(|error| format!("{}; {error}", fix()))?;
            zones.insert(region.to_owned(), zone);
        }
        Ok(Self(zones))
    }

    /// A region by its name.
    pub(crate) fn of(&self, name: &str) -> Region {
        let known = || TimeZone::get(zone_of(name)?).ok();
        let zone = self.0.get(name).cloned().or_else(known);
        let country = Country::of(name, zone.as_ref().and_then(TimeZone::iana_name).unwrap_or_default());
        let is_assumed = zone.is_none();
        Region { name: name.to_owned(), zone: zone.unwrap_or(TimeZone::UTC), country, is_assumed }
    }

    /// The language of a door to these regions: English where all of their clerks read it first.
    pub(crate) fn home_lang<'r>(&self, mut names: impl Iterator<Item = &'r str>) -> Lang {
        let is_english = names.all(|name| self.of(name).country.language_of_clerks() == Lang::EN);
        if is_english { Lang::EN } else { Lang::ZH }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_the_zone_that_was_told_or_that_is_known() {
        let regions = Regions::read(&["my-city=Europe/Berlin".to_owned()]).unwrap();
        for (name, said, zone, currency) in [
            ("my-city", "my-city", Some("Europe/Berlin"), "CNY"),
            ("hangzhou", "hangzhou", Some("Asia/Shanghai"), "CNY"),
            ("new-york", "new-york", Some("America/New_York"), "USD"),
            ("elsewhere", "elsewhere (UTC)", Some("UTC"), "CNY"),
        ] {
            let region = regions.of(name);
            assert_eq!(
                (region.said().as_str(), region.zone.iana_name(), region.country.currency()),
                (said, zone, currency)
            );
        }
        let home = |names: &[&'static str]| regions.home_lang(names.iter().copied());
        assert_eq!((home(&["new-york"]), home(&["hangzhou", "new-york"])), (Lang::EN, Lang::ZH));
        for wrong in ["my-city", "my-city=Nowhere/None"] {
            let said = Regions::read(&[wrong.to_owned()]).unwrap_err();
            assert!(said.contains("such as my-city=Asia/Shanghai"), "{said}");
        }
    }
}
