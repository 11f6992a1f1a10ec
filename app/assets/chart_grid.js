/* Charts of one run or several, by section: fetched when they come into sight, one crosshair over all of them.

   The page is told by the state `want` which keys and which part of x are looked at, and answers with their points.
   Axes, smoothing and which lines are shown stay here; they are kept in the address. */

const states = new WeakMap();
const PAUSE_MS = 90;
const MAX_TIP_ROWS = 12;

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  let state = states.get(parentElement);
  if (!state) {
    state = build(parentElement);
    states.set(parentElement, state);
  }
  state.tell = (want) => setStateValue("want", want);
  state.save = (key) => setTriggerValue("save", key);
  // Known at once, so that what is pinned before the page has answered is not without the rest.
  state.lay = (layout) => { state.data = { ...state.data, layout }; setTriggerValue("layout", layout); };
  if (state.raw !== data) {
    state.raw = data;
    load(state, decode(data));
  }
  return () => {};
}

function build(root) {
  const host = root.appendChild(el("div.wc.chart-grid"));
  const asked = new URLSearchParams(location.search);
  const [axis, ...ends] = (asked.get("zoom") ?? "").split(",");
  const zoom = ends.length === 2 && Number(ends[0]) < Number(ends[1]) ? { axis, ends: ends.map(Number) } : null;
  const state = { host, charts: new Map(), seen: new Set(), off: new Set((asked.get("off") ?? "").split(",").filter(Boolean)),
    log: asked.get("log") === "true", logX: asked.get("logx") === "true", calm: asked.get("calm") === "true", deviation: asked.get("band") === "true", smooth: Math.min(0.99, Math.max(0, Number(asked.get("smooth")) || 0)),
    find: asked.get("keys") ?? "", zoom, opening: asked.get("chart"), hover: null };
  state.bar = el("div.chart-bar");
  state.legend = el("div.legend");
  state.body = el("div.sections");
  state.tip = el("div.tip", { role: "status" });
  host.append(state.bar, state.legend, state.body, state.tip);
  state.sight = new IntersectionObserver((entries) => onSight(state, entries), { rootMargin: "300px" });
  state.size = new ResizeObserver(() => redraw(state));
  state.size.observe(host);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTimeout(() => redraw(state), 200));
  return state;
}

const axisOf = (state, key) => state.data.axis_of[key] ?? state.data.x;
const axisName = (state, key) => { const id = axisOf(state, key); return state.data.axes.find(([each]) => each === id)?.[1] ?? id; };
const zoomOf = (state, key) => (state.zoom?.axis === axisOf(state, key) ? state.zoom.ends : null);

/* What the project's charts begin with, where the address says nothing else. */
const KEPT = [["smooth", "smooth"], ["log", "log"], ["logX", "logx"], ["calm", "calm"], ["deviation", "band"]];
function begin(state, kept) {
  const asked = new URLSearchParams(location.search);
  for (const [field, param] of KEPT) {
    if (asked.get(param) || kept[param] === undefined) continue;
    state[field] = field === "smooth" ? Math.min(0.99, Number(kept[param]) || 0) : kept[param] === "true";
  }
}
const settingsOf = (state) => ({ x: state.data.axes.some(([id]) => id === "step") ? state.data.x : state.data.layout.settings.x ?? "step", ...Object.fromEntries(KEPT.map(([field, param]) => [param, String(state[field])])) });

/* Data of a part of the keys: the rest keeps what it had. */
function load(state, data) {
  if (state.view === undefined) begin(state, data.layout.settings);
  if (state.view !== undefined && (state.view !== data.view || state.data?.x !== data.x)) {
    state.charts.clear();
    state.zoom = data.zoom;
    state.layout = null;
  }
  state.view = data.view;
  state.data = data;
  state.lines = new Map(data.lines.map((line) => [line.id, line]));
  for (const [key, lines] of Object.entries(data.charts)) {
    const known = state.charts.get(key) ?? {};
    const isNear = data.zoom && data.zoom.axis === axisOf(state, key);
    known[isNear ? "detail" : "whole"] = { zoom: isNear ? data.zoom.ends : null, lines };
    state.charts.set(key, known);
  }
  if (data.saved) saveCsv(state, { key: data.saved.key, lines: data.saved.lines.map((line) => ({ ...line, name: state.lines.get(line.id)?.name ?? line.id })) });
  drawBar(state);
  drawLegend(state);
  layOut(state);
  const opening = state.opening && state.cards.get(state.opening);
  if (opening) enlarge(state, opening);
  state.opening = null;
  redraw(state);
}

function drawBar(state) {
  const shown = JSON.stringify([state.data.view, state.data.x, state.data.axes, state.data.has_means, state.data.layout]);
  if (state.barFor === shown) return;
  state.barFor = shown;
  const axis = el("select", { "aria-label": "x axis", title: "What lies along x" }, state.data.axes.map(([id, name]) => el("option", { value: id, selected: id === state.data.x }, name)));
  axis.addEventListener("change", () => { state.zoom = null; keep("zoom", ""); keep("x", axis.value); state.tell(wanted(state, { x: axis.value })); });
  const amount = el("span.dim.num.amount", null, state.smooth.toFixed(2));
  const slide = el("input", { type: "range", min: 0, max: 0.99, step: 0.01, "aria-label": "Smoothing", title: "Exponential moving average; the points stay visible behind it" });
  slide.value = state.smooth;
  slide.addEventListener("input", () => { state.smooth = Number(slide.value); amount.textContent = state.smooth.toFixed(2); redraw(state); });
  slide.addEventListener("change", () => { keep("smooth", state.smooth); offer(); });
  const toggle = (name, words, field, param) => {
    const button = el("button.toggle", { type: "button", "aria-pressed": String(state[field]), title: words }, name);
    button.addEventListener("click", () => { state[field] = !state[field]; button.setAttribute("aria-pressed", String(state[field])); keep(param, state[field]); redraw(state); offer(); });
    return button;
  };
  const kept = { ...Object.fromEntries(KEPT.map(([field, param]) => [param, field === "smooth" ? "0" : "false"])), x: state.data.axes.some(([id]) => id === "auto") ? "auto" : "step", ...state.data.layout.settings };
  const hold = el("button.toggle", { type: "button", title: "All charts of this project begin with this x, smoothing and axes, for everyone" }, "Keep for the project");
  hold.addEventListener("click", () => state.lay({ pins: state.data.layout.pins, settings: settingsOf(state) }));
  const offer = () => { const now = settingsOf(state); hold.hidden = Object.keys(now).every((name) => now[name] === kept[name]); };
  offer();
  const find = el("input", { type: "search", placeholder: "Find charts", "aria-label": "Find charts", title: "Parts of a name with spaces between, or a regular expression in slashes", spellcheck: "false" });
  find.value = state.find;
  find.addEventListener("input", () => { state.find = find.value; keep("keys", state.find); layOut(state); redraw(state); });
  state.reset = el("button.toggle", { type: "button", hidden: true }, "Show all of x");
  state.reset.addEventListener("click", () => zoomTo(state, null));
  state.bar.replaceChildren(find, el("label", null, el("span.dim", null, "x"), axis), el("label", null, el("span.dim", null, "Smoothing"), slide, amount),
    el("span.toggles", null, toggle("log y", "Values on a logarithmic axis", "log", "log"), toggle("log x", "x on a logarithmic axis", "logX", "logx"),
      toggle("no outliers", "Axes for the most of the values: what lies far from them is cut off, and counted", "calm", "calm"),
      state.data.has_means && toggle("± std", "The band is one standard deviation around the mean, instead of from the least to the largest", "deviation", "band")), state.reset, hold);
}

/* Lines by colour; a click hides one, with Alt all others. */
function drawLegend(state) {
  const lines = state.data.lines;
  const shown = JSON.stringify([lines, [...state.off]]);
  if (state.legendFor === shown) return;
  state.legendFor = shown;
  state.legend.hidden = lines.length < 2;
  state.legend.replaceChildren(...lines.map((line) => {
    const swatch = el("span.swatch", { style: { background: line.color } });
    const item = el("button.item", { type: "button", "aria-pressed": String(!state.off.has(line.id)), title: `${line.name}\nClick: hide or show. Alt and click: this one alone.` }, swatch, el("span.cut", null, line.name));
    if (line.dash) swatch.classList.add("dash");
    item.addEventListener("click", (event) => {
      if (event.altKey) state.off = new Set(state.off.size === lines.length - 1 && !state.off.has(line.id) ? [] : lines.map((each) => each.id).filter((id) => id !== line.id));
      else if (!state.off.delete(line.id)) state.off.add(line.id);
      keep("off", [...state.off].join(","));
      drawLegend(state);
      redraw(state);
    });
    item.addEventListener("pointerenter", () => { state.lit = line.id; redraw(state); });
    item.addEventListener("pointerleave", () => { state.lit = null; redraw(state); });
    return el("span.entry", null, item, line.url && go(line.url, { class: "to", title: `Open ${line.name}`, "aria-label": `Open ${line.name}` }, icon("M8 16L17 7M9 7h8v8", 12)));
  }));
}

/* Every word must be in the name; what stands in slashes is a regular expression. */
function finder(text) {
  const pattern = /^\/(.+)\/$/.exec(text.trim());
  if (pattern) {
    try { const found = new RegExp(pattern[1], "i"); return (key) => found.test(key); } catch { return () => false; }
  }
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (key) => words.every((word) => key.toLowerCase().includes(word));
}

/* The cards, by section; made anew only where the keys are others. */
function layOut(state) {
  const isWanted = finder(state.find);
  const sections = state.data.sections.map(([name, keys]) => [name, keys.filter(isWanted)]).filter(([, keys]) => keys.length);
  const layout = JSON.stringify([sections, state.data.axis_of, state.data.layout.pins]);
  if (state.layout === layout) return;
  state.layout = layout;
  state.sight.disconnect();
  state.seen.clear();
  const before = state.cards;
  state.cards = new Map();
  state.closed ??= new Set();
  // A chart that was there stays as it is: a new key that comes while a run trains moves nothing else.
  const kept = (key) => {
    const each = before?.get(key);
    if (!each) return card(state, key);
    state.cards.set(key, each);
    return state.large === each ? each.place : each.node;
  };
  state.body.replaceChildren(...sections.map(([name, keys]) => {
    const box = el("details.section", { open: !state.closed.has(name) }, el("summary", null, name || "charts", el("span.dim", null, ` ${keys.length}`)), el("div.cards", null, keys.map(kept)));
    box.addEventListener("toggle", () => { if (box.open) state.closed.delete(name); else state.closed.add(name); redraw(state); });
    return box;
  }));
  if (!sections.length) state.body.append(el("div.empty", null, state.find ? "No chart has that in its name." : state.data.empty));
  if (state.large && ![...state.cards.values()].includes(state.large)) state.dialog.close();
  for (const each of state.cards.values()) {
    state.sight.observe(each.node);
    each.pin.setAttribute("aria-pressed", String(state.data.layout.pins.includes(each.key)));
  }
}

/* What the page should answer for: all that is in sight. */
const wanted = (state, more) => ({ keys: [...state.seen], zoom: state.zoom?.ends ?? null, zoom_axis: state.zoom?.axis ?? null, x: state.data.x, width: Math.round((state.large?.canvas ?? state.body.querySelector("canvas"))?.clientWidth ?? 480), ...more });

function onSight(state, entries) {
  for (const entry of entries) {
    if (entry.isIntersecting) state.seen.add(entry.target.dataset.key);
    else if (state.large?.node !== entry.target) state.seen.delete(entry.target.dataset.key);
  }
  redraw(state);
  ask(state);
}

/* One question for what came into sight together, and none for what is here. */
function ask(state) {
  clearTimeout(state.timer);
  const missing = () => [...state.seen].some((key) => {
    const known = state.charts.get(key), zoom = zoomOf(state, key);
    return zoom ? String(known?.detail?.zoom) !== String(zoom) : !known?.whole;
  });
  state.timer = setTimeout(() => { if (missing()) state.tell(wanted(state)); }, PAUSE_MS);
}

function zoomTo(state, zoom) {
  state.zoom = zoom;
  keep("zoom", zoom ? [zoom.axis, ...zoom.ends].join(",") : "");
  redraw(state);
  clearTimeout(state.timer);
  state.tell(wanted(state));
}

function redraw(state) {
  if (state.frame || !state.data) return;
  state.frame = requestAnimationFrame(() => {
    state.frame = 0;
    const style = getComputedStyle(state.host);
    state.look = { ink: mixed(state.host, "--ink"), dim: mixed(state.host, "--dim"), line: mixed(state.host, "--line"), bad: mixed(state.host, "--bad"), paper: mixed(state.host, "--paper"), font: style.fontFamily };
    for (const each of state.cards?.values() ?? []) if (state.seen.has(each.key)) drawCard(state, each);
    if (state.reset) state.reset.hidden = !state.zoom;
    state.host.dataset.ready = String([...state.seen].filter((key) => state.charts.has(key)).length);
    state.host.dataset.zoom = state.zoom ? state.zoom.ends.join(" ") : "";
    drawHover(state);
  });
}

/* A canvas knows no variables: the colour that a variable comes to. */
function mixed(host, name) {
  const probe = host.appendChild(el("span", { style: { color: `var(${name})`, display: "none" } }));
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}

function drawCard(state, each) {
  const known = state.charts.get(each.key), zoom = zoomOf(state, each.key);
  const found = zoom && String(known?.detail?.zoom) === String(zoom) ? known.detail : known?.whole ?? known?.detail;
  each.node.classList.toggle("waiting", !found);
  if (!found) return;
  const axis = axisOf(state, each.key);
  const options = { log: state.log, logX: state.logX, calm: state.calm, kind: axis === "time" ? "time" : axis === "step" ? "count" : "linear", smooth: state.smooth, zoom, look: state.look, lit: state.lit, range: each.range, unit: state.data.units[each.key] ?? "", axis: axis === state.data.x && !state.large ? "" : axisName(state, each.key) };
  each.lines = found.lines.filter((line) => !state.off.has(line.id)).map((line) => readLine({ ...state.lines.get(line.id), ...line, ...(state.deviation && line.deviation && around(line)) }, options));
  each.drawn = drawPlot(each.canvas, each.lines, options);
  const { dataset } = each.node, sum = (of) => each.lines.reduce((all, line) => all + of(line), 0);
  dataset.points = String(sum((line) => line.xs.length));
  dataset.bad = String(sum((line) => line.bad.length));
  dataset.thinned = String(each.lines.some((line) => line.sampled));
  each.words = noteOf(each, found.lines.length, sum);
  each.node.querySelector(".name").title = `${each.key}\n${number.format(sum((line) => line.count ?? 0))} points${dataset.thinned === "true" ? ", thinned to the least and the largest of each few; come nearer for all" : ""}`;
}

const around = ({ y, deviation }) => ({ low: y.map((v, i) => v - deviation[i]), high: y.map((v, i) => v + deviation[i]) });

/* What the picture does not say by itself; of one line its last value. */
function noteOf(each, all, sum) {
  const bad = sum((line) => line.bad.length), hidden = sum((line) => line.hidden), cut = each.drawn?.cut ?? 0;
  const words = [!each.lines.length && all && "all hidden", bad && `${bad} not a number`, hidden && `${hidden} not on a log axis`, cut && `${cut} out of sight`].filter(Boolean);
  const [line] = each.lines;
  if (each.lines.length === 1 && line.xs.length) words.push(el("b", null, valueWords(line, line.xs.length - 1, each.drawn, (v) => (Math.abs(v) >= 1e5 ? exact(Math.round(v)) : digits(v, 5)))));
  return words.flatMap((word, i) => (i ? [" · ", word] : [word]));
}

function hoverAt(state, hover) {
  state.hover = hover;
  state.hoverFrame ??= requestAnimationFrame(() => { state.hoverFrame = null; drawHover(state); });
}

/* The crosshair in all charts in sight that have the same x: a line, a dot a line, and the value beside the name. */
function drawHover(state) {
  for (const each of state.cards?.values() ?? []) {
    if (!state.seen.has(each.key)) continue;
    each.near = [];
    if (!each.drawn) { sized(each.over); each.over.getContext("2d").clearRect(0, 0, each.over.width, each.over.height); each.note.replaceChildren(...(each.words ?? [])); continue; }
    const { width, height } = sized(each.over);
    const pen = each.over.getContext("2d");
    pen.clearRect(0, 0, width, height);
    each.note.replaceChildren(...(each.words ?? []));
    if (each.from && each.to) { pen.fillStyle = state.look.dim; pen.globalAlpha = 0.15; pen.fillRect(Math.min(each.from, each.to), PAD.top, Math.abs(each.to - each.from), height - PAD.top - PAD.bottom); pen.globalAlpha = 1; }
    if (state.hover?.axis === axisOf(state, each.key)) each.near = crosshair(pen, each, state);
  }
  drawTip(state);
}

function crosshair(pen, each, state) {
  const { sx, sy, height } = each.drawn;
  const near = each.lines.filter((line) => line.xs.length).map((line) => ({ line, i: nearest(line.xs, state.hover.x) }));
  if (!near.length) return [];
  const first = near.reduce((best, one) => (Math.abs(one.line.xs[one.i] - state.hover.x) < Math.abs(best.line.xs[best.i] - state.hover.x) ? one : best));
  const x = sx.at(first.line.xs[first.i]);
  pen.strokeStyle = state.look.dim;
  pen.setLineDash([2, 2]);
  pen.beginPath(); pen.moveTo(x, PAD.top); pen.lineTo(x, height - PAD.bottom); pen.stroke();
  pen.setLineDash([]);
  // The one that the pointer is at stands out where there are many.
  const far = ({ line, i }) => (line.ys[i] === null ? Infinity : Math.abs(sy.at(line.ys[i]) - state.hover.px));
  const meant = state.hover.of === each && near.length > 1 ? near.reduce((best, one) => (far(one) < far(best) ? one : best)) : null;
  if (meant) { meant.isMeant = true; pen.strokeStyle = meant.line.color; pen.lineWidth = 2.5; strokeLine(pen, meant.line.xs, meant.line.shown ?? meant.line.ys, sx, sy, meant.line.color); }
  for (const one of near) {
    const { line, i } = one;
    if (line.ys[i] === null || (near.length > MAX_TIP_ROWS && one !== meant)) continue;
    pen.fillStyle = line.color; pen.strokeStyle = state.look.paper; pen.lineWidth = 1.5;
    pen.beginPath(); pen.arc(sx.at(line.xs[i]), sy.at(line.ys[i]), one === meant ? 4.5 : 3.5, 0, 7); pen.fill(); pen.stroke();
  }
  if (near.length === 1) each.note.replaceChildren(el("b", null, valueWords(first.line, first.i, each.drawn)));
  return near;
}

const valueWords = (line, i, drawn, words = exact) => (line.ys[i] === null ? line.bad.find(([x]) => x === line.xs[i])?.[1] ?? "not on a log axis" : withUnit(words(line.ys[i]), line.ys[i], drawn?.unit));

/* What the pointer is over, in words: one row a line, the largest first; of many those around the pointer. */
function drawTip(state) {
  const { hover, tip } = state;
  const near = hover?.of.near ?? [];
  tip.hidden = !near.length;
  if (!near.length) return;
  const x = near.reduce((best, { line, i }) => (Math.abs(line.xs[i] - hover.x) < Math.abs(best - hover.x) ? line.xs[i] : best), Infinity);
  const all = [...near].sort((a, b) => (b.line.ys[b.i] ?? -Infinity) - (a.line.ys[a.i] ?? -Infinity));
  const at = Math.max(0, all.findIndex((one) => one.isMeant));
  const from = Math.max(0, Math.min(at - MAX_TIP_ROWS / 2, all.length - MAX_TIP_ROWS)), rows = all.slice(from, from + MAX_TIP_ROWS);
  const more = (count, words) => count > 0 && el("div.dim", null, `${number.format(count)} ${words}`);
  tip.replaceChildren(...[el("div.dim", null, `${axisName(state, hover.of.key)} ${hover.axis === "time" ? clock(x) : exact(x)}`), more(from, "above"),
    ...rows.map(({ line, i, isMeant }) => el(isMeant ? "div.row.meant" : "div.row", null, el("span.swatch", { style: { background: line.color } }), el("span.cut", null, line.name), el("span.num", null, valueWords(line, i, hover.of.drawn)),
      line.high && line.high[i] !== null && el("span.dim.num", null, `${exact(line.low[i])} to ${exact(line.high[i])}`))), more(all.length - from - rows.length, "below")].filter(Boolean));
  const isLeft = hover.left > innerWidth - 320;
  Object.assign(tip.style, { left: `${hover.left + (isLeft ? -16 : 16)}px`, top: `${Math.max(8, Math.min(hover.top + 12, innerHeight - 60 - 18 * (rows.length + 1)))}px`, transform: isLeft ? "translateX(-100%)" : "" });
}
