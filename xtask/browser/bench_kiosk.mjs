// One kiosk's screen, person after person by touch: how many workers get a ticket in an hour. Prints one line of JSON.
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
const SCREEN = { width: 1080, height: 1920 };

async function serve(page, kiosk, phone) {
  let taps = 0;
  const tap = async (selector) => {
    await page.waitForTimeout(TOUCH_MS);
    await page.locator(selector).first().click();
    taps += 1;
  };
  await page.goto(`${kiosk}/`);
  await tap('a.lang[href*="lang=zh"]');
  await tap('a.job');
  await tap('.dock a.btn--main');
  for (const digit of phone) await tap(`.pad button[value="${digit}"]`);
  await tap('.dock button');
  await page.locator('.code b').waitFor();
  return taps;
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
  console.log(JSON.stringify({ workers: WORKERS, seconds, taps, touch_ms: TOUCH_MS }));
} finally {
  await browser.close();
}
