// examples/local-app in a real browser, over a hub and two nodes of its own: it takes the nearest node, signs up, and goes on at
// the other node when the first one dies with the request in its hands.
//
// DAYSHIFT_PROGRAMS: folder of the built programs. DAYSHIFT_SHOTS: a folder that gets pictures of each step. suite.mjs says what
// else is read from the environment.
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { Cluster, until } from './cluster.mjs';
import { PHONE, check, conclude, expect, launch, root } from './suite.mjs';

const env = process.env;
const app = join(root, 'examples/local-app');
const HERE = { latitude: 30.3, longitude: 120.26 };
const NEAR = '30.301,120.261';
const FAR = '30.25,120.17';
const TITLES = ['分拣员', '装卸工', '餐厅服务员', '保洁员', '仓库理货员', '快递打包', '展会搬运'];
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

// A page of the app whose console must stay empty, apart from requests to a node that is dead.
async function open(browser, origin, locale) {
  const context = await browser.newContext({
    viewport: PHONE, deviceScaleFactor: 2, isMobile: true, hasTouch: true, locale, geolocation: HERE, permissions: ['geolocation'],
  });
  const page = await context.newPage();
  const troubles = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('net::ERR_')) troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(String(error)));
  await page.goto(origin);
  await page.locator('body[data-ready=true]').waitFor();
  return { context, page, troubles };
}

// What every screen owes its reader: names, sizes, contrast, and nothing that scrolls sideways.
async function look({ page, troubles }, name) {
  const faults = await page.evaluate(() => {
    const faults = [];
    const shown = (element) => element.getClientRects().length > 0;
    for (const field of document.querySelectorAll('input, select')) {
      if (shown(field) && !(field.labels?.length > 0 && field.labels[0].textContent.trim())) faults.push(`${field.id} has no label`);
    }
    for (const control of document.querySelectorAll('button, input, select, a')) {
      if (!shown(control)) continue;
      if (control.tagName === 'BUTTON' && !control.textContent.trim()) faults.push(`a button ${control.id} without words`);
      if (control.getBoundingClientRect().height < 48) faults.push(`${control.id || control.textContent} is lower than 48 px`);
    }
    const luminance = (colour) => {
      const parts = colour.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255);
      const [r, g, b] = parts.map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const colour = getComputedStyle(at).backgroundColor;
        if (!/, 0\)$|transparent/.test(colour)) return colour;
      }
      return 'rgb(255, 255, 255)';
    };
    for (const element of document.querySelectorAll('body *')) {
      const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
      if (!hasText || !shown(element) || element.tagName === 'OPTION') continue;
      const [a, b] = [luminance(getComputedStyle(element).color), luminance(behind(element))].sort((x, y) => y - x);
      const contrast = (a + 0.05) / (b + 0.05);
      if (contrast < 4.5) faults.push(`“${element.textContent.trim()}” has a contrast of ${contrast.toFixed(2)}`);
    }
    if (document.documentElement.scrollWidth > innerWidth) faults.push('it scrolls sideways');
    return faults;
  });
  expect(faults.length === 0, `${name}: ${faults.join('; ')}`);
  expect(troubles.length === 0, `${name}: ${troubles.join('; ')}`);
  if (env.DAYSHIFT_SHOTS) {
    mkdirSync(env.DAYSHIFT_SHOTS, { recursive: true });
    await page.screenshot({ path: join(env.DAYSHIFT_SHOTS, `${name}.png`) });
  }
}

async function openJob(page, title) {
  await page.locator('#q').fill(title);
  await page.locator('#search button').first().click();
  const job = page.locator('button.job', { hasText: title });
  await job.waitFor();
  const id = await job.getAttribute('data-job');
  await job.click();
  return id;
}

async function signUp(page, phone) {
  await page.locator('#phone').fill(phone);
  await page.locator('#sign-up button').click();
}

async function answer(page) {
  await page.locator('#answer[data-status]').waitFor();
  return page.locator('#answer').evaluate((note) => ({ status: note.dataset.status, id: note.dataset.id, text: note.innerText }));
}

const kept = (page, name) => page.evaluate((key) => JSON.parse(localStorage.getItem(key)), name);

async function walk(browser, origin, cluster, locale, title, phone) {
  const tab = await open(browser, origin, locale);
  const { page } = tab;
  try {
    await look(tab, `${locale}-list`);
    const [near] = cluster.nodes;
    await page.locator('#near').click();
    await until('the nearest node is taken', async () => (await page.locator('#node').innerText()).includes(near.name));
    await openJob(page, title);
    await look(tab, `${locale}-job`);
    await signUp(page, phone);
    const said = await answer(page);
    expect(said.status === 'confirmed', JSON.stringify(said));
    await look(tab, `${locale}-answer`);
    expect((await kept(page, 'dayshift.unanswered')) === null, 'the key outlived its answer');
    await page.locator('#back').click();
    await page.locator('.ticket').waitFor();
    expect(!(await page.evaluate(() => JSON.stringify({ ...localStorage }))).includes(phone), 'the number is kept');
    const before = await page.locator('#lang').innerText();
    await page.locator('#lang').click();
    expect((await page.locator('#lang').innerText()) !== before, 'the language stays');
    await look(tab, `${locale}-other-language`);
  } finally {
    await tab.context.close();
  }
}

// The worker taps, the node dies with the request in its hands, and the same key goes to the other node.
async function dies(browser, origin, cluster, locale, title, phone, hasAnswered) {
  const tab = await open(browser, origin, locale);
  const { page } = tab;
  const [near, far] = cluster.nodes;
  try {
    await page.locator('#near').click();
    await until('the nearest node is taken', async () => (await page.locator('#node').innerText()).includes(near.name));
    const job = await openJob(page, title);
    const keys = [];
    page.on('request', (request) => {
      if (request.method() === 'POST') keys.push(request.headers()['idempotency-key']);
    });
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
    await look(tab, `${locale}-moved-${hasAnswered ? 'answered' : 'frozen'}`);
    expect((await kept(page, 'dayshift.tickets')).length === 1, 'one wish has more than one ticket');
    return { job };
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
    await page.locator('#answer.ask').waitFor();
    await look(tab, 'en-GB-no-answer');
    const { key } = await kept(page, 'dayshift.unanswered');
    await page.unroute('**/v1/sign_ups');
    await page.reload();
    await page.locator('#unanswered button').waitFor();
    await look(tab, 'en-GB-unanswered');
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
  const tab = await open(browser, origin, 'zh-CN');
  const { page } = tab;
  const [near] = cluster.nodes;
  try {
    await page.locator('#near').click();
    await until('the nearest node is taken', async () => (await page.locator('#node').innerText()).includes(near.name));
    const card = page.locator('button.job', { hasText: title });
    const shown = () => card.locator('.seats').innerText();
    const job = await card.getAttribute('data-job');
    for (const phone of ['13905710008', '13905710009']) {
      const before = await shown();
      await fetch(`${near.address}/v1/sign_ups`, {
        method: 'POST', body: JSON.stringify({ job, phone }), headers: { 'Content-Type': 'application/json', 'Idempotency-Key': phone },
      });
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

// Both nodes and the hub agree in the end: the worker has one place.
async function onePlace(cluster, job) {
  await until('one live sign-up is left', async () => {
    const seats = await (await fetch(`${cluster.hub.address}/v1/jobs/${job}/seats`)).json();
    const nodes = await (await fetch(`${cluster.hub.address}/v1/nodes`)).json();
    const isWhole = nodes.nodes.every((node) => node.state === 'up' && node.behind === 0);
    const live = seats.sign_ups.filter((one) => one.state === 'live').length;
    return isWhole && live === 1 && seats.oversold === 0;
  });
}

async function restart(cluster, origin) {
  const [near] = cluster.nodes;
  cluster.nodes[0] = await cluster.startNode(near.name, new URL(near.address).host, '--position', NEAR, '--allow-origin', origin);
}

async function main() {
  const cluster = new Cluster();
  const { server, origin } = await serveApp(() => cluster.nodes.map((node) => node.address).reverse());
  let browser = null;
  try {
    await cluster.startHub();
    await cluster.addNode('jiubao', '--position', NEAR, '--allow-origin', origin);
    await cluster.addNode('xiasha', '--position', FAR, '--allow-origin', origin);
    await cluster.importJobs(TITLES.map((title, at) => ({ title, category: at % 2 ? '搬运' : '仓储' })));
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
        const { job } = await dies(browser, origin, cluster, locale, title, phone, hasAnswered);
        await restart(cluster, origin);
        await onePlace(cluster, job);
      });
    }
  } finally {
    await browser?.close();
    server.close();
    await cluster.stop();
  }
}

await check('the app is served', main);
conclude();
