/* The head of a conversation: whose it is, what it took, and the ways from here. */

export default mount("header.wc.page-head.session-header", (host, { session_id, back, traces, facts }) => {
  pageHead(host, [
    go(back, { class: "back", title: "Back to the list", "aria-label": "Back to the list" }, "← Sessions"), el("span.sep", { "aria-hidden": true }, "/"),
    el("h1.cut", { title: session_id }, session_id), copyButton(session_id, "session id"), el("span.gap"),
    go(traces, { class: "chip compare", title: "The same as a list" }, "Traces of this session")],
    facts.map(([name, value]) => fact(name, value)));
  host.dataset.ready = session_id;
});
