/* A session as a conversation: what was asked and answered, turn by turn, each with its trace. */

const views = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  const host = parentElement.querySelector(".conversation") ?? parentElement.appendChild(el("div.wc.conversation"));
  let view = views.get(parentElement);
  if (!view) views.set(parentElement, (view = { markdown: true }));
  if (view.raw !== data) {
    view.raw = data;
    const { turns } = decode(data);
    host.replaceChildren(...turns.map((turn) => drawTurn(turn, view)));
    host.dataset.ready = String(turns.length);
  }
  return () => {};
}

function drawTurn(turn, view) {
  const status = turn.is_complete ? turn.status : "pending";
  const fact = (text, title) => text && el("span.fact", { title }, text);
  return el("article.turn", { "data-id": turn.trace_id, "aria-label": `Turn ${turn.number}` },
    el("div.meta", null, el("span.no.dim", null, "#" + turn.number), stateDot(status),
      go(turn.url, { class: "open cut", title: turn.name }, turn.name),
      el("span.fact.dim", { title: clock(turn.started_ms) }, clock(turn.started_ms).slice(0, 19)), el("span.gap"),
      turn.error_count > 0 && el("span.bad", null, turn.error_count === 1 ? "1 error" : `${number.format(turn.error_count)} errors`),
      fact(turn.duration_ms === null ? "running" : duration(turn.duration_ms), "Latency"),
      fact(turn.tokens === null ? "" : tokens(turn.tokens) + " tokens", turn.tokens_title), fact(turn.cost, turn.cost_title),
      turn.models.length > 0 && el("span.fact.dim.cut.models", { title: turn.models.join(", ") }, turn.models.join(", "))),
    el("div.chat", null,
      turn.asked.map((said) => message(said, view)),
      turn.answered.map((said) => message(said, view, { isOutput: true })),
      !turn.asked.length && !turn.answered.length && el("div.empty", null, "Nothing was recorded of what went in and out."),
      turn.cut > 0 && el("div.note.dim", null, "Long texts are cut here; the trace has all of them.")));
}
