/* One chart of the grid: its card, its large view, and what leaves the page: a link, a file, a picture. */

const MIN_DRAG_PX = 6;
const TOOLS = { pin: "M9 3h6l-1 6 4 4v2H6v-2l4-4zM12 15v6", picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4", large: "M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7", link: "M10 14a4 4 0 0 0 6 0l4-4a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-4 4a4 4 0 0 0 6 6l1-1", save: "M12 4v11M7 11l5 5 5-5M5 20h14", close: "M6 6l12 12M18 6L6 18" };

function card(state, key) {
  const canvas = el("canvas", { role: "img", "aria-label": `${key} by ${axisOf(state, key)}` });
  const over = el("canvas.over", { "aria-hidden": true });
  const note = el("span.note");
  const tool = (name, title, act) => el("button.tool", { type: "button", title, "aria-label": `${title}: ${key}`, "data-tool": name, onclick: act }, icon(TOOLS[name], 13));
  const each = { key, canvas, over, note, range: [null, null] };
  each.pin = tool("pin", "Pin above all, in each run of the project", () => {
    const { pins, settings } = state.data.layout;
    state.lay({ pins: pins.includes(key) ? pins.filter((one) => one !== key) : [...pins, key], settings });
  });
  const tools = el("span.tools", null, each.pin,
    tool("picture", "Save it as a picture (PNG)", () => savePicture(state, each)),
    tool("save", "Save its points as CSV", () => state.save(key)),
    tool("link", "Copy a link to this chart", (event) => copyLink(state, key, event.currentTarget)),
    tool("large", "Large view", () => (state.large === each ? state.dialog.close() : enlarge(state, each))));
  const node = el("figure.card", { "data-key": key, tabindex: 0 },
    el("figcaption", null, el("span.cut.name", { title: key }, shownName(key)), note, tools), el("div.plot", null, canvas, over));
  each.node = node;
  state.cards.set(key, each);
  over.addEventListener("pointermove", (event) => onMove(state, each, event));
  over.addEventListener("pointerleave", () => { if (!each.from) hoverAt(state, null); });
  over.addEventListener("pointerdown", (event) => { if (event.button === 0) { each.from = event.offsetX; over.setPointerCapture(event.pointerId); } });
  over.addEventListener("pointerup", (event) => onDrop(state, each, event));
  over.addEventListener("dblclick", () => zoomTo(state, null));
  node.addEventListener("keydown", (event) => {
    if (event.target !== node) return;
    if (event.key === "Enter" && !state.large) { event.preventDefault(); enlarge(state, each); }
  });
  return node;
}

/* What the machine's keys have in common needs no saying. */
const shownName = (key) => key.replace(/^system\//, "");

function onMove(state, each, event) {
  if (!each.drawn) return;
  if (each.from !== undefined && each.from !== null) each.to = event.offsetX;
  hoverAt(state, { x: each.drawn.sx.value(event.offsetX), px: event.offsetY, axis: axisOf(state, each.key), of: each, left: event.clientX, top: event.clientY });
}

function onDrop(state, each, event) {
  const { from, drawn } = each;
  each.from = each.to = null;
  if (from === null || from === undefined || !drawn) return;
  if (Math.abs(event.offsetX - from) < MIN_DRAG_PX) return drawHover(state);
  const inside = (px) => Math.min(Math.max(px, drawn.left), drawn.width - PAD.right);
  const ends = [from, event.offsetX].map((px) => drawn.sx.value(inside(px))).sort((a, b) => a - b);
  if (ends[0] < ends[1]) zoomTo(state, { ends, axis: axisOf(state, each.key) });
}

/* The card itself moves into a dialog, above all else on the page; arrows go to the next one. */
function enlarge(state, each) {
  if (!state.dialog) {
    state.dialog = state.host.appendChild(el("dialog.large", { "aria-label": "Large view of a chart" }));
    state.dialog.addEventListener("close", () => shrink(state));
    state.dialog.addEventListener("click", (event) => { if (event.target === state.dialog) state.dialog.close(); });
    state.dialog.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by || event.target.closest("input, select")) return;
      const all = [...state.cards.values()], next = all[all.indexOf(state.large) + by];
      if (!next) return;
      shrink(state);
      enlarge(state, next);
    });
  }
  const bound = (place, name) => {
    const box = el("input", { type: "number", step: "any", placeholder: name, "aria-label": `${name} of y`, value: each.range[place] ?? "" });
    box.addEventListener("input", () => { each.range[place] = box.value === "" ? null : Number(box.value); redraw(state); });
    return box;
  };
  const close = el("button.tool", { type: "button", title: "Close (Esc)", "aria-label": "Close", onclick: () => state.dialog.close() }, icon(TOOLS.close, 15));
  each.place = el("span");
  each.node.replaceWith(each.place);
  state.large = each;
  state.seen.add(each.key);
  state.dialog.replaceChildren(el("div.large-bar", null, el("span.dim", null, "y from"), bound(0, "least"), el("span.dim", null, "to"), bound(1, "largest"), el("span.dim.hint", null, "← → other charts · drag to come nearer · double click for all"), close), state.legend, each.node, state.tip);
  if (!state.dialog.open) state.dialog.showModal();
  each.node.focus();
  keep("chart", each.key);
  redraw(state);
  ask(state);
}

function shrink(state) {
  const each = state.large;
  if (!each) return;
  state.large = null;
  each.place.replaceWith(each.node);
  state.body.before(state.legend);
  state.host.append(state.tip);
  hoverAt(state, null);
  keep("chart", "");
  each.node.focus();
  redraw(state);
}

async function copyLink(state, key, button) {
  const url = new URL(location.href);
  url.searchParams.set("chart", key);
  await copy(url.href);
  button.replaceChildren(icon(ICONS.done, 13));
  setTimeout(() => button.replaceChildren(icon(TOOLS.link, 13)), 1200);
}

/* One row a point: lines have their own x. */
function saveCsv(state, { key, lines }) {
  const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const axis = axisOf(state, key);
  const rows = [["run", axis === "time" ? "time_ms" : axis, key].map(quoted).join(",")];
  for (const line of lines) for (let i = 0; i < line.x.length; i++) rows.push(`${quoted(line.name)},${line.x[i]},${line.y[i]}`);
  const isThinned = lines.some((line) => line.sampled);
  saveFile(new Blob([rows.join("\n") + "\n"], { type: "text/csv" }), `${key}${isThinned ? "-thinned" : ""}.csv`);
}

function saveFile(blob, name) {
  const url = URL.createObjectURL(blob);
  el("a", { href: url, download: name.replace(/[^\w.-]+/g, "_") }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/* The chart as it is drawn, with its name above and its lines by name below. */
function savePicture(state, { key, canvas, lines }) {
  const room = 12, line = 18, width = canvas.clientWidth + 2 * room, dense = canvas.width / canvas.clientWidth;
  const sheet = el("canvas"), pen = sheet.getContext("2d"), named = lines.length > 1 ? lines : [];
  pen.font = `12px ${state.look.font}`;
  let x = room, row = 0;
  const places = named.map(({ name }) => {
    const wide = Math.min(width - 2 * room, pen.measureText(name).width + 30);
    if (x + wide > width - room && x > room) { x = room; row += 1; }
    const at = [x, row];
    x += wide;
    return at;
  });
  const below = canvas.clientHeight + 2 * room + line, height = below + (named.length ? (row + 1) * line + room : 0);
  sheet.width = width * dense;
  sheet.height = height * dense;
  pen.scale(dense, dense);
  pen.fillStyle = state.look.paper;
  pen.fillRect(0, 0, width, height);
  pen.drawImage(canvas, room, room + line, canvas.clientWidth, canvas.clientHeight);
  pen.textBaseline = "middle";
  pen.fillStyle = state.look.ink;
  pen.font = `600 13px ${state.look.font}`;
  pen.fillText(cutTo(pen, key, width - 2 * room), room, room + 4);
  pen.font = `12px ${state.look.font}`;
  named.forEach(({ name, color }, i) => {
    const left = places[i][0], y = below + places[i][1] * line + line / 2;
    pen.fillStyle = color;
    pen.fillRect(left, y - 1.5, 12, 3);
    pen.fillStyle = state.look.ink;
    pen.fillText(cutTo(pen, name, width - 2 * room - 18), left + 17, y);
  });
  sheet.toBlob((blob) => saveFile(blob, `${key}.png`));
}
