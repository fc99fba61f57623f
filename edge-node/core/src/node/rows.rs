//! Searchable rows and job views, made from stored documents and counters.

use crate::search::{Flags, JobRow, Position};
use sync_protocol::{
    documents::{Demands, Draw, JobFields, PayUnit, WaitOrder},
    ids::{JobId, TenantId, TopicId, VshardId},
    seats::NodeJob,
};
use sync_store::{HubSaid, ShardTx, StoreError};

/// A job as pages and API show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobView {
    pub job: JobId,
    pub vshard: VshardId,
    pub fields: JobFields,
    /// What the hub has published of its draw.
    pub draw: Draw,
    pub seats: NodeJob,
    pub said: HubSaid,
}

/// Reads a job; `None` where it is not here.
pub fn job_view(tx: &mut dyn ShardTx, job: JobId) -> Result<Option<JobView>, StoreError> {
    let Some(vshard) = tx.vshard_of(job)? else { return Ok(None) };
    let Some(stored) = tx.document(vshard, job)? else { return Ok(None) };
    let Some(fields) = JobFields::read(&stored.document) else { return Ok(None) };
    let (seats, said) = tx.node_job(vshard, job)?.unwrap_or_default();
    let draw = Draw::read(&stored.document);
    Ok(Some(JobView { job, vshard, fields, draw, seats, said }))
}

/// Makes the row that the search index takes.
#[must_use]
pub fn job_row(view: &JobView, utc_offset_s: i32) -> JobRow {
    let fields = &view.fields;
    let mut flags = Flags::NONE;
    for (is_set, flag) in [
        (fields.meal, Flags::MEAL),
        (fields.bed, Flags::BED),
        (fields.daily_pay, Flags::DAILY_PAY),
        (is_night(fields.start_at, utc_offset_s), Flags::NIGHT),
    ] {
        if is_set {
            flags |= flag;
        }
    }
    JobRow {
        job: view.job,
        title: fields.title.clone(),
        text: [fields.text.as_str(), &fields.employer, &fields.place].join("\n"),
        category: fields.category.clone(),
        tenant: TenantId(fields.tenant),
        position: fields.position.map(|(lat_e6, lon_e6)| Position { lat_e6, lon_e6 }),
        start_at: fields.start_at,
        end_at: fields.end_at,
        pay_minor_per_hour: fields.pay_minor_per_hour,
        created_at: fields.created_at,
        flags,
        language: fields.language.clone(),
        open: !view.seats.closed,
        offerable: view.seats.avail(),
    }
}

/// A job as its row in the search index remembers it, for a node whose database cannot be read. What the row does not
/// have is left empty; the pay is the one by the hour.
#[must_use]
pub fn remembered_view(row: &JobRow, offerable: u32, region: &str, currency: &str) -> JobView {
    let mut words = row.text.rsplitn(3, '\n').map(str::to_owned);
    let (place, employer) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let fields = JobFields {
        title: row.title.clone(),
        text: words.next().unwrap_or_default(),
        category: row.category.clone(),
        employer,
        place,
        position: row.position.map(|position| (position.lat_e6, position.lon_e6)),
        start_at: row.start_at,
        end_at: row.end_at,
        pay_minor: row.pay_minor_per_hour,
        pay_unit: PayUnit::Hour,
        pay_minor_per_hour: row.pay_minor_per_hour,
        currency: currency.to_owned(),
        meal: row.flags.contains(Flags::MEAL),
        bed: row.flags.contains(Flags::BED),
        daily_pay: row.flags.contains(Flags::DAILY_PAY),
        language: row.language.clone(),
        requirements: String::new(),
        demands: Demands::default(),
        synthetic: false,
        redated: false,
        no_show_after_min: 0,
        wait: WaitOrder::default(),
        created_at: row.created_at,
        tenant: row.tenant.0,
        region: region.to_owned(),
    };
    let seats = NodeJob { granted: offerable, closed: !row.open, ..NodeJob::default() };
    let vshard = VshardId::of(TopicId::of(row.tenant, region, 0));
    JobView { job: row.job, vshard, fields, draw: Draw::default(), seats, said: HubSaid::default() }
}

/// A shift that starts from 18:00 to 04:59 local time.
pub(super) fn is_night(start_at: i64, utc_offset_s: i32) -> bool {
    let hour = start_at.saturating_add(i64::from(utc_offset_s)).rem_euclid(86_400) / 3_600;
    !(5..18).contains(&hour)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_protocol::ids::Writer;

    #[test]
    fn a_remembered_job_is_the_job_as_far_as_its_row_goes() {
        let mut fields = JobFields {
            title: "分拣员".to_owned(),
            text: "first line\nsecond line".to_owned(),
            category: "sorting".to_owned(),
            employer: "顺达劳务".to_owned(),
            place: "九堡街道".to_owned(),
            position: Some((30_310_000, 120_270_000)),
            start_at: 1_800_000_000,
            end_at: 1_800_030_000,
            pay_minor: 24_000,
            pay_unit: PayUnit::Day,
            pay_minor_per_hour: 2_666,
            currency: "CNY".to_owned(),
            meal: true,
            bed: false,
            daily_pay: true,
            language: "zh".to_owned(),
            requirements: "身份证".to_owned(),
            demands: Demands::default(),
            synthetic: false,
            redated: false,
            no_show_after_min: 0,
            wait: WaitOrder::default(),
            created_at: 1_799_000_000,
            tenant: 3,
            region: "hangzhou".to_owned(),
        };
        let seats = NodeJob { granted: 9, returned: 2, live: 3, ..NodeJob::default() };
        let vshard = VshardId::of(TopicId::of(TenantId(3), "hangzhou", 0));
        let job = JobId::job(Writer::new(1, 1), 5);
        let (draw, said) = (Draw::default(), HubSaid::default());
        let view = JobView { job, vshard, fields: fields.clone(), draw, seats, said };
        let row = job_row(&view, 0);
        let remembered = remembered_view(&row, row.offerable, "hangzhou", "CNY");
        fields.pay_minor = fields.pay_minor_per_hour;
        fields.pay_unit = PayUnit::Hour;
        fields.requirements = String::new();
        assert_eq!((remembered.fields.clone(), remembered.seats.avail()), (fields, seats.avail()));
        assert_eq!(job_row(&remembered, 0), row, "and makes the same row again");
    }
}
