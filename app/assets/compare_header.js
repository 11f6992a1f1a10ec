/* The head of a comparison: A and B in columns, and how far B is from A. */

export default mount("header.wc.compare-head", (host, { back, sides: [a, b] }) => {
  const row = (name, show, delta) => el("tr", null, el("th", { scope: "row" }, name), el("td", null, show(a)), el("td", null, show(b)), el("td", null, delta ?? ""));
  const title = (side) => el("th", { scope: "col" }, el("span.mark", { "data-side": side.mark }, side.mark), kindMark(side.kind),
    go(side.url, { class: "name cut", title: side.name }, side.name), stateDot(side.is_complete ? side.status : "pending"),
    el("span.mono.dim", { title: side.trace_id }, side.trace_id.slice(0, 8)));
  host.replaceChildren(el("h1.sr", null, "Comparison of two traces"), el("table", null,
    el("thead", null, el("tr", null, el("td", null, go(back, { class: "back", title: "Back to the list", "aria-label": "Back to the list" }, "← Traces")), title(a), title(b), el("th", { scope: "col" }, "B against A"))),
    el("tbody", null,
      row("Started", (s) => clock(s.started_ms)),
      row("Latency", (s) => duration(s.duration_ms) || "running", delta(a.duration_ms, b.duration_ms, duration)),
      row("Spans", (s) => number.format(s.span_count) + (s.error_count ? `, ${number.format(s.error_count)} failed` : ""), delta(a.span_count, b.span_count, (n) => number.format(n), { neutral: true })),
      row("Tokens", (s) => tokens(s.tokens) || "-", delta(a.tokens, b.tokens, tokens)),
      row("Cost", (s) => s.cost || "-", delta(a.cost_usd, b.cost_usd, (usd) => "$" + Number(usd.toPrecision(2)))),
      row("Models", (s) => el("span.cut", { title: s.models.join(", ") }, s.models.join(", "))))));
  host.dataset.ready = a.trace_id + "/" + b.trace_id;
});
