// One kiosk's screen, person after person by touch: how many workers get a ticket in an hour, and how long it takes whoever
// has a card. Prints one line of JSON.
//
// Called by `cargo xtask bench kiosk` with DAYSHIFT_KIOSK, DAYSHIFT_BROWSER and DAYSHIFT_BROWSER_MODULES.

import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';

const env = process.env;
const require = createRequire(`${env.DAYSHIFT_BROWSER_MODULES}/playwright-core/package.json`);
const { chromium } = require('playwright-core');
const WORKERS = 5;
// What a person takes to find the next target and touch it.
const TOUCH_MS = 900;
const PIN = '73918264';
const SCREEN = { width: 1080, height: 1920 };

function finger(page) {
  const hand = {
    taps: 0,
    tap: async (selector) => {
      await page.waitForTimeout(TOUCH_MS);
      await page.locator(selector).first().click();
      hand.taps += 1;
    },
  };
  return hand;
}

async function serve(page, kiosk, phone) {
  const hand = finger(page);
  await page.goto(`${kiosk}/`);
  await hand.tap('a.lang[href*="lang=zh"]');
  await hand.tap('a.job');
  await hand.tap('.dock a.btn--main');
  for (const digit of phone) await hand.tap(`.pad button[value="${digit}"]`);
  await hand.tap('.dock button');
  await page.locator('.code b').waitFor();
  return hand.taps;
}

async function cardOf(kiosk, phone) {
  const headers = { 'Content-Type': 'application/json' };
  const enrolled = await fetch(`${kiosk}/v1/workers/me`, { method: 'POST', headers, body: JSON.stringify({ phone, pin: PIN }) });
  if (enrolled.status !== 201) throw new Error(`enrolling gave ${enrolled.status}: ${await enrolled.text()}`);
  return (await enrolled.json()).card;
}

// A scanner is a keyboard that ends with Enter. To hold a card before it takes what a touch takes, and is no tap.
async function serveByCard(page, kiosk, card) {
  const hand = finger(page);
  await page.goto(`${kiosk}/?lang=zh`);
  const began = performance.now();
  await page.waitForTimeout(TOUCH_MS);
  await page.keyboard.type(card);
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  await hand.tap('a.job--go');
  await hand.tap('.dock a.btn--main');
  await hand.tap('.dock button');
  await page.locator('.code b').waitFor();
  return { taps: hand.taps, seconds: (performance.now() - began) / 1_000 };
}

const executablePath = execFileSync('which', [env.DAYSHIFT_BROWSER ?? 'chromium'], { encoding: 'utf8' }).trim();
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  const context = await browser.newContext({ viewport: SCREEN });
  const page = await context.newPage();
  const began = performance.now();
  let taps = 0;
  for (let worker = 0; worker < WORKERS; worker += 1) {
    taps += await serve(page, env.DAYSHIFT_KIOSK, `138${String(worker).padStart(8, '0')}`);
    await page.waitForTimeout(TOUCH_MS);
    await page.locator('.dock a[href^="/next"]').click();
  }
  const seconds = (performance.now() - began) / 1_000;
  const card = { taps: 0, seconds: 0 };
  for (let worker = 0; worker < WORKERS; worker += 1) {
    const spent = await serveByCard(page, env.DAYSHIFT_KIOSK, await cardOf(env.DAYSHIFT_KIOSK, `135${String(worker).padStart(8, '0')}`));
    card.taps += spent.taps / WORKERS;
    card.seconds += spent.seconds / WORKERS;
    await page.waitForTimeout(TOUCH_MS);
    await page.locator('.dock a[href^="/next"]').click();
  }
  console.log(JSON.stringify({ workers: WORKERS, seconds, taps, touch_ms: TOUCH_MS, card_taps: card.taps, card_seconds: card.seconds }));
} finally {
  await browser.close();
}
