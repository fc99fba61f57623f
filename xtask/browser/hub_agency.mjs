// The agency's desk at the hub in a real browser, without JavaScript: thirty shifts go out to all kiosks of the region, who
// comes is told as far as the hub knows it, the timesheet is sealed. Every page is held to axe-core.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findings, inspected } from './sound.mjs';

const PASTE_MS_MAX = 60_000;
const TOLD_MS_MAX = 30_000;

// Loads a page again until it shows something.
async function shown(page, what, is) {
  const end = Date.now() + TOLD_MS_MAX;
  while (!(await is())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${TOLD_MS_MAX} ms`);
    await page.reload();
  }
}

export async function hubDay(tab, town, lang, tools) {
  const { page } = tab;
  const { expect, look, picture, name, table, shifts, signUp, dayshift } = tools;
  const size = name(page.viewportSize());
  const mark = `H${lang}${size.slice(0, 4)}`;
  const shot = (what) => picture(tab, `hub-agency-${what}-${lang}-${size}`);
  await page.goto(`${town.hub}/agency?lang=${lang}`);
  tab.troubles.length = 0;
  await look(tab, 'log-in at the hub');
  await shot('login');
  await page.locator('#key').fill(town.key);
  await page.locator('form button.main').click();
  await look(tab, 'board of the hub');

  const began = Date.now();
  await page.locator('.ways a').nth(1).click();
  await page.locator('#table').fill(table(town.zone.ahead, mark, lang));
  await page.locator('button[value="read"]').click();
  await page.locator('button[value="send"]').click();
  await look(tab, 'sent at the hub');
  expect((await page.locator('tr.msg').count()) === 1, `${await page.locator('tr.msg').count()} rows are in doubt and not 1`);
  await shot('doubt');
  await page.locator('tr.msg button').click();
  await page.locator('button[value="send"]').click();
  await page.locator('.note').waitFor();
  const took = Date.now() - began;
  expect(took < PASTE_MS_MAX, `thirty shifts took ${took} ms`);
  expect((await page.locator('table.shifts tbody tr').count()) >= shifts, 'not all shifts are listed');
  await shot('board');

  const title = `分拣员${mark}`;
  const people = [await signUp(town, title), await signUp(town, title), await signUp(town, title)];
  expect(people.filter(({ status }) => status === 'confirmed').length === 2, `${people.map(({ status }) => status)}`);
  await page.locator('table.shifts a', { hasText: title }).click();
  await page.locator('a[href^="/agency/who?day"]').click();
  await shown(page, 'the hub lists three people', async () => (await page.locator('table.who tbody tr').count()) === 3);
  await look(tab, 'who comes, at the hub');
  expect((await page.locator('table.who').innerText()).includes(people[0].code.slice(0, 3)), 'the ticket is listed');
  expect((await page.locator('table.held').innerText()).includes('hall-3'), 'the holder is named');
  await shot('who');
  await page.locator('a[href^="/agency/seats"]').click();
  await look(tab, 'seats at the hub');
  await page.locator('#cap').fill('1');
  await page.locator('button[value="cap"]').click();
  await page.locator('.note--stop').waitFor();
  // The refusal is 409, which the browser notes in its console.
  tab.troubles.length = 0;
  await look(tab, 'fewer seats than are confirmed');
  expect((await page.locator('.note--stop').innerText()).includes('2'), 'the smallest number is said');
  await shot('seats');
  const standing = () => page.locator('tr.sel td.num').first().innerText();
  const places = page.locator('table.who a[href^="/agency/end"]');
  await page.locator('button[value="bump"]').click();
  await look(tab, 'the last place is ended');
  await shown(page, 'one place of one is left', async () => (await standing()) === '1 / 1' && (await places.count()) === 2);
  await places.first().click();
  await look(tab, 'one place at the hub');
  await shot('end');
  await page.locator('button[value="dismiss"]').click();
  await look(tab, 'the place is taken');
  await shown(page, 'the next in line has the place', async () => (await standing()) === '1 / 1' && (await places.count()) === 1);
  const list = await page.locator('table.who').innerText();
  expect(!/Gave it back|自己退了/.test(list), `nobody has given a place back: ${list}`);
  await page.goto(`${town.hub}/agency/timesheet`);
  await look(tab, 'timesheet of the hub');
  await shot('timesheet');
  const download = page.waitForEvent('download');
  await page.locator('a[href*="timesheet.csv"]').click();
  const file = join(town.folder, `${mark}.csv`);
  await (await download).saveAs(file);
  expect(readFileSync(file, 'utf8').startsWith('date,job,'), 'the file has its headings');
  expect(dayshift('timesheet', 'verify', file, '--root', town.root).includes('genuine'), 'the file is sealed');
  await page.locator('.bar .out').click();
  expect(await page.locator('#key').isVisible(), 'logged out');
}

// What axe-core finds at the desks of hub and node on pages that the day does not come to.
export async function deskFindings(browser, town, lang, viewport, axe) {
  const { context, page } = await inspected(browser, { viewport });
  const wrong = [];
  const look = async (where) => {
    for (const finding of await findings(page, axe)) wrong.push(`${where}: ${finding}`);
  };
  try {
    for (const [desk, paths] of [[town.hub, ['', '?way=paste', '?way=rows', '/who', '/timesheet']], [town.address, ['', '?way=paste', '?way=rows', '/gate', '/timesheet']]]) {
      const name = desk === town.hub ? 'hub' : 'node';
      await page.goto(`${desk}/agency?lang=${lang}`);
      await look(`${name} log-in`);
      await page.locator('#key').fill(town.key);
      await page.locator('form button.main').click();
      for (const path of paths) {
        await page.goto(`${desk}/agency${path}`);
        await look(`${name} ${path}`);
      }
    }
  } finally {
    await context.close();
  }
  return wrong;
}
