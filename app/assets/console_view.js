/* What a run printed: a window of lines that follows the newest ones, unless the reader has scrolled away from them. */

const seen = new WeakMap();
const NEAR_PX = 40;

export default mount("div.wc.console-view", (host, data, act) => {
  let state = seen.get(host);
  if (!state) seen.set(host, state = build(host));
  state.act = act;
  if (state.data?.is_tail && data.is_tail && data.text === state.data.text && !isAtEnd(state) && data.lines.length) hold(state, data);
  else show(state, data);
});

function build(host) {
  const state = { host, nodes: new Map() };
  state.list = el("div.lines", { role: "log", "aria-label": "Printed lines", tabindex: "0" });
  state.top = el("div.edge");
  state.bottom = el("div.edge");
  state.fresh = el("button.fresh", { type: "button", hidden: true }, "New lines below");
  state.fresh.addEventListener("click", () => { show(state, state.held); state.list.scrollTop = state.list.scrollHeight; });
  state.list.addEventListener("scroll", () => { if (state.held && isAtEnd(state)) show(state, state.held); });
  host.append(state.list, state.fresh);
  return state;
}

const isAtEnd = ({ list }) => list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_PX;

/* New lines came while older ones are read: they wait. */
function hold(state, data) {
  const last = state.data.lines.at(-1), next = data.lines.at(-1);
  if (last && last[0] === next[0] && last[5] === next[5]) return;
  state.held = data;
  state.fresh.hidden = false;
}

function show(state, data) {
  const { list } = state;
  const wasAtEnd = !state.data || isAtEnd(state);
  const moved = state.data && (state.data.is_tail !== data.is_tail || state.data.lines[0]?.[0] !== data.lines[0]?.[0]);
  const from = state.went;
  state.went = null;
  state.held = null;
  state.fresh.hidden = true;
  state.data = data;
  const needle = data.text.toLowerCase(), kept = new Map();
  for (const line of data.lines) {
    const known = state.nodes.get(line[0]);
    const same = known && known.text === line[5] && known.isOpen === line[6] && known.needle === needle;
    kept.set(line[0], same ? known : { node: row(state, line, needle), text: line[5], isOpen: line[6], needle });
  }
  state.nodes = kept;
  const go = (name, place, label, hint) => el("button.more", { type: "button", title: hint, onclick: () => { state.went = name; state.act("go", place); } }, label);
  state.top.replaceChildren(data.older ? go("older", { before: data.older, around: data.around }, "Older lines", "The lines before these") : el("span.dim", null, data.lines.length && !data.text ? "The first line" : ""));
  state.bottom.replaceChildren(...(data.is_tail ? [] : [
    data.newer ? go("newer", { cursor: data.newer, around: data.around }, "Newer lines", "The lines behind these") : "",
    go("newest", {}, "Newest", "Follow what it prints")]));
  list.replaceChildren(...(data.lines.length ? [state.top, ...[...kept.values()].map((each) => each.node), state.bottom] : [el("div.empty", null, data.empty), state.bottom]));
  state.host.classList.toggle("ranked", data.has_ranks);
  state.host.dataset.ready = String(data.lines.length);
  state.host.dataset.total = String(data.total);
  if (from === "older") list.scrollTop = list.scrollHeight;
  else if (from) list.scrollTop = from === "newest" ? list.scrollHeight : 0;
  else if (data.is_tail && (wasAtEnd || moved)) list.scrollTop = list.scrollHeight;
}

function row(state, [id, stream, ns, ms, rank, text, isOpen], needle) {
  const when = clock(ms);
  const time = el("button.when.mono", { type: "button", title: `${when}: show what was printed around it`, tabindex: "-1" }, when.slice(11, 19));
  time.addEventListener("click", () => { state.went = "at"; state.act("go", { from_ns: ns, around: true }); });
  const node = el("div.line", { "data-stream": stream, "data-open": isOpen }, time, el("span.rank.mono", { title: `Rank ${rank}` }, rank), el("span.text.mono", null, ...ansiNodes(text, needle)));
  if (ns === state.data.at) node.classList.add("at");
  return node;
}
