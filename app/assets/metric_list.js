/* The metrics of a project by name; the one on screen is marked. */

const COLUMNS = [["Metric"], ["Last", ".num"]];

export default mount("div.wc.metric-list", (host, { rows }) => {
  drawTable(host, { label: "Metrics", columns: COLUMNS, rows: rows.map(drawRow) });
});

function drawRow(row) {
  const line = tableRow(row.name, () => visit(row.url),
    [".cut", { title: row.description || row.text }, go(row.url, { class: "open", "aria-current": row.on ? "true" : null }, row.text),
      el("div.cut.dim.what", null, `${row.kind}, ${number.format(row.points)} points`)],
    [".num.dim", { title: clock(row.last_ms) }, ago(row.last_ms, Date.now())]);
  line.classList.toggle("on", row.on);
  return line;
}
