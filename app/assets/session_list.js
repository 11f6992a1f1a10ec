/* The table of sessions: conversations across traces.  A row leads to its conversation. */

const COLUMNS = [[""], ["Session"], ["Asked"], ["User"], ["Last", ".num"], ["Lasted", ".num"], ["Traces", ".num"], ["Tokens", ".num"], ["Cost", ".num"]];

export default mount("div.wc.session-list", (host, { rows, empty }) => {
  drawTable(host, { label: "Sessions", columns: COLUMNS, empty, rows: rows.map(drawRow) });
});

function drawRow(row) {
  const failed = row.error_count > 0;
  return tableRow(row.session_id, () => visit(row.url),
    ["", null, el("span.dot", { "data-status": failed ? "error" : "ok", role: "img", "aria-label": failed ? "with errors" : "without errors", title: failed ? `${row.error_count} errors` : "No errors" })],
    [".cut", null, go(row.url, { class: "open", title: row.session_id }, brief(row.session_id)), verdicts(row.judged)],
    [".cut", { title: row.asked }, row.asked ?? ""],
    [".cut.dim", { title: row.user_id }, row.user_id ?? ""],
    [".num.dim", { title: clock(row.last_ms) }, ago(row.last_ms, Date.now())],
    [".num", { title: "From the start of its first trace to the end of its last" }, duration(row.lasted_ms)],
    [".num", null, failed && el("span.warn", null, row.error_count === 1 ? "1 err" : `${number.format(row.error_count)} err`), number.format(row.trace_count)],
    [".num", null, tokens(row.tokens)],
    [".num", null, row.cost]);
}
