/* A tree of which only the rows on screen exist: scrolling, keys, clicks and the chosen row.

   Rows are items, numbers of the caller's; `draw(item)` says what one looks like.  `choose(item)`
   is called once the reader stops at a row: a held arrow key passes many, and each would be asked
   for.  `keys(item)` may add keys of the caller's own. */

const SPARE_ROWS = 6;
const REST_MS = 90;

function treeRows({ label, height, draw, choose, keys = () => ({}), onClick = () => false, reveal = () => {} }) {
  const canvas = el("div.canvas");
  const view = el("div.view", { tabindex: "0", role: "tree", "aria-label": label }, canvas);
  const tree = { view, items: [], at: new Map(), picked: null };
  let frame = 0;
  let timer = 0;

  tree.soon = () => { cancelAnimationFrame(frame); frame = requestAnimationFrame(tree.paint); };

  tree.list = (items) => {
    tree.items = items;
    tree.at = new Map(items.map((item, row) => [item, row]));
    canvas.style.height = items.length * height + "px";
    tree.paint();
  };

  tree.paint = () => {
    const first = Math.max(0, Math.floor(view.scrollTop / height) - SPARE_ROWS);
    const last = Math.min(tree.items.length, Math.ceil((view.scrollTop + (view.clientHeight || 600)) / height) + SPARE_ROWS);
    canvas.replaceChildren(...tree.items.slice(first, last).map((item, by) => {
      const node = draw(item);
      const isPicked = item === tree.picked;
      node.style.top = (first + by) * height + "px";
      node.dataset.item = item;
      node.id = "row-" + item;
      node.setAttribute("role", "treeitem");
      node.setAttribute("aria-selected", String(isPicked));
      node.classList.toggle("picked", isPicked);
      if (isPicked) view.setAttribute("aria-activedescendant", node.id);
      return node;
    }));
  };

  /* Bring a row into view; `far` puts it a third below the top, for what is looked at anew. */
  tree.show = (item, { far = false } = {}) => {
    const y = (tree.at.get(item) ?? 0) * height;
    const { scrollTop, clientHeight } = view;
    if (y >= scrollTop && y + height * 2 <= scrollTop + clientHeight) return;
    view.scrollTop = far ? y - clientHeight / 3 : y < scrollTop ? y - height : y - clientHeight + height * 2;
  };

  tree.pick = (item, { scroll = true } = {}) => {
    if (item === undefined) return;
    tree.picked = item;
    if (!tree.at.has(item)) reveal(item);
    if (scroll) tree.show(item);
    tree.paint();
    clearTimeout(timer);
    timer = setTimeout(() => choose(item), REST_MS);
  };

  view.addEventListener("scroll", tree.soon, { passive: true });
  new ResizeObserver(tree.soon).observe(view);
  view.addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (row && !onClick(Number(row.dataset.item), event)) tree.pick(Number(row.dataset.item), { scroll: false });
  });
  view.addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const row = tree.at.get(tree.picked) ?? 0;
    const page = Math.max(1, Math.floor(view.clientHeight / height) - 2);
    const to = (target) => tree.pick(tree.items[Math.min(tree.items.length - 1, Math.max(0, target))]);
    const acts = {
      ArrowDown: () => to(row + 1), ArrowUp: () => to(row - 1), j: () => to(row + 1), k: () => to(row - 1),
      PageDown: () => to(row + page), PageUp: () => to(row - page), Home: () => to(0), End: () => to(tree.items.length - 1),
      ...keys(tree.picked),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  });
  return tree;
}
