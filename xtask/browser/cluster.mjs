// A small cluster of real processes for a suite: a hub, a tenant, nodes that joined, and jobs that were imported.
//
// DAYSHIFT_PROGRAMS: folder of the built programs. Everything lies in a temporary folder that goes with the cluster.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const START_MS = 60_000;
const SETTLE_MS = 60_000;
const END_MS = 20_000;
const DAY_MS = 24 * 3_600_000;
export const REGION = 'hangzhou';

function program(name) {
  return join(process.env.DAYSHIFT_PROGRAMS ?? '', name);
}

// Waits until `look` gives something.
export async function until(what, look, limit = SETTLE_MS) {
  const end = Date.now() + limit;
  let last = null;
  while (Date.now() < end) {
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`${what}: not within ${limit} ms${last ? ` (${last.message})` : ''}`);
}

// A process that says in a file where it listens.
class Server {
  constructor(name, folder, args) {
    this.announce = join(folder, `${name}.json`);
    rmSync(this.announce, { force: true });
    this.said = '';
    this.child = spawn(program(args[0]), [...args.slice(1), '--announce', this.announce]);
    this.ended = new Promise((done) => this.child.once('close', done));
    for (const pipe of [this.child.stdout, this.child.stderr]) pipe.setEncoding('utf8').on('data', (text) => { this.said += text; });
    this.name = name;
  }

  async start() {
    const ports = await until(`${this.name} starts`, () => {
      if (this.child.exitCode !== null) throw new Error(this.said);
      return JSON.parse(readFileSync(this.announce, 'utf8'));
    }, START_MS);
    this.address = ports.http.startsWith('http') ? ports.http : `http://${ports.http}`;
    this.quic = ports.quic;
    return this;
  }

  async stop(signal = 'SIGTERM') {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill(signal);
    const late = setTimeout(() => this.child.kill('SIGKILL'), END_MS);
    await this.ended;
    clearTimeout(late);
  }
}

export class Cluster {
  nodes = [];
  // Of the nodes' halls.
  zone = 'Asia/Shanghai';

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'dayshift-suite-'));
  }

  dayshift(...args) {
    return execFileSync(program('dayshift'), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  }

  // Starts the hub, told more by `args`, with a tenant that may post in the region; its key is kept.
  async startHub(...args) {
    const data = join(this.folder, 'hub');
    this.dayshift('hub', 'init', '--data', data, '--name', 'suite');
    this.tenantKey = this.dayshift('tenant', 'create', 'agency', '--data', data, '--region', REGION);
    await this.runHub('127.0.0.1:0', ...args);
    this.adminToken = readFileSync(join(data, 'admin.token'), 'utf8').trim();
  }

  async runHub(quic, ...args) {
    this.hub = await new Server('hub', this.folder, ['hub', 'run', '--data', join(this.folder, 'hub'), '--http', '127.0.0.1:0', '--quic', quic, ...args]).start();
  }

  // Where the next node that joins finds the hub.
  async hubAddress() {
    return this.hub.quic;
  }

  // Joins a node and starts it.
  async addNode(name, ...args) {
    const token = this.dayshift('token', 'create', '--data', join(this.folder, 'hub'), '--region', REGION, '--node', name, '--hub-address', await this.hubAddress());
    // Its line may lead through this very process.
    await promisify(execFile)(program('edge-node'), ['join', token, '--data', join(this.folder, name)]);
    const node = await this.startNode(name, '127.0.0.1:0', ...args);
    this.nodes.push(node);
    return node;
  }

  async startNode(name, http, ...args) {
    return new Server(name, this.folder, ['edge-node', 'run', '--data', join(this.folder, name), '--http', http, '--time-zone', this.zone, ...args]).start();
  }

  // Imports rows, which get what they lack, and waits until each node has them.
  async importJobs(rows) {
    const start = new Date(Math.ceil(Date.now() / DAY_MS) * DAY_MS + 3 * DAY_MS);
    const row = (given, at) => JSON.stringify({
      key: `job-${at}`, line: at + 1, text: '', category: 'warehouse', employer: 'agency', place: '九堡', lat: 30.31, lon: 120.27,
      start_at: new Date(start.getTime() + at * 4 * 3_600_000).toISOString(), end_at: new Date(start.getTime() + (at * 4 + 3) * 3_600_000).toISOString(),
      pay_minor: 2600, pay_minor_per_hour: 2600, currency: 'CNY', pay_unit: 'hour', seats: 6, meal: at % 2 === 0, ...given,
    });
    const response = await fetch(`${this.hub.address}/v1/jobs:import?region=${REGION}&tenant=agency`, {
      method: 'POST', body: rows.map(row).join('\n'),
      headers: { Authorization: `Bearer ${this.adminToken}`, 'Content-Type': 'application/x-ndjson' },
    });
    const done = await response.json();
    if (done.created !== rows.length) throw new Error(`imported: ${JSON.stringify(done)}`);
    for (const node of this.nodes) {
      await until(`${node.name} has the jobs`, async () => (await (await fetch(`${node.address}/v1/jobs`)).json()).total === rows.length);
    }
  }

  async jobs(of = this.nodes[0]) {
    return (await (await fetch(`${of.address}/v1/jobs?page_size=100`)).json()).jobs;
  }

  async stop() {
    for (const server of [...this.nodes, this.hub]) await server?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
