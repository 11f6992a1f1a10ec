/* The table of sessions: conversations across traces.  A row leads to its conversation. */

const raws = new WeakMap();

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const host = parentElement.querySelector(".session-list") ?? parentElement.appendChild(el("div.wc.session-list"));
  if (raws.get(parentElement) !== data) {
    raws.set(parentElement, data);
    draw(host, decode(data), (target) => setTriggerValue("open", target));
  }
  return () => {};
}

function draw(host, { rows, empty }, open) {
  const head = el("div.tr.th", { role: "row" }, ["", "Session", "User", "Last", "Lasted", "Traces", "Tokens", "Cost"].map((name, i) => el("div" + (i > 2 ? ".num" : ""), { role: "columnheader" }, name)));
  host.replaceChildren(el("div.table", { role: "table", "aria-label": "Sessions" }, head, rows.map((row) => drawRow(row, open))));
  if (!rows.length) host.append(el("div.empty", null, empty));
  host.dataset.ready = String(rows.length);
}

function drawRow(row, open) {
  const failed = row.error_count > 0;
  const node = el("div.tr", { role: "row", "data-id": row.session_id },
    el("div", { role: "cell" }, el("span.dot", { "data-status": failed ? "error" : "ok", role: "img", "aria-label": failed ? "with errors" : "without errors", title: failed ? `${row.error_count} errors` : "No errors" })),
    el("div.cut", { role: "cell" }, go(row.url, { class: "open", title: row.session_id }, () => open(row.session_id), row.session_id)),
    el("div.cut.dim", { role: "cell", title: row.user_id }, row.user_id ?? ""),
    el("div.num.dim", { role: "cell", title: clock(row.last_ms) }, ago(row.last_ms, Date.now())),
    el("div.num", { role: "cell", title: "From the start of its first trace to the end of its last" }, duration(row.lasted_ms)),
    el("div.num", { role: "cell" }, failed && el("span.warn", null, row.error_count === 1 ? "1 err" : `${number.format(row.error_count)} err`), number.format(row.trace_count)),
    el("div.num", { role: "cell" }, tokens(row.tokens)),
    el("div.num", { role: "cell" }, row.cost));
  node.addEventListener("click", (event) => { if (!event.target.closest("a") && !String(getSelection())) open(row.session_id); });
  return node;
}
