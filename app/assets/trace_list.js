/* The table of traces.  Rows are true links; new ones appear with a short tint and nothing jumps.

   Which columns there are is the page's choice; of those, the ones that a narrow window has no room
   for give way, the least important first. */

const states = new WeakMap();

/* `min` and `grow` make the grid; `rank` says who gives way first: the highest. */
const COLUMNS = {
  io: { name: "Input and output", cls: "c-text", min: 150, grow: 2, rank: 3 },
  started: { name: "Started", sort: "started_ns", cls: "num.c-when", min: 64, rank: 1 },
  latency: { name: "Latency", sort: "duration_ms", cls: "num.c-lat", min: 74, rank: 0 },
  spans: { name: "Spans", sort: "span_count", cls: "num.c-spans", min: 44, rank: 7 },
  tokens: { name: "Tokens", sort: "total_tokens", cls: "num.c-tok", min: 54, rank: 4 },
  cost: { name: "Cost", sort: "cost_usd", cls: "num.c-cost", min: 62, rank: 2 },
  model: { name: "Model", cls: "c-model", min: 80, grow: 0.8, rank: 5 },
  service: { name: "Service", cls: "c-service", min: 80, grow: 0.6, rank: 6 },
  scores: { name: "Feedback", cls: "c-scores", min: 96, grow: 0.7, rank: 4.5 },
  who: { name: "User, session, tags", cls: "c-who", min: 100, grow: 1, rank: 8 },
};
const FIXED = 24 + 26 + 20 + 150; // Paddings, the mark, the status and a name that can be read.
const GAP = 12;

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const host = parentElement.querySelector(".trace-list") ?? parentElement.appendChild(el("div.wc.trace-list"));
  let state = states.get(parentElement);
  if (!state) {
    state = { seen: null, timer: null, picked: [] };
    states.set(parentElement, state);
    host.addEventListener("keydown", (event) => onKey(host, event));
    new ResizeObserver(() => fit(host, state)).observe(host);
  }
  state.act = setTriggerValue;
  if (state.raw !== data) {
    state.raw = data;
    draw(host, state, decode(data));
  }
  clearInterval(state.timer);
  state.timer = setInterval(() => tick(host), 1000);
  return () => clearInterval(state.timer);
}

function draw(host, state, data) {
  const fresh = state.view === data.view && state.seen ? new Set(data.rows.map((r) => r.trace_id).filter((id) => !state.seen.has(id))) : new Set();
  const focused = host.getRootNode().activeElement?.closest?.(".tr")?.dataset.id;
  if (state.view !== data.view) state.picked = [];
  state.view = data.view;
  state.columns = data.columns.filter((id) => COLUMNS[id]);
  state.seen = new Set(data.rows.map((row) => row.trace_id));
  state.picked = state.picked.filter((id) => state.seen.has(id));
  const longest = Math.max(1, ...data.rows.map((row) => row.duration_ms ?? 0));
  const sorted = data.order_by.replace(/^-/, "");
  const plainHead = (name, spec = "div") => el(spec, { role: "columnheader" }, name);
  const head = el("div.tr.th", { role: "row" }, data.can_compare && plainHead(el("span.sr", null, "Pick")), plainHead(el("span.sr", null, "State")), plainHead("Trace", "div.c-name"),
    state.columns.map((id) => headCell(COLUMNS[id], id, data, sorted, state)));
  const body = data.rows.map((row) => drawRow(row, data, state, longest, fresh.has(row.trace_id)));
  state.bar = el("div.picked-bar", { role: "status" });
  state.table = el("div.table", { role: "table", "aria-label": data.label }, head, body);
  state.canCompare = data.can_compare;
  state.compare = data.compare;
  state.addRows = data.add_rows;
  state.annotate = data.annotate;
  host.replaceChildren(state.bar, state.table);
  if (!data.rows.length) host.append(el("div.empty", null, data.empty));
  fit(host, state);
  showPicked(host, state);
  tick(host);
  if (focused) host.querySelector(`[data-id="${CSS.escape(focused)}"] a.open`)?.focus();
  host.dataset.ready = String(data.rows.length);
}

/* The columns that there is room for, as one grid for all rows. */
function fit(host, state) {
  if (!state.table) return;
  let room = (host.clientWidth || 1200) - FIXED;
  const shown = new Set();
  for (const id of [...state.columns].sort((a, b) => COLUMNS[a].rank - COLUMNS[b].rank)) {
    room -= COLUMNS[id].min + GAP;
    if (room < 0) break;
    shown.add(id);
  }
  const width = (id) => (COLUMNS[id].grow ? `minmax(${COLUMNS[id].min}px, ${COLUMNS[id].grow}fr)` : `${COLUMNS[id].min}px`);
  const tracks = state.columns.filter((id) => shown.has(id)).map(width).join(" ");
  state.table.style.setProperty("--tracks", `${state.canCompare ? "14px " : ""}8px minmax(150px, 1.6fr) ${tracks}`);
  for (const cell of state.table.querySelectorAll("[data-col]")) cell.hidden = !shown.has(cell.dataset.col);
}

function headCell(column, id, data, sorted, state) {
  if (!column.sort || !data.sortable.includes(column.sort)) return el("div." + column.cls, { role: "columnheader", "data-col": id }, column.name);
  const is = sorted === column.sort;
  const down = data.order_by.startsWith("-");
  const button = el("button", { type: "button", title: "Sort by " + column.name.toLowerCase() }, column.name + (is ? (down ? " ↓" : " ↑") : ""));
  button.addEventListener("click", () => state.act("act", { sort: is && down ? column.sort : "-" + column.sort }));
  return el("div." + column.cls, { role: "columnheader", "data-col": id, "aria-sort": is ? (down ? "descending" : "ascending") : null }, button);
}

function drawRow(row, data, state, longest, isFresh) {
  const mark = data.can_compare && el("input.pick", { type: "checkbox", "aria-label": `Pick ${row.name}`, title: "Pick two traces to compare them, or any number for a dataset" });
  if (mark) mark.addEventListener("change", () => pick(state, row.trace_id, mark.checked));
  const node = el("div.tr", { role: "row", "data-id": row.trace_id, "data-status": row.status, class: isFresh ? "tr fresh" : "tr" },
    mark && el("div.c-pick", { role: "cell" }, mark),
    el("div.c-status", { role: "cell" }, stateDot(row.is_complete ? row.status : "pending")),
    el("div.c-name", { role: "cell" }, kindMark(row.kind), go(row.url, { class: "open cut", title: row.name }, row.name),
      row.error_count > 0 && row.status !== "error" && el("span.warn", { title: `${row.error_count} spans inside failed` }, `${row.error_count} err`)),
    state.columns.map((id) => cell(id, row, data, state, longest)));
  node.addEventListener("click", (event) => {
    if (event.target.closest("a, button, input, .c-pick") || String(getSelection())) return;
    if (event.metaKey || event.ctrlKey) window.open(row.url, "_blank", "noopener");
    else visit(row.url);
  });
  return node;
}

function cell(id, row, data, state, longest) {
  const box = (...inner) => (props, spec = "div." + COLUMNS[id].cls) => el(spec, { role: "cell", "data-col": id, ...props }, ...inner);
  const only = (kind, field, value) => anchor(data.base + encodeURIComponent(`${field} = '${value.replaceAll("'", "''")}'`), { class: "only", title: `Only traces of ${kind} ${value}` },
    () => state.act("act", { filter: [field, value] }), brief(value));
  const usage = row.usage ?? {};
  const draw = {
    io: () => box(el("div.cut.in", { title: row.input_preview }, row.input_preview ?? ""), el("div.cut.out", { title: row.output_preview }, row.output_preview ?? ""))(),
    started: () => box()({ "data-ms": row.started_ms, title: clock(row.started_ms) }, "div.num.c-when.dim"),
    latency: () => box(...latency(row, longest))(),
    spans: () => box(number.format(row.span_count))({}, "div.num.c-spans.dim"),
    tokens: () => box(tokens(usage.total_tokens ?? sum(usage)))({ title: row.tokens_title }),
    cost: () => box(row.cost)({ title: row.cost_title }),
    model: () => box(models(row))({ title: (row.models ?? []).join(", ") }, "div.c-model.cut.dim"),
    service: () => box(row.service_name ?? "")({ title: row.service_name }, "div.c-service.cut.dim"),
    scores: () => box(verdicts(row.judged))({ title: row.judged.map((each) => each.title).join("\n") }),
    who: () => box(
      el("div.cut", null, row.user_id && only("user", "user_id", row.user_id), row.user_id && row.session_id && el("span.dim", null, " · "), row.session_id && only("session", "session_id", row.session_id)),
      el("div.cut.dim.tags", { title: (row.tags ?? []).join(", ") }, (row.tags ?? []).slice(0, 6).map((tag) => "#" + tag).join("  ")))(),
  };
  return draw[id]();
}

function pick(state, id, isPicked) {
  state.picked = state.picked.filter((each) => each !== id);
  if (isPicked) state.picked = [...state.picked, id];
  showPicked(state.table.parentElement, state);
}

function showPicked(host, state) {
  for (const box of state.table.querySelectorAll(".pick")) {
    const row = box.closest(".tr");
    box.checked = state.picked.includes(row.dataset.id);
    row.classList.toggle("picked", box.checked);
  }
  state.bar.hidden = !state.picked.length;
  if (!state.picked.length) return state.bar.replaceChildren();
  const count = state.picked.length;
  const compare = el("button.primary", { type: "button", disabled: count !== 2, title: "Two traces can be compared" }, "Compare");
  compare.addEventListener("click", () => visit(`${state.compare}&a=${state.picked[0]}&b=${state.picked[1]}`));
  const add = el("button", { type: "button", title: "Make rows of what went in and came out" }, "Add to dataset");
  add.addEventListener("click", () => visit(`${state.addRows}&traces=${state.picked.join(",")}`));
  const review = el("button", { type: "button", title: "Let people review them" }, "Annotate");
  review.addEventListener("click", () => visit(`${state.annotate}&traces=${state.picked.join(",")}`));
  const clear = el("button", { type: "button" }, "Clear");
  clear.addEventListener("click", () => { state.picked = []; showPicked(host, state); });
  state.bar.replaceChildren(el("span", null, count === 1 ? "One trace picked; a second can be compared with it" : `${count} traces picked`), compare, add, review, clear);
}

const sum = (usage) => (usage.input_tokens == null && usage.output_tokens == null ? null : (usage.input_tokens ?? 0) + (usage.output_tokens ?? 0));

function models(row) {
  const all = row.models ?? [];
  return all.length > 1 ? `${all[0]} +${all.length - 1}` : all[0] ?? "";
}

function latency(row, longest) {
  const share = row.duration_ms === null ? 0 : Math.max(2, (row.duration_ms / longest) * 100);
  return [row.duration_ms === null ? el("span.dim", null, "running") : duration(row.duration_ms),
    el("span.meter", { "aria-hidden": true }, el("span", { style: { width: share + "%" } }))];
}

function tick(host) {
  const now = Date.now();
  for (const cell of host.querySelectorAll("[data-ms]")) {
    const text = ago(Number(cell.dataset.ms), now);
    if (cell.textContent !== text) cell.textContent = text;
  }
}

function onKey(host, event) {
  const here = host.getRootNode().activeElement;
  if (event.key === "x" && !event.metaKey && !event.ctrlKey && !event.altKey && here?.closest?.(".tr")) return here.closest(".tr").querySelector(".pick")?.click();
  walkRows(host, event);
}
