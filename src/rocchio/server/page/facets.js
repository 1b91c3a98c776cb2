// Facets: exact counts under the query and the filter; each value is a filter to switch on.

import { api, latest } from "./api.js";
import { count, h } from "./dom.js";
import { isChosen, isRange, toggle, toggleRange } from "./filters.js";
import { state } from "./state.js";

const SHOWN = 6;

export function facetPanel(onchange) {
  const one = latest();
  const list = h("div", { class: "facet-list" });
  const wide = matchMedia("(min-width: 60rem)");
  const element = h("details", { class: "facets", open: wide.matches },
    h("summary", {}, h("h2", {}, "Filters")), list);
  const unfolded = new Set();

  async function load(query) {
    try {
      const body = { ...query, depth: 1000, values: 30 };
      const found = await one((signal) => api.facets(state.collection, body, signal));
      if (found) show(found);
    } catch {
      list.replaceChildren(); // the search says what is wrong
    }
  }

  function show(found) {
    const facets = Object.entries(found.fields).filter(([, facet]) => facet.values.length || facet.ranges.length);
    const whole = found.complete ? `${count(found.documents)} documents` : `the best ${count(found.documents)}`;
    element.hidden = !facets.length;
    list.replaceChildren(h("p", { class: "soft" }, `Counts of ${whole}`),
      Object.keys(state.chosen).length ? h("button", { type: "button", class: "quiet", onclick: () => {
        state.chosen = {};
        onchange();
      } }, "Clear all") : "", ...facets.map(([name, facet]) => group(name, facet)));
  }

  function group(name, facet) {
    const rows = facet.values.length ? values(name, facet) : facet.ranges.filter((range) => range.count || isRange(state.chosen, name, range)).map((range) => row(
      label(range), range.count, facet.ranges, isRange(state.chosen, name, range), () => toggleRange(state.chosen, name, range)));
    const all = unfolded.has(name);
    return h("fieldset", {}, h("legend", {}, name), ...(all ? rows : rows.slice(0, facet.ranges.length ? 12 : SHOWN)),
      !all && facet.values.length > SHOWN ? h("button", { type: "button", class: "quiet small", onclick: (event) => {
        unfolded.add(name);
        event.target.replaceWith(...rows.slice(SHOWN));
      } }, `${facet.values.length - SHOWN} more`) : null);
  }

  function values(name, facet) {
    const known = facet.values.map((each) => each.value);
    const gone = (state.chosen[name]?.values ?? []).filter((value) => !known.includes(value)).map((value) => ({ value, count: 0 }));
    return [...gone, ...facet.values].map(({ value, count: number }) => row(
      String(value), number, facet.values, isChosen(state.chosen, name, value), () => toggle(state.chosen, name, value)));
  }

  function row(text, number, all, checked, action) {
    const most = Math.max(...all.map((each) => each.count), 1);
    return h("label", { class: "facet", style: { "--share": number / most } },
      h("input", { type: "checkbox", checked, onchange: () => {
        action();
        onchange();
      } }), h("span", { class: "text" }, text), h("span", { class: "count" }, count(number)));
  }

  return { element, load };
}

function label({ low, high }) {
  if (typeof low === "number") return `${low} – ${high}`;
  return /^\d+-01-01$/.test(low) && /^\d+-01-01$/.test(high) && Number(high.split("-")[0]) - Number(low.split("-")[0]) === 1
    ? low.slice(0, 4) : `${low} – ${high}`;
}
