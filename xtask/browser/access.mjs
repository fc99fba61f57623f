// What every kiosk page owes to everybody: no finding of axe-core in any language and size, targets that a finger meets,
// a way from start to ticket by keyboard alone, nothing that moves where that is not wanted, and a slow line.
import { readFileSync } from 'node:fs';
import { eachOwnPage } from './own.mjs';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const SCREEN = { width: 1080, height: 1920 };
const PHONE = { width: 390, height: 844 };
const TARGET_PX = 64;
const PHONE_TARGET_PX = 44;
const FIRST_PAGE_BYTES_MAX = 60_000;
const SLOW_MS_MAX = 2_000;
// 1 Mbit/s with the delay of a mobile line.
const SLOW_LINE = { offline: false, latency: 60, downloadThroughput: 125_000, uploadThroughput: 125_000 };
const STEPS_MAX = 400;

// Scripts may run here, since axe is one; the pages have none, and their policy allows none.
export async function inspected(browser, options) {
  const context = await browser.newContext({ bypassCSP: true, deviceScaleFactor: 1, ...options });
  return { context, page: await context.newPage() };
}

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

// axe forbids every timed refresh. A shared screen has to be wiped, as WCAG 2.2.1 allows where people are asked for at
// least twenty seconds before and stay by one touch: that is what is checked in its place.
const TIMED = 'meta-refresh';
const WARNING_S = 20;

async function wipeIsTold(page) {
  const refresh = await page.locator('meta[http-equiv="refresh"]').getAttribute('content', { timeout: 1_000 }).catch(() => null);
  if (refresh === null) return [];
  const bar = await page.locator('aside.idle').evaluateAll((all) => all.map((one) => ({
    stay: one.querySelectorAll('a[href], button').length,
    from: Number.parseFloat(getComputedStyle(one).animationDelay),
  })));
  // Start and attract hold nothing of anybody: they change, and nothing is lost.
  if (bar.length === 0) return /url=\/attract$/.test(refresh) ? [] : [`the wipe is not told: ${refresh}`];
  const [{ stay, from }] = bar;
  const wipe = Number.parseFloat(refresh);
  return stay === 1 && wipe - from >= WARNING_S ? [] : [`${wipe} s: told after ${from} s, ${stay} ways to stay`];
}

export async function findings(page, axe) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  // As the page opens, on a slow machine as well: later the bar that tells of the wipe lies over what is below it.
  await page.evaluate(() => document.getAnimations().forEach((one) => { one.currentTime = 0; one.pause(); }));
  const found = await page.evaluate((rules) => window.axe.run(document, { runOnly: rules.kept, rules: { [rules.timed]: { enabled: false } } }), { kept: RULES, timed: TIMED });
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')} (${node.failureSummary?.split('\n')[1]?.trim()})`));
}

// Targets that are smaller than a finger, with their size.
async function small(page, least) {
  return page.evaluate((least) => {
    const seen = [...document.querySelectorAll('a[href], button, summary, audio, input:not([type=hidden])')];
    const whole = seen.filter((target) => target.checkVisibility({ visibilityProperty: true }) && !target.matches('.skip, .first'));
    const boxes = whole.map((target) => [target, (target.closest('.search') && target.matches('input') ? target.closest('.search') : target).getBoundingClientRect()]);
    return boxes.filter(([, box]) => box.width < least || box.height < least)
      .map(([target, box]) => `${target.tagName} ${target.className || target.name} ${Math.round(box.width)}x${Math.round(box.height)}`);
  }, least);
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
    for (const target of await small(page, least)) wrong.push(`${where}: target ${target}`);
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

// From start to ticket with Tab, Enter and digits.
async function byKeyboard(browser, { expect, phone }, kiosk) {
  const { context, page } = await inspected(browser, { viewport: SCREEN });
  let keys = 0;
  const reach = async (selector) => {
    for (let step = 0; step < STEPS_MAX; step += 1) {
      await page.keyboard.press('Tab');
      keys += 1;
      if (await page.evaluate((selector) => document.activeElement.matches(selector), selector)) {
        const outline = await page.evaluate(() => {
          const style = getComputedStyle(document.activeElement);
          return Number.parseFloat(style.outlineWidth) + Number.parseFloat(style.borderTopWidth);
        });
        expect(outline >= 3, `the focus on ${selector} is not seen`);
        return;
      }
    }
    throw new Error(`${selector} is not reached by Tab on ${page.url()}`);
  };
  const enter = async () => {
    keys += 1;
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  };
  try {
    await page.goto(`${kiosk}/`);
    await reach('a.lang[href*="lang=en"]');
    await enter();
    await reach('a.job');
    await enter();
    await reach('.dock a.btn--main');
    await enter();
    await reach('input[name="phone"]');
    const digits = phone();
    await page.keyboard.type(digits);
    keys += digits.length;
    await enter();
    expect(page.url().includes('/ticket/'), `no ticket by keyboard: ${page.url()}`);
    await reach('a[href^="/next"]');
    await enter();
    expect(new URL(page.url()).pathname === '/', 'the next person does not begin at the start');
    return keys;
  } finally {
    await context.close();
  }
}

async function nothingMoves(browser, { expect }, kiosk) {
  const { context, page } = await inspected(browser, { viewport: SCREEN, reducedMotion: 'reduce' });
  try {
    for (const path of ['', 'attract', 'near', 'find', 'mine', 'help']) {
      await page.goto(`${kiosk}/${path}?lang=zh`);
      const moving = await page.evaluate(() => document.getAnimations()
        .filter((one) => one.effect.getComputedTiming().duration > 0).map((one) => one.animationName));
      expect(moving.length === 0, `${path || 'start'} moves: ${moving}`);
    }
    await page.goto(`${kiosk}/attract?lang=zh`);
    const shown = await page.locator('.turns > li').evaluateAll((all) => all.filter((one) => one.checkVisibility({ visibilityProperty: true })).length);
    expect(shown === (await page.locator('.turns > li').count()), 'a fact is never shown');
  } finally {
    await context.close();
  }
}

async function onASlowLine(browser, { expect }, kiosk) {
  const { context, page } = await inspected(browser, { viewport: PHONE });
  let bytes = 0;
  try {
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions', SLOW_LINE);
    session.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
    for (const path of ['', 'near?lang=zh', 'near?lang=en']) {
      bytes = 0;
      await session.send('Network.clearBrowserCache');
      const began = performance.now();
      await page.goto(`${kiosk}/${path}`, { waitUntil: 'load' });
      const took = performance.now() - began;
      expect(took < SLOW_MS_MAX, `${path || 'start'} takes ${Math.round(took)} ms at 1 Mbit/s`);
      expect(bytes > 0 && bytes < FIRST_PAGE_BYTES_MAX, `${path || 'start'} has ${bytes} bytes`);
      console.log(JSON.stringify({ page: `/${path}`, bytes, ms_at_1_mbit: Math.round(took) }));
    }
  } finally {
    await context.close();
  }
}

export async function accessChecks(browser, kit, kiosk) {
  const axe = readFileSync(kit.require.resolve('axe-core/axe.min.js'), 'utf8');
  const with_axe = { ...kit, axe };
  for (const lang of kit.languages) {
    for (const viewport of [SCREEN, PHONE]) {
      for (const big of [false, true]) {
        const name = `access ${lang} ${kit.name(viewport)}${big ? ' large letters' : ''}`;
        await kit.check(name, () => everyPage(browser, with_axe, kiosk, lang, viewport, big));
      }
    }
  }
  await kit.check('start to ticket by keyboard', async () => {
    const keys = await byKeyboard(browser, kit, kiosk);
    console.log(JSON.stringify({ path: 'start to ticket by keyboard', keys }));
  });
  await kit.check('nothing moves where motion is reduced', () => nothingMoves(browser, kit, kiosk));
  await kit.check('pages on a slow line', () => onASlowLine(browser, kit, kiosk));
}
