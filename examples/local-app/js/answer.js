// What a node said, in the worker's words: a ticket, a refusal, or that nothing has come yet.
import { NoAnswer } from './nodes.js';
import { language, moment, words } from './words.js';

export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children.filter((child) => child !== null && child !== ''));
  return made;
}

export function button(text, tapped) {
  const made = element('button', 'quiet', text);
  made.type = 'button';
  made.addEventListener('click', tapped);
  return made;
}

function waits(said) {
  const w = words();
  const turn = said.draw_at ? w.wait_draw(moment(said.draw_at)) : w.wait_by[said.wait_rule] ?? '';
  return ['wait', said.draw_at ? w.in_the_draw : w.wait_listed(said.position), [turn, said.position && said.at_this_node ? w.wait_here : '']];
}

// The answer in the node's own terms, and nothing better: kind, title and texts.
export function told(said) {
  const w = words();
  const because = w.reasons[said.reason] ? w.why + w.reasons[said.reason] : '';
  switch (said.status) {
    case 'confirmed': return ['go', w.confirmed, [w.confirmed_text, said.provisional_until ? w.provisional : '', said.cancel_asked ? w.cancel_asked : '']];
    case 'wait_listed': return waits(said);
    case 'requested': return ['ask', w.requested, [w.requested_text]];
    case 'cancelled': return ['stop', w.cancelled, [because]];
    case 'bumped': return ['stop', w.bumped, [because]];
    default: return ['ask', w.kept_ticket, [w.kept_ticket_text]];
  }
}

// Why, in words of this language; a node's own sentence where the app has none.
function reason(error) {
  const w = words();
  if (error instanceof NoAnswer) return w.no_node;
  if (error.rule) return error.rule[language()] ?? error.rule.en ?? error.message;
  if (error.code === 'bad-request' && error.fields.includes('phone')) return w.phone_wrong;
  return w.problems[error.code] ?? error.message;
}

export function why(error) {
  const again = error.status === 429 ? words().again_in(Math.ceil(error.retryAfterMs / 1_000)) : '';
  return [reason(error), again].filter(Boolean).join(words().gap);
}

function ticket(said) {
  const [kind, title, texts] = told(said);
  const code = element('p', 'code', `${said.code.slice(0, 3)} ${said.code.slice(3)}`);
  const spoken = element('span', 'unseen', words().digits + words().colon);
  code.prepend(spoken);
  return { kind, parts: [element('b', '', title), code, ...texts.filter(Boolean).map((text) => element('p', '', text))] };
}

function refused({ error, isKept, tickets = [] }, fresh) {
  const w = words();
  const isOpen = error instanceof NoAnswer || error.status >= 500 || error.status === 429;
  const isUnsure = isKept && error.code !== 'key-reused';
  const texts = error instanceof NoAnswer ? [w.no_answer_text] : [why(error), error.status === 429 ? w.later_text : isOpen ? w.kept_text : isUnsure ? w.unsure_text : ''];
  const isKnown = error.code === 'already-signed-up';
  const parts = [element('b', '', isOpen ? w.no_answer : isKnown ? w.already : w.refused), ...texts.filter(Boolean).map((text) => element('p', '', text))];
  if (error.code === 'key-reused') parts.push(button(w.fresh, fresh));
  if (tickets.length > 0) parts.push(element('p', '', w.tickets_here));
  for (const known of tickets) parts.push(...ticket(known).parts);
  return { kind: isOpen || isKnown ? 'ask' : 'stop', parts };
}

// Draws what is between the worker and the nodes about one job; `fresh` signs up under another key.
export function drawTalk(place, talk, fresh) {
  const w = words();
  place.hidden = !talk;
  delete place.dataset.status;
  delete place.dataset.id;
  delete place.dataset.code;
  if (!talk) return;
  const text = (title, body) => ({ kind: 'ask', parts: [element('b', '', title), element('p', '', body)] });
  let drawn;
  if (talk.answer) {
    drawn = ticket(talk.answer);
    place.dataset.status = talk.answer.status;
    place.dataset.id = talk.answer.id;
  } else if (talk.error) {
    drawn = refused(talk, fresh);
    place.dataset.code = talk.error.code ?? 'no-answer';
  } else if (talk.pause) {
    drawn = text(w.waiting, reason(talk.pause.error) + w.gap + w.waiting_text(Math.ceil(talk.pause.ms / 1_000)));
    place.dataset.code = 'waiting';
  } else if (talk.isSending) {
    drawn = text(w.sending, w.sending_text);
  } else {
    drawn = text(w.unanswered, w.unanswered_text);
  }
  place.className = `note ${drawn.kind}`;
  place.replaceChildren(...drawn.parts);
}
