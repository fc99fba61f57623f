// Pages that read themselves aloud: the list, a card and a ticket have a clip that the browser can play, in Chinese and English.
import { until } from './cluster.mjs';

const SCREEN = { width: 1080, height: 1920 };
// Everything is spoken in the background, in the order of the languages.
const SPOKEN_MS_MAX = 180_000;
const CLIP_S_MIN = 0.5;

// How long the clip of a page is, as the browser decodes it, in seconds.
async function seconds(page) {
  return page.locator('.listen audio').evaluate((audio) => new Promise((done, lost) => {
    audio.addEventListener('loadedmetadata', () => done(audio.duration), { once: true });
    audio.addEventListener('error', () => lost(new Error(`${audio.src} is not played: ${audio.error?.message}`)), { once: true });
    audio.preload = 'auto';
    audio.load();
  }));
}

async function aloud(browser, { expect, phone }, kiosk, lang) {
  const context = await browser.newContext({ viewport: SCREEN, bypassCSP: true });
  const page = await context.newPage();
  const heard = {};
  const hear = async (where) => {
    await until(`${where} is spoken in ${lang}`, async () => {
      if ((await page.locator('.listen audio').count()) > 0) return true;
      await page.reload();
      return false;
    }, SPOKEN_MS_MAX);
    heard[where] = Number((await seconds(page)).toFixed(1));
    expect(heard[where] >= CLIP_S_MIN, `the clip of ${where} is ${heard[where]} s long`);
  };
  try {
    await page.goto(`${kiosk}/near?lang=${lang}`);
    await hear('the list');
    await page.locator('a.job').first().click();
    await hear('a card');
    await page.locator('.dock a.btn--main').click();
    await page.locator('input[name="phone"]').fill(phone());
    await page.locator('.dock button').click();
    await page.locator('.code b').waitFor();
    await hear('a ticket');
    console.log(JSON.stringify({ aloud: lang, ...heard }));
  } finally {
    await context.close();
  }
}

export async function aloudChecks(browser, kit, kiosk) {
  for (const lang of ['zh', 'en']) await kit.check(`pages are read aloud, ${lang}`, () => aloud(browser, kit, kiosk, lang));
}
