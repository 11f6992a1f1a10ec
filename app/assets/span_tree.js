/* The spans of one trace: a tree and a waterfall over the same rows.

   Data comes as columns (see `weave_core.app.components.span_tree`); the chosen span goes back as state `span`. */

const ROW = 26;
const MANY = 2000; // Above this many spans a trace opens folded, widest level first.
const OPEN_ROWS = 400;
const SEGMENTS = 160;
const states = new WeakMap();

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  let state = states.get(parentElement);
  if (!state) {
    state = build(parentElement);
    states.set(parentElement, state);
  }
  state.choose = (id) => { state.chosen = id; keep("span", id); setStateValue("span", id); };
  if (state.raw !== data) {
    state.raw = data;
    load(state, decode(data));
  }
  return () => {};
}

function build(root) {
  const host = root.querySelector(".span-tree") ?? root.appendChild(el("div.wc.span-tree"));
  const state = { host, folded: new Set(), zoom: null, matches: [], match: -1, critical: false };
  state.search = el("input.search", { type: "search", placeholder: "Find in trace", "aria-label": "Find in trace", spellcheck: "false" });
  state.hits = el("span.hits.dim", { "aria-live": "polite" });
  state.errors = el("button.errors", { type: "button", title: "Go to the next error (e)" });
  state.path = el("button", { type: "button", "aria-pressed": "false", title: "Mark the spans that the trace waited for" }, "Critical path");
  state.fold = el("button", { type: "button", title: "Fold all / open all" }, "Fold");
  state.reset = el("button", { type: "button", hidden: true, title: "Show the whole time again (double click on the ruler)" }, "Reset zoom");
  state.ruler = el("div.ruler", { title: "Drag to zoom in on a part of the time" });
  state.head = el("div.cols.head", null, el("div.c-name", null, "Span"), el("div.c-num", null, "Duration"), el("div.c-num.c-tok", null, "Tokens"), state.ruler);
  state.tree = treeRows({
    label: "Spans of the trace", height: ROW,
    draw: (i) => drawRow(state, i),
    choose: (i) => state.choose(state.ids[i]),
    keys: (i) => keys(state, i),
    onClick: (i, event) => event.target.closest(".twist") && (toggle(state, i), true),
    reveal: (i) => { reveal(state, i); relist(state); },
  });
  host.append(
    el("div.bar", null, state.search, state.hits, el("span.gap"), state.errors, state.path, state.fold, state.reset),
    state.head, state.tree.view,
  );
  wire(state);
  return state;
}

function wire(state) {
  new ResizeObserver(() => drawRuler(state)).observe(state.tree.view);
  state.search.addEventListener("input", () => find(state));
  state.search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); step(state, event.shiftKey ? -1 : 1); }
    if (event.key === "Escape") { state.search.value = ""; find(state); state.tree.view.focus(); }
    event.stopPropagation();
  });
  state.errors.addEventListener("click", () => nextError(state));
  state.path.addEventListener("click", () => {
    state.critical = !state.critical;
    state.path.setAttribute("aria-pressed", String(state.critical));
    state.tree.soon();
  });
  state.fold.addEventListener("click", () => {
    if (state.folded.size) state.folded.clear();
    else for (let i = 0; i < state.n; i++) if (state.kids[i].length && state.depth[i] > 0) state.folded.add(i);
    relist(state);
  });
  state.reset.addEventListener("click", () => zoomTo(state, null));
  state.ruler.addEventListener("dblclick", () => zoomTo(state, null));
  wireZoom(state);
}

/* Drag over the ruler: zoom in on that part of the time. */
function wireZoom(state) {
  state.ruler.addEventListener("pointerdown", (down) => {
    const box = state.ruler.getBoundingClientRect();
    const mark = el("div.drag");
    const at = (event) => Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const from = at(down);
    const move = (event) => {
      const [a, b] = [from, at(event)].sort((x, y) => x - y);
      mark.style.left = a * 100 + "%";
      mark.style.width = (b - a) * 100 + "%";
      if (!mark.isConnected) state.ruler.append(mark);
    };
    const up = (event) => {
      state.ruler.removeEventListener("pointermove", move);
      mark.remove();
      const [a, b] = [from, at(event)].sort((x, y) => x - y);
      if ((b - a) * box.width < 4) return;
      const [lo, hi] = span(state);
      zoomTo(state, [lo + a * (hi - lo), lo + b * (hi - lo)]);
    };
    state.ruler.setPointerCapture(down.pointerId);
    state.ruler.addEventListener("pointermove", move);
    state.ruler.addEventListener("pointerup", up, { once: true });
  });
}

function zoomTo(state, range) {
  state.zoom = range;
  state.reset.hidden = !range;
  drawRuler(state);
  state.tree.soon();
}

const span = (state) => state.zoom ?? [0, state.total];

function load(state, data) {
  const isNew = state.trace !== data.trace_id;
  const folded = isNew ? null : new Set([...state.folded].map((i) => state.ids[i]));
  Object.assign(state, { trace: data.trace_id, ids: data.id, parent: data.parent, name: data.name, kind: data.kind,
    kinds: data.kinds, start: data.start, dur: data.dur, status: data.status, tokens: data.tokens, cost: data.cost,
    model: data.model, models: data.models, total: data.total || 1, n: data.id.length });
  state.index = new Map(state.ids.map((id, i) => [id, i]));
  state.kids = Array.from({ length: state.n }, () => []);
  state.tops = [];
  for (let i = 0; i < state.n; i++) (state.parent[i] < 0 ? state.tops : state.kids[state.parent[i]]).push(i);
  measure(state);
  if (isNew) { state.folded = firstFold(state); state.zoom = null; state.reset.hidden = true; state.tree.view.scrollTop = 0; }
  else state.folded = new Set([...folded].map((id) => state.index.get(id)).filter((i) => i !== undefined));
  state.failed = [];
  for (let i = 0; i < state.n; i++) if (state.status[i] === 2) state.failed.push(i);
  state.errors.hidden = !state.failed.length;
  state.errors.textContent = state.failed.length === 1 ? "1 error" : `${number.format(state.failed.length)} errors`;
  state.fold.hidden = state.n < 3;
  if (isNew) state.chosen = data.selected;
  state.tree.picked = state.index.get(state.chosen) ?? state.tops[0] ?? null;
  if (state.tree.picked !== null) reveal(state, state.tree.picked);
  relist(state);
  if (isNew && data.selected) state.tree.show(state.tree.picked, { far: true });
  if (state.search.value) find(state);
  drawRuler(state);
  state.host.dataset.ready = state.trace;
  state.host.dataset.count = state.n;
}

/* Depths, ends, sizes, and the critical path: from the root's end back along what ended last. */
function measure(state) {
  const { n, kids, start, dur, total } = state;
  state.depth = new Int32Array(n);
  state.end = new Float64Array(n);
  state.hot = new Uint8Array(n);
  state.below = new Int32Array(n);
  const order = [];
  const stack = [...state.tops];
  while (stack.length) {
    const i = stack.pop();
    order.push(i);
    state.end[i] = dur[i] === null ? total : start[i] + dur[i];
    for (const kid of kids[i]) { state.depth[kid] = state.depth[i] + 1; stack.push(kid); }
  }
  for (let at = order.length - 1; at >= 0; at--) if (state.parent[order[at]] >= 0) state.below[state.parent[order[at]]] += state.below[order[at]] + 1;
  const walk = state.tops.length ? [state.tops.reduce((a, b) => (state.end[b] > state.end[a] ? b : a))] : [];
  while (walk.length) {
    const i = walk.pop();
    state.hot[i] = 1;
    let at = state.end[i];
    for (const kid of [...kids[i]].sort((a, b) => state.end[b] - state.end[a])) {
      if (start[kid] < at && state.end[kid] <= at + 1e-6) { walk.push(kid); at = start[kid]; }
    }
  }
}

/* A big trace opens folded, breadth first, up to a screenful or two of rows. */
function firstFold(state) {
  const folded = new Set();
  if (state.n <= MANY) return folded;
  for (let i = 0; i < state.n; i++) if (state.kids[i].length) folded.add(i);
  const queue = [...state.tops];
  let shown = queue.length;
  for (let at = 0; at < queue.length && shown < OPEN_ROWS; at++) {
    const i = queue[at];
    if (!state.kids[i].length || shown + state.kids[i].length > OPEN_ROWS * 3) continue;
    folded.delete(i);
    shown += state.kids[i].length;
    queue.push(...state.kids[i]);
  }
  return folded;
}

function reveal(state, i) {
  for (let up = state.parent[i]; up >= 0; up = state.parent[up]) state.folded.delete(up);
}

function relist(state) {
  const rows = [];
  const stack = [...state.tops].reverse();
  while (stack.length) {
    const i = stack.pop();
    rows.push(i);
    if (!state.folded.has(i)) for (let k = state.kids[i].length - 1; k >= 0; k--) stack.push(state.kids[i][k]);
  }
  state.fold.textContent = state.folded.size ? "Open all" : "Fold";
  state.tree.list(rows);
}

function drawRow(state, i) {
  const width = Math.max(60, state.ruler.clientWidth);
  const kind = state.kinds[state.kind[i]];
  const failed = state.status[i] === 2;
  const has = state.kids[i].length > 0;
  const open = has && !state.folded.has(i);
  const node = el("div.cols.row", { "aria-level": state.depth[i] + 1, "aria-expanded": has ? String(open) : null, "data-id": state.ids[i], "data-kind": kind });
  if (failed) node.classList.add("failed");
  if (state.critical && !state.hot[i]) node.classList.add("cold");
  if (state.found?.has(i)) node.classList.add("found");
  const indent = Math.min(state.depth[i], 24) * 14;
  const model = state.model[i] < 0 ? null : state.models[state.model[i]];
  node.append(
    el("div.c-name", { style: { paddingLeft: indent + 4 + "px" } },
      el("span.twist", { "aria-hidden": true }, has && icon(open ? ICONS.open : ICONS.closed, 12)),
      kindMark(kind),
      el("span.label.cut", { title: state.name[i] }, state.name[i]),
      model && !state.name[i].includes(model) && el("span.model.cut", { title: model }, model),
      has && !open && el("span.kids", { title: "Folded spans below" }, number.format(state.below[i])),
      failed && el("span.mark", { title: "Failed" }, "!")),
    el("div.c-num", null, state.dur[i] === null ? "running" : duration(state.dur[i])),
    el("div.c-num.c-tok.dim", { title: state.cost[i] === null ? null : "Cost $" + state.cost[i].toPrecision(3) }, tokens(state.tokens[i])),
    drawBar(state, i, width, has && !open),
  );
  return node;
}

function drawBar(state, i, width, folded) {
  const [lo, hi] = span(state);
  const x = (ms) => ((ms - lo) / (hi - lo)) * 100;
  const lane = el("div.lane");
  const a = Math.max(0, x(state.start[i]));
  const b = Math.min(100, x(state.end[i]));
  if (b < 0 || a > 100) return lane;
  const bar = el("div.bar-fill", { style: { left: Math.min(a, 99.7) + "%", width: `max(2px, ${Math.max(0, b - a)}%)` } });
  if (state.dur[i] === null) bar.classList.add("pending");
  if (state.status[i] === 2) bar.classList.add("failed");
  lane.append(bar);
  if (folded) for (const [from, to] of segments(state, i, x, width)) lane.append(el("div.seg", { style: { left: from + "%", width: `max(1px, ${to - from}%)` } }));
  return lane;
}

/* Level of detail: what a folded span's children did, merged to at most a few pixels each. */
function segments(state, i, x, width) {
  const gap = 300 / Math.min(width, SEGMENTS * 3);
  const out = [];
  for (const kid of state.kids[i]) {
    const a = Math.max(0, x(state.start[kid]));
    const b = Math.min(100, x(state.end[kid]));
    if (b < 0 || a > 100) continue;
    const last = out[out.length - 1];
    if (last && a - last[1] < gap) last[1] = Math.max(last[1], b);
    else out.push([a, b]);
    if (out.length > SEGMENTS) break;
  }
  return out;
}

function drawRuler(state) {
  const [lo, hi] = span(state);
  const width = state.ruler.clientWidth || 300;
  const count = Math.max(2, Math.floor(width / 80));
  const rough = (hi - lo) / count;
  const base = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((f) => f * base).find((s) => s >= rough) ?? rough;
  const marks = [];
  for (let t = Math.ceil(lo / step) * step; t < hi && marks.length < 20; t += step) {
    const left = ((t - lo) / (hi - lo)) * 100;
    if (left > 90) break;
    marks.push(el("span.tick", { style: { left: left + "%" } }, t === 0 ? "0" : duration(t)));
  }
  state.ruler.replaceChildren(...marks);
}

function toggle(state, i, open) {
  if (!state.kids[i].length) return;
  if (open ?? state.folded.has(i)) state.folded.delete(i);
  else state.folded.add(i);
  relist(state);
}

function keys(state, i) {
  const open = state.kids[i]?.length && !state.folded.has(i);
  return {
    ArrowRight: () => (open ? state.tree.pick(state.kids[i][0]) : toggle(state, i, true)),
    ArrowLeft: () => (open ? toggle(state, i, false) : state.parent[i] >= 0 && state.tree.pick(state.parent[i])),
    Enter: () => toggle(state, i), "/": () => state.search.focus(), e: () => nextError(state),
  };
}

function find(state) {
  const wanted = state.search.value.trim().toLowerCase();
  state.matches = [];
  state.found = null;
  if (wanted) {
    for (let i = 0; i < state.n; i++) {
      const model = state.model[i] < 0 ? "" : state.models[state.model[i]];
      if (`${state.name[i]}\n${state.kinds[state.kind[i]]}\n${model}\n${state.ids[i]}`.toLowerCase().includes(wanted)) state.matches.push(i);
    }
    state.found = new Set(state.matches);
  }
  state.match = -1;
  state.hits.textContent = wanted ? `${number.format(state.matches.length)} found` : "";
  state.tree.soon();
}

function step(state, by) {
  if (!state.matches.length) return;
  state.match = (state.match + by + state.matches.length) % state.matches.length;
  state.hits.textContent = `${number.format(state.match + 1)} of ${number.format(state.matches.length)}`;
  state.tree.pick(state.matches[state.match]);
}

function nextError(state) {
  const now = state.tree.picked ?? -1;
  state.tree.pick(state.failed.find((i) => i > now) ?? state.failed[0]);
}
