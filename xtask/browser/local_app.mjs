// examples/local-app in a real browser, over a hub and two nodes of its own: it takes the nearest node, signs up, and goes on at
// the other node when the first one dies with the request in its hands.
//
// DAYSHIFT_PROGRAMS: folder of the built programs. DAYSHIFT_SHOTS: a folder that gets pictures of each step. suite.mjs says what
// else is read from the environment.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { faultChecks } from './app_faults.mjs';
import { answer, beside, keysOf, kept, look, open, openJob, openNear, signUp, told } from './app_tab.mjs';
import { Cluster, until } from './cluster.mjs';
import { Line } from './line.mjs';
import { PHONE, check, conclude, expect, launch, root } from './suite.mjs';

const app = join(root, 'examples/local-app');
const NEAR = '30.301,120.261';
const FAR = '30.25,120.17';
const TITLES = ['分拣员', '装卸工', '餐厅服务员', '保洁员', '仓库理货员', '快递打包', '展会搬运', '抄表员', '洗碗工', '传菜员', '理货夜班', '看车员', '搭台工', '布展工'];
const KINDS = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript', '.json': 'application/json' };

// Serves the app's folder, with a list of these nodes in the place of its own.
function serveApp(nodes) {
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://app').pathname;
    const file = join(app, normalize(path === '/' ? '/index.html' : path));
    try {
      const body = path === '/nodes.json' ? JSON.stringify({ nodes: nodes() }) : readFileSync(file);
      response.writeHead(200, { 'Content-Type': KINDS[extname(file)] ?? 'application/octet-stream' }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done({ server, origin: `http://127.0.0.1:${server.address().port}` })));
}

async function walk(browser, origin, cluster, locale, title, phone) {
  const tab = await open(browser, origin, locale);
  const { page } = tab;
  try {
    await look(tab, `list-from-${locale}`);
    const [near] = cluster.nodes;
    await page.locator('#near').click();
    await until('the nearest node is taken', async () => (await page.locator('#node').innerText()).includes(near.name));
    await openJob(page, title);
    await look(tab, `job-from-${locale}`);
    await signUp(page, phone);
    const said = await answer(page);
    expect(said.status === 'confirmed', JSON.stringify(said));
    await look(tab, `answer-from-${locale}`);
    expect((await kept(page, 'dayshift.wishes')).length === 0, 'the key outlived its answer');
    await page.locator('#back').click();
    await page.locator('.ticket').waitFor();
    expect(!(await page.evaluate(() => JSON.stringify({ ...localStorage }))).includes(phone), 'the number is kept');
    const before = await page.locator('#lang').innerText();
    await page.locator('#lang').click();
    expect((await page.locator('#lang').innerText()) !== before, 'the language stays');
    await look(tab, `tickets-from-${locale}`);
  } finally {
    await tab.context.close();
  }
}

// The worker taps, the node dies with the request in its hands, and the same key goes to the other node.
async function dies(browser, origin, cluster, locale, title, phone, hasAnswered) {
  const [near, far] = cluster.nodes;
  const tab = await openNear(browser, origin, locale, near);
  const { page } = tab;
  try {
    const job = await openJob(page, title);
    const keys = keysOf(page);
    await page.route(`${near.address}/v1/sign_ups`, async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      if (hasAnswered) {
        // The node has promised a place and dies before its answer is out.
        expect((await route.fetch()).status() === 201, 'the first node did not confirm');
        await near.stop('SIGKILL');
        return route.abort('connectionreset');
      }
      // A frozen node takes the request, and dies without having read it.
      process.kill(near.child.pid, 'SIGSTOP');
      await route.continue();
      return near.stop('SIGKILL');
    });
    await signUp(page, phone);
    const said = await answer(page);
    expect(near.child.signalCode === 'SIGKILL', 'the first node was not killed');
    expect(keys.length >= 2 && new Set(keys).size === 1, `keys: ${keys}`);
    expect(['confirmed', 'wait_listed', 'requested'].includes(said.status), JSON.stringify(said));
    const there = await (await fetch(`${far.address}/v1/sign_ups/${said.id}`)).json();
    expect(there.status === said.status, `shown ${said.status}, and the node says ${there.status}`);
    await until('the app names the other node', async () => (await page.locator('#node').innerText()).includes(far.name));
    expect(/没有回应|did not answer/.test(await page.locator('#node').innerText()), 'it is not said why the node is another one');
    await look(tab, `moved-${hasAnswered ? 'answered' : 'frozen'}`);
    expect((await kept(page, 'dayshift.tickets')).length === 1, 'one wish has more than one ticket');
    return job;
  } finally {
    await tab.context.close();
  }
}

// Nobody answers: the key outlives the page, and stands for the same wish once somebody does.
async function keepsTheKey(browser, origin, title, phone) {
  const tab = await open(browser, origin, 'en-GB');
  const { page } = tab;
  try {
    await page.route('**/v1/sign_ups', (route) => route.abort('connectionreset'));
    await openJob(page, title);
    await signUp(page, phone);
    await told(page, 'no-answer');
    await look(tab, 'no-answer');
    const [{ key }] = await kept(page, 'dayshift.wishes');
    await page.unroute('**/v1/sign_ups');
    await page.reload();
    await page.locator('#unanswered button').waitFor();
    await look(tab, 'unanswered');
    await page.locator('#unanswered button').click();
    const sent = page.waitForRequest((request) => request.method() === 'POST');
    await signUp(page, phone);
    expect((await sent).headers()['idempotency-key'] === key, 'the second try has another key');
    const said = await answer(page);
    expect(said.status === 'confirmed', JSON.stringify(said));
  } finally {
    await tab.context.close();
  }
}

// What others do is seen without a reload, also what they did while this page had no stream.
async function follows(browser, origin, cluster, title) {
  const [near] = cluster.nodes;
  const tab = await openNear(browser, origin, 'zh-CN', near);
  const { page } = tab;
  try {
    const card = page.locator('button.job', { hasText: title });
    const shown = () => card.locator('.seats').innerText();
    const job = await card.getAttribute('data-job');
    for (const phone of ['13905710008', '13905710009']) {
      const before = await shown();
      await beside(near, job, phone);
      await until('the seats on the page change', async () => (await shown()) !== before);
    }
    const id = await page.evaluate((url) => sessionStorage.getItem(`dayshift.event.${url}`), near.address);
    expect(/^\d+-\d+$/.test(id), `the last event's id is ${id}`);
    const resumed = page.waitForRequest((request) => request.url() === `${near.address}/v1/events`);
    await page.reload();
    await page.locator('#near').click();
    expect((await resumed).headers()['last-event-id'] === id, 'the stream begins anew');
  } finally {
    await tab.context.close();
  }
}

// The servers' own pages of their interfaces, which an author of such an app reads: also on a phone.
async function description(browser, address) {
  const context = await browser.newContext({ viewport: PHONE });
  const page = await context.newPage();
  const troubles = [];
  page.on('console', (message) => troubles.push(message.text()));
  try {
    await page.goto(`${address}/docs`);
    const described = await (await fetch(`${address}/openapi.json`)).json();
    const routes = Object.values(described.paths).flatMap((methods) => Object.keys(methods)).length;
    expect((await page.locator('nav a').count()) === routes, 'a route is not on the page');
    const lost = await page.evaluate(() => [...document.querySelectorAll('a[href^="#"]')].map((link) => link.hash).filter((hash) => !document.getElementById(hash.slice(1))));
    expect(lost.length === 0, `links lead nowhere: ${lost}`);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it scrolls sideways');
    expect(troubles.length === 0, troubles.join('; '));
  } finally {
    await context.close();
  }
}

// Two halls, the nearer one with a line to the hub that can be cut.
class Town extends Cluster {
  async hubAddress() {
    this.line ??= await new Line().open(this.hub.quic);
    return this.nodes.length === 0 ? this.line.address : this.hub.quic;
  }

  // Starts the nearer node again where it was.
  async restart(...args) {
    const [near] = this.nodes;
    this.nodes[0] = await this.startNode(near.name, new URL(near.address).host, '--position', NEAR, '--allow-origin', this.origin, ...args);
  }

  // Both nodes and the hub agree in the end: the worker has one place.
  async onePlace(job) {
    await until('one live sign-up is left', async () => {
      const seats = await (await fetch(`${this.hub.address}/v1/jobs/${job}/seats`)).json();
      const { nodes } = await (await fetch(`${this.hub.address}/v1/nodes`)).json();
      const isWhole = nodes.every((node) => node.state === 'up' && node.behind === 0);
      return isWhole && seats.sign_ups.filter((one) => one.state === 'live').length === 1 && seats.oversold === 0;
    });
  }

  async stop() {
    await super.stop();
    await this.line?.close();
  }
}

async function main() {
  const cluster = new Town();
  const { server, origin } = await serveApp(() => cluster.nodes.map((node) => node.address).reverse());
  cluster.origin = origin;
  let browser = null;
  try {
    await cluster.startHub();
    await cluster.addNode('jiubao', '--position', NEAR, '--allow-origin', origin);
    await cluster.addNode('xiasha', '--position', FAR, '--allow-origin', origin);
    await cluster.importJobs(TITLES.map((title, at) => ({ title, category: at % 2 ? '搬运' : '仓储' })));
    for (const node of cluster.nodes) {
      await until(`${node.name} has rights`, async () => (await cluster.jobs(node)).every((job) => job.seats.here > 0));
    }
    browser = await launch();
    await check('in Chinese', () => walk(browser, origin, cluster, 'zh-CN', '分拣员', '13905710001'));
    await check('in English', () => walk(browser, origin, cluster, 'en-GB', '保洁员', '13905710002'));
    await check('no answer at all', () => keepsTheKey(browser, origin, '仓库理货员', '13905710005'));
    await check('what others do', () => follows(browser, origin, cluster, '展会搬运'));
    for (const server of [cluster.nodes[0], cluster.hub]) {
      await check(`the description of ${server.name}`, () => description(browser, server.address));
    }
    await check('other pages may not call a node', async () => {
      const asked = await fetch(`${cluster.nodes[0].address}/v1/node`, { headers: { Origin: 'http://127.0.0.1:1' } });
      expect(!asked.headers.has('access-control-allow-origin'), 'a foreign page was let in');
    });
    for (const [locale, title, phone, hasAnswered] of [
      ['zh-CN', '装卸工', '13905710003', false],
      ['en-GB', '餐厅服务员', '13905710004', true],
    ]) {
      await check(`the first node dies ${hasAnswered ? 'after it confirmed and before its answer is out' : 'frozen, with the request unread'}`, async () => {
        const job = await dies(browser, origin, cluster, locale, title, phone, hasAnswered).finally(() => cluster.restart());
        await cluster.onePlace(job);
      });
    }
    await faultChecks(browser, cluster);
  } finally {
    await browser?.close();
    server.close();
    await cluster.stop();
  }
}

await check('the app is served', main);
conclude();
