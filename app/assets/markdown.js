/* Markdown of models as elements.  Small on purpose: headings, lists, quotes, code, tables, emphasis,
   links.  HTML stays text, a link goes only to http(s) or mail, and an image is a link: to look at
   an answer must not send a request that the reader did not ask for.  */

const MAX_MARKDOWN = 60000; // Longer texts are shown as they are.

function markdown(text) {
  const box = el("div.md", { dir: "auto" });
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; ) at = block(lines, at, box);
  return box;
}

function block(lines, at, box) {
  const line = lines[at];
  const fence = line.match(/^\s*(```+|~~~+)\s*([\w+#.-]*)/);
  if (fence) return codeBlock(lines, at, fence, box);
  if (!line.trim()) return at + 1;
  const heading = line.match(/^(#{1,6})\s+(.*)$/);
  if (heading) { box.append(el("h" + Math.min(6, heading[1].length + 2), null, inline(heading[2]))); return at + 1; }
  if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) { box.append(el("hr")); return at + 1; }
  if (/^\s*>/.test(line)) return quote(lines, at, box);
  if (/^\s*([-*+]|\d+[.)])\s+/.test(line)) return list(lines, at, box);
  if (line.includes("|") && /^\s*\|?\s*:?-{2,}/.test(lines[at + 1] ?? "")) return table(lines, at, box);
  const para = [];
  while (at < lines.length && lines[at].trim() && !/^\s*(```|~~~|#{1,6}\s|>|[-*+]\s|\d+[.)]\s)/.test(lines[at])) para.push(lines[at++]);
  if (!para.length) para.push(lines[at++]);
  box.append(el("p", null, para.flatMap((part, i) => (i ? [el("br"), ...inline(part)] : inline(part)))));
  return at;
}

function codeBlock(lines, at, fence, box) {
  const body = [];
  for (at++; at < lines.length && !lines[at].trim().startsWith(fence[1]); at++) body.push(lines[at]);
  const source = body.join("\n");
  box.append(el("div.codebox", null, el("div.codehead", null, el("span.dim", null, fence[2] || "text"), copyButton(source, "code")), el("pre", null, source)));
  return at + 1;
}

function quote(lines, at, box) {
  const body = [];
  while (at < lines.length && /^\s*>/.test(lines[at])) body.push(lines[at++].replace(/^\s*>\s?/, ""));
  box.append(el("blockquote", null, body.flatMap((part, i) => (i ? [el("br"), ...inline(part)] : inline(part)))));
  return at;
}

function list(lines, at, box) {
  const root = [];
  const pattern = /^(\s*)([-*+]|\d+[.)])\s+(.*)$/;
  for (; at < lines.length; at++) {
    const found = lines[at].match(pattern);
    if (!found) {
      if (!lines[at].trim() || !/^\s{2,}/.test(lines[at]) || !root.length) break;
      root[root.length - 1].node.append(el("br"), ...inline(lines[at].trim()));
      continue;
    }
    const ordered = /\d/.test(found[2]);
    root.push({ depth: Math.min(6, Math.floor(found[1].length / 2)), node: el("li", { value: ordered ? parseInt(found[2], 10) : null }, inline(found[3])), ordered });
  }
  const top = el(root[0].ordered ? "ol" : "ul");
  const open = [top];
  for (const item of root) {
    while (open.length - 1 > item.depth) open.pop();
    while (open.length - 1 < item.depth) {
      const inner = el(item.ordered ? "ol" : "ul");
      (open[open.length - 1].lastElementChild ?? open[open.length - 1]).append(inner);
      open.push(inner);
    }
    open[open.length - 1].append(item.node);
  }
  box.append(top);
  return at;
}

function table(lines, at, box) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());
  const head = el("tr", null, cells(lines[at]).map((cell) => el("th", null, inline(cell))));
  const body = el("tbody");
  for (at += 2; at < lines.length && lines[at].includes("|"); at++) body.append(el("tr", null, cells(lines[at]).map((cell) => el("td", null, inline(cell)))));
  box.append(el("div.tablebox", null, el("table", null, el("thead", null, head), body)));
  return at;
}

/* Emphasis, code and links of one line; whatever does not close stays as it was written. */
function inline(text) {
  const out = [];
  const pattern = /(`+)([^`]+)\1|\*\*([^*]+)\*\*|__([^_]+)__|(?<![\w*])\*([^*\s][^*]*)\*|(?<!\w)_([^_\s][^_]*)_(?!\w)|~~([^~]+)~~|(!?)\[([^\[\]]{0,500})\]\(([^()\s]{1,2000})[^)]{0,200}\)|(https?:\/\/[^\s<>()"'`\]]{1,2000})/g;
  let from = 0;
  for (const found of text.matchAll(pattern)) {
    if (found.index > from) out.push(document.createTextNode(plain(text.slice(from, found.index))));
    from = found.index + found[0].length;
    const [, , mono, strong, strong2, soft, soft2, gone, image, label, target, bare] = found;
    if (mono !== undefined) out.push(el("code", null, mono));
    else if (strong ?? strong2) out.push(el("strong", null, inline(strong ?? strong2)));
    else if (soft ?? soft2) out.push(el("em", null, inline(soft ?? soft2)));
    else if (gone) out.push(el("s", null, gone));
    else if (bare) out.push(link(bare, bare));
    else out.push(link(target, image ? "image: " + (label || target) : label || target));
  }
  if (from < text.length) out.push(document.createTextNode(plain(text.slice(from))));
  return out;
}

/* Only a scheme that can't run anything becomes a link; the rest stays readable text. */
function link(target, label) {
  const safe = safeUrl(target);
  if (!safe) return el("span", null, `${label} (${target})`);
  return el("a.link", { href: safe, target: "_blank", rel: "noopener noreferrer nofollow", title: safe, referrerpolicy: "no-referrer" }, label);
}

function safeUrl(target) {
  if (!/^(https?:\/\/|mailto:)/i.test(target)) return null;
  try {
    const url = new URL(target);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
