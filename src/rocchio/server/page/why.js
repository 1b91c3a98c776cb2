// Why a document has its score: term by term, part by part.

import { h, svg } from "./dom.js";

/** An explanation as the server gives it. */
export function why(given) {
  if (!given) return h("p", { class: "why" }, "no explanation");
  return h("div", { class: "why" }, h("p", { class: "mono scoring" }, given.scoring), ...parts(given));
}

function parts(given) {
  if (given.lists?.length) return given.lists.map((part) => list(part, given));
  if (given.vector) {
    const { metric, dot, distance } = given.vector;
    return [h("p", {}, `${metric}: dot ${dot.toFixed(4)}, distance ${distance.toFixed(4)}`)];
  }
  return given.terms?.length ? [terms(given)] : [];
}

function list(part, given) {
  const place = part.rank ? `rank ${part.rank}, score ${part.score.toFixed(3)}` : "not in its list";
  return h("div", { class: "part" },
    h("p", {}, h("strong", {}, part.name), ` ${place}, adds `, h("strong", {}, part.added.toFixed(3)), bar(part.added / (given.score || 1))),
    ...(part.why ? parts(part.why) : []));
}

function terms(given) {
  const most = Math.max(...given.terms.map((term) => term.score), 1e-9);
  const rows = [...given.terms].sort((a, b) => b.score - a.score).slice(0, 20);
  const length = given.average_length ? `length ${Math.round(given.length)}, on average ${given.average_length.toFixed(1)}` : "";
  return h("div", {}, h("table", {},
    h("thead", {}, h("tr", {}, ["term", "weight", "times", "documents", "adds"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, rows.map((term) => h("tr", {},
      h("th", { scope: "row", class: "mono" }, term.term), h("td", {}, term.weight.toFixed(2)),
      h("td", {}, Object.entries(term.tf).map(([field, times]) => `${times} ${field}`).join(", ") || "0"),
      h("td", {}, term.df.toLocaleString("en")), h("td", {}, bar(term.score / most), term.score.toFixed(3)))))),
    length ? h("p", { class: "soft" }, length) : null);
}

function bar(share) {
  const width = Math.max(0, Math.min(1, share)) * 60;
  return svg("svg", { width: 60, height: 8, class: "tiny", "aria-hidden": "true" }, svg("rect", { width, height: 8, rx: 2 }));
}
