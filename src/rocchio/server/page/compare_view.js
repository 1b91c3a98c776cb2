// Two plans side by side: what moved, and what only one of them finds.

import { api, latest } from "./api.js";
import { announce, count, debounced, h, svg } from "./dom.js";
import { NO_WORDS, planPicker, presets, takesWords } from "./plans.js";
import { problemBox } from "./problem.js";
import { titleOf } from "./results.js";
import { state, wholeFilter, writeAddress } from "./state.js";

const K = 10;
const DEEP = 100; // ranks beyond the shown ones that are told

export function compareView(place) {
  if (!state.other) {
    const found = presets().filter((each) => each.plan && each.plan !== state.plan);
    state.other = (found.find((each) => each.plan.includes("rm3")) ?? found[0])?.plan ?? "";
  }
  const sides = [side("left"), side("right")];
  const lines = svg("svg", { class: "lines", "aria-hidden": "true" });
  const summary = h("p", { class: "summary" });
  const one = latest();
  const again = debounced(run, 250);
  place.append(
    h("h1", { class: "hidden" }, "Compare two plans"),
    h("form", { class: "ask", role: "search", onsubmit: (event) => event.preventDefault() },
      h("label", { class: "hidden", for: "query" }, "Query"),
      h("input", { type: "search", id: "query", value: state.text, placeholder: "Search with two plans", autocomplete: "off",
        autofocus: true, oninput: (event) => {
          state.text = event.target.value;
          again();
        } }),
      h("div", { class: "options two" },
        planPicker("Left plan", state.plan, (plan) => {
          state.plan = plan.trim();
          again();
        }),
        planPicker("Right plan", state.other, (plan) => {
          state.other = plan.trim();
          again();
        }))),
    summary, h("div", { class: "sides" }, sides[0].element, lines, sides[1].element));

  async function run() {
    writeAddress();
    if (!state.text.trim() || !takesWords()) {
      summary.textContent = takesWords() ? "Type a query: its results under both plans stand side by side."
        : `${count(state.about.documents)} documents. ${NO_WORDS}`;
      sides.forEach((each) => each.list.replaceChildren());
      lines.replaceChildren();
      return;
    }
    const where = wholeFilter();
    const found = await one((signal) => Promise.all([state.plan, state.other].map((plan) => ask(plan, where, signal))));
    if (!found) return;
    found.forEach((each, number) => sides[number].show(each, found[1 - number]));
    summary.textContent = found.every((each) => each.hits) ? told(...found) : "";
    announce(summary.textContent);
    draw();
  }

  async function ask(plan, where, signal) {
    const body = { text: state.text, ...(plan && { plan }), ...(where && { where }) };
    try {
      const [shown, deep] = await Promise.all([
        api.search(state.collection, { ...body, k: K, fields: true, highlight: true }, signal),
        api.search(state.collection, { ...body, k: DEEP }, signal)]);
      return { hits: shown.hits, ranks: new Map(deep.hits.map((hit, rank) => [hit.doc_id, rank + 1])) };
    } catch (problem) {
      if (problem.name === "AbortError") throw problem;
      return { problem };
    }
  }

  /** Lines between the same documents on both sides. */
  function draw() {
    const box = lines.getBoundingClientRect();
    lines.replaceChildren();
    if (!box.width) return;
    lines.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
    const right = new Map([...sides[1].list.children].map((row) => [row.dataset.id, row]));
    for (const row of sides[0].list.children) {
      const twin = right.get(row.dataset.id);
      if (!twin) continue;
      const [from, to] = [row, twin].map((each) => {
        const { top, height } = each.getBoundingClientRect();
        return top + height / 2 - box.top;
      });
      const kind = to < from - 1 ? "up" : to > from + 1 ? "down" : "same";
      const middle = box.width / 2;
      lines.append(svg("path", { class: kind, "data-id": row.dataset.id,
        d: `M2 ${from} C${middle} ${from} ${middle} ${to} ${box.width - 2} ${to}` }));
    }
  }

  const resized = debounced(draw, 100);
  addEventListener("resize", resized);
  place.addEventListener("mouseover", (event) => point(place, event.target.closest("[data-id]")?.dataset.id));
  place.addEventListener("focusin", (event) => point(place, event.target.closest("[data-id]")?.dataset.id));
  run();
  return () => removeEventListener("resize", resized);
}

function point(place, id) {
  for (const each of place.querySelectorAll("[data-id]")) each.classList.toggle("same-one", each.dataset.id === id);
}

function side(name) {
  const list = h("ol", { class: "compared" });
  const notice = h("div", {});
  const element = h("section", { class: name, "aria-label": `${name === "left" ? "Left" : "Right"} plan` }, notice, list);

  function show({ hits, problem }, other) {
    notice.replaceChildren(problem ? problemBox(problem) : "");
    list.replaceChildren(...(hits ?? []).map((hit, place) => row(hit, place + 1, other.ranks)));
  }

  function row(hit, rank, ranks) {
    const snippet = Object.values(hit.snippets ?? {})[0]?.text ?? "";
    return h("li", { "data-id": hit.doc_id, tabindex: "0" }, h("span", { class: "rank" }, String(rank)),
      h("div", {}, h("h2", {}, titleOf(hit)), h("p", { class: "soft line" }, snippet)), badge(hit.doc_id, rank, ranks, name));
  }

  return { element, list, show };
}

/** Where the other plan has the document. On the right, ▲ is what the right plan has moved up. */
function badge(id, rank, ranks, name) {
  if (!ranks) return null;
  const there = ranks.get(id);
  if (there === undefined) return h("span", { class: "shift new" }, `only ${name}`);
  if (there === rank) return h("span", { class: "shift" }, "same");
  const up = rank < there;
  return h("span", { class: `shift ${up ? "up" : "down"}`, title: `rank ${there} in the other` },
    `${up ? "▲" : "▼"}${Math.abs(there - rank)}`, h("span", { class: "hidden" }, ` rank ${there} in the other`));
}

function told(left, right) {
  const shared = left.hits.filter((hit) => right.hits.some((each) => each.doc_id === hit.doc_id)).length;
  const both = Math.max(left.hits.length, right.hits.length);
  const same = left.hits.filter((hit, place) => right.hits[place]?.doc_id === hit.doc_id).length;
  return `${shared} of ${both} in both, ${same} at the same rank, ${right.hits.length - shared} new on the right`;
}
