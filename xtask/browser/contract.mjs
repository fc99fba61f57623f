// Holds a running node and a running hub against their own OpenAPI descriptions, with Schemathesis: requests that keep to the
// description and requests that break it, from one seed. It asks about everything that the descriptions name; what it must find in
// order to be answered (jobs, sign-ups, digits) is made here first.
//
// DAYSHIFT_PROGRAMS: folder of the built programs. DAYSHIFT_SCHEMATHESIS: the command. DAYSHIFT_SEED, DAYSHIFT_EXAMPLES: other runs.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Cluster } from './cluster.mjs';

const env = process.env;
const SEED = env.DAYSHIFT_SEED ?? '20261122';
const EXAMPLES = env.DAYSHIFT_EXAMPLES ?? '25';
const HOOKS = join(dirname(fileURLToPath(import.meta.url)), 'contract_hooks.py');
// Not among them: positive_data_acceptance, because a schema cannot say which jobs, sign-ups and tenants there are, nor that a shift ends after
// it starts; and those of stateful runs (use_after_free, ensure_resource_availability, object_level_authorization), because nothing
// here is deleted and no two callers own things of one kind at a node: the servers' own tests hold tenants apart.
const CHECKS = [
  'not_a_server_error', 'status_code_conformance', 'content_type_conformance', 'response_schema_conformance',
  'response_headers_conformance', 'negative_data_rejection', 'missing_required_header', 'unsupported_method',
  'allow_header_conformance', 'ignored_auth',
];

let passed = 0;
let failed = 0;

// A known value in about half of the requests, so that there is something to answer with.
const half = (dictionary) => `{ dictionary = ${JSON.stringify(dictionary)}, probability = 0.5 }`;

function config(dictionaries, operations) {
  const lines = [`hooks = ${JSON.stringify(HOOKS)}`, '[warnings]', 'enabled = false'];
  for (const [name, values] of Object.entries(dictionaries)) lines.push(`[dictionaries.${name}]`, `values = ${JSON.stringify(values)}`);
  for (const [name, settings] of Object.entries(operations)) {
    lines.push('[[operations]]', `include-name = ${JSON.stringify(name)}`, ...settings);
  }
  return `${lines.join('\n')}\n`;
}

function run(cluster, name, address, key, dictionaries, operations) {
  const file = join(cluster.folder, `${name}.toml`);
  writeFileSync(file, config(dictionaries, operations));
  const args = [
    '--config-file', file, 'run', `${address}/openapi.json`, '--phases', 'examples,coverage,fuzzing', '--checks', CHECKS.join(','),
    '--max-examples', EXAMPLES, '--seed', SEED, '--generation-database', 'none', '--continue-on-failure',
    '--request-timeout', '15', '--no-color', '--header', `Authorization: Bearer ${key}`,
  ];
  const child = spawn(env.DAYSHIFT_SCHEMATHESIS ?? 'schemathesis', args, { cwd: cluster.folder, stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((done, lost) => {
    child.once('error', lost);
    child.once('close', (code) => done(code === 0));
  });
}

async function check(name, work) {
  const isWhole = await work().catch((error) => console.log(error.stack ?? error));
  if (isWhole) passed += 1;
  else failed += 1;
  console.log(`${isWhole ? 'ok     ' : 'FAILED '} ${name}`);
}

async function signUp(node, job, phone) {
  const response = await fetch(`${node.address}/v1/sign_ups`, {
    method: 'POST', headers: { 'Content-Type': 'application/json', 'Idempotency-Key': `key-${phone}` }, body: JSON.stringify({ job, phone }),
  });
  return response.json();
}

// The node: its event stream does not end, so that no request to it would; the tests of the node read it.
async function node(cluster, of, jobs, signUps) {
  const ids = signUps.map((one) => one.id);
  const body = (id, n) => ({ job: id, phone: `1390572${String(n).padStart(4, '0')}` });
  return run(cluster, 'node', of.address, cluster.tenantKey, {
    jobs, ids, codes: signUps.map((one) => one.code), cancels: ids.map((id) => `${id}:cancel`), orders: jobs.map((id) => `${id}:set_cap`), phones: jobs.map((id, n) => body(id, n).phone),
  }, {
    'GET /v1/events': ['enabled = false'],
    'GET /v1/jobs/{id}': [`parameters = { "path.id" = ${half('jobs')} }`],
    'POST /v1/jobs/{id}': [`parameters = { "path.id" = ${half('orders')} }`],
    'GET /v1/sign_ups': [`parameters = { "query.code" = ${half('codes')} }`],
    'GET /v1/sign_ups/{id}': [`parameters = { "path.id" = ${half('ids')} }`],
    'POST /v1/sign_ups/{id}': [`parameters = { "path.id" = ${half('cancels')} }`],
    'POST /v1/sign_ups': [`parameters = { "body.job" = ${half('jobs')}, "body.phone" = ${half('phones')} }`],
  });
}

async function hub(cluster, jobs) {
  return run(cluster, 'hub', cluster.hub.address, cluster.adminToken, {
    jobs, orders: jobs.map((id) => `${id}:cap`), nodes: ['1:reclaim', '1:fence'], tenants: ['agency'], regions: ['hangzhou'],
  }, {
    'GET /v1/jobs/{id}/seats': [`parameters = { "path.id" = ${half('jobs')} }`],
    'GET /v1/jobs/{id}/endings': [`parameters = { "path.id" = ${half('jobs')} }`],
    'POST /v1/jobs/{id}': [`parameters = { "path.id" = ${half('orders')} }`],
    'POST /v1/nodes/{node}': [`parameters = { "path.node" = ${half('nodes')} }`],
    'POST /v1/jobs:import': [`parameters = { "query.tenant" = ${half('tenants')}, "query.region" = ${half('regions')} }`],
  });
}

async function main() {
  const cluster = new Cluster();
  try {
    // The suite asks as nobody does who is not to be held back.
    const unlimited = ['--tenant-writes-per-minute', '0'];
    await cluster.startHub(...unlimited, '--operator-writes-per-minute', '0');
    const of = await cluster.addNode('jiubao', '--position', '30.31,120.27', ...unlimited, '--device-writes-per-minute', '0', '--phone-requests-per-hour', '0');
    await cluster.importJobs(['Picker', 'Porter', 'Cook', 'Waiter', '分拣员', '保洁员'].map((title, at) => ({ title, seats: 1 + at * 30 })));
    const jobs = (await cluster.jobs()).map((job) => job.id);
    const signUps = [];
    for (const [n, job] of jobs.entries()) signUps.push(await signUp(of, job, `1390571${String(n).padStart(4, '0')}`));
    await check('the node keeps to its description', () => node(cluster, of, jobs, signUps));
    await check('the hub keeps to its description', () => hub(cluster, jobs));
  } finally {
    await cluster.stop();
  }
}

await main();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
