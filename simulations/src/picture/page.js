// Steps: what the chosen moment says, how to get to another, and what is shown beside the drawings.
const bad = run.head.violation, jobs = run.stacks.map(stack => stack.job);
const still = matchMedia("(prefers-reduced-motion: reduce)");
let moments = [], chosen = 0, job = "", playing = null;

function momentsOf() {
  const only = $("only").checked && job, times = new Set([run.end]);
  for (const [at, words] of run.events) if (!only || words.includes(job) || words.startsWith("violation:")) times.add(at);
  for (const mark of run.marks) {
    if (mark.job) { if (!only || mark.job === job) times.add(mark.at); }
    else if (mark.mark === "fault") times.add(mark.at);
    else if (!only) { if (mark.mark === "message") { times.add(mark.sent); if (mark.arrives <= run.end) times.add(mark.arrives); } else times.add(mark.at); }
  }
  moments = [...times].filter(at => at <= run.end).sort((a, b) => a - b);
}
const firstFrom = (list, at, of) => { let low = 0, high = list.length; while (low < high) { const mid = (low + high) >> 1; if (of(list[mid]) < at) low = mid + 1; else high = mid; } return low; };
const nearest = at => { const n = Math.min(moments.length - 1, firstFrom(moments, at, one => one)); return n > 0 && at - moments[n - 1] < moments[n] - at ? n - 1 : n; };
const eventsAt = at => { const from = firstFrom(run.events, at, event => event[0]); let until = from; while (until < run.events.length && run.events[until][0] === at) until++; return [from, until]; };

const element = (name, words, kind) => { const made = document.createElement(name); made.textContent = words; if (kind) made.className = kind; return made; };
function table(place, heads, rows) {
  const made = document.createElement("table"), top = document.createElement("tr");
  for (const head of heads) top.append(element("th", head));
  made.append(top);
  for (const { cells, kind } of rows) { const row = document.createElement("tr"); for (const cell of cells) row.append(element("td", cell, kind)); made.append(row); }
  place.replaceChildren(rows.length ? made : element("p", "nothing yet", "dim"));
}

function tellRights(at) {
  let books = null; const own = new Map();
  for (const mark of run.marks) {
    if (mark.job !== job || mark.at > at) continue;
    if (mark.mark === "books") books = mark; else own.set(mark.lane, mark);
  }
  const rows = [...own].sort((a, b) => a[0] - b[0]).map(([lane, mark]) => ({ kind: "",
    cells: [lanes[lane], mark.granted, mark.returned, mark.live, mark.granted - mark.returned - mark.live] }));
  table($("own"), ["", "granted", "returned", "live", "free"], rows);
  const known = books ? [{ kind: "", cells: [`pool ${books.pool} of ${books.cap}${books.open ? "" : ", closed"}`, "", "", "", ""] },
    ...books.holders.map(one => ({ kind: "", cells: [one.writer, one.granted, one.returned, one.live, one.granted - one.returned] }))] : [];
  table($("books"), ["", "granted", "returned", "live", "out"], known);
}

// A run goes on only while all holds: up to its last step nothing that is looked at was broken.
function tellRules(at) {
  const level = levelAt(stackOf.get(job), at), over = at >= run.end;
  const out = level ? sumOf(level) : 0, used = level ? level.parts.reduce((sum, [one]) => sum + one, 0) : 0;
  const numbers = level ? { I1: `${level.pool} + ${out} = ${level.pool + out}, cap ${level.cap}`, I4: `${used} of ${level.cap}` } : {};
  $("rules").replaceChildren(...run.rules.map(rule => {
    const broken = over && run.broken === rule.name, due = rule.at_rest && (!over || (bad && !broken));
    const state = broken ? "broken" : due ? "due" : "ok", made = document.createElement("li");
    made.dataset.rule = rule.name; made.dataset.state = state;
    if (broken) made.className = "bad";
    made.innerHTML = `<span class="${{ broken: "cut", due: "ink2", ok: "ok" }[state]}"><svg class="g" role="img" aria-label="${{ broken: "broken", due: "not due", ok: "holds" }[state]}"><use href="#${state}"/></svg></span>`;
    made.append(element("span", rule.name === "else" ? "" : rule.name), element("span", rule.words), element("span", due ? "at rest" : broken ? "broken" : numbers[rule.name] || ""));
    return made;
  }));
}

function tellWords(at, from, until) {
  const words = run.events.slice(from, until).map(event => event[1]);
  const sent = messages.filter(one => one.sent === at), came = messages.filter(one => one.arrives === at);
  const said = [...sent.map(one => `${one.kind} is sent by ${lanes[one.from]} to ${lanes[one.to]}, ${one.bytes} bytes`),
    ...came.map(one => `${one.kind} arrives at ${lanes[one.to]} from ${lanes[one.from]}`),
    ...run.marks.filter(mark => mark.mark === "held" && mark.at === at).map(mark => `${mark.kind} for ${lanes[mark.lane]} is held back by a cut`)];
  for (const mark of run.marks) if (mark.job && mark.at === at) said.push(mark.mark === "books"
    ? `the hub counts ${mark.job}: pool ${mark.pool} of ${mark.cap}` : `${lanes[mark.lane]} has of ${mark.job} ${mark.live} live, ${mark.granted - mark.returned - mark.live} free`);
  const title = words.find(one => one.startsWith("violation:")) || words.find(one => one.startsWith("fault:")) || words[0] || said.shift() || "";
  $("what").textContent = title;
  $("what").className = title.startsWith("violation:") ? "cut" : "";
  $("words").replaceChildren(...words.filter(one => one !== title).concat(said).slice(0, 12).map(one => element("p", one, one.startsWith("violation:") ? "bad" : "")));
  $("around").replaceChildren(...run.events.slice(Math.max(0, from - 3), until + 3).map(([when, one]) => {
    const made = document.createElement("li"); made.className = when === at ? "here" : "";
    made.append(element("time", clock(when).slice(0, 12)), element("span", one)); return made; }));
}

function cursor(at) {
  const inside = at >= view[0] - 1 && at <= view[1] + 1;
  const put = (place, where, bottom, label) => { const g = place.querySelector(".cursor"); if (!g) return;
    const middle = Math.max(gutter, Math.min(where ?? 0, width - 40));
    g.innerHTML = where === null ? "" : line(where, label ? 20 : 0, where, bottom, 'stroke="var(--ink)" stroke-width="1.5"')
      + (label ? rect(middle - 38, 2, 76, 18, 'fill="var(--ink)"') + text(middle, 15, clock(at).slice(0, 10), "", "middle", "fill:var(--paper);font-weight:700") : ""); };
  put($("time"), inside ? x(at) : null, TOP + lanes.length * LANE + 12, true);
  put($("seats"), inside ? x(at) : null, SEATS + 4, false);
  put($("strip"), gutter + (width - gutter - 8) * at / run.end, STRIP - 12, false);
}

function draw() { measure(); drawTime(job); drawSeats(job); drawStrip(); choose(chosen); }

function show(from, until) {
  const room = Math.min(run.end, Math.max(20, until - from)), start = Math.max(0, Math.min(from, run.end - room));
  view = [start, start + room];
  draw();
}
const zoom = by => { const at = moments[chosen], room = (view[1] - view[0]) * by; show(at - room / 2, at + room / 2); };

function choose(n) {
  chosen = Math.max(0, Math.min(moments.length - 1, n));
  const at = moments[chosen], room = view[1] - view[0];
  if (at < view[0] - 1 || at > view[1] + 1) return show(at - room / 2, at + room / 2);
  const [from, until] = eventsAt(at);
  $("step").textContent = `step ${chosen + 1} of ${moments.length} · ${clock(at)}`;
  document.body.dataset.step = String(chosen + 1);
  tellWords(at, from, until); tellRights(at); tellRules(at); nameHolders(job, at); cursor(at);
  $("back").disabled = chosen === 0; $("forward").disabled = chosen === moments.length - 1;
}

function toViolation() {
  if (!bad) { $("step").textContent = "no promise was broken in this run"; return; }
  // Some time is left behind it, so that it does not stand at the edge.
  const room = Math.min(view[1] - view[0], 600000);
  view = [Math.max(0, run.end - room * .95), run.end + room * .05];
  chosen = moments.length - 1;
  draw();
}
function toFault() {
  const at = moments[chosen], next = faults.find(fault => fault.at > at) || faults[0];
  if (next) choose(nearest(next.at)); else $("step").textContent = "no fault struck in this run";
}

// Virtual time goes on so that what is shown passes in 20 seconds, and never slower than eight steps a second; with less
// motion it is two steps a second.
function play() {
  if (playing) { clearInterval(playing); playing = null; }
  else {
    if (chosen === moments.length - 1) choose(0);
    const every = still.matches ? 500 : 125;
    playing = setInterval(() => {
      const ahead = still.matches ? chosen + 1 : Math.max(chosen + 1, firstFrom(moments, moments[chosen] + (view[1] - view[0]) * every / 20000, one => one));
      choose(ahead);
      if (chosen === moments.length - 1) play();
    }, every);
  }
  $("play").setAttribute("aria-pressed", String(playing !== null));
  $("step").setAttribute("aria-live", playing ? "off" : "polite");
}

const KEYS = { ArrowRight: () => choose(chosen + 1), j: () => choose(chosen + 1), ArrowLeft: () => choose(chosen - 1), k: () => choose(chosen - 1),
  Home: () => choose(0), End: () => choose(moments.length - 1), f: toViolation, n: toFault, " ": play, "+": () => zoom(.5), "-": () => zoom(2), 0: () => show(0, run.end) };
addEventListener("keydown", event => {
  const act = KEYS[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select, input")) return;
  if (event.key === " " && event.target.matches("button")) return;
  event.preventDefault(); act();
});
for (const [id, act] of [["first", KEYS.Home], ["back", KEYS.k], ["forward", KEYS.j], ["violation", toViolation], ["fault-next", toFault], ["play", play],
  ["in", KEYS["+"]], ["out", KEYS["-"]], ["whole", KEYS[0]]]) $(id).addEventListener("click", act);
const pointed = (place, from, until) => $(place).addEventListener("click", event => {
  const at = event.clientX - $(place).getBoundingClientRect().left, [a, b] = [from(), until()];
  choose(nearest(a + (b - a) * Math.max(0, Math.min(1, (at - gutter) / (width - gutter - 8))))); });
pointed("time", () => view[0], () => view[1]); pointed("seats", () => view[0], () => view[1]); pointed("strip", () => 0, () => run.end);
const anew = () => { const at = moments[chosen]; momentsOf(); chosen = nearest(at); draw(); };
$("job").addEventListener("change", () => { job = $("job").value; anew(); });
$("only").addEventListener("change", anew);
$("choice").addEventListener("submit", event => event.preventDefault());
$("find").addEventListener("change", () => { const wanted = $("find").value.toLowerCase(), at = moments[chosen];
  const has = event => event[1].toLowerCase().includes(wanted), found = run.events.find(event => event[0] > at && has(event)) || run.events.find(has);
  if (wanted && found) choose(nearest(found[0])); });
addEventListener("resize", () => draw());

// The job that the violation names, or that of the request or sign-up which it names; else the one of which there is most to see.
const told = bad ? bad[1] : "", named = /request \d+|s\d+-\d+-\d+/.exec(told);
const toSee = stack => stack.levels.length + 3 * stack.levels.filter(level => level.parts.some(([used, free, limbo]) => limbo && used + free > 0)).length;
const most = [...run.stacks].sort((a, b) => toSee(b) - toSee(a))[0];
job = jobs.find(one => told.split(/[^\w-]/).includes(one)) || jobs.find(one => named && run.events.some(([, words]) => words.includes(`${named[0]} `) && words.includes(one)))
  || (most ? most.job : "");
for (const one of jobs) $("job").append(element("option", one));
$("job").value = job;
const { head } = run, mine = words => `<span>${words}</span>`;
$("facts").innerHTML = mine(escaped(head.name)) + mine(`seed <code>${head.seed}</code>`) + mine(`commit <code>${escaped(head.commit || "unknown")}</code>`)
  + mine(`trace hash <code>${escaped(head.hash)}</code>`) + (head.mutant ? mine(`<b class="cut">known bug ${escaped(head.mutant)} is on</b>`) : "");
$("command").textContent = head.mutant ? "" : `simulate run ${head.name} --start ${head.seed} --seeds 1`;
document.title = `${head.name}, seed ${head.seed} · Dayshift trace`;
$("verdict").className = bad ? "bad" : "";
$("verdict").innerHTML = `<svg class="g ${bad ? "cut" : "ok"}" aria-hidden="true"><use href="#${bad ? "broken" : "ok"}"/></svg>`;
$("verdict").append(bad ? `${bad[0]}: ${bad[1]}` : `${run.confirmed} confirmed, ${run.wait_listed} on wait lists, ${run.requested} left to the hub. No promise was broken.`);
$("size").textContent = `${run.steps} operations, ${run.events.length} events, ${messages.length} messages, ${long(run.end)} of simulated time, ${lanes.length - 1} machines and the hub`;
$("violation").disabled = !bad;
measure(); momentsOf();
if (bad) toViolation(); else draw();
