/* Asks for a part of the page again and again, while somebody looks: in a hidden tab the next time waits.

   A beat that got lost, as on a broken connection, is sent again. */

const pulses = new WeakMap();
const PATIENCE_MS = 15000;

export default function ({ data, parentElement, setTriggerValue }) {
  const { every_ms } = decode(data);
  const state = pulses.get(parentElement) ?? { host: parentElement.appendChild(el("span.pulse")) };
  pulses.set(parentElement, state);
  const tell = () => {
    state.timer = setTimeout(beat, PATIENCE_MS + 2 * every_ms);
    setTriggerValue("beat", Date.now());
  };
  const stop = () => {
    clearTimeout(state.timer);
    document.removeEventListener("visibilitychange", onShown);
    state.host.dataset.waits = "false";
  };
  const onShown = () => { if (!document.hidden) { stop(); tell(); } };
  const beat = () => {
    if (!document.hidden) return tell();
    state.host.dataset.waits = "true";
    document.addEventListener("visibilitychange", onShown);
  };
  state.stop?.();
  state.stop = stop;
  state.timer = setTimeout(beat, every_ms);
  return stop;
}
