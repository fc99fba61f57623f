// What every kiosk page owes to everybody: no finding of axe-core in any language and size, targets that a finger meets,
// a way from start to ticket by keyboard alone, nothing that moves where that is not wanted, and a slow line.
import { readFileSync } from 'node:fs';
import { eachOwnPage } from './own.mjs';
import { PHONE_TARGET_PX, TARGET_PX, findings, focusIsSeen, inspected, small, wipeIsTold } from './sound.mjs';

const SCREEN = { width: 1080, height: 1920 };
const PHONE = { width: 390, height: 844 };
const FIRST_PAGE_BYTES_MAX = 60_000;
const SLOW_MS_MAX = 3_000;
// 1 Mbit/s with the delay of a mobile line.
const SLOW_LINE = { offline: false, latency: 60, downloadThroughput: 125_000, uploadThroughput: 125_000 };
const STEPS_MAX = 400;
const CREW_MAX = 10;
const TICKET_BYTES_MAX = 80_000;
const CREW_PAGE_BYTES_MAX = 160_000;
const LIST_PAGES_MAX = 30;

// A ticket of its own, and the page that gives it back.
async function signUp(page, kiosk, query, digits) {
  await page.goto(`${kiosk}/near?when=any&${query}`);
  await page.locator('a.job').first().click();
  const job = page.url();
  await page.locator('.dock a.btn--main').click();
  const form = page.url();
  await page.locator('input[name="phone"]').fill(digits);
  await page.locator('.dock button').click();
  const ticket = page.url();
  return { job, form, ticket, giveBack: ticket.replace('?', '/cancel?') };
}

async function everyPage(browser, kit, kiosk, lang, viewport, big) {
  const { expect, phone } = kit;
  const { context, page } = await inspected(browser, { viewport });
  const query = `lang=${lang}${big ? '&big=1' : ''}`;
  const wrong = [];
  const look = async (where) => {
    const least = viewport === SCREEN ? TARGET_PX : PHONE_TARGET_PX;
    // A page that is still on its way has no sheet yet.
    await page.waitForLoadState('load');
    // What the dock lies over is reached by scrolling, and free at the end of the page: so all of it is looked at unscrolled.
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    await page.setViewportSize({ ...viewport, height: Math.max(height, viewport.height) });
    for (const finding of await findings(page, kit.axe)) wrong.push(`${where}: ${finding}`);
    await page.setViewportSize(viewport);
    for (const timing of await wipeIsTold(page)) wrong.push(`${where}: ${timing}`);
    for (const target of await small(page, least)) wrong.push(`${where}: ${target}`);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > viewport.width) wrong.push(`${where}: ${width} px wide`);
    // A page looked at for long is wiped: the way there is short enough for it not to be.
  };
  try {
    for (const path of ['', 'attract', 'near', 'find', 'mine', 'help', 'nowhere']) {
      await page.goto(`${kiosk}/${path}?${query}`);
      await look(path || 'start');
    }
    await page.goto(`${kiosk}/near?${query}&q=zzzz`);
    await look('near, nothing found');
    await page.goto(`${kiosk}/mine?${query}`);
    await page.locator('input[name="code"]').fill('12');
    await page.locator('.dock button').click();
    await look('mine, too short');
    const own = await signUp(page, kiosk, query, phone());
    expect(own.ticket.includes('/ticket/'), `no ticket at ${own.ticket}`);
    await look('ticket');
    await page.goto(own.giveBack);
    await look('give back');
    await page.locator('.dock button').click();
    await look('give back, no number');
    await page.goto(own.job);
    await look('job');
    await page.goto(`${own.form}&${query}`);
    await look('sign up');
    await page.locator('.dock button').click();
    await look('sign up, no number');
    await page.goto(`${kiosk}/crew?${new URL(own.form).searchParams}`);
    await look('crew');
    for (const _ of [1, 2]) {
      await page.locator('input[name="phone"]').fill(phone());
      await page.locator('button[name="add"]').click();
    }
    await look('crew of two');
    await page.locator('button[name="alone"], button[name="go"]').first().click();
    await look('crew, answered');
    await eachOwnPage(page, kiosk, query, phone(), look);
  } finally {
    await context.close();
  }
  expect(wrong.length === 0, `${wrong.length} findings:\n    ${wrong.slice(0, 12).join('\n    ')}`);
}

// Tab, Enter, Space and digits, counted.
class Keys {
  pressed = 0;

  constructor(page, expect) {
    Object.assign(this, { page, expect });
  }

  async reach(selector) {
    for (let step = 0; step < STEPS_MAX; step += 1) {
      await this.page.keyboard.press('Tab');
      this.pressed += 1;
      if (await this.page.evaluate((selector) => document.activeElement.matches(selector), selector)) {
        this.expect(await focusIsSeen(this.page), `the focus on ${selector} is not seen on ${this.page.url()}`);
        return;
      }
    }
    throw new Error(`${selector} is not reached by Tab on ${this.page.url()}`);
  }

  async enter() {
    this.pressed += 1;
    await Promise.all([this.page.waitForNavigation(), this.page.keyboard.press('Enter')]);
  }

  async press(selector) {
    await this.reach(selector);
    await this.enter();
  }

  async type(selector, digits) {
    await this.reach(selector);
    await this.page.keyboard.type(digits);
    this.pressed += digits.length;
  }
}

// From start to ticket, back to it by its six digits, and to the place given back.
async function byKeyboard(browser, { expect, phone }, kiosk) {
  const { context, page } = await inspected(browser, { viewport: SCREEN });
  const keys = new Keys(page, expect);
  try {
    await page.goto(`${kiosk}/`);
    await keys.press('a.lang[href*="lang=en"]');
    await keys.press('a.job');
    await keys.press('.dock a.btn--main');
    const digits = phone();
    await keys.type('input[name="phone"]', digits);
    await keys.enter();
    expect(page.url().includes('/ticket/'), `no ticket by keyboard: ${page.url()}`);
    const code = (await page.locator('.code b').innerText()).replaceAll(/\s/g, '');
    await keys.press('a[href^="/next"]');
    expect(new URL(page.url()).pathname === '/', 'the next person does not begin at the start');
    const toTicket = keys.pressed;
    await page.goto(`${kiosk}/near?lang=en`);
    await keys.press('a[href^="/mine"]');
    await keys.type('input[name="code"]', code);
    await keys.enter();
    expect(page.url().includes(`/ticket/${code}`), `not found again by keyboard: ${page.url()}`);
    await keys.press('a.give');
    await keys.type('input[name="phone"]', digits);
    await keys.enter();
    expect(await page.locator('.t-off').isVisible(), `not given back by keyboard: ${page.url()}`);
    return toTicket;
  } finally {
    await context.close();
  }
}

async function crewByKeyboard(browser, { expect, phone }, kiosk) {
  const { context, page } = await inspected(browser, { viewport: SCREEN });
  const keys = new Keys(page, expect);
  try {
    await toRoomyJob(page, kiosk, /^([2-9]|\d\d+)$/);
    await keys.press('.dock a.btn--main');
    await keys.press('.crumb a[href^="/crew"]');
    await keys.type('input[name="phone"]', phone());
    await keys.press('button[name="add"]');
    await keys.type('input[name="phone"]', phone());
    await keys.press('button[name="go"]');
    // Two places together, or word of how many there are.
    expect((await page.locator('.each .code b, .note--stop').count()) > 0, `a crew by keyboard is at ${page.url()}`);
  } finally {
    await context.close();
  }
}

async function nothingMoves(browser, kit, kiosk) {
  const { expect } = kit;
  const { context, page } = await inspected(browser, { viewport: SCREEN, reducedMotion: 'reduce' });
  const still = async (where) => {
    const moving = await page.evaluate(() => document.getAnimations()
      .filter((one) => one.effect.getComputedTiming().duration > 0).map((one) => one.animationName));
    expect(moving.length === 0, `${where} moves: ${moving}`);
  };
  try {
    for (const path of ['', 'attract', 'near', 'find', 'mine', 'help', 'me', 'enrol']) {
      await page.goto(`${kiosk}/${path}?lang=zh`);
      await still(path || 'start');
    }
    const own = await signUp(page, kiosk, 'lang=zh', kit.phone());
    await still('ticket');
    for (const address of [own.giveBack, own.job, own.form, own.form.replace('/sign_up', '/crew')]) {
      await page.goto(address);
      await still(address);
    }
    await page.goto(`${kiosk}/attract?lang=zh`);
    const shown = await page.locator('.turns > li').evaluateAll((all) => all.filter((one) => one.checkVisibility({ visibilityProperty: true })).length);
    expect(shown === (await page.locator('.turns > li').count()), 'a fact is never shown');
  } finally {
    await context.close();
  }
}

// A phone at 1 Mbit/s whose browser has kept nothing: first pages, a sign-up, and the largest page there is, a crew's tickets.
async function onASlowLine(browser, { expect, phone }, kiosk) {
  const { context, page } = await inspected(browser, { viewport: PHONE });
  let bytes = 0;
  const took = {};
  try {
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions', SLOW_LINE);
    session.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
    const timed = async (where, go, most = FIRST_PAGE_BYTES_MAX) => {
      bytes = 0;
      await session.send('Network.clearBrowserCache');
      const began = performance.now();
      await go();
      await page.waitForLoadState('load');
      const ms = Math.round(performance.now() - began);
      expect(ms < SLOW_MS_MAX, `${where} takes ${ms} ms at 1 Mbit/s`);
      expect(bytes > 0 && bytes < most, `${where} has ${bytes} bytes`);
      took[where] = { ms, bytes };
    };
    const tap = (selector) => page.locator(selector).first().click();
    for (const path of ['', 'near?lang=zh', 'near?lang=en']) await timed(path || 'start', () => page.goto(`${kiosk}/${path}`));
    await timed('job', () => tap('a.job'));
    await timed('sign up', () => tap('.dock a.btn--main'));
    await page.locator('input[name="phone"]').fill(phone());
    await timed('ticket', () => tap('.dock button'), TICKET_BYTES_MAX);
    await page.locator('.code b').waitFor();
    await crewOf(CREW_MAX, page, kiosk, phone, timed);
    const [where, worst] = Object.entries(took).reduce((a, b) => (a[1].bytes >= b[1].bytes ? a : b));
    console.log(JSON.stringify({ line: '1 Mbit/s', largest: where, ...worst, sign_up_ms: took.job.ms + took['sign up'].ms + took.ticket.ms }));
  } finally {
    await context.close();
  }
}

// Opens the first job of which so many seats can be confirmed here.
async function toRoomyJob(page, kiosk, seats) {
  const roomy = page.locator('a.job', { has: page.locator('.seats b', { hasText: seats }) });
  for (let at = 1; at <= LIST_PAGES_MAX; at += 1) {
    await page.goto(`${kiosk}/near?lang=zh&when=any&here=1&page=${at}`);
    if ((await roomy.count()) > 0) break;
  }
  await roomy.first().click();
}

// The tickets of a crew.
async function crewOf(most, page, kiosk, phone, timed) {
  await toRoomyJob(page, kiosk, /^\d\d+$/);
  const job = page.url().match(/\/job\/([^?]+)/)[1];
  await page.goto(`${kiosk}/crew?lang=zh&job=${job}`);
  for (let member = 0; member < most; member += 1) {
    await page.locator('input[name="phone"]').fill(phone());
    if (member < most - 1) await page.locator('button[name="add"]').click();
  }
  await timed('tickets of a crew of ten', () => page.locator('button[name="go"]').click(), CREW_PAGE_BYTES_MAX);
  await page.locator('.each .code b').nth(most - 1).waitFor();
}

export async function accessChecks(browser, kit, kiosk) {
  const axe = readFileSync(kit.require.resolve('axe-core/axe.min.js'), 'utf8');
  const with_axe = { ...kit, axe };
  for (const lang of kit.languages) {
    // The other two of the four are among the rendered states.
    for (const [viewport, big] of [[SCREEN, false], [PHONE, true]]) {
      const name = `access ${lang} ${kit.name(viewport)}${big ? ' large letters' : ''}`;
      await kit.check(name, () => everyPage(browser, with_axe, kiosk, lang, viewport, big));
    }
  }
  await kit.check('start to ticket by keyboard', async () => {
    const keys = await byKeyboard(browser, kit, kiosk);
    console.log(JSON.stringify({ path: 'start to ticket by keyboard', keys }));
  });
  await kit.check('a crew by keyboard', () => crewByKeyboard(browser, kit, kiosk));
  await kit.check('nothing moves where motion is reduced', () => nothingMoves(browser, kit, kiosk));
  await kit.check('pages on a slow line', () => onASlowLine(browser, kit, kiosk));
}
