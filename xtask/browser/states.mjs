// Every state of the kiosk's and the console's pages that their own tests render, also those that no walk comes to: tickets
// of each colour, a frozen kiosk, a line that is cut, refused steps. Each is held to axe-core as it opens and at each later
// moment, and its targets and its width to four screens.
//
// DAYSHIFT_RENDER_DIR: the folder in which the tests of node and hub wrote them.
import { createServer } from 'node:http';
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { PHONE_TARGET_PX, TARGET_PX, findings, inspected, small, unseenFocus, wipeIsTold } from './sound.mjs';
import { DESK, KIOSK, PHONE } from './suite.mjs';

const TABLET = { width: 768, height: 1024 };
// Two processors.
const TABS = 2;
// Of each language and size; a folder with fewer is not what the tests write.
const STATES_MIN = 70;
const SHOWN_MAX = 12;

// What lies in the dock's way is reached by scrolling: so all of the page is looked at unscrolled.
async function whole(page, { width, height }) {
  await page.setViewportSize({ width, height });
  const content = await page.evaluate(() => document.documentElement.scrollHeight);
  if (content > height) await page.setViewportSize({ width, height: content });
}

async function wide(page, { width }) {
  const content = await page.evaluate(() => document.documentElement.scrollWidth);
  return content > width ? [`${content} px wide on a screen of ${width}`] : [];
}

async function kioskState(page, axe, letters) {
  const wrong = [];
  for (const [size, least] of [[KIOSK, TARGET_PX], [DESK, TARGET_PX], [TABLET, TARGET_PX], [PHONE, PHONE_TARGET_PX]]) {
    await whole(page, size);
    const said = [...(await small(page, least)), ...(await wide(page, size))];
    if (size === KIOSK || (size === PHONE && letters === 'large')) said.push(...(await findings(page, axe)));
    wrong.push(...said.map((what) => `${size.width}x${size.height}: ${what}`));
  }
  wrong.push(...(await wipeIsTold(page)), ...(await unseenFocus(page)));
  return wrong;
}

async function consoleState(page, axe) {
  const wrong = [];
  for (const size of [DESK, PHONE]) {
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await whole(page, size);
      const said = [...(await findings(page, axe)), ...(await wide(page, size))];
      wrong.push(...said.map((what) => `${size.width}x${size.height} ${colorScheme}: ${what}`));
    }
  }
  return wrong;
}

// The folder over HTTP: for each file of a disk the browser would begin another process.
async function served(folder) {
  const server = createServer((request, response) => {
    const name = basename(new URL(request.url, 'http://localhost').pathname);
    try {
      const body = readFileSync(join(folder, name));
      response.writeHead(200, { 'Content-Type': name.endsWith('.css') ? 'text/css' : 'text/html; charset=utf-8' }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { server, address: `http://127.0.0.1:${server.address().port}` };
}

// Looks at files in some tabs together.
async function each(browser, axe, address, files, state) {
  const [left, wrong] = [[...files], []];
  const tab = async () => {
    const { context, page } = await inspected(browser, { viewport: KIOSK });
    try {
      await context.addInitScript(axe);
      for (let file = left.shift(); file; file = left.shift()) {
        await page.goto(`${address}/${file}`);
        // None goes on by itself while it is looked at.
        await page.evaluate(() => window.stop());
        for (const what of await state(page)) wrong.push(`${file}: ${what}`);
      }
    } finally {
      await context.close();
    }
  };
  await Promise.all(Array.from({ length: TABS }, tab));
  return wrong;
}

export async function stateChecks(browser, { check, expect, axe }) {
  const given = process.env.DAYSHIFT_RENDER_DIR;
  if (!given) {
    console.log('left out: rendered states, for want of DAYSHIFT_RENDER_DIR');
    return;
  }
  const folder = resolve(given);
  const files = readdirSync(folder).filter((file) => file.endsWith('.html'));
  const { server, address } = await served(folder);
  const held = async (mine, least, state) => {
    expect(mine.length >= least, `${mine.length} states are rendered, and not ${least}`);
    const wrong = await each(browser, axe, address, mine, state);
    expect(wrong.length === 0, `${wrong.length} findings:\n    ${wrong.slice(0, SHOWN_MAX).join('\n    ')}`);
  };
  for (const lang of ['zh', 'en', 'es']) {
    for (const letters of ['normal', 'large']) {
      const mine = files.filter((file) => file.startsWith('kiosk-') && file.endsWith(`-${lang}${letters === 'large' ? '-big' : ''}.html`));
      await check(`each state of the kiosk, ${lang}, ${letters} letters`, () => held(mine, STATES_MIN, (page) => kioskState(page, axe, letters)));
    }
  }
  const consoles = files.filter((file) => file.startsWith('console-'));
  await check('each state of the console', () => held(consoles, 10, (page) => consoleState(page, axe)));
  server.close();
}
