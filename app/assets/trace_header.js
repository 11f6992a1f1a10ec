/* The head of a trace: what it is, how it went, what it cost, and links to its neighbours. */

const raws = new WeakMap();

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const host = parentElement.querySelector(".trace-header") ?? parentElement.appendChild(el("header.wc.trace-header"));
  if (raws.get(parentElement) !== data) {
    raws.set(parentElement, data);
    draw(host, decode(data), (target) => setTriggerValue("go", target));
  }
  return () => {};
}

function draw(host, trace, act) {
  const state = trace.is_complete ? (trace.status === "error" ? "Failed" : "Done") : "Running";
  const status = trace.is_complete ? trace.status : "pending";
  const usage = trace.usage ?? {};
  const total = usage.total_tokens ?? (usage.input_tokens == null && usage.output_tokens == null ? null : (usage.input_tokens ?? 0) + (usage.output_tokens ?? 0));
  const fact = (name, value, title) => value !== "" && value !== null && value !== undefined && el("div.fact", { title: title || value }, el("span.dim", null, name), el("span.val", null, value));
  const filter = (name, field, value) => value && go(trace.base + encodeURIComponent(`${field} = '${value.replaceAll("'", "''")}'`), { class: "chip cut", title: `All traces with ${name} ${value}` },
    () => act({ filter: [field, value] }), el("span.dim", null, name + " "), brief(value));
  const models = trace.models ?? [];
  host.replaceChildren(
    el("div.line", null,
      go(trace.back, { class: "back", title: "Back to the list", "aria-label": "Back to the list" }, () => act({ back: true }), "← Traces"),
      el("span.sep", { "aria-hidden": true }, "/"), kindMark(trace.kind), el("h1.cut", { title: trace.name }, trace.name),
      el("span.state", { "data-status": status }, el("span.dot", { "data-status": status, "aria-hidden": true }), state),
      el("span.gap"),
      el("div.chips", null, filter("user", "user_id", trace.user_id), trace.session_id && go(trace.session, { class: "chip cut", title: `The conversation ${trace.session_id}` }, () => act({ session: trace.session_id }), el("span.dim", null, "session "), brief(trace.session_id)),
        (trace.tags ?? []).slice(0, 4).map((tag) => el("span.chip.cut", { title: tag }, "#" + tag))),
      go(trace.compare, { class: "chip compare", title: "Put another trace beside this one" }, () => act({ compare: true }), "Compare…"),
      go(trace.logs, { class: "chip compare", title: "What its programs said meanwhile" }, () => act({ logs: true }), "Logs"),
      el("span.mono.faint", { title: `Trace id ${trace.trace_id}` }, trace.trace_id.slice(0, 8)), copyButton(trace.trace_id, "trace id")),
    el("div.line.facts", null,
      fact("Started", clock(trace.started_ms)),
      fact("Latency", trace.duration_ms === null ? "running" : duration(trace.duration_ms)),
      fact("Spans", number.format(trace.span_count)),
      trace.error_count > 0 && el("div.fact", null, el("span.dim", null, "Errors"), el("span.val.bad", null, number.format(trace.error_count))),
      fact("Model calls", trace.model_call_count ? number.format(trace.model_call_count) : ""),
      fact("Tokens", total === null ? "" : tokens(total), trace.tokens_title),
      fact("Cost", trace.cost, trace.cost_title),
      fact("Models", models.slice(0, 3).join(", ") + (models.length > 3 ? ` +${models.length - 3}` : ""), models.join(", ")),
      fact("Service", trace.service_name)));
  host.dataset.ready = trace.trace_id;
}
