// The example app in a tab: what its suite's checks open, look at and tap.
//
// DAYSHIFT_SHOTS: a folder that gets pictures of each step, in both languages and sizes.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findings } from './sound.mjs';
import { until } from './cluster.mjs';
import { DESK, PHONE, expect, name as sized, require } from './suite.mjs';

const HERE = { latitude: 30.3, longitude: 120.26 };
const shots = process.env.DAYSHIFT_SHOTS;
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

// A page of the app whose console must stay empty, apart from what nodes refuse and from nodes that are dead.
export async function open(browser, origin, locale) {
  const context = await browser.newContext({
    viewport: PHONE, deviceScaleFactor: 2, isMobile: true, hasTouch: true, locale, geolocation: HERE, permissions: ['geolocation'],
  });
  const page = await context.newPage();
  const troubles = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(String(error)));
  await page.goto(origin);
  await page.locator('body[data-ready=true]').waitFor();
  return { context, page, troubles };
}

// A tab that asks the node that is nearest to where the phone is.
export async function openNear(browser, origin, locale, near) {
  const tab = await open(browser, origin, locale);
  await tab.page.locator('#near').click();
  await until('the nearest node is taken', async () => (await tab.page.locator('#node').innerText()).includes(near.name));
  return tab;
}

// Does `work` with a tab at the nearest node.
export async function withTab(browser, origin, locale, near, work) {
  const tab = await openNear(browser, origin, locale, near);
  try {
    return await work(tab);
  } finally {
    await tab.context.close();
  }
}

// Sizes, and nothing that scrolls sideways, beside what axe-core finds.
async function faults(page) {
  const own = await page.evaluate(() => {
    const faults = [];
    for (const control of document.querySelectorAll('button, input, select, a')) {
      if (control.getClientRects().length === 0) continue;
      if (control.getBoundingClientRect().height < 48) faults.push(`${control.id || control.textContent} is lower than 48 px`);
    }
    if (document.documentElement.scrollWidth > innerWidth) faults.push('it scrolls sideways');
    return faults;
  });
  return [...own, ...(await findings(page, axe))];
}

// What every screen owes its reader, in both languages, on a phone and on a desk.
export async function look({ page, troubles }, name) {
  const wrong = [];
  for (let turn = 0; turn < 2; turn += 1) {
    const lang = await page.evaluate(() => document.documentElement.lang);
    for (const size of [PHONE, DESK]) {
      await page.setViewportSize(size);
      for (const fault of await faults(page)) wrong.push(`${lang} ${sized(size)}: ${fault}`);
      if (!shots) continue;
      mkdirSync(shots, { recursive: true });
      await page.screenshot({ path: join(shots, `${name}-${lang}-${size.width}.png`), fullPage: true });
    }
    await page.setViewportSize(PHONE);
    await page.evaluate(() => document.getElementById('lang').click());
  }
  expect(wrong.length === 0, `${name}: ${wrong.join('; ')}`);
  expect(troubles.length === 0, `${name}: ${troubles.join('; ')}`);
}

export async function openJob(page, title) {
  await page.locator('#q').fill(title);
  await page.locator('#search button').first().click();
  const job = page.locator('button.job', { hasText: title });
  await job.waitFor();
  const id = await job.getAttribute('data-job');
  await job.click();
  return id;
}

export async function signUp(page, phone) {
  await page.locator('#phone').fill(phone);
  await page.locator('#sign-up button').click();
}

export async function answer(page) {
  await page.locator('#answer[data-status]').waitFor();
  return page.locator('#answer').evaluate((note) => ({ status: note.dataset.status, id: note.dataset.id, text: note.innerText }));
}

// A refusal, or whatever else keeps the worker from an answer.
export async function told(page, code) {
  await page.locator(`#answer[data-code="${code}"]`).waitFor();
  return page.locator('#answer').innerText();
}

export const kept = (page, name) => page.evaluate((key) => JSON.parse(localStorage.getItem(key) ?? '[]'), name);

// The keys of all sign-ups that a page sends.
export function keysOf(page) {
  const keys = [];
  page.on('request', (request) => {
    if (request.method() === 'POST') keys.push(request.headers()['idempotency-key']);
  });
  return keys;
}

// Signs up beside the app, as a kiosk or another phone does.
export async function beside(node, job, phone) {
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': `beside-${job}-${phone}` };
  return (await fetch(`${node.address}/v1/sign_ups`, { method: 'POST', body: JSON.stringify({ job, phone }), headers })).json();
}
