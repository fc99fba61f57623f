// What the suites in a browser share: checks that are counted, tabs, what every page owes its reader, and pictures.
//
// DAYSHIFT_BROWSER_MODULES: node_modules with playwright-core. DAYSHIFT_BROWSER: chromium. DAYSHIFT_PICTURES=1: also writes
// the pictures of docs/pictures. DAYSHIFT_SNAPSHOTS: a folder for pictures of single steps.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withPalette } from './png.mjs';

const env = process.env;
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const pictures = env.DAYSHIFT_PICTURES === '1' ? join(root, 'docs/pictures') : null;
export const require = createRequire(join(resolve(env.DAYSHIFT_BROWSER_MODULES ?? 'node_modules'), 'x.js'));
const PICTURE_BYTES_MAX = 256 * 1024;
export const KIOSK = { width: 1080, height: 1920 };
export const DESK = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

let passed = 0;
let failed = 0;

export function name({ width, height }) {
  return `${width}x${height}`;
}

export async function check(name, work) {
  try {
    await work();
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${error?.message ?? error}`);
  }
}

export function expect(truth, message) {
  if (!truth) throw new Error(message);
}

// Says how many checks there were, and ends the process accordingly.
export function conclude() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

export function failures() {
  return failed;
}

export function browserPath() {
  const name = env.DAYSHIFT_BROWSER ?? 'chromium';
  return name.includes('/') ? name : execFileSync('sh', ['-c', 'command -v -- "$0"', name], { encoding: 'utf8' }).trim();
}

export function launch() {
  const args = [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ];
  return require('playwright-core').chromium.launch({ executablePath: browserPath(), args });
}

// A page whose console must stay empty and whose content must fit its width.
export async function open(browser, options) {
  const context = await browser.newContext({ javaScriptEnabled: false, deviceScaleFactor: 1, ...options });
  const page = await context.newPage();
  const troubles = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('requestfailed', (request) => {
    const error = request.failure()?.errorText;
    // The way back to where nothing personal was stored, and what a page no longer waits for when the next one is called.
    if (!['net::ERR_CACHE_MISS', 'net::ERR_ABORTED'].includes(error)) troubles.push(`${request.url()} ${error}`);
  });
  return { page, context, troubles };
}

export async function look({ page, troubles }, where) {
  const { width } = page.viewportSize();
  // A page that is still on its way has no sheet yet, and any width.
  await page.waitForLoadState('load');
  const content = await widest(page);
  expect(content <= width, `${where}: content is ${content} px wide on a screen of ${width}: ${content > width ? await beyond(page, width) : ''}`);
  expect(troubles.length === 0, `${where}: ${troubles.join('; ')}`);
}

// The page's own scripts are off, so its layout is asked through the debugging protocol.
async function widest(page) {
  const session = await page.context().newCDPSession(page);
  const metrics = await session.send('Page.getLayoutMetrics');
  await session.detach();
  return metrics.cssContentSize.width;
}

// The elements that reach farthest beyond the screen's edge.
async function beyond(page, width) {
  return page.evaluate((edge) => {
    const reach = (one) => Math.round(one.getBoundingClientRect().right);
    const far = [...document.querySelectorAll('body *')].filter((one) => reach(one) > edge);
    return far.slice(-3).map((one) => `${one.tagName.toLowerCase()}.${one.className} to ${reach(one)}`).join(', ');
  }, width);
}

export async function picture(tab, name) {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  const path = join(pictures, `${name}.png`);
  const png = withPalette(await tab.page.screenshot());
  expect(png.length < PICTURE_BYTES_MAX, `${name}.png has ${png.length} bytes`);
  writeFileSync(path, png);
}

// For whoever changes a page and wants to see it.
export async function snapshot(tab, name) {
  if (!env.DAYSHIFT_SNAPSHOTS) return;
  mkdirSync(env.DAYSHIFT_SNAPSHOTS, { recursive: true });
  writeFileSync(join(env.DAYSHIFT_SNAPSHOTS, `${name}.png`), await tab.page.screenshot({ fullPage: true }));
}

let people = 0;
const start = Date.now() % 1_000_000;
export function phone() {
  people += 1;
  return `139${String(start * 100 + people).padStart(8, '0')}`;
}
