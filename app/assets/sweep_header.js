/* The head of a sweep: what is searched, how far it is, and the best until now. */

export default mount("header.wc.page-head.sweep-header", (host, sweep) => {
  pageHead(host, [
      go(sweep.back, { class: "back", title: "Back to the list", "aria-label": "Back to the list" }, "← Sweeps"),
      el("span.sep", { "aria-hidden": true }, "/"), el("h1.cut", { title: sweep.name }, sweep.name),
      el("span.state", { "data-status": sweep.dot }, el("span.dot", { "data-status": sweep.dot, "aria-hidden": true }), sweep.state),
      sweep.reason && el("span.dim.cut", { title: sweep.reason }, sweep.reason),
      el("span.gap"), el("span.mono.faint", { title: `Sweep id ${sweep.sweep_id}` }, sweep.sweep_id), copyButton(sweep.sweep_id, "sweep id")],
    [
      fact("Method", sweep.method), fact("Goal", sweep.goal), fact("Trials", sweep.trials),
      sweep.best && el("div.fact", null, el("span.dim", null, "Best"), sweep.best_url ? go(sweep.best_url, { class: "val link", title: "The run of the best trial" }, sweep.best) : el("span.val", null, sweep.best)),
      go(sweep.runs, { class: "val link", title: "The runs of this sweep in the table" }, "Its runs")]);
  host.dataset.ready = sweep.sweep_id;
});
