/* A printed line with its colours: ANSI's "select graphic rendition", and nothing else that a terminal would obey. */

const SGR = /\x1b\[([\d;:]*)m/g;
const OTHER = /\x1b(?:\[[0-?]*[ -\/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])/g;

/* Nodes of one line; what was searched for is marked. */
function ansiNodes(text, needle) {
  if (!text.includes("\x1b")) return marked(text, needle);
  const nodes = [];
  let style = {}, at = 0;
  const push = (part) => {
    part = part.replace(OTHER, "");
    if (!part) return;
    const inner = marked(part, needle);
    const classes = [style.fg, style.bg && "b" + style.bg, style.bold && "bold", style.faint && "faint", style.italic && "italic", style.line && "under"].filter(Boolean);
    nodes.push(classes.length || style.fgRgb || style.bgRgb
      ? el(["span", ...classes].join("."), { style: { ...(style.fgRgb && { color: style.fgRgb }), ...(style.bgRgb && { background: style.bgRgb }) } }, ...inner)
      : inner);
  };
  for (const found of text.matchAll(SGR)) {
    push(text.slice(at, found.index));
    style = painted(style, found[1]);
    at = found.index + found[0].length;
  }
  push(text.slice(at));
  return nodes.flat();
}

function marked(text, needle) {
  if (!needle) return [text];
  const parts = [], lower = text.toLowerCase();
  let at = 0;
  for (let found = lower.indexOf(needle); found >= 0; found = lower.indexOf(needle, at)) {
    parts.push(text.slice(at, found), el("mark", null, text.slice(found, found + needle.length)));
    at = found + needle.length;
  }
  parts.push(text.slice(at));
  return parts.filter((part) => part !== "");
}

function painted(before, codes) {
  const given = codes.split(/[;:]/).map(Number);
  let style = { ...before };
  for (let i = 0; i < given.length; i++) {
    const code = given[i];
    if (code === 0) style = {};
    else if (code === 1) style.bold = true;
    else if (code === 2) style.faint = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.line = true;
    else if (code === 22) style.bold = style.faint = false;
    else if (code === 23) style.italic = false;
    else if (code === 24) style.line = false;
    else if (code === 38 || code === 48) {
      const name = code === 38 ? "fg" : "bg";
      if (given[i + 1] === 5) { [style[name], style[name + "Rgb"]] = indexed(given[i + 2]); i += 2; }
      else if (given[i + 1] === 2) { style[name] = null; style[name + "Rgb"] = rgb(...given.slice(i + 2, i + 5)); i += 4; }
    }
    else if (code === 39) style.fg = style.fgRgb = null;
    else if (code === 49) style.bg = style.bgRgb = null;
    else if ((code >= 30 && code < 38) || (code >= 90 && code < 98)) { style.fg = "c" + (code % 10); style.fgRgb = null; }
    else if ((code >= 40 && code < 48) || (code >= 100 && code < 108)) { style.bg = "c" + (code % 10); style.bgRgb = null; }
  }
  return style;
}

/* One of 256: the first sixteen are the theme's, then a cube of six, then greys. */
function indexed(n) {
  if (!(n >= 0 && n < 256)) return [null, null];
  if (n < 16) return ["c" + (n % 8), null];
  if (n >= 232) return [null, rgb(8 + (n - 232) * 10, 8 + (n - 232) * 10, 8 + (n - 232) * 10)];
  const level = (v) => (v ? 55 + v * 40 : 0);
  return [null, rgb(level(Math.floor((n - 16) / 36)), level(Math.floor((n - 16) / 6) % 6), level((n - 16) % 6))];
}

const rgb = (...parts) => (parts.length === 3 && parts.every((p) => p >= 0 && p < 256) ? `rgb(${parts.join(",")})` : null);
