/* The head of a run: what it is, how it stands, how far it came, and where it belongs. */

export default mount("header.wc.page-head.run-header", (host, run) => {
  pageHead(host, [
      go(run.back, { class: "back", title: "Back to the list", "aria-label": "Back to the list" }, "← Runs"),
      el("span.sep", { "aria-hidden": true }, "/"), el("h1.cut", { title: run.name }, run.name),
      el("span.state", { "data-status": run.dot }, el("span.dot", { "data-status": run.dot, "aria-hidden": true }), run.state),
      el("span.gap"),
      el("div.chips", null, run.group && go(run.of_group, { class: "chip cut", title: `All runs of group ${run.group}` }, el("span.dim", null, "group "), run.group),
        run.tags.slice(0, 6).map((tag) => el("span.chip.cut", { title: tag }, "#" + tag))),
      el("span.mono.faint", { title: `Run id ${run.run_id}` }, run.run_id.slice(0, 12)), copyButton(run.run_id, "run id")],
    [
      fact("Started", clock(run.started_ms)),
      fact(run.state === "running" ? "Runs for" : "Took", duration(run.duration_ms)),
      fact("Step", run.last_step === null ? "" : number.format(run.last_step)),
      fact("Job", run.job_type),
      run.origin && el("div.fact", null, el("span.dim", null, "Forked from"), go(run.origin_url, { class: "val" }, run.origin)),
      fact("Host", run.hosts),
      run.writers > 1 && fact("Writers", number.format(run.writers))]);
  host.dataset.ready = run.run_id;
});
