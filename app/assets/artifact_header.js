/* The head of an artifact: what it is, which version, and the ref that leads to it for ever. */

export default mount("header.wc.page-head.object-header", (host, data) => {
  pageHead(host, [
    go(data.back, { class: "back", title: "Back to the list", "aria-label": "Back to the list" }, "← Artifacts"), el("span.sep", { "aria-hidden": true }, "/"),
    el("span.dim", null, data.type), el("h1.cut", { title: data.name }, data.name), el("span.dim", null, `v${data.version}`),
    el("div.chips", null, data.aliases.map((alias) => el("span.chip.cut", { title: `${data.name}:${alias} leads here` }, alias)), data.tags.map((tag) => el("span.chip.cut", { title: tag }, "#" + tag))),
    el("span.gap"),
    !data.is_latest && go(data.latest_url, { class: "chip compare", title: "What was stored last" }, `Latest: v${data.latest}`),
    el("span.mono.faint", { title: data.ref }, data.digest.slice(7, 15)), copyButton(data.ref, "ref")],
    [
      fact("Stored", clock(data.created_ms).slice(0, 19)),
      fact("Files", number.format(data.files)),
      fact("Size", data.size),
      fact("New", data.added),
      fact("Made by", data.run === null ? "" : go(data.run_url, null, data.run)),
      fact("In Python", `run.use_artifact("${data.name}:v${data.version}").download()`)]);
  host.dataset.ready = data.digest;
});
