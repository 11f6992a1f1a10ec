/* The table of evaluations: newest first, or the best first.  Rows are links; up to five are compared. */

const MAX_COMPARED = 5;
const picked = new WeakMap();

export default mount("div.wc.evaluation-list", (host, data) => {
  const chosen = picked.get(host) ?? new Set();
  picked.set(host, chosen);
  const known = new Set(data.rows.map((row) => row.id));
  for (const id of chosen) if (!known.has(id)) chosen.delete(id);
  const columns = [[""], [""], [data.is_ranked ? "Task" : "Evaluation"], ["Dataset"], ["Scores"], ["Items", ".num"], ["Errors", ".num"], ["p95", ".num"], ["Cost", ".num"], ["Branch"], ["Started", ".num"]];
  drawTable(host, { label: "Evaluations", columns, empty: data.empty, rows: data.rows.map((row, i) => drawRow(row, i, data, chosen, () => drawBar(host, data, chosen))) });
  drawBar(host, data, chosen);
});

function drawBar(host, data, chosen) {
  host.querySelector(".pickbar")?.remove();
  if (!chosen.size) return;
  const ids = data.rows.map((row) => row.id).filter((id) => chosen.has(id));
  const words = ids.length < 2 ? "Pick one more to compare" : `Compare ${ids.length}`;
  // The oldest is what the others are held against.
  const url = data.compare_url + [...ids].reverse().map(encodeURIComponent).join(",");
  host.append(el("div.pickbar", null,
    el("button.primary", { type: "button", disabled: ids.length < 2, onclick: () => visit(url) }, words),
    el("button", { type: "button", onclick: () => { chosen.clear(); for (const box of host.querySelectorAll("input")) box.checked = false; drawBar(host, data, chosen); } }, "Clear")));
}

function drawRow(row, i, data, chosen, changed) {
  const box = el("input", { type: "checkbox", "aria-label": `Compare ${row.name}` });
  box.checked = chosen.has(row.id);
  box.addEventListener("click", (event) => event.stopPropagation());
  box.addEventListener("change", () => {
    if (box.checked && chosen.size >= MAX_COMPARED) box.checked = false;
    else if (box.checked) chosen.add(row.id);
    else chosen.delete(row.id);
    changed();
  });
  const title = data.is_ranked ? row.task : row.name;
  const beside = data.is_ranked ? row.name : row.task;
  return tableRow(row.id, () => visit(row.url),
    ["", null, box],
    ["", null, data.is_ranked ? el("span.dim", null, String(i + 1)) : el("span.dot", { "data-status": row.dot, title: row.state_words, role: "img", "aria-label": row.state_words })],
    [".cut", { title: `${title}\n${beside}` }, go(row.url, { class: "open" }, title), el("span.dim", null, " " + beside), row.verdict && el("span.chip.verdict", { "data-verdict": row.verdict_name, title: row.gate }, row.verdict)],
    [".cut.dim", { title: row.dataset }, row.dataset],
    [".scores", null, row.scores.map((score) => drawScore(score))],
    [".num", null, number.format(row.items)],
    [".num", { title: row.error_words }, row.errors ? el("span.bad", null, number.format(row.errors)) : el("span.dim", null, "0")],
    [".num", null, duration(row.p95)],
    [".num", null, row.cost || el("span.dim", { title: "No price is known, or nothing was paid for" }, "-")],
    [".cut.dim", { title: row.branch_words }, row.branch],
    [".num.dim", { title: clock(row.started_ms) }, ago(row.started_ms, Date.now())]);
}

function drawScore(score) {
  return el("div.score", { title: `${score.name}: ${score.words}, ${score.interval} (95 %), ${number.format(score.n)} items` },
    el("span.cut.dim", null, score.name), intervalBar(score, score.scale), el("span.num", null, score.words));
}
