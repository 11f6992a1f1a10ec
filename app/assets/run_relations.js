/* Runs as points and as lines through their settings: which config goes with which result.

   Both are coloured by one metric. A drag along an axis keeps the runs in that part, in both drawings. */

const chosen = new WeakMap();
const W = 540, WIDE = 900, H = 360, ROOM = 44, TOP = 44, FOOT = 12;
const MAX_AXES = 9;
const LOW = "#2f7de0", HIGH = "#e07b1a";

export default mount("div.wc.run-relations", (host, data) => {
  const first = (want) => data.axes.find(want)?.id;
  const state = chosen.get(host) ?? { x: first((axis) => !axis.is_metric) ?? data.axes[0]?.id, y: first((axis) => axis.is_metric) ?? data.axes[1]?.id ?? data.axes[0]?.id, parts: new Map() };
  chosen.set(host, state);
  if (!data.axes.length) { host.replaceChildren(el("div.empty", null, data.empty)); host.dataset.ready = "0"; return; }
  const redraw = () => {
    state.color = colorsOf(data, state.y);
    state.isIn = keeper(data, state.parts);
    const pick = (name, field) => {
      const select = el("select", { "aria-label": name }, data.axes.map((axis) => el("option", { value: axis.id, selected: axis.id === state[field] }, axis.name)));
      select.addEventListener("change", () => { state[field] = select.value; redraw(); });
      return el("label", null, el("span.dim", null, name), select);
    };
    const kept = data.runs.filter(state.isIn).length;
    const clear = state.parts.size > 0 && el("button.toggle", { type: "button", onclick: () => { state.parts.clear(); redraw(); } }, `${number.format(kept)} of ${number.format(data.runs.length)} runs, show all`);
    host.replaceChildren(el("section", null, el("div.head", null, el("b", null, "Scatter"), pick("x", "x"), pick("y", "y")), scatter(data, state)),
      el("section", null, el("div.head", null, el("b", null, "Parallel coordinates"), clear || el("span.dim", { title: "Drag along an axis to keep the runs in that part" }, "drag along an axis to choose runs"), state.color.scale), parallel(data, state, redraw)));
    host.dataset.ready = String(data.runs.length);
    host.dataset.kept = String(kept);
  };
  redraw();
});

const named = (data, id) => data.axes.find((axis) => axis.id === id)?.name ?? "";
const isThere = (value) => value !== undefined && value !== null;

function svg(tag, props, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(props)) if (isThere(value)) node.setAttribute(key, value);
  for (const child of children.flat()) if (child) node.append(child instanceof Node ? child : document.createTextNode(plain(child)));
  return node;
}

/* An axis from `a` to `b`: numbers where all are numbers, else texts at equal distances. */
function axisOf(data, id, a, b) {
  const values = data.runs.map((run) => run.values[id]).filter(isThere);
  if (values.length && values.every((value) => typeof value === "number")) {
    const [low, high] = values.reduce(([least, most], v) => [Math.min(least, v), Math.max(most, v)], [Infinity, -Infinity]);
    const scale = scaleOf(low > 0 && high / low > 50 ? "log" : "linear", [low, high], a, b);
    return { at: (v) => (typeof v === "number" ? scale.at(v) : null), ticks: ticksOf(scale, 5).map(([v, text]) => [scale.at(v), text]) };
  }
  const texts = [...new Set(values.map(String))].sort();
  const place = (text) => a + ((texts.indexOf(text) + 0.5) / texts.length) * (b - a);
  return { at: (v) => (isThere(v) ? place(String(v)) : null), ticks: texts.slice(0, 12).map((text) => [place(text), text]) };
}

/* A run's colour by how high its result is, and the scale that says so; a few that lie far off don't take all of it. */
function colorsOf(data, id) {
  const values = data.runs.map((run) => run.values[id]).filter((v) => typeof v === "number").sort((a, b) => a - b);
  if (!values.length) return { of: () => "var(--accent)", scale: null };
  const [low, high] = [0.05, 0.95].map((share) => values[Math.round(share * (values.length - 1))]);
  const shareOf = (v) => (high > low ? Math.min(1, Math.max(0, (v - low) / (high - low))) : 0.5);
  const of = (run) => (typeof run.values[id] === "number" ? `color-mix(in oklab, ${HIGH} ${Math.round(shareOf(run.values[id]) * 100)}%, ${LOW})` : "var(--faint)");
  const word = (v) => String(Number(v.toPrecision(3)));
  const scale = el("span.scale", { title: `Colour: ${named(data, id)}; nine tenths of the runs lie between` }, el("span.dim", null, named(data, id)), el("span.num", null, word(low)), el("span.ramp", { style: { background: `linear-gradient(90deg in oklab, ${LOW}, ${HIGH})` } }), el("span.num", null, word(high)));
  return { of, scale };
}

/* Whether a run lies in all parts of axes that were chosen. */
function keeper(data, parts) {
  const tests = [...parts].map(([id, [from, to]]) => {
    const axis = axisOf(data, id, H - FOOT, TOP);
    return (run) => { const at = axis.at(run.values[id]); return at !== null && at >= from && at <= to; };
  });
  return (run) => tests.every((test) => test(run));
}

function scatter(data, { x, y, color, isIn }) {
  const ax = axisOf(data, x, ROOM + 18, W - 18), ay = axisOf(data, y, H - 44, 14);
  const box = svg("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${named(data, y)} by ${named(data, x)}`, class: "scatter" },
    ay.ticks.map(([at, text]) => [svg("line", { class: "rule", x1: ROOM + 6, x2: W - 6, y1: at, y2: at }), svg("text", { x: ROOM, y: at + 4, "text-anchor": "end" }, text.slice(0, 8))]).flat(),
    ax.ticks.map(([at, text]) => svg("text", { x: at, y: H - 24, "text-anchor": "middle" }, text.slice(0, 14))),
    svg("text", { x: (ROOM + W) / 2, y: H - 6, "text-anchor": "middle", class: "name" }, named(data, x)));
  for (const run of data.runs) {
    const [px, py] = [ax.at(run.values[x]), ay.at(run.values[y])];
    if (px === null || py === null) continue;
    const dot = svg("circle", { cx: px, cy: py, r: 4.5, style: `fill: ${color.of(run)}`, class: isIn(run) ? "dot-run" : "dot-run off" }, svg("title", {}, `${run.name}\n${named(data, x)}: ${run.values[x]}\n${named(data, y)}: ${run.values[y]}`));
    dot.addEventListener("click", () => visit(run.url));
    box.append(dot);
  }
  const missing = data.runs.filter((run) => ax.at(run.values[x]) === null || ay.at(run.values[y]) === null).length;
  return el("div.frame", null, box, missing > 0 && el("div.dim", null, `${number.format(missing)} ${missing === 1 ? "run has" : "runs have"} not both.`));
}

/* The settings first, the chosen result last. */
function parallel(data, state, redraw) {
  const { y, color, isIn, parts } = state;
  const ids = [...data.axes.filter((axis) => !axis.is_metric && axis.id !== y).map((axis) => axis.id).slice(0, MAX_AXES - 1), y];
  const at = (i) => 46 + (ids.length < 2 ? 0 : (i / (ids.length - 1)) * (WIDE - 130));
  const axes = ids.map((id) => axisOf(data, id, H - FOOT, TOP));
  const box = svg("svg", { viewBox: `0 0 ${WIDE} ${H}`, role: "img", "aria-label": "Parallel coordinates", class: "parallel" });
  // Those that were left out lie below.
  for (const run of [...data.runs].sort((a, b) => isIn(a) - isIn(b))) {
    const places = ids.map((id, i) => [at(i), axes[i].at(run.values[id])]).filter(([, py]) => py !== null);
    if (places.length < 2) continue;
    const line = svg("polyline", { points: places.map((place) => place.join()).join(" "), style: `stroke: ${color.of(run)}`, class: isIn(run) ? "run-line" : "run-line off" }, svg("title", {}, `${run.name}\n${ids.map((id) => `${named(data, id)}: ${run.values[id] ?? "-"}`).join("\n")}`));
    line.addEventListener("click", () => visit(run.url));
    box.append(line);
  }
  const wide = Math.floor((WIDE - 130) / Math.max(1, ids.length - 1) / 6.2);
  ids.forEach((id, i) => {
    const name = named(data, id), short = name.length > wide * 1.8 ? "…" + name.slice(1 - Math.floor(wide * 1.8)) : name;
    box.append(svg("line", { class: "axis", x1: at(i), x2: at(i), y1: TOP, y2: H - FOOT }), svg("text", { x: at(i), y: i % 2 ? 28 : 14, "text-anchor": "middle", class: "name" }, svg("title", {}, name), short),
      ...axes[i].ticks.map(([py, text]) => svg("text", { x: at(i) + 5, y: py + 4, class: "tick" }, text.slice(0, 14))));
    const part = parts.get(id);
    if (part) box.append(svg("rect", { class: "part", x: at(i) - 6, width: 12, y: part[0], height: part[1] - part[0] }));
    const grip = svg("rect", { class: "grip", x: at(i) - 11, width: 22, y: TOP - 6, height: H - FOOT - TOP + 12, "data-axis": name });
    grip.addEventListener("pointerdown", (event) => drag(event, { box, grip, id, x: at(i), parts, redraw }));
    box.append(grip);
  });
  return el("div.frame", null, box);
}

/* A drag chooses a part of an axis; a click without one takes the choice back. */
function drag(event, { box, grip, id, x, parts, redraw }) {
  const yOf = (each) => { const { top, height } = box.getBoundingClientRect(); return Math.min(H - FOOT + 6, Math.max(TOP - 6, ((each.clientY - top) / height) * H)); };
  const from = yOf(event), mark = box.appendChild(svg("rect", { class: "part", x: x - 6, width: 12, y: from, height: 0 }));
  let to = from;
  grip.setPointerCapture(event.pointerId);
  grip.onpointermove = (next) => { to = yOf(next); mark.setAttribute("y", Math.min(from, to)); mark.setAttribute("height", Math.abs(to - from)); };
  grip.onpointerup = () => {
    if (Math.abs(to - from) < 3) parts.delete(id); else parts.set(id, [Math.min(from, to), Math.max(from, to)]);
    redraw();
  };
}
