/* What people think of what is on the page: thumbs, labels, comments, each with who said it. */

const SOURCES = { human: "of the team", end_user: "end user", llm: "a model", code: "code" };
const WHO = "weave-core reviewer";
const MAX_SHOWN = 12;

const strips = new WeakMap();

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const host = parentElement.querySelector(".strip") ?? parentElement.appendChild(el("div.wc.strip", { role: "group", "aria-label": "Feedback" }));
  const state = strips.get(parentElement) ?? { place: 0, isWhole: false };
  strips.set(parentElement, state);
  state.act = (told) => setTriggerValue("act", { on: state.place, who: who(), ...told });
  if (state.raw !== data) {
    state.raw = data;
    state.data = decode(data);
    if (state.place >= state.data.targets.length) state.place = 0;
    draw(host, state);
  }
  return () => {};
}

/* Who reviews in this browser; nothing but this component reads it. */
function who() {
  try { return localStorage.getItem(WHO) ?? ""; } catch { return ""; }
}

function draw(host, state) {
  const { targets, labels, error } = state.data;
  const target = targets[state.place];
  const mine = target.scores.filter((s) => s.feedback_id && s.source === "human" && (s.author ?? "") === who());
  const own = (name) => mine.findLast((s) => s.name === name);
  host.replaceChildren(...[
    el("div.line", null, targets.length > 1 && places(host, state), thumb(state, own("thumbs"), 1), thumb(state, own("thumbs"), 0), labels.map((label) => labelled(state, label, own(label.name))), comment(state), as(host, state)),
    said(host, state, target),
    error && el("div.bad", { role: "alert" }, error)].filter(Boolean));
  host.dataset.ready = String(target.scores.length);
}

function places(host, state) {
  return el("span.places", { role: "radiogroup", "aria-label": "Feedback on" }, state.data.targets.map((target, n) => {
    const button = el("button", { type: "button", role: "radio", "aria-checked": String(n === state.place) }, target.name);
    button.addEventListener("click", () => { state.place = n; draw(host, state); });
    return button;
  }));
}

function thumb(state, own, value) {
  const isOn = own?.value === value;
  const name = value ? "Good" : "Bad";
  const button = el("button.thumb", { type: "button", "aria-pressed": String(isOn), "aria-label": name, title: isOn ? "Take it back" : name, "data-thumb": String(value) }, icon(value ? ICONS.up : ICONS.down, 15));
  button.addEventListener("click", () => state.act(isOn ? { do: "undo", id: own.feedback_id } : { do: "give", name: "thumbs", value }));
  return button;
}

function labelled(state, label, own) {
  const give = (said) => state.act({ do: "give", name: label.name, ...said });
  if (label.kind === "text") return null;
  const options = label.kind === "categorical" ? label.options : label.kind === "boolean" ? ["yes", "no"] : null;
  const title = label.description ? `${label.name}: ${label.description}` : label.name;
  if (options === null) {
    const box = el("input.rate", { type: "number", step: "any", min: label.min, max: label.max, "aria-label": label.name, placeholder: label.name, title });
    box.value = own?.value ?? "";
    box.addEventListener("change", () => box.value !== "" && box.checkValidity() && give({ value: Number(box.value) }));
    return box;
  }
  const now = label.kind === "boolean" ? { 1: "yes", 0: "no" }[own?.value] : own?.label;
  const menu = el("select", { "aria-label": label.name, title, "data-label": label.name }, el("option", { value: "" }, label.name), options.map((option) => el("option", { value: option, selected: option === now }, label.kind === "boolean" ? `${label.name}: ${option}` : option)));
  menu.addEventListener("change", () => {
    if (menu.value === "") return own && state.act({ do: "undo", id: own.feedback_id });
    give(label.kind === "boolean" ? { value: Number(menu.value === "yes") } : { label: menu.value });
  });
  return menu;
}

function comment(state) {
  const box = el("input.say", { type: "text", maxlength: 10000, "aria-label": "Comment", placeholder: "Comment, then Enter" });
  box.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key !== "Enter" || event.isComposing || !box.value.trim()) return;
    state.act({ do: "give", name: "comment", text: box.value.trim() });
    box.value = "";
  });
  return box;
}

function as(host, state) {
  const box = el("input.who", { type: "text", maxlength: 200, "aria-label": "Your name", placeholder: "Your name", title: "Who says it; kept in this browser" });
  box.value = who();
  box.addEventListener("keydown", (event) => event.stopPropagation());
  box.addEventListener("change", () => {
    try { localStorage.setItem(WHO, box.value.trim()); } catch { /* A browser that keeps nothing asks again. */ }
    draw(host, state);
  });
  return box;
}

function said(host, state, target) {
  const all = target.scores;
  if (!all.length) return null;
  const shown = state.isWhole ? all : all.slice(-MAX_SHOWN);
  const rows = shown.map((s) => chip(state, s));
  if (shown.length < all.length) {
    const more = el("button.more", { type: "button" }, `${all.length - shown.length} more`);
    more.addEventListener("click", () => { state.isWhole = true; draw(host, state); });
    rows.unshift(more);
  }
  return el("div.said", null, rows);
}

function chip(state, s) {
  const value = s.name === "thumbs" && (s.value === 1 || s.value === 0) && !s.label
    ? icon(s.value ? ICONS.up : ICONS.down, 12)
    : el("b", null, [s.value != null ? String(+Number(s.value).toPrecision(6)) : "", s.label].filter(Boolean).join(" "));
  const by = s.author || SOURCES[s.source] || s.source || "";
  const told = [s.name, s.explanation, [SOURCES[s.source], s.author].filter(Boolean).join(", "), s.created_ns && clock(s.created_ns / 1e6)].filter(Boolean).join("\n");
  const back = s.feedback_id && el("button.back", { type: "button", "aria-label": `Take back ${s.name}`, title: "Take it back" }, "×");
  if (back) back.addEventListener("click", () => state.act({ do: "undo", id: s.feedback_id }));
  return el("span.chip.one", { title: told, "data-name": s.name, "data-source": s.source }, s.name !== "thumbs" && s.name !== "comment" && el("span.cut.name", null, s.name), value, s.explanation && el("span.cut.why", null, s.explanation), by && el("span.cut.by", null, by), back);
}
