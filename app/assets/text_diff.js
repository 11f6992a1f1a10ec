/* Two texts side by side with what differs.  All of it is foreign text: text nodes only. */

const SHOWN = 400; // Rows drawn at once.

export default mount("div.wc.text-diff", (host, { title, facts, sections, empty }) => {
  host.replaceChildren(el("h2.cut", { title }, title),
    // A list of none: what is no node would be written out as a text here.
    ...(facts.length ? [factsTable(facts)] : []),
    ...sections.map(section));
  if (!sections.length) host.append(el("div.empty", null, empty));
  host.dataset.ready = title;
});

function factsTable(facts) {
  return el("table.facts", null, el("thead", null, el("tr", null, el("td"), el("th", { scope: "col" }, "A"), el("th", { scope: "col" }, "B"))),
    el("tbody", null, facts.map(([name, a, b]) => el("tr", { "data-differs": a !== b }, el("th", { scope: "row" }, name), el("td", { title: a }, a), el("td", { title: b }, b)))));
}

function section({ name, missing, is_same, rows, cut }) {
  const state = is_same ? "the same in both" : missing[0] ? "only in B" : missing[1] ? "only in A" : "";
  const body = el("div.rows", { role: "table", "aria-label": `${name}: A on the left, B on the right` });
  const more = (from) => {
    body.append(...rows.slice(from, from + SHOWN).map(drawRow));
    if (rows.length <= from + SHOWN) return;
    const button = el("button.more", { type: "button" }, `Show ${Math.min(SHOWN, rows.length - from - SHOWN)} more lines`);
    button.addEventListener("click", () => { button.remove(); more(from + SHOWN); });
    body.append(button);
  };
  more(0);
  return el("section", { "data-section": name }, el("h3", null, name, state && el("span.dim", null, " " + state)), rows.length > 0 && body,
    cut > 0 && el("div.dim.note", null, `${number.format(cut)} lines beyond the first were not compared.`));
}

function drawRow(row) {
  if (row.op === "skipped") return el("div.skipped.dim", { role: "row" }, `${number.format(row.count)} lines are the same`);
  const side = (pieces, name) => el("div.line", { role: "cell", "data-side": name, "data-none": pieces === null, dir: "auto" },
    (pieces ?? []).map(([text, differs]) => (differs ? el("mark", null, text) : text)));
  return el("div.pair", { role: "row", "data-op": row.op }, side(row.a, "a"), side(row.b, "b"));
}
