/* One JSON value with a title: all of it is foreign text. */

export default mount("div.wc.json-value", (host, { title, value, cut, source }) => {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  host.replaceChildren(
    el("div.head", null, el("b", null, title), copyButton(text, title.toLowerCase()), el("span.gap"), source && go(source, { class: "chip", title: "The span that it is from" }, "Its trace")),
    typeof value === "string" ? long(value, "div.plain", 20000) : jsonTree(value, 3));
  if (cut > 0) host.append(el("div.dim", null, "Very long texts are cut here."));
  host.dataset.ready = title;
});
