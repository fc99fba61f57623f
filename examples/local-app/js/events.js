// Follows a node's event stream. The id of the last event is kept per node, so that what happened while the phone slept is
// told first; EventSource forgets it with the page.

const FIRST_WAIT_MS = 500;
const WAIT_MS_MAX = 30_000;

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

// Splits a stream of text into events: `event`, `data` and `id` of each.
async function* parse(body) {
  let rest = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    rest += chunk;
    const blocks = rest.split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const event = {};
      for (const line of block.split('\n')) {
        const colon = line.indexOf(':');
        if (colon > 0) event[line.slice(0, colon)] = line.slice(colon + 1).trim();
      }
      if (event.event) yield event;
    }
  }
}

// Calls `heard` with each event until `stop.abort()`, and `lost` whenever the stream breaks off.
export async function follow(url, stop, heard, lost) {
  const kept = `dayshift.event.${url}`;
  let pause = FIRST_WAIT_MS;
  while (!stop.signal.aborted) {
    try {
      const last = sessionStorage.getItem(kept);
      const headers = last ? { 'Last-Event-ID': last } : {};
      const response = await fetch(`${url}/v1/events`, { headers, signal: stop.signal, cache: 'no-store' });
      if (!response.ok) throw new Error(String(response.status));
      pause = FIRST_WAIT_MS;
      for await (const event of parse(response.body)) {
        if (event.id) sessionStorage.setItem(kept, event.id);
        heard(event);
      }
    } catch (error) {
      if (stop.signal.aborted) return;
    }
    await wait(pause);
    if (stop.signal.aborted) return;
    lost();
    pause = Math.min(pause * 2, WAIT_MS_MAX);
  }
}
