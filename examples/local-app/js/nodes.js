// Which node to ask: the nearest one that is ready, and the next one when it does not answer.

const PROBE_MS = 1_500;
// Where nobody answered in that time: a slow line is no reason to give up.
const SLOW_PROBE_MS = 10_000;
const ANSWER_MS = 12_000;
// How long a node that is asked beside the present one may take.
const ASIDE_MS = 3_000;
// While no node has what this phone wrote, asking for it again may rest this long.
export const BEHIND_REST_MS = 10_000;
const BOOKMARK = 'Dayshift-Bookmark';
const KEPT_BOOKMARK = 'dayshift.bookmark';
const EARTH_M = 6_371_000;
// Nodes that are as near as this to one another are told apart by how fast they answer.
const SAME_PLACE_M = 100;

// No node's answer came: whether it took the request is not known.
export class NoAnswer extends Error {}

// An answer that is a problem document.
export class Refused extends Error {
  constructor(status, problem, retryAfter) {
    super(problem.detail ?? problem.title ?? String(status));
    this.status = status;
    this.code = problem.type.split('/').at(-1);
    this.fields = (problem.errors ?? []).map((error) => error.field);
    this.rule = problem.rule?.words ?? null;
    this.retryAfterMs = (Number.parseInt(retryAfter ?? '1', 10) || 1) * 1_000;
  }
}

export function metresBetween(a, b) {
  const rad = (degrees) => (degrees * Math.PI) / 180;
  const [dLat, dLon] = [rad(b.lat - a.lat), rad(b.lon - a.lon)];
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(rad(a.lat)) * Math.cos(rad(b.lat)) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.sqrt(h));
}

// A node that answers and is not ready signs nobody up, and can be read all the same.
async function probe(url, here, limit) {
  const began = performance.now();
  const look = { signal: AbortSignal.timeout(limit), cache: 'no-store' };
  const timed = async (response) => [await response, Math.round(performance.now() - began)];
  const [[ready, ms], described] = await Promise.all([timed(fetch(`${url}/readyz`, look)), fetch(`${url}/v1/node`, look)]);
  if (!described.ok) throw new NoAnswer(`${url} does not say how it is`);
  const about = await described.json();
  const stands = about.lat != null && about.lon != null;
  const far = here && stands ? metresBetween(here, about) : null;
  return { url, ms, name: about.name, isReady: ready.ok, isCut: about.link !== 'up', far };
}

// Ready ones first, then nearest first, then fastest first.
function order(a, b) {
  const place = (node) => (node.far == null ? Infinity : Math.round(node.far / SAME_PLACE_M));
  if (a.isReady !== b.isReady) return a.isReady ? -1 : 1;
  return place(a) === place(b) ? a.ms - b.ms : place(a) - place(b);
}

export class Nodes {
  #urls;
  #changed;
  #restUntil = 0;
  // The last one that was asked, also while there is none.
  #last = null;
  here = null;
  current = null;
  // Those that answered when they were asked last; null before that.
  answering = null;
  // The node before the present one gave no answer.
  wasMoved = false;
  // What is read may be older than what this phone wrote.
  isBehind = false;

  // `changed` is called when the node to ask, or what is known of it, has changed.
  constructor(urls, changed) {
    this.#urls = urls;
    this.#changed = changed;
  }

  // Asks all nodes how they are, and takes the best one; `without` is left out where another answers.
  async choose(without = null) {
    const ask = (limit) => this.#urls.map((url) => probe(url, this.here, limit));
    const probed = await Promise.allSettled(ask(PROBE_MS));
    let answering = probed.filter((one) => one.status === 'fulfilled').map((one) => one.value).sort(order);
    if (answering.length === 0) answering = await Promise.any(ask(SLOW_PROBE_MS)).then((first) => [first], () => []);
    const others = answering.filter((node) => node.url !== without);
    this.answering = answering;
    this.current = others.find((node) => node.isReady) ?? answering.find((node) => node.isReady) ?? others[0] ?? answering[0] ?? null;
    if (this.current) this.#moveTo(this.current, without);
    this.#changed();
    return this.current;
  }

  // Several may choose at once, and only the first of them moves: why it did stands for as long as the node.
  #moveTo(node, without) {
    const before = this.#last;
    this.#last = node;
    if (before === null || before.url === node.url) return;
    const stands = this.answering.find((one) => one.url === before.url);
    this.wasMoved = !stands || (before.url === without && stands.isReady);
  }

  // One request to one node. Whatever is no problem document was said by somebody else on the way there.
  async ask(node, path, options = {}) {
    let response;
    let text;
    try {
      response = await fetch(node.url + path, { signal: AbortSignal.timeout(ANSWER_MS), ...options });
      text = await response.text();
    } catch (error) {
      throw new NoAnswer(`${node.url}: ${error.message}`);
    }
    let body = null;
    try {
      body = JSON.parse(text);
    } catch {
      throw new NoAnswer(`${node.url}: ${response.status} with something else than JSON`);
    }
    const next = response.headers.get(BOOKMARK);
    if (next) localStorage.setItem(KEPT_BOOKMARK, next);
    if (response.ok) return body;
    if (typeof body?.type !== 'string') throw new NoAnswer(`${node.url}: ${response.status} without a problem`);
    throw new Refused(response.status, body, response.headers.get('Retry-After'));
  }

  // Reads from the present node, or from the next one where it cannot answer. Reading may always be repeated. The bookmark lets a
  // node wait for what this phone wrote, or say that it has not heard of it.
  async read(path) {
    for (let tries = 0; tries <= this.#urls.length; tries += 1) {
      const node = this.current ?? (await this.choose());
      if (!node) break;
      const bookmark = Date.now() < this.#restUntil ? null : localStorage.getItem(KEPT_BOOKMARK);
      try {
        const read = await this.ask(node, path, bookmark ? { headers: { [BOOKMARK]: bookmark } } : {});
        if (bookmark) this.#behind(false);
        return read;
      } catch (error) {
        if (error.code === 'behind') {
          const read = await this.#readAside(node, path, bookmark);
          if (read !== null) return read;
        } else if (bookmark && error.code === 'bad-request') {
          // Of a node that writes them in another way.
          localStorage.removeItem(KEPT_BOOKMARK);
        } else if (error instanceof NoAnswer || error.status >= 500) {
          await this.choose(node.url);
        } else {
          throw error;
        }
      }
    }
    throw new NoAnswer('no node answers');
  }

  // The present node has not heard of what this phone wrote: another one may have. Where none has, the node that took it may be
  // gone for long, and what can be read is read without it.
  async #readAside(behind, path, bookmark) {
    for (const node of (this.answering ?? []).filter((other) => other.url !== behind.url)) {
      try {
        const read = await this.ask(node, path, { headers: { [BOOKMARK]: bookmark }, signal: AbortSignal.timeout(ASIDE_MS) });
        this.#behind(false);
        return read;
      } catch (error) {
        if (error instanceof Refused && error.status < 500) throw error;
      }
    }
    this.#restUntil = Date.now() + BEHIND_REST_MS;
    this.#behind(true);
    return null;
  }

  #behind(isBehind) {
    if (this.isBehind === isBehind) return;
    this.isBehind = isBehind;
    this.#changed();
  }
}
