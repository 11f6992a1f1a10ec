/* The head of a page about one thing: what it is in the first line, what it took in the second. */

const fact = (name, value, title) => value !== "" && value !== null && value !== undefined && el("div.fact", { title: title || value }, el("span.dim", null, name), el("span.val", null, value));

function pageHead(host, line, facts) {
  host.replaceChildren(el("div.line", null, line), el("div.line.facts", null, facts));
}
