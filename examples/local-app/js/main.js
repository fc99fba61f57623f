// The app: a list, one job with its form, and the answer as the node gave it.
import { follow } from './events.js';
import { NoAnswer, Nodes } from './nodes.js';
import { look, signUp, tickets, unanswered } from './sign_up.js';
import { distance, language, money, otherLanguage, time, words } from './words.js';

const $ = (id) => document.getElementById(id);
const REFRESH_MS = 300;

let nodes;
let stream = null;
let timeZone;
let found = { jobs: [], total: 0, next_page_token: null };
let categories = [];
let open = null;
let answer = null;
let wasMoved = false;
let refresh = null;

function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children.filter((child) => child !== null && child !== ''));
  return made;
}

function drawNode() {
  const node = nodes?.current;
  const said = [];
  if (node) {
    if (wasMoved) said.push(words().moved);
    said.push(words().at(node.name, distance(node.far), node.ms));
    if (node.isCut) said.push(words().cut);
  } else {
    said.push(nodes ? words().no_node : words().looking);
  }
  $('node').className = node && !node.isCut && !wasMoved ? '' : 'cut';
  $('node').textContent = said.join(' ');
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

function drawList() {
  $('list-title').textContent = found.jobs.length ? words().jobs(found.total) : words().none_found;
  $('jobs').replaceChildren(...found.jobs.map((job) => {
    const where = [job.place, distance(job.distance_m)].filter(Boolean).join(', ');
    const button = element('button', 'job', element('b', '', job.title), element('span', '', where),
      element('span', '', time(job, timeZone)), element('span', '', money(job)), seats(job), made(job) && element('span', '', made(job)));
    button.type = 'button';
    button.dataset.job = job.id;
    button.addEventListener('click', () => show(job));
    return element('li', '', button);
  }));
  $('more').hidden = !found.next_page_token;
}

function drawCategories() {
  const chosen = $('category').value;
  const option = ({ name, open: count }) => new Option(`${name || words().none} (${count})`, name);
  $('category').replaceChildren(new Option(words().all, ''), ...categories.filter((one) => one.open > 0 && one.name).map(option));
  $('category').value = chosen;
}

function drawFacts() {
  if (!open) return;
  const facts = [[words().when, time(open, timeZone)], [words().where, open.place], [words().pay, money(open)], [words().places, seats(open)], [words().note, made(open)]];
  $('one-title').textContent = open.title;
  $('facts').replaceChildren(...facts.filter(([, fact]) => fact).flatMap(([name, fact]) => [element('dt', '', name), element('dd', '', fact)]));
}

// The answer in the node's own terms, and nothing better.
function told(said) {
  const w = words();
  const reason = w.reasons[said.reason] ? w.bumped_text + w.reasons[said.reason] : '';
  switch (said.status) {
    case 'confirmed': return ['go', w.confirmed, [w.confirmed_text, said.provisional_until ? w.provisional : '']];
    case 'wait_listed': return ['wait', w.wait_listed(said.position), [w.wait_text, said.at_this_node ? w.wait_here : '']];
    case 'requested': return ['ask', w.requested, [w.requested_text]];
    case 'cancelled': return ['stop', w.cancelled, [reason]];
    default: return ['stop', w.bumped, [reason]];
  }
}

function drawAnswer() {
  $('answer').hidden = !answer;
  if (!answer) return;
  if (answer.problem) {
    const [title, text] = answer.problem instanceof NoAnswer ? [words().no_answer, words().no_answer_text] : [words().refused, answer.problem.message];
    $('answer').className = `note ${answer.problem instanceof NoAnswer ? 'ask' : 'stop'}`;
    $('answer').replaceChildren(element('b', '', title), element('p', '', text));
    return;
  }
  const [kind, title, texts] = told(answer);
  const code = element('p', 'code', `${answer.code.slice(0, 3)} ${answer.code.slice(3)}`);
  code.setAttribute('aria-label', `${words().digits}: ${answer.code}`);
  $('answer').className = `note ${kind}`;
  $('answer').dataset.status = answer.status;
  $('answer').dataset.id = answer.id;
  const all = [answer.already ? words().already : '', ...texts].filter(Boolean);
  $('answer').replaceChildren(element('b', '', title), code, ...all.map((text) => element('p', '', text)));
}

async function drawTickets() {
  const known = tickets();
  $('tickets-title').hidden = known.length === 0;
  const rows = await Promise.all(known.map(async (ticket) => {
    const stands = await look(nodes, ticket).catch(() => null);
    const title = stands ? told(stands)[1] : '';
    return element('li', 'ticket', element('b', '', ticket.title), ` ${[title, ticket.code].filter(Boolean).join(', ')}`);
  }));
  $('tickets').replaceChildren(...rows);
}

function drawUnanswered() {
  const waiting = unanswered();
  $('unanswered').hidden = !waiting;
  if (!waiting) return;
  const go = element('button', 'quiet', words().continue);
  go.type = 'button';
  go.addEventListener('click', async () => show(await nodes.read(`/v1/jobs/${encodeURIComponent(waiting.job)}`)));
  $('unanswered').replaceChildren(element('b', '', words().unanswered), element('p', '', words().unanswered_text(waiting.title)), go);
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
  drawAnswer();
  drawUnanswered();
}

async function search(token = null) {
  const query = new URLSearchParams({ page_size: '20' });
  if ($('q').value.trim()) query.set('q', $('q').value.trim());
  if ($('category').value) query.set('category', $('category').value);
  if (nodes.here) {
    query.set('near', `${nodes.here.lat},${nodes.here.lon}`);
    query.set('radius_m', '50000');
    query.set('sort', 'distance');
  }
  if (token) query.set('page_token', token);
  try {
    const page = await nodes.read(`/v1/jobs?${query}`);
    found = token ? { ...page, jobs: [...found.jobs, ...page.jobs] } : page;
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
  }
  drawList();
}

function show(job) {
  open = job;
  answer = null;
  $('list').hidden = true;
  $('one').hidden = false;
  $('sign-up').hidden = false;
  drawFacts();
  drawAnswer();
  $('one-title').focus();
}

async function back() {
  open = null;
  $('phone').value = '';
  $('one').hidden = true;
  $('list').hidden = false;
  drawUnanswered();
  await Promise.all([search(), drawTickets()]);
}

async function send(event) {
  event.preventDefault();
  const button = $('sign-up').querySelector('button');
  button.disabled = true;
  button.textContent = words().sending;
  try {
    answer = await signUp(nodes, open, $('phone').value.trim());
    $('sign-up').hidden = true;
    $('phone').value = '';
  } catch (problem) {
    answer = { problem };
  }
  button.disabled = false;
  button.textContent = words().sign_up;
  drawAnswer();
}

// What changed is read again, a moment later and once for many events.
function heard(event) {
  const jobs = event.event === 'jobs' ? JSON.parse(event.data).jobs : null;
  const concerns = !jobs || jobs.some((id) => id === open?.id || found.jobs.some((job) => job.id === id)) || found.jobs.length === 0;
  if (!concerns || refresh) return;
  refresh = setTimeout(async () => {
    refresh = null;
    if (open) {
      open = await nodes.read(`/v1/jobs/${encodeURIComponent(open.id)}`).catch(() => open);
      drawFacts();
    } else {
      await search();
    }
  }, REFRESH_MS);
}

function changed(node, isMoved) {
  wasMoved = isMoved;
  stream?.abort();
  stream = node ? new AbortController() : null;
  if (node) follow(node.url, stream, heard);
  drawNode();
}

// Only asked for when the worker taps: the app works without it.
function findMe() {
  navigator.geolocation?.getCurrentPosition(async ({ coords }) => {
    nodes.here = { lat: coords.latitude, lon: coords.longitude };
    await nodes.choose();
    await search();
  });
}

async function start() {
  draw();
  const list = await (await fetch('nodes.json', { cache: 'no-store' })).json();
  nodes = new Nodes(list.nodes, changed);
  await nodes.choose();
  const [regions, kinds] = await Promise.all([nodes.read('/v1/regions'), nodes.read('/v1/categories')]).catch(() => [null, null]);
  timeZone = regions?.regions[0]?.time_zone;
  categories = kinds?.categories ?? [];
  draw();
  await Promise.all([search(), drawTickets()]);
  document.body.dataset.ready = 'true';
}

$('lang').addEventListener('click', () => {
  otherLanguage();
  draw();
  drawTickets();
});
$('search').addEventListener('submit', (event) => {
  event.preventDefault();
  search();
});
$('category').addEventListener('change', () => search());
$('more').addEventListener('click', () => search(found.next_page_token));
$('near').addEventListener('click', findMe);
$('back').addEventListener('click', back);
$('sign-up').addEventListener('submit', send);
addEventListener('online', () => nodes?.choose());
await start();
