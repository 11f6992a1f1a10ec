/* The head of a trace: what it is, how it went, what it cost, and links to its neighbours. */

export default mount("header.wc.page-head.trace-header", (host, trace) => {
  const state = trace.is_complete ? (trace.status === "error" ? "Failed" : "Done") : "Running";
  const status = trace.is_complete ? trace.status : "pending";
  const usage = trace.usage ?? {};
  const total = usage.total_tokens ?? (usage.input_tokens == null && usage.output_tokens == null ? null : (usage.input_tokens ?? 0) + (usage.output_tokens ?? 0));
  const chip = (name, value, url, title) => value && go(url, { class: "chip cut", title }, el("span.dim", null, name + " "), brief(value));
  const models = trace.models ?? [];
  pageHead(host, [
      go(trace.back, { class: "back", title: "Back to the list", "aria-label": "Back to the list" }, "← Traces"),
      el("span.sep", { "aria-hidden": true }, "/"), kindMark(trace.kind), el("h1.cut", { title: trace.name }, trace.name),
      el("span.state", { "data-status": status }, el("span.dot", { "data-status": status, "aria-hidden": true }), state),
      el("span.gap"),
      el("div.chips", null, chip("user", trace.user_id, trace.of_user, `All traces of user ${trace.user_id}`), chip("session", trace.session_id, trace.session, `The conversation ${trace.session_id}`),
        (trace.tags ?? []).slice(0, 4).map((tag) => el("span.chip.cut", { title: tag }, "#" + tag))),
      go(trace.compare, { class: "chip compare", title: "Put another trace beside this one" }, "Compare…"),
      go(trace.logs, { class: "chip compare", title: "What its programs said meanwhile" }, "Logs"),
      el("span.mono.faint", { title: `Trace id ${trace.trace_id}` }, trace.trace_id.slice(0, 8)), copyButton(trace.trace_id, "trace id")],
    [
      fact("Started", clock(trace.started_ms)),
      fact("Latency", trace.duration_ms === null ? "running" : duration(trace.duration_ms)),
      fact("Spans", number.format(trace.span_count)),
      trace.error_count > 0 && el("div.fact", null, el("span.dim", null, "Errors"), el("span.val.bad", null, number.format(trace.error_count))),
      fact("Model calls", trace.model_call_count ? number.format(trace.model_call_count) : ""),
      fact("Tokens", total === null ? "" : tokens(total), trace.tokens_title),
      fact("Cost", trace.cost, trace.cost_title),
      fact("Models", models.slice(0, 3).join(", ") + (models.length > 3 ? ` +${models.length - 3}` : ""), models.join(", ")),
      fact("Service", trace.service_name)]);
  host.dataset.ready = trace.trace_id;
});
