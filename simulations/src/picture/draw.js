// The run and what is drawn of it: the time line, the seats by holder, the strip of the whole run.
const run = "RUN";
const $ = id => document.getElementById(id);
const two = n => String(n).padStart(2, "0");
const clock = ms => { const s = Math.floor(ms / 1000);
  return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}.${String(ms % 1000).padStart(3, "0")}`; };
const long = ms => ms < 60000 ? `${(ms / 1000).toFixed(1)} s` : ms < 3600000 ? `${Math.round(ms / 60000)} min` : `${(ms / 3600000).toFixed(1)} h`;
const escaped = text => String(text).replace(/[&<>"]/g, one => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[one]);

// "machine 3, node 2" is node 2 where it is the first of that name, and a copy names its original.
const lanes = run.lanes.map(name => {
  const copy = /a copy of (\d+)/.exec(name);
  const of = copy ? run.lanes[Number(copy[1]) + 1] : name;
  const node = /node (\d+)/.exec(of || "");
  return node ? (copy ? `copy of ${node[1]}` : `node ${node[1]}`) : name;
});
const NAMES = { down: "crash", fenced: "fenced", cut: "cut off", cut_to_hub: "cut to the hub", cut_to_node: "cut to the node",
  disk_full: "disk full", slow_disk: "slow disk", hostile: "hostile", lost_reports: "reports get lost" };
const isCut = kind => kind.startsWith("cut");
const messages = run.marks.filter(mark => mark.mark === "message").sort((a, b) => a.sent - b.sent);
const faults = run.marks.filter(mark => mark.mark === "fault");
const violationAt = run.head.violation ? run.end : null;
const stackOf = new Map(run.stacks.map(stack => [stack.job, stack]));
const begin = lanes.map((_, lane) => (run.glyphs.find(glyph => glyph.kind === "copied" && glyph.lane === lane) || { at: 0 }).at);

// Copies make many lanes.
const TOP = 34, LANE = lanes.length > 8 ? 36 : 58, SEATS = 190, MESSAGES_MAX = 240;
let width = 0, gutter = 0, view = [0, run.end];
const x = at => gutter + (width - gutter - 8) * (at - view[0]) / (view[1] - view[0]);
const yOf = lane => TOP + 32 + lane * LANE;
const use = (id, at, y, size, kind) => `<use href="#${id}" x="${(at - size / 2).toFixed(1)}" y="${y - size / 2}" width="${size}" height="${size}" class="${kind}" fill="currentColor"/>`;
const line = (x1, y1, x2, y2, rest) => `<line x1="${x1.toFixed(1)}" y1="${y1}" x2="${x2.toFixed(1)}" y2="${y2}" ${rest}/>`;
const rect = (at, y, w, h, rest) => `<rect x="${at.toFixed(1)}" y="${y.toFixed(1)}" width="${Math.max(w, .1).toFixed(1)}" height="${Math.max(h, 0).toFixed(1)}" ${rest}/>`;
const text = (at, y, words, kind, anchor = "start", style = "") => `<text x="${at.toFixed(1)}" y="${y}" class="${kind}" text-anchor="${anchor}" style="${style}">${escaped(words)}</text>`;

function measure() {
  width = Math.max(300, $("time").clientWidth);
  gutter = width < 600 ? 62 : 84;
}

// Round times, at most one each 90 px.
function ticks() {
  const wanted = (view[1] - view[0]) * 90 / (width - gutter);
  const step = [10, 50, 100, 500, 1e3, 5e3, 1e4, 3e4, 6e4, 3e5, 6e5, 18e5, 36e5, 72e5].find(one => one >= wanted) || 144e5;
  const all = [];
  for (let at = Math.ceil(view[0] / step) * step; at <= view[1]; at += step) all.push(at);
  return { all, fine: step < 1000, coarse: step >= 60000 };
}

function axis(bottom, words) {
  const { all, fine, coarse } = ticks();
  const shown = at => fine ? clock(at) : clock(at).slice(0, coarse ? 5 : 8);
  return all.map(at => line(x(at), TOP, x(at), bottom, 'stroke="var(--grid)"')
    + (words ? text(x(at), TOP - 8, shown(at), "small", "middle") : "")).join("");
}

function drawSpan(span) {
  const from = Math.max(x(span.from), gutter), until = Math.min(x(span.until), width - 8), y = yOf(span.lane), wide = until - from;
  const title = `<title>${escaped(lanes[span.lane])}: ${NAMES[span.kind] || span.kind}, ${clock(span.from)} to ${clock(span.until)}</title>`;
  let made = "";
  if (isCut(span.kind)) {
    const up = y - (LANE > 40 ? 24 : 17), dash = span.kind === "cut" ? "" : 'stroke-dasharray="5 3"';
    made += line(from, up, until, up, `stroke="var(--cut)" stroke-width="1.5" ${dash}`);
    if (span.from >= view[0]) made += use("cut", from, up, 11, "cut");
    if (span.until <= view[1]) made += use("heal", until, up, 10, "ok");
    const words = `${NAMES[span.kind]} ${long(span.until - span.from)}`, room = words.length * 6 + 18;
    if (wide > room + 24) made += rect((from + until - room) / 2, up - 8, room, 16, 'fill="var(--paper)"')
      + text((from + until) / 2, up + 4, words, "", "middle", "fill:var(--cut)");
  } else if (span.kind === "down") {
    if (span.from >= view[0]) made += use("down", from, y, 12, "ink");
    if (span.until <= view[1] && span.until < run.end) made += use("boot", until + 2, y, 11, "ink");
    if (wide > 60) made += text((from + until) / 2, y + 18, `down ${long(span.until - span.from)}`, "small", "middle");
  } else if (span.kind === "fenced") {
    made += rect(from, y - 6, wide, 12, 'fill="url(#hatch)"');
    if (span.from >= view[0]) made += use("fenced", from, y, 15, "fenced");
  } else if (span.kind !== "gone") {
    made += line(from, y + 9, until, y + 9, 'stroke="var(--behind)" stroke-width="3"');
    if (wide > 70) made += text((from + until) / 2, y + 22, NAMES[span.kind], "small", "middle", "fill:var(--behind)");
  }
  return `<g class="span" data-kind="${span.kind}" data-lane="${span.lane}">${title}${made}</g>`;
}

function drawLanes(bottom) {
  return lanes.map((name, lane) => {
    const y = yOf(lane), off = run.spans.filter(span => span.lane === lane && ["down", "gone"].includes(span.kind)).sort((a, b) => a.from - b.from);
    let made = text(width < 600 ? 0 : 4, y + 5, name, "lane"), at = begin[lane];
    const part = (from, until, rest) => { const [a, b] = [Math.max(from, view[0]), Math.min(until, view[1])];
      if (b > a) made += line(x(a), y, x(b), y, rest); };
    for (const span of off) { part(at, span.from, 'stroke="var(--ink)" stroke-width="2.5"');
      part(span.from, span.until, 'stroke="var(--edge)" stroke-width="1" stroke-dasharray="2 4"'); at = span.until; }
    part(at, run.end, 'stroke="var(--ink)" stroke-width="2.5"');
    return made;
  }).join("");
}

// One of a kind in each pixel: a whole day has thousands.
function drawGlyphs(job) {
  const seen = new Set();
  let made = "";
  for (const pale of [true, false]) for (const glyph of run.glyphs) {
    if (glyph.at < view[0] || glyph.at > view[1] || glyph.kind === "violation" || (glyph.job !== undefined && glyph.job !== job) !== pale) continue;
    const at = x(glyph.at), y = yOf(glyph.lane), key = `${glyph.lane} ${glyph.kind} ${Math.round(at)} ${pale}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const far = LANE > 40 ? 13 : 9, above = ["confirmed", "cancelled", "bumped", "posted"].includes(glyph.kind);
    const color = { confirmed: "accent", settled: "fenced", copied: "behind", restored: "behind" }[glyph.kind] || "ink2";
    const shape = glyph.kind === "restored" ? "copied" : glyph.kind, off = above ? -far : glyph.kind === "copied" ? 0 : far;
    made += `<g class="glyph" data-kind="${glyph.kind}" ${pale ? 'opacity=".28"' : ""}>${line(at, y, at, y + off * .6, `class="${color}" stroke="currentColor" stroke-width="1.2"`)}${use(shape, at, y + off, 11, color)}</g>`;
  }
  return made;
}

function drawTransfers(job) {
  return run.transfers.filter(one => one.job === job && one.left <= view[1] && (one.arrived ?? one.left) >= view[0]).map(one => {
    const node = yOf(one.lane), hub = yOf(0), from = x(one.left), to = x(one.arrived ?? one.left), color = one.grant ? "accent" : "ink2";
    const [y1, y2] = one.grant ? [hub, node - 12] : [node, hub + 12];
    const lost = one.arrived === null ? 'stroke-dasharray="3 3"' : "";
    return `<g class="transfer ${color}" data-kind="${one.grant ? "grant" : "return"}"><title>${one.count} ${one.grant ? "granted to" : "returned by"} ${escaped(lanes[one.lane])}</title>`
      + line(from, y1, to, y2, `stroke="currentColor" stroke-width="1.2" ${lost}`) + use(one.grant ? "grant" : "return", to, y2, 10, color)
      + (one.count > 1 ? text(to + 6, one.grant ? hub + 20 : hub + 26, one.count, "small", "start", "fill:currentColor") : "") + "</g>";
  }).join("");
}

function drawMessages() {
  const near = messages.filter(one => one.sent <= view[1] && one.arrives >= view[0]);
  if (near.length > MESSAGES_MAX) return "";
  return near.map(one => `<g><title>${escaped(one.kind)}, ${one.bytes} bytes</title>${line(x(one.sent), yOf(one.from), x(one.arrives), yOf(one.to), 'stroke="var(--edge)" stroke-width="1" opacity=".6"')}</g>`).join("");
}

function drawTime(job) {
  const bottom = TOP + lanes.length * LANE + 12;
  const inside = run.spans.filter(span => span.until >= view[0] && span.from <= view[1]);
  let made = axis(bottom, true) + drawMessages() + drawTransfers(job) + drawLanes(bottom) + inside.map(drawSpan).join("") + drawGlyphs(job);
  if (run.healed !== null && run.healed >= view[0] && run.healed <= view[1]) made += line(x(run.healed), TOP, x(run.healed), bottom, 'stroke="var(--ok)" stroke-dasharray="2 3" stroke-width="1.5"')
    + use("heal", x(run.healed), TOP + 2, 10, "ok") + text(x(run.healed) - 8, TOP + 6, "everything heals", "small", "end", "fill:var(--ok)");
  if (violationAt !== null && violationAt <= view[1]) made += line(x(violationAt), TOP, x(violationAt), bottom, 'stroke="var(--cut)" stroke-width="2" id="violation-line"')
    + use("broken", x(violationAt), TOP, 13, "cut");
  $("time").innerHTML = `<svg viewBox="0 0 ${width} ${bottom}" height="${bottom}" role="img" aria-label="Time line of the hub and ${lanes.length - 1} machines">${made}<g class="cursor"></g></svg>`;
}

// The level at a time, or null before the first.
function levelAt(stack, at) {
  if (!stack || !stack.levels.length || stack.levels[0].at > at) return null;
  let low = 0, high = stack.levels.length - 1;
  while (low < high) { const mid = (low + high + 1) >> 1; if (stack.levels[mid].at <= at) low = mid; else high = mid - 1; }
  return stack.levels[low];
}
const holderName = ([writer, lane]) => lane === 0 ? "hub" : `${lane === null ? "node" : lanes[lane]}${lane === null ? ` ${writer}` : writer.endsWith(".1") ? "" : ` (${writer})`}`;
const sumOf = level => level.parts.reduce((sum, [used, free]) => sum + used + free, 0);

function seatsScale(stack) {
  let most = 1;
  for (const level of stack.levels) most = Math.max(most, level.cap, sumOf(level) + Math.max(0, level.pool));
  return (SEATS - 14) / most;
}

function drawSeats(job) {
  const stack = stackOf.get(job), bottom = SEATS + 4;
  $("seats-title").textContent = job ? `Seats of ${job} by holder` : "No job was posted";
  if (!stack) { $("seats").innerHTML = ""; return; }
  const scale = seatsScale(stack);
  let made = "", cap = "";
  stack.levels.forEach((level, n) => {
    const next = stack.levels[n + 1] ? stack.levels[n + 1].at : run.end;
    if (next < view[0] || level.at > view[1]) return;
    const from = Math.max(gutter, x(level.at)), wide = Math.min(x(next), width - 8) - from;
    let y = bottom;
    const block = (count, fill, kind) => { if (count <= 0) return; y -= count * scale; made += rect(from, y, wide, count * scale, `fill="${fill}" data-part="${kind}"`); };
    for (const [used, free, limbo] of level.parts) {
      if (limbo) block(used + free, "url(#hatch)", "limbo");
      else { block(used, "var(--accent)", "used"); block(free, "var(--soft)", "free"); }
      if (used + free > 0) made += rect(from, y, wide, 1.5, 'fill="var(--paper)"');
    }
    block(level.pool, "var(--grid)", "pool");
    const line = bottom - level.cap * scale;
    if (y < line - .5) made += rect(from, y, wide, line - y, 'fill="url(#over)" data-part="over"');
    cap += `${cap ? "L" : "M"}${from.toFixed(1)} ${line.toFixed(1)}H${(from + wide).toFixed(1)}`;
  });
  made += `<path d="${cap}" fill="none" stroke="var(--ink)" stroke-width="1.5"/>` + line(gutter, bottom, width - 8, bottom, 'stroke="var(--ink)" stroke-width="1.5"');
  $("seats").innerHTML = `<svg viewBox="0 0 ${width} ${bottom + 2}" height="${bottom + 2}" role="img" aria-label="Seats of the job by holder over time">${made}<g class="names"></g><g class="cursor"></g></svg>`;
}

function nameHolders(job, at) {
  const stack = stackOf.get(job), level = levelAt(stack, at), place = $("seats").querySelector(".names");
  if (!place) return;
  if (!level) { place.innerHTML = ""; return; }
  const scale = seatsScale(stack);
  let y = SEATS + 4, last = y + 12, made = "";
  const name = (count, words) => { y -= count * scale; const middle = y + count * scale / 2 + 4;
    if (count > 0 && last - middle >= 12) { made += text(gutter - 6, Math.round(middle), words, "small", "end"); last = middle; } };
  level.parts.forEach(([used, free], n) => name(used + free, holderName(stack.holders[n])));
  name(Math.max(0, level.pool), "hub pool");
  place.innerHTML = made;
}

const STRIP = 44;
let bars = null;
function drawStrip() {
  const count = Math.max(40, Math.floor((width - gutter) / 8)), wide = (width - gutter - 8) / count;
  if (!bars || bars.length !== count) {
    bars = new Array(count).fill(0);
    for (const [at] of run.events) bars[Math.min(count - 1, Math.floor(at / run.end * count))] += 1;
  }
  const most = Math.max(...bars, 1), whole = at => gutter + (width - gutter - 8) * at / run.end, seen = new Set();
  let made = rect(whole(view[0]), 0, whole(view[1]) - whole(view[0]), STRIP - 12, 'fill="var(--grid)"');
  bars.forEach((one, n) => { if (one) made += rect(gutter + n * wide, STRIP - 13 - 28 * one / most, wide - 1.5, 28 * one / most + 1, 'fill="var(--ink2)"'); });
  made += line(gutter, STRIP - 12, width - 8, STRIP - 12, 'stroke="var(--ink)"') + text(0, STRIP - 2, "faults", "small");
  const put = (at, id, kind) => { const key = `${id} ${Math.round(whole(at) / 9)}`; if (!seen.has(key)) { seen.add(key); made += use(id, whole(at), STRIP - 5, 9, kind); } };
  for (const span of run.spans) if (isCut(span.kind)) put(span.from, "cut", "cut"); else if (["down", "fenced"].includes(span.kind)) put(span.from, span.kind, span.kind === "down" ? "ink" : "fenced"); else put(span.from, "fault", "behind");
  for (const fault of faults) if (!["cut", "crash", "kill"].includes(fault.what)) put(fault.at, "fault", "behind");
  $("strip").innerHTML = `<svg viewBox="0 0 ${width} ${STRIP}" height="${STRIP}" role="img" aria-label="The whole run: how much happened when, and faults">${made}<g class="cursor"></g></svg>`;
}

const LEGEND = [["confirmed", "accent", "confirmed"], ["wait_listed", "ink2", "waiting"], ["requested", "ink2", "left to the hub"],
  ["cancelled", "ink2", "cancelled"], ["bumped", "ink2", "ended"], ["posted", "ink2", "job posted"], ["grant", "accent", "grant"], ["return", "ink2", "return"],
  ["down", "ink", "crash"], ["boot", "ink", "runs again"], ["cut", "cut", "line cut"], ["heal", "ok", "line heals"], ["fenced", "fenced", "fenced"],
  ["settled", "fenced", "settled"], ["copied", "behind", "copied or older disk"], ["fault", "behind", "other fault"]];
$("legend").innerHTML = LEGEND.map(([id, color, words]) => `<li><svg class="${color}" aria-hidden="true"><use href="#${id}"/></svg>${words}</li>`).join("")
  + "<li>pale: other jobs</li><li>grey lines: messages, from closer</li>";
$("seats-legend").innerHTML = [["var(--accent)", "used"], ["var(--soft)", "held, free or on its way"], ["var(--grid)", "hub pool"], ["url(#hatch)", "limbo: behind a fence"], ["url(#over)", "beyond the cap"]]
  .map(([fill, words]) => `<li><svg aria-hidden="true"><rect width="12" height="12" fill="${fill}"/></svg>${words}</li>`).join("");
