/* One span in full: what was said, what went in and out, attributes, events, failure, raw JSON. */

const views = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  const host = parentElement.querySelector(".detail") ?? parentElement.appendChild(el("div.wc.detail"));
  let view = views.get(parentElement);
  if (!view) views.set(parentElement, (view = { markdown: true, tab: null }));
  if (view.raw !== data) {
    view.raw = data;
    view.data = decode(data);
    draw(host, view);
  }
  return () => {};
}

function draw(host, view) {
  const { span } = view.data;
  const tabs = sections(span, view);
  const names = tabs.map((tab) => tab.name);
  // The reader's own choice wins while the span has such a section.
  const first = names.includes(view.tab) ? view.tab : span.error && !view.tab ? "Error" : names[0];
  const bar = el("div.tabs", { role: "tablist" });
  const panel = el("div.panel", { role: "tabpanel", tabindex: "0" });
  const show = (name) => {
    for (const tab of bar.children) tab.setAttribute("aria-selected", String(tab.dataset.tab === name));
    panel.replaceChildren(tabs.find((tab) => tab.name === name).draw());
    panel.scrollTop = 0;
    // A long conversation opens where the answer begins, with what it answers above it.
    const answer = panel.querySelector(".divider");
    if (answer && answer.offsetTop - panel.offsetTop > panel.clientHeight * 0.8) panel.scrollTop = answer.offsetTop - panel.offsetTop - panel.clientHeight * 0.45;
  };
  for (const tab of tabs) {
    const button = el("button.tab", { type: "button", role: "tab", "data-tab": tab.name }, tab.name, tab.count !== undefined && el("span.count", null, String(tab.count)));
    button.addEventListener("click", () => { view.tab = tab.name; show(tab.name); });
    bar.append(button);
  }
  bar.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const all = [...bar.children];
    const next = all[(all.indexOf(document.activeElement?.shadowRoot?.activeElement ?? event.target) + by + all.length) % all.length];
    next.focus();
    next.click();
  });
  host.replaceChildren(header(span, view), facts(span, view), bar, panel);
  show(names.includes(first) ? first : names[0]);
  host.dataset.ready = span.span_id;
}

function header(span, view) {
  return el("div.title", null, stateDot(span.status), kindMark(span.kind),
    el("span.name.cut", { title: span.name }, span.display_name || span.name), el("span.gap"),
    el("span.mono.faint", { title: "Span id" }, span.span_id), copyButton(span.span_id, "span id"));
}

function facts(span, view) {
  const usage = span.usage ?? {};
  const cost = span.cost?.total_usd;
  const model = span.response_model && span.response_model !== span.model ? `${span.model ?? ""} → ${span.response_model}` : span.model ?? span.response_model;
  const fact = (name, value, title) => value !== null && value !== undefined && value !== "" && el("div.fact", { title: title || value }, el("span.dim", null, name), el("span.val", null, value));
  const count = (name, n) => (n === null || n === undefined ? null : `${name} ${number.format(n)}`);
  const parts = [count("cached", usage.cache_read_tokens), count("cache write", usage.cache_write_tokens), count("reasoning", usage.reasoning_tokens), count("audio", usage.audio_tokens)].filter(Boolean).join(", ");
  const tokenText = usage.input_tokens != null || usage.output_tokens != null ? `${tokens(usage.input_tokens ?? 0)} → ${tokens(usage.output_tokens ?? 0)}` : usage.total_tokens != null ? tokens(usage.total_tokens) : "";
  const params = Object.entries(span.params ?? {}).filter(([, v]) => v !== null && typeof v !== "object").map(([k, v]) => `${k} ${v}`).join(" · ");
  return el("div.facts", null,
    fact("Duration", span.status === "pending" ? "running" : duration(span.duration_ms), `Started ${clock(span.started_ns / 1e6)}`),
    fact("Started", clock(span.started_ns / 1e6).slice(11)),
    fact("Model", model && (span.provider ? `${model} (${span.provider})` : model)),
    fact("Tokens", tokenText && tokenText + (parts ? ` (${parts})` : ""), "Input → output"),
    fact("Cost", cost != null ? "$" + (cost < 0.01 ? Number(cost.toPrecision(2)) : cost.toFixed(4)) : "", span.cost ? `${span.cost.source === "given" ? "As the sender said" : "From usage and the price list"}` : null),
    fact("First token", span.time_to_first_token_ms != null ? duration(span.time_to_first_token_ms) : ""),
    fact("Finish", (span.finish_reasons ?? []).join(", ")),
    fact("Agent", span.agent_name), fact("Op", span.op?.name, span.op?.version),
    view.data.run_url && el("div.fact", { title: "The run within which it was called" }, el("span.dim", null, "Run"), go(view.data.run_url, { class: "val link" }, brief(span.run_id))),
    fact("Trace state", span.otel?.trace_state),
    fact("Scope", span.scope?.name && [span.scope.name, span.scope.version].filter(Boolean).join(" ")),
    params && fact("Parameters", params),
    span.is_duplicate && fact("Duplicate", "counted at another span"));
}

function sections(span, view) {
  const out = [];
  const said = span.messages;
  if (said && (said.input?.length || said.output?.length || said.system?.length)) out.push({ name: "Messages", draw: () => messages(span, view) });
  if (span.error || (span.status === "error" && span.status_message)) out.push({ name: "Error", draw: () => failure(span) });
  const [input, output] = inputsOutputs(span);
  if (input !== undefined || output !== undefined) out.push({ name: "Input & output", draw: () => values(input, output, view) });
  if (span.documents?.length) out.push({ name: "Documents", count: span.documents.length, draw: () => documents(span) });
  if (span.tools?.length) out.push({ name: "Tools", count: span.tools.length, draw: () => el("div", null, span.tools.map(tool)) });
  const judged = scoresOf(span, view);
  if (judged.length) out.push({ name: "Scores", count: judged.length, draw: () => scores(judged) });
  out.push({ name: "Attributes", count: Object.keys(span.attributes ?? {}).length, draw: () => attributes(span) });
  if (span.events?.length) out.push({ name: "Events", count: span.events.length, draw: () => events(span) });
  if (span.links?.length) out.push({ name: "Links", count: span.links.length, draw: () => links(span) });
  if (view.data.code) out.push({ name: "Code", draw: () => el("section", null, el("h4", null, "Source", copyButton(view.data.code, "source")), el("pre.stack", null, long(view.data.code, "span", 40000))) });
  out.push({ name: "Raw", draw: () => raw(view) });
  return out;
}

const given = (value) => (value === null || value === undefined || (typeof value === "object" && !Object.keys(value).length) ? undefined : value);

function inputsOutputs(span) {
  return [given(span.inputs) ?? given(span.tool?.arguments) ?? given(span.embedding_inputs), given(span.outputs) ?? given(span.tool?.result)];
}

function messages(span, view) {
  const box = el("div");
  const fill = () => {
    const button = el("button.switch", { type: "button", title: "Show texts as Markdown or as they were sent" }, view.markdown ? "Show plain text" : "Show Markdown");
    button.addEventListener("click", () => { view.markdown = !view.markdown; fill(); });
    box.replaceChildren(el("div.tools", null, button), chat(span, view));
  };
  fill();
  return box;
}

function values(input, output, view) {
  const part = (name, value) => value !== undefined && el("section", null,
    el("h4", null, name, copyButton(() => (typeof value === "string" ? value : JSON.stringify(value, null, 2)), name.toLowerCase())),
    ...mediaIn(value, view),
    typeof value === "object" && value !== null ? jsonTree(value, 2) : long(String(value), "div.plain", 6000));
  return el("div", null, part("Input", input), part("Output", output));
}

function failure(span) {
  const error = span.error ?? {};
  const text = [error.type, error.message ?? span.status_message].filter(Boolean).join(": ");
  return el("div", null,
    el("div.alert", null, el("div.mono.bad", null, error.type ?? "Failed"), long(String(error.message ?? span.status_message ?? ""), "div.plain", 4000)),
    error.stack && el("section", null, el("h4", null, "Stack", copyButton(error.stack, "stack")), el("pre.stack", null, long(error.stack, "span", 20000))),
    !error.stack && el("div.tools", null, copyButton(text, "error")));
}

function tool(one) {
  return el("details.card", null, el("summary", null, el("span.mono", null, one.name ?? "tool"), el("span.dim.cut", null, " " + (one.description ?? ""))),
    one.description && el("div.plain", { dir: "auto" }, one.description), one.parameters && jsonTree(one.parameters, 4));
}

function documents(span) {
  return el("div", null, span.documents.map((doc, i) => el("div.card", null,
    el("div.cap", null, el("span.dim", null, `${i + 1}`), doc.id && el("span.mono.cut", { title: doc.id }, doc.id), el("span.gap"), doc.score != null && el("span.num", null, `score ${Number(doc.score).toPrecision(4)}`)),
    typeof doc.content === "string" ? long(doc.content, "div.plain", 700) : doc.content && jsonTree(doc.content, 1),
    Object.keys(doc.metadata ?? {}).length > 0 && jsonTree(doc.metadata, 0))));
}

/* The scores of a span, those of an evaluation with all that its scorers told: failures too. */
function scoresOf(span, view) {
  const judged = view.data.judged ?? {};
  const told = (span.scores ?? []).filter((s) => !s.feedback_id).map((s) => ({ ...s, ...(s.name in judged && { detail: judged[s.name].detail, expected: judged[s.name].expected }) }));
  const failed = Object.entries(judged).filter(([, s]) => s.error).map(([name, s]) => ({ name, error: `${s.error.type}: ${s.error.message}` }));
  return [...told, ...failed];
}

function scores(told) {
  return el("div.scores", null, told.map((s) => el("div.card", { "data-score": s.name }, el("div.cap", null, el("b.cut", { title: s.name }, s.name), el("span.gap"), s.error ? el("span.bad", null, "failed") : el("span.num", null, [s.value != null ? String(s.value) : "", s.label].filter(Boolean).join(" · "))),
    s.error && long(s.error, "div.plain.bad", 2000),
    s.expected && el("div.dim", null, `expected ${s.expected}`),
    s.explanation && long(s.explanation, "div.plain", 2000),
    s.detail !== null && s.detail !== undefined && el("div.detail-of", null, jsonTree(s.detail, 3)))));
}

function grid(head, rows) {
  return el("table.grid", null, el("thead", null, el("tr", null, head.map((h) => el("th", null, h)))),
    el("tbody", null, rows.map((row) => el("tr", null, row.map((cell) => el("td", null, cell instanceof Node ? cell : plain(cell ?? "")))))));
}

/* One searchable table of everything that was sent with the span, its resource included. */
function attributes(span) {
  const rows = [...Object.entries(span.attributes ?? {}).map(([k, v]) => ["", k, v]), ...Object.entries(span.metadata ?? {}).map(([k, v]) => ["metadata", k, v]),
    ...Object.entries(span.resource ?? {}).map(([k, v]) => ["resource", k, v])];
  const body = el("tbody");
  const search = el("input.search", { type: "search", placeholder: "Find an attribute", "aria-label": "Find an attribute", spellcheck: "false" });
  const rest = el("div");
  let limit = 200;
  const fill = () => {
    const wanted = search.value.trim().toLowerCase();
    const shown = rows.filter(([, k, v]) => !wanted || k.toLowerCase().includes(wanted) || JSON.stringify(v).slice(0, 20000).toLowerCase().includes(wanted));
    body.replaceChildren(...shown.slice(0, limit).map(([group, k, v]) => el("tr", null, el("td.mono.k", null, group && el("span.faint", null, group + " "), k),
      el("td", null, typeof v === "object" && v !== null ? jsonTree(v, 1) : long(String(v), "span.mono", 400)))));
    rest.replaceChildren();
    if (shown.length > limit) rest.append(el("button.more", { type: "button", onclick: () => { limit += 1000; fill(); } }, `Show more of ${number.format(shown.length)}`));
    if (!shown.length) rest.append(el("div.empty", null, wanted ? "No attribute matches." : "No attributes were sent."));
  };
  search.addEventListener("input", fill);
  search.addEventListener("keydown", (event) => event.stopPropagation());
  fill();
  const dropped = span.dropped ?? {};
  const lost = [
    ...["attributes", "events", "links"].map((k) => [dropped[k], k]),
    [span.otel?.dropped_of_scope, "attributes of the scope"],
    [span.otel?.dropped_of_resource, "attributes of the resource"],
  ].filter(([count]) => count).map(([count, what]) => `${count} ${what}`).join(", ");
  return el("div", null, el("div.tools", null, search), lost && el("div.note", null, `The sender dropped ${lost} before sending.`), el("table.grid", null, body), rest);
}

function events(span) {
  return el("div", null, span.events.slice(0, 1000).map((event) => el("div.card", null,
    el("div.cap", null, el("span.mono.dim", { title: clock(event.time_ns / 1e6) }, "+" + (duration((event.time_ns - span.started_ns) / 1e6) || "0")), el("span.cut", null, event.name)),
    droppedOf(event), Object.keys(event.attributes ?? {}).length > 0 && jsonTree(event.attributes, 1))));
}

const droppedOf = (part) => part.dropped_attributes > 0 && el("div.note", null, `The sender dropped ${part.dropped_attributes} attributes before sending.`);

function links(span) {
  return el("div", null, span.links.slice(0, 500).map((to) => el("div.card", null,
    go(`./trace?project=${encodeURIComponent(span.project)}&trace=${encodeURIComponent(to.trace_id)}&span=${encodeURIComponent(to.span_id)}`, { class: "link mono" },
      `${to.trace_id} / ${to.span_id}`),
    droppedOf(to), Object.keys(to.attributes ?? {}).length > 0 && jsonTree(to.attributes, 1))));
}

function raw(view) {
  const { span, cut } = view.data;
  const text = JSON.stringify(span, null, 2);
  return el("div", null, el("div.tools", null, el("span.dim", null, `${number.format(text.length)} characters`), copyButton(text, "JSON")),
    cut > 0 && el("div.note", null, "Very long texts are cut here. “Download JSON” has the whole span."), jsonTree(span, 1));
}
