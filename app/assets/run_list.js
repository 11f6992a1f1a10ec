/* The table of runs: sorted by any column, gathered by group, picked to compare, tag, stop or delete. */

const MAX_COMPARED = 100;
const states = new WeakMap();

export default mount("div.wc.run-list", (host, data, act) => {
  let state = states.get(host);
  if (!state) {
    state = { picked: new Set(), bar: el("div.pickbar"), tools: el("div.tools"), table: el("div") };
    states.set(host, state);
    host.append(state.tools, state.bar, state.table);
  }
  const known = new Set(data.rows.map((row) => row.id));
  for (const id of state.picked) if (!known.has(id)) state.picked.delete(id);
  Object.assign(state, { data, act });
  drawTools(state);
  drawRows(state);
  if (state.barFor !== [...state.picked].join()) drawBar(state);
  host.dataset.ready = String(data.rows.length);
});

/* Which columns there are, and whether rows stand by group. */
function drawTools(state) {
  const { data, act } = state;
  const shown = JSON.stringify([data.columns, data.options, data.is_grouped]);
  if (state.toolsFor === shown) return;
  state.toolsFor = shown;
  const isOpen = state.tools.querySelector("details")?.open ?? false;
  const on = new Set(data.columns.map((column) => column.id));
  const boxes = data.options.map(([id, name, kind]) => {
    const box = el("input", { type: "checkbox" });
    box.checked = on.has(id);
    box.addEventListener("change", () => { if (box.checked) on.add(id); else on.delete(id); act("act", { do: "columns", ids: [...on] }); });
    return el("label", { title: name }, box, el("span.cut", null, name), el("span.dim", null, kind));
  });
  const group = el("button.toggle", { type: "button", "aria-pressed": String(data.is_grouped), title: "Runs of one group together" }, "By group");
  group.addEventListener("click", () => act("act", { do: "group", ids: [] }));
  const find = el("input", { type: "search", placeholder: "Find a column", "aria-label": "Find a column", spellcheck: "false" });
  const narrow = () => { state.find = find.value; boxes.forEach((box, i) => { box.hidden = !data.options[i][1].toLowerCase().includes(find.value.toLowerCase()); }); };
  find.value = state.find ?? "";
  find.addEventListener("input", narrow);
  narrow();
  state.tools.replaceChildren(group, el("details.columns", { open: isOpen }, el("summary", null, "Columns"), el("div.choice", null, boxes.length > 12 && find, boxes.length ? boxes : el("span.dim", null, "These runs have no config and no metrics."))));
}

function drawRows(state) {
  const { data } = state;
  const tracks = ["16px", "8px", "minmax(190px, 2.4fr)", "74px", "76px", "64px", ...data.columns.map(() => "minmax(82px, 1fr)"), "minmax(110px, 1.2fr)"];
  state.table.style.setProperty("--tracks", tracks.join(" "));
  const columns = [[allBox(state, data.rows), ".c-pick"], [""], head(state, "Run", "name"), head(state, "Created", "started_ns", ".num"), head(state, "Took", "duration_ms", ".num"), head(state, "Step", "last_step", ".num"),
    ...data.columns.map((column) => head(state, column.name, column.order, ".num.cut", column.title)), ["Tags"]];
  const rows = [];
  let group;
  for (const row of data.rows) {
    if (data.is_grouped && row.group !== group) {
      group = row.group;
      const members = data.rows.filter((each) => each.group === group);
      rows.push(el("div.tr.group", { role: "row" }, el("div.c-pick", null, allBox(state, members)), el("div.cut", { role: "cell" }, group ? narrower(state, row.group_filter, group, "open", `Only the runs of group ${group}`) : "no group", el("span.dim", { title: "On this page" }, ` ${members.length}`))));
    }
    rows.push(drawRow(state, row));
  }
  drawTable(state.table, { label: "Runs", columns, empty: data.empty, rows });
}

/* What narrows the list by a click. */
const narrower = ({ act }, filter, text, look, title) => anchor("#", { class: `narrow ${look}`, title, role: "button" }, () => act("act", { do: "narrow", ids: [], filter }), text);

function head({ data, act }, name, order, spec = "", title = "") {
  const is = data.order_by.replace(/^-/, "") === order, down = data.order_by.startsWith("-");
  const button = el("button", { type: "button", title: title || `Sort by ${name.toLowerCase()}` }, name + (is ? (down ? " ↓" : " ↑") : ""));
  button.addEventListener("click", () => act("act", { do: "sort", order: is && down ? order : "-" + order }));
  return [button, spec];
}

function allBox(state, rows) {
  const box = el("input.pick", { type: "checkbox", "aria-label": "Pick all" });
  box.checked = rows.length > 0 && rows.every((row) => state.picked.has(row.id));
  box.addEventListener("change", () => { for (const row of rows) if (box.checked) state.picked.add(row.id); else state.picked.delete(row.id); drawRows(state); drawBar(state); });
  return box;
}

function drawRow(state, row) {
  const box = el("input.pick", { type: "checkbox", "aria-label": `Pick ${row.name}` });
  box.checked = state.picked.has(row.id);
  box.addEventListener("click", (event) => event.stopPropagation());
  box.addEventListener("change", () => { if (box.checked) state.picked.add(row.id); else state.picked.delete(row.id); node.classList.toggle("on", box.checked); drawBar(state); });
  const node = tableRow(row.id, () => visit(row.url),
    [".c-pick", null, box],
    ["", null, el("span.dot", { "data-status": row.dot, title: row.state, role: "img", "aria-label": row.state })],
    [".cut", { title: `${row.name}\n${row.state}${row.notes ? "\n" + row.notes : ""}` }, go(row.url, { class: "open" }, row.name), verdicts(row.judged), row.group && !state.data.is_grouped && el("span.dim", null, " ", narrower(state, row.group_filter, row.group, "group-of", `Only the runs of group ${row.group}`))],
    [".num.dim", { title: clock(row.started_ms) }, ago(row.started_ms, Date.now())],
    [".num", null, duration(row.duration_ms)],
    [".num.dim", null, row.step === null ? "" : number.format(row.step)],
    ...row.cells.map((cell) => [".num.cut", { title: cell }, cell ?? ""]),
    [".cut", { title: row.tags.map(([tag]) => tag).join(", ") }, row.tags.slice(0, 5).map(([tag, filter]) => narrower(state, filter, tag, "chip", `Only the runs with the tag ${tag}`))]);
  if (box.checked) node.classList.add("on");
  return node;
}

/* What can be done with the picked ones; deleting asks again. */
function drawBar(state, isAsking) {
  const { data, act, picked, bar } = state;
  state.barFor = [...picked].join();
  bar.hidden = !picked.size;
  if (!picked.size) return;
  const ids = data.rows.map((row) => row.id).filter((id) => picked.has(id));
  const done = (what) => { act("act", { ids, ...what }); picked.clear(); drawRows(state); drawBar(state); };
  const plural = `${ids.length} ${ids.length === 1 ? "run" : "runs"}`;
  if (isAsking) {
    bar.replaceChildren(el("b", null, `Delete ${plural} with all points? There is no way back.`), el("button.danger", { type: "button", onclick: () => done({ do: "delete" }) }, `Delete ${plural}`), el("button", { type: "button", onclick: () => drawBar(state) }, "Keep"));
    return;
  }
  const canCompare = ids.length > 1 && ids.length <= MAX_COMPARED;
  const tag = el("input", { type: "text", placeholder: "Tag", "aria-label": "Tag", maxlength: 100 });
  const addTag = () => tag.value.trim() && done({ do: "tag", tag: tag.value.trim() });
  tag.addEventListener("keydown", (event) => { event.stopPropagation(); if (event.key === "Enter") addTag(); });
  const runs = data.rows.some((row) => picked.has(row.id) && row.state === "running");
  bar.replaceChildren(el("b", null, `${plural} picked`),
    el("button.primary", { type: "button", disabled: !canCompare, title: canCompare ? "" : `2 to ${MAX_COMPARED} runs can be compared`, onclick: () => visit(data.compare_url + ids.map(encodeURIComponent).join(",")) }, "Compare"),
    el("span", null, tag, el("button", { type: "button", onclick: addTag }, "Add tag")),
    ...(runs ? [el("button", { type: "button", title: "Ask the ones that run to end at their next step", onclick: () => done({ do: "stop" }) }, "Stop")] : []),
    el("button", { type: "button", onclick: () => drawBar(state, true) }, "Delete…"),
    el("button", { type: "button", onclick: () => { picked.clear(); drawRows(state); drawBar(state); } }, "Clear"));
}
