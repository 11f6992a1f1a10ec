/* The head of an evaluation: what was judged, on what, and whether it holds. */

export default mount("header.wc.page-head.evaluation-header", (host, data) => {
  pageHead(host, [
    go(data.back, { class: "back", title: "Back to the list", "aria-label": "Back to the list" }, "← Evaluations"), el("span.sep", { "aria-hidden": true }, "/"),
    el("h1.cut", { title: data.name }, data.name),
    data.verdict && el("span.chip.verdict", { "data-verdict": data.verdict_name, title: data.gate }, data.verdict),
    el("span.dim", null, data.state), copyButton(data.id, "evaluation id"), el("span.gap"),
    data.trace && go(data.trace, { class: "chip compare", title: "Its own span, with what it was told" }, "Trace"),
    data.compare && go(data.compare, { class: "chip compare", title: "Paired, item by item" }, data.compare_words)],
    data.facts.map(([name, value, title]) => fact(name, value, title)));
  host.dataset.ready = data.id;
});
