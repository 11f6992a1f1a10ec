/* A table of figures whose columns the page decides: text, numbers, intervals and verdicts. */

export default mount("div.wc.figure-table", (host, { label, tracks, columns, rows, empty }, act) => {
  host.style.setProperty("--tracks", tracks);
  drawTable(host, { label, columns, empty, rows: rows.map((row, i) => drawRow(row, i, columns, act)) });
});

function drawRow(row, i, columns, act) {
  const open = () => (row.url ? visit(row.url) : row.pick !== undefined && act("pick", row.pick));
  const node = tableRow(row.id ?? i, open, ...row.cells.map((cell, at) => drawCell(cell, columns[at][1] ?? "", row, at, open)));
  if (!row.url && row.pick === undefined) node.style.cursor = "default";
  if (row.is_on) node.classList.add("on");
  return node;
}

/* A cell is a text, or says what it is: `bar`, `verdict`, `ago`, `dim`, `bad`; the first one is the row's link. */
function drawCell(cell, spec, row, at, open) {
  if (cell === null || cell === "") return [spec, null];
  if (typeof cell === "string") cell = { text: cell };
  const props = cell.title ? { title: cell.title } : null;
  if (cell.bar) return [spec, props, intervalBar(cell.bar, cell.bar.scale, cell.bar)];
  if (cell.verdict) return [spec, props, el("span.chip.verdict", { "data-verdict": cell.verdict }, cell.text)];
  // A moment as how long ago, before or behind what else the cell says.
  const when = cell.ago && el("span.dim", { title: clock(cell.ago) }, cell.text ? ", " : "", ago(cell.ago, Date.now()));
  const text = el(cell.dim ? "span.dim" : cell.bad ? "span.bad" : "span", null, cell.text ?? "", when);
  if (at === 0 && row.url) return [spec, props, go(row.url, { class: "open" }, cell.text)];
  if (at === 0 && row.pick !== undefined) return [spec, props, anchor("#", { class: "open" }, open, cell.text)];
  return [spec, props, text];
}
