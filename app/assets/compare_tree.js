/* Two traces as one tree. */

const ROW = 28;
const states = new WeakMap();

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  let state = states.get(parentElement);
  if (!state) {
    state = build(parentElement);
    states.set(parentElement, state);
  }
  state.choose = (row) => { keep("row", row); setStateValue("row", row); };
  if (state.raw !== data) {
    state.raw = data;
    load(state, decode(data));
  }
  return () => {};
}

function build(root) {
  const host = root.querySelector(".compare-tree") ?? root.appendChild(el("div.wc.compare-tree"));
  const state = { host, onlyChanged: false };
  state.counts = el("span.dim", { role: "status" });
  state.filter = el("button", { type: "button", "aria-pressed": "false", title: "Hide the rows that are the same" }, "Only differences");
  state.tree = treeRows({ label: "Spans of both traces", height: ROW, draw: (i) => drawRow(state, i), choose: (i) => state.choose(i) });
  host.append(el("div.bar", null, state.counts, el("span.gap"), state.filter),
    el("div.row.head", null, el("div", null, "Span"), ...["A", "B", "Duration", "Tokens", "Cost"].map((name) => el("div.num", null, name))), state.tree.view);
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
  if (isNew) state.tree.picked = data.selected;
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
  if (isNew) state.tree.show(data.selected, { far: true });
  state.host.dataset.ready = data.key;
  state.host.dataset.count = n;
}

function relist(state) {
  const rows = [...state.data.name.keys()];
  state.tree.list(state.onlyChanged ? rows.filter((i) => state.differs[i]) : rows);
}

function drawRow(state, i) {
  const { data } = state;
  const [a, b] = [data.a, data.b];
  const side = a.has[i] && b.has[i] ? "both" : a.has[i] ? "a" : "b";
  const money = (usd) => "$" + Number(usd.toPrecision(2));
  const marks = [side !== "both" && `only in ${side.toUpperCase()}`, state.inputs.has(i) && "input", state.outputs.has(i) && "output"].filter(Boolean);
  return el("div.row", { "aria-level": data.depth[i] + 1, "data-side": side },
    el("div.what", { style: { paddingLeft: Math.min(data.depth[i], 14) * 14 + "px" } }, kindMark(data.kind[i]), el("span.cut.name", { title: data.name[i] }, data.name[i]),
      (a.failed[i] || b.failed[i]) && el("span.tag.bad", null, a.failed[i] && b.failed[i] ? "failed" : `failed in ${a.failed[i] ? "A" : "B"}`),
      marks.map((mark) => el("span.tag", { "data-mark": mark.split(" ")[0] }, mark))),
    el("div.num.dim", null, duration(a.dur[i])), el("div.num.dim", null, duration(b.dur[i])),
    el("div.num", null, delta(a.dur[i], b.dur[i], duration)),
    el("div.num", null, delta(a.tokens[i], b.tokens[i], tokens)),
    el("div.num", null, delta(a.cost[i], b.cost[i], money)));
}
