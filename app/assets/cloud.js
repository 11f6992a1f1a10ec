/* A cloud of points that can be turned: far points first, smaller and fainter. */

const CLOUD_DRAWN = 60000;
const CLOUD_COLORS = ["#0f9d8f", "#8250df", "#d97706", "#2f7de0", "#c8447c", "#65a30d", "#dc4c3f", "#0891b2", "#a16207", "#7c6fd6", "#3f9d5d", "#b0578d", "#5b6b7f", "#b8860b"];

function cloud(points) {
  const canvas = el("canvas.cloud", { title: "Drag to turn, scroll to come nearer", tabindex: "0" });
  const stride = Math.max(1, Math.ceil(points.length / CLOUD_DRAWN));
  const kept = points.filter((point, i) => i % stride === 0 && point.slice(0, 3).every(Number.isFinite));
  const ends = [0, 1, 2].map((axis) => kept.reduce(([low, high], point) => [Math.min(low, point[axis]), Math.max(high, point[axis])], [Infinity, -Infinity]));
  const middle = ends.map(([low, high]) => (low + high) / 2);
  const reach = Math.max(...ends.map(([low, high]) => high - low), 1e-9) / 2;
  const view = { turn: 0.6, tilt: 0.4, zoom: 1 };
  const draw = () => {
    const width = canvas.clientWidth || 320, height = canvas.clientHeight || 240, dots = devicePixelRatio || 1;
    canvas.width = width * dots;
    canvas.height = height * dots;
    const pen = canvas.getContext("2d"), accent = getComputedStyle(canvas).getPropertyValue("--accent") || "#0f766e";
    const [sin, cos, sinT, cosT] = [Math.sin(view.turn), Math.cos(view.turn), Math.sin(view.tilt), Math.cos(view.tilt)];
    const scale = (Math.min(width, height) / 2.4) * view.zoom;
    const seen = kept.map((point) => {
      const [x, y, z] = [0, 1, 2].map((axis) => (point[axis] - middle[axis]) / reach);
      const side = x * cos - y * sin, deep = x * sin + y * cos;
      return [side, z * cosT - deep * sinT, deep * cosT + z * sinT, point];
    }).sort((one, other) => other[2] - one[2]);
    pen.scale(dots, dots);
    for (const [side, up, deep, point] of seen) {
      const near = 1.6 - deep * 0.35, radius = Math.max(0.7, 1.3 * near);
      pen.globalAlpha = Math.min(1, Math.max(0.35, near / 1.6));
      pen.fillStyle = point.length >= 6 ? `rgb(${point.slice(3, 6).map((c) => Math.round(Math.min(255, Math.max(0, c)))).join(",")})` : point.length === 4 ? CLOUD_COLORS[Math.abs(Math.round(point[3])) % CLOUD_COLORS.length] : accent;
      pen.fillRect(width / 2 + side * scale - radius / 2, height / 2 - up * scale - radius / 2, radius, radius);
    }
  };
  turned(canvas, view, draw);
  return canvas;
}

/* What can be turned by a pointer, the wheel and keys: `view` has `turn`, `tilt` and `zoom`. */
function turned(canvas, view, draw) {
  let held = null;
  canvas.addEventListener("pointerdown", (event) => { held = [event.clientX, event.clientY]; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointermove", (event) => {
    if (!held) return;
    view.turn += (event.clientX - held[0]) / 120;
    view.tilt = Math.min(1.57, Math.max(-1.57, view.tilt + (event.clientY - held[1]) / 120));
    held = [event.clientX, event.clientY];
    draw();
  });
  canvas.addEventListener("pointerup", () => { held = null; });
  canvas.addEventListener("wheel", (event) => { event.preventDefault(); view.zoom = Math.min(20, Math.max(0.2, view.zoom * Math.exp(-event.deltaY / 500))); draw(); }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
    if (!step) return;
    event.preventDefault();
    view.turn += step[0];
    view.tilt += step[1];
    draw();
  });
  new ResizeObserver(draw).observe(canvas);
}
