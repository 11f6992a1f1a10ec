/* Runs as points and as lines through their settings: which config goes with which result. */

const chosen = new WeakMap();
const W = 620, H = 340, ROOM = 44;

export default mount("div.wc.run-relations", (host, data) => {
  const state = chosen.get(host) ?? { x: data.axes[0]?.id, y: (data.axes.find((axis) => axis.is_metric) ?? data.axes[1] ?? data.axes[0])?.id };
  chosen.set(host, state);
  if (!data.axes.length) { host.replaceChildren(el("div.empty", null, data.empty)); host.dataset.ready = "0"; return; }
  const redraw = () => {
    const pick = (name, field) => {
      const select = el("select", { "aria-label": name }, data.axes.map((axis) => el("option", { value: axis.id, selected: axis.id === state[field] }, axis.name)));
      select.addEventListener("change", () => { state[field] = select.value; redraw(); });
      return el("label", null, el("span.dim", null, name), select);
    };
    host.replaceChildren(el("section", null, el("div.head", null, el("b", null, "Scatter"), pick("x", "x"), pick("y", "y")), scatter(data, state)),
      el("section", null, el("div.head", null, el("b", null, "Parallel coordinates"), el("span.dim", null, "a line a run, coloured by " + named(data, state.y))), parallel(data, state)));
    host.dataset.ready = String(data.runs.length);
  };
  redraw();
});

const named = (data, id) => data.axes.find((axis) => axis.id === id)?.name ?? "";

function svg(tag, props, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(props)) if (value !== null && value !== undefined) node.setAttribute(key, value);
  for (const child of children.flat()) if (child) node.append(child instanceof Node ? child : document.createTextNode(plain(child)));
  return node;
}

/* An axis from `a` to `b`: numbers where all are numbers, else texts at equal distances. */
function axisOf(data, id, a, b) {
  const values = data.runs.map((run) => run.values[id]).filter((value) => value !== undefined && value !== null);
  if (values.length && values.every((value) => typeof value === "number")) {
    const isLog = values.every((v) => v > 0) && Math.max(...values) / Math.min(...values) > 50;
    const scale = scaleOf(isLog ? "log" : "linear", [Math.min(...values), Math.max(...values)], a, b);
    return { at: (v) => (typeof v === "number" ? scale.at(v) : null), ticks: ticksOf(scale, 4).map(([v, text]) => [scale.at(v), text]) };
  }
  const texts = [...new Set(values.map(String))].sort();
  const place = (text) => a + ((texts.indexOf(text) + 0.5) / texts.length) * (b - a);
  return { at: (v) => (v === undefined || v === null ? null : place(String(v))), ticks: texts.slice(0, 12).map((text) => [place(text), text.slice(0, 14)]) };
}

function scatter(data, { x, y }) {
  const ax = axisOf(data, x, ROOM + 16, W - 16), ay = axisOf(data, y, H - 34, 12);
  const box = svg("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${named(data, y)} by ${named(data, x)}`, class: "scatter" },
    ay.ticks.map(([at, text]) => [svg("line", { class: "rule", x1: ROOM + 6, x2: W - 6, y1: at, y2: at }), svg("text", { x: ROOM, y: at + 4, "text-anchor": "end" }, text)]).flat(),
    ax.ticks.map(([at, text]) => svg("text", { x: at, y: H - 16, "text-anchor": "middle" }, text)));
  for (const run of data.runs) {
    const [px, py] = [ax.at(run.values[x]), ay.at(run.values[y])];
    if (px === null || py === null) continue;
    const dot = svg("circle", { cx: px, cy: py, r: 5, fill: run.color, class: "dot-run" }, svg("title", {}, `${run.name}\n${named(data, x)}: ${run.values[x]}\n${named(data, y)}: ${run.values[y]}`));
    dot.addEventListener("click", () => visit(run.url));
    box.append(dot);
  }
  const missing = data.runs.filter((run) => ax.at(run.values[x]) === null || ay.at(run.values[y]) === null).length;
  return el("div.frame", null, box, missing > 0 && el("div.dim", null, `${missing} runs have not both.`));
}

/* The settings first, the chosen result last; the better seen the line, the higher its result. */
function parallel(data, { y }) {
  const ids = [...data.axes.filter((axis) => !axis.is_metric && axis.id !== y).map((axis) => axis.id).slice(0, 7), y];
  const at = (i) => 60 + (ids.length < 2 ? 0 : (i / (ids.length - 1)) * (W - 120));
  const axes = ids.map((id) => axisOf(data, id, H - 40, 34));
  const last = axes.at(-1);
  const box = svg("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": "Parallel coordinates", class: "parallel" });
  for (const run of data.runs) {
    const places = ids.map((id, i) => [at(i), axes[i].at(run.values[id])]).filter(([, py]) => py !== null);
    if (places.length < 2) continue;
    const high = last.at(run.values[y]);
    const share = high === null ? 0.3 : 0.25 + 0.75 * ((H - 40 - high) / (H - 74));
    const line = svg("polyline", { points: places.map((place) => place.join()).join(" "), style: `stroke: color-mix(in srgb, var(--accent) ${Math.round(share * 100)}%, var(--line))`, class: "run-line" }, svg("title", {}, run.name));
    line.addEventListener("click", () => visit(run.url));
    box.append(line);
  }
  ids.forEach((id, i) => box.append(svg("line", { class: "axis", x1: at(i), x2: at(i), y1: 34, y2: H - 40 }), svg("text", { x: at(i), y: 20, "text-anchor": "middle", class: "name" }, svg("title", {}, named(data, id)), named(data, id).slice(-16)),
    ...axes[i].ticks.map(([py, text]) => svg("text", { x: at(i) - 5, y: py + 4, "text-anchor": "end" }, text))));
  return el("div.frame", null, box);
}
