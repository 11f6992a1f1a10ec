/* A number and where the true one lies: a line for the interval, a dot for the number. */

/* `scale` is [low, high] of the whole bar; `mark` an optional place of reference, such as 0. */
function intervalBar({ value, low, high }, [from, to], { mark, verdict } = {}) {
  if (value === null || value === undefined) return el("span.ibar");
  const at = (x) => `${(100 * (Math.min(Math.max(x, from), to) - from)) / (to - from || 1)}%`;
  const bar = el("span.ibar", { "data-verdict": verdict, "aria-hidden": true });
  if (mark !== undefined) bar.append(el("span.mark", { style: { left: at(mark) } }));
  if (low !== null && low !== undefined) {
    const line = el("span.range", { style: { left: at(low) } });
    line.style.width = `calc(${at(high)} - ${at(low)})`;
    bar.append(line);
  }
  bar.append(el("span.point", { style: { left: at(value) } }));
  return bar;
}
