// The example app where something goes wrong: lines that are cut, nodes that die, refuse or ask for patience, and hasty fingers.
import { join } from 'node:path';
import { until } from './cluster.mjs';
import { answer, beside, keysOf, kept, look, open, openJob, signUp, told, withTab } from './app_tab.mjs';
import { check, expect } from './suite.mjs';

const WRITES_PER_MINUTE = 6;
const POSTS_MAX = 50;
// A bad mobile line: 256 kbit/s.
const SLOW_LINE = { offline: false, latency: 2_000, downloadThroughput: 32_000, uploadThroughput: 32_000 };
const PATIENCE_MS = 60_000;

async function knows(node, id) {
  await until(`${node.name} has heard of ${id}`, async () => (await fetch(`${node.address}/v1/sign_ups/${id}`)).ok);
}

// A bookmark is kept, sent with each later read, and honoured by a node that has heard of the write.
async function bookmark(browser, town, title, phone) {
  const [near, far] = town.nodes;
  await withTab(browser, town.origin, 'en-GB', near, async ({ page }) => {
    await openJob(page, title);
    await signUp(page, phone);
    const { id } = await answer(page);
    const stored = await page.evaluate(() => localStorage.getItem('dayshift.bookmark'));
    expect(stored?.startsWith(`${id}@`), `the bookmark is ${stored}`);
    await knows(far, id);
    await near.stop('SIGKILL');
    const honoured = page.waitForResponse(async (response) => response.url().startsWith(`${far.address}/v1/jobs`)
      && response.ok() && (await response.request().allHeaders())['dayshift-bookmark'] === stored);
    await page.locator('#back').click();
    await honoured;
    await page.locator('button.job').first().waitFor();
    expect(await page.locator('#behind').isHidden(), 'a node that has heard of it is called behind');
  });
  await town.restart();
}

// The node that took the sign-up dies before it has told anybody: the others can be read, and the app says what that means.
async function behind(browser, town, title, phone) {
  const [near, far] = town.nodes;
  await withTab(browser, town.origin, 'zh-CN', near, async (tab) => {
    const { page } = tab;
    const job = await openJob(page, title);
    town.line.isCut = true;
    await signUp(page, phone);
    const said = await answer(page);
    expect(said.status === 'confirmed', JSON.stringify(said));
    await near.stop('SIGKILL');
    const refused = page.waitForResponse((response) => response.url().startsWith(far.address) && response.status() === 503);
    const read = page.waitForResponse((response) => response.url().startsWith(`${far.address}/v1/jobs?`) && response.ok());
    await page.locator('#back').click();
    expect((await (await refused).json()).type === '/problems/behind', 'the other node does not say that it is behind');
    await read;
    for (const when of ['after going back', 'after a reload']) {
      await page.locator('#behind', { hasText: '可能比您刚做的旧' }).waitFor();
      await until(`there is a list ${when}`, async () => (await page.locator('button.job').count()) > 0);
      const [{ code }] = await kept(page, 'dayshift.tickets');
      await page.locator('.ticket', { hasText: code }).waitFor();
      if (when === 'after going back') await look(tab, 'behind');
      await page.reload();
    }
    // A place elsewhere is to be had meanwhile, and the old wish is not in its way.
    town.line.isCut = false;
    await town.restart();
    await town.onePlace(job);
    await page.locator('#behind').waitFor({ state: 'hidden' });
    await page.locator('.ticket', { hasText: '已确认' }).waitFor();
  });
}

// The answer is lost on its way, and its node dies once the other one has heard: the same key gets the same place there.
async function replayed(browser, town, title, phone) {
  const [near, far] = town.nodes;
  await withTab(browser, town.origin, 'en-GB', near, async ({ page }) => {
    await openJob(page, title);
    const keys = keysOf(page);
    let taken = null;
    await page.route(`${near.address}/v1/sign_ups`, async (route) => {
      taken = await (await route.fetch()).json();
      await knows(far, taken.id);
      await near.stop('SIGKILL');
      await route.abort('connectionreset');
    });
    await signUp(page, phone);
    const said = await answer(page);
    expect(said.id === taken.id && said.status === 'confirmed', `taken as ${taken.id}, answered as ${said.id}`);
    expect(new Set(keys).size === 1, `keys: ${keys}`);
    expect((await kept(page, 'dayshift.tickets'))[0].code === taken.code, 'the digits are others');
  });
  await town.restart();
}

// One node owes an answer and is gone, and another refuses the same wish: that refusal is not the end of what the first one took.
async function owed(browser, town, title, phone) {
  const [near, far] = town.nodes;
  await withTab(browser, town.origin, 'zh-CN', near, async (tab) => {
    const { page } = tab;
    const job = await openJob(page, title);
    await beside(far, job, phone);
    town.line.isCut = true;
    let taken = null;
    await page.route(`${near.address}/v1/sign_ups`, async (route) => {
      taken = await (await route.fetch()).json();
      await near.stop('SIGKILL');
      await route.abort('connectionreset');
    });
    await signUp(page, phone);
    expect((await told(page, 'already-signed-up')).includes('那次可能已经报上'), 'what the first node owes is not told');
    await look(tab, 'owed');
    await page.unroute(`${near.address}/v1/sign_ups`);
    town.line.isCut = false;
    await town.restart();
    await town.onePlace(job);
    await page.reload();
    await page.locator('#unanswered button').click();
    await signUp(page, phone);
    expect((await answer(page)).id === taken.id, 'the answer that was owed is lost');
  });
}

// An answer that breaks off in the middle: its node lives, is asked again under the same key, and nobody else is.
async function torn(browser, town, title, phone) {
  const [near] = town.nodes;
  await withTab(browser, town.origin, 'zh-CN', near, async ({ page }) => {
    await openJob(page, title);
    const keys = keysOf(page);
    let taken = null;
    await page.route('**/v1/sign_ups', async (route) => {
      const response = await route.fetch();
      const body = await response.text();
      const isFirst = taken === null;
      taken ??= JSON.parse(body);
      await route.fulfill({ response, body: isFirst ? body.slice(0, body.length / 2) : body });
    });
    await signUp(page, phone);
    const said = await answer(page);
    expect(said.id === taken.id, `taken as ${taken.id}, answered as ${said.id}`);
    expect(keys.length === 2 && keys[0] === keys[1], `keys: ${keys}`);
    expect((await kept(page, 'dayshift.wishes')).length === 0, 'the key outlived its answer');
  });
}

// The number has signed up elsewhere: the digits of that ticket show it. One of this phone's own is shown at once.
async function already(browser, town, title, phone) {
  const [near] = town.nodes;
  await withTab(browser, town.origin, 'zh-CN', near, async (tab) => {
    const { page } = tab;
    const job = await openJob(page, title);
    const { id, code } = await beside(near, job, phone);
    await signUp(page, phone);
    expect((await told(page, 'already-signed-up')).includes('已经报过这个岗位'), 'it is not said in Chinese');
    await page.locator('#six').fill(code === '000000' ? '111111' : '000000');
    await page.locator('#digits button').click();
    await page.locator('#digits-error', { hasText: '没有这六位数字的票' }).waitFor();
    await look(tab, 'already');
    await page.locator('#six').fill(code);
    await page.locator('#digits button').click();
    expect((await answer(page)).id === id, 'another ticket is shown');
    expect((await kept(page, 'dayshift.tickets'))[0].id === id, 'the ticket is not kept');
    await page.locator('#back').click();
    await page.locator('.ticket', { hasText: code }).waitFor();
    await openJob(page, title);
    await signUp(page, phone);
    expect((await told(page, 'already-signed-up')).includes(`${code.slice(0, 3)} ${code.slice(3)}`), 'the ticket of this phone is not shown');
    await look(tab, 'already-here');
    expect((await kept(page, 'dayshift.wishes')).length === 0, 'the key outlived its answer');
  });
}

// Another number under a key that was taken: the first one's answer is still to be had, and the other signs up under a key of its own.
async function otherNumber(browser, town, title, phone, other) {
  const [near] = town.nodes;
  await withTab(browser, town.origin, 'en-GB', near, async (tab) => {
    const { page } = tab;
    await openJob(page, title);
    let taken = null;
    await page.route('**/v1/sign_ups', async (route) => {
      const response = await route.fetch();
      taken ??= await response.json();
      await route.abort('connectionreset');
    });
    await signUp(page, phone);
    await told(page, 'no-answer');
    await page.unroute('**/v1/sign_ups');
    await signUp(page, other);
    await told(page, 'key-reused');
    await look(tab, 'other-number');
    await page.locator('#answer button').click();
    const said = await answer(page);
    expect(said.status === 'confirmed' && said.id !== taken.id, JSON.stringify(said));
    await page.locator('#back').click();
    await page.locator('#unanswered button').click();
    await signUp(page, phone);
    expect((await answer(page)).id === taken.id, 'the first answer is lost');
    expect((await kept(page, 'dayshift.tickets')).length === 2, 'a ticket is lost');
  });
}

// A node that is asked too often says when to ask again: the app waits so long, says so, and keeps the key.
async function patience(browser, town, title, phone) {
  const [near] = town.nodes;
  await near.stop();
  await town.restart('--device-writes-per-minute', String(WRITES_PER_MINUTE));
  await withTab(browser, town.origin, 'zh-CN', town.nodes[0], async (tab) => {
    const { page } = tab;
    await openJob(page, title);
    const keys = keysOf(page);
    let posts = 0;
    while ((await fetch(`${near.address}/v1/sign_ups`, { method: 'POST' })).status !== 429) {
      posts += 1;
      expect(posts < POSTS_MAX, 'the node never has enough');
    }
    await signUp(page, phone);
    expect(/站点请您等一等.*报名没有丢.*秒后自动再问/s.test(await told(page, 'waiting')), 'it is not said that it waits');
    const [wish] = await kept(page, 'dayshift.wishes');
    await look(tab, 'waiting');
    const said = await answer(page);
    expect(said.status === 'confirmed', JSON.stringify(said));
    expect(keys.length > 1 && keys.every((key) => key === wish.key), `keys: ${keys}, kept: ${wish.key}`);
  });
  await town.nodes[0].stop();
  await town.restart();
}

// A limit for longer than anybody looks at a phone: the worker is told, and the key stays.
async function longWait(browser, town, title, phone) {
  const [near] = town.nodes;
  await near.stop();
  await town.restart('--phone-requests-per-hour', '1');
  await withTab(browser, town.origin, 'en-GB', town.nodes[0], async (tab) => {
    const { page } = tab;
    const job = (await town.jobs()).find((one) => one.title !== title).id;
    // Counted, and refused.
    await beside(town.nodes[0], job, phone);
    await openJob(page, title);
    await signUp(page, phone);
    expect(/Wait \d+ minutes\..*kept here/s.test(await told(page, 'too-many-requests')), 'how long is not said');
    await look(tab, 'long-wait');
    const [wish] = await kept(page, 'dayshift.wishes');
    await town.nodes[0].stop();
    await town.restart();
    const sent = page.waitForRequest((request) => request.method() === 'POST');
    await page.locator('#sign-up button').click();
    expect((await sent).headers()['idempotency-key'] === wish.key, 'the key was thrown away');
    expect((await answer(page)).status === 'confirmed', 'not confirmed');
  });
}

// Two taps are one wish; who goes back meanwhile, also with the phone's own button, loses nothing, nor does who begins another.
async function hasty(browser, town, title, phone, second, other) {
  const [near] = town.nodes;
  await withTab(browser, town.origin, 'zh-CN', near, async (tab) => {
    const { page } = tab;
    const first = await openJob(page, title);
    const keys = keysOf(page);
    const held = [];
    await page.route('**/v1/sign_ups', (route) => new Promise((done) => { held.push(() => done(route.continue())); }));
    await page.locator('#phone').fill(phone);
    await page.locator('#sign-up button').dblclick();
    await page.locator('#phone').press('Enter');
    await until('it is sent', () => held.length > 0);
    await look(tab, 'sending');
    await page.goBack();
    await page.locator('#list').waitFor();
    const later = await openJob(page, second);
    await signUp(page, other);
    await until('the second is sent', () => held.length > 1);
    expect((await kept(page, 'dayshift.wishes')).map((wish) => wish.job).sort().join() === [first, later].sort().join(), 'a wish is lost');
    await page.goBack();
    for (const release of held) release();
    await until('both tickets are kept', async () => (await page.locator('.ticket').count()) === 2);
    expect(keys.length === 2 && keys[0] !== keys[1], `keys: ${keys}`);
    expect((await kept(page, 'dayshift.wishes')).length === 0, 'a key outlived its answer');
    await page.goForward();
    expect((await answer(page)).status === 'confirmed', 'the answer is not there for who comes back');
    await look(tab, 'came-back');
  });
}

// No node takes anybody: the list can be read, the worker is told why, and the key stays until one does again.
async function drained(browser, town, title, phone) {
  const [near] = town.nodes;
  await withTab(browser, town.origin, 'zh-CN', near, async (tab) => {
    const { page } = tab;
    await openJob(page, title);
    const drain = (command) => town.nodes.map((node) => town.dayshift('edge', command, '--data', join(town.folder, node.name)));
    drain('drain');
    try {
      await signUp(page, phone);
      expect((await told(page, 'draining')).includes('不再收新的报名'), 'it is not said that the node takes nobody');
      await look(tab, 'draining');
      await page.reload();
      await page.locator('#node', { hasText: '可以看岗位' }).waitFor();
      await page.locator('button.job').first().waitFor();
    } finally {
      drain('resume');
    }
    const [{ key }] = await kept(page, 'dayshift.wishes');
    await page.locator('#unanswered button').click();
    const sent = page.waitForRequest((request) => request.method() === 'POST');
    await signUp(page, phone);
    expect((await sent).headers()['idempotency-key'] === key, 'the key was thrown away');
    // Its rights went back to the hub with the drain, and come again in their own time.
    const { status } = await answer(page);
    expect(['confirmed', 'wait_listed', 'requested'].includes(status), `the answer is ${status}`);
  });
}

// Two seconds for each round trip: longer than a node is waited for at first.
async function slowLine(browser, town, title, phone) {
  const tab = await open(browser, town.origin, 'en-GB');
  const { page } = tab;
  try {
    const session = await tab.context.newCDPSession(page);
    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions', SLOW_LINE);
    await page.reload();
    await page.locator('body[data-ready=true]').waitFor({ timeout: PATIENCE_MS });
    const keys = keysOf(page);
    await openJob(page, title);
    await signUp(page, phone);
    expect((await answer(page)).status === 'confirmed', 'not confirmed');
    expect(keys.length === 1, `${keys.length} requests`);
  } finally {
    await tab.context.close();
  }
}

// What a worker may get wrong, and what a job may have become, in words and without a ticket.
async function refusals(browser, town, title, phone) {
  const [near] = town.nodes;
  await withTab(browser, town.origin, 'zh-CN', near, async (tab) => {
    const { page } = tab;
    await openJob(page, title);
    await signUp(page, '123');
    expect((await told(page, 'bad-request')).includes('手机号不对'), 'the number is not called wrong');
    await look(tab, 'wrong-number');
    expect((await page.locator('#phone').inputValue()) === '123', 'what was typed is gone');
    await signUp(page, phone);
    expect((await answer(page)).status === 'confirmed', 'not confirmed');
  });
}

export async function faultChecks(browser, town) {
  await check('a wrong number is told', () => refusals(browser, town, '抄表员', '13905710020'));
  await check('hasty fingers', () => hasty(browser, town, '抄表员', '13905710021', '洗碗工', '13905710022'));
  await check('a number that has signed up elsewhere', () => already(browser, town, '洗碗工', '13905710023'));
  await check('another number under the same key', () => otherNumber(browser, town, '传菜员', '13905710024', '13905710025'));
  await check('an answer that breaks off', () => torn(browser, town, '传菜员', '13905710026'));
  await check('a node that asks for patience', () => patience(browser, town, '理货夜班', '13905710027'));
  await check('a node that asks for much patience', () => longWait(browser, town, '理货夜班', '13905710028'));
  await check('a slow line', () => slowLine(browser, town, '快递打包', '13905710034'));
  await check('a bookmark is kept, sent and honoured', () => bookmark(browser, town, '看车员', '13905710029'));
  await check('an answer lost by a node that the other one has heard of', () => replayed(browser, town, '看车员', '13905710030'));
  await check('a refusal where another node owes an answer', () => owed(browser, town, '布展工', '13905710032'));
  await check('the node dies before anybody has heard of the sign-up', () => behind(browser, town, '搭台工', '13905710031'));
  // Idle rights go back to the hub: whatever needs them has been done.
  await check('nodes that take nobody', () => drained(browser, town, '理货夜班', '13905710033'));
}
