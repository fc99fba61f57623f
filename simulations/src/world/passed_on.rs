//! Orders of tenants that a node passes on: signed at the node, judged and carried out at the hub, and sometimes lost between.

use super::{
    World,
    hub::{At, Command, Settled},
    note,
    orders::Order,
    people::{sixteen, vshard_of},
    scheduler::signed_by_hub,
    tenant_of, topic_of,
};
use hub_core::shard::{self, Shard};
use sync_protocol::{
    command::{Change, Command as Passed, CommandOutcome, Commanded},
    documents::TenantKey,
    ids::{JobId, Writer},
};
use sync_store::StoreError;

/// The key of a region's tenant.
fn key_of(region: usize) -> TenantKey {
    TenantKey::of_api_key(&format!("tenant-{}", tenant_of(region).0))
}

impl At<'_> {
    pub(super) fn passed_on(
        &mut self,
        number: u64,
        writer: Writer,
        command: &Passed,
    ) -> Result<Settled, StoreError> {
        let region = self.directory.regions.get(&writer.node.0).copied().unwrap_or(0);
        let (topic, vshard) = topic_of(region);
        let known = self.tx.job_summary(vshard, command.job)?.is_some_and(|summary| summary.topic == topic);
        let outcome = if !command.is_signed_by(&key_of(region).public(), writer) {
            CommandOutcome::NotProved
        } else if self.directory.over.contains_key(&writer) || !known {
            CommandOutcome::Unknown
        } else {
            self.touched.insert(command.job);
            shard::command(&mut Shard { tx: self.tx, vshard, now: self.wall }, command, &signed_by_hub)?
        };
        Ok(Settled::PassedOn(number, command.job, Commanded { id: command.id, outcome }))
    }
}

impl World {
    /// A tenant orders something about a job, at the hub or, each third time, at a node of the region that has a line.
    pub(super) fn order_change(&mut self, region: usize, pick: u64, job: JobId, change: Change) {
        if pick.is_multiple_of(3) && self.order_at_a_node(region, pick, job, change) {
            return;
        }
        self.tell_hub(Command::Order(Order::Change { job, vshard: vshard_of(region), change }));
    }

    fn order_at_a_node(&mut self, region: usize, pick: u64, job: JobId, change: Change) -> bool {
        let serving = |m: usize| self.machines[m].region == region && self.machines[m].is_serving();
        let mut sessions = self.connections.iter_mut().filter(|(_, c)| serving(c.machine));
        let (key, tenant) = (key_of(region), tenant_of(region));
        let sent = sessions.find_map(|(number, connection)| {
            let command = Passed::signed(&key, connection.writer, sixteen(pick), tenant, job, change);
            let session = connection.node.as_mut()?;
            session.handle_command(command).then_some((*number, connection.writer))
        });
        let Some((number, writer)) = sent else { return false };
        note!(self, "node {writer} passes an order for {job} on");
        self.drain_node(number);
        true
    }

    pub(super) fn was_passed_on(&mut self, number: u64, job: JobId, commanded: Commanded) {
        match commanded.outcome {
            CommandOutcome::Done(_) => {
                self.tally.sometimes("an order that a node passed on was carried out");
                if let Some(facts) = self.model.jobs.get(&job) {
                    self.mark(vshard_of(facts.region), [job]);
                }
            }
            // Whoever has the node mangles what he passes on.
            CommandOutcome::NotProved
                if self
                    .connections
                    .get(&number)
                    .is_none_or(|c| self.directory.forked.contains_key(&c.writer)) => {}
            CommandOutcome::NotProved => self.fail("invariant", format!("an order for {job} was not proved")),
            CommandOutcome::BelowConfirmed { .. }
            | CommandOutcome::Closed
            | CommandOutcome::Unknown
            | CommandOutcome::OutOfRange
            | CommandOutcome::KeyReused
            | CommandOutcome::TooMany { .. } => {}
        }
        self.hub_session(number, |session| session.handle_commanded(commanded));
    }
}
