/* Messages of a model call as a conversation: who said what, which tools were called, what came back. */

const IMAGE_TYPES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
const FOLD_ABOVE = 1800; // Longer system prompts and tool results open folded.

function chat(span, view) {
  const box = el("div.chat");
  const told = span.messages ?? {};
  if (told.system?.length) box.append(message({ role: "system", parts: told.system }, view, { folded: size(told.system) > 600 }));
  const input = told.input ?? [];
  const early = input.length > 14 ? input.slice(0, input.length - 8) : [];
  if (early.length) {
    const button = el("button.more", { type: "button" }, `Show ${early.length} earlier messages`);
    button.addEventListener("click", () => button.replaceWith(...early.map((m) => message(m, view))));
    box.append(button);
  }
  for (const said of input.slice(early.length)) box.append(message(said, view));
  const output = told.output ?? [];
  if (output.length) box.append(el("div.divider", null, el("span", null, output.length > 1 ? `${output.length} choices` : "Answer")));
  output.forEach((said) => box.append(message(said, view, { isOutput: true })));
  return box;
}

const size = (parts) => parts.reduce((sum, part) => sum + (typeof part.content === "string" ? part.content.length : 0), 0);

function message(said, view, { folded = false, isOutput = false } = {}) {
  const parts = said.parts ?? [];
  const role = String(said.role ?? "unknown");
  const text = parts.map((part) => (typeof part.content === "string" ? part.content : JSON.stringify(part, null, 2))).join("\n\n");
  const body = el("div.body");
  const fill = () => body.replaceChildren(...parts.map((p) => drawPart(p, view)));
  const head = el("div.who", null, el("span.role", { "data-role": role }, role), said.name && el("span.dim", null, said.name),
    said.finish_reason && el("span.chip", { title: "Finish reason" }, said.finish_reason), el("span.gap"), copyButton(text, "message"));
  if (!folded) fill();
  else {
    const start = parts.map((p) => (typeof p.content === "string" ? p.content : "")).join(" ").slice(0, 220);
    const open = el("button.more", { type: "button" }, `Show all ${number.format(size(parts))} characters`);
    open.addEventListener("click", fill);
    body.append(el("div.plain.dim", { dir: "auto" }, start + "…"), open);
  }
  if (!parts.length) body.append(el("span.dim", null, "(empty)"));
  return el("div.msg", { "data-role": role, "data-output": isOutput }, head, body);
}

function drawPart(part, view) {
  const draw = { text: textPart, reasoning: reasoningPart, tool_call: callPart, tool_call_response: resultPart, blob: blobPart, uri: uriPart }[part.type];
  return draw ? draw(part, view) : el("div.part", null, el("div.cap.dim", null, part.type || "part"), jsonTree(part, 1));
}

function textPart(part, view) {
  const { content } = part;
  if (typeof content !== "string") return jsonTree(content, 2);
  const data = view.markdown ? null : long(content, "div.plain", 4000);
  if (data) return data;
  const parsed = asJson(content);
  if (parsed !== undefined) return jsonTree(parsed, 2);
  return content.length > MAX_MARKDOWN ? long(content, "div.plain", 4000) : markdown(content);
}

function asJson(text) {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed) || !/[\]}]$/.test(trimmed)) return undefined;
  try { return JSON.parse(trimmed); } catch { return undefined; }
}

function reasoningPart(part) {
  const text = typeof part.content === "string" ? part.content : JSON.stringify(part.content ?? part, null, 2);
  return el("details.reasoning", null, el("summary", null, `Reasoning · ${number.format(text.length)} characters`), long(text, "div.plain", 6000));
}

function callPart(part) {
  const given = typeof part.arguments === "string" ? asJson(part.arguments) ?? part.arguments : part.arguments;
  return el("div.call", null,
    el("div.cap", null, el("span.arrow", { "aria-hidden": true }, "→"), el("span.mono.tool", null, part.name ?? "tool"), part.id && el("span.mono.faint.cut", { title: part.id }, part.id),
      el("span.gap"), copyButton(() => (typeof given === "string" ? given : JSON.stringify(given ?? {}, null, 2)), "arguments")),
    given === undefined || given === null ? null : typeof given === "object" ? jsonTree(given, 3) : long(String(given), "div.plain.mono"));
}

function resultPart(part) {
  const back = part.response ?? part.content ?? part.result;
  const value = typeof back === "string" ? asJson(back) ?? back : back;
  const isLong = JSON.stringify(value ?? null).length > FOLD_ABOVE;
  return el("div.call.back", null,
    el("div.cap", null, el("span.arrow", { "aria-hidden": true }, "←"), el("span.dim", null, "result"), part.id && el("span.mono.faint.cut", { title: part.id }, part.id),
      el("span.gap"), copyButton(() => (typeof value === "string" ? value : JSON.stringify(value ?? null, null, 2)), "result")),
    value !== null && typeof value === "object" ? jsonTree(value, isLong ? 1 : 3) : long(String(value ?? ""), "div.plain"));
}

function blobPart(part, view) {
  const stored = view?.data?.media?.[part.digest];
  if (stored) return medium(stored, part);
  const type = String(part.mime_type ?? "").toLowerCase();
  if (part.data && IMAGE_TYPES.has(type) && /^[A-Za-z0-9+/=_\s-]+$/.test(part.data.slice(0, 4096))) return picture(`data:${type};base64,${part.data.replace(/\s/g, "").replace(/-/g, "+").replace(/_/g, "/")}`, type);
  const what = part.digest ? `digest ${part.digest}` : part.data ? `${number.format(Math.round(part.data.length * 0.75))} bytes` : "no data";
  return el("div.file", null, el("span.chip", null, type || "binary"), el("span.mono.dim.cut", null, what));
}

/* A stored image, sound or file; the server told its type from its bytes. */
function medium({ type, data }, part = {}) {
  const source = `data:${type};base64,${data}`;
  const caption = part.caption && el("div.dim", { dir: "auto" }, String(part.caption));
  const kind = type.split("/")[0];
  if (IMAGE_TYPES.has(type)) return el("div", null, picture(source, part.caption ? String(part.caption) : type), caption);
  const link = el("a.link.mono.cut", { href: source, download: `${String(part.digest ?? "file").slice(7, 23)}.${type.split("/")[1]}` }, `Save (${fileSize(Math.floor(data.length * 0.75))})`);
  const player = (kind === "audio" || kind === "video") && el(kind, { controls: true, preload: "metadata", src: source, "aria-label": type });
  return el("div.medium", null, player, el("div.file", null, el("span.chip", null, type), link), caption);
}

/* The stored media inside inputs or outputs, each once. */
function mediaIn(value, view) {
  const seen = new Map();
  const look = (item, depth) => {
    if (depth > 20 || seen.size >= 12) return;
    if (typeof item === "string") {
      const found = item.slice(0, 300).match(/^data:[^,]*;digest,(sha256:[0-9a-f]{64})/);
      if (found) seen.set(found[1], { digest: found[1] });
    } else if (item && typeof item === "object") {
      if (item.type === "blob" && item.digest) seen.set(item.digest, item);
      else Object.values(item).forEach((inner) => look(inner, depth + 1));
    }
  };
  look(value, 0);
  return [...seen].filter(([digest]) => view.data?.media?.[digest]).map(([digest, part]) => medium(view.data.media[digest], part));
}

/* A remote picture is fetched only on request: the fetch tells its host that someone looks. */
function uriPart(part) {
  const uri = String(part.uri ?? "");
  const inlineImage = uri.match(/^data:(image\/[a-z+.-]+);base64,/i);
  if (inlineImage && IMAGE_TYPES.has(inlineImage[1].toLowerCase())) return picture(uri, inlineImage[1]);
  const safe = safeUrl(uri);
  const isImage = String(part.mime_type ?? part.modality ?? "").startsWith("image");
  const box = el("div.file", null, el("span.chip", null, part.mime_type ?? part.modality ?? "link"),
    safe ? el("a.link.mono.cut", { href: safe, target: "_blank", rel: "noopener noreferrer nofollow", title: safe }, uri) : el("span.mono.cut", { title: uri.slice(0, 300) }, uri.slice(0, 300)));
  if (safe && isImage && /^https?:/.test(safe)) {
    const load = el("button.more", { type: "button", title: "Asks " + new URL(safe).host + " for it" }, "Load picture");
    load.addEventListener("click", () => load.replaceWith(picture(safe, part.mime_type ?? "image")));
    box.append(load);
  }
  return box;
}

function picture(source, type) {
  const image = el("img", { alt: type, loading: "lazy", referrerpolicy: "no-referrer", decoding: "async" });
  image.src = source;
  image.addEventListener("error", () => image.replaceWith(el("span.dim", null, `A picture (${type}) that can't be shown`)));
  return el("div.picture", null, image);
}
