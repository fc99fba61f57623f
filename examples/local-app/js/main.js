// The app: a list, one job with its form, and the answer as the node gave it.
import { button, drawTalk, element, told, why } from './answer.js';
import { follow } from './events.js';
import { BEHIND_REST_MS, NoAnswer, Nodes } from './nodes.js';
import { byDigits, look, signUp, tickets, ticketsFor, wishFor, wishes } from './sign_up.js';
import { distance, language, money, otherLanguage, setZone, time, words } from './words.js';

const $ = (id) => document.getElementById(id);
const REFRESH_MS = 300;
const NODES_AGAIN_MS = 5_000;
const PAGE_SIZE = 20;
const PAGE_SIZE_MAX = 100;
const RADIUS_M = '50000';

let nodes;
let stream = null;
let streamed = null;
let hasZone = false;
let categories = [];
// What was searched for, which is not always what is being typed.
let asked = { q: '', category: '' };
let found = null;
let isSearching = false;
let searchError = null;
let position = '';
let open = null;
let refresh = null;
let refreshAt = Infinity;
let again = null;
// By job: what is between the worker and the nodes.
const talks = new Map();
// How the tickets stood when they were looked at last, by id.
const stood = new Map();
let digitsError = null;

function drawNode() {
  const node = nodes?.current;
  const said = [];
  if (node) {
    if (nodes.wasMoved) said.push(words().moved);
    said.push(words().at(node.name, distance(node.far), node.ms));
    if (!node.isReady) said.push(words().unready);
    else if (node.isCut) said.push(words().cut);
  } else {
    said.push(nodes?.answering ? words().no_node : words().looking);
  }
  $('node').className = node && node.isReady && !node.isCut && !nodes.wasMoved ? '' : 'cut';
  $('node').textContent = said.join(words().gap);
  $('behind').hidden = !nodes?.isBehind;
  $('behind').replaceChildren(...(nodes?.isBehind ? [element('b', '', words().behind), element('p', '', words().behind_text)] : []));
}

function seats(job) {
  const line = element('span', `seats${job.seats.here > 0 ? ' here' : ''}`);
  line.textContent = words().seats(job.seats.here, job.seats.free, job.seats.cap);
  return line;
}

// What is not a real offer is called so wherever it is shown.
function made(job) {
  if (job.synthetic) return words().synthetic;
  return job.redated ? words().redated : '';
}

function listTitle() {
  if (isSearching || (!found && !searchError)) return words().searching;
  if (searchError && (!found || !(searchError instanceof NoAnswer))) return why(searchError);
  return found.jobs.length ? words().jobs(found.total) : words().none_found;
}

// A job keeps its button: a finger that is on it, and the focus, outlive what is read meanwhile.
function drawList() {
  const widened = found?.jobs.length && found.widened ? words().widened : '';
  const old = found && searchError ? words().list_old : '';
  if ($('list-title').textContent !== listTitle()) $('list-title').textContent = listTitle();
  $('list-note').textContent = [words()[position], old, widened].filter(Boolean).join(words().gap);
  const known = new Map([...$('jobs').children].map((item) => [item.firstChild.dataset.job, item]));
  const items = (found?.jobs ?? []).map((job) => {
    const item = known.get(job.id) ?? element('li', '', element('button', 'job'));
    const where = [job.place, distance(job.distance_m)].filter(Boolean).join(', ');
    const line = item.firstChild;
    line.type = 'button';
    line.dataset.job = job.id;
    line.onclick = () => enter(job);
    line.replaceChildren(element('b', '', job.title), element('span', '', where), element('span', '', time(job)), element('span', '', money(job)), seats(job));
    if (made(job)) line.append(element('span', '', made(job)));
    return item;
  });
  const isSame = items.length === $('jobs').children.length && items.every((item, at) => item === $('jobs').children[at]);
  if (!isSame) {
    const focused = document.activeElement;
    $('jobs').replaceChildren(...items);
    if (focused?.isConnected && focused !== document.activeElement) focused.focus();
  }
  $('more').hidden = !found?.next_page_token;
}

function drawCategories() {
  const chosen = $('category').value;
  const option = ({ name, open: count }) => new Option(`${name || words().none} (${count})`, name);
  $('category').replaceChildren(new Option(words().all, ''), ...categories.filter((one) => one.open > 0 && one.name).map(option));
  $('category').value = chosen;
  if ($('category').selectedIndex < 0) $('category').value = '';
}

function drawFacts() {
  if (!open) return;
  const facts = open.seats
    ? [[words().when, time(open)], [words().where, open.place], [words().pay, money(open)], [words().places, seats(open)], [words().note, made(open)]]
    : [[words().note, open.isGone ? words().gone : '']];
  $('one-title').textContent = open.title;
  $('facts').replaceChildren(...facts.filter(([, fact]) => fact).flatMap(([name, fact]) => [element('dt', '', name), element('dd', '', fact)]));
}

function drawForm() {
  if (!open) return;
  const talk = talks.get(open.id) ?? (wishFor(open.id) ? {} : null);
  const go = $('sign-up').querySelector('button');
  $('sign-up').hidden = Boolean(talk?.answer);
  go.disabled = Boolean(talk?.isSending);
  go.textContent = talk?.isSending ? words().sending : words().sign_up;
  drawTalk($('answer'), talk, () => send({ fresh: true }));
  $('digits').hidden = !['already-signed-up', 'overlap'].includes(talk?.error?.code);
  $('digits-error').textContent = digitsError ? why(digitsError) : '';
}

// What this phone keeps is shown at once, and how it stands as soon as a node says so.
async function drawTickets() {
  const known = tickets();
  $('tickets-title').hidden = known.length === 0;
  const row = (ticket) => {
    const state = stood.has(ticket.id) ? told(stood.get(ticket.id))[1] : '';
    return element('li', 'ticket', element('b', '', ticket.title), ` ${[state, ticket.code].filter(Boolean).join(', ')}`);
  };
  const rows = known.map(row);
  $('tickets').replaceChildren(...rows);
  await Promise.all(known.map(async (ticket, at) => {
    stood.set(ticket.id, (await look(nodes, ticket)) ?? {});
    rows[at].replaceWith(row(ticket));
  }));
}

function drawWishes() {
  const waiting = wishes().filter((wish) => !talks.get(wish.job)?.isSending);
  $('unanswered').hidden = waiting.length === 0;
  $('unanswered').replaceChildren(...waiting.flatMap((wish) => [
    element('b', '', words().unanswered + words().colon + wish.title), element('p', '', words().unanswered_text), button(words().continue, () => enterKept(wish)),
  ]));
}

function draw() {
  document.documentElement.lang = language();
  document.title = `${words().title} · Dayshift`;
  for (const place of document.querySelectorAll('[data-t]')) place.textContent = words()[place.dataset.t];
  $('lang').textContent = words().other;
  $('lang').lang = language() === 'zh' ? 'en' : 'zh';
  drawNode();
  drawCategories();
  drawList();
  drawFacts();
  drawForm();
  drawWishes();
}

// What does not change while the app is open; times are told in the zone of the place.
async function learn() {
  if (hasZone) return;
  const [regions, kinds] = await Promise.all([nodes.read('/v1/regions'), nodes.read('/v1/categories')]);
  setZone(regions.regions[0]?.time_zone);
  categories = kinds.categories;
  hasZone = true;
  drawCategories();
}

function query(token, size) {
  const query = new URLSearchParams({ page_size: String(size) });
  if (asked.q) query.set('q', asked.q);
  if (asked.category) query.set('category', asked.category);
  if (nodes.here) {
    query.set('near', `${nodes.here.lat},${nodes.here.lon}`);
    query.set('radius_m', RADIUS_M);
    query.set('sort', 'distance');
  }
  if (token) query.set('page_token', token);
  return query;
}

let turn = 0;

// Reads a page of the list. Of two that are on their way only the later one is shown.
async function list(token, size) {
  turn += 1;
  const mine = turn;
  try {
    await learn();
    const page = await nodes.read(`/v1/jobs?${query(token, size)}`);
    if (mine !== turn) return;
    found = token ? { ...page, jobs: [...found.jobs, ...page.jobs] } : page;
    searchError = null;
  } catch (error) {
    if (mine !== turn) return;
    searchError = error;
  }
  isSearching = false;
  drawList();
  drawNode();
  // The node may hear of it at any time.
  if (nodes.isBehind) readAgain(BEHIND_REST_MS);
}

async function search() {
  if (!nodes) return;
  asked = { q: $('q').value.trim(), category: $('category').value };
  isSearching = true;
  drawList();
  await list(null, PAGE_SIZE);
}

// The next page; where the node no longer knows what it follows, the list begins again.
async function more() {
  isSearching = true;
  await list(found.next_page_token, PAGE_SIZE);
  if (searchError?.code === 'bad-page-token') await search();
}

function show(job) {
  open = job;
  digitsError = null;
  $('list').hidden = true;
  $('one').hidden = false;
  drawFacts();
  drawForm();
  scrollTo(0, 0);
  $('one-title').focus();
}

// The phone's own way back leads to the list, and not out of the app.
function enter(job) {
  history.pushState({ id: job.id, title: job.title, end_at: job.end_at }, '');
  show(job);
}

// A sign-up of before, whose job may be known no more: its key is answered all the same.
async function enterKept(wish) {
  enter({ id: wish.job, title: wish.title, end_at: wish.end_at });
  await readOpen();
}

async function readOpen() {
  const { id } = open;
  const gone = (error) => (error.code === 'unknown-job' ? { isGone: true } : {});
  const read = await nodes.read(`/v1/jobs/${encodeURIComponent(id)}`).catch(gone);
  if (open?.id !== id) return;
  open = { ...open, ...read };
  drawFacts();
}

async function showList() {
  const { id } = open ?? {};
  if (open && !talks.get(open.id)?.isSending) talks.delete(open.id);
  open = null;
  $('phone').value = '';
  $('six').value = '';
  $('one').hidden = true;
  $('list').hidden = false;
  drawWishes();
  [...$('jobs').children].find((item) => item.firstChild.dataset.job === id)?.firstChild.focus();
  await Promise.all([list(null, size()), drawTickets()]);
}

async function moved({ state }) {
  if (!state?.id) return showList();
  show(state);
  await readOpen();
}

function tell(job, talk) {
  talks.set(job.id, talk);
  if (open?.id === job.id) drawForm();
}

// One at a time for a job, however often it is tapped; the answer is there also for who has gone back meanwhile.
async function send({ fresh = false } = {}) {
  const job = open;
  const phone = $('phone').value.trim();
  if (talks.get(job.id)?.isSending || !$('sign-up').reportValidity()) return;
  tell(job, { isSending: true });
  const paused = (error, ms) => tell(job, { isSending: true, pause: error && { error, ms } });
  try {
    const answer = await signUp(nodes, job, phone, { fresh, paused });
    if (open?.id === job.id) $('phone').value = '';
    tell(job, { answer });
  } catch (error) {
    const known = error.code === 'already-signed-up' ? await ticketsFor(nodes, job.id) : [];
    tell(job, { error, isKept: wishFor(job.id) !== null, tickets: known });
  }
  if (!open) {
    // The answer stands among the tickets, or the wish among those that wait.
    drawWishes();
    await drawTickets();
  }
}

async function showDigits(event) {
  event.preventDefault();
  const job = open;
  try {
    const answer = await byDigits(nodes, $('six').value.replace(/\D/g, ''));
    digitsError = null;
    $('six').value = '';
    tell(job, { answer });
  } catch (error) {
    digitsError = error;
    drawForm();
  }
}

function size() {
  return Math.min(Math.max(PAGE_SIZE, found?.jobs.length ?? 0), PAGE_SIZE_MAX);
}

// What changed is read again, a moment later and once for many events.
function readAgain(ms = REFRESH_MS) {
  if (refreshAt <= Date.now() + ms) return;
  clearTimeout(refresh);
  refreshAt = Date.now() + ms;
  refresh = setTimeout(async () => {
    refreshAt = Infinity;
    if (isSearching) return readAgain();
    if (!open) return Promise.all([list(null, size()), drawTickets()]);
    await readOpen();
    if (nodes.isBehind) readAgain(BEHIND_REST_MS);
  }, ms);
}

function heard(event) {
  const jobs = event.event === 'jobs' ? JSON.parse(event.data).jobs : null;
  const isShown = (id) => id === open?.id || !found?.jobs.length || found.jobs.some((job) => job.id === id);
  if (!jobs || jobs.some(isShown)) readAgain();
}

// The stream stays where it is as long as the node does.
function changed() {
  const url = nodes.current?.url ?? null;
  if (url !== streamed) {
    stream?.abort();
    streamed = url;
    stream = url ? new AbortController() : null;
    if (url) follow(url, stream, heard, () => nodes.choose());
    if (url && !isSearching) readAgain();
  }
  if (!url && !again) {
    again = setTimeout(() => {
      again = null;
      nodes.choose();
    }, NODES_AGAIN_MS);
  }
  drawNode();
}

// Only asked for when the worker taps: the app works without it.
function findMe() {
  const said = (word) => {
    position = word;
    drawList();
  };
  said('locating');
  if (!navigator.geolocation) return said('no_position');
  navigator.geolocation.getCurrentPosition(async ({ coords }) => {
    said('');
    nodes.here = { lat: coords.latitude, lon: coords.longitude };
    await nodes.choose();
    await search();
  }, () => said('no_position'), { timeout: 15_000, maximumAge: 60_000 });
}

// A line that is slow or gone for a moment is no reason to stay empty.
async function nodeList() {
  for (;;) {
    try {
      return (await (await fetch('nodes.json', { cache: 'no-store' })).json()).nodes;
    } catch {
      await new Promise((done) => setTimeout(done, NODES_AGAIN_MS));
    }
  }
}

async function start() {
  history.replaceState(null, '');
  isSearching = true;
  draw();
  nodes = new Nodes(await nodeList(), changed);
  await nodes.choose();
  await Promise.all([search(), drawTickets()]);
  document.body.dataset.ready = 'true';
}

// Back in the hand after a while: the node may be another one, and what stands here is old.
async function woken() {
  if (document.visibilityState !== 'visible' || !nodes) return;
  await nodes.choose();
  readAgain();
}

$('lang').addEventListener('click', () => {
  otherLanguage();
  draw();
  if (nodes) drawTickets();
});
$('search').addEventListener('submit', (event) => {
  event.preventDefault();
  search();
});
$('category').addEventListener('change', search);
$('more').addEventListener('click', more);
$('near').addEventListener('click', findMe);
$('back').addEventListener('click', () => history.back());
$('sign-up').addEventListener('submit', (event) => {
  event.preventDefault();
  send();
});
$('digits').addEventListener('submit', showDigits);
addEventListener('popstate', moved);
addEventListener('online', woken);
document.addEventListener('visibilitychange', woken);
await start();
