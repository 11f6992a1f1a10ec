/* Shared by every component: it is put before each component's own script.

   What a trace holds was written by strangers.  Every foreign string reaches the page through
   `el(...)`, which makes text nodes and never parses HTML.  */

const BIDI = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;
const CONTROL = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/g;
const code = (c) => "[U+" + c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0") + "]";

/* Text with the characters that reorder or hide other text made visible. */
function plain(value) {
  return String(value ?? "").replace(BIDI, code).replace(CONTROL, code);
}

/* One element: `el("span.name", {title}, "text", child, ...)`.  Strings become text nodes. */
function el(spec, props, ...children) {
  const [tag, ...classes] = spec.split(".");
  const node = document.createElement(tag || "div");
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "style") Object.assign(node.style, value);
    else if (key === "title" || key === "text") {
      if (key === "text") node.textContent = plain(value);
      else node.title = plain(value).slice(0, 600);
    } else node.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children.flat()) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(plain(child)));
  }
  return node;
}

/* Streamlit hands bytes over as they are; ours are JSON. */
function decode(data) {
  if (data instanceof Uint8Array) return JSON.parse(new TextDecoder().decode(data));
  if (data instanceof ArrayBuffer) return JSON.parse(new TextDecoder().decode(new Uint8Array(data)));
  return data ?? {};
}

/* A component that only draws: `draw(host, data, act)`, again whenever its data changed.

   `act(name, value)` tells the page what the reader did. */
function mount(spec, draw) {
  const last = new WeakMap();
  return ({ data, parentElement, setTriggerValue }) => {
    const seen = last.get(parentElement) ?? { host: parentElement.appendChild(el(spec)), raw: null };
    last.set(parentElement, seen);
    seen.act = setTriggerValue;
    if (seen.raw !== data) {
      seen.raw = data;
      draw(seen.host, decode(data), (name, value) => seen.act(name, value));
    }
    return () => {};
  };
}

const number = new Intl.NumberFormat("en-US");

/* As `weave_core.app.formats.duration`. */
function duration(ms) {
  if (ms === null || ms === undefined) return "";
  if (ms === 0) return "0 ms";
  if (ms < 0.00995) return (ms * 1000).toFixed(1) + " µs";
  if (ms < 0.9995) return (ms * 1000).toFixed(0) + " µs";
  if (ms < 9.95) return ms.toFixed(1) + " ms";
  if (ms < 999.5) return ms.toFixed(0) + " ms";
  if (ms < 59995) return (ms / 1000).toFixed(2) + " s";
  const s = Math.round(ms / 1000);
  const pad = (n) => String(n).padStart(2, "0");
  return ms < 3600000 ? `${Math.floor(s / 60)}m ${pad(s % 60)}s` : `${Math.floor(s / 3600)}h ${pad(Math.floor(s / 60) % 60)}m`;
}

/* As `weave_core.app.formats.file_size`, up to what a page holds. */
const fileSize = (bytes) => (bytes < 1024 ? `${bytes} B` : bytes < 1023.95 * 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 ** 2).toFixed(1)} MiB`);

/* As `weave_core.app.formats.status_word`. */
const STATUS_WORDS = { error: "failed", pending: "running", unset: "done", ok: "done, marked ok" };
const statusWord = (status) => STATUS_WORDS[status] ?? status;

/* The dot of a state, which says itself in words. */
const stateDot = (status) => el("span.dot", { "data-status": status, title: statusWord(status), role: "img", "aria-label": statusWord(status) });

function tokens(count) {
  if (count === null || count === undefined) return "";
  if (count < 10000) return number.format(count);
  if (count < 1e6) return (count / 1e3).toFixed(1) + "k";
  return (count / 1e6).toFixed(2) + "M";
}

function ago(ms, now) {
  const s = Math.max(0, (now - ms) / 1000);
  if (s < 5) return "now";
  if (s < 60) return Math.floor(s) + "s ago";
  if (s < 3600) return Math.floor(s / 60) + "m ago";
  if (s < 86400) return Math.floor(s / 3600) + "h ago";
  if (s < 86400 * 14) return Math.floor(s / 86400) + "d ago";
  return new Date(ms).toISOString().slice(0, 10);
}

/* Machine-made ids by their beginning; names of people stay whole. */
const brief = (id) => (/^[0-9a-f-]{20,}$/i.test(id) ? id.slice(0, 8) + "…" : id);

function clock(ms) {
  const d = new Date(ms);
  const pad = (n, w = 2) => String(n).padStart(w, "0");
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())} ` +
    `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}.${pad(d.getMilliseconds(), 3)}`;
}

/* Copy, also where the page has no clipboard permission (plain http on another host). */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", { style: { position: "fixed", opacity: "0" } });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/* A line icon of 24 by 24: fonts differ in which symbols they have. */
function icon(path, size = 14) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", width: size, height: size, fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" })) svg.setAttribute(key, value);
  const line = document.createElementNS(ns, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

const ICONS = { copy: "M9 9h11v12H9zM5 15H4V3h11v2", done: "M4 12.500l5 5L20 6.500", open: "M6 9l6 6 6-6", closed: "M9 6l6 6-6 6",
  up: "M7 11v9H4v-9zM7 11l4-8c1.500 0 2.500 1 2.500 2.500V9H19c1.200 0 2 1 1.700 2.200l-1.600 7c-.2 1-1 1.800-2.100 1.800H7",
  down: "M17 13V4h3v9zM17 13l-4 8c-1.500 0-2.500-1-2.500-2.500V15H5c-1.200 0-2-1-1.700-2.200l1.600-7C5.100 4.800 5.900 4 7 4h10" };

/* Feedback in few words, as `weave_core.app.feedback_words` gives it. */
const verdicts = (judged) => judged.map((each) => el("span.chip.cut.verdict", { title: each.title, "data-tone": each.tone }, each.icon && icon(ICONS[each.icon], 12), each.text));

function copyButton(text, label) {
  const button = el("button.copy", { type: "button", title: "Copy " + label, "aria-label": "Copy " + label }, icon(ICONS.copy, 13));
  button.addEventListener("click", async (event) => {
    event.stopPropagation();
    await copy(typeof text === "function" ? text() : text);
    button.replaceChildren(icon(ICONS.done, 13));
    setTimeout(() => button.replaceChildren(icon(ICONS.copy, 13)), 1200);
  });
  return button;
}

const LOST_AFTER_MS = 5000;

/* Go to another address of the app inside this browser session.

   The address is the state, so it is enough to change it and to tell Streamlit so.  Its own way
   (`st.switch_page` with a query) writes two entries into the history, the first of which is this
   page with the other page's query: Back led there, and to an error. */
function visit(href) {
  const from = location.href;
  history.pushState({}, "", new URL(href, document.baseURI));
  if (location.href === from) return;
  dispatchEvent(new PopStateEvent("popstate"));
  const app = document.querySelector("[data-test-script-state]");
  if (!app) return;
  // Right after a cold start the click may come before the connection; the address is right by
  // now, so where nothing has begun to run it is loaded.
  const lost = setTimeout(() => location.reload(), LOST_AFTER_MS);
  const heard = new MutationObserver(() => { clearTimeout(lost); heard.disconnect(); });
  heard.observe(app, { attributes: true, attributeFilter: ["data-test-script-state"] });
}

/* A part of the address that changes while one looks: no entry of its own in the history. */
function keep(name, value) {
  const url = new URL(location.href);
  url.searchParams.set(name, value);
  history.replaceState(history.state, "", url);
}

/* A true link, for new tabs and for copying, of which a plain click does `act`. */
function anchor(href, props, act, ...children) {
  const node = el("a", { href, ...props }, ...children);
  node.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });
  return node;
}

const go = (href, props, ...children) => anchor(href, props, () => visit(href), ...children);

const KINDS = {
  llm: "LLM", embedding: "EMB", tool: "TOOL", agent: "AGENT", workflow: "FLOW", chain: "CHAIN",
  task: "TASK", retriever: "RETR", reranker: "RANK", guardrail: "GUARD", evaluator: "EVAL",
  prompt: "PRMT", op: "OP", evaluation: "EVAL", run: "RUN", step: "STEP", span: "SPAN",
};

function kindMark(kind) {
  return el("span.kind", { "data-kind": kind, title: kind, "aria-hidden": true }, KINDS[kind] ?? "SPAN");
}
