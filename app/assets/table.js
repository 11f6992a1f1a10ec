/* A table whose rows are links: heads, rows, the keyboard, and what to say when there are none. */

/* `columns` are names, each with the class of its cells: `["Tokens", ".num"]`. */
function drawTable(host, { label, columns, rows, empty }) {
  const focused = host.getRootNode().activeElement?.closest?.(".tr")?.dataset.id;
  const head = el("div.tr.th", { role: "row" }, columns.map(([name, spec = ""]) => el("div" + spec, { role: "columnheader" }, name)));
  const table = el("div.table", { role: "table", "aria-label": label, tabindex: "-1" }, head, rows), left = host.querySelector(".table")?.scrollLeft ?? 0;
  host.replaceChildren(table);
  table.style.setProperty("--least", `${leastWidth(host, head)}px`);
  table.scrollLeft = left;
  if (!rows.length) host.append(el("div.empty", null, empty));
  if (focused) host.querySelector(`[data-id="${CSS.escape(focused)}"] .open`)?.focus();
  if (!host.dataset.ready) host.addEventListener("keydown", (event) => walkRows(host, event));
  host.dataset.ready = String(rows.length);
}

/* How narrow rows can be before they have to be scrolled: what the tracks ask for at least, and the gaps. */
function leastWidth(host, row) {
  const tracks = getComputedStyle(host).getPropertyValue("--tracks").trim();
  if (!tracks) return 0;
  const { columnGap, paddingLeft, paddingRight } = getComputedStyle(row), px = (track) => Number(/(\d+)px/.exec(track)?.[1] ?? 60);
  const widths = tracks.split(/ (?![^(]*\))/).map(px);
  return widths.reduce((sum, width) => sum + width, (widths.length - 1) * (parseFloat(columnGap) || 0) + parseFloat(paddingLeft) + parseFloat(paddingRight));
}

/* A click anywhere in a row does `open`, unless it meant a link in it or a selection. */
function tableRow(id, open, ...cells) {
  const node = el("div.tr", { role: "row", "data-id": id }, cells.map(([spec, props, ...inner]) => el("div" + spec, { role: "cell", ...props }, ...inner)));
  node.addEventListener("click", (event) => { if (!event.target.closest("a, button") && !String(getSelection())) open(); });
  return node;
}

/* Arrows, or j and k, go from row to row. */
function walkRows(host, event) {
  const by = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
  if (!by || event.metaKey || event.ctrlKey || event.altKey) return;
  const links = [...host.querySelectorAll(".open")];
  const at = links.indexOf(host.getRootNode().activeElement);
  event.preventDefault();
  links[Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
}
