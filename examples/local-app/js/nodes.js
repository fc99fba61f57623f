// Which node to ask: the nearest one that is ready, and the next one when it does not answer.

const PROBE_MS = 1_500;
const ANSWER_MS = 12_000;
const BOOKMARK = 'Dayshift-Bookmark';
const KEPT_BOOKMARK = 'dayshift.bookmark';
const EARTH_M = 6_371_000;
// Nodes that are as near as this to one another are told apart by how fast they answer.
const SAME_PLACE_M = 100;

// A node that gave no answer at all: whether it took the request is not known.
export class NoAnswer extends Error {}

// An answer that is a problem document.
export class Refused extends Error {
  constructor(status, problem, retryAfter) {
    super(problem.detail ?? problem.title ?? String(status));
    this.status = status;
    this.code = (problem.type ?? '').split('/').at(-1);
    this.retryAfterMs = Number(retryAfter ?? 1) * 1_000;
  }
}

export function metresBetween(a, b) {
  const rad = (degrees) => (degrees * Math.PI) / 180;
  const [dLat, dLon] = [rad(b.lat - a.lat), rad(b.lon - a.lon)];
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(rad(a.lat)) * Math.cos(rad(b.lat)) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.sqrt(h));
}

async function probe(url, here) {
  const began = performance.now();
  const signal = AbortSignal.timeout(PROBE_MS);
  const ready = await fetch(`${url}/readyz`, { signal, cache: 'no-store' });
  const ms = Math.round(performance.now() - began);
  if (!ready.ok) throw new NoAnswer(`${url} is not ready`);
  const about = await (await fetch(`${url}/v1/node`, { signal, cache: 'no-store' })).json();
  const stands = about.lat != null && about.lon != null;
  return { url, ms, name: about.name, isCut: about.link !== 'up', far: here && stands ? metresBetween(here, about) : null };
}

// Nearest first, then fastest first.
function order(a, b) {
  const place = (node) => (node.far == null ? Infinity : Math.round(node.far / SAME_PLACE_M));
  return place(a) === place(b) ? a.ms - b.ms : place(a) - place(b);
}

export class Nodes {
  #urls;
  #changed;
  here = null;
  current = null;

  // `changed` is called with the node that is asked from here on, and whether the one before it gave no answer.
  constructor(urls, changed) {
    this.#urls = urls;
    this.#changed = changed;
  }

  // Asks all nodes how they are, and takes the best one; `without` is left out where another is ready.
  async choose(without = null) {
    const probed = await Promise.allSettled(this.#urls.map((url) => probe(url, this.here)));
    const ready = probed.filter((one) => one.status === 'fulfilled').map((one) => one.value).sort(order);
    this.current = ready.find((node) => node.url !== without) ?? ready[0] ?? null;
    this.#changed(this.current, without !== null && this.current?.url !== without);
    return this.current;
  }

  // One request to one node. The bookmark lets a node that is behind say so, and wait for what this phone has written.
  async ask(node, path, { headers = {}, ...options } = {}) {
    const bookmark = localStorage.getItem(KEPT_BOOKMARK);
    const all = bookmark ? { ...headers, [BOOKMARK]: bookmark } : headers;
    let response;
    try {
      response = await fetch(node.url + path, { signal: AbortSignal.timeout(ANSWER_MS), ...options, headers: all });
    } catch (error) {
      throw new NoAnswer(`${node.url}: ${error.message}`);
    }
    const next = response.headers.get(BOOKMARK);
    if (next) localStorage.setItem(KEPT_BOOKMARK, next);
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    throw new Refused(response.status, problem, response.headers.get('Retry-After'));
  }

  // Reads from the present node, or from the next one where it gives no answer. Reading may always be repeated.
  async read(path) {
    for (let tries = 0; tries <= this.#urls.length; tries += 1) {
      const node = this.current ?? (await this.choose());
      if (!node) break;
      try {
        return await (await this.ask(node, path)).json();
      } catch (error) {
        if (!(error instanceof NoAnswer) && !(error.status >= 500)) throw error;
        await this.choose(node.url);
      }
    }
    throw new NoAnswer('no node answers');
  }
}
