/* Two traces as one tree.  Only the rows on screen exist in the page, as in the tree of one trace. */

const ROW = 28;
const states = new WeakMap();

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  let state = states.get(parentElement);
  if (!state) {
    state = build(parentElement);
    states.set(parentElement, state);
  }
  state.choose = (row) => setStateValue("row", row);
  if (state.raw !== data) {
    state.raw = data;
    load(state, decode(data));
  }
  return () => {};
}

function build(root) {
  const host = root.querySelector(".compare-tree") ?? root.appendChild(el("div.wc.compare-tree"));
  const state = { host, selected: 0, onlyChanged: false };
  state.counts = el("span.dim", { role: "status" });
  state.filter = el("button", { type: "button", "aria-pressed": "false", title: "Hide the rows that are the same" }, "Only differences");
  state.canvas = el("div.canvas");
  state.view = el("div.view", { tabindex: "0", role: "tree", "aria-label": "Spans of both traces" }, state.canvas);
  host.append(el("div.bar", null, state.counts, el("span.gap"), state.filter),
    el("div.row.head", null, el("div", null, "Span"), ...["A", "B", "Duration", "Tokens", "Cost"].map((name) => el("div.num", null, name))), state.view);
  let frame = 0;
  state.soon = () => { cancelAnimationFrame(frame); frame = requestAnimationFrame(() => paint(state)); };
  state.view.addEventListener("scroll", state.soon, { passive: true });
  new ResizeObserver(state.soon).observe(state.view);
  state.view.addEventListener("click", (event) => { const row = event.target.closest(".row"); if (row) pick(state, Number(row.dataset.row)); });
  state.view.addEventListener("keydown", (event) => onKey(state, event));
  state.filter.addEventListener("click", () => {
    state.onlyChanged = !state.onlyChanged;
    state.filter.setAttribute("aria-pressed", String(state.onlyChanged));
    relist(state);
  });
  return state;
}

function load(state, data) {
  const isNew = state.data?.key !== data.key;
  state.data = data;
  state.inputs = new Set(data.inputs);
  state.outputs = new Set(data.outputs);
  if (isNew) state.selected = data.selected;
  const n = data.name.length;
  let onlyA = 0, onlyB = 0;
  state.differs = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    if (!data.b.has[i]) onlyA++;
    if (!data.a.has[i]) onlyB++;
    if (!data.a.has[i] || !data.b.has[i] || state.inputs.has(i) || state.outputs.has(i) || data.a.failed[i] !== data.b.failed[i]) state.differs[i] = 1;
  }
  const changed = new Set([...state.inputs, ...state.outputs]).size;
  state.counts.textContent = [`${number.format(n)} spans`, onlyA && `${number.format(onlyA)} only in A`, onlyB && `${number.format(onlyB)} only in B`, changed && `${number.format(changed)} changed`].filter(Boolean).join(" · ");
  relist(state);
  if (isNew) show(state, state.selected);
  state.host.dataset.ready = data.key;
  state.host.dataset.count = n;
}

function relist(state) {
  state.rows = [];
  for (let i = 0; i < state.data.name.length; i++) if (!state.onlyChanged || state.differs[i]) state.rows.push(i);
  state.canvas.style.height = state.rows.length * ROW + "px";
  paint(state);
}

function paint(state) {
  const top = state.view.scrollTop;
  const height = state.view.clientHeight || 500;
  const first = Math.max(0, Math.floor(top / ROW) - 6);
  const last = Math.min(state.rows.length, Math.ceil((top + height) / ROW) + 6);
  const parts = [];
  for (let at = first; at < last; at++) parts.push(drawRow(state, at));
  state.canvas.replaceChildren(...parts);
}

function drawRow(state, at) {
  const { data } = state;
  const i = state.rows[at];
  const [a, b] = [data.a, data.b];
  const side = a.has[i] && b.has[i] ? "both" : a.has[i] ? "a" : "b";
  const money = (usd) => "$" + Number(usd.toPrecision(2));
  const marks = [side !== "both" && `only in ${side.toUpperCase()}`, state.inputs.has(i) && "input", state.outputs.has(i) && "output"].filter(Boolean);
  return el("div.row", { role: "treeitem", "aria-level": data.depth[i] + 1, "aria-selected": String(i === state.selected), "data-row": i, "data-side": side, class: "row" + (i === state.selected ? " picked" : ""), style: { top: at * ROW + "px" } },
    el("div.what", { style: { paddingLeft: Math.min(data.depth[i], 14) * 14 + "px" } }, kindMark(data.kind[i]), el("span.cut.name", { title: data.name[i] }, data.name[i]),
      (a.failed[i] || b.failed[i]) && el("span.tag.bad", null, a.failed[i] && b.failed[i] ? "failed" : `failed in ${a.failed[i] ? "A" : "B"}`),
      marks.map((mark) => el("span.tag", { "data-mark": mark.split(" ")[0] }, mark))),
    el("div.num.dim", null, duration(a.dur[i])), el("div.num.dim", null, duration(b.dur[i])),
    el("div.num", null, delta(a.dur[i], b.dur[i], duration)),
    el("div.num", null, delta(a.tokens[i], b.tokens[i], tokens)),
    el("div.num", null, delta(a.cost[i], b.cost[i], money)));
}

function pick(state, row) {
  state.selected = row;
  show(state, row);
  state.choose(row);
}

function show(state, row) {
  const at = state.rows.indexOf(row);
  if (at >= 0 && (at * ROW < state.view.scrollTop || (at + 1) * ROW > state.view.scrollTop + state.view.clientHeight)) state.view.scrollTop = at * ROW - state.view.clientHeight / 3;
  paint(state);
}

function onKey(state, event) {
  const at = state.rows.indexOf(state.selected);
  const page = Math.max(1, Math.floor(state.view.clientHeight / ROW) - 1);
  const by = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page, Home: -state.rows.length, End: state.rows.length }[event.key];
  if (!by || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  if (state.rows.length) pick(state, state.rows[Math.min(state.rows.length - 1, Math.max(0, at + by))]);
}
