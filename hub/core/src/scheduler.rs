//! Spreading seat rights over nodes ahead of demand: a function from a snapshot to a plan.
//!
//! Rights that lie idle at a node are what a cut-off node can sell; rights at the hub are what connected nodes can ask
//! for. The plan splits what is free by recent demand, keeps a reserve, gives jobs with fewer seats than nodes to the
//! nodes of highest demand, tops up nodes that run low and recalls from nodes that hold far more than their share.

use sync_protocol::ids::{JobId, Writer};

/// Share of a job's free rights that stays at the hub, per hundred.
pub const RESERVE_PERCENT: u32 = 15;

/// One node's part in a job.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NodeShare {
    pub writer: Writer,
    /// Recent sign-ups here, decayed; a relative weight.
    pub demand: f64,
    /// Rights neither used nor returned, as far as known.
    pub idle: u32,
    pub live: u32,
}

/// The picture of one open job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobSnapshot {
    pub job: JobId,
    pub cap: u32,
    /// Rights at the hub.
    pub pool: u32,
    /// Waiting and not promoted yet.
    pub waiting: u32,
    /// Nodes with interest in the job that may be granted rights.
    pub nodes: Vec<NodeShare>,
}

/// One step of a plan, with its reason for the operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    Grant { job: JobId, to: Writer, count: u32, reason: &'static str },
    Recall { job: JobId, from: Writer, keep: u32, reason: &'static str },
}

/// Plans one job.
#[must_use]
pub fn plan(job: &JobSnapshot) -> Vec<Move> {
    let free = job.pool + job.nodes.iter().map(|node| node.idle).sum::<u32>();
    if job.nodes.is_empty() || free == 0 {
        return Vec::new();
    }
    // While somebody waits, what is free belongs to the wait list.
    if job.waiting > 0 {
        return recalls_for_waiting(job);
    }
    let wanted = wanted(job, free);
    let mut pool = job.pool;
    let mut moves = Vec::new();
    for (node, want) in job.nodes.iter().zip(&wanted) {
        // Half of the share is left before it is filled up again: fewer, larger grants.
        let low = node.idle * 2 <= *want && node.idle < *want;
        let count = want.saturating_sub(node.idle).min(pool);
        if low && count > 0 {
            let reason = if node.live == 0 && node.idle == 0 { "share of recent demand" } else { "ran low" };
            moves.push(Move::Grant { job: job.job, to: node.writer, count, reason });
            pool -= count;
        }
    }
    let starved = job.nodes.iter().zip(&wanted).any(|(node, want)| node.idle == 0 && *want > 0);
    if starved && pool == 0 && moves.is_empty() {
        for (node, want) in job.nodes.iter().zip(&wanted) {
            if node.idle > *want {
                moves.push(Move::Recall {
                    job: job.job,
                    from: node.writer,
                    keep: *want,
                    reason: "another node has none",
                });
            }
        }
    }
    moves
}

/// Asks for idle rights of nodes, as many as people wait beyond the pool: a right that was on its way when its node asked
/// would else lie idle beside whoever waits, for the next to come.
fn recalls_for_waiting(job: &JobSnapshot) -> Vec<Move> {
    let mut missing = job.waiting.saturating_sub(job.pool);
    let mut nodes: Vec<&NodeShare> = job.nodes.iter().collect();
    nodes.sort_by_key(|node| (std::cmp::Reverse(node.idle), node.writer));
    let mut moves = Vec::new();
    for node in nodes {
        let take = node.idle.min(missing);
        if take > 0 {
            let keep = node.idle - take;
            moves.push(Move::Recall { job: job.job, from: node.writer, keep, reason: "somebody waits" });
            missing -= take;
        }
    }
    moves
}

/// How many idle rights each node should hold, in the order of `job.nodes`.
fn wanted(job: &JobSnapshot, free: u32) -> Vec<u32> {
    let nodes = u32::try_from(job.nodes.len()).unwrap_or(u32::MAX);
    let mut order: Vec<usize> = (0..job.nodes.len()).collect();
    order.sort_by(|a, b| job.nodes[*b].demand.total_cmp(&job.nodes[*a].demand).then(a.cmp(b)));
    let mut wanted = vec![0; job.nodes.len()];
    if free < nodes {
        for index in order.into_iter().take(free as usize) {
            wanted[index] = 1;
        }
        return wanted;
    }
    let share = free - free * RESERVE_PERCENT / 100;
    // A node without history still gets a part: everybody counts one sign-up beside the recent ones.
    let total: f64 = job.nodes.iter().map(|node| node.demand + 1.0).sum();
    for (node, want) in job.nodes.iter().zip(&mut wanted) {
        *want = floor(f64::from(share) * (node.demand + 1.0) / total);
    }
    let mut left = share - wanted.iter().sum::<u32>();
    for index in order.iter().cycle().take(order.len() * 2) {
        if left == 0 {
            break;
        }
        wanted[*index] += 1;
        left -= 1;
    }
    wanted
}

fn floor(value: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "shares lie between 0 and CAP_MAX"
    )]
    let floor = value.floor().clamp(0.0, f64::from(u32::MAX)) as u32;
    floor
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cap: u32, pool: u32, nodes: &[(f64, u32, u32)], expected: &str) {
        check_waiting(cap, pool, 0, nodes, expected);
    }

    fn check_waiting(cap: u32, pool: u32, waiting: u32, nodes: &[(f64, u32, u32)], expected: &str) {
        let job = JobId::job(Writer::hub(1), 1);
        let nodes = (1..)
            .zip(nodes)
            .map(|(n, (demand, idle, live))| NodeShare {
                writer: Writer::new(n, 1),
                demand: *demand,
                idle: *idle,
                live: *live,
            })
            .collect();
        let moves = plan(&JobSnapshot { job, cap, pool, waiting, nodes });
        let text: Vec<_> = moves
            .iter()
            .map(|step| match step {
                Move::Grant { to, count, .. } => format!("grant {} {count}", to.node.0),
                Move::Recall { from, keep, .. } => format!("recall {} keep {keep}", from.node.0),
            })
            .collect();
        assert_eq!(text.join(", "), expected, "cap {cap} pool {pool}");
    }

    #[test]
    fn rights_go_where_demand_is() {
        check(7, 7, &[(0.0, 0, 0), (0.0, 0, 0)], "grant 1 3, grant 2 3");
        check(100, 100, &[(30.0, 0, 0), (8.0, 0, 0)], "grant 1 66, grant 2 19");
        check(1, 1, &[(1.0, 0, 0), (5.0, 0, 0)], "grant 2 1");
        check(10, 0, &[(0.0, 9, 0), (0.0, 0, 1)], "recall 1 keep 4");
        check(10, 4, &[(0.0, 3, 0), (0.0, 0, 3)], "grant 2 3");
        check(10, 2, &[(0.0, 4, 0), (0.0, 4, 0)], "");
        check(10, 0, &[], "");
    }

    #[test]
    fn what_is_free_belongs_to_whoever_waits() {
        check_waiting(4, 0, 1, &[(0.0, 4, 0)], "recall 1 keep 3");
        check_waiting(9, 0, 4, &[(0.0, 2, 0), (0.0, 3, 4)], "recall 2 keep 0, recall 1 keep 1");
        check_waiting(9, 2, 2, &[(0.0, 7, 0)], "");
        check_waiting(9, 1, 2, &[(0.0, 1, 7)], "recall 1 keep 0");
        check_waiting(4, 0, 1, &[(0.0, 0, 4)], "");
    }
}
