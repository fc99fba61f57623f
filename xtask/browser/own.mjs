// A worker's own pages: enrolling, the card at the scanner, the PIN, the shifts, and the end. By touch without JavaScript
// in each language, by keyboard alone, and how many taps a card leaves to a ticket.
import { inflateSync } from 'node:zlib';
import { until } from './cluster.mjs';
import { finger, nothingOfTheirs, typeOnPad } from './visits.mjs';

const SCREEN = { width: 1080, height: 1920 };
const PIN = '73918264';
const TAPS_WITH_A_CARD_MAX = 4;
const STEPS_MAX = 200;

const digitsOf = (text) => text.replaceAll(/\s/g, '');

// A scanner is a keyboard: it types where the focus is, once the page has given it, and ends with Enter.
async function scan(page, card) {
  await page.locator('input:focus').waitFor({ state: 'attached' });
  await page.keyboard.type(card);
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
}

async function step(hand, digits) {
  await typeOnPad(hand, digits);
  await hand.tap('.dock button');
}

// From the start page to the card, by touch alone; returns the card's text.
async function enrolByTouch({ page }, hand, kiosk, lang, phone) {
  await page.goto(`${kiosk}/?lang=${lang}`);
  await hand.tap('.scan a.btn');
  await hand.tap('a[href^="/enrol"]');
  await step(hand, phone);
  await step(hand, PIN);
  await step(hand, PIN);
  await step(hand, '19900517');
  await hand.tap('.tick input[value="health"]');
  await hand.tap('.dock button');
  await page.locator('svg.qr').waitFor();
  return page.locator('input[name="card"]').getAttribute('value');
}

// From the card to a ticket: the scanner's typing is no tap.
async function toTicketByCard({ page }, hand, kiosk, lang, card) {
  await page.goto(`${kiosk}/?lang=${lang}`);
  await scan(page, card);
  const anywhere = page.url().replace('/near?', '/near?when=any&here=1&');
  if ((await page.locator('a.job--go').count()) === 0) {
    await until('rights that were used up come again from the hub', async () => {
      await page.goto(anywhere);
      return (await page.locator('a.job--go').count()) > 0;
    });
  }
  await hand.tap('a.job--go');
  await hand.tap('.dock a.btn--main');
  await hand.tap('.dock button');
  return digitsOf(await page.locator('.code b').innerText());
}

async function byTouch(browser, kit, kiosk, lang) {
  const { expect, look, picture } = kit;
  const tab = await kit.open(browser, { viewport: SCREEN });
  const { page } = tab;
  const phone = kit.phone();
  const seen = async (where) => {
    await look(tab, where);
    await picture(tab, `own-${lang}-${where.replaceAll(' ', '-')}`);
  };
  try {
    const card = await enrolByTouch(tab, finger(tab), kiosk, lang, phone);
    await seen('card');
    await page.locator('.dock a[href^="/next"]').click();
    await nothingOfTheirs(tab, expect, [phone, card, PIN]);
    const hand = finger(tab);
    const code = await toTicketByCard(tab, hand, kiosk, lang, card);
    await seen('ticket by card');
    const { taps } = hand.spent();
    expect(taps <= TAPS_WITH_A_CARD_MAX, `${taps} taps from a card to a ticket`);
    console.log(JSON.stringify({ path: `card, job, ticket (${lang})`, ...hand.spent() }));

    await page.locator('.foot a[href^="/me"]').click();
    expect(!(await page.content()).includes(code), 'the card alone shows the shifts');
    await seen('PIN');
    await step(finger(tab), PIN);
    await seen('shifts');
    expect((await page.locator(`a[href^="/ticket/${code}?"]`).count()) === 1, 'the shift is not listed');
    for (const path of ['about', 'pin', 'card', 'erase']) {
      await page.locator(`a[href^="/me/${path}"]`).click();
      await seen(path);
      await page.locator('.crumb a').first().click();
    }
    await page.locator(`a[href^="/ticket/${code}/cancel"]`).click();
    await seen('cancel');
    expect((await page.locator('input[name="phone"]').count()) === 0, 'a number is asked for');
    await page.locator('.dock button').click();
    await page.locator('.t-off').waitFor();
    await page.locator('a.btn[href^="/next"]').first().click();
    await nothingOfTheirs(tab, expect, [phone, code, card, PIN]);
    await eraseByTouch(tab, kit, kiosk, lang, phone, seen);
    await nothingOfTheirs(tab, expect, [phone, code, card, PIN]);
  } finally {
    await tab.context.close();
  }
}

async function eraseByTouch(tab, { expect }, kiosk, lang, phone, seen) {
  const { page } = tab;
  const hand = finger(tab);
  await page.goto(`${kiosk}/me?lang=${lang}`);
  await step(hand, phone);
  await step(hand, PIN);
  await hand.tap('a[href^="/me/erase"]');
  await step(hand, PIN);
  await seen('erased');
  await nothingOfTheirs(tab, expect, [phone, PIN]);
  await page.goto(`${kiosk}/me?lang=${lang}`);
  await step(hand, phone);
  await step(hand, PIN);
  expect(await page.locator('.err').isVisible(), 'who was erased is known still');
  tab.troubles.length = 0;
  await page.goto(`${kiosk}/?lang=${lang}`);
}

// How many dots of 1/300 inch a page's pixel has on paper: 3.125, unless the browser found it too wide and shrank it.
async function dotsOfAPixel(page) {
  const pdf = await page.pdf({ preferCSSPageSize: true });
  for (let at = pdf.indexOf('stream\n'); at >= 0; at = pdf.indexOf('stream\n', at + 1)) {
    let drawn = '';
    try {
      drawn = inflateSync(pdf.subarray(at + 7)).toString('latin1');
    } catch {
      // Another kind of stream.
    }
    const scale = drawn.match(/([\d.]+) 0 0 \1 [\d.-]+ [\d.-]+ cm/);
    if (scale) return Number(scale[1]);
  }
  throw new Error('nothing is drawn on the paper');
}

async function slips(browser, { expect, open, phone }, kiosk) {
  const { context, page } = await open(browser, { viewport: SCREEN });
  const whole = async (name) => {
    // Of a page that is still on its way nothing is printed.
    await page.locator('svg.qr').waitFor();
    await page.waitForLoadState('load');
    const dots = await dotsOfAPixel(page);
    expect(Math.abs(dots - 300 / 96) < 0.01, `${name} is printed at ${dots} dots of 3.125`);
  };
  try {
    await page.goto(`${kiosk}/near?when=any&lang=zh`);
    await page.locator('a.job').first().click();
    await page.locator('.dock a.btn--main').click();
    await page.locator('input[name="phone"]').fill(phone());
    await page.locator('.dock button').click();
    await page.locator('.code b').waitFor();
    await whole('a ticket');
    await eachOwnPage(page, kiosk, 'lang=zh', phone(), async (where) => (where === 'own card' ? whole(where) : undefined));
  } finally {
    await context.close();
  }
}

// Enrols, is known by the card, and comes back with Tab, Space, Enter, digits and the scanner alone.
async function byKeyboard(browser, { expect, open, phone }, kiosk) {
  const { context, page } = await open(browser, { viewport: SCREEN, javaScriptEnabled: true });
  const reach = async (selector) => {
    for (let step = 0; step < STEPS_MAX; step += 1) {
      if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`${selector} is not reached by Tab on ${page.url()}`);
  };
  const enter = () => Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  const type = async (name, text) => {
    await reach(`input[name="${name}"]`);
    await page.keyboard.type(text);
    await enter();
  };
  try {
    const digits = phone();
    await page.goto(`${kiosk}/?lang=en`);
    await reach('.scan a.btn');
    await enter();
    await reach('a[href^="/enrol"]');
    await enter();
    await type('phone', digits);
    await type('new', PIN);
    await type('again', PIN);
    await type('born', '1990');
    await reach('input[value="forklift"]');
    await page.keyboard.press('Space');
    await reach('.dock button');
    await enter();
    await page.locator('svg.qr').waitFor();
    const card = await page.locator('input[name="card"]').getAttribute('value');
    await reach('.dock a[href^="/next"]');
    await enter();
    // Where the screen advertises, the scanner's typing and no touch opens the list.
    await page.goto(`${kiosk}/attract?lang=en`);
    await scan(page, card);
    expect(/\/near\?.*view=/.test(page.url()), `a card at the screen that advertises leads to ${page.url()}: ${await page.locator('.err, .note').allInnerTexts()}`);
    await reach('.foot a[href="/next"], .foot a[href^="/next?"]');
    await enter();
    await reach('.scan a.btn');
    await enter();
    await type('who', digits);
    await type('pin', PIN);
    expect(await page.locator('a[href^="/me/about"]').isVisible(), `not logged in at ${page.url()}`);
    await reach('a[href^="/me/about"]');
    await enter();
    await reach('.dock button');
    await enter();
    expect(await page.locator('input[value="forklift"]').isChecked(), 'what was ticked is not kept');
  } finally {
    await context.close();
  }
}

// Each page of a worker's own, for the checks that every page has to pass.
export async function eachOwnPage(page, kiosk, query, phone, look) {
  const send = () => page.locator('.dock button').click();
  const fill = async (name, text) => {
    await page.locator(`input[name="${name}"]`).fill(text);
    await send();
  };
  await page.goto(`${kiosk}/me?${query}`);
  await look('who');
  await page.goto(`${kiosk}/enrol?${query}`);
  await look('enrol');
  await send();
  await look('enrol, no number');
  await fill('phone', phone);
  await look('enrol, PIN');
  await fill('new', '1234');
  await look('enrol, a plain PIN');
  await fill('new', PIN);
  await fill('again', PIN);
  await look('enrol, born');
  await send();
  await look('enrol, about');
  await send();
  await look('own card');
  await page.locator('.dock a[href^="/near"]').click();
  await look('near, known');
  await page.locator('a.job').first().click();
  await look('job, known');
  await page.locator('.dock a.btn--main').click();
  await look('sign up, known');
  await page.locator('.dock button').click();
  await page.locator('.foot a[href^="/me"]').click();
  await look('shifts');
  for (const path of ['card', 'pin', 'erase', 'about']) {
    await page.locator(`a[href^="/me/${path}"]`).click();
    await look(path);
    await page.locator('.crumb a').first().click();
  }
}

export async function ownChecks(browser, kit, kiosk) {
  for (const lang of ['zh', 'en']) {
    await kit.check(`a worker's own pages by touch, ${lang}`, () => byTouch(browser, kit, kiosk, lang));
  }
  await kit.check('a slip is as wide as its paper', () => slips(browser, kit, kiosk));
  await kit.check("a worker's own pages by keyboard", () => byKeyboard(browser, kit, kiosk));
}
