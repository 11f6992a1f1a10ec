/* The Dashboard's groups: which line of the charts is whose, and its sums.  A row leads to its traces. */

export default mount("div.wc.group-list", (host, { title, rows }) => {
  const columns = [[""], [title], ...["Calls", "Failed", "p50", "p95", "p99", "Tokens", "Cost"].map((name) => [name, ".num"])];
  drawTable(host, { label: "Groups", columns, rows: rows.map(drawRow) });
});

function drawRow(row, i) {
  return tableRow(i, () => visit(row.url),
    ["", null, el("span.swatch", { style: row.color && { background: row.color }, title: row.color ? "Its line in the charts" : "Not among the lines of the charts", "aria-hidden": true })],
    [".cut", null, go(row.url, { class: "open", title: `Traces of ${row.name}` }, row.name)],
    [".num", null, number.format(row.count)],
    [".num", { title: `${number.format(row.error_count)} failed` }, row.failed && el("span.bad", null, row.failed)],
    ...[row.p50, row.p95, row.p99].map((ms) => [".num", null, duration(ms)]),
    [".num", { title: row.tokens_title }, tokens(row.tokens)],
    [".num", null, row.cost || el("span.dim", { title: "No price is known, or nothing was paid for" }, "-")]);
}
