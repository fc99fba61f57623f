// The kiosk's and the console's pages in a real browser, without JavaScript, over the running demo; then the agency's,
// and the stage, with its script, over processes of their own.
//
// DAYSHIFT_PROGRAMS: folder of the built programs. suite.mjs says what else is read from the environment.
// DAYSHIFT_KIOSK (and DAYSHIFT_CONSOLE): addresses of running servers, in place of a demo of its own.
// DAYSHIFT_RENDER_DIR: states.mjs says what lies in it; without it they are left out.
// DAYSHIFT_SNAPSHOTS: a folder for pictures of each step of the agency's day.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accessChecks } from './access.mjs';
import { agencyChecks } from './agency.mjs';
import { aloudChecks } from './aloud.mjs';
import { codeChecks } from './codes.mjs';
import { ownChecks } from './own.mjs';
import { withPalette } from './png.mjs';
import { printChecks } from './prints.mjs';
import { Inspector, findings, inspected } from './sound.mjs';
import { stageChecks } from './stage.mjs';
import { stateChecks } from './states.mjs';
import {
  DESK, KIOSK, PHONE, browserPath, check, conclude, expect, launch, look, name, open, phone, picture, pictures, require, root, snapshot,
} from './suite.mjs';
import { visitChecks } from './visits.mjs';

const env = process.env;
const DEMO_WAIT_MS = 300_000;
const DEMO_END_MS = 20_000;
const WORD = '分拣';
const TABLET = { width: 800, height: 1280 };
const SMALL_PHONE = { width: 360, height: 740 };

// Starts the demo and reads from what it says where its pages are.
function startDemo() {
  // The pictures show what is built in; everything else is looked at with a language that came as a file as well.
  const languages = pictures ? {} : { DAYSHIFT_LANGUAGES: join(root, 'pages/locales/extra') };
  const child = spawn(join(env.DAYSHIFT_PROGRAMS ?? '', 'dayshift'), ['demo'], { cwd: root, env: { ...env, ...languages } });
  const ended = new Promise((done) => child.once('close', done));
  const stop = async () => {
    child.kill('SIGINT');
    const late = setTimeout(() => child.kill('SIGKILL'), DEMO_END_MS);
    await ended;
    clearTimeout(late);
  };
  let said = '';
  const ready = new Promise((found, lost) => {
    const timer = setTimeout(() => lost(new Error(`the demo has no pages yet:\n${said}`)), DEMO_WAIT_MS);
    const read = (chunk) => {
      said += chunk;
      const kiosks = [...said.matchAll(/^\s*kiosk\s+\S+\s+(https?:\/\/[^/\s]+)/gm)].map((match) => match[1]);
      const console = said.match(/^\s*console\s+(https?:\/\/[^/\s]+)\S*\s/m)?.[1];
      if (kiosks.length > 0 && console) {
        clearTimeout(timer);
        found({ kiosks, console });
      }
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
    child.once('error', lost);
    child.once('close', (code) => lost(new Error(`the demo ended with ${code}:\n${said}`)));
  });
  return { ready, stop };
}

async function go(tab, address, where) {
  const response = await tab.page.goto(address);
  expect(response.status() === 200, `${where}: status ${response.status()}`);
  await look(tab, where);
}

// The kiosk at which the searched word finds something.
async function busyKiosk(browser, kiosks) {
  const tab = await open(browser, { viewport: KIOSK });
  try {
    for (const kiosk of kiosks) {
      await tab.page.goto(`${kiosk}/near?lang=zh&q=${encodeURIComponent(WORD)}`);
      if ((await tab.page.locator('a.job').count()) > 0) return { kiosk };
    }
  } finally {
    await tab.context.close();
  }
  throw new Error(`no kiosk has a job for ${WORD}`);
}

async function walk(browser, { kiosk }, lang, viewport, colorScheme) {
  const tab = await open(browser, { viewport, colorScheme });
  const { page } = tab;
  const wide = viewport.width > 640;
  const pictured = viewport === KIOSK && colorScheme === 'light';
  try {
    await go(tab, `${kiosk}/`, 'start');
    await page.locator(`a.lang[href*="lang=${lang}"]`).click();
    await look(tab, 'near');
    expect((await page.locator('html').getAttribute('lang')).startsWith(lang), 'the language was not kept');
    await go(tab, `${kiosk}/near?lang=${lang}`, 'near');
    if (pictured) await picture(tab, `kiosk-${lang}`);
    await page.locator('input[name="q"]').fill(WORD);
    await page.locator('form.search button').click();
    await look(tab, 'search');
    expect((await page.locator('a.job').count()) > 0, `nothing found for ${WORD}`);
    await backToTheList(tab);
    await page.locator('a.job').first().click();
    await look(tab, 'job');
    await page.locator('.dock a.btn--main').click();
    await look(tab, 'sign up');
    const code = await signUp(tab, wide);
    if (pictured && lang === 'zh') await picture(tab, 'ticket');
    await findAgain(tab, kiosk, lang, code);
    await giveBack(tab, kiosk, lang, code, wide);
  } finally {
    await tab.context.close();
  }
}

// The way back from a job leads to the list as it was searched.
async function backToTheList({ page }) {
  const found = await page.locator('a.job').first().getAttribute('href');
  await page.locator('a.job').first().click();
  await page.locator('.crumb a').click();
  expect((await page.locator('input[name="q"]').inputValue()) === WORD, `the search was lost: ${page.url()}`);
  expect((await page.locator('a.job').first().getAttribute('href')) === found, 'the list is another one');
}

async function signUp(tab, wide) {
  const { page } = tab;
  const digits = phone();
  if (wide) {
    for (const digit of digits) await page.locator(`.pad button[value="${digit}"]`).click();
    const typed = (await page.locator('input[name="phone"]').inputValue()).replaceAll(' ', '');
    expect(typed === digits, `the number pad typed ${typed}`);
  } else {
    await page.locator('input[name="phone"]').fill(digits);
  }
  await page.locator('.dock button').click();
  await look(tab, 'ticket');
  expect(/\/ticket\/\d{6}\?/.test(page.url()), `no ticket at ${page.url()}`);
  expect(await page.locator('svg.qr').isVisible(), 'no QR code');
  await clearOfTheDock(page, '.code b');
  if (wide) await clearOfTheDock(page, 'svg.qr');
  const code = (await page.locator('.code b').innerText()).replaceAll(/\s/g, '');
  expect(/^\d{6}$/.test(code), `the code is ${code}`);
  return code;
}

// The step that gives a ticket back: its field and its error are clear of the dock, and nothing is asked by the browser.
async function giveBack(tab, kiosk, lang, code, wide) {
  const { page } = tab;
  await lookUp(tab, kiosk, lang, code);
  await page.locator('a.give').click();
  await look(tab, 'give back');
  await clearOfTheDock(page, 'input[name="phone"]');
  await page.locator('.dock button').click();
  await page.locator('.err').waitFor();
  expect((await page.locator('html').getAttribute('lang')).startsWith(lang), 'the language was not kept');
  await clearOfTheDock(page, '.err');
  await clearOfTheDock(page, 'input[name="phone"]');
  if (wide) await clearOfTheDock(page, '.pad');
  // The browser notes the status of a refused form in its console.
  tab.troubles.length = 0;
}

// What a worker must photograph is seen without scrolling.
async function clearOfTheDock(page, selector) {
  const thing = await page.locator(selector).boundingBox();
  const covers = await Promise.all(['.dock', '.foot'].map((cover) => page.locator(cover).boundingBox()));
  const edge = Math.min(...covers.map((cover) => cover.y), page.viewportSize().height);
  expect(thing.y + thing.height <= edge, `${selector} ends at ${thing.y + thing.height}, and is covered from ${edge}`);
}

async function lookUp(tab, kiosk, lang, code) {
  await go(tab, `${kiosk}/mine?lang=${lang}`, 'mine');
  await tab.page.locator('input[name="code"]').fill(code);
  await tab.page.locator('.dock button').click();
  await look(tab, 'ticket found again');
}

async function findAgain(tab, kiosk, lang, code) {
  const { page } = tab;
  await lookUp(tab, kiosk, lang, code);
  expect(page.url().includes(`/ticket/${code}`), `not found again: ${page.url()}`);
  await go(tab, `${kiosk}/help?lang=${lang}`, 'help');
  for (const page of ['near', 'find', 'mine', 'help', 'attract']) await go(tab, `${kiosk}/${page}?lang=${lang}&big=1`, `${page} in large letters`);
}

async function consolePages(browser, console, viewport, colorScheme, axe) {
  const tab = await open(browser, { viewport, colorScheme });
  const inspector = await Inspector.open(browser, axe, { colorScheme });
  const { page } = tab;
  const visit = async (path, where) => {
    await go(tab, `${console}${path}`, where);
    await inspector.look(page, where);
  };
  try {
    await visit('/', 'overview');
    if (viewport === DESK && colorScheme === 'light') await picture(tab, 'console');
    for (const path of ['nodes', 'sync', 'incarnations', 'jobs']) await visit(`/${path}`, path);
    await page.locator('input[name="q"]').fill(WORD);
    await page.locator('form.find button').click();
    await look(tab, 'jobs found');
    await inspector.look(page, 'jobs found');
    const titles = await page.locator('main a[href^="/jobs/"]').allInnerTexts();
    expect(titles.length > 0, 'no job is listed');
    expect(titles.every((title) => title.includes(WORD)), `other jobs are listed: ${titles}`);
    expect(await page.locator('footer').isVisible(), 'generated jobs are not called synthetic');
    await page.locator('main a[href^="/jobs/"]').first().click();
    await look(tab, 'seats of a job');
    await inspector.look(page, 'seats of a job');
    if (colorScheme === 'dark') expect(await isDark(tab), 'the dark scheme is not dark');
    expect((await page.goto(`${console}/nowhere`)).status() === 404, 'there is something at any address');
    // The browser notes the status in its console.
    tab.troubles.length = 0;
    await look(tab, 'nowhere');
    await inspector.look(page, 'nowhere');
    const wrong = inspector.found();
    expect(wrong.length === 0, wrong.join('\n    '));
  } finally {
    await tab.context.close();
    await inspector.close();
  }
}

// The page of all routes, at node and hub, in both schemes.
async function routePages(browser, servers, axe) {
  const wrong = [];
  for (const colorScheme of ['light', 'dark']) {
    const { context, page } = await inspected(browser, { viewport: DESK, colorScheme });
    try {
      for (const server of servers) {
        expect((await page.goto(`${server}/docs`)).status() === 200, `${server} has no page of its routes`);
        for (const finding of await findings(page, axe)) wrong.push(`${server} ${colorScheme}: ${finding}`);
      }
    } finally {
      await context.close();
    }
  }
  expect(wrong.length === 0, `${wrong.length} findings:\n    ${wrong.slice(0, 12).join('\n    ')}`);
}

// Whether a picture of the page has a dark corner: scripts are off, so the page itself cannot be asked.
async function isDark({ page }) {
  const png = withPalette(await page.screenshot({ clip: { x: 0, y: 0, width: 4, height: 4 } }));
  const at = png.indexOf('PLTE') + 4;
  return png[at] + png[at + 1] + png[at + 2] < 3 * 64;
}

// The languages that the kiosk offers, in its order.
async function languagesOf(browser, kiosk) {
  const tab = await open(browser, { viewport: KIOSK });
  try {
    await go(tab, `${kiosk}/`, 'start');
    const links = await tab.page.locator('a.lang').evaluateAll((all) => all.map((one) => one.href));
    return links.map((link) => new URL(link).searchParams.get('lang'));
  } finally {
    await tab.context.close();
  }
}

async function checks(browser, pages, axe) {
  let busy = null;
  await check('a kiosk finds a Chinese word', async () => {
    busy = await busyKiosk(browser, pages.kiosks);
  });
  for (const lang of busy ? ['zh', 'en'] : []) {
    for (const size of [KIOSK, DESK, TABLET, PHONE, SMALL_PHONE]) {
      for (const scheme of ['light', 'dark']) {
        await check(`kiosk ${lang} ${name(size)} ${scheme}`, () => walk(browser, busy, lang, size, scheme));
      }
    }
  }
  if (busy) {
    let languages = ['zh', 'en'];
    await check('a language file is spoken', async () => {
      languages = await languagesOf(browser, busy.kiosk);
      expect(Boolean(pictures || env.DAYSHIFT_KIOSK) || languages.includes('es'), `the kiosk speaks ${languages}`);
    });
    const kit = { check, expect, open, phone, name, require, languages };
    await visitChecks(browser, kit, busy.kiosk);
    await ownChecks(browser, { ...kit, look, picture: snapshot }, busy.kiosk);
    await accessChecks(browser, kit, busy.kiosk);
    await aloudChecks(browser, kit, busy.kiosk);
  }
  for (const size of pages.console ? [DESK, PHONE] : []) {
    for (const scheme of ['light', 'dark']) {
      await check(`console ${name(size)} ${scheme}`, () => consolePages(browser, pages.console, size, scheme, axe));
    }
  }
  if (pages.console) await check('the pages of all routes', () => routePages(browser, [pages.kiosks[0], pages.console], axe));
  await stateChecks(browser, { check, expect, axe });
}

async function main() {
  const demo = env.DAYSHIFT_KIOSK ? null : startDemo();
  let browser = null;
  try {
    const given = { kiosks: [env.DAYSHIFT_KIOSK], console: env.DAYSHIFT_CONSOLE };
    const pages = demo ? await demo.ready : given;
    browser = await launch();
    const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
    await checks(browser, pages, axe);
    if (demo) await agencyChecks(browser, { check, expect, open, look, picture: snapshot, name, axe, sizes: [DESK, PHONE] });
    if (demo) await codeChecks(browser, { check, expect, open, look, phone, require, picture: snapshot });
    if (demo) await printChecks(browser, { check, expect, open, look, phone, require, picture: snapshot, browserPath });
    if (demo) await stageChecks(browser, { check, expect, open, look, picture, name, root, axe, sizes: [DESK, PHONE, SMALL_PHONE] });
  } finally {
    await browser?.close();
    await demo?.stop();
  }
}

await check('the pages are served', main);
conclude();
