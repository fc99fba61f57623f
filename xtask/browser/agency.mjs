// An agency's day in a real browser, without JavaScript, over a hub and a node of its own: a clerk logs in, pastes thirty
// shifts in under a minute, people sign up at the kiosk, the gate scans, a missed place goes to the next in line, both
// sides confirm the hours.
import { spawn, execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deskFindings, hubDay } from './hub_agency.mjs';
import { Inspector } from './sound.mjs';

const START_WAIT_MS = 120_000;
const END_MS = 20_000;
const PASTE_MS_MAX = 60_000;
const SHIFTS = 30;
const STEPS_MAX = 60;

function program(name) {
  return join(process.env.DAYSHIFT_PROGRAMS ?? '', name);
}

function dayshift(...args) {
  return execFileSync(program('dayshift'), args, { encoding: 'utf8' });
}

// Waits until a server says where it listens.
function announced(file, child, log) {
  return new Promise((found, lost) => {
    const ended = (code) => lost(new Error(`it ended with ${code}:\n${readFileSync(log, 'utf8')}`));
    const timer = setTimeout(() => ended('nothing said'), START_WAIT_MS);
    const watcher = watch(join(file, '..'), () => look());
    const look = () => {
      if (!existsSync(file)) return;
      clearTimeout(timer);
      watcher.close();
      child.off('close', ended);
      found(JSON.parse(readFileSync(file, 'utf8')));
    };
    child.once('close', ended);
    look();
  });
}

// The hour of noon is in some zone at any time: no shift of the day is over, and none runs past midnight.
function zoneOfNoon() {
  const ahead = 12 - new Date().getUTCHours();
  return { name: `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`, ahead };
}

function clock(ahead, minutes) {
  return new Date(Date.now() + ahead * 3_600_000 + minutes * 60_000).toISOString().slice(11, 16);
}

async function startTown() {
  const folder = mkdtempSync(join(tmpdir(), 'dayshift-agency-'));
  const path = (name) => join(folder, name);
  const children = [];
  const start = (name, args) => {
    const log = path(`${name}.log`);
    const out = openSync(log, 'w');
    const child = spawn(program(name), [...args, '--announce', path(`${name}.ports`)], { stdio: ['ignore', out, out] });
    closeSync(out);
    children.push(child);
    return announced(path(`${name}.ports`), child, log);
  };
  const stop = async () => {
    for (const child of children.reverse()) {
      if (child.exitCode !== null) continue;
      const ended = new Promise((done) => child.once('close', done));
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), END_MS);
      await ended;
      clearTimeout(late);
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    dayshift('hub', 'init', '--data', path('hub'), '--name', 'agency-test');
    const key = dayshift('tenant', 'create', '顺达劳务', '--data', path('hub'), '--region', 'hangzhou').trim();
    const zone = zoneOfNoon();
    const hub = await start('hub', ['run', '--data', path('hub'), '--http', '127.0.0.1:0', '--quic', '127.0.0.1:0', '--time-zone', `hangzhou=${zone.name}`]);
    const token = dayshift('token', 'create', '--data', path('hub'), '--region', 'hangzhou', '--node', 'hall-3', '--hub-address', hub.quic).trim();
    execFileSync(program('edge-node'), ['join', token, '--data', path('node')], { stdio: 'pipe' });
    const node = await start('edge-node', ['run', '--data', path('node'), '--http', '127.0.0.1:0', '--time-zone', zone.name, '--position', '30.31,120.27']);
    return { address: `http://${node.http.replace('http://', '')}`, hub: `http://${hub.http.replace('http://', '')}`, key, zone, root: path('hub/authority/root.der'), folder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function table(ahead, mark, lang) {
  const head = lang === 'zh'
    ? '工种\t地点\t开始\t结束\t工钱\t人数\t日结\t包餐\t包住'
    : 'Job\tPlace\tStart\tEnd\tPay\tPeople\tDaily\tMeal\tBed';
  const rows = [`分拣员${mark}\t九堡街道\t${clock(ahead, 20)}\t${clock(ahead, 300)}\t240\t2\t1\t1\t`];
  for (let n = 2; n < SHIFTS; n += 1) rows.push(`搬运工${mark}-${n}\t彭埠建材市场\t14:${String(n).padStart(2, '0')}\t20:00\t${150 + n}\t${n}\t\t1\t`);
  rows.push(`装卸工${mark}\t乔司冷库\t22:00\t6:00\t320\t15\t1\t\t1`);
  return [head, ...rows].join('\n');
}

let people = 0;

async function signUp(town, title) {
  const jobOf = async () => {
    const found = await (await fetch(`${town.address}/v1/jobs?page_size=50&q=${encodeURIComponent('分拣员')}`)).json();
    return found.jobs.find((job) => job.title === title)?.id;
  };
  // What was posted at the hub is here a moment later.
  const end = Date.now() + END_MS;
  let job = await jobOf();
  while (!job && Date.now() < end) job = await jobOf();
  people += 1;
  const phone = `1390571${String(people).padStart(4, '0')}`;
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': `browser-${people}` };
  const told = await (await fetch(`${town.address}/v1/sign_ups`, { method: 'POST', headers, body: JSON.stringify({ job, phone }) })).json();
  return { ...told, phone };
}

async function byTab(page, selector) {
  for (let step = 0; step < STEPS_MAX; step += 1) {
    await page.keyboard.press('Tab');
    if (await page.locator(selector).evaluate((one) => one === document.activeElement)) return;
  }
  throw new Error(`${selector} is not reached by Tab on ${page.url()}`);
}

async function day(tab, town, lang, tools) {
  const { page } = tab;
  const { expect, look, picture, name } = tools;
  const size = name(page.viewportSize());
  const mark = `${lang}${size.slice(0, 4)}`;
  // On the shared screen a ticket belongs to the visit that its digits begin.
  const ticketOf = async (code) => {
    await page.goto(`${town.address}/mine?lang=${lang}`);
    await page.locator('input[name="code"]').fill(code);
    await page.locator('.dock button').click();
  };
  const shot = (what) => picture(tab, `agency-${what}-${lang}-${size}`);
  // The door answers 401 to whoever is not logged in, which the browser notes in its console.
  await page.goto(`${town.address}/agency?lang=${lang}`);
  tab.troubles.length = 0;
  await look(tab, 'log-in');
  await shot('login');
  await page.locator('#key').fill(town.key);
  await page.locator('form button.main').click();
  await look(tab, 'board');

  const began = Date.now();
  await page.locator('.ways a').nth(1).click();
  await page.locator('#table').fill(table(town.zone.ahead, mark, lang));
  await page.locator('button[value="read"]').click();
  await look(tab, 'read');
  await shot('read');
  expect((await page.locator('tr.msg').count()) === 1, `${await page.locator('tr.msg').count()} rows are in doubt and not 1`);
  await page.locator('button[value="send"]').click();
  await look(tab, 'sent');
  expect((await page.locator('.note').innerText()).includes(String(SHIFTS - 1)), await page.locator('.note').innerText());
  await shot('doubt');
  await page.locator('tr.msg button').click();
  await page.locator('button[value="send"]').click();
  await page.locator('.note').waitFor();
  const took = Date.now() - began;
  expect(took < PASTE_MS_MAX, `thirty shifts took ${took} ms`);
  expect((await page.locator('table.shifts tbody tr').count()) >= SHIFTS, 'not all shifts are listed');

  const title = `分拣员${mark}`;
  const [first, second, third] = [await signUp(town, title), await signUp(town, title), await signUp(town, title)];
  expect([first.status, second.status].every((status) => status === 'confirmed'), 'two places');
  await page.locator('table.shifts a', { hasText: title }).click();
  await look(tab, 'who comes');
  expect((await page.locator('table.who tbody tr').count()) === 3, 'three people are listed');
  await shot('who');

  await page.locator('a[href^="/agency/seats"]').click();
  await look(tab, 'seats');
  await shot('seats');
  await page.locator('#cap').fill('1');
  await page.locator('button[value="cap"]').click();
  await page.locator('.note--stop').waitFor();
  // The answer to it is 409, which a browser calls an error.
  tab.troubles.length = 0;
  await look(tab, 'seats refused');
  expect((await page.locator('.note--stop').innerText()).includes('2'), await page.locator('.note--stop').innerText());
  await shot('seats-refused');
  await page.locator('#cap').fill('2');
  await page.locator('button[value="cap"]').click();
  await page.locator('table.who').waitFor();

  await page.goto(`${town.address}/agency/gate`);
  await look(tab, 'gate');
  await page.locator('#ticket').fill(first.code);
  await page.locator('.scan button').click();
  await look(tab, 'gate: good');
  expect(await page.locator('.v-go').isVisible(), 'a confirmed ticket is green');
  await shot('gate-good');
  await page.locator('.verdict button').click();
  await look(tab, 'gate: in');
  await page.locator('#ticket').fill(third.code);
  await page.keyboard.press('Enter');
  await page.locator('.v-wait').waitFor();
  await look(tab, 'gate: waits');
  await shot('gate-waits');
  await page.locator('#ticket').fill('gibberish');
  await page.keyboard.press('Enter');
  await page.locator('.v-stop').waitFor();
  await look(tab, 'gate: stop');
  await shot('gate-stop');

  await page.goto(`${town.address}/agency`);
  await page.locator('table.shifts a', { hasText: title }).click();
  await page.locator('table.who tr', { hasText: second.code.slice(0, 3) }).locator('a.small').first().click();
  await look(tab, 'end');
  await shot('end');
  await page.locator('button[value="no_show"]').click();
  await look(tab, 'refilled');
  await ticketOf(second.code);
  await look(tab, 'ticket of who did not come');
  expect(await page.locator('body.t-stop').isVisible(), 'the ticket says that the place is gone');
  const end = Date.now() + END_MS;
  // The hub asks the next in line.
  let status = '';
  while (Date.now() < end && status !== 'confirmed') {
    status = (await (await fetch(`${town.address}/v1/sign_ups/${third.id}`)).json()).status;
    if (status !== 'confirmed') await page.waitForTimeout(50);
  }
  expect(status === 'confirmed', `the next in line is ${status}`);

  await page.goto(`${town.address}/agency/gate`);
  await page.locator('#ticket').fill(first.receipt);
  await page.locator('.scan button').click();
  await page.locator('.verdict button').click();
  await look(tab, 'gate: out');
  await shot('gate-out');
  await ticketOf(first.code);
  await look(tab, 'ticket with hours');
  await page.locator('a.give[href*="/hours"]').click();
  await look(tab, 'hours');
  // By keyboard alone.
  await byTab(page, 'button[value="more"]');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  await byTab(page, 'input[name="phone"]');
  await page.keyboard.type(first.phone);
  await shot('hours');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  await look(tab, 'hours said');
  await page.goto(`${town.address}/agency/timesheet`);
  await look(tab, 'timesheet');
  const line = page.locator('table.hours tr', { hasText: title });
  expect(await line.locator('.st--late').isVisible(), 'the two sides differ');
  await line.locator('input.cell').fill('0:15');
  await shot('timesheet');
  await line.locator('button').click();
  await look(tab, 'confirmed');
  expect(await page.locator('table.hours tr', { hasText: title }).locator('.st--in').isVisible(), 'both sides agree');
  const download = page.waitForEvent('download');
  await page.locator('a[href*="timesheet.csv"]').click();
  const file = join(town.folder, `${mark}.csv`);
  await (await download).saveAs(file);
  const csv = readFileSync(file, 'utf8');
  expect(csv.includes(`"${title}"`) && csv.includes(',15,15,true'), csv);
  expect(dayshift('timesheet', 'verify', file, '--root', town.root).includes('genuine'), 'the file is sealed');
}

// The agency's day in both languages, at a desk and on a phone.
export async function agencyChecks(browser, tools) {
  const { check, expect, open, sizes } = tools;
  let town = null;
  await check('an agency has a hub and a node', async () => {
    town = await startTown();
  });
  if (!town) return;
  try {
    for (const size of sizes) {
      for (const lang of ['zh', 'en']) {
        await check(`agency ${lang} ${tools.name(size)}`, async () => {
          const tab = await open(browser, { viewport: size, colorScheme: 'light', acceptDownloads: true });
          const inspector = await Inspector.open(browser, tools.axe);
          // Each step is looked at by axe as well; at the gate and at the kiosk a finger or a thumb must meet what there is.
          const look = async (one, where) => {
            await tools.look(one, where);
            const touched = /\/agency\/gate|\/ticket\/|\/mine/.test(one.page.url());
            await inspector.look(one.page, where, touched ? 'main' : null);
          };
          try {
            await day(tab, town, lang, { ...tools, look });
            await hubDay(tab, town, lang, { ...tools, look, table, shifts: SHIFTS, signUp, dayshift });
            const wrong = [...inspector.found(), ...(await deskFindings(browser, town, lang, size, tools.axe))];
            expect(wrong.length === 0, `${wrong.length} findings:\n    ${wrong.join('\n    ')}`);
          } finally {
            await tab.context.close();
            await inspector.close();
          }
        });
      }
    }
  } finally {
    await town.stop();
  }
}
