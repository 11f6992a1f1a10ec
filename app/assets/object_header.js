/* The head of an object: what it is, which version, and the ref that leads to it for ever. */

export default mount("header.wc.page-head.object-header", (host, data) => {
  pageHead(host, [
    go(data.back, { class: "back", title: "Back to the list", "aria-label": "Back to the list" }, "← Objects"), el("span.sep", { "aria-hidden": true }, "/"),
    el("span.dim", null, data.kind), el("h1.cut", { title: data.name }, data.name), el("span.dim", null, `version ${data.version}`),
    el("div.chips", null, data.aliases.map((alias) => el("span.chip.cut", { title: `${data.name}:${alias} leads here` }, alias)), data.tags.map((tag) => el("span.chip.cut", { title: tag }, "#" + tag))),
    el("span.gap"),
    !data.is_latest && go(data.latest_url, { class: "chip compare", title: "What was published last" }, `Latest: version ${data.latest}`),
    el("span.mono.faint", { title: data.ref }, data.digest.slice(7, 15)), copyButton(data.ref, "ref")],
    [
      fact("Published", clock(data.created_ms).slice(0, 19)),
      fact("Rows", data.rows === null ? "" : number.format(data.rows)),
      fact("Size", data.rows === null ? data.size : ""),
      fact("In Python", `weave_core.get("${data.kind}/${data.name}:${data.version}")`)]);
  host.dataset.ready = data.digest;
});
