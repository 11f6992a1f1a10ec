/* The head of a run: what it is, how it stands, how far it came, where it belongs, and what went wrong. */

const told = new WeakMap();

export default mount("header.wc.page-head.run-header", (host, run) => {
  pageHead(host, [
      go(run.back, { class: "back", title: "Back to the list", "aria-label": "Back to the list" }, "← Runs"),
      el("span.sep", { "aria-hidden": true }, "/"), el("h1.cut", { title: run.name }, run.name),
      el("span.state", { "data-status": run.dot }, el("span.dot", { "data-status": run.dot, "aria-hidden": true }), run.state),
      el("span.gap"),
      el("div.chips", null, run.group && go(run.of_group, { class: "chip cut", title: `All runs of group ${run.group}` }, el("span.dim", null, "group "), run.group),
        run.tags.slice(0, 6).map(([tag, url]) => go(url, { class: "chip cut", title: `All runs with the tag ${tag}` }, "#" + tag)),
        run.tags.length > 6 && el("span.dim", { title: run.tags.map(([tag]) => tag).join(", ") }, `+${run.tags.length - 6}`)),
      el("span.mono.faint", { title: `Run id ${run.run_id}` }, run.run_id.slice(0, 12)), copyButton(run.run_id, "run id")],
    [
      fact("Started", clock(run.started_ms).slice(0, 19), clock(run.started_ms)),
      fact(run.state === "running" ? "Runs for" : "Took", duration(run.duration_ms)),
      fact("Step", run.last_step === null ? "" : number.format(run.last_step)),
      fact("Job", run.job_type),
      run.trial && linked("Trial", `${number.format(run.trial.number)} of ${run.trial.sweep}`, run.trial.url, "The sweep whose trial this run is"),
      run.origin && linked("Forked from", run.origin, run.origin_url, "The run whose first steps are its own as well"),
      fact("Host", run.hosts),
      run.writers > 1 && fact("Writers", number.format(run.writers), "Programs, or attempts, that wrote to it")]);
  host.append(saidOf(host, run));
  host.dataset.ready = run.run_id;
});

/* What people and the program said of it; made anew only where it changed, so that what was opened stays open. */
function saidOf(host, { notes, error, is_stop, problems }) {
  const is = JSON.stringify([notes, error, is_stop, problems]), known = told.get(host);
  if (known?.is === is) return known.node;
  const node = el("div", null,
    notes && el("div.notes", null, markdown(notes)),
    error && el("div.failure", { role: "alert" }, el("b", null, is_stop ? "It was stopped" : "It ended by an error"), el("div.mono.plain", null, error)),
    problems.length > 0 && el("details.problems", null, el("summary", null, `${number.format(problems.length)} ${problems.length === 1 ? "thing was" : "things were"} left out`),
      problems.map(([key, problem]) => el("div", null, el("span.mono", null, key), el("span.dim", null, ` ${problem}`)))));
  told.set(host, { is, node });
  return node;
}

const linked = (name, text, url, title) => el("div.fact", { title }, el("span.dim", null, name), go(url, { class: "val link" }, text));
