// Feedback by hand: what marks and plans make of the query, as bars that can be dragged.

import { debounced, h } from "./dom.js";
import { feedbackPlans, hasFeedback } from "./plans.js";
import { state } from "./state.js";

const SHOWN = 16;

export function feedbackPanel({ onchange, onforget }) {
  let refined = null;
  let last = "bm25";
  const chart = h("div", { class: "chart" });
  const note = h("p", { class: "soft" });
  const marks = h("p", { class: "marks" });
  const method = h("select", { "aria-label": "Method of feedback", onchange: () => {
    state.plan = method.value;
    state.weights = null;
    const line = document.querySelector(".plan input");
    if (line) line.value = method.value;
    onchange();
  } }, feedbackPlans().map((each) => h("option", { value: each.plan }, each.method)));
  const buttons = h("div", { class: "buttons" },
    h("button", { type: "button", class: "quiet", onclick: () => {
      state.weights = null;
      onchange();
    } }, "Reset weights"),
    h("button", { type: "button", class: "quiet", onclick: onforget }, "Forget feedback"));
  const wide = matchMedia("(min-width: 60rem)");
  const element = h("details", { class: "feedback", open: wide.matches },
    h("summary", {}, h("h2", {}, "Feedback")), marks, h("label", { class: "method" }, "Method ", method), note, chart, buttons);
  const changed = debounced(onchange, 120);

  /** Undefined keeps the bars: they are being dragged. */
  function show(found, plan = "") {
    const [plus, minus] = ["+", "-"].map((sign) => [...state.marks.values()].filter((mark) => mark === sign).length);
    marks.textContent = plus || minus ? `${plus} marked as relevant, ${minus} as not relevant` :
      "Mark results with + or −, or choose a plan with feedback: the query learns their words.";
    buttons.hidden = !state.weights && !state.marks.size;
    buttons.firstChild.hidden = !state.weights;
    method.parentElement.hidden = !hasFeedback(plan) && !state.marks.size;
    if ([...method.options].some((option) => option.value === plan)) method.value = plan;
    if (found === undefined) return;
    refined = found;
    if (!found) {
      chart.replaceChildren();
      note.textContent = "";
      return;
    }
    last = found.last;
    draw();
  }

  function draw() {
    const terms = Object.entries(refined.after).sort((a, b) => b[1] - a[1]);
    const same = JSON.stringify(refined.after) === JSON.stringify(refined.before);
    note.textContent = same && !Object.keys(refined.sparse).length ?
      "This feedback moves a vector, or found no words: there are no weights to show." :
      `${terms.length} terms; drag a bar, or use the arrow keys. A line marks the weight in your query.`;
    if (same) {
      chart.replaceChildren();
      return;
    }
    const most = Math.max(...terms.map(([, weight]) => weight), ...Object.values(refined.before)) * 1.2 || 1;
    chart.replaceChildren(...terms.slice(0, SHOWN).map(([term, weight]) => bar(term, weight, refined.before[term] ?? 0, most)));
  }

  function bar(term, weight, before, most) {
    const value = h("output", {}, weight.toFixed(2));
    const slider = h("input", { type: "range", min: 0, max: most, step: most / 200, "aria-label": `Weight of ${term}`,
      style: { "--share": weight / most, "--before": before / most }, oninput: () => {
        const given = Number(slider.value);
        slider.style.setProperty("--share", given / most);
        value.textContent = given.toFixed(2);
        state.weights ??= { ...refined.after };
        state.weights[term] = given;
        changed();
      } });
    slider.value = weight;
    return h("label", { class: before ? "weight given" : "weight" }, h("span", { class: "mono" }, term), slider, value);
  }

  return { element, show, last: () => last };
}
