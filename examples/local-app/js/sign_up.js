// One sign-up, under one key until it is answered: a repetition, at whichever node, is the same wish.
import { NoAnswer, Refused } from './nodes.js';

const KEPT_WISHES = 'dayshift.wishes';
const KEPT_TICKETS = 'dayshift.tickets';
const TICKETS_MAX = 20;
const TRIES_MAX = 6;
const PAUSE_MS = 1_000;
// A node that asks for a longer wait than this is asked again by the worker.
const PAUSE_MS_MAX = 60_000;
// The node answers these again, and differently, after a while.
const AGAIN = ['in-flight', 'busy', 'timeout', 'too-many-requests'];
// After these nobody knows yet whether the node took the request.
const UNSURE = ['in-flight', 'timeout', 'internal'];

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

function kept(name) {
  return JSON.parse(localStorage.getItem(name) ?? '[]');
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// The sign-ups that were sent and not answered, the latest first. They hold no phone number. After the shift nobody waits for one.
export function wishes() {
  return kept(KEPT_WISHES).filter((wish) => !wish.end_at || new Date(wish.end_at) > new Date());
}

export function wishFor(job) {
  return wishes().find((wish) => wish.job === job) ?? null;
}

function remember(wish) {
  localStorage.setItem(KEPT_WISHES, JSON.stringify([wish, ...wishes().filter((other) => other.key !== wish.key)]));
}

function forget(wish) {
  localStorage.setItem(KEPT_WISHES, JSON.stringify(wishes().filter((other) => other.key !== wish.key)));
}

export function tickets() {
  return kept(KEPT_TICKETS);
}

function keep(answer, node, title) {
  const others = tickets().filter((known) => known.id !== answer.id);
  const ticket = { id: answer.id, node, job: answer.job, title, code: answer.code };
  localStorage.setItem(KEPT_TICKETS, JSON.stringify([ticket, ...others].slice(0, TICKETS_MAX)));
}

// What is to be done without a place or a refusal: ask the same node again, ask the next one, or tell the worker.
function next(error) {
  if (error instanceof NoAnswer) return 'other';
  if (AGAIN.includes(error.code)) return error.retryAfterMs > PAUSE_MS_MAX ? 'later' : 'again';
  return error.status >= 500 ? 'other' : 'tell';
}

// Whom to ask after a node that gave no place and no refusal. One that lost only its answer gives it again under the same key,
// where another one would promise a second place: so it is asked once more as long as it lives.
async function after(nodes, node, error, doubted) {
  if (error instanceof NoAnswer && !doubted.has(node.url)) {
    doubted.add(node.url);
    await nodes.choose();
    const alive = nodes.answering.find((one) => one.url === node.url && one.isReady);
    if (alive) return alive;
    if (nodes.current?.url !== node.url) return nodes.current;
  }
  return nodes.choose(node.url);
}

// Signs up and gives the node's answer. The key stays for the next try unless every node that was asked has answered. `fresh` is
// another wish for the same job; `paused` hears which problem is waited for, and for how many milliseconds; and nothing when the
// wait is over.
export async function signUp(nodes, job, phone, { fresh = false, paused = () => {} } = {}) {
  const wish = (!fresh && wishFor(job.id)) || { key: newKey(), job: job.id, title: job.title, end_at: job.end_at, asked: [] };
  const asked = new Set(wish.asked);
  const save = () => remember({ ...wish, asked: [...asked] });
  const body = JSON.stringify({ job: job.id, phone });
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': wish.key };
  const doubted = new Set();
  let last = new NoAnswer('no node answered');
  // After a reload as well: whoever may have taken it is asked first.
  let node = nodes.answering?.find((one) => asked.has(one.url) && one.isReady) ?? nodes.current;
  save();
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    node ??= await nodes.choose();
    if (!node) {
      await wait(PAUSE_MS);
      continue;
    }
    asked.add(node.url);
    save();
    try {
      const answer = await nodes.ask(node, '/v1/sign_ups', { method: 'POST', headers, body });
      // In this order: a ticket too many does no harm.
      keep(answer, node.url, job.title);
      forget(wish);
      return answer;
    } catch (error) {
      if (!(error instanceof NoAnswer || error instanceof Refused)) throw error;
      last = error;
      if (error instanceof Refused && !UNSURE.includes(error.code)) asked.delete(node.url);
      save();
      const step = next(error);
      // Another number under this key was taken: that one is still to be had with it.
      if (step === 'tell' && asked.size === 0 && error.code !== 'key-reused') forget(wish);
      if (step === 'tell' || step === 'later') throw error;
      if (tries + 1 === TRIES_MAX) break;
      const before = node;
      if (step === 'other') node = await after(nodes, node, error, doubted);
      // To another one at once; nodes that take turns in failing get a rest.
      if (tries < 2 && node && node.url !== before.url) continue;
      paused(error, error.retryAfterMs ?? PAUSE_MS);
      await wait(error.retryAfterMs ?? PAUSE_MS);
      paused(null);
    }
  }
  throw asked.size > 0 ? new NoAnswer('no node answered') : last;
}

// How a ticket stands at this moment: asked of the node that gave it, else of the present one. Nothing where neither knows it.
export async function look(nodes, ticket) {
  for (const url of new Set([ticket.node, nodes.current?.url])) {
    const node = nodes.answering?.find((one) => one.url === url);
    if (!node) continue;
    try {
      return await nodes.ask(node, `/v1/sign_ups/${encodeURIComponent(ticket.id)}`);
    } catch {
      // The other one may know it.
    }
  }
  return null;
}

// The tickets of this phone for a job, as they stand, without those that have ended.
export async function ticketsFor(nodes, job) {
  const known = tickets().filter((ticket) => ticket.job === job);
  const stands = await Promise.all(known.map(async (ticket) => ({ ...(await look(nodes, ticket)), code: ticket.code })));
  return stands.filter(({ status }) => !['cancelled', 'bumped'].includes(status));
}

// The ticket that has these six digits, wherever it was taken; it is kept on this phone from here on.
export async function byDigits(nodes, code) {
  const answer = await nodes.read(`/v1/sign_ups?code=${encodeURIComponent(code)}`);
  const job = await nodes.read(`/v1/jobs/${encodeURIComponent(answer.job)}`).catch(() => null);
  keep(answer, nodes.current?.url, job?.title ?? code);
  return answer;
}
