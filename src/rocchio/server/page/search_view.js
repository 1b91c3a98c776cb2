// Search as you type, with facets on one side and feedback on the other.

import { api, latest } from "./api.js";
import { announce, count, debounced, h } from "./dom.js";
import { facetPanel } from "./facets.js";
import { feedbackPanel } from "./feedback.js";
import { NO_WORDS, feedbackPlans, hasFeedback, planPicker, takesWords } from "./plans.js";
import { problemBox } from "./problem.js";
import { resultList } from "./results.js";
import { forgetFeedback, marksForSearch, state, wholeFilter, writeAddress } from "./state.js";

const STEP = 10;

export function searchView(place) {
  let k = STEP;
  let first = new Map(); // doc_id -> rank before marks and weights
  const one = latest();
  const notice = h("div", { class: "notices" });
  const summary = h("p", { class: "summary" });
  const more = h("button", { type: "button", class: "quiet more", hidden: true, onclick: () => {
    k += STEP;
    search();
  } }, "More results");
  const results = resultList({ onmark: mark });
  const facets = facetPanel(() => {
    k = STEP;
    search();
  });
  const feedback = feedbackPanel({ onchange: search, onforget: () => {
    forgetFeedback();
    search();
  } });

  const line = h("input", { type: "search", id: "query", value: state.text, placeholder: "Search", autocomplete: "off",
    spellcheck: "false", autofocus: true, oninput: () => typed(), onkeydown: (event) => {
      if (event.key === "Enter") typed.now();
    } });
  const typed = debounced(() => {
    if (line.value === state.text) return;
    state.text = line.value;
    k = STEP;
    forgetFeedback();
    search();
  }, 150);
  const planChanged = debounced((plan) => {
    state.plan = plan.trim();
    state.weights = null;
    search();
  }, 300);
  const filterChanged = debounced((text) => {
    state.filter = text;
    search();
  }, 300);

  place.append(
    h("h1", { class: "hidden" }, "Search"),
    h("form", { class: "ask", role: "search", onsubmit: (event) => event.preventDefault() },
      h("label", { class: "hidden", for: "query" }, "Query"), line,
      h("div", { class: "options" }, planPicker("Plan", state.plan, planChanged),
        h("div", { class: "plan" }, h("label", { for: "filter" }, "Filter"),
          h("input", { id: "filter", class: "mono", value: state.filter, spellcheck: "false", autocomplete: "off",
            placeholder: filterHint(), oninput: (event) => filterChanged(event.target.value) })))),
    h("div", { class: "columns" }, facets.element,
      h("section", { class: "found", "aria-label": "Results" }, notice, summary, results.element, more),
      feedback.element));

  /** The plan that is run: marks need one with feedback. */
  function plan() {
    if (state.marks.size && !hasFeedback(state.plan)) return feedbackPlans()[0].plan;
    return state.plan;
  }

  async function search() {
    writeAddress();
    notice.replaceChildren();
    if (!state.text.trim() || !takesWords()) {
      results.show([]);
      more.hidden = true;
      summary.textContent = `${count(state.about.documents)} documents. ` + (takesWords() ? "Type a few words." : NO_WORDS);
      first = new Map();
      feedback.show(null);
      facets.load({});
      return;
    }
    const where = wholeFilter();
    const used = plan();
    const started = performance.now();
    try {
      const found = await one((signal) => ask(used, where, signal));
      if (!found) return;
      const { answer, refined } = found;
      summary.textContent = told(answer.hits, performance.now() - started);
      announce(summary.textContent);
      if (!state.marks.size && !state.weights) first = new Map(answer.hits.map((hit, place) => [hit.doc_id, place + 1]));
      results.show(answer.hits, first.size && (state.marks.size || state.weights) ? first : null);
      more.hidden = answer.hits.length < k || k >= 200;
      feedback.show(refined, used);
      facets.load({ text: state.text, ...(used && { plan: used }), ...(where && { where }) });
    } catch (problem) {
      notice.replaceChildren(problemBox(problem));
      summary.textContent = "";
    }
  }

  /** The hits and, where the plan has feedback, the weights of its terms. */
  async function ask(used, where, signal) {
    const name = state.collection;
    const shared = { k, fields: true, highlight: true, explain: true, ...(where && { where }) };
    if (state.weights) {
      const answer = await api.search(name, { ...shared, terms: nonZero(state.weights), plan: feedback.last() }, signal);
      return { answer, refined: undefined };
    }
    const query = { text: state.text, ...(used && { plan: used }), ...(where && { where }), ...marksForSearch() };
    const refining = used && hasFeedback(used) ? api.refine(name, query, signal) : Promise.resolve(null);
    const [answer, refined] = await Promise.all([api.search(name, { ...shared, ...query }, signal), refining]);
    return { answer, refined };
  }

  function mark(id, sign) {
    if (state.marks.get(id) === sign) state.marks.delete(id);
    else state.marks.set(id, sign);
    state.weights = null;
    announce(state.marks.has(id) ? `${id} marked as ${sign === "+" ? "relevant" : "not relevant"}` : `${id} not marked`);
    search();
  }

  const onShortcut = ({ detail }) => results.key(detail);
  addEventListener("shortcut", onShortcut);
  search();
  return () => removeEventListener("shortcut", onShortcut);
}

const nonZero = (weights) => Object.fromEntries(Object.entries(weights).filter(([, weight]) => weight > 0));

function told(hits, ms) {
  if (!hits.length) return "Nothing found. Fewer filters, or other words?";
  return `Best ${count(hits.length)} of ${count(state.about.documents)} documents in ${Math.max(1, Math.round(ms))} ms`;
}

function filterHint() {
  const fields = Object.entries(state.about.fields);
  const field = fields.find(([, text]) => text.startsWith("number")) ?? fields.find(([, text]) => text.startsWith("keyword"));
  if (!field) return "no field to filter by but doc_id";
  return field[1].startsWith("number") ? `${field[0]} >= 10` : `${field[0]} = '…'`;
}
