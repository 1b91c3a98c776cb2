// A bar for each query: what a plan gains or loses, sorted.

import { h, svg } from "./dom.js";
import { state } from "./state.js";

const [WIDTH, HEIGHT] = [600, 200];
const EXTREMES = 5;
const MOST_BARS = 600;

export function gainsPlot(run, baseline, measure, texts) {
  const values = valuesOf(run, measure);
  const before = valuesOf(baseline, measure);
  const gains = Object.keys(values).map((id) => ({ id, gain: values[id] - (before[id] ?? 0) })).sort((a, b) => b.gain - a.gain);
  const [helped, hurt] = [gains.filter((each) => each.gain > 1e-9), gains.filter((each) => each.gain < -1e-9)];
  const words = `${helped.length} helped, ${hurt.length} hurt, ${gains.length - helped.length - hurt.length} the same`;
  return h("figure", {}, h("figcaption", {}, h("code", {}, run.run), h("span", { class: "soft" }, `${measure}: ${words}`)),
    bars(gains, `${run.run}: ${words}`, texts),
    h("div", { class: "extremes" }, list("Helped most", helped.slice(0, EXTREMES), texts), list("Hurt most", hurt.slice(-EXTREMES).reverse(), texts)));
}

const valuesOf = (run, measure) => run.per_query?.[measure] ?? {};

/** Queries beyond a few hundred are drawn evenly spread: a bar would be thinner than a line. */
function bars(gains, label, texts) {
  const step = Math.max(1, Math.ceil(gains.length / MOST_BARS));
  const shown = gains.filter((_, place) => place % step === 0);
  const most = Math.max(...gains.map((each) => Math.abs(each.gain)), 1e-9);
  const width = WIDTH / Math.max(shown.length, 1);
  const middle = HEIGHT / 2;
  return svg("svg", { viewBox: `-34 0 ${WIDTH + 34} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    svg("text", { x: -34, y: 12 }, `+${most.toFixed(2)}`), svg("text", { x: -34, y: HEIGHT - 3 }, `−${most.toFixed(2)}`),
    shown.map(({ id, gain }, place) => {
      const height = (Math.abs(gain) / most) * (middle - 4);
      return svg("rect", { class: gain > 0 ? "helped" : "hurt", x: place * width, width: Math.max(width * 0.86, 0.6), height,
        y: gain > 0 ? middle - height : middle }, svg("title", {}, `${texts[id] ?? id}: ${signed(gain)}`));
    }), svg("line", { x1: 0, x2: WIDTH, y1: middle, y2: middle }));
}

function list(name, queries, texts) {
  return h("div", {}, h("h3", {}, name), queries.length ? h("ol", {}, queries.map(({ id, gain }) => h("li", {},
    h("span", { class: gain > 0 ? "gain" : "loss" }, signed(gain)),
    texts[id] ? h("a", { href: `#/compare?${new URLSearchParams({ q: texts[id], in: state.collection })}` }, texts[id]) : h("span", {}, id))))
    : h("p", { class: "soft" }, "none"));
}

const signed = (number) => `${number >= 0 ? "+" : "−"}${Math.abs(number).toFixed(3)}`;
