//! What follows from the country that a node stands in: the hall's time zone and how phone numbers are written.
//!
//! A region's name is the operator's own; of those that are not known here, the time zone tells the country.

use crate::{kiosk::text::Lang, phone::PhonePlan};

/// A country, as far as a node treats it in a way of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Country {
    China,
    UnitedStates,
    Other,
}

/// Regions whose country and time zone need not be told.
const REGIONS: [(&str, Country, &str); 2] =
    [("hangzhou", Country::China, "Asia/Shanghai"), ("new-york", Country::UnitedStates, "America/New_York")];

const ZONES_OF_CHINA: [&str; 7] = [
    "Asia/Shanghai",
    "Asia/Urumqi",
    "Asia/Chongqing",
    "Asia/Chungking",
    "Asia/Harbin",
    "Asia/Kashgar",
    "PRC",
];

/// Zones of the United States, or what the names of several begin with.
const ZONES_OF_THE_STATES: [&str; 19] = [
    "US/",
    "America/New_York",
    "America/Detroit",
    "America/Kentucky/",
    "America/Indiana/",
    "America/Chicago",
    "America/Menominee",
    "America/North_Dakota/",
    "America/Denver",
    "America/Boise",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Juneau",
    "America/Sitka",
    "America/Yakutat",
    "America/Nome",
    "America/Adak",
    "Pacific/Honolulu",
];

/// The time zone of a known region.
pub(crate) fn zone_of(region: &str) -> Option<&'static str> {
    REGIONS.iter().find(|known| known.0 == region).map(|known| known.2)
}

impl Country {
    /// What most people read there; messages have no screen to choose another on.
    pub(crate) const fn language(self) -> Lang {
        match self {
            Self::China => Lang::ZH,
            Self::UnitedStates | Self::Other => Lang::EN,
        }
    }

    /// The country of a region, or else of the time zone that its node was given.
    pub(crate) fn of(region: &str, zone: &str) -> Self {
        if let Some((_, country, _)) = REGIONS.iter().find(|known| known.0 == region) {
            return *country;
        }
        if ZONES_OF_CHINA.contains(&zone) {
            Self::China
        } else if ZONES_OF_THE_STATES.iter().any(|known| zone.starts_with(known)) {
            Self::UnitedStates
        } else {
            Self::Other
        }
    }

    /// How phone numbers are written there.
    pub(crate) fn phone_plan(self) -> PhonePlan {
        match self {
            Self::China => PhonePlan::China,
            Self::UnitedStates => PhonePlan::NorthAmerica,
            Self::Other => PhonePlan::International,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_decides_and_else_the_time_zone() {
        for (region, zone, expected) in [
            ("hangzhou", "UTC", Country::China),
            ("new-york", "America/New_York", Country::UnitedStates),
            ("my-city", "Asia/Shanghai", Country::China),
            ("my-city", "US/Pacific", Country::UnitedStates),
            ("my-city", "America/Indiana/Knox", Country::UnitedStates),
            ("my-city", "America/Toronto", Country::Other),
            ("my-city", "Europe/Berlin", Country::Other),
            ("my-city", "UTC", Country::Other),
        ] {
            assert_eq!(Country::of(region, zone), expected, "{region} {zone}");
        }
    }
}
