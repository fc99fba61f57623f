// A kiosk that prints, over a hub and a node of its own: real tickets and a real card, through a second browser into a PDF of
// 58 mm. The slips are looked at as a thermal printer draws them, eight dots to the millimetre, and their codes read back.
import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findings } from './sound.mjs';
import { Cluster, until } from './cluster.mjs';
import { decode } from './png.mjs';
import { readQr } from './qr.mjs';
import { finger, typeOnPad } from './visits.mjs';

const SCREEN = { width: 1080, height: 1920 };
const PIN = '73918264';
const BUTTON = 'form[action*="/print?"] button';
const MM_PX = 96 / 25.4;
const DOTS_MM = 8;
const PAPER_MM = 58;
const POINTS_MM = 72 / 25.4;
// Of a slip at most so much is white below its last line.
const WASTE_MM_MAX = 40;

// A program as docs/recipes/print-tickets.md has it, which keeps what it would give to `lp`.
function startPrinter(folder, browser) {
  mkdirSync(folder);
  const program = join(folder, 'print-slip');
  writeFileSync(program, `#!/bin/sh
set -eu
[ -e '${folder}/no-paper' ] && { echo 'no paper' >&2; exit 1; }
n=$(ls '${folder}' | grep -c 'html$') || true
'${browser}' --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --user-data-dir="\${1%/*}/profile" \\
  --no-pdf-header-footer --print-to-pdf="${folder}/slip-$n.pdf" "file://$1"
cp "$1" '${folder}/next'
mv '${folder}/next' "${folder}/slip-$n.html"
`);
  chmodSync(program, 0o700);
  return program;
}

// The next slip of a folder once it is printed: its page, its PDF.
async function slip(folder, before) {
  const count = () => readdirSync(folder).filter((name) => name.endsWith('.html')).length;
  await until('a slip is printed', () => count() > before);
  const of = (kind) => join(folder, `slip-${before}.${kind}`);
  return { address: `file://${of('html')}`, html: readFileSync(of('html'), 'utf8'), pdf: readFileSync(of('pdf')).toString('latin1') };
}

// The paper of a PDF: its pages' widths and heights, millimetres.
function papers(pdf) {
  const boxes = [...pdf.matchAll(/\/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]/g)];
  return boxes.map(([, width, height]) => ({ width: Number(width) / POINTS_MM, height: Number(height) / POINTS_MM }));
}

// Draws a slip as its printer does, reads its codes, and looks where its content ends.
async function drawn(browser, { expect }, { address }, name) {
  const scale = (DOTS_MM * 25.4) / 96;
  const context = await browser.newContext({ viewport: { width: Math.ceil(PAPER_MM * MM_PX), height: 400 }, deviceScaleFactor: scale, javaScriptEnabled: false });
  const page = await context.newPage();
  try {
    await page.goto(address);
    const { width, height, pixels } = decode(await page.screenshot({ fullPage: true }));
    if (process.env.DAYSHIFT_SNAPSHOTS) await page.screenshot({ fullPage: true, path: join(process.env.DAYSHIFT_SNAPSHOTS, `slip-${name.replaceAll(' ', '-')}.png`) });
    const codes = [];
    for (const svg of await page.locator('svg').all()) {
      const box = await svg.boundingBox();
      const side = Number((await svg.getAttribute('viewBox')).split(' ')[2]);
      const [module, left, top] = [(box.width * scale) / side, box.x * scale, box.y * scale];
      expect(Math.abs(module - Math.round(module)) < 0.02 && module > 2.9, `${name}: a module is ${module} dots wide`);
      expect(left >= 4 * module && left + side * module <= width - 4 * module, `${name}: the code has no white beside it`);
      const dark = (x, y) => (pixels[Math.floor(top + (y + 0.5) * module) * width + Math.floor(left + (x + 0.5) * module)] & 255) < 128;
      codes.push(readQr(side, dark));
    }
    const black = (x, y) => (pixels[y * width + x] & 255) < 128;
    const columns = Array.from({ length: width }, (_, x) => x).filter((x) => Array.from({ length: height }, (_, y) => y).some((y) => black(x, y)));
    const [first, last] = [columns[0] / DOTS_MM, columns.at(-1) / DOTS_MM];
    expect(first >= 4.9 && last <= 53.2 && last - first > 40, `${name}: printed from ${first} to ${last} mm of 58`);
    const sections = await page.locator('section').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height));
    return { codes, text: await page.locator('body').innerText(), heights: sections.map((px) => px / MM_PX) };
  } finally {
    await context.close();
  }
}

// What holds of every slip; returns the texts of its codes.
async function checkSlip(browser, kit, printed, name, digits) {
  const { expect } = kit;
  const pages = papers(printed.pdf);
  const { codes, text, heights } = await drawn(browser, kit, printed, name);
  expect(pages.length === digits.length, `${name}: ${pages.length} pieces of paper for ${digits.length}`);
  for (const [n, { width, height }] of pages.entries()) {
    expect(Math.abs(width - PAPER_MM) < 0.4, `${name}: the paper is ${width} mm wide`);
    expect(heights[n] <= height && height - heights[n] < WASTE_MM_MAX, `${name}: ${heights[n]} mm are printed on ${height}`);
  }
  for (const code of digits) expect(text.replaceAll(/\s/g, '').includes(code), `${name}: ${code} is not on it`);
  expect(codes.length === digits.length, `${name}: ${codes.length} codes`);
  return codes;
}

// One person at the screen, who prints a ticket, those of a crew, and a card.
class Walk {
  constructor(browser, kit, stage, lang, tab) {
    Object.assign(this, { browser, kit, ...stage, lang, tab, page: tab.page, hand: finger(tab) });
  }

  count() {
    return readdirSync(this.folder).filter((name) => name.endsWith('.html')).length;
  }

  async sound(where) {
    await this.kit.look(this.tab, where);
    await this.kit.picture(this.tab, `print-${this.lang}-${where.replaceAll(' ', '-')}`);
    const wrong = await findings(this.page, this.kit.axe);
    this.kit.expect(wrong.length === 0, `${where}: ${wrong.join('; ')}`);
  }

  // Presses the button of a page, and waits for the one slip that comes out; returns what its codes say.
  async press(where) {
    const { expect } = this.kit;
    const before = this.count();
    await this.sound(where);
    const digits = (await this.page.locator('.code b').allInnerTexts()).map((text) => text.replaceAll(/\s/g, ''));
    await this.hand.tap(BUTTON);
    const printed = await slip(this.folder, before);
    await this.page.locator('.told').waitFor();
    await this.sound(`${where} printed`);
    expect((await this.page.locator('.told--stop').count()) === 0, `${where}: ${await this.page.locator('.told').innerText()}`);
    const codes = await checkSlip(this.browser, this.kit, printed, `${where} ${this.lang}`, digits);
    expect(this.count() === before + 1, `${where}: ${this.count() - before} slips`);
    return codes;
  }

  verify(receipt) {
    return this.cluster.dayshift('receipt', 'verify', receipt, '--root', this.root);
  }

  async ticket() {
    const { page, hand, kit } = this;
    await page.goto(`${this.hall.address}/sign_up?lang=${this.lang}&job=${this.job}`);
    await typeOnPad(hand, kit.phone());
    await hand.tap('.dock button');
    this.verify((await this.press('ticket'))[0]);
    const paper = join(this.folder, 'no-paper');
    writeFileSync(paper, '');
    await hand.tap(BUTTON);
    await page.locator('.told--stop').waitFor();
    await this.sound('not printed');
    rmSync(paper);
    await page.locator('.dock a[href^="/next"]').click();
  }

  async crew() {
    const { page, hand, kit } = this;
    await page.goto(`${this.hall.address}/crew?lang=${this.lang}&job=${this.job}`);
    for (let member = 0; member < 3; member += 1) {
      await typeOnPad(hand, kit.phone());
      if (member < 2) await hand.tap('button[name="add"]');
    }
    await hand.tap('button[name="go"]');
    const receipts = await this.press('crew');
    kit.expect(new Set(receipts).size === 3, 'each has a receipt of his own');
    receipts.forEach((receipt) => this.verify(receipt));
    await page.locator('.dock a[href^="/next"]').click();
  }

  async card() {
    const { page, hand, kit } = this;
    await page.goto(`${this.hall.address}/enrol?lang=${this.lang}`);
    for (const digits of [kit.phone(), PIN, PIN, '19900517']) {
      await typeOnPad(hand, digits);
      await hand.tap('.dock button');
    }
    await hand.tap('.dock button');
    const [card] = await this.press('card');
    kit.expect(card.startsWith('dsc1.'), `the card's code says ${card}`);
    const { wipe } = await page.locator('meta[http-equiv="refresh"]').evaluate((meta) => ({ wipe: meta.content }));
    kit.expect(wipe.startsWith('30;'), `a card is wiped after ${wipe}`);
    await page.locator('.dock a[href^="/next"]').click();
    // What was printed opens what was promised: at the first page the list, and no number to type; on the way to one's own page
    // the PIN. Both are in the language in which the worker enrolled.
    for (const [at, field, to] of [['/', '#scan', '/near'], ['/me', 'input[name="who"]', '/me']]) {
      await page.goto(`${this.hall.address}${at}?lang=${this.lang === 'zh' ? 'en' : 'zh'}`);
      await page.locator(field).fill(card);
      await Promise.all([page.waitForURL(/view=/), page.keyboard.press('Enter')]);
      const wanted = `${to}?lang=${this.lang}&view=`;
      kit.expect(page.url().includes(wanted), `the printed card leads from ${at} to ${page.url()}`);
    }
  }
}

async function startHall(cluster, browser) {
  await cluster.startHub();
  const folder = join(cluster.folder, 'paper');
  const program = startPrinter(folder, browser);
  const hall = await cluster.addNode('hall', '--print', `${program} {}`);
  await cluster.importJobs([{ title: '分拣员 (sorter)', place: '杭州市上城区九堡街道', seats: 30, text: '快递分拣' }]);
  return { cluster, hall, folder, job: (await cluster.jobs())[0].id, root: join(cluster.folder, 'hub', 'authority', 'root.der') };
}

export async function printChecks(browser, kit) {
  const axe = readFileSync(kit.require.resolve('axe-core/axe.min.js'), 'utf8');
  const cluster = new Cluster();
  let stage = null;
  try {
    await kit.check('a hall with a printer', async () => { stage = await startHall(cluster, kit.browserPath()); });
    for (const lang of stage ? ['zh', 'en'] : []) {
      const tab = await kit.open(browser, { viewport: SCREEN, bypassCSP: true, javaScriptEnabled: true });
      const walk = new Walk(browser, { ...kit, axe }, stage, lang, tab);
      for (const thing of ['ticket', 'crew', 'card']) await kit.check(`a ${thing} is printed on paper of 58 mm, ${lang}`, () => walk[thing]());
      await tab.context.close();
    }
  } finally {
    await cluster.stop();
  }
}
