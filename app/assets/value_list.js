/* Names and values: narrowed by a part of either, copied one by one or all together. */

const finds = new WeakMap();
const MANY = 60;

export default mount("div.wc.value-list", (host, data) => {
  const find = el("input", { type: "search", placeholder: `Find in ${data.label.toLowerCase()}`, "aria-label": `Find in ${data.label.toLowerCase()}`, spellcheck: "false" });
  find.value = finds.get(host) ?? "";
  const rows = data.rows.map(([name, value]) => el("div.row", { "data-name": name }, el("span.name.mono.cut", { title: name }, name), el("span.value.mono.plain", null, value), copyButton(value, name)));
  const none = el("div.empty", null, data.rows.length ? "Nothing has that in its name or value." : data.empty);
  const narrow = () => {
    finds.set(host, find.value);
    const part = find.value.toLowerCase();
    data.rows.forEach((row, i) => { rows[i].hidden = !row.join(" ").toLowerCase().includes(part); });
    none.hidden = rows.some((row) => !row.hidden);
  };
  find.addEventListener("input", narrow);
  host.replaceChildren(el("div.head", null, el("b", null, data.label), el("span.dim", null, number.format(data.total)), data.rows.length > 0 && find, data.rows.length > 0 && copyButton(data.json, data.label.toLowerCase() + " as JSON")), el(rows.length > MANY ? "div.rows.many" : "div.rows", null, rows), none,
    data.total > data.rows.length ? el("div.dim", null, `${number.format(data.rows.length)} of ${number.format(data.total)} are shown.`) : "");
  narrow();
  host.dataset.ready = String(data.rows.length);
});
