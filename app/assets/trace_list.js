/* The table of traces.  Rows are true links; new ones appear with a short tint and nothing jumps. */

const states = new WeakMap();

const COLUMNS = [
  { name: "", sort: null, cls: "c-status" },
  { name: "Trace", sort: null, cls: "c-name" },
  { name: "Input and output", sort: null, cls: "c-text" },
  { name: "Started", sort: "started_ns", cls: "num c-when" },
  { name: "Latency", sort: "duration_ms", cls: "num c-lat" },
  { name: "Spans", sort: "span_count", cls: "num c-spans" },
  { name: "Tokens", sort: "total_tokens", cls: "num c-tok" },
  { name: "Cost", sort: "cost_usd", cls: "num c-cost" },
  { name: "Model", sort: null, cls: "c-model" },
  { name: "User, session, tags", sort: null, cls: "c-who" },
];

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const host = parentElement.querySelector(".trace-list") ?? parentElement.appendChild(el("div.wc.trace-list"));
  let state = states.get(parentElement);
  if (!state) {
    state = { seen: null, timer: null };
    states.set(parentElement, state);
    host.addEventListener("keydown", (event) => onKey(host, event));
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
  state.view = data.view;
  state.seen = new Set(data.rows.map((row) => row.trace_id));
  const longest = Math.max(1, ...data.rows.map((row) => row.duration_ms ?? 0));
  const sorted = data.order_by.replace(/^-/, "");
  const head = el("div.tr.th", { role: "row" }, COLUMNS.map((column) => headCell(column, data, sorted, state)));
  const body = data.rows.map((row) => drawRow(row, data, state, longest, fresh.has(row.trace_id)));
  host.replaceChildren(el("div.table", { role: "table", "aria-label": "Traces" }, head, body));
  if (!data.rows.length) host.append(el("div.empty", null, data.empty));
  tick(host);
  if (focused) host.querySelector(`[data-id="${CSS.escape(focused)}"] a.open`)?.focus();
  host.dataset.ready = String(data.rows.length);
}

function headCell(column, data, sorted, state) {
  if (!column.sort || !data.sortable.includes(column.sort)) return el("div." + column.cls.replace(/ /g, "."), { role: "columnheader" }, column.name);
  const is = sorted === column.sort;
  const down = data.order_by.startsWith("-");
  const button = el("button", { type: "button", title: "Sort by " + column.name.toLowerCase() }, column.name + (is ? (down ? " ↓" : " ↑") : ""));
  button.addEventListener("click", () => state.act("act", { sort: is && down ? column.sort : "-" + column.sort }));
  return el("div." + column.cls.replace(/ /g, "."), { role: "columnheader", "aria-sort": is ? (down ? "descending" : "ascending") : null }, button);
}

function drawRow(row, data, state, longest, isFresh) {
  const open = () => state.act("act", { open: row.trace_id });
  const only = (kind, field, value) => go(data.base + encodeURIComponent(`${field} = '${value.replaceAll("'", "''")}'`), { class: "only", title: `Only traces of ${kind} ${value}` },
    () => state.act("act", { filter: [field, value] }), brief(value));
  const status = row.status === "error" ? "failed" : row.is_complete ? "done" : "running";
  const usage = row.usage ?? {};
  const node = el("div.tr", { role: "row", "data-id": row.trace_id, "data-status": row.status, class: isFresh ? "tr fresh" : "tr" },
    el("div.c-status", { role: "cell" }, el("span.dot", { "data-status": row.is_complete ? row.status : "pending", title: status, role: "img", "aria-label": status })),
    el("div.c-name", { role: "cell" }, kindMark(row.kind), go(row.url, { class: "open cut", title: row.name }, open, row.name),
      row.error_count > 0 && row.status !== "error" && el("span.warn", { title: `${row.error_count} spans inside failed` }, `${row.error_count} err`)),
    el("div.c-text", { role: "cell" }, el("div.cut.in", { title: row.input_preview }, row.input_preview ?? ""), el("div.cut.out", { title: row.output_preview }, row.output_preview ?? "")),
    el("div.num.c-when.dim", { role: "cell", "data-ms": row.started_ms, title: clock(row.started_ms) }),
    latency(row, longest),
    el("div.num.c-spans.dim", { role: "cell" }, number.format(row.span_count)),
    el("div.num.c-tok", { role: "cell", title: row.tokens_title }, tokens(usage.total_tokens ?? sum(usage))),
    el("div.num.c-cost", { role: "cell", title: row.cost_title }, row.cost),
    el("div.c-model.cut.dim", { role: "cell", title: (row.models ?? []).join(", ") }, models(row)),
    el("div.c-who", { role: "cell" },
      el("div.cut", null, row.user_id && only("user", "user_id", row.user_id), row.user_id && row.session_id && el("span.dim", null, " · "), row.session_id && only("session", "session_id", row.session_id)),
      el("div.cut.dim.tags", { title: (row.tags ?? []).join(", ") }, (row.tags ?? []).slice(0, 6).map((tag) => "#" + tag).join("  "))));
  node.addEventListener("click", (event) => {
    if (event.target.closest("a, button") || String(getSelection())) return;
    if (event.metaKey || event.ctrlKey) window.open(row.url, "_blank", "noopener");
    else open();
  });
  return node;
}

const sum = (usage) => (usage.input_tokens == null && usage.output_tokens == null ? null : (usage.input_tokens ?? 0) + (usage.output_tokens ?? 0));

function models(row) {
  const all = row.models ?? [];
  return all.length > 1 ? `${all[0]} +${all.length - 1}` : all[0] ?? "";
}

function latency(row, longest) {
  const share = row.duration_ms === null ? 0 : Math.max(2, (row.duration_ms / longest) * 100);
  return el("div.num.c-lat", { role: "cell" }, row.duration_ms === null ? el("span.dim", null, "running") : duration(row.duration_ms),
    el("span.meter", { "aria-hidden": true }, el("span", { style: { width: share + "%" } })));
}

function tick(host) {
  const now = Date.now();
  for (const cell of host.querySelectorAll("[data-ms]")) {
    const text = ago(Number(cell.dataset.ms), now);
    if (cell.textContent !== text) cell.textContent = text;
  }
}

function onKey(host, event) {
  const by = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
  if (!by || event.metaKey || event.ctrlKey) return;
  const links = [...host.querySelectorAll("a.open")];
  const at = links.indexOf(host.getRootNode().activeElement);
  event.preventDefault();
  links[Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
}
