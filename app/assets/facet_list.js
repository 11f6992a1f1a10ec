/* Values to pick from beside a list.  A click narrows the list's filter, another click widens it. */

const states = new WeakMap();
const SHOWN = 6;

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const host = parentElement.querySelector(".facets") ?? parentElement.appendChild(el("div.wc.facets", { role: "group", "aria-label": "Narrow the list" }));
  let state = states.get(parentElement);
  if (!state) states.set(parentElement, (state = { closed: new Set(), whole: new Set() }));
  state.pick = (field, value) => setTriggerValue("pick", [field, value]);
  if (state.raw !== data) {
    state.raw = data;
    state.groups = decode(data);
    draw(host, state);
  }
  return () => {};
}

function draw(host, state) {
  const shown = state.groups.filter((group) => group.rows.length);
  host.replaceChildren(...shown.map((group) => drawGroup(host, state, group)));
  if (!shown.length) host.append(el("div.empty", null, "Nothing to pick from."));
  host.dataset.ready = String(shown.length);
}

function drawGroup(host, state, group) {
  const isOpen = !state.closed.has(group.field);
  const head = el("button.fold", { type: "button", "aria-expanded": String(isOpen) }, icon(isOpen ? ICONS.open : ICONS.closed, 11), el("span", null, group.title),
    !isOpen && el("span.dim.n", null, number.format(group.rows.length)));
  head.addEventListener("click", () => { toggle(state.closed, group.field); draw(host, state); refocus(host, group.field); });
  const box = el("section", { "data-field": group.field }, head);
  if (!isOpen) return box;
  const most = Math.max(1, ...group.rows.map((row) => row.count));
  const whole = state.whole.has(group.field);
  for (const row of group.rows.filter((row, i) => whole || i < SHOWN || row.on)) {
    const button = el("button.value", { type: "button", "aria-pressed": String(row.on), title: `${row.on ? "No longer only" : "Only"} ${row.condition}`, "data-value": row.value },
      el("span.share", { "aria-hidden": true, style: { width: (row.count / most) * 100 + "%" } }), el("span.cut.text", null, brief(row.text)), el("span.n", null, tokens(row.count)));
    button.addEventListener("click", () => state.pick(group.field, row.value));
    box.append(button);
  }
  if (group.rows.length > SHOWN) {
    const more = el("button.more", { type: "button" }, whole ? "Fewer" : `${group.rows.length - SHOWN} more`);
    more.addEventListener("click", () => { toggle(state.whole, group.field); draw(host, state); });
    box.append(more);
  }
  return box;
}

const toggle = (set, value) => (set.has(value) ? set.delete(value) : set.add(value));
const refocus = (host, field) => host.querySelector(`[data-field="${field}"] .fold`)?.focus();
