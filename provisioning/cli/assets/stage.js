// The stage's script: a button's orders go to the program one after another, and each new scene that the
// program sends replaces the old one. What is new in it fades in; whoever was on a button stays there.
'use strict';

const scene = document.getElementById('scene');
const away = document.getElementById('away');
const keys = () => new Set([...scene.querySelectorAll('[data-key]')].map((mark) => mark.dataset.key));

function show(html) {
  const before = keys();
  const focus = document.activeElement?.id;
  const scrolled = scene.querySelector('.taps')?.scrollLeft ?? 0;
  scene.innerHTML = html;
  for (const mark of scene.querySelectorAll('[data-key]')) {
    if (!before.has(mark.dataset.key)) mark.classList.add('new');
  }
  scene.querySelector('.taps').scrollLeft = scrolled;
  if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
}

async function obey(button) {
  button.setAttribute('aria-busy', 'true');
  for (const order of button.dataset.do.split(' ')) {
    const answer = await fetch(`/do/${order}`, { method: 'POST', headers: { 'dayshift-stage': 'page' } }).catch(() => null);
    away.hidden = answer !== null;
    if (!answer?.ok) break;
  }
  button.removeAttribute('aria-busy');
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-do]');
  if (button && button.getAttribute('aria-busy') !== 'true') obey(button);
});

const events = new EventSource(`/events?lang=${document.documentElement.lang}`);
events.onmessage = (event) => show(event.data);
events.onopen = () => { away.hidden = true; };
events.onerror = () => { away.hidden = false; };
