// Plans on judged queries: a table, and which queries each plan helps and hurts.

import { api, latest } from "./api.js";
import { h, table } from "./dom.js";
import { gainsPlot } from "./experiment_plot.js";
import { NO_WORDS, presets, takesWords } from "./plans.js";
import { problemBox } from "./problem.js";
import { readQrels, readQueries } from "./judged.js";
import { state } from "./state.js";

const MOST_HITS = 1e6; // of one experiment, as the server allows
const kept = { collection: "", plans: "", queries: "", qrels: "", result: null, texts: {} };

export function experimentView(place) {
  if (kept.collection !== state.collection) Object.assign(kept, { collection: state.collection, plans: "", result: null });
  if (!kept.plans) kept.plans = presets().map((each) => each.plan).filter((plan) => /^(bm25|hybrid|dense)$|rm3|soft/.test(plan)).join("\n");
  const one = latest();
  const notice = h("div", {});
  const found = h("div", { class: "found-experiment" });
  const plans = area("plans", "Plans, one a line; the first is the baseline", "bm25\nbm25 >> rm3 >> bm25");
  const queries = area("queries", "Queries: JSON Lines with _id and text, or id, tab, text", "q1\tparse a date");
  const qrels = area("qrels", "Judgements: TREC, or query, document, grade with tabs", "q1\ta1\t1");
  const measures = h("input", { id: "measures", class: "mono", value: "nDCG@10 AP R@100", spellcheck: "false" });
  const start = h("button", { type: "submit", class: "primary" }, "Run");
  place.append(
    h("div", { class: "head" }, h("h1", {}, "Experiment"), h("label", { class: "soft" }, "Open a result of rocchio experiment --json ",
      h("input", { type: "file", accept: ".json,application/json", onchange: open }))),
    h("p", { class: "soft" }, takesWords() ? "Which plan is better, for which queries, by more than chance?" : `Queries are words here. ${NO_WORDS}`),
    h("form", { class: "setup", onsubmit: (event) => {
      event.preventDefault();
      run();
    } }, plans.element, queries.element, qrels.element,
    h("div", { class: "wide" }, h("label", { for: "measures" }, "Measures", measures), start)),
    notice, found);
  if (kept.result) show(kept.result);

  function area(name, label, placeholder) {
    const text = h("textarea", { id: name, class: "mono", spellcheck: "false", placeholder, value: kept[name],
      oninput: () => (kept[name] = text.value) });
    const file = name === "plans" ? null : h("input", { type: "file", "aria-label": `File of ${name}`, onchange: async (event) => {
      text.value = await event.target.files[0].text();
      kept[name] = text.value;
    } });
    return { element: h("div", { class: "files" }, h("label", { for: name }, label), text, file), text };
  }

  async function run() {
    notice.replaceChildren();
    start.disabled = true;
    start.textContent = "Running …";
    try {
      kept.texts = readQueries(kept.queries);
      const plans = kept.plans.split("\n").map((plan) => plan.trim()).filter(Boolean);
      const depth = Math.max(10, Math.min(1000, Math.floor(MOST_HITS / Math.max(1, plans.length * Object.keys(kept.texts).length))));
      const body = { plans, queries: kept.texts, qrels: readQrels(kept.qrels), measures: measures.value, depth };
      const result = await one((signal) => api.experiment(state.collection, body, signal));
      if (result) show((kept.result = result));
    } catch (problem) {
      notice.replaceChildren(problemBox(problem));
    }
    start.disabled = false;
    start.textContent = "Run";
  }

  async function open(event) {
    try {
      const result = JSON.parse(await event.target.files[0].text());
      if (!Array.isArray(result.runs)) throw new Error("expected the JSON of rocchio experiment, found something else");
      show((kept.result = result));
    } catch (problem) {
      notice.replaceChildren(problemBox(Object.assign(problem, { title: "not a result" })));
    }
  }

  function show(result) {
    const names = Object.keys(result.runs[0].means);
    const chosen = h("select", { "aria-label": "Measure", onchange: () => draw(chosen.value) }, names.map((name) => h("option", {}, name)));
    const plots = h("div", { class: "plots" });
    const draw = (measure) => plots.replaceChildren(...result.runs.slice(1).map((each) => gainsPlot(each, result.runs[0], measure, kept.texts)));
    found.replaceChildren(
      h("section", { class: "block" }, h("h2", {}, "Means"), means(result, names)),
      h("section", { class: "block" }, h("div", { class: "head" }, h("h2", {}, `Queries helped and hurt, against ${result.runs[0].run}`), chosen), plots));
    draw(names[0]);
  }
}

function means(result, names) {
  const differences = result.comparison?.differences ?? [];
  const rows = result.runs.map((each) => {
    const cells = names.flatMap((measure) => {
      const row = differences.find((other) => other.run === each.run && other.measure === measure);
      const value = each.means[measure].toFixed(4);
      if (!row) return [value, ""];
      const kind = row.difference > 0 ? "gain" : row.difference < 0 ? "loss" : "";
      const sure = row.p_holm < 0.05;
      return [h("span", { class: sure ? "sure" : "" }, value), h("span", { class: kind },
        `${row.difference >= 0 ? "+" : ""}${row.difference.toFixed(4)}${sure ? " *" : ""}`, h("span", { class: "soft" }, ` ${row.wins} helped, ${row.losses} hurt`))];
    });
    const seconds = result.seconds?.[each.run];
    return [h("code", {}, each.run), ...cells, seconds === undefined ? "" : `${(seconds * 1000 / each.queries).toFixed(2)} ms`];
  });
  return h("div", {}, table("Means of each plan", ["plan", ...names.flatMap((name) => [name, "difference"]), "a query"], rows),
    h("p", { class: "soft" }, `${result.runs[0].queries} judged queries. * differs by more than chance: paired randomisation test, Holm-corrected, p < 0.05.`));
}
