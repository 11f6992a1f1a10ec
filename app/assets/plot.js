/* One chart of lines on a canvas: band, raw line, smoothed line, marks for what is no number.

   It draws what it is given and remembers nothing but its canvas. */

const PAD = { right: 10, top: 6, bottom: 20 };
const MIN_LEFT = 34;
const TICK_PX = 30;
const LARGE_PX = 300;
const BAND_PX = 3;
const MANY_LINES = 6;

/* The points of a line with what is drawn of them; `bad` are those that are no numbers. */
function readLine(line, { log, logX }) {
  const xs = [], ys = [], bad = [];
  let hidden = 0;
  for (let i = 0; i < line.x.length; i++) {
    const x = line.x[i], y = line.y[i];
    if (x === null || (logX && x <= 0)) { hidden++; continue; }
    if (typeof y === "string") { bad.push([x, y]); xs.push(x); ys.push(null); continue; }
    if (log && y !== null && y <= 0) { hidden++; xs.push(x); ys.push(null); continue; }
    xs.push(x);
    ys.push(y);
  }
  return { ...line, xs, ys, bad, hidden };
}

/* Exponential moving average without the pull of its first value (Adam's correction, Kingma and Ba 2015, section 3).

   Points may be thinned, so the weight goes by how far they lie apart, not by how many there are. */
function smoothed({ xs, ys }, weight, log) {
  if (!weight) return ys;
  const range = xs.at(-1) - xs[0] || 1;
  const apart = range / Math.max(1, Math.min(xs.length - 1, 1000));
  let sum = 0, mass = 0, last = null;
  return ys.map((y, i) => {
    if (y === null) return null;
    const keep = last === null ? weight : weight ** Math.max(1e-3, (xs[i] - last) / apart);
    last = xs[i];
    sum = keep * sum + (1 - keep) * (log ? Math.log(y) : y);
    mass = keep * mass + (1 - keep);
    return log ? Math.exp(sum / mass) : sum / mass;
  });
}

const extent = (ends, v) => { if (v < ends[0]) ends[0] = v; if (v > ends[1]) ends[1] = v; };

/* What all lines of a chart span: [[x0, x1], [y0, y1]], null where there is no number. */
function extentsOf(lines, zoom) {
  const x = [Infinity, -Infinity], y = [Infinity, -Infinity];
  for (const line of lines) {
    for (let i = 0; i < line.xs.length; i++) {
      if (zoom && (line.xs[i] < zoom[0] || line.xs[i] > zoom[1])) continue;
      extent(x, line.xs[i]);
      if (line.ys[i] !== null) extent(y, line.ys[i]);
      if (line.low && line.low[i] !== null) { extent(y, line.low[i]); extent(y, line.high[i]); }
    }
  }
  if (zoom) [x[0], x[1]] = zoom;
  if (!(x[0] <= x[1])) return null;
  return [x, y[0] <= y[1] ? y : [0, 1]];
}

/* Ends of y by the most of the values: half of what the middle nine tenths span, beyond them. */
function calmEnds(lines, zoom, [least, most], log) {
  const f = log ? Math.log : (v) => v, back = log ? Math.exp : (v) => v;
  const values = lines.flatMap((line) => line.ys.filter((y, i) => y !== null && (!zoom || (line.xs[i] >= zoom[0] && line.xs[i] <= zoom[1])))).map(f).sort((a, b) => a - b);
  if (values.length < 20) return [least, most];
  const at = (share) => values[Math.floor(share * (values.length - 1))];
  const [low, high] = [at(0.05), at(0.95)], room = (high - low) / 2;
  return [Math.max(least, back(low - room)), Math.min(most, back(high + room))];
}

/* Ends of y: what there is, what was asked for, and zero for what is measured of a machine. */
function yEndsOf(lines, ends, { log, calm, zoom, range = [], unit }) {
  let [y0, y1] = calm ? calmEnds(lines, zoom, ends, log) : ends;
  if (unit && !log && !calm) { y0 = Math.min(0, y0); if (unit === "%") y1 = Math.max(100, y1); }
  const room = log || (unit && y0 === 0) ? 0 : (y1 - y0) * 0.04;
  const isSet = (v) => v !== null && v !== undefined && !(log && v <= 0);
  const found = [isSet(range[0]) ? range[0] : y0 - room, isSet(range[1]) ? range[1] : y1 + (unit === "%" && y1 <= 100 ? 0 : (y1 - y0) * (log ? 0 : 0.04))];
  return found[0] < found[1] || (y0 === y1 && !isSet(range[0]) && !isSet(range[1])) ? found : [y0 - room, y1 + room];
}

/* Lines of one point each are compared by bars, the largest first; they have no place along x. */
function drawBars(canvas, lines, { look, unit, lit }) {
  const { width, height } = sized(canvas);
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, width, height);
  const rows = lines.map((line) => ({ line, v: line.ys[0] })).sort((a, b) => b.v - a.v);
  const tall = Math.min(24, Math.max(14, (height - 8) / rows.length)), shown = rows.slice(0, Math.max(1, Math.floor((height - 6) / tall)));
  if (shown.length < rows.length) shown.pop();
  const low = Math.min(0, ...rows.map((row) => row.v)), high = Math.max(0, ...rows.map((row) => row.v)), span = high - low || 1;
  pen.font = `11px ${look.font}`;
  pen.textBaseline = "middle";
  const names = Math.min(width * 0.4, Math.max(...shown.map((row) => pen.measureText(row.line.name).width)) + 4);
  const left = names + 14, room = width - left - 74;
  const at = (v) => left + ((v - low) / span) * room;
  shown.forEach(({ line, v }, i) => {
    const y = 4 + i * tall;
    pen.globalAlpha = lit && lit !== line.id ? 0.25 : 1;
    pen.fillStyle = look.dim;
    pen.textAlign = "right";
    pen.fillText(cutTo(pen, line.name, names), left - 8, y + tall / 2);
    pen.fillStyle = line.color;
    pen.fillRect(Math.min(at(0), at(v)), y + 2, Math.max(1, Math.abs(at(v) - at(0))), tall - 4);
    pen.fillStyle = look.ink;
    pen.textAlign = "left";
    pen.fillText(withUnit(digits(v, 5), v, unit), Math.max(at(0), at(v)) + 5, y + tall / 2);
  });
  pen.globalAlpha = 1;
  if (shown.length < rows.length) { pen.fillStyle = look.dim; pen.textAlign = "left"; pen.fillText(`${rows.length - shown.length} more are smaller`, left, 4 + shown.length * tall + tall / 2); }
  return null;
}

function cutTo(pen, text, width) {
  if (pen.measureText(text).width <= width) return text;
  let end = text.length;
  while (end > 1 && pen.measureText(text.slice(0, end) + "…").width > width) end--;
  return text.slice(0, end) + "…";
}

const areBars = (lines) => lines.length > 1 && lines.every((line) => line.xs.length === 1 && line.ys[0] !== null);

function drawPlot(canvas, lines, options) {
  if (areBars(lines)) return drawBars(canvas, lines, options);
  const { width, height } = sized(canvas);
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, width, height);
  const ends = extentsOf(lines, options.zoom);
  if (!ends) return null;
  const { unit, look } = options;
  const sy = scaleOf(options.log ? "log" : "linear", yEndsOf(lines, ends[1], options), height - PAD.bottom, PAD.top);
  pen.font = `11px ${look.font}`;
  const marks = ticksOf(sy, Math.max(3, Math.floor((height - PAD.bottom) / (height > LARGE_PX ? 2 * TICK_PX : TICK_PX)))).map(([v, text]) => [v, withUnit(text, v, unit)]);
  const left = Math.max(MIN_LEFT, ...marks.map(([, text]) => Math.ceil(pen.measureText(text).width) + 10));
  const sx = scaleOf(options.logX ? "log" : options.kind, ends[0], left, width - PAD.right);
  drawAxes(pen, sx, sy, { width, height, left, look, marks, axis: options.axis });
  pen.save();
  pen.beginPath();
  pen.rect(left, 0, width - left - PAD.right, height - PAD.bottom + 1);
  pen.clip();
  const lit = lines.find((line) => line.id === options.lit), drawn = lit ? [...lines.filter((line) => line !== lit), lit] : lines;
  for (const line of drawn) drawLine(pen, line, sx, sy, { ...options, many: lines.length > MANY_LINES, count: lines.length, isDim: lit && line !== lit });
  pen.restore();
  for (const line of lines) drawBad(pen, line, sx, { height, look, left });
  const isOut = (line, i) => line.ys[i] !== null && (line.ys[i] < sy.low || line.ys[i] > sy.high) && line.xs[i] >= sx.low && line.xs[i] <= sx.high;
  const cut = lines.reduce((sum, line) => sum + line.ys.reduce((found, _, i) => found + isOut(line, i), 0), 0);
  return { sx, sy, width, height, left, cut, unit };
}

function sized(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const dense = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * dense) || canvas.height !== Math.round(height * dense)) {
    canvas.width = Math.round(width * dense);
    canvas.height = Math.round(height * dense);
  }
  canvas.getContext("2d").setTransform(dense, 0, 0, dense, 0, 0);
  return { width, height };
}

function drawAxes(pen, sx, sy, { width, height, left, look, marks, axis }) {
  pen.fillStyle = look.dim;
  pen.strokeStyle = look.line;
  pen.lineWidth = 1;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  for (const [v, text] of marks) {
    const y = Math.round(sy.at(v)) + 0.5;
    pen.beginPath();
    pen.moveTo(left, y);
    pen.lineTo(width - PAD.right, y);
    pen.stroke();
    pen.fillText(text, left - 6, y);
  }
  pen.textBaseline = "top";
  pen.textAlign = "center";
  let free = left - 14;
  // The name of an axis that is not the one of all charts stands at its end.
  const end = axis ? width - pen.measureText(axis).width - 12 : width;
  if (axis) { pen.textAlign = "right"; pen.fillText(axis, width - PAD.right, height - PAD.bottom + 6); pen.textAlign = "center"; }
  for (const [v, text] of ticksOf(sx, Math.max(2, Math.floor(width / 90)))) {
    const half = pen.measureText(text).width / 2;
    const x = Math.min(Math.max(sx.at(v), left + half - 8), width - half - 1);
    if (x - half < free || x + half > end) continue;
    pen.fillText(text, x, height - PAD.bottom + 6);
    free = x + half + 8;
  }
}

function drawLine(pen, line, sx, sy, { smooth, log, many, count, isDim, lit }) {
  const isSmooth = smooth > 0 && !line.low, faint = isDim ? 0.2 : 1;
  line.shown = isSmooth ? smoothed(line, smooth, log) : line.ys;
  if (line.low) fillBand(pen, line.xs, line.low, line.high, sx, sy, line.color, Math.min(0.16, 0.5 / count) * faint);
  else if (line.sampled && !many) columnBand(pen, line, sx, sy, (isSmooth ? 0.13 : 0.2) * faint);
  pen.strokeStyle = line.color;
  pen.lineJoin = "round";
  pen.setLineDash(line.dash ? [5, 3] : []);
  pen.globalAlpha = (isSmooth ? (many ? 0.12 : 0.25) : line.sampled ? 0.8 : 1) * faint;
  pen.lineWidth = isSmooth || line.sampled || many ? 1 : 1.5;
  strokeLine(pen, line.xs, line.ys, sx, sy, line.color);
  pen.globalAlpha = faint;
  pen.lineWidth = line.id === lit ? 2.5 : many ? 1.3 : 1.7;
  if (isSmooth || line.id === lit) strokeLine(pen, line.xs, line.shown, sx, sy, line.color);
  pen.globalAlpha = 1;
  pen.setLineDash([]);
}

/* Gaps stay gaps; a point without neighbours is a dot. */
function strokeLine(pen, xs, ys, sx, sy, color) {
  pen.beginPath();
  let drawn = 0;
  const dots = [];
  for (let i = 0; i <= xs.length; i++) {
    if (i === xs.length || ys[i] === null) {
      if (drawn === 1) dots.push(i - 1);
      drawn = 0;
    } else {
      const x = sx.at(xs[i]), y = sy.at(ys[i]);
      if (drawn++) pen.lineTo(x, y); else pen.moveTo(x, y);
    }
  }
  pen.stroke();
  pen.fillStyle = color;
  for (const i of dots) { pen.beginPath(); pen.arc(sx.at(xs[i]), sy.at(ys[i]), 2.5, 0, 7); pen.fill(); }
}

/* Least and largest of each few pixels: what was thinned keeps both, so the band is exact. */
function columnBand(pen, line, sx, sy, alpha) {
  const xs = [], low = [], high = [];
  let column = null;
  for (let i = 0; i < line.xs.length; i++) {
    const y = line.ys[i];
    if (y === null) continue;
    const here = Math.floor(sx.at(line.xs[i]) / BAND_PX);
    if (here !== column) { xs.push(line.xs[i]); low.push(y); high.push(y); column = here; }
    else { low[low.length - 1] = Math.min(low.at(-1), y); high[high.length - 1] = Math.max(high.at(-1), y); }
  }
  fillBand(pen, xs, low, high, sx, sy, line.color, alpha);
}

function fillBand(pen, xs, low, high, sx, sy, color, alpha) {
  pen.beginPath();
  const rows = [...xs.keys()].filter((i) => low[i] !== null);
  for (const i of rows) pen.lineTo(sx.at(xs[i]), sy.at(high[i]));
  for (const i of rows.reverse()) pen.lineTo(sx.at(xs[i]), sy.at(low[i]));
  pen.closePath();
  pen.globalAlpha = alpha;
  pen.fillStyle = color;
  pen.fill();
  pen.globalAlpha = 1;
}

/* What is no number stands at the edge: infinity above or below, NaN as a cross on the axis. */
function drawBad(pen, line, sx, { height, look, left }) {
  pen.strokeStyle = pen.fillStyle = look.bad;
  pen.lineWidth = 1.5;
  for (const [v, what] of line.bad.slice(0, 500)) {
    const x = sx.at(v), down = what === "-Infinity", y = what === "Infinity" ? PAD.top + 4 : height - PAD.bottom - 4;
    if (x < left || x > sx.at(sx.high) + 1) continue;
    pen.beginPath();
    if (what === "NaN") { pen.moveTo(x - 3, y - 3); pen.lineTo(x + 3, y + 3); pen.moveTo(x + 3, y - 3); pen.lineTo(x - 3, y + 3); pen.stroke(); continue; }
    const tip = down ? 4 : -4;
    pen.moveTo(x - 4, y - tip); pen.lineTo(x + 4, y - tip); pen.lineTo(x, y + tip);
    pen.fill();
  }
}

/* The place of the point nearest to `x`; xs are in order. */
function nearest(xs, x) {
  let low = 0, high = xs.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] < x) low = middle + 1; else high = middle;
  }
  return low > 0 && x - xs[low - 1] < xs[low] - x ? low - 1 : low;
}
