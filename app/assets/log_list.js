/* The table of log records.  A row opens in place; its span is one link away. */

const opened = new WeakMap();
const COLUMNS = [["Time"], ["Level"], ["Message"], ["Service"], ["Span"]];

export default mount("div.wc.log-list", (host, { rows, empty }) => {
  if (!opened.has(host)) opened.set(host, new Set());
  const ids = opened.get(host);
  drawTable(host, { label: "Log records", columns: COLUMNS, empty, rows: rows.flatMap((row) => drawRow(row, ids)) });
  host.dataset.ready = String(rows.length);
});

/* The line of a record and, below it, the record in full once it was asked for. */
function drawRow(row, ids) {
  const body = el("div.record", { role: "row", hidden: !ids.has(row.id) });
  const head = el("button.open.cut", { type: "button", title: "Show the whole record" }, row.event && el("span.chip.event", null, row.event), row.line || el("span.dim", null, "(no text)"));
  const set = (isOpen) => {
    if (isOpen && !body.firstChild) body.append(el("div", { role: "cell" }, ...record(row)));
    body.hidden = !isOpen;
    head.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) ids.add(row.id); else ids.delete(row.id);
  };
  const toggle = () => set(body.hidden);
  head.addEventListener("click", toggle);
  set(ids.has(row.id));
  const line = tableRow(row.id, toggle,
    [".mono.when", { title: clock(row.ms) }, clock(row.ms).slice(5)],
    ["", null, el("span.level", { "data-level": row.level }, row.severity || "-")],
    [".message", null, head],
    [".cut.dim", { title: row.service }, row.service],
    [".cut", null, row.url ? go(row.url, { class: "to mono", title: "Open the span that said this" }, (row.span_id ?? row.trace_id).slice(0, 8)) : ""]);
  line.dataset.level = row.level;
  return [line, body];
}

function record(row) {
  const part = (name, value) => value !== null && value !== undefined && !(typeof value === "object" && !Object.keys(value).length) && el("section", null,
    el("h4", null, name, copyButton(() => (typeof value === "string" ? value : JSON.stringify(value, null, 2)), name.toLowerCase())),
    typeof value === "object" ? jsonTree(value, 2) : long(String(value), "div.plain", 6000));
  const all = (name, id, url) => id && el("div.fact", null, el("span.dim", null, name), el("span.mono", null, id), copyButton(id, name.toLowerCase()),
    go(url, { class: "to" }, "Only its records"));
  return [
    part("Body", row.body), part("Attributes", row.attributes), part("Resource", row.resource),
    el("div.facts", null, row.scope && el("div.fact", null, el("span.dim", null, "Scope"), row.scope), all("Trace", row.trace_id, row.trace_logs), all("Span", row.span_id, row.span_logs))];
}
