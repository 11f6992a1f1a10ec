/* Artifacts and runs in columns, from what was used to what came of it, with a line for each step. */

export default mount("div.wc.artifact-lineage", (host, data) => {
  host.replaceChildren();
  if (data.columns.flat().length < 2) { host.append(el("div.empty", null, data.empty)); host.dataset.ready = "0"; return; }
  const nodes = new Map();
  const lines = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  lines.setAttribute("aria-hidden", "true");
  const columns = data.columns.map((column, i) => column.length > 0 && el("div.column", null, el("div.title.dim", null, data.titles[i]),
    column.map((node) => {
      const inside = [el("span.cut", { title: node.text }, node.text), el("span.faint", null, node.dim)];
      const box = node.url ? go(node.url, { class: "node" }, inside) : el("div.node.on", null, inside);
      nodes.set(node.id, box);
      return box;
    })));
  host.append(el("div.scroll", null, lines, columns));
  const draw = () => {
    const frame = lines.parentElement.getBoundingClientRect();
    lines.replaceChildren();
    for (const [from, to] of data.edges) {
      const [a, b] = [nodes.get(from), nodes.get(to)].map((node) => node?.getBoundingClientRect());
      if (!a || !b) continue;
      const left = lines.parentElement.scrollLeft - frame.left;
      const [x1, y1, x2, y2] = [a.right + left, a.top + a.height / 2 - frame.top, b.left + left, b.top + b.height / 2 - frame.top];
      const middle = (x1 + x2) / 2;
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", `M${x1},${y1} C${middle},${y1} ${middle},${y2} ${x2},${y2}`);
      lines.append(path);
    }
  };
  draw();
  new ResizeObserver(draw).observe(host);
  host.dataset.ready = String(data.edges.length);
});
