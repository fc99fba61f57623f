//! Puts a message together when it is sent: what happened, and to whom it matters, in words where people read it.

use super::sender::{Composed, Recipient};
use crate::{app::App, http::tenant::TenantScope, person::record, timesheet};
use anyhow::Context;
use edge_core::node::job_view;
use fluent_bundle::{FluentArgs, FluentValue};
use jiff::{Timestamp, civil::Date};
use pages::Lang;
use serde_json::json;
use sync_protocol::{
    documents::JobFields,
    ids::{SignUpId, TenantId},
};
use sync_store::{MessageKind, MessageRow};

/// The message; `None` where nobody is to be told: its worker told no number, or is erased.
pub(super) fn compose(app: &App, row: &MessageRow) -> anyhow::Result<Option<Composed>> {
    match row.kind {
        MessageKind::Confirmed | MessageKind::Ended | MessageKind::Changed => to_worker(app, row),
        MessageKind::Timesheet => to_tenant(app, row).map(Some),
        MessageKind::Code => Ok(one_time_code(app, row)),
    }
}

/// A code that is still good. After a restart, or once it is used or over, there is none, and nobody is told.
fn one_time_code(app: &App, row: &MessageRow) -> Option<Composed> {
    let code = app.persons.codes().message(&row.subject, app.now_ms())?;
    let mut args = FluentArgs::new();
    args.set("code", FluentValue::from(code.digits.as_str()));
    args.set("hall", FluentValue::from(app.shared.name.as_str()));
    let delivery = delivery(app, row);
    let body = json!({
        "delivery": delivery,
        "kind": row.kind.as_str(),
        "to": code.phone,
        "text": code.lang.say("message-code", &args),
        "language": code.lang.tag(),
        "code": code.digits,
        "at": row.at,
    });
    Some(Composed { recipient: Recipient::Worker, delivery, body: body.to_string(), at: row.at })
}

/// The same for each try of a message, and of no other message of any node.
fn delivery(app: &App, row: &MessageRow) -> String {
    format!("{}-{}", app.shared.writer(), row.n)
}

fn to_worker(app: &App, row: &MessageRow) -> anyhow::Result<Option<Composed>> {
    let sign_up = SignUpId::from_bytes(&row.subject).context("the message names no sign-up")?;
    let found = app.shared.readers.read(|tx| {
        let Some(row) = tx.sign_up(sign_up)? else { return Ok(None) };
        Ok(job_view(tx, row.fields.job)?.map(|view| (row, view)))
    })?;
    let Some((sign_up_row, view)) = found else { return Ok(None) };
    let Some(contact) = record::contact(app, sign_up_row.fields.worker)? else { return Ok(None) };
    let contact = contact.reveal();
    let (phone, lang) =
        (&contact.phone, record::lang_of(contact).unwrap_or_else(|| app.shared.country.language()));
    let reason = &sign_up_row.fields.reason;
    let body = json!({
        "delivery": delivery(app, row),
        "kind": row.kind.as_str(),
        "to": phone,
        "text": words(app, lang, row.kind, &view.fields, &sign_up_row.fields.code),
        "language": lang.tag(),
        "sign_up": sign_up.to_string(),
        "code": sign_up_row.fields.code,
        "reason": reason,
        "job": {
            "id": view.job.to_string(),
            "title": view.fields.title,
            "place": view.fields.place,
            "start_at": view.fields.start_at,
            "end_at": view.fields.end_at,
        },
        "at": row.at,
    });
    let (recipient, delivery) = (Recipient::Worker, delivery(app, row));
    Ok(Some(Composed { recipient, delivery, body: body.to_string(), at: row.at }))
}

/// What the worker reads.
fn words(app: &App, lang: Lang, kind: MessageKind, job: &JobFields, code: &str) -> String {
    let key = match kind {
        MessageKind::Confirmed => "message-confirmed",
        MessageKind::Ended => "message-cancelled",
        MessageKind::Changed | MessageKind::Timesheet | MessageKind::Code => "message-changed",
    };
    let start = Timestamp::from_second(job.start_at).unwrap_or(Timestamp::UNIX_EPOCH);
    let start = start.to_zoned(app.shared.time_zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let mut args = FluentArgs::new();
    for (name, value) in [("title", &job.title), ("place", &job.place), ("start", &start)] {
        args.set(name, FluentValue::from(value.as_str()));
    }
    args.set("code", FluentValue::from(code));
    lang.say(key, &args)
}

fn to_tenant(app: &App, row: &MessageRow) -> anyhow::Result<Composed> {
    let (tenant, day) = subject_of(&row.subject).context("the message names no tenant and day")?;
    let scope = TenantScope::of_tenant(app, tenant).context("the tenant may not post here any more")?;
    let lines = timesheet::of_day(app, &scope, day)?;
    let body = json!({
        "delivery": delivery(app, row),
        "kind": row.kind.as_str(),
        "node": app.shared.name,
        "region": app.shared.region,
        "tenant": scope.name,
        "date": day.to_string(),
        "csv": timesheet::sealed_csv(app, day, &lines),
        "at": row.at,
    });
    let (recipient, delivery) = (Recipient::Tenant(scope.name), delivery(app, row));
    Ok(Composed { recipient, delivery, body: body.to_string(), at: row.at })
}

/// The subject of a timesheet's message.
pub(crate) fn subject(tenant: TenantId, day: Date) -> Vec<u8> {
    let mut bytes = tenant.0.to_be_bytes().to_vec();
    bytes.extend(day.to_string().into_bytes());
    bytes
}

fn subject_of(bytes: &[u8]) -> Option<(TenantId, Date)> {
    let (tenant, day) = bytes.split_first_chunk::<4>()?;
    Some((TenantId(u32::from_be_bytes(*tenant)), std::str::from_utf8(day).ok()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timesheets_message_names_its_tenant_and_day() {
        let day: Date = "2026-11-23".parse().unwrap();
        assert_eq!(subject_of(&subject(TenantId(7), day)), Some((TenantId(7), day)));
        for bytes in [&b""[..], b"\0\0\0", b"\0\0\0\x07", b"\0\0\0\x07yesterday"] {
            assert_eq!(subject_of(bytes), None);
        }
    }
}
