// A code to the phone, over a hub and a node of its own whose sender is a file: it proves a number that enrols, takes the
// place of card and PIN, and is not offered while the line is down.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findings } from './sound.mjs';
import { Cluster, until } from './cluster.mjs';
import { typeOnPad } from './visits.mjs';

const SCREEN = { width: 1080, height: 1920 };
const PIN = '73918264';

async function startHall(cluster) {
  await cluster.startHub();
  await (await cluster.addNode('hall')).stop();
  // What is said of senders is read at the start.
  writeFileSync(join(cluster.folder, 'hall', 'senders.toml'), "[workers]\nfile = 'sms.ndjson'\n");
  cluster.nodes = [await cluster.startNode('hall', '127.0.0.1:0')];
  return cluster.nodes[0];
}

// The codes that went to a number, in their order.
function codesTo(cluster, phone) {
  const sent = join(cluster.folder, 'hall', 'sms.ndjson');
  const lines = existsSync(sent) ? readFileSync(sent, 'utf8').trim().split('\n').map((line) => JSON.parse(line)) : [];
  return lines.filter((line) => line.kind === 'code' && line.to === phone).map((line) => line.code);
}

async function walk(browser, kit, cluster, hall, lang) {
  const { expect, open, look } = kit;
  const tab = await open(browser, { viewport: SCREEN, javaScriptEnabled: true, bypassCSP: true });
  const { page } = tab;
  const phone = kit.phone();
  const hand = { tap: (selector) => page.locator(selector).first().click() };
  const step = async (digits) => {
    await typeOnPad(hand, digits);
    await hand.tap('.dock button');
  };
  const sound = async (where) => {
    await look(tab, where);
    await kit.picture(tab, `codes-${lang}-${where.replaceAll(' ', '-')}`);
    const wrong = await findings(page, kit.axe);
    expect(wrong.length === 0, `${where}: ${wrong.join('; ')}`);
  };
  const next = (n) => until(`code ${n} is sent`, () => codesTo(cluster, phone)[n - 1]);
  try {
    await page.goto(`${hall.address}/enrol?lang=${lang}`);
    await step(phone);
    await sound('code asked');
    const first = await next(1);
    await step(first === '111111' ? '222222' : '111111');
    expect(await page.locator('.err').isVisible(), 'a wrong code is taken');
    tab.troubles.length = 0;
    await hand.tap('button[name="send"]');
    const second = await next(2);
    await step(second);
    await step(PIN);
    await step(PIN);
    await hand.tap('.dock button');
    await hand.tap('.dock button');
    await page.locator('svg.qr').waitFor();
    await hand.tap('.dock a[href^="/next"]');

    await page.goto(`${hall.address}/me?lang=${lang}`);
    await hand.tap('a[href^="/me/code"]');
    await sound('code for a number');
    await step(phone);
    await step(await next(3));
    await hand.tap('a[href^="/me/pin"]');
    await step('48375926');
    await step('48375926');
    await sound('a new PIN');
    await page.goto(`${hall.address}/me/code?lang=${lang}`);
    await step(phone);
    expect(await page.locator('.err').isVisible(), 'a fourth code is sent');
    tab.troubles.length = 0;
    for (const code of codesTo(cluster, phone)) expect(!hall.said.includes(code), 'a code stands in the log');
  } finally {
    await tab.context.close();
  }
  return phone;
}

async function withoutALine(browser, { expect, open }, cluster, hall, phone) {
  const { context, page } = await open(browser, { viewport: SCREEN });
  const hand = { tap: (selector) => page.locator(selector).first().click() };
  try {
    await cluster.hub.stop();
    await until('the line is down', async () => {
      await page.goto(`${hall.address}/me?lang=en`);
      return (await page.content()).includes('The line is down: no code');
    });
    expect((await page.locator('a[href^="/me/code"]').count()) === 0, 'a code is offered without a line');
    await typeOnPad(hand, phone);
    await hand.tap('.dock button');
    await typeOnPad(hand, '48375926');
    await hand.tap('.dock button');
    expect(await page.locator('a[href^="/me/pin"]').isVisible(), 'the PIN needs the line');
  } finally {
    await context.close();
  }
}

export async function codeChecks(browser, kit) {
  const axe = readFileSync(kit.require.resolve('axe-core/axe.min.js'), 'utf8');
  const cluster = new Cluster();
  let hall = null;
  let phone = null;
  try {
    await kit.check('a hall with a sender', async () => {
      hall = await startHall(cluster);
      await until('its line is up', async () => (await (await fetch(`${hall.address}/me?lang=en`)).text()).includes('/me/code'));
    });
    for (const lang of hall ? ['zh', 'en'] : []) {
      await kit.check(`a code to the phone, ${lang}`, async () => { phone = await walk(browser, { ...kit, axe }, cluster, hall, lang); });
    }
    if (phone) await kit.check('without a line there is no code', () => withoutALine(browser, kit, cluster, hall, phone));
  } finally {
    await cluster.stop();
  }
}
