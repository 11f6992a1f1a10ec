/* A table of figures whose columns the page decides: text, numbers, intervals and verdicts. */

const orders = new WeakMap();

export default mount("div.wc.figure-table", (host, { label, tracks, columns, rows, empty, is_sortable }, act) => {
  host.style.setProperty("--tracks", tracks);
  const draw = () => {
    const order = orders.get(host);
    const shown = rows.map((row, i) => [row, i]);
    if (is_sortable && order) shown.sort(([a], [b]) => compared(a.cells[order.at], b.cells[order.at], order.down));
    const heads = is_sortable && rows.length > 1 ? columns.map(([name, spec], at) => [name && sorter(name, at, order, (next) => { orders.set(host, next); draw(); }), spec]) : columns;
    drawTable(host, { label, columns: heads, empty, rows: shown.map(([row, i]) => drawRow(row, i, columns, act)) });
  };
  draw();
});

/* A head that sorts: largest first, then smallest first, then as it was. */
function sorter(name, at, order, set) {
  const is = order?.at === at, next = !is ? { at, down: true } : order.down ? { at, down: false } : null;
  return el("button", { type: "button", title: `Sort by ${name}`, onclick: () => set(next) }, name + (is ? (order.down ? " ↓" : " ↑") : ""));
}

/* Numbers by size, texts by letters, what is missing last. */
function compared(a, b, down) {
  const [x, y] = [a, b].map(valueOf);
  if (x === null || y === null) return (x === null) - (y === null);
  const found = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), undefined, { numeric: true });
  return down ? -found : found;
}

function valueOf(cell) {
  if (cell === null || cell === "") return null;
  if (cell.bar) return cell.bar.value;
  if (cell.ago) return cell.ago;
  const text = String(cell.text ?? cell), start = text.replaceAll(",", "");
  if (text === "-" || text === "") return null;
  return /^[-+]?(\d|\.\d)/.test(start) ? parseFloat(start) : text;
}

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
