// A working day in a real browser, over a hub and two nodes of its own: it begins at five with both lines cut, and ends with
// a signed timesheet and a count of all receipts. It is five o'clock in the zone of the halls, whatever the time is here.
//
// DAYSHIFT_PROGRAMS: folder of the built programs. suite.mjs says what else is read from the environment.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Cluster, until } from './cluster.mjs';
import { Line } from './line.mjs';
import { DESK, KIOSK, PHONE, check, conclude, expect, failures, launch, look, open, phone, picture, snapshot } from './suite.mjs';
import { nothingOfTheirs } from './visits.mjs';

const FIVE = 5;
// Persons of each kiosk behind whom somebody presses "back".
const LOOKS_BACK = 2;
const TICKET_S = 30;
const WIPE_MS_MAX = 40_000;
// What there is to do: the hub's jobs are at both halls before the lines are cut, a hall's own are posted while they are.
const COLD_STORE = { title: '冷库装卸', seats: 10, at: 'hub', east: 8, west: 6 };
// More people than seats at both halls while neither hears of the other.
const LAST = { title: '展会搬运', seats: 3, at: 'hub', east: 4, west: 3 };
// The same once they do.
const EVENING = { title: '夜市摊位', seats: 2, at: 'hub', east: 2, west: 2 };
const SORTING = { title: '分拣夜班', seats: 6, at: 'east', east: 9, west: 0 };
const CLEANING = { title: '商场保洁', seats: 4, at: 'west', east: 0, west: 6 };
const JOBS = [COLD_STORE, LAST, EVENING, SORTING, CLEANING];
const UNHEARD = [LAST, COLD_STORE, SORTING, CLEANING];
const HOURS = '0:30';

// The zone in which it is five, and how many hours it is ahead of UTC.
function zoneOfFive() {
  const ahead = ((FIVE - new Date().getUTCHours() + 36) % 24) - 12;
  return { name: `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`, ahead };
}

function at(minutes) {
  return new Date(Date.now() + minutes * 60_000);
}

// Two halls, each with a line of its own to the hub.
class Town extends Cluster {
  lines = [];
  people = [];
  lookedBack = new Map();

  async begin() {
    const zone = zoneOfFive();
    [this.zone, this.ahead] = [zone.name, zone.ahead];
    await this.startHub();
    this.root = join(this.folder, 'hub/authority/root.der');
    this.east = await this.addNode('east', '--position', '30.31,120.27');
    this.west = await this.addNode('west', '--position', '30.30,120.30');
    await this.importJobs([COLD_STORE, LAST, EVENING].map(({ title, seats }) => ({
      title, seats, category: '搬运', start_at: at(28).toISOString(), end_at: at(300).toISOString(), pay_minor: 24_000, pay_unit: 'shift',
    })));
    for (const node of this.nodes) {
      await until(`${node.name} has rights`, async () => (await this.jobs(node)).every((job) => job.seats.here > 0));
    }
  }

  async hubAddress() {
    const line = await new Line().open(this.hub.quic);
    this.lines.push(line);
    return line.address;
  }

  // The hub says good-bye, so that nobody has to wait until a silence is noticed, and comes back behind cut lines.
  async cut() {
    const { quic } = this.hub;
    await this.hub.stop();
    for (const line of this.lines) line.isCut = true;
    await this.runHub(quic);
    for (const node of this.nodes) await until(`${node.name} is cut off`, async () => (await this.said(node)).link === 'down');
  }

  async heal() {
    for (const line of this.lines) line.isCut = false;
    await this.settled();
  }

  async said(node) {
    return (await fetch(`${node.address}/v1/node`)).json();
  }

  // Everybody knows what everybody has said.
  async settled() {
    await until('the halls and the hub agree', async () => {
      const { nodes } = await (await fetch(`${this.hub.address}/v1/nodes`)).json();
      const pending = await Promise.all(this.nodes.map(async (node) => (await this.said(node)).pending));
      return nodes.every((node) => node.state === 'up' && node.behind === 0) && pending.every((count) => count === 0);
    });
  }

  // How a sign-up stands at the hall where it was made. Receipts are kept as workers keep them, whatever comes of the place.
  async ticket(person) {
    const ticket = await (await fetch(`${person.node.address}/v1/sign_ups?code=${person.code}`)).json();
    person.receipt = ticket.receipt ?? person.receipt;
    return ticket;
  }

  async seats(job) {
    return (await fetch(`${this.hub.address}/v1/jobs/${job}/seats`)).json();
  }

  of(job, state) {
    return this.people.filter((person) => person.job === job && (!state || person.state === state));
  }

  // Of those who were not confirmed at once, the one that is now.
  async promoted(job) {
    let found = null;
    await until(`the next in line for ${job.title}`, async () => {
      for (const person of this.of(job)) {
        if (person.state === 'go' || (await this.ticket(person)).status !== 'confirmed') continue;
        person.state = 'go';
        found = person;
        return true;
      }
      return false;
    });
    return found;
  }

  async stop() {
    await super.stop();
    for (const line of this.lines) await line.close();
  }
}

// One person at a screen, from the list to the ticket. With the pad each digit is a page of its own.
async function signUp(tab, town, node, job, withPad) {
  const { page } = tab;
  const digits = phone();
  await page.goto(`${node.address}/near?lang=zh&q=${encodeURIComponent(job.title)}`);
  await page.locator('a.job', { hasText: job.title }).first().click();
  await page.locator('.dock a.btn--main').click();
  if (withPad) {
    for (const digit of digits) await page.locator(`.pad button[value="${digit}"]`).click();
  } else {
    await page.locator('input[name="phone"]').fill(digits);
  }
  await page.locator('.dock button').click();
  await page.locator('body.ticket').waitFor();
  const state = (await page.locator('body').getAttribute('class')).match(/t-(\w+)/)[1];
  const code = (await page.locator('.code b').innerText()).replaceAll(/\s/g, '');
  town.people.push({ node, job, state, code, digits });
  await page.locator('.dock a[href^="/next"]').click();
  // Somebody presses "back" as often as the browser lets him, behind who waits: where a place is left the form sets one aside.
  const looked = town.lookedBack.get(node.name) ?? 0;
  if (state === 'go' || looked === LOOKS_BACK) return;
  town.lookedBack.set(node.name, looked + 1);
  await nothingOfTheirs(tab, expect, [digits, code]);
}

// Works a kiosk's queue off at its one screen.
async function queue(browser, town, node, jobs) {
  const waiting = jobs.flatMap((job) => Array(job[node.name]).fill(job));
  const tab = await open(browser, { viewport: KIOSK });
  try {
    for (const [at, job] of waiting.entries()) {
      await signUp(tab, town, node, job, at === 0);
      const [first] = town.of(job, 'go');
      if (!town.left && first) await leaves(browser, town, first);
    }
    // Whoever taps before a page's sheet has come breaks its loading off.
    const troubles = tab.troubles.filter((trouble) => !trouble.includes('net::ERR_ABORTED'));
    expect(troubles.length === 0, troubles.join('; '));
  } finally {
    await tab.context.close();
  }
}

function bothKiosks(browser, town, jobs) {
  return Promise.all(town.nodes.map((node) => queue(browser, town, node, jobs)));
}

// Opens a ticket again by its digits.
async function ticketOf(tab, node, code) {
  await tab.page.goto(`${node.address}/mine?lang=zh`);
  await tab.page.locator('input[name="code"]').fill(code);
  await tab.page.locator('.dock button').click();
  await tab.page.locator('body.ticket').waitFor();
}

async function logIn(tab, town, node, lang) {
  // The door answers 401 to whoever is not logged in, which the browser notes in its console.
  await tab.page.goto(`${node.address}/agency?lang=${lang}`);
  tab.troubles.length = 0;
  await tab.page.locator('#key').fill(town.tenantKey);
  await tab.page.locator('form button.main').click();
  await look(tab, 'the board');
}

// The clerk posts the hall's own shift at five, with the line cut.
async function post(browser, town, node, job) {
  const tab = await open(browser, { viewport: DESK });
  const { page } = tab;
  const clock = (minutes) => new Date(at(minutes).getTime() + town.ahead * 3_600_000).toISOString().slice(11, 16);
  try {
    await logIn(tab, town, node, 'en');
    const bar = await page.locator('.where').innerText();
    expect(/\b0?[56]:\d\d/.test(bar), `it is not five o'clock: ${bar}`);
    expect(await page.locator('.where .cut').isVisible(), `the line is not cut: ${bar}`);
    await page.locator('.ways a').nth(1).click();
    const rows = ['工种\t地点\t开始\t结束\t工钱\t人数\t日结\t包餐', `${job.title}\t九堡街道\t${clock(24)}\t${clock(300)}\t240\t${job.seats}\t1\t1`];
    await page.locator('#table').fill(rows.join('\n'));
    await page.locator('button[value="read"]').click();
    await page.locator('button[value="send"]').click();
    await page.locator('.note').waitFor();
    await look(tab, 'posted');
    const line = page.locator('table.shifts tr', { hasText: job.title });
    expect((await line.innerText()).includes(`0 / ${job.seats}`), await page.locator('table.shifts').innerText());
    if (job === SORTING) await picture(tab, 'agency-cut');
    await snapshot(tab, `day-posted-${node.name}`);
  } finally {
    await tab.context.close();
  }
}

// So many were told that they have a place, and no more than there are.
function sold(town, job) {
  const confirmed = town.of(job, 'go').length;
  expect(confirmed <= job.seats, `${job.title}: ${confirmed} of ${job.seats} seats were confirmed`);
  return confirmed;
}

// Both halls give what they have, to those who come first, and nobody hears of anybody.
async function morning(browser, town) {
  await bothKiosks(browser, town, UNHEARD);
  for (const job of UNHEARD) {
    const states = new Set(town.of(job).map((person) => person.state));
    expect(states.has('wait'), `nobody waits for ${job.title}: ${[...states]}`);
    const confirmed = sold(town, job);
    // A hall that has all seats gives all of them; of the other jobs each has some.
    expect(job.at === 'hub' ? confirmed > 1 : confirmed === job.seats, `${job.title}: ${confirmed}`);
  }
  for (const node of town.nodes) expect(town.of(LAST, 'go').some((person) => person.node === node), `${node.name} had none of the last seats`);
  for (const node of town.nodes) expect(town.lookedBack.get(node.name) === LOOKS_BACK, `${town.lookedBack.get(node.name)} persons were looked back for at ${node.name}`);
  const jobs = await town.jobs(town.east);
  for (const job of [COLD_STORE, LAST]) {
    const { sign_ups: heard } = await town.seats(jobs.find(({ title }) => title === job.title).id);
    expect(heard.length === 0, 'the hub has heard of somebody, with both lines cut');
  }
}

// Every job of the day with what the hub says of it, once all is told.
async function books(town) {
  await town.settled();
  const jobs = await town.jobs(town.east);
  const said = await Promise.all(JOBS.map((job) => town.seats(jobs.find(({ title }) => title === job.title).id)));
  for (const [at, seats] of said.entries()) {
    expect(seats.oversold === 0 && seats.cap === JOBS[at].seats, `${JOBS[at].title}: ${JSON.stringify(seats)}`);
  }
  return said;
}

async function lineIsBack(town) {
  await town.heal();
  await until('both halls have all jobs', async () => {
    const lists = await Promise.all(town.nodes.map((node) => town.jobs(node)));
    return lists.every((list) => JOBS.every((job) => list.some(({ title }) => title === job.title)));
  });
  // What lay at one hall while people waited at the other is theirs.
  for (const job of [COLD_STORE, LAST]) {
    await until('no seat lies idle while somebody waits', async () => (await books(town))[JOBS.indexOf(job)].live === job.seats);
    for (const person of town.of(job)) if ((await town.ticket(person)).status === 'confirmed') person.state = 'go';
    expect(sold(town, job) === job.seats, `a seat of ${job.title} is empty`);
  }
}

async function lastSeats(browser, town) {
  await bothKiosks(browser, town, [EVENING]);
  sold(town, EVENING);
  await until('the last seats are taken', async () => (await books(town))[JOBS.indexOf(EVENING)].live === EVENING.seats);
}

// Whoever has a place gives it back at the other hall; the next in line has it then.
async function changesHisMind(browser, town) {
  const tab = await open(browser, { viewport: KIOSK });
  const { page } = tab;
  const [person] = town.of(COLD_STORE, 'go');
  const other = town.nodes.find((node) => node !== person.node);
  try {
    await town.ticket(person);
    await ticketOf(tab, other, person.code);
    await page.locator('a.give').click();
    await page.locator('input[name="phone"]').fill(person.digits);
    await page.locator('.dock button').click();
    await page.locator('body.ticket').waitFor();
    await until('the place is given back', async () => (await town.ticket(person)).status === 'cancelled');
    person.state = 'off';
    const next = await town.promoted(COLD_STORE);
    await ticketOf(tab, next.node, next.code);
    expect(await page.locator('body.t-go').isVisible(), 'the ticket of the next in line is not green');
  } finally {
    await tab.context.close();
  }
}

async function scan({ page }, ticket) {
  await page.locator('#ticket').fill(ticket);
  await page.locator('.scan button').click();
  await page.locator('.verdict').waitFor();
}

// The gate of the east hall, on a phone: all but one come, and the place of that one goes to the next in line.
async function gate(browser, town) {
  const tab = await open(browser, { viewport: PHONE });
  const { page } = tab;
  const board = `${town.east.address}/agency`;
  const comes = async (person, ticket = person.code) => {
    await scan(tab, ticket);
    expect(await page.locator('.v-go').isVisible(), `${person.code} is not let in: ${await page.locator('.verdict').innerText()}`);
    await page.locator('.verdict button').click();
    await look(tab, 'checked in');
  };
  const [missing, ...came] = town.of(SORTING, 'go');
  try {
    await town.ticket(missing);
    await logIn(tab, town, town.east, 'en');
    await page.goto(`${board}/gate`);
    const receipt = (await town.ticket(came[0])).receipt;
    await scan(tab, receipt);
    await picture(tab, 'agency-gate');
    await comes(came[0], receipt);
    for (const person of came.slice(1)) await comes(person);
    await scan(tab, town.of(SORTING, 'wait')[0].code);
    expect(await page.locator('.v-wait').isVisible(), 'who waits is let in');
    await page.goto(board);
    await page.locator('table.shifts a', { hasText: SORTING.title }).click();
    const row = page.locator('table.who tr', { hasText: missing.code.slice(0, 3) }).filter({ hasText: missing.code.slice(3) });
    if (!(await row.first().isVisible())) await page.locator('a.fold').click();
    await row.locator('a.small').first().click();
    await page.locator('button[value="no_show"]').click();
    await look(tab, 'a no-show');
    missing.state = 'stop';
    const next = await town.promoted(SORTING);
    await page.goto(`${board}/gate`);
    await comes(next);
    expect((await page.locator('.count b').innerText()).replaceAll(' ', '').startsWith(`${SORTING.seats}/`), await page.locator('.count').innerText());
    town.workers = [...came, next];
  } finally {
    await tab.context.close();
  }
}

// Everybody is scanned out and says his hours at the other hall.
async function hours(browser, town) {
  const gate = await open(browser, { viewport: PHONE });
  const kiosk = await open(browser, { viewport: KIOSK });
  try {
    await logIn(gate, town, town.east, 'zh');
    for (const person of town.workers) {
      await gate.page.goto(`${town.east.address}/agency/gate`);
      await scan(gate, person.code);
      await gate.page.locator('.verdict button').click();
      await look(gate, 'checked out');
    }
    await town.settled();
    for (const person of town.workers) {
      const knows = async () => {
        await ticketOf(kiosk, town.west, person.code);
        return kiosk.page.locator('a.give[href*="/hours"]').isVisible();
      };
      await until('the other hall knows the hours', knows);
      await kiosk.page.locator('a.give[href*="/hours"]').click();
      // A quarter of an hour each.
      for (let press = 0; press < 2; press += 1) await kiosk.page.locator('button[value="more"]').click();
      await kiosk.page.locator('input[name="phone"]').fill(person.digits);
      await kiosk.page.locator('.dock button').click();
      await kiosk.page.locator('body.ticket').waitFor();
    }
    await town.settled();
  } finally {
    await gate.context.close();
    await kiosk.context.close();
  }
}

// The agency confirms the same hours, and the file that it takes away is what its seal says.
async function timesheet(browser, town) {
  const tab = await open(browser, { viewport: DESK, acceptDownloads: true });
  const { page } = tab;
  try {
    await logIn(tab, town, town.east, 'en');
    await until('the agency sees what its workers said', async () => {
      await page.goto(`${town.east.address}/agency/timesheet`);
      const said = await page.locator('table.hours tbody tr td:nth-child(7)').allInnerTexts();
      return said.length === town.workers.length && said.every((text) => text.trim() === HOURS);
    });
    for (const field of await page.locator('table.hours input.cell').all()) await field.fill(HOURS);
    await page.locator('button.main[value="all"]').click();
    await look(tab, 'hours confirmed');
    const agreed = await page.locator('table.hours .st--in').count();
    expect(agreed === town.workers.length, `${agreed} lines are agreed`);
    await picture(tab, 'agency-timesheet');
    const download = page.waitForEvent('download');
    await page.locator('a[href*="timesheet.csv"]').click();
    const file = join(town.folder, 'timesheet.csv');
    await (await download).saveAs(file);
    expect(town.dayshift('timesheet', 'verify', file, '--root', town.root).includes('genuine'), 'the seal is not genuine');
    const csv = readFileSync(file, 'utf8');
    expect(csv.split(',30,30,true').length - 1 === town.workers.length, csv);
    for (const { digits } of town.people) expect(!csv.includes(digits), 'a telephone number is in the file');
    writeFileSync(file, csv.replace(',30,30,', ',30,300,'));
    expect(!runs(town, 'timesheet', 'verify', file, '--root', town.root), 'a changed file passes for genuine');
  } finally {
    await tab.context.close();
  }
}

// Whether a command ends well.
function runs(town, ...args) {
  try {
    town.dayshift(...args);
    return true;
  } catch {
    return false;
  }
}

// All receipts, counted by a program that knows nothing of the ledger.
async function count(town) {
  const said = await books(town);
  const tickets = await Promise.all(town.people.map(async (person) => ({ ...(await town.ticket(person)), receipt: person.receipt })));
  const held = tickets.filter(({ receipt }) => receipt).map(({ job, id, receipt, status }) => ({ job, sign_up: id, receipt, cancelled: status !== 'confirmed' }));
  const write = (name, value) => {
    const file = join(town.folder, name);
    writeFileSync(file, JSON.stringify(value));
    return file;
  };
  const receipts = write('receipts.json', held);
  const caps = Object.fromEntries(said.map(({ job, cap }) => [job, cap]));
  const counted = (name, value) => ['receipt', 'count', receipts, '--root', town.root, '--caps', write(name, value), '--json'];
  const told = JSON.parse(town.dayshift(...counted('caps.json', caps)));
  const live = said.reduce((sum, seats) => sum + seats.live, 0);
  expect(told.oversold === 0 && told.live === live && told.cancelled === 2 && told.wrong.length === 0, `${JSON.stringify(told)}, and the hub counts ${live}`);
  expect(live === JOBS.reduce((sum, { seats }) => sum + seats, 0), `${live} seats are taken`);
  expect(!runs(town, ...counted('fewer.json', { ...caps, [said[0].job]: caps[said[0].job] - 1 })), 'one seat fewer, and nothing is found');
  const ticket = write('ticket.txt', '');
  writeFileSync(ticket, held.find(({ cancelled }) => !cancelled).receipt);
  expect(runs(town, 'receipt', 'verify', ticket, '--root', town.root), 'a receipt does not verify');
  console.log(JSON.stringify({ people: town.people.length, ...told }));
}

// The first who has a place opens his ticket once more, in a tab beside the queue's, and walks away.
async function leaves(browser, town, person) {
  const tab = await open(browser, { viewport: KIOSK });
  const { page } = tab;
  town.left = { tab, person };
  await page.goto(`${person.node.address}/`);
  await ticketOf(tab, person.node, person.code);
  expect((await page.content()).replaceAll(/\s/g, '').includes(person.code), 'the digits are not shown at all');
  const [wait] = (await page.locator('meta[http-equiv="refresh"]').getAttribute('content')).split(';url=');
  expect(Number(wait) === TICKET_S, `a ticket stays for ${wait} s`);
}

// It goes by itself, and the way back through the browser shows nothing of it.
async function isWiped(town) {
  const { tab, person } = town.left;
  try {
    await tab.page.waitForURL((url) => ['/', '/attract'].includes(url.pathname), { timeout: WIPE_MS_MAX });
    await nothingOfTheirs(tab, expect, [person.code]);
  } finally {
    await tab.context.close();
  }
}

// The steps of the day; where one fails the rest has no ground to stand on.
async function main() {
  const town = new Town();
  const browser = await launch();
  const steps = [
    ['two halls and a hub, the evening before', () => town.begin()],
    ['both lines are cut', () => town.cut()],
    ['a clerk posts at five', () => Promise.all([post(browser, town, town.east, SORTING), post(browser, town, town.west, CLEANING)])],
    ['thirty-six people at two kiosks that nobody hears, seven of them for three last seats', () => morning(browser, town)],
    ['the line is back', () => lineIsBack(town)],
    ['four people for two seats, with the line', () => lastSeats(browser, town)],
    ['one changes his mind, the next has the place', () => changesHisMind(browser, town)],
    ['the gate on a phone, and one who does not come', () => gate(browser, town)],
    ['hours, said at the other hall', () => hours(browser, town)],
    ['a timesheet that is what its seal says', () => timesheet(browser, town)],
    ['all receipts, counted without the ledger', () => count(town)],
    ['the ticket that was left is gone', () => isWiped(town)],
  ];
  try {
    for (const [name, step] of steps) {
      if (failures() > 0) break;
      const began = performance.now();
      await check(name, step);
      console.log(`        ${((performance.now() - began) / 1_000).toFixed(1)} s`);
    }
  } finally {
    await browser.close();
    await town.stop();
  }
}

await check('a working day', main);
conclude();
