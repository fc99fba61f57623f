// One sign-up, under one key until it is answered: a repetition, at whichever node, is the same wish.
import { NoAnswer, Refused } from './nodes.js';

const KEPT = 'dayshift.unanswered';
const KEPT_TICKETS = 'dayshift.tickets';
const TRIES_MAX = 6;

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// The sign-up that was sent and not answered. It holds no phone number.
export function unanswered() {
  return JSON.parse(localStorage.getItem(KEPT) ?? 'null');
}

export function tickets() {
  return JSON.parse(localStorage.getItem(KEPT_TICKETS) ?? '[]');
}

function keep(ticket) {
  const others = tickets().filter((known) => known.id !== ticket.id);
  localStorage.setItem(KEPT_TICKETS, JSON.stringify([ticket, ...others].slice(0, 20)));
}

function answered(job, node, answer) {
  localStorage.removeItem(KEPT);
  keep({ id: answer.id, node, title: job.title, code: answer.code });
  return answer;
}

// What is to be done with a refusal: ask the same node again, ask the next one, or tell the worker.
function next(error) {
  if (error instanceof NoAnswer) return 'other';
  if (error.code === 'in-flight' || error.code === 'busy' || error.code === 'timeout' || error.code === 'rate-limited') return 'again';
  return error.status >= 500 ? 'other' : 'tell';
}

// Signs up and gives the node's answer. Without any answer it throws NoAnswer, and the key stays for the next try.
export async function signUp(nodes, job, phone) {
  const before = unanswered();
  const key = before?.job === job.id ? before.key : newKey();
  localStorage.setItem(KEPT, JSON.stringify({ key, job: job.id, title: job.title }));
  const body = JSON.stringify({ job: job.id, phone });
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': key };
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const node = nodes.current ?? (await nodes.choose());
    if (!node) break;
    try {
      const response = await nodes.ask(node, '/v1/sign_ups', { method: 'POST', headers, body });
      return answered(job, node.url, await response.json());
    } catch (error) {
      if (error instanceof Refused && error.code === 'already-signed-up') return await already(nodes, node, job, error);
      const step = next(error);
      if (step === 'again') await wait(error.retryAfterMs);
      if (step === 'other') await nodes.choose(node.url);
      if (step === 'tell') {
        localStorage.removeItem(KEPT);
        throw error;
      }
    }
  }
  throw new NoAnswer('no node answered');
}

// This node has heard of the sign-up from another one: its answer is the answer.
async function already(nodes, node, job, refusal) {
  try {
    const response = await nodes.ask(node, `/v1/sign_ups/${encodeURIComponent(refusal.message)}`);
    return { ...answered(job, node.url, await response.json()), already: true };
  } catch (error) {
    localStorage.removeItem(KEPT);
    throw error instanceof NoAnswer ? refusal : error;
  }
}

// How a ticket stands at this moment: asked of the node that gave it, else of the present one.
export async function look(nodes, ticket) {
  const places = [ticket.node, nodes.current?.url].filter((url, at, all) => url && all.indexOf(url) === at);
  for (const url of places) {
    try {
      return await (await nodes.ask({ url }, `/v1/sign_ups/${encodeURIComponent(ticket.id)}`)).json();
    } catch (error) {
      if (error instanceof Refused && error.status !== 404) throw error;
    }
  }
  return null;
}
