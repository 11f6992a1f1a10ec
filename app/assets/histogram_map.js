/* How values are spread over the steps: a column a step, darker where more are; and the bars of one step. */

function histogramMap(entries, at) {
  const box = el("div.histograms");
  const whole = entries.filter((each) => each.counts.length && each.edges.length === each.counts.length + 1);
  if (!whole.length) return box;
  const low = Math.min(...whole.map((each) => each.edges[0])), high = Math.max(...whole.map((each) => each.edges.at(-1)));
  const now = whole.findLast((each) => each.step <= at) ?? whole[0];
  if (whole.length > 1) box.append(mapCanvas(whole, low, high, now));
  box.append(barCanvas(now));
  const mean = now.mean === null || now.mean === undefined ? "" : ` · mean ${Number(now.mean.toPrecision(4))}`;
  box.append(el("div.dim", null, `Step ${number.format(now.step)}: ${number.format(now.count)} values${now.bad_count ? `, ${number.format(now.bad_count)} not finite` : ""} · ${Number((now.min ?? low).toPrecision(4))} to ${Number((now.max ?? high).toPrecision(4))}${mean}`));
  return box;
}

function penOf(canvas) {
  const width = canvas.clientWidth || 300, height = canvas.clientHeight || 120, dots = devicePixelRatio || 1;
  canvas.width = width * dots;
  canvas.height = height * dots;
  const pen = canvas.getContext("2d"), style = getComputedStyle(canvas);
  pen.scale(dots, dots);
  pen.font = "10px sans-serif";
  return { pen, width, height, accent: style.getPropertyValue("--accent").trim() || "#0f766e", dim: style.getPropertyValue("--wc-dim").trim() || style.color };
}

function mapCanvas(entries, low, high, now) {
  const canvas = el("canvas.map", { role: "img", "aria-label": `Spread of values over ${entries.length} steps` });
  new ResizeObserver(() => {
    const { pen, width, height, accent, dim } = penOf(canvas);
    const left = 44, plot = width - left, span = high - low || 1;
    entries.forEach((each, i) => {
      const x = left + (plot * i) / entries.length, wide = Math.ceil(plot / entries.length) + 0.5;
      const most = Math.max(...each.counts, 1e-12);
      pen.fillStyle = accent;
      each.counts.forEach((count, k) => {
        if (!count) return;
        const top = height - 4 - ((each.edges[k + 1] - low) / span) * (height - 8), bottom = height - 4 - ((each.edges[k] - low) / span) * (height - 8);
        pen.globalAlpha = 0.08 + 0.92 * Math.sqrt(count / most);
        pen.fillRect(x, top, wide, Math.max(1, bottom - top));
      });
      if (each === now) {
        pen.globalAlpha = 1;
        pen.strokeStyle = dim;
        pen.strokeRect(x + 0.5, 1, Math.max(2, wide - 1), height - 2);
      }
    });
    pen.globalAlpha = 1;
    pen.fillStyle = dim;
    pen.textAlign = "right";
    pen.fillText(String(Number(high.toPrecision(3))), left - 5, 11);
    pen.fillText(String(Number(low.toPrecision(3))), left - 5, height - 3);
  }).observe(canvas);
  return canvas;
}

function barCanvas(each) {
  const canvas = el("canvas.bars", { role: "img", "aria-label": `Spread of values at step ${each.step}` });
  new ResizeObserver(() => {
    const { pen, width, height, accent, dim } = penOf(canvas);
    const most = Math.max(...each.counts, 1e-12), first = each.edges[0], span = each.edges.at(-1) - first || 1;
    pen.fillStyle = accent;
    each.counts.forEach((count, k) => {
      const x = ((each.edges[k] - first) / span) * width, wide = ((each.edges[k + 1] - each.edges[k]) / span) * width;
      const tall = (count / most) * (height - 16);
      pen.fillRect(x, height - 14 - tall, Math.max(0.5, wide - 0.7), tall);
    });
    pen.fillStyle = dim;
    pen.textAlign = "left";
    pen.fillText(String(Number(first.toPrecision(3))), 0, height - 2);
    pen.textAlign = "right";
    pen.fillText(String(Number(each.edges.at(-1).toPrecision(3))), width, height - 2);
  }).observe(canvas);
  return canvas;
}
