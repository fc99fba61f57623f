//! What follows from the country of a region: its time zone, its language and its money.
//!
//! A region's name is the operator's own; of those that are not known here, the time zone tells the country.

use crate::Lang;

/// A country, as far as a node treats it in a way of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Country {
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
pub fn zone_of(region: &str) -> Option<&'static str> {
    REGIONS.iter().find(|known| known.0 == region).map(|known| known.2)
}

impl Country {
    /// What most people read there; messages have no screen to choose another on.
    pub const fn language(self) -> Lang {
        match self {
            Self::China => Lang::ZH,
            Self::UnitedStates | Self::Other => Lang::EN,
        }
    }

    /// What a job is paid in where its poster does not say: a code of ISO 4217.
    pub const fn currency(self) -> &'static str {
        match self {
            Self::UnitedStates => "USD",
            Self::China | Self::Other => "CNY",
        }
    }

    /// What a clerk reads until he asks for another language.
    pub const fn language_of_clerks(self) -> Lang {
        match self {
            Self::UnitedStates => Lang::EN,
            Self::China | Self::Other => Lang::ZH,
        }
    }

    /// The country of a region, or else of the time zone that its node was given.
    pub fn of(region: &str, zone: &str) -> Self {
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
