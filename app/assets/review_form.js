/* What a reviewer is asked of one thing, made for the keyboard: digits answer, Enter goes on. */

const WHO = "weave-core reviewer";
const HELP = "1 to 9 answer · ↑ ↓ another question · Enter save and next · S skip · B back";
const forms = new WeakMap();

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const host = parentElement.querySelector(".review") ?? parentElement.appendChild(el("div.wc.review"));
  const state = forms.get(parentElement) ?? { here: 0 };
  forms.set(parentElement, state);
  state.act = (told) => { state.isSent = true; setTriggerValue("act", { who: who(), number: state.data.number, at: Date.now(), ...told }); };
  if (state.raw !== data) {
    state.raw = data;
    state.isSent = false;
    state.data = decode(data);
    const item = `${state.data.queue} ${state.data.number}`;
    if (state.item !== item) Object.assign(state, { item, here: 0, answers: { ...state.data.answers } });
    draw(host, state);
  }
  // One listener, however often the page hands new data over.
  if (state.onKey) document.removeEventListener("keydown", state.onKey);
  state.onKey = (event) => press(host, state, event);
  document.addEventListener("keydown", state.onKey);
  return () => document.removeEventListener("keydown", state.onKey);
}

function who() {
  try { return localStorage.getItem(WHO) ?? ""; } catch { return ""; }
}

function draw(host, state) {
  const { data } = state;
  host.dataset.ready = String(data.number ?? "");
  if (data.number === null) return drawStart(host, state);
  const share = data.items ? (100 * data.done) / data.items : 0;
  host.replaceChildren(...[
    el("div.head", null, el("b", null, `Item ${data.number}`), el("span.dim", null, `${data.done} of ${data.items} done, ${data.mine} by you`), el("span.dim.as.cut", null, `as ${data.reviewer}`)),
    el("div.bar", { role: "progressbar", "aria-valuenow": Math.round(share), "aria-label": "Done" }, el("span", { style: { width: share + "%" } })),
    data.instructions && el("div.told", null, markdown(data.instructions)),
    el("div.asked", null, data.labels.map((label, n) => question(host, state, label, n))),
    data.error && el("div.bad", { role: "alert" }, data.error),
    el("div.line", null, button("Save and next", () => save(host, state), "button.primary"), button("Skip", () => state.act({ do: "skip" })), data.can_go_back && button("Back", () => state.act({ do: "back" }))),
    el("div.dim.keys", null, HELP)].filter(Boolean));
}

function button(text, act, spec = "button") {
  const node = el(spec, { type: "button" }, text);
  node.addEventListener("click", act);
  return node;
}

/* Who begins, and what to say where nothing is left. */
function drawStart(host, state) {
  const { data } = state;
  const box = el("input.who", { type: "text", maxlength: 200, "aria-label": "Your name", placeholder: "Your name" });
  box.value = data.reviewer || who();
  const begin = () => {
    const name = box.value.trim();
    if (!name) return box.focus();
    try { localStorage.setItem(WHO, name); } catch { /* It is asked for again then. */ }
    state.act({ do: "take", who: name });
  };
  box.addEventListener("keydown", (event) => { event.stopPropagation(); if (event.key === "Enter") begin(); });
  host.replaceChildren(...[
    el("div.head", null, el("b", null, data.said), el("span.dim", null, `${data.done} of ${data.items} done`)),
    data.error && el("div.bad", { role: "alert" }, data.error),
    el("div.line", null, box, button(data.reviewer ? "Look again" : "Begin", begin, "button.primary"), data.can_go_back && button("Back", () => state.act({ do: "back" })))].filter(Boolean));
}

const optionsOf = (label) => (label.kind === "categorical" ? label.options.map((o) => [o, o]) : label.kind === "boolean" ? [["yes", true], ["no", false]] : null);

function question(host, state, label, n) {
  const options = optionsOf(label);
  const set = (value) => { state.answers[label.name] = value; state.here = n; draw(host, state); };
  const title = el("div.cap", null, el("b", null, label.name), !label.is_required && el("span.dim", null, "optional"), label.description && el("span.dim.cut", { title: label.description }, label.description));
  const box = el("section", { "data-label": label.name, "data-here": String(n === state.here) }, title);
  if (options) {
    const answer = state.answers[label.name];
    box.append(el("div.options", { role: "radiogroup", "aria-label": label.name }, options.map(([text, value], k) => {
      const node = el("button.option", { type: "button", role: "radio", "aria-checked": String(answer === value) }, k < 9 && el("kbd", null, String(k + 1)), el("span.cut", null, text));
      node.addEventListener("click", () => set(answer === value && !label.is_required ? undefined : value));
      return node;
    })));
    return box;
  }
  const isNumber = label.kind === "number";
  const input = isNumber
    ? el("input", { type: "number", step: "any", min: label.min, max: label.max, "aria-label": label.name, placeholder: range(label) })
    : el("textarea", { rows: 3, maxlength: 10000, "aria-label": label.name });
  input.value = state.answers[label.name] ?? "";
  input.addEventListener("focus", () => { state.here = n; mark(host, state); });
  input.addEventListener("input", () => { state.answers[label.name] = input.value === "" ? undefined : isNumber ? Number(input.value) : input.value; });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return input.blur();
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); event.stopPropagation(); save(host, state); }
  });
  box.append(input);
  return box;
}

const range = (label) => (label.min != null && label.max != null ? `${label.min} to ${label.max}` : "");

function mark(host, state) {
  host.querySelectorAll(".asked > section").forEach((box, n) => { box.dataset.here = String(n === state.here); });
}

function save(host, state) {
  if (state.isSent) return;
  const answers = Object.fromEntries(Object.entries(state.answers).filter(([, value]) => value !== undefined && value !== ""));
  const missing = state.data.labels.findIndex((label) => label.is_required && !(label.name in answers));
  if (missing >= 0) {
    state.here = missing;
    mark(host, state);
    host.querySelectorAll(".asked > section")[missing].dataset.missing = "true";
    return;
  }
  state.act({ do: "answer", answers });
}

function press(host, state, event) {
  if (!host.isConnected || !state.data || state.data.number === null || state.isSent) return;
  if (event.metaKey || event.ctrlKey || event.altKey || event.isComposing) return;
  const path = event.composedPath();
  if (path.some((node) => node.matches?.("input, textarea, select, [contenteditable]"))) return;
  const label = state.data.labels[state.here];
  const options = optionsOf(label);
  const digit = /^[1-9]$/.test(event.key) ? Number(event.key) : 0;
  if (digit && options && digit <= options.length) {
    state.answers[label.name] = options[digit - 1][1];
    if (state.here < state.data.labels.length - 1) state.here += 1;
    draw(host, state);
    focusText(host, state);
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    state.here = Math.min(state.data.labels.length - 1, Math.max(0, state.here + (event.key === "ArrowDown" ? 1 : -1)));
    mark(host, state);
    focusText(host, state);
  } else if (event.key === "Enter" && !path.some((node) => node.matches?.("button, a"))) save(host, state);
  else if (event.key.toLowerCase() === "s") state.act({ do: "skip" });
  else if (event.key.toLowerCase() === "b" && state.data.can_go_back) state.act({ do: "back" });
  else return;
  event.preventDefault();
}

function focusText(host, state) {
  host.querySelectorAll(".asked > section")[state.here]?.querySelector("input")?.focus();
}
