// The stage in a real browser: its buttons are pressed as an audience would press them, and its figures are read.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { findings } from './sound.mjs';

const START_WAIT_MS = 120_000;
const END_MS = 20_000;
const SETTLE_MS = 30_000;

// Starts the stage and reads from what it says where its page is.
function startStage(root) {
  const child = spawn(join(process.env.DAYSHIFT_PROGRAMS ?? '', 'dayshift'), ['stage'], { cwd: root });
  const ended = new Promise((done) => child.once('close', done));
  const stop = async () => {
    child.kill('SIGINT');
    const late = setTimeout(() => child.kill('SIGKILL'), END_MS);
    await ended;
    clearTimeout(late);
  };
  let said = '';
  const ready = new Promise((found, lost) => {
    const timer = setTimeout(() => lost(new Error(`the stage has no page yet:\n${said}`)), START_WAIT_MS);
    const read = (chunk) => {
      said += chunk;
      const address = said.match(/(http:\/\/127\.0\.0\.1:\d+)\//)?.[1];
      if (address) {
        clearTimeout(timer);
        found(address);
      }
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
    child.once('error', lost);
    child.once('close', (code) => lost(new Error(`the stage ended with ${code}:\n${said}`)));
  });
  return { ready, stop };
}

// The figures of one side as they are written on the page: seats, confirmed, waiting, oversold. On its own side the page
// tells apart who waits and who is still being asked for; which of the two somebody is while a line is freshly cut is
// a matter of seconds, so both are counted here as not confirmed.
async function figures(page, side) {
  const shown = (await page.locator(`section.${side} .figures dd`).allInnerTexts()).map(Number);
  if (side !== 'own') return shown;
  const [seats, confirmed, waiting, requested, oversold] = shown;
  return [seats, confirmed, waiting + requested, oversold];
}

async function until(page, side, expected, expect) {
  const end = Date.now() + SETTLE_MS;
  let shown = [];
  while (Date.now() < end) {
    shown = await figures(page, side);
    if (String(shown) === String(expected)) return;
    await page.waitForTimeout(50);
  }
  expect(false, `${side} shows ${shown} and not ${expected}`);
}

// One line is cut, twenty people tap, the line comes back.
async function story(tab, address, { expect, look, picture }) {
  const { page } = tab;
  await page.goto(`${address}/?lang=en`);
  await page.locator('#line-1').click();
  await page.locator('#line-1.open').waitFor();
  await page.locator('h3 .cut').first().waitFor();
  await page.locator('nav button').nth(1).click();
  await until(page, 'other', [10, 20, 0, 10], expect);
  await until(page, 'own', [10, 10, 10, 0], expect);
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.activeElement.blur());
  await page.waitForTimeout(600);
  await look(tab, 'a cut line');
  await picture(tab, 'stage-cut');
  await page.locator('#line-1').click();
  await page.locator('section.own .booth h3 .ok').nth(1).waitFor({ timeout: SETTLE_MS });
  await until(page, 'own', [10, 10, 10, 0], expect);
  await until(page, 'other', [10, 20, 0, 10], expect);
  // Whoever stood in line at the kiosk alone stands in the hub's line.
  await page.locator('.queue .here').first().waitFor({ state: 'detached', timeout: SETTLE_MS });
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.activeElement.blur());
  await page.waitForTimeout(600);
  await look(tab, 'a mended line');
  await picture(tab, 'stage-healed');
}

// Late states, each with more on the page than the first picture: every seat known at a hub without power, a fenced box.
async function late(tab, address, lang, { expect, look }) {
  const { page } = tab;
  const { height } = page.viewportSize();
  const fits = async (where) => {
    await look(tab, where);
    const content = await page.evaluate(() => document.documentElement.scrollHeight);
    expect(page.viewportSize().width < 1000 || content <= height, `${where}: ${content} px high on a screen of ${height}`);
  };
  await page.goto(`${address}/?lang=${lang}`);
  await page.locator('nav button').nth(3).click();
  await until(page, 'own', [10, 0, 0, 0], expect);
  await page.locator('nav button').nth(1).click();
  await until(page, 'own', [10, 10, 10, 0], expect);
  await page.locator('.hub .used').nth(9).waitFor({ timeout: SETTLE_MS });
  await fits('every seat known at the hub');
  await page.locator('#hub-plug').click();
  await page.locator('section.own .hub.off').waitFor({ timeout: SETTLE_MS });
  await fits('the hub without power');
  await page.locator('#hub-plug').click();
  await page.locator('section.own .booth h3 .ok').nth(1).waitFor({ timeout: SETTLE_MS });
  await page.locator('#old-disk-1').click();
  await page.locator('section.own .booth h3 .fenced').first().waitFor({ timeout: SETTLE_MS });
  const said = await page.locator('section.own .booth .note').first().innerText();
  expect(!said.includes('vshard'), `the fence is told in the hub's own words: ${said}`);
  for (const order of ['tap', 'cancel']) {
    expect(await page.locator(`#${order}-1`).isDisabled(), `a fenced kiosk offers to ${order}`);
  }
  await fits('a fenced box');
}

// Pulls the plug with the keyboard alone: the button keeps the focus while the picture is replaced.
async function keyboard({ page }, address, expect) {
  await page.goto(`${address}/?lang=zh`);
  await page.locator('#plug-2').focus();
  await page.keyboard.press('Enter');
  await page.locator('#tap-2:disabled').waitFor();
  expect((await page.evaluate(() => document.activeElement.id)) === 'plug-2', 'the focus was lost');
  await page.keyboard.press('Enter');
  await page.locator('#tap-2:enabled').waitFor();
}

export async function stageChecks(browser, tools) {
  const { check, expect, open, look, name, root, sizes, axe } = tools;
  const sound = async ({ page }, where) => {
    const wrong = await findings(page, axe);
    expect(wrong.length === 0, `${where}: ${wrong.join('; ')}`);
  };
  const stage = startStage(root);
  const visit = async (viewport, colorScheme, walk) => {
    // axe is a script of nobody's.
    const tab = await open(browser, { viewport, colorScheme, javaScriptEnabled: true, bypassCSP: true });
    try {
      await walk(tab, await stage.ready);
    } finally {
      await tab.context.close();
    }
  };
  try {
    await check('stage: cut, tap, mend', () => visit(sizes[0], 'light', (tab, address) => story(tab, address, tools)));
    await check('stage: by the keyboard', () => visit(sizes[0], 'dark', (tab, address) => keyboard(tab, address, expect)));
    for (const lang of ['en', 'zh']) {
      for (const size of sizes) {
        const walk = async (tab, address) => {
          await late(tab, address, lang, tools);
          await sound(tab, 'a fenced box');
        };
        await check(`stage, late: ${lang} ${name(size)}`, () => visit(size, 'light', walk));
      }
      for (const size of sizes) {
        for (const scheme of ['light', 'dark']) {
          await check(`stage ${lang} ${name(size)} ${scheme}`, () => visit(size, scheme, async (tab, address) => {
            await tab.page.goto(`${address}/?lang=${lang}`);
            await tab.page.locator('.booth').first().waitFor();
            await look(tab, `the stage in ${lang}`);
            await sound(tab, 'the stage');
          }));
        }
      }
    }
  } finally {
    await stage.stop();
  }
}
