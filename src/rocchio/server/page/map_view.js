// The collection from above: a query lights up where its documents are.

import { api, latest } from "./api.js";
import { announce, count, debounced, h } from "./dom.js";
import { mapCanvas } from "./map_canvas.js";
import { takesWords } from "./plans.js";
import { problemBox } from "./problem.js";
import { titleOf } from "./results.js";
import { fieldKinds, state, wholeFilter, writeAddress } from "./state.js";

const LIT = 100;
const POLL_MS = 500;

const numbers = (text, Kind) => new Kind(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);

export function mapView(place) {
  let map = null;
  let gone = false;
  const one = latest();
  const two = latest();
  const canvas = mapCanvas({ onpick: pick, name: (number) => map.doc_ids[number] });
  const drawing = h("div", { class: "drawing" });
  const picked = h("div", { class: "picked", hidden: true });
  const summary = h("p", { class: "summary", role: "status" });
  const regions = h("ol", { class: "regions" });
  const zoomButton = (text, label, action) => h("button", { type: "button", "aria-label": label, title: label, onclick: action }, text);
  const search = debounced(light, 200);
  place.append(
    h("h1", { class: "hidden" }, "Map"),
    h("form", { class: "ask", role: "search", onsubmit: (event) => event.preventDefault() },
      h("label", { class: "hidden", for: "query" }, "Query"),
      h("input", { type: "search", id: "query", value: state.text, placeholder: "Light up a query", autocomplete: "off", autofocus: true,
        oninput: (event) => {
          state.text = event.target.value;
          search();
        } })),
    summary,
    h("div", { class: "map-layout" },
      h("div", { class: "chart-place" }, canvas.canvas, canvas.tip, drawing, h("div", { class: "zoom" },
        zoomButton("−", "Zoom out", () => canvas.zoom(1 / 1.6)), zoomButton("+", "Zoom in", () => canvas.zoom(1.6)),
        zoomButton("⤢", "Show everything", canvas.whole))),
      h("div", { class: "aside" }, picked,
        h("details", { class: "regions-box", open: true }, h("summary", {}, "Regions in words"), regions))));

  async function load() {
    if (!fieldKinds().some(({ kind }) => kind === "vector" || kind === "text")) {
      summary.textContent = "These documents have neither words nor vectors, so nothing says which are alike. The search page counts their other fields.";
      drawing.remove();
      return;
    }
    try {
      for (;;) {
        const answer = await api.map(state.collection, {});
        if (gone) return;
        if (answer.map) {
          ready(answer.map);
          return;
        }
        drawing.replaceChildren(h("p", {}, "Drawing the map: neighbours of every document, then a place for each. It is kept until the collection changes."),
          h("progress", { value: answer.done, max: 1, "aria-label": "How far the map is drawn" }));
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    } catch (problem) {
      drawing.replaceChildren(problemBox(problem));
    }
  }

  function ready(given) {
    const places = Float32Array.from(numbers(given.places, Int16Array), (value) => value / 32767);
    map = { ...given, places, near: numbers(given.neighbours, Uint32Array), number: new Map(given.doc_ids.map((id, place) => [id, place])) };
    drawing.remove();
    canvas.set(places, given.regions);
    place.dataset.ready = "true";
    listRegions(null);
    light();
  }

  async function light() {
    writeAddress();
    if (!map) return;
    const whole = map.doc_ids.length < map.documents ? `${count(map.doc_ids.length)} of ${count(map.documents)}` : count(map.documents);
    const basis = `${whole} documents, placed by ${map.source ? `the vectors of ${map.source}` : "their words"}`;
    if (!state.text.trim() || !takesWords()) {
      canvas.light(new Map(), []);
      summary.textContent = `${basis}. Near means alike.${takesWords() ? "" : " They have no field for words: click a point for what is near it."}`;
      listRegions(null);
      return;
    }
    try {
      const where = wholeFilter();
      const body = { text: state.text, k: LIT, ...(state.plan && { plan: state.plan }), ...(where && { where }) };
      const answer = await one((signal) => api.search(state.collection, body, signal));
      if (!answer) return;
      const found = answer.hits.map((hit) => map.number.get(hit.doc_id)).filter((number) => number !== undefined);
      const strengths = new Map(found.map((number, rank) => [number, 1 - rank / LIT]));
      canvas.light(strengths, found.slice(0, 30).flatMap((number) => neighbours(number, 4).map((other) => [number, other])));
      summary.textContent = `${count(found.length)} of the best ${count(answer.hits.length)} are on the map of ${basis}.`;
      listRegions(found);
      announce(summary.textContent);
    } catch (problem) {
      summary.replaceChildren(problemBox(problem));
    }
  }

  const neighbours = (number, most = map.degree) => [...map.near.slice(number * map.degree, number * map.degree + most)];

  /** The map in words: regions, and how many of the found documents each has. */
  function listRegions(found) {
    const counts = map.regions.map(() => 0);
    for (const number of found ?? []) counts[nearestRegion(number)]++;
    const rows = map.regions.map((region, place) => ({ region, found: counts[place] }));
    if (found) rows.sort((a, b) => b.found - a.found);
    const shown = rows.filter((row) => !found || row.found).slice(0, 14);
    regions.replaceChildren(...shown.map(({ region, found: hits }) => h("li", {},
      h("button", { type: "button", class: "quiet small", onclick: () => canvas.go(region.x, region.y) },
        h("span", {}, region.words.join(", ") || "(no common words)"),
        h("span", {}, found ? `${count(hits)} found` : count(region.documents))))));
  }

  function nearestRegion(number) {
    const [x, y] = [map.places[2 * number], map.places[2 * number + 1]];
    const distances = map.regions.map((region) => (region.x - x) ** 2 + (region.y - y) ** 2);
    return distances.indexOf(Math.min(...distances));
  }

  async function pick(number, closer = false) {
    canvas.pick(number, closer);
    const id = map.doc_ids[number];
    try {
      const found = await two(() => api.document(state.collection, id));
      if (!found) return;
      const text = Object.entries(state.about.fields).filter(([, kind]) => kind.startsWith("text")).map(([name]) => found.fields[name]).find(Boolean) ?? "";
      picked.hidden = false;
      picked.replaceChildren(h("h2", {}, titleOf(found)), h("p", {}, text.length > 320 ? `${Array.from(text).slice(0, 320).join("")} …` : text),
        h("h3", { class: "soft" }, "Nearest"), h("ul", {}, neighbours(number, 6).map((other) => h("li", {},
          h("button", { type: "button", class: "quiet small", onclick: () => pick(other, true) }, map.doc_ids[other])))));
      announce(`${titleOf(found)} picked`);
    } catch (problem) {
      picked.hidden = false;
      picked.replaceChildren(problemBox(problem));
    }
  }

  load();
  return () => {
    gone = true;
    canvas.stop();
  };
}
