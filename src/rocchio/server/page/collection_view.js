// What a collection is: fields, sizes, segments, recall, health.

import { api } from "./api.js";
import { bytes, count, h, table } from "./dom.js";
import { problemBox } from "./problem.js";
import { state } from "./state.js";

export function collectionView(place) {
  const about = state.about;
  const health = h("p", { class: "health" }, "…");
  const verified = h("p", { class: "soft", role: "status" });
  const check = h("button", { type: "button", onclick: verify }, "Read and check every byte");
  place.append(
    h("div", { class: "head" }, h("h1", {}, state.collection), health),
    h("ul", { class: "tiles" },
      tile("documents", count(about.documents), about.deleted ? `${count(about.deleted)} deleted, not compacted` : ""),
      tile("on disk", bytes(about.size_bytes), about.frozen_bytes ? `and ${bytes(about.frozen_bytes)} frozen` : ""),
      tile("tokens", count(about.tokens), `${about.average_length.toFixed(1)} a ${about.passages ? "passage" : "document"}`),
      tile("postings", count(about.postings), `${about.index_bytes_per_posting.toFixed(2)} bytes each`),
      tile("vectors", count(about.vectors), about.vectors ? bytes(about.vector_bytes) : ""),
      tile("generation", count(about.generation), `format ${about.format_version}`)),
    section("Fields", table("Fields", ["name", "kind", "settings"], Object.entries(about.fields).map(field)),
      h("p", { class: "soft" }, `Analyzer `, h("code", {}, about.analyzer), about.analyzer === about.analyzer_steps ? "" : `: ${about.analyzer_steps}`)),
    ...recall(about),
    section("Segments", table("Segments", ["name", "documents", "deleted", "terms", "postings", "vectors", "bytes"],
      about.segments.map((each) => [each.name, share(each.documents, about.documents), count(each.deleted), count(each.terms),
        count(each.postings), count(each.vectors), bytes(each.size_bytes)]))),
    about.offline ? section("Feedback done ahead", table("Offline", ["setting", "value"],
      Object.entries(about.offline).map(([name, value]) => [name.replaceAll("_", " "), String(value)]))) : "",
    section("Integrity", h("p", {}, check), verified));
  api.ready().then(() => told("ready", "up"), (problem) => told(problem.message, "down"));

  function told(text, kind) {
    health.replaceChildren(h("span", { class: `dot ${kind}`, "aria-hidden": "true" }), text);
  }

  async function verify() {
    check.disabled = true;
    verified.textContent = "reading …";
    try {
      const report = await api.verify(state.collection);
      verified.textContent = report.ok
        ? `All ${count(report.files)} files (${bytes(report.size_bytes)}) are as they were written.`
        : `${count(report.problems)} places are damaged; the server's log names them.`;
    } catch (problem) {
      verified.replaceChildren(problemBox(problem));
    }
    check.disabled = false;
  }
}

const section = (name, ...content) => h("section", { class: "block" }, h("h2", {}, name), ...content);

const tile = (name, value, more) => h("li", {}, h("span", { class: "soft" }, name), h("strong", {}, value), h("span", { class: "soft" }, more));

function field([name, text]) {
  const [, kind, settings] = text.match(/^(\w+)\((.*)\)$/s) ?? ["", text, ""];
  return [name, kind, h("code", {}, settings || "—")];
}

function share(part, whole) {
  return h("span", { class: "share", style: { "--share": whole ? part / whole : 0 } }, count(part));
}

function recall(about) {
  return Object.entries(about.vector_fields).map(([name, vector]) => {
    const rows = vector.recalls.map(({ recall: target, lists, rows: close }) => [`${(100 * target).toFixed(0)} %`,
      lists === null ? "all" : `${count(lists)} of ${count(vector.lists)}`, close === null ? "all" : count(close)]);
    return section(`Recall of ${name}`,
      h("p", { class: "soft" }, `${count(vector.vectors)} vectors, index ${bytes(vector.index_bytes)}, originals ${bytes(vector.original_bytes)}`),
      rows.length ? table(`Effort for a recall of ${name}`, ["recall target", "lists looked at", "rows compared closely"], rows)
        : h("p", {}, "So few that every search compares all of them: recall is 100 %."));
  });
}
