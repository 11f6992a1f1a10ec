/* From values to pixels and to words: linear, logarithmic and time axes, and their ticks. */

const HALF_MINUTE_MS = 30_000;

/* `kind` is linear, log, time, or count for whole numbers; both ends are values, `a` and `b` the pixels they lie at. */
function scaleOf(kind, [low, high], a, b) {
  const f = kind === "log" ? Math.log10 : (v) => v;
  const back = kind === "log" ? (v) => 10 ** v : (v) => v;
  if (low === high && kind === "time") [low, high] = [low - HALF_MINUTE_MS, high + HALF_MINUTE_MS];
  if (low === high) [low, high] = kind === "log" ? [low / 2, high * 2] : [low - (Math.abs(low) * 0.05 || 0.5), high + (Math.abs(high) * 0.05 || 0.5)];
  const [from, to] = [f(low), f(high)];
  const at = (v) => a + ((f(v) - from) / (to - from)) * (b - a);
  const value = (px) => back(from + ((px - a) / (b - a)) * (to - from));
  return { kind, low, high, at, value };
}

function ticksOf({ kind, low, high }, wanted) {
  if (kind === "time") return timeTicks(low, high, wanted);
  if (kind === "log" && Math.log10(high / low) >= 1.2) return logTicks(low, high, wanted);
  const step = Math.max(kind === "count" ? 1 : 0, niceStep((high - low) / Math.max(1, wanted)));
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9 && found.length < 30; i++) found.push(i * step);
  return found.map((v) => [v, short(Math.abs(v) < step * 1e-6 ? 0 : v, step)]);
}

function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  return [1, 2, 5, 10].find((n) => n * power >= rough * 0.999) * power;
}

function logTicks(low, high, wanted) {
  const [from, to] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  if (to - from < 2) {
    // Few powers of ten lie within: two and five times each tell where a value is.
    const all = [from - 1, from, from + 1, from + 2].flatMap((p) => [1, 2, 5].map((n) => n * 10 ** p));
    return all.filter((v) => v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9)).map((v) => [v, short(v, 10 ** Math.floor(Math.log10(v) + 1e-9))]);
  }
  const every = Math.max(1, Math.ceil((to - from + 1) / Math.max(2, wanted)));
  const found = [];
  for (let p = from; p <= to; p += every) found.push([10 ** p, short(10 ** p, 10 ** p)]);
  return found;
}

const SPANS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 604800, 2592000, 31536000].map((s) => s * 1000);

function timeTicks(low, high, wanted) {
  const step = SPANS.find((span) => (high - low) / span <= wanted) ?? SPANS.at(-1);
  const shift = new Date(low).getTimezoneOffset() * 60000;
  const found = [];
  for (let t = Math.ceil((low - shift) / step) * step + shift; t <= high && found.length < 20; t += step) {
    const [day, time] = clock(t).split(" ");
    found.push([t, step >= 86400000 ? day.slice(5) : time.slice(0, step < 60000 ? 8 : 5)]);
  }
  return found;
}

/* A value on an axis: as many digits as tell it from its neighbour. */
function short(v, step) {
  const size = Math.abs(v);
  if (!size) return "0";
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return v.toExponential(step ? Math.max(0, Math.floor(Math.log10(size) + 1e-9) - Math.floor(Math.log10(step) + 1e-9)) : 0).replace("e+", "e");
  for (const [unit, mark] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (size >= unit && (mark !== "k" || size >= 1e4)) return trim(v / unit, step / unit) + mark;
  }
  return trim(v, step);
}

const trim = (v, step) => v.toFixed(Math.min(8, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))));

/* A value with its unit; bytes are told by thousands, as the axis is. */
function withUnit(text, v, unit) {
  if (!unit) return text;
  if (!unit.startsWith("B")) return `${text}${unit === "%" || unit.startsWith("°") ? "" : " "}${unit}`;
  const found = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]].find(([size]) => Math.abs(v) >= size);
  const mark = /[TGMk]$/.test(text) ? text.slice(0, -1) : found ? Number((v / found[0]).toPrecision(4)) : text;
  return `${mark} ${found?.[1] ?? ""}${unit}`;
}

/* A value in full, as the crosshair says it. */
const exact = (v) => (v === null ? "NaN" : !Number.isFinite(v) ? String(v) : Number.isInteger(v) && Math.abs(v) < 1e15 ? number.format(v) : digits(v, 7));

/* A value in so many digits; very small and very large ones by their power of ten. */
const digits = (v, count) => (v && (Math.abs(v) < 1e-4 || Math.abs(v) >= 1e15) ? String(Number(v.toPrecision(count)).toExponential()).replace("e+", "e") : String(Number(v.toPrecision(count))));
