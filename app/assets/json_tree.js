/* Any JSON value as a tree that opens piece by piece: nothing is built before it is looked at. */

const CHILDREN = 100;
const TEXT = 1500;

/* The outermost level is open and bare: its braces would say nothing. */
function jsonTree(value, depth = 2) {
  const entries = value !== null && typeof value === "object" ? Object.entries(value) : [];
  if (depth < 1 || !entries.length) return el("div.json", null, branch(null, value, depth));
  const box = el("div.json.bare");
  more(box, Array.isArray(value) ? value.map((item, i) => [i, item]) : entries, 0, depth - 1);
  return box;
}

function branch(key, value, depth) {
  if (value === null || typeof value !== "object") return leaf(key, value);
  const entries = Array.isArray(value) ? value.map((item, i) => [i, item]) : Object.entries(value);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  if (!entries.length) return el("div.line", null, label(key), el("span.dim", null, open + close));
  const inner = el("div.inner");
  const size = el("span.size.dim", null, Array.isArray(value) ? `${open} ${entries.length} ${close}` : `${open} ${entries.length} ${close}`);
  const head = el("button.line.fold", { type: "button", "aria-expanded": "false" }, el("span.twist", { "aria-hidden": true }), label(key), size);
  let built = false;
  const set = (isOpen) => {
    if (isOpen && !built) { built = true; more(inner, entries, 0, depth - 1); }
    inner.hidden = !isOpen;
    head.setAttribute("aria-expanded", String(isOpen));
    head.firstChild.replaceChildren(icon(isOpen ? ICONS.open : ICONS.closed, 11));
  };
  head.addEventListener("click", () => set(inner.hidden));
  set(depth > 0);
  return el("div", null, head, inner);
}

function more(inner, entries, from, depth) {
  for (const [key, value] of entries.slice(from, from + CHILDREN)) inner.append(branch(key, value, depth));
  if (entries.length <= from + CHILDREN) return;
  const rest = el("button.more", { type: "button" }, `Show ${Math.min(CHILDREN, entries.length - from - CHILDREN)} of ${number.format(entries.length - from - CHILDREN)} more`);
  rest.addEventListener("click", () => { rest.remove(); more(inner, entries, from + CHILDREN, depth); });
  inner.append(rest);
}

const label = (key) => key !== null && el("span.key", null, typeof key === "number" ? String(key) : key, el("span.dim", null, ": "));

function leaf(key, value) {
  const type = value === null ? "null" : typeof value;
  if (type !== "string") return el("div.line", null, label(key), el("span.v-" + type, null, String(value)));
  return el("div.line", null, label(key), long(value, "span.v-string"));
}

/* Text that shows its beginning, and the rest when asked. */
function long(text, spec, limit = TEXT) {
  const node = el(spec, { dir: "auto" }, text.slice(0, limit));
  if (text.length <= limit) return node;
  let shown = limit;
  const button = el("button.more", { type: "button" });
  const name = () => (button.textContent = `Show more (${number.format(text.length - shown)} characters)`);
  name();
  button.addEventListener("click", (event) => {
    event.stopPropagation();
    const next = Math.min(text.length, shown + 20000);
    node.insertBefore(document.createTextNode(plain(text.slice(shown, next))), button);
    shown = next;
    if (shown >= text.length) button.remove();
    else name();
  });
  node.append(button);
  return node;
}
