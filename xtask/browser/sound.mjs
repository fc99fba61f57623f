// What axe-core and a ruler find on a page: rules of WCAG 2.2 AA at each moment at which the page looks different by itself,
// the size of targets, whether the focus is seen, and whether the wipe is told.

import { decode } from './png.mjs';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
// axe forbids every timed refresh. A shared screen has to be wiped, as WCAG 2.2.1 allows where people are asked for at
// least twenty seconds before and stay by one touch: that is what is checked in its place.
const TIMED = 'meta-refresh';
const WARNING_S = 20;
export const TARGET_PX = 64;
export const PHONE_TARGET_PX = 48;
const PHONE_MAX = 640;

// Scripts may run here, since axe is one; the pages have none, and their policy allows none.
export async function inspected(browser, options) {
  const context = await browser.newContext({ bypassCSP: true, deviceScaleFactor: 1, ...options });
  return { context, page: await context.newPage() };
}

// As the page opens, on a slow machine as well; then whatever shows later by itself: each fact in its turn, and the bar that
// tells of the wipe.
async function moments(page) {
  const later = await page.evaluate(() => {
    const delay = (one) => Number.parseFloat(getComputedStyle(one).animationDelay) * 1_000;
    const moves = (one) => getComputedStyle(one).animationName !== 'none';
    const turns = [...document.querySelectorAll('.turns > li')].filter((one) => moves(one) && delay(one) > 0);
    const bars = [...document.querySelectorAll('aside.idle')];
    return [
      ...turns.map((one) => ({ ms: delay(one) + 100, part: `.turns > li:nth-child(${[...one.parentElement.children].indexOf(one) + 1})` })),
      ...bars.map((one) => ({ ms: delay(one) + 100, part: 'aside.idle' })),
    ];
  });
  return [{ ms: 0, part: null }, ...later];
}

async function stand(page, ms) {
  await page.evaluate((ms) => document.getAnimations().forEach((one) => { one.pause(); one.currentTime = ms; }), ms);
}

// Where the shrinking bar of the wipe lies over its own words axe cannot tell their colours; it never reaches letters.
const STILL_BAR = '.idle::before { display: none !important }';
// A figure or one letter is read as any other text. What is drawn into the sketch of the way is no text of the page to axe.
const CONTRAST = {
  ignoreUnicode: true, ignoreLength: true, ignorePseudo: false, boldValue: 700, boldTextPt: 14, largeTextPt: 18,
  contrastRatio: { normal: { expected: 4.5 }, large: { expected: 3 } }, pseudoSizeThreshold: 0.25,
};
const DRAWN = 'svg text';

// What axe finds in a part of a page. Where it could not decide whether a text is read against what is behind it, since lines
// of text overlap or a figure stands alone, the text's colour is compared with that of what it stands in.
function asked({ rules, timed, part, drawn }) {
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (colour) => {
    const [red, green, blue] = channels(colour).map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const { backgroundColor, backgroundImage } = getComputedStyle(at);
      const opaque = (channels(backgroundColor)[3] ?? 1) === 1;
      if (backgroundImage !== 'none') return null;
      if (opaque) return backgroundColor;
    }
    return null;
  };
  const isRead = (one) => {
    const { color, fontSize, fontWeight } = getComputedStyle(one);
    const ground = behind(one);
    if (!ground) return false;
    const [low, high] = [light(color), light(ground)].sort((a, b) => a - b);
    const size = Number.parseFloat(fontSize);
    return (high + 0.05) / (low + 0.05) >= (size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700) ? 3 : 4.5);
  };
  return window.axe.run(part ? { include: part } : { exclude: drawn }, {
    runOnly: rules, rules: { [timed]: { enabled: false } }, resultTypes: ['violations', 'incomplete'], preload: false, elementRef: true,
  }).then(({ violations, incomplete }) => {
    const undecided = incomplete.filter(({ id }) => id === 'color-contrast')
      // What a page that changes by itself took away meanwhile has no colours any more.
      .map(({ id, nodes }) => ({ id, nodes: nodes.filter(({ element }) => element?.isConnected !== false && !isRead(element)) }));
    // A row that the edge of a box that scrolls cuts off, or its shadow covers, is whole once it is scrolled.
    const isCut = (id, { element }) => ['color-contrast', 'target-size'].includes(id) && element?.closest('.list[tabindex]');
    return [...violations, ...undecided].flatMap(({ id, nodes }) => nodes.filter((node) => !isCut(id, node)).map((node) => {
      const why = node.failureSummary ?? node.any[0]?.message ?? '';
      return `${id}: ${node.target.join(' ')} (${why.split('\n').at(-1).trim()})`;
    }));
  });
}

export async function findings(page, axe) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  await page.evaluate((options) => window.axe.configure({ checks: [{ id: 'color-contrast', options }] }), CONTRAST);
  // A sheet of its own, which a page's policy does not forbid.
  await page.evaluate((rules) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(rules);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }, STILL_BAR);
  const wrong = [];
  for (const { ms, part } of await moments(page)) {
    await stand(page, ms);
    if (part && !(await page.locator(part).isVisible())) wrong.push(`${part} is not seen after ${ms} ms`);
    wrong.push(...(await page.evaluate(asked, { rules: RULES, timed: TIMED, part, drawn: DRAWN })));
  }
  await stand(page, 0);
  return wrong;
}

// What is small for a finger, with its size.
export async function small(page, least, within = 'body') {
  return page.evaluate(({ least, within }) => {
    const seen = [...document.querySelector(within).querySelectorAll('a[href], button, summary, audio, input:not([type=hidden])')];
    const whole = seen.filter((target) => target.checkVisibility({ visibilityProperty: true }) && !target.matches('.skip, .first'));
    const boxes = whole.map((target) => [target, (target.closest('.search') && target.matches('input') ? target.closest('.search') : target).getBoundingClientRect()]);
    // Half a pixel is the rounding of a zoomed page.
    return boxes.filter(([, box]) => box.width < least - 0.5 || box.height < least - 0.5)
      .map(([target, box]) => `target ${target.tagName} ${target.className || target.name || target.textContent.trim()} ${Math.round(box.width)}x${Math.round(box.height)} of ${least}`);
  }, { least, within });
}

// What is reached by Tab and looks the same with the focus and without it.
export async function unseenFocus(page) {
  // The last key decides whether the browser shows where the focus is.
  await page.keyboard.press('Tab');
  return page.evaluate(() => {
    const drawn = (one) => {
      const style = getComputedStyle(one);
      const edge = (kind) => (style[`${kind}Style`] === 'none' ? 'none' : style[`${kind}Width`] + style[`${kind}Color`]);
      const { left, top } = one.getBoundingClientRect();
      return [edge('outline'), edge('borderTop'), style.boxShadow, style.backgroundColor, left, top].join();
    };
    // A field may show it by what stands around it, a box that is ticked by what stands behind.
    const look = (one) => [one, one.parentElement, one.nextElementSibling].filter(Boolean).map(drawn).join('|');
    const targets = [...document.querySelectorAll('a[href], button, summary, audio, input:not([type=hidden]), select, textarea')]
      .filter((one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility({ visibilityProperty: true }));
    const unseen = [];
    for (const target of targets) {
      document.activeElement?.blur();
      const before = look(target);
      target.focus({ preventScroll: true });
      if (document.activeElement === target && look(target) === before) unseen.push(`focus on ${target.tagName} ${target.className || target.name} is not seen`);
    }
    document.activeElement?.blur();
    return unseen;
  });
}

// Whether a picture of what has the focus changes when it goes: at least so many dots as its box is long and high.
export async function focusIsSeen(page) {
  const MARGIN = 12;
  const box = await page.evaluate(() => {
    const { x, y, width, height } = document.activeElement.getBoundingClientRect();
    return { x, y, width, height };
  });
  const { width, height } = page.viewportSize();
  const [left, top] = [Math.max(0, box.x - MARGIN), Math.max(0, box.y - MARGIN)];
  const clip = { x: left, y: top, width: Math.min(width, box.x + box.width + MARGIN) - left, height: Math.min(height, box.y + box.height + MARGIN) - top };
  const dots = async () => decode(await page.screenshot({ clip })).pixels;
  const focused = await dots();
  const held = await page.evaluateHandle(() => document.activeElement);
  await held.evaluate((one) => one.blur());
  const without = await dots();
  await held.evaluate((one) => one.focus({ preventScroll: true }));
  return focused.reduce((sum, dot, at) => sum + (dot === without[at] ? 0 : 1), 0) >= box.width + box.height;
}

// A page of a shared screen goes by itself, and says so before.
export async function wipeIsTold(page) {
  const refresh = await page.locator('meta[http-equiv="refresh"]').getAttribute('content', { timeout: 1_000 }).catch(() => null);
  if (refresh === null) return ['the page is never wiped'];
  const bar = await page.locator('aside.idle').evaluateAll((all) => all.map((one) => ({
    stay: one.querySelectorAll('a[href], button').length,
    from: Number.parseFloat(getComputedStyle(one).animationDelay),
  })));
  // Start and attract hold nothing of anybody: they change, and nothing is lost.
  if (bar.length === 0) return /url=\/attract$/.test(refresh) ? [] : [`the wipe is not told: ${refresh}`];
  const [{ stay, from }] = bar;
  const wipe = Number.parseFloat(refresh);
  return stay === 1 && wipe - from >= WARNING_S ? [] : [`${wipe} s: told after ${from} s, ${stay} ways to stay`];
}

// A tab in which axe looks at what tabs without scripts show: the same text, under the same address.
export class Inspector {
  wrong = [];

  static async open(browser, axe, options = {}) {
    const inspector = Object.assign(new Inspector(), await inspected(browser, options));
    await inspector.context.addInitScript(axe);
    return Object.assign(inspector, { axe });
  }

  // Keeps what is found on the page of another tab; `targets` is what must be no smaller than a finger, where anything must.
  async look(other, where, targets = null) {
    const [address, text, size] = [other.url(), await other.content(), other.viewportSize()];
    // It does not go on by itself while it is looked at.
    const body = text.replace(/<meta http-equiv="refresh"[^>]*>/, '');
    await this.page.route((url) => url.href === address, (route) => route.fulfill({ contentType: 'text/html; charset=utf-8', body }), { times: 1 });
    await this.page.setViewportSize(size);
    await this.page.goto(address);
    for (const finding of await findings(this.page, this.axe)) this.wrong.push(`${where}: ${finding}`);
    const least = size.width > PHONE_MAX ? TARGET_PX : PHONE_TARGET_PX;
    if (targets) for (const finding of await small(this.page, least, targets)) this.wrong.push(`${where}: ${finding}`);
  }

  // What was found since it was asked last.
  found() {
    return this.wrong.splice(0);
  }

  close() {
    return this.context.close();
  }
}
