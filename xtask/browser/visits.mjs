// One person after the other at one screen: what the first opened is closed to the next, by hand and by the wipe. And how
// many taps it takes to a ticket.

import { until } from './cluster.mjs';

const SCREEN = { width: 1080, height: 1920 };
const WIPE_MS_MAX = 40_000;
const LOOKS_MAX = 20;
const HISTORY_MS_MAX = 10_000;
const PAGES_MAX = 16;
// Of a phone number of eleven digits, six of a ticket, and the steps between.
const TAPS_MAX = { list: 15, tiles: 17, digits: 9, crew: 39 };

// A finger on the screen, counted.
export function finger(tab) {
  let taps = 0;
  const began = performance.now();
  return {
    // By a selector, or by what was found already.
    tap: async (what) => {
      taps += 1;
      await (typeof what === 'string' ? tab.page.locator(what) : what).first().click();
    },
    spent: () => ({ taps, seconds: Number(((performance.now() - began) / 1_000).toFixed(1)) }),
  };
}

export async function typeOnPad(hand, digits) {
  for (const digit of digits) await hand.tap(`.pad button[value="${digit}"]`);
}

async function toTicket({ page }, hand, kiosk, digits) {
  await page.goto(`${kiosk}/`);
  await hand.tap('a.lang[href*="lang=zh"]');
  await hand.tap('a.job');
  await hand.tap('.dock a.btn--main');
  await typeOnPad(hand, digits);
  await hand.tap('.dock button');
  return (await page.locator('.code b').innerText()).replaceAll(/\s/g, '');
}

// What a page shows and what is typed on it, once it stands.
async function shownBy(page) {
  for (let look = 0; ; look += 1) {
    try {
      await page.waitForLoadState('load');
      const typed = await page.locator('input').evaluateAll((all) => all.map((one) => one.value));
      return { text: `${await page.content()} ${typed.join(' ')}`.replaceAll(/\s/g, ''), codes: await page.locator('svg.qr').count() };
    } catch (error) {
      // It was on its way to another page.
      if (look === LOOKS_MAX) throw error;
    }
  }
}

// Goes back through all that the browser has kept of its history, fifty pages at most, to the first of them, and looks at each page for what is somebody's
// own. A page that was sent by POST is not shown again at all: the browser says so in its place. Of what the tab opens
// after that the history begins anew.
export async function nothingOfTheirs({ page }, expect, secrets) {
  // Where one process shows the next page in another's place there is a moment without an answer.
  const history = () => until('the browser tells its history', async () => {
    const session = await page.context().newCDPSession(page);
    const said = await session.send('Page.getNavigationHistory');
    await session.detach();
    return said;
  }, HISTORY_MS_MAX);
  const { currentIndex } = await history();
  for (let left = currentIndex; left > 0; left -= 1) {
    await page.goBack({ waitUntil: 'commit' }).catch(() => null);
    const { currentIndex: at } = await history();
    expect(at === left - 1, `back from page ${left} leads to ${at} at ${page.url()}`);
    const shown = await shownBy(page);
    for (const secret of secrets) {
      expect(!shown.text.includes(secret), `page ${at} of ${currentIndex}, ${page.url()}, shows ${secret}`);
    }
    expect(shown.codes === 0, `page ${at} of ${currentIndex} is a ticket, ${page.url()}`);
  }
  return currentIndex;
}

async function nextPerson(browser, kit, kiosk) {
  const tab = await kit.open(browser, { viewport: SCREEN });
  try {
    const digits = kit.phone();
    const code = await toTicket(tab, finger(tab), kiosk, digits);
    const ticket = tab.page.url();
    await tab.page.locator('.dock a[href^="/next"]').click();
    kit.expect(new URL(tab.page.url()).pathname === '/', `the next person is at ${tab.page.url()}`);
    await nothingOfTheirs(tab, kit.expect, [digits, code]);
    await tab.page.goto(ticket);
    kit.expect(tab.page.url().includes('/mine'), `the ticket is open again at ${tab.page.url()}`);
  } finally {
    await tab.context.close();
  }
}

async function wipe(browser, kit, kiosk) {
  const tab = await kit.open(browser, { viewport: SCREEN });
  try {
    const digits = kit.phone();
    const code = await toTicket(tab, finger(tab), kiosk, digits);
    const refresh = await tab.page.locator('meta[http-equiv="refresh"]').getAttribute('content');
    kit.expect(refresh.startsWith('30;'), `a ticket is wiped after ${refresh}`);
    await tab.page.waitForURL((url) => url.pathname === '/', { timeout: WIPE_MS_MAX });
    await nothingOfTheirs(tab, kit.expect, [digits, code]);
    await tab.page.goto(`${kiosk}/near?lang=zh`);
    const near = await tab.page.locator('meta[http-equiv="refresh"]').getAttribute('content');
    kit.expect(near.startsWith('120;'), `the list is wiped after ${near}`);
  } finally {
    await tab.context.close();
  }
}

async function taps(browser, kit, kiosk) {
  const rows = [];
  const measured = async (path, most, work) => {
    const tab = await kit.open(browser, { viewport: SCREEN });
    const hand = finger(tab);
    try {
      const outcome = await work(tab, hand);
      const spent = hand.spent();
      rows.push({ path, ...spent });
      kit.expect(spent.taps <= most, `${path}: ${spent.taps} taps, and not ${most}`);
      return outcome;
    } finally {
      await tab.context.close();
    }
  };
  const code = await measured('near, job, sign up, ticket', TAPS_MAX.list, (tab, hand) => toTicket(tab, hand, kiosk, kit.phone()));
  await measured('tiles, near, job, sign up, ticket', TAPS_MAX.tiles, async (tab, hand) => {
    await tab.page.goto(`${kiosk}/`);
    await hand.tap('a.lang[href*="lang=en"]');
    await hand.tap('.chip--kind');
    await hand.tap('.grid li:nth-child(2) a.tile');
    await hand.tap('a.job');
    await hand.tap('.dock a.btn--main');
    await typeOnPad(hand, kit.phone());
    await hand.tap('.dock button');
    await tab.page.locator('.code b').waitFor();
  });
  await measured('six digits, ticket', TAPS_MAX.digits, async (tab, hand) => {
    await tab.page.goto(`${kiosk}/`);
    await hand.tap('a.lang[href*="lang=zh"]');
    await hand.tap('.foot a[href^="/mine"]');
    await typeOnPad(hand, code);
    await hand.tap('.dock button');
    await tab.page.locator('.code b').waitFor();
  });
  await measured('crew of three, tickets', TAPS_MAX.crew, async (tab, hand) => {
    const roomy = tab.page.locator('a.job', { has: tab.page.locator('.seats b', { hasText: /^([5-9]|\d\d+)$/ }) });
    for (let page = 1; page <= PAGES_MAX; page += 1) {
      await tab.page.goto(`${kiosk}/near?lang=zh&when=any&here=1&page=${page}`);
      if ((await roomy.count()) > 0) break;
    }
    await hand.tap(roomy);
    await hand.tap('.dock a.btn--main');
    await hand.tap('.crumb a[href^="/crew"]');
    for (let member = 0; member < 3; member += 1) {
      await typeOnPad(hand, kit.phone());
      if (member < 2) await hand.tap('button[name="add"]');
    }
    await hand.tap('button[name="go"]');
    await tab.page.locator('.each .code b').nth(2).waitFor();
  });
  console.log(`${'path to a ticket'.padEnd(40)} taps  seconds`);
  for (const { path, taps, seconds } of rows) console.log(`${path.padEnd(40)} ${String(taps).padStart(4)}  ${seconds.toFixed(1).padStart(7)}`);
  for (const row of rows) console.log(JSON.stringify(row));
}

export async function visitChecks(browser, kit, kiosk) {
  await kit.check('the next person finds nothing of the one before', () => nextPerson(browser, kit, kiosk));
  await kit.check('an untouched ticket is wiped', () => wipe(browser, kit, kiosk));
  await kit.check('taps and seconds to a ticket', () => taps(browser, kit, kiosk));
}
