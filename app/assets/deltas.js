/* How far one number is from another: more is marked as worse, less as better. */
function delta(a, b, show, { neutral = false } = {}) {
  if (a === null || a === undefined || b === null || b === undefined) return null;
  if (a === b) return el("span.delta.dim", null, "=");
  const by = b - a;
  const share = a ? ` (${by > 0 ? "+" : "−"}${Math.abs((by / a) * 100).toFixed(Math.abs(by / a) < 0.1 ? 1 : 0)} %)` : "";
  const side = neutral ? "neutral" : by > 0 ? "more" : "less";
  return el("span.delta", { "data-side": side }, (by > 0 ? "+" : "−") + show(Math.abs(by)), el("span.share", null, share));
}
