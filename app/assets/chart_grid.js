/* Charts of one run or several, by section: fetched when they come into sight, one crosshair over all of them.

   The page is told by the state `want` which keys and which part of x are looked at, and answers with their points.
   Axes, smoothing and which lines are shown stay here; they are kept in the address. */

const states = new WeakMap();
const PAUSE_MS = 90;
const MIN_DRAG_PX = 6;

export default function ({ data, parentElement, setStateValue }) {
  let state = states.get(parentElement);
  if (!state) {
    state = build(parentElement);
    states.set(parentElement, state);
  }
  state.tell = (want) => setStateValue("want", want);
  if (state.raw !== data) {
    state.raw = data;
    load(state, decode(data));
  }
  return () => {};
}

function build(root) {
  const host = root.appendChild(el("div.wc.chart-grid"));
  const asked = new URLSearchParams(location.search);
  const state = { host, charts: new Map(), seen: new Set(), off: new Set((asked.get("off") ?? "").split(",").filter(Boolean)),
    log: asked.get("log") === "true", logX: asked.get("logx") === "true", smooth: Math.min(0.99, Math.max(0, Number(asked.get("smooth")) || 0)),
    find: asked.get("keys") ?? "", zoom: null, hover: null };
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

/* Data of a part of the keys: the rest keeps what it had. */
function load(state, data) {
  if (state.view !== data.view || state.data?.x !== data.x) {
    state.charts.clear();
    state.zoom = data.zoom;
    state.layout = null;
  }
  state.view = data.view;
  state.data = data;
  state.lines = new Map(data.lines.map((line) => [line.id, line]));
  for (const [key, lines] of Object.entries(data.charts)) {
    const known = state.charts.get(key) ?? {};
    known[data.zoom ? "detail" : "whole"] = { zoom: data.zoom, lines };
    state.charts.set(key, known);
  }
  drawBar(state);
  drawLegend(state);
  layOut(state);
  redraw(state);
}

function drawBar(state) {
  if (state.bar.dataset.for === state.data.view + state.data.x) return;
  state.bar.dataset.for = state.data.view + state.data.x;
  const axis = el("select", { "aria-label": "x axis", title: "What lies along x" }, state.data.axes.map(([id, name]) => el("option", { value: id, selected: id === state.data.x }, name)));
  axis.addEventListener("change", () => { state.zoom = null; keep("x", axis.value); state.tell(wanted(state, { x: axis.value })); });
  const amount = el("span.dim.num", null, state.smooth.toFixed(2));
  const slide = el("input", { type: "range", min: 0, max: 0.99, step: 0.01, "aria-label": "Smoothing", title: "Exponential moving average; the points stay visible behind it" });
  slide.value = state.smooth;
  slide.addEventListener("input", () => { state.smooth = Number(slide.value); amount.textContent = state.smooth.toFixed(2); redraw(state); });
  slide.addEventListener("change", () => keep("smooth", state.smooth));
  const toggle = (name, words, field, param) => {
    const button = el("button.toggle", { type: "button", "aria-pressed": String(state[field]), title: words }, name);
    button.addEventListener("click", () => { state[field] = !state[field]; button.setAttribute("aria-pressed", String(state[field])); keep(param, state[field]); redraw(state); });
    return button;
  };
  const find = el("input", { type: "search", placeholder: "Part of a name", "aria-label": "Find charts", spellcheck: "false" });
  find.value = state.find;
  find.addEventListener("input", () => { state.find = find.value; keep("keys", state.find); layOut(state); redraw(state); });
  state.reset = el("button", { type: "button", hidden: true }, "Show all of x");
  state.reset.addEventListener("click", () => zoomTo(state, null));
  state.bar.replaceChildren(el("label", null, el("span.dim", null, "x"), axis), el("label", null, el("span.dim", null, "Smoothing"), slide, amount),
    toggle("log y", "Values on a logarithmic axis", "log", "log"), toggle("log x", "x on a logarithmic axis", "logX", "logx"), find, state.reset);
}

/* Lines by colour; a click hides one, with Alt all others. */
function drawLegend(state) {
  const lines = state.data.lines;
  state.legend.hidden = lines.length < 2;
  state.legend.replaceChildren(...lines.map((line) => {
    const swatch = el("span.swatch", { style: { background: line.color } });
    const item = el("button.item", { type: "button", "aria-pressed": String(!state.off.has(line.id)), title: `${line.name}\nClick: hide or show. Alt and click: this one alone.` }, swatch, el("span.cut", null, line.name));
    item.addEventListener("click", (event) => {
      if (event.altKey) state.off = new Set(state.off.size === lines.length - 1 && !state.off.has(line.id) ? [] : lines.map((each) => each.id).filter((id) => id !== line.id));
      else if (!state.off.delete(line.id)) state.off.add(line.id);
      keep("off", [...state.off].join(","));
      drawLegend(state);
      redraw(state);
    });
    return item;
  }));
}

/* The cards, by section; made anew only where the keys are others. */
function layOut(state) {
  const part = state.find.toLowerCase();
  const sections = state.data.sections.map(([name, keys]) => [name, keys.filter((key) => key.toLowerCase().includes(part))]).filter(([, keys]) => keys.length);
  const layout = JSON.stringify(sections);
  if (state.layout === layout) return;
  state.layout = layout;
  state.sight.disconnect();
  state.seen.clear();
  state.cards = new Map();
  state.body.replaceChildren(...sections.map(([name, keys]) => {
    const box = el("details.section", { open: true }, el("summary", null, name || "charts", el("span.dim", null, ` ${keys.length}`)), el("div.cards", null, keys.map((key) => card(state, key))));
    box.addEventListener("toggle", () => redraw(state));
    return box;
  }));
  if (!sections.length) state.body.append(el("div.empty", null, state.find ? "No chart has that in its name." : state.data.empty));
  for (const each of state.cards.values()) state.sight.observe(each.node);
}

function card(state, key) {
  const canvas = el("canvas", { role: "img", "aria-label": `${key} by ${state.data.x}`, tabindex: -1 });
  const over = el("canvas.over", { "aria-hidden": true });
  const note = el("span.dim.note");
  const node = el("figure.card", { "data-key": key }, el("figcaption", null, el("span.cut.name", { title: key }, key), note), el("div.plot", null, canvas, over));
  const each = { key, node, canvas, over, note };
  state.cards.set(key, each);
  over.addEventListener("pointermove", (event) => onMove(state, each, event));
  over.addEventListener("pointerleave", () => { if (!each.from) hoverAt(state, null); });
  over.addEventListener("pointerdown", (event) => { if (event.button === 0) { each.from = event.offsetX; over.setPointerCapture(event.pointerId); } });
  over.addEventListener("pointerup", (event) => onDrop(state, each, event));
  over.addEventListener("dblclick", () => zoomTo(state, null));
  return node;
}

/* What the page should answer for: all that is in sight. */
const wanted = (state, more) => ({ keys: [...state.seen], zoom: state.zoom, x: state.data.x, width: Math.round(state.body.querySelector("canvas")?.clientWidth ?? 480), ...more });

function onSight(state, entries) {
  for (const entry of entries) {
    if (entry.isIntersecting) state.seen.add(entry.target.dataset.key);
    else state.seen.delete(entry.target.dataset.key);
  }
  redraw(state);
  ask(state);
}

/* One question for what came into sight together, and none for what is here. */
function ask(state) {
  clearTimeout(state.timer);
  const same = (zoom) => JSON.stringify(zoom ?? null) === JSON.stringify(state.zoom);
  const missing = () => [...state.seen].some((key) => {
    const known = state.charts.get(key);
    return state.zoom ? !same(known?.detail?.zoom) : !known?.whole;
  });
  state.timer = setTimeout(() => { if (missing()) state.tell(wanted(state)); }, PAUSE_MS);
}

function zoomTo(state, zoom) {
  state.zoom = zoom;
  redraw(state);
  clearTimeout(state.timer);
  state.tell(wanted(state));
}

function redraw(state) {
  if (state.frame || !state.data) return;
  state.frame = requestAnimationFrame(() => {
    state.frame = 0;
    const style = getComputedStyle(state.host);
    const look = { dim: style.getPropertyValue("--st-text-color") ? mixed(state.host, "--dim") : "#777", line: mixed(state.host, "--line"), bad: mixed(state.host, "--bad"), paper: mixed(state.host, "--paper"), font: style.fontFamily };
    state.look = look;
    for (const each of state.cards?.values() ?? []) if (state.seen.has(each.key)) drawCard(state, each);
    if (state.reset) state.reset.hidden = !state.zoom;
    state.host.dataset.ready = String([...state.seen].filter((key) => state.charts.has(key)).length);
    state.host.dataset.zoom = state.zoom ? state.zoom.join(" ") : "";
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
  const known = state.charts.get(each.key);
  const same = known?.detail && JSON.stringify(known.detail.zoom) === JSON.stringify(state.zoom);
  const found = state.zoom && same ? known.detail : known?.whole ?? known?.detail;
  each.node.classList.toggle("waiting", !found);
  if (!found) return;
  const options = { log: state.log, logX: state.logX, time: state.data.x === "time", smooth: state.smooth, zoom: state.zoom, look: state.look };
  each.lines = found.lines.filter((line) => !state.off.has(line.id)).map((line) => readLine({ ...state.lines.get(line.id), ...line }, options));
  each.drawn = drawPlot(each.canvas, each.lines, options);
  each.node.dataset.points = String(each.lines.reduce((sum, line) => sum + line.xs.length, 0));
  each.node.dataset.bad = String(each.lines.reduce((sum, line) => sum + line.bad.length, 0));
  each.words = noteOf(each.lines, found.lines.length);
}

function noteOf(lines, all) {
  const count = lines.reduce((sum, line) => sum + (line.count ?? 0), 0);
  const bad = lines.reduce((sum, line) => sum + line.bad.length, 0);
  const hidden = lines.reduce((sum, line) => sum + line.hidden, 0);
  return [!lines.length && all && "all hidden", lines.some((line) => line.sampled) && `${tokens(count)} points, thinned`, bad && `${bad} not a number`, hidden && `${hidden} not on a log axis`].filter(Boolean).join(" · ");
}

function onMove(state, each, event) {
  if (!each.drawn) return;
  if (each.from !== undefined && each.from !== null) each.to = event.offsetX;
  hoverAt(state, { x: each.drawn.sx.value(event.offsetX), of: each, left: event.clientX, top: event.clientY });
}

function onDrop(state, each, event) {
  const { from, drawn } = each;
  each.from = each.to = null;
  if (from === null || from === undefined || !drawn) return;
  if (Math.abs(event.offsetX - from) < MIN_DRAG_PX) return drawHover(state);
  const inside = (px) => Math.min(Math.max(px, PAD.left), drawn.width - PAD.right);
  zoomTo(state, [from, event.offsetX].map((px) => drawn.sx.value(inside(px))).sort((a, b) => a - b));
}

function hoverAt(state, hover) {
  state.hover = hover;
  state.hoverFrame ??= requestAnimationFrame(() => { state.hoverFrame = null; drawHover(state); });
}

/* The crosshair in all charts in sight: a line, a dot a line, and the value beside the name. */
function drawHover(state) {
  for (const each of state.cards?.values() ?? []) {
    if (!state.seen.has(each.key) || !each.drawn) continue;
    const { width, height } = sized(each.over);
    const pen = each.over.getContext("2d");
    pen.clearRect(0, 0, width, height);
    each.note.textContent = each.words ?? "";
    if (each.from && each.to) { pen.fillStyle = state.look.dim; pen.globalAlpha = 0.15; pen.fillRect(Math.min(each.from, each.to), PAD.top, Math.abs(each.to - each.from), height - PAD.top - PAD.bottom); pen.globalAlpha = 1; }
    if (state.hover) each.near = crosshair(pen, each, state);
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
  for (const { line, i } of near) {
    if (line.ys[i] === null) continue;
    pen.fillStyle = line.color; pen.strokeStyle = state.look.paper; pen.lineWidth = 1.5;
    pen.beginPath(); pen.arc(sx.at(line.xs[i]), sy.at(line.ys[i]), 3.5, 0, 7); pen.fill(); pen.stroke();
  }
  if (near.length === 1) each.note.textContent = valueWords(first.line, first.i);
  return near;
}

const valueWords = (line, i) => (line.ys[i] === null ? line.bad.find(([x]) => x === line.xs[i])?.[1] ?? "not on a log axis" : exact(line.ys[i]));

/* What the pointer is over, in words: one row a line, the largest first. */
function drawTip(state) {
  const { hover, tip } = state;
  const near = hover?.of.near ?? [];
  tip.hidden = !near.length;
  if (!near.length) return;
  const x = near.reduce((best, { line, i }) => (Math.abs(line.xs[i] - hover.x) < Math.abs(best - hover.x) ? line.xs[i] : best), Infinity);
  const rows = [...near].sort((a, b) => (b.line.ys[b.i] ?? -Infinity) - (a.line.ys[a.i] ?? -Infinity)).slice(0, 20);
  tip.replaceChildren(el("div.dim", null, `${state.data.axis_name} ${state.data.x === "time" ? clock(x) : exact(x)}`),
    ...rows.map(({ line, i }) => el("div.row", null, el("span.swatch", { style: { background: line.color } }), el("span.cut", null, line.name), el("span.num", null, valueWords(line, i)),
      line.high && line.high[i] !== null && el("span.dim.num", null, `${exact(line.low[i])} to ${exact(line.high[i])}`))));
  const isLeft = hover.left > innerWidth - 320;
  Object.assign(tip.style, { left: `${hover.left + (isLeft ? -16 : 16)}px`, top: `${Math.min(hover.top + 12, innerHeight - 40 - 18 * rows.length)}px`, transform: isLeft ? "translateX(-100%)" : "" });
}
