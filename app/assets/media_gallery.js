/* Media of a run, or of several, at a step: pictures with boxes and masks, sounds, films, pages, clouds, histograms.

   What was logged is foreign: a page stands in a frame that may neither run nor fetch anything. */

const galleries = new WeakMap();
const QUIET = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; media-src data:; font-src data:; style-src \'unsafe-inline\'">';
const MASK_COLORS = [[15, 157, 143], [130, 80, 223], [217, 119, 6], [47, 125, 224], [200, 68, 124], [101, 163, 13], [220, 76, 63], [8, 145, 178]];

export default mount("div.wc.media-gallery", (host, data, act) => {
  const state = galleries.get(host) ?? { find: "" };
  galleries.set(host, state);
  const find = el("input", { type: "search", placeholder: "Find a key", "aria-label": "Find a key", spellcheck: "false" });
  find.value = state.find;
  const sections = data.sections.map((section) => el(`section.key${span(section)}`, { "data-key": section.key },
    el("h4", null, el("span.mono", null, section.key), el("span.dim", null, section.kind)),
    section.histograms
      ? el("div.cards", null, section.histograms.map((each) => el("div.card.wide", null, each.name && el("div.owner", null, each.name), histogramMap(each.entries, data.step))))
      : el("div.cards", null, section.items.map((item) => card(item, data)))));
  const narrow = () => {
    state.find = find.value;
    for (const section of sections) section.hidden = !section.dataset.key.toLowerCase().includes(find.value.toLowerCase());
  };
  find.addEventListener("input", narrow);
  host.replaceChildren(el("div.gallery-bar", null, data.steps.length > 1 && stepBar(data, act), sections.length > 3 && find), ...sections,
    data.left_out ? el("div.dim", null, `${number.format(data.left_out)} more are not shown: too many or too large for a page. client.run(id).media(key) has all of them.`) : "");
  narrow();
  const pictures = [...host.querySelectorAll(".card[data-kind=image]")];
  pictures.forEach((each, i) => each.querySelector(".picture")?.addEventListener("click", () => lookAt(host, pictures, i)));
  host.dataset.ready = String(data.sections.length);
  host.dataset.step = String(data.step);
});

/* A picture as large as the window lets it be; arrows go to the next one. */
function lookAt(host, pictures, at) {
  const keys = pictures.map((each) => each.closest(".key").dataset.key);
  const dialog = el("dialog.wc.media-look", { "aria-label": "Large view of a picture" });
  const show = (next) => {
    at = (next + pictures.length) % pictures.length;
    const each = pictures[at].cloneNode(true);
    const from = [...pictures[at].querySelectorAll("canvas")];
    each.querySelectorAll("canvas").forEach((canvas, i) => canvas.getContext("2d").drawImage(from[i], 0, 0));
    dialog.replaceChildren(el("div.large-bar", null, el("span.mono", null, keys[at]), el("span.dim", null, `${at + 1} of ${pictures.length}`), el("button", { type: "button", "aria-label": "Close", title: "Close (Esc)", onclick: () => dialog.close() }, "✕")), el("div.media-gallery", null, each));
  };
  dialog.addEventListener("keydown", (event) => { const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key]; if (by) show(at + by); });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => dialog.remove());
  // Beside the gallery, which is made anew while a run goes on.
  host.parentNode.append(dialog);
  show(at);
  dialog.showModal();
}

const WIDE = ["html", "markdown", "molecule"];

/* How much room a key takes beside others. */
function span(section) {
  const count = (section.histograms ?? section.items).length;
  return count > 1 ? "" : section.histograms || WIDE.includes(section.kind) ? ".broad" : ".narrow";
}

/* Which step: the media of each key are its last ones until there. */
function stepBar(data, act) {
  const { steps } = data;
  let place = steps.findLastIndex((step) => step <= data.step);
  place = place < 0 ? 0 : place;
  const shown = el("span.mono.step");
  const range = el("input", { type: "range", min: "0", max: String(steps.length - 1), "aria-label": "Step" });
  const set = (next) => { place = Math.min(steps.length - 1, Math.max(0, next)); range.value = String(place); shown.textContent = number.format(steps[place]); };
  const tell = () => act("step", place === steps.length - 1 ? "last" : String(steps[place]));
  const button = (label, title, by) => el("button", { type: "button", title, "aria-label": title, onclick: () => { set(place + by); tell(); } }, label);
  range.addEventListener("input", () => set(Number(range.value)));
  range.addEventListener("change", tell);
  set(place);
  return el("div.step-bar", null, el("span.dim", null, "Step"), button("‹", "The step before", -1), range, button("›", "The next step", 1), shown);
}

function card(item, data) {
  const facts = [item.owner, item.rank ? `rank ${item.rank}` : "", item.step !== data.step ? `step ${number.format(item.step)}` : ""].filter(Boolean).join(" · ");
  return el(WIDE.includes(item.kind) ? "div.card.wide" : "div.card", { "data-kind": item.kind }, body(item), item.caption && el("div.caption", { dir: "auto" }, item.caption), facts && el("div.dim", null, facts));
}

function body(item) {
  if (item.problem) return el("div.dim", null, item.problem);
  if (item.kind === "html") return el("iframe", { sandbox: "", srcdoc: QUIET + item.text, title: item.caption || "A page that was logged", referrerpolicy: "no-referrer", loading: "lazy" });
  if (item.kind === "markdown") return el("div.md", null, markdown(item.text));
  if (item.kind === "molecule") return moleculeView(item);
  if (item.kind === "object3d" && item.format && !item.points) return meshView(item);
  if (item.text !== undefined) return el("div.plain.mono.text", null, long(item.text, "div.plain", 4000));
  if (item.points) return cloud(item.points);
  if (item.kind === "image" && (item.boxes || item.masks)) return layered(item);
  return medium({ type: item.type, data: item.data }, { digest: item.digest });
}

/* A picture with boxes and masks over it, each of which can be hidden. */
function layered(item) {
  const [width, height] = [item.width || 1, item.height || 1];
  const box = el("div.layers", { style: { aspectRatio: `${width} / ${height}` } }, picture(`data:${item.type};base64,${item.data}`, item.caption || item.type));
  const legend = el("div.layer-legend");
  const toggle = (name, color, nodes) => {
    const button = el("button.item", { type: "button", "aria-pressed": "true" }, el("span.swatch", { style: { background: color } }), name);
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      for (const node of nodes) node.style.display = on ? "" : "none";
    });
    legend.append(button);
  };
  for (const mask of item.masks ?? []) {
    const canvas = el("canvas.mask");
    box.append(canvas);
    paintMask(canvas, mask, item.labels ?? {}, (name, color) => toggle(name, color, [canvas]));
  }
  const groups = new Map();
  for (const each of item.boxes ?? []) {
    const name = each.group || each.label || "boxes";
    if (!groups.has(name)) groups.set(name, { color: `rgb(${MASK_COLORS[(groups.size + 4) % MASK_COLORS.length].join(",")})`, nodes: [] });
    const { color, nodes } = groups.get(name);
    const [left, top, right, bottom] = each.box;
    const label = [each.label, each.score !== undefined ? Number(each.score.toPrecision(3)) : ""].filter((part) => part !== undefined && part !== "").join(" ");
    const node = el("div.box", { title: label, style: { left: `${(left / width) * 100}%`, top: `${(top / height) * 100}%`, width: `${((right - left) / width) * 100}%`, height: `${((bottom - top) / height) * 100}%`, borderColor: color } }, label && el("span", { style: { background: color } }, label));
    box.append(node);
    nodes.push(node);
  }
  for (const [name, { color, nodes }] of groups) toggle(name, color, nodes);
  return el("div", null, box, legend);
}

function paintMask(canvas, mask, labels, legend) {
  const image = new Image();
  image.onload = () => {
    canvas.width = image.width;
    canvas.height = image.height;
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0);
    const pixels = pen.getImageData(0, 0, image.width, image.height), found = new Set();
    for (let i = 0; i < pixels.data.length; i += 4) {
      const id = pixels.data[i];
      if (id) found.add(id);
      const [r, g, b] = MASK_COLORS[id % MASK_COLORS.length];
      pixels.data.set(id ? [r, g, b, 130] : [0, 0, 0, 0], i);
    }
    pen.putImageData(pixels, 0, 0);
    const names = [...found].slice(0, 12).map((id) => labels[id] ?? `class ${id}`);
    const first = [...found][0];
    legend(`${mask.name}: ${names.join(", ") || "nothing"}`, first === undefined ? "transparent" : `rgb(${MASK_COLORS[first % MASK_COLORS.length].join(",")})`);
    canvas.dataset.classes = [...found].join(" ");
  };
  image.src = `data:image/png;base64,${mask.data}`;
}
