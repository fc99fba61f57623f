// The page of a simulated run in a real browser: a calm run, one that breaks a promise by a known bug, and one with a copied
// machine. Needs DAYSHIFT_PROGRAMS beside what suite.mjs needs; a few seconds.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DESK, PHONE, check, conclude, expect, launch, look, name, open, require, root, snapshot } from './suite.mjs';

const folder = mkdtempSync(join(tmpdir(), 'dayshift-trace-'));
const simulate = join(process.env.DAYSHIFT_PROGRAMS ?? join(root, 'target/debug'), 'simulate');

// Writes a page; a run that breaks a promise ends with 1.
function drawn(file, args, code = 0) {
  const page = join(folder, file);
  let ended = 0;
  try {
    execFileSync(simulate, [...args, '--html', page], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (error) {
    ended = error.status;
  }
  expect(ended === code, `simulate ${args.join(' ')} ended with ${ended}, not with ${code}`);
  return pathToFileURL(page).href;
}

const step = (page) => page.evaluate(() => Number(document.body.dataset.step));
const count = (page, selector) => page.locator(selector).count();
const rule = (page, wanted) => page.locator(`#rules [data-rule="${wanted}"]`).getAttribute('data-state');

async function audit(page) {
  await page.addScriptTag({ path: require.resolve('axe-core/axe.min.js') });
  const found = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] }));
  expect(found.violations.length === 0, found.violations.map((one) => `${one.id}: ${one.nodes[0].html}`).join('; '));
}

async function shown(browser, url, viewport, work, more = {}) {
  const tab = await open(browser, { javaScriptEnabled: true, viewport, ...more });
  try {
    await tab.page.goto(url);
    await work(tab.page, tab);
    await look(tab, `${url} at ${name(viewport)}`);
  } finally {
    await tab.context.close();
  }
}

writeFileSync(join(folder, 'calm.toml'), 'about = "calm"\nregions = 1\nhours = 1\nsign_ups = 40\njobs = 3\nseats = [4, 9]\n');
const browser = await launch();
try {
  const planted = drawn('planted.html', ['replay', join(root, 'simulations/regressions/planted-ReturnKeptHere.jsonl')], 1);
  await check('a broken promise is seen at once, and f leads back to it', () => shown(browser, planted, DESK, async (page, tab) => {
    expect((await page.locator('#verdict').innerText()).includes('I2:'), 'the verdict names the invariant');
    expect((await page.locator('#facts').innerText()).includes('known bug ReturnKeptHere'), 'the bug is named');
    expect(await rule(page, 'I2') === 'broken' && await rule(page, 'I1') === 'ok', 'one rule is broken');
    expect(await rule(page, 'I7') === 'due', 'what holds at rest is not due');
    const last = await step(page);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('k');
    expect(await step(page) === last - 2, 'two steps back');
    expect(await rule(page, 'I2') === 'ok', 'before the last step nothing was broken');
    await page.keyboard.press('ArrowRight');
    expect(await step(page) === last - 1, 'one step forward');
    await page.keyboard.press('Home');
    expect(await step(page) === 1, 'the first step');
    await page.keyboard.press('f');
    expect(await step(page) === last && await rule(page, 'I2') === 'broken', 'f leads to the violation');
    expect(await count(page, '#violation-line') === 1, 'it is drawn');
    await snapshot(tab, 'trace-planted');
    await audit(page);
  }));

  const calm = drawn('calm.html', ['run', 'calm.toml', '--start', '2']);
  for (const viewport of [DESK, PHONE]) {
    await check(`a calm run steps and plays by buttons ${name(viewport)}`, () => shown(browser, calm, viewport, async (page, tab) => {
      expect((await page.locator('#verdict').innerText()).includes('No promise was broken'), 'the verdict');
      expect(await page.locator('#violation').isDisabled(), 'there is no violation to go to');
      await page.locator('#forward').click();
      await page.locator('#forward').click();
      await page.locator('#back').click();
      expect(await step(page) === 2, `two forward and one back: step ${await step(page)}`);
      await page.keyboard.press('End');
      expect(await rule(page, 'I7') === 'ok' && await rule(page, 'I8') === 'ok', 'at the end all was looked at, at rest');
      expect(await count(page, '.glyph[data-kind="confirmed"]') > 1, 'sign-ups');
      expect(await count(page, '.transfer[data-kind="grant"]') > 0, 'grants');
      expect(await count(page, '#seats [data-part="used"]') > 0, 'seats by holder');
      await page.keyboard.press('Home');
      await page.locator('#play').click();
      await page.waitForFunction(() => Number(document.body.dataset.step) > 2);
      await page.locator('#play').click();
      expect(await page.locator('#play').getAttribute('aria-pressed') === 'false', 'it stands');
      await snapshot(tab, `trace-calm-${name(viewport)}`);
      await audit(page);
    }, { reducedMotion: viewport === PHONE ? 'reduce' : 'no-preference' }));
  }

  const copied = drawn('copied.html', ['run', 'copied-node', '--start', '7']);
  await check('cuts, crashes and fences of a copied machine are stretches of time', () => shown(browser, copied, DESK, async (page, tab) => {
    for (const kind of ['cut', 'down', 'fenced']) expect(await count(page, `.span[data-kind="${kind}"]`) > 0, `no ${kind}`);
    expect(await count(page, '.glyph[data-kind="copied"]') + await count(page, '.glyph[data-kind="restored"]') > 0, 'copies');
    expect(await count(page, '#seats [data-part="limbo"]') > 0, 'limbo');
    await page.keyboard.press('n');
    expect((await page.locator('#what').innerText()).startsWith('fault:'), 'the next fault');
    await page.keyboard.press('+');
    await snapshot(tab, 'trace-copied');
    await audit(page);
  }));
  await check('a page needs nothing beside itself', () => {
    const page = readFileSync(join(folder, 'copied.html'), 'utf8');
    expect(!/(src|href)="(?!#)/.test(page) && !page.includes('@import') && !page.includes('url(h'), 'it names another file');
  });
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
  conclude();
}
