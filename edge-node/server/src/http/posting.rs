//! A job as schema.org's `JobPosting`, for programs that read JSON-LD.

use super::jobs::rfc3339;
use edge_core::node::JobView;
use pages::country::Country;
use serde::Serialize;
use sync_protocol::documents::{JobFields, PayUnit, posting};

pub(super) const JSON_LD: &str = "application/ld+json";

/// A job as schema.org describes one.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobPosting {
    #[serde(rename = "@context")]
    #[schema(example = "https://schema.org")]
    context: &'static str,
    #[serde(rename = "@type")]
    #[schema(example = "JobPosting")]
    kind: &'static str,
    identifier: PropertyValue,
    title: String,
    /// The title again where nobody has written more.
    description: String,
    /// Day on which it was posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    date_posted: Option<String>,
    /// The start: until then somebody may sign up. RFC 3339.
    valid_through: String,
    job_start_date: String,
    /// Always TEMPORARY: a shift, or a few days.
    employment_type: &'static str,
    /// Places in all, as the hub last said; none before it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_job_openings: Option<u32>,
    hiring_organization: Organization,
    job_location: Place,
    base_salary: MonetaryAmount,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct PropertyValue {
    #[serde(rename = "@type")]
    kind: &'static str,
    name: &'static str,
    /// The job's id.
    value: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Organization {
    #[serde(rename = "@type")]
    kind: &'static str,
    name: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Place {
    #[serde(rename = "@type")]
    kind: &'static str,
    address: PostalAddress,
    #[serde(skip_serializing_if = "Option::is_none")]
    geo: Option<GeoCoordinates>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct PostalAddress {
    #[serde(rename = "@type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    street_address: String,
    /// The region as its operator calls it.
    address_region: String,
    /// Code of ISO 3166, where the region's country is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    address_country: Option<&'static str>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct GeoCoordinates {
    #[serde(rename = "@type")]
    kind: &'static str,
    latitude: f64,
    longitude: f64,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct MonetaryAmount {
    #[serde(rename = "@type")]
    kind: &'static str,
    /// Code of ISO 4217.
    currency: String,
    value: QuantitativeValue,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct QuantitativeValue {
    #[serde(rename = "@type")]
    kind: &'static str,
    /// In units of the currency, not in its smallest.
    value: f64,
    /// HOUR, DAY or YEAR; what is paid for a shift is told by the hour.
    unit_text: &'static str,
}

fn salary(fields: &JobFields) -> MonetaryAmount {
    let (minor, unit_text) = match fields.pay_unit {
        PayUnit::Day => (fields.pay_minor, "DAY"),
        PayUnit::Year => (fields.pay_minor, "YEAR"),
        PayUnit::Hour | PayUnit::Shift => (fields.pay_minor_per_hour, "HOUR"),
    };
    let value = minor as f64 / f64::from(posting::minor_units(&fields.currency));
    let value = QuantitativeValue { kind: "QuantitativeValue", value, unit_text };
    MonetaryAmount { kind: "MonetaryAmount", currency: fields.currency.clone(), value }
}

impl JobPosting {
    pub(super) fn of(view: &JobView, country: Country) -> Self {
        let JobView { job, fields, said, .. } = view;
        let degrees = |e6: i32| f64::from(e6) / 1e6;
        let address_country = match country {
            Country::China => Some("CN"),
            Country::UnitedStates => Some("US"),
            Country::Other => None,
        };
        let day = |at: i64| rfc3339(at).split('T').next().map(str::to_owned);
        let text = if fields.text.is_empty() { &fields.title } else { &fields.text };
        Self {
            context: "https://schema.org",
            kind: "JobPosting",
            identifier: PropertyValue { kind: "PropertyValue", name: "Dayshift", value: job.to_string() },
            title: fields.title.clone(),
            description: text.clone(),
            date_posted: (fields.created_at > 0).then(|| day(fields.created_at)).flatten(),
            valid_through: rfc3339(fields.start_at),
            job_start_date: rfc3339(fields.start_at),
            employment_type: "TEMPORARY",
            total_job_openings: (said.cap > 0).then_some(said.cap),
            hiring_organization: Organization { kind: "Organization", name: fields.employer.clone() },
            job_location: Place {
                kind: "Place",
                address: PostalAddress {
                    kind: "PostalAddress",
                    street_address: fields.place.clone(),
                    address_region: fields.region.clone(),
                    address_country,
                },
                geo: fields.position.map(|(lat, lon)| GeoCoordinates {
                    kind: "GeoCoordinates",
                    latitude: degrees(lat),
                    longitude: degrees(lon),
                }),
            },
            base_salary: salary(fields),
        }
    }
}
